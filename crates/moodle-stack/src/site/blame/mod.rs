//! What is wrong with a site, and in which layer: pure functions over what was seen.

mod routes;
pub(crate) mod rules;
mod servers;

use super::answer::{Answer, Front, judge};
use super::evidence::{BackendSet, Evidence};
use super::layer::{Fault, Layer, NotAnswering};
use crate::config::Config;
use crate::stack::listeners;
use crate::status::{Balancer, Database, Look, Replica, Status};

/// Everything that is not as it should be, likely causes first: what stops the site before what weakens it, and in each the layers
/// in the order of [`Layer`].
#[must_use]
pub fn faults(config: &Config, status: &Status, evidence: &Evidence, front: Option<&Front>) -> Vec<Fault> {
    let mut faults = balancer(config, &status.load_balancer);
    faults.extend(health_checks(config, evidence));
    faults.extend(rules::unread(&evidence.network));
    faults.extend(rules::faults(config, &evidence.network));
    faults.extend(routes::faults(config, &evidence.network));
    faults.extend(database(config, &status.database));
    faults.extend(replicas(config, &status.replicas));
    faults.extend(storage(status, evidence));
    faults.extend(servers::faults(config, status, evidence));
    let visitors = front.and_then(|front| visitors(config, status, front, faults.is_empty()));
    faults.extend(visitors);
    // A stable sort: what was found first stays first.
    faults.sort_by_key(|fault| (fault.weight, fault.layer));
    faults
}

/// Whether a backend set has all wanted servers, and all of them are healthy.
pub(super) fn all_are_healthy(config: &Config, part: &Look<Balancer>, set: &str) -> Result<(), NotAnswering> {
    let cannot_be_had = |trouble: &str| {
        let evidence = format!("the health of the backend set `{set}` cannot be had: {trouble}");
        Err(NotAnswering::at(Layer::LoadBalancer, evidence))
    };
    let Some(balancer) = part.seen() else { return cannot_be_had(&part.trouble().unwrap_or_default()) };
    let health = match balancer.backend_sets.get(set) {
        Some(Look::Seen(health)) => health,
        Some(unseen) => return cannot_be_had(&unseen.trouble().unwrap_or_default()),
        None => return cannot_be_had("the load balancer has none of this name"),
    };
    let (there, wanted) = (health.backends.len(), usize::from(config.servers.count));
    if health.status == "OK" && there >= wanted {
        return Ok(());
    }
    let named = |is_named: fn(&str) -> bool| {
        let names = health.backends.iter().filter(|(_, status)| is_named(status.as_str()));
        let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let evidence = format!(
        "of {wanted} servers, the load balancer's backend set `{set}` has {there}; critical: {}; not known yet: {}",
        named(|status| status == "CRITICAL"),
        named(|status| !matches!(status, "CRITICAL" | "OK")),
    );
    Err(NotAnswering::at(Layer::HealthCheck, evidence))
}

/// Whether a visitor got what visitors should get.
pub(super) fn answers(config: &Config, front: Front) -> Result<Answer, NotAnswering> {
    let wrong = match front.answer {
        Ok(answer) => match judge(config.site.application, &front.url, &answer) {
            Ok(()) => return Ok(answer),
            Err(wrong) => format!("{answer}, and {wrong}"),
        },
        Err(trouble) => format!("no answer: {trouble}"),
    };
    Err(NotAnswering::at(Layer::Application, format!("`GET {}/` gives {wrong}", front.url)))
}

/// A part that is not there. What cannot be read may well be as it should.
fn not_there<T>(layer: Layer, subject: &str, part: &Look<T>) -> Option<Fault> {
    let trouble = part.trouble()?;
    Some(match part {
        Look::Unread(_) => Fault::weakens(layer, subject, trouble),
        Look::Missing(_) | Look::None | Look::Seen(_) => Fault::stops(layer, subject, trouble),
    })
}

/// A thing that is not in one of the states in which it works.
fn not_up(layer: Layer, subject: &str, state: &str) -> Option<Fault> {
    let is_up = matches!(state, "ACTIVE" | "UPDATING");
    (!is_up).then(|| Fault::stops(layer, subject, format!("it is {state}")))
}

fn balancer(config: &Config, part: &Look<Balancer>) -> Vec<Fault> {
    let (layer, subject) = (Layer::LoadBalancer, "load balancer");
    let mut faults: Vec<Fault> = not_there(layer, subject, part).into_iter().collect();
    let Some(balancer) = part.seen() else { return faults };
    faults.extend(not_up(layer, subject, &balancer.state));
    if balancer.addresses.is_empty() {
        faults.push(Fault::stops(layer, subject, "it has no address"));
    }
    for (name, port) in listeners(config) {
        if balancer.listeners.get(*name) != Some(&i64::from(*port)) {
            faults.push(Fault::stops(layer, subject, format!("it has no listener `{name}` at port {port}")));
        }
        match balancer.backend_sets.get(*name) {
            Some(set) => faults.extend(set.trouble().map(|trouble| {
                Fault::weakens(layer, format!("backend set {name}"), format!("its health: {trouble}"))
            })),
            None => faults.push(Fault::stops(layer, subject, format!("it has no backend set `{name}`"))),
        }
    }
    faults
}

fn health_checks(config: &Config, evidence: &Evidence) -> Vec<Fault> {
    let Some(sets) = evidence.sets.seen() else { return Vec::new() };
    let sets = listeners(config).iter().filter_map(|(name, _)| sets.get_key_value(*name));
    sets.flat_map(|(name, set)| health_check(config, name, set)).collect()
}

/// The health check must ask for what healthy servers answer.
fn health_check(config: &Config, name: &str, set: &BackendSet) -> Vec<Fault> {
    let check = &set.check;
    let (layer, subject) = (Layer::HealthCheck, format!("backend set {name}"));
    let mut faults = Vec::new();
    let expects = i64::from(config.health_status());
    let path = config.load_balancer.health_path.as_str();
    let mut differs = |what: &str, there: String, wanted: String| {
        if there != wanted {
            let evidence =
                format!("the health check {what} {there}, and {wanted} is what healthy servers take");
            faults.push(Fault::stops(layer, subject.clone(), evidence));
        }
    };
    let number = |number: Option<i64>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
    differs("speaks", check.protocol.clone(), "HTTP".to_owned());
    differs("asks at port", number(check.port), "80".to_owned());
    differs("asks for", check.path.clone().unwrap_or_else(|| "none".to_owned()), path.to_owned());
    if check.expects != Some(expects) {
        let evidence = format!(
            "the health check expects {}, and a healthy server answers {expects} to `GET {path}`",
            number(check.expects)
        );
        faults.push(Fault::stops(layer, subject, evidence));
    }
    faults
}

fn database(config: &Config, part: &Look<Database>) -> Vec<Fault> {
    let (layer, subject) = (Layer::Database, "database");
    let mut faults: Vec<Fault> = not_there(layer, subject, part).into_iter().collect();
    let Some(database) = part.seen() else { return faults };
    faults.extend(not_up(layer, subject, &database.state));
    if config.database.high_availability && !database.is_highly_available {
        faults.push(Fault::weakens(
            layer,
            subject,
            "it is not highly available, and the file says that it is",
        ));
    }
    faults
}

/// The servers read from the primary when a replica is missing.
fn replicas(config: &Config, replicas: &[Replica]) -> Vec<Fault> {
    let layer = Layer::Database;
    let unwell = |replica: &Replica| {
        let trouble = match replica.look.seen() {
            Some((state, _)) if matches!(state.as_str(), "ACTIVE" | "UPDATING") => return None,
            Some((state, _)) => format!("it is {state}"),
            None => replica.look.trouble()?,
        };
        Some(Fault::weakens(layer, format!("read replica {}", replica.number), trouble))
    };
    let mut faults: Vec<Fault> = replicas.iter().filter_map(unwell).collect();
    let (there, wanted) = (replicas.len(), usize::from(config.database.replicas));
    if there < wanted {
        let evidence = format!("there are {there}, and the file asks for {wanted}");
        faults.push(Fault::weakens(layer, "read replicas", evidence));
    }
    faults
}

fn storage(status: &Status, evidence: &Evidence) -> Vec<Fault> {
    let layer = Layer::Storage;
    let mut faults = Vec::new();
    faults.extend(not_there(layer, "file system", &status.file_system));
    faults.extend(not_there(layer, "mount target", &status.mount_target));
    faults.extend(not_there(layer, "export", &evidence.export));
    if let Some(files) = status.file_system.seen() {
        faults.extend(not_up(layer, "file system", &files.state));
    }
    if let Some(target) = status.mount_target.seen() {
        faults.extend(not_up(layer, "mount target", &target.state));
    }
    let Some(export) = evidence.export.seen() else { return faults };
    faults.extend(not_up(layer, "export", &export.state));
    if status.mount_target.seen().is_some() && export.export_set_id != evidence.export_set_id {
        faults.push(Fault::stops(layer, "export", "it is that of another mount target"));
    }
    if let Some(files) = status.file_system.seen()
        && export.file_system_id.as_deref() != Some(files.id.as_str())
    {
        faults.push(Fault::stops(layer, "export", "it offers another file system"));
    }
    faults
}

/// What a visitor sees. `all_well` says that nothing behind it explains what is wrong.
fn visitors(config: &Config, status: &Status, front: &Front, all_well: bool) -> Option<Fault> {
    let subject = "visitors";
    let get = format!("`GET {}/` gives", front.url);
    let trouble = match &front.answer {
        Ok(answer) => {
            let wrong = judge(config.site.application, &front.url, answer).err()?;
            return Some(Fault::stops(Layer::Application, subject, format!("{get} {answer}, and {wrong}")));
        }
        Err(trouble) => trouble,
    };
    // Where everybody is healthy and nobody gets through, it is on the way to the load balancer. Else it follows from the rest.
    let layer = if all_well { Layer::LoadBalancer } else { Layer::Application };
    let addresses = status.load_balancer.seen().map(|balancer| balancer.addresses.join(", "));
    let advice = match (&config.site.hostname, addresses) {
        (Some(host), Some(addresses)) if all_well => format!("; does `{host}` lead to {addresses}?"),
        _ => String::new(),
    };
    Some(Fault::stops(layer, subject, format!("{get} no answer: {trouble}{advice}")))
}

#[cfg(test)]
mod tests;
