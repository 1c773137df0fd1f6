//! A VNIC: what an instance is on the network.

use std::sync::LazyLock;

use oci_client::services::core::operations::GetVnic;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource};
use crate::look::Look;
use crate::schema;
use crate::values::text;

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_core_vnic";

/// A VNIC.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Vnic {
    /// Its OCID.
    #[schemars(extend("x-required" = true))]
    pub vnic_id: Attr<String>,
}

attributes!(Vnic { vnic_id });

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// Its OCID.
    id: String,
    /// The availability domain.
    availability_domain: String,
    /// The compartment.
    compartment_id: String,
    /// What people call it.
    display_name: String,
    /// The host name in the subnet.
    hostname_label: String,
    /// Whether it is the first of its instance.
    is_primary: bool,
    /// The MAC address.
    mac_address: String,
    /// Its network security groups.
    #[schemars(extend("x-unordered" = true))]
    nsg_ids: Vec<String>,
    /// The private address.
    private_ip_address: String,
    /// The public address, if it has one.
    public_ip_address: String,
    /// Whether it may forward what is not for it.
    skip_source_dest_check: bool,
    /// The subnet.
    subnet_id: String,
    /// Its state.
    state: String,
    /// When it was made.
    time_created: String,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<Vnic, Told>);

/// The data source `oci_core_vnic`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let call = Call::new(GetVnic::new(text(inputs, "vnic_id").unwrap_or_default()));
        let inputs = inputs.clone();
        Look::one(call, move |answer| {
            let mut vnic = answer.body;
            for (name, field) in [("privateIpAddress", "privateIp"), ("publicIpAddress", "publicIp")] {
                vnic[name] = vnic[field].clone();
            }
            Ok(data::told(&SCHEMA, &inputs, &vnic))
        })
    }
}
