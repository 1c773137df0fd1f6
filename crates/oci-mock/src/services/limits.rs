//! Service limits: API `20190729` at `limits`. What may exist, and how much of it does.
//!
//! The limits of networking, compute and block volume are declared beside their services; those of the other
//! services are here. Values are those of one paid tenancy seen in public logs, where there is one; a test, or
//! `PUT /_mock/limits`, sets others.

use http::Method;
use serde_json::{Value, json};

use super::core::limits::{self as core_limits, Limit, Scope};
use super::file_storage::file_system::FILE_SYSTEM;
use super::file_storage::mount_target::MOUNT_TARGET;
use super::identity::compartment::COMPARTMENT;
use super::mysql::db_system::DB_SYSTEM;
use super::mysql::heat_wave::HEAT_WAVE_CLUSTER;
use super::network_load_balancer::LOAD_BALANCER;
use super::{Call, Module, Reply, answer, page, read};
use crate::cloud::{Cloud, Kind, Resource};
use crate::control::{Control, ControlCall};
use crate::error::ApiError;

const CLIENT: &str = "LimitsClient";

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        read(CLIENT, "ListServices", list_services),
        read(CLIENT, "ListLimitDefinitions", list_definitions),
        read(CLIENT, "ListLimitValues", list_values),
        read(CLIENT, "GetResourceAvailability", availability),
    ],
    kinds: &[],
    events: &[],
    seed: None,
};

/// `PUT /_mock/limits` with `{"nat-gateway-count": 0}`.
pub(crate) const CONTROLS: &[Control] = &[Control { method: Method::PUT, path: "limits", run: set }];

const fn limit(
    service: &'static str,
    name: &'static str,
    scope: Scope,
    default: u64,
    has_usage: bool,
) -> Limit {
    Limit { service, name, scope, default, has_usage }
}

/// The limits of the services outside of core. (The names for MySQL's paid shapes are not documented.)
const OTHERS: &[Limit] = &[
    limit("filesystem", "file-system-count", Scope::AvailabilityDomain, 100, true),
    limit("filesystem", "mount-target-count", Scope::AvailabilityDomain, 2, true),
    limit("network-load-balancer-api", "max-nlb-flexible-count", Scope::Region, 8, true),
    limit("mysql", "mysql-free-count", Scope::Region, 1, true),
    limit("mysql", "mysql-heatwave-free-count", Scope::Region, 1, true),
    limit("object-storage", "storage-bytes", Scope::Region, 5_497_558_138_880, false),
    limit("compartments", "compartment-count", Scope::Region, 1000, true),
];

fn all() -> impl Iterator<Item = &'static Limit> {
    core_limits::LIMITS.iter().chain(OTHERS)
}

fn value(cloud: &Cloud, limit: &Limit) -> u64 {
    cloud.note(core_limits::NOTE).get(limit.name).and_then(Value::as_u64).unwrap_or(limit.default)
}

/// How much is in use; none when the service does not tell.
fn usage(cloud: &Cloud, limit: &Limit, domain: Option<&str>) -> Option<u64> {
    let count = |kind: &Kind, fits: fn(&Resource) -> bool| {
        let here = |resource: &&Resource| {
            let placed = limit.scope == Scope::Region || resource.text("availabilityDomain") == domain;
            resource.is_live() && placed && fits(resource)
        };
        u64::try_from(cloud.of_kind(kind).filter(here).count()).ok()
    };
    match limit.name {
        "file-system-count" => count(&FILE_SYSTEM, |_| true),
        "mount-target-count" => count(&MOUNT_TARGET, |_| true),
        "max-nlb-flexible-count" => count(&LOAD_BALANCER, |_| true),
        "compartment-count" => count(&COMPARTMENT, |_| true),
        "mysql-free-count" => count(&DB_SYSTEM, |system| system.text("shapeName") == Some("MySQL.Free")),
        "mysql-heatwave-free-count" => {
            count(&HEAT_WAVE_CLUSTER, |cluster| cluster.text("shapeName") == Some("HeatWave.Free"))
        }
        name => core_limits::limit_usage(cloud, name, domain),
    }
}

/// Refuses one more of what a limit counts, when there is no room for it.
///
/// # Errors
/// 400 `LimitExceeded`, naming the limit.
pub(crate) fn require_room(cloud: &Cloud, name: &str, domain: Option<&str>) -> Result<(), ApiError> {
    let Some(limit) = OTHERS.iter().find(|limit| limit.name == name) else { return Ok(()) };
    let (max, used) = (value(cloud, limit), usage(cloud, limit, domain).unwrap_or(0));
    if used < max {
        return Ok(());
    }
    Err(ApiError::limit_exceeded(format!(
        "The following service limits were exceeded: {name}. {used} of {max} are in use."
    )))
}

fn set(cloud: &mut Cloud, call: &ControlCall) -> Result<Value, ApiError> {
    let given = call.body.as_object().ok_or_else(|| ApiError::cannot_parse("An object is needed."))?;
    for (name, value) in given {
        if !all().any(|limit| limit.name == name) {
            return Err(ApiError::invalid(name, "there is no such limit"));
        }
        let value = value.as_u64().ok_or_else(|| ApiError::invalid(name, "a number is needed"))?;
        core_limits::set_limit(cloud, name, value);
    }
    Ok(cloud.note(core_limits::NOTE).clone())
}

fn list_services(_: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let mut names: Vec<&'static str> = all().map(|limit| limit.service).collect();
    names.sort_unstable();
    names.dedup();
    if call.query("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("DESC")) {
        names.reverse();
    }
    let (shown, next) = page(call, names, |name| name, 100)?;
    let services = shown.into_iter().map(|name| json!({"name": name, "description": name}));
    Ok(answer(call, services.collect(), next))
}

/// The limits that the query's service and name select, by name.
fn selected(call: &Call) -> Vec<&'static Limit> {
    let fits = |parameter: &str, own: &str| call.query(parameter).is_none_or(|wanted| wanted == own);
    let fits = |limit: &&Limit| fits("serviceName", limit.service) && fits("name", limit.name);
    let mut limits: Vec<&'static Limit> = all().filter(fits).collect();
    limits.sort_by_key(|limit| (limit.service, limit.name));
    if call.query("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("DESC")) {
        limits.reverse();
    }
    limits
}

fn scope(limit: &Limit) -> &'static str {
    match limit.scope {
        Scope::AvailabilityDomain => "AD",
        Scope::Region => "REGION",
    }
}

fn list_definitions(_: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let (shown, next) = page(call, selected(call), |limit| limit.name, 100)?;
    let definitions = shown.into_iter().map(|limit| {
        json!({
            "name": limit.name, "serviceName": limit.service, "description": limit.name, "scopeType": scope(limit),
            "areQuotasSupported": true, "isResourceAvailabilitySupported": limit.has_usage,
            "isDeprecated": false, "isEligibleForLimitIncrease": true, "isDynamic": false,
        })
    });
    Ok(answer(call, definitions.collect(), next))
}

/// One line a limit, or one for each availability domain.
fn list_values(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    if call.query("compartmentId") != Some(cloud.place().tenancy_id.as_str()) {
        return Err(ApiError::invalid(
            "compartmentId",
            "limits are those of the tenancy, the root compartment",
        ));
    }
    let domains = cloud.place().availability_domains();
    let mut lines: Vec<(String, Value)> = Vec::new();
    for limit in selected(call) {
        if call.query("scopeType").is_some_and(|wanted| wanted != scope(limit)) {
            continue;
        }
        let mut line = json!({"name": limit.name, "scopeType": scope(limit), "value": value(cloud, limit)});
        if limit.scope == Scope::Region {
            if call.query("availabilityDomain").is_none() {
                lines.push((limit.name.to_owned(), line));
            }
            continue;
        }
        for domain in &domains {
            if call.query("availabilityDomain").is_none_or(|wanted| wanted == domain) {
                line["availabilityDomain"] = json!(domain);
                lines.push((format!("{}/{domain}", limit.name), line.clone()));
            }
        }
    }
    let keyed: Vec<(&String, Value)> = lines.iter().map(|(key, line)| (key, line.clone())).collect();
    let (shown, next) = page(call, keyed, |(key, _)| key.as_str(), 100)?;
    Ok(answer(call, shown.into_iter().map(|(_, line)| line).collect(), next))
}

fn availability(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let (service, name) = (call.param(0), call.param(1));
    let not_found = || ApiError::not_found(format!("no availability of the limit {name} of {service}"));
    let limit = all().find(|limit| limit.service == service && limit.name == name).ok_or_else(not_found)?;
    let domain = call.query("availabilityDomain");
    match (limit.scope, domain) {
        (Scope::AvailabilityDomain, None) => return Err(ApiError::missing("availabilityDomain")),
        (Scope::Region, Some(_)) => {
            return Err(ApiError::invalid("availabilityDomain", "this limit holds in the whole region"));
        }
        (Scope::AvailabilityDomain, Some(domain))
            if !cloud.place().availability_domains().iter().any(|known| known == domain) =>
        {
            return Err(ApiError::invalid(
                "availabilityDomain",
                format!("{domain:?} is not one of the region's"),
            ));
        }
        (Scope::AvailabilityDomain | Scope::Region, _) => {}
    }
    // 404 also where the service does not tell: unknown is not zero.
    let used = Some(limit).filter(|limit| limit.has_usage).and_then(|limit| usage(cloud, limit, domain));
    let used = used.ok_or_else(not_found)?;
    let available = value(cloud, limit).saturating_sub(used);
    #[expect(clippy::cast_precision_loss, reason = "the API has these twice, once as a fraction")]
    let (fractional_used, fractional_available) = (used as f64, available as f64);
    Ok(Reply::json(json!({
        "used": used, "available": available, "fractionalUsage": fractional_used,
        "fractionalAvailability": fractional_available,
    })))
}
