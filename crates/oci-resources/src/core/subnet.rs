//! Subnet: a part of a VCN with one route table and up to five security lists.
//!
//! It cannot be deleted while anything has an address in it; addresses of managed services linger for a while after
//! their owner has gone.
//! API: Core Services 20160918, `Subnet`.
//!
//! # Example
//! ```
//! use oci_resources::core::{subnet::Subnet, vcn};
//! use reconcile::Address;
//!
//! let network = Address::new("oci_core_vcn", "main").unwrap();
//! let subnet = Subnet {
//!     compartment_id: "ocid1.compartment.oc1..aaaa".into(),
//!     vcn_id: vcn::id(&network).into(),
//!     cidr_block: "10.0.1.0/24".into(),
//!     prohibit_public_ip_on_vnic: true.into(),
//!     ..Subnet::default()
//! };
//! assert_eq!(subnet.inputs().into_entries().len(), 4);
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use oci_client::services::core::models;
use oci_client::services::core::operations::{
    CreateSubnet, DeleteSubnet, GetSubnet, ListSubnets, UpdateSubnet,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, PerOperation, ResourceType};
use reconcile::schema::{Attribute, Bounds, Kind, Schema};
use reconcile::value::{Value, ValueMap};

use crate::attr::{Attr, Inputs, Output};
use crate::call::{Call, ListCall, Observed, Shown};
use crate::lifecycle::Lifecycle;
use crate::module::{Change, ResourceModule};
use crate::rules;
use crate::tags::StackTags;
use crate::values::{Attributes, text, text_map, texts, truth};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_subnet";

/// A subnet, as the user states it.
#[derive(Clone, Debug, Default)]
pub struct Subnet {
    /// The compartment; a change replaces the subnet.
    pub compartment_id: Attr<String>,
    /// The VCN; a change replaces the subnet.
    pub vcn_id: Attr<String>,
    /// Its IPv4 block, inside one of the VCN's.
    pub cidr_block: Attr<String>,
    /// What people call it; 1 to 255 characters.
    pub display_name: Attr<String>,
    /// 1 to 15 letters and digits, a letter first; a change replaces the subnet.
    pub dns_label: Attr<String>,
    /// Left out for a regional subnet; a change replaces the subnet.
    pub availability_domain: Attr<String>,
    /// The VCN's default one when left out.
    pub route_table_id: Attr<String>,
    /// At most five; the VCN's default one when left out.
    pub security_list_ids: Attr<Vec<String>>,
    /// Whether it is private; a change replaces the subnet.
    pub prohibit_public_ip_on_vnic: Attr<bool>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
}

impl Subnet {
    /// The attributes that were stated, for the engine.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs::default()
            .with("compartment_id", &self.compartment_id)
            .with("vcn_id", &self.vcn_id)
            .with("cidr_block", &self.cidr_block)
            .with("display_name", &self.display_name)
            .with("dns_label", &self.dns_label)
            .with("availability_domain", &self.availability_domain)
            .with("route_table_id", &self.route_table_id)
            .with("security_list_ids", &self.security_list_ids)
            .with("prohibit_public_ip_on_vnic", &self.prohibit_public_ip_on_vnic)
            .with("freeform_tags", &self.freeform_tags)
    }
}

/// The OCID of the subnet at `address`, for what has an address in it.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

fn schema() -> Schema {
    let text = || Attribute::new(Kind::String);
    let lists = Attribute::new(Kind::List(Box::new(text())));
    Schema::default()
        .with("compartment_id", text().required().force_new())
        .with("vcn_id", text().required().force_new())
        .with("cidr_block", text().required())
        .with("display_name", text().computed())
        .with("dns_label", text().force_new())
        .with("availability_domain", text().force_new())
        .with("route_table_id", text().computed())
        .with(
            "security_list_ids",
            lists.computed().unordered().bounds(Bounds { length_max: Some(5), ..Bounds::default() }),
        )
        .with("prohibit_public_ip_on_vnic", Attribute::new(Kind::Bool).computed().force_new())
        .with("freeform_tags", Attribute::new(Kind::Map(Box::new(text()))).computed())
        .with("id", text().computed())
        .with("dhcp_options_id", text().computed())
        .with("subnet_domain_name", text().computed())
        .with("virtual_router_ip", text().computed())
        .with("virtual_router_mac", text().computed())
        .with("time_created", text().computed())
        .with("state", text().computed().volatile())
}

fn observe(subnet: models::Subnet) -> Observed {
    let tags = subnet.freeform_tags.unwrap_or_default();
    let compartment_id = subnet.compartment_id.unwrap_or_default();
    let state = subnet.lifecycle_state.map(|state| state.as_str().to_owned()).unwrap_or_default();
    let id = subnet.id.unwrap_or_default();
    let attributes = Attributes::default()
        .text("id", Some(id.clone()))
        .text("compartment_id", Some(compartment_id.clone()))
        .text("vcn_id", subnet.vcn_id)
        .text("cidr_block", subnet.cidr_block)
        .text("display_name", subnet.display_name)
        .text("dns_label", subnet.dns_label)
        .text("availability_domain", subnet.availability_domain)
        .text("route_table_id", subnet.route_table_id)
        .texts("security_list_ids", subnet.security_list_ids)
        .truth("prohibit_public_ip_on_vnic", subnet.prohibit_public_ip_on_vnic)
        .freeform_tags(&tags)
        .text("dhcp_options_id", subnet.dhcp_options_id)
        .text("subnet_domain_name", subnet.subnet_domain_name)
        .text("virtual_router_ip", subnet.virtual_router_ip)
        .text("virtual_router_mac", subnet.virtual_router_mac)
        .text("time_created", subnet.time_created.map(|time| time.to_string()))
        .text("state", Some(state.clone()))
        .into_map();
    Observed { id, state, compartment_id, tags, attributes }
}

fn shown(subnet: models::Subnet) -> Shown {
    Shown::Object(observe(subnet))
}

/// Seen in a real tenancy: three seconds; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["AVAILABLE"],
    failed: &[],
    gone: &["TERMINATED"],
    expect: Duration::from_secs(3),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_core_subnet`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType {
            expected: PerOperation::all(Duration::from_secs(3)),
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
        rules::ipv4_block(inputs, "cidr_block", &rules::SUBNET_PREFIXES, &mut problems);
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "dns_label" && rules::same_text(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Call {
        let details = models::CreateSubnetDetails {
            compartment_id: text(inputs, "compartment_id"),
            vcn_id: text(inputs, "vcn_id"),
            cidr_block: text(inputs, "cidr_block"),
            display_name: text(inputs, "display_name"),
            dns_label: text(inputs, "dns_label"),
            availability_domain: text(inputs, "availability_domain"),
            route_table_id: text(inputs, "route_table_id"),
            security_list_ids: texts(inputs, "security_list_ids"),
            prohibit_public_ip_on_vnic: truth(inputs, "prohibit_public_ip_on_vnic"),
            freeform_tags: Some(tags.beside(text_map(inputs, "freeform_tags").unwrap_or_default())),
            ..models::CreateSubnetDetails::default()
        };
        Call::new(CreateSubnet::new(details), shown)
    }

    fn read(&self, id: &str) -> Call {
        Call::new(GetSubnet::new(id), shown)
    }

    fn list(&self, compartment_id: &str) -> ListCall {
        ListCall::new(ListSubnets::new(compartment_id), observe)
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let changed = |name: &str| change.has(name).then(|| text(change.inputs, name)).flatten();
        let details = models::UpdateSubnetDetails {
            cidr_block: changed("cidr_block"),
            display_name: changed("display_name"),
            route_table_id: changed("route_table_id"),
            security_list_ids: change
                .has("security_list_ids")
                .then(|| texts(change.inputs, "security_list_ids"))
                .flatten(),
            freeform_tags: change
                .has("freeform_tags")
                .then(|| tags.beside(text_map(change.inputs, "freeform_tags").unwrap_or_default())),
            ..models::UpdateSubnetDetails::default()
        };
        Ok(vec![Call::new(UpdateSubnet::new(id, details), shown)])
    }

    fn delete(&self, id: &str) -> Call {
        Call::new(DeleteSubnet::new(id), |()| Shown::Nothing)
    }
}
