//! Policy: statements that say who may do what, in its compartment and those inside.
//!
//! It is changed in the home region only. Statements keep their order: `define` must stand before what uses it.
//! API: Identity 20160918, `Policy`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::identity::models;
use oci_client::services::identity::operations::{
    CreatePolicy, DeletePolicy, GetPolicy, ListPolicies, UpdatePolicy,
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
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

use super::LIFECYCLE;
use super::statements::{check_name, is_same_text};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_identity_policy";

/// Statements that say who may do what, in its compartment and those inside.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Policy {
    /// The compartment, which may be the tenancy; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub compartment_id: Attr<String>,
    /// Its name, unique in its compartment: 1 to 100 letters, digits, hyphens, periods and underscores; a change makes a new one.
    #[schemars(length(min = 1, max = 100), extend("x-required" = true, "x-force-new" = true))]
    pub name: Attr<String>,
    /// What it is for; it may be empty.
    #[schemars(extend("x-required" = true))]
    pub description: Attr<String>,
    /// The statements in order, at least one: `allow group A to read buckets in compartment B`. Spare white space has no effect.
    #[schemars(extend("x-required" = true))]
    pub statements: Attr<Vec<String>>,
    /// The day whose meaning of the statements counts, such as `2026-01-31`; the meaning of each moment when left out.
    pub version_date: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Policy {
    compartment_id,
    name,
    description,
    statements,
    version_date,
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

/// The OCID of the policy at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Policy, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("inactive_state", "inactiveStatus")];

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, RENAMES)
}

/// The module of `oci_identity_policy`.
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
            create: Some(models::CreatePolicyDetails::default().facts()),
            update: Some(models::UpdatePolicyDetails::default().facts()),
            renames: RENAMES,
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        check_name(inputs, &mut problems);
        let mut check = rules::Check::of(inputs, &mut problems);
        check.text("version_date", rules::day);
        if inputs.get("statements").and_then(Value::as_list).is_some_and(<[Value]>::is_empty) {
            check.refuse("statements", "there must be at least one statement");
        }
        problems
    }

    /// Spare white space has no effect.
    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "statements" && is_same_text(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let create = CreatePolicy::new(wire::creation(inputs, tags, RENAMES)?);
        Ok(Call::with_raw(create, wire::raw(inputs)).in_home_region())
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetPolicy::new(id)).in_home_region(), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListPolicies::new(scope.compartment_id.as_deref()?)).in_home_region();
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let details = wire::update(change, tags, &[], RENAMES)?;
        let call = |details| {
            Call::with_raw(UpdatePolicy::new(id, details), wire::changed_raw(change)).in_home_region()
        };
        Ok(details.map(call).into_iter().collect())
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeletePolicy::new(id)).in_home_region()]
    }
}
