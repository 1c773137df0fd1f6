//! Places without room: the instance is made elsewhere, and everything that does not need it goes on.

use cross_tests::bench::Bench;
use oci_client::page::PageLimits;
use oci_client::services::core::operations::ListImages;
use oci_resources::attr::{Attr, ToExpr};
use oci_resources::core::instance::{self, Instance};
use oci_resources::core::subnet;
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::plan::PlanOptions;
use reconcile::value::Value;
use serde_json::{Value as Json, json};

use crate::{add_network, at};

const AMPERE: &str = "VM.Standard.A1.Flex";
const NEWER: &str = "VM.Standard.A2.Flex";

struct Setup {
    bench: Bench,
    /// Where the servers are made.
    compartment: String,
    image: String,
    domains: Vec<String>,
    /// The group whose members are kept apart.
    group: &'static str,
}

async fn setup(seed: u64) -> Setup {
    let bench = Bench::new(seed).await;
    let mut images = ListImages::new(bench.cloud.tenancy());
    images.shape = Some(AMPERE.to_owned());
    let images = bench.cloud.client.list(images, PageLimits::default()).await.unwrap();
    let domains = bench.cloud.mock.config().place.availability_domains();
    let compartment = bench.cloud.tenancy();
    Setup { image: images[0].id.clone().unwrap(), bench, compartment, domains, group: "web" }
}

impl Setup {
    /// So many servers; the preferred domain of each is another one.
    fn graph(&self, servers: usize, fallback: bool) -> Graph {
        let mut builder = GraphBuilder::default();
        let tenancy = self.bench.cloud.tenancy();
        add_network(&tenancy, &mut builder);
        let mut shapes = vec![json!({"shape": AMPERE, "ocpus": 1, "memory_in_gbs": 6})];
        if fallback {
            shapes.push(json!({"shape": NEWER, "ocpus": 1, "memory_in_gbs": 6}));
        }
        for number in 0..servers {
            let mut domains = self.domains.clone();
            domains.rotate_left(number % 3);
            let placement =
                json!({"availability_domains": domains, "shapes": shapes, "spread_group": self.group});
            let server = Instance {
                compartment_id: self.compartment.as_str().into(),
                display_name: format!("web{number}").into(),
                placement: Attr::Expr(placement.to_expr().unwrap()),
                source_details: Attr::Expr(
                    json!({"source_type": "image", "source_id": self.image}).to_expr().unwrap(),
                ),
                create_vnic_details: Attr::Expr(reconcile::value::Expr::Map(vec![(
                    "subnet_id".into(),
                    subnet::id(&at(subnet::TYPE, "web")).reference().clone().into(),
                )])),
                ..Instance::default()
            };
            builder.add(server.inputs().at(at(instance::TYPE, &format!("web{number}"))));
        }
        builder.build().unwrap()
    }

    fn full(&self, rules: &Json) {
        self.bench.control("PUT", "/_mock/capacity", Some(rules));
    }

    fn told(&self, server: usize, name: &str) -> String {
        use reconcile::journal::Ledger;
        let address = at(instance::TYPE, &format!("web{server}"));
        let entry = self.bench.journal.state().entry(&address).unwrap().clone();
        entry.attributes.get(name).and_then(Value::as_str).unwrap().to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn with_room_everywhere_each_server_gets_the_place_that_it_prefers() {
    let mut setup = setup(61).await;
    let graph = setup.graph(3, false);
    setup.bench.reach(&graph).await;
    let places: Vec<String> = (0..3).map(|server| setup.told(server, "availability_domain")).collect();
    assert_eq!(places, setup.domains);
}

#[tokio::test(start_paused = true)]
async fn a_domain_without_room_is_passed_over_at_once() {
    for later in [false, true] {
        let mut setup = setup(62).await;
        setup.full(
            &json!([{"shape": AMPERE, "availabilityDomain": setup.domains[0], "ocpus": 0.0, "later": later}]),
        );
        let graph = setup.graph(1, false);
        setup.bench.reach(&graph).await;
        assert_eq!(setup.told(0, "availability_domain"), setup.domains[1], "later: {later}");
        assert_eq!(setup.bench.live(instance::TYPE).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fallback_shape_is_taken_when_the_first_one_has_no_room_anywhere() {
    for later in [false, true] {
        let mut setup = setup(63).await;
        setup.full(&json!([{"shape": AMPERE, "ocpus": 0.0, "later": later}]));
        let graph = setup.graph(1, true);
        setup.bench.reach(&graph).await;
        assert_eq!(setup.told(0, "shape"), NEWER, "later: {later}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_spread_of_a_group_is_kept_where_a_place_falls_away() {
    let mut setup = setup(64).await;
    // The first domain has no room, and the second one has it for one server only.
    setup.full(&json!([
        {"shape": AMPERE, "availabilityDomain": setup.domains[0], "ocpus": 0.0},
        {"shape": AMPERE, "availabilityDomain": setup.domains[1], "ocpus": 1.0},
    ]));
    let graph = setup.graph(3, false);
    setup.bench.reach(&graph).await;
    let mut places: Vec<String> = (0..3).map(|server| setup.told(server, "availability_domain")).collect();
    places.sort();
    assert_eq!(places, [setup.domains[1].clone(), setup.domains[2].clone(), setup.domains[2].clone()]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_joins_another_group_counts_there_and_keeps_the_tags_of_others() {
    use oci_client::services::core::models::UpdateInstanceDetails;
    use oci_client::services::core::operations::{GetInstance, UpdateInstance};
    use oci_resources::tags::SPREAD;
    let mut setup = setup(72).await;
    let graph = setup.graph(1, false);
    setup.bench.reach(&graph).await;
    let id = setup.bench.identifier(&at(instance::TYPE, "web0")).unwrap();
    let client = setup.bench.cloud.client.clone();
    let tags = async || client.call(&GetInstance::new(&*id)).await.unwrap().value.freeform_tags.unwrap();
    let mut with_anothers = tags().await;
    with_anothers.insert("owner".to_owned(), "somebody".to_owned());
    let details = UpdateInstanceDetails {
        freeform_tags: Some(with_anothers.clone()),
        ..UpdateInstanceDetails::default()
    };
    client.call(&UpdateInstance::new(&*id, details)).await.unwrap();
    setup.group = "cron";
    let graph = setup.graph(1, false);
    let plan = setup.bench.reach(&graph).await;
    assert_eq!((plan.counts().update, plan.counts().replace), (1, 0));
    with_anothers.insert(SPREAD.to_owned(), "cron".to_owned());
    assert_eq!(tags().await, with_anothers);
}

#[tokio::test(start_paused = true)]
async fn a_server_stays_where_it_is_while_room_comes_and_goes() {
    let mut setup = setup(68).await;
    let in_first = json!([{"shape": AMPERE, "availabilityDomain": setup.domains[0], "ocpus": 0.0}]);
    setup.full(&in_first);
    let graph = setup.graph(1, true);
    setup.bench.reach(&graph).await;
    assert_eq!(setup.told(0, "availability_domain"), setup.domains[1]);
    for room in [json!([]), json!([{"shape": AMPERE, "ocpus": 0.0}])] {
        setup.full(&room);
        setup.bench.expect_quiet(&graph).await;
    }
    // Only a new one goes where there is room again.
    setup.full(&json!([]));
    let without = setup.graph(0, true);
    setup.bench.reach(&without).await;
    setup.bench.reach(&graph).await;
    assert_eq!(setup.told(0, "availability_domain"), setup.domains[0]);
}

#[tokio::test(start_paused = true)]
async fn when_no_place_has_room_all_of_them_are_named_and_the_rest_goes_on() {
    let mut setup = setup(65).await;
    setup.full(&json!([{"shape": AMPERE, "ocpus": 0.0}]));
    let graph = setup.graph(2, false);
    let plan = setup.bench.plan(&graph, &PlanOptions::default()).await;
    let summary = setup.bench.carry_out(&graph, &plan).await;
    assert_eq!(summary.failed.len(), 2, "{summary:#?}");
    for domain in &setup.domains {
        assert!(summary.failed[0].message.contains(domain), "{}", summary.failed[0].message);
    }
    assert!(summary.failed[0].hint.as_ref().unwrap().contains("shapes"));
    assert_eq!(setup.bench.live(subnet::TYPE).len(), 1);
    // Capacity comes back: the next run goes on.
    setup.full(&json!([]));
    setup.bench.restart();
    setup.bench.reach(&graph).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_list_of_places_allows_changes_in_place() {
    let mut setup = setup(66).await;
    let graph = setup.graph(1, false);
    setup.bench.reach(&graph).await;
    let graph = setup.graph(1, true);
    let plan = setup.bench.reach(&graph).await;
    assert_eq!((plan.counts().update, plan.counts().replace), (1, 0));
    assert_eq!(setup.told(0, "shape"), AMPERE, "what is there is allowed, and stays");
}

/// How often the service was asked to launch an instance.
fn launches(setup: &Setup) -> usize {
    setup.bench.mutations().iter().filter(|operation| **operation == "LaunchInstance").count()
}

#[tokio::test(start_paused = true)]
async fn a_place_that_the_report_speaks_against_is_not_tried_first_in_any_compartment() {
    let mut setup = setup(67).await;
    for compartment in [setup.bench.cloud.tenancy(), cross_tests::COMPARTMENTS[0].0.to_owned()] {
        setup.bench = Bench::new(67).await;
        setup.compartment = compartment;
        setup.full(&json!([{"shape": AMPERE, "availabilityDomain": setup.domains[0], "ocpus": 0.0}]));
        let graph = setup.graph(1, false);
        setup.bench.reach(&graph).await;
        assert_eq!(setup.told(0, "availability_domain"), setup.domains[1]);
        assert_eq!(launches(&setup), 1, "nothing was asked for in vain in {}", setup.compartment);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenancy_that_gives_no_report_is_tried_place_by_place() {
    let mut setup = setup(68).await;
    setup.full(&json!([{"shape": AMPERE, "availabilityDomain": setup.domains[0], "ocpus": 0.0}]));
    setup.bench.faults(&json!({"faults": [{
        "when": {"operations": ["CreateComputeCapacityReport"]},
        "do": {"respond": {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "not permitted"}},
    }]}));
    let graph = setup.graph(1, false);
    setup.bench.reach(&graph).await;
    assert_eq!(setup.told(0, "availability_domain"), setup.domains[1]);
    assert_eq!(launches(&setup), 2, "the place without room was tried first");
}

#[tokio::test(start_paused = true)]
async fn a_launch_whose_answer_is_lost_makes_no_second_server_when_another_place_comes_first_by_then() {
    let mut setup = setup(69).await;
    let graph = setup.graph(1, false);
    // Every launch is carried out, and none of them is heard of: the run gives up.
    setup
        .bench
        .faults(&json!({"faults": [{"when": {"operations": ["LaunchInstance"]}, "do": {"loseReply": {}}}]}));
    let plan = setup.bench.plan(&graph, &PlanOptions::default()).await;
    let summary = setup.bench.carry_out(&graph, &plan).await;
    assert_eq!(summary.failed.len(), 1, "{summary:#?}");
    assert_eq!(setup.bench.live(instance::TYPE).len(), 1);
    // The lost server is a member of its group by now, and its place has no more room: another one would come first.
    setup.bench.control("DELETE", "/_mock/faults", None);
    setup.full(&json!([{"shape": AMPERE, "availabilityDomain": setup.domains[0], "ocpus": 1.0}]));
    setup.bench.restart();
    setup.bench.reach(&graph).await;
    assert_eq!(setup.bench.live(instance::TYPE).len(), 1, "the lost one was found");
    assert_eq!(setup.told(0, "availability_domain"), setup.domains[0]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_is_sent_again_after_a_restart_finds_its_server_before_it_tries_another_place() {
    use reconcile::journal::Ledger;
    use reconcile::provider::{CreateRequest, Provider};
    let mut setup = setup(70).await;
    let graph = setup.graph(1, false);
    setup.bench.reach(&graph).await;
    let address = at(instance::TYPE, "web0");
    let inputs = setup.bench.journal.state().entry(&address).unwrap().inputs.clone();
    let requests = setup.bench.cloud.mock.requests();
    let launch = requests.iter().find(|entry| entry.operation == Some("LaunchInstance")).unwrap();
    let retry_token = launch.retry_token.as_deref().unwrap().strip_suffix("-0").unwrap().into();
    setup.full(&json!([{"shape": AMPERE, "availabilityDomain": setup.domains[0], "ocpus": 1.0}]));
    setup.bench.restart();
    setup.bench.driver.create(CreateRequest { address, retry_token, inputs }).await.unwrap();
    assert_eq!(setup.bench.live(instance::TYPE).len(), 1);
    assert_eq!(launches(&setup), 1);
}
