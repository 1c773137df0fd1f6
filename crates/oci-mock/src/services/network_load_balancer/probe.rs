//! One health check: what the load balancer finds when it asks a backend.

use serde_json::Value;

use super::SET_NAME;
use crate::clock::Time;
use crate::cloud::{Cloud, Resource};
use crate::network::{self, Asker, Page, ServerAnswer};
use crate::services::core::private_ip::PRIVATE_IP;

/// The result of a check, in the service's word, and for people why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) result: &'static str,
    pub(super) why: String,
}

fn finding(result: &'static str, why: impl Into<String>) -> Finding {
    Finding { result, why: why.into() }
}

/// The instance that a backend stands for, by its OCID, that of its private IP, or its address.
pub(crate) fn instance_of<'c>(
    cloud: &'c Cloud,
    balancer: &Resource,
    backend: &Resource,
) -> Option<&'c Resource> {
    if let Some(target) = backend.text("targetId") {
        let target = cloud.get(target)?;
        if target.kind.name != PRIVATE_IP.name {
            return Some(target);
        }
        let vnic = cloud.get(target.text("vnicId")?)?;
        return cloud.get(network::owner_of(vnic).0?);
    }
    network::instance_at(cloud, balancer.text("subnetId")?, backend.text("ipAddress")?)
}

/// Asks a backend as its set's health checker does.
pub(super) fn check(
    cloud: &Cloud,
    balancer: &Resource,
    set: &Resource,
    backend: &Resource,
    now: Time,
) -> Finding {
    let checker = &set.body["healthChecker"];
    let port = |value: Option<&Value>| {
        value.and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)
    };
    let Some(port) = port(checker.get("port")).or_else(|| port(backend.body.get("port"))) else {
        return finding("UNKNOWN", "no port to ask at");
    };
    let Some(instance) = instance_of(cloud, balancer, backend) else {
        let name = backend.text("name").unwrap_or_default();
        return finding("TIMED_OUT", format!("there is no server behind the backend {name}"));
    };
    let path = checker["urlPath"].as_str().unwrap_or("/");
    let answer = network::server_answer(cloud, Asker::From(&balancer.id), &instance.id, port, path, now);
    match (checker["protocol"].as_str(), answer) {
        (_, ServerAnswer::TimedOut(why)) => finding("TIMED_OUT", why),
        (_, ServerAnswer::Refused(why)) => finding("CONNECT_FAILED", why),
        (Some("TCP"), ServerAnswer::Page(_) | ServerAnswer::Open) => finding("OK", "the connection opens"),
        (Some("HTTP" | "HTTPS"), ServerAnswer::Page(page)) => check_page(checker, path, &page),
        (Some("HTTP" | "HTTPS"), ServerAnswer::Open) => {
            finding("CONNECT_FAILED", "what answers is no web server")
        }
        (protocol, ServerAnswer::Page(_) | ServerAnswer::Open) => {
            finding("TIMED_OUT", format!("the server does not answer {}", protocol.unwrap_or_default()))
        }
    }
}

fn check_page(checker: &Value, path: &str, page: &Page) -> Finding {
    let wanted = checker["returnCode"].as_u64().unwrap_or(200);
    if u64::from(page.status) != wanted {
        let why = format!("{path} answers {}, the health check expects {wanted}", page.status);
        return finding("INVALID_STATUS_CODE", why);
    }
    // The mock has no regular expressions; a plain text is looked for, anything else counts as matched.
    let pattern = checker["responseBodyRegex"].as_str().unwrap_or_default();
    let is_plain = pattern.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    if is_plain && !page.body.contains(pattern) {
        return finding("HEALTH_PAYLOAD_MISMATCH", format!("{path} does not contain {pattern:?}"));
    }
    finding("OK", format!("{path} answers {wanted}"))
}

/// The set that a backend belongs to.
pub(super) fn set_of<'c>(cloud: &'c Cloud, balancer: &str, backend: &Resource) -> Option<&'c Resource> {
    cloud.get(&super::set_id(balancer, backend.text(SET_NAME)?))
}
