//! Networking from its creation to its end: lifecycles, invented values, blockers of deletion.

use std::time::Duration;

use crate::net::{Net, text};
use oci_mock::network::{self, PublicAddress, VnicRequest};
use serde_json::{Value, json};

#[test]
fn a_subnet_takes_over_the_defaults_of_its_vcn_and_says_so() {
    let net = Net::new();
    let subnet = net.subnet("10.0.3.0/24", "web");
    assert_eq!(subnet["lifecycleState"], "PROVISIONING");
    let vcn = net.get("vcns", &net.vcn);
    assert_eq!(subnet["routeTableId"], vcn["defaultRouteTableId"]);
    assert_eq!(subnet["dhcpOptionsId"], vcn["defaultDhcpOptionsId"]);
    assert_eq!(subnet["securityListIds"], json!([vcn["defaultSecurityListId"]]));
    assert_eq!(subnet["virtualRouterIp"], "10.0.3.1");
    assert_eq!(subnet["subnetDomainName"], "web.net.oraclevcn.com");
    assert_eq!(subnet["prohibitPublicIpOnVnic"], false);
    let id = text(&subnet, "id");
    assert_eq!(net.get("subnets", id)["lifecycleState"], "AVAILABLE");
    assert_eq!(net.delete("vcns", &net.vcn), "409 Conflict");
    assert_eq!(net.delete("subnets", id), "204 -");
    net.cloud.mock.advance(Duration::from_secs(2));
    assert_eq!(net.get("subnets", id)["lifecycleState"], "TERMINATED");
    assert_eq!(net.delete("vcns", &net.vcn), "204 -");
}

#[test]
fn a_prohibition_of_public_addresses_shows_under_both_names() {
    let net = Net::new();
    let subnet = net.create("subnets", json!({"cidrBlock": "10.0.0.0/24", "prohibitInternetIngress": true}));
    assert_eq!(subnet["prohibitPublicIpOnVnic"], true);
    assert_eq!(subnet["prohibitInternetIngress"], true);
}

#[test]
fn a_gateway_is_held_back_by_the_route_rule_that_leads_to_it() {
    let net = Net::new();
    let services = net.cloud.get("/20160918/services").json().unwrap();
    let (service, label) = (text(&services[0], "id"), text(&services[0], "cidrBlock"));
    assert_eq!(label, "all-fra-services-in-oracle-services-network");
    let igw = net.create("internetGateways", json!({"isEnabled": true}));
    let nat = net.create("natGateways", json!({}));
    assert_eq!(nat["blockTraffic"], false);
    let sgw = net.create("serviceGateways", json!({"services": [{"serviceId": service}]}));
    assert_eq!(sgw["services"][0]["serviceName"], services[0]["name"]);
    let table = net.create(
        "routeTables",
        json!({"routeRules": [
            {"destination": "0.0.0.0/0", "networkEntityId": igw["id"]},
            {"destination": "192.168.0.0/16", "destinationType": "CIDR_BLOCK", "networkEntityId": nat["id"]},
            {"destination": label, "destinationType": "SERVICE_CIDR_BLOCK", "networkEntityId": sgw["id"]},
        ]}),
    );
    let rules = table["routeRules"].as_array().unwrap();
    assert_eq!(rules.len(), 3);
    for rule in rules {
        assert_eq!(rule["cidrBlock"], rule["destination"]);
        assert_eq!(rule["routeType"], "STATIC");
    }
    let all = [("internetGateways", &igw), ("natGateways", &nat), ("serviceGateways", &sgw)];
    for (path, gateway) in all {
        assert_eq!(net.delete(path, text(gateway, "id")), "409 Conflict", "{path}");
    }
    net.put("routeTables", text(&table, "id"), &json!({"routeRules": []}));
    for (path, gateway) in all {
        assert_eq!(net.delete(path, text(gateway, "id")), "204 -", "{path}");
    }
}

#[test]
fn a_nat_gateway_brings_a_public_address_and_takes_it_along() {
    let net = Net::new();
    let nat = net.create("natGateways", json!({"displayName": "out"}));
    let public_ip = net.get("publicIps", text(&nat, "publicIpId"));
    assert_eq!(public_ip["assignedEntityType"], "NAT_GATEWAY");
    assert_eq!(public_ip["ipAddress"], nat["natIp"]);
    assert_eq!(net.delete("publicIps", text(&nat, "publicIpId")), "409 Conflict");
    assert_eq!(net.delete("natGateways", text(&nat, "id")), "204 -");
    net.cloud.mock.advance(Duration::from_secs(2));
    assert_eq!(net.get("publicIps", text(&nat, "publicIpId"))["lifecycleState"], "TERMINATED");
}

#[test]
fn the_defaults_of_a_vcn_can_be_changed_and_never_deleted() {
    let net = Net::new();
    let vcn = net.get("vcns", &net.vcn);
    let list = text(&vcn, "defaultSecurityListId");
    let changed = net.put("securityLists", list, &json!({"ingressSecurityRules": []}));
    assert_eq!(changed["ingressSecurityRules"], json!([]));
    assert_eq!(changed["egressSecurityRules"].as_array().unwrap().len(), 1, "the other direction stays");
    for (path, name) in [
        ("securityLists", "defaultSecurityListId"),
        ("routeTables", "defaultRouteTableId"),
        ("dhcps", "defaultDhcpOptionsId"),
    ] {
        assert_eq!(net.delete(path, text(&vcn, name)), "409 Conflict", "{path}");
    }
}

#[test]
fn rules_come_back_complete_and_in_an_order_of_their_own() {
    let net = Net::new();
    let rule = |port: u16| {
        json!({"protocol": "6", "source": "10.0.0.0/16",
               "tcpOptions": {"destinationPortRange": {"min": port, "max": port}}})
    };
    let sent: Vec<Value> = (1..=8).map(rule).collect();
    let list = net.create("securityLists", json!({"ingressSecurityRules": sent, "egressSecurityRules": []}));
    let ports: Vec<i64> = list["ingressSecurityRules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            assert_eq!(rule["isStateless"], false);
            assert_eq!(rule["sourceType"], "CIDR_BLOCK");
            rule["tcpOptions"]["destinationPortRange"]["min"].as_i64().unwrap()
        })
        .collect();
    assert_ne!(ports, (1..=8).collect::<Vec<i64>>(), "the order of the request must not survive");
    let mut sorted = ports.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=8).collect::<Vec<i64>>());
}

#[test]
fn a_group_gives_its_rules_ids_and_adds_them_again_when_asked_again() {
    let net = Net::new();
    let group = net.create("networkSecurityGroups", json!({"displayName": "web"}));
    let path = format!("/20160918/networkSecurityGroups/{}", text(&group, "id"));
    let rule = json!({"direction": "INGRESS", "protocol": "6", "source": group["id"],
                      "sourceType": "NETWORK_SECURITY_GROUP"});
    let add = || {
        let answer =
            net.cloud.post(&format!("{path}/actions/addSecurityRules"), &json!({"securityRules": [rule]}));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json().unwrap()["securityRules"][0].clone()
    };
    let (first, second) = (add(), add());
    assert_ne!(first["id"], second["id"]);
    assert_eq!(first["isValid"], true);
    let list = net.cloud.get(&format!("{path}/securityRules?direction=INGRESS")).json().unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let removed = net
        .cloud
        .post(&format!("{path}/actions/removeSecurityRules"), &json!({"securityRuleIds": [first["id"]]}));
    assert_eq!(removed.status, 200);
    let mut changed = second.clone();
    for computed in ["isValid", "timeCreated"] {
        changed.as_object_mut().unwrap().remove(computed);
    }
    changed["protocol"] = json!("17");
    let answer =
        net.cloud.post(&format!("{path}/actions/updateSecurityRules"), &json!({"securityRules": [changed]}));
    assert_eq!(answer.json().unwrap()["securityRules"][0]["protocol"], "17");
}

#[test]
fn an_added_block_makes_the_vcn_busy_and_then_lets_subnets_in() {
    let net = Net::new();
    let path = format!("/20160918/vcns/{}/actions/addCidr", net.vcn);
    let answer = net.cloud.post(&path, &json!({"cidrBlock": "10.1.0.0/16"}));
    assert_eq!(answer.status, 202);
    let work_request = answer.header("opc-work-request-id").unwrap().to_owned();
    assert_eq!(net.get("vcns", &net.vcn)["lifecycleState"], "UPDATING");
    let subnet = json!({"compartmentId": net.cloud.tenancy(), "vcnId": net.vcn, "cidrBlock": "10.1.0.0/24"});
    let refused = net.cloud.post("/20160918/subnets", &subnet);
    assert_eq!(
        (refused.status.as_u16(), refused.json().unwrap()["code"].clone()),
        (409, json!("IncorrectState"))
    );
    assert_eq!(net.cloud.post(&path, &json!({"cidrBlock": "10.2.0.0/16"})).status, 409);
    net.cloud.mock.advance(Duration::from_secs(31));
    assert_eq!(net.get("workRequests", &work_request)["status"], "SUCCEEDED");
    assert_eq!(net.get("vcns", &net.vcn)["cidrBlocks"], json!(["10.0.0.0/16", "10.1.0.0/16"]));
    assert_eq!(net.cloud.post("/20160918/subnets", &subnet).status, 200);
}

#[test]
fn a_services_vnic_holds_its_subnet_back_until_it_has_lingered() {
    let net = Net::new();
    let subnet = net.subnet("10.0.1.0/24", "db");
    let id = text(&subnet, "id").to_owned();
    let owner = "ocid1.mounttarget.oc1.eu_frankfurt_1.aaaa";
    let tenancy = net.cloud.tenancy();
    let vnic = net.cloud.mock.with_cloud_mut(|cloud| {
        network::set_linger_of_service_vnics(cloud, 60, 60);
        let request = VnicRequest {
            hostname_label: Some("files"),
            private_ip: Some("10.0.1.5"),
            ..VnicRequest::new(&id, &tenancy, owner)
        };
        network::attach_service_vnic(cloud, &request).unwrap()
    });
    assert_eq!(vnic.full_name.as_deref(), Some("files.db.net.oraclevcn.com"));
    assert_eq!(net.get("privateIps", &vnic.private_ip_id)["ipAddress"], "10.0.1.5");
    net.cloud.mock.with_cloud_mut(|cloud| network::release_service_vnic(cloud, &vnic.vnic_id));
    let refused = net.cloud.delete(&format!("/20160918/subnets/{id}"));
    let message = refused.json().unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("service VNIC") && message.contains(&vnic.vnic_id) && message.contains(owner));
    net.cloud.mock.advance(Duration::from_secs(61));
    assert_eq!(net.delete("subnets", &id), "204 -");
}

#[test]
fn addresses_are_given_once_and_run_out() {
    let net = Net::new();
    let subnet = net.create("subnets", json!({"cidrBlock": "10.0.9.0/29"}));
    let id = text(&subnet, "id").to_owned();
    let tenancy = net.cloud.tenancy();
    net.cloud.mock.with_cloud_mut(|cloud| {
        let request = VnicRequest::new(&id, &tenancy, "ocid1.instance.oc1.fra.aaaa");
        let mut given: Vec<String> =
            (0..5).map(|_| network::attach_vnic(cloud, &request).unwrap().private_ip.to_string()).collect();
        given.sort();
        // Of the eight, the network, the router and the broadcast address are nobody's.
        assert_eq!(given, ["10.0.9.2", "10.0.9.3", "10.0.9.4", "10.0.9.5", "10.0.9.6"]);
        assert_eq!(network::free_addresses(cloud, &id), 0);
        assert_eq!(network::attach_vnic(cloud, &request).unwrap_err().code, "LimitExceeded");
        for (address, code) in [
            ("10.0.9.2", "Conflict"),
            ("10.0.9.1", "InvalidParameter"),
            ("10.0.9.7", "InvalidParameter"),
            ("10.0.8.2", "InvalidParameter"),
        ] {
            let request = VnicRequest { private_ip: Some(address), ..request };
            assert_eq!(network::attach_vnic(cloud, &request).unwrap_err().code, code, "{address}");
        }
    });
}

#[test]
fn a_reserved_address_goes_from_one_owner_to_the_next() {
    let net = Net::new();
    let subnet = net.subnet("10.0.1.0/24", "lb");
    let id = text(&subnet, "id").to_owned();
    let tenancy = net.cloud.tenancy();
    let answer =
        net.cloud.post("/20160918/publicIps", &json!({"compartmentId": tenancy, "lifetime": "RESERVED"}));
    let public_ip = answer.json().unwrap();
    let public_id = text(&public_ip, "id").to_owned();
    net.cloud.mock.advance(Duration::from_secs(2));
    let vnic = net.cloud.mock.with_cloud_mut(|cloud| {
        let request = VnicRequest {
            public_ip: PublicAddress::Reserved(&public_id),
            ..VnicRequest::new(&id, &tenancy, "ocid1.networkloadbalancer.oc1.fra.aaaa")
        };
        let vnic = network::attach_service_vnic(cloud, &request).unwrap();
        let again = network::attach_service_vnic(cloud, &request).unwrap_err();
        assert_eq!(again.code, "Conflict");
        vnic
    });
    assert_eq!(net.get("publicIps", &public_id)["lifecycleState"], "ASSIGNING");
    net.cloud.mock.advance(Duration::from_secs(2));
    let assigned = net.get("publicIps", &public_id);
    assert_eq!(assigned["lifecycleState"], "ASSIGNED");
    assert_eq!(assigned["privateIpId"], json!(vnic.private_ip_id));
    assert_eq!(net.get("vnics", &vnic.vnic_id)["publicIp"], public_ip["ipAddress"]);
    let found = net
        .cloud
        .post("/20160918/publicIps/actions/getByPrivateIpId", &json!({"privateIpId": vnic.private_ip_id}));
    assert_eq!(found.json().unwrap()["id"], json!(public_id));

    net.cloud.mock.with_cloud_mut(|cloud| network::release_service_vnic(cloud, &vnic.vnic_id));
    net.cloud.mock.advance(Duration::from_secs(2));
    assert_eq!(
        net.get("publicIps", &public_id)["lifecycleState"],
        "AVAILABLE",
        "it is released, not deleted"
    );
    assert_eq!(net.delete("publicIps", &public_id), "204 -");
}
