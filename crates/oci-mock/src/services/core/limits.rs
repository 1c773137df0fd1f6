//! Service limits of networking, compute and block volume: their defaults, and what counts towards them.
//!
//! The values are those of one paid tenancy seen in public logs, where there is one. A test sets others with
//! [`set_limit`]; the limits service shows the same numbers.

use serde_json::{Value, json};

use super::catalogue::SHAPES;
use super::instance::INSTANCE;
use super::public_ip::PUBLIC_IP;
use super::vcn::VCN;
use super::volume::VOLUME;
use crate::cloud::{Cloud, Resource};
use crate::error::ApiError;

/// Where a limit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In each availability domain.
    AvailabilityDomain,
    /// In the region.
    Region,
}

/// One limit.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The service as the limits API calls it.
    pub service: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Where it holds.
    pub scope: Scope,
    /// Its value unless somebody sets another.
    pub default: u64,
    /// Whether its use can be asked for; a ceiling for each VCN has no use of its own.
    pub has_usage: bool,
}

const fn limit(
    service: &'static str,
    name: &'static str,
    scope: Scope,
    default: u64,
    has_usage: bool,
) -> Limit {
    Limit { service, name, scope, default, has_usage }
}

/// The limits of this API.
pub const LIMITS: &[Limit] = &[
    limit("compute", "standard-a1-core-count", Scope::AvailabilityDomain, 400, true),
    limit("compute", "standard-a1-memory-count", Scope::AvailabilityDomain, 2400, true),
    limit("compute", "standard-a2-core-count", Scope::AvailabilityDomain, 400, true),
    limit("compute", "standard-a2-memory-count", Scope::AvailabilityDomain, 4000, true),
    limit("compute", "standard-e4-core-count", Scope::AvailabilityDomain, 400, true),
    limit("compute", "standard-e4-memory-count", Scope::AvailabilityDomain, 6400, true),
    limit("compute", "standard-e5-core-count", Scope::AvailabilityDomain, 400, true),
    limit("compute", "standard-e5-memory-count", Scope::AvailabilityDomain, 4800, true),
    limit("compute", "standard3-core-count", Scope::AvailabilityDomain, 400, true),
    limit("compute", "standard3-memory-count", Scope::AvailabilityDomain, 6400, true),
    limit("compute", "standard-e2-micro-core-count", Scope::AvailabilityDomain, 2, true),
    limit("compute", "standard2-core-count", Scope::AvailabilityDomain, 100, true),
    limit("block-storage", "volume-count", Scope::AvailabilityDomain, 1000, true),
    limit("block-storage", "total-storage-gb", Scope::AvailabilityDomain, 200_000, true),
    limit("vcn", "vcn-count", Scope::Region, 50, true),
    limit("vcn", "reserved-public-ip-count", Scope::Region, 50, true),
    limit("vcn", "subnet-count", Scope::Region, 300, false),
    limit("vcn", "route-table-count", Scope::Region, 300, false),
    limit("vcn", "security-list-count", Scope::Region, 300, false),
    limit("vcn", "dhcp-option-count", Scope::Region, 300, false),
    limit("vcn", "internet-gateway-count", Scope::Region, 1, false),
    limit("vcn", "nat-gateway-count", Scope::Region, 1, false),
    limit("vcn", "service-gateway-count", Scope::Region, 1, false),
    limit("vcn", "networksecuritygroups-count", Scope::Region, 1000, false),
    limit("vcn", "securityrules-per-networksecuritygroup-count", Scope::Region, 120, false),
];

/// The note with the values that were set.
pub(crate) const NOTE: &str = "core.limits";

/// The value of a limit; none when there is no such limit.
#[must_use]
pub fn limit_value(cloud: &Cloud, name: &str) -> Option<u64> {
    let known = LIMITS.iter().find(|limit| limit.name == name)?;
    Some(cloud.note(NOTE).get(name).and_then(Value::as_u64).unwrap_or(known.default))
}

/// Sets a limit.
pub fn set_limit(cloud: &mut Cloud, name: &str, value: u64) {
    let note = cloud.note_mut(NOTE);
    if !note.is_object() {
        *note = json!({});
    }
    note[name] = json!(value);
}

/// How much of a limit is in use, in this availability domain where it holds in each; none when its use
/// cannot be asked for.
#[must_use]
pub fn limit_usage(cloud: &Cloud, name: &str, availability_domain: Option<&str>) -> Option<u64> {
    let limit = LIMITS.iter().find(|limit| limit.name == name && limit.has_usage)?;
    let here = |r: &&Resource| {
        r.is_live()
            && (limit.scope == Scope::Region
                || availability_domain.is_none_or(|domain| r.text("availabilityDomain") == Some(domain)))
    };
    let gigabytes = |r: &Resource| r.body.get("sizeInGBs").and_then(Value::as_u64).unwrap_or(0);
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Some(match limit.name {
        "vcn-count" => count(cloud.of_kind(&VCN).filter(here).count()),
        "reserved-public-ip-count" => {
            let reserved = |r: &&Resource| r.text("lifetime") == Some("RESERVED");
            count(cloud.of_kind(&PUBLIC_IP).filter(here).filter(reserved).count())
        }
        "volume-count" => count(cloud.of_kind(&VOLUME).filter(here).count()),
        "total-storage-gb" => {
            let boot = cloud.of_kind(&super::boot_volume::BOOT_VOLUME).filter(here).map(gigabytes);
            cloud.of_kind(&VOLUME).filter(here).map(gigabytes).chain(boot).sum()
        }
        name => cloud.of_kind(&INSTANCE).filter(here).map(|instance| share(instance, name)).sum(),
    })
}

/// What one instance takes of a compute limit: OCPUs or gigabytes, rounded up.
fn share(instance: &Resource, name: &str) -> u64 {
    let shape = SHAPES.iter().find(|shape| Some(shape.name) == instance.text("shape"));
    if !shape.is_some_and(|shape| shape.quota_names().iter().any(|quota| quota == name)) {
        return 0;
    }
    let config = instance.body.get("shapeConfig");
    let field = if name.contains("memory") { "memoryInGBs" } else { "ocpus" };
    whole(config.and_then(|config| config[field].as_f64()).unwrap_or(0.0))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "validated shapes are small and positive"
)]
fn whole(number: f64) -> u64 {
    number.ceil() as u64
}

/// Refuses what would exceed a limit.
///
/// # Errors
/// 400 `LimitExceeded`.
pub(super) fn check(
    cloud: &Cloud,
    name: &str,
    availability_domain: Option<&str>,
    wanted: f64,
) -> Result<(), ApiError> {
    let (Some(max), Some(used)) = (limit_value(cloud, name), limit_usage(cloud, name, availability_domain))
    else {
        return Ok(());
    };
    if used.saturating_add(whole(wanted)) <= max {
        return Ok(());
    }
    Err(ApiError::limit_exceeded(format!(
        "The following service limits were exceeded: {name}. {used} of {max} are in use and {wanted} more were asked for."
    )))
}
