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
