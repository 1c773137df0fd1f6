//! Route tables and DHCP options, those included that come with a VCN.

use oci_resources::core::default_dhcp_options::{self, DefaultDhcpOptions};
use oci_resources::core::default_route_table::{self, DefaultRouteTable};
use oci_resources::core::dhcp_options::{self, DhcpOptions};
use oci_resources::core::internet_gateway::{self, InternetGateway};
use oci_resources::core::route_table::{self, RouteTable};
use oci_resources::core::service_gateway::{self, ServiceGateway};
use oci_resources::core::vcn;
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::Expr;
use serde_json::json;

use super::network::{add_network, add_networks, in_two_networks, network, other_network, tags};
use crate::kit::{Case, PLAIN, Place, Start, Variation, asked, change, value};

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
    also: &[
        in_two_networks(|place| {
            let plain = RouteTable {
                compartment_id: place.tenancy.as_str().into(),
                vcn_id: vcn::id(&network()).into(),
                ..RouteTable::default()
            };
            asked(plain.inputs())
        }),
        Start {
            around: add_doors,
            asked: |place| {
                let table = RouteTable {
                    compartment_id: place.tenancy.as_str().into(),
                    vcn_id: vcn::id(&network()).into(),
                    route_rules: oci_resources::attr::Attr::Expr(routes(&["0.0.0.0/0"])),
                    ..RouteTable::default()
                };
                asked(table.inputs())
            },
            changes: changed_routes,
        },
    ],
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

/// What everything of Oracle's is called in the region of the mock.
pub(super) const ORACLE_SERVICES: &str = "all-fra-services-in-oracle-services-network";

/// A gateway for routes to Oracle's services.
fn side_door() -> Address {
    Address::new(service_gateway::TYPE, "door").unwrap()
}

fn add_doors(place: &Place, builder: &mut GraphBuilder) {
    add_door(place, builder);
    let gateway = ServiceGateway {
        compartment_id: place.tenancy.as_str().into(),
        vcn_id: vcn::id(&network()).into(),
        services: oci_resources::attr::Attr::Expr(value(&json!([{"service_id": place.services[0]}]))),
        ..ServiceGateway::default()
    };
    builder.add(gateway.inputs().at(side_door()));
}

/// One route after another, with all that can be said of one.
fn changed_routes(_: &Place) -> Vec<Variation> {
    let route = |to: &Address, fields: &[(&'static str, &str)]| {
        let to = match to.resource_type() {
            service_gateway::TYPE => service_gateway::id(to),
            _ => internet_gateway::id(to),
        };
        let mut rule = vec![("network_entity_id".into(), Expr::from(to.reference().clone()))];
        rule.extend(fields.iter().map(|(name, value)| ((*name).into(), Expr::from(*value))));
        change("route_rules", Expr::List(vec![Expr::Map(rule)]))
    };
    let services = [("destination", ORACLE_SERVICES), ("destination_type", "SERVICE_CIDR_BLOCK")];
    vec![
        route(&door(), &[("destination", "10.9.0.0/16"), ("description", "out"), ("route_type", "STATIC")]),
        route(&side_door(), &services),
        route(&door(), &[("destination", "192.168.0.0/16"), ("destination_type", "CIDR_BLOCK")]),
        // Its name before there were services to lead to.
        route(&door(), &[("cidr_block", "172.16.0.0/12")]),
    ]
}

/// The changes of options, a VCN's own or others.
fn changes_of_options(place: &Place, domain_name_type: &str) -> Vec<Variation> {
    vec![
        change("compartment_id", place.compartments[0].as_str()),
        change("display_name", "other"),
        change("options", name_servers("VcnLocal")),
        change("options", own_name_servers()),
        change("options", value(&json!([{"type": "DomainNameServer", "server_type": "VcnLocal"}]))),
        change("domain_name_type", domain_name_type),
        change("freeform_tags", value(&json!({}))),
    ]
}

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
    changes: |place| changes_of_options(place, "VCN_DOMAIN"),
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

fn own_name_servers() -> Expr {
    value(&json!([
        {"type": "DomainNameServer", "server_type": "CustomDnsServer", "custom_dns_servers": ["10.0.0.53", "10.0.1.53"]},
        {"type": "SearchDomain", "search_domain_names": ["other.example.org"]},
    ]))
}

pub(super) fn name_servers(kind: &str) -> Expr {
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
    also: &[
        Start {
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
        },
        Start {
            around: add_doors,
            asked: |_| {
                let table = DefaultRouteTable {
                    manage_default_resource_id: vcn::default_route_table_id(&network()).into(),
                    route_rules: oci_resources::attr::Attr::Expr(routes(&["0.0.0.0/0"])),
                    ..DefaultRouteTable::default()
                };
                asked(table.inputs())
            },
            changes: changed_routes,
        },
    ],
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
    changes: |place| changes_of_options(place, "SUBNET_DOMAIN"),
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
