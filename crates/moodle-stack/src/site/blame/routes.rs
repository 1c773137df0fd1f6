//! Routes and gateways as they are, against those that the stack asks for.

use super::super::evidence::{Network, RouteTable};
use super::super::layer::{Fault, Layer};
use super::rules::contains;
use crate::config::Config;
use crate::stack::Zone;
use crate::status::Look;

/// Where packets of a zone must be able to go.
struct Way {
    zone: Zone,
    /// For which addresses; `None` stands for the label of all of Oracle's services.
    destination: Option<&'static str>,
    /// The kind of gateway, as OCIDs have it.
    kind: &'static str,
    /// The same in words.
    gateway: &'static str,
    purpose: &'static str,
}

/// What leaves the network: answers to visitors, and what servers fetch. Database and files talk to servers only.
fn ways(config: &Config) -> Vec<Way> {
    let mut ways = Vec::new();
    if config.load_balancer.public {
        ways.push(Way {
            zone: Zone::Balancer,
            destination: Some("0.0.0.0/0"),
            kind: "internetgateway",
            gateway: "an internet gateway",
            purpose: "visitors",
        });
    }
    ways.push(Way {
        zone: Zone::Web,
        destination: Some("0.0.0.0/0"),
        kind: "natgateway",
        gateway: "a NAT gateway",
        purpose: "packages",
    });
    ways.push(Way {
        zone: Zone::Web,
        destination: None,
        kind: "servicegateway",
        gateway: "a service gateway",
        purpose: "Oracle's services: secrets and reports",
    });
    ways
}

pub(super) fn faults(config: &Config, network: &Network) -> Vec<Fault> {
    let mut faults: Vec<Fault> =
        ways(config).iter().filter_map(|way| missing_route(config, network, way)).collect();
    for (id, table) in &network.route_tables {
        if let Some(trouble) = table.trouble() {
            faults.push(Fault::weakens(Layer::Route, format!("route table {id}"), trouble));
        }
    }
    for (id, gateway) in &network.gateways {
        let subject = format!("{} {id}", kind_of(id));
        match gateway {
            Look::Seen(gateway) if gateway.is_closed => {
                let does = if id.starts_with("ocid1.internetgateway.") {
                    "is switched off"
                } else {
                    "blocks traffic"
                };
                faults.push(Fault::stops(Layer::Route, subject, format!("the gateway {does}")));
            }
            Look::Seen(gateway) if matches!(gateway.state.as_str(), "TERMINATING" | "TERMINATED") => {
                faults.push(Fault::stops(Layer::Route, subject, format!("the gateway is {}", gateway.state)));
            }
            Look::Missing(_) => {
                faults.push(Fault::stops(
                    Layer::Route,
                    subject,
                    "routes lead to it, and it is gone, or hidden",
                ));
            }
            Look::Unread(why) => {
                faults.push(Fault::weakens(Layer::Route, subject, format!("it cannot be read: {why}")));
            }
            Look::Seen(_) | Look::None => {}
        }
    }
    faults
}

fn kind_of(id: &str) -> &'static str {
    match id.strip_prefix("ocid1.").and_then(|rest| rest.split('.').next()) {
        Some("internetgateway") => "internet gateway",
        Some("natgateway") => "NAT gateway",
        Some("servicegateway") => "service gateway",
        _ => "gateway",
    }
}

fn missing_route(config: &Config, network: &Network, way: &Way) -> Option<Fault> {
    let subnet = network.subnets.get(way.zone.label())?.seen()?;
    let subject = format!("subnet {}", way.zone.label());
    let id = subnet.route_table_id.as_deref()?;
    let table = network.route_tables.get(id)?.seen()?;
    if leads(table, way, way.zone.existing_subnet(config).is_some()) {
        return None;
    }
    let destination = way.destination.unwrap_or("Oracle's services");
    let evidence = format!(
        "no route leads {destination} to {} ({}); route table `{}` ({id})",
        way.gateway, way.purpose, table.name
    );
    Some(Fault::stops(Layer::Route, subject, evidence))
}

/// In a subnet that is not ours the ways out are its administrator's choice: a firewall or a DRG may do the same.
fn leads(table: &RouteTable, way: &Way, is_foreign: bool) -> bool {
    let prefix = format!("ocid1.{}.", way.kind);
    table.routes.iter().any(|route| {
        let to_kind = route.gateway_id.starts_with(&prefix);
        match way.destination {
            Some(destination) => contains(&route.destination, destination) && (is_foreign || to_kind),
            None => {
                let to_services = route.destination.starts_with("all-") && to_kind;
                to_services || (is_foreign && contains(&route.destination, "0.0.0.0/0"))
            }
        }
    })
}
