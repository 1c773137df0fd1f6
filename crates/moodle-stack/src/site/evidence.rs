//! What lies behind the tiers of a site: the rules and routes between them, what the health checks find, and what servers leave behind.
//!
//! [`crate::status`] has the tiers themselves. Everything here is what the services said, in their own words where they have words.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::status::Look;

/// What lies behind the tiers of a site.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// What the health checks ask, by backend set; the places of servers with it.
    pub sets: Look<BTreeMap<String, BackendSet>>,
    /// The servers, in their order.
    pub servers: Vec<Server>,
    /// What the mount target offers.
    pub export: Look<Export>,
    /// The set of what the mount target offers.
    pub export_set_id: Option<String>,
    /// The network.
    pub network: Network,
}

/// A backend set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackendSet {
    /// What the health check asks.
    pub check: HealthCheck,
    /// The places of servers.
    pub backends: Vec<Backend>,
}

/// What a health check asks, and what it takes for a yes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealthCheck {
    /// `HTTP`, `TCP` and others.
    pub protocol: String,
    /// At which port.
    pub port: Option<i64>,
    /// For which path.
    pub path: Option<String>,
    /// The HTTP status that is a yes.
    pub expects: Option<i64>,
}

/// The place of a server in a backend set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backend {
    /// Its name, which is that of the server.
    pub name: String,
    /// Where it is asked.
    pub address: String,
    /// `OK`, `WARNING`, `CRITICAL`, `UNKNOWN`.
    pub status: String,
    /// What the last checks found, newest first: `OK`, `CONNECT_FAILED`, `TIMED_OUT`, `INVALID_STATUS_CODE` and others.
    pub results: Vec<String>,
    /// Why its health is not known.
    pub trouble: Option<String>,
    /// Whether it gets no new connections.
    pub is_drained: bool,
    /// Whether it gets no connections at all.
    pub is_offline: bool,
}

/// What a server leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Its name, which is its host name too.
    pub name: String,
    /// Its address in the network.
    pub private_ip: Option<String>,
    /// Its addresses on the internet: it should have none.
    pub public_ips: Vec<String>,
    /// Why its addresses are not known.
    pub network_trouble: Option<String>,
    /// The last lines of its console, if the service keeps a copy.
    pub console: Vec<String>,
    /// What the service says went wrong when it was made or changed.
    pub work_errors: Vec<String>,
}

/// What a mount target offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Its OCID.
    pub id: String,
    /// Its lifecycle state.
    pub state: String,
    /// Its path.
    pub path: Option<String>,
    /// The set that it is in, which is that of its mount target.
    pub export_set_id: Option<String>,
    /// What of which file system.
    pub file_system_id: Option<String>,
    /// Who may mount it, and how: `10.0.2.0/24 READ_WRITE`.
    pub offered_to: Vec<String>,
}

/// The network.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Network {
    /// The subnets by what is in them.
    pub subnets: BTreeMap<String, Look<Subnet>>,
    /// The security lists that they name, by their OCIDs.
    pub security_lists: BTreeMap<String, Look<SecurityList>>,
    /// The route tables that they name, by their OCIDs.
    pub route_tables: BTreeMap<String, Look<RouteTable>>,
    /// The gateways that routes lead to, by their OCIDs.
    pub gateways: BTreeMap<String, Look<Gateway>>,
}

/// A subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Subnet {
    /// Its OCID.
    pub id: String,
    /// Its lifecycle state.
    pub state: String,
    /// Its range.
    pub range: Option<String>,
    /// Its security lists.
    pub security_list_ids: Vec<String>,
    /// Its route table.
    pub route_table_id: Option<String>,
}

/// A security list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SecurityList {
    /// Its name.
    pub name: String,
    /// Its rules.
    pub rules: Vec<PacketRule>,
}

/// Whether packets come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// They come in.
    In,
    /// They go out.
    Out,
}

/// What a rule lets through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PacketRule {
    /// Which way.
    pub direction: Direction,
    /// The number of the protocol (6 is TCP, 17 UDP, 1 ICMP), or `all`.
    pub protocol: String,
    /// From or to whom: a range, or the label of Oracle's services.
    pub peer: String,
    /// The ports of the one who is called, from the first to the last; all when left out. For ICMP type and code.
    pub ports: Option<(i64, i64)>,
    /// The ports of the one who calls.
    pub source_ports: Option<(i64, i64)>,
    /// Whether answers need rules of their own.
    pub is_stateless: bool,
}

/// A route table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RouteTable {
    /// Its name.
    pub name: String,
    /// Where packets go.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Route {
    /// For which addresses.
    pub destination: String,
    /// The OCID of the gateway.
    pub gateway_id: String,
}

/// A gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gateway {
    /// Its lifecycle state.
    pub state: String,
    /// Whether it is switched off, or blocks traffic.
    pub is_closed: bool,
}
