//! What the parts of a load balancer share: ids without OCIDs, the list that shows them all, and rules.

use std::fmt;

use oci_client::services::network_load_balancer::operations::ListNetworkLoadBalancers;
use reconcile::provider::Invalid;
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use serde_json::{Value as Json, json};

use crate::call::Call;
use crate::look::Look;
use crate::module::{Scope, Seen};
use crate::rules::{self, Check, invalid};
use crate::values::text;

/// The id of a part, as in Oracle's Terraform provider: `networkLoadBalancers/{OCID}/backendSets/{name}/backends/{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartId {
    /// The OCID of the load balancer.
    pub(super) load_balancer: String,
    kind: Kind,
    /// The part's own name.
    pub(super) name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Set,
    Listener,
    Backend { set: String },
}

impl PartId {
    pub(super) fn set(load_balancer: &str, name: &str) -> Self {
        Self { load_balancer: load_balancer.to_owned(), kind: Kind::Set, name: name.to_owned() }
    }

    pub(super) fn listener(load_balancer: &str, name: &str) -> Self {
        Self { kind: Kind::Listener, ..Self::set(load_balancer, name) }
    }

    pub(super) fn backend(load_balancer: &str, set: &str, name: &str) -> Self {
        Self { kind: Kind::Backend { set: set.to_owned() }, ..Self::set(load_balancer, name) }
    }

    /// What is no id of a part names nothing: the service will not know it.
    pub(super) fn parse(id: &str) -> Self {
        let steps: Vec<&str> = id.splitn(6, '/').collect();
        match steps.as_slice() {
            ["networkLoadBalancers", balancer, "listeners", name] => Self::listener(balancer, name),
            ["networkLoadBalancers", balancer, "backendSets", set, "backends", name] => {
                Self::backend(balancer, set, name)
            }
            ["networkLoadBalancers", balancer, "backendSets", name] => Self::set(balancer, name),
            _ => Self::set(id, "-"),
        }
    }

    /// The backend set: that of a backend, or the part itself.
    pub(super) fn set_name(&self) -> &str {
        match &self.kind {
            Kind::Backend { set } => set,
            Kind::Set | Kind::Listener => &self.name,
        }
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (balancer, name) = (&self.load_balancer, &self.name);
        match &self.kind {
            Kind::Set => write!(f, "networkLoadBalancers/{balancer}/backendSets/{name}"),
            Kind::Listener => write!(f, "networkLoadBalancers/{balancer}/listeners/{name}"),
            Kind::Backend { set } => {
                write!(f, "networkLoadBalancers/{balancer}/backendSets/{set}/backends/{name}")
            }
        }
    }
}

/// The id of a backend: its name is made of address and port when it is left out. The service's own default has changed over
/// time, so a name is always sent.
pub(super) fn backend_id(inputs: &ValueMap) -> Option<PartId> {
    let balancer = text(inputs, "network_load_balancer_id")?;
    let set = text(inputs, "backend_set_name")?;
    let name = text(inputs, "name").or_else(|| {
        let target = text(inputs, "ip_address").or_else(|| text(inputs, "target_id"))?;
        Some(format!("{target}:{}", inputs.get("port")?.as_i64()?))
    });
    Some(PartId::backend(&balancer, &set, &name?))
}

/// A part as its service shows it: with the id and the names in it.
pub(super) fn seen(schema: &Schema, id: &PartId, body: Json) -> Seen {
    let mut body = body;
    body["id"] = json!(id.to_string());
    body["networkLoadBalancerId"] = json!(id.load_balancer);
    if let Kind::Backend { set } = &id.kind {
        body["backendSetName"] = json!(set);
    }
    Seen::new(schema, body, &[])
}

/// The parts of all load balancers of a compartment, in one list.
pub(super) fn list(scope: &Scope, parts: fn(&str, &Json) -> Vec<Seen>) -> Option<Look<Vec<Seen>>> {
    let list = Call::all_pages(ListNetworkLoadBalancers::new(scope.compartment_id.as_deref()?));
    Some(Look::one(list, move |answer| {
        let live = answer.items().iter().filter(|item| item["lifecycleState"] != "DELETED");
        live.flat_map(|item| parts(item["id"].as_str().unwrap_or_default(), item)).collect()
    }))
}

/// The entries of a map of parts.
pub(super) fn entries<'a>(item: &'a Json, name: &str) -> impl Iterator<Item = (&'a str, &'a Json)> {
    let map = item.get(name).and_then(Json::as_object).into_iter().flatten();
    map.map(|(name, part)| (name.as_str(), part))
}

/// 1 to 32 letters, digits, dashes and underscores.
pub(super) fn check_name(inputs: &ValueMap, name: &str, problems: &mut Vec<Invalid>) {
    let Some(text) = inputs.get(name).and_then(Value::as_str) else { return };
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        problems.push(invalid(name, format!("`{text}` is not letters, digits, dashes and underscores")));
    }
}

/// What goes with which kind of health check.
pub(super) fn check_health(inputs: &ValueMap, problems: &mut Vec<Invalid>) {
    Check::of(inputs, problems).inside("health_checker", |checker| {
        let Some(protocol) = checker.word("protocol") else { return };
        match protocol {
            "HTTP" | "HTTPS" => checker.needs("url_path", "for HTTP and HTTPS"),
            "DNS" => checker.needs("dns", "for DNS"),
            _ => {}
        }
        let goes_with: [(&[&str], &[&str]); 3] = [
            (&["url_path", "return_code", "response_body_regex"], &["HTTP", "HTTPS"]),
            (&["request_data", "response_data"], &["TCP", "UDP"]),
            (&["dns"], &["DNS"]),
        ];
        for (names, protocols) in goes_with {
            for name in names.iter().filter(|_| !protocols.contains(&protocol)) {
                checker.excludes(name, &format!("goes with {} only", protocols.join(" and ")));
            }
        }
        checker.text("url_path", |url| {
            if url.starts_with('/') { Ok(()) } else { Err("must begin with `/`".to_owned()) }
        });
        for name in ["request_data", "response_data"] {
            checker.text(name, rules::base64);
        }
    });
}

/// Whether the health checker asks at a port of its own, or at one that is not known yet.
pub(super) fn checks_a_port(inputs: &ValueMap) -> bool {
    let Some(checker) = inputs.get("health_checker").and_then(Value::as_map) else { return true };
    match checker.get("port") {
        None | Some(Value::Null) => false,
        Some(port) => port.as_i64() != Some(0),
    }
}

/// A backend is named by its address, or by the OCID of what has it.
pub(super) fn check_target(backend: &mut Check<'_>) {
    backend.one_of(&["ip_address", "target_id"]);
    backend.not_both("ip_address", "target_id");
    backend.text("ip_address", rules::address);
}

/// What a health check found, for people.
pub(super) fn health_words(status: Option<&str>, body: &Json) -> String {
    let results = body.get("healthCheckResults").and_then(Json::as_array).into_iter().flatten();
    let last = results.filter_map(|result| result.get("healthCheckStatus")?.as_str()).next_back();
    match (status, last) {
        (None, _) => "nothing: there is no such backend".to_owned(),
        (Some(status), Some(last)) => format!("{status} ({last})"),
        (Some(status), None) => status.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_built_and_read_whatever_the_names() {
        for id in [
            PartId::set("ocid1.nlb", "web"),
            PartId::listener("ocid1.nlb", "http s"),
            PartId::backend("ocid1.nlb", "web", "10.0.0.1:80"),
            PartId::backend("ocid1.nlb", "web", "a/b"),
        ] {
            assert_eq!(PartId::parse(&id.to_string()), id);
        }
        assert_eq!(PartId::parse("nonsense").to_string(), "networkLoadBalancers/nonsense/backendSets/-");
    }

    #[test]
    fn a_backend_without_a_name_gets_one() {
        let inputs = |json: &Json| crate::wire::from_json(json).as_map().cloned().unwrap();
        let id = backend_id(&inputs(&json!({
            "network_load_balancer_id": "n", "backend_set_name": "s", "ip_address": "10.0.0.1", "port": 80})));
        assert_eq!(id.unwrap().name, "10.0.0.1:80");
        let unknown = inputs(&json!({"network_load_balancer_id": "n", "backend_set_name": "s", "port": 80}));
        assert_eq!(backend_id(&unknown), None);
    }
}
