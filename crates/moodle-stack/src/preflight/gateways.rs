//! The gateways of a VCN that exists: those that the file names, and those that would be in the way of new ones.

use oci_client::services::core::models::{InternetGateway, NatGateway, ServiceGateway};
use oci_client::services::core::operations::{
    GetInternetGateway, GetNatGateway, GetServiceGateway, ListInternetGateways, ListNatGateways,
    ListServiceGateways,
};

use super::network::{HIDDEN, routes};
use super::subject::Subject;
use crate::codes::Code;
use crate::reads::{Read, Reads, is_missing, unread, words};
use crate::report::{Check, Finding, Level};

/// What the three kinds have in common.
#[derive(Clone, Debug)]
struct Gateway {
    id: String,
    vcn_id: String,
    state: String,
    /// Whether it lets traffic through.
    is_open: bool,
}

impl From<InternetGateway> for Gateway {
    fn from(gateway: InternetGateway) -> Self {
        Self {
            id: gateway.id.unwrap_or_default(),
            vcn_id: gateway.vcn_id.unwrap_or_default(),
            state: gateway.lifecycle_state.map_or_else(String::new, |state| state.to_string()),
            is_open: gateway.is_enabled != Some(false),
        }
    }
}

impl From<NatGateway> for Gateway {
    fn from(gateway: NatGateway) -> Self {
        Self {
            id: gateway.id.unwrap_or_default(),
            vcn_id: gateway.vcn_id.unwrap_or_default(),
            state: gateway.lifecycle_state.map_or_else(String::new, |state| state.to_string()),
            is_open: gateway.block_traffic != Some(true),
        }
    }
}

impl From<ServiceGateway> for Gateway {
    fn from(gateway: ServiceGateway) -> Self {
        Self {
            id: gateway.id.unwrap_or_default(),
            vcn_id: gateway.vcn_id.unwrap_or_default(),
            state: gateway.lifecycle_state.map_or_else(String::new, |state| state.to_string()),
            is_open: gateway.block_traffic != Some(true),
        }
    }
}

/// One kind of gateway, and what is asked about it.
struct Kind {
    key: &'static str,
    name: &'static str,
    /// How sure it is that a VCN has room for one only. For NAT gateways that is the usual limit, and not a rule.
    second: Level,
}

/// Looks at all three kinds.
pub(super) async fn look(
    reads: &Reads,
    subject: &Subject<'_>,
    vcn_id: &str,
    compartment: &str,
) -> Vec<Finding> {
    let network = &subject.config.network;
    let (has_public, has_private) = routes(subject.config);
    let internet = async {
        let kind =
            Kind { key: "network.internet_gateway_id", name: "internet gateway", second: Level::Fault };
        match &network.internet_gateway_id {
            Some(id) => {
                let read = reads.value(&GetInternetGateway::new(id)).await;
                named(&kind, vcn_id, id, read.map(Gateway::from))
            }
            None if !has_public => Vec::new(),
            None => {
                let mut list = ListInternetGateways::new(compartment);
                list.vcn_id = Some(vcn_id.to_owned());
                let read = reads.list(list).await;
                unnamed(&kind, subject, vcn_id, read.map(|all| all.into_iter().map(Gateway::from).collect()))
            }
        }
    };
    let nat = async {
        let kind = Kind { key: "network.nat_gateway_id", name: "NAT gateway", second: Level::Warning };
        match &network.nat_gateway_id {
            Some(id) => {
                let read = reads.value(&GetNatGateway::new(id)).await;
                named(&kind, vcn_id, id, read.map(Gateway::from))
            }
            None if !has_private => Vec::new(),
            None => {
                let mut list = ListNatGateways::new(compartment);
                list.vcn_id = Some(vcn_id.to_owned());
                let read = reads.list(list).await;
                unnamed(&kind, subject, vcn_id, read.map(|all| all.into_iter().map(Gateway::from).collect()))
            }
        }
    };
    let service = async {
        let kind = Kind { key: "network.service_gateway_id", name: "service gateway", second: Level::Fault };
        match &network.service_gateway_id {
            Some(id) => {
                let read = reads.value(&GetServiceGateway::new(id)).await;
                named(&kind, vcn_id, id, read.map(Gateway::from))
            }
            None if !has_private => Vec::new(),
            None => {
                let mut list = ListServiceGateways::new(compartment);
                list.vcn_id = Some(vcn_id.to_owned());
                let read = reads.list(list).await;
                unnamed(&kind, subject, vcn_id, read.map(|all| all.into_iter().map(Gateway::from).collect()))
            }
        }
    };
    let (internet, nat, service) = tokio::join!(internet, nat, service);
    [internet, nat, service].into_iter().flatten().collect()
}

/// A gateway that the file names must be there, be the VCN's, and let traffic through.
fn named(kind: &Kind, vcn_id: &str, id: &str, read: Read<Gateway>) -> Vec<Finding> {
    let needed = format!("an open {} of {vcn_id}", kind.name);
    let finding = |found: String| Finding::ok(Check::Network, id, needed.clone(), found).key(kind.key);
    let gateway = match read {
        Ok(gateway) => gateway,
        Err(error) if is_missing(&error) => {
            return vec![finding(words(&error)).fault(Code::GatewayMissing).advice(HIDDEN)];
        }
        Err(error) => return vec![unread(Check::Network, id, &needed, &error, Level::Fault).key(kind.key)],
    };
    vec![if gateway.vcn_id != vcn_id {
        let advice = format!("name the {} of the VCN itself", kind.name);
        finding(format!("it is part of {}", gateway.vcn_id)).fault(Code::GatewayUnfit).advice(advice)
    } else if !gateway.is_open {
        let advice = "let it pass traffic again: the servers need it";
        finding("it lets no traffic through".to_owned()).fault(Code::GatewayUnfit).advice(advice)
    } else if gateway.state != "AVAILABLE" {
        finding(gateway.state).fault(Code::GatewayUnfit).advice("name one that is AVAILABLE")
    } else {
        finding("it is".to_owned())
    }]
}

/// Where the file names none, a new one must fit in beside those that are there.
fn unnamed(kind: &Kind, subject: &Subject<'_>, vcn_id: &str, read: Read<Vec<Gateway>>) -> Vec<Finding> {
    let needed = format!("room for a new {}", kind.name);
    let finding = |found: String| Finding::ok(Check::Network, vcn_id, needed.clone(), found).key(kind.key);
    let gateways = match read {
        Ok(gateways) => gateways,
        Err(error) => {
            return vec![unread(Check::Network, vcn_id, &needed, &error, Level::Unknown).key(kind.key)];
        }
    };
    let is_live = |gateway: &&Gateway| !matches!(gateway.state.as_str(), "TERMINATING" | "TERMINATED");
    let mut strange = gateways.iter().filter(is_live).filter(|gateway| !subject.existing.has(&gateway.id));
    vec![match strange.next() {
        Some(gateway) => finding(format!("it has {} already", gateway.id))
            .but(kind.second, Code::GatewayTaken)
            .advice(format!("write `{} = \"{}\"` into the file", kind.key, gateway.id)),
        None => finding("it has none".to_owned()),
    }]
}
