//! The servers: how many, of which shape, and who may log in.

use std::collections::BTreeSet;

use oci_client::region::Regions;
use reconcile::graph::suggest;

use super::network::is_private;
use super::shapes::{MEMORY_PER_OCPU, flexible, flexible_names, processor};
use crate::codes::Code;
use crate::config::Config;
use crate::diagnostic::Diagnostic;

/// One server cannot be replaced without the site being away.
pub(super) fn one_is_few(config: &Config) -> Vec<Diagnostic> {
    if config.servers.count > 1 {
        return Vec::new();
    }
    let message = "with one server the site is away whenever that is replaced, restarted or lost";
    vec![Diagnostic::warning(Code::OneServer, "servers.count", message).hint("count = 2 keeps it up")]
}

/// The shapes with their keys, the first one first.
fn shapes_of(config: &Config) -> impl Iterator<Item = (String, &str)> {
    let fallbacks = config.servers.fallback_shapes.iter().enumerate();
    let fallbacks = fallbacks.map(|(at, shape)| (format!("servers.fallback_shapes[{at}]"), shape.as_str()));
    std::iter::once(("servers.shape".to_owned(), config.servers.shape.as_str())).chain(fallbacks)
}

/// One image cannot run on two kinds of processor.
pub(super) fn one_processor(config: &Config) -> Vec<Diagnostic> {
    let first = &config.servers.shape;
    let differs = |(_, shape): &(String, &str)| processor(shape) != processor(first);
    let say = |(key, shape): (String, &str)| {
        let message = format!(
            "`{shape}` has {}, and `{first}` has {}: one image cannot run on both",
            processor(shape).name(),
            processor(first).name()
        );
        Diagnostic::error(Code::ShapeProcessor, key, message).with(&["servers.shape"])
    };
    shapes_of(config).filter(differs).map(say).collect()
}

/// Each shape can have the OCPUs and the memory.
pub(super) fn sizes_fit_shapes(config: &Config) -> Vec<Diagnostic> {
    let (ocpus, memory) = (config.servers.ocpus, config.servers.memory_in_gbs);
    let mut found = Vec::new();
    let (least, most) = MEMORY_PER_OCPU;
    let known: Vec<_> = shapes_of(config).filter_map(|(key, name)| Some((key, flexible(name)?))).collect();
    if !known.is_empty() && !(least * ocpus..=most * ocpus).contains(&memory) {
        let message =
            format!("{memory} GB for {ocpus} OCPUs: {least} to {most} GB for each OCPU are possible");
        let hint = format!("{} to {} GB", least * ocpus, most * ocpus);
        let related = &["servers.ocpus", "servers.shape"];
        found.push(
            Diagnostic::error(Code::ShapeSize, "servers.memory_in_gbs", message).hint(hint).with(related),
        );
    }
    for (key, shape) in known {
        let (name, ocpus_max, memory_max) = (shape.name, shape.ocpus_max, shape.memory_max);
        let mut refuse = |what: &'static str, given: f64, max: f64, unit: &str| {
            let message = format!("`{name}` has at most {max} {unit}, and {given} are asked for");
            // A fallback is the odd one out; of the first shape, its size.
            let at = if key == "servers.shape" { what } else { key.as_str() };
            found.push(
                Diagnostic::error(Code::ShapeSize, at, message)
                    .with(&["servers.ocpus", "servers.memory_in_gbs"]),
            );
        };
        if ocpus > ocpus_max {
            refuse("servers.ocpus", ocpus, ocpus_max, "OCPUs");
        }
        if memory > memory_max {
            refuse("servers.memory_in_gbs", memory, memory_max, "GB");
        }
    }
    found
}

/// A shape that is not in the table cannot be judged here.
pub(super) fn shapes_are_known(config: &Config) -> Vec<Diagnostic> {
    let say = |(key, shape): (String, &str)| {
        let message = format!("`{shape}` is not known here: what it can have is checked by `preflight` only");
        let near = suggest(shape, flexible_names()).map(|near| format!("did you mean `{near}`?"));
        Diagnostic { hint: near, ..Diagnostic::warning(Code::ShapeUnknown, key, message) }
    };
    shapes_of(config).filter(|(_, shape)| flexible(shape).is_none()).map(say).collect()
}

/// A shape that had no capacity has none a moment later.
pub(super) fn fallbacks_differ(config: &Config) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let say = |(key, shape): (String, &str)| {
        let message = format!("`{shape}` is tried already");
        Diagnostic::warning(Code::FallbackTwice, key, message).hint("take it out")
    };
    shapes_of(config).filter(|(_, shape)| !seen.insert(*shape)).map(say).collect()
}

/// An open port without a key helps nobody who may log in, and a key without an open port neither.
pub(super) fn ssh_has_keys_and_sources(config: &Config) -> Vec<Diagnostic> {
    let servers = &config.servers;
    let warn = |key, other, message: &str, hint| {
        vec![Diagnostic::warning(Code::SshWithoutKey, key, message).hint(hint).with(other)]
    };
    match (servers.ssh_from.is_empty(), servers.ssh_authorized_keys.is_empty()) {
        (false, true) => warn(
            "servers.ssh_from",
            &["servers.ssh_authorized_keys"],
            "port 22 is opened, and nobody has a key",
            "add a public key to `servers.ssh_authorized_keys`, or leave the port closed",
        ),
        (true, false) => warn(
            "servers.ssh_authorized_keys",
            &["servers.ssh_from"],
            "there are keys, and port 22 is closed to everybody",
            "say in `servers.ssh_from` from where; or open it when it is needed",
        ),
        (true, true) | (false, false) => Vec::new(),
    }
}

/// The servers have no public address: who is outside cannot reach them, and who is everywhere should not.
pub(super) fn ssh_comes_from_inside(config: &Config) -> Vec<Diagnostic> {
    let from = config.servers.ssh_from.iter().enumerate();
    let outside = from.filter(|(_, range)| !is_private(range) && !config.network.cidr.contains(*range));
    let say = |(at, range)| {
        let message = format!("nobody in {range} can reach the servers, which have private addresses only");
        let hint = "name ranges inside the VCN, or those of a VPN or peered network; from outside, a bastion is the way";
        let key = format!("servers.ssh_from[{at}]");
        Diagnostic::warning(Code::SshFromInternet, key, message).hint(hint).with(&["network.cidr"])
    };
    outside.map(say).collect()
}

/// Regions with three availability domains; the others have one (Oracle's list of regions, with some doubt about Chicago).
const THREE_DOMAINS: [&str; 5] =
    ["eu-frankfurt-1", "uk-london-1", "us-ashburn-1", "us-chicago-1", "us-phoenix-1"];

/// The region has the availability domains that are asked for.
pub(super) fn domains_exist(config: &Config) -> Vec<Diagnostic> {
    let Some(region) = &config.cloud.region else { return Vec::new() };
    let region = Regions::built_in().resolve(region);
    if THREE_DOMAINS.contains(&region.name()) {
        return Vec::new();
    }
    let servers = config.servers.availability_domains.iter().enumerate();
    let servers = servers.map(|(at, number)| (format!("servers.availability_domains[{at}]"), *number));
    let database =
        config.database.availability_domain.map(|number| ("database.availability_domain".to_owned(), number));
    let storage = ("storage.availability_domain".to_owned(), config.storage.availability_domain);
    let absent = servers.chain(database).chain([storage]).filter(|(_, number)| *number > 1);
    let say = |(key, number): (String, u8)| {
        let message = format!(
            "{} has one availability domain as far as is known here, and no number {number}",
            region.name()
        );
        Diagnostic::warning(Code::AvailabilityDomain, key, message).with(&["cloud.region"])
    };
    absent.map(say).collect()
}
