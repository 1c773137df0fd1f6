//! One thing wrong at a time, and what must be found of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cross_tests::ORIGIN;
use moodle_stack::codes::Code;
use moodle_stack::config::Identity;
use moodle_stack::preflight::{Finding, Level, Report};
use oci_client::client::Client;
use oci_client::credentials::{Credential, CredentialError, CredentialProvider, WhoAmI};
use oci_client::endpoint::{Endpoints, Origin};
use oci_client::services::identity::models::{
    CreateDynamicGroupDetails, CreatePolicyDetails, CreateTagDetails, CreateTagNamespaceDetails,
};
use oci_client::services::identity::operations::{
    CreateDynamicGroup, CreatePolicy, CreateTag, CreateTagNamespace, DeleteCompartment,
};
use oci_client::services::object_storage::models::CreateBucketDetails;
use oci_client::services::object_storage::operations::{CreateBucket, GetNamespace};
use serde_json::json;
use world::BoxFuture;

use crate::setup::{Setup, codes};

/// What is done to a healthy cloud, or to the file.
type Spoil = for<'a> fn(&'a mut Setup) -> BoxFuture<'a, ()>;

struct Case {
    name: &'static str,
    level: Level,
    code: &'static str,
    spoil: Spoil,
}

/// A case whose fault is made at once.
macro_rules! case {
    ($name:literal, $level:ident $code:literal, |$setup:ident| $body:expr) => {
        Case {
            name: $name,
            level: Level::$level,
            code: $code,
            spoil: |$setup| {
                Box::pin(async move {
                    $body;
                })
            },
        }
    };
}

/// An OCID of nothing.
fn nothing(kind: &str) -> String {
    format!("ocid1.{kind}.oc1.eu-frankfurt-1.aaaaaaaa{}", "2".repeat(52))
}

/// Has no credentials, and says so.
#[derive(Debug)]
struct Nobody;

impl CredentialProvider for Nobody {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(async { Err(CredentialError::NotConfigured { tried: Vec::new() }) })
    }

    fn refused(&self, _: &Arc<Credential>) -> bool {
        false
    }

    fn whoami(&self) -> BoxFuture<'_, Result<WhoAmI, CredentialError>> {
        Box::pin(async { Err(CredentialError::NotConfigured { tried: Vec::new() }) })
    }
}

fn nobody(setup: &Setup) -> Client {
    let transport = cross_tests::MockTransport::new(setup.mock.clone(), Arc::clone(&setup.world));
    let endpoints = Endpoints::default().all_at(Origin::parse(ORIGIN).unwrap());
    Client::builder(Arc::new(transport), Arc::new(Nobody), endpoints).world(Arc::clone(&setup.world)).build()
}

/// An RSA key of 1024 bits. Its modulus is all ones, which nobody looks at.
const SHORT_KEY: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQD//////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////w== old";

const CASES: &[Case] = &[
    // The caller and the place.
    case!("no credentials", Fault "E0301", |setup| setup.client = nobody(setup)),
    case!("a key that the service does not know", Fault "E0302", |setup| setup.client = setup.stranger()),
    case!("a clock that is ten minutes behind", Fault "E0303", |setup| {
        setup.faults(&json!({"faults": [{"when": {}, "do": {"skewClock": {"seconds": 600}}}]}));
        setup.client = Setup::client(&setup.mock, &setup.world, 600);
    }),
    case!("a clock that is two minutes ahead", Warning "E0303", |setup| {
        setup.client = Setup::client(&setup.mock, &setup.world, -120)
    }),
    case!("a region that does not exist", Fault "E0305", |setup| {
        setup.config.cloud.region = Some("eu-atlantis-1".to_owned())
    }),
    case!("a region without a subscription", Fault "E0306", |setup| {
        setup.config.cloud.region = Some("uk-london-1".to_owned())
    }),
    case!("a compartment that is not there", Fault "E0307", |setup| {
        setup.config.cloud.compartment_id = Some(nothing("compartment"))
    }),
    case!("a compartment that is being deleted", Fault "E0308", |setup| {
        let id = cross_tests::COMPARTMENTS[0].0;
        setup.client.call(&DeleteCompartment::new(id)).await.unwrap();
        setup.config.cloud.compartment_id = Some(id.to_owned());
    }),
    case!("an availability domain too many", Fault "E0309", |setup| {
        *setup = Setup::new(1, "eu-zurich-1");
        setup.config.servers.availability_domains = vec![1, 2];
    }),
    case!("a service that is down", Fault "E0310", |setup| setup.refuse("ListShapes", 503, "ServiceUnavailable")),
    case!("the identity service is down", Fault "E0310", |setup| setup.refuse("ListRegions", 500, "InternalServerError")),
    case!("limits that cannot be read now", Unknown "E0310", |setup| {
        setup.refuse("GetResourceAvailability", 429, "TooManyRequests")
    }),
    case!("a policy that leaves out the database", Fault "E0311", |setup| {
        setup.refuse("ListDbSystems", 404, "NotAuthorizedOrNotFound")
    }),
    case!("a policy that leaves out load balancers", Fault "E0311", |setup| {
        setup.refuse("ListNetworkLoadBalancers", 403, "NotAuthorized")
    }),
    case!("a policy that leaves out dynamic groups", Fault "E0311", |setup| {
        setup.refuse("ListDynamicGroups", 404, "NotAuthorizedOrNotFound")
    }),
    case!("a policy that leaves out buckets", Fault "E0311", |setup| {
        setup.refuse("ListBuckets", 404, "BucketNotFound")
    }),
    // Limits.
    case!("too few cores", Fault "E0312", |setup| setup.limit("standard-a1-core-count", 1)),
    case!("too little memory", Fault "E0312", |setup| setup.limit("standard-a1-memory-count", 11)),
    case!("too few cores for a fallback", Warning "E0312", |setup| {
        setup.config.servers.fallback_shapes = vec!["VM.Standard.A2.Flex".to_owned()];
        setup.limit("standard-a2-core-count", 0);
    }),
    case!("too little block storage", Fault "E0312", |setup| setup.limit("total-storage-gb", 49)),
    case!("no VCN left", Fault "E0312", |setup| setup.limit("vcn-count", 0)),
    case!("no reserved address left", Fault "E0312", |setup| setup.limit("reserved-public-ip-count", 0)),
    case!("a free tenancy without NAT gateways", Fault "E0312", |setup| setup.limit("nat-gateway-count", 0)),
    case!("too few subnets", Fault "E0312", |setup| setup.limit("subnet-count", 3)),
    case!("no file system left", Fault "E0312", |setup| setup.limit("file-system-count", 0)),
    case!("no mount target left", Fault "E0312", |setup| setup.limit("mount-target-count", 0)),
    case!("no load balancer left", Fault "E0312", |setup| setup.limit("max-nlb-flexible-count", 0)),
    case!("no free database left", Fault "E0312", |setup| {
        setup.config.database.shape = "MySQL.Free".to_owned();
        setup.config.database.high_availability = false;
        setup.limit("mysql-free-count", 0);
    }),
    // Capacity.
    case!("no room anywhere", Fault "E0313", |setup| {
        setup.control("capacity", &json!([{"shape": "VM.Standard.A1.Flex", "ocpus": 0.0}]))
    }),
    case!("room for one of two", Fault "E0313", |setup| {
        setup.control("capacity", &json!([{"shape": "VM.Standard.A1.Flex", "ocpus": 2.0}]));
        setup.config.servers.availability_domains = vec![2];
    }),
    case!("room in a fallback only", Warning "E0313", |setup| {
        setup.config.servers.fallback_shapes = vec!["VM.Standard.A2.Flex".to_owned()];
        setup.control("capacity", &json!([{"shape": "VM.Standard.A1.Flex", "ocpus": 0.0}]));
    }),
    case!("no room in one domain", Warning "E0313", |setup| {
        let rule = json!([{"shape": "VM.Standard.A1.Flex", "availabilityDomain": setup.domain(1), "ocpus": 0.0}]);
        setup.control("capacity", &rule);
    }),
    case!("full in two fault domains, and one is left for two", Fault "E0313", |setup| {
        setup.config.servers.availability_domains = vec![3];
        let rule = |number: u32, ocpus: f64| {
            let fault_domain = format!("FAULT-DOMAIN-{number}");
            json!({"shape": "VM.Standard.A1.Flex", "faultDomain": fault_domain, "ocpus": ocpus})
        };
        setup.control("capacity", &json!([rule(1, 0.0), rule(2, 0.0), rule(3, 2.0)]));
    }),
    // Shapes and images.
    case!("a shape that nobody offers", Fault "E0314", |setup| {
        setup.config.servers.shape = "VM.Standard.A9.Flex".to_owned()
    }),
    case!("a fallback that nobody offers", Warning "E0314", |setup| {
        setup.config.servers.fallback_shapes = vec!["VM.Standard.A9.Flex".to_owned()]
    }),
    case!("a shape that one domain offers", Warning "E0314", |setup| {
        setup.config.servers.shape = "VM.Standard.E2.1.Micro".to_owned();
        setup.config.servers.ocpus = 1.0;
        setup.config.servers.memory_in_gbs = 1.0;
    }),
    case!("more OCPUs than the shape has", Fault "E0315", |setup| {
        setup.config.servers.ocpus = 81.0;
        setup.config.servers.memory_in_gbs = 100.0;
    }),
    case!("another size than a fixed shape has", Warning "E0315", |setup| {
        setup.config.servers.shape = "VM.Standard2.1".to_owned();
    }),
    case!("an image that is not there", Fault "E0316", |setup| {
        setup.config.servers.image_id = Some(nothing("image"))
    }),
    case!("an image that is disabled", Fault "E0317", |setup| {
        let id = setup.image(&["Oracle-Linux-9", "aarch64"], "").await;
        setup.mock.with_cloud_mut(|cloud| cloud.set_state(&id, "DISABLED"));
        setup.config.servers.image_id = Some(id);
    }),
    case!("an image that is larger than the boot volume", Fault "E0317", |setup| {
        let id = setup.image(&["Oracle-Linux-9", "aarch64"], "").await;
        setup.set(&id, "sizeInMBs", 60_000);
        setup.config.servers.image_id = Some(id);
    }),
    case!("an image for other processors", Fault "E0318", |setup| {
        setup.config.servers.image_id = Some(setup.image(&["Oracle-Linux-9"], "aarch64").await)
    }),
    case!("an image of another system", Fault "E0319", |setup| {
        setup.config.servers.image_id = Some(setup.image(&["Ubuntu-24", "aarch64"], "").await)
    }),
    case!("an image of an older Oracle Linux", Fault "E0319", |setup| {
        setup.config.servers.image_id = Some(setup.image(&["Oracle-Linux-8", "aarch64"], "").await)
    }),
    // The database.
    case!("a database shape that is not offered", Fault "E0320", |setup| {
        setup.config.database.shape = "MySQL.3".to_owned()
    }),
    case!("a HeatWave shape that is not offered", Fault "E0320", |setup| {
        setup.config.database.heatwave_nodes = 1;
        setup.config.database.heatwave_shape = "HeatWave.64GB".to_owned();
    }),
    case!("a MySQL version that is not offered", Fault "E0321", |setup| {
        setup.config.database.version = Some("8.4.99".to_owned())
    }),
    case!("replicas of a shape that is too small", Fault "E0322", |setup| setup.config.database.replicas = 1),
    case!("a HeatWave cluster beside a shape that has none", Fault "E0322", |setup| {
        setup.config.database.shape = "MySQL.VM.Standard.E3.4.64GB".to_owned();
        setup.config.database.heatwave_nodes = 1;
    }),
    // The network that exists.
    case!("a VCN that is not there", Fault "E0323", |setup| setup.config.network.vcn_id = Some(nothing("vcn"))),
    case!("a VCN with another range", Fault "E0324", |setup| {
        setup.config.network.vcn_id = Some(setup.vcn("10.9.0.0/16", Some("campus")).await)
    }),
    case!("a VCN without a DNS label", Fault "E0324", |setup| {
        setup.config.network.vcn_id = Some(setup.vcn("10.0.0.0/16", None).await)
    }),
    case!("a subnet that is not there", Fault "E0325", |setup| {
        setup.with_vcn().await;
        setup.config.network.web_subnet_id = Some(nothing("subnet"));
    }),
    case!("a subnet of another VCN", Fault "E0326", |setup| {
        setup.with_vcn().await;
        let other = setup.vcn("10.0.0.0/16", Some("other")).await;
        setup.config.network.web_subnet_id = Some(setup.subnet(&other, "10.0.2.0/24", "back", true).await);
    }),
    case!("a subnet with another range", Fault "E0326", |setup| {
        let vcn = setup.with_vcn().await;
        setup.config.network.web_subnet_id = Some(setup.subnet(&vcn, "10.0.20.0/24", "back", true).await);
    }),
    case!("a private subnet for a public load balancer", Fault "E0326", |setup| {
        let vcn = setup.with_vcn().await;
        setup.config.network.balancer_subnet_id = Some(setup.subnet(&vcn, "10.0.1.0/24", "front", true).await);
    }),
    case!("a database subnet without a name", Fault "E0326", |setup| {
        let vcn = setup.with_vcn().await;
        let id = setup.subnet(&vcn, "10.0.3.0/24", "mysql", true).await;
        setup.set(&id, "dnsLabel", "");
        setup.config.network.database_subnet_id = Some(id);
    }),
    case!("a public subnet for servers", Warning "E0326", |setup| {
        let vcn = setup.with_vcn().await;
        setup.config.network.web_subnet_id = Some(setup.subnet(&vcn, "10.0.2.0/24", "back", false).await);
    }),
    case!("a subnet that is too small", Fault "E0327", |setup| {
        let vcn = setup.with_vcn().await;
        setup.config.servers.count = 10;
        setup.config.network.web_cidr = "10.0.2.0/29".parse().unwrap();
        setup.config.network.web_subnet_id = Some(setup.subnet(&vcn, "10.0.2.0/29", "back", true).await);
    }),
    case!("a gateway that is not there", Fault "E0328", |setup| {
        setup.with_vcn().await;
        setup.config.network.nat_gateway_id = Some(nothing("natgateway"));
    }),
    case!("a gateway of another VCN", Fault "E0329", |setup| {
        setup.with_vcn().await;
        let other = setup.vcn("10.9.0.0/16", Some("other")).await;
        setup.config.network.internet_gateway_id = Some(setup.internet_gateway(&other).await);
    }),
    case!("a gateway that is closed", Fault "E0329", |setup| {
        let vcn = setup.with_vcn().await;
        let id = setup.internet_gateway(&vcn).await;
        setup.set(&id, "isEnabled", false);
        setup.config.network.internet_gateway_id = Some(id);
    }),
    case!("a VCN that has its internet gateway", Fault "E0330", |setup| {
        let vcn = setup.with_vcn().await;
        setup.internet_gateway(&vcn).await;
    }),
    case!("a range that a subnet has", Fault "E0331", |setup| {
        let vcn = setup.with_vcn().await;
        setup.subnet(&vcn, "10.0.2.128/25", "back", true).await;
    }),
    case!("a DNS label that a subnet has", Fault "E0332", |setup| {
        let vcn = setup.with_vcn().await;
        setup.subnet(&vcn, "10.0.200.0/24", "web", true).await;
    }),
    case!("a host name that something in the subnet has", Fault "E0332", |setup| {
        let vcn = setup.with_vcn().await;
        let id = setup.subnet(&vcn, "10.0.2.0/24", "back", true).await;
        setup.server(&id, "web2").await;
        setup.config.network.web_subnet_id = Some(id);
    }),
    // Names, addresses, tags, keys.
    case!("a VCN of the same name", Warning "E0333", |setup| {
        let id = setup.vcn("10.9.0.0/16", Some("other")).await;
        setup.set(&id, "displayName", "campus-vcn");
    }),
    case!("a VCN of the same range", Warning "E0334", |setup| setup.vcn("10.0.128.0/17", Some("other")).await),
    case!("an address that is not there", Fault "E0335", |setup| {
        setup.config.load_balancer.public_ip_id = Some(nothing("publicip"))
    }),
    case!("an address that is in use", Fault "E0336", |setup| {
        let id = setup.public_ip().await;
        setup.mock.with_cloud_mut(|cloud| cloud.set_state(&id, "ASSIGNED"));
        setup.config.load_balancer.public_ip_id = Some(id);
    }),
    case!("an address that is not reserved", Fault "E0336", |setup| {
        let id = setup.public_ip().await;
        setup.set(&id, "lifetime", "EPHEMERAL");
        setup.config.load_balancer.public_ip_id = Some(id);
    }),
    case!("a bucket whose name is taken", Fault "E0337", |setup| {
        let namespace = setup.client.call(&GetNamespace::new()).await.unwrap().value;
        let details = CreateBucketDetails {
            name: Some("campus-site".to_owned()),
            compartment_id: Some(setup.tenancy()),
            ..CreateBucketDetails::default()
        };
        setup.client.call(&CreateBucket::new(namespace, details)).await.unwrap();
    }),
    case!("a dynamic group whose name is taken", Fault "E0341", |setup| {
        let details = CreateDynamicGroupDetails {
            compartment_id: Some(setup.tenancy()),
            name: Some("Campus-web1".to_owned()),
            description: Some("theirs".to_owned()),
            matching_rule: Some("instance.compartment.id = 'theirs'".to_owned()),
            ..CreateDynamicGroupDetails::default()
        };
        setup.client.call(&CreateDynamicGroup::new(details)).await.unwrap();
    }),
    case!("a policy whose name is taken", Fault "E0341", |setup| {
        setup.config.cloud.identity = Identity::Compartment;
        let details = CreatePolicyDetails {
            compartment_id: Some(setup.tenancy()),
            name: Some("campus-servers".to_owned()),
            description: Some("theirs".to_owned()),
            statements: Some(vec!["allow group theirs to read all-resources in tenancy".to_owned()]),
            ..CreatePolicyDetails::default()
        };
        setup.client.call(&CreatePolicy::new(details)).await.unwrap();
    }),
    case!("a tag namespace that is not there", Fault "E0338", |setup| {
        setup.config.defined_tags.insert("Finance.CostCenter".to_owned(), "42".to_owned())
    }),
    case!("a tag key that is not there", Fault "E0338", |setup| {
        tag(setup, "Owner").await;
        setup.config.defined_tags.insert("Finance.CostCenter".to_owned(), "42".to_owned());
    }),
    case!("a tag key that is retired", Fault "E0339", |setup| {
        let id = tag(setup, "CostCenter").await;
        setup.set(&id, "isRetired", true);
        setup.config.defined_tags.insert("Finance.CostCenter".to_owned(), "42".to_owned());
    }),
    case!("a key that the servers refuse", Fault "E0340", |setup| {
        setup.config.servers.ssh_authorized_keys.push(SHORT_KEY.to_owned())
    }),
];

/// Makes the namespace `Finance` with this key, and answers the key's OCID.
async fn tag(setup: &Setup, key: &str) -> String {
    let details = CreateTagNamespaceDetails {
        compartment_id: Some(setup.tenancy()),
        name: Some("Finance".to_owned()),
        description: Some("of the test".to_owned()),
        ..CreateTagNamespaceDetails::default()
    };
    let space = setup.client.call(&CreateTagNamespace::new(details)).await.unwrap().value.id.unwrap();
    let details = CreateTagDetails {
        name: Some(key.to_owned()),
        description: Some("of the test".to_owned()),
        ..CreateTagDetails::default()
    };
    let made = setup.client.call(&CreateTag::new(space, details)).await.unwrap().value.id.unwrap();
    setup.world.sleep(Duration::from_secs(60)).await;
    made
}

fn found(report: &Report, case: &Case) -> Result<(), String> {
    let codes = codes(report, case.level);
    // Nothing else is wrong, so nothing else of that level or worse may be found; what cannot be seen any more for that
    // reason is skipped, and does not count as wrong.
    let worse = if case.level == Level::Fault { Level::Fault } else { report.worst() };
    if codes.contains(case.code) && codes.len() == 1 && worse == case.level {
        return Ok(());
    }
    let table = report.to_table(Level::Unknown);
    Err(format!("{}: {} of {:?} is not all that was found:\n{table}", case.name, case.code, case.level))
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_found_by_its_code_with_reads_only() {
    let seed = 20;
    println!("seed {seed}");
    let mut wrong = Vec::new();
    for case in CASES {
        let mut setup = Setup::new(seed, "eu-frankfurt-1");
        (case.spoil)(&mut setup).await;
        let report = setup.look().await;
        wrong.extend(found(&report, case).err());
        let is_it = |finding: &&Finding| {
            finding.level == case.level && finding.code.is_some_and(|code| code.as_str() == case.code)
        };
        let finding = report.findings().iter().find(is_it);
        let is_useful = |text: &str| !text.trim().is_empty();
        if let Some(finding) = finding {
            assert!(is_useful(&finding.needed) && is_useful(&finding.found), "{}: {finding:?}", case.name);
            assert!(finding.advice.is_some(), "{}: {finding:?}", case.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let faults = CASES.iter().filter(|case| case.level == Level::Fault).count();
    assert!(faults >= 25, "{faults}");
}

/// E0304 is about credentials that work, and has its test beside them.
#[test]
fn every_code_of_preflight_has_a_fault_that_gives_it() {
    let given: BTreeSet<&str> = CASES.iter().map(|case| case.code).chain(["E0304"]).collect();
    let all = Code::ALL.iter().map(|code| code.as_str()).filter(|code| code.starts_with("E03"));
    assert_eq!(given, all.collect());
}

#[tokio::test(start_paused = true)]
async fn many_faults_are_found_in_one_go() {
    let mut setup = Setup::new(21, "eu-frankfurt-1");
    setup.limit("vcn-count", 0);
    setup.limit("standard-a1-core-count", 0);
    setup.control("capacity", &json!([{"shape": "VM.Standard.A1.Flex", "ocpus": 0.0}]));
    setup.refuse("ListDbSystems", 404, "NotAuthorizedOrNotFound");
    setup.config.database.shape = "MySQL.3".to_owned();
    setup.config.database.version = Some("8.4.99".to_owned());
    setup.config.servers.image_id = Some(nothing("image"));
    setup.config.servers.ssh_authorized_keys.push(SHORT_KEY.to_owned());
    setup.config.load_balancer.public_ip_id = Some(nothing("publicip"));
    setup.config.defined_tags.insert("Finance.CostCenter".to_owned(), "42".to_owned());
    let report = setup.look().await;
    let expected = ["E0311", "E0312", "E0313", "E0316", "E0320", "E0321", "E0335", "E0338", "E0340"];
    assert_eq!(codes(&report, Level::Fault), expected.into(), "{}", report.to_table(Level::Unknown));
}

/// Where nobody answers, nothing is claimed: neither that it is right nor that it is wrong.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_is_skipped_and_said() {
    let mut setup = Setup::new(22, "eu-frankfurt-1");
    setup.client = nobody(&setup);
    setup.config.servers.ssh_authorized_keys.push(SHORT_KEY.to_owned());
    let report = setup.look().await;
    assert_eq!(codes(&report, Level::Fault), ["E0301", "E0340"].into());
    assert_eq!(report.skipped().len(), 15);
    assert_eq!(report.to_json()["skipped"][0], json!({"check": "clock", "because": "credentials"}));
}

#[tokio::test(start_paused = true)]
async fn a_missing_compartment_does_not_hide_what_the_region_lacks() {
    let mut setup = Setup::new(23, "eu-frankfurt-1");
    setup.config.cloud.compartment_id = Some(nothing("compartment"));
    setup.config.database.version = Some("8.4.99".to_owned());
    setup.control("capacity", &json!([{"shape": "VM.Standard.A1.Flex", "ocpus": 0.0}]));
    let report = setup.look().await;
    assert_eq!(codes(&report, Level::Fault), ["E0307", "E0313", "E0321"].into());
}
