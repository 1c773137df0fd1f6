//! Three backend sets with a listener and sixteen backends each: made, changed and deleted at full parallelism, without a
//! conflict that we caused ourselves.

use cross_tests::bench::Bench;
use oci_resources::attr::{Attr, ToExpr};
use oci_resources::core::subnet;
use oci_resources::network_load_balancer::backend::{self, Backend};
use oci_resources::network_load_balancer::backend_set::{self, BackendSet};
use oci_resources::network_load_balancer::listener::{self, Listener};
use oci_resources::network_load_balancer::network_load_balancer::{self as balancer, NetworkLoadBalancer};
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::plan::Mode;
use reconcile::provider::{CreateRequest, Provider as _};
use reconcile::value::{Expr, Value, ValueMap};
use serde_json::json;

use crate::{add_network, at};

pub(crate) const SETS: usize = 3;
pub(crate) const BACKENDS: usize = 16;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Backends {
    /// In the list of their set.
    Inline,
    /// Resources of their own.
    Separate,
}

pub(crate) fn graph(tenancy: &str, backends: Backends, weight: i64) -> Graph {
    graph_with(tenancy, backends, weight, "FIVE_TUPLE")
}

/// As [`graph`], with another policy of the sets.
pub(crate) fn graph_with(tenancy: &str, backends: Backends, weight: i64, policy: &str) -> Graph {
    let mut builder = GraphBuilder::default();
    add_network(tenancy, &mut builder);
    let site = at(balancer::TYPE, "site");
    let balancer = NetworkLoadBalancer {
        compartment_id: tenancy.into(),
        display_name: "site".into(),
        subnet_id: subnet::id(&at(subnet::TYPE, "web")).into(),
        is_private: true.into(),
        ..NetworkLoadBalancer::default()
    };
    builder.add(balancer.inputs().at(site.clone()));
    for number in 0..SETS {
        let name = format!("set{number}");
        let set = at(backend_set::TYPE, &name);
        let port = 8000 + i64::try_from(number).unwrap();
        let address = |server: usize| format!("10.0.0.{}", 50 + server);
        let inline: Vec<_> = (0..BACKENDS)
            .map(|server| json!({"name": format!("web{server}"), "ip_address": address(server), "port": port, "weight": weight}))
            .collect();
        let backend_set = BackendSet {
            network_load_balancer_id: balancer::id(&site).into(),
            name: name.as_str().into(),
            policy: policy.into(),
            health_checker: Attr::Expr(expr(
                &json!({"protocol": "HTTP", "url_path": "/", "return_code": 303, "port": port}),
            )),
            backends: if backends == Backends::Inline {
                Attr::Expr(expr(&json!(inline)))
            } else {
                Attr::Absent
            },
            ..BackendSet::default()
        };
        builder.add(backend_set.inputs().at(set.clone()));
        let listener = Listener {
            network_load_balancer_id: balancer::id(&site).into(),
            name: format!("listener{number}").into(),
            default_backend_set_name: backend_set::name(&set).into(),
            port: port.into(),
            protocol: "TCP".into(),
            ..Listener::default()
        };
        builder.add(listener.inputs().at(at(listener::TYPE, &name)));
        for server in (0..BACKENDS).filter(|_| backends == Backends::Separate) {
            let backend = Backend {
                network_load_balancer_id: balancer::id(&site).into(),
                backend_set_name: backend_set::name(&set).into(),
                name: format!("web{server}").into(),
                ip_address: address(server).into(),
                port: port.into(),
                weight: weight.into(),
                drain_seconds: 20.into(),
                ..Backend::default()
            };
            builder.add(backend.inputs().at(at(backend::TYPE, &format!("set{number}-web{server}"))));
        }
    }
    builder.build().unwrap()
}

fn expr(json: &serde_json::Value) -> Expr {
    json.to_expr().unwrap()
}

/// The mutating requests to the load balancer since the last time; there must have been no conflict.
fn requests(bench: &Bench, seen: &mut usize) -> Vec<&'static str> {
    let all = bench.cloud.mock.requests();
    let new = &all[*seen..];
    let conflicts: Vec<_> = new
        .iter()
        .filter(|entry| entry.service == Some("network_load_balancer") && entry.status == 409)
        .collect();
    assert!(conflicts.is_empty(), "{conflicts:#?}");
    *seen = all.len();
    let ours =
        new.iter().filter(|entry| entry.service == Some("network_load_balancer") && entry.method != "GET");
    ours.filter_map(|entry| entry.operation).collect()
}

async fn life(backends: Backends, made_max: usize, changed_max: usize) {
    let mut bench = Bench::new(31).await;
    // At full parallelism.
    bench.options.concurrency = 200;
    let (tenancy, mut seen) = (bench.cloud.tenancy(), 0);
    bench.reach(&graph(&tenancy, backends, 1)).await;
    let made = requests(&bench, &mut seen);
    assert!(made.len() <= made_max, "{made:?}");
    assert_eq!(bench.live(backend::TYPE).len(), SETS * BACKENDS);

    bench.reach(&graph(&tenancy, backends, 2)).await;
    let changed = requests(&bench, &mut seen);
    assert!(changed.len() <= changed_max, "{changed:?}");

    let (_, summary) = bench.go(&Graph::empty(), Mode::Destroy).await;
    assert!(summary.is_success(), "{summary:#?}");
    requests(&bench, &mut seen);
    assert_eq!(bench.live(balancer::TYPE).len() + bench.live(backend::TYPE).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn backends_in_the_list_of_their_set_cost_no_request_of_their_own() {
    life(Backends::Inline, SETS + SETS + 1, SETS).await;
}

#[tokio::test(start_paused = true)]
async fn backends_of_their_own_are_made_with_their_set_and_changed_in_one_request_for_each() {
    life(Backends::Separate, SETS + SETS + 1, SETS).await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_comes_too_late_for_the_others_request_does_not_undo_it() {
    let mut bench = Bench::new(3).await;
    let tenancy = bench.cloud.tenancy();
    let graph = graph(&tenancy, Backends::Inline, 1);
    bench.reach(&graph).await;
    let balancer = bench.live(balancer::TYPE).remove(0);
    let create = |name: &str| CreateRequest {
        address: at(backend::TYPE, name),
        retry_token: name.into(),
        inputs: ValueMap::from_iter([
            ("network_load_balancer_id".into(), Value::string(balancer.as_str())),
            ("backend_set_name".into(), Value::string("set0")),
            ("name".into(), Value::string(name)),
            ("ip_address".into(), Value::string("10.0.0.99")),
            ("port".into(), Value::from(i64::try_from(8100 + name.len()).unwrap())),
        ]),
    };
    // The second one sees the list as it is before the first one's work is done, and sends its own only after that.
    let when = json!({"operations": ["GetBackendSet"], "skip": 1, "times": 1});
    let slow = json!({"when": when, "do": {"delay": {"seconds": 55}}});
    bench.control("POST", "/_mock/faults", Some(&json!({"faults": [slow]})));
    let late = async {
        bench.world.sleep(std::time::Duration::from_millis(20)).await;
        bench.driver.create(create("late")).await
    };
    let (first, late) = tokio::join!(bench.driver.create(create("a")), late);
    assert!(first.is_ok() && late.is_ok(), "{first:?} {late:?}");
    bench.world.sleep(std::time::Duration::from_secs(300)).await;
    let live = bench.live(backend::TYPE);
    for name in ["a", "late"] {
        assert!(live.iter().any(|id| id.ends_with(&format!("/{name}"))), "{name} is not there: {live:?}");
    }
}
