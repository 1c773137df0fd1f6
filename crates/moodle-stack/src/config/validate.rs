//! What is wrong with a configuration, as far as that can be known without the cloud.

use ipnet::Ipv4Net;

use super::Config;
use crate::server::versions::{self, DatabaseKind, Version};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable name of the rule.
    pub code: &'static str,
    /// The key in `moodle.toml`.
    pub key: &'static str,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Addresses that the service keeps of each subnet: the first two and the last.
const RESERVED_ADDRESSES: u32 = 3;

/// Everything that is wrong, in the order of the file.
#[must_use]
pub fn validate(config: &Config) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    findings.site(config);
    findings.network(config);
    findings.servers(config);
    findings.database(config);
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, code: &'static str, key: &'static str, message: impl Into<String>) {
        self.0.push(Finding { code, key, message: message.into() });
    }

    fn site(&mut self, config: &Config) {
        let site = &config.site;
        let letters =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let first = site.name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !first || !letters(&site.name) || site.name.len() > 12 {
            self.add(
                "site-name",
                "site.name",
                "1 to 12 small letters and digits, a letter first: it becomes a DNS label",
            );
        }
        if !site.admin_email.contains('@') {
            self.add("admin-email", "site.admin_email", format!("`{}` is no mail address", site.admin_email));
        }
        // The service takes the newest version when none is named, which all applications of the table run on.
        let mysql = config.database.version.as_deref().unwrap_or("8.4");
        let Some(mysql) = Version::parse(mysql) else {
            return self.add(
                "mysql-version",
                "database.version",
                format!("`{mysql}` is no version of MySQL"),
            );
        };
        let together =
            versions::check(site.application, config.version(), site.php, (DatabaseKind::MySql, mysql));
        if let Err(error) = together {
            self.add("versions", "site.version", error.to_string());
        }
    }

    fn network(&mut self, config: &Config) {
        let network = &config.network;
        if !(16..=30).contains(&network.cidr.prefix_len()) {
            self.add("vcn-size", "network.cidr", format!("{} must be /16 to /30", network.cidr));
        }
        let subnets = [
            ("network.balancer_cidr", network.balancer_cidr, 2),
            ("network.web_cidr", network.web_cidr, u32::from(config.servers.count)),
            // Three for high availability, one for each replica, and the endpoints.
            ("network.database_cidr", network.database_cidr, 3 + u32::from(config.database.replicas) + 2),
            // A mount target takes three while it fails over.
            ("network.storage_cidr", network.storage_cidr, 3),
        ];
        for (at, (key, range, needed)) in subnets.iter().enumerate() {
            if !network.cidr.contains(range) {
                self.add(
                    "subnet-outside",
                    key,
                    format!("{range} is not inside network.cidr {}", network.cidr),
                );
            }
            if room(range) < *needed {
                let message = format!("{range} has room for {} addresses; {needed} are needed", room(range));
                self.add("subnet-too-small", key, message);
            }
            for (other, other_range, _) in &subnets[..at] {
                if range.contains(other_range) || other_range.contains(range) {
                    self.add("subnets-overlap", key, format!("{range} overlaps with {other} {other_range}"));
                }
            }
        }
    }

    fn servers(&mut self, config: &Config) {
        let servers = &config.servers;
        if !(1..=100).contains(&servers.count) {
            self.add("server-count", "servers.count", "1 to 100 servers");
        }
        // At most 64 GB for an OCPU, at least one; 1 to 80 OCPUs and up to 512 GB in all (Compute, flexible Ampere shapes).
        let ratio = servers.memory_in_gbs / servers.ocpus;
        if !(1.0..=80.0).contains(&servers.ocpus)
            || !(1.0..=64.0).contains(&ratio)
            || servers.memory_in_gbs > 512.0
        {
            let message = format!(
                "{} GB for {} OCPUs: 1 to 80 OCPUs with 1 to 64 GB each, 512 GB in all",
                servers.memory_in_gbs, servers.ocpus
            );
            self.add("server-memory", "servers.memory_in_gbs", message);
        }
        let processor = is_arm(&servers.shape);
        if let Some(other) = servers.fallback_shapes.iter().find(|shape| is_arm(shape) != processor) {
            let message =
                format!("{other} has another processor than {}: one image cannot run on both", servers.shape);
            self.add("shape-processor", "servers.fallback_shapes", message);
        }
    }

    fn database(&mut self, config: &Config) {
        let database = &config.database;
        if database.replicas > 18 {
            self.add("replica-count", "database.replicas", "a DB system has up to 18 read replicas");
        }
        if database.replicas > 0 && cores(&database.shape).is_some_and(|(cores, min)| cores < min) {
            let message =
                format!("{} is too small for read replicas: at least 8 ECPU or 4 OCPU", database.shape);
            self.add("replica-shape", "database.shape", message);
        }
        if !(50..=131_072).contains(&database.storage_in_gbs) {
            self.add("database-storage", "database.storage_in_gbs", "50 to 131,072 GB");
        }
        if !(1..=35).contains(&database.backup_retention_in_days) {
            self.add("backup-retention", "database.backup_retention_in_days", "1 to 35 days");
        }
    }
}

fn room(range: &Ipv4Net) -> u32 {
    let all = 1_u32.checked_shl(u32::from(32 - range.prefix_len())).unwrap_or(u32::MAX);
    all.saturating_sub(RESERVED_ADDRESSES)
}

/// Ampere shapes have an `A` in their family.
fn is_arm(shape: &str) -> bool {
    shape.split('.').any(|part| part.starts_with('A') && part[1..].bytes().all(|byte| byte.is_ascii_digit()))
}

/// The cores of a DB system's shape, and how many a source of replicas needs; `None` for shapes that are not known.
fn cores(shape: &str) -> Option<(u32, u32)> {
    let parts: Vec<&str> = shape.split('.').collect();
    match parts[..] {
        ["MySQL", "Free"] => Some((2, 8)),
        ["MySQL", ecpus] => Some((ecpus.parse().ok()?, 8)),
        ["MySQL", "VM", "Standard", _, ocpus, _] => Some((ocpus.parse().ok()?, 4)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n";

    fn codes(more: &str) -> Vec<&'static str> {
        let config = Config::parse(&format!("{PLAIN}{more}")).unwrap_or_else(|error| panic!("{error}"));
        validate(&config).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn the_shortest_file_is_right() {
        assert_eq!(codes(""), Vec::<&str>::new());
    }

    #[test]
    fn each_rule_finds_its_fault_and_no_other() {
        let cases = [
            ("version = \"4.2\"", "versions"),
            ("php = \"8.1\"", "versions"),
            ("[network]\ncidr = \"10.0.0.0/8\"", "vcn-size"),
            ("[network]\nweb_cidr = \"192.168.0.0/24\"", "subnet-outside"),
            ("[network]\nweb_cidr = \"10.0.1.0/25\"", "subnets-overlap"),
            ("[network]\nstorage_cidr = \"10.0.4.0/30\"", "subnet-too-small"),
            ("[servers]\ncount = 0", "server-count"),
            ("[servers]\nmemory_in_gbs = 200", "server-memory"),
            ("[servers]\nfallback_shapes = [\"VM.Standard.E5.Flex\"]", "shape-processor"),
            ("[database]\nshape = \"MySQL.8\"\nreplicas = 19", "replica-count"),
            ("[database]\nreplicas = 1", "replica-shape"),
            ("[database]\nshape = \"MySQL.VM.Standard.E3.2.32GB\"\nreplicas = 1", "replica-shape"),
            ("[database]\nversion = \"new\"", "mysql-version"),
            ("[database]\nversion = \"8.0\"", "versions"),
            ("[database]\nstorage_in_gbs = 10", "database-storage"),
            ("[database]\nbackup_retention_in_days = 0", "backup-retention"),
        ];
        for (text, code) in cases {
            assert_eq!(codes(text), [code], "{text}");
        }
        let site = |name: &str, email: &str| {
            let text = format!("[site]\nname = \"{name}\"\nadmin_email = \"{email}\"\n");
            validate(&Config::parse(&text).unwrap())
                .into_iter()
                .map(|finding| finding.code)
                .collect::<Vec<_>>()
        };
        for name in ["", "Campus", "1campus", "a-b", "averylongname1"] {
            assert_eq!(site(name, "it@example.org"), ["site-name"], "{name}");
        }
        assert_eq!(site("campus", "nobody"), ["admin-email"]);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = Config::parse(&format!("{PLAIN}[servers]\ncuont = 3\n")).unwrap_err().to_string();
        assert!(error.contains("line 5") && error.contains("cuont") && error.contains("count"), "{error}");
    }
}
