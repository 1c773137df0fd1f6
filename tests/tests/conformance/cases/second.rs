//! Second ones of what others are in, for changes of their parents.

use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn;
use reconcile::Address;
use reconcile::graph::GraphBuilder;

use super::network::{add_subnet, network};
use crate::kit::Place;

/// A subnet beside that of [`super::network::subnet_around`].
pub(crate) fn other_subnet() -> Address {
    Address::new(subnet::TYPE, "other").unwrap()
}

/// Adds a VCN and both subnets.
pub(crate) fn add_subnets(place: &Place, builder: &mut GraphBuilder) {
    add_subnet(place, builder);
    let subnet = Subnet {
        compartment_id: place.tenancy.as_str().into(),
        vcn_id: vcn::id(&network()).into(),
        cidr_block: "10.0.201.0/24".into(),
        dns_label: "other".into(),
        ..Subnet::default()
    };
    builder.add(subnet.inputs().at(other_subnet()));
}
