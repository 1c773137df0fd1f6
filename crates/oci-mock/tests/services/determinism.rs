//! The same seed and the same requests give the same bytes, and another seed others.

use http::Method;
use oci_mock::cloud::Place;
use oci_mock::{Config, WireRequest};
use serde_json::{Value, json};

use crate::network::Site;
use crate::network_load_balancer::details;

/// What a run over every service answers, headers included.
fn transcript(seed: u64) -> String {
    let place = Place::new(seed, "eu-frankfurt-1");
    let site = Site::with(Config { place, ..Config::default() });
    let tenancy = site.cloud.tenancy();
    let namespace = site.read("/n");
    let objects = format!("/n/{}/b", namespace.as_str().unwrap());
    let post = |target: &str, body: Value| WireRequest::new(Method::POST, target).json(&body);
    let get = |target: String| WireRequest::new(Method::GET, target);
    let system = json!({
        "compartmentId": tenancy, "subnetId": site.subnet, "shapeName": "MySQL.8", "adminUsername": "admin",
        "adminPassword": "Correct-horse-9",
    });
    let target =
        json!({"compartmentId": tenancy, "availabilityDomain": site.domain(1), "subnetId": site.subnet});
    let requests = [
        post("/20190415/dbSystems", system),
        post("/20171215/mountTargets", target),
        post("/20200501/networkLoadBalancers", details(&site)),
        post("/20160918/compartments", json!({"compartmentId": tenancy, "name": "a", "description": "b"})),
        post(&objects, json!({"compartmentId": tenancy, "name": "state"})),
        WireRequest { body: "x".into(), ..WireRequest::new(Method::PUT, format!("{objects}/state/o/a")) },
        get(format!("/20190415/dbSystems?compartmentId={tenancy}")),
        get(format!("/20200501/networkLoadBalancers?compartmentId={tenancy}")),
        get(format!("/20160918/availabilityDomains?compartmentId={tenancy}")),
        get(format!("/20190415/configurations?compartmentId={tenancy}")),
        get("/_mock/inventory".to_owned()),
    ];
    let mut text = String::new();
    for request in requests {
        let answer = site.cloud.send(&request);
        assert!(answer.status.is_success(), "{request:?}: {answer:?}");
        text.push_str(&format!("{:?}\n{}\n", answer.headers, String::from_utf8_lossy(&answer.body)));
        site.pass(100);
    }
    text
}

#[test]
fn the_same_seed_and_requests_give_the_same_bytes() {
    assert_eq!(transcript(7), transcript(7));
    assert_ne!(transcript(7), transcript(8));
}
