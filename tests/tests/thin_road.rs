//! The whole road, thin: a graph of two resources becomes a plan, signed requests, a changed cloud and a state; a second
//! plan is empty; a change is made in place; a lost answer makes nothing twice; in the end nothing is left.
//!
//! In process, on a paused clock.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use cross_tests::Cloud;
use http::Method;
use oci_mock::WireRequest;
use oci_mock::faults::Script;
use oci_resources::core::subnet::{self, Subnet};
use oci_resources::core::vcn::{self, Vcn};
use oci_resources::driver::Driver;
use reconcile::Address;
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::journal::{Holder, Journal, KeySource, Ledger};
use reconcile::plan::{Mode, Plan, PlanInput, PlanOptions, plan};
use reconcile::run::{ApplyOptions, Cancel, Context, Silent, Summary, apply, refresh, settle};
use reconcile::secret::KeyFile;
use reconcile::store::FileStore;
use world::{TestWorld, World};

const LINEAGE: &str = "thin-road";

fn graph(tenancy: &str, name: &str) -> Graph {
    let network = Address::new(vcn::TYPE, "main").unwrap();
    let private = Address::new(subnet::TYPE, "private").unwrap();
    let vcn = Vcn {
        compartment_id: tenancy.into(),
        cidr_blocks: vec![String::from("10.0.0.0/16")].into(),
        display_name: name.into(),
        dns_label: "moodle".into(),
        ..Vcn::default()
    };
    let subnet = Subnet {
        compartment_id: tenancy.into(),
        vcn_id: vcn::id(&network).into(),
        cidr_block: "10.0.1.0/24".into(),
        dns_label: "web".into(),
        prohibit_public_ip_on_vnic: true.into(),
        ..Subnet::default()
    };
    let mut builder = GraphBuilder::default();
    builder.add(vcn.inputs().at(network.clone()));
    builder.add(subnet.inputs().at(private));
    builder.output("vcn_id", vcn::id(&network).reference().clone());
    builder.build().unwrap()
}

/// One run of the program: open the state, settle what is open, look, plan, and carry out.
struct Run {
    world: Arc<dyn World>,
    cloud: Cloud,
    state: tempfile::TempDir,
}

impl Run {
    fn new() -> Self {
        let epoch = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let world: Arc<dyn World> = Arc::new(TestWorld::new(epoch, 11));
        let cloud = Cloud::new(11, &world);
        Self { world, cloud, state: tempfile::tempdir().unwrap() }
    }

    async fn journal(&self) -> Journal {
        let holder = Holder {
            owner: "test".to_owned(),
            host: "here".to_owned(),
            pid: 1,
            reason: "apply".to_owned(),
            lease: Duration::from_secs(120),
        };
        let file = |name: &str| self.state.path().join(name);
        let store = Box::new(FileStore::new(file("state.json")));
        let keys = KeySource::File(KeyFile::new(file("state.key")));
        Journal::open(store, &keys, holder, Arc::clone(&self.world)).await.unwrap()
    }

    async fn go(&self, graph: &Graph, mode: Mode) -> (Plan, Summary) {
        let mut journal = self.journal().await;
        let key = journal.key().clone();
        let driver = Driver::new(self.cloud.client.clone(), LINEAGE, vec![self.cloud.tenancy()]);
        let context = Context { provider: &driver, world: &*self.world, key: &key };
        let cancel = Cancel::new();
        let settled = settle(context, Some(graph), &mut journal, &mut Silent, &cancel).await.unwrap();
        assert_eq!(settled.open, []);
        let observed = refresh(context, graph, journal.state(), true).await;
        let options = PlanOptions { mode, ..PlanOptions::default() };
        let input =
            PlanInput { provider: &driver, key: &key, graph, state: journal.state(), observed: &observed };
        let plan = plan(input, &options);
        let options = ApplyOptions::default();
        let summary =
            apply(context, graph, &plan, &mut journal, &options, &mut Silent, &cancel).await.unwrap();
        journal.close().await.unwrap();
        (plan, summary)
    }

    /// How many requests of an operation the mock has answered.
    fn count(&self, operation: &str) -> usize {
        self.cloud.mock.requests().iter().filter(|entry| entry.operation == Some(operation)).count()
    }

    fn live(&self, terraform_type: &str) -> usize {
        let inventory = WireRequest::new(Method::GET, "/_mock/inventory");
        let inventory = self.cloud.mock.handle(&inventory).json().unwrap();
        inventory[terraform_type].as_array().map_or(0, Vec::len)
    }
}

#[tokio::test(start_paused = true)]
async fn two_resources_come_up_change_and_go_again() {
    let run = Run::new();
    let tenancy = run.cloud.tenancy();

    let (plan, summary) = run.go(&graph(&tenancy, "campus"), Mode::Apply).await;
    assert_eq!(plan.counts().create, 2);
    assert!(summary.is_success(), "{summary:?}");
    assert!(summary.outputs.get("vcn_id").unwrap().as_str().unwrap().starts_with("ocid1.vcn."));
    assert_eq!((run.live("oci_core_vcn"), run.live("oci_core_subnet")), (1, 1));

    let (plan, _) = run.go(&graph(&tenancy, "campus"), Mode::Apply).await;
    assert!(plan.is_empty(), "{plan:?}");

    let (plan, summary) = run.go(&graph(&tenancy, "campus-2"), Mode::Apply).await;
    assert_eq!((plan.counts().update, plan.counts().create, plan.counts().delete), (1, 0, 0));
    assert!(summary.is_success(), "{summary:?}");
    assert_eq!(run.count("UpdateVcn"), 1);
    let (plan, _) = run.go(&graph(&tenancy, "campus-2"), Mode::Apply).await;
    assert!(plan.is_empty(), "{plan:?}");

    let (_, summary) = run.go(&graph(&tenancy, "campus-2"), Mode::Destroy).await;
    assert!(summary.is_success(), "{summary:?}");
    assert_eq!((run.live("oci_core_vcn"), run.live("oci_core_subnet")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_after_the_work_was_done_make_nothing_twice() {
    let run = Run::new();
    let graph = graph(&run.cloud.tenancy(), "campus");
    let script = r#"{"faults": [
        {"when": {"operations": ["CreateVcn"], "times": 1}, "do": {"loseReply": {}}},
        {"when": {"operations": ["CreateSubnet"], "times": 1}, "do": {"loseReply": {}}}
    ]}"#;
    run.cloud.mock.add_faults(Script::parse(script).unwrap());

    let (_, summary) = run.go(&graph, Mode::Apply).await;
    assert!(summary.is_success(), "{summary:?}");
    assert_eq!((run.count("CreateVcn"), run.count("CreateSubnet")), (2, 2), "each was sent twice");
    assert_eq!((run.live("oci_core_vcn"), run.live("oci_core_subnet")), (1, 1), "and made once");
    assert!(run.go(&graph, Mode::Apply).await.0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_costs_one_list_for_each_type_and_page() {
    let run = Run::new();
    let graph = graph(&run.cloud.tenancy(), "campus");
    run.go(&graph, Mode::Apply).await;
    let before = run.cloud.mock.requests().len();
    run.go(&graph, Mode::Apply).await;
    let asked: Vec<_> =
        run.cloud.mock.requests().split_off(before).iter().map(|entry| entry.operation).collect();
    assert_eq!(asked, [Some("ListSubnets"), Some("ListVcns")]);
}
