//! Network load balancer: passes connections on to servers, by address and port.
//!
//! Any change of it or of its parts occupies all of it, so all of them share a lane. Its address stays in the
//! subnet for a while after it has gone; a reserved public address survives it.
//! API: Network Load Balancer 20200501, `NetworkLoadBalancer`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::network_load_balancer::models;
use oci_client::services::network_load_balancer::operations::{
    ChangeNetworkLoadBalancerCompartment, CreateNetworkLoadBalancer, DeleteNetworkLoadBalancer,
    GetNetworkLoadBalancer, ListNetworkLoadBalancers, UpdateNetworkLoadBalancer, UpdateNetworkSecurityGroups,
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
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::names::Renames;
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::texts;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_network_load_balancer_network_load_balancer";

/// Passes connections on to servers, by address and port.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct NetworkLoadBalancer {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// What people call it; 1 to 1024 characters.
    #[schemars(extend("x-required" = true), length(min = 1, max = 1024))]
    pub display_name: Attr<String>,
    /// The subnet; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub subnet_id: Attr<String>,
    /// Whether it has no public address; true when left out. A change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub is_private: Attr<bool>,
    /// Reserved addresses that it has; a change makes a new one.
    #[schemars(extend("x-force-new" = true, "x-unordered" = true), length(max = 3))]
    pub reserved_ips: Attr<Vec<ReservedIp>>,
    /// Its private address; a change makes a new one.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub assigned_private_ipv4: Attr<String>,
    /// Whether packets keep both addresses; its backends must be named by their OCIDs then.
    pub is_preserve_source_destination: Attr<bool>,
    /// Whether both directions of a flow meet the same backend.
    pub is_symmetric_hash_enabled: Attr<bool>,
    /// At most five network security groups.
    #[schemars(extend("x-unordered" = true), length(max = 5))]
    pub network_security_group_ids: Attr<Vec<String>>,
    /// Which kinds of addresses it has.
    #[schemars(extend("enum" = ["IPV4", "IPV4_AND_IPV6", "IPV6"]))]
    pub nlb_ip_version: Attr<String>,
    /// The block of its IPv6 address.
    #[schemars(extend("x-write-only" = true))]
    pub subnet_ipv6cidr: Attr<String>,
    /// Its IPv6 address.
    #[schemars(extend("x-write-only" = true))]
    pub assigned_ipv6: Attr<String>,
    /// A reserved IPv6 address.
    #[schemars(extend("x-write-only" = true))]
    pub reserved_ipv6id: Attr<String>,
    /// Zero trust packet routing.
    pub security_attributes: Attr<BTreeMap<String, String>>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(NetworkLoadBalancer {
    compartment_id,
    display_name,
    subnet_id,
    is_private,
    reserved_ips,
    assigned_private_ipv4,
    is_preserve_source_destination,
    is_symmetric_hash_enabled,
    network_security_group_ids,
    nlb_ip_version,
    subnet_ipv6cidr,
    assigned_ipv6,
    reserved_ipv6id,
    security_attributes,
    freeform_tags,
    defined_tags,
    raw,
});

/// A reserved address.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ReservedIp {
    /// Its OCID.
    #[schemars(extend("x-required" = true))]
    pub id: Attr<String>,
}

attributes!(ReservedIp { id });

/// An address that it has.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct AssignedAddress {
    /// The address.
    pub ip_address: Attr<String>,
    /// Whether it is public.
    pub is_public: Attr<bool>,
    /// `IPV4` or `IPV6`.
    pub ip_version: Attr<String>,
    /// The reserved address that it is.
    pub reserved_ip: Attr<ReservedIp>,
}

attributes!(AssignedAddress { ip_address, is_public, ip_version, reserved_ip });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// Its addresses.
    #[schemars(extend("x-unordered" = true))]
    ip_addresses: Vec<AssignedAddress>,
    /// More about its state.
    #[schemars(extend("x-volatile" = true))]
    lifecycle_details: String,
    /// When it was made.
    time_created: String,
    /// When it was last changed.
    #[schemars(extend("x-volatile" = true))]
    time_updated: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the load balancer at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<NetworkLoadBalancer, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("reserved_ips.id", "id")];

fn seen(body: Json) -> Seen {
    let mut seen = Seen::new(&SCHEMA, body, RENAMES);
    // The reserved ones among its addresses.
    let addresses = seen.body.get("ipAddresses").and_then(Json::as_array).into_iter().flatten();
    let reserved: Vec<Value> = addresses
        .filter_map(|address| address.pointer("/reservedIp/id")?.as_str())
        .map(|id| Value::map([("id", Value::string(id))]))
        .collect();
    seen.attributes.insert("reserved_ips", Value::list(reserved));
    seen
}

/// About a minute (unconfirmed); the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE"],
    failed: &["FAILED"],
    gone: &["DELETED"],
    expect: Duration::from_secs(60),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_network_load_balancer_network_load_balancer`.
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
            create: Some(models::CreateNetworkLoadBalancerDetails::default().facts()),
            update: Some(models::UpdateNetworkLoadBalancerDetails::default().facts()),
            renames: RENAMES,
            left_out: &[("listeners", "resources of their own"), ("backendSets", "resources of their own")],
            elsewhere: &[
                ("compartment_id", "ChangeNetworkLoadBalancerCompartment"),
                ("network_security_group_ids", "UpdateNetworkSecurityGroups"),
            ],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        check.text("assigned_private_ipv4", rules::ipv4);
        check.text("assigned_ipv6", rules::ipv6);
        check.text("subnet_ipv6cidr", rules::ipv6_block);
        if check.truth("is_symmetric_hash_enabled") == Some(true)
            && (check.truth("is_preserve_source_destination") == Some(false)
                || !check.is_set("is_preserve_source_destination"))
        {
            check.refuse("is_symmetric_hash_enabled", "needs `is_preserve_source_destination`");
        }
        problems
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(
            CreateNetworkLoadBalancer::new(wire::creation(inputs, tags, RENAMES)?),
            wire::raw(inputs),
        ))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetNetworkLoadBalancer::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListNetworkLoadBalancers::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let mut calls = Vec::new();
        if change.has("compartment_id") {
            let details = wire::details(change.inputs, RENAMES)?;
            calls.push(Call::new(ChangeNetworkLoadBalancerCompartment::new(id, details)));
        }
        if change.has("network_security_group_ids") {
            let groups = texts(change.inputs, "network_security_group_ids");
            let details = models::UpdateNetworkSecurityGroupsDetails { network_security_group_ids: groups };
            calls.push(Call::new(UpdateNetworkSecurityGroups::new(id, details)));
        }
        let except = &["compartment_id", "network_security_group_ids"];
        if let Some(details) = wire::update(change, tags, except, RENAMES)? {
            calls
                .push(Call::with_raw(UpdateNetworkLoadBalancer::new(id, details), wire::changed_raw(change)));
        }
        Ok(calls)
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteNetworkLoadBalancer::new(id))]
    }

    /// Everything that changes it or a part of it.
    fn lane(&self, id: Option<&str>, _inputs: &ValueMap) -> Option<Lane> {
        id.map(Lane::new)
    }
}
