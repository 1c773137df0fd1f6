//! Security lists, those included that come with a VCN, and the rules of security groups.

use oci_resources::core::default_security_list::{self, DefaultSecurityList};
use oci_resources::core::network_security_group::{self, NetworkSecurityGroup};
use oci_resources::core::network_security_group_security_rule::{self, NetworkSecurityGroupSecurityRule};
use oci_resources::core::security_list::{self, SecurityList};
use oci_resources::core::vcn;
use rand::RngExt as _;
use rand::rngs::ChaCha8Rng;
use reconcile::Address;
use reconcile::value::{Expr, Value};
use serde_json::json;

use super::network::{
    add_network, add_networks, group, in_two_networks, network, other_case, other_network, tags,
};
use super::tables::ORACLE_SERVICES;
use crate::kit::{Case, PLAIN, Start, asked, change, value};

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

/// Rules with all that can be said of one; `end` is where packets come from or go to.
fn every_form(end: &str) -> Expr {
    let ports = json!({"min": 53, "max": 54, "source_port_range": {"min": 1024, "max": 65535}});
    let mut rules = [
        json!({"protocol": "6", "tcp_options": ports, "description": "names", "stateless": true}),
        json!({"protocol": "17", "udp_options": ports}),
        json!({"protocol": "1", "icmp_options": {"type": 3, "code": 4}}),
    ];
    for rule in &mut rules {
        rule[end] = json!(ORACLE_SERVICES);
        rule[format!("{end}_type")] = json!("SERVICE_CIDR_BLOCK");
    }
    value(&json!(rules))
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
            change("ingress_security_rules", every_form("source")),
            change("egress_security_rules", every_form("destination")),
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
            change("ingress_security_rules", every_form("source")),
            change("egress_security_rules", every_form("destination")),
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
            change("tcp_options.source_port_range", value(&ports)),
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
