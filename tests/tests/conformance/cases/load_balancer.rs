//! Network load balancers.

use oci_resources::attr::Attr;
use oci_resources::core::{instance, public_ip, subnet};
use oci_resources::network_load_balancer::backend::{self, Backend};
use oci_resources::network_load_balancer::backend_set::{self, BackendSet};
use oci_resources::network_load_balancer::listener::{self, Listener};
use oci_resources::network_load_balancer::network_load_balancer::{self, NetworkLoadBalancer};
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::Expr;
use serde_json::{Value as Json, json};

use super::compute::{add_servers, server};
use super::network::{add_reserved, add_subnet, groups, reserved, subnet_around};
use super::second::{add_subnets, other_subnet};
use crate::kit::{Case, PLAIN, Place, Start, Variation, asked, change, value};

fn balancer() -> Address {
    Address::new(network_load_balancer::TYPE, "around").unwrap()
}

fn set(name: &str) -> Address {
    Address::new(backend_set::TYPE, name).unwrap()
}

fn plain(place: &Place) -> NetworkLoadBalancer {
    NetworkLoadBalancer {
        compartment_id: place.tenancy.as_str().into(),
        display_name: "site".into(),
        subnet_id: subnet::id(&subnet_around()).into(),
        is_private: false.into(),
        ..NetworkLoadBalancer::default()
    }
}

fn add_balancer(place: &Place, builder: &mut GraphBuilder) {
    add_subnet(place, builder);
    builder.add(plain(place).inputs().at(balancer()));
}

fn checker(more: &Json) -> Expr {
    let mut checker = json!({"protocol": "HTTP", "port": 80, "url_path": "/", "return_code": 303});
    checker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value(&checker)
}

fn backend_set(name: &str) -> BackendSet {
    BackendSet {
        network_load_balancer_id: network_load_balancer::id(&balancer()).into(),
        name: name.into(),
        policy: "FIVE_TUPLE".into(),
        health_checker: Attr::Expr(checker(&json!({}))),
        ..BackendSet::default()
    }
}

fn add_sets(place: &Place, builder: &mut GraphBuilder) {
    add_balancer(place, builder);
    for name in ["web", "other"] {
        builder.add(backend_set(name).inputs().at(set(name)));
    }
}

fn twin() -> Address {
    Address::new(network_load_balancer::TYPE, "twin").unwrap()
}

/// Adds a second load balancer.
fn add_balancers(place: &Place, builder: &mut GraphBuilder) {
    add_balancer(place, builder);
    builder.add(plain(place).inputs().at(twin()));
}

/// Adds a second load balancer, and a backend set to each.
fn add_twins(place: &Place, builder: &mut GraphBuilder) {
    add_balancers(place, builder);
    for (name, balancer) in [("around", balancer()), ("twin", twin())] {
        let id = network_load_balancer::id(&balancer).into();
        let web = BackendSet { network_load_balancer_id: id, ..backend_set("web") };
        builder.add(web.inputs().at(set(name)));
    }
}

/// To the second load balancer.
fn moved() -> Variation {
    change("network_load_balancer_id", network_load_balancer::id(&twin()).reference().clone())
}

pub(crate) const NETWORK_LOAD_BALANCER: Case = Case {
    resource_type: network_load_balancer::TYPE,
    around: |place, builder| {
        add_subnet(place, builder);
        add_reserved(place, builder);
    },
    asked: |place| {
        let id = public_ip::id(&reserved()).reference().clone();
        let balancer = NetworkLoadBalancer {
            reserved_ips: Attr::Expr(Expr::List(vec![Expr::Map(vec![("id".into(), id.into())])])),
            is_preserve_source_destination: false.into(),
            ..plain(place)
        };
        asked(balancer.inputs())
    },
    changes: |place| {
        vec![
            change("network_security_group_ids", groups()),
            change("is_preserve_source_destination", true),
            change("is_symmetric_hash_enabled", true),
            change("nlb_ip_version", "IPV4_AND_IPV6"),
            change("subnet_ipv6cidr", "2001:db8::/64"),
            change("reserved_ipv6id", "ocid1.ipv6.oc1..a"),
            change("display_name", "other"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("compartment_id", place.compartments[0].as_str()),
            change("reserved_ips", value(&json!([]))),
            change("is_private", true),
            change("assigned_private_ipv4", "10.0.200.77"),
            change("assigned_ipv6", "2001:db8::77"),
        ]
    },
    also: &[Start {
        around: |place, builder| {
            add_subnets(place, builder);
            add_reserved(place, builder);
        },
        asked: |place| asked(plain(place).inputs()),
        changes: |_| {
            let id = public_ip::id(&reserved()).reference().clone();
            vec![
                change("subnet_id", subnet::id(&other_subnet()).reference().clone()),
                change("reserved_ips", Expr::List(vec![Expr::Map(vec![("id".into(), id.into())])])),
            ]
        },
    }],
    ..PLAIN
};

fn inline(last: u32) -> Expr {
    let backends = (1..=last)
        .map(|at| json!({"name": format!("web{at}"), "ip_address": format!("10.0.200.{at}0"), "port": 80}));
    value(&Json::Array(backends.collect()))
}

/// Each kind of health check has fields of its own.
fn changes_of_checker(_: &Place) -> Vec<Variation> {
    let change = |checker: Json| change("health_checker", value(&checker));
    vec![
        change(json!({
            "protocol": "HTTPS", "port": 443, "url_path": "/login/index.php", "return_code": 200,
            "response_body_regex": "Moodle", "retries": 5, "timeout_in_millis": 4000, "interval_in_millis": 20_000,
        })),
        change(
            json!({"protocol": "TCP", "port": 80, "request_data": "cGluZw==", "response_data": "cG9uZw=="}),
        ),
        change(json!({
            "protocol": "DNS", "port": 53, "dns": {
                "domain_name": "example.org", "transport_protocol": "UDP", "query_class": "IN", "query_type": "AAAA",
                "rcodes": ["NOERROR", "SERVFAIL"],
            },
        })),
    ]
}

pub(crate) const BACKEND_SET: Case = Case {
    resource_type: backend_set::TYPE,
    around: add_balancer,
    asked: |_| {
        let set = BackendSet {
            health_checker: Attr::Expr(checker(
                &json!({"retries": 2, "timeout_in_millis": 2000, "interval_in_millis": 5000}),
            )),
            backends: Attr::Expr(inline(3)),
            is_preserve_source: true.into(),
            is_fail_open: false.into(),
            ..backend_set("web")
        };
        asked(set.inputs())
    },
    changes: |_| {
        vec![
            change("is_preserve_source", false),
            change("is_instant_failover_tcp_reset_enabled", false),
            change("are_operationally_active_backends_preferred", true),
            change("ip_version", "IPV6"),
            change("ip_version", "IPV4"),
            change("policy", "TWO_TUPLE"),
            change("health_checker.return_code", checker(&json!({"return_code": 200}))),
            change("health_checker.protocol", value(&json!({"protocol": "TCP", "port": 80}))),
            change("is_fail_open", true),
            change("is_instant_failover_enabled", true),
            change("backends", inline(2)),
            change("backends", inline(4)),
            change("name", "other"),
        ]
    },
    also: &[
        Start {
            around: |place, builder| {
                add_balancers(place, builder);
                add_servers(place, builder);
            },
            asked: |_| asked(backend_set("web").inputs()),
            changes: |_| {
                let target = instance::id(&server("around")).reference().clone();
                let backend = vec![("target_id".into(), target.into()), ("port".into(), value(&json!(80)))];
                let settings = json!([
                    {"name": "web1", "ip_address": "10.0.200.10", "port": 80, "weight": 3, "is_drain": true},
                    {"name": "web2", "ip_address": "10.0.200.20", "port": 80, "is_backup": true},
                    {"name": "web3", "ip_address": "10.0.200.30", "port": 80, "is_offline": true},
                ]);
                vec![
                    change("backends", value(&settings)),
                    change("backends", Expr::List(vec![Expr::Map(backend)])),
                    moved(),
                ]
            },
        },
        Start {
            around: add_balancer,
            asked: |_| asked(backend_set("web").inputs()),
            changes: changes_of_checker,
        },
    ],
    ..PLAIN
};

pub(crate) const LISTENER: Case = Case {
    resource_type: listener::TYPE,
    around: add_sets,
    asked: |_| {
        let listener = Listener {
            network_load_balancer_id: network_load_balancer::id(&balancer()).into(),
            name: "http".into(),
            default_backend_set_name: backend_set::name(&set("web")).into(),
            port: 80.into(),
            protocol: "TCP".into(),
            ..Listener::default()
        };
        asked(listener.inputs())
    },
    changes: |_| {
        vec![
            change("udp_idle_timeout", 120),
            change("l3ip_idle_timeout", 200),
            change("ip_version", "IPV6"),
            change("ip_version", "IPV4"),
            change("port", 8080),
            change("default_backend_set_name", backend_set::name(&set("other")).reference().clone()),
            change("tcp_idle_timeout", 600),
            change("protocol", "TCP_AND_UDP"),
            change("is_ppv2enabled", true),
            change("name", "other"),
        ]
    },
    also: &[Start {
        around: add_twins,
        asked: |_| {
            let listener = Listener {
                network_load_balancer_id: network_load_balancer::id(&balancer()).into(),
                name: "http".into(),
                default_backend_set_name: backend_set::name(&set("around")).into(),
                port: 80.into(),
                protocol: "TCP".into(),
                ..Listener::default()
            };
            asked(listener.inputs())
        },
        changes: |_| vec![moved()],
    }],
    ..PLAIN
};

pub(crate) const BACKEND: Case = Case {
    resource_type: backend::TYPE,
    around: add_sets,
    asked: |_| {
        let backend = Backend {
            network_load_balancer_id: network_load_balancer::id(&balancer()).into(),
            backend_set_name: backend_set::name(&set("web")).into(),
            ip_address: "10.0.200.10".into(),
            port: 80.into(),
            weight: 2.into(),
            is_drain: false.into(),
            drain_seconds: 10.into(),
            ..Backend::default()
        };
        asked(backend.inputs())
    },
    changes: |_| {
        vec![
            change("weight", 3),
            change("is_drain", true),
            change("is_backup", true),
            change("is_offline", true),
            change("drain_seconds", 0),
            change("port", 8080),
            change("ip_address", "10.0.200.11"),
            change("name", "web1"),
            change("backend_set_name", backend_set::name(&set("other")).reference().clone()),
        ]
    },
    also: &[Start {
        around: |place, builder| {
            add_twins(place, builder);
            add_servers(place, builder);
        },
        asked: |_| {
            let backend = Backend {
                network_load_balancer_id: network_load_balancer::id(&balancer()).into(),
                backend_set_name: backend_set::name(&set("around")).into(),
                target_id: instance::id(&server("around")).into(),
                port: 80.into(),
                ..Backend::default()
            };
            asked(backend.inputs())
        },
        changes: |_| vec![change("target_id", instance::id(&server("other")).reference().clone()), moved()],
    }],
    untold: &["drain_seconds"],
    ..PLAIN
};
