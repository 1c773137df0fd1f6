//! Who answers: a pure function of the cloud, the caller and the moment.

use std::net::SocketAddr;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::Time;
use crate::cloud::{Cloud, Resource};
use crate::network::{self, Asker, Page, Protocol, ServerAnswer};
use crate::services::network_load_balancer::{
    LISTENER, LOAD_BALANCER, backends_of, find_named_set, health, instance_of, parts_of,
};

/// What becomes of a connection, or of a request on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A server answers.
    Page {
        /// The name of the backend that the connection stays with.
        backend: String,
        /// What it answers.
        page: Page,
    },
    /// The connection is closed without an answer, and why.
    Closed(String),
}

/// Gives a connection from `peer` to a backend and asks that for `path`; `backend` is the one that the
/// connection has already, if it has one.
#[must_use]
pub fn choose(
    cloud: &Cloud,
    balancer_id: &str,
    listener: &str,
    peer: SocketAddr,
    backend: Option<&str>,
    path: &str,
    now: Time,
) -> Choice {
    match ask(cloud, (balancer_id, listener), peer, backend, path, now) {
        Ok((backend, page)) => Choice::Page { backend, page },
        Err(why) => Choice::Closed(why),
    }
}

fn ask(
    cloud: &Cloud,
    (balancer_id, listener): (&str, &str),
    peer: SocketAddr,
    backend: Option<&str>,
    path: &str,
    now: Time,
) -> Result<(String, Page), String> {
    let balancer = cloud.get(balancer_id).filter(|balancer| balancer.kind.name == LOAD_BALANCER.name);
    let balancer = balancer.ok_or_else(|| format!("there is no load balancer {balancer_id}"))?;
    if !matches!(balancer.state(), Some("ACTIVE" | "UPDATING")) {
        return Err(format!("the load balancer is {}", balancer.state().unwrap_or_default()));
    }
    let listeners = parts_of(cloud, &LISTENER, balancer_id);
    let listener = listeners.into_iter().find(|own| own.text("name") == Some(listener));
    let listener = listener.ok_or("the load balancer has no such listener")?;
    require_way_in(cloud, balancer, listener)?;
    let set_name = listener.text("defaultBackendSetName").unwrap_or_default();
    let set = find_named_set(cloud, balancer_id, set_name).ok_or("the listener has no backend set")?;
    let chosen = match backend {
        Some(name) => backends_of(cloud, balancer_id, set_name)
            .into_iter()
            .find(|own| own.text("name") == Some(name))
            .ok_or_else(|| format!("the backend {name} is gone"))?,
        None => {
            let receivers = health::receivers(cloud, set, now);
            pick(&receivers, hash(set, listener, peer)).ok_or("no backend is healthy")?
        }
    };
    let name = chosen.text("name").unwrap_or_default().to_owned();
    let instance = instance_of(cloud, balancer, chosen).ok_or_else(|| format!("nothing is behind {name}"))?;
    // With source preservation the client's own address must be let in.
    let preserves = set.body.get("isPreserveSource") == Some(&json!(true));
    let asker = if preserves { Asker::Forwarded } else { Asker::From(balancer_id) };
    let port = chosen.body.get("port").and_then(Value::as_u64).filter(|port| *port != 0);
    let port = port.or_else(|| listener.body.get("port").and_then(Value::as_u64)).unwrap_or(80);
    let port = u16::try_from(port).map_err(|_| format!("{port} is no port"))?;
    match network::server_answer(cloud, asker, &instance.id, port, path, now) {
        ServerAnswer::Page(page) => Ok((name, page)),
        ServerAnswer::Open => Err(format!("what answers at {name} is no web server")),
        ServerAnswer::Refused(why) | ServerAnswer::TimedOut(why) => Err(why),
    }
}

/// Clients of a public load balancer come over the internet. Those of a private one could be anywhere inside.
fn require_way_in(cloud: &Cloud, balancer: &Resource, listener: &Resource) -> Result<(), String> {
    if balancer.body.get("isPrivate") == Some(&json!(true)) {
        return Ok(());
    }
    let addresses = balancer.body.get("ipAddresses").and_then(Value::as_array);
    let public = addresses.into_iter().flatten().find(|address| address["isPublic"] == json!(true));
    let address = public.and_then(|address| address["ipAddress"].as_str()).unwrap_or(&balancer.id);
    let port = listener.body.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    let way =
        network::reachability(cloud, "internet", address, Protocol::Tcp, port.filter(|port| *port != 0));
    if way.allowed { Ok(()) } else { Err(way.why) }
}

/// What the policy of the set tells connections apart by.
fn hash(set: &Resource, listener: &Resource, peer: SocketAddr) -> u64 {
    let addresses = peer.ip().to_string();
    let key = match set.text("policy") {
        Some("TWO_TUPLE") => addresses,
        Some("THREE_TUPLE") => format!("{addresses}/tcp"),
        _ => format!("{addresses}/tcp/{}/{}", peer.port(), listener.body["port"]),
    };
    let digest = Sha256::digest(key.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The backend that a hash falls on, each with a share by its weight.
fn pick<'c>(backends: &[&'c Resource], hash: u64) -> Option<&'c Resource> {
    let weight = |backend: &Resource| backend.body.get("weight").and_then(Value::as_u64).unwrap_or(1);
    let total: u64 = backends.iter().map(|backend| weight(backend)).sum();
    let mut at = hash.checked_rem(total)?;
    for backend in backends {
        match at.checked_sub(weight(backend)) {
            None => return Some(backend),
            Some(rest) => at = rest,
        }
    }
    None
}
