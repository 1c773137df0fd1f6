//! A flow: protocol and ports, and how its answer looks.

use std::fmt;

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP for IPv4.
    Icmp,
    /// Another one, by its IANA number.
    Other(u8),
}

impl Protocol {
    /// Reads a name (`tcp`) or a number (`6`), as people and rules write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "tcp" | "6" => Self::Tcp,
            "udp" | "17" => Self::Udp,
            "icmp" | "1" => Self::Icmp,
            other => Self::Other(other.parse().ok()?),
        })
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Icmp => 1,
            Self::Other(number) => number,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.write_str("TCP"),
            Self::Udp => f.write_str("UDP"),
            Self::Icmp => f.write_str("ICMP"),
            Self::Other(number) => write!(f, "protocol {number}"),
        }
    }
}

/// Ports that a packet may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PortSpan {
    pub(super) min: u16,
    pub(super) max: u16,
}

/// The ports that Linux takes for its own end of a connection: a rule that names source ports must hold all
/// of them.
const EPHEMERAL: PortSpan = PortSpan { min: 32_768, max: 60_999 };
/// All ports: what is asked when no port is named.
const ALL: PortSpan = PortSpan { min: 1, max: u16::MAX };

/// One packet of a flow, as rules look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) protocol: Protocol,
    pub(super) source: PortSpan,
    pub(super) destination: PortSpan,
    /// Type and code.
    pub(super) icmp: Option<(u8, u8)>,
}

impl Packet {
    /// The first packet of a flow. For ICMP the port is the type, that of a ping when there is none.
    pub(super) fn first(protocol: Protocol, port: Option<u16>) -> Self {
        let destination = port.map_or(ALL, |port| PortSpan { min: port, max: port });
        let kind = port.and_then(|port| u8::try_from(port).ok()).unwrap_or(8);
        let icmp = (protocol == Protocol::Icmp).then_some((kind, 0));
        Self { protocol, source: EPHEMERAL, destination, icmp }
    }

    /// The packet that comes back.
    pub(super) fn answer(&self) -> Self {
        // The answer to an echo request is the echo reply; other types have no answer of their own.
        let icmp = self.icmp.map(|(kind, code)| if kind == 8 { (0, 0) } else { (kind, code) });
        Self { protocol: self.protocol, source: self.destination, destination: self.source, icmp }
    }

    /// `, destination port 3306` as a rule would need it.
    pub(super) fn ports_in_words(&self) -> String {
        if let Some((kind, _)) = self.icmp {
            return format!(", type {kind}");
        }
        let span = |span: PortSpan, name: &str| match span {
            ALL | EPHEMERAL => None,
            PortSpan { min, max } if min == max => Some(format!(", {name} port {min}")),
            PortSpan { min, max } => Some(format!(", {name} ports {min}-{max}")),
        };
        span(self.destination, "destination").or(span(self.source, "source")).unwrap_or_default()
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.icmp {
            Some((kind, _)) => write!(f, "ICMP type {kind}"),
            None if self.destination == ALL => write!(f, "{}", self.protocol),
            None if self.destination == EPHEMERAL => {
                write!(f, "{} from port {} to ephemeral ports", self.protocol, self.source.min)
            }
            None => write!(f, "{} {}", self.protocol, self.destination.min),
        }
    }
}
