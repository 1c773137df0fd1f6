//! What may stand in a listener, a backend set, a backend and a health checker; and what they are by default.

use serde_json::{Map, Value, json};

use super::{BACKEND_SET, LISTENER, Step, backends_of, parts_of};
use crate::cloud::{Cloud, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::core::private_ip::PRIVATE_IP;

/// Backends in one set (Oracle's documentation).
const BACKENDS_MAX: usize = 512;
/// Listeners of one load balancer (Oracle's documentation).
const LISTENERS_MAX: usize = 50;

fn filled(model: &str, given: &Map<String, Value>, defaults: Value) -> Map<String, Value> {
    let mut body = facts().project("network_load_balancer", model, given);
    body.retain(|_, value| !value.is_null());
    let Value::Object(defaults) = defaults else { unreachable!("an object literal") };
    for (name, value) in defaults {
        body.entry(name).or_insert(value);
    }
    body
}

/// Names of the parts: 1 to 32 letters, digits, dashes and underscores; older tenancies have spaces.
pub(super) fn require_name(field: &str, name: &str) -> Result<(), ApiError> {
    let legal = (1..=32).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ' '));
    if legal {
        Ok(())
    } else {
        Err(ApiError::invalid(field, format!("{name:?} is not a name of 1 to 32 letters, digits, - and _")))
    }
}

/// A health checker with everything that it does by default (Oracle's API reference).
pub(super) fn checker(given: &Value) -> Result<Value, ApiError> {
    let fields = given.as_object().cloned().unwrap_or_default();
    let mut body = filled(
        "HealthChecker",
        &fields,
        json!({
            "port": 0, "retries": 3, "timeoutInMillis": 3000, "intervalInMillis": 10_000,
        }),
    );
    let is_http = matches!(body.get("protocol").and_then(Value::as_str), Some("HTTP" | "HTTPS"));
    if is_http {
        body.entry("returnCode").or_insert(json!(200));
        body.entry("urlPath").or_insert(json!("/"));
    } else if let Some(field) = ["urlPath", "returnCode", "responseBodyRegex"]
        .into_iter()
        .find(|field| fields.get(*field).is_some_and(|value| !value.is_null()))
    {
        return Err(ApiError::invalid(
            &format!("healthChecker.{field}"),
            "only HTTP and HTTPS checks have it",
        ));
    }
    let number = |name: &str| body.get(name).and_then(Value::as_i64).unwrap_or(0);
    if !(1..=10).contains(&number("retries")) {
        return Err(ApiError::invalid("healthChecker.retries", "it is not between 1 and 10"));
    }
    if number("timeoutInMillis") > number("intervalInMillis") {
        return Err(ApiError::invalid("healthChecker.timeoutInMillis", "it is more than the interval"));
    }
    if is_http && !(100..=599).contains(&number("returnCode")) {
        return Err(ApiError::invalid("healthChecker.returnCode", "it is not between 100 and 599"));
    }
    Ok(Value::Object(body))
}

/// The settings of a backend set, without its backends.
pub(super) fn set(name: &str, given: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    require_name("name", name)?;
    let mut body = filled(
        "BackendSet",
        given,
        json!({
            "policy": "FIVE_TUPLE", "isPreserveSource": true, "isFailOpen": false, "isInstantFailoverEnabled": false,
            "isInstantFailoverTcpResetEnabled": true, "areOperationallyActiveBackendsPreferred": false,
            "ipVersion": "IPV4",
        }),
    );
    let known = ["TWO_TUPLE", "THREE_TUPLE", "FIVE_TUPLE"];
    if body.get("policy").and_then(Value::as_str).is_none_or(|policy| !known.contains(&policy)) {
        return Err(ApiError::invalid("policy", format!("it is not one of {}", known.join(", "))));
    }
    body.remove("backends");
    body.insert("name".to_owned(), json!(name));
    body.insert("healthChecker".to_owned(), checker(given.get("healthChecker").unwrap_or(&Value::Null))?);
    Ok(body)
}

/// What the rules on backends depend on.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The load balancer keeps the clients' addresses, so that it must know the instances.
    pub(super) preserves_source_destination: bool,
    /// The health checker of the set.
    pub(super) checker: &'a Value,
}

/// The attributes of a backend.
pub(super) fn backend(
    cloud: &Cloud,
    place: Place,
    given: &Map<String, Value>,
    path: &str,
) -> Result<Map<String, Value>, ApiError> {
    let mut body = filled(
        "Backend",
        given,
        json!({
            "weight": 1, "isDrain": false, "isBackup": false, "isOffline": false,
        }),
    );
    let field = |name: &str| format!("{path}{name}");
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (address, target) = (text("ipAddress"), text("targetId"));
    let port = body.get("port").and_then(Value::as_i64).unwrap_or(0);
    let base = match (address, target) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(&field("targetId"), "give ipAddress or targetId, not both"));
        }
        (None, None) => return Err(ApiError::missing(&field("ipAddress"))),
        (Some(address), None) if place.preserves_source_destination => {
            return Err(ApiError::invalid(
                &field("ipAddress"),
                format!("{address}: with isPreserveSourceDestination a backend is given by targetId"),
            ));
        }
        (Some(address), None) => address,
        (None, Some(target)) => {
            require_target(cloud, &field("targetId"), &target)?;
            target
        }
    };
    if port == 0 && place.checker["port"].as_i64().unwrap_or(0) == 0 {
        return Err(ApiError::invalid(&field("port"), "with port 0 the health checker needs a port"));
    }
    body.entry("name").or_insert(json!(format!("{base}:{port}")));
    Ok(body)
}

/// An instance or a private IP.
fn require_target(cloud: &Cloud, field: &str, id: &str) -> Result<(), ApiError> {
    let found = cloud.get(id).filter(|target| {
        target.is_live() && (target.kind.name == "instance" || target.kind.name == PRIVATE_IP.name)
    });
    if found.is_some() { Ok(()) } else { Err(ApiError::related_not_found(field, id)) }
}

/// Refuses backends that are the same in name, or in address and port.
pub(super) fn require_distinct(backends: &[Map<String, Value>]) -> Result<(), ApiError> {
    if backends.len() > BACKENDS_MAX {
        return Err(ApiError::limit_exceeded(format!("A backend set has at most {BACKENDS_MAX} backends")));
    }
    for (index, backend) in backends.iter().enumerate() {
        let same = |other: &&Map<String, Value>| {
            other.get("name") == backend.get("name")
                || ["ipAddress", "targetId", "port"]
                    .iter()
                    .all(|field| other.get(*field) == backend.get(*field))
        };
        if let Some(other) = backends[..index].iter().find(same) {
            let name = other.get("name").and_then(Value::as_str).unwrap_or_default();
            return Err(ApiError::already_exists(format!(
                "The backend {name} is there already; the same IP address or id and port combination is not allowed twice"
            )));
        }
    }
    Ok(())
}

/// The backends that a set has.
pub(super) fn present(cloud: &Cloud, balancer: &str, set: &str) -> Vec<Map<String, Value>> {
    backends_of(cloud, balancer, set).into_iter().map(|backend| backend.body.clone()).collect()
}

/// A set with its backends, as steps.
pub(super) fn whole_set(
    cloud: &Cloud,
    preserves_source_destination: bool,
    name: &str,
    given: &Map<String, Value>,
) -> Result<Vec<Step>, ApiError> {
    let body = set(name, given)?;
    let place = Place { preserves_source_destination, checker: &body["healthChecker"] };
    let backends = given.get("backends").and_then(Value::as_array).cloned().unwrap_or_default();
    let backends = all_backends(cloud, place, &backends)?;
    let mut steps = vec![Step::Set { name: name.to_owned(), body: body.clone() }];
    steps.extend(backends.into_iter().map(|body| backend_step(name, body)));
    Ok(steps)
}

/// Backends that are given as a list.
pub(super) fn all_backends(
    cloud: &Cloud,
    place: Place,
    given: &[Value],
) -> Result<Vec<Map<String, Value>>, ApiError> {
    let mut backends = Vec::new();
    for (index, given) in given.iter().enumerate() {
        let fields = given.as_object().cloned().unwrap_or_default();
        backends.push(backend(cloud, place, &fields, &format!("backends[{index}]."))?);
    }
    require_distinct(&backends)?;
    Ok(backends)
}

pub(super) fn backend_step(set: &str, body: Map<String, Value>) -> Step {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Step::Backend { set: set.to_owned(), name, body }
}

/// The attributes of a listener, given the other listeners and the names of the backend sets.
pub(super) fn listener(
    name: &str,
    given: &Map<String, Value>,
    others: &[Map<String, Value>],
    sets: &[String],
) -> Result<Map<String, Value>, ApiError> {
    require_name("name", name)?;
    let mut body = filled("Listener", given, json!({"ipVersion": "IPV4", "isPpv2Enabled": false}));
    body.insert("name".to_owned(), json!(name));
    let text = |body: &Map<String, Value>, field: &str| {
        body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let set = text(&body, "defaultBackendSetName");
    if !sets.contains(&set) {
        return Err(ApiError::invalid("defaultBackendSetName", format!("there is no backend set {set:?}")));
    }
    let port = body.get("port").and_then(Value::as_i64).unwrap_or(0);
    let protocol = text(&body, "protocol");
    if (port == 0) != matches!(protocol.as_str(), "ANY" | "L3IP") {
        return Err(ApiError::invalid(
            "port",
            "port 0 goes with the protocols ANY and L3IP, and they with it",
        ));
    }
    for other in others {
        let (taken, theirs) = (other.get("port").and_then(Value::as_i64), text(other, "protocol"));
        let same = protocol == theirs || protocol == "TCP_AND_UDP" || theirs == "TCP_AND_UDP";
        if taken == Some(port) && same {
            return Err(ApiError::already_exists(format!(
                "The listener {} has port {port} and protocol {theirs} already",
                text(other, "name")
            )));
        }
    }
    if others.len() >= LISTENERS_MAX {
        return Err(ApiError::limit_exceeded(format!(
            "A load balancer has at most {LISTENERS_MAX} listeners"
        )));
    }
    Ok(body)
}

/// The listeners that a load balancer has, but for the one named.
pub(super) fn other_listeners(cloud: &Cloud, balancer: &str, name: &str) -> Vec<Map<String, Value>> {
    let others = parts_of(cloud, &LISTENER, balancer);
    let others = others.into_iter().filter(|other| other.text("name") != Some(name));
    others.map(|other| other.body.clone()).collect()
}

/// The names of the backend sets that a load balancer has.
pub(super) fn set_names(cloud: &Cloud, balancer: &str) -> Vec<String> {
    let named = |set: &Resource| set.text("name").unwrap_or_default().to_owned();
    parts_of(cloud, &BACKEND_SET, balancer).into_iter().map(named).collect()
}
