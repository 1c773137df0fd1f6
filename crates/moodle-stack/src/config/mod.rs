//! `moodle.toml`: what the user wants.
//!
//! Every key has a default that a careful administrator would choose. [`load`] finds everything that is wrong with a file in
//! one go, each with its place; what needs no cloud to be found wrong is found by [`crate::check`].
//!
//! The structs below are the one description of the file: its JSON Schema is derived from them ([`schema`]), the schema
//! is what a file is checked against ([`load`]), and the page of the book is written from it ([`page`]).

mod format;
pub mod init;
pub mod page;
mod read;
pub mod schema;
pub mod secret;
mod size;
mod source;

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::server::versions::{Application, Php};

pub use read::load;
pub use secret::Source;
pub use size::Size;
pub use source::SourceFile;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The site.
    pub site: Site,
    /// Where in Oracle's cloud.
    #[serde(default)]
    pub cloud: Cloud,
    /// The network.
    #[serde(default)]
    pub network: Network,
    /// The web servers.
    #[serde(default)]
    pub servers: Servers,
    /// MySQL HeatWave.
    #[serde(default)]
    pub database: Database,
    /// File Storage.
    #[serde(default)]
    pub storage: Storage,
    /// Where secrets come from.
    #[serde(default)]
    pub secrets: Secrets,
    /// The load balancer.
    #[serde(default)]
    pub load_balancer: LoadBalancer,
    /// Who ends TLS, and with which certificate.
    #[serde(default)]
    pub tls: Tls,
    /// Free-form tags of everything that can have some.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Defined tags of everything that can have some, as `"Namespace.Key" = "value"`. The namespaces must exist.
    #[serde(default)]
    pub defined_tags: BTreeMap<String, String>,
}

/// The site.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its short name, which names everything that is created: 1 to 12 small letters and digits, a letter first.
    #[schemars(extend("format" = "stack-name"))]
    pub name: String,
    /// How many visitors it is meant for. It says what the keys of `[servers]` and `[database]` are that are left out.
    #[serde(default)]
    pub size: Size,
    /// What it runs.
    #[serde(default = "moodle")]
    pub application: Application,
    /// The application's version; the newest that is known when left out.
    #[schemars(extend("format" = "version"))]
    pub version: Option<String>,
    /// SHA-256 of the application's archive, where the version is not in the table.
    #[schemars(extend("format" = "sha256"))]
    pub sha256: Option<String>,
    /// The PHP branch: `8.1` to `8.4`.
    #[serde(default = "php")]
    pub php: Php,
    /// The name that visitors use; without it the site is at its public address.
    #[schemars(extend("format" = "host-name"))]
    pub hostname: Option<String>,
    /// Its full name; the short one when left out.
    #[schemars(extend("format" = "line"))]
    pub full_name: Option<String>,
    /// A shorter name for narrow places, such as the navigation; `name` when left out.
    #[schemars(extend("format" = "line"))]
    pub short_name: Option<String>,
    /// Its language, as the application writes it.
    #[serde(default = "english")]
    #[schemars(extend("format" = "language"))]
    pub language: String,
    /// The administrator's login name.
    #[serde(default = "administrator")]
    #[schemars(extend("format" = "line"))]
    pub admin_user: String,
    /// The administrator's mail address.
    #[schemars(extend("format" = "email"))]
    pub admin_email: String,
}

/// Where in Oracle's cloud.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cloud {
    /// The region; the caller's when left out.
    #[schemars(extend("format" = "region"))]
    pub region: Option<String>,
    /// The compartment; the caller's root compartment when left out.
    #[schemars(extend("format" = "ocid-compartment"))]
    pub compartment_id: Option<String>,
    /// How the servers become known to Oracle's services, so that they may read their secrets and write their reports.
    #[serde(default)]
    pub identity: Identity,
}

/// How the servers become known to Oracle's services, so that they may read their secrets and write their reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// A dynamic group and a policy for each server: nobody else may read the secrets.
    #[default]
    Server,
    /// One dynamic group and one policy for all instances of the compartment. For a compartment of the site's own, or many servers.
    Compartment,
    /// None is made: an administrator makes them once, as the book's page "What the servers may do" says.
    None,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// The range of the VCN.
    #[schemars(with = "String", extend("format" = "cidr"))]
    pub cidr: Ipv4Net,
    /// The load balancer's subnet.
    #[schemars(with = "String", extend("format" = "cidr"))]
    pub balancer_cidr: Ipv4Net,
    /// The web servers' subnet.
    #[schemars(with = "String", extend("format" = "cidr"))]
    pub web_cidr: Ipv4Net,
    /// The database's subnet.
    #[schemars(with = "String", extend("format" = "cidr"))]
    pub database_cidr: Ipv4Net,
    /// The mount target's subnet, /29 or larger.
    #[schemars(with = "String", extend("format" = "cidr"))]
    pub storage_cidr: Ipv4Net,
    /// From where visitors may come: everywhere, unless said otherwise.
    #[schemars(schema_with = "schema::list_of_ranges")]
    pub visitors_from: Vec<Ipv4Net>,
    /// A VCN that exists; `cidr` must then say its range. A new one when left out.
    #[schemars(extend("format" = "ocid-vcn"))]
    pub vcn_id: Option<String>,
    /// The internet gateway of the existing VCN, which has room for one only. A new one when left out.
    #[schemars(extend("format" = "ocid-internet-gateway"))]
    pub internet_gateway_id: Option<String>,
    /// A NAT gateway of the existing VCN. A new one when left out.
    #[schemars(extend("format" = "ocid-nat-gateway"))]
    pub nat_gateway_id: Option<String>,
    /// The service gateway of the existing VCN, which has room for one only. A new one when left out.
    #[schemars(extend("format" = "ocid-service-gateway"))]
    pub service_gateway_id: Option<String>,
    /// A public subnet that exists, for the load balancer; `balancer_cidr` must then say its range. A new one when left out.
    #[schemars(extend("format" = "ocid-subnet"))]
    pub balancer_subnet_id: Option<String>,
    /// A private subnet that exists, for the web servers; `web_cidr` must then say its range. A new one when left out.
    #[schemars(extend("format" = "ocid-subnet"))]
    pub web_subnet_id: Option<String>,
    /// A private subnet that exists, for the database; `database_cidr` must then say its range. A new one when left out.
    #[schemars(extend("format" = "ocid-subnet"))]
    pub database_subnet_id: Option<String>,
    /// A private subnet that exists, for the mount target; `storage_cidr` must then say its range. A new one when left out.
    #[schemars(extend("format" = "ocid-subnet"))]
    pub storage_subnet_id: Option<String>,
}

impl Default for Network {
    fn default() -> Self {
        let range = |third, prefix| Ipv4Net::new_assert([10, 0, third, 0].into(), prefix);
        Self {
            cidr: range(0, 16),
            balancer_cidr: range(1, 24),
            web_cidr: range(2, 24),
            database_cidr: range(3, 24),
            storage_cidr: range(4, 28),
            visitors_from: vec![Ipv4Net::default()],
            vcn_id: None,
            internet_gateway_id: None,
            nat_gateway_id: None,
            service_gateway_id: None,
            balancer_subnet_id: None,
            web_subnet_id: None,
            database_subnet_id: None,
            storage_subnet_id: None,
        }
    }
}

/// The web servers.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Servers {
    /// How many.
    #[schemars(range(min = 1, max = 100))]
    pub count: u16,
    /// Their shape.
    #[schemars(extend("format" = "shape"))]
    pub shape: String,
    /// OCPUs of each.
    #[schemars(range(min = 1, max = 512))]
    pub ocpus: f64,
    /// Memory of each, in gigabytes.
    #[schemars(range(min = 1, max = 4096))]
    pub memory_in_gbs: f64,
    /// Shapes of the same processor that are tried in turn where the first has no capacity.
    #[schemars(schema_with = "schema::list_of_shapes")]
    pub fallback_shapes: Vec<String>,
    /// The image; the newest Oracle Linux 9 for the shape, as it was when the server was made, when left out.
    #[schemars(extend("format" = "ocid-image"))]
    pub image_id: Option<String>,
    /// Public keys that may log in. Nobody can from outside: the servers have no public address.
    #[schemars(schema_with = "schema::list_of_keys")]
    pub ssh_authorized_keys: Vec<String>,
    /// Ranges inside or connected to the VCN that may reach port 22; closed when empty.
    #[schemars(schema_with = "schema::list_of_ranges")]
    pub ssh_from: Vec<Ipv4Net>,
    /// The boot volume of each, in gigabytes.
    #[schemars(range(min = 50, max = 32_768))]
    pub boot_volume_in_gbs: i64,
    /// The numbers of the availability domains that servers may be in, such as `[1, 2]`. All of the region when empty.
    #[schemars(schema_with = "schema::list_of_domains")]
    pub availability_domains: Vec<u8>,
    /// What happens to the servers that exist when their image, shape or configuration changes.
    pub replace: Replace,
    /// How long a server that leaves still answers what it has begun, in seconds.
    #[schemars(range(min = 0, max = 3600))]
    pub drain_in_seconds: u32,
    /// Whether they install security updates by themselves, one after another.
    pub automatic_updates: bool,
    /// The hour (UTC) at which the first one begins with that.
    #[schemars(range(min = 0, max = 23))]
    pub update_hour: u8,
}

/// What happens to the servers that exist when their image, shape or configuration changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Replace {
    /// One after another is drained and replaced; it stops at the first that does not become healthy.
    #[default]
    Rolling,
    /// They stay as they are; only new ones are made after the new description.
    Never,
}

impl Default for Servers {
    fn default() -> Self {
        Self {
            count: 2,
            shape: "VM.Standard.A1.Flex".to_owned(),
            ocpus: 2.0,
            memory_in_gbs: 12.0,
            fallback_shapes: Vec::new(),
            image_id: None,
            ssh_authorized_keys: Vec::new(),
            ssh_from: Vec::new(),
            boot_volume_in_gbs: 50,
            availability_domains: Vec::new(),
            replace: Replace::Rolling,
            drain_in_seconds: 60,
            automatic_updates: true,
            update_hour: 2,
        }
    }
}

/// MySQL HeatWave.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Its shape.
    #[schemars(extend("format" = "shape"))]
    pub shape: String,
    /// Whether it has three instances in different domains, one of which takes over.
    pub high_availability: bool,
    /// How many read replicas, up to 18.
    #[schemars(range(min = 0, max = 18))]
    pub replicas: u16,
    /// Storage, in gigabytes: it can only grow.
    #[schemars(range(min = 50, max = 131_072))]
    pub storage_in_gbs: i64,
    /// How far storage may grow by itself, in gigabytes; not at all when left out.
    #[schemars(range(min = 100, max = 131_072))]
    pub storage_max_in_gbs: Option<i64>,
    /// The MySQL version; the service's newest when left out.
    #[schemars(extend("format" = "version"))]
    pub version: Option<String>,
    /// Days that backups are kept.
    #[schemars(range(min = 1, max = 35))]
    pub backup_retention_in_days: i64,
    /// The hour (UTC) at which backups begin.
    #[schemars(range(min = 0, max = 23))]
    pub backup_hour: u8,
    /// When Oracle may update it, each week, in UTC.
    #[schemars(extend("format" = "weekly"))]
    pub maintenance: String,
    /// The number of the availability domain that the primary is in, as long as nothing happens to it. The service chooses when
    /// left out.
    #[schemars(range(min = 1, max = 3))]
    pub availability_domain: Option<u8>,
    /// The schema that the site's tables are in.
    #[schemars(extend("format" = "database-name"))]
    pub schema: String,
    /// The site's own user.
    #[schemars(extend("format" = "database-user"))]
    pub user: String,
    /// The database's administrator.
    #[schemars(extend("format" = "database-user"))]
    pub admin_user: String,
    /// Nodes of the HeatWave cluster, which makes reports over much data fast. Off when 0.
    #[schemars(range(min = 0, max = 512))]
    pub heatwave_nodes: u16,
    /// The shape of those nodes.
    #[schemars(extend("format" = "shape"))]
    pub heatwave_shape: String,
    /// Whether it may not be replaced or deleted without consent.
    pub protect: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            shape: "MySQL.4".to_owned(),
            high_availability: true,
            replicas: 0,
            storage_in_gbs: 100,
            storage_max_in_gbs: None,
            version: None,
            backup_retention_in_days: 14,
            backup_hour: 1,
            maintenance: "sun 03:00".to_owned(),
            availability_domain: None,
            schema: "site".to_owned(),
            user: "site".to_owned(),
            admin_user: "dbadmin".to_owned(),
            heatwave_nodes: 0,
            heatwave_shape: "HeatWave.512GB".to_owned(),
            protect: true,
        }
    }
}

/// File Storage.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// The number of the availability domain that the file system and its mount target are in. Servers in all domains reach
    /// it.
    #[schemars(range(min = 1, max = 3))]
    pub availability_domain: u8,
    /// Days that daily snapshots are kept.
    #[schemars(range(min = 1, max = 365))]
    pub snapshot_retention_in_days: i64,
    /// Whether the file system may not be replaced or deleted without consent.
    pub protect: bool,
}

impl Default for Storage {
    fn default() -> Self {
        Self { availability_domain: 1, snapshot_retention_in_days: 14, protect: true }
    }
}

/// The load balancer.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoadBalancer {
    /// Whether it has a public address. Otherwise it is reached from inside the VCN and what is connected to it.
    pub public: bool,
    /// A reserved public address that exists. A new one when left out.
    #[schemars(extend("format" = "ocid-public-ip"))]
    pub public_ip_id: Option<String>,
    /// Whether its public address may not be given up without consent: a site without a host name is known by it.
    pub protect_address: bool,
    /// What it asks each server for, to see whether that is healthy.
    #[schemars(extend("format" = "url-path"))]
    pub health_path: String,
    /// The status that a healthy server answers; what the application answers at `/` when left out: 303 for Moodle, 200 for
    /// the others.
    #[schemars(range(min = 100, max = 599))]
    pub health_status: Option<u16>,
    /// How often it asks, in seconds.
    #[schemars(range(min = 1, max = 1800))]
    pub health_interval_in_seconds: u32,
    /// How long it waits for an answer, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub health_timeout_in_seconds: u32,
    /// How often a server must fail to be left out, and answer to be taken in again.
    #[schemars(range(min = 1, max = 10))]
    pub health_retries: u8,
}

impl Default for LoadBalancer {
    fn default() -> Self {
        Self {
            public: true,
            public_ip_id: None,
            protect_address: true,
            health_path: "/".to_owned(),
            health_status: None,
            health_interval_in_seconds: 10,
            health_timeout_in_seconds: 3,
            health_retries: 3,
        }
    }
}

/// Who ends TLS, and with which certificate. The servers do, if anybody does: the load balancer hands connections on as they are.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Whether visitors come by HTTPS, and where the certificate comes from.
    pub mode: TlsMode,
    /// The certificate and those between it and its authority's, as PEM. Needed with `files`, else to be left out.
    pub certificate: Option<Source>,
    /// The certificate's private key, as PEM. Needed with `files`, else to be left out.
    pub key: Option<Source>,
    /// Who is told of trouble with the certificate; `site.admin_email` when left out.
    #[schemars(extend("format" = "email"))]
    pub email: Option<String>,
    /// The authority that issues the certificate, by the address of its ACME directory.
    #[schemars(extend("format" = "https"))]
    pub directory: String,
    /// Whether browsers are told to come by HTTPS only, for a year. There is no way back within that year.
    pub hsts: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            mode: TlsMode::Off,
            certificate: None,
            key: None,
            email: None,
            directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            hsts: false,
        }
    }
}

/// Whether visitors come by HTTPS, and where the certificate comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Plain HTTP. For trials, and until the host name leads to the load balancer.
    #[default]
    Off,
    /// A certificate that you have: `certificate` and `key`.
    Files,
    /// A certificate that the servers obtain, and renew by themselves, from Let's Encrypt or another authority (ACME, HTTP-01).
    Acme,
}

/// Where secrets come from. What is left out is generated.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// The database administrator's password.
    pub database_admin_password: Option<Source>,
    /// The password of the site's own database user.
    pub database_password: Option<Source>,
    /// The password of the site's administrator.
    pub admin_password: Option<Source>,
}

fn moodle() -> Application {
    Application::Moodle
}

fn php() -> Php {
    Php::DEFAULT
}

fn english() -> String {
    "en".to_owned()
}

fn administrator() -> String {
    "admin".to_owned()
}

impl Config {
    /// Reads a text that must be right: that of an example, or of a test.
    ///
    /// # Errors
    /// Everything that is wrong with it, as plain text. [`load`] keeps more.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file = SourceFile::new("moodle.toml", text);
        let (config, diagnostics) = load(&file);
        if diagnostics.has_errors() { Err(diagnostics.render(&file)) } else { Ok(config) }
    }

    /// The application's version.
    #[must_use]
    pub fn version(&self) -> &str {
        self.site.version.as_deref().unwrap_or_else(|| self.site.application.default_version())
    }

    /// The status that a healthy server answers to the load balancer.
    #[must_use]
    pub fn health_status(&self) -> u16 {
        self.load_balancer.health_status.unwrap_or_else(|| self.site.application.healthy_code())
    }

    /// Where each secret of the servers comes from, by the name that [`crate::server::SECRET_KEYS`] has for it. What the file
    /// leaves out is generated.
    #[must_use]
    pub fn secret_sources(&self) -> BTreeMap<&'static str, Source> {
        let Secrets { database_admin_password, database_password, admin_password } = &self.secrets;
        let given = [
            ("database_admin_password", database_admin_password),
            ("database_password", database_password),
            ("admin_password", admin_password),
            // Cookies are signed with it. Nobody needs to know it, and a new one logs everybody out.
            ("site_secret", &None),
        ];
        let or_generated = |given: &Option<Source>| given.clone().unwrap_or(Source::Generate { rotation: 0 });
        let generated = given.into_iter().map(|(name, source)| (name, or_generated(source)));
        let files = [("tls_certificate", &self.tls.certificate), ("tls_key", &self.tls.key)];
        let files = files.into_iter().filter_map(|(name, source)| Some((name, source.clone()?)));
        generated.chain(files.filter(|_| self.tls.mode == TlsMode::Files)).collect()
    }
}
