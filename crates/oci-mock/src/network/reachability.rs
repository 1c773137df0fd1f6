//! Whether a flow gets through: routes, gateways, and the filters on both ends.
//!
//! A pure function of the cloud. Deliberately absent: peering between VCNs, appliances behind a private IP,
//! IPv6, and routes inside of a VCN (all its subnets reach each other).

use std::net::Ipv4Addr;

use serde::Serialize;

use super::filters::{Direction, Peer, judge};
use super::flow::{Packet, Protocol};
use super::names::resolve;
use super::routes::{Destination, way_in, way_out};
use super::vnics::vnics_of;
use crate::cloud::{Cloud, Resource};
use crate::ocid;
use crate::services::core::private_ip::PRIVATE_IP;
use crate::services::core::public_ip::PUBLIC_IP;
use crate::services::core::service_gateway::services;
use crate::services::core::subnet::SUBNET;

/// Whether a flow gets through, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reachability {
    /// Whether it does.
    pub allowed: bool,
    /// The rules that let it through; or what is in the way, and which rule is missing.
    pub why: String,
}

impl Reachability {
    fn blocked(why: impl Into<String>) -> Self {
        Self { allowed: false, why: why.into() }
    }
}

/// A VNIC with its subnet.
#[derive(Clone, Copy)]
struct Node<'c> {
    vnic: &'c Resource,
    subnet: &'c Resource,
    address: Ipv4Addr,
}

/// One end of a flow.
enum End<'c> {
    Node(Node<'c>),
    /// A VNIC addressed by its public IP, so over the internet.
    Public(Node<'c>, Ipv4Addr),
    /// A host of the internet; some host when there is no address.
    Internet(Option<Ipv4Addr>),
    /// Oracle's services.
    Service(String),
}

/// Whether a flow from one place to another gets through.
///
/// `from` and `to` are OCIDs (instance, VNIC, private IP, load balancer, DB system, mount target: anything
/// that has a VNIC), addresses, names inside the VCN of the other end, `internet`, or the label of Oracle's
/// services (`oracle-services` stands for all of them). `port` is the destination's; for ICMP it is the type.
#[must_use]
pub fn reachability(
    cloud: &Cloud,
    from: &str,
    to: &str,
    protocol: Protocol,
    port: Option<u16>,
) -> Reachability {
    let near = |text| node_of_ocid(cloud, text).ok().and_then(|node| node.subnet.text("vcnId"));
    let source = match end(cloud, from, near(to)) {
        Ok(end) => end,
        Err(why) => return Reachability::blocked(format!("from: {why}")),
    };
    let vcn_id = match &source {
        End::Node(node) | End::Public(node, _) => node.subnet.text("vcnId"),
        End::Internet(_) | End::Service(_) => None,
    };
    let target = match end(cloud, to, vcn_id) {
        Ok(end) => end,
        Err(why) => return Reachability::blocked(format!("to: {why}")),
    };
    let packet = Packet::first(protocol, port);
    let outcome = match (source, target) {
        (End::Node(from) | End::Public(from, _), End::Node(to)) => inside(cloud, from, to, &packet),
        (End::Node(from) | End::Public(from, _), End::Public(to, address)) => {
            across(cloud, from, to, address, &packet)
        }
        (End::Node(from) | End::Public(from, _), End::Internet(address)) => {
            let destination = address.map_or(Destination::Anyone, Destination::Address);
            outbound(cloud, from, &destination, &packet).map(|(why, _)| why)
        }
        (End::Node(from) | End::Public(from, _), End::Service(label)) => {
            outbound(cloud, from, &Destination::Service(label), &packet).map(|(why, _)| why)
        }
        (End::Internet(address), End::Node(to) | End::Public(to, _)) => inbound(cloud, to, address, &packet),
        (End::Internet(_) | End::Service(_), End::Internet(_) | End::Service(_)) => {
            Err("both ends are outside of this cloud".to_owned())
        }
        (End::Service(_), End::Node(_) | End::Public(..)) => {
            Err("Oracle's services answer, they do not open connections".to_owned())
        }
    };
    match outcome {
        Ok(why) => Reachability { allowed: true, why },
        Err(why) => Reachability::blocked(why),
    }
}

/// Whether the filters of a VNIC let somebody in, however the packets came there: for a load balancer that
/// passes the clients' own addresses on. `client` is an address, or anyone when there is none.
#[must_use]
pub fn admits(
    cloud: &Cloud,
    to: &str,
    client: Option<Ipv4Addr>,
    protocol: Protocol,
    port: Option<u16>,
) -> Reachability {
    let node = match node_of_ocid(cloud, to) {
        Ok(node) => node,
        Err(why) => return Reachability::blocked(why),
    };
    let verdict = judge(
        cloud,
        node.vnic,
        node.subnet,
        Direction::In,
        &outsider(client),
        &Packet::first(protocol, port),
    );
    Reachability { allowed: verdict.allowed, why: verdict.why }
}

fn outsider(address: Option<Ipv4Addr>) -> Peer {
    match address {
        Some(address) => Peer::Host { address, groups: Vec::new(), subnet: None },
        None => Peer::Anyone,
    }
}

fn insider(node: Node) -> Peer {
    Peer::Host {
        address: node.address,
        groups: node.vnic.texts("nsgIds").map(str::to_owned).collect(),
        subnet: node.subnet.text("cidrBlock").map(str::to_owned),
    }
}

/// Two VNICs of one VCN: no route, both filters.
fn inside(cloud: &Cloud, from: Node, to: Node, packet: &Packet) -> Result<String, String> {
    if from.vnic.id == to.vnic.id {
        return Ok("both ends are the same VNIC".to_owned());
    }
    let (own, other) = (from.subnet.text("vcnId"), to.subnet.text("vcnId"));
    if own != other {
        return Err(format!(
            "{} and {} are different VCNs, and nothing joins them",
            own.unwrap_or_default(),
            other.unwrap_or_default()
        ));
    }
    let out = judge(cloud, from.vnic, from.subnet, Direction::Out, &insider(to), packet);
    if !out.allowed {
        return Err(format!("blocked at the source: {}", out.why));
    }
    let into = judge(cloud, to.vnic, to.subnet, Direction::In, &insider(from), packet);
    if !into.allowed {
        return Err(format!("blocked at the destination: {}", into.why));
    }
    Ok(format!("out by {}; in by {}", out.why, into.why))
}

/// From a VNIC to the world: the words, and the address that the world sees.
fn outbound(
    cloud: &Cloud,
    from: Node,
    destination: &Destination,
    packet: &Packet,
) -> Result<(String, Option<Ipv4Addr>), String> {
    let way = way_out(cloud, from.vnic, from.subnet, destination)?;
    let peer = match destination {
        Destination::Address(address) => outsider(Some(*address)),
        Destination::Anyone => Peer::Anyone,
        Destination::Service(label) => Peer::Service(label.clone()),
    };
    let out = judge(cloud, from.vnic, from.subnet, Direction::Out, &peer, packet);
    if !out.allowed {
        return Err(format!("blocked at the source: {}", out.why));
    }
    Ok((format!("out by {}, through {}", out.why, way.text), way.seen_as))
}

fn inbound(cloud: &Cloud, to: Node, client: Option<Ipv4Addr>, packet: &Packet) -> Result<String, String> {
    let from = client.map_or(Destination::Anyone, Destination::Address);
    let way = way_in(cloud, to.vnic, to.subnet, &from)?;
    let into = judge(cloud, to.vnic, to.subnet, Direction::In, &outsider(client), packet);
    if !into.allowed {
        return Err(format!("blocked at the destination: {}", into.why));
    }
    Ok(format!("in by {}, through {way}", into.why))
}

/// From a VNIC to the public address of another: out to the internet and in again.
fn across(cloud: &Cloud, from: Node, to: Node, address: Ipv4Addr, packet: &Packet) -> Result<String, String> {
    let (out, seen_as) = outbound(cloud, from, &Destination::Address(address), packet)?;
    let into = inbound(cloud, to, seen_as, packet)?;
    Ok(format!("{out}; {into}"))
}

fn end<'c>(cloud: &'c Cloud, text: &str, vcn_id: Option<&str>) -> Result<End<'c>, String> {
    if text == "internet" {
        return Ok(End::Internet(None));
    }
    let known = services(cloud);
    if text == "oracle-services" {
        return Ok(End::Service(known[0].label.clone()));
    }
    if let Some(service) = known.into_iter().find(|service| service.label == text) {
        return Ok(End::Service(service.label));
    }
    if text.starts_with("ocid1.") {
        return node_of_ocid(cloud, text).map(End::Node);
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return end_of_address(cloud, address, vcn_id);
    }
    match vcn_id.and_then(|vcn_id| resolve(cloud, vcn_id, text)) {
        Some(address) => end_of_address(cloud, address, vcn_id),
        None => Err(format!("{text:?} is no OCID, address or known name")),
    }
}

fn end_of_address<'c>(cloud: &'c Cloud, address: Ipv4Addr, vcn_id: Option<&str>) -> Result<End<'c>, String> {
    let text = address.to_string();
    let private = cloud.of_kind(&PRIVATE_IP).filter(|ip| ip.text("ipAddress") == Some(&text));
    let nodes = private.filter_map(|ip| node_of_private_ip(cloud, ip).ok());
    let mut here = nodes.filter(|node| vcn_id.is_none_or(|vcn_id| node.subnet.text("vcnId") == Some(vcn_id)));
    if let Some(node) = here.next() {
        return Ok(End::Node(node));
    }
    let mut public =
        cloud.of_kind(&PUBLIC_IP).filter(|ip| ip.is_live() && ip.text("ipAddress") == Some(&text));
    if let Some(public) = public.next() {
        let private = public.text("privateIpId").and_then(|id| cloud.get(id));
        let private = private.ok_or_else(|| format!("the public IP {address} is not assigned"))?;
        return node_of_private_ip(cloud, private).map(|node| End::Public(node, address));
    }
    if address.is_private() || address.is_link_local() || address.is_loopback() {
        return Err(format!("no VNIC has the address {address}"));
    }
    Ok(End::Internet(Some(address)))
}

fn node_of_ocid<'c>(cloud: &'c Cloud, id: &str) -> Result<Node<'c>, String> {
    let resource = cloud.get(id);
    match (ocid::kind(id), resource) {
        (Some("vnic"), Some(vnic)) if vnic.is_live() => node_of_vnic(cloud, vnic),
        (Some("privateip"), Some(ip)) => node_of_private_ip(cloud, ip),
        (Some("publicip"), Some(ip)) => {
            let private = ip.text("privateIpId").and_then(|id| cloud.get(id));
            node_of_private_ip(cloud, private.ok_or_else(|| format!("{id} is not assigned"))?)
        }
        (_, None) => Err(format!("{id} does not exist")),
        (_, Some(owner)) => match vnics_of(cloud, &owner.id).into_iter().next() {
            Some(vnic) => node_of_vnic(cloud, vnic),
            None => Err(format!("{id} has no VNIC")),
        },
    }
}

fn node_of_vnic<'c>(cloud: &'c Cloud, vnic: &'c Resource) -> Result<Node<'c>, String> {
    let subnet = vnic.text("subnetId").and_then(|id| cloud.find(&SUBNET, id).ok());
    let address = vnic.text("privateIp").and_then(|text| text.parse().ok());
    match (subnet, address) {
        (Some(subnet), Some(address)) => Ok(Node { vnic, subnet, address }),
        _ => Err(format!("VNIC {} is in no subnet", vnic.id)),
    }
}

fn node_of_private_ip<'c>(cloud: &'c Cloud, ip: &'c Resource) -> Result<Node<'c>, String> {
    let vnic = ip.text("vnicId").and_then(|id| cloud.get(id)).filter(|vnic| vnic.is_live());
    let vnic = vnic.ok_or_else(|| format!("private IP {} is on no VNIC", ip.id))?;
    let address = ip.text("ipAddress").and_then(|text| text.parse().ok());
    let node = node_of_vnic(cloud, vnic)?;
    Ok(Node { address: address.unwrap_or(node.address), ..node })
}
