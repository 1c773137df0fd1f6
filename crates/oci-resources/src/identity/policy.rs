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
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

use super::statements::{check_name, is_same_text};
use super::{LIFECYCLE, home};

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

/// The OCID of the policy at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Policy, home::Told>);

fn seen(body: Json) -> Seen {
    home::seen(&SCHEMA, body)
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
            renames: home::RENAMES,
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
        let create = CreatePolicy::new(wire::creation(inputs, tags, home::RENAMES)?);
        Ok(Call::with_raw(create, wire::raw(inputs)).in_home_region())
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        home::read(GetPolicy::new(id), seen)
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        Some(home::list(ListPolicies::new(scope.compartment_id.as_deref()?), seen))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        home::update(change, tags, |details| UpdatePolicy::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeletePolicy::new(id)).in_home_region()]
    }
}
