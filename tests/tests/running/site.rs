//! A site on the mock: made by the engine from a file, until it answers.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use cross_tests::bench::Bench;
use moodle_stack::config::Config;
use moodle_stack::config::secret::derive;
use moodle_stack::report::Report;
use moodle_stack::server::SECRET_KEYS;
use moodle_stack::session::Session;
use moodle_stack::site::{Answer, Visitor};
use moodle_stack::stack::{Facts, Secrets, graph};
use moodle_stack::status::{self, Status};
use moodle_stack::verify;
use oci_mock::Mock;
use oci_mock::datapath::{Choice, choose};
use oci_resources::network_load_balancer::network_load_balancer;
use reconcile::journal::Ledger as _;
use reconcile::plan::PlanOptions;
use reconcile::value::Value;
use world::BoxFuture;

pub(crate) const FILE: &str = "\
[site]
name = \"campus\"
admin_email = \"it@example.org\"

[database]
shape = \"MySQL.8\"
replicas = 1
";

/// A visitor who comes over the internet, through the mock's load balancer.
struct Guest {
    mock: Mock,
    balancer: Option<String>,
}

impl Visitor for Guest {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, String>> {
        Box::pin(async move {
            let balancer = self.balancer.as_deref().ok_or("there is no load balancer")?;
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let peer: SocketAddr = "203.0.113.9:40000".parse().unwrap();
            let now = self.mock.clock().now();
            let chosen = self.mock.with_cloud(|cloud| choose(cloud, balancer, "http", peer, None, path, now));
            match chosen {
                Choice::Page { page, .. } => {
                    let location = page.location.map(|path| format!("http://{host}{path}"));
                    Ok(Answer { status: page.status, location })
                }
                Choice::Closed(why) => Err(why),
            }
        })
    }
}

pub(crate) struct Site {
    pub(crate) bench: Bench,
    pub(crate) config: Config,
    /// How many requests had been made when it was ready.
    requests: usize,
}

impl Site {
    /// A site of which nothing exists.
    pub(crate) async fn bare(seed: u64) -> Self {
        let bench = Bench::new(seed).await;
        Self { bench, config: Config::parse(FILE).unwrap(), requests: 0 }
    }

    /// A site that answers.
    pub(crate) async fn new(seed: u64) -> Self {
        let mut site = Self::bare(seed).await;
        let facts = Facts::ask(&site.bench.cloud.client, &site.config).await.unwrap();
        let secrets: Secrets = SECRET_KEYS.iter().map(|key| (*key, derive(&[7; 32], key, 0))).collect();
        let graph = graph(&site.config, &facts, &secrets).unwrap();
        // Servers wait for their database, and so must who waits for them.
        let plan = site.bench.plan(&graph, &PlanOptions::default()).await;
        site.bench.options = Session::apply_options(&plan);
        site.bench.reach(&graph).await;
        // Servers boot, and the load balancer takes notice.
        site.bench.world.sleep(Duration::from_secs(3600)).await;
        site.requests = site.bench.cloud.mock.requests().len();
        site
    }

    pub(crate) async fn status(&self) -> Status {
        let state = self.bench.journal.state();
        status::look(&self.bench.cloud.client, &*self.bench.world, state).await
    }

    pub(crate) async fn verify(&self, status: &Status) -> Report {
        let balancer = self.bench.live(network_load_balancer::TYPE).into_iter().next();
        let guest = Guest { mock: self.bench.cloud.mock.clone(), balancer };
        let url = self.bench.journal.state().outputs().get("url").and_then(Value::as_str);
        verify::run(&self.config, status, url, &guest).await
    }

    /// Makes sure that nothing but reads was asked since the site was ready.
    pub(crate) fn only_read(&self) {
        let log = self.bench.cloud.mock.requests().split_off(self.requests);
        assert!(log.len() > 10, "{}", log.len());
        let methods: BTreeSet<String> = log.into_iter().map(|entry| entry.method).collect();
        assert_eq!(methods, ["GET".to_owned()].into());
    }

    /// Takes the rule away by which visitors and the load balancer reach the servers.
    pub(crate) fn close_the_web(&self) {
        let lists = self.bench.live("oci_core_security_list");
        self.bench.cloud.mock.with_cloud_mut(|cloud| {
            for id in lists {
                let is_web = cloud.get(&id).and_then(|list| list.text("displayName")) == Some("campus-web");
                if is_web {
                    cloud.update(&id, |list| list.set("ingressSecurityRules", serde_json::json!([])));
                }
            }
        });
    }

    /// Writes into an object behind the API's back.
    pub(crate) fn set(&self, id: &str, attribute: &str, value: serde_json::Value) {
        self.bench.cloud.mock.with_cloud_mut(|cloud| cloud.update(id, |object| object.set(attribute, value)));
    }
}
