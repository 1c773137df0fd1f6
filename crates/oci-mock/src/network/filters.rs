//! What security lists and network security groups let in and out of one VNIC.
//!
//! A rule can only allow. All lists of the subnet and all groups of the VNIC count together. A stateful rule
//! lets the answers pass by itself; where a stateless rule fits as well it takes precedence, and the answer
//! needs a rule of its own (Oracle's documentation, "Security Rules").

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value;

use super::flow::{Packet, PortSpan, Protocol};
use crate::cloud::{Cloud, Resource};
use crate::services::core::network_security_group::{NETWORK_SECURITY_GROUP, rules as rules_of};

/// Which way a packet crosses the edge of a VNIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

impl Direction {
    fn other(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::In => "ingress",
            Self::Out => "egress",
        }
    }

    fn side(self) -> (&'static str, &'static str) {
        match self {
            Self::In => ("source", "sourceType"),
            Self::Out => ("destination", "destinationType"),
        }
    }
}

/// The other side, as a rule sees it.
#[derive(Clone, Debug)]
pub(super) enum Peer {
    /// A VNIC of the same VCN, or a known host outside: its address and, inside, its groups.
    Host { address: Ipv4Addr, groups: Vec<String>, subnet: Option<String> },
    /// Some host of the internet: only rules for all addresses fit.
    Anyone,
    /// Oracle's services under this label.
    Service(String),
}

/// A rule and where it stands.
struct Rule<'c> {
    value: &'c Value,
    place: String,
}

/// What a VNIC's filters say.
pub(super) struct Verdict {
    pub(super) allowed: bool,
    pub(super) why: String,
}

/// Whether a packet passes, and its answer too.
pub(super) fn judge(
    cloud: &Cloud,
    vnic: &Resource,
    subnet: &Resource,
    direction: Direction,
    peer: &Peer,
    packet: &Packet,
) -> Verdict {
    let rules = rules(cloud, vnic, subnet, direction);
    let fitting: Vec<&Rule> = fitting(&rules, direction, peer, packet);
    let stateless = fitting.iter().find(|rule| rule.value["isStateless"] == true);
    let Some(first) = stateless.or(fitting.first()) else {
        let why = refusal(cloud, vnic, subnet, direction, peer, packet);
        return Verdict { allowed: false, why };
    };
    let mut why = format!("{} {} ({})", direction.word(), first.place, text_of(first.value, direction));
    if stateless.is_none() {
        return Verdict { allowed: true, why };
    }
    let (back, answer) = (direction.other(), packet.answer());
    let rules = self::rules(cloud, vnic, subnet, back);
    match self::fitting(&rules, back, peer, &answer).first() {
        Some(rule) => {
            let _ = write!(
                why,
                ", stateless; the answer by {} {} ({})",
                back.word(),
                rule.place,
                text_of(rule.value, back)
            );
            Verdict { allowed: true, why }
        }
        None => {
            let refusal = refusal(cloud, vnic, subnet, back, peer, &answer);
            Verdict {
                allowed: false,
                why: format!("{why} is stateless, and the answer does not pass: {refusal}"),
            }
        }
    }
}

/// All rules for this direction, with where they stand.
fn rules<'c>(cloud: &'c Cloud, vnic: &Resource, subnet: &Resource, direction: Direction) -> Vec<Rule<'c>> {
    let mut rules = Vec::new();
    let field = match direction {
        Direction::In => "ingressSecurityRules",
        Direction::Out => "egressSecurityRules",
    };
    for list in subnet.texts("securityListIds").filter_map(|id| cloud.get(id)) {
        let values = list.body.get(field).and_then(Value::as_array);
        for (index, value) in values.into_iter().flatten().enumerate() {
            let name = list.text("displayName").unwrap_or_default();
            rules.push(Rule { value, place: format!("rule {index} of security list {name:?} {}", list.id) });
        }
    }
    let wanted = match direction {
        Direction::In => "INGRESS",
        Direction::Out => "EGRESS",
    };
    for group in groups(cloud, vnic) {
        for value in
            rules_of(group).iter().filter(|rule| rule["direction"] == wanted && rule["isValid"] != false)
        {
            let name = group.text("displayName").unwrap_or_default();
            let id = value["id"].as_str().unwrap_or_default();
            rules.push(Rule {
                value,
                place: format!("rule {id} of network security group {name:?} {}", group.id),
            });
        }
    }
    rules
}

fn groups<'c>(cloud: &'c Cloud, vnic: &Resource) -> Vec<&'c Resource> {
    let live = |id| cloud.find_live(&NETWORK_SECURITY_GROUP, id).ok();
    vnic.texts("nsgIds").filter_map(live).collect()
}

fn fitting<'r, 'c>(
    rules: &'r [Rule<'c>],
    direction: Direction,
    peer: &Peer,
    packet: &Packet,
) -> Vec<&'r Rule<'c>> {
    let (side, kind) = direction.side();
    let for_packet: Vec<&Rule> = rules.iter().filter(|rule| fits_packet(rule.value, packet)).collect();
    if !matches!(peer, Peer::Anyone) {
        return for_packet.into_iter().filter(|rule| fits_peer(rule.value, side, kind, peer)).collect();
    }
    // Rules that together are for all addresses let anyone through, each a part of them.
    let block = |rule: &Rule| rule.value[side].as_str().and_then(|text| text.parse::<Ipv4Net>().ok());
    let by_block: Vec<&Rule> =
        for_packet.into_iter().filter(|rule| is_block(rule.value, kind) && block(rule).is_some()).collect();
    let blocks: Vec<Ipv4Net> = by_block.iter().filter_map(|rule| block(rule)).collect();
    let covers_all = Ipv4Net::aggregate(&blocks).iter().any(|block| block.prefix_len() == 0);
    if covers_all { by_block } else { Vec::new() }
}

fn is_block(rule: &Value, kind: &str) -> bool {
    rule[kind].as_str().unwrap_or("CIDR_BLOCK") == "CIDR_BLOCK"
}

fn fits_peer(rule: &Value, side: &str, kind: &str, peer: &Peer) -> bool {
    let range = rule[side].as_str().unwrap_or_default();
    match (rule[kind].as_str().unwrap_or("CIDR_BLOCK"), peer) {
        ("CIDR_BLOCK", Peer::Host { address, .. }) => {
            range.parse::<Ipv4Net>().is_ok_and(|block| block.contains(address))
        }
        // Which addresses Oracle's services have is not known here: only "everywhere" holds them for sure.
        ("CIDR_BLOCK", Peer::Service(_)) => range == "0.0.0.0/0",
        ("NETWORK_SECURITY_GROUP", Peer::Host { groups, .. }) => groups.iter().any(|group| group == range),
        ("SERVICE_CIDR_BLOCK", Peer::Service(label)) => includes(range, label),
        _ => false,
    }
}

/// Whether one service label holds another: "all services" holds every one.
pub(super) fn includes(outer: &str, inner: &str) -> bool {
    outer == inner || outer.starts_with("all-")
}

fn fits_packet(rule: &Value, packet: &Packet) -> bool {
    let protocol = rule["protocol"].as_str().unwrap_or_default();
    if protocol == "all" {
        return true;
    }
    if protocol != packet.protocol.number().to_string() {
        return false;
    }
    match packet.protocol {
        Protocol::Tcp => fits_ports(&rule["tcpOptions"], packet),
        Protocol::Udp => fits_ports(&rule["udpOptions"], packet),
        Protocol::Icmp => fits_icmp(&rule["icmpOptions"], packet),
        Protocol::Other(_) => true,
    }
}

fn fits_ports(options: &Value, packet: &Packet) -> bool {
    let holds = |name: &str, span: PortSpan| {
        let range = &options[name];
        let bound = |name: &str| range[name].as_u64();
        match (bound("min"), bound("max")) {
            (Some(min), Some(max)) => min <= u64::from(span.min) && u64::from(span.max) <= max,
            _ => true,
        }
    };
    holds("sourcePortRange", packet.source) && holds("destinationPortRange", packet.destination)
}

fn fits_icmp(options: &Value, packet: &Packet) -> bool {
    let fits = |name: &str, own: Option<u8>| match options[name].as_u64() {
        Some(wanted) => own.is_some_and(|own| u64::from(own) == wanted),
        None => true,
    };
    fits("type", packet.icmp.map(|(kind, _)| kind)) && fits("code", packet.icmp.map(|(_, code)| code))
}

/// A rule in words: `TCP to port 3306 from 10.0.1.0/24`.
fn text_of(rule: &Value, direction: Direction) -> String {
    let (side, _) = direction.side();
    let protocol = rule["protocol"].as_str().unwrap_or_default();
    let mut text = match protocol {
        "6" => "TCP".to_owned(),
        "17" => "UDP".to_owned(),
        "1" => "ICMP".to_owned(),
        "all" => "everything".to_owned(),
        other => format!("protocol {other}"),
    };
    let options = if protocol == "17" { &rule["udpOptions"] } else { &rule["tcpOptions"] };
    for (name, word) in [("destinationPortRange", "to"), ("sourcePortRange", "from")] {
        if let (Some(min), Some(max)) = (options[name]["min"].as_u64(), options[name]["max"].as_u64()) {
            let ports = if min == max { format!("port {min}") } else { format!("ports {min}-{max}") };
            let _ = write!(text, " {word} {ports}");
        }
    }
    if let Some(kind) = rule["icmpOptions"]["type"].as_u64() {
        let _ = write!(text, " type {kind}");
    }
    let preposition = if direction == Direction::In { "from" } else { "to" };
    let _ = write!(text, ", {preposition} {}", rule[side].as_str().unwrap_or_default());
    text
}

/// What is missing, and what was looked at.
fn refusal(
    cloud: &Cloud,
    vnic: &Resource,
    subnet: &Resource,
    direction: Direction,
    peer: &Peer,
    packet: &Packet,
) -> String {
    let lists: Vec<&str> = subnet.texts("securityListIds").collect();
    let groups: Vec<&str> = groups(cloud, vnic).into_iter().map(|group| &*group.id).collect();
    let (from, to) = if direction == Direction::In { ("from", "into") } else { ("to", "out of") };
    let whom = match peer {
        Peer::Host { address, .. } => address.to_string(),
        Peer::Anyone => "the internet".to_owned(),
        Peer::Service(label) => label.clone(),
    };
    let wanted = match peer {
        Peer::Host { address, subnet, .. } => subnet.clone().unwrap_or_else(|| format!("{address}/32")),
        Peer::Anyone => "0.0.0.0/0".to_owned(),
        Peer::Service(label) => label.clone(),
    };
    let (side, _) = direction.side();
    format!(
        "no {} rule lets {packet} {from} {whom} {to} VNIC {} at {}: missing is one for protocol {}{}, {side} {wanted}, in security list {}{}",
        direction.word(),
        vnic.id,
        vnic.text("privateIp").unwrap_or_default(),
        packet.protocol.number(),
        packet.ports_in_words(),
        if lists.is_empty() { "(the subnet has none)".to_owned() } else { lists.join(" or ") },
        if groups.is_empty() {
            String::new()
        } else {
            format!(" or network security group {}", groups.join(" or "))
        },
    )
}
