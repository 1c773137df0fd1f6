//! Health: what the checks found, and since when.
//!
//! Checks are not run one by one. What a check would find is a function of the cloud, so it is looked at
//! whenever the cloud changes (`observe`); a result counts once it has held for the checker's
//! `retries × interval`, in both directions.
//!
//! API: Network Load Balancer 20200501, `NetworkLoadBalancerHealth`, `BackendSetHealth`, `BackendHealth`.

use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::parts::{find_backend, find_set};
use super::probe::{self, Finding};
use super::{BACKEND, BACKEND_SET, CLIENT, LOAD_BALANCER, OWNER, SET_NAME, backends_of, parts_of};
use crate::clock::Time;
use crate::cloud::{Cloud, Event, Resource};
use crate::control::{Control, ControlCall};
use crate::error::ApiError;
use crate::network;
use crate::services::{Call, Module, NamedEvent, Reply, answer, page, read};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        read(CLIENT, "ListNetworkLoadBalancerHealths", list),
        read(CLIENT, "GetNetworkLoadBalancerHealth", balancer_health),
        read(CLIENT, "GetBackendSetHealth", set_health),
        read(CLIENT, "GetBackendHealth", backend_health),
        read(CLIENT, "GetBackendOperationalStatus", operational_status),
    ],
    kinds: &[],
    // After each event the load balancers look at their backends anyway.
    events: &[NamedEvent { name: LOOK, run: |cloud, _| *cloud.note_mut(NEXT_LOOK) = Value::Null }],
    seed: None,
};

/// What is known of each backend, by its id in the store.
const NOTE: &str = "network_load_balancer.health";
/// When a look is scheduled.
const NEXT_LOOK: &str = "network_load_balancer.next_look";
const LOOK: &str = "network_load_balancer.look";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    /// What a check finds at present.
    result: String,
    /// Why, for people.
    why: String,
    /// Since when checks have come to this verdict (well or not).
    since: Time,
    /// How long a verdict must hold until it counts.
    window_millis: u64,
    /// What counted before.
    before: String,
    interval_millis: u64,
}

impl Known {
    fn status(&self, now: Time) -> &str {
        if now.since(self.since) < Duration::from_millis(self.window_millis) {
            return &self.before;
        }
        if self.result == "OK" { "OK" } else { "CRITICAL" }
    }
}

/// Lets every load balancer look at its backends. To be called after each change of the cloud.
pub(crate) fn observe(cloud: &mut Cloud) {
    let now = cloud.now();
    let mut changes: Vec<(String, Known)> = Vec::new();
    let mut next: Option<Time> = None;
    for balancer in cloud.of_kind(&LOAD_BALANCER).filter(|balancer| balancer.is_live()) {
        for backend in parts_of(cloud, &BACKEND, &balancer.id) {
            let Some(set) = probe::set_of(cloud, &balancer.id, backend) else { continue };
            let found = probe::check(cloud, balancer, set, backend, now);
            let due = probe::instance_of(cloud, balancer, backend).and_then(|i| network::next_change(i, now));
            next = next.into_iter().chain(due).min();
            if let Some(known) = news(cloud, set, backend, found, now) {
                changes.push((backend.id.to_string(), known));
            }
        }
    }
    if !changes.is_empty() {
        let note = cloud.note_mut(NOTE);
        if !note.is_object() {
            *note = json!({});
        }
        for (id, known) in changes {
            note[id] = json!(known);
        }
    }
    schedule_look(cloud, next);
}

/// What is to be noted of a backend, if that is anything new.
fn news(cloud: &Cloud, set: &Resource, backend: &Resource, found: Finding, now: Time) -> Option<Known> {
    let checker = &set.body["healthChecker"];
    let interval_millis = checker["intervalInMillis"].as_u64().unwrap_or(10_000);
    let window_millis = checker["retries"].as_u64().unwrap_or(3) * interval_millis;
    let old = known(cloud, &backend.id);
    let (since, before) = match &old {
        None => (now, "UNKNOWN".to_owned()),
        Some(old) if (old.result == "OK") == (found.result == "OK") => (old.since, old.before.clone()),
        Some(old) => (now, old.status(now).to_owned()),
    };
    let is_old = old.is_some_and(|old| {
        old.result == found.result && old.why == found.why && old.window_millis == window_millis
    });
    let known = Known {
        result: found.result.to_owned(),
        why: found.why,
        since,
        window_millis,
        before,
        interval_millis,
    };
    (!is_old).then_some(known)
}

fn known(cloud: &Cloud, backend: &str) -> Option<Known> {
    serde_json::from_value(cloud.note(NOTE).get(backend)?.clone()).ok()
}

/// A server that is starting changes by itself: looks again then.
fn schedule_look(cloud: &mut Cloud, next: Option<Time>) {
    let Some(next) = next else { return };
    let scheduled = cloud.note(NEXT_LOOK).as_i64();
    if scheduled.is_some_and(|at| at <= next.millis()) {
        return;
    }
    *cloud.note_mut(NEXT_LOOK) = json!(next.millis());
    let wait = next.since(cloud.now());
    cloud.after(wait, Event::named(LOOK, Value::Null));
}

/// Forgets a backend that is gone.
pub(super) fn forget(cloud: &mut Cloud, backend: &str) {
    if let Value::Object(note) = cloud.note_mut(NOTE) {
        note.remove(backend);
    }
}

/// The health of a backend: `OK`, `CRITICAL` or `UNKNOWN`.
pub(crate) fn status(cloud: &Cloud, backend: &str, now: Time) -> String {
    known(cloud, backend).map_or_else(|| "UNKNOWN".to_owned(), |known| known.status(now).to_owned())
}

/// What the control interface tells beyond the API: `GET /_mock/network-load-balancers/{id}/health` says of each
/// backend what the checks find and why.
pub(crate) const CONTROLS: &[Control] =
    &[Control { method: Method::GET, path: "network-load-balancers/{}/health", run: explain }];

fn explain(cloud: &mut Cloud, call: &ControlCall) -> Result<Value, ApiError> {
    let id = call.path[0].as_str();
    cloud.find(&LOAD_BALANCER, id)?;
    let now = cloud.now();
    let lines = parts_of(cloud, &BACKEND, id).into_iter().map(|backend| {
        let known = known(cloud, &backend.id);
        json!({
            "backendSet": backend.text(SET_NAME), "backend": backend.text("name"),
            "status": status(cloud, &backend.id, now),
            "result": known.as_ref().map(|known| &known.result), "why": known.as_ref().map(|known| &known.why),
        })
    });
    Ok(Value::Array(lines.collect()))
}

/// The backends of a set that get new connections now.
///
/// Drained and offline ones get none; backups only when nobody else is healthy; and when nobody is at all,
/// everybody, if the set fails open.
pub(crate) fn receivers<'c>(cloud: &'c Cloud, set: &'c Resource, now: Time) -> Vec<&'c Resource> {
    let is = |resource: &Resource, flag: &str| resource.body.get(flag) == Some(&json!(true));
    let balancer = set.text(OWNER).unwrap_or_default();
    let mut willing = backends_of(cloud, balancer, set.text("name").unwrap_or_default());
    willing.retain(|backend| !is(backend, "isDrain") && !is(backend, "isOffline"));
    let healthy = |backend: &&&Resource| status(cloud, &backend.id, now) == "OK";
    let (backups, first): (Vec<&Resource>, Vec<&Resource>) =
        willing.iter().filter(healthy).copied().partition(|backend| is(backend, "isBackup"));
    match (first.is_empty(), backups.is_empty()) {
        (false, _) => first,
        (true, false) => backups,
        (true, true) if is(set, "isFailOpen") => willing,
        (true, true) => Vec::new(),
    }
}

/// The health of a whole, from that of its parts (Oracle's API reference): `OK` when all are, `CRITICAL` when
/// fewer than half are, `UNKNOWN` when most of them are or there is none, `WARNING` in between.
fn of_parts(parts: &[(String, String)]) -> &'static str {
    let count = |status: &str| parts.iter().filter(|(_, own)| own == status).count();
    match parts.len() {
        0 => "UNKNOWN",
        all if count("OK") == all => "OK",
        all if count("UNKNOWN") * 2 > all => "UNKNOWN",
        all if count("OK") * 2 < all => "CRITICAL",
        _ => "WARNING",
    }
}

fn names(parts: &[(String, String)], status: &str) -> Vec<String> {
    parts.iter().filter(|(_, own)| own == status).map(|(name, _)| name.clone()).collect()
}

fn backend_states(cloud: &Cloud, set: &Resource, now: Time) -> Vec<(String, String)> {
    let name = |part: &Resource| part.text("name").unwrap_or_default().to_owned();
    let backends =
        backends_of(cloud, set.text(OWNER).unwrap_or_default(), set.text("name").unwrap_or_default());
    backends.into_iter().map(|backend| (name(backend), status(cloud, &backend.id, now))).collect()
}

fn set_states(cloud: &Cloud, balancer: &str, now: Time) -> Vec<(String, String)> {
    let sets = parts_of(cloud, &BACKEND_SET, balancer).into_iter();
    sets.map(|set| {
        let status = of_parts(&backend_states(cloud, set, now));
        (set.text("name").unwrap_or_default().to_owned(), status.to_owned())
    })
    .collect()
}

/// One critical set makes the whole critical.
fn of_sets(sets: &[(String, String)]) -> &'static str {
    if names(sets, "CRITICAL").is_empty() { of_parts(sets) } else { "CRITICAL" }
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let compartment = call.required_query("compartmentId")?;
    let balancers: Vec<&Resource> =
        cloud.in_compartment(&LOAD_BALANCER, compartment).filter(|balancer| balancer.is_live()).collect();
    let (shown, next) = page(call, balancers, |balancer| &balancer.id, super::load_balancer::PAGE_LIMIT)?;
    let lines = shown.into_iter().map(|balancer| {
        let status = of_sets(&set_states(cloud, &balancer.id, call.now));
        json!({"networkLoadBalancerId": &*balancer.id, "status": status})
    });
    Ok(answer(call, lines.collect(), next))
}

fn balancer_health(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    cloud.find(&LOAD_BALANCER, call.id())?;
    let sets = set_states(cloud, call.id(), call.now);
    Ok(Reply::json(json!({
        "status": of_sets(&sets), "totalBackendSetCount": sets.len(),
        "warningStateBackendSetNames": names(&sets, "WARNING"),
        "criticalStateBackendSetNames": names(&sets, "CRITICAL"),
        "unknownStateBackendSetNames": names(&sets, "UNKNOWN"),
    })))
}

fn set_health(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let backends = backend_states(cloud, find_set(cloud, call)?, call.now);
    Ok(Reply::json(json!({
        "status": of_parts(&backends), "totalBackendCount": backends.len(),
        "warningStateBackendNames": names(&backends, "WARNING"),
        "criticalStateBackendNames": names(&backends, "CRITICAL"),
        "unknownStateBackendNames": names(&backends, "UNKNOWN"),
    })))
}

fn backend_health(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let backend = find_backend(cloud, call)?;
    let Some(known) = known(cloud, &backend.id) else {
        return Ok(Reply::json(json!({"status": "UNKNOWN", "healthCheckResults": []})));
    };
    // The last check lay at a multiple of the interval.
    let passed = u64::try_from(call.now.since(known.since).as_millis()).unwrap_or(0);
    let last = passed - passed % known.interval_millis.max(1);
    let timestamp = known.since.after(Duration::from_millis(last)).rfc3339();
    Ok(Reply::json(json!({
        "status": known.status(call.now),
        "healthCheckResults": [{"timestamp": timestamp, "healthCheckStatus": known.result}],
    })))
}

fn operational_status(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let backend = find_backend(cloud, call)?;
    let set = find_set(cloud, call)?;
    let receives = receivers(cloud, set, call.now).iter().any(|receiver| receiver.id == backend.id);
    let status = match status(cloud, &backend.id, call.now).as_str() {
        _ if receives => "ACTIVE",
        "UNKNOWN" => "UNKNOWN",
        _ => "STANDBY",
    };
    Ok(Reply::json(json!({"status": status})))
}
