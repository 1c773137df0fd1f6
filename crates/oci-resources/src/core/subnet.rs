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
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeSubnetCompartment, CreateSubnet, DeleteSubnet, GetSubnet, ListSubnets, UpdateSubnet,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, PerOperation, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, Obstacle, ResourceModule, Scope, Seen};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

use super::occupants;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_subnet";

/// A part of a VCN.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Subnet {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The VCN; a change replaces the subnet.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub vcn_id: Attr<String>,
    /// Its IPv4 block, inside one of the VCN's. It, or `ipv4cidr_blocks`, must be set.
    pub cidr_block: Attr<String>,
    /// Several IPv4 blocks, in place of `cidr_block`, with which the service changes them; a change replaces the subnet.
    #[schemars(extend("x-force-new" = true, "x-unordered" = true, "x-volatile" = true))]
    pub ipv4cidr_blocks: Attr<Vec<String>>,
    /// One IPv6 block of the VCN; the first of `ipv6cidr_blocks`, with which the service changes it.
    #[schemars(extend("x-volatile" = true))]
    pub ipv6cidr_block: Attr<String>,
    /// Several IPv6 blocks of the VCN; all of them, with which the service changes `ipv6cidr_block`.
    #[schemars(extend("x-unordered" = true, "x-volatile" = true))]
    pub ipv6cidr_blocks: Attr<Vec<String>>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// 1 to 15 letters and digits, a letter first; a change replaces the subnet.
    #[schemars(extend("x-force-new" = true))]
    pub dns_label: Attr<String>,
    /// Left out for a regional subnet; a change replaces the subnet.
    #[schemars(extend("x-force-new" = true))]
    pub availability_domain: Attr<String>,
    /// The VCN's default one when left out.
    pub route_table_id: Attr<String>,
    /// The VCN's default ones when left out.
    pub dhcp_options_id: Attr<String>,
    /// At most five; the VCN's default one when left out.
    #[schemars(extend("x-unordered" = true), length(max = 5))]
    pub security_list_ids: Attr<Vec<String>>,
    /// Whether nothing in it may have a public address; a change replaces the subnet.
    #[schemars(extend("x-force-new" = true))]
    pub prohibit_public_ip_on_vnic: Attr<bool>,
    /// The same for IPv6 too; the service then sets the other one as well. A change replaces the subnet.
    #[schemars(extend("x-force-new" = true))]
    pub prohibit_internet_ingress: Attr<bool>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Subnet {
    compartment_id,
    vcn_id,
    cidr_block,
    ipv4cidr_blocks,
    ipv6cidr_block,
    ipv6cidr_blocks,
    display_name,
    dns_label,
    availability_domain,
    route_table_id,
    dhcp_options_id,
    security_list_ids,
    prohibit_public_ip_on_vnic,
    prohibit_internet_ingress,
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
    /// `<dns_label>.<label of the VCN>.oraclevcn.com`.
    subnet_domain_name: String,
    /// The first usable address.
    virtual_router_ip: String,
    /// The router's MAC address.
    virtual_router_mac: String,
    /// When it was made.
    time_created: String,
    /// `PROVISIONING`, `AVAILABLE`, `UPDATING`, `TERMINATING` or `TERMINATED`.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the subnet at `address`, for what has an address in it.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Subnet, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// Seen in a real tenancy: three seconds; the limit of a creation is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["AVAILABLE"],
    failed: &[],
    gone: &["TERMINATED"],
    expect: Duration::from_secs(3),
    limit: Duration::from_secs(1200),
};

/// The address of a service was seen to stay in a subnet for some minutes after its owner had gone, and may do so for 20;
/// twice that is more than a slow day.
const DELETE_LIMIT: Duration = Duration::from_secs(2400);

/// The module of `oci_core_subnet`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType {
            limit: PerOperation { delete: DELETE_LIMIT, ..PerOperation::all(LIFECYCLE.limit) },
            visible_within: Duration::from_secs(60),
            ..LIFECYCLE.resource_type(TYPE, &SCHEMA)
        }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "core",
            create: Some(models::CreateSubnetDetails::default().facts()),
            update: Some(models::UpdateSubnetDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeSubnetCompartment")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        rules::dns_label(inputs, "dns_label", &mut problems);
        let mut check = rules::Check::of(inputs, &mut problems);
        check.text("cidr_block", rules::subnet_block);
        check.texts("ipv4cidr_blocks", rules::subnet_block);
        check.text("ipv6cidr_block", rules::ipv6_block);
        check.texts("ipv6cidr_blocks", rules::ipv6_block);
        check.one_of(&["cidr_block", "ipv4cidr_blocks"]);
        check.not_both("cidr_block", "ipv4cidr_blocks");
        check.not_both("prohibit_public_ip_on_vnic", "prohibit_internet_ingress");
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        match attribute {
            "dns_label" => rules::same_text(desired, observed),
            "ipv6cidr_block" | "ipv6cidr_blocks" => rules::same_block(desired, observed),
            _ => false,
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateSubnet::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetSubnet::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListSubnets::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            &[],
            |details| ChangeSubnetCompartment::new(id, details),
            |details| UpdateSubnet::new(id, details),
        )
    }

    fn obstacle(&self, id: &str) -> Option<Look<Obstacle>> {
        Some(occupants::of(id))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteSubnet::new(id))]
    }
}
