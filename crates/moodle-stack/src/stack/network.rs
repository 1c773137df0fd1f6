//! VCN, gateways, routes, rules and subnets; or those that exist.

use oci_resources::attr::{Attr, Output};
use oci_resources::core::internet_gateway::{self, InternetGateway};
use oci_resources::core::nat_gateway::{self, NatGateway};
use oci_resources::core::route_table::{self, RouteRule, RouteTable};
use oci_resources::core::security_list::{self, SecurityList};
use oci_resources::core::service_gateway::{self, GatewayService, ServiceGateway};
use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn::{self, Vcn};
use reconcile::Address;

use super::Zone;
use super::build::Build;
use super::conversation::rules;
use super::names::address;

/// The name of the route table, and of the gateways, for what has public addresses.
const PUBLIC: &str = "public";
/// The same for what has none.
const PRIVATE: &str = "private";

pub(super) fn add(build: &mut Build<'_>) {
    if build.config.network.vcn_id.is_none() {
        add_vcn(build);
    }
    let ours: Vec<Zone> =
        Zone::ALL.into_iter().filter(|zone| zone.existing_subnet(build.config).is_none()).collect();
    if ours.iter().any(|zone| is_public(build, *zone)) {
        add_public_routes(build);
    }
    if ours.iter().any(|zone| !is_public(build, *zone)) {
        add_private_routes(build);
    }
    for zone in ours {
        add_rules(build, zone);
        add_subnet(build, zone);
    }
}

/// Only the load balancer can have public addresses, and a private one has none either.
fn is_public(build: &Build<'_>, zone: Zone) -> bool {
    zone == Zone::Balancer && build.config.load_balancer.public
}

fn add_vcn(build: &mut Build<'_>) {
    let vcn = Vcn {
        compartment_id: build.compartment(),
        cidr_blocks: vec![build.config.network.cidr.to_string()].into(),
        display_name: build.display("vcn"),
        dns_label: build.config.site.name.as_str().into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..Vcn::default()
    };
    build.graph.add(vcn.inputs().at(address(vcn::TYPE, "site")));
}

/// The gateway that exists, or else the one at `address`, which `make` adds.
fn gateway(
    build: &mut Build<'_>,
    existing: Option<String>,
    at: Address,
    id: fn(&Address) -> Output<String>,
    make: fn(&Build<'_>) -> oci_resources::attr::Inputs,
) -> Attr<String> {
    if let Some(id) = existing {
        return id.into();
    }
    let output = id(&at);
    let node = make(build).at(at);
    build.graph.add(node);
    output.into()
}

fn add_public_routes(build: &mut Build<'_>) {
    let existing = build.config.network.internet_gateway_id.clone();
    let at = address(internet_gateway::TYPE, PUBLIC);
    let internet = gateway(build, existing, at, internet_gateway::id, |build| {
        InternetGateway {
            compartment_id: build.compartment(),
            vcn_id: build.vcn(),
            display_name: build.display("internet"),
            enabled: true.into(),
            freeform_tags: build.tags(),
            defined_tags: build.defined_tags(),
            ..InternetGateway::default()
        }
        .inputs()
    });
    add_routes(build, PUBLIC, vec![route(internet, "0.0.0.0/0", "CIDR_BLOCK", "the internet")]);
}

fn add_private_routes(build: &mut Build<'_>) {
    let existing = build.config.network.nat_gateway_id.clone();
    let nat = gateway(build, existing, address(nat_gateway::TYPE, PRIVATE), nat_gateway::id, |build| {
        NatGateway {
            compartment_id: build.compartment(),
            vcn_id: build.vcn(),
            display_name: build.display("nat"),
            freeform_tags: build.tags(),
            defined_tags: build.defined_tags(),
            ..NatGateway::default()
        }
        .inputs()
    });
    let existing = build.config.network.service_gateway_id.clone();
    let at = address(service_gateway::TYPE, PRIVATE);
    let services = gateway(build, existing, at, service_gateway::id, |build| {
        let all = GatewayService {
            service_id: build.facts.services_id.as_str().into(),
            ..GatewayService::default()
        };
        ServiceGateway {
            compartment_id: build.compartment(),
            vcn_id: build.vcn(),
            services: vec![all].into(),
            display_name: build.display("services"),
            freeform_tags: build.tags(),
            defined_tags: build.defined_tags(),
            ..ServiceGateway::default()
        }
        .inputs()
    });
    let label = build.facts.services_label.clone();
    let rules = vec![
        route(nat, "0.0.0.0/0", "CIDR_BLOCK", "the internet, outwards"),
        route(services, &label, "SERVICE_CIDR_BLOCK", "Oracle's services"),
    ];
    add_routes(build, PRIVATE, rules);
}

fn route(gateway: Attr<String>, destination: &str, kind: &str, description: &str) -> RouteRule {
    RouteRule {
        network_entity_id: gateway,
        destination: destination.into(),
        destination_type: kind.into(),
        description: description.into(),
        ..RouteRule::default()
    }
}

fn add_routes(build: &mut Build<'_>, name: &str, rules: Vec<RouteRule>) {
    let table = RouteTable {
        compartment_id: build.compartment(),
        vcn_id: build.vcn(),
        display_name: build.display(name),
        route_rules: rules.into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..RouteTable::default()
    };
    build.graph.add(table.inputs().at(address(route_table::TYPE, name)));
}

fn add_rules(build: &mut Build<'_>, zone: Zone) {
    let (ingress, egress) = rules(build.config, zone);
    let list = SecurityList {
        compartment_id: build.compartment(),
        vcn_id: build.vcn(),
        display_name: build.display(zone.label()),
        ingress_security_rules: ingress.into(),
        egress_security_rules: egress.into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..SecurityList::default()
    };
    build.graph.add(list.inputs().at(address(security_list::TYPE, zone.label())));
}

fn add_subnet(build: &mut Build<'_>, zone: Zone) {
    let is_public = is_public(build, zone);
    let table = address(route_table::TYPE, if is_public { PUBLIC } else { PRIVATE });
    let list = security_list::id(&address(security_list::TYPE, zone.label()));
    let subnet = Subnet {
        compartment_id: build.compartment(),
        vcn_id: build.vcn(),
        cidr_block: zone.range(build.config).into(),
        display_name: build.display(zone.label()),
        dns_label: zone.label().into(),
        route_table_id: route_table::id(&table).into(),
        security_list_ids: Attr::Expr(reconcile::value::Expr::List(vec![list.reference().clone().into()])),
        prohibit_public_ip_on_vnic: (!is_public).into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..Subnet::default()
    };
    build.graph.add(subnet.inputs().at(address(subnet::TYPE, zone.label())));
}
