//! A cloud, a file, and what is done to the two before anybody looks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use cross_tests::{COMPARTMENTS, MockTransport, client_through};
use http::{HeaderValue, Method, header};
use moodle_stack::config::Config;
use moodle_stack::preflight::{Level, Report, Subject, run_for};
use oci_client::client::Client;
use oci_client::services::core::models::{
    CreateInternetGatewayDetails, CreatePublicIpDetails, CreatePublicIpDetailsLifetime, CreateSubnetDetails,
    CreateVcnDetails, CreateVnicDetails, InstanceSourceDetails, InstanceSourceViaImageDetails,
    LaunchInstanceDetails, LaunchInstanceShapeConfigDetails,
};
use oci_client::services::core::operations::{
    CreateInternetGateway, CreatePublicIp, CreateSubnet, CreateVcn, LaunchInstance, ListImages,
};
use oci_client::sign::Signed;
use oci_client::transport::{AttemptLimits, RawResponse, Transport, TransportError};
use oci_mock::clock::Pace;
use oci_mock::faults::Script;
use oci_mock::{Mock, WireRequest};
use serde_json::{Value, json};
use world::{BoxFuture, TestWorld, World};

/// The shortest file, in the region of the mock.
const FILE: &str = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n";

/// Answers carry the date, as those of every HTTP server do; here of a clock that may be off.
#[derive(Debug)]
struct Dated {
    inner: MockTransport,
    world: Arc<dyn World>,
    ahead: TimeDelta,
}

impl Transport for Dated {
    fn send(
        &self,
        signed: Signed,
        limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async move {
            let mut answer = self.inner.send(signed, limits).await?;
            let date = (self.world.now() + self.ahead).to_rfc2822().replace("+0000", "GMT");
            answer.headers.insert(header::DATE, HeaderValue::try_from(date).unwrap());
            Ok(answer)
        })
    }
}

/// A cloud and the file of a stack that is to be made in it.
pub(crate) struct Setup {
    pub(crate) mock: Mock,
    pub(crate) client: Client,
    pub(crate) world: Arc<dyn World>,
    pub(crate) config: Config,
    /// Identifiers that count as the stack's own.
    pub(crate) existing: Vec<String>,
}

impl Setup {
    /// A healthy one, in `region`.
    pub(crate) fn new(seed: u64, region: &str) -> Self {
        let epoch = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let world: Arc<dyn World> = Arc::new(TestWorld::new(epoch, seed));
        let mut config =
            oci_mock::Config { pace: Pace::Tokio, epoch: epoch.into(), ..oci_mock::Config::default() };
        config.place = oci_mock::cloud::Place::new(seed, region);
        config.place.compartments = COMPARTMENTS.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        config.signatures = Some(oci_mock::auth::Backend::default());
        let mock = Mock::new(config);
        let client = Self::client(&mock, &world, 0);
        let config = Config::parse(&format!("{FILE}[cloud]\nregion = \"{region}\"\n")).unwrap();
        Self { mock, client, world, config, existing: Vec::new() }
    }

    /// A client of the mock to whom the service's clock seems so many seconds ahead.
    pub(crate) fn client(mock: &Mock, world: &Arc<dyn World>, ahead: i64) -> Client {
        let inner = MockTransport::new(mock.clone(), Arc::clone(world));
        let dated = Dated { inner, world: Arc::clone(world), ahead: TimeDelta::seconds(ahead) };
        client_through(mock, world, Arc::new(dated)).build()
    }

    /// A client of this mock who is known to another one only.
    pub(crate) fn stranger(&self) -> Client {
        let elsewhere = Self::new(self.mock.config().place.seed + 1, "eu-frankfurt-1").mock;
        let inner = MockTransport::new(self.mock.clone(), Arc::clone(&self.world));
        let dated = Dated { inner, world: Arc::clone(&self.world), ahead: TimeDelta::zero() };
        client_through(&elsewhere, &self.world, Arc::new(dated)).build()
    }

    pub(crate) fn tenancy(&self) -> String {
        self.mock.config().place.tenancy_id.clone()
    }

    pub(crate) fn domain(&self, number: usize) -> String {
        self.mock.config().place.availability_domains()[number - 1].clone()
    }

    pub(crate) fn faults(&self, script: &Value) {
        self.mock.add_faults(Script::parse(&script.to_string()).unwrap());
    }

    /// Every call of `operation` is refused like this.
    pub(crate) fn refuse(&self, operation: &str, status: u16, code: &str) {
        self.faults(&json!({"faults": [{
            "when": {"operations": [operation]},
            "do": {"respond": {"status": status, "code": code, "message": "a fault of the test"}},
        }]}));
    }

    pub(crate) fn control(&self, path: &str, body: &Value) {
        let request = WireRequest::new(Method::PUT, format!("/_mock/{path}")).json(body);
        let answer = self.mock.handle(&request);
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }

    pub(crate) fn limit(&self, name: &str, value: u64) {
        self.control("limits", &json!({name: value}));
    }

    /// Writes into an object behind the API's back.
    pub(crate) fn set(&self, id: &str, attribute: &str, value: impl Into<Value>) {
        self.mock.with_cloud_mut(|cloud| cloud.update(id, |object| object.set(attribute, value.into())));
    }

    pub(crate) async fn vcn(&self, cidr: &str, label: Option<&str>) -> String {
        let details = CreateVcnDetails {
            compartment_id: Some(self.tenancy()),
            cidr_blocks: Some(vec![cidr.to_owned()]),
            dns_label: label.map(str::to_owned),
            display_name: Some("theirs".to_owned()),
            ..CreateVcnDetails::default()
        };
        let made = self.client.call(&CreateVcn::new(details)).await.unwrap();
        self.world.sleep(Duration::from_secs(60)).await;
        made.value.id.unwrap()
    }

    pub(crate) async fn subnet(&self, vcn: &str, cidr: &str, label: &str, is_private: bool) -> String {
        let details = CreateSubnetDetails {
            compartment_id: Some(self.tenancy()),
            vcn_id: Some(vcn.to_owned()),
            cidr_block: Some(cidr.to_owned()),
            dns_label: Some(label.to_owned()),
            display_name: Some(format!("their {label}")),
            prohibit_public_ip_on_vnic: Some(is_private),
            ..CreateSubnetDetails::default()
        };
        let made = self.client.call(&CreateSubnet::new(details)).await.unwrap();
        self.world.sleep(Duration::from_secs(60)).await;
        made.value.id.unwrap()
    }

    pub(crate) async fn internet_gateway(&self, vcn: &str) -> String {
        let details = CreateInternetGatewayDetails {
            compartment_id: Some(self.tenancy()),
            vcn_id: Some(vcn.to_owned()),
            is_enabled: Some(true),
            ..CreateInternetGatewayDetails::default()
        };
        let made = self.client.call(&CreateInternetGateway::new(details)).await.unwrap();
        self.world.sleep(Duration::from_secs(60)).await;
        made.value.id.unwrap()
    }

    /// A server of somebody else's, with this host name.
    pub(crate) async fn server(&self, subnet: &str, host: &str) {
        let vnic = CreateVnicDetails {
            subnet_id: Some(subnet.to_owned()),
            hostname_label: Some(host.to_owned()),
            assign_public_ip: Some(false),
            ..CreateVnicDetails::default()
        };
        let image = InstanceSourceViaImageDetails {
            image_id: Some(self.image(&["Oracle-Linux-9", "aarch64"], "").await),
            ..InstanceSourceViaImageDetails::default()
        };
        let details = LaunchInstanceDetails {
            compartment_id: Some(self.tenancy()),
            availability_domain: Some(self.domain(1)),
            display_name: Some("theirs".to_owned()),
            shape: Some("VM.Standard.A1.Flex".to_owned()),
            shape_config: Some(LaunchInstanceShapeConfigDetails {
                ocpus: Some(1.0),
                memory_in_gbs: Some(6.0),
                ..LaunchInstanceShapeConfigDetails::default()
            }),
            source_details: Some(InstanceSourceDetails::Image(image)),
            create_vnic_details: Some(vnic),
            ..LaunchInstanceDetails::default()
        };
        self.client.call(&LaunchInstance::new(details)).await.unwrap();
        self.world.sleep(Duration::from_secs(300)).await;
    }

    pub(crate) async fn public_ip(&self) -> String {
        let details = CreatePublicIpDetails {
            compartment_id: Some(self.tenancy()),
            lifetime: Some(CreatePublicIpDetailsLifetime::Reserved),
            ..CreatePublicIpDetails::default()
        };
        let made = self.client.call(&CreatePublicIp::new(details)).await.unwrap();
        self.world.sleep(Duration::from_secs(60)).await;
        made.value.id.unwrap()
    }

    /// The newest image whose name has all of these.
    pub(crate) async fn image(&self, parts: &[&str], without: &str) -> String {
        let images = self.client.list(ListImages::new(self.tenancy()), Default::default()).await.unwrap();
        let fits = |name: &str| {
            parts.iter().all(|part| name.contains(part)) && (without.is_empty() || !name.contains(without))
        };
        let image = images.into_iter().find(|image| image.display_name.as_deref().is_some_and(fits));
        image.unwrap().id.unwrap()
    }

    /// Uses a VCN that exists, and returns its OCID.
    pub(crate) async fn with_vcn(&mut self) -> String {
        let id = self.vcn("10.0.0.0/16", Some("campus")).await;
        self.config.network.vcn_id = Some(id.clone());
        id
    }

    /// Looks, and makes sure that looking is all that was done.
    pub(crate) async fn look(&self) -> Report {
        let before = (self.mock.requests().len(), self.inventory());
        let subject = Subject::new(&self.config).with_existing(self.existing.clone());
        let report = run_for(&self.client, &subject).await;
        let log = self.mock.requests().split_off(before.0);
        for entry in log {
            // The report is asked for with a POST, because its question does not fit into a path.
            let is_read = ["GET", "HEAD"].contains(&entry.method.as_str())
                || entry.operation == Some("CreateComputeCapacityReport");
            assert!(is_read, "{} {}", entry.method, entry.path);
        }
        assert_eq!(self.inventory(), before.1, "nothing came, and nothing went");
        report
    }

    /// The OCIDs of everything that exists.
    fn inventory(&self) -> BTreeSet<String> {
        let answer = self.mock.handle(&WireRequest::new(Method::GET, "/_mock/inventory")).json().unwrap();
        let lists = answer.as_object().unwrap().values();
        let ids =
            lists.flat_map(|list| list.as_array().unwrap()).map(|one| one["id"].as_str().unwrap().to_owned());
        ids.collect()
    }
}

/// The codes of a level, each once.
pub(crate) fn codes(report: &Report, level: Level) -> BTreeSet<&'static str> {
    let found = report.findings().iter().filter(|finding| finding.level == level);
    found.filter_map(|finding| Some(finding.code?.as_str())).collect()
}
