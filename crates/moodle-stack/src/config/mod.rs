//! `moodle.toml`: what the user wants.
//!
//! Every key has a default that a careful administrator would choose; a key that nobody knows is an error with its place.
//! What needs no cloud to be found wrong is found by [`validate`].

mod validate;

use std::collections::BTreeMap;
use std::path::PathBuf;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::server::versions::{Application, Php};

pub use validate::{Finding, validate};

/// The whole file.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its short name, which names everything that is created: 1 to 12 small letters and digits, a letter first.
    pub name: String,
    /// What it runs.
    #[serde(default = "moodle")]
    pub application: Application,
    /// The application's version; the newest that is known when left out.
    pub version: Option<String>,
    /// SHA-256 of the application's archive, where the version is not in the table.
    pub sha256: Option<String>,
    /// The PHP branch: `8.1` to `8.4`.
    #[serde(default = "php")]
    pub php: Php,
    /// The name that visitors use; without it the site is at its public address.
    pub hostname: Option<String>,
    /// Its full name; the short one when left out.
    pub full_name: Option<String>,
    /// Its language, as the application writes it.
    #[serde(default = "english")]
    pub language: String,
    /// The administrator's login name.
    #[serde(default = "administrator")]
    pub admin_user: String,
    /// The administrator's mail address.
    pub admin_email: String,
}

/// Where in Oracle's cloud.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cloud {
    /// The region; the caller's when left out.
    pub region: Option<String>,
    /// The compartment; the caller's root compartment when left out.
    pub compartment_id: Option<String>,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// The range of the VCN.
    pub cidr: Ipv4Net,
    /// The load balancer's subnet.
    pub balancer_cidr: Ipv4Net,
    /// The web servers' subnet.
    pub web_cidr: Ipv4Net,
    /// The database's subnet.
    pub database_cidr: Ipv4Net,
    /// The mount target's subnet, /29 or larger.
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
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Servers {
    /// How many.
    pub count: u16,
    /// Their shape.
    pub shape: String,
    /// OCPUs of each.
    pub ocpus: f64,
    /// Memory of each, in gigabytes.
    pub memory_in_gbs: f64,
    /// Shapes of the same processor that are tried in turn where the first has no capacity.
    pub fallback_shapes: Vec<String>,
    /// The image; the newest Oracle Linux 9 for the shape, as it was when the server was made, when left out.
    pub image_id: Option<String>,
    /// Public keys that may log in. Nobody can from outside: the servers have no public address.
    pub ssh_authorized_keys: Vec<String>,
    /// Ranges inside or connected to the VCN that may reach port 22; closed when empty.
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
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Its shape.
    pub shape: String,
    /// Whether it has three instances in different domains, one of which takes over.
    pub high_availability: bool,
    /// How many read replicas, up to 18.
    pub replicas: u16,
    /// Storage, in gigabytes: it can only grow.
    pub storage_in_gbs: i64,
    /// The MySQL version; the service's newest when left out.
    pub version: Option<String>,
    /// Days that backups are kept.
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
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Days that daily snapshots are kept.
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
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// The database administrator's password.
    pub database_admin_password: Option<Source>,
    /// The password of the site's own database user.
    pub database_password: Option<Source>,
    /// The password of the site's administrator.
    pub admin_password: Option<Source>,
}

/// Where one secret comes from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Source {
    /// An environment variable.
    Env(String),
    /// A file; the line's end does not belong to it.
    File(PathBuf),
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
    /// Reads the file's text.
    ///
    /// # Errors
    /// With line and column: what is no TOML, a key that nobody knows, a value of the wrong type.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The application's version.
    #[must_use]
    pub fn version(&self) -> &str {
        self.site.version.as_deref().unwrap_or_else(|| self.site.application.default_version())
    }
}
