//! A VCN from its creation to its end, through the wire protocol without a socket: the example of how a
//! service is tested.

mod support;

use std::time::Duration;

use serde_json::json;
use support::Caller;

#[test]
fn a_vcn_is_created_with_its_default_objects_and_becomes_available() {
    let cloud = Caller::new();
    let answer = cloud.post(
        "/20160918/vcns",
        &json!({"compartmentId": cloud.tenancy(), "cidrBlocks": ["10.0.0.0/16"], "dnsLabel": "moodle"}),
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.header("etag").is_some());
    let vcn = answer.json().unwrap();
    assert_eq!(vcn["lifecycleState"], "PROVISIONING");
    assert_eq!(vcn["cidrBlock"], "10.0.0.0/16");
    assert_eq!(vcn["vcnDomainName"], "moodle.oraclevcn.com");
    for name in ["defaultRouteTableId", "defaultSecurityListId", "defaultDhcpOptionsId"] {
        assert!(vcn[name].as_str().unwrap().starts_with("ocid1."), "{name}");
    }

    cloud.mock.advance(Duration::from_secs(2));
    let path = format!("/20160918/vcns/{}", vcn["id"].as_str().unwrap());
    assert_eq!(cloud.get(&path).json().unwrap()["lifecycleState"], "AVAILABLE");

    assert_eq!(cloud.put(&path, &json!({"displayName": "net"})).json().unwrap()["displayName"], "net");
    assert_eq!(cloud.delete(&path).status, 204);
    assert_eq!(cloud.get(&path).json().unwrap()["lifecycleState"], "TERMINATING");
    cloud.mock.advance(Duration::from_secs(2));
    assert_eq!(cloud.get(&path).json().unwrap()["lifecycleState"], "TERMINATED");
    cloud.mock.advance(Duration::from_secs(301));
    assert_eq!(cloud.get(&path).status, 404);
    let kinds = ["vcn", "routetable", "securitylist", "dhcpoptions"];
    let of_network = |cloud: &oci_mock::cloud::Cloud| {
        cloud.all().filter(|resource| kinds.contains(&resource.kind.name)).count()
    };
    let rest = cloud.mock.with_cloud(of_network);
    assert_eq!(rest, 0, "the default objects go with the VCN");
}

#[test]
fn lists_come_in_pages_whose_tokens_need_escaping() {
    let cloud = Caller::new();
    for number in 0..5 {
        cloud.create_vcn(&format!("vcn-{number}"));
    }
    let list =
        format!("/20160918/vcns?compartmentId={}&limit=2&sortBy=DISPLAYNAME&sortOrder=ASC", cloud.tenancy());
    let mut names = Vec::new();
    let mut page = String::new();
    for _ in 0..3 {
        let answer = cloud.get(&format!("{list}{page}"));
        let items = answer.json().unwrap();
        names.extend(
            items.as_array().unwrap().iter().map(|vcn| vcn["displayName"].as_str().unwrap().to_owned()),
        );
        match answer.header("opc-next-page") {
            Some(token) => {
                assert!(token.contains("/+="), "{token}");
                page = format!("&page={}", token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
            }
            None => page.clear(),
        }
    }
    assert_eq!(names, ["vcn-0", "vcn-1", "vcn-2", "vcn-3", "vcn-4"]);
    assert!(page.is_empty(), "the third page is the last one");
}
