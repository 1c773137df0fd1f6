//! The public address, the load balancer, its listeners and backend sets.

use oci_resources::attr::Attr;
use oci_resources::core::public_ip::{self, PublicIp};
use oci_resources::network_load_balancer::backend_set::{self, BackendSet, HealthChecker};
use oci_resources::network_load_balancer::listener::{self, Listener};
use oci_resources::network_load_balancer::network_load_balancer::{self, NetworkLoadBalancer, ReservedIp};
use reconcile::value::{AttributePath, Expr, Reference, TemplatePart};

use crate::config::{Config, TlsMode};

use super::Zone;
use super::build::Build;
use super::names::{self, address};

/// The listeners: the name, which is that of the backend set too, and the port, which is that of the servers too.
pub(crate) fn listeners(config: &Config) -> &'static [(&'static str, u16)] {
    match config.tls.mode {
        TlsMode::Off => &[(names::HTTP, 80)],
        TlsMode::Files | TlsMode::Acme => &[(names::HTTP, 80), (names::HTTPS, 443)],
    }
}

pub(super) fn add(build: &mut Build<'_>) {
    let at = address(network_load_balancer::TYPE, "site");
    let reserved = public_address(build).map_or(Attr::Absent, |id| vec![ReservedIp { id }].into());
    let balancer = NetworkLoadBalancer {
        compartment_id: build.compartment(),
        display_name: build.display("balancer"),
        subnet_id: build.subnet(Zone::Balancer),
        is_private: (!build.config.load_balancer.public).into(),
        reserved_ips: reserved,
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..NetworkLoadBalancer::default()
    };
    build.graph.add(balancer.inputs().at(at.clone()));
    let id = network_load_balancer::id(&at);
    for (name, port) in listeners(build.config).iter().copied() {
        let set = BackendSet {
            network_load_balancer_id: (&id).into(),
            name: name.into(),
            policy: "FIVE_TUPLE".into(),
            health_checker: health(build.config).into(),
            is_preserve_source: true.into(),
            ..BackendSet::default()
        };
        let set_at = address(backend_set::TYPE, name);
        build.graph.add(set.inputs().at(set_at.clone()));
        let listener = Listener {
            network_load_balancer_id: (&id).into(),
            name: name.into(),
            default_backend_set_name: backend_set::name(&set_at).into(),
            port: i64::from(port).into(),
            protocol: "TCP".into(),
            ..Listener::default()
        };
        build.graph.add(listener.inputs().at(address(listener::TYPE, name)));
    }
    build.graph.output("load_balancer_id", id.reference().clone());
    build.graph.output("address", address_of_site(build.config));
    build.graph.output("url", url(build.config));
}

/// The reserved public address; `None` for a private load balancer.
fn public_address(build: &mut Build<'_>) -> Option<Attr<String>> {
    let balancer = &build.config.load_balancer;
    if !balancer.public {
        return None;
    }
    if let Some(id) = &balancer.public_ip_id {
        return Some(id.as_str().into());
    }
    let at = address(public_ip::TYPE, "site");
    let public = PublicIp {
        compartment_id: build.compartment(),
        lifetime: "RESERVED".into(),
        display_name: build.display("address"),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..PublicIp::default()
    };
    let mut node = public.inputs().at(at.clone());
    node.lifecycle.protect = Some(balancer.protect_address);
    build.graph.add(node);
    Some(public_ip::id(&at).into())
}

/// The checks come by plain HTTP to port 80 whatever the listener: the servers answer them there also with TLS.
fn health(config: &Config) -> HealthChecker {
    let balancer = &config.load_balancer;
    let millis = |seconds: u32| i64::from(seconds) * 1000;
    HealthChecker {
        protocol: "HTTP".into(),
        port: 80.into(),
        url_path: balancer.health_path.as_str().into(),
        return_code: i64::from(config.health_status()).into(),
        retries: i64::from(balancer.health_retries).into(),
        interval_in_millis: millis(balancer.health_interval_in_seconds).into(),
        timeout_in_millis: millis(balancer.health_timeout_in_seconds).into(),
        ..HealthChecker::default()
    }
}

/// Where the address comes from: a reserved address of ours is known a second after its creation; others are told by the load
/// balancer.
fn address_reference(config: &Config) -> Reference {
    let balancer = &config.load_balancer;
    if balancer.public && balancer.public_ip_id.is_none() {
        return public_ip::ip_address(&address(public_ip::TYPE, "site")).reference().clone();
    }
    // A load balancer with a reserved address has that one first, and its private one after it.
    let attribute = AttributePath::attribute("ip_addresses").index(0).name("ip_address");
    Reference { address: address(network_load_balancer::TYPE, "site"), attribute }
}

fn address_of_site(config: &Config) -> Expr {
    address_reference(config).into()
}

/// The address that visitors use, without a slash at its end.
pub(super) fn url(config: &Config) -> Expr {
    let scheme = if config.tls.mode == TlsMode::Off { "http" } else { "https" };
    match &config.site.hostname {
        Some(host) => format!("{scheme}://{host}").as_str().into(),
        None => Expr::Template(vec![
            TemplatePart::Text(format!("{scheme}://").into()),
            TemplatePart::Reference(address_reference(config)),
        ]),
    }
}
