//! The servers, and how the load balancer finds them.

use super::super::evidence::{Backend, Evidence, Server as Left};
use super::super::layer::{Fault, Layer, Weight};
use crate::config::Config;
use crate::stack::listeners;
use crate::stack::names;
use crate::status::{Boot, Look, Server, Status};

/// How many of the last lines of a console stand in an error; `status --json` has more.
const LINES_MAX: usize = 5;

/// What is wrong with each server. Only when it is all of them, the site stops.
pub(super) fn faults(config: &Config, status: &Status, evidence: &Evidence) -> Vec<Fault> {
    // A boot that failed stays so, while the others may still come up: it goes first.
    let (mut faults, mut others) = (Vec::new(), Vec::new());
    let mut healthy = 0_usize;
    for name in (0..config.servers.count).map(names::server) {
        let places = places(config, evidence, &name);
        let server = status.servers.iter().find(|server| server.name == name);
        let has_failed = server.is_some_and(|server| server.boot.seen().is_some_and(Boot::has_failed));
        let found = match server {
            Some(server) => {
                let left = evidence.servers.iter().find(|left| left.name == name);
                server_faults(server, left.unwrap_or(&Left::default()), &places)
            }
            None => vec![Fault::weakens(Layer::Server, name, "it has not been made")],
        };
        if found.is_empty() {
            healthy += 1;
        }
        let place = if has_failed { &mut faults } else { &mut others };
        place.extend(found);
    }
    faults.append(&mut others);
    let weight = if healthy > 0 { Weight::Weakens } else { Weight::Stops };
    for fault in &mut faults {
        fault.weight = weight;
    }
    faults
}

/// The places of a server in backend sets: the set's name, and the place; none where it has no place.
type Places<'a> = Vec<(&'a str, Option<&'a Backend>)>;

/// Empty where the load balancer cannot be seen, which is told of itself.
fn places<'a>(config: &Config, evidence: &'a Evidence, server: &str) -> Places<'a> {
    let Some(sets) = evidence.sets.seen() else { return Vec::new() };
    let place = |(name, _): &(&'static str, u16)| {
        let set = sets.get(*name)?;
        Some((*name, set.backends.iter().find(|backend| backend.name == server)))
    };
    listeners(config).iter().filter_map(place).collect()
}

fn server_faults(server: &Server, left: &Left, places: &Places<'_>) -> Vec<Fault> {
    let said = health(places);
    let with = |evidence: String| if said.is_empty() { evidence } else { format!("{evidence}; {said}") };
    let fault = |evidence| vec![Fault::weakens(Layer::Server, server.name.as_str(), with(evidence))];
    let works = if left.work_errors.is_empty() {
        String::new()
    } else {
        format!("; its work requests say: {}", left.work_errors.join("; "))
    };
    let machine = match &server.machine {
        Look::Seen(machine) => machine,
        other => {
            let trouble = other.trouble().unwrap_or_default();
            return fault(format!("the machine: {trouble}{works}"));
        }
    };
    if machine.state != "RUNNING" {
        return fault(format!("the machine {} is {}{works}", machine.id, machine.state));
    }
    if let Some(report) = server.boot.seen().filter(|report| report.has_failed()) {
        return fault(report.failure());
    }
    places.iter().filter_map(|(set, backend)| place_fault(server, left, set, *backend)).collect()
}

/// What the load balancer says of a server in all of its sets, in words.
fn health(places: &Places<'_>) -> String {
    let words = places.iter().filter_map(|(set, backend)| {
        let backend = backend.as_ref()?;
        let last = backend.results.first().filter(|last| **last != backend.status);
        let last = last.map_or_else(String::new, |last| format!(" ({last})"));
        Some(format!("in the backend set `{set}` it is {}{last}", backend.status))
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What is wrong with a server that runs.
fn place_fault(server: &Server, left: &Left, set: &str, backend: Option<&Backend>) -> Option<Fault> {
    let fault = |layer, evidence: String| Some(Fault::weakens(layer, server.name.as_str(), evidence));
    let Some(backend) = backend else {
        return fault(Layer::LoadBalancer, format!("it has no place in the backend set `{set}`"));
    };
    if let Some(trouble) = &backend.trouble {
        return fault(
            Layer::HealthCheck,
            format!("its health in the backend set `{set}` cannot be read: {trouble}"),
        );
    }
    if let Some(there) = left.private_ip.as_deref().filter(|there| *there != backend.address) {
        let evidence =
            format!("the backend set `{set}` looks for it at {}, and it is at {there}", backend.address);
        return fault(Layer::LoadBalancer, evidence);
    }
    if backend.is_offline || backend.is_drained {
        let how = if backend.is_offline { "offline" } else { "drained" };
        return fault(Layer::LoadBalancer, format!("it is {how} in the backend set `{set}`"));
    }
    if backend.status == "OK" {
        return None;
    }
    let boot = boot_words(server, left);
    let last = backend.results.first().map_or("none", String::as_str);
    let (layer, means) = match last {
        "CONNECT_FAILED" => (Layer::Server, "nothing takes connections there"),
        "TIMED_OUT" => (Layer::Server, "it does not answer in time"),
        "INVALID_STATUS_CODE" => (Layer::Application, "it answers with another status than a healthy server"),
        "HEALTH_PAYLOAD_MISMATCH" => {
            (Layer::Application, "it answers with another text than a healthy server")
        }
        _ => (Layer::HealthCheck, "there is no result yet that says why"),
    };
    let evidence = format!(
        "in the backend set `{set}` it is {}; the last check at {}: {last}: {means}{boot}",
        backend.status, backend.address
    );
    fault(layer, evidence)
}

/// How far its first boot is, or the end of its console.
fn boot_words(server: &Server, left: &Left) -> String {
    if let Some(report) = server.boot.seen() {
        return match report.state.as_str() {
            "ready" => "; its first boot went well".to_owned(),
            state => {
                let step = report.last_step.as_deref().unwrap_or("none");
                format!("; its first boot is {state}, and the last step that ended is `{step}`")
            }
        };
    }
    if left.console.is_empty() {
        return "; it has reported nothing of its first boot".to_owned();
    }
    let from = left.console.len().saturating_sub(LINES_MAX);
    let last = left.console[from..].join(" | ");
    format!("; it has reported nothing of its first boot, and its console ends: {last}")
}
