//! What resource types do together: conflicts that do not come up, lists that answer for many, addresses that linger, places
//! without room, the home region, lists of many pages, faults in the middle, and data sources.
//!
//! In process, on a paused clock.
#![expect(clippy::unwrap_used, reason = "a test")]

mod balancers;
mod capacity;
mod data_sources;
mod home_region;
mod lingering;
mod pages;
mod parents;
mod refresh;
mod rule_defaults;
mod trouble;

use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn::{self, Vcn};
use reconcile::Address;
use reconcile::graph::GraphBuilder;

/// The address of a resource.
fn at(resource_type: &str, name: &str) -> Address {
    Address::new(resource_type, name).unwrap()
}

/// Adds a VCN `main` and a subnet `web` in it.
fn add_network(tenancy: &str, builder: &mut GraphBuilder) {
    let network = at(vcn::TYPE, "main");
    let vcn = Vcn {
        compartment_id: tenancy.into(),
        cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
        dns_label: "campus".into(),
        ..Vcn::default()
    };
    let web = Subnet {
        compartment_id: tenancy.into(),
        vcn_id: vcn::id(&network).into(),
        cidr_block: "10.0.0.0/24".into(),
        dns_label: "web".into(),
        ..Subnet::default()
    };
    builder.add(vcn.inputs().at(network));
    builder.add(web.inputs().at(at(subnet::TYPE, "web")));
}
