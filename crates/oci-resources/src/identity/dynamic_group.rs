//! Dynamic group: instances and other resources that may call Oracle's services as themselves, by a rule that they match.
//!
//! It lies in the tenancy, its name is unique there, and it is changed in the home region only.
//! API: Identity 20160918, `DynamicGroup`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::identity::models;
use oci_client::services::identity::operations::{
    CreateDynamicGroup, DeleteDynamicGroup, GetDynamicGroup, ListDynamicGroups, UpdateDynamicGroup,
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
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

use super::statements::{check_name, is_same_text};
use super::{LIFECYCLE, home};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_identity_dynamic_group";

/// Instances and other resources that may call Oracle's services as themselves, by a rule that they match.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DynamicGroup {
    /// The tenancy.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub compartment_id: Attr<String>,
    /// Its name, unique in the tenancy: 1 to 100 letters, digits, hyphens, periods and underscores; a change makes a new one.
    #[schemars(length(min = 1, max = 100), extend("x-required" = true, "x-force-new" = true))]
    pub name: Attr<String>,
    /// What it is for; it may be empty.
    #[schemars(extend("x-required" = true))]
    pub description: Attr<String>,
    /// Who belongs to it: `Any {instance.id = '…', instance.compartment.id = '…'}`. Free-form tags do not count; defined ones do.
    #[schemars(extend("x-required" = true))]
    pub matching_rule: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(DynamicGroup {
    compartment_id,
    name,
    description,
    matching_rule,
    freeform_tags,
    defined_tags,
    raw,
});

/// The OCID of the group at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

/// The name of the group at `address`.
#[must_use]
pub fn name(address: &Address) -> Output<String> {
    Output::new(address.clone(), "name")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<DynamicGroup, home::Told>);

fn seen(body: Json) -> Seen {
    home::seen(&SCHEMA, body)
}

/// The module of `oci_identity_dynamic_group`.
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
            service: "identity",
            create: Some(models::CreateDynamicGroupDetails::default().facts()),
            update: Some(models::UpdateDynamicGroupDetails::default().facts()),
            renames: home::RENAMES,
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        check_name(inputs, &mut problems);
        problems
    }

    /// Spare white space has no effect.
    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "matching_rule" && is_same_text(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let create = CreateDynamicGroup::new(wire::creation(inputs, tags, home::RENAMES)?);
        Ok(Call::with_raw(create, wire::raw(inputs)).in_home_region())
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        home::read(GetDynamicGroup::new(id), seen)
    }

    fn lies_in_tenancy(&self) -> bool {
        true
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        Some(home::list(ListDynamicGroups::new(scope.compartment_id.as_deref()?), seen))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        home::update(change, tags, |details| UpdateDynamicGroup::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteDynamicGroup::new(id)).in_home_region()]
    }
}
