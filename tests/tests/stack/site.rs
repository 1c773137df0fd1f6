//! A stack whose file changes, as an administrator changes it.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use cross_tests::Cloud;
use moodle_stack::config::Config;
use moodle_stack::keep::Kept;
use moodle_stack::report::Report;
use moodle_stack::session::{Place, Session};
use moodle_stack::site::{self, Answer, Visitor};
use moodle_stack::verify::{self, Changes};
use oci_client::client::Client;
use oci_client::services::core::models::{UpdateNatGatewayDetails, UpdateServiceGatewayDetails};
use oci_client::services::core::operations::{UpdateNatGateway, UpdateServiceGateway};
use oci_mock::Mock;
use oci_mock::datapath::{Choice, choose};
use reconcile::Address;
use reconcile::plan::{Action, Plan, PlanOptions};
use reconcile::run::{Cancel, Event, Summary};
use serde_json::Value as Json;
use tempfile::TempDir;
use world::{BoxFuture, TestWorld, World};

/// The text of a file in `examples/`.
#[expect(clippy::disallowed_methods, reason = "the test reads the workspace's examples")]
pub(crate) fn example(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Somebody who does things in the cloud while a run goes on.
pub(crate) struct Bystander {
    pub(crate) client: Client,
    pub(crate) world: Arc<dyn World>,
    mock: Mock,
}

impl Bystander {
    /// The OCIDs of the live objects of a type, so many as there are.
    pub(crate) fn live(&self, resource_type: &str) -> Vec<String> {
        let ask = oci_mock::WireRequest::new(http::Method::GET, "/_mock/inventory");
        let inventory: Json = self.mock.handle(&ask).json().unwrap();
        let items = inventory[resource_type].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
    }

    /// Takes the rules away by which visitors and the load balancer reach the servers.
    pub(crate) fn close_the_web(&self) {
        let lists = self.live("oci_core_security_list");
        self.mock.with_cloud_mut(|cloud| {
            for id in lists {
                let is_web = cloud.get(&id).and_then(|list| list.text("displayName")) == Some("campus-web");
                if is_web {
                    cloud.update(&id, |list| list.set("ingressSecurityRules", serde_json::json!([])));
                }
            }
        });
    }
}

/// A cloud, a folder with a state, and everything that happened.
pub(crate) struct Site {
    pub(crate) cloud: Cloud,
    world: Arc<dyn World>,
    folder: TempDir,
    pub(crate) events: Vec<Event>,
    /// What was there before anything was made.
    before: Vec<(String, Vec<String>)>,
}

impl Site {
    /// An empty cloud. `seed` is what it is random with.
    pub(crate) fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let epoch = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let world: Arc<dyn World> = Arc::new(TestWorld::new(epoch, seed));
        let cloud = Cloud::new(seed, &world);
        let folder = TempDir::new().unwrap();
        let mut site = Self { cloud, world, folder, events: Vec::new(), before: Vec::new() };
        site.before = site.inventory();
        site
    }

    /// Somebody else in the same cloud.
    pub(crate) fn bystander(&self) -> Bystander {
        let (client, mock) = (self.cloud.client.clone(), self.cloud.mock.clone());
        Bystander { client, world: Arc::clone(&self.world), mock }
    }

    async fn session(&self, config: &Config) -> Session {
        let place = Place {
            client: self.cloud.client.clone(),
            cloud_time: Arc::clone(&self.world),
            machine: Arc::clone(&self.world),
            state: self.folder.path().join("state.json"),
        };
        let run = |_: &[String]| panic!("no example runs a program");
        Session::open(place, (config, self.folder.path(), &run), None, "test").await.unwrap()
    }

    /// One `apply`: settles, looks, plans, carries out.
    pub(crate) async fn apply(&mut self, file: &str) -> (Plan, Summary) {
        self.run(file, &PlanOptions::default()).await
    }

    /// One run with other options.
    pub(crate) async fn run(&mut self, file: &str, options: &PlanOptions) -> (Plan, Summary) {
        let config = Config::parse(file).unwrap_or_else(|wrong| panic!("{wrong}"));
        let mut session = self.session(&config).await;
        let cancel = Cancel::new();
        session.settle(&mut self.events, &cancel).await.unwrap();
        let observed = session.refresh(true).await;
        let plan = session.plan(&observed, options);
        assert!(plan.problems().is_empty(), "{:?}", plan.problems());
        let options = Session::apply_options(&plan);
        let summary = session.apply(&plan, &options, &mut self.events, &cancel).await.unwrap();
        session.close().await.unwrap();
        (plan, summary)
    }

    /// An `apply` that must succeed, end with a site that answers, and leave nothing to do.
    pub(crate) async fn reach(&mut self, file: &str) -> Plan {
        let (plan, summary) = self.apply(file).await;
        assert!(summary.is_success(), "{:#?}", summary.failed);
        self.answers(file).await;
        self.expect_quiet(file).await;
        plan
    }

    /// The site must answer a visitor through the load balancer.
    pub(crate) async fn answers(&self, file: &str) -> Answer {
        self.until_it_answers(file).await.unwrap_or_else(|silent| panic!("{silent}"))
    }

    /// Waits for the site to answer.
    pub(crate) async fn until_it_answers(&self, file: &str) -> Result<Answer, site::NotAnswering> {
        let config = Config::parse(file).unwrap();
        let session = self.session(&config).await;
        let site = self.site(&config, &session);
        let visitor = Internet { mock: &self.cloud.mock, load_balancer_id: site.load_balancer_id() };
        let answer = site.until_it_answers(&visitor, &Cancel::new()).await;
        session.close().await.unwrap();
        answer
    }

    /// Whether the site answers now, and if not, why.
    pub(crate) async fn diagnose(&self, file: &str) -> Result<Answer, site::NotAnswering> {
        let config = Config::parse(file).unwrap();
        let session = self.session(&config).await;
        let site = self.site(&config, &session);
        let visitor = Internet { mock: &self.cloud.mock, load_balancer_id: site.load_balancer_id() };
        let answer = site.diagnose(&visitor).await;
        session.close().await.unwrap();
        answer
    }

    /// Everything about the site as it is now.
    pub(crate) async fn inspect(&self, config: &Config) -> site::Inspection {
        let session = self.session(config).await;
        let id = self.site(config, &session).load_balancer_id().to_owned();
        let visitor = Internet { mock: &self.cloud.mock, load_balancer_id: &id };
        let seen = site::inspect(&self.cloud.client, &*self.world, &visitor, config, session.state()).await;
        session.close().await.unwrap();
        seen
    }

    /// What `verify` says of it.
    pub(crate) async fn verify(&self, config: &Config, seen: &site::Inspection, changes: &Changes) -> Report {
        let session = self.session(config).await;
        let id = self.site(config, &session).load_balancer_id().to_owned();
        session.close().await.unwrap();
        let visitor = Internet { mock: &self.cloud.mock, load_balancer_id: &id };
        verify::run_whole(config, seen, changes, &visitor).await
    }

    /// Lets time pass.
    pub(crate) async fn wait(&self, time: Duration) {
        self.world.sleep(time).await;
    }

    fn site(&self, config: &Config, session: &Session) -> site::Site {
        let (client, time) = (self.cloud.client.clone(), Arc::clone(&self.world));
        site::Site::new(client, time, config, session.state()).unwrap()
    }

    /// A plan that must have nothing to do.
    pub(crate) async fn expect_quiet(&mut self, file: &str) {
        let config = Config::parse(file).unwrap();
        let session = self.session(&config).await;
        let observed = session.refresh(true).await;
        let plan = session.plan(&observed, &PlanOptions::default());
        assert!(plan.is_empty(), "a second plan has something to do: {plan}");
        assert!(plan.drift().is_empty(), "something drifted by itself: {:#?}", plan.drift());
        session.close().await.unwrap();
    }

    /// Removes everything but the data, and says what is kept.
    pub(crate) async fn destroy_keeping_data(&mut self, file: &str) -> Kept {
        let config = Config::parse(file).unwrap();
        let session = self.session(&config).await;
        let kept = session.require_final_backup().await.unwrap();
        let options = session.destroy_options(true);
        session.close().await.unwrap();
        let (_, summary) = self.run(file, &options).await;
        assert!(summary.is_success(), "{:#?}", summary.failed);
        let session = self.session(&config).await;
        let kept = session.with_backups(kept).await.unwrap();
        session.close().await.unwrap();
        kept
    }

    /// Removes everything; nothing may be left.
    pub(crate) async fn destroy(&mut self, file: &str) {
        let config = Config::parse(file).unwrap();
        let session = self.session(&config).await;
        let options = session.destroy_options(false);
        session.close().await.unwrap();
        let (_, summary) = self.run(file, &options).await;
        assert!(summary.is_success(), "{:#?}", summary.failed);
        assert_eq!(self.inventory(), self.before, "something is left, or gone that was not ours");
    }

    /// What exists, by type: the ids.
    pub(crate) fn inventory(&self) -> Vec<(String, Vec<String>)> {
        let answer = self.control("GET", "/_mock/inventory");
        let of = |(name, items): (&String, &Json)| {
            let ids = items
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned())
                .collect();
            (name.clone(), ids)
        };
        answer
            .as_object()
            .unwrap()
            .iter()
            .map(of)
            .filter(|(_, ids): &(String, Vec<String>)| !ids.is_empty())
            .collect()
    }

    /// The ids of what exists of one type.
    pub(crate) fn live(&self, resource_type: &str) -> Vec<String> {
        let all = self.inventory().into_iter().find(|(name, _)| name == resource_type);
        all.map(|(_, ids)| ids).unwrap_or_default()
    }

    /// A call of the mock's control interface.
    pub(crate) fn control(&self, method: &str, path: &str) -> Json {
        let request = oci_mock::WireRequest::new(method.parse().unwrap(), path);
        self.cloud.mock.handle(&request).json().unwrap()
    }

    /// What would be done for a file.
    pub(crate) async fn plan(&self, config: &Config) -> Plan {
        let session = self.session(config).await;
        let observed = session.refresh(true).await;
        let plan = session.plan(&observed, &PlanOptions::default());
        session.close().await.unwrap();
        plan
    }

    /// Closes the ways out of the private subnets, so that servers cannot get packages.
    pub(crate) async fn block_ways_out(&self) {
        let closed =
            UpdateNatGatewayDetails { block_traffic: Some(true), ..UpdateNatGatewayDetails::default() };
        for id in self.live("oci_core_nat_gateway") {
            self.cloud.client.call(&UpdateNatGateway::new(id, closed.clone())).await.unwrap();
        }
        let closed = UpdateServiceGatewayDetails {
            block_traffic: Some(true),
            ..UpdateServiceGatewayDetails::default()
        };
        for id in self.live("oci_core_service_gateway") {
            self.cloud.client.call(&UpdateServiceGateway::new(id, closed.clone())).await.unwrap();
        }
    }

    /// The requests since number `since` that change something: operation and path.
    pub(crate) fn changes_since(&self, since: usize) -> Vec<(String, String)> {
        let all = self.cloud.mock.requests();
        let changes = all.into_iter().skip(since).filter(|entry| entry.method != "GET" && entry.status < 300);
        changes.filter_map(|entry| Some((entry.operation?.to_owned(), entry.path))).collect()
    }
}

/// The steps of a plan as `create oci_core_vcn.site`.
pub(crate) fn steps(plan: &Plan) -> Vec<String> {
    let name = |action: &Action| match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Read => "read",
        Action::Check => "check",
    };
    plan.steps().iter().map(|step| format!("{} {}", name(&step.action), step.address)).collect()
}

/// Whether a plan replaces or removes what has this address.
pub(crate) fn removes(plan: &Plan, address: &str) -> bool {
    let address: Address = address.parse().unwrap();
    plan.steps().iter().any(|step| step.action == Action::Delete && step.address == address)
}

/// Somebody on the internet.
struct Internet<'a> {
    mock: &'a Mock,
    load_balancer_id: &'a str,
}

impl Visitor for Internet<'_> {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, String>> {
        let (scheme, rest) = url.split_once("://").unwrap();
        let path = &rest[rest.find('/').unwrap()..];
        let peer = "203.0.113.9:40000".parse().unwrap();
        let now = self.mock.clock().now();
        let choice =
            self.mock.with_cloud(|cloud| choose(cloud, self.load_balancer_id, scheme, peer, None, path, now));
        let answer = match choice {
            Choice::Page { page, .. } => {
                let host = &rest[..rest.find('/').unwrap()];
                let location = page.location.map(|to| {
                    if to.starts_with('/') { format!("{scheme}://{host}{to}") } else { to.to_string() }
                });
                Ok(Answer { status: page.status, location })
            }
            Choice::Closed(why) => Err(why),
        };
        Box::pin(std::future::ready(answer))
    }
}
