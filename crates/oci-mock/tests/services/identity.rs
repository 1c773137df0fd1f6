//! Identity: what a tenancy has from the beginning, and the life of compartments, policies and tags.

use std::time::Duration;

use http::Method;
use oci_mock::Config;
use oci_mock::cloud::Place;
use serde_json::{Value, json};

use crate::refusals::{assert_refused, refusal};
use crate::support::Caller;

fn compartment(cloud: &Caller, name: &str) -> String {
    let body = json!({"compartmentId": cloud.tenancy(), "name": name, "description": "for a test"});
    let answer = cloud.post("/20160918/compartments", &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_tenancy_knows_its_domains_regions_and_user() {
    let cloud = Caller::new();
    let tenancy = cloud.tenancy();
    let domains =
        cloud.get(&format!("/20160918/availabilityDomains?compartmentId={tenancy}")).json().unwrap();
    assert_eq!(domains.as_array().unwrap().len(), 3);
    let first = domains[0]["name"].as_str().unwrap();
    assert!(first.contains(":EU-FRANKFURT-1-AD-"), "{first}");
    let faults = format!(
        "/20160918/faultDomains?compartmentId={tenancy}&availabilityDomain={}",
        first.replace(':', "%3A")
    );
    let faults = cloud.get(&faults).json().unwrap();
    let names: Vec<&str> =
        faults.as_array().unwrap().iter().map(|fault| fault["name"].as_str().unwrap()).collect();
    assert_eq!(names, Place::FAULT_DOMAINS);

    let regions = cloud.get("/20160918/regions").json().unwrap();
    assert!(regions.as_array().unwrap().contains(&json!({"key": "FRA", "name": "eu-frankfurt-1"})));
    let tenancy = cloud.get(&format!("/20160918/tenancies/{tenancy}")).json().unwrap();
    assert_eq!(tenancy["homeRegionKey"], "FRA");
    let path = format!("/20160918/tenancies/{}/regionSubscriptions", cloud.tenancy());
    let home =
        json!({"regionKey": "FRA", "regionName": "eu-frankfurt-1", "status": "READY", "isHomeRegion": true});
    assert_eq!(cloud.get(&path).json().unwrap(), json!([home]));
    let user = cloud.mock.config().place.user_id.clone();
    assert_eq!(cloud.get(&format!("/20160918/users/{user}")).json().unwrap()["id"], json!(user));
}

#[test]
fn a_compartment_lives_and_leaves_a_renamed_record() {
    let cloud = Caller::new();
    let id = compartment(&cloud, "school");
    let path = format!("/20160918/compartments/{id}");
    assert_eq!(cloud.get(&path).json().unwrap()["lifecycleState"], "CREATING");
    cloud.mock.advance(Duration::from_secs(2));
    assert_eq!(cloud.get(&path).json().unwrap()["lifecycleState"], "ACTIVE");
    assert_eq!(cloud.put(&path, &json!({"name": "school2"})).json().unwrap()["name"], "school2");

    let answer = cloud.delete(&path);
    assert_eq!(answer.status, 202);
    let work = format!("/20160918/workRequests/{}", answer.header("opc-work-request-id").unwrap());
    cloud.mock.advance(Duration::from_secs(60));
    assert_eq!(cloud.get(&work).json().unwrap()["status"], "IN_PROGRESS");
    cloud.mock.advance(Duration::from_secs(120));
    assert_eq!(cloud.get(&work).json().unwrap()["status"], "SUCCEEDED");
    let gone = cloud.get(&path).json().unwrap();
    assert_eq!(gone["lifecycleState"], "DELETED");
    assert_ne!(gone["name"], "school2", "its name is free again");
    compartment(&cloud, "school2");
}

#[test]
fn only_the_subtree_of_the_tenancy_lists_grandchildren() {
    let cloud = Caller::new();
    let parent = compartment(&cloud, "parent");
    let body = json!({"compartmentId": parent, "name": "child", "description": "d"});
    assert_eq!(cloud.post("/20160918/compartments", &body).status, 200);
    let names = |query: &str| -> Vec<String> {
        let list = cloud.get(&format!("/20160918/compartments?compartmentId={}{query}", cloud.tenancy()));
        let list: Value = list.json().unwrap();
        list.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("&accessLevel=ANY"), ["parent"]);
    assert_eq!(names("&compartmentIdInSubtree=true"), ["parent", "child"]);
}

#[test]
fn tags_are_retired_before_they_are_deleted() {
    let cloud = Caller::new();
    let body = json!({"compartmentId": cloud.tenancy(), "name": "Moodle", "description": "d"});
    let namespace = cloud.post("/20160918/tagNamespaces", &body).json().unwrap();
    let path = format!("/20160918/tagNamespaces/{}", namespace["id"].as_str().unwrap());
    let tag =
        cloud.post(&format!("{path}/tags"), &json!({"name": "Stack", "description": "d"})).json().unwrap();
    assert_eq!(tag["tagNamespaceName"], "Moodle");
    assert_eq!(cloud.delete(&format!("{path}/tags/Stack")).status, 409);
    assert_eq!(cloud.put(&format!("{path}/tags/Stack"), &json!({"isRetired": true})).status, 200);
    assert_eq!(cloud.delete(&format!("{path}/tags/Stack")).status, 204);
    assert_eq!(cloud.get(&format!("{path}/tags")).json().unwrap()[0]["lifecycleState"], "DELETING");
}

#[test]
fn identity_is_changed_in_the_home_region_only() {
    let mut place = Place::new(1, "eu-frankfurt-1");
    place.home_region = "us-ashburn-1".to_owned();
    let cloud = Caller::with(Config { place, ..Config::default() });
    let body = json!({"compartmentId": cloud.tenancy(), "name": "school", "description": "d"});
    let answer = cloud.post("/20160918/compartments", &body);
    assert_eq!((answer.status.as_u16(), &answer.json().unwrap()["code"]), (403, &json!("NotAllowed")));
}

#[test]
fn identity_refuses_what_the_service_refuses() {
    let cloud = Caller::new();
    let tenancy = cloud.tenancy();
    let full = compartment(&cloud, "full");
    cloud.mock.advance(Duration::from_secs(5));
    let inside = cloud
        .post("/20160918/compartments", &json!({"compartmentId": full, "name": "in", "description": "d"}));
    let inside = inside.json().unwrap()["id"].as_str().unwrap().to_owned();
    let post = |target: &str, body: Value| (Method::POST, format!("/20160918/{target}"), body);
    let policy = |statements: Value| {
        post(
            "policies",
            json!({"compartmentId": tenancy, "name": "p", "description": "d", "statements": statements}),
        )
    };
    let new = |name: &str| {
        post("compartments", json!({"compartmentId": tenancy, "name": name, "description": "d"}))
    };
    assert_refused(
        &cloud,
        &[
            refusal("a name that is taken", new("FULL"), (409, "CompartmentAlreadyExists"), "FULL"),
            refusal("a name with a space", new("a b"), (400, "InvalidParameter"), "name"),
            refusal(
                "no description",
                post("compartments", json!({"compartmentId": tenancy, "name": "x"})),
                (400, "MissingParameter"),
                "description",
            ),
            refusal(
                "deleting what is not empty",
                (Method::DELETE, format!("/20160918/compartments/{full}"), Value::Null),
                (409, "IncorrectState"),
                &inside,
            ),
            refusal(
                "the subtree of a compartment",
                (
                    Method::GET,
                    format!("/20160918/compartments?compartmentId={full}&compartmentIdInSubtree=true"),
                    Value::Null,
                ),
                (400, "InvalidParameter"),
                "compartmentIdInSubtree",
            ),
            refusal(
                "a statement without a verb",
                policy(json!(["please"])),
                (400, "InvalidParameter"),
                "statements[0]",
            ),
            refusal(
                "a policy without statements",
                policy(json!([])),
                (400, "InvalidParameter"),
                "statements",
            ),
            refusal(
                "another tenancy",
                (Method::GET, "/20160918/tenancies/ocid1.tenancy.oc1..other".to_owned(), Value::Null),
                (404, "NotAuthorizedOrNotFound"),
                "other",
            ),
            refusal(
                "an unknown availability domain",
                (
                    Method::GET,
                    format!("/20160918/faultDomains?compartmentId={tenancy}&availabilityDomain=AD-1"),
                    Value::Null,
                ),
                (404, "NotAuthorizedOrNotFound"),
                "AD-1",
            ),
            refusal(
                "a dynamic group outside the tenancy",
                post(
                    "dynamicGroups",
                    json!({"compartmentId": full, "name": "g", "description": "d", "matchingRule": "any {}"}),
                ),
                (400, "InvalidParameter"),
                "compartmentId",
            ),
        ],
    );
}
