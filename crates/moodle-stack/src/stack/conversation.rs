//! Who talks to whom, and the security rules that follow.
//!
//! Rules are never written by hand: each conversation gives the rule that lets it out at one end and the one that lets it in
//! at the other. They are stateful, so answers need no rule.

use oci_resources::core::packet_rules::{IcmpOptions, PortOptions, PortRange};
use oci_resources::core::security_list::{EgressSecurityRule, IngressSecurityRule};

use crate::config::{Config, TlsMode};

/// A part of the network with a subnet of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// The load balancer.
    Balancer,
    /// The web servers.
    Web,
    /// The database with its replicas.
    Database,
    /// The mount target of File Storage.
    Storage,
}

impl Zone {
    /// All of them, from the visitors inwards.
    pub const ALL: [Self; 4] = [Self::Balancer, Self::Web, Self::Database, Self::Storage];

    /// Its addresses.
    #[must_use]
    pub fn range(self, config: &Config) -> String {
        let network = &config.network;
        match self {
            Self::Balancer => network.balancer_cidr,
            Self::Web => network.web_cidr,
            Self::Database => network.database_cidr,
            Self::Storage => network.storage_cidr,
        }
        .to_string()
    }

    /// The key of the file that names its subnet.
    #[must_use]
    pub const fn subnet_key(self) -> &'static str {
        match self {
            Self::Balancer => "network.balancer_subnet_id",
            Self::Web => "network.web_subnet_id",
            Self::Database => "network.database_subnet_id",
            Self::Storage => "network.storage_subnet_id",
        }
    }

    /// Its subnet, if it exists already.
    #[must_use]
    pub fn existing_subnet(self, config: &Config) -> Option<&str> {
        let network = &config.network;
        match self {
            Self::Balancer => &network.balancer_subnet_id,
            Self::Web => &network.web_subnet_id,
            Self::Database => &network.database_subnet_id,
            Self::Storage => &network.storage_subnet_id,
        }
        .as_deref()
    }
}

/// One end of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A part of the stack.
    Zone(Zone),
    /// Addresses that are not the stack's own.
    Range(String),
}

impl Peer {
    fn range(&self, config: &Config) -> String {
        match self {
            Self::Zone(zone) => zone.range(config),
            Self::Range(range) => range.clone(),
        }
    }
}

/// At which ports somebody is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// TCP, from the first to the last.
    Tcp(u16, u16),
    /// UDP, from the first to the last.
    Udp(u16, u16),
}

/// Somebody calls somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Who calls.
    pub from: Peer,
    /// Who answers.
    pub to: Peer,
    /// Where.
    pub ports: Ports,
    /// What it is for; it stands in the rules.
    pub purpose: &'static str,
    /// Whether the one who is called may call back from these ports: File Storage does, for locks.
    pub calls_back: bool,
}

/// Everybody who must be able to talk to somebody, in the order in which a request meets them.
#[must_use]
pub fn conversations(config: &Config) -> Vec<Conversation> {
    let mut list = Vec::new();
    let mut say = |from: Peer, to: Peer, ports: &[Ports], purpose: &'static str| {
        list.extend(ports.iter().map(|ports| Conversation {
            from: from.clone(),
            to: to.clone(),
            ports: *ports,
            purpose,
            calls_back: false,
        }));
    };
    let zone = Peer::Zone;
    let visitors = || config.network.visitors_from.iter().map(|range| Peer::Range(range.to_string()));
    let web_ports: &[Ports] = match config.tls.mode {
        TlsMode::Off => &[Ports::Tcp(80, 80)],
        TlsMode::Files | TlsMode::Acme => &[Ports::Tcp(80, 80), Ports::Tcp(443, 443)],
    };
    for from in visitors() {
        say(from, zone(Zone::Balancer), web_ports, "visitors");
    }
    // The load balancer keeps the visitor's address, so the servers see visitors, and the load balancer only for its checks.
    for from in visitors() {
        say(from, zone(Zone::Web), web_ports, "visitors, whose addresses the load balancer keeps");
    }
    say(zone(Zone::Balancer), zone(Zone::Web), web_ports, "the load balancer and its health checks");
    let mysql = [Ports::Tcp(3306, 3306), Ports::Tcp(33060, 33060)];
    say(zone(Zone::Web), zone(Zone::Database), &mysql, "MySQL");
    let anywhere = || Peer::Range("0.0.0.0/0".to_owned());
    say(zone(Zone::Web), anywhere(), &[Ports::Tcp(80, 80), Ports::Tcp(443, 443)], "packages and services");
    for range in &config.servers.ssh_from {
        say(Peer::Range(range.to_string()), zone(Zone::Web), &[Ports::Tcp(22, 22)], "SSH");
    }
    let nfs = [
        (Ports::Tcp(111, 111), true),
        (Ports::Tcp(2048, 2050), true),
        (Ports::Udp(111, 111), true),
        (Ports::Udp(2048, 2048), false),
    ];
    list.extend(nfs.into_iter().map(|(ports, calls_back)| Conversation {
        from: zone(Zone::Web),
        to: zone(Zone::Storage),
        ports,
        purpose: "NFS",
        calls_back,
    }));
    list
}

/// The rules of a zone: what may come in, and what may go out.
///
/// **Source** of the NFS rules: Oracle's File Storage documentation, "Configuring VCN security rules for File Storage".
#[must_use]
pub(crate) fn rules(config: &Config, zone: Zone) -> (Vec<IngressSecurityRule>, Vec<EgressSecurityRule>) {
    let here = Peer::Zone(zone);
    let (mut ingress, mut egress) = (Vec::new(), Vec::new());
    for conversation in conversations(config) {
        let Conversation { from, to, ports, purpose, calls_back } = conversation;
        if to == here {
            ingress.push(let_in(from.range(config), ports, Side::Destination, purpose));
            if calls_back {
                egress.push(let_out(from.range(config), ports, Side::Source, purpose));
            }
        }
        if from == here {
            egress.push(let_out(to.range(config), ports, Side::Destination, purpose));
            if calls_back {
                ingress.push(let_in(to.range(config), ports, Side::Source, purpose));
            }
        }
    }
    // Without it, connections over a path with a smaller packet size hang.
    ingress.push(IngressSecurityRule {
        protocol: "1".into(),
        source: "0.0.0.0/0".into(),
        icmp_options: IcmpOptions { r#type: 3.into(), code: 4.into() }.into(),
        description: "path MTU discovery".into(),
        ..IngressSecurityRule::default()
    });
    (ingress, egress)
}

/// Whose ports a rule speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Destination,
    Source,
}

fn options(first: u16, last: u16, side: Side) -> PortOptions {
    let (first, last) = (i64::from(first), i64::from(last));
    match side {
        Side::Destination => PortOptions { min: first.into(), max: last.into(), ..PortOptions::default() },
        Side::Source => PortOptions {
            source_port_range: PortRange { min: first.into(), max: last.into() }.into(),
            ..PortOptions::default()
        },
    }
}

fn let_in(source: String, ports: Ports, side: Side, purpose: &str) -> IngressSecurityRule {
    let rule = IngressSecurityRule {
        source: source.into(),
        description: purpose.into(),
        ..IngressSecurityRule::default()
    };
    match ports {
        Ports::Tcp(first, last) => IngressSecurityRule {
            protocol: "6".into(),
            tcp_options: options(first, last, side).into(),
            ..rule
        },
        Ports::Udp(first, last) => IngressSecurityRule {
            protocol: "17".into(),
            udp_options: options(first, last, side).into(),
            ..rule
        },
    }
}

fn let_out(destination: String, ports: Ports, side: Side, purpose: &str) -> EgressSecurityRule {
    let rule = EgressSecurityRule {
        destination: destination.into(),
        description: purpose.into(),
        ..EgressSecurityRule::default()
    };
    match ports {
        Ports::Tcp(first, last) => EgressSecurityRule {
            protocol: "6".into(),
            tcp_options: options(first, last, side).into(),
            ..rule
        },
        Ports::Udp(first, last) => EgressSecurityRule {
            protocol: "17".into(),
            udp_options: options(first, last, side).into(),
            ..rule
        },
    }
}
