//! Subnets, what may pass, and where packets go.

use std::collections::{BTreeMap, BTreeSet};

use oci_client::services::core::models::{self, IcmpOptions, TcpOptions, UdpOptions};
use oci_client::services::core::operations::{
    GetInternetGateway, GetNatGateway, GetRouteTable, GetSecurityList, GetServiceGateway, GetSubnet,
};
use world::BoxFuture;

use super::super::evidence::{
    Direction, Gateway, Network, PacketRule, Route, RouteTable, SecurityList, Subnet,
};
use super::said;
use crate::reads::{Reads, all};
use crate::stack::Zone;
use crate::status::Look;

/// Subnets first, since they say which lists and tables count; then those; then the gateways that routes lead to.
pub(super) async fn read(reads: &Reads, zones: &[(Zone, Option<String>)]) -> Network {
    let subnets = zones.iter().map(|(zone, id)| -> BoxFuture<'_, (String, Look<Subnet>)> {
        Box::pin(async move { (zone.label().to_owned(), subnet(reads, id.as_deref()).await) })
    });
    let subnets: BTreeMap<String, Look<Subnet>> = all(subnets).await.into_iter().collect();
    let there = || subnets.values().filter_map(Look::seen);
    let lists: BTreeSet<String> = there().flat_map(|subnet| subnet.security_list_ids.clone()).collect();
    let tables: BTreeSet<String> = there().filter_map(|subnet| subnet.route_table_id.clone()).collect();
    let lists = lists.into_iter().map(|id| -> BoxFuture<'_, (String, Look<SecurityList>)> {
        Box::pin(async move {
            let found = security_list(reads, &id).await;
            (id, found)
        })
    });
    let tables = tables.into_iter().map(|id| -> BoxFuture<'_, (String, Look<RouteTable>)> {
        Box::pin(async move {
            let found = route_table(reads, &id).await;
            (id, found)
        })
    });
    let (lists, tables) = tokio::join!(all(lists), all(tables));
    let route_tables: BTreeMap<String, Look<RouteTable>> = tables.into_iter().collect();
    let routes = route_tables.values().filter_map(Look::seen).flat_map(|table| &table.routes);
    let gateways: BTreeSet<String> = routes.map(|route| route.gateway_id.clone()).collect();
    let gateways = gateways.into_iter().map(|id| -> BoxFuture<'_, Option<(String, Look<Gateway>)>> {
        Box::pin(async move {
            let found = gateway(reads, &id).await?;
            Some((id, found))
        })
    });
    let gateways = all(gateways).await.into_iter().flatten().collect();
    Network { subnets, security_lists: lists.into_iter().collect(), route_tables, gateways }
}

async fn subnet(reads: &Reads, id: Option<&str>) -> Look<Subnet> {
    let Some(id) = id else { return Look::None };
    Look::read(reads.value(&GetSubnet::new(id)).await, |found| Subnet {
        id: id.to_owned(),
        state: said(found.lifecycle_state.as_ref().map(|state| state.as_str())),
        range: found.cidr_block,
        security_list_ids: found.security_list_ids.unwrap_or_default(),
        route_table_id: found.route_table_id,
    })
}

async fn security_list(reads: &Reads, id: &str) -> Look<SecurityList> {
    Look::read(reads.value(&GetSecurityList::new(id)).await, |found| {
        let ingress = found.ingress_security_rules.unwrap_or_default().into_iter().map(let_in);
        let egress = found.egress_security_rules.unwrap_or_default().into_iter().map(let_out);
        let rules = ingress.chain(egress).collect();
        SecurityList { name: found.display_name.unwrap_or_default(), rules }
    })
}

fn let_in(rule: models::IngressSecurityRule) -> PacketRule {
    let (ports, source_ports) = ports(rule.tcp_options, rule.udp_options, rule.icmp_options);
    PacketRule {
        direction: Direction::In,
        protocol: rule.protocol.unwrap_or_default(),
        peer: rule.source.unwrap_or_default(),
        ports,
        source_ports,
        is_stateless: rule.is_stateless == Some(true),
    }
}

fn let_out(rule: models::EgressSecurityRule) -> PacketRule {
    let (ports, source_ports) = ports(rule.tcp_options, rule.udp_options, rule.icmp_options);
    PacketRule {
        direction: Direction::Out,
        protocol: rule.protocol.unwrap_or_default(),
        peer: rule.destination.unwrap_or_default(),
        ports,
        source_ports,
        is_stateless: rule.is_stateless == Some(true),
    }
}

/// The ports of both sides, from the first to the last; `None` stands for all.
type BothPorts = (Option<(i64, i64)>, Option<(i64, i64)>);

fn ports(tcp: Option<TcpOptions>, udp: Option<UdpOptions>, icmp: Option<IcmpOptions>) -> BothPorts {
    let (destination, source) = match (tcp, udp) {
        (Some(tcp), _) => (tcp.destination_port_range, tcp.source_port_range),
        (None, Some(udp)) => (udp.destination_port_range, udp.source_port_range),
        (None, None) => (None, None),
    };
    let range = |range: models::PortRange| range.min.zip(range.max);
    // A type without a code means all codes, which are 0 to 255; it stands as -1 here.
    let kind = icmp.and_then(|icmp| Some((icmp.r#type?, icmp.code.unwrap_or(-1))));
    (destination.and_then(range).or(kind), source.and_then(range))
}

async fn route_table(reads: &Reads, id: &str) -> Look<RouteTable> {
    let route = |rule: models::RouteRule| Route {
        // Old tables have the range in the older field.
        destination: rule.destination.or(rule.cidr_block).unwrap_or_default(),
        gateway_id: rule.network_entity_id.unwrap_or_default(),
    };
    Look::read(reads.value(&GetRouteTable::new(id)).await, |found| RouteTable {
        name: found.display_name.unwrap_or_default(),
        routes: found.route_rules.unwrap_or_default().into_iter().map(route).collect(),
    })
}

/// `None` for kinds that the stack does not make: what stands behind a private address or a DRG is its administrator's.
async fn gateway(reads: &Reads, id: &str) -> Option<Look<Gateway>> {
    let gateway = |state: Option<&str>, is_closed| Gateway { state: said(state), is_closed };
    let kind = id.strip_prefix("ocid1.")?.split('.').next()?;
    Some(match kind {
        "internetgateway" => Look::read(reads.value(&GetInternetGateway::new(id)).await, |found| {
            gateway(
                found.lifecycle_state.as_ref().map(|state| state.as_str()),
                found.is_enabled == Some(false),
            )
        }),
        "natgateway" => Look::read(reads.value(&GetNatGateway::new(id)).await, |found| {
            gateway(
                found.lifecycle_state.as_ref().map(|state| state.as_str()),
                found.block_traffic == Some(true),
            )
        }),
        "servicegateway" => Look::read(reads.value(&GetServiceGateway::new(id)).await, |found| {
            gateway(
                found.lifecycle_state.as_ref().map(|state| state.as_str()),
                found.block_traffic == Some(true),
            )
        }),
        _ => return None,
    })
}
