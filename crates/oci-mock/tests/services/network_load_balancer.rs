//! Network load balancer: created in one call, changed one thing at a time, deleted with its parts.

use http::Method;
use serde_json::{Value, json};

use crate::network::Site;
use crate::refusals::{assert_refused, refusal};

pub(crate) const PATH: &str = "/20200501/networkLoadBalancers";

pub(crate) fn checker(return_code: u16) -> Value {
    json!({"protocol": "HTTP", "port": 80, "urlPath": "/", "returnCode": return_code})
}

pub(crate) fn details(site: &Site) -> Value {
    json!({
        "compartmentId": site.cloud.tenancy(), "displayName": "front", "subnetId": site.subnet,
        "backendSets": {"web": {"policy": "FIVE_TUPLE", "healthChecker": checker(303)}},
        "listeners": {"http": {"name": "http", "defaultBackendSetName": "web", "port": 80, "protocol": "TCP"}},
    })
}

/// An active load balancer.
pub(crate) fn balancer(site: &Site, details: &Value) -> String {
    let id = site.created(PATH, details, 201);
    site.pass(60);
    let shown = site.read(&format!("{PATH}/{id}"));
    assert_eq!(shown["lifecycleState"], "ACTIVE");
    id
}

pub(crate) fn backend(name: &str, address: &str) -> Value {
    json!({"name": name, "ipAddress": address, "port": 80})
}

#[test]
fn a_load_balancer_and_all_its_parts_come_in_one_call() {
    let site = Site::new();
    let reserved = json!({"compartmentId": site.cloud.tenancy(), "lifetime": "RESERVED"});
    let reserved = site.created("/20160918/publicIps", &reserved, 200);
    site.pass(5);
    let mut body = details(&site);
    body["isPrivate"] = json!(false);
    body["reservedIps"] = json!([{"id": reserved}]);
    body["assignedPrivateIpv4"] = json!("10.0.1.20");
    body["backendSets"]["web"]["backends"] =
        json!([backend("one", "10.0.1.31"), backend("two", "10.0.1.32")]);
    let answer = site.cloud.post(PATH, &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let created = answer.json().unwrap();
    assert_eq!((&created["lifecycleState"], &created["ipAddresses"]), (&json!("CREATING"), &json!([])));
    let work = format!("/20200501/workRequests/{}", answer.header("opc-work-request-id").unwrap());
    let id = created["id"].as_str().unwrap().to_owned();
    site.pass(60);
    let done = site.read(&work);
    assert_eq!(
        (&done["status"], &done["operationType"]),
        (&json!("SUCCEEDED"), &json!("CREATE_NETWORK_LOAD_BALANCER"))
    );
    let entry = &done["resources"][0];
    assert!(entry["entityType"].as_str().unwrap().to_lowercase().contains("networkloadbalancer"));
    assert_eq!((&entry["actionType"], &entry["identifier"]), (&json!("CREATED"), &json!(id)));
    assert!(done["timeFinished"].is_string());

    let shown = site.read(&format!("{PATH}/{id}"));
    assert_eq!(shown["listeners"]["http"]["defaultBackendSetName"], "web");
    assert_eq!(shown["backendSets"]["web"]["backends"].as_array().unwrap().len(), 2);
    assert_eq!(shown["backendSets"]["web"]["healthChecker"]["intervalInMillis"], 10_000);
    assert_eq!(shown["ipAddresses"][0]["ipAddress"], "10.0.1.20");
    assert_eq!(shown["ipAddresses"][1]["reservedIp"]["id"], json!(reserved));
    let public = site.read(&format!("/20160918/publicIps/{reserved}"));
    assert_eq!(public["lifecycleState"], "ASSIGNED");
    assert_eq!(public["ipAddress"], shown["ipAddresses"][1]["ipAddress"]);
    let inventory = site.read("/_mock/inventory");
    assert_eq!(inventory["oci_network_load_balancer_backend"].as_array().unwrap().len(), 2);

    assert_eq!(site.cloud.delete(&format!("{PATH}/{id}")).status, 202);
    site.pass(40);
    assert_eq!(site.read(&format!("{PATH}/{id}"))["lifecycleState"], "DELETED");
    site.pass(5);
    let public = site.read(&format!("/20160918/publicIps/{reserved}"));
    assert_eq!(public["lifecycleState"], "AVAILABLE", "it is released, not deleted");
    assert_eq!(
        site.cloud.delete(&format!("/20160918/subnets/{}", site.subnet)).status,
        409,
        "the VNIC lingers"
    );
    site.pass(120);
    assert_eq!(site.cloud.delete(&format!("/20160918/subnets/{}", site.subnet)).status, 204);
}

#[test]
fn a_second_change_is_refused_in_the_services_own_words() {
    let site = Site::new();
    let id = balancer(&site, &details(&site));
    let backends = format!("{PATH}/{id}/backendSets/web/backends");
    let first = site.cloud.post(&backends, &backend("one", "10.0.1.31"));
    assert_eq!((first.status.as_u16(), first.body.len()), (202, 0));
    let second = site.cloud.post(&backends, &backend("two", "10.0.1.32"));
    let refused = second.json().unwrap();
    assert_eq!((second.status.as_u16(), &refused["code"]), (409, &json!("Conflict")));
    assert_eq!(
        refused["message"],
        "Invalid State Transition of NLB lifeCycle state from Updating to Updating"
    );
    assert_eq!(site.cloud.delete(&format!("{PATH}/{id}")).status, 409);
    assert_eq!(site.cloud.get(&format!("{backends}/one")).status, 404, "not there before the change is done");
    site.pass(35);
    assert_eq!(site.read(&format!("{backends}/one"))["weight"], 1);
    assert_eq!(site.cloud.post(&backends, &backend("two", "10.0.1.32")).status, 202);
}

#[test]
fn every_part_can_be_changed_and_removed() {
    let site = Site::new();
    let id = balancer(&site, &details(&site));
    let root = format!("{PATH}/{id}");
    let settle = |answer: &oci_mock::WireResponse| {
        assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
        site.pass(40);
    };
    let set =
        json!({"name": "tls", "policy": "TWO_TUPLE", "healthChecker": {"protocol": "TCP", "port": 443}});
    settle(&site.cloud.post(&format!("{root}/backendSets"), &set));
    let listener = json!({"name": "https", "defaultBackendSetName": "tls", "port": 443, "protocol": "TCP"});
    settle(&site.cloud.post(&format!("{root}/listeners"), &listener));
    let unnamed = json!({"ipAddress": "10.0.1.33", "port": 443, "weight": 5});
    settle(&site.cloud.post(&format!("{root}/backendSets/tls/backends"), &unnamed));
    let backends = site.read(&format!("{root}/backendSets/tls/backends"));
    assert_eq!(backends["items"][0]["name"], "10.0.1.33:443");

    settle(
        &site
            .cloud
            .put(&format!("{root}/backendSets/tls/backends/10.0.1.33%3A443"), &json!({"isDrain": true})),
    );
    assert_eq!(site.read(&format!("{root}/backendSets/tls"))["backends"][0]["isDrain"], true);
    settle(&site.cloud.put(&format!("{root}/backendSets/tls/healthChecker"), &json!({"retries": 5})));
    assert_eq!(site.read(&format!("{root}/backendSets/tls/healthChecker"))["retries"], 5);
    settle(&site.cloud.put(&format!("{root}/listeners/https"), &json!({"isPpv2Enabled": true})));
    let replaced = json!({"backends": [backend("a", "10.0.1.41"), backend("b", "10.0.1.42")]});
    settle(&site.cloud.put(&format!("{root}/backendSets/tls"), &replaced));
    let shown = site.read(&root);
    let names: Vec<&Value> = shown["backendSets"]["tls"]["backends"]
        .as_array()
        .unwrap()
        .iter()
        .map(|backend| &backend["name"])
        .collect();
    assert_eq!(names, ["a", "b"], "a list of backends replaces all");
    assert_eq!(shown["backendSets"]["tls"]["policy"], "TWO_TUPLE", "what is not mentioned stays");
    assert_eq!(shown["listeners"]["https"]["isPpv2Enabled"], true);

    settle(&site.cloud.delete(&format!("{root}/listeners/https")));
    settle(&site.cloud.delete(&format!("{root}/backendSets/tls/backends/a")));
    settle(&site.cloud.delete(&format!("{root}/backendSets/tls")));
    assert_eq!(site.read(&root)["backendSets"].as_object().unwrap().len(), 1);
    assert_eq!(site.cloud.get(&format!("{root}/backendSets/tls")).status, 404);
}

#[test]
fn lists_have_ten_elements_unless_more_are_asked_for() {
    let site = Site::new();
    let mut body = details(&site);
    let backends: Vec<Value> =
        (1..=12).map(|n| backend(&format!("b{n:02}"), &format!("10.0.1.{}", 100 + n))).collect();
    body["backendSets"]["web"]["backends"] = json!(backends);
    let id = balancer(&site, &body);
    let path = format!("{PATH}/{id}/backendSets/web/backends");
    let first = site.cloud.get(&path);
    assert_eq!(first.json().unwrap()["items"].as_array().unwrap().len(), 10);
    let token = first.header("opc-next-page").unwrap();
    let token = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let rest = site.read(&format!("{path}?page={token}"));
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert_eq!(site.read(&format!("{path}?limit=50"))["items"].as_array().unwrap().len(), 12);
}

#[test]
fn a_fault_makes_it_update_by_itself() {
    let site = Site::new();
    let id = balancer(&site, &details(&site));
    site.cloud.mock.with_cloud_mut(|cloud| cloud.set_state(&id, "UPDATING"));
    let answer = site.cloud.put(&format!("{PATH}/{id}"), &json!({"displayName": "x"}));
    assert_eq!((answer.status.as_u16(), &answer.json().unwrap()["code"]), (409, &json!("Conflict")));
}

#[test]
fn load_balancers_refuse_what_the_service_refuses() {
    let site = Site::new();
    let mut body = details(&site);
    body["backendSets"]["web"]["backends"] = json!([backend("one", "10.0.1.31")]);
    let id = balancer(&site, &body);
    let root = format!("{PATH}/{id}");
    let new = |path: &[&str], value: Value| {
        let mut body = details(&site);
        let (last, way) = path.split_last().unwrap();
        let mut at = &mut body;
        for name in way {
            at = &mut at[*name];
        }
        at[*last] = value;
        (Method::POST, PATH.to_owned(), body)
    };
    let post = |path: &str, body: Value| (Method::POST, format!("{root}/{path}"), body);
    let to_web = |body: Value| post("backendSets/web/backends", body);
    let listener = |port: u16, protocol: &str, set: &str| {
        let body = json!({"name": "new", "defaultBackendSetName": set, "port": port, "protocol": protocol});
        post("listeners", body)
    };
    let invalid = |what, request, names: &str| refusal(what, request, (400, "InvalidParameter"), names);
    let exists = "NotAuthorizedOrResourceAlreadyExists";
    assert_refused(
        &site.cloud,
        &[
            refusal("no name", new(&["displayName"], Value::Null), (400, "MissingParameter"), "displayName"),
            invalid(
                "a listener without set",
                new(&["listeners", "http", "defaultBackendSetName"], json!("no")),
                "defaultBackendSetName",
            ),
            invalid(
                "a listener of another name",
                new(&["listeners", "http", "name"], json!("no")),
                "listeners.http",
            ),
            invalid(
                "many retries",
                new(&["backendSets", "web", "healthChecker", "retries"], json!(11)),
                "retries",
            ),
            invalid(
                "a short interval",
                new(&["backendSets", "web", "healthChecker", "intervalInMillis"], json!(10)),
                "intervalInMillis",
            ),
            invalid(
                "a path without slash",
                new(&["backendSets", "web", "healthChecker", "urlPath"], json!("x")),
                "urlPath",
            ),
            invalid(
                "a status that is none",
                new(&["backendSets", "web", "healthChecker", "returnCode"], json!(7)),
                "returnCode",
            ),
            invalid(
                "an unknown protocol",
                new(&["backendSets", "web", "healthChecker", "protocol"], json!("GOPHER")),
                "protocol",
            ),
            invalid(
                "an unknown policy",
                new(&["backendSets", "web", "policy"], json!("ROUND_ROBIN")),
                "policy",
            ),
            invalid(
                "symmetric hashing alone",
                new(&["isSymmetricHashEnabled"], json!(true)),
                "isSymmetricHashEnabled",
            ),
            invalid(
                "a reserved address for a private one",
                new(&["reservedIps"], json!([{"id": "ocid1.publicip.oc1.iad.a"}])),
                "reservedIps",
            ),
            invalid("an address elsewhere", new(&["assignedPrivateIpv4"], json!("10.9.0.1")), "privateIp"),
            invalid("a read-only field", new(&["ipAddresses"], json!([])), "ipAddresses"),
            refusal("the same name", to_web(backend("one", "10.0.1.99")), (409, exists), "one"),
            refusal("the same address and port", to_web(backend("other", "10.0.1.31")), (409, exists), "one"),
            refusal(
                "neither address nor target",
                to_web(json!({"port": 80})),
                (400, "MissingParameter"),
                "ipAddress",
            ),
            invalid(
                "a target of another kind",
                to_web(json!({"port": 80, "targetId": site.vcn})),
                "targetId",
            ),
            refusal(
                "a target that is not there",
                to_web(json!({"port": 80, "targetId": "ocid1.instance.oc1.eu-frankfurt-1.a"})),
                (400, "RelatedResourceNotAuthorizedOrNotFound"),
                "targetId",
            ),
            invalid(
                "a heavy one",
                to_web(json!({"ipAddress": "10.0.1.50", "port": 80, "weight": 101})),
                "weight",
            ),
            refusal("no port", to_web(json!({"ipAddress": "10.0.1.50"})), (400, "MissingParameter"), "port"),
            refusal("a taken port", listener(80, "TCP", "web"), (409, exists), "80"),
            invalid("port 0 with TCP", listener(0, "TCP", "web"), "port"),
            invalid("ANY with a port", listener(90, "ANY", "web"), "port"),
            invalid("an unknown set", listener(90, "TCP", "none"), "defaultBackendSetName"),
            invalid(
                "a long name",
                post(
                    "backendSets",
                    json!({"name": "x".repeat(33), "policy": "FIVE_TUPLE", "healthChecker": checker(200)}),
                ),
                "name",
            ),
            refusal(
                "a set that is there",
                post(
                    "backendSets",
                    json!({"name": "web", "policy": "FIVE_TUPLE", "healthChecker": checker(200)}),
                ),
                (409, exists),
                "web",
            ),
            invalid(
                "a set that a listener uses",
                (Method::DELETE, format!("{root}/backendSets/web"), Value::Null),
                "http",
            ),
            invalid(
                "a return code of a TCP check",
                (
                    Method::PUT,
                    format!("{root}/backendSets/web/healthChecker"),
                    json!({"protocol": "TCP", "returnCode": 200}),
                ),
                "returnCode",
            ),
            refusal(
                "a backend that is not there",
                (Method::GET, format!("{root}/backendSets/web/backends/none"), Value::Null),
                (404, "NotAuthorizedOrNotFound"),
                "none",
            ),
        ],
    );
    assert_eq!(site.read(&root)["lifecycleState"], "ACTIVE", "none of them changed anything");
}
