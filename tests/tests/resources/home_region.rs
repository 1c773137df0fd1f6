//! Identity is changed in the home region, wherever the stack is; everything else stays where the stack is.

use std::sync::Arc;

use chrono::DateTime;
use cross_tests::bench::Bench;
use cross_tests::{Cloud, MockTransport, ORIGIN};
use oci_client::client::Client;
use oci_client::credentials::{Credential, FixedCredential, WhoAmI};
use oci_client::endpoint::{Endpoints, Origin};
use oci_client::key::SigningKey;
use oci_client::region::Regions;
use oci_client::sign::Signed;
use oci_client::transport::{AttemptLimits, RawResponse, Transport, TransportError};
use oci_mock::auth::{Backend, Credentials};
use oci_mock::clock::Pace;
use oci_mock::{Config, Mock};
use oci_resources::core::vcn;
use oci_resources::identity::dynamic_group::{self, DynamicGroup};
use oci_resources::identity::policy::{self, Policy};
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::plan::Mode;
use world::{BoxFuture, TestWorld, World};

use crate::{add_network, at};

const HERE: &str = "eu-frankfurt-1";
const HOME: &str = "us-ashburn-1";

/// Two regions of one tenancy, told apart by the host of a request.
#[derive(Debug)]
struct TwoRegions {
    here: MockTransport,
    home: MockTransport,
}

impl Transport for TwoRegions {
    fn send(
        &self,
        signed: Signed,
        limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        let is_home = signed.request().origin.contains(HOME);
        if is_home { self.home.send(signed, limits) } else { self.here.send(signed, limits) }
    }
}

fn world() -> Arc<dyn World> {
    Arc::new(TestWorld::new(DateTime::from_timestamp(1_795_000_000, 0).unwrap(), 11))
}

/// One region of the tenancy whose home is [`HOME`].
fn mock(region: &str, world: &Arc<dyn World>) -> Mock {
    let mut config = Config { pace: Pace::Tokio, epoch: world.now().into(), ..Config::default() };
    config.place = oci_mock::cloud::Place::new(11, HERE);
    config.place.region = region.to_owned();
    config.place.home_region = HOME.to_owned();
    config.signatures = Some(Backend::default());
    Mock::new(config)
}

/// The mock here, the mock at home, and a bench whose client finds both.
async fn bench(endpoints: Endpoints, knows_tenancy: bool) -> (Bench, Mock) {
    let world = world();
    let (here, home) = (mock(HERE, &world), mock(HOME, &world));
    let place = here.config().place.clone();
    let key = Credentials::test_only(place.seed);
    for mock in [&here, &home] {
        mock.keys().unwrap().add_api_key(&place.tenancy_id, &place.user_id, &key.public_pem).unwrap();
    }
    let signing = Arc::new(SigningKey::from_pem(key.expose_private_pem().as_bytes(), None).unwrap());
    let credential =
        Credential::api_key(&place.tenancy_id, &place.user_id, signing.fingerprint(), Arc::clone(&signing));
    let tenancy = knows_tenancy.then(|| place.tenancy_id.clone());
    let whoami = WhoAmI { tenancy, ..WhoAmI::default() };
    let credentials = Arc::new(FixedCredential::new(Arc::new(credential.unwrap()), whoami));
    let transport = TwoRegions {
        here: MockTransport::new(here.clone(), Arc::clone(&world)),
        home: MockTransport::new(home.clone(), Arc::clone(&world)),
    };
    let client =
        Client::builder(Arc::new(transport), credentials, endpoints).world(Arc::clone(&world)).build();
    (Bench::on(Cloud { mock: here, client }, world).await, home)
}

/// A network, a group and a policy.
fn graph(tenancy: &str) -> Graph {
    let mut builder = GraphBuilder::default();
    add_network(tenancy, &mut builder);
    let group = DynamicGroup {
        compartment_id: tenancy.into(),
        name: "servers".into(),
        description: "".into(),
        matching_rule: "instance.compartment.id = 'ocid1.compartment.oc1..a'".into(),
        ..DynamicGroup::default()
    };
    let policy = Policy {
        compartment_id: tenancy.into(),
        name: "servers".into(),
        description: "".into(),
        statements: vec!["allow dynamic-group servers to read buckets in tenancy".to_owned()].into(),
        ..Policy::default()
    };
    builder.add(group.inputs().at(at(dynamic_group::TYPE, "servers")));
    builder.add(policy.inputs().at(at(policy::TYPE, "servers")).after(at(dynamic_group::TYPE, "servers")));
    builder.build().unwrap()
}

/// The operations of a mock other than reads, in order.
fn changes(mock: &Mock) -> Vec<&'static str> {
    let requests = mock.requests().into_iter().filter(|entry| entry.method != "GET");
    requests.filter_map(|entry| entry.operation).collect()
}

#[tokio::test(start_paused = true)]
async fn identity_is_made_and_removed_at_home_and_the_network_here() {
    let region = Regions::built_in().resolve(HERE);
    let (mut bench, home) = bench(Endpoints::of_region(region), true).await;
    let graph = graph(&bench.cloud.tenancy());
    bench.reach(&graph).await;
    assert_eq!(changes(&home), ["CreateDynamicGroup", "CreatePolicy"]);
    assert_eq!(changes(&bench.cloud.mock), ["CreateVcn", "CreateSubnet"]);
    assert_eq!(bench.live(vcn::TYPE).len(), 1);
    let asked = bench.cloud.mock.requests();
    let asked = asked.iter().filter(|entry| entry.operation == Some("ListRegionSubscriptions"));
    assert_eq!(asked.count(), 1, "the home region is asked for once");
    let (_, summary) = bench.go(&Graph::empty(), Mode::Destroy).await;
    assert!(summary.is_success(), "{summary:#?}");
    assert_eq!(changes(&home)[2..], ["DeletePolicy", "DeleteDynamicGroup"]);
}

#[tokio::test(start_paused = true)]
async fn with_an_endpoint_given_by_name_nothing_leaves_it() {
    let here = Endpoints::of_region(Regions::built_in().resolve(HERE));
    let (mut bench, home) = bench(here.all_at(Origin::parse(ORIGIN).unwrap()), true).await;
    let (_, summary) = bench.go(&graph(&bench.cloud.tenancy()), Mode::Apply).await;
    assert!(!summary.is_success());
    assert_eq!(home.requests().len(), 0);
    assert!(
        format!("{summary:?}").contains("us-ashburn-1"),
        "the refusal names the home region: {summary:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_know_the_tenancy_is_told_the_home_region_by_the_refusal() {
    let region = Regions::built_in().resolve(HERE);
    let (mut bench, home) = bench(Endpoints::of_region(region), false).await;
    let (_, summary) = bench.go(&graph(&bench.cloud.tenancy()), Mode::Apply).await;
    assert!(format!("{summary:?}").contains("us-ashburn-1"), "{summary:?}");
    assert_eq!(home.requests().len(), 0);
}

/// The tenancy is not among the compartments of the driver; a state that was lost is rebuilt all the same.
#[tokio::test(start_paused = true)]
async fn a_lost_group_is_looked_for_in_the_tenancy_whatever_the_compartment_is() {
    use reconcile::provider::Provider as _;
    let region = Regions::built_in().resolve(HERE);
    let (mut bench, _) = bench(Endpoints::of_region(region), true).await;
    bench.reach(&graph(&bench.cloud.tenancy())).await;
    let compartment = "ocid1.compartment.oc1..elsewhere".to_owned();
    let driver = oci_resources::driver::Driver::new(
        bench.cloud.client.clone(),
        cross_tests::bench::LINEAGE,
        vec![compartment],
    );
    let listed = driver.list(dynamic_group::TYPE, cross_tests::bench::LINEAGE).await.unwrap();
    let addresses: Vec<&str> = listed.iter().map(|listed| listed.address.as_str()).collect();
    assert_eq!(addresses, ["oci_identity_dynamic_group.servers"]);
}
