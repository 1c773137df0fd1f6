//! The database: what its shape and its version can.

use crate::check::shapes::{self, Cores};
use crate::codes::Code;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::server::versions::Version;

/// The oldest MySQL that is highly available.
const HIGH_AVAILABILITY_SINCE: Version = Version(8, 0, 24);

/// The shape's name is one of Oracle's.
pub(super) fn shape_is_known(config: &Config) -> Vec<Diagnostic> {
    let shape = &config.database.shape;
    if shapes::database(shape).is_some() {
        return Vec::new();
    }
    let message =
        format!("`{shape}` is not known here as the shape of a database: `preflight` asks the service");
    let hint = "the usual ones are `MySQL.2`, `MySQL.4`, `MySQL.8`, `MySQL.16` …";
    vec![Diagnostic::warning(Code::ShapeUnknown, "database.shape", message).hint(hint)]
}

/// Read replicas need a shape of at least 4 OCPUs or 8 ECPUs.
pub(super) fn shape_carries_replicas(config: &Config) -> Vec<Diagnostic> {
    let database = &config.database;
    let is_small = shapes::database(&database.shape).is_some_and(|cores| !cores.carries_replicas());
    if database.replicas == 0 || !is_small {
        return Vec::new();
    }
    let message =
        format!("`{}` is too small for read replicas: they need 8 ECPUs or 4 OCPUs", database.shape);
    let hint = "take `MySQL.8`, or `replicas = 0`";
    vec![
        Diagnostic::error(Code::ReplicaShape, "database.shape", message)
            .hint(hint)
            .with(&["database.replicas"]),
    ]
}

/// High availability needs a version and a shape that have it.
pub(super) fn can_be_highly_available(config: &Config) -> Vec<Diagnostic> {
    let database = &config.database;
    if !database.high_availability {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut refuse = |key: &str, message: String, hint: &str| {
        let related = &["database.high_availability"];
        found.push(Diagnostic::error(Code::HighAvailability, key, message).hint(hint).with(related));
    };
    if shapes::database(&database.shape) == Some(Cores::Free) {
        let message = format!("`{}` cannot be highly available", database.shape);
        refuse("database.shape", message, "take `MySQL.2` or larger, or `high_availability = false`");
    }
    let version = database.version.as_deref().and_then(Version::parse);
    if let Some(version) =
        version.filter(|version| *version != Version(8, 0, 0) && *version < HIGH_AVAILABILITY_SINCE)
    {
        let message =
            format!("MySQL {version} cannot be highly available; {HIGH_AVAILABILITY_SINCE} and later can");
        refuse("database.version", message, "leave the version out, and the service's newest is taken");
    }
    found
}

/// Replicas cost as much as servers; an application that never reads from them has no use for them.
pub(super) fn replicas_are_read(config: &Config) -> Vec<Diagnostic> {
    let application = config.site.application;
    if config.database.replicas == 0 || application.reads_from_replicas() {
        return Vec::new();
    }
    let message =
        format!("{application} never reads from a replica: {} would idle", config.database.replicas);
    let warning = Diagnostic::warning(Code::ReplicasUnused, "database.replicas", message);
    vec![warning.hint("`replicas = 0`").with(&["site.application"])]
}

/// Names that the service keeps for itself (Oracle's page "Reserved Usernames" of MySQL HeatWave, read 2026-11-26; `ocimonitor` from
/// the same page for HeatWave elsewhere), and MySQL's own `root`.
const RESERVED_USERS: [&str; 22] = [
    "administrator",
    "mysql.infoschema",
    "mysql.session",
    "mysql.sys",
    "mysql_option_tracker_persister",
    "mysql_rest_service_admin",
    "mysql_rest_service_data_provider",
    "mysql_rest_service_dev",
    "mysql_rest_service_meta_provider",
    "mysql_rest_service_schema_admin",
    "mysql_rest_service_user",
    "mysql_task_admin",
    "mysql_task_user",
    "mysqlexport",
    "ociadmin",
    "ocidbm",
    "ocimonitor",
    "ocirest",
    "ocirpl",
    "oracle-cloud-agent",
    "root",
    "rrhhuser",
];

/// The users are neither the service's nor each other.
pub(super) fn users_are_free(config: &Config) -> Vec<Diagnostic> {
    let database = &config.database;
    let mut found = Vec::new();
    for (key, user) in [("database.user", &database.user), ("database.admin_user", &database.admin_user)] {
        if RESERVED_USERS.iter().any(|name| name.eq_ignore_ascii_case(user)) {
            let message = format!("the service keeps the user `{user}` for itself");
            found.push(Diagnostic::error(Code::DatabaseUser, key, message));
        }
    }
    if database.user == database.admin_user {
        let message =
            "the site's user is the administrator: whoever breaks into the site could do everything";
        let error = Diagnostic::error(Code::DatabaseUser, "database.user", message);
        found.push(error.hint("give the site a user of its own").with(&["database.admin_user"]));
    }
    found
}

/// Storage grows to 32 TB when it begins with up to 400 GB, to 64 with 800, to 96 with 1200, and else to 128 (service's documentation).
pub(super) fn storage_can_grow(config: &Config) -> Vec<Diagnostic> {
    let database = &config.database;
    let Some(most) = database.storage_max_in_gbs else { return Vec::new() };
    let first = database.storage_in_gbs;
    let terabytes = match first {
        ..=400 => 32,
        401..=800 => 64,
        801..=1200 => 96,
        1201.. => 128,
    };
    let message = if most < first {
        format!("storage begins with {first} GB, which is more than the {most} GB that it may grow to")
    } else if most > terabytes * 1024 {
        format!(
            "storage that begins with {first} GB grows to {} GB at most, and {most} are asked for",
            terabytes * 1024
        )
    } else {
        return Vec::new();
    };
    let key = "database.storage_max_in_gbs";
    vec![Diagnostic::error(Code::StorageGrowth, key, message).with(&["database.storage_in_gbs"])]
}

/// A HeatWave cluster needs a shape that carries one, and the free ones go together only.
pub(super) fn heatwave_fits(config: &Config) -> Vec<Diagnostic> {
    let database = &config.database;
    if database.heatwave_nodes == 0 {
        return Vec::new();
    }
    let (shape, node) = (database.shape.as_str(), database.heatwave_shape.as_str());
    let refuse = |key: &str, message: String, hint: &str| {
        let related = &["database.heatwave_nodes", "database.shape"];
        vec![Diagnostic::error(Code::HeatWave, key, message).hint(hint).with(related)]
    };
    let is_free = shapes::database(shape) == Some(Cores::Free);
    if !node.starts_with("HeatWave.") {
        let message = format!("`{node}` is not the shape of a HeatWave node");
        refuse("database.heatwave_shape", message, "`HeatWave.32GB` or `HeatWave.512GB`")
    } else if is_free != (node == "HeatWave.Free") {
        let message = format!(
            "`{node}` and a database of the shape `{shape}` do not go together: both are free, or neither"
        );
        refuse("database.heatwave_shape", message, "`HeatWave.Free` belongs to `MySQL.Free`")
    } else if is_free && database.heatwave_nodes > 1 {
        refuse(
            "database.heatwave_nodes",
            "a free HeatWave cluster has one node".to_owned(),
            "`heatwave_nodes = 1`",
        )
    } else if shape.starts_with("MySQL.VM.") {
        let message = format!("`{shape}` cannot have a HeatWave cluster");
        refuse("database.shape", message, "take one of `MySQL.2`, `MySQL.4`, `MySQL.8` …")
    } else {
        Vec::new()
    }
}
