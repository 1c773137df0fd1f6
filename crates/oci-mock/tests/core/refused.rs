//! Requests that must be refused: the status and code of the service, and the field or the thing in the way.

use http::Method;
use oci_mock::WireRequest;
use oci_mock::services::core::limits::set_limit;
use serde_json::{Value, json};

use crate::net::{Net, text};

/// A line of a table: what it is, method and path, body, and the refusal with a word of its message.
pub(crate) type Case<'a> = (&'a str, Method, String, Value, &'a str, &'a str);

/// The same with method and path together.
type Short<'a> = (&'a str, (Method, String), Value, &'a str, &'a str);

pub(crate) fn assert_refused(net: &Net, table: Vec<Case>) {
    for (what, method, path, body, expected, word) in table {
        let mut request = WireRequest::new(method, format!("/20160918/{path}"));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = net.cloud.send(&request);
        let error = answer.json().unwrap();
        let found = format!("{} {}", answer.status.as_u16(), error["code"].as_str().unwrap_or("-"));
        assert_eq!(found, expected, "{what}: {error}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains(word), "{what}: {message:?} does not say {word:?}");
    }
}

const INVALID: &str = "400 InvalidParameter";
const MISSING: &str = "400 MissingParameter";
const RELATED: &str = "400 RelatedResourceNotAuthorizedOrNotFound";
const LIMIT: &str = "400 LimitExceeded";
const CONFLICT: &str = "409 Conflict";
const STATE: &str = "409 IncorrectState";
const NOT_FOUND: &str = "404 NotAuthorizedOrNotFound";

/// A body in this VCN and its compartment.
fn within(net: &Net, mut body: Value) -> Value {
    body["compartmentId"] = json!(net.cloud.tenancy());
    body["vcnId"] = json!(net.vcn);
    body
}

#[test]
fn malformed_networks_are_refused_with_the_name_of_the_field() {
    let net = Net::new();
    let other = net.cloud.create_vcn("other");
    net.pass(2);
    let igw = net.create("internetGateways", json!({"isEnabled": true}));
    let foreign = net.get("vcns", &other);
    let tenancy = net.cloud.tenancy();
    let vcn = |fields: Value| {
        let mut body = fields;
        body["compartmentId"] = json!(tenancy);
        body
    };
    let post = |path: &str| (Method::POST, path.to_owned());
    let list = |rule: Value| within(&net, json!({"ingressSecurityRules": [rule], "egressSecurityRules": []}));
    let tcp = |options: Value| json!({"protocol": "6", "source": "10.0.0.0/16", "tcpOptions": options});
    let route = |rule: Value| within(&net, json!({"routeRules": [rule]}));
    let subnet = |fields: Value| within(&net, fields);
    let missing_gateway = text(&igw, "id").replace("aaaaaaaa", "bbbbbbbb");
    let cases: Vec<Short> = vec![
        ("a VCN without blocks", post("vcns"), vcn(json!({})), MISSING, "cidrBlocks"),
        (
            "a VCN with both kinds of blocks",
            post("vcns"),
            vcn(json!({"cidrBlock": "10.0.0.0/16", "cidrBlocks": ["10.0.0.0/16"]})),
            INVALID,
            "cidrBlock",
        ),
        (
            "a VCN that is too large",
            post("vcns"),
            vcn(json!({"cidrBlocks": ["10.0.0.0/8"]})),
            INVALID,
            "cidrBlocks[0]",
        ),
        (
            "a VCN that is too small",
            post("vcns"),
            vcn(json!({"cidrBlocks": ["10.0.0.0/31"]})),
            INVALID,
            "cidrBlocks[0]",
        ),
        (
            "overlapping blocks",
            post("vcns"),
            vcn(json!({"cidrBlocks": ["10.0.0.0/16", "10.0.1.0/24"]})),
            INVALID,
            "cidrBlocks[1]",
        ),
        (
            "six blocks",
            post("vcns"),
            vcn(
                json!({"cidrBlocks": ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24", "10.0.4.0/24", "10.0.5.0/24"]}),
            ),
            INVALID,
            "cidrBlocks",
        ),
        (
            "host bits in a block",
            post("vcns"),
            vcn(json!({"cidrBlocks": ["10.0.0.1/16"]})),
            INVALID,
            "cidrBlocks[0]",
        ),
        (
            "a DNS label with a hyphen",
            post("vcns"),
            vcn(json!({"cidrBlocks": ["10.0.0.0/16"], "dnsLabel": "my-net"})),
            INVALID,
            "dnsLabel",
        ),
        (
            "a subnet outside of its VCN",
            post("subnets"),
            subnet(json!({"cidrBlock": "10.1.0.0/24"})),
            INVALID,
            "cidrBlock",
        ),
        ("a subnet without a block", post("subnets"), subnet(json!({})), MISSING, "cidrBlock"),
        (
            "a subnet of /31",
            post("subnets"),
            subnet(json!({"cidrBlock": "10.0.0.0/31"})),
            INVALID,
            "cidrBlock",
        ),
        (
            "a subnet in no domain",
            post("subnets"),
            subnet(json!({"cidrBlock": "10.0.0.0/24", "availabilityDomain": "AD-1"})),
            INVALID,
            "availabilityDomain",
        ),
        (
            "contradicting flags",
            post("subnets"),
            subnet(
                json!({"cidrBlock": "10.0.0.0/24", "prohibitPublicIpOnVnic": true, "prohibitInternetIngress": false}),
            ),
            INVALID,
            "prohibitInternetIngress",
        ),
        (
            "a route table of another VCN",
            post("subnets"),
            subnet(json!({"cidrBlock": "10.0.0.0/24", "routeTableId": foreign["defaultRouteTableId"]})),
            INVALID,
            "routeTableId",
        ),
        (
            "six security lists",
            post("subnets"),
            subnet(
                json!({"cidrBlock": "10.0.0.0/24", "securityListIds": vec![foreign["defaultSecurityListId"].clone(); 6]}),
            ),
            INVALID,
            "securityListIds",
        ),
        (
            "a security list in place of DHCP options",
            post("subnets"),
            subnet(json!({"cidrBlock": "10.0.0.0/24", "dhcpOptionsId": foreign["defaultSecurityListId"]})),
            INVALID,
            "dhcpOptionsId",
        ),
        (
            "a protocol by name",
            post("securityLists"),
            list(json!({"protocol": "tcp", "source": "0.0.0.0/0"})),
            INVALID,
            "ingressSecurityRules[0].protocol",
        ),
        (
            "a source that is no block",
            post("securityLists"),
            list(json!({"protocol": "6", "source": "everyone"})),
            INVALID,
            "ingressSecurityRules[0].source",
        ),
        (
            "a rule without a source",
            post("securityLists"),
            list(json!({"protocol": "6"})),
            MISSING,
            "ingressSecurityRules[0].source",
        ),
        (
            "a reversed port range",
            post("securityLists"),
            list(tcp(json!({"destinationPortRange": {"min": 90, "max": 80}}))),
            INVALID,
            "destinationPortRange",
        ),
        (
            "port 70000",
            post("securityLists"),
            list(tcp(json!({"destinationPortRange": {"min": 70000, "max": 70000}}))),
            INVALID,
            "destinationPortRange",
        ),
        (
            "TCP options on UDP",
            post("securityLists"),
            list(json!({"protocol": "17", "source": "0.0.0.0/0", "tcpOptions": {}})),
            INVALID,
            "tcpOptions",
        ),
        (
            "ICMP type 300",
            post("securityLists"),
            list(json!({"protocol": "1", "source": "0.0.0.0/0", "icmpOptions": {"type": 300}})),
            INVALID,
            "icmpOptions.type",
        ),
        (
            "a group as the source in a list",
            post("securityLists"),
            list(
                json!({"protocol": "6", "source": "ocid1.networksecuritygroup.oc1.eu-frankfurt-1.aaaa", "sourceType": "NETWORK_SECURITY_GROUP"}),
            ),
            INVALID,
            "sourceType",
        ),
        (
            "a service that does not exist",
            post("securityLists"),
            list(json!({"protocol": "6", "source": "all-xyz-services", "sourceType": "SERVICE_CIDR_BLOCK"})),
            INVALID,
            "source",
        ),
        (
            "a stray field in a rule",
            post("securityLists"),
            list(json!({"protocol": "6", "source": "0.0.0.0/0", "destination": "0.0.0.0/0"})),
            INVALID,
            "destination",
        ),
        (
            "a route without a destination",
            post("routeTables"),
            route(json!({"networkEntityId": igw["id"]})),
            MISSING,
            "routeRules[0].destination",
        ),
        (
            "a route to nowhere",
            post("routeTables"),
            route(json!({"destination": "0.0.0.0/0", "networkEntityId": missing_gateway})),
            RELATED,
            "routeRules[0].networkEntityId",
        ),
        (
            "a service label through an internet gateway",
            post("routeTables"),
            route(
                json!({"destination": "oci-fra-objectstorage", "destinationType": "SERVICE_CIDR_BLOCK", "networkEntityId": igw["id"]}),
            ),
            INVALID,
            "service gateway",
        ),
        (
            "a local route",
            post("routeTables"),
            route(json!({"destination": "10.9.0.0/16", "routeType": "LOCAL", "networkEntityId": igw["id"]})),
            INVALID,
            "routeType",
        ),
        (
            "a gateway without a VCN",
            post("internetGateways"),
            vcn(json!({"isEnabled": true})),
            MISSING,
            "vcnId",
        ),
        (
            "a public IP for life without its private one",
            post("publicIps"),
            vcn(json!({"lifetime": "EPHEMERAL"})),
            MISSING,
            "privateIpId",
        ),
        (
            "a lifetime that does not exist",
            post("publicIps"),
            vcn(json!({"lifetime": "FOREVER"})),
            INVALID,
            "lifetime",
        ),
        (
            "a custom resolver without addresses",
            post("dhcps"),
            within(&net, json!({"options": [{"type": "DomainNameServer", "serverType": "CustomDnsServer"}]})),
            INVALID,
            "customDnsServers",
        ),
        (
            "two search domains",
            post("dhcps"),
            within(
                &net,
                json!({"options": [{"type": "SearchDomain", "searchDomainNames": ["a.example", "b.example"]}]}),
            ),
            INVALID,
            "searchDomainNames",
        ),
        (
            "a list of private IPs of nothing",
            (Method::GET, "privateIps".to_owned()),
            Value::Null,
            MISSING,
            "vnicId",
        ),
        (
            "a list of public IPs without a scope",
            (Method::GET, format!("publicIps?compartmentId={tenancy}")),
            Value::Null,
            MISSING,
            "scope",
        ),
        (
            "a read-only field",
            (Method::PUT, format!("vcns/{}", net.vcn)),
            json!({"cidrBlock": "10.0.0.0/16"}),
            INVALID,
            "read-only",
        ),
    ];
    assert!(cases.len() >= 30);
    let table = cases
        .into_iter()
        .map(|(what, (method, path), body, expected, word)| (what, method, path, body, expected, word));
    assert_refused(&net, table.collect());
}

#[test]
fn malformed_launches_and_volumes_are_refused_with_the_name_of_the_field() {
    let net = Net::new();
    let public = text(&net.subnet("10.0.1.0/24", "web"), "id").to_owned();
    let private = net.create("subnets", json!({"cidrBlock": "10.0.2.0/24", "prohibitPublicIpOnVnic": true}));
    let intel = net.image("VM.Standard.E5.Flex");
    let launch = |change: &dyn Fn(&mut Value)| {
        let mut body = net.launch_body(&public);
        change(&mut body);
        body
    };
    let with = |field: &'static str, value: Value| launch(&move |body| body[field] = value.clone());
    let vnic = |field: &'static str, value: Value| {
        launch(&move |body| body["createVnicDetails"][field] = value.clone())
    };
    let size = |ocpus: f64, memory: f64| with("shapeConfig", json!({"ocpus": ocpus, "memoryInGBs": memory}));
    let post =
        |what: &'static str, body: Value, expected: &'static str, word: &'static str| -> Case<'static> {
            (what, Method::POST, "instances".to_owned(), body, expected, word)
        };
    let volume =
        |what: &'static str, fields: Value, expected: &'static str, word: &'static str| -> Case<'static> {
            let mut body =
                json!({"compartmentId": net.cloud.tenancy(), "availabilityDomain": net.domains()[0]});
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            (what, Method::POST, "volumes".to_owned(), body, expected, word)
        };
    assert_refused(
        &net,
        vec![
            post(
                "no domain",
                launch(&|body| {
                    body.as_object_mut().unwrap().remove("availabilityDomain");
                }),
                MISSING,
                "availabilityDomain",
            ),
            post(
                "a domain of another tenancy",
                with("availabilityDomain", json!("Xxxx:EU-FRANKFURT-1-AD-1")),
                INVALID,
                "availabilityDomain",
            ),
            post(
                "a fault domain that does not exist",
                with("faultDomain", json!("FAULT-DOMAIN-4")),
                INVALID,
                "faultDomain",
            ),
            post(
                "a shape that does not exist",
                with("shape", json!("VM.Standard.Z9.Flex")),
                NOT_FOUND,
                "shape VM.Standard.Z9.Flex not found",
            ),
            post(
                "a flexible shape without a size",
                with("shapeConfig", json!({})),
                MISSING,
                "shapeConfig.ocpus",
            ),
            post("too many OCPUs", size(81.0, 512.0), INVALID, "shapeConfig.ocpus"),
            post("half an OCPU", size(1.5, 8.0), INVALID, "shapeConfig.ocpus"),
            post("too little memory for the OCPUs", size(4.0, 2.0), INVALID, "shapeConfig.memoryInGBs"),
            post("too much memory for the OCPUs", size(1.0, 65.0), INVALID, "shapeConfig.memoryInGBs"),
            post(
                "an image of another architecture",
                with("sourceDetails", json!({"sourceType": "image", "imageId": intel})),
                INVALID,
                "not valid for image",
            ),
            post("no image", with("sourceDetails", json!({"sourceType": "image"})), MISSING, "imageId"),
            post(
                "a source without a type",
                with("sourceDetails", json!({"imageId": intel})),
                MISSING,
                "sourceDetails.sourceType",
            ),
            post(
                "a small boot volume",
                launch(&|body| body["sourceDetails"]["bootVolumeSizeInGBs"] = json!(40)),
                INVALID,
                "bootVolumeSizeInGBs",
            ),
            post(
                "odd performance units",
                launch(&|body| body["sourceDetails"]["bootVolumeVpusPerGB"] = json!(15)),
                INVALID,
                "bootVolumeVpusPerGB",
            ),
            post("no subnet", with("createVnicDetails", json!({})), MISSING, "createVnicDetails.subnetId"),
            post(
                "a public IP in a private subnet",
                with("createVnicDetails", json!({"subnetId": private["id"], "assignPublicIp": true})),
                INVALID,
                "assignPublicIp",
            ),
            post("an address of another subnet", vnic("privateIp", json!("10.0.2.5")), INVALID, "privateIp"),
            post("the router's address", vnic("privateIp", json!("10.0.1.1")), INVALID, "reserved"),
            post(
                "a host name with an underscore",
                vnic("hostnameLabel", json!("web_1")),
                INVALID,
                "hostnameLabel",
            ),
            post(
                "a host name where there is no DNS",
                with("createVnicDetails", json!({"subnetId": private["id"], "hostnameLabel": "web1"})),
                INVALID,
                "hostnameLabel",
            ),
            post(
                "user data in clear",
                with("metadata", json!({"user_data": "#!/bin/sh"})),
                INVALID,
                "user_data",
            ),
            post(
                "too much metadata",
                with("metadata", json!({"notes": "x".repeat(32_001)})),
                INVALID,
                "metadata",
            ),
            post(
                "metadata that is no text",
                with("metadata", json!({"count": 3})),
                "400 CannotParseRequest",
                "metadata.count",
            ),
            post("an unknown field", with("shapeName", json!("VM.Standard.A1.Flex")), INVALID, "shapeName"),
            volume("a small volume", json!({"sizeInGBs": 49}), INVALID, "sizeInGBs"),
            volume("odd performance units of a volume", json!({"vpusPerGB": 25}), INVALID, "vpusPerGB"),
            volume(
                "a volume in no domain",
                json!({"availabilityDomain": "AD-1"}),
                INVALID,
                "availabilityDomain",
            ),
        ],
    );
}

#[test]
fn what_the_cloud_does_not_allow_now_is_refused_with_its_code() {
    let net = Net::new();
    let subnet = text(&net.subnet("10.0.1.0/24", "web"), "id").to_owned();
    let group = net.create("networkSecurityGroups", json!({}));
    let list = net.create("securityLists", json!({"ingressSecurityRules": [], "egressSecurityRules": []}));
    let table = net.create("routeTables", json!({"routeRules": []}));
    let dhcp =
        net.create("dhcps", json!({"options": [{"type": "DomainNameServer", "serverType": "VcnLocal"}]}));
    net.put(
        "subnets",
        &subnet,
        &json!({"securityListIds": [list["id"]], "routeTableId": table["id"], "dhcpOptionsId": dhcp["id"]}),
    );
    let igw = net.create("internetGateways", json!({"isEnabled": true}));
    let user_data = json!({"ssh_authorized_keys": "ssh-ed25519 AAAA", "user_data": "IyEvYmluL3No"});
    let instance = net.launch(&subnet, |body| {
        body["createVnicDetails"]["privateIp"] = json!("10.0.1.20");
        body["createVnicDetails"]["hostnameLabel"] = json!("web1");
        body["createVnicDetails"]["nsgIds"] = json!([group["id"]]);
        body["metadata"] = user_data.clone();
    });
    let id = text(&instance, "id");
    let ips = net.cloud.get(&format!("/20160918/privateIps?subnetId={subnet}")).json().unwrap();
    let primary = text(&ips[0], "id");
    let other_domain = {
        let body = json!({"compartmentId": net.cloud.tenancy(), "availabilityDomain": net.domains()[1], "sizeInGBs": 50});
        net.post("volumes", &body).1
    };
    net.pass(10);
    let launch = |field: &str, value: Value| {
        let mut body = net.launch_body(&subnet);
        body["createVnicDetails"][field] = value;
        body
    };
    let mut greedy = net.launch_body(&subnet);
    greedy["shapeConfig"] = json!({"ocpus": 40.0, "memoryInGBs": 240.0});
    let delete = |path: &str, id: &Value| (Method::DELETE, format!("{path}/{}", id.as_str().unwrap()));
    let post = |path: &str| (Method::POST, path.to_owned());
    let put = |path: &str| (Method::PUT, path.to_owned());
    let default_list = net.get("vcns", &net.vcn)["defaultSecurityListId"].clone();
    let double = json!([{"destination": "0.0.0.0/0", "networkEntityId": igw["id"]}, {"destination": "0.0.0.0/0", "networkEntityId": igw["id"]}]);
    let rule = json!({"direction": "INGRESS", "protocol": "6", "source": "10.0.0.0/16"});
    let add_rules = format!("networkSecurityGroups/{}/actions/addSecurityRules", text(&group, "id"));
    for _ in 0..4 {
        assert_eq!(net.post(&add_rules, &json!({"securityRules": vec![rule.clone(); 25]})).0, 200);
    }
    net.cloud.mock.with_cloud_mut(|cloud| set_limit(cloud, "standard-a1-core-count", 10));
    let cases: Vec<Short> = vec![
        (
            "a second internet gateway",
            post("internetGateways"),
            within(&net, json!({"isEnabled": true})),
            LIMIT,
            "internet-gateway-count",
        ),
        (
            "an overlapping subnet",
            post("subnets"),
            within(&net, json!({"cidrBlock": "10.0.1.128/25"})),
            INVALID,
            &subnet,
        ),
        (
            "a DNS label that is used",
            post("subnets"),
            within(&net, json!({"cidrBlock": "10.0.5.0/24", "dnsLabel": "web"})),
            INVALID,
            "dnsLabel",
        ),
        ("a VCN with things in it", delete("vcns", &json!(net.vcn)), Value::Null, CONFLICT, &net.vcn),
        ("a subnet with a VNIC", delete("subnets", &json!(subnet)), Value::Null, CONFLICT, "ocid1.vnic."),
        ("a security list in use", delete("securityLists", &list["id"]), Value::Null, CONFLICT, &subnet),
        ("a route table in use", delete("routeTables", &table["id"]), Value::Null, CONFLICT, &subnet),
        ("DHCP options in use", delete("dhcps", &dhcp["id"]), Value::Null, CONFLICT, &subnet),
        ("a default security list", delete("securityLists", &default_list), Value::Null, CONFLICT, "default"),
        (
            "a group with a member",
            delete("networkSecurityGroups", &group["id"]),
            Value::Null,
            CONFLICT,
            "ocid1.vnic.",
        ),
        (
            "the same destination twice",
            put(&format!("routeTables/{}", text(&table, "id"))),
            json!({"routeRules": double}),
            INVALID,
            "more than once",
        ),
        (
            "26 rules in one call",
            post(&add_rules),
            json!({"securityRules": vec![rule.clone(); 26]}),
            INVALID,
            "securityRules",
        ),
        (
            "more than 120 rules",
            post(&add_rules),
            json!({"securityRules": vec![rule.clone(); 21]}),
            LIMIT,
            "120",
        ),
        (
            "a rule that is not there",
            post(&add_rules.replace("add", "remove")),
            json!({"securityRuleIds": ["FFFFFF"]}),
            INVALID,
            "FFFFFF",
        ),
        (
            "an address that is taken",
            post("instances"),
            launch("privateIp", json!("10.0.1.20")),
            CONFLICT,
            "10.0.1.20",
        ),
        (
            "a host name that is taken",
            post("instances"),
            launch("hostnameLabel", json!("WEB1")),
            CONFLICT,
            "WEB1",
        ),
        ("more cores than the limit", post("instances"), greedy, LIMIT, "standard-a1-core-count"),
        ("starting what runs", post(&format!("instances/{id}?action=START")), Value::Null, STATE, "RUNNING"),
        (
            "other user data",
            put(&format!("instances/{id}")),
            json!({"metadata": {"ssh_authorized_keys": "ssh-ed25519 AAAA", "user_data": "IyE="}}),
            INVALID,
            "user_data",
        ),
        (
            "metadata without the keys",
            put(&format!("instances/{id}")),
            json!({"metadata": {"user_data": "IyEvYmluL3No"}}),
            INVALID,
            "ssh_authorized_keys",
        ),
        (
            "a shape of another architecture",
            put(&format!("instances/{id}")),
            json!({"shape": "VM.Standard.E5.Flex", "shapeConfig": {"ocpus": 2.0}}),
            INVALID,
            "not valid for image",
        ),
        (
            "downtime that is not wanted",
            put(&format!("instances/{id}")),
            json!({"shapeConfig": {"ocpus": 1.0}, "updateOperationConstraint": "AVOID_DOWNTIME"}),
            CONFLICT,
            "reboot",
        ),
        (
            "a volume of another domain",
            post("volumeAttachments"),
            json!({"type": "paravirtualized", "instanceId": id, "volumeId": other_domain["id"]}),
            INVALID,
            "volumeId",
        ),
        (
            "a smaller volume",
            put(&format!("volumes/{}", text(&other_domain, "id"))),
            json!({"sizeInGBs": 50, "vpusPerGB": 5}),
            INVALID,
            "vpusPerGB",
        ),
        ("a primary private IP", delete("privateIps", &json!(primary)), Value::Null, INVALID, "primary"),
        (
            "a second public IP",
            post("publicIps"),
            json!({"compartmentId": net.cloud.tenancy(), "lifetime": "RESERVED", "privateIpId": primary}),
            CONFLICT,
            "public IP",
        ),
        (
            "a subnet that would lose an address",
            put(&format!("subnets/{subnet}")),
            json!({"cidrBlock": "10.0.1.0/28"}),
            CONFLICT,
            "10.0.1.20",
        ),
        (
            "another network address",
            put(&format!("subnets/{subnet}")),
            json!({"cidrBlock": "10.0.0.0/23"}),
            INVALID,
            "network address",
        ),
        (
            "an unknown compartment",
            post("vcns"),
            json!({"compartmentId": "ocid1.compartment.oc1..aaaa", "cidrBlock": "10.0.0.0/16"}),
            NOT_FOUND,
            "compartmentId",
        ),
        (
            "a VCN that is not there",
            (Method::GET, "vcns/ocid1.vcn.oc1.eu-frankfurt-1.aaaa".to_owned()),
            Value::Null,
            NOT_FOUND,
            "ocid1.vcn",
        ),
    ];
    assert!(cases.len() >= 15);
    let table = cases
        .into_iter()
        .map(|(what, (method, path), body, expected, word)| (what, method, path, body, expected, word));
    assert_refused(&net, table.collect());
}
