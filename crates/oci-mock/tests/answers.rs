//! The mock watches its own answers, and what it promises of all of them: no contradiction of the API's
//! tables, and the same bytes for the same seed and requests.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use http::Method;
use oci_mock::cloud::Place;
use oci_mock::{AnswerCheck, Config, WireRequest};
use serde_json::{Value, json};
use support::Caller;

/// A change that makes a VCN's answer wrong, and what is reported of it.
type Wrong = (&'static str, fn(&mut serde_json::Map<String, Value>), &'static str);

const WRONG: &[Wrong] = &[
    (
        "an unknown field",
        |vcn| drop(vcn.insert("colour".to_owned(), json!("blue"))),
        "$.colour: Vcn has no such field",
    ),
    ("a missing field", |vcn| drop(vcn.remove("cidrBlock")), "$.cidrBlock: missing"),
    ("a required null", |vcn| drop(vcn.insert("id".to_owned(), Value::Null)), "$.id: null"),
    ("a wrong type", |vcn| drop(vcn.insert("cidrBlocks".to_owned(), json!("10.0.0.0/16"))), "$.cidrBlocks: "),
    ("a wrong element", |vcn| drop(vcn.insert("cidrBlocks".to_owned(), json!([16]))), "$.cidrBlocks[0]: 16"),
    (
        "a wrong state",
        |vcn| drop(vcn.insert("lifecycleState".to_owned(), json!("ACTIVE"))),
        "$.lifecycleState: ",
    ),
    ("a wrong time", |vcn| drop(vcn.insert("timeCreated".to_owned(), json!("today"))), "$.timeCreated: "),
    (
        "a wrong tag",
        |vcn| drop(vcn.insert("freeformTags".to_owned(), json!({"a": 1}))),
        "$.freeformTags.a: 1",
    ),
];

#[test]
fn a_wrong_answer_is_recorded_with_operation_and_path() {
    for (what, spoil, expected) in WRONG {
        let cloud = Caller::with(Config { answer_check: AnswerCheck::Record, ..Config::default() });
        let id = cloud.create_vcn("net");
        assert_eq!(cloud.mock.violations(), [""; 0]);
        cloud.mock.with_cloud_mut(|cloud| cloud.update(&id, |vcn| spoil(&mut vcn.body)));
        assert_eq!(cloud.get(&format!("/20160918/vcns/{id}")).status, 200);
        let violations = cloud.mock.violations();
        assert_eq!(violations.len(), 1, "{what}: {violations:?}");
        assert!(violations[0].starts_with(&format!("GetVcn: {expected}")), "{what}: {violations:?}");
        assert_eq!(cloud.get("/_mock/violations").json().unwrap(), json!(violations));
    }
}

#[test]
fn a_wrong_answer_panics_in_a_test() {
    let cloud = Caller::with(Config { answer_check: AnswerCheck::Panic, ..Config::default() });
    let id = cloud.create_vcn("net");
    cloud.mock.with_cloud_mut(|cloud| cloud.update(&id, |vcn| vcn.set("colour", "blue")));
    let panic = catch_unwind(AssertUnwindSafe(|| cloud.get(&format!("/20160918/vcns/{id}")))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("$.colour"));
    // The cloud is as usable as before.
    assert_eq!(cloud.delete(&format!("/20160918/vcns/{id}")).status, 204);
}

#[test]
fn tests_check_every_answer_without_asking_for_it() {
    assert_eq!(Config::default().answer_check, AnswerCheck::Panic);
}

/// A long mixed conversation, good and bad, and everything that was answered.
fn conversation(seed: u64) -> Vec<String> {
    let place = Place::new(seed, "eu-frankfurt-1");
    let cloud = Caller::with(Config { place, ..Config::default() });
    let tenancy = cloud.tenancy();
    let mut said = Vec::new();
    let mut say = |request: WireRequest| {
        let answer = cloud.send(&request);
        let headers: Vec<String> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        said.push(format!("{} {headers:?} {}", answer.status, String::from_utf8_lossy(&answer.body)));
        answer.json().unwrap_or_default()["id"].as_str().unwrap_or_default().to_owned()
    };
    for round in 0..40 {
        let name = format!("net-{round}");
        let body = json!({"compartmentId": tenancy, "cidrBlocks": ["10.0.0.0/16"], "displayName": name, "dnsLabel": "net"});
        let vcn = say(WireRequest::new(Method::POST, "/20160918/vcns")
            .header("opc-retry-token", &name)
            .json(&body));
        let subnet =
            json!({"compartmentId": tenancy, "vcnId": vcn, "cidrBlock": "10.0.1.0/24", "dnsLabel": "sub"});
        let subnet = say(WireRequest::new(Method::POST, "/20160918/subnets").json(&subnet));
        say(WireRequest::new(Method::POST, "/20160918/vcns").header("opc-retry-token", &name).json(&body));
        say(WireRequest::new(Method::PUT, format!("/20160918/vcns/{vcn}"))
            .json(&json!({"displayName": "other"})));
        say(WireRequest::new(Method::DELETE, format!("/20160918/vcns/{vcn}")));
        cloud.mock.advance(Duration::from_millis(700));
        for list in ["vcns", "subnets", "routeTables", "securityLists", "dhcps"] {
            say(WireRequest::new(Method::GET, format!("/20160918/{list}?compartmentId={tenancy}&limit=3")));
        }
        if round % 3 == 0 {
            say(WireRequest::new(Method::DELETE, format!("/20160918/subnets/{subnet}")));
            cloud.mock.advance(Duration::from_secs(5));
            say(WireRequest::new(Method::DELETE, format!("/20160918/vcns/{vcn}")));
        }
        say(WireRequest::new(Method::GET, format!("/20160918/vcns/{subnet}")));
        say(WireRequest::new(Method::GET, "/_mock/inventory"));
    }
    said
}

#[test]
fn the_same_seed_and_requests_give_the_same_bytes() {
    let first = conversation(7);
    assert!(first.len() > 400);
    for (position, (one, other)) in first.iter().zip(conversation(7)).enumerate() {
        assert_eq!(*one, other, "answer {position}");
    }
    assert_ne!(first, conversation(8), "another seed gives another cloud");
}

#[test]
fn threads_that_only_look_see_whole_states() {
    let cloud = Caller::new();
    let id = cloud.create_vcn("net");
    let path = format!("/20160918/vcns/{id}");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let vcn = cloud.get(&path).json().unwrap();
                    assert_eq!(vcn["displayName"], vcn["freeformTags"]["name"].as_str().unwrap_or("net"));
                }
            });
        }
        scope.spawn(|| {
            for round in 0..200 {
                let name = format!("net-{round}");
                cloud.put(&path, &json!({"displayName": name, "freeformTags": {"name": name}}));
            }
        });
    });
}
