//! The database: whether the service offers its shape and version, and lets the shape carry what is asked of it.

use oci_client::services::mysql::models::{ShapeSummary, VersionSummary};
use oci_client::services::mysql::operations::{ListShapes, ListVersions};
use reconcile::graph::suggest;

use super::Place;
use crate::codes::Code;
use crate::config::{Config, Database};
use crate::reads::{Reads, unread};
use crate::report::{Check, Finding, Level};

/// Looks at shapes and versions.
pub(super) async fn look(reads: &Reads, config: &Config, place: &Place) -> Vec<Finding> {
    let database = &config.database;
    let (list, versions) = (ListShapes::new(&place.compartment), ListVersions::new(&place.compartment));
    let (shapes, versions) = tokio::join!(reads.value(&list), reads.value(&versions));
    let mut findings = match shapes {
        Ok(shapes) => judge_shapes(database, &shapes),
        Err(error) => {
            let needed = "the shapes that MySQL offers";
            vec![unread(Check::Database, &database.shape, needed, &error, Level::Fault).key("database.shape")]
        }
    };
    if let Some(wanted) = &database.version {
        findings.push(match versions {
            Ok(families) => judge_version(wanted, &families),
            Err(error) => {
                let needed = "the versions that MySQL offers";
                unread(Check::Database, wanted, needed, &error, Level::Fault).key("database.version")
            }
        });
    }
    findings
}

/// Whether a shape may be used for something, in the service's words.
fn is_for(shape: &ShapeSummary, purpose: &str) -> bool {
    shape.is_supported_for.iter().flatten().any(|word| word.as_str().eq_ignore_ascii_case(purpose))
}

fn judge_shapes(database: &Database, shapes: &[ShapeSummary]) -> Vec<Finding> {
    let for_purpose = |purpose: &'static str| shapes.iter().filter(move |shape| is_for(shape, purpose));
    let mut findings = Vec::new();
    let (finding, shape) =
        offered(&database.shape, "database.shape", "a shape of DB systems", &for_purpose("DBSYSTEM"));
    findings.push(finding);
    if let Some(shape) = shape {
        findings.extend(carries(database, shape));
    }
    if database.heatwave_nodes > 0 {
        let nodes = for_purpose("HEATWAVECLUSTER").filter(|shape| !is_for(shape, "DBSYSTEM"));
        let key = "database.heatwave_shape";
        findings.push(offered(&database.heatwave_shape, key, "a shape of HeatWave nodes", &nodes).0);
    }
    findings
}

fn offered<'s>(
    name: &str,
    key: &'static str,
    needed: &str,
    shapes: &(impl Iterator<Item = &'s ShapeSummary> + Clone),
) -> (Finding, Option<&'s ShapeSummary>) {
    let finding = |found: String| Finding::ok(Check::Database, name, needed, found).key(key);
    let names = || shapes.clone().filter_map(|shape| shape.name.as_deref());
    match shapes.clone().find(|shape| shape.name.as_deref() == Some(name)) {
        Some(shape) => {
            let number = |value: Option<i64>| value.map_or("?".to_owned(), |value| value.to_string());
            let (cores, memory) = (number(shape.cpu_core_count), number(shape.memory_size_in_gbs));
            (finding(format!("offered: {cores} cores, {memory} GB")), Some(shape))
        }
        None => {
            let advice = suggest(name, names()).map_or_else(
                || format!("take one of {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            (finding("not offered here".to_owned()).fault(Code::DatabaseShapeMissing).advice(advice), None)
        }
    }
}

/// Whether the shape carries what is asked of it. The smallest shapes that may have replicas are those of 4 OCPUs or 8 ECPUs, and the
/// free one stands alone (service's documentation); the shapes that the service calls after virtual machines count OCPUs.
fn carries(database: &Database, shape: &ShapeSummary) -> Vec<Finding> {
    let name = database.shape.as_str();
    let is_free = name == "MySQL.Free";
    let counts_ocpus = name.contains(".VM.");
    let (least, unit) = if counts_ocpus { (4, "OCPUs") } else { (8, "ECPUs") };
    let finding = |key: &'static str, needed: String, found: String| {
        Finding::ok(Check::Database, name, needed, found).key(key)
    };
    let judge = |key: &'static str, needed: String, is_possible: bool, found: String, advice: &str| {
        let finding = finding(key, needed, found);
        if is_possible { finding } else { finding.fault(Code::DatabaseShapeUse).advice(advice) }
    };
    let mut findings = Vec::new();
    if database.replicas > 0 {
        let cores = shape.cpu_core_count.unwrap_or(i64::MAX);
        let found = if is_free { "it is free".to_owned() } else { format!("{cores} {unit}") };
        let needed = format!("{least} {unit} for read replicas");
        let advice = "take a larger shape, or no replicas";
        findings.push(judge("database.replicas", needed, cores >= least && !is_free, found, advice));
    }
    if database.high_availability {
        let needed = "three instances for high availability".to_owned();
        let found = if is_free { "the free shape stands alone" } else { "it can have three" };
        let advice = "take a paid shape, or set `database.high_availability = false`";
        findings.push(judge("database.high_availability", needed, !is_free, found.to_owned(), advice));
    }
    if database.heatwave_nodes > 0 {
        let is_possible = is_for(shape, "HEATWAVECLUSTER");
        let found = if is_possible { "it may have one" } else { "it may not have one" };
        let advice =
            "take a shape that MySQL lists for HeatWave clusters, or set `database.heatwave_nodes = 0`";
        let needed = "a HeatWave cluster".to_owned();
        findings.push(judge("database.heatwave_nodes", needed, is_possible, found.to_owned(), advice));
    }
    findings
}

/// A version with one or two numbers stands for all that begin with them.
fn judge_version(wanted: &str, families: &[VersionSummary]) -> Finding {
    let versions = families.iter().flat_map(|family| family.versions.iter().flatten());
    let versions: Vec<&str> = versions.filter_map(|version| version.version.as_deref()).collect();
    let is_meant = |offered: &str| {
        let rest = offered.strip_prefix(wanted);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let meant: Vec<&str> = versions.iter().copied().filter(|offered| is_meant(offered)).collect();
    let finding = |found: String| {
        Finding::ok(Check::Database, wanted, "a version of MySQL that is offered", found)
            .key("database.version")
    };
    if let Some(last) = meant.last() {
        return finding(format!("offered: {last}"));
    }
    let advice = suggest(wanted, versions.iter().copied()).map_or_else(
        || format!("take one of {}", versions.join(", ")),
        |near| format!("`{near}` is offered; without `database.version` it is the service's newest"),
    );
    finding("not offered here".to_owned()).fault(Code::DatabaseVersion).advice(advice)
}

#[cfg(test)]
mod tests {
    use oci_client::services::mysql::models::{ShapeSummaryIsSupportedFor as For, Version};

    use super::*;

    fn shape(name: &str, cores: i64, uses: &[&str]) -> ShapeSummary {
        ShapeSummary {
            name: Some(name.to_owned()),
            cpu_core_count: Some(cores),
            is_supported_for: Some(uses.iter().map(|word| For::from(*word)).collect()),
            memory_size_in_gbs: Some(8),
        }
    }

    fn worst(database: &Database) -> Level {
        let shapes = [
            shape("MySQL.4", 4, &["DBSYSTEM", "HEATWAVECLUSTER"]),
            shape("MySQL.8", 8, &["DBSYSTEM"]),
            shape("MySQL.VM.Standard.E3.4.64GB", 4, &["DBSYSTEM"]),
            shape("HeatWave.512GB", 16, &["HEATWAVECLUSTER"]),
        ];
        judge_shapes(database, &shapes).iter().map(|finding| finding.level).max().unwrap()
    }

    #[test]
    fn a_shape_is_judged_by_what_the_service_says_of_it() {
        let database = |shape: &str| Database { shape: shape.to_owned(), ..Database::default() };
        assert_eq!(worst(&database("MySQL.4")), Level::Ok);
        assert_eq!(worst(&database("MySQL.5")), Level::Fault);
        assert_eq!(worst(&Database { replicas: 1, ..database("MySQL.4") }), Level::Fault);
        assert_eq!(worst(&Database { replicas: 1, ..database("MySQL.8") }), Level::Ok);
        assert_eq!(worst(&Database { replicas: 1, ..database("MySQL.VM.Standard.E3.4.64GB") }), Level::Ok);
        assert_eq!(worst(&Database { heatwave_nodes: 1, ..database("MySQL.4") }), Level::Ok);
        assert_eq!(worst(&Database { heatwave_nodes: 1, ..database("MySQL.8") }), Level::Fault);
        assert_eq!(worst(&database("HeatWave.512GB")), Level::Fault, "a node is no DB system");
    }

    #[test]
    fn a_short_version_stands_for_those_that_begin_with_it() {
        let versions = ["8.4.1", "8.4.2", "9.1.0"]
            .map(|version| Version { version: Some(version.to_owned()), ..Version::default() });
        let families = [VersionSummary { versions: Some(versions.into()), ..VersionSummary::default() }];
        assert_eq!(judge_version("8.4", &families).found, "offered: 8.4.2");
        assert_eq!(judge_version("9.1.0", &families).level, Level::Ok);
        assert_eq!(judge_version("8.4.3", &families).level, Level::Fault);
        assert_eq!(judge_version("8", &families).level, Level::Ok);
        assert_eq!(judge_version("8.", &families).level, Level::Fault);
    }
}
