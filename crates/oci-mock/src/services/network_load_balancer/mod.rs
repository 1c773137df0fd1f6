//! Network load balancer: API `20200501` at `network-load-balancer-api`.
//!
//! One change at a time: whatever is changed about a load balancer or its parts moves it to `UPDATING`, and a
//! second change is refused with 409 `Conflict` until the first is done. What a change asks for is there when
//! it is done, not before; if its work request fails, it never is.
//!
//! Backend sets, backends and listeners are resources of their own in the store, with ids as Terraform has
//! them; the load balancer shows a copy.

mod details;
pub mod health;
pub mod load_balancer;
pub mod parts;
mod probe;

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cloud::{Affected, Cloud, Event, Kind, New, Resource, WorkRequest};
use crate::error::ApiError;
use crate::ocid::Style;
use crate::services::{Call, Reply, work_requests};

pub(crate) use probe::instance_of;

/// Oracle's client.
pub(crate) const CLIENT: &str = "NetworkLoadBalancerClient";

const fn kind(name: &'static str, model: &'static str, terraform: &'static str) -> Kind {
    Kind {
        name,
        service: "network_load_balancer",
        model,
        terraform: Some(terraform),
        style: Style::Regional,
        gone: &["DELETED"],
        // An hour, as no source says.
        linger_secs: 3600,
    }
}

/// Load balancers.
pub static LOAD_BALANCER: Kind =
    kind("networkloadbalancer", "NetworkLoadBalancer", "oci_network_load_balancer_network_load_balancer");
/// Backend sets.
pub static BACKEND_SET: Kind = kind("backendset", "BackendSet", "oci_network_load_balancer_backend_set");
/// Backends.
pub static BACKEND: Kind = kind("backend", "Backend", "oci_network_load_balancer_backend");
/// Listeners.
pub static LISTENER: Kind = kind("listener", "Listener", "oci_network_load_balancer_listener");

/// Hidden attributes of the parts: where they belong.
const OWNER: &str = "networkLoadBalancerId";
const SET_NAME: &str = "backendSetName";

fn listener_id(balancer: &str, name: &str) -> String {
    format!("networkLoadBalancers/{balancer}/listeners/{name}")
}

fn set_id(balancer: &str, name: &str) -> String {
    format!("networkLoadBalancers/{balancer}/backendSets/{name}")
}

fn backend_id(balancer: &str, set: &str, name: &str) -> String {
    format!("{}/backends/{name}", set_id(balancer, set))
}

/// The listeners, or the backend sets, of a load balancer, by name.
pub(crate) fn parts_of<'c>(cloud: &'c Cloud, kind: &'c Kind, balancer: &'c str) -> Vec<&'c Resource> {
    let mut parts: Vec<&Resource> =
        cloud.live_referrers(kind, balancer).filter(|part| part.text(OWNER) == Some(balancer)).collect();
    parts.sort_by_key(|part| part.text("name"));
    parts
}

/// The backends of a set, by name.
pub(crate) fn backends_of<'c>(cloud: &'c Cloud, balancer: &'c str, set: &str) -> Vec<&'c Resource> {
    let mut backends = parts_of(cloud, &BACKEND, balancer);
    backends.retain(|backend| backend.text(SET_NAME) == Some(set));
    backends
}

/// The backend set with this name.
pub(crate) fn find_named_set<'c>(cloud: &'c Cloud, balancer: &str, name: &str) -> Option<&'c Resource> {
    cloud.get(&set_id(balancer, name))
}

/// A backend set with its backends.
fn whole_set(cloud: &Cloud, set: &Resource) -> Value {
    let mut whole = set.body.clone();
    let balancer = set.text(OWNER).unwrap_or_default();
    let backends = backends_of(cloud, balancer, set.text("name").unwrap_or_default());
    let backends = backends.into_iter().map(|backend| Value::Object(backend.body.clone()));
    whole.insert("backends".to_owned(), Value::Array(backends.collect()));
    Value::Object(whole)
}

/// Brings the copies that a load balancer shows of its parts up to date.
fn refresh(cloud: &mut Cloud, id: &str) {
    let named = |part: &Resource| part.text("name").unwrap_or_default().to_owned();
    let listeners = parts_of(cloud, &LISTENER, id);
    let listeners: Map<String, Value> = listeners
        .into_iter()
        .map(|listener| (named(listener), Value::Object(listener.body.clone())))
        .collect();
    let sets = parts_of(cloud, &BACKEND_SET, id);
    let sets: Map<String, Value> = sets.into_iter().map(|set| (named(set), whole_set(cloud, set))).collect();
    cloud.update(id, |balancer| {
        balancer.set("listeners", Value::Object(listeners));
        balancer.set("backendSets", Value::Object(sets));
    });
}

/// One step of a change, carried out when its time has come. As data, so that it survives in a file.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
enum Step {
    /// A listener exists from now on, in place of one with the same name.
    Listener { name: String, body: Map<String, Value> },
    /// A backend set exists, or has other settings.
    Set { name: String, body: Map<String, Value> },
    /// A backend exists.
    Backend { set: String, name: String, body: Map<String, Value> },
    /// Attributes of a part change.
    Change { id: String, fields: Map<String, Value> },
    /// A part is gone.
    Remove { id: String },
    /// Attributes of the load balancer itself change.
    Own { fields: Map<String, Value> },
}

/// The event that ends a change.
const DONE: &str = "network_load_balancer.done";

/// A load balancer that is ready for a change.
fn find_ready<'c>(cloud: &'c Cloud, id: &str, wanted: &str) -> Result<&'c Resource, ApiError> {
    let balancer = cloud.find_live(&LOAD_BALANCER, id)?;
    let state = balancer.state().unwrap_or_default();
    if state == "ACTIVE" || (wanted == "Deleting" && state == "FAILED") {
        return Ok(balancer);
    }
    // The service's own words (public logs).
    let mut shown = state.to_ascii_lowercase();
    shown[..1].make_ascii_uppercase();
    Err(ApiError::conflict(format!(
        "Invalid State Transition of NLB lifeCycle state from {shown} to {wanted}"
    )))
}

/// Starts a change: the load balancer is `UPDATING` until it is done.
fn begin(cloud: &mut Cloud, id: &str, operation: &str, steps: &[Step], duration: Duration) -> Reply {
    cloud.set_state(id, "UPDATING");
    let work = start_work(cloud, id, operation, "UPDATED", duration);
    cloud.after(duration, Event::named(DONE, json!({"id": id, "workRequest": work, "steps": steps})));
    Reply::accepted(&work)
}

fn start_work(
    cloud: &mut Cloud,
    id: &str,
    operation: &str,
    action: &'static str,
    duration: Duration,
) -> String {
    let compartment_id = cloud.get(id).and_then(Resource::compartment_id).unwrap_or_default().to_owned();
    let affected = Affected {
        entity_type: "networkLoadBalancer",
        action,
        id: id.to_owned(),
        uri: format!("/20200501/networkLoadBalancers/{id}"),
    };
    cloud.start_work_request(&WorkRequest {
        flavour: &work_requests::NETWORK_LOAD_BALANCER,
        operation_type: operation,
        compartment_id: &compartment_id,
        affected: vec![affected],
        duration,
    })
}

fn done(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    if cloud.get(id).is_none_or(|balancer| !matches!(balancer.state(), Some("CREATING" | "UPDATING"))) {
        return;
    }
    let work = args["workRequest"].as_str().and_then(|work| cloud.get(work));
    let failed = work.is_some_and(|work| work.text("status") == Some("FAILED"));
    if !failed {
        let steps: Vec<Step> = serde_json::from_value(args["steps"].clone()).unwrap_or_default();
        for step in steps {
            carry_out(cloud, id, step);
        }
    }
    cloud.set_state(id, "ACTIVE");
    refresh(cloud, id);
}

fn carry_out(cloud: &mut Cloud, id: &str, step: Step) {
    let mut put = |kind: &'static Kind, part: String, body: Map<String, Value>, set: Option<String>| {
        if cloud.get(&part).is_some() {
            cloud.update(&part, |part| part.body = body);
            return;
        }
        let mut hidden = Map::from_iter([(OWNER.to_owned(), json!(id))]);
        hidden.extend(set.map(|set| (SET_NAME.to_owned(), json!(set))));
        cloud.insert(New { kind, id: Some(part), state: None, body, hidden });
    };
    match step {
        Step::Listener { name, body } => put(&LISTENER, listener_id(id, &name), body, None),
        Step::Set { name, body } => put(&BACKEND_SET, set_id(id, &name), body, None),
        Step::Backend { set, name, body } => put(&BACKEND, backend_id(id, &set, &name), body, Some(set)),
        Step::Change { id: part, fields } => {
            if cloud.get(&part).is_some() {
                cloud.update(&part, |part| part.merge(&fields));
            }
        }
        Step::Remove { id: part } => {
            cloud.remove(&part);
            health::forget(cloud, &part);
        }
        Step::Own { fields } => cloud.update(id, |balancer| balancer.merge(&fields)),
    }
}

/// `if-none-match` of a GET: 304 when the caller knows this version already.
fn shown(call: &Call, resource: &Resource, body: Value) -> Reply {
    if call.header("if-none-match") == Some(&*resource.etag) {
        return Reply::empty().status(304).header("etag", &*resource.etag);
    }
    Reply::json(body).header("etag", &*resource.etag)
}
