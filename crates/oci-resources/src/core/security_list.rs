//! Security list: packet rules for every VNIC in the subnets that name it.
//!
//! A change replaces all the rules of a direction at once, so the diff compares them as a set. It cannot be
//! deleted while a subnet uses it.
//! API: Core Services 20160918, `SecurityList`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeSecurityListCompartment, CreateSecurityList, DeleteSecurityList, GetSecurityList,
    ListSecurityLists, UpdateSecurityList,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{AttributePath, Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use super::packet_rules::{self, IcmpOptions, PortOptions};
use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::{Lifecycle, NETWORK};
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::names::Renames;
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_security_list";

/// Packet rules for every VNIC in the subnets that name it.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct SecurityList {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The VCN; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub vcn_id: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// What may come in.
    #[schemars(extend("x-unordered" = true))]
    pub ingress_security_rules: Attr<Vec<IngressSecurityRule>>,
    /// What may go out.
    #[schemars(extend("x-unordered" = true))]
    pub egress_security_rules: Attr<Vec<EgressSecurityRule>>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(SecurityList {
    compartment_id,
    vcn_id,
    display_name,
    ingress_security_rules,
    egress_security_rules,
    freeform_tags,
    defined_tags,
    raw,
});

/// A rule about what may come in.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct IngressSecurityRule {
    /// `all`, or a protocol by its IANA number or name: `6` or `tcp`, `17` or `udp`, `1` or `icmp`.
    #[schemars(extend("x-required" = true))]
    pub protocol: Attr<String>,
    /// The source: an address block, or the label of Oracle services.
    #[schemars(extend("x-required" = true))]
    pub source: Attr<String>,
    /// `CIDR_BLOCK` when left out.
    #[schemars(extend("enum" = ["CIDR_BLOCK", "SERVICE_CIDR_BLOCK"], "default" = "CIDR_BLOCK"))]
    pub source_type: Attr<String>,
    /// Whether answers need a rule of their own; false when left out.
    #[schemars(extend("default" = false))]
    pub stateless: Attr<bool>,
    /// What it is for.
    #[schemars(extend("x-exact" = true), length(min = 1, max = 255))]
    pub description: Attr<String>,
    /// TCP ports; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub tcp_options: Attr<PortOptions>,
    /// UDP ports; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub udp_options: Attr<PortOptions>,
    /// ICMP types; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub icmp_options: Attr<IcmpOptions>,
}

attributes!(IngressSecurityRule {
    protocol,
    source,
    source_type,
    stateless,
    description,
    tcp_options,
    udp_options,
    icmp_options,
});

/// A rule about what may go out.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct EgressSecurityRule {
    /// `all`, or a protocol by its IANA number or name: `6` or `tcp`, `17` or `udp`, `1` or `icmp`.
    #[schemars(extend("x-required" = true))]
    pub protocol: Attr<String>,
    /// The destination: an address block, or the label of Oracle services.
    #[schemars(extend("x-required" = true))]
    pub destination: Attr<String>,
    /// `CIDR_BLOCK` when left out.
    #[schemars(extend("enum" = ["CIDR_BLOCK", "SERVICE_CIDR_BLOCK"], "default" = "CIDR_BLOCK"))]
    pub destination_type: Attr<String>,
    /// Whether answers need a rule of their own; false when left out.
    #[schemars(extend("default" = false))]
    pub stateless: Attr<bool>,
    /// What it is for.
    #[schemars(extend("x-exact" = true), length(min = 1, max = 255))]
    pub description: Attr<String>,
    /// TCP ports; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub tcp_options: Attr<PortOptions>,
    /// UDP ports; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub udp_options: Attr<PortOptions>,
    /// ICMP types; any when left out.
    #[schemars(extend("x-exact" = true))]
    pub icmp_options: Attr<IcmpOptions>,
}

attributes!(EgressSecurityRule {
    protocol,
    destination,
    destination_type,
    stateless,
    description,
    tcp_options,
    udp_options,
    icmp_options,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the list at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<SecurityList, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[
    ("ingress_security_rules.stateless", "isStateless"),
    ("egress_security_rules.stateless", "isStateless"),
];

/// A security list as Oracle shows it, for this type and for that of a VCN's default one.
pub(super) fn seen(body: Json, schema: &Schema) -> Seen {
    let mut body = body;
    for name in ["ingressSecurityRules", "egressSecurityRules"] {
        let rules = body.get_mut(name).and_then(Json::as_array_mut).into_iter().flatten();
        rules.for_each(packet_rules::from_oracle);
    }
    Seen::new(schema, body, RENAMES)
}

/// The module of `oci_core_security_list`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        NETWORK.resource_type(TYPE, &SCHEMA)
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &NETWORK
    }

    fn api(&self) -> Api {
        Api {
            service: "core",
            create: Some(models::CreateSecurityListDetails::default().facts()),
            update: Some(models::UpdateSecurityListDetails::default().facts()),
            renames: RENAMES,
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeSecurityListCompartment")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        for (name, end) in [("ingress_security_rules", "source"), ("egress_security_rules", "destination")] {
            let rules = inputs.get(name).and_then(Value::as_list).unwrap_or_default();
            for (index, rule) in rules.iter().enumerate() {
                let path = AttributePath::attribute(name).index(index);
                if let Some(rule) = rule.as_map() {
                    packet_rules::check(rule, &path, &[end], &mut problems);
                }
            }
        }
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        match attribute.rsplit_once('.') {
            Some((_, "protocol")) => packet_rules::same_protocol(desired, observed),
            Some((_, "source" | "destination")) => rules::same_block(desired, observed),
            _ => false,
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let shaped = in_oracles_shape(inputs);
        let mut details: models::CreateSecurityListDetails = wire::creation(&shaped, tags, RENAMES)?;
        // Oracle wants both arrays, if only empty.
        details.ingress_security_rules.get_or_insert_default();
        details.egress_security_rules.get_or_insert_default();
        Ok(Call::with_raw(CreateSecurityList::new(details), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body, &SCHEMA))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetSecurityList::new(id)), |answer| seen(answer.body, &SCHEMA))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListSecurityLists::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| {
            answer.items().iter().cloned().map(|body| seen(body, &SCHEMA)).collect()
        }))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let mut calls = Vec::new();
        if change.has("compartment_id") {
            let details = wire::details(change.inputs, RENAMES)?;
            calls.push(Call::new(ChangeSecurityListCompartment::new(id, details)));
        }
        let shaped = in_oracles_shape(change.inputs);
        let change = Change { inputs: &shaped, ..*change };
        if let Some(mut details) =
            wire::update::<models::UpdateSecurityListDetails>(&change, tags, &["compartment_id"], RENAMES)?
        {
            // Rules that are no longer asked for go; the service keeps an array that is not sent.
            for name in change.removed() {
                match name {
                    "ingress_security_rules" => details.ingress_security_rules = Some(Vec::new()),
                    "egress_security_rules" => details.egress_security_rules = Some(Vec::new()),
                    _ => {}
                }
            }
            calls.push(Call::with_raw(UpdateSecurityList::new(id, details), wire::changed_raw(&change)));
        }
        Ok(calls)
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteSecurityList::new(id))]
    }
}

/// The inputs with their rules in Oracle's shape.
pub(crate) fn in_oracles_shape(inputs: &ValueMap) -> ValueMap {
    let mut shaped = inputs.clone();
    for name in ["ingress_security_rules", "egress_security_rules"] {
        if let Some(rules) = inputs.get(name).and_then(Value::as_list) {
            shaped.insert(name, Value::list(rules.iter().map(packet_rules::to_oracle)));
        }
    }
    shaped
}
