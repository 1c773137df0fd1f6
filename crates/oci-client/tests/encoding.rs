//! Paths, queries and bodies, compared with what Oracle's Python SDK puts on the wire for the same input.
//!
//! The SDK runs in a process of its own; its requests are caught where they would leave it.
//! `OCI_CLIENT_ENCODING_CASES` (default 60) is the number of inputs for each operation that is compared, and
//! `OCI_CLIENT_ENCODING_SEED` the seed, which every failure prints.
#![cfg(all(
    feature = "core",
    feature = "mysql",
    feature = "object_storage",
    feature = "network_load_balancer"
))]
#![expect(clippy::disallowed_methods, reason = "a test reads its own settings")]

use oci_client::model::Timestamp;
use oci_client::operation::Operation;
use oci_client::request::{Body, Request};
use oci_client::services::core::{models, operations as core};
use oci_client::services::mysql::operations as mysql;
use oci_client::services::network_load_balancer::operations as balancer;
use oci_client::services::object_storage::operations as objects;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use test_support::Conversation;

const ORIGIN: &str = "http://localhost:1";

#[test]
fn paths_and_queries_are_those_of_oracles_sdk() {
    let setting = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let seed = setting("OCI_CLIENT_ENCODING_SEED", 20_261_121);
    let cases = setting("OCI_CLIENT_ENCODING_CASES", 60);
    let mut sdk = Sdk::start();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for case in 0..cases {
        let text = || text(&mut ChaCha8Rng::seed_from_u64(seed ^ (case << 8)));
        let (one, two) = (text(), self::text(&mut rng));
        let limit = rng.random_range(1..1000);
        for (request, order) in calls(&one, &two, limit) {
            let theirs = sdk.ask(&order);
            let ours = request.expect("the input can be sent");
            let target =
                theirs["target"].as_str().unwrap_or_else(|| panic!("the SDK refuses {order}: {theirs}"));
            assert_eq!(ours.target, target, "seed {seed}, case {case}: {order}");
            assert_eq!(ours.method.as_str(), theirs["method"], "{order}");
        }
    }
}

type Prepared = Result<Request, oci_client::operation::RequestError>;

/// The same calls, as our request and as an order for the SDK.
fn calls(one: &str, two: &str, limit: i64) -> Vec<(Prepared, Value)> {
    let list = core::ListVcns {
        display_name: Some(two.to_owned()),
        limit: Some(limit),
        page: Some(one.to_owned()),
        sort_order: Some(oci_client::model::SortOrder::Desc),
        ..core::ListVcns::new(one)
    };
    let terminate = core::TerminateInstance {
        preserve_boot_volume: Some(true),
        preserve_data_volumes_created_at_launch: Some(false),
        ..core::TerminateInstance::new(one)
    };
    let shapes = mysql::ListShapes {
        is_supported_for: Some(vec!["DBSYSTEM".into(), "HEATWAVECLUSTER".into()]),
        name: Some(two.to_owned()),
        ..mysql::ListShapes::new(one)
    };
    let buckets = objects::ListBuckets {
        fields: Some(vec!["tags".into()]),
        page: Some(two.to_owned()),
        ..objects::ListBuckets::new(one, two)
    };
    let found = objects::ListObjects {
        prefix: Some(two.to_owned()),
        delimiter: Some("/".to_owned()),
        ..objects::ListObjects::new(one, two)
    };
    vec![
        (
            core::GetVcn::new(one).request(ORIGIN),
            json!(["core", "VirtualNetworkClient", "get_vcn", [one], {}]),
        ),
        (
            list.request(ORIGIN),
            json!(["core", "VirtualNetworkClient", "list_vcns", [one], {
                "display_name": two, "limit": limit, "page": one, "sort_order": "DESC"}]),
        ),
        (
            terminate.request(ORIGIN),
            json!(["core", "ComputeClient", "terminate_instance", [one], {
                "preserve_boot_volume": true, "preserve_data_volumes_created_at_launch": false}]),
        ),
        (
            shapes.request(ORIGIN),
            json!(["mysql", "MysqlaasClient", "list_shapes", [one], {
                "is_supported_for": ["DBSYSTEM", "HEATWAVECLUSTER"], "name": two}]),
        ),
        (
            balancer::GetBackend::new(one, two, one).request(ORIGIN),
            json!(["network_load_balancer", "NetworkLoadBalancerClient", "get_backend", [one, two, one], {}]),
        ),
        (
            buckets.request(ORIGIN),
            json!(["object_storage", "ObjectStorageClient", "list_buckets", [one, two], {
                "fields": ["tags"], "page": two}]),
        ),
        (
            found.request(ORIGIN),
            json!(["object_storage", "ObjectStorageClient", "list_objects", [one, two], {
                "prefix": two, "delimiter": "/"}]),
        ),
        (
            objects::DeleteObject::new("ns", one, two).request(ORIGIN),
            json!(["object_storage", "ObjectStorageClient", "delete_object", ["ns", one, two], {}]),
        ),
    ]
}

#[test]
fn names_of_objects_that_look_like_steps_in_a_path_stay_names() {
    let mut sdk = Sdk::start();
    for name in ["...", "a/../b", "/", "//", "a/./b", "%2E", "%", "a%20b", "+", "a b", "ü/ß"] {
        let order =
            json!(["object_storage", "ObjectStorageClient", "delete_object", ["ns", "bucket", name], {}]);
        let ours = objects::DeleteObject::new("ns", "bucket", name).request(ORIGIN).unwrap();
        assert_eq!(json!(ours.target), sdk.ask(&order)["target"], "{name}");
    }
    // The SDK escapes the dots of these two as well, and then its HTTP library takes the escapes back.
    for (name, escaped) in [(".", "%2E"), ("..", "%2E%2E")] {
        let ours = objects::DeleteObject::new("ns", "bucket", name).request(ORIGIN).unwrap();
        assert_eq!(ours.target, format!("/n/ns/b/bucket/o/{escaped}"));
    }
}

#[test]
fn a_body_and_its_headers_are_those_of_oracles_sdk() {
    let mut sdk = Sdk::start();
    let launch = core::LaunchInstance {
        opc_retry_token: Some("token-1".to_owned()),
        ..core::LaunchInstance::new(models::LaunchInstanceDetails {
            compartment_id: Some("c".to_owned()),
            source_details: Some(
                models::InstanceSourceViaImageDetails {
                    image_id: Some("i".to_owned()),
                    boot_volume_size_in_gbs: Some(50),
                    ..Default::default()
                }
                .into(),
            ),
            shape_config: Some(models::LaunchInstanceShapeConfigDetails {
                ocpus: Some(1.5),
                ..Default::default()
            }),
            ..Default::default()
        })
    };
    let order = json!(["core", "ComputeClient", "launch_instance", [{"$model": ["core", "LaunchInstanceDetails"],
        "compartment_id": "c",
        "source_details": {"$model": ["core", "InstanceSourceViaImageDetails"], "image_id": "i", "boot_volume_size_in_gbs": 50},
        "shape_config": {"$model": ["core", "LaunchInstanceShapeConfigDetails"], "ocpus": 1.5},
    }], {"opc_retry_token": "token-1"}]);
    let ours = launch.request(ORIGIN).unwrap();
    let theirs = sdk.ask(&order);
    let Body::Bytes(body) = &ours.body else { panic!("no body") };
    let theirs_body: Value = serde_json::from_str(theirs["body"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(body).unwrap(), theirs_body);
    for name in ["content-type", "opc-retry-token"] {
        assert_eq!(json!(ours.headers[name].to_str().unwrap()), theirs["headers"][name], "{name}");
    }
}

#[test]
fn an_upload_has_the_headers_of_oracles_sdk() {
    let mut sdk = Sdk::start();
    let mut put = objects::PutObject::new("ns", "bucket", "state.json", Body::Bytes("{}".into()));
    put.if_none_match = Some("*".to_owned());
    put.content_type = Some("application/json".to_owned());
    put.opc_meta.insert("origin".to_owned(), "here".to_owned());
    let order = json!(["object_storage", "ObjectStorageClient", "put_object", ["ns", "bucket", "state.json", "{}"], {
        "if_none_match": "*", "content_type": "application/json", "opc_meta": {"origin": "here"}}]);
    let (ours, theirs) = (put.request(ORIGIN).unwrap(), sdk.ask(&order));
    assert_eq!(json!(ours.target), theirs["target"]);
    for name in ["if-none-match", "content-type", "opc-meta-origin"] {
        assert_eq!(json!(ours.headers[name].to_str().unwrap()), theirs["headers"][name], "{name}");
    }
    assert_eq!(ours.signing, oci_client::request::SigningRule::BodyUnsigned);
}

#[test]
fn a_time_in_a_body_is_written_as_it_was_given() {
    let at: Timestamp = "2026-11-21T20:00:00.5Z".parse().unwrap();
    let details = models::InstancePowerActionDetails::from(models::RebootMigrateActionDetails {
        time_scheduled: Some(at),
        ..Default::default()
    });
    let call = core::InstanceAction { body: Some(details), ..core::InstanceAction::new("i", "RESET") };
    let request = call.request(ORIGIN).unwrap();
    assert_eq!(request.target, "/20160918/instances/i?action=RESET");
    let Body::Bytes(body) = &request.body else { panic!("no body") };
    assert_eq!(
        serde_json::from_slice::<Value>(body).unwrap(),
        json!({"actionType": "rebootMigrate", "timeScheduled": "2026-11-21T20:00:00.5Z"})
    );
}

/// Text that is hard to escape, and never blank: the SDK refuses that, as we do.
fn text(rng: &mut ChaCha8Rng) -> String {
    const LETTERS: &[&str] = &[
        "a", "Z", "0", " ", "-", "_", ".", "~", "/", "?", "#", "%", "&", "=", "+", ";", ":", "@", "!", "$",
        "'", "(", ")", "*", ",", "[", "]", "{", "}", "|", "^", "`", "\"", "<", ">", "\\", "\t", "ß", "é",
        "漢", "🦀", "\u{7f}",
    ];
    let length = rng.random_range(0..12);
    // Letters in front and behind, so that no part of a path is `.` or `..`: in a path of an ordinary service the
    // SDK's HTTP library takes such a part for a step and removes it; we send what we were given.
    let tail: String = (0..length).map(|_| *LETTERS.choose(rng).expect("there are letters")).collect();
    format!("x{}y", tail.replace("/.", "/x.").replace("./", ".x/"))
}

/// Oracle's SDK, whose requests are caught before they leave.
struct Sdk(Conversation);

impl Sdk {
    fn start() -> Self {
        Self(Conversation::start("crates/oci-client/tests/python/encoding.py"))
    }

    fn ask(&mut self, order: &Value) -> Value {
        let answer = self.0.ask(&order.to_string());
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{order}: {answer:?}: {error}"))
    }
}
