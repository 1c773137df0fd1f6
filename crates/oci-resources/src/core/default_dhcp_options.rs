//! A VCN's default DHCP options, taken over: they came with the VCN, are changed instead of made, and go with
//! the VCN.
//! API: Core Services 20160918.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeDhcpOptionsCompartment, GetDhcpOptions, ListDhcpOptions, UpdateDhcpOptions,
};
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use super::dhcp_options::{self, DhcpOption};
use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::lifecycle::{Lifecycle, NETWORK};
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_default_dhcp_options";

/// A VCN's default DHCP options, taken over.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DefaultDhcpOptions {
    /// The OCID of the default DHCP options; an output of the VCN. A change takes another one over.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub manage_default_resource_id: Attr<String>,
    /// The compartment: that of the VCN, or another one to which it is moved.
    pub compartment_id: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The options.
    #[schemars(extend("x-required" = true, "x-unordered" = true))]
    pub options: Attr<Vec<DhcpOption>>,
    /// Which search domain is told.
    #[schemars(extend("enum" = ["SUBNET_DOMAIN", "VCN_DOMAIN", "CUSTOM_DOMAIN"]))]
    pub domain_name_type: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(DefaultDhcpOptions {
    manage_default_resource_id,
    compartment_id,
    display_name,
    options,
    domain_name_type,
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

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<DefaultDhcpOptions, Told>);

fn seen(body: Json) -> Seen {
    let mut seen = Seen::new(&SCHEMA, body, &[]);
    let id = Value::string(seen.id.as_str());
    seen.attributes.insert("manage_default_resource_id", id);
    seen
}

/// The module of `oci_core_default_dhcp_options`.
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
            update: Some(models::UpdateDhcpDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[
                ("manage_default_resource_id", "the path of the request"),
                ("compartment_id", "ChangeDhcpOptionsCompartment"),
            ],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        dhcp_options::Module.validate(inputs)
    }

    /// Nothing is made: what is there is changed.
    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let id = text(inputs, "manage_default_resource_id")
            .ok_or_else(|| Failure::refused("`manage_default_resource_id` is not known"))?;
        let details: models::UpdateDhcpDetails = wire::creation(inputs, tags, &[])?;
        Ok(Call::with_raw(UpdateDhcpOptions::new(id, details), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetDhcpOptions::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListDhcpOptions::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            &[],
            |details| ChangeDhcpOptionsCompartment::new(id, details),
            |details| UpdateDhcpOptions::new(id, details),
        )
    }

    /// It goes with its VCN. Until then it is as empty as a table of rules can be, as Oracle's Terraform provider leaves it.
    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        let details = models::UpdateDhcpDetails {
            options: Some(vec![models::DhcpOption::DomainNameServer(models::DhcpDnsOption {
                server_type: Some(models::DhcpDnsOptionServerType::VcnLocalPlusInternet),
                ..models::DhcpDnsOption::default()
            })]),
            freeform_tags: Some(BTreeMap::new()),
            ..models::UpdateDhcpDetails::default()
        };
        vec![Call::new(UpdateDhcpOptions::new(id, details))]
    }

    /// It came with the VCN.
    fn key(&self, inputs: &ValueMap) -> Option<String> {
        text(inputs, "manage_default_resource_id")
    }

    fn outlives_deletion(&self) -> bool {
        true
    }
}
