//! Listener: a port of a load balancer, and the backend set behind it.
//!
//! It has no OCID; all but its name changes in place.
//! API: Network Load Balancer 20200501, `Listener`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::network_load_balancer::models;
use oci_client::services::network_load_balancer::operations::{
    CreateListener, DeleteListener, GetListener, UpdateListener,
};
use reconcile::provider::{Failure, Invalid, Lane, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen, lane_of};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use super::parts::{self, PartId};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_network_load_balancer_listener";

/// A port of a load balancer, and the backend set behind it.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Listener {
    /// The load balancer; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub network_load_balancer_id: Attr<String>,
    /// Its name: letters, digits, dashes and underscores; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true), length(min = 1, max = 32))]
    pub name: Attr<String>,
    /// The backend set.
    #[schemars(extend("x-required" = true))]
    pub default_backend_set_name: Attr<String>,
    /// The port; 0 with protocol `ANY`.
    #[schemars(extend("x-required" = true), range(min = 0, max = 65535))]
    pub port: Attr<i64>,
    /// The protocol.
    #[schemars(extend("x-required" = true, "enum" = ["ANY", "TCP", "UDP", "TCP_AND_UDP", "L3IP"]))]
    pub protocol: Attr<String>,
    /// Which kind of addresses.
    #[schemars(extend("enum" = ["IPV4", "IPV6"]))]
    pub ip_version: Attr<String>,
    /// Whether backends are told about clients by PROXY protocol 2.
    pub is_ppv2enabled: Attr<bool>,
    /// After how many seconds without a packet a TCP connection ends.
    pub tcp_idle_timeout: Attr<i64>,
    /// The same, for UDP.
    pub udp_idle_timeout: Attr<i64>,
    /// The same, for other protocols.
    pub l3ip_idle_timeout: Attr<i64>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Listener {
    network_load_balancer_id,
    name,
    default_backend_set_name,
    port,
    protocol,
    ip_version,
    is_ppv2enabled,
    tcp_idle_timeout,
    udp_idle_timeout,
    l3ip_idle_timeout,
    raw,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// `networkLoadBalancers/{OCID}/listeners/{name}`.
    id: String,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Listener, Told>);

/// Twenty-five to forty seconds were seen for a part; the limit is that of Oracle's Terraform provider. A part
/// has no state of its own.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &[],
    failed: &[],
    gone: &[],
    expect: Duration::from_secs(30),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_network_load_balancer_listener`.
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
            create: Some(models::CreateListenerDetails::default().facts()),
            update: Some(models::UpdateListenerDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("network_load_balancer_id", "the path of the request")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        parts::check_name(inputs, "name", &mut problems);
        let port = inputs.get("port").and_then(Value::as_i64);
        if port == Some(0) && text(inputs, "protocol").is_some_and(|protocol| protocol != "ANY") {
            problems.push(rules::invalid("port", "0 goes with protocol `ANY` only".to_owned()));
        }
        problems
    }

    fn create(&self, inputs: &ValueMap, _tags: &StackTags) -> Result<Call, Failure> {
        let id = text(inputs, "network_load_balancer_id").unwrap_or_default();
        Ok(Call::with_raw(CreateListener::new(id, wire::details(inputs, &[])?), wire::raw(inputs)))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        let id = PartId::parse(id);
        let get = GetListener::new(&*id.load_balancer, &*id.name);
        Look::one(Call::new(get), move |answer| seen(&id, answer.body))
    }

    /// The list of load balancers shows all their parts.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        parts::list(scope, |balancer, item| {
            let listeners = parts::entries(item, "listeners");
            listeners
                .map(|(name, listener)| seen(&PartId::listener(balancer, name), listener.clone()))
                .collect()
        })
    }

    fn update(&self, id: &str, change: &Change<'_>, _tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let id = PartId::parse(id);
        let details = wire::details(&change.changed(&["network_load_balancer_id", "name"]), &[])?;
        let update = UpdateListener::new(&*id.load_balancer, &*id.name, details);
        Ok(vec![Call::with_raw(update, wire::changed_raw(change))])
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        let id = PartId::parse(id);
        vec![Call::new(DeleteListener::new(&*id.load_balancer, &*id.name))]
    }

    /// Everything that changes its load balancer.
    fn lane(&self, _: Option<&str>, inputs: &ValueMap) -> Option<Lane> {
        lane_of(inputs, "network_load_balancer_id")
    }

    fn key(&self, inputs: &ValueMap) -> Option<String> {
        Some(id_of(inputs)?.to_string())
    }

    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let id = id_of(inputs)?;
        let get = GetListener::new(&*id.load_balancer, &*id.name);
        Some(Look::one(Call::new(get).or_missing(), move |answer| {
            (!answer.is_missing).then(|| seen(&id, answer.body)).into_iter().collect()
        }))
    }
}

fn id_of(inputs: &ValueMap) -> Option<PartId> {
    Some(PartId::listener(&text(inputs, "network_load_balancer_id")?, &text(inputs, "name")?))
}

fn seen(id: &PartId, body: Json) -> Seen {
    parts::seen(&SCHEMA, id, body)
}
