//! Networking.

use std::collections::BTreeMap;

use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn::{self, Vcn};
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::{Expr, Value};
use serde_json::json;

use crate::kit::{Case, PLAIN, Place, asked, change, value};

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
            change("security_attributes", value(&json!({"oracle-zpr.tier.value": "web"}))),
            change("compartment_id", place.compartments[0].as_str()),
            change("dns_label", "other"),
        ]
    },
    unchanged: &[
        ("defined_tags", "a namespace must exist first; tried with the tags"),
        ("is_ipv6enabled", "the mock knows no IPv6"),
        ("is_oracle_gua_allocation_enabled", "the mock knows no IPv6"),
        ("ipv6private_cidr_blocks", "the mock knows no IPv6"),
        ("byoipv6cidr_details", "the mock knows no IPv6"),
    ],
    respell: |path, value, random| (path == "dns_label").then(|| other_case(value, random)).flatten(),
    ..PLAIN
};

/// The same text in capitals, or not.
fn other_case(value: &Value, random: &mut rand::rngs::ChaCha8Rng) -> Option<Value> {
    use rand::RngExt;
    let text = value.as_str()?;
    Some(if random.random() { text.to_uppercase().into() } else { text.into() })
}

pub(crate) const SUBNET: Case = Case {
    resource_type: subnet::TYPE,
    around: add_network,
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
            change("display_name", "other"),
            change("cidr_block", "10.0.1.0/25"),
            change("freeform_tags", value(&json!({}))),
            change("dns_label", "other"),
            change("availability_domain", place.domains[1].as_str()),
            change("prohibit_public_ip_on_vnic", false),
        ]
    },
    unchanged: &[
        ("compartment_id", "it forces a new one, as others do that are tried"),
        ("ipv4cidr_blocks", "stands in place of `cidr_block`"),
        ("ipv6cidr_block", "the mock knows no IPv6"),
        ("ipv6cidr_blocks", "the mock knows no IPv6"),
        ("vcn_id", "a second VCN adds nothing to what `dns_label` shows"),
        ("defined_tags", "a namespace must exist first; tried with the tags"),
        ("route_table_id", "tried with route tables"),
        ("dhcp_options_id", "tried with DHCP options"),
        ("security_list_ids", "tried with security lists"),
        ("prohibit_internet_ingress", "cannot stand beside its twin"),
    ],
    ..PLAIN
};
