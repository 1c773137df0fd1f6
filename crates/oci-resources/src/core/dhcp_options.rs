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
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::{Lifecycle, NETWORK};
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
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
    /// Of which kind.
    #[schemars(extend("x-required" = true, "enum" = ["DomainNameServer", "SearchDomain"]))]
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
        let mut check = rules::Check::of(inputs, &mut problems);
        check.each("options", |option| match option.word("type") {
            Some("DomainNameServer") => check_server(option),
            Some("SearchDomain") => {
                option.needs("search_domain_names", "for a search domain");
                if option.is_set("search_domain_names") && option.items("search_domain_names").len() > 1 {
                    option.refuse("search_domain_names", "must have one name");
                }
            }
            _ => {}
        });
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

/// So many name servers may be named.
///
/// # Source
/// Core Services 20160918, `DhcpDnsOption.customDnsServers`.
const SERVERS_MAX: usize = 3;

fn check_server(option: &mut rules::Check<'_>) {
    option.needs("server_type", "for name servers");
    match option.word("server_type") {
        Some("CustomDnsServer") => option.needs("custom_dns_servers", "for `CustomDnsServer`"),
        Some(_) => option.excludes("custom_dns_servers", "goes with `CustomDnsServer` only"),
        None => {}
    }
    option.texts("custom_dns_servers", rules::address);
    if option.items("custom_dns_servers").len() > SERVERS_MAX {
        option.refuse("custom_dns_servers", format!("must have at most {SERVERS_MAX} items"));
    }
}
