//! IPv6 blocks of VCNs and subnets, several IPv4 blocks of a subnet, and private addresses in all their forms.

use http::Method;
use serde_json::{Value, json};

use crate::net::{Net, text};
use crate::refused::{Case, assert_refused};

const INVALID: &str = "400 InvalidParameter";
const MISSING: &str = "400 MissingParameter";
const CONFLICT: &str = "409 Conflict";

/// A VCN with these fields.
fn vcn(net: &Net, mut fields: Value) -> Value {
    fields["compartmentId"] = json!(net.cloud.tenancy());
    fields["cidrBlocks"] = json!(["10.0.0.0/16"]);
    fields
}

fn post(what: &'static str, path: &str, body: Value, refusal: [&'static str; 2]) -> Case<'static> {
    (what, Method::POST, path.to_owned(), body, refusal[0], refusal[1])
}

#[test]
fn a_vcn_with_ipv6_shows_the_block_that_oracle_gives_and_those_that_were_asked_for() {
    let net = Net::new();
    let made = |fields: Value| {
        let (status, made) = net.post("vcns", &vcn(&net, fields));
        assert_eq!(status, 200, "{made}");
        net.pass(2);
        made
    };
    let brought =
        json!([{"byoipv6RangeId": "ocid1.byoiprange.oc1..a", "ipv6CidrBlock": "2001:DB8:0:100::/56"}]);
    let full = made(json!({
        "isIpv6Enabled": true, "ipv6PrivateCidrBlocks": ["FD00:0:0:100::/56"], "byoipv6CidrDetails": brought}));
    let oracles = full["ipv6CidrBlocks"][0].as_str().unwrap();
    assert!(oracles.ends_with("::/56"), "{oracles}");
    assert_eq!(full["ipv6PrivateCidrBlocks"], json!(["fd00:0:0:100::/56"]));
    assert_eq!(full["byoipv6CidrBlocks"], json!(["2001:db8:0:100::/56"]));
    let second = made(json!({"isIpv6Enabled": true}));
    assert_ne!(second["ipv6CidrBlocks"][0], json!(oracles));
    let without = made(json!({"isIpv6Enabled": true, "isOracleGuaAllocationEnabled": false}));
    assert_eq!(without["ipv6CidrBlocks"], json!([]));
    assert!(made(json!({})).get("ipv6CidrBlocks").is_none());
}

#[test]
fn the_ipv6_blocks_of_a_subnet_lie_in_its_vcn_and_apart_from_those_of_others() {
    let net = Net::new();
    let ipv6 = json!({"isIpv6Enabled": true, "ipv6PrivateCidrBlocks": ["fd00:0:0:100::/56"]});
    let (_, made) = net.post("vcns", &vcn(&net, ipv6));
    net.pass(2);
    let subnet = |third: u8, fields: Value| {
        let mut body = fields;
        body["compartmentId"] = json!(net.cloud.tenancy());
        body["vcnId"] = made["id"].clone();
        body["cidrBlock"] = json!(format!("10.0.{third}.0/24"));
        body
    };
    let (status, first) = net.post("subnets", &subnet(1, json!({"ipv6CidrBlock": "FD00:0:0:101::/64"})));
    assert_eq!(status, 200, "{first}");
    assert_eq!(first["ipv6CidrBlock"], "fd00:0:0:101::/64");
    assert_eq!(first["ipv6CidrBlocks"], json!(["fd00:0:0:101::/64"]));
    net.pass(4);
    let id = text(&first, "id");
    let both = net.put("subnets", id, &json!({"ipv6CidrBlocks": ["fd00:0:0:102::/64", "fd00:0:0:101::/64"]}));
    assert_eq!(both["ipv6CidrBlock"], "fd00:0:0:102::/64");
    let refused = |what, block: Value, word| post(what, "subnets", subnet(2, block), [INVALID, word]);
    assert_refused(
        &net,
        vec![
            refused("a block of another", json!({"ipv6CidrBlock": "fd00:0:0:101::/64"}), "already"),
            refused("a block outside", json!({"ipv6CidrBlock": "fd00:0:0:201::/64"}), "is not within"),
            refused("a /72", json!({"ipv6CidrBlock": "fd00:0:0:103::/72"}), "/64"),
            refused("no block", json!({"ipv6CidrBlocks": ["10.0.0.0/24"]}), "not an IPv6 CIDR block"),
            refused(
                "one beside others",
                json!({"ipv6CidrBlock": "fd00:0:0:104::/64", "ipv6CidrBlocks": ["fd00:0:0:103::/64"]}),
                "not among",
            ),
            post(
                "blocks of a VCN without IPv6",
                "vcns",
                vcn(&net, json!({"ipv6PrivateCidrBlocks": ["fd00:0:0:100::/56"]})),
                [INVALID, "not enabled"],
            ),
            post(
                "blocks that overlap",
                "vcns",
                vcn(
                    &net,
                    json!({"isIpv6Enabled": true, "ipv6PrivateCidrBlocks": ["fd00::/48", "fd00:0:0:100::/56"]}),
                ),
                [INVALID, "overlaps"],
            ),
        ],
    );
}

#[test]
fn a_private_ip_may_be_a_block_of_addresses_and_nobody_else_gets_one_of_them() {
    let net = Net::new();
    let subnet = net.create("subnets", json!({"ipv4CidrBlocks": ["10.0.1.0/24", "10.0.2.0/28"]}));
    let ip = |fields: Value| {
        let mut body = fields;
        body["subnetId"] = subnet["id"].clone();
        body
    };
    let within = json!({"ipv4SubnetCidrAtCreation": "10.0.2.0/28"});
    let block = json!({"ipAddress": "10.0.2.8", "cidrPrefixLength": 30});
    let (status, made) = net.post("privateIps", &ip(block));
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["cidrPrefixLength"], 30);
    // Of 16 addresses three are the network's and four in the block.
    for _ in 0..9 {
        let (status, made) = net.post("privateIps", &ip(within.clone()));
        assert_eq!(status, 200, "{made}");
        assert!(text(&made, "ipAddress").starts_with("10.0.2."), "{made}");
    }
    let refused = |what, fields, refusal| post(what, "privateIps", ip(fields), refusal);
    assert_refused(
        &net,
        vec![
            refused("one more", within, ["400 LimitExceeded", "no free"]),
            refused("one of the block", json!({"ipAddress": "10.0.2.9"}), [CONFLICT, "already in use"]),
            refused(
                "a block around",
                json!({"ipAddress": "10.0.2.8", "cidrPrefixLength": 29}),
                [INVALID, "reserved by the network"],
            ),
            refused(
                "no block",
                json!({"ipAddress": "10.0.1.9", "cidrPrefixLength": 29}),
                [INVALID, "not a block"],
            ),
            refused("a length alone", json!({"cidrPrefixLength": 29}), [MISSING, "ipAddress"]),
            refused(
                "another block of the subnet",
                json!({"ipv4SubnetCidrAtCreation": "10.0.3.0/24"}),
                [INVALID, "not a block of subnet"],
            ),
            refused(
                "an address of the other block",
                json!({"ipAddress": "10.0.1.77", "ipv4SubnetCidrAtCreation": "10.0.2.0/28"}),
                [INVALID, "is not in subnet"],
            ),
        ],
    );
}

#[test]
fn an_address_of_a_vlan_is_taken_as_it_is_and_once() {
    let net = Net::new();
    let ip = json!({"vlanId": "ocid1.vlan.oc1..a", "ipAddress": "192.168.7.10"});
    let (status, made) = net.post("privateIps", &ip);
    assert_eq!(status, 200, "{made}");
    let listed = net.cloud.get("/20160918/privateIps?vlanId=ocid1.vlan.oc1..a").json().unwrap();
    assert_eq!(listed[0]["id"], made["id"]);
    assert_refused(
        &net,
        vec![
            post("the same again", "privateIps", ip, [CONFLICT, "already in use"]),
            post("none", "privateIps", json!({"vlanId": "ocid1.vlan.oc1..a"}), [MISSING, "ipAddress"]),
        ],
    );
}

#[test]
fn a_reserved_private_ip_leaves_its_vnic_and_an_ephemeral_one_does_not() {
    let net = Net::new();
    let subnet = text(&net.subnet("10.0.1.0/24", "web"), "id").to_owned();
    let (_, server) = net.post("instances", &net.launch_body(&subnet));
    net.pass(60);
    let path = format!(
        "/20160918/vnicAttachments?compartmentId={}&instanceId={}",
        net.cloud.tenancy(),
        text(&server, "id")
    );
    let vnic = net.cloud.get(&path).json().unwrap()[0]["vnicId"].clone();
    let made = |lifetime: &str| {
        let (status, made) = net.post("privateIps", &json!({"vnicId": vnic, "lifetime": lifetime}));
        assert_eq!(status, 200, "{made}");
        text(&made, "id").to_owned()
    };
    let left = net.put("privateIps", &made("RESERVED"), &json!({"vnicId": ""}));
    assert_eq!((left.get("vnicId"), &left["ipState"]), (None, &json!("AVAILABLE")));
    let path = format!("privateIps/{}", made("EPHEMERAL"));
    assert_refused(
        &net,
        vec![("ephemeral", Method::PUT, path, json!({"vnicId": ""}), INVALID, "goes with its VNIC")],
    );
}

#[test]
fn a_server_takes_ipv6_addresses_and_a_reserved_private_one_that_outlives_it() {
    let net = Net::new();
    let ipv6 = json!({"isIpv6Enabled": true, "ipv6PrivateCidrBlocks": ["fd00:0:0:100::/56"]});
    let (_, made) = net.post("vcns", &vcn(&net, ipv6));
    net.pass(2);
    let subnet = json!({
        "compartmentId": net.cloud.tenancy(), "vcnId": made["id"], "cidrBlock": "10.0.1.0/24",
        "ipv6CidrBlocks": ["fd00:0:0:101::/64", "fd00:0:0:102::/64"],
    });
    let (_, subnet) = net.post("subnets", &subnet);
    net.pass(4);
    let (_, reserved) = net.post("privateIps", &json!({"subnetId": subnet["id"], "ipAddress": "10.0.1.9"}));
    let launch = |vnic: Value| {
        let mut body = net.launch_body(text(&subnet, "id"));
        body["createVnicDetails"] = vnic;
        body
    };
    let pair = |block: &str, address: &str| json!([{"ipv6SubnetCidr": block, "ipv6Address": address}]);
    let (status, server) = net.post(
        "instances",
        &launch(json!({
            "privateIpId": reserved["id"],
            "ipv6AddressIpv6SubnetCidrPairDetails": pair("fd00:0:0:102::/64", "fd00:0:0:102::9"),
        })),
    );
    assert_eq!(status, 200, "{server}");
    let (status, other) =
        net.post("instances", &launch(json!({"subnetId": subnet["id"], "assignIpv6Ip": true})));
    assert_eq!(status, 200, "{other}");
    net.pass(60);
    let vnic_of = |server: &Value| {
        let (tenancy, id) = (net.cloud.tenancy(), text(server, "id"));
        let path = format!("/20160918/vnicAttachments?compartmentId={tenancy}&instanceId={id}");
        let attachments = net.cloud.get(&path).json().unwrap();
        net.get("vnics", text(&attachments[0], "vnicId"))
    };
    let vnic = vnic_of(&server);
    assert_eq!(vnic["privateIp"], "10.0.1.9");
    assert_eq!(vnic["ipv6Addresses"], json!(["fd00:0:0:102::9"]));
    let chosen = vnic_of(&other)["ipv6Addresses"][0].clone();
    // The longest run of zeros is left out.
    assert!(chosen.as_str().unwrap().starts_with("fd00::101:"), "{chosen}");
    let refused = |what, vnic: Value, refusal| post(what, "instances", launch(vnic), refusal);
    let wanted = |block: &str, address: &str| json!({"subnetId": subnet["id"], "ipv6AddressIpv6SubnetCidrPairDetails": pair(block, address)});
    assert_refused(
        &net,
        vec![
            refused("the same address", wanted("fd00:0:0:102::/64", "fd00:0:0:102::9"), [CONFLICT, "in use"]),
            refused("no such block", wanted("fd00:0:0:103::/64", "fd00:0:0:103::9"), [INVALID, "no such"]),
            refused("not in the block", wanted("fd00:0:0:102::/64", "fd00:0:0:101::9"), [INVALID, "not an"]),
            refused("taken", json!({"privateIpId": reserved["id"]}), [CONFLICT, "in use"]),
        ],
    );
    net.delete("instances", text(&server, "id"));
    net.pass(300);
    let left = net.get("privateIps", text(&reserved, "id"));
    assert_eq!((left.get("vnicId"), &left["ipState"]), (None, &json!("AVAILABLE")));
}
