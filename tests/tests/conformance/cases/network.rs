//! Networks: VCNs, subnets, gateways and security groups.

use std::collections::BTreeMap;

use oci_resources::core::dhcp_options::{self, DhcpOptions};
use oci_resources::core::internet_gateway::{self, InternetGateway};
use oci_resources::core::nat_gateway::{self, NatGateway};
use oci_resources::core::network_security_group::{self, NetworkSecurityGroup};
use oci_resources::core::public_ip::{self, PublicIp};
use oci_resources::core::route_table::{self, RouteTable};
use oci_resources::core::security_list::{self, SecurityList};
use oci_resources::core::service_gateway::{self, ServiceGateway};
use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn::{self, Vcn};
use rand::RngExt as _;
use rand::rngs::ChaCha8Rng;
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::{Expr, Value};
use serde_json::json;

use super::tables::name_servers;
use crate::kit::{Asked, Case, PLAIN, Place, Start, Variation, asked, change, value};

/// The VCN that other things are in.
pub(crate) fn network() -> Address {
    Address::new(vcn::TYPE, "around").unwrap()
}

/// Adds that VCN.
pub(crate) fn add_network(place: &Place, builder: &mut GraphBuilder) {
    let vcn = Vcn {
        compartment_id: place.tenancy.as_str().into(),
        cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
        dns_label: "around".into(),
        ..Vcn::default()
    };
    builder.add(vcn.inputs().at(network()));
}

/// A second VCN.
pub(super) fn other_network() -> Address {
    Address::new(vcn::TYPE, "other").unwrap()
}

/// Adds both VCNs.
pub(super) fn add_networks(place: &Place, builder: &mut GraphBuilder) {
    add_network(place, builder);
    let vcn = Vcn {
        compartment_id: place.tenancy.as_str().into(),
        cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
        dns_label: "other".into(),
        ..Vcn::default()
    };
    builder.add(vcn.inputs().at(other_network()));
}

/// Into the second VCN.
fn moved() -> Variation {
    change("vcn_id", vcn::id(&other_network()).reference().clone())
}

/// What lies in a VCN, and in another one then.
pub(super) const fn in_two_networks(asked: fn(&Place) -> Asked) -> Start {
    Start { around: add_networks, asked, changes: |_| vec![moved()] }
}

/// A gateway, with another route table for what comes in, and in another VCN then.
const fn gateway_in_two_networks(asked: fn(&Place) -> Asked) -> Start {
    Start {
        around: |place, builder| {
            add_networks(place, builder);
            add_table(place, builder);
        },
        asked,
        changes: |_| {
            vec![
                change("route_table_id", route_table::id(&own(route_table::TYPE)).reference().clone()),
                moved().with(
                    "route_table_id",
                    vcn::default_route_table_id(&other_network()).reference().clone(),
                ),
            ]
        },
    }
}

pub(super) fn tags() -> BTreeMap<String, String> {
    BTreeMap::from([("team".to_owned(), "learning".to_owned())])
}

pub(crate) const VCN: Case = Case {
    resource_type: vcn::TYPE,
    asked: |place| {
        let vcn = Vcn {
            compartment_id: place.tenancy.as_str().into(),
            cidr_blocks: vec![String::from("10.0.0.0/16"), String::from("10.1.0.0/16")].into(),
            display_name: "campus".into(),
            dns_label: "campus".into(),
            is_ipv6enabled: false.into(),
            freeform_tags: tags().into(),
            ..Vcn::default()
        };
        asked(vcn.inputs())
    },
    changes: |place| {
        vec![
            change("display_name", "other"),
            change("cidr_blocks", value(&json!(["10.1.0.0/16", "10.0.0.0/16", "10.2.0.0/16"]))),
            change("freeform_tags", value(&json!({"team": "other", "more": "x"}))),
            change("is_zpr_only", true),
            change("compartment_id", place.compartments[0].as_str()),
            change("dns_label", "other"),
        ]
    },
    also: &[Start {
        around: |_, _| {},
        asked: |place| {
            let vcn = Vcn {
                compartment_id: place.tenancy.as_str().into(),
                cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
                is_ipv6enabled: true.into(),
                is_oracle_gua_allocation_enabled: true.into(),
                ipv6private_cidr_blocks: vec![String::from("fd00:0:0:100::/56")].into(),
                ..Vcn::default()
            };
            asked(vcn.inputs())
        },
        changes: |_| {
            let ours = json!([{"byoipv6range_id": "ocid1.byoiprange.oc1..a", "ipv6cidr_block": "2001:DB8:0:100::/56"}]);
            vec![
                change("ipv6private_cidr_blocks", value(&json!(["fd00:0:0:200::/56", "fd00:0:0:100::/56"]))),
                change("byoipv6cidr_details", value(&ours)),
                change("is_oracle_gua_allocation_enabled", false),
                change("is_ipv6enabled", false)
                    .without("is_oracle_gua_allocation_enabled")
                    .without("ipv6private_cidr_blocks")
                    .without("byoipv6cidr_details"),
                change("is_ipv6enabled", true),
            ]
        },
    }],
    respell: respell_label_or_block,
    one_way: &["cidr_blocks"],
    ..PLAIN
};

/// Labels and IPv6 blocks mean the same in capitals.
fn respell_label_or_block(path: &str, value: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
    let is_one = path == "dns_label" || path.contains("ipv6");
    is_one.then(|| other_case(value, random)).flatten()
}

/// The same text in capitals, or not.
pub(super) fn other_case(value: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
    let text = value.as_str()?;
    Some(if random.random() { text.to_uppercase().into() } else { text.into() })
}

/// A second one of what the VCN has by default.
fn own(resource_type: &str) -> Address {
    Address::new(resource_type, "own").unwrap()
}

fn add_table(place: &Place, builder: &mut GraphBuilder) {
    let table = RouteTable {
        compartment_id: place.tenancy.as_str().into(),
        vcn_id: vcn::id(&network()).into(),
        ..RouteTable::default()
    };
    builder.add(table.inputs().at(own(route_table::TYPE)));
}

/// Adds a VCN with IPv6, under the address of the plain one, and a second VCN without.
fn add_networks_with_ipv6(place: &Place, builder: &mut GraphBuilder) {
    for (address, blocks) in [(network(), &["fd00:0:0:100::/56"][..]), (other_network(), &[])] {
        let vcn = Vcn {
            compartment_id: place.tenancy.as_str().into(),
            cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
            is_ipv6enabled: (!blocks.is_empty()).into(),
            ipv6private_cidr_blocks: blocks
                .iter()
                .map(|block| (*block).to_owned())
                .collect::<Vec<_>>()
                .into(),
            ..Vcn::default()
        };
        builder.add(vcn.inputs().at(address));
    }
}

pub(crate) const SUBNET: Case = Case {
    resource_type: subnet::TYPE,
    around: |place, builder| {
        add_network(place, builder);
        add_table(place, builder);
        let (compartment, vcn) = (|| place.tenancy.as_str().into(), || vcn::id(&network()).into());
        let list =
            SecurityList { compartment_id: compartment(), vcn_id: vcn(), ..SecurityList::default() }.inputs();
        let options = oci_resources::attr::Attr::Expr(name_servers("VcnLocal"));
        let names =
            DhcpOptions { compartment_id: compartment(), vcn_id: vcn(), options, ..DhcpOptions::default() };
        builder.add(list.at(own(security_list::TYPE)));
        builder.add(names.inputs().at(own(dhcp_options::TYPE)));
    },
    asked: |place| {
        let subnet = Subnet {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            cidr_block: "10.0.1.0/24".into(),
            display_name: "web".into(),
            dns_label: "web".into(),
            route_table_id: vcn::default_route_table_id(&network()).into(),
            dhcp_options_id: vcn::default_dhcp_options_id(&network()).into(),
            security_list_ids: oci_resources::attr::Attr::Expr(Expr::List(vec![
                vcn::default_security_list_id(&network()).reference().clone().into(),
            ])),
            prohibit_public_ip_on_vnic: true.into(),
            freeform_tags: tags().into(),
            ..Subnet::default()
        };
        asked(subnet.inputs())
    },
    changes: |place| {
        vec![
            change("route_table_id", route_table::id(&own(route_table::TYPE)).reference().clone()),
            change("dhcp_options_id", dhcp_options::id(&own(dhcp_options::TYPE)).reference().clone()),
            change(
                "security_list_ids",
                Expr::List(vec![security_list::id(&own(security_list::TYPE)).reference().clone().into()]),
            ),
            change("display_name", "other"),
            change("compartment_id", place.compartments[0].as_str()),
            change("cidr_block", "10.0.1.0/25"),
            change("freeform_tags", value(&json!({}))),
            change("dns_label", "other"),
            change("availability_domain", place.domains[1].as_str()),
            change("prohibit_public_ip_on_vnic", false),
        ]
    },
    also: &[
        Start {
            around: add_networks_with_ipv6,
            asked: |place| {
                let subnet = Subnet {
                    compartment_id: place.tenancy.as_str().into(),
                    vcn_id: vcn::id(&network()).into(),
                    ipv4cidr_blocks: ["10.0.1.0/24", "10.0.2.0/24"].map(str::to_owned).to_vec().into(),
                    ipv6cidr_blocks: vec![String::from("FD00:0:0:101::/64")].into(),
                    prohibit_internet_ingress: false.into(),
                    ..Subnet::default()
                };
                asked(subnet.inputs())
            },
            changes: |_| {
                vec![
                    change("ipv6cidr_blocks", value(&json!(["fd00:0:0:102::/64", "fd00:0:0:103::/64"]))),
                    change("ipv4cidr_blocks", value(&json!(["10.0.2.0/24", "10.0.1.0/24", "10.0.3.0/24"]))),
                    change("prohibit_internet_ingress", true),
                    moved().without("ipv6cidr_blocks"),
                ]
            },
        },
        Start {
            around: add_networks_with_ipv6,
            asked: |place| {
                let subnet = Subnet {
                    compartment_id: place.tenancy.as_str().into(),
                    vcn_id: vcn::id(&network()).into(),
                    cidr_block: "10.0.1.0/24".into(),
                    ipv6cidr_block: "FD00:0:0:101::/64".into(),
                    ..Subnet::default()
                };
                asked(subnet.inputs())
            },
            changes: |_| {
                vec![change("ipv6cidr_block", "fd00:0:0:102::/64"), moved().without("ipv6cidr_block")]
            },
        },
    ],
    respell: respell_label_or_block,
    ..PLAIN
};

/// A subnet for addresses.
pub(crate) fn subnet_around() -> Address {
    Address::new(subnet::TYPE, "around").unwrap()
}

/// Adds the VCN and that subnet.
pub(crate) fn add_subnet(place: &Place, builder: &mut GraphBuilder) {
    add_network(place, builder);
    let subnet = Subnet {
        compartment_id: place.tenancy.as_str().into(),
        vcn_id: vcn::id(&network()).into(),
        cidr_block: "10.0.200.0/24".into(),
        dns_label: "subnet".into(),
        ..Subnet::default()
    };
    builder.add(subnet.inputs().at(subnet_around()));
    add_group(place, builder);
}

/// As [`add_subnet`], with IPv6.
pub(crate) fn add_subnet_with_ipv6(place: &Place, builder: &mut GraphBuilder) {
    add_networks_with_ipv6(place, builder);
    let subnet = Subnet {
        compartment_id: place.tenancy.as_str().into(),
        vcn_id: vcn::id(&network()).into(),
        cidr_block: "10.0.200.0/24".into(),
        ipv6cidr_blocks: ["fd00:0:0:101::/64", "fd00:0:0:102::/64"].map(str::to_owned).to_vec().into(),
        ..Subnet::default()
    };
    builder.add(subnet.inputs().at(subnet_around()));
}

/// Adds a network security group to that VCN.
fn add_group(place: &Place, builder: &mut GraphBuilder) {
    let web = NetworkSecurityGroup {
        compartment_id: place.tenancy.as_str().into(),
        vcn_id: vcn::id(&network()).into(),
        ..NetworkSecurityGroup::default()
    };
    builder.add(web.inputs().at(group()));
}

/// That group, as what is in it names it.
pub(crate) fn groups() -> Expr {
    Expr::List(vec![network_security_group::id(&group()).reference().clone().into()])
}

pub(crate) const INTERNET_GATEWAY: Case = Case {
    resource_type: internet_gateway::TYPE,
    around: add_network,
    asked: |place| {
        let gateway = InternetGateway {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            display_name: "door".into(),
            enabled: true.into(),
            freeform_tags: tags().into(),
            ..InternetGateway::default()
        };
        asked(gateway.inputs())
    },
    changes: |place| {
        vec![
            change("compartment_id", place.compartments[0].as_str()),
            change("display_name", "other"),
            change("enabled", false),
            change("freeform_tags", value(&json!({"team": "other"}))),
        ]
    },
    also: &[gateway_in_two_networks(|place| {
        let gateway = InternetGateway {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            enabled: true.into(),
            route_table_id: vcn::default_route_table_id(&network()).into(),
            ..InternetGateway::default()
        };
        asked(gateway.inputs())
    })],
    ..PLAIN
};

pub(crate) const NAT_GATEWAY: Case = Case {
    resource_type: nat_gateway::TYPE,
    around: |place, builder| {
        add_network(place, builder);
        add_reserved(place, builder);
    },
    asked: |place| {
        let gateway = NatGateway {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            display_name: "out".into(),
            block_traffic: false.into(),
            freeform_tags: tags().into(),
            ..NatGateway::default()
        };
        asked(gateway.inputs())
    },
    changes: |place| {
        vec![
            change("compartment_id", place.compartments[0].as_str()),
            change("display_name", "other"),
            change("block_traffic", true),
            change("freeform_tags", value(&json!({}))),
            change("public_ip_id", public_ip::id(&reserved()).reference().clone()),
        ]
    },
    also: &[gateway_in_two_networks(|place| {
        let gateway = NatGateway {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            route_table_id: vcn::default_route_table_id(&network()).into(),
            ..NatGateway::default()
        };
        asked(gateway.inputs())
    })],
    ..PLAIN
};

/// A reserved public address.
pub(crate) fn reserved() -> Address {
    Address::new(public_ip::TYPE, "reserved").unwrap()
}

pub(crate) fn add_reserved(place: &Place, builder: &mut GraphBuilder) {
    let address = PublicIp {
        compartment_id: place.tenancy.as_str().into(),
        lifetime: "RESERVED".into(),
        ..PublicIp::default()
    };
    builder.add(address.inputs().at(reserved()));
}

pub(crate) const SERVICE_GATEWAY: Case = Case {
    resource_type: service_gateway::TYPE,
    around: add_network,
    asked: |place| {
        let gateway = ServiceGateway {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            services: oci_resources::attr::Attr::Expr(value(&json!([{"service_id": place.services[0]}]))),
            display_name: "services".into(),
            block_traffic: true.into(),
            freeform_tags: tags().into(),
            ..ServiceGateway::default()
        };
        asked(gateway.inputs())
    },
    changes: |place| {
        vec![
            change("compartment_id", place.compartments[0].as_str()),
            change("display_name", "other"),
            change("block_traffic", false),
            change("services", value(&json!([{"service_id": place.services[1]}]))),
            change("freeform_tags", value(&json!({}))),
        ]
    },
    also: &[gateway_in_two_networks(|place| {
        let gateway = ServiceGateway {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            services: oci_resources::attr::Attr::Expr(value(&json!([{"service_id": place.services[0]}]))),
            route_table_id: vcn::default_route_table_id(&network()).into(),
            ..ServiceGateway::default()
        };
        asked(gateway.inputs())
    })],
    ..PLAIN
};

pub(crate) const NETWORK_SECURITY_GROUP: Case = Case {
    resource_type: network_security_group::TYPE,
    around: add_network,
    asked: |place| {
        let group = NetworkSecurityGroup {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            display_name: "web".into(),
            freeform_tags: tags().into(),
            ..NetworkSecurityGroup::default()
        };
        asked(group.inputs())
    },
    changes: |place| {
        vec![
            change("compartment_id", place.compartments[0].as_str()),
            change("display_name", "other"),
            change("freeform_tags", value(&json!({"team": "other"}))),
        ]
    },
    also: &[in_two_networks(|place| {
        let plain = NetworkSecurityGroup {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            ..NetworkSecurityGroup::default()
        };
        asked(plain.inputs())
    })],
    ..PLAIN
};

pub(super) fn group() -> Address {
    Address::new(network_security_group::TYPE, "around").unwrap()
}
