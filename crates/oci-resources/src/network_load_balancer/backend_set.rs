//! Backend set: servers that share connections, and how they are asked whether they are well.
//!
//! Its backends are either listed here, which makes and changes them in one request, or resources of their own;
//! not both. Those that wait for nothing else are made in the request that makes the set all the same. It has no OCID. It cannot be deleted while a listener uses it.
//! API: Network Load Balancer 20200501, `BackendSet`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::network_load_balancer::models;
use oci_client::services::network_load_balancer::operations::{
    DeleteBackendSet, GetBackendSet, UpdateBackendSet,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, Lane, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen, Together, lane_of};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use super::parts::{self, PartId};
use super::together::{self, Backends};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_network_load_balancer_backend_set";

/// Servers that share connections, and how they are asked whether they are well.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct BackendSet {
    /// The load balancer; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub network_load_balancer_id: Attr<String>,
    /// Its name: letters, digits, dashes and underscores; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true), length(min = 1, max = 32))]
    pub name: Attr<String>,
    /// What a connection is told by.
    #[schemars(extend("x-required" = true, "enum" = ["FIVE_TUPLE", "THREE_TUPLE", "TWO_TUPLE"]))]
    pub policy: Attr<String>,
    /// How backends are asked whether they are well.
    #[schemars(extend("x-required" = true))]
    pub health_checker: Attr<HealthChecker>,
    /// Its backends, if they are no resources of their own.
    #[schemars(extend("x-unordered" = true, "x-volatile" = true))]
    pub backends: Attr<Vec<InlineBackend>>,
    /// Whether backends see the addresses of clients; true when left out.
    pub is_preserve_source: Attr<bool>,
    /// Whether all get connections when none is well.
    pub is_fail_open: Attr<bool>,
    /// Whether connections move at once when a backend falls ill.
    pub is_instant_failover_enabled: Attr<bool>,
    /// Whether they are reset then.
    pub is_instant_failover_tcp_reset_enabled: Attr<bool>,
    /// Whether those that answer are preferred.
    pub are_operationally_active_backends_preferred: Attr<bool>,
    /// Which kind of addresses.
    #[schemars(extend("enum" = ["IPV4", "IPV6"]))]
    pub ip_version: Attr<String>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(BackendSet {
    network_load_balancer_id,
    name,
    policy,
    health_checker,
    backends,
    is_preserve_source,
    is_fail_open,
    is_instant_failover_enabled,
    is_instant_failover_tcp_reset_enabled,
    are_operationally_active_backends_preferred,
    ip_version,
    raw,
});

/// How backends are asked whether they are well.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct HealthChecker {
    /// How it asks.
    #[schemars(extend("x-required" = true, "enum" = ["HTTP", "HTTPS", "TCP", "UDP", "DNS"]))]
    pub protocol: Attr<String>,
    /// The port; the backend's own when left out or 0.
    #[schemars(range(min = 0, max = 65535))]
    pub port: Attr<i64>,
    /// What is asked for, of HTTP and HTTPS; begins with `/`.
    pub url_path: Attr<String>,
    /// The status that is expected, of HTTP and HTTPS; 200 when left out, 303 for Moodle.
    #[schemars(range(min = 100, max = 599))]
    pub return_code: Attr<i64>,
    /// What the body must match.
    pub response_body_regex: Attr<String>,
    /// After how many answers a backend counts as well or ill; 3 when left out.
    #[schemars(range(min = 1, max = 100))]
    pub retries: Attr<i64>,
    /// How long it waits for an answer, in milliseconds; 3,000 when left out.
    #[schemars(range(min = 1, max = 600000))]
    pub timeout_in_millis: Attr<i64>,
    /// How often it asks, in milliseconds; 10,000 when left out.
    #[schemars(range(min = 1000, max = 1800000))]
    pub interval_in_millis: Attr<i64>,
    /// What is sent, in base64, of TCP and UDP.
    pub request_data: Attr<String>,
    /// What must come back, in base64, of TCP and UDP.
    pub response_data: Attr<String>,
    /// What is asked, of DNS.
    pub dns: Attr<DnsCheck>,
}

attributes!(HealthChecker {
    protocol,
    port,
    url_path,
    return_code,
    response_body_regex,
    retries,
    timeout_in_millis,
    interval_in_millis,
    request_data,
    response_data,
    dns,
});

/// A question to a name server.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DnsCheck {
    /// The name.
    #[schemars(extend("x-required" = true))]
    pub domain_name: Attr<String>,
    /// By which protocol.
    #[schemars(extend("enum" = ["UDP", "TCP"]))]
    pub transport_protocol: Attr<String>,
    /// Its class.
    #[schemars(extend("enum" = ["IN", "CH"]))]
    pub query_class: Attr<String>,
    /// Its type.
    #[schemars(extend("enum" = ["A", "TXT", "AAAA"]))]
    pub query_type: Attr<String>,
    /// Which answers are good.
    #[schemars(extend("x-unordered" = true))]
    pub rcodes: Attr<Vec<String>>,
}

attributes!(DnsCheck { domain_name, transport_protocol, query_class, query_type, rcodes });

/// A server.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct InlineBackend {
    /// Its name.
    pub name: Attr<String>,
    /// Its address.
    pub ip_address: Attr<String>,
    /// The OCID of an instance or private IP, in place of the address.
    pub target_id: Attr<String>,
    /// Its port.
    #[schemars(extend("x-required" = true), range(min = 0, max = 65535))]
    pub port: Attr<i64>,
    /// Its share.
    #[schemars(range(min = 1, max = 100))]
    pub weight: Attr<i64>,
    /// Whether it comes in only when no other is well.
    pub is_backup: Attr<bool>,
    /// Whether it gets no new connections.
    pub is_drain: Attr<bool>,
    /// Whether it gets none at all.
    pub is_offline: Attr<bool>,
}

attributes!(InlineBackend { name, ip_address, target_id, port, weight, is_backup, is_drain, is_offline });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// `networkLoadBalancers/{OCID}/backendSets/{name}`.
    id: String,
}

/// The name of the backend set at `address`, for backends and listeners: they come after it.
#[must_use]
pub fn name(address: &Address) -> Output<String> {
    Output::new(address.clone(), "name")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<BackendSet, Told>);

/// Twenty-five to forty seconds were seen for a part; the limit is that of Oracle's Terraform provider. A part
/// has no state of its own.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &[],
    failed: &[],
    gone: &[],
    expect: Duration::from_secs(30),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_network_load_balancer_backend_set`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        LIFECYCLE.resource_type(TYPE, &SCHEMA)
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "network_load_balancer",
            create: Some(models::CreateBackendSetDetails::default().facts()),
            update: Some(models::UpdateBackendSetDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("network_load_balancer_id", "the path of the request")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        parts::check_name(inputs, "name", &mut problems);
        parts::check_health(inputs, &mut problems);
        let mut check = rules::Check::of(inputs, &mut problems);
        let has_port = parts::checks_a_port(inputs);
        check.each("backends", |backend| {
            parts::check_target(backend);
            if backend.number("port") == Some(0) && !has_port {
                backend.refuse("port", "0 needs a port in the health checker");
            }
        });
        let names =
            check.items("backends").iter().filter_map(|backend| backend.as_map()?.get("name")?.as_str());
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            check.refuse("backends", format!("two are called `{}`", twice[0]));
        }
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        matches!(attribute, "health_checker.request_data" | "health_checker.response_data")
            && rules::same_base64(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, _tags: &StackTags) -> Result<Call, Failure> {
        Backends.creation(inputs, &[])
    }

    fn read(&self, id: &str) -> Look<Seen> {
        let id = PartId::parse(id);
        let get = GetBackendSet::new(&*id.load_balancer, &*id.name);
        Look::one(Call::new(get), move |answer| {
            let etag = answer.etag();
            Seen { etag, ..seen(&id, answer.body) }
        })
    }

    /// The list of load balancers shows all their parts.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        parts::list(scope, |balancer, item| {
            let sets = parts::entries(item, "backendSets");
            sets.map(|(name, set)| seen(&PartId::set(balancer, name), set.clone())).collect()
        })
    }

    fn update(&self, id: &str, change: &Change<'_>, _tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let id = PartId::parse(id);
        let details: models::UpdateBackendSetDetails =
            wire::details(&change.changed(&["network_load_balancer_id", "name"]), &[])?;
        let mut raw = wire::changed_raw(change);
        if !change.has("backends") {
            // What is not sent would be taken away, and what our tables do not know of it too.
            let backends = change.current.body["backends"].as_array().into_iter().flatten();
            raw.insert("backends".to_owned(), backends.map(together::without_nulls).collect());
        }
        let mut update = UpdateBackendSet::new(&*id.load_balancer, &*id.name, details);
        // Somebody else may have changed the list since it was looked at.
        update.if_match.clone_from(&change.current.etag);
        Ok(vec![Call::with_raw(update, raw)])
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        let id = PartId::parse(id);
        vec![Call::new(DeleteBackendSet::new(&*id.load_balancer, &*id.name))]
    }

    /// Everything that changes its load balancer. A new one goes together with its backends; what is there already changes alone,
    /// since its own change and one of its list are two requests.
    fn lane(&self, id: Option<&str>, inputs: &ValueMap) -> Option<Lane> {
        let batch = text(inputs, "name").filter(|_| id.is_none()).map(|name| name.as_str().into());
        Some(Lane { batch, ..lane_of(inputs, "network_load_balancer_id")? })
    }

    fn made_with_parts(&self) -> Option<&'static dyn Together> {
        Some(&Backends)
    }

    fn key(&self, inputs: &ValueMap) -> Option<String> {
        Some(id_of(inputs)?.to_string())
    }

    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let id = id_of(inputs)?;
        let get = GetBackendSet::new(&*id.load_balancer, &*id.name);
        Some(Look::one(Call::new(get).or_missing(), move |answer| {
            (!answer.is_missing).then(|| seen(&id, answer.body)).into_iter().collect()
        }))
    }
}

fn id_of(inputs: &ValueMap) -> Option<PartId> {
    Some(PartId::set(&text(inputs, "network_load_balancer_id")?, &text(inputs, "name")?))
}

fn seen(id: &PartId, body: Json) -> Seen {
    parts::seen(&SCHEMA, id, body)
}
