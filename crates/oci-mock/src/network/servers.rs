//! Servers: whether one has all it needs, and what it answers.
//!
//! All of it follows from the cloud at a moment. A server is ready while everything that its user data asks
//! for can be reached; a rule that is taken away makes it fall silent, as a real one would at its next query.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::flow::Protocol;
use super::needs::{Application, Needs, needs_of_user_data};
use super::reachability::{Reachability, admits, reachability};
use super::vnics::{owner_of, vnics_of};
use super::{resolve, vcn_of_subnet};
use crate::clock::Time;
use crate::cloud::{Cloud, Resource};
use crate::services::core::instance::{INSTANCE, RUNNING_SINCE};
use crate::services::core::private_ip::PRIVATE_IP;

/// From `RUNNING` until cloud-init has done what can be done.
const BOOT_TIME: Duration = Duration::from_secs(60);

/// The ports that a file system needs (Oracle's documentation, "Configuring VCN Security Rules for File
/// Storage").
const NFS_PORTS: [(Protocol, u16); 6] = [
    (Protocol::Tcp, 111),
    (Protocol::Tcp, 2048),
    (Protocol::Tcp, 2049),
    (Protocol::Tcp, 2050),
    (Protocol::Udp, 111),
    (Protocol::Udp, 2048),
];

/// Whether a server is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether it is.
    pub ready: bool,
    /// What it waits for; empty when it is ready.
    pub waits_for: Vec<String>,
}

/// What comes back to somebody who asks a server for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAnswer {
    /// An HTTP answer.
    Page(Page),
    /// The connection opens, and what answers is no web server.
    Open,
    /// The connection is refused: nothing listens (yet), and why.
    Refused(String),
    /// Nothing comes back: it is not there, or packets are dropped, and why.
    TimedOut(String),
}

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// Where a redirection leads to.
    pub location: Option<&'static str>,
    /// The name of the server that answers.
    pub server: String,
    /// The page.
    pub body: String,
}

fn needs(instance: &Resource) -> Needs {
    let metadata = instance.body.get("metadata");
    let user_data = metadata.and_then(|metadata| metadata["user_data"].as_str());
    user_data.map(needs_of_user_data).unwrap_or_default()
}

/// Whether an instance has all that its user data asks for.
#[must_use]
pub fn readiness(cloud: &Cloud, instance: &Resource, now: Time) -> Readiness {
    let mut waits_for = Vec::new();
    match boot_end(instance) {
        None => waits_for.push(format!("the instance is {}", instance.state().unwrap_or_default())),
        Some(end) if now < end => waits_for.push("the system is starting".to_owned()),
        Some(_) => waits_for.extend(missing(cloud, instance)),
    }
    Readiness { ready: waits_for.is_empty(), waits_for }
}

/// When a running instance has started its services.
fn boot_end(instance: &Resource) -> Option<Time> {
    if instance.state() != Some("RUNNING") {
        return None;
    }
    let since = instance.hidden.get(RUNNING_SINCE).and_then(Value::as_i64)?;
    Some(Time::from_millis(since).after(BOOT_TIME))
}

/// When the health of this instance may change by itself next; none when only a change of the cloud matters.
#[must_use]
pub fn next_change(instance: &Resource, now: Time) -> Option<Time> {
    boot_end(instance).filter(|end| now < *end)
}

fn missing(cloud: &Cloud, instance: &Resource) -> Vec<String> {
    let needs = needs(instance);
    let mut missing = Vec::new();
    for host in &needs.nfs {
        missing.extend(unreachable(cloud, instance, "the NFS server", host, &NFS_PORTS));
    }
    for (host, port) in &needs.mysql {
        missing.extend(unreachable(cloud, instance, "the database", host, &[(Protocol::Tcp, *port)]));
    }
    if needs.packages {
        let way = |to: &str| reachability(cloud, &instance.id, to, Protocol::Tcp, Some(443));
        let (services, internet) = (way("oracle-services"), way("internet"));
        if !services.allowed && !internet.allowed {
            missing.push(format!("packages cannot be fetched: {}", internet.why));
        }
    }
    missing
}

/// What keeps an instance from a server, the first port that fails; none when all is well.
fn unreachable(
    cloud: &Cloud,
    instance: &Resource,
    what: &str,
    host: &str,
    ports: &[(Protocol, u16)],
) -> Option<String> {
    let subnet_id = vnics_of(cloud, &instance.id).first().and_then(|vnic| vnic.text("subnetId"))?;
    let vcn_id = vcn_of_subnet(cloud, subnet_id)?;
    let address = host.parse().ok().or_else(|| resolve(cloud, vcn_id, host));
    let Some(address) = address else { return Some(format!("{what} {host} has no address in DNS")) };
    let blocked = |(protocol, port): &(Protocol, u16)| {
        let answer = reachability(cloud, &instance.id, &address.to_string(), *protocol, Some(*port));
        (!answer.allowed)
            .then(|| format!("{what} {host} cannot be reached at {protocol} {port}: {}", answer.why))
    };
    ports.iter().find_map(blocked).or_else(|| not_serving(cloud, vcn_id, what, &address.to_string()))
}

/// An address may be there before what is behind it works.
fn not_serving(cloud: &Cloud, vcn_id: &str, what: &str, address: &str) -> Option<String> {
    let owner = owner_of_address(cloud, vcn_id, address)?;
    let works = matches!(owner.state(), Some("ACTIVE" | "AVAILABLE" | "RUNNING" | "UPDATING") | None);
    (!works).then(|| format!("{what} {} is {}", owner.id, owner.state().unwrap_or_default()))
}

/// What stands behind a private address of a VCN.
fn owner_of_address<'c>(cloud: &'c Cloud, vcn_id: &str, address: &str) -> Option<&'c Resource> {
    let here = |ip: &&Resource| {
        ip.text("ipAddress") == Some(address)
            && ip.text("subnetId").and_then(|subnet| vcn_of_subnet(cloud, subnet)) == Some(vcn_id)
    };
    let ip = cloud.of_kind(&PRIVATE_IP).find(here)?;
    let vnic = cloud.get(ip.text("vnicId")?)?;
    cloud.get(owner_of(vnic).0?)
}

/// The instance behind a private address of the VCN that this subnet is in.
#[must_use]
pub fn instance_at<'c>(cloud: &'c Cloud, subnet_id: &str, address: &str) -> Option<&'c Resource> {
    let vcn_id = vcn_of_subnet(cloud, subnet_id)?;
    owner_of_address(cloud, vcn_id, address).filter(|owner| owner.kind.name == INSTANCE.name)
}

/// Who asks a server.
#[derive(Clone, Copy, Debug)]
pub enum Asker<'a> {
    /// Something with a VNIC, by OCID or address; also `internet`.
    From(&'a str),
    /// A client of the internet whose packets a load balancer passes on with their own address: only the
    /// server's own filters matter.
    Forwarded,
}

/// What a server answers to somebody who asks for a page.
#[must_use]
pub fn server_answer(
    cloud: &Cloud,
    asker: Asker,
    instance_id: &str,
    port: u16,
    path: &str,
    now: Time,
) -> ServerAnswer {
    let Ok(instance) = cloud.find_live(&INSTANCE, instance_id) else {
        return ServerAnswer::TimedOut(format!("instance {instance_id} does not exist"));
    };
    let way: Reachability = match asker {
        Asker::From(from) => reachability(cloud, from, instance_id, Protocol::Tcp, Some(port)),
        Asker::Forwarded => admits(cloud, instance_id, None, Protocol::Tcp, Some(port)),
    };
    if !way.allowed {
        return ServerAnswer::TimedOut(way.why);
    }
    if instance.state() != Some("RUNNING") {
        let state = instance.state().unwrap_or_default();
        return ServerAnswer::TimedOut(format!("instance {instance_id} is {state}"));
    }
    if port == 22 {
        return ServerAnswer::Open;
    }
    let serves = needs(instance).serves;
    let Some((_, application)) = serves.iter().find(|(own, _)| *own == port) else {
        return ServerAnswer::Refused(format!("nothing on instance {instance_id} listens on port {port}"));
    };
    let readiness = readiness(cloud, instance, now);
    if !readiness.ready {
        return ServerAnswer::Refused(readiness.waits_for.join("; "));
    }
    ServerAnswer::Page(page(*application, path, instance.text("displayName").unwrap_or_default()))
}

/// What an application answers at a path, to somebody who is not logged in.
fn page(application: Application, path: &str, server: &str) -> Page {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let (status, location) = match (application, path) {
        (Application::Moodle, "/login/index.php")
        | (Application::WordPress, "/" | "/wp-login.php")
        | (Application::Drupal, "/" | "/user/login")
        | (Application::Joomla, "/" | "/administrator/" | "/administrator/index.php")
        | (Application::Plain, "/") => (200, None),
        // Everything else of Moodle wants a login first, or another host name.
        (Application::Moodle, path) if path == "/" || path.ends_with(".php") || path.ends_with('/') => {
            (303, Some("/login/index.php"))
        }
        (Application::WordPress, "/wp-admin/") => (302, Some("/wp-login.php")),
        _ => (404, None),
    };
    let title = match application {
        Application::Moodle => "Moodle",
        Application::WordPress => "WordPress",
        Application::Drupal => "Drupal",
        Application::Joomla => "Joomla",
        Application::Plain => "Web server",
    };
    let body = format!("<!DOCTYPE html><title>{title}</title><p>{status} from {server}</p>\n");
    Page { status, location, server: server.to_owned(), body }
}

/// What an instance wrote to its serial console.
#[must_use]
pub fn console_lines(cloud: &Cloud, instance: &Resource, now: Time) -> String {
    let name = instance.text("displayName").unwrap_or_default();
    let mut text = format!("[    0.000000] Linux on {}\n", instance.text("shape").unwrap_or_default());
    if boot_end(instance).is_none_or(|end| now < end) {
        let _ = writeln!(text, "[   12.345678] {name} cloud-init: running modules");
        return text;
    }
    let readiness = readiness(cloud, instance, now);
    for what in &readiness.waits_for {
        let _ = writeln!(text, "[   61.000000] {name} cloud-init: waiting: {what}");
    }
    if readiness.ready {
        let _ = writeln!(text, "[   61.000000] {name} cloud-init: finished");
    }
    let _ = writeln!(text, "{name} login:");
    text
}
