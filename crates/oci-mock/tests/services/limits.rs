//! Limits: their values, what is used of them, and what is refused beyond them.

use http::Method;
use oci_mock::WireRequest;
use serde_json::{Value, json};

use crate::network::Site;
use crate::network_load_balancer::{PATH, details};
use crate::refusals::{assert_refused, refusal};

const ROOT: &str = "/20190729";

fn availability(site: &Site, service: &str, name: &str, domain: Option<&str>) -> String {
    let domain = domain.map(|domain| format!("&availabilityDomain={}", domain.replace(':', "%3A")));
    let tenancy = site.cloud.tenancy();
    format!(
        "{ROOT}/services/{service}/limits/{name}/resourceAvailability?compartmentId={tenancy}{}",
        domain.unwrap_or_default()
    )
}

fn set(site: &Site, limits: &Value) {
    let answer = site.cloud.send(&WireRequest::new(Method::PUT, "/_mock/limits").json(limits));
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn availability_counts_what_exists() {
    let site = Site::new();
    let vcns = site.read(&availability(&site, "vcn", "vcn-count", None));
    assert_eq!((&vcns["used"], &vcns["available"]), (&json!(1), &json!(49)));
    let domain = site.domain(1);
    let targets = availability(&site, "filesystem", "mount-target-count", Some(&domain));
    assert_eq!(site.read(&targets)["available"], 2);
    let target = json!({
        "compartmentId": site.cloud.tenancy(), "availabilityDomain": domain, "subnetId": site.subnet,
    });
    site.created("/20171215/mountTargets", &target, 200);
    assert_eq!(site.read(&targets)["available"], 1);
    let elsewhere = availability(&site, "filesystem", "mount-target-count", Some(&site.domain(2)));
    assert_eq!(site.read(&elsewhere)["available"], 2);
    site.created(PATH, &details(&site), 201);
    let balancers = availability(&site, "network-load-balancer-api", "max-nlb-flexible-count", None);
    assert_eq!(site.read(&balancers)["used"], 1);
}

#[test]
fn values_are_listed_for_each_availability_domain() {
    let site = Site::new();
    set(&site, &json!({"mount-target-count": 0}));
    let tenancy = site.cloud.tenancy();
    let list = format!("{ROOT}/limitValues?compartmentId={tenancy}&serviceName=filesystem");
    let values = site.read(&format!("{list}&name=mount-target-count"));
    assert_eq!(values.as_array().unwrap().len(), 3);
    assert!(values.as_array().unwrap().iter().all(|line| line["value"] == 0 && line["scopeType"] == "AD"));
    let definitions = site.read(&format!("{ROOT}/limitDefinitions?compartmentId={tenancy}&serviceName=vcn"));
    let subnets =
        definitions.as_array().unwrap().iter().find(|limit| limit["name"] == "subnet-count").unwrap();
    assert_eq!(subnets["isResourceAvailabilitySupported"], false);
    let services = site.read(&format!("{ROOT}/services?compartmentId={tenancy}"));
    let names: Vec<&Value> = services.as_array().unwrap().iter().map(|service| &service["name"]).collect();
    assert!(names.contains(&&json!("compute")) && names.contains(&&json!("mysql")), "{names:?}");
}

#[test]
fn limits_refuse_what_is_beyond_them_and_questions_that_have_no_answer() {
    let site = Site::new();
    set(&site, &json!({"mount-target-count": 0, "max-nlb-flexible-count": 0, "file-system-count": 0}));
    let place = json!({
        "compartmentId": site.cloud.tenancy(), "availabilityDomain": site.domain(1), "subnetId": site.subnet,
    });
    let mut system = place.clone();
    system.as_object_mut().unwrap().remove("subnetId");
    let get = |target: String| (Method::GET, target, Value::Null);
    let domain = site.domain(1);
    assert_refused(
        &site.cloud,
        &[
            refusal(
                "one mount target too many",
                (Method::POST, "/20171215/mountTargets".to_owned(), place),
                (400, "LimitExceeded"),
                "mount-target-count",
            ),
            refusal(
                "one file system too many",
                (Method::POST, "/20171215/fileSystems".to_owned(), system),
                (400, "LimitExceeded"),
                "file-system-count",
            ),
            refusal(
                "one load balancer too many",
                (Method::POST, PATH.to_owned(), details(&site)),
                (400, "LimitExceeded"),
                "max-nlb-flexible-count",
            ),
            refusal(
                "a limit without usage",
                get(availability(&site, "vcn", "subnet-count", None)),
                (404, "NotAuthorizedOrNotFound"),
                "subnet-count",
            ),
            refusal(
                "a limit that is none",
                get(availability(&site, "vcn", "moon-count", None)),
                (404, "NotAuthorizedOrNotFound"),
                "moon-count",
            ),
            refusal(
                "a limit of each domain without one",
                get(availability(&site, "filesystem", "file-system-count", None)),
                (400, "MissingParameter"),
                "availabilityDomain",
            ),
            refusal(
                "a limit of the region with a domain",
                get(availability(&site, "vcn", "vcn-count", Some(&domain))),
                (400, "InvalidParameter"),
                "availabilityDomain",
            ),
        ],
    );
}
