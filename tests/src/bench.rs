//! A bench to try resource types on: a mock cloud in process, a driver, and a state in memory.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use oci_mock::WireRequest;
use oci_mock::faults::Script;
use oci_resources::driver::Driver;
use reconcile::Address;
use reconcile::graph::Graph;
use reconcile::journal::{Holder, Journal, KeySource, Ledger};
use reconcile::plan::{Mode, Plan, PlanInput, PlanOptions, plan};
use reconcile::run::{ApplyOptions, Cancel, Context, Event, Summary, apply, refresh, settle};
use reconcile::secret::DigestKey;
use reconcile::store::MemoryStore;
use world::{TestWorld, World};

use crate::Cloud;

/// The name of the stack on the bench.
pub const LINEAGE: &str = "bench";

/// One cloud, one stack.
#[derive(Debug)]
pub struct Bench {
    /// The clock and everything random.
    pub world: Arc<dyn World>,
    /// The cloud and a client of it.
    pub cloud: Cloud,
    /// The provider.
    pub driver: Driver,
    /// The state.
    pub journal: Journal,
    /// Everything that happened in all runs.
    pub events: Vec<Event>,
    /// How plans are carried out.
    pub options: ApplyOptions,
    key: DigestKey,
}

impl Bench {
    /// A bench whose cloud and randomness follow from `seed`.
    ///
    /// # Panics
    /// When a state in memory cannot be opened.
    pub async fn new(seed: u64) -> Self {
        let epoch = DateTime::from_timestamp(1_795_000_000, 0).expect("a moment of November 2026");
        let world: Arc<dyn World> = Arc::new(TestWorld::new(epoch, seed));
        let cloud = Cloud::new(seed, &world);
        Self::on(cloud, world).await
    }

    /// A bench on a cloud that is there: another program, with a state of its own.
    ///
    /// # Panics
    /// As [`Bench::new`].
    pub async fn on(cloud: Cloud, world: Arc<dyn World>) -> Self {
        let key = DigestKey::from_bytes([7; 32]);
        let holder = Holder {
            owner: "bench".to_owned(),
            host: "here".to_owned(),
            pid: 1,
            reason: "test".to_owned(),
            lease: Duration::from_secs(120),
        };
        let store = Box::new(MemoryStore::new());
        let keys = KeySource::Given(key.clone());
        let journal = Journal::open(store, &keys, holder, Arc::clone(&world)).await;
        let journal = journal.expect("a state in memory can be opened");
        let driver = Driver::new(cloud.client.clone(), LINEAGE, vec![cloud.tenancy()]);
        let options = ApplyOptions::default();
        Self { world, cloud, driver, journal, events: Vec::new(), options, key }
    }

    /// The same cloud and state, with another driver: as if the program had been started anew.
    pub fn restart(&mut self) {
        self.driver = Driver::new(self.cloud.client.clone(), LINEAGE, vec![self.cloud.tenancy()]);
    }

    /// Settles what is open, looks, and plans.
    ///
    /// # Panics
    /// When the state cannot be written.
    pub async fn plan(&mut self, graph: &Graph, options: &PlanOptions) -> Plan {
        let context = Context { provider: &self.driver, world: &*self.world, key: &self.key };
        let cancel = Cancel::new();
        settle(context, Some(graph), &mut self.journal, &mut self.events, &cancel)
            .await
            .expect("a state in memory can be written");
        let observed = refresh(context, graph, self.journal.state(), true).await;
        let state = self.journal.state();
        let input = PlanInput { provider: &self.driver, key: &self.key, graph, state, observed: &observed };
        plan(input, options)
    }

    /// Plans from what the state says, without looking at the world.
    pub async fn plan_from_state(&mut self, graph: &Graph) -> Plan {
        let context = Context { provider: &self.driver, world: &*self.world, key: &self.key };
        let observed = refresh(context, graph, self.journal.state(), false).await;
        let state = self.journal.state();
        let input = PlanInput { provider: &self.driver, key: &self.key, graph, state, observed: &observed };
        plan(input, &PlanOptions::default())
    }

    /// Carries a plan out.
    ///
    /// # Panics
    /// When the plan has problems, or the state cannot be written.
    pub async fn carry_out(&mut self, graph: &Graph, plan: &Plan) -> Summary {
        let context = Context { provider: &self.driver, world: &*self.world, key: &self.key };
        let cancel = Cancel::new();
        apply(context, graph, plan, &mut self.journal, &self.options, &mut self.events, &cancel)
            .await
            .unwrap_or_else(|error| panic!("{error}: {:?}", plan.problems()))
    }

    /// Settles, looks, plans and carries out, whatever holds data included.
    pub async fn go(&mut self, graph: &Graph, mode: Mode) -> (Plan, Summary) {
        let there = self.journal.state().entries().map(|(address, _)| address);
        let consent = there.chain(graph.nodes().iter().map(|node| &node.address)).cloned().collect();
        let plan = self.plan(graph, &PlanOptions { mode, consent, ..PlanOptions::default() }).await;
        let summary = self.carry_out(graph, &plan).await;
        (plan, summary)
    }

    /// As [`Bench::go`], which must succeed and leave nothing to do.
    ///
    /// # Panics
    /// When it does not.
    pub async fn reach(&mut self, graph: &Graph) -> Plan {
        let (plan, summary) = self.go(graph, Mode::Apply).await;
        assert!(summary.is_success(), "{summary:#?}");
        self.expect_quiet(graph).await;
        plan
    }

    /// A plan for `graph` that must have nothing to do.
    ///
    /// # Panics
    /// When it has.
    pub async fn expect_quiet(&mut self, graph: &Graph) {
        let plan = self.plan(graph, &PlanOptions::default()).await;
        assert!(plan.is_empty(), "a second plan has something to do: {plan:#?}");
        assert!(plan.drift().is_empty(), "something drifted by itself: {:#?}", plan.drift());
    }

    /// Adds faults (`schemas/mock-faults.json`).
    ///
    /// # Panics
    /// When they are not understood.
    pub fn faults(&self, script: &serde_json::Value) {
        let script = Script::parse(&script.to_string());
        self.cloud.mock.add_faults(script.unwrap_or_else(|error| panic!("{error}")));
    }

    /// The ids of the live objects of a type.
    ///
    /// # Panics
    /// When the mock does not answer.
    #[must_use]
    pub fn live(&self, resource_type: &str) -> Vec<String> {
        let inventory = self.control("GET", "/_mock/inventory", None);
        let items = inventory[resource_type].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
    }

    /// A call of the mock's control interface.
    ///
    /// # Panics
    /// When the mock does not answer with JSON.
    pub fn control(&self, method: &str, path: &str, body: Option<&serde_json::Value>) -> serde_json::Value {
        let method = method.parse().expect("a method");
        let mut request = WireRequest::new(method, path);
        if let Some(body) = body {
            request.body = body.to_string().into();
        }
        self.cloud.mock.handle(&request).json().unwrap_or_default()
    }

    /// The mutating requests that were sent, by operation, in order.
    #[must_use]
    pub fn mutations(&self) -> Vec<&'static str> {
        let requests = self.cloud.mock.requests().into_iter().filter(|entry| entry.method != "GET");
        requests.filter_map(|entry| entry.operation).collect()
    }

    /// What the state knows the object at `address` by.
    #[must_use]
    pub fn identifier(&self, address: &Address) -> Option<String> {
        Some(self.journal.state().entry(address)?.identifier.as_ref()?.to_string())
    }
}
