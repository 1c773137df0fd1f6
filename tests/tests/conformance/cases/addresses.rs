//! Public and private addresses.

use oci_resources::core::private_ip::{self, PrivateIp};
use oci_resources::core::public_ip::{self, PublicIp};
use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn;
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use serde_json::json;

use super::network::{add_subnet, network, subnet_around, tags};
use super::second::{add_subnets, other_subnet};
use super::servers;
use crate::kit::{Case, PLAIN, Place, Start, asked, change, value};

pub(crate) const PUBLIC_IP: Case = Case {
    resource_type: public_ip::TYPE,
    around: |place, builder| {
        add_subnet(place, builder);
        add_address(place, builder);
    },
    asked: |place| {
        let address = PublicIp {
            compartment_id: place.tenancy.as_str().into(),
            lifetime: "RESERVED".into(),
            display_name: "site".into(),
            freeform_tags: tags().into(),
            ..PublicIp::default()
        };
        asked(address.inputs())
    },
    changes: |place| {
        vec![
            change("public_ip_pool_id", "ocid1.publicippool.oc1..a"),
            change("display_name", "other"),
            change("private_ip_id", private_ip::id(&address_around()).reference().clone()),
            change("private_ip_id", ""),
            change("freeform_tags", value(&json!({}))),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    made: |bench, place| Box::pin(servers::made(bench, place)),
    also: &[Start {
        around: |_, _| {},
        asked: |place| {
            let address = PublicIp {
                compartment_id: place.tenancy.as_str().into(),
                lifetime: "RESERVED".into(),
                ..PublicIp::default()
            };
            asked(address.inputs())
        },
        changes: |place| {
            vec![
                change("lifetime", "EPHEMERAL")
                    .with("private_ip_id", place.made[servers::FIRST_ADDRESS].as_str()),
                change("lifetime", "RESERVED").without("private_ip_id"),
            ]
        },
    }],
    ..PLAIN
};

/// A private address without a VNIC.
fn address_around() -> Address {
    Address::new(private_ip::TYPE, "around").unwrap()
}

fn add_address(_: &Place, builder: &mut GraphBuilder) {
    let address = PrivateIp {
        subnet_id: subnet::id(&subnet_around()).into(),
        lifetime: "RESERVED".into(),
        ..PrivateIp::default()
    };
    builder.add(address.inputs().at(address_around()));
}

/// A subnet of two blocks.
fn broad_subnet() -> Address {
    Address::new(subnet::TYPE, "broad").unwrap()
}

fn add_broad_subnet(place: &Place, builder: &mut GraphBuilder) {
    let subnet = Subnet {
        compartment_id: place.tenancy.as_str().into(),
        vcn_id: vcn::id(&network()).into(),
        ipv4cidr_blocks: ["10.0.210.0/24", "10.0.211.0/24"].map(str::to_owned).to_vec().into(),
        ..Subnet::default()
    };
    builder.add(subnet.inputs().at(broad_subnet()));
}

pub(crate) const PRIVATE_IP: Case = Case {
    resource_type: private_ip::TYPE,
    around: add_subnet,
    asked: |_| {
        let address = PrivateIp {
            subnet_id: subnet::id(&subnet_around()).into(),
            ip_address: "10.0.200.77".into(),
            lifetime: "RESERVED".into(),
            display_name: "spare".into(),
            hostname_label: "spare".into(),
            freeform_tags: tags().into(),
            ..PrivateIp::default()
        };
        asked(address.inputs())
    },
    changes: |_| {
        vec![
            change("display_name", "other"),
            change("hostname_label", "other"),
            change("route_table_id", vcn::default_route_table_id(&network()).reference().clone()),
            change("freeform_tags", value(&json!({}))),
            change("ip_address", "10.0.200.78"),
        ]
    },
    made: |bench, place| Box::pin(servers::made(bench, place)),
    also: &[
        Start {
            around: |_, _| {},
            asked: |place| {
                let address = PrivateIp {
                    vnic_id: place.made[servers::FIRST_VNIC].as_str().into(),
                    lifetime: "EPHEMERAL".into(),
                    ..PrivateIp::default()
                };
                asked(address.inputs())
            },
            changes: |place| {
                vec![
                    change("vnic_id", place.made[servers::SECOND_VNIC].as_str()),
                    change("lifetime", "RESERVED"),
                    change("vnic_id", "").with("lifetime", "RESERVED"),
                ]
            },
        },
        Start {
            around: |place, builder| {
                add_subnets(place, builder);
                add_broad_subnet(place, builder);
            },
            asked: |_| {
                let address = PrivateIp {
                    subnet_id: subnet::id(&broad_subnet()).into(),
                    ipv4subnet_cidr_at_creation: "10.0.210.0/24".into(),
                    ..PrivateIp::default()
                };
                asked(address.inputs())
            },
            changes: |_| {
                vec![
                    change("ipv4subnet_cidr_at_creation", "10.0.211.0/24"),
                    change("ip_address", "10.0.211.32"),
                    change("cidr_prefix_length", 28),
                    change("subnet_id", subnet::id(&other_subnet()).reference().clone())
                        .without("ipv4subnet_cidr_at_creation")
                        .without("ip_address")
                        .without("cidr_prefix_length"),
                    change("vlan_id", "ocid1.vlan.oc1..a")
                        .without("subnet_id")
                        .with("ip_address", "192.168.7.10"),
                    change("vlan_id", "ocid1.vlan.oc1..b"),
                ]
            },
        },
    ],
    ..PLAIN
};
