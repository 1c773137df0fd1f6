//! Network security group: a set of VNICs with rules of their own.
//!
//! Its rules are resources of their own. It cannot be deleted while a VNIC is a member.
//! API: Core Services 20160918, `NetworkSecurityGroup`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeNetworkSecurityGroupCompartment, CreateNetworkSecurityGroup, DeleteNetworkSecurityGroup,
    GetNetworkSecurityGroup, ListNetworkSecurityGroups, UpdateNetworkSecurityGroup,
};
use reconcile::Address;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::{Lifecycle, NETWORK};
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_network_security_group";

/// A set of VNICs with rules of their own.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct NetworkSecurityGroup {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The VCN; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub vcn_id: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(NetworkSecurityGroup { compartment_id, vcn_id, display_name, freeform_tags, defined_tags, raw });

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

/// The OCID of the group at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<NetworkSecurityGroup, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// The module of `oci_core_network_security_group`.
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
            create: Some(models::CreateNetworkSecurityGroupDetails::default().facts()),
            update: Some(models::UpdateNetworkSecurityGroupDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeNetworkSecurityGroupCompartment")],
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(
            CreateNetworkSecurityGroup::new(wire::creation(inputs, tags, &[])?),
            wire::raw(inputs),
        ))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetNetworkSecurityGroup::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let mut list = ListNetworkSecurityGroups::new();
        list.compartment_id = Some(scope.compartment_id.clone()?);
        let list = Call::all_pages(list);
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            &[],
            |details| ChangeNetworkSecurityGroupCompartment::new(id, details),
            |details| UpdateNetworkSecurityGroup::new(id, details),
        )
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteNetworkSecurityGroup::new(id))]
    }
}
