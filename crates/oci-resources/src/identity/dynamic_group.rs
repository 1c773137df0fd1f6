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
use crate::names::Renames;
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

use super::LIFECYCLE;
use super::statements::{check_name, is_same_text};

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

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// Why it is inactive, as a number, where it is.
    #[schemars(extend("x-volatile" = true))]
    inactive_state: String,
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

/// The name of the group at `address`.
#[must_use]
pub fn name(address: &Address) -> Output<String> {
    Output::new(address.clone(), "name")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<DynamicGroup, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("inactive_state", "inactiveStatus")];

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, RENAMES)
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
            renames: RENAMES,
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
        let create = CreateDynamicGroup::new(wire::creation(inputs, tags, RENAMES)?);
        Ok(Call::with_raw(create, wire::raw(inputs)).in_home_region())
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetDynamicGroup::new(id)).in_home_region(), |answer| seen(answer.body))
    }

    fn lies_in_tenancy(&self) -> bool {
        true
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListDynamicGroups::new(scope.compartment_id.as_deref()?)).in_home_region();
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let details = wire::update(change, tags, &[], RENAMES)?;
        let call = |details| {
            Call::with_raw(UpdateDynamicGroup::new(id, details), wire::changed_raw(change)).in_home_region()
        };
        Ok(details.map(call).into_iter().collect())
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteDynamicGroup::new(id)).in_home_region()]
    }
}
