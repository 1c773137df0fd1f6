//! The parts of a load balancer: backend sets, backends, listeners, health checkers.
//!
//! API: Network Load Balancer 20200501, `BackendSet`, `Backend`, `Listener`, `HealthChecker`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::details::{self, Place};
use super::load_balancer::PAGE_LIMIT;
use super::{
    BACKEND, BACKEND_SET, CLIENT, LISTENER, LOAD_BALANCER, Step, backend_id, backends_of, begin, find_ready,
    listener_id, parts_of, set_id, shown, whole_set,
};
use crate::cloud::{Cloud, Resource};
use crate::error::ApiError;
use crate::services::{Call, Module, Reply, answer, page, read, write};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(CLIENT, "CreateBackendSet", create_set),
        read(CLIENT, "GetBackendSet", |cloud, call| {
            let set = find_set(cloud, call)?;
            Ok(shown(call, set, whole_set(cloud, set)))
        }),
        read(CLIENT, "ListBackendSets", list_sets),
        write(CLIENT, "UpdateBackendSet", update_set),
        write(CLIENT, "DeleteBackendSet", delete_set),
        write(CLIENT, "CreateBackend", create_backend),
        read(CLIENT, "GetBackend", |cloud, call| {
            let backend = find_backend(cloud, call)?;
            Ok(shown(call, backend, Value::Object(backend.body.clone())))
        }),
        read(CLIENT, "ListBackends", list_backends),
        write(CLIENT, "UpdateBackend", update_backend),
        write(CLIENT, "DeleteBackend", delete_backend),
        write(CLIENT, "CreateListener", create_listener),
        read(CLIENT, "GetListener", |cloud, call| {
            let listener = find_listener(cloud, call)?;
            Ok(shown(call, listener, Value::Object(listener.body.clone())))
        }),
        read(CLIENT, "ListListeners", list_listeners),
        write(CLIENT, "UpdateListener", update_listener),
        write(CLIENT, "DeleteListener", delete_listener),
        read(CLIENT, "GetHealthChecker", |cloud, call| {
            let set = find_set(cloud, call)?;
            Ok(shown(call, set, set.body["healthChecker"].clone()))
        }),
        write(CLIENT, "UpdateHealthChecker", update_checker),
    ],
    kinds: &[&BACKEND_SET, &BACKEND, &LISTENER],
    events: &[],
    seed: None,
};

/// Single changes in public logs: a listener 25 s, backends 32 s and 42 s.
const LISTENER_TIME: Duration = Duration::from_secs(25);
const BACKEND_TIME: Duration = Duration::from_secs(35);
const SET_TIME: Duration = Duration::from_secs(30);

fn balancer<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    cloud.find(&LOAD_BALANCER, call.id())
}

fn find_part<'c>(cloud: &'c Cloud, call: &Call, id: &str) -> Result<&'c Resource, ApiError> {
    balancer(cloud, call)?;
    cloud.get(id).ok_or_else(|| ApiError::not_found(id))
}

pub(super) fn find_set<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    find_part(cloud, call, &set_id(call.id(), call.param(1)))
}

pub(super) fn find_backend<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    find_part(cloud, call, &backend_id(call.id(), call.param(1), call.param(2)))
}

fn find_listener<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    find_part(cloud, call, &listener_id(call.id(), call.param(1)))
}

/// The names, sorted and in pages.
fn list(call: &Call, parts: Vec<(String, Value)>) -> Result<Reply, ApiError> {
    let (names, mut values): (Vec<String>, Vec<Value>) = parts.into_iter().unzip();
    let mut named: Vec<(&String, Value)> = names.iter().zip(values.drain(..)).collect();
    if call.query("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("DESC")) {
        named.reverse();
    }
    let (shown, next) = page(call, named, |(name, _)| name.as_str(), PAGE_LIMIT)?;
    Ok(answer(call, shown.into_iter().map(|(_, value)| value).collect(), next))
}

fn named(part: &Resource, value: Value) -> (String, Value) {
    (part.text("name").unwrap_or_default().to_owned(), value)
}

fn list_sets(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    balancer(cloud, call)?;
    let sets = parts_of(cloud, &BACKEND_SET, call.id());
    list(call, sets.into_iter().map(|set| named(set, whole_set(cloud, set))).collect())
}

fn list_backends(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_set(cloud, call)?;
    let backends = backends_of(cloud, call.id(), call.param(1));
    list(
        call,
        backends.into_iter().map(|backend| named(backend, Value::Object(backend.body.clone()))).collect(),
    )
}

fn list_listeners(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    balancer(cloud, call)?;
    let listeners = parts_of(cloud, &LISTENER, call.id());
    list(call, listeners.into_iter().map(|part| named(part, Value::Object(part.body.clone()))).collect())
}

fn preserves(balancer: &Resource) -> bool {
    balancer.body.get("isPreserveSourceDestination") == Some(&json!(true))
}

// ---- backend sets ----

fn create_set(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let balancer = find_ready(cloud, call.id(), "Updating")?;
    let name = call.required_text("name")?;
    if cloud.get(&set_id(call.id(), name)).is_some() {
        return Err(ApiError::already_exists(format!("The backend set {name} exists already")));
    }
    let steps = details::whole_set(cloud, preserves(balancer), name, &call.json)?;
    Ok(begin(cloud, call.id(), "CREATE_BACKENDSET", &steps, SET_TIME))
}

/// A list of backends replaces all that there are; what is not mentioned otherwise stays.
fn update_set(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let set = find_set(cloud, call)?;
    call.check_if_match(&set.etag)?;
    let balancer = find_ready(cloud, call.id(), "Updating")?;
    let name = call.param(1);
    let mut given = set.body.clone();
    for (field, value) in call.json.iter().filter(|(_, value)| !value.is_null()) {
        given.insert(field.clone(), value.clone());
    }
    let steps = match call.json.get("backends").filter(|backends| backends.is_array()) {
        Some(_) => {
            let old = backends_of(cloud, call.id(), name);
            let old = old.into_iter().map(|backend| Step::Remove { id: backend.id.to_string() });
            let new = details::whole_set(cloud, preserves(balancer), name, &given)?;
            old.chain(new).collect()
        }
        None => vec![Step::Set { name: name.to_owned(), body: details::set(name, &given)? }],
    };
    Ok(begin(cloud, call.id(), "UPDATE_BACKENDSET", &steps, SET_TIME))
}

fn delete_set(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let set = find_set(cloud, call)?;
    call.check_if_match(&set.etag)?;
    find_ready(cloud, call.id(), "Updating")?;
    let name = call.param(1);
    let user = parts_of(cloud, &LISTENER, call.id());
    let user = user.into_iter().find(|listener| listener.text("defaultBackendSetName") == Some(name));
    if let Some(listener) = user {
        return Err(ApiError::invalid(
            "backendSetName",
            format!(
                "backend set {name} is used by the listener {}",
                listener.text("name").unwrap_or_default()
            ),
        ));
    }
    let backends = backends_of(cloud, call.id(), name);
    let mut steps: Vec<Step> =
        backends.into_iter().map(|backend| Step::Remove { id: backend.id.to_string() }).collect();
    steps.push(Step::Remove { id: set_id(call.id(), name) });
    Ok(begin(cloud, call.id(), "DELETE_BACKENDSET", &steps, SET_TIME))
}

fn update_checker(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let set = find_set(cloud, call)?;
    call.check_if_match(&set.etag)?;
    find_ready(cloud, call.id(), "Updating")?;
    let mut given = set.body["healthChecker"].as_object().cloned().unwrap_or_default();
    if let Some(protocol) = call.text("protocol")
        && !protocol.starts_with("HTTP")
    {
        // What only HTTP has goes with it.
        given.retain(|field, _| !matches!(field.as_str(), "urlPath" | "returnCode" | "responseBodyRegex"));
    }
    given.extend(call.json.iter().filter(|(_, value)| !value.is_null()).map(|(f, v)| (f.clone(), v.clone())));
    let checker = details::checker(&Value::Object(given))?;
    let fields = Map::from_iter([("healthChecker".to_owned(), checker)]);
    let steps = [Step::Change { id: set_id(call.id(), call.param(1)), fields }];
    Ok(begin(cloud, call.id(), "UPDATE_HEALTH_CHECKER", &steps, LISTENER_TIME))
}

// ---- backends ----

fn create_backend(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let set = find_set(cloud, call)?;
    let balancer = find_ready(cloud, call.id(), "Updating")?;
    call.check_if_match(&balancer.etag)?;
    let place =
        Place { preserves_source_destination: preserves(balancer), checker: &set.body["healthChecker"] };
    let body = details::backend(cloud, place, &call.json, "")?;
    let mut all = details::present(cloud, call.id(), call.param(1));
    all.push(body.clone());
    details::require_distinct(&all)?;
    let steps = [details::backend_step(call.param(1), body)];
    Ok(begin(cloud, call.id(), "CREATE_BACKEND", &steps, BACKEND_TIME))
}

fn update_backend(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let backend = find_backend(cloud, call)?;
    call.check_if_match(&backend.etag)?;
    find_ready(cloud, call.id(), "Updating")?;
    let steps = [Step::Change {
        id: backend_id(call.id(), call.param(1), call.param(2)),
        fields: call.json.clone().into_iter().filter(|(_, value)| !value.is_null()).collect(),
    }];
    Ok(begin(cloud, call.id(), "UPDATE_BACKEND", &steps, BACKEND_TIME))
}

fn delete_backend(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let backend = find_backend(cloud, call)?;
    call.check_if_match(&backend.etag)?;
    find_ready(cloud, call.id(), "Updating")?;
    let steps = [Step::Remove { id: backend_id(call.id(), call.param(1), call.param(2)) }];
    Ok(begin(cloud, call.id(), "DELETE_BACKEND", &steps, BACKEND_TIME))
}

// ---- listeners ----

fn create_listener(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_ready(cloud, call.id(), "Updating")?;
    let name = call.required_text("name")?;
    if cloud.get(&listener_id(call.id(), name)).is_some() {
        return Err(ApiError::already_exists(format!("The listener {name} exists already")));
    }
    let step = listener_step(cloud, call, name, &call.json)?;
    Ok(begin(cloud, call.id(), "CREATE_LISTENER", &[step], LISTENER_TIME))
}

fn listener_step(
    cloud: &Cloud,
    call: &Call,
    name: &str,
    given: &Map<String, Value>,
) -> Result<Step, ApiError> {
    let others = details::other_listeners(cloud, call.id(), name);
    let body = details::listener(name, given, &others, &details::set_names(cloud, call.id()))?;
    Ok(Step::Listener { name: name.to_owned(), body })
}

fn update_listener(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let listener = find_listener(cloud, call)?;
    call.check_if_match(&listener.etag)?;
    find_ready(cloud, call.id(), "Updating")?;
    let mut given = listener.body.clone();
    given.extend(call.json.clone().into_iter().filter(|(_, value)| !value.is_null()));
    let step = listener_step(cloud, call, call.param(1), &given)?;
    Ok(begin(cloud, call.id(), "UPDATE_LISTENER", &[step], LISTENER_TIME))
}

fn delete_listener(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let listener = find_listener(cloud, call)?;
    call.check_if_match(&listener.etag)?;
    find_ready(cloud, call.id(), "Updating")?;
    let steps = [Step::Remove { id: listener_id(call.id(), call.param(1)) }];
    Ok(begin(cloud, call.id(), "DELETE_LISTENER", &steps, LISTENER_TIME))
}
