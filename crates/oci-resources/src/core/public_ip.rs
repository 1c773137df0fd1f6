//! Public IP: a public address, reserved for as long as it is wanted, or borrowed by one private address.
//!
//! A reserved address survives what it is assigned to. Which private address it is assigned to changes in
//! place; where a service assigns it (a load balancer that was given it), that is left alone.
//! API: Core Services 20160918, `PublicIp`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangePublicIpCompartment, CreatePublicIp, DeletePublicIp, GetPublicIp, ListPublicIps, UpdatePublicIp,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::{text, without_empty};
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_public_ip";

/// A public address.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PublicIp {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// `RESERVED`, or `EPHEMERAL` for one that goes with its private address; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true, "enum" = ["EPHEMERAL", "RESERVED"]))]
    pub lifetime: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The private address that it is assigned to. An empty text takes it away.
    #[schemars(extend("x-volatile" = true))]
    pub private_ip_id: Attr<String>,
    /// The pool that it is taken from; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub public_ip_pool_id: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(PublicIp {
    compartment_id,
    lifetime,
    display_name,
    private_ip_id,
    public_ip_pool_id,
    freeform_tags,
    defined_tags,
    raw,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// The address.
    ip_address: String,
    /// `REGION`, or `AVAILABILITY_DOMAIN` for an ephemeral one.
    scope: String,
    /// The availability domain of an ephemeral one.
    availability_domain: String,
    /// What it is assigned to.
    #[schemars(extend("x-volatile" = true))]
    assigned_entity_id: String,
    /// `PRIVATE_IP` or `NAT_GATEWAY`.
    #[schemars(extend("x-volatile" = true))]
    assigned_entity_type: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the public IP at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

/// The address itself.
#[must_use]
pub fn ip_address(address: &Address) -> Output<String> {
    Output::new(address.clone(), "ip_address")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<PublicIp, Told>);

/// Without a private address it shows none, which an empty text asks for.
fn seen(body: Json) -> Seen {
    let mut seen = Seen::new(&SCHEMA, body, &[]);
    if seen.attributes.get("private_ip_id").is_none() {
        seen.attributes.insert("private_ip_id", Value::string(""));
    }
    seen
}

/// Durations as seen in real tenancies; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["AVAILABLE", "ASSIGNED", "UNASSIGNED"],
    failed: &[],
    gone: &["TERMINATED"],
    expect: Duration::from_secs(1),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_core_public_ip`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType { holds_data: true, ..LIFECYCLE.resource_type(TYPE, &SCHEMA) }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "core",
            create: Some(models::CreatePublicIpDetails::default().facts()),
            update: Some(models::UpdatePublicIpDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangePublicIpCompartment")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        if check.word("lifetime") == Some("EPHEMERAL") {
            check.needs("private_ip_id", "for an ephemeral address");
        }
        problems
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let inputs = &without_empty(inputs, "private_ip_id");
        Ok(Call::with_raw(CreatePublicIp::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetPublicIp::new(id)), |answer| seen(answer.body))
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        Scope {
            compartment_id: text(attributes, "compartment_id"),
            availability_domain: text(attributes, "availability_domain"),
            parent: None,
        }
    }

    /// Reserved addresses are listed for the region, ephemeral ones for each availability domain.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let compartment_id = scope.compartment_id.as_deref()?;
        let list = match &scope.availability_domain {
            None => ListPublicIps::new(models::PublicIpScope::Region, compartment_id),
            Some(domain) => {
                let mut list = ListPublicIps::new(models::PublicIpScope::AvailabilityDomain, compartment_id);
                list.availability_domain = Some(domain.clone());
                list
            }
        };
        let list = Call::all_pages(list);
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            &[],
            |details| ChangePublicIpCompartment::new(id, details),
            |details| UpdatePublicIp::new(id, details),
        )
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeletePublicIp::new(id))]
    }
}
