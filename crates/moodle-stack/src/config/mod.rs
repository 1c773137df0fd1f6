//! `moodle.toml`: what the user wants.
//!
//! Every key has a default that a careful administrator would choose. [`load`] finds everything that is wrong with a file in
//! one go, each with its place; what needs no cloud to be found wrong is found by [`crate::check`].
//!
//! The structs below are the one description of the file: its JSON Schema is derived from them ([`schema`]), the schema
//! is what a file is checked against ([`load`]), and the page of the book is written from it ([`page`]).

mod source;

mod format;

pub mod schema;

mod read;

mod size;

pub mod secret;

pub mod page;

pub mod init;

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
    /// Free-form tags of everything that can have some.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// The site.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its short name, which names everything that is created: 1 to 12 small letters and digits, a letter first.
    #[schemars(extend("format" = "stack-name"))]
    pub name: String,
    /// How many visitors it is meant for. It says what the keys of [servers] and [database] are that are left out.
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
    /// The MySQL version; the service's newest when left out.
    #[schemars(extend("format" = "version"))]
    pub version: Option<String>,
    /// Days that backups are kept.
    #[schemars(range(min = 1, max = 35))]
    pub backup_retention_in_days: i64,
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
            version: None,
            backup_retention_in_days: 14,
            protect: true,
        }
    }
}

/// File Storage.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Days that daily snapshots are kept.
    #[schemars(range(min = 1, max = 365))]
    pub snapshot_retention_in_days: i64,
    /// Whether the file system may not be replaced or deleted without consent.
    pub protect: bool,
}

impl Default for Storage {
    fn default() -> Self {
        Self { snapshot_retention_in_days: 14, protect: true }
    }
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
        given.into_iter().map(|(name, source)| (name, or_generated(source))).collect()
    }
}
