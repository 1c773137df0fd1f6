//! What the MySQL types share: rules about passwords and names, and the id of a HeatWave cluster.

use std::fmt;

use reconcile::provider::Invalid;
use reconcile::value::{AttributePath, Value, ValueMap};

use crate::rules::{self, Check, invalid};

/// The id of a HeatWave cluster, which has no OCID: `dbSystem/{OCID}/heatWaveCluster`, as in Oracle's Terraform provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClusterId {
    /// The DB system that it is beside.
    pub(super) db_system_id: String,
}

impl ClusterId {
    pub(super) fn of(db_system_id: &str) -> Self {
        Self { db_system_id: db_system_id.to_owned() }
    }

    /// An OCID by itself is taken for that of the DB system, so that it can be imported by that.
    pub(super) fn parse(id: &str) -> Self {
        let inner = id.strip_prefix("dbSystem/").and_then(|rest| rest.strip_suffix("/heatWaveCluster"));
        Self::of(inner.unwrap_or(id))
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dbSystem/{}/heatWaveCluster", self.db_system_id)
    }
}

/// Names that MySQL keeps for itself.
///
/// # Source
/// Oracle's documentation of MySQL HeatWave, "Creating a DB System".
const RESERVED_NAMES: &[&str] =
    &["mysql.sys", "mysql.session", "mysql.infoschema", "ociadmin", "ocirpl", "ocimonitor", "administrator"];

/// What is wrong with a DB system, besides what the schema says. The password itself is in no message.
pub(super) fn check_db_system(inputs: &ValueMap, problems: &mut Vec<Invalid>) {
    let is_set = |name: &str| inputs.get(name).is_some_and(|value| !value.is_null());
    let from = inputs.get("source").and_then(|source| source.as_map()?.get("source_type")?.as_str());
    let is_new = !matches!(from, Some("BACKUP" | "PITR" | "DBSYSTEM"));
    for name in ["admin_username", "admin_password"] {
        if is_new && !is_set(name) {
            problems.push(invalid(name, "must be set: the DB system is made from nothing".to_owned()));
        }
    }
    if let Some(name) = inputs.get("admin_username").and_then(Value::as_str)
        && RESERVED_NAMES.contains(&name.to_ascii_lowercase().as_str())
    {
        problems.push(invalid("admin_username", format!("`{name}` is reserved")));
    }
    if let Some(password) = inputs.get("admin_password").and_then(Value::as_str)
        && let Some(message) = password_problem(password)
    {
        problems.push(invalid("admin_password", message));
    }
    check_storage(inputs, problems);
    check_parts(&mut Check::of(inputs, problems));
    let backup = inputs.get("backup_policy").and_then(Value::as_map);
    let enabled = |map: Option<&ValueMap>| map.and_then(|map| map.get("is_enabled")?.as_bool());
    let pitr = backup.and_then(|backup| backup.get("pitr_policy")?.as_map());
    if enabled(pitr) == Some(true) && enabled(backup) == Some(false) {
        let path = AttributePath::attribute("backup_policy").name("pitr_policy").name("is_enabled");
        problems.push(Invalid { path, message: "needs backups to be enabled".to_owned() });
    }
}

fn check_storage(inputs: &ValueMap, problems: &mut Vec<Invalid>) {
    let size = inputs.get("data_storage_size_in_gb").and_then(Value::as_i64);
    Check::of(inputs, problems).inside("data_storage", |storage| {
        let name = "max_storage_size_in_gbs";
        if storage.truth("is_auto_expand_storage_enabled") == Some(false) {
            storage.excludes(name, "goes with `is_auto_expand_storage_enabled` only");
        }
        let (Some(size), Some(most)) = (size, storage.number(name)) else { return };
        if most < size {
            storage.refuse(name, format!("is {most}, less than the storage, which is {size}"));
        }
        // It may have been smaller when it was made, and can grow even less far then.
        let reach = GROWTH_MAX.iter().find(|(up_to, _)| size <= *up_to).map(|(_, reach)| *reach);
        if let Some(reach) = reach.filter(|reach| most > *reach) {
            storage.refuse(name, format!("is {most}; storage of {size} GB grows to {reach} GB at most"));
        }
    });
}

/// What goes together, and the form of texts.
fn check_parts(check: &mut Check<'_>) {
    check.text("fault_domain", rules::fault_domain);
    check.text("hostname_label", rules::host_name);
    check.text("ip_address", rules::ipv4);
    if check.number("port").is_some() && check.number("port") == check.number("port_x") {
        check.refuse("port_x", "must differ from `port`");
    }
    if check.truth("is_highly_available") == Some(true) {
        if check.word("crash_recovery") == Some("DISABLED") {
            check.refuse("crash_recovery", "must be enabled for high availability");
        }
        if check
            .word("mysql_version")
            .and_then(version)
            .is_some_and(|version| version < HIGHLY_AVAILABLE_SINCE)
        {
            check.refuse("mysql_version", "must be 8.0.24 or later for high availability");
        }
    }
    check.inside("backup_policy", |policy| {
        policy.text("window_start_time", rules::time_of_day);
        rules::tags::check(policy, 0);
    });
    check.inside("maintenance", |maintenance| {
        maintenance.text("window_start_time", rules::time_of_week);
        maintenance.each("maintenance_disabled_windows", |window| {
            window.text("time_start", rules::moment);
            window.text("time_end", rules::moment);
        });
    });
    for (name, kind, own, what) in [
        ("secure_connections", "certificate_generation_type", "BYOC", "certificate_id"),
        ("encrypt_data", "key_generation_type", "BYOK", "key_id"),
    ] {
        check.inside(name, |part| match part.word(kind) {
            Some(word) if word == own => part.needs(what, &format!("for `{own}`")),
            Some(_) => part.excludes(what, &format!("goes with `{own}` only")),
            None => {}
        });
    }
    check.inside("source", |source| {
        let needed = match source.word("source_type") {
            Some("BACKUP") => "backup_id",
            Some("PITR" | "DBSYSTEM") => "db_system_id",
            Some("IMPORTURL") => "source_url",
            _ => return,
        };
        source.needs(needed, "for this kind of source");
        source.text("recovery_point", rules::moment);
    });
    check.inside("read_endpoint", |endpoint| {
        endpoint.text("read_endpoint_ip_address", rules::ipv4);
        endpoint.text("read_endpoint_hostname_label", rules::host_name);
        endpoint.texts("exclude_ips", rules::address);
    });
    check.each("customer_contacts", |contact| {
        contact.text("email", |email| match email.split_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() && !email.contains(' ') => Ok(()),
            _ => Err(format!("`{email}` is no address such as `admin@example.org`")),
        });
    });
}

/// # Source
/// Oracle's documentation of MySQL HeatWave, "High Availability".
const HIGHLY_AVAILABLE_SINCE: [u32; 3] = [8, 0, 24];

/// The three numbers of a version; `8.4` alone is `8.4.0`.
fn version(text: &str) -> Option<[u32; 3]> {
    let mut version = [0; 3];
    for (at, part) in text.split(['.', '-']).take(3).enumerate() {
        version[at] = part.parse().ok()?;
    }
    Some(version)
}

/// How far storage can grow, in GB, by how large it is when it is made: up to 400 GB, 800 GB, 1,200 GB, or more.
///
/// # Source
/// Oracle's documentation of MySQL HeatWave, "Data Storage".
const GROWTH_MAX: [(i64, i64); 4] = [(400, 32768), (800, 65536), (1200, 98304), (i64::MAX, 131_072)];

/// # Source
/// MySQL 20190415, `CreateDbSystemDetails.adminPassword`.
fn password_problem(password: &str) -> Option<String> {
    let any = |fits: fn(char) -> bool| password.chars().any(fits);
    let missing: Vec<&str> = [
        (any(|c| c.is_ascii_digit()), "a digit"),
        (any(|c| c.is_ascii_lowercase()), "a lower case letter"),
        (any(|c| c.is_ascii_uppercase()), "an upper case letter"),
        (any(|c| !c.is_alphanumeric()), "a special character"),
        ((8..=32).contains(&password.chars().count()), "8 to 32 characters"),
    ]
    .into_iter()
    .filter(|(has, _)| !has)
    .map(|(_, what)| what)
    .collect();
    (!missing.is_empty()).then(|| format!("must have {}", missing.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_cluster_is_built_and_read() {
        let id = ClusterId::of("ocid1.mysqldbsystem.oc1..a");
        assert_eq!(id.to_string(), "dbSystem/ocid1.mysqldbsystem.oc1..a/heatWaveCluster");
        assert_eq!(ClusterId::parse(&id.to_string()), id);
        assert_eq!(ClusterId::parse("ocid1.mysqldbsystem.oc1..a"), id);
    }

    #[test]
    fn everything_that_a_password_lacks_is_told_and_the_password_is_not() {
        let check = |password: &str, expected: Option<&str>| {
            assert_eq!(password_problem(password).as_deref(), expected);
        };
        check("Passw0rd!", None);
        check("password", Some("must have a digit, an upper case letter, a special character"));
        check("P0!a", Some("must have 8 to 32 characters"));
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let inputs = crate::wire::from_json(&serde_json::json!({
            "admin_username": "ociAdmin", "data_storage_size_in_gb": 500,
            "data_storage": {"max_storage_size_in_gbs": 400},
            "backup_policy": {"is_enabled": false, "pitr_policy": {"is_enabled": true}},
        }));
        let mut problems = Vec::new();
        check_db_system(inputs.as_map().unwrap(), &mut problems);
        let told: Vec<String> = problems.iter().map(|problem| problem.path.to_string()).collect();
        assert_eq!(
            told,
            [
                "admin_password",
                "admin_username",
                "data_storage.max_storage_size_in_gbs",
                "backup_policy.pitr_policy.is_enabled",
            ]
        );
    }
}
