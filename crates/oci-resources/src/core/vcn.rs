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
use std::time::Duration;

use oci_client::services::core::models;
use oci_client::services::core::operations::{
    AddVcnCidr, ChangeVcnCompartment, CreateVcn, DeleteVcn, GetVcn, ListVcns, UpdateVcn,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, PerOperation, ResourceType};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::value::{Value, ValueMap};

use crate::attr::{Attr, Inputs, Output};
use crate::call::{Call, ListCall, Observed, Shown};
use crate::lifecycle::Lifecycle;
use crate::module::{Change, ResourceModule};
use crate::rules;
use crate::tags::StackTags;
use crate::values::{Attributes, text, text_map, texts, truth};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_vcn";

/// A virtual cloud network, as the user states it.
#[derive(Clone, Debug, Default)]
pub struct Vcn {
    /// The compartment. Moving to another one happens in place.
    pub compartment_id: Attr<String>,
    /// One to five IPv4 blocks, /16 to /30, that do not overlap.
    pub cidr_blocks: Attr<Vec<String>>,
    /// What people call it; 1 to 255 characters.
    pub display_name: Attr<String>,
    /// 1 to 15 letters and digits, a letter first; a change replaces the network.
    pub dns_label: Attr<String>,
    /// Whether it has IPv6 addresses too; a change replaces the network.
    pub is_ipv6enabled: Attr<bool>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
}

impl Vcn {
    /// The attributes that were stated, for the engine.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs::default()
            .with("compartment_id", &self.compartment_id)
            .with("cidr_blocks", &self.cidr_blocks)
            .with("display_name", &self.display_name)
            .with("dns_label", &self.dns_label)
            .with("is_ipv6enabled", &self.is_ipv6enabled)
            .with("freeform_tags", &self.freeform_tags)
    }
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

fn schema() -> Schema {
    let text = || Attribute::new(Kind::String);
    Schema::default()
        .with("compartment_id", text().required())
        .with("cidr_blocks", Attribute::new(Kind::List(Box::new(text()))).required().unordered())
        .with("display_name", text().computed())
        .with("dns_label", text().force_new())
        .with("is_ipv6enabled", Attribute::new(Kind::Bool).computed().force_new())
        .with("freeform_tags", Attribute::new(Kind::Map(Box::new(text()))).computed())
        .with("id", text().computed())
        .with("default_dhcp_options_id", text().computed())
        .with("default_route_table_id", text().computed())
        .with("default_security_list_id", text().computed())
        .with("vcn_domain_name", text().computed())
        .with("time_created", text().computed())
        .with("state", text().computed().volatile())
}

fn observe(vcn: models::Vcn) -> Observed {
    let tags = vcn.freeform_tags.unwrap_or_default();
    let compartment_id = vcn.compartment_id.unwrap_or_default();
    let state = vcn.lifecycle_state.map(|state| state.as_str().to_owned()).unwrap_or_default();
    let id = vcn.id.unwrap_or_default();
    let attributes = Attributes::default()
        .text("id", Some(id.clone()))
        .text("compartment_id", Some(compartment_id.clone()))
        .texts("cidr_blocks", vcn.cidr_blocks)
        .text("display_name", vcn.display_name)
        .text("dns_label", vcn.dns_label)
        .truth("is_ipv6enabled", Some(vcn.ipv6_cidr_blocks.is_some_and(|blocks| !blocks.is_empty())))
        .freeform_tags(&tags)
        .text("default_dhcp_options_id", vcn.default_dhcp_options_id)
        .text("default_route_table_id", vcn.default_route_table_id)
        .text("default_security_list_id", vcn.default_security_list_id)
        .text("vcn_domain_name", vcn.vcn_domain_name)
        .text("time_created", vcn.time_created.map(|time| time.to_string()))
        .text("state", Some(state.clone()))
        .into_map();
    Observed { id, state, compartment_id, tags, attributes }
}

fn shown(vcn: models::Vcn) -> Shown {
    Shown::Object(observe(vcn))
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
        ResourceType {
            expected: PerOperation::all(Duration::from_secs(1)),
            limit: PerOperation::all(self.lifecycle().limit),
            visible_within: Duration::from_secs(60),
            ..ResourceType::new(TYPE, schema())
        }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        rules::dns_label(inputs, "dns_label", &mut problems);
        rules::display_name(inputs, "display_name", &mut problems);
        rules::ipv4_blocks(inputs, "cidr_blocks", &rules::VCN_BLOCKS, &mut problems);
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "dns_label" && rules::same_text(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Call {
        let details = models::CreateVcnDetails {
            compartment_id: text(inputs, "compartment_id"),
            cidr_blocks: texts(inputs, "cidr_blocks"),
            display_name: text(inputs, "display_name"),
            dns_label: text(inputs, "dns_label"),
            is_ipv6_enabled: truth(inputs, "is_ipv6enabled"),
            freeform_tags: Some(tags.beside(text_map(inputs, "freeform_tags").unwrap_or_default())),
            ..models::CreateVcnDetails::default()
        };
        Call::new(CreateVcn::new(details), shown)
    }

    fn read(&self, id: &str) -> Call {
        Call::new(GetVcn::new(id), shown)
    }

    fn list(&self, compartment_id: &str) -> ListCall {
        ListCall::new(ListVcns::new(compartment_id), observe)
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let mut calls = Vec::new();
        if change.has("compartment_id") {
            let compartment_id = text(change.inputs, "compartment_id");
            let details = models::ChangeVcnCompartmentDetails { compartment_id };
            calls.push(Call::new(ChangeVcnCompartment::new(id, details), |()| Shown::Nothing));
        }
        if change.has("cidr_blocks") {
            calls.extend(add_blocks(id, change)?);
        }
        if change.has("display_name") || change.has("freeform_tags") {
            let freeform_tags = change
                .has("freeform_tags")
                .then(|| tags.beside(text_map(change.inputs, "freeform_tags").unwrap_or_default()));
            let display_name =
                change.has("display_name").then(|| text(change.inputs, "display_name")).flatten();
            let details = models::UpdateVcnDetails {
                display_name,
                freeform_tags,
                ..models::UpdateVcnDetails::default()
            };
            calls.push(Call::new(UpdateVcn::new(id, details), shown));
        }
        Ok(calls)
    }

    fn delete(&self, id: &str) -> Call {
        Call::new(DeleteVcn::new(id), |()| Shown::Nothing)
    }
}

/// The service takes one new block at a time.
fn add_blocks(id: &str, change: &Change<'_>) -> Result<Vec<Call>, Failure> {
    let before = texts(change.prior, "cidr_blocks").unwrap_or_default();
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
        Call::new(AddVcnCidr::new(id, details), |()| Shown::Nothing)
    });
    Ok(added.collect())
}
