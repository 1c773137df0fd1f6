//! Security rules as they are, against those that who talks to whom asks for.

use std::fmt;

use ipnet::IpNet;
use oci_resources::attr::Attr;
use oci_resources::core::packet_rules::{IcmpOptions, PortOptions};

use super::super::evidence::{Direction, Network, PacketRule, SecurityList};
use super::super::layer::{Fault, Layer, Weight};
use crate::config::Config;
use crate::stack::{Zone, rules};
use crate::status::Look;

/// A rule that the stack asks for, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) rule: PacketRule,
    pub(crate) purpose: String,
}

/// Everything that must be let through at the edge of a zone.
pub(crate) fn wanted(config: &Config, zone: Zone) -> Vec<Wanted> {
    let (ingress, egress) = rules(config, zone);
    let ingress = ingress.into_iter().map(|rule| {
        let (ports, source_ports) = ports(&rule.tcp_options, &rule.udp_options, &rule.icmp_options);
        let (protocol, peer) = (text(&rule.protocol), text(&rule.source));
        let direction = Direction::In;
        let rule_of = PacketRule { direction, protocol, peer, ports, source_ports, is_stateless: false };
        Wanted { rule: rule_of, purpose: text(&rule.description) }
    });
    let egress = egress.into_iter().map(|rule| {
        let (ports, source_ports) = ports(&rule.tcp_options, &rule.udp_options, &rule.icmp_options);
        let (protocol, peer) = (text(&rule.protocol), text(&rule.destination));
        let direction = Direction::Out;
        let rule_of = PacketRule { direction, protocol, peer, ports, source_ports, is_stateless: false };
        Wanted { rule: rule_of, purpose: text(&rule.description) }
    });
    ingress.chain(egress).collect()
}

fn known<T: Copy>(attribute: &Attr<T>) -> Option<T> {
    match attribute {
        Attr::Known(value) => Some(*value),
        Attr::Absent | Attr::Output(_) | Attr::Expr(_) => None,
    }
}

fn text(attribute: &Attr<String>) -> String {
    match attribute {
        Attr::Known(value) => value.clone(),
        Attr::Absent | Attr::Output(_) | Attr::Expr(_) => String::new(),
    }
}

type BothPorts = (Option<(i64, i64)>, Option<(i64, i64)>);

fn ports(tcp: &Attr<PortOptions>, udp: &Attr<PortOptions>, icmp: &Attr<IcmpOptions>) -> BothPorts {
    if let Attr::Known(icmp) = icmp {
        return (known(&icmp.r#type).map(|kind| (kind, known(&icmp.code).unwrap_or(-1))), None);
    }
    let ((Attr::Known(options), _) | (_, Attr::Known(options))) = (tcp, udp) else { return (None, None) };
    let source = match &options.source_port_range {
        Attr::Known(range) => known(&range.min).zip(known(&range.max)),
        Attr::Absent | Attr::Output(_) | Attr::Expr(_) => None,
    };
    (known(&options.min).zip(known(&options.max)), source)
}

/// The security lists of a zone's subnet, with their OCIDs; `None` when not all of it can be seen.
pub(crate) fn lists(network: &Network, zone: Zone) -> Option<Vec<(&str, &SecurityList)>> {
    let subnet = network.subnets.get(zone.label())?.seen()?;
    let list = |id: &String| {
        Some((network.security_lists.get_key_value(id)?.0.as_str(), network.security_lists.get(id)?.seen()?))
    };
    subnet.security_list_ids.iter().map(list).collect()
}

/// The rules that are missing.
pub(super) fn faults(config: &Config, network: &Network) -> Vec<Fault> {
    let mut faults = Vec::new();
    for zone in Zone::ALL {
        let Some(lists) = lists(network, zone) else { continue };
        let there = || lists.iter().flat_map(|(_, list)| &list.rules);
        let missing =
            wanted(config, zone).into_iter().filter(|wanted| !there().any(|rule| covers(rule, &wanted.rule)));
        faults.extend(missing.map(|wanted| missing_rule(zone, &lists, &wanted)));
    }
    for (id, list) in &network.security_lists {
        if let (None, Some(trouble)) = (list.seen(), list.trouble()) {
            faults.push(Fault::weakens(Layer::Rule, format!("security list {id}"), trouble));
        }
    }
    faults
}

fn missing_rule(zone: Zone, lists: &[(&str, &SecurityList)], wanted: &Wanted) -> Fault {
    let names: Vec<String> = lists.iter().map(|(id, list)| format!("`{}` ({id})", list.name)).collect();
    let place = if names.is_empty() {
        "it has no security list".to_owned()
    } else {
        format!("list {}", names.join(", "))
    };
    let evidence = format!("no rule lets {} ({}); {place}", wanted.rule, wanted.purpose);
    // Without these two visitors get their answers all the same.
    let is_vital = !matches!(wanted.purpose.as_str(), "SSH" | "path MTU discovery");
    let weight = if is_vital { Weight::Stops } else { Weight::Weakens };
    Fault { weight, layer: Layer::Rule, subject: format!("subnet {}", zone.label()), evidence }
}

/// Whether `rule` lets everything through that `wanted` does, answers included.
pub(crate) fn covers(rule: &PacketRule, wanted: &PacketRule) -> bool {
    rule.direction == wanted.direction
        && !rule.is_stateless
        && (rule.protocol == "all" || rule.protocol == wanted.protocol)
        && contains(&rule.peer, &wanted.peer)
        && (rule.protocol == "all" || holds_ports(rule, wanted))
}

fn holds_ports(rule: &PacketRule, wanted: &PacketRule) -> bool {
    if wanted.protocol == "1" {
        return rule.ports.is_none_or(|(kind, code)| {
            wanted.ports.is_some_and(|(of_kind, of_code)| kind == of_kind && (code == -1 || code == of_code))
        });
    }
    let holds = |there: Option<(i64, i64)>, wanted: Option<(i64, i64)>| match (there, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some((min, max)), Some((first, last))) => min <= first && last <= max,
    };
    holds(rule.ports, wanted.ports) && holds(rule.source_ports, wanted.source_ports)
}

/// Whether the range `outer` has all addresses of `inner`. What are no ranges are labels of services.
pub(crate) fn contains(outer: &str, inner: &str) -> bool {
    match (outer.parse::<IpNet>(), inner.parse::<IpNet>()) {
        (Ok(outer), Ok(inner)) => outer.contains(&inner),
        _ => outer == inner,
    }
}

/// What the rule lets through: `TCP 80 from 10.0.1.0/24 in`.
impl fmt::Display for PacketRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol.as_str() {
            "6" => f.write_str("TCP")?,
            "17" => f.write_str("UDP")?,
            "1" => f.write_str("ICMP")?,
            "all" => f.write_str("everything")?,
            other => write!(f, "protocol {other}")?,
        }
        match self.ports {
            Some((kind, code)) if self.protocol == "1" => write!(f, " type {kind} code {code}")?,
            Some((first, last)) if first == last => write!(f, " {first}")?,
            Some((first, last)) => write!(f, " {first}-{last}")?,
            None => {}
        }
        match self.source_ports {
            Some((first, last)) if first == last => write!(f, " from port {first}")?,
            Some((first, last)) => write!(f, " from ports {first}-{last}")?,
            None => {}
        }
        match self.direction {
            Direction::In => write!(f, " from {} in", self.peer)?,
            Direction::Out => write!(f, " to {} out", self.peer)?,
        }
        if self.is_stateless { f.write_str(", stateless") } else { Ok(()) }
    }
}

/// Whether a part of the network could not be looked at.
pub(super) fn unread(network: &Network) -> Vec<Fault> {
    let subnets = network.subnets.iter().filter_map(|(zone, subnet)| {
        let trouble = subnet.trouble()?;
        let subject = format!("subnet {zone}");
        Some(match subnet {
            Look::Unread(_) => Fault::weakens(Layer::Route, subject, trouble),
            Look::Missing(_) | Look::None | Look::Seen(_) => Fault::stops(Layer::Route, subject, trouble),
        })
    });
    subnets.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, peer: &str, ports: Option<(i64, i64)>) -> PacketRule {
        PacketRule {
            direction: Direction::In,
            protocol: protocol.to_owned(),
            peer: peer.to_owned(),
            ports,
            source_ports: None,
            is_stateless: false,
        }
    }

    #[test]
    fn a_rule_covers_what_is_narrower() {
        let wanted = rule("6", "10.0.1.0/24", Some((80, 80)));
        for (there, expected) in [
            (rule("6", "10.0.1.0/24", Some((80, 80))), true),
            (rule("6", "10.0.0.0/16", Some((1, 1024))), true),
            (rule("6", "0.0.0.0/0", None), true),
            (rule("all", "0.0.0.0/0", None), true),
            (rule("17", "0.0.0.0/0", None), false),
            (rule("6", "10.0.1.0/25", Some((80, 80))), false),
            (rule("6", "10.0.2.0/24", Some((80, 80))), false),
            (rule("6", "10.0.1.0/24", Some((81, 90))), false),
            (rule("6", "all-fra-services-in-oracle-services-network", None), false),
            (PacketRule { is_stateless: true, ..wanted.clone() }, false),
            (PacketRule { direction: Direction::Out, ..wanted.clone() }, false),
            (PacketRule { source_ports: Some((1, 2)), ..wanted.clone() }, false),
        ] {
            assert_eq!(covers(&there, &wanted), expected, "{there}");
        }
    }

    #[test]
    fn an_icmp_rule_without_a_code_covers_all_codes() {
        let wanted = rule("1", "0.0.0.0/0", Some((3, 4)));
        assert!(covers(&rule("1", "0.0.0.0/0", Some((3, -1))), &wanted));
        assert!(covers(&rule("1", "0.0.0.0/0", None), &wanted));
        assert!(!covers(&rule("1", "0.0.0.0/0", Some((3, 1))), &wanted));
        assert!(!covers(&rule("1", "0.0.0.0/0", Some((8, -1))), &wanted));
    }

    #[test]
    fn a_rule_reads_as_a_sentence() {
        assert_eq!(rule("6", "10.0.1.0/24", Some((80, 80))).to_string(), "TCP 80 from 10.0.1.0/24 in");
        let out = PacketRule {
            direction: Direction::Out,
            ports: None,
            source_ports: Some((2048, 2050)),
            ..rule("17", "10.0.2.0/24", None)
        };
        assert_eq!(out.to_string(), "UDP from ports 2048-2050 to 10.0.2.0/24 out");
    }
}
