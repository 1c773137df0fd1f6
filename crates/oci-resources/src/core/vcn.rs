//! Virtual cloud network: the address space that everything else lives in.
//!
//! CIDR blocks are added in place, one at a time; taking one away is refused. Its DNS label is fixed for life.
//! API: Core Services 20160918, `Vcn`.
//!
//! # Example
//! ```
//! use oci_resources::core::vcn::Vcn;
//! use reconcile::Address;
//!
//! let vcn = Vcn {
//!     compartment_id: "ocid1.compartment.oc1..aaaa".into(),
//!     cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
//!     dns_label: "moodle".into(),
//!     ..Vcn::default()
//! };
//! assert_eq!(vcn.inputs().into_entries().len(), 3);
//! ```

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    AddVcnCidr, ChangeVcnCompartment, CreateVcn, DeleteVcn, GetVcn, ListVcns, UpdateVcn,
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
use crate::values::{text, texts};
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_vcn";

/// A virtual cloud network.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Vcn {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// One to five IPv4 blocks, /16 to /30, that do not overlap.
    #[schemars(extend("x-required" = true, "x-unordered" = true), length(min = 1, max = 5))]
    pub cidr_blocks: Attr<Vec<String>>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// 1 to 15 letters and digits, a letter first; a change replaces the network.
    #[schemars(extend("x-force-new" = true))]
    pub dns_label: Attr<String>,
    /// Whether it has IPv6 addresses too; a change replaces the network.
    #[schemars(extend("x-force-new" = true))]
    pub is_ipv6enabled: Attr<bool>,
    /// Whether Oracle gives it a public IPv6 block; a change replaces the network.
    #[schemars(extend("x-force-new" = true))]
    pub is_oracle_gua_allocation_enabled: Attr<bool>,
    /// Private IPv6 blocks; a change replaces the network.
    #[schemars(extend("x-force-new" = true, "x-unordered" = true))]
    pub ipv6private_cidr_blocks: Attr<Vec<String>>,
    /// Public IPv6 blocks that were brought along; a change replaces the network.
    #[schemars(extend("x-force-new" = true, "x-unordered" = true, "x-write-only" = true))]
    pub byoipv6cidr_details: Attr<Vec<Byoipv6CidrDetails>>,
    /// Whether only zero trust packet routing decides what may reach it.
    pub is_zpr_only: Attr<bool>,
    /// Zero trust packet routing: `Namespace.Attribute.value` and `Namespace.Attribute.mode`.
    pub security_attributes: Attr<BTreeMap<String, String>>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Vcn {
    compartment_id,
    cidr_blocks,
    display_name,
    dns_label,
    is_ipv6enabled,
    is_oracle_gua_allocation_enabled,
    ipv6private_cidr_blocks,
    byoipv6cidr_details,
    is_zpr_only,
    security_attributes,
    freeform_tags,
    defined_tags,
    raw,
});

/// A public IPv6 block that was brought along.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Byoipv6CidrDetails {
    /// The range that the block is taken from.
    #[schemars(extend("x-required" = true))]
    pub byoipv6range_id: Attr<String>,
    /// The block, /56 or larger.
    #[schemars(extend("x-required" = true))]
    pub ipv6cidr_block: Attr<String>,
}

attributes!(Byoipv6CidrDetails { byoipv6range_id, ipv6cidr_block });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// The DHCP options that came with it.
    default_dhcp_options_id: String,
    /// The route table that came with it.
    default_route_table_id: String,
    /// The security list that came with it.
    default_security_list_id: String,
    /// `<dns_label>.oraclevcn.com`.
    vcn_domain_name: String,
    /// When it was made.
    time_created: String,
    /// `PROVISIONING`, `AVAILABLE`, `UPDATING`, `TERMINATING` or `TERMINATED`.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the VCN at `address`, for resources that live in it.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

/// The OCID of its default route table.
#[must_use]
pub fn default_route_table_id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "default_route_table_id")
}

/// The OCID of its default security list.
#[must_use]
pub fn default_security_list_id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "default_security_list_id")
}

/// The OCID of its default DHCP options.
#[must_use]
pub fn default_dhcp_options_id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "default_dhcp_options_id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Vcn, Told>);

/// That it has IPv6, and a block of Oracle's, shows by its blocks only.
fn seen(body: Json) -> Seen {
    let mut seen = Seen::new(&SCHEMA, body, &[]);
    let has =
        |field: &str| seen.body.get(field).and_then(Json::as_array).is_some_and(|blocks| !blocks.is_empty());
    let has_oracles = has("ipv6CidrBlocks");
    let has_any = has_oracles || has("ipv6PrivateCidrBlocks") || has("byoipv6CidrBlocks");
    seen.attributes.insert("is_ipv6enabled", Value::Bool(has_any));
    if has_any {
        seen.attributes.insert("is_oracle_gua_allocation_enabled", Value::Bool(has_oracles));
    }
    seen
}

/// Seen in a real tenancy: one second; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["AVAILABLE"],
    failed: &[],
    gone: &["TERMINATED"],
    expect: Duration::from_secs(1),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_core_vcn`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType { visible_within: Duration::from_secs(60), ..LIFECYCLE.resource_type(TYPE, &SCHEMA) }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "core",
            create: Some(models::CreateVcnDetails::default().facts()),
            update: Some(models::UpdateVcnDetails::default().facts()),
            renames: &[],
            left_out: &[("cidrBlock", "the deprecated form of `cidrBlocks`")],
            elsewhere: &[("compartment_id", "ChangeVcnCompartment"), ("cidr_blocks", "AddVcnCidr")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        rules::dns_label(inputs, "dns_label", &mut problems);
        rules::ipv4_blocks(inputs, "cidr_blocks", &rules::VCN_BLOCKS, &mut problems);
        let mut check = rules::Check::of(inputs, &mut problems);
        check.texts("ipv6private_cidr_blocks", rules::ipv6_block);
        check.each("byoipv6cidr_details", |details| details.text("ipv6cidr_block", rules::ipv6_block));
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        match attribute {
            "dns_label" => rules::same_text(desired, observed),
            "ipv6private_cidr_blocks" | "byoipv6cidr_details.ipv6cidr_block" => {
                rules::same_block(desired, observed)
            }
            _ => false,
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateVcn::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetVcn::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListVcns::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let mut calls = Vec::new();
        if change.has("compartment_id") {
            let compartment_id = text(change.inputs, "compartment_id");
            let details = models::ChangeVcnCompartmentDetails { compartment_id };
            calls.push(Call::new(ChangeVcnCompartment::new(id, details)));
        }
        if change.has("cidr_blocks") {
            calls.extend(added_blocks(id, change)?);
        }
        if let Some(details) = wire::update(change, tags, &["compartment_id", "cidr_blocks"], &[])? {
            calls.push(Call::with_raw(UpdateVcn::new(id, details), wire::changed_raw(change)));
        }
        Ok(calls)
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteVcn::new(id))]
    }
}

/// The service takes one new block at a time, and Oracle's tables have no call that takes one away.
fn added_blocks(id: &str, change: &Change<'_>) -> Result<Vec<Call>, Failure> {
    let before = texts(&change.current.attributes, "cidr_blocks").unwrap_or_default();
    let after = texts(change.inputs, "cidr_blocks").unwrap_or_default();
    if let Some(block) = before.iter().find(|block| !after.contains(block)) {
        return Err(Failure {
            hint: Some(
                "remove the block in Oracle's console once no subnet lies in it, then plan again".to_owned(),
            ),
            ..Failure::refused(format!(
                "`{block}` cannot be taken from the VCN: `oci_core_vcn` only adds blocks"
            ))
        });
    }
    let added = after.iter().filter(|block| !before.contains(block)).map(|block| {
        let details = models::AddVcnCidrDetails { cidr_block: Some(block.clone()) };
        Call::new(AddVcnCidr::new(id, details))
    });
    Ok(added.collect())
}
