//! A VCN's default security list, taken over: it came with the VCN, is changed instead of made, and goes with
//! the VCN.
//! API: Core Services 20160918.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeSecurityListCompartment, GetSecurityList, ListSecurityLists, UpdateSecurityList,
};
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use super::security_list::{self, EgressSecurityRule, IngressSecurityRule};
use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::lifecycle::{Lifecycle, NETWORK};
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::names::Renames;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_default_security_list";

/// A VCN's default security list, taken over.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DefaultSecurityList {
    /// The OCID of the default security list; an output of the VCN. A change takes another one over.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub manage_default_resource_id: Attr<String>,
    /// The compartment: that of the VCN, or another one to which it is moved.
    pub compartment_id: Attr<String>,
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

attributes!(DefaultSecurityList {
    manage_default_resource_id,
    compartment_id,
    display_name,
    ingress_security_rules,
    egress_security_rules,
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
    /// The VCN.
    vcn_id: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<DefaultSecurityList, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[
    ("ingress_security_rules.stateless", "isStateless"),
    ("egress_security_rules.stateless", "isStateless"),
];

fn seen(body: Json) -> Seen {
    let mut seen = security_list::seen(body, &SCHEMA);
    let id = Value::string(seen.id.as_str());
    seen.attributes.insert("manage_default_resource_id", id);
    seen
}

/// The module of `oci_core_default_security_list`.
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
            create: None,
            update: Some(models::UpdateSecurityListDetails::default().facts()),
            renames: RENAMES,
            left_out: &[],
            elsewhere: &[
                ("manage_default_resource_id", "the path of the request"),
                ("compartment_id", "ChangeSecurityListCompartment"),
            ],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        security_list::Module.validate(inputs)
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        security_list::Module.equivalent(attribute, desired, observed)
    }

    /// Nothing is made: what is there is changed.
    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let id = text(inputs, "manage_default_resource_id")
            .ok_or_else(|| Failure::refused("`manage_default_resource_id` is not known"))?;
        let details: models::UpdateSecurityListDetails =
            wire::creation(&security_list::in_oracles_shape(inputs), tags, RENAMES)?;
        Ok(Call::with_raw(UpdateSecurityList::new(id, details), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetSecurityList::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListSecurityLists::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let shaped = security_list::in_oracles_shape(change.inputs);
        let change = Change { inputs: &shaped, ..*change };
        change.move_and_update(
            tags,
            RENAMES,
            |details| ChangeSecurityListCompartment::new(id, details),
            |details| UpdateSecurityList::new(id, details),
        )
    }

    /// It goes with its VCN. Until then it is as empty as a table of rules can be, as Oracle's Terraform provider leaves it.
    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        let details = models::UpdateSecurityListDetails {
            ingress_security_rules: Some(Vec::new()),
            egress_security_rules: Some(Vec::new()),
            freeform_tags: Some(BTreeMap::new()),
            ..models::UpdateSecurityListDetails::default()
        };
        vec![Call::new(UpdateSecurityList::new(id, details))]
    }

    /// It came with the VCN.
    fn key(&self, inputs: &ValueMap) -> Option<String> {
        text(inputs, "manage_default_resource_id")
    }

    fn outlives_deletion(&self) -> bool {
        true
    }
}
