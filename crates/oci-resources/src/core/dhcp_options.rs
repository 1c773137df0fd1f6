//! DHCP options: which name servers and search domain the instances of a subnet are told.
//!
//! It cannot be deleted while a subnet uses it.
//! API: Core Services 20160918, `DhcpOptions`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeDhcpOptionsCompartment, CreateDhcpOptions, DeleteDhcpOptions, GetDhcpOptions, ListDhcpOptions,
    UpdateDhcpOptions,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{AttributePath, Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::{Lifecycle, NETWORK};
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_dhcp_options";

/// Which name servers and search domain the instances of a subnet are told.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DhcpOptions {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The VCN; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub vcn_id: Attr<String>,
    /// The options.
    #[schemars(extend("x-required" = true, "x-unordered" = true))]
    pub options: Attr<Vec<DhcpOption>>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
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

attributes!(DhcpOptions {
    compartment_id,
    vcn_id,
    options,
    display_name,
    domain_name_type,
    freeform_tags,
    defined_tags,
    raw,
});

/// One option.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DhcpOption {
    /// `DomainNameServer` or `SearchDomain`.
    #[schemars(extend("x-required" = true))]
    pub r#type: Attr<String>,
    /// Who answers, of a `DomainNameServer`.
    #[schemars(extend("enum" = ["VcnLocal", "VcnLocalPlusInternet", "CustomDnsServer"]))]
    pub server_type: Attr<String>,
    /// Addresses of up to three servers, of a `CustomDnsServer`.
    pub custom_dns_servers: Attr<Vec<String>>,
    /// One name, of a `SearchDomain`.
    pub search_domain_names: Attr<Vec<String>>,
}

attributes!(DhcpOption { r#type, server_type, custom_dns_servers, search_domain_names });

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

/// The OCID of the options at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<DhcpOptions, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// The module of `oci_core_dhcp_options`.
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
            create: Some(models::CreateDhcpDetails::default().facts()),
            update: Some(models::UpdateDhcpDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeDhcpOptionsCompartment")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let options = inputs.get("options").and_then(Value::as_list).unwrap_or_default();
        for (index, option) in options.iter().enumerate() {
            let Some(option) = option.as_map() else { continue };
            let path = AttributePath::attribute("options").index(index);
            let missing = match text(option, "type").as_deref() {
                Some("DomainNameServer") => "server_type",
                Some("SearchDomain") => "search_domain_names",
                Some(other) => {
                    let message = format!("`{other}` is neither `DomainNameServer` nor `SearchDomain`");
                    problems.push(Invalid { path: path.name("type"), message });
                    continue;
                }
                None => continue,
            };
            if option.get(missing).is_none_or(Value::is_null) {
                problems.push(Invalid { path: path.name(missing), message: "must be set".to_owned() });
            }
        }
        problems
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateDhcpOptions::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
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

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteDhcpOptions::new(id))]
    }
}
