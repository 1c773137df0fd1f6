//! Private IP: a further private address of a VNIC, or one of a subnet that no VNIC has yet.
//!
//! It has no lifecycle. A VNIC's first address belongs to the VNIC, and is none of these.
//! API: Core Services 20160918, `PrivateIp`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    CreatePrivateIp, DeletePrivateIp, GetPrivateIp, ListPrivateIps, UpdatePrivateIp,
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
use crate::values::{text, without_empty};
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_private_ip";

/// A further private address.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PrivateIp {
    /// The VNIC. Moving to another one happens in place. An empty text takes it away, where the lifetime
    /// allows. Where something else takes it, a server at its launch, that is left alone.
    #[schemars(extend("x-volatile" = true))]
    pub vnic_id: Attr<String>,
    /// The subnet, of an address without a VNIC; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub subnet_id: Attr<String>,
    /// The VLAN, of an address without a VNIC; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub vlan_id: Attr<String>,
    /// The address; the service chooses one when left out; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub ip_address: Attr<String>,
    /// The prefix, of a block of addresses; a change makes a new one.
    #[schemars(extend("x-force-new" = true), range(min = 1, max = 32))]
    pub cidr_prefix_length: Attr<i64>,
    /// The block of the subnet that it is taken from; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub ipv4subnet_cidr_at_creation: Attr<String>,
    /// Whether it outlives its VNIC.
    #[schemars(extend("enum" = ["EPHEMERAL", "RESERVED"]))]
    pub lifetime: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The host name in the subnet.
    #[schemars(length(min = 1, max = 63))]
    pub hostname_label: Attr<String>,
    /// The route table for what leaves from it.
    pub route_table_id: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(PrivateIp {
    vnic_id,
    subnet_id,
    vlan_id,
    ip_address,
    cidr_prefix_length,
    ipv4subnet_cidr_at_creation,
    lifetime,
    display_name,
    hostname_label,
    route_table_id,
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
    /// The compartment.
    compartment_id: String,
    /// The availability domain of its VNIC.
    #[schemars(extend("x-volatile" = true))]
    availability_domain: String,
    /// Whether it is the first of its VNIC.
    #[schemars(extend("x-volatile" = true))]
    is_primary: bool,
    /// Whether it outlives its VNIC.
    is_reserved: bool,
    /// `ASSIGNED` or `AVAILABLE`.
    #[schemars(extend("x-volatile" = true))]
    ip_state: String,
    /// When it was made.
    time_created: String,
}

/// The OCID of the private IP at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

/// The address itself.
#[must_use]
pub fn ip_address(address: &Address) -> Output<String> {
    Output::new(address.clone(), "ip_address")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<PrivateIp, Told>);

/// Without a VNIC it shows none, which an empty text asks for.
fn seen(body: Json) -> Seen {
    let mut seen = Seen::new(&SCHEMA, body, &[]);
    if seen.attributes.get("vnic_id").is_none() {
        seen.attributes.insert("vnic_id", Value::string(""));
    }
    seen
}

/// It has no states.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &[],
    failed: &[],
    gone: &[],
    expect: Duration::from_secs(1),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_core_private_ip`.
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
            service: "core",
            create: Some(models::CreatePrivateIpDetails::default().facts()),
            update: Some(models::UpdatePrivateIpDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        check.one_of(&["vnic_id", "subnet_id", "vlan_id"]);
        check.not_both("subnet_id", "vlan_id");
        check.text("ip_address", rules::ipv4);
        check.text("hostname_label", rules::host_name);
        check.text("ipv4subnet_cidr_at_creation", rules::subnet_block);
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "hostname_label" && rules::same_text(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let inputs = &without_empty(inputs, "vnic_id");
        Ok(Call::with_raw(CreatePrivateIp::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetPrivateIp::new(id)), |answer| seen(answer.body))
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        let parents = ["subnet_id", "vlan_id", "vnic_id"].into_iter();
        let parent = parents.filter_map(|name| text(attributes, name)).find(|parent| !parent.is_empty());
        Scope { parent, ..Scope::default() }
    }

    fn parent_type(&self, parent: &str) -> Option<&'static str> {
        parent.starts_with("ocid1.subnet.").then_some(super::subnet::TYPE)
    }

    /// Lists are of a subnet, a VLAN or a VNIC, not of a compartment.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let parent = scope.parent.clone()?;
        let mut list = ListPrivateIps::new();
        if parent.starts_with("ocid1.vnic.") {
            list.vnic_id = Some(parent);
        } else if parent.starts_with("ocid1.vlan.") {
            list.vlan_id = Some(parent);
        } else {
            list.subnet_id = Some(parent);
        }
        let list = Call::all_pages(list);
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.update(tags, &[], &[], |details| UpdatePrivateIp::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeletePrivateIp::new(id))]
    }
}
