//! What goes wrong on request: each effect, each condition, and the format.
#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test's helpers may fail as a test does, and its tables are made of values"
)]

mod support;

use std::time::Duration;

use http::Method;
use oci_mock::auth::{Backend, Credentials};
use oci_mock::faults::{Script, ScriptError};
use oci_mock::{Config, Cut, WireRequest};
use serde_json::{Value, json};
use signer::Signer;
use support::Caller;

#[path = "support/signer.rs"]
mod signer;

/// A mock with this one fault.
fn with(when: Value, effect: Value) -> Caller {
    let cloud = Caller::new();
    let script = json!({"faults": [{"name": "it", "when": when, "do": effect}]});
    cloud.mock.add_faults(Script::parse(&script.to_string()).unwrap());
    cloud
}

fn create_vcn(cloud: &Caller) -> WireRequest {
    let body = json!({"compartmentId": cloud.tenancy(), "cidrBlocks": ["10.0.0.0/16"]});
    WireRequest::new(Method::POST, "/20160918/vcns").json(&body)
}

fn vcns(cloud: &Caller) -> usize {
    let list = cloud.get(&format!("/20160918/vcns?compartmentId={}", cloud.tenancy())).json().unwrap();
    list.as_array().unwrap().len()
}

#[test]
fn refusals_come_instead_of_the_work() {
    for (effect, status, code, retry_after) in [
        (json!({"throttle": {}}), 429, "TooManyRequests", None),
        (json!({"throttle": {"retryAfterSecs": 3}}), 429, "TooManyRequests", Some("3")),
        (json!({"outOfHostCapacity": {}}), 500, "InternalError", None),
        (json!({"limitExceeded": {"limit": "vcn-count"}}), 400, "LimitExceeded", None),
        (
            json!({"respond": {"status": 503, "code": "ServiceUnavailable", "retryAfterSecs": 1}}),
            503,
            "ServiceUnavailable",
            Some("1"),
        ),
        (
            json!({"respond": {"status": 500, "code": "SomethingNew", "message": "m"}}),
            500,
            "SomethingNew",
            None,
        ),
    ] {
        let cloud = with(json!({"operations": ["CreateVcn"]}), effect.clone());
        let answer = cloud.send(&create_vcn(&cloud));
        assert_eq!(
            (answer.status.as_u16(), answer.json().unwrap()["code"].as_str()),
            (status, Some(code)),
            "{effect}"
        );
        assert_eq!(answer.header("retry-after"), retry_after, "{effect}");
        assert_eq!(vcns(&cloud), 0, "{effect}");
    }
}

#[test]
fn replies_are_lost_or_cut_after_the_work() {
    for (effect, cut, made) in [
        (json!({"loseReply": {}}), Cut::Closed, 1),
        (json!({"cutReply": {"atBytes": 10}}), Cut::After(10), 1),
        (json!({"closeBefore": {}}), Cut::Closed, 0),
        (json!({"delay": {"seconds": 1.5}}), Cut::Whole, 1),
    ] {
        let cloud = with(json!({"operations": ["CreateVcn"]}), effect.clone());
        let delivery = cloud.mock.deliver(&create_vcn(&cloud));
        assert_eq!(delivery.cut, cut, "{effect}");
        assert_eq!(vcns(&cloud), made, "{effect}");
        let delay = if made == 1 && cut == Cut::Whole { 1500 } else { 0 };
        assert_eq!(delivery.delay, Duration::from_millis(delay), "{effect}");
    }
}

#[test]
fn a_new_object_is_invisible_for_a_while() {
    let cloud = with(json!({"operations": ["CreateVcn"]}), json!({"hideNew": {"seconds": 30}}));
    let id = cloud.send(&create_vcn(&cloud)).json().unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/20160918/vcns/{id}");
    let subnet = json!({"compartmentId": cloud.tenancy(), "vcnId": id, "cidrBlock": "10.0.1.0/24"});
    assert_eq!((cloud.get(&path).status.as_u16(), vcns(&cloud)), (404, 0));
    assert_ne!(cloud.post("/20160918/subnets", &subnet).status, 200, "other services do not see it either");
    cloud.mock.advance(Duration::from_secs(31));
    assert_eq!((cloud.get(&path).status.as_u16(), vcns(&cloud)), (200, 1));
    assert_eq!(cloud.post("/20160918/subnets", &subnet).status, 200);
}

#[test]
fn conditions_choose_the_requests() {
    // Which of six creates fail.
    let failed = |when: Value| {
        let cloud = with(when, json!({"throttle": {}}));
        let outcomes: String = (0..6)
            .map(|_| {
                cloud.mock.advance(Duration::from_secs(10));
                if cloud.send(&create_vcn(&cloud)).status == 429 { 'x' } else { '.' }
            })
            .collect();
        outcomes
    };
    assert_eq!(failed(json!({})), "xxxxxx");
    assert_eq!(failed(json!({"operations": ["LaunchInstance", "CreateSubnet"]})), "......");
    assert_eq!(failed(json!({"operations": ["LaunchInstance", "CreateVcn"]})), "xxxxxx");
    assert_eq!(failed(json!({"service": "core", "method": "post", "path": "/20160918/vc"})), "xxxxxx");
    assert_eq!(failed(json!({"service": "mysql"})), "......");
    assert_eq!(failed(json!({"method": "GET"})), "......");
    assert_eq!(failed(json!({"path": "/20190415"})), "......");
    assert_eq!(failed(json!({"skip": 2, "times": 3})), "..xxx.");
    assert_eq!(failed(json!({"fromSecs": 20, "untilSecs": 50})), ".xxx..");
    assert_eq!(failed(json!({"probability": 0.0})), "......");
    assert_eq!(failed(json!({"probability": 1.0})), "xxxxxx");
    let half = failed(json!({"probability": 0.5}));
    assert!(half.contains('x') && half.contains('.'), "{half}");
    assert_eq!(half, failed(json!({"probability": 0.5})), "chance follows from the seed");
}

#[test]
fn a_skewed_clock_and_expired_tokens_are_401() {
    let check = |effect: Value, session: bool| {
        let cloud = Caller::with(Config { signatures: Some(Backend::Rsa), ..Config::default() });
        let script = json!({"faults": [{"when": {"times": 1}, "do": effect}]});
        cloud.mock.add_faults(Script::parse(&script.to_string()).unwrap());
        let credentials = Credentials::test_only(1);
        let keys = cloud.mock.keys().unwrap();
        let key_id = if session {
            keys.add_session("e30.e30.e30", &credentials.public_pem).unwrap()
        } else {
            keys.add_api_key(&cloud.tenancy(), "ocid1.user.oc1..u", &credentials.public_pem).unwrap()
        };
        let signer = Signer::new(&credentials, &key_id);
        let list = WireRequest::new(Method::GET, format!("/20160918/vcns?compartmentId={}", cloud.tenancy()));
        let request = signer.sign(list, "localhost", cloud.mock.clock().now());
        [(); 2].map(|()| cloud.send(&request).status.as_u16())
    };
    assert_eq!(check(json!({"skewClock": {"seconds": 301}}), false), [401, 200]);
    assert_eq!(check(json!({"skewClock": {"seconds": -301}}), false), [401, 200]);
    assert_eq!(check(json!({"skewClock": {"seconds": 290}}), false), [200, 200]);
    assert_eq!(check(json!({"expireTokens": {}}), true), [401, 200]);
    assert_eq!(check(json!({"expireTokens": {}}), false), [200, 200]);
}

#[test]
fn an_accepted_launch_fails_later_for_want_of_a_host() {
    // Any resource with a lifecycle will do: what matters is that the scheduled success no longer comes.
    let cloud = with(json!({"operations": ["CreateVcn"]}), json!({"failWorkRequest": {"afterSecs": 0}}));
    let id = cloud.send(&create_vcn(&cloud)).json().unwrap()["id"].as_str().unwrap().to_owned();
    cloud.mock.advance(Duration::from_secs(10));
    let state = cloud.get(&format!("/20160918/vcns/{id}")).json().unwrap()["lifecycleState"].clone();
    assert_eq!(state, "TERMINATED");
}

/// A cloud with an active load balancer, and the balancer's path.
fn with_load_balancer() -> (Caller, String) {
    let cloud = Caller::new();
    let vcn = cloud.create_vcn("net");
    let body = json!({"compartmentId": cloud.tenancy(), "vcnId": vcn, "cidrBlock": "10.0.1.0/24"});
    cloud.mock.advance(Duration::from_secs(10));
    let subnet = cloud.post("/20160918/subnets", &body);
    assert_eq!(subnet.status, 200, "{subnet:?}");
    let subnet = subnet.json().unwrap()["id"].clone();
    cloud.mock.advance(Duration::from_secs(10));
    let body = json!({"compartmentId": cloud.tenancy(), "displayName": "lb", "subnetId": subnet});
    let made = cloud.post("/20200501/networkLoadBalancers", &body);
    assert_eq!(made.status, 201, "{made:?}");
    cloud.mock.advance(Duration::from_secs(600));
    let path = format!("/20200501/networkLoadBalancers/{}", made.json().unwrap()["id"].as_str().unwrap());
    (cloud, path)
}

fn add(cloud: &Caller, effect: Value) {
    let script = json!({"faults": [{"when": {"times": 1}, "do": effect}]});
    cloud.mock.add_faults(Script::parse(&script.to_string()).unwrap());
}

#[test]
fn a_load_balancer_is_busy_by_itself_for_a_while() {
    let (cloud, path) = with_load_balancer();
    let rename = json!({"displayName": "renamed"});
    add(&cloud, json!({"flipToUpdating": {"seconds": 30}}));
    let refused = cloud.put(&path, &rename);
    assert_eq!((refused.status.as_u16(), refused.json().unwrap()["code"].as_str()), (409, Some("Conflict")));
    assert_eq!(cloud.get(&path).json().unwrap()["lifecycleState"], "UPDATING");
    cloud.mock.advance(Duration::from_secs(31));
    assert_eq!(cloud.get(&path).json().unwrap()["lifecycleState"], "ACTIVE");
    assert_eq!(cloud.put(&path, &rename).status, 202);
}

#[test]
fn work_requests_fail_or_name_nothing() {
    for (effect, status, resources, errors) in [
        (json!({"emptyWorkRequest": {}}), "SUCCEEDED", 0, 0),
        (
            json!({"failWorkRequest": {"code": "InternalError", "message": "no", "afterSecs": 3}}),
            "FAILED",
            1,
            1,
        ),
    ] {
        let (cloud, path) = with_load_balancer();
        add(&cloud, effect.clone());
        let accepted = cloud.put(&path, &json!({"displayName": "renamed"}));
        assert_eq!(accepted.status, 202, "{effect}");
        let request = format!("/20200501/workRequests/{}", accepted.header("opc-work-request-id").unwrap());
        cloud.mock.advance(Duration::from_secs(600));
        let shown = cloud.get(&request).json().unwrap();
        assert_eq!(shown["status"], status, "{effect}");
        assert_eq!(shown["resources"].as_array().unwrap().len(), resources, "{effect}");
        let list = format!("{request}/errors?compartmentId={}", cloud.tenancy());
        assert_eq!(cloud.get(&list).json().unwrap()["items"].as_array().unwrap().len(), errors, "{effect}");
    }
}

#[test]
fn the_control_interface_adds_counts_and_removes_faults() {
    let cloud = Caller::new();
    let script = json!({"faults": [{"name": "slow", "when": {"times": 1}, "do": {"throttle": {}}}]});
    assert_eq!(
        cloud.post("/_mock/faults", &script).json().unwrap(),
        json!([{"name": "slow", "asked": 0, "fired": 0}])
    );
    assert_eq!(cloud.send(&create_vcn(&cloud)).status, 429);
    assert_eq!(cloud.send(&create_vcn(&cloud)).status, 200);
    assert_eq!(cloud.get("/_mock/faults").json().unwrap(), json!([{"name": "slow", "asked": 2, "fired": 1}]));
    assert_eq!(cloud.delete("/_mock/faults").json().unwrap(), json!([]));
    let wrong = cloud.post("/_mock/faults", &json!({"faults": [{"do": {"explode": {}}}]}));
    assert_eq!(wrong.status, 400);
    assert!(wrong.json().unwrap()["message"].as_str().unwrap().contains("explode"));
}

#[test]
fn a_wrong_script_is_refused_with_the_place() {
    for (text, expected) in [
        ("{", "line 1, column"),
        ("{\n  \"fault\": []}", "line 2, column"),
        (r#"{"faults": [{"when": {}}]}"#, "missing field `do`"),
        (r#"{"faults": [{"do": {"throttle": {}}, "wen": {}}]}"#, "unknown field `wen`"),
        (r#"{"faults": [{"do": {"throttle": {"after": 1}}}]}"#, "unknown field `after`"),
        (
            r#"{"faults": [{"do": {"respond": {"status": 200, "code": "x"}}}]}"#,
            "faults[0].do.respond.status: 200",
        ),
        (r#"{"faults": [{"do": {"hideNew": {"seconds": 61}}}]}"#, "faults[0].do.hideNew.seconds"),
        (r#"{"faults": [{"do": {"delay": {"seconds": -1}}}]}"#, "faults[0].do.delay.seconds"),
        (
            r#"{"faults": [{"when": {"operations": ["Fly"]}, "do": {"throttle": {}}}]}"#,
            "no operation \"Fly\"",
        ),
        (r#"{"faults": [{"when": {"service": "moon"}, "do": {"throttle": {}}}]}"#, "no service \"moon\""),
        (
            r#"{"faults": [{"when": {"probability": 2}, "do": {"throttle": {}}}]}"#,
            "faults[0].when.probability",
        ),
    ] {
        let error: ScriptError = Script::parse(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_schema_accepts_every_effect_and_refuses_what_the_program_refuses() {
    let text = include_str!("../../../schemas/mock-faults.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap();
    let effects = [
        json!({"respond": {"status": 500, "code": "c", "message": "m", "retryAfterSecs": 1}}),
        json!({"throttle": {"retryAfterSecs": 1}}),
        json!({"outOfHostCapacity": {"later": true, "afterSecs": 5}}),
        json!({"limitExceeded": {"limit": "l"}}),
        json!({"delay": {"seconds": 0.5}}),
        json!({"closeBefore": {}}),
        json!({"loseReply": {}}),
        json!({"cutReply": {"atBytes": 5}}),
        json!({"hideNew": {"seconds": 60}}),
        json!({"failWorkRequest": {"code": "c", "message": "m", "afterSecs": 5}}),
        json!({"emptyWorkRequest": {}}),
        json!({"flipToUpdating": {"seconds": 30}}),
        json!({"skewClock": {"seconds": -400}}),
        json!({"expireTokens": {}}),
    ];
    for effect in effects {
        let script = json!({"seed": 1, "faults": [{"name": "n", "when": {
            "service": "core", "operations": ["CreateVcn"], "method": "POST", "path": "/", "skip": 1, "times": 2,
            "probability": 0.5, "fromSecs": 1, "untilSecs": 2
        }, "do": effect}]});
        assert!(schema.is_valid(&script), "{script}");
        Script::parse(&script.to_string()).unwrap();
    }
    for wrong in [
        json!({}),
        json!({"faults": [{}]}),
        json!({"faults": [{"do": {}}]}),
        json!({"faults": [{"do": {"explode": {}}}]}),
        json!({"faults": [{"do": {"throttle": {}, "delay": {"seconds": 1}}}]}),
        json!({"faults": [{"do": {"throttle": {}}, "colour": 1}]}),
        json!({"faults": [{"do": {"hideNew": {"seconds": 61}}}]}),
        json!({"faults": [{"do": {"respond": {"status": 200, "code": "x"}}}]}),
        json!({"faults": [{"do": {"loseReply": {"x": 1}}}]}),
        json!({"faults": [{"do": {"throttle": {}}, "when": {"probability": 2}}]}),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
        assert!(Script::parse(&wrong.to_string()).is_err(), "{wrong}");
    }
}
