//! What nobody sees from the front: rules, addresses, the share, the certificate, and what a plan would change.

use crate::codes::Code;
use crate::config::{Config, TlsMode};
use crate::report::{Check, Finding, Level};
use crate::site::Inspection;
use crate::site::blame::rules::{contains, covers, lists, wanted};
use crate::site::evidence::{Direction, Evidence, PacketRule, Server};
use crate::site::inspection::CERTIFICATE;
use crate::stack::Zone;
use crate::stack::names::EXPORT_PATH;
use crate::status::{Expiry, Look};

/// Certificates are renewed a month before they end; with two weeks left there is time to find out why it was not.
const CERTIFICATE_LEFT_MIN: i64 = 14 * 24 * 60 * 60;

/// What a plan would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// The addresses of what a plan would change, and of what changed behind our back.
    Known(Vec<String>),
    /// No plan could be made, and why.
    Unknown(String),
}

/// Judges what lies behind the tiers.
#[must_use]
pub fn judge_behind(config: &Config, seen: &Inspection, changes: &Changes) -> Vec<Finding> {
    let evidence = &seen.evidence;
    let mut findings = vec![share(config, evidence), nfs_rules(config, evidence), ssh(config, evidence)];
    findings.extend(evidence.servers.iter().map(public_address));
    if config.tls.mode != TlsMode::Off {
        findings.push(certificate(seen));
    }
    findings.push(no_changes(changes));
    findings
}

fn share(config: &Config, evidence: &Evidence) -> Finding {
    let offered = format!("{} READ_WRITE", Zone::Web.range(config));
    let needed = format!("ACTIVE, {EXPORT_PATH} for {offered} and nobody else");
    let finding = |found: String| Finding::ok(Check::Storage, "share", needed.as_str(), found);
    let export = match &evidence.export {
        Look::Seen(export) => export,
        Look::Unread(why) => return finding(why.clone()).but(Level::Unknown, Code::NotSeen),
        other => {
            let finding = finding(other.trouble().unwrap_or_default()).fault(Code::StorageUnwell);
            return finding.advice("`oci-moodle apply` makes it");
        }
    };
    let path = export.path.as_deref().unwrap_or_default();
    let finding = finding(format!("{}, {path} for {}", export.state, export.offered_to.join(", ")));
    let is_right = export.state == "ACTIVE"
        && path == EXPORT_PATH
        && export.offered_to == [offered]
        && export.export_set_id == evidence.export_set_id;
    if is_right {
        return finding;
    }
    finding
        .fault(Code::StorageUnwell)
        .advice("`oci-moodle drift` shows what was changed, and `apply` mends it")
}

/// In a subnet of its own the rules are those of File Storage and no others; in one that others use too, none is missing.
fn nfs_rules(config: &Config, evidence: &Evidence) -> Finding {
    let is_ours = Zone::Storage.existing_subnet(config).is_none();
    let needed = if is_ours { "exactly those of File Storage" } else { "those of File Storage" };
    let finding = |found: String| Finding::ok(Check::Rules, "NFS", needed, found);
    let Some(lists) = lists(&evidence.network, Zone::Storage) else {
        return finding("the rules cannot be read".to_owned()).but(Level::Unknown, Code::NotSeen);
    };
    let there: Vec<&PacketRule> = lists.iter().flat_map(|(_, list)| &list.rules).collect();
    let wanted: Vec<PacketRule> =
        wanted(config, Zone::Storage).into_iter().map(|wanted| wanted.rule).collect();
    let is_there = |wanted: &PacketRule| {
        if is_ours { there.contains(&wanted) } else { there.iter().any(|rule| covers(rule, wanted)) }
    };
    let missing = wanted.iter().filter(|wanted| !is_there(wanted)).map(|rule| format!("missing: {rule}"));
    let surplus =
        there.iter().filter(|rule| is_ours && !wanted.contains(rule)).map(|rule| format!("too much: {rule}"));
    let wrong: Vec<String> = missing.chain(surplus).collect();
    if wrong.is_empty() {
        return finding(format!("{} rules", there.len()));
    }
    finding(wrong.join("; ")).fault(Code::RulesWrong).advice("`oci-moodle apply` puts them right")
}

/// Nobody is let in to the servers by SSH whom the file does not name.
fn ssh(config: &Config, evidence: &Evidence) -> Finding {
    let asked: Vec<String> = config.servers.ssh_from.iter().map(ToString::to_string).collect();
    let words = |ranges: &[&str]| {
        if ranges.is_empty() { "closed".to_owned() } else { format!("open to {}", ranges.join(", ")) }
    };
    let needed = words(&asked.iter().map(String::as_str).collect::<Vec<_>>());
    let finding =
        |found: String| Finding::ok(Check::Rules, "SSH", needed.as_str(), found).key("servers.ssh_from");
    let Some(lists) = lists(&evidence.network, Zone::Web) else {
        return finding("the rules cannot be read".to_owned()).but(Level::Unknown, Code::NotSeen);
    };
    // The mount target may call back from the ports of NFS, to any port: Oracle's rules for File Storage say so.
    let called_back: Vec<PacketRule> = wanted(config, Zone::Web)
        .into_iter()
        .map(|wanted| wanted.rule)
        .filter(|rule| rule.source_ports.is_some())
        .collect();
    let there = lists.iter().flat_map(|(_, list)| &list.rules);
    let open: Vec<&PacketRule> = there.filter(|rule| is_ssh(rule) && !called_back.contains(rule)).collect();
    let peers: Vec<&str> = open.iter().map(|rule| rule.peer.as_str()).collect();
    let surplus = peers.iter().any(|peer| !asked.iter().any(|range| contains(range, peer)));
    let closed = asked.iter().any(|range| !peers.iter().any(|peer| contains(peer, range)));
    let finding = finding(words(&peers));
    if !surplus && !closed {
        return finding;
    }
    finding
        .fault(Code::SshOpen)
        .advice("`oci-moodle apply` puts the rules right; rules of others in an existing subnet are theirs")
}

/// Whether a rule lets somebody in by SSH.
fn is_ssh(rule: &PacketRule) -> bool {
    let has_port = rule.ports.is_none_or(|(first, last)| first <= 22 && 22 <= last);
    rule.direction == Direction::In && (rule.protocol == "all" || (rule.protocol == "6" && has_port))
}

fn public_address(server: &Server) -> Finding {
    let finding = |found: String| Finding::ok(Check::PublicAddress, server.name.as_str(), "none", found);
    if let Some(trouble) = &server.network_trouble {
        return finding(trouble.clone()).but(Level::Unknown, Code::NotSeen);
    }
    if server.public_ips.is_empty() {
        return finding("none".to_owned());
    }
    let finding = finding(server.public_ips.join(", ")).fault(Code::ServerPublic);
    finding.advice("take the public address from its VNIC: visitors come by the load balancer")
}

fn certificate(seen: &Inspection) -> Finding {
    let finding =
        |found: String| Finding::ok(Check::Certificate, CERTIFICATE, "good for two more weeks", found);
    let ends = seen.status.expires.iter().find(|expiry| expiry.what == CERTIFICATE);
    let Some(Expiry { at, left_in_seconds, .. }) = ends else {
        let trouble = seen.certificate_trouble.clone().unwrap_or_else(|| "there is no site yet".to_owned());
        return finding(trouble).fault(Code::CertificateEnds).advice("see the site's address in a browser");
    };
    if *left_in_seconds >= CERTIFICATE_LEFT_MIN {
        return finding(format!("until {at}"));
    }
    let finding = finding(format!("until {at}")).fault(Code::CertificateEnds);
    finding.advice("with `tls.mode = \"files\"` give a new one and `apply`; with `acme` see the log of `site-tls` on the servers")
}

fn no_changes(changes: &Changes) -> Finding {
    let finding = |found: String| Finding::ok(Check::Changes, "plan", "nothing to do", found);
    match changes {
        Changes::Known(addresses) if addresses.is_empty() => finding("nothing to do".to_owned()),
        Changes::Known(addresses) => finding(addresses.join(", "))
            .but(Level::Warning, Code::Drifted)
            .advice("`oci-moodle plan` shows what and why"),
        Changes::Unknown(why) => finding(why.clone()).but(Level::Unknown, Code::NotSeen),
    }
}

#[cfg(test)]
mod tests;
