//! Networking.

use std::collections::BTreeMap;

use oci_resources::core::default_dhcp_options::{self, DefaultDhcpOptions};
use oci_resources::core::default_route_table::{self, DefaultRouteTable};
use oci_resources::core::default_security_list::{self, DefaultSecurityList};
use oci_resources::core::dhcp_options::{self, DhcpOptions};
use oci_resources::core::internet_gateway::{self, InternetGateway};
use oci_resources::core::nat_gateway::{self, NatGateway};
use oci_resources::core::network_security_group::{self, NetworkSecurityGroup};
use oci_resources::core::network_security_group_security_rule::{self, NetworkSecurityGroupSecurityRule};
use oci_resources::core::private_ip::{self, PrivateIp};
use oci_resources::core::public_ip::{self, PublicIp};
use oci_resources::core::route_table::{self, RouteTable};
use oci_resources::core::security_list::{self, SecurityList};
use oci_resources::core::service_gateway::{self, ServiceGateway};
use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn::{self, Vcn};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::{Expr, Value};
use serde_json::json;

use super::second::{add_subnets, other_subnet};
use super::servers;
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
fn other_network() -> Address {
    Address::new(vcn::TYPE, "other").unwrap()
}

/// Adds both VCNs.
fn add_networks(place: &Place, builder: &mut GraphBuilder) {
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
const fn in_two_networks(asked: fn(&Place) -> Asked) -> Start {
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

fn tags() -> BTreeMap<String, String> {
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
    respell: |path, value, random| (path == "dns_label").then(|| other_case(value, random)).flatten(),
    one_way: &["cidr_blocks"],
    ..PLAIN
};

/// The same text in capitals, or not.
fn other_case(value: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
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
    ..PLAIN
};

/// A gateway for routes to lead to.
fn door() -> Address {
    Address::new(internet_gateway::TYPE, "door").unwrap()
}

fn add_door(place: &Place, builder: &mut GraphBuilder) {
    add_network(place, builder);
    let gateway = InternetGateway {
        compartment_id: place.tenancy.as_str().into(),
        vcn_id: vcn::id(&network()).into(),
        ..InternetGateway::default()
    };
    builder.add(gateway.inputs().at(door()));
}

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
        ipv6cidr_block: "fd00:0:0:101::/64".into(),
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

pub(crate) const ROUTE_TABLE: Case = Case {
    resource_type: route_table::TYPE,
    around: add_door,
    asked: |place| {
        let table = RouteTable {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            display_name: "public".into(),
            route_rules: oci_resources::attr::Attr::Expr(routes(&[
                "0.0.0.0/0",
                "192.168.0.0/16",
                "172.16.0.0/12",
            ])),
            freeform_tags: tags().into(),
            ..RouteTable::default()
        };
        asked(table.inputs())
    },
    changes: |place| {
        vec![
            change("display_name", "other"),
            change("route_rules", routes(&["0.0.0.0/0"])),
            change("freeform_tags", value(&json!({}))),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    also: &[in_two_networks(|place| {
        let plain = RouteTable {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            ..RouteTable::default()
        };
        asked(plain.inputs())
    })],
    ..PLAIN
};

fn routes(destinations: &[&str]) -> Expr {
    let gateway = internet_gateway::id(&door()).reference().clone();
    let rule = |destination: &&str| {
        Expr::Map(vec![
            ("network_entity_id".into(), gateway.clone().into()),
            ("destination".into(), (*destination).into()),
        ])
    };
    Expr::List(destinations.iter().map(rule).collect())
}

/// Rules of every form, some of them alike but for one thing.
fn ingress() -> Expr {
    value(&json!([
        {"protocol": "6", "source": "0.0.0.0/0", "tcp_options": {"min": 80, "max": 80}},
        {"protocol": "6", "source": "0.0.0.0/0", "tcp_options": {"min": 443, "max": 443}, "description": "TLS"},
        {"protocol": "6", "source": "10.0.0.0/16", "source_type": "CIDR_BLOCK",
         "tcp_options": {"source_port_range": {"min": 2048, "max": 2050}}},
        {"protocol": "17", "source": "10.0.0.0/16", "udp_options": {"min": 111, "max": 111}, "stateless": true},
        {"protocol": "1", "source": "0.0.0.0/0", "icmp_options": {"type": 3, "code": 4}},
        {"protocol": "1", "source": "10.0.0.0/16", "icmp_options": {"type": 3}},
        {"protocol": "112", "source": "10.0.1.0/24"},
        {"protocol": "6", "source": "10.0.9.0/24"},
    ]))
}

fn egress() -> Expr {
    value(&json!([
        {"protocol": "all", "destination": "0.0.0.0/0"},
        {"protocol": "6", "destination": "10.0.1.0/24", "tcp_options": {"min": 3306, "max": 3306}, "stateless": true},
    ]))
}

/// Other spellings of protocols, words of enums and addresses.
fn respell_rule(path: &str, value: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
    let text = value.as_str()?;
    let last = path.rsplit('.').next()?;
    let names = [("6", "tcp"), ("17", "UDP"), ("1", "icmp"), ("all", "ALL"), ("112", "vrrp")];
    match last {
        "protocol" if random.random() => {
            names.iter().find(|(number, _)| *number == text).map(|(_, name)| Value::from(*name))
        }
        "source_type" | "destination_type" => other_case(value, random),
        _ => None,
    }
}

pub(crate) const SECURITY_LIST: Case = Case {
    resource_type: security_list::TYPE,
    around: add_network,
    asked: |place| {
        let list = SecurityList {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            display_name: "web".into(),
            ingress_security_rules: oci_resources::attr::Attr::Expr(ingress()),
            egress_security_rules: oci_resources::attr::Attr::Expr(egress()),
            freeform_tags: tags().into(),
            ..SecurityList::default()
        };
        asked(list.inputs())
    },
    changes: |place| {
        vec![
            change("display_name", "other"),
            // The ports go, and nothing else: that opens all of them.
            change("ingress_security_rules", value(&json!([{"protocol": "tcp", "source": "0.0.0.0/0"}]))),
            change(
                "ingress_security_rules",
                value(&json!([
                    {"protocol": "tcp", "source": "0.0.0.0/0", "tcp_options": {"min": 80, "max": 81}},
                ])),
            ),
            change("ingress_security_rules", value(&json!([{"protocol": "tcp", "source": "0.0.0.0/0"}]))),
            change("egress_security_rules", value(&json!([]))),
            change("freeform_tags", value(&json!({}))),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    also: &[in_two_networks(|place| {
        let plain = SecurityList {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            ..SecurityList::default()
        };
        asked(plain.inputs())
    })],
    respell: respell_rule,
    ..PLAIN
};

pub(crate) const DHCP_OPTIONS: Case = Case {
    resource_type: dhcp_options::TYPE,
    around: add_network,
    asked: |place| {
        let options = DhcpOptions {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            options: oci_resources::attr::Attr::Expr(name_servers("VcnLocalPlusInternet")),
            display_name: "names".into(),
            domain_name_type: "CUSTOM_DOMAIN".into(),
            freeform_tags: tags().into(),
            ..DhcpOptions::default()
        };
        asked(options.inputs())
    },
    changes: |place| {
        vec![
            change("compartment_id", place.compartments[0].as_str()),
            change("display_name", "other"),
            change("options", name_servers("VcnLocal")),
            change("domain_name_type", "VCN_DOMAIN"),
            change("freeform_tags", value(&json!({}))),
        ]
    },
    also: &[in_two_networks(|place| {
        let plain = DhcpOptions {
            compartment_id: place.tenancy.as_str().into(),
            vcn_id: vcn::id(&network()).into(),
            options: oci_resources::attr::Attr::Expr(name_servers("VcnLocal")),
            ..DhcpOptions::default()
        };
        asked(plain.inputs())
    })],
    ..PLAIN
};

fn name_servers(kind: &str) -> Expr {
    value(&json!([
        {"type": "DomainNameServer", "server_type": kind},
        {"type": "SearchDomain", "search_domain_names": ["campus.example.org"]},
    ]))
}

pub(crate) const DEFAULT_ROUTE_TABLE: Case = Case {
    resource_type: default_route_table::TYPE,
    around: add_door,
    asked: |_| {
        let table = DefaultRouteTable {
            manage_default_resource_id: vcn::default_route_table_id(&network()).into(),
            display_name: "default".into(),
            route_rules: oci_resources::attr::Attr::Expr(routes(&["0.0.0.0/0", "192.168.0.0/16"])),
            freeform_tags: tags().into(),
            ..DefaultRouteTable::default()
        };
        asked(table.inputs())
    },
    changes: |place| {
        vec![
            change("compartment_id", place.compartments[0].as_str()),
            change("display_name", "other"),
            change("route_rules", routes(&["0.0.0.0/0"])),
            change("freeform_tags", value(&json!({}))),
        ]
    },
    also: &[Start {
        around: add_networks,
        asked: |_| {
            let plain = DefaultRouteTable {
                manage_default_resource_id: vcn::default_route_table_id(&network()).into(),
                display_name: "ours".into(),
                ..DefaultRouteTable::default()
            };
            asked(plain.inputs())
        },
        changes: |_| {
            let other = vcn::default_route_table_id(&other_network()).reference().clone();
            vec![change("manage_default_resource_id", other)]
        },
    }],
    there_before: 1,
    ..PLAIN
};

pub(crate) const DEFAULT_SECURITY_LIST: Case = Case {
    resource_type: default_security_list::TYPE,
    around: add_network,
    asked: |_| {
        let list = DefaultSecurityList {
            manage_default_resource_id: vcn::default_security_list_id(&network()).into(),
            display_name: "default".into(),
            ingress_security_rules: oci_resources::attr::Attr::Expr(ingress()),
            egress_security_rules: oci_resources::attr::Attr::Expr(egress()),
            freeform_tags: tags().into(),
            ..DefaultSecurityList::default()
        };
        asked(list.inputs())
    },
    changes: |place| {
        vec![
            change("compartment_id", place.compartments[0].as_str()),
            change("display_name", "other"),
            change("ingress_security_rules", value(&json!([]))),
            change("egress_security_rules", value(&json!([]))),
            change("freeform_tags", value(&json!({}))),
        ]
    },
    also: &[Start {
        around: add_networks,
        asked: |_| {
            let plain = DefaultSecurityList {
                manage_default_resource_id: vcn::default_security_list_id(&network()).into(),
                display_name: "ours".into(),
                ..DefaultSecurityList::default()
            };
            asked(plain.inputs())
        },
        changes: |_| {
            let other = vcn::default_security_list_id(&other_network()).reference().clone();
            vec![change("manage_default_resource_id", other)]
        },
    }],
    respell: respell_rule,
    there_before: 1,
    ..PLAIN
};

pub(crate) const DEFAULT_DHCP_OPTIONS: Case = Case {
    resource_type: default_dhcp_options::TYPE,
    around: add_network,
    asked: |_| {
        let options = DefaultDhcpOptions {
            manage_default_resource_id: vcn::default_dhcp_options_id(&network()).into(),
            options: oci_resources::attr::Attr::Expr(name_servers("VcnLocalPlusInternet")),
            display_name: "default".into(),
            freeform_tags: tags().into(),
            ..DefaultDhcpOptions::default()
        };
        asked(options.inputs())
    },
    changes: |place| {
        vec![
            change("compartment_id", place.compartments[0].as_str()),
            change("display_name", "other"),
            change("options", name_servers("VcnLocal")),
            change("domain_name_type", "SUBNET_DOMAIN"),
            change("freeform_tags", value(&json!({}))),
        ]
    },
    also: &[Start {
        around: add_networks,
        asked: |_| {
            let plain = DefaultDhcpOptions {
                manage_default_resource_id: vcn::default_dhcp_options_id(&network()).into(),
                display_name: "ours".into(),
                options: oci_resources::attr::Attr::Expr(name_servers("VcnLocal")),
                ..DefaultDhcpOptions::default()
            };
            asked(plain.inputs())
        },
        changes: |_| {
            let other = vcn::default_dhcp_options_id(&other_network()).reference().clone();
            vec![change("manage_default_resource_id", other)]
        },
    }],
    there_before: 1,
    ..PLAIN
};

fn group() -> Address {
    Address::new(network_security_group::TYPE, "around").unwrap()
}

fn other_group() -> Address {
    Address::new(network_security_group::TYPE, "other").unwrap()
}

pub(crate) const SECURITY_RULE: Case = Case {
    resource_type: network_security_group_security_rule::TYPE,
    around: |place, builder| {
        add_network(place, builder);
        for address in [group(), other_group()] {
            let group = NetworkSecurityGroup {
                compartment_id: place.tenancy.as_str().into(),
                vcn_id: vcn::id(&network()).into(),
                ..NetworkSecurityGroup::default()
            };
            builder.add(group.inputs().at(address));
        }
    },
    asked: |_| {
        let rule = NetworkSecurityGroupSecurityRule {
            network_security_group_id: network_security_group::id(&group()).into(),
            direction: "INGRESS".into(),
            protocol: "tcp".into(),
            source: "10.0.0.0/16".into(),
            description: "the web".into(),
            tcp_options: oci_resources::attr::Attr::Expr(value(
                &json!({"destination_port_range": {"min": 80, "max": 80}}),
            )),
            ..NetworkSecurityGroupSecurityRule::default()
        };
        asked(rule.inputs())
    },
    changes: |_| {
        let other = || network_security_group::id(&other_group()).reference().clone();
        let ports = json!({"destination_port_range": {"min": 53, "max": 53}, "source_port_range": {"min": 1024, "max": 65535}});
        vec![
            change("description", "the web and more"),
            change("source", "10.0.1.0/24"),
            change("stateless", true),
            change(
                "tcp_options.destination_port_range",
                value(&json!({"destination_port_range": {"min": 80, "max": 90}})),
            ),
            change("source_type", "NETWORK_SECURITY_GROUP").with("source", other()),
            change("source_type", "CIDR_BLOCK").with("source", "10.0.1.0/24"),
            change("protocol", "udp").without("tcp_options"),
            change("udp_options", value(&ports)),
            change("protocol", "icmp").without("tcp_options").without("udp_options"),
            change("icmp_options", value(&json!({"type": 3, "code": 4}))),
            change("icmp_options.code", value(&json!({"type": 3}))),
            change("direction", "EGRESS")
                .without("source")
                .without("source_type")
                .with("destination", "10.0.0.0/16"),
            change("destination", "10.0.2.0/24"),
            change("destination_type", "NETWORK_SECURITY_GROUP").with("destination", other()),
            change("network_security_group_id", other()),
        ]
    },
    respell: respell_rule,
    ..PLAIN
};
