//! What everything is called: addresses in the graph, host names, and names in the cloud.
//!
//! A name here is a promise to whoever has a state: another one would make a new resource.

use oci_resources::core::vcn;
use oci_resources::objectstorage::bucket;
use reconcile::state::State;
use reconcile::{Address, InstanceKey};

use crate::config::{Config, Identity};

use super::Zone;

/// The path that the file system is exported at.
pub const EXPORT_PATH: &str = "/site";

/// The object in the bucket that holds the servers' secrets.
pub const SECRETS_OBJECT: &str = "secrets.json";

/// What the names of objects in the bucket begin with that hold a server's files, where user data has no room for them.
pub const BOOT_PREFIX: &str = "boot/";

/// The load balancer's listener, and its backend set, for plain HTTP.
pub const HTTP: &str = "http";

/// The load balancer's listener, and its backend set, for HTTPS.
pub const HTTPS: &str = "https";

/// The address of the one resource of a type that is called `name`.
///
/// # Panics
/// When `resource_type` or `name` are no identifiers: they are constants.
#[must_use]
pub fn address(resource_type: &str, name: &str) -> Address {
    Address::new(resource_type, name).expect("constants of this crate are good addresses")
}

/// The address of a server, or of what there is one of for each server. `index` is counted from 0.
#[must_use]
pub fn of_server(resource_type: &str, name: &str, index: u16) -> Address {
    address(resource_type, name).instance(&InstanceKey::Index(u64::from(index)))
}

/// What a server is called, also as a host name: `web1` is the one with the index 0.
#[must_use]
pub fn server(index: u16) -> String {
    format!("web{}", index + 1)
}

/// The host name label of the database.
pub const DATABASE_LABEL: &str = "db";

/// The host name label of the endpoint that spreads reads over the replicas.
pub const READ_LABEL: &str = "dbread";

/// The host name label of the mount target.
pub const STORAGE_LABEL: &str = "files";

/// What a thing of the site is called in the cloud's console.
#[must_use]
pub fn display(config: &Config, thing: &str) -> String {
    format!("{}-{thing}", config.site.name)
}

/// What the site's dynamic groups are called, and its policies: for each server one, one for all, or none.
#[must_use]
pub fn identities(config: &Config) -> Vec<String> {
    match config.cloud.identity {
        Identity::Server => (0..config.servers.count).map(|index| display(config, &server(index))).collect(),
        Identity::Compartment => vec![display(config, ALL_SERVERS)],
        Identity::None => Vec::new(),
    }
}

/// The group and policy of all servers, where there is one of each.
pub const ALL_SERVERS: &str = "servers";

/// The bucket of the stack. It is unique in the tenancy, as the short names of sites must be.
#[must_use]
pub fn bucket(config: &Config) -> String {
    display(config, "site")
}

/// Where a server says how its boot goes: an object in the bucket.
#[must_use]
pub fn report_object(index: u16) -> String {
    format!("reports/{}.json", server(index))
}

impl Zone {
    /// The DNS label of the zone's subnet.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Balancer => "balancer",
            Self::Web => "web",
            Self::Database => "database",
            Self::Storage => "storage",
        }
    }
}

/// The site that a state belongs to, as far as what is in it tells.
#[must_use]
pub fn site_of(state: &State) -> Option<String> {
    let text = |at: Address, attribute: &str| {
        let entry = state.entry(&at)?;
        entry.attributes.get(attribute)?.as_str().map(str::to_owned)
    };
    let of_vcn = || text(address(vcn::TYPE, "site"), "dns_label");
    let of_bucket = || text(address(bucket::TYPE, "site"), "name")?.strip_suffix("-site").map(str::to_owned);
    of_vcn().or_else(of_bucket)
}
