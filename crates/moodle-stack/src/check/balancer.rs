//! The load balancer and TLS: whether what it expects is what it gets, and whether a certificate can be had.

use crate::codes::Code;
use crate::config::{Config, Source, TlsMode};
use crate::diagnostic::Diagnostic;

/// The health check asks by address, so that Moodle answers 303 whatever the path, because the address is not its
/// `wwwroot`; the others answer 200 at `/`. TLS changes nothing about it: the check comes by plain HTTP.
pub(super) fn health_status_is_the_applications(config: &Config) -> Vec<Diagnostic> {
    let application = config.site.application;
    let (expected, healthy) = (config.health_status(), application.healthy_code());
    // What another path answers is known for Moodle only.
    let is_known = config.load_balancer.health_path == "/" || healthy == 303;
    if expected == healthy || !is_known {
        return Vec::new();
    }
    let path = &config.load_balancer.health_path;
    let message = format!(
        "{application} answers {healthy} to a health check of `{path}`, and {expected} is expected: no server would be healthy"
    );
    let error = Diagnostic::error(Code::HealthStatus, "load_balancer.health_status", message);
    let related = &["site.application", "load_balancer.health_path"];
    vec![error.hint("leave `health_status` out").with(related)]
}

/// A check ends before the next one begins.
pub(super) fn health_checks_end_in_time(config: &Config) -> Vec<Diagnostic> {
    let balancer = &config.load_balancer;
    let (timeout, interval) = (balancer.health_timeout_in_seconds, balancer.health_interval_in_seconds);
    if timeout < interval {
        return Vec::new();
    }
    let message =
        format!("a check waits {timeout} seconds for an answer, and the next one begins after {interval}");
    let error = Diagnostic::error(Code::HealthTiming, "load_balancer.health_timeout_in_seconds", message);
    vec![error.with(&["load_balancer.health_interval_in_seconds"])]
}

/// A private load balancer has no public address.
pub(super) fn public_address_is_used(config: &Config) -> Vec<Diagnostic> {
    let balancer = &config.load_balancer;
    if balancer.public || balancer.public_ip_id.is_none() {
        return Vec::new();
    }
    let message = "there is a public address, and the load balancer is not public";
    let error = Diagnostic::error(Code::PublicAddress, "load_balancer.public_ip_id", message);
    vec![error.hint("leave one of the two out").with(&["load_balancer.public"])]
}

/// With `files` both are there and come from somewhere; without, neither is.
pub(super) fn certificate_is_given_when_it_is_needed(config: &Config) -> Vec<Diagnostic> {
    let tls = &config.tls;
    let mut found = Vec::new();
    for (key, source) in [("tls.certificate", &tls.certificate), ("tls.key", &tls.key)] {
        let needed = tls.mode == TlsMode::Files;
        let (message, hint) = match source {
            None if needed => {
                (format!("`{key}` is needed: `mode` is \"files\""), "give it as { file = \"PATH\" }")
            }
            Some(Source::Generate { .. }) if needed => (
                format!("`{key}` cannot be generated: visitors would not trust it"),
                "`mode = \"acme\"` obtains one",
            ),
            Some(_) if !needed => {
                (format!("`{key}` is not used: `mode` is not \"files\""), "set `mode = \"files\"`")
            }
            None | Some(_) => continue,
        };
        found.push(Diagnostic::error(Code::Certificate, key, message).hint(hint).with(&["tls.mode"]));
    }
    found
}

/// An authority asks the host name, on port 80, from addresses that it does not tell.
pub(super) fn authority_reaches_the_site(config: &Config) -> Vec<Diagnostic> {
    if config.tls.mode != TlsMode::Acme {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut refuse = |key: &'static str, message: &str, hint: &str| {
        found.push(Diagnostic::error(Code::AcmeUnreachable, key, message).hint(hint).with(&["tls.mode"]));
    };
    if config.site.hostname.is_none() {
        let message = "a certificate is issued for a host name, and the site has none";
        refuse(
            "site.hostname",
            message,
            "set it, and let the name lead to the load balancer's public address",
        );
    }
    if !config.load_balancer.public {
        let message = "the authority must reach the site, and the load balancer is not public";
        refuse("load_balancer.public", message, "take a certificate that you have: `mode = \"files\"`");
    } else if !config.network.visitors_from.iter().any(|range| range.prefix_len() == 0) {
        let message = "the authority must reach the site from anywhere, and only some visitors may";
        refuse("network.visitors_from", message, "take a certificate that you have: `mode = \"files\"`");
    }
    found
}

/// Who has been told to come by HTTPS only stays away from a site without.
pub(super) fn hsts_needs_https(config: &Config) -> Vec<Diagnostic> {
    if !config.tls.hsts || config.tls.mode != TlsMode::Off {
        return Vec::new();
    }
    let message = "browsers cannot be told to come by HTTPS only while `mode` is \"off\"";
    vec![Diagnostic::error(Code::Hsts, "tls.hsts", message).with(&["tls.mode"])]
}
