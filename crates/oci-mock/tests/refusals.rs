//! What the mock refuses before any service is asked, as a table: request, status, code, and what the message
//! must name.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as a test does")]

mod support;

use http::Method;
use oci_mock::WireRequest;
use serde_json::{Value, json};
use support::Caller;

const VCN: &str = "ocid1.vcn.oc1.eu-frankfurt-1.aaaaaaaatest";
const SUBNET: &str = "ocid1.subnet.oc1.eu-frankfurt-1.aaaaaaaatest";

struct Case {
    method: Method,
    target: String,
    body: Option<Value>,
    status: u16,
    code: &'static str,
    names: &'static str,
}

fn case(
    method: Method,
    target: &str,
    body: impl Into<Option<Value>>,
    status: u16,
    code: &'static str,
    names: &'static str,
) -> Case {
    Case { method, target: target.to_owned(), body: body.into(), status, code, names }
}

/// Sends every case and reports all that were answered otherwise, not only the first.
fn check(cloud: &Caller, cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let mut request =
            WireRequest::new(case.method.clone(), case.target.replace("TENANCY", &cloud.tenancy()));
        if let Some(body) = &case.body {
            let text = body.to_string().replace("TENANCY", &cloud.tenancy());
            request = request.json(&serde_json::from_str(&text).unwrap());
        }
        let answer = cloud.send(&request);
        let body = answer.json().unwrap();
        let message = body["message"].as_str().unwrap_or_default();
        let got = (answer.status.as_u16(), body["code"].as_str().unwrap_or_default());
        if got != (case.status, case.code) || !message.contains(case.names) {
            wrong.push(format!("{} {} {:?}\n  got {got:?} {message:?}", case.method, case.target, case.body));
        }
        assert!(answer.header("opc-request-id").is_some(), "every answer has a request id");
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn paths_and_methods_that_do_not_exist_are_refused() {
    let get = |target: &str, code: &'static str, status| case(Method::GET, target, None, status, code, "");
    check(
        &Caller::new(),
        &[
            get("/", "NotFound", 404),
            get("/20160918", "NotFound", 404),
            get("/20160918/vcnz", "NotFound", 404),
            get("/20160101/vcns", "NotFound", 404),
            get("/vcns", "NotFound", 404),
            get("/20160918/vcns/x/y", "NotFound", 404),
            get("/20190415/dbsystems", "NotFound", 404),
            get("//20160918/vcns", "NotFound", 404),
            case(Method::PATCH, "/20160918/vcns", None, 405, "MethodNotAllowed", "PATCH"),
            case(Method::DELETE, "/20160918/vcns", None, 405, "MethodNotAllowed", "DELETE"),
            case(Method::POST, &format!("/20160918/vcns/{VCN}"), None, 405, "MethodNotAllowed", "POST"),
            case(Method::PUT, "/20160918/subnets", None, 405, "MethodNotAllowed", "PUT"),
            case(Method::OPTIONS, "/20160918/vcns", None, 405, "MethodNotAllowed", "OPTIONS"),
        ],
    );
}

#[test]
fn parameters_are_checked_and_named() {
    let list = |query: &str, code: &'static str, names| {
        case(Method::GET, &format!("/20160918/vcns?{query}"), None, 400, code, names)
    };
    check(
        &Caller::new(),
        &[
            list("", "MissingParameter", "compartmentId"),
            list("compartmentId=", "MissingParameter", "compartmentId"),
            list("compartmentId=TENANCY&colour=blue", "InvalidParameter", "colour"),
            list("compartmentId=TENANCY&limit=0", "InvalidParameter", "limit"),
            list("compartmentId=TENANCY&limit=-1", "InvalidParameter", "limit"),
            list("compartmentId=TENANCY&limit=many", "InvalidParameter", "limit"),
            list("compartmentId=TENANCY&limit=1001", "InvalidParameter", "limit"),
            list("compartmentId=TENANCY&page=made-up", "InvalidParameter", "page"),
            list("compartmentId=TENANCY&sortBy=COLOUR", "InvalidParameter", "sortBy"),
            list("compartmentId=TENANCY&sortOrder=UP", "InvalidParameter", "sortOrder"),
            list("compartmentId=TENANCY&lifecycleState=GONE", "InvalidParameter", "lifecycleState"),
            list("compartmentId=nonsense", "InvalidParameter", "compartmentId"),
            list(&format!("compartmentId={VCN}"), "InvalidParameter", "compartmentId"),
            list("compartmentId=%zz", "CannotParseRequest", "query"),
            list("compartmentId=%ff", "CannotParseRequest", "query"),
            case(
                Method::GET,
                "/20160918/vcns?compartmentId=ocid1.compartment.oc1..unknown",
                None,
                404,
                "NotAuthorizedOrNotFound",
                "compartmentId",
            ),
            case(Method::GET, &format!("/20160918/vcns/{VCN}"), None, 404, "NotAuthorizedOrNotFound", VCN),
            case(
                Method::GET,
                &format!("/20160918/vcns/{SUBNET}"),
                None,
                404,
                "NotAuthorizedOrNotFound",
                "vcnId",
            ),
            case(Method::GET, "/20160918/vcns/nonsense", None, 404, "NotAuthorizedOrNotFound", "vcnId"),
            case(Method::GET, "/20160918/vcns/%ff", None, 400, "CannotParseRequest", "path"),
            case(
                Method::POST,
                &format!("/20160918/instances/{VCN}?action=START"),
                None,
                404,
                "NotAuthorizedOrNotFound",
                "instanceId",
            ),
            case(
                Method::GET,
                "/20160918/publicIps?compartmentId=TENANCY",
                None,
                400,
                "MissingParameter",
                "scope",
            ),
            case(
                Method::GET,
                "/20160918/publicIps?compartmentId=TENANCY&scope=WORLD",
                None,
                400,
                "InvalidParameter",
                "scope",
            ),
        ],
    );
}

/// A VCN that would be created, with one field changed (`null` removes it).
fn vcn_with(field: &str, value: Value) -> Value {
    let mut body = json!({"compartmentId": "TENANCY", "cidrBlocks": ["10.0.0.0/16"]});
    match value {
        Value::Null => drop(body.as_object_mut().unwrap().remove(field)),
        value => body[field] = value,
    }
    body
}

#[test]
fn bodies_are_checked_and_the_field_is_named() {
    let vcn = |field: &str, value: Value, code: &'static str, names| {
        case(Method::POST, "/20160918/vcns", vcn_with(field, value), 400, code, names)
    };
    let many: Value =
        (0..11).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    check(
        &Caller::new(),
        &[
            case(Method::POST, "/20160918/vcns", None, 400, "MissingParameter", "body"),
            case(
                Method::POST,
                "/20160918/vcns",
                json!([]),
                400,
                "CannotParseRequest",
                "the body is an array",
            ),
            case(
                Method::POST,
                "/20160918/vcns",
                json!("text"),
                400,
                "CannotParseRequest",
                "the body is a string",
            ),
            vcn("compartmentId", Value::Null, "MissingParameter", "compartmentId"),
            vcn("compartmentId", json!(7), "CannotParseRequest", "compartmentId is a number"),
            vcn("compartmentId", json!("nonsense"), "InvalidParameter", "compartmentId"),
            vcn("compartmentId", json!(SUBNET), "InvalidParameter", "the OCID of a subnet"),
            vcn("colour", json!("blue"), "InvalidParameter", "colour: unknown field"),
            vcn("lifecycleState", json!("AVAILABLE"), "InvalidParameter", "lifecycleState: it is read-only"),
            vcn("id", json!(VCN), "InvalidParameter", "id: it is read-only"),
            vcn("cidrBlocks", Value::Null, "MissingParameter", "cidrBlocks"),
            vcn("cidrBlocks", json!([]), "InvalidParameter", "cidrBlocks"),
            vcn("cidrBlocks", json!("10.0.0.0/16"), "CannotParseRequest", "cidrBlocks is a string"),
            vcn("cidrBlocks", json!([5]), "CannotParseRequest", "cidrBlocks[0] is a number"),
            vcn("cidrBlocks", json!(["10.0.0.0/16", "ten"]), "InvalidParameter", "cidrBlocks[1]"),
            vcn("cidrBlocks", json!(["10.0.0.1/16"]), "InvalidParameter", "host bits"),
            vcn("cidrBlocks", json!(["10.0.0.0/33"]), "InvalidParameter", "cidrBlocks[0]"),
            vcn("cidrBlocks", json!(["10.0.0.0/8"]), "InvalidParameter", "between /16 and /30"),
            vcn("cidrBlocks", json!(["10.0.0.0/31"]), "InvalidParameter", "between /16 and /30"),
            vcn("cidrBlocks", json!(["10.0.0.0/16", "10.0.1.0/24"]), "InvalidParameter", "overlaps"),
            vcn("cidrBlock", json!("10.0.0.0/16"), "InvalidParameter", "not both"),
            vcn("dnsLabel", json!("1abc"), "InvalidParameter", "dnsLabel"),
            vcn("dnsLabel", json!("sixteen-letters-"), "InvalidParameter", "dnsLabel"),
            vcn("dnsLabel", json!("moodle-net"), "InvalidParameter", "dnsLabel"),
            vcn("dnsLabel", json!(""), "InvalidParameter", "dnsLabel"),
            vcn("displayName", json!(""), "InvalidParameter", "displayName"),
            vcn("displayName", json!("x".repeat(256)), "InvalidParameter", "displayName"),
            vcn("isIpv6Enabled", json!("yes"), "CannotParseRequest", "isIpv6Enabled is a string"),
            vcn("freeformTags", json!({"a": 1}), "CannotParseRequest", "freeformTags.a is a number"),
            vcn("freeformTags", json!({"a.b": "c"}), "InvalidParameter", "freeformTags"),
            vcn("freeformTags", json!({"a b": "c"}), "InvalidParameter", "freeformTags"),
            vcn("freeformTags", json!({"a": "x".repeat(257)}), "InvalidParameter", "freeformTags"),
            vcn("freeformTags", many, "InvalidParameter", "at most 10"),
            vcn("definedTags", json!({"a": "b"}), "CannotParseRequest", "definedTags.a is a string"),
            vcn("definedTags", json!({"a": {"b": 5}}), "InvalidParameter", "a.b is not a string"),
        ],
    );
}

#[test]
fn malformed_json_is_refused_and_deep_json_does_no_harm() {
    let cloud = Caller::new();
    for body in [
        "{",
        "nul",
        "{\"a\":}",
        "\u{0}",
        "{\"compartmentId\":\"a\"} x",
        "{'a':1}",
        "\u{feff}{}",
        "{\"a\":1e999}",
        &"[".repeat(100_000),
        &format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
    ] {
        let mut request = WireRequest::new(Method::POST, "/20160918/vcns");
        request.body = body.to_owned().into();
        let answer = cloud.send(&request);
        let shown: String = body.chars().take(20).collect();
        assert_eq!(answer.status, 400, "{shown}");
        assert_eq!(answer.json().unwrap()["code"], "CannotParseRequest", "{shown}");
    }
    let mut request = WireRequest::new(Method::POST, "/20160918/vcns");
    request.body = vec![b'"', 0xff, 0xfe, b'"'].into();
    assert_eq!(cloud.send(&request).json().unwrap()["code"], "CannotParseRequest");
}

#[test]
fn nested_fields_of_other_services_are_checked_by_their_tables() {
    let nlb = |field: &str, value: Value, code: &'static str, names| {
        let mut body = json!({
            "compartmentId": "TENANCY", "displayName": "lb", "subnetId": SUBNET,
            "listeners": {"web": {"name": "web", "defaultBackendSetName": "set", "port": 80, "protocol": "TCP"}},
        });
        body[field] = value;
        case(Method::POST, "/20200501/networkLoadBalancers", body, 400, code, names)
    };
    let listener = |port: Value, protocol: &str| json!({"web": {"name": "web", "defaultBackendSetName": "set", "port": port, "protocol": protocol}});
    let list = |rule: Value, code: &'static str, names| {
        let body = json!({
            "compartmentId": "TENANCY", "vcnId": VCN, "egressSecurityRules": [], "ingressSecurityRules": [rule],
        });
        case(Method::POST, "/20160918/securityLists", body, 400, code, names)
    };
    let tcp = |options: Value| json!({"protocol": "6", "source": "10.0.0.0/16", "tcpOptions": options});
    check(
        &Caller::new(),
        &[
            nlb("listeners", listener(json!(80), "HTTP"), "InvalidParameter", "listeners.web.protocol"),
            nlb("listeners", listener(json!(70_000), "TCP"), "InvalidParameter", "listeners.web.port"),
            nlb("listeners", listener(json!(80.5), "TCP"), "CannotParseRequest", "listeners.web.port"),
            nlb("listeners", json!({"web": {"name": "web"}}), "MissingParameter", "listeners.web."),
            nlb("subnetId", json!(VCN), "InvalidParameter", "subnetId"),
            nlb("networkSecurityGroupIds", json!([VCN]), "InvalidParameter", "networkSecurityGroupIds[0]"),
            nlb("nlbIpVersion", json!("IPV5"), "InvalidParameter", "nlbIpVersion"),
            nlb("assignedPrivateIpv4", json!("10.0.0.256"), "InvalidParameter", "assignedPrivateIpv4"),
            list(json!({"source": "10.0.0.0/16"}), "MissingParameter", "ingressSecurityRules[0].protocol"),
            list(
                json!({"protocol": "tcp", "source": "10.0.0.0/16"}),
                "InvalidParameter",
                "ingressSecurityRules[0].protocol",
            ),
            list(
                json!({"protocol": "6", "source": "everywhere"}),
                "InvalidParameter",
                "ingressSecurityRules[0].source",
            ),
            list(
                json!({"protocol": "6", "source": "10.0.0.0/16", "sourceType": "WORLD"}),
                "InvalidParameter",
                "sourceType",
            ),
            list(
                json!({"protocol": "6", "source": "10.0.0.0/16", "destination": "10.0.0.0/16"}),
                "InvalidParameter",
                "destination",
            ),
            list(
                tcp(json!({"destinationPortRange": {"min": 1}})),
                "MissingParameter",
                "destinationPortRange.max",
            ),
            list(
                tcp(json!({"destinationPortRange": {"min": 0, "max": 5}})),
                "InvalidParameter",
                "destinationPortRange.min",
            ),
            list(
                tcp(json!({"destinationPortRange": {"min": 9, "max": 5}})),
                "InvalidParameter",
                "destinationPortRange",
            ),
            list(
                tcp(json!({"destinationPortRange": {"min": 1, "max": 65_536}})),
                "InvalidParameter",
                "destinationPortRange.max",
            ),
            list(tcp(json!({"ports": [80]})), "InvalidParameter", "tcpOptions.ports"),
            list(
                json!({"protocol": "1", "source": "10.0.0.0/16", "icmpOptions": {"type": 255}}),
                "InvalidParameter",
                "icmpOptions.type",
            ),
            case(
                Method::POST,
                "/20160918/dhcps",
                json!({"compartmentId": "TENANCY", "vcnId": VCN, "options": [{"type": "Nonsense"}]}),
                400,
                "InvalidParameter",
                "options[0].type",
            ),
            case(
                Method::POST,
                "/20160918/dhcps",
                json!({"compartmentId": "TENANCY", "vcnId": VCN, "options": [{"serverType": "VcnLocal"}]}),
                400,
                "MissingParameter",
                "options[0].type",
            ),
        ],
    );
}

#[test]
fn an_operation_of_the_tables_that_is_not_modelled_says_so() {
    let case = case(
        Method::GET,
        "/20180401/alarms?compartmentId=TENANCY",
        None,
        501,
        "MethodNotImplemented",
        "ListAlarms",
    );
    check(&Caller::new(), &[case]);
}
