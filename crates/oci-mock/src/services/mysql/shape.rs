//! Shapes and versions: what a DB system can be made of.
//!
//! API: MySQL 20190415, `ShapeSummary`, `VersionSummary`. The figures are those of Oracle's documentation on
//! shapes; which of the shapes carry a HeatWave cluster is not documented in one place, so that all ECPU shapes
//! do here.

use serde_json::{Value, json};

use super::MYSQLAAS;
use crate::cloud::Cloud;
use crate::error::ApiError;
use crate::services::{Call, Module, Reply, read};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[read(MYSQLAAS, "ListShapes", list_shapes), read(MYSQLAAS, "ListVersions", list_versions)],
    kinds: &[],
    events: &[],
    seed: None,
};

/// How the processors of a shape are counted, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// The free one.
    Free,
    /// ECPUs.
    Ecpu,
    /// OCPUs, the older generation.
    Ocpu,
    /// OCPUs, made for HeatWave.
    OcpuHeatWave,
    /// A node of a HeatWave cluster.
    Node,
}

/// A shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) cores: u32,
    pub(super) memory_gb: u32,
    pub(super) family: Family,
}

const fn shape(name: &'static str, cores: u32, memory_gb: u32, family: Family) -> Shape {
    Shape { name, cores, memory_gb, family }
}

const SHAPES: &[Shape] = &[
    shape("MySQL.Free", 2, 8, Family::Free),
    shape("MySQL.2", 2, 16, Family::Ecpu),
    shape("MySQL.4", 4, 32, Family::Ecpu),
    shape("MySQL.8", 8, 64, Family::Ecpu),
    shape("MySQL.16", 16, 128, Family::Ecpu),
    shape("MySQL.32", 32, 256, Family::Ecpu),
    shape("MySQL.48", 48, 384, Family::Ecpu),
    shape("MySQL.64", 64, 512, Family::Ecpu),
    shape("MySQL.256", 256, 1024, Family::Ecpu),
    shape("MySQL.VM.Standard.E3.1.8GB", 1, 8, Family::Ocpu),
    shape("MySQL.VM.Standard.E3.1.16GB", 1, 16, Family::Ocpu),
    shape("MySQL.VM.Standard.E3.2.32GB", 2, 32, Family::Ocpu),
    shape("MySQL.VM.Standard.E3.4.64GB", 4, 64, Family::Ocpu),
    shape("MySQL.VM.Standard.E3.8.128GB", 8, 128, Family::Ocpu),
    shape("MySQL.VM.Standard.E3.16.256GB", 16, 256, Family::Ocpu),
    shape("MySQL.VM.Standard.E3.24.384GB", 24, 384, Family::Ocpu),
    shape("MySQL.VM.Standard.E3.32.512GB", 32, 512, Family::Ocpu),
    shape("MySQL.HeatWave.VM.Standard.E3", 16, 512, Family::OcpuHeatWave),
    shape("HeatWave.Free", 2, 16, Family::Node),
    shape("HeatWave.32GB", 4, 32, Family::Node),
    shape("HeatWave.512GB", 16, 512, Family::Node),
];

impl Shape {
    pub(super) fn is_db_system(self) -> bool {
        self.family != Family::Node
    }

    /// Whether a DB system of this shape may have a HeatWave cluster.
    pub(super) fn carries_heat_wave(self) -> bool {
        matches!(self.family, Family::Free | Family::Ecpu | Family::OcpuHeatWave)
    }

    /// Read replicas need 4 OCPUs or 8 ECPUs, and none are free (Oracle's documentation).
    pub(super) fn carries_replicas(self) -> bool {
        match self.family {
            Family::Ecpu => self.cores >= 8,
            Family::Ocpu | Family::OcpuHeatWave => self.cores >= 4,
            Family::Free | Family::Node => false,
        }
    }

    /// The free shape stands alone.
    pub(super) fn carries_high_availability(self) -> bool {
        !matches!(self.family, Family::Free | Family::Node)
    }

    fn supported_for(self) -> Vec<&'static str> {
        let mut uses = Vec::new();
        if self.is_db_system() {
            uses.push("DBSYSTEM");
        }
        if !self.is_db_system() || self.carries_heat_wave() {
            uses.push("HEATWAVECLUSTER");
        }
        uses
    }
}

pub(super) fn db_system_shapes() -> impl Iterator<Item = Shape> {
    SHAPES.iter().copied().filter(|shape| shape.is_db_system())
}

/// The shape with this name, for a DB system.
pub(super) fn db_system_shape(field: &str, name: &str) -> Result<Shape, ApiError> {
    let found = db_system_shapes().find(|shape| shape.name == name);
    found.ok_or_else(|| ApiError::invalid(field, format!("{name:?} is not a shape of a DB system")))
}

/// The shape with this name, for the nodes of a HeatWave cluster.
pub(super) fn node_shape(field: &str, name: &str) -> Result<Shape, ApiError> {
    let found = SHAPES.iter().copied().find(|shape| shape.name == name && shape.family == Family::Node);
    found.ok_or_else(|| ApiError::invalid(field, format!("{name:?} is not a shape of a HeatWave node")))
}

fn list_shapes(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    if let Some(domain) = call.query("availabilityDomain")
        && !cloud.place().availability_domains().iter().any(|known| known == domain)
    {
        return Err(ApiError::invalid(
            "availabilityDomain",
            format!("{domain:?} is not one of the region's"),
        ));
    }
    let wanted: Vec<&str> =
        call.query.get("isSupportedFor").into_iter().flatten().flat_map(|list| list.split(',')).collect();
    let fits = |shape: &&Shape| {
        call.query("name").is_none_or(|name| shape.name == name)
            && wanted
                .iter()
                .all(|wanted| shape.supported_for().iter().any(|known| known.eq_ignore_ascii_case(wanted)))
    };
    let shapes = SHAPES.iter().filter(fits).map(|shape| {
        json!({"name": shape.name, "cpuCoreCount": shape.cores, "memorySizeInGBs": shape.memory_gb,
               "isSupportedFor": shape.supported_for()})
    });
    Ok(Reply::json(Value::Array(shapes.collect())))
}

/// Major and minor version, and the first and the last patch that the mock offers.
type Line = (u32, u32, u32, u32);

/// The families of versions, as the service groups them.
const FAMILIES: [(&str, &[Line]); 3] = [
    ("8.0", &[(8, 0, 36, 44)]),
    ("8.4 - LTS", &[(8, 4, 0, 9)]),
    (
        "9 - Innovation",
        &[(9, 1, 0, 2), (9, 2, 0, 2), (9, 3, 0, 2), (9, 4, 0, 2), (9, 5, 0, 2), (9, 6, 0, 1), (9, 7, 0, 0)],
    ),
];

/// What a DB system gets when nobody says: the newest with long-term support.
pub(super) const DEFAULT_VERSION: &str = "8.4.9";

fn versions(lines: &[Line]) -> impl Iterator<Item = String> {
    lines.iter().flat_map(|(major, minor, first, last)| {
        (*first..=*last).map(move |patch| format!("{major}.{minor}.{patch}"))
    })
}

pub(super) fn require_version(field: &str, version: &str) -> Result<(), ApiError> {
    let known = FAMILIES.iter().any(|(_, lines)| versions(lines).any(|known| known == version));
    if known { Ok(()) } else { Err(ApiError::invalid(field, format!("MySQL {version:?} is not offered"))) }
}

/// A version as numbers, to be compared.
pub(super) fn version_key(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

fn list_versions(_: &Cloud, _: &Call) -> Result<Reply, ApiError> {
    let families = FAMILIES.iter().map(|(family, lines)| {
        let versions = versions(lines).map(|version| json!({"version": version, "description": version}));
        json!({"versionFamily": family, "versions": versions.collect::<Vec<_>>()})
    });
    Ok(Reply::json(Value::Array(families.collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_version_is_offered() {
        require_version("mysqlVersion", DEFAULT_VERSION).unwrap();
    }
}
