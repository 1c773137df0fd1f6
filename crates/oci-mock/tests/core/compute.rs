//! Instances and volumes from their creation to their end.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oci_mock::services::core::capacity::{CapacityRule, set_capacity_rules};
use serde_json::{Value, json};

use crate::net::{Net, text};

fn public_net() -> (Net, String) {
    let net = Net::new();
    let subnet = net.subnet("10.0.1.0/24", "web");
    let id = text(&subnet, "id").to_owned();
    (net, id)
}

fn list(net: &Net, path: &str, query: &str) -> Vec<Value> {
    let target = format!("/20160918/{path}?compartmentId={}&{query}", net.cloud.tenancy());
    let answer = net.cloud.get(&target);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().unwrap().as_array().unwrap().clone()
}

#[test]
fn an_instance_is_found_by_its_attachment_its_vnic_and_its_addresses() {
    let (net, subnet) = public_net();
    let mut body = net.launch_body(&subnet);
    body["createVnicDetails"]["hostnameLabel"] = json!("web1");
    body["createVnicDetails"]["privateIp"] = json!("10.0.1.20");
    body["metadata"] =
        json!({"ssh_authorized_keys": "ssh-ed25519 AAAA", "user_data": STANDARD.encode("#!/bin/sh")});
    let answer = net.cloud.post("/20160918/instances", &body);
    assert_eq!(answer.status, 200);
    let work_request = answer.header("opc-work-request-id").unwrap().to_owned();
    let instance = answer.json().unwrap();
    let id = text(&instance, "id");
    assert_eq!(instance["lifecycleState"], "PROVISIONING");
    assert_eq!(instance["region"], "eu-frankfurt-1");
    assert_eq!(instance["metadata"], body["metadata"]);
    assert_eq!(instance["shapeConfig"]["vcpus"], 2);
    assert!(text(&instance, "faultDomain").starts_with("FAULT-DOMAIN-"));
    assert_eq!(instance["definedTags"]["Oracle-Tags"]["CreatedBy"], "admin@example.com");

    let attachments = list(&net, "vnicAttachments", &format!("instanceId={id}"));
    assert_eq!(attachments[0]["lifecycleState"], "ATTACHING");
    assert!(attachments[0].get("vnicId").is_none(), "the VNIC is known when it is attached");
    assert_eq!(net.get("workRequests", &work_request)["status"], "ACCEPTED");
    net.pass(20);
    assert_eq!(net.get("workRequests", &work_request)["status"], "IN_PROGRESS");
    let attachments = list(&net, "vnicAttachments", &format!("instanceId={id}"));
    assert_eq!(attachments[0]["lifecycleState"], "ATTACHED");
    let vnic = net.get("vnics", text(&attachments[0], "vnicId"));
    assert_eq!(vnic["privateIp"], "10.0.1.20");
    assert_eq!(vnic["hostnameLabel"], "web1");
    assert_eq!(vnic["displayName"], "web");
    assert_eq!(vnic["isPrimary"], true);
    assert!(vnic["publicIp"].is_string(), "the subnet is public");
    let ips = net.cloud.get(&format!("/20160918/privateIps?vnicId={}", text(&vnic, "id"))).json().unwrap();
    assert_eq!(ips[0]["ipAddress"], "10.0.1.20");
    let (status, public) =
        net.post("publicIps/actions/getByIpAddress", &json!({"ipAddress": vnic["publicIp"]}));
    assert_eq!((status, &public["privateIpId"]), (200, &ips[0]["id"]));
    assert_eq!(public["lifetime"], "EPHEMERAL");

    net.pass(130);
    assert_eq!(net.get("instances", id)["lifecycleState"], "RUNNING");
    let done = net.get("workRequests", &work_request);
    assert_eq!(done["status"], "SUCCEEDED");
    assert_eq!(done["resources"][0]["identifier"], instance["id"]);
    assert_eq!(done["resources"][0]["actionType"], "CREATED");
    let domain = text(&instance, "availabilityDomain");
    let boot = list(&net, "bootVolumeAttachments", &format!("availabilityDomain={domain}&instanceId={id}"));
    assert_eq!(boot[0]["lifecycleState"], "ATTACHED");
    let volume = net.get("bootVolumes", text(&boot[0], "bootVolumeId"));
    assert_eq!((&volume["sizeInGBs"], &volume["imageId"]), (&json!(50), &instance["imageId"]));
    assert_eq!(net.delete("subnets", &subnet), "409 Conflict");
    assert_eq!(net.delete("bootVolumes", text(&volume, "id")), "409 Conflict");

    let gone = net.cloud.delete(&format!("/20160918/instances/{id}"));
    assert_eq!(gone.status, 204);
    assert!(gone.header("opc-work-request-id").is_some());
    assert_eq!(net.get("instances", id)["lifecycleState"], "TERMINATING");
    net.pass(61);
    assert_eq!(net.get("instances", id)["lifecycleState"], "TERMINATED");
    net.pass(3);
    assert_eq!(net.get("bootVolumes", text(&volume, "id"))["lifecycleState"], "TERMINATED");
    let attachments = list(&net, "vnicAttachments", &format!("instanceId={id}"));
    assert_eq!(attachments[0]["lifecycleState"], "DETACHED");
    assert_eq!(net.delete("subnets", &subnet), "204 -");
    net.pass(11 * 3600);
    assert_eq!(list(&net, "instances", "lifecycleState=terminated").len(), 1, "it stays listed for hours");
    net.pass(2 * 3600);
    assert!(list(&net, "instances", "").is_empty());
}

#[test]
fn a_preserved_boot_volume_starts_the_next_instance() {
    let (net, subnet) = public_net();
    let instance = net.launch(&subnet, |_| {});
    let id = text(&instance, "id");
    let domain = text(&instance, "availabilityDomain");
    let boot = list(&net, "bootVolumeAttachments", &format!("availabilityDomain={domain}&instanceId={id}"));
    let volume = text(&boot[0], "bootVolumeId");
    assert_eq!(net.delete("instances", &format!("{id}?preserveBootVolume=true")), "204 -");
    net.pass(70);
    assert_eq!(net.get("bootVolumes", volume)["lifecycleState"], "AVAILABLE");
    let again = net.launch(&subnet, |body| {
        body["sourceDetails"] = json!({"sourceType": "bootVolume", "bootVolumeId": volume});
    });
    assert_eq!(again["imageId"], instance["imageId"]);
    assert_eq!(again["sourceDetails"]["bootVolumeId"], json!(volume));
}

#[test]
fn instances_without_a_fault_domain_are_spread() {
    let (net, subnet) = public_net();
    let mut domains: Vec<String> =
        (0..3).map(|_| text(&net.launch(&subnet, |_| {}), "faultDomain").to_owned()).collect();
    domains.sort();
    assert_eq!(domains, ["FAULT-DOMAIN-1", "FAULT-DOMAIN-2", "FAULT-DOMAIN-3"]);
}

#[test]
fn a_full_fault_domain_is_avoided_and_a_full_domain_refuses() {
    let (net, subnet) = public_net();
    let rule = |fault_domain: Option<&str>, ocpus: f64| CapacityRule {
        shape: "VM.Standard.A1.Flex".to_owned(),
        availability_domain: Some(net.domains()[0].clone()),
        fault_domain: fault_domain.map(str::to_owned),
        ocpus,
        later: false,
    };
    let rules = [rule(Some("FAULT-DOMAIN-1"), 0.0), rule(Some("FAULT-DOMAIN-2"), 0.0), rule(None, 4.0)];
    net.cloud.mock.with_cloud_mut(|cloud| set_capacity_rules(cloud, &rules));
    let report = |net: &Net| {
        let asked = json!({"instanceShape": "VM.Standard.A1.Flex", "instanceShapeConfig": {"ocpus": 2.0}});
        let mut third = asked.clone();
        third["faultDomain"] = json!("FAULT-DOMAIN-1");
        let (status, report) = net.post(
            "computeCapacityReports",
            &json!({
                "compartmentId": net.cloud.tenancy(), "availabilityDomain": net.domains()[0],
                "shapeAvailabilities": [asked, third],
            }),
        );
        assert_eq!(status, 200, "{report}");
        let line = |index: usize| {
            let line = &report["shapeAvailabilities"][index];
            format!("{} {}", text(line, "availabilityStatus"), line["availableCount"])
        };
        [line(0), line(1)]
    };
    assert_eq!(report(&net), ["AVAILABLE 2", "OUT_OF_HOST_CAPACITY 0"]);
    for _ in 0..2 {
        assert_eq!(net.launch(&subnet, |_| {})["faultDomain"], "FAULT-DOMAIN-3");
    }
    assert_eq!(report(&net)[0], "OUT_OF_HOST_CAPACITY 0");
    let (status, error) = net.post("instances", &net.launch_body(&subnet));
    assert_eq!((status, error["code"].as_str()), (500, Some("InternalError")));
    assert_eq!(error["message"], "Out of host capacity.");
    let mut elsewhere = net.launch_body(&subnet);
    elsewhere["availabilityDomain"] = json!(net.domains()[1]);
    assert_eq!(net.post("instances", &elsewhere).0, 200);
}

#[test]
fn a_launch_may_be_accepted_and_find_no_host() {
    let (net, subnet) = public_net();
    let rule = CapacityRule {
        shape: "VM.Standard.A1.Flex".to_owned(),
        availability_domain: None,
        fault_domain: None,
        ocpus: 0.0,
        later: true,
    };
    net.cloud.mock.with_cloud_mut(|cloud| set_capacity_rules(cloud, &[rule]));
    let answer = net.cloud.post("/20160918/instances", &net.launch_body(&subnet));
    assert_eq!(answer.status, 200);
    let work_request = answer.header("opc-work-request-id").unwrap().to_owned();
    let id = text(&answer.json().unwrap(), "id").to_owned();
    net.pass(60);
    assert_eq!(net.get("instances", &id)["lifecycleState"], "TERMINATED");
    assert_eq!(net.get("workRequests", &work_request)["status"], "FAILED");
    let errors = net.cloud.get(&format!("/20160918/workRequests/{work_request}/errors")).json().unwrap();
    assert_eq!(errors[0]["message"], "Out of host capacity.");
    assert_eq!(net.delete("subnets", &subnet), "204 -", "nothing is left behind in the subnet");
}

#[test]
fn actions_and_a_change_of_shape_move_the_states() {
    let (net, subnet) = public_net();
    let instance = net.launch(&subnet, |_| {});
    let id = text(&instance, "id");
    let state = || net.get("instances", id)["lifecycleState"].as_str().unwrap().to_owned();
    let act = |action: &str| net.act(&format!("instances/{id}?action={action}"));
    assert_eq!(act("STOP"), 200);
    assert_eq!(state(), "STOPPING");
    assert_eq!(act("START"), 409);
    net.pass(31);
    assert_eq!(state(), "STOPPED");
    assert_eq!(act("START"), 200);
    net.pass(46);
    assert_eq!(state(), "RUNNING");
    assert_eq!(act("SOFTRESET"), 200);
    net.pass(80);
    assert_eq!(state(), "RUNNING");
    assert_eq!(act("EXPLODE"), 400);

    let changed = net.put("instances", id, &json!({"shapeConfig": {"ocpus": 4.0}}));
    assert_eq!(
        (&changed["shapeConfig"]["ocpus"], &changed["shapeConfig"]["memoryInGBs"]),
        (&json!(4.0), &json!(12.0))
    );
    assert_eq!(changed["lifecycleState"], "STOPPING");
    net.pass(91);
    assert_eq!(state(), "RUNNING");
    let named = net.put("instances", id, &json!({"displayName": "other", "shape": "VM.Standard.A1.Flex"}));
    assert_eq!((&named["displayName"], &named["lifecycleState"]), (&json!("other"), &json!("RUNNING")));
    let agent = net.put("instances", id, &json!({"agentConfig": {"isMonitoringDisabled": true}}));
    assert_eq!(agent["agentConfig"]["isMonitoringDisabled"], true);
    assert_eq!(agent["agentConfig"]["isManagementDisabled"], false, "what is not sent stays");
}

#[test]
fn a_change_of_a_processors_threads_leaves_the_rest_of_its_platform_alone() {
    let (net, subnet) = public_net();
    let instance = net.launch(&subnet, |body| {
        body["shape"] = json!("VM.Standard.E5.Flex");
        body["sourceDetails"]["imageId"] = json!(net.image("VM.Standard.E5.Flex"));
        body["platformConfig"] =
            json!({"type": "AMD_VM", "isSecureBootEnabled": true, "isSymmetricMultiThreadingEnabled": true});
    });
    let change = json!({"platformConfig": {"type": "AMD_VM", "isSymmetricMultiThreadingEnabled": false}});
    let changed = net.put("instances", text(&instance, "id"), &change);
    assert_eq!(
        changed["platformConfig"],
        json!({"type": "AMD_VM", "isSecureBootEnabled": true, "isSymmetricMultiThreadingEnabled": false})
    );
}

#[test]
fn an_instance_is_launched_from_the_newest_image_that_a_filter_lets_through() {
    let (net, subnet) = public_net();
    let launch = |version: &str| {
        let mut body = net.launch_body(&subnet);
        body["shapeConfig"]["resourceManagement"] = json!("STATIC");
        body["sourceDetails"] = json!({
            "sourceType": "image", "kmsKeyId": "ocid1.key.oc1..a", "instanceSourceImageFilterDetails": {
                "compartmentId": net.cloud.tenancy(), "operatingSystem": "Oracle Linux",
                "operatingSystemVersion": version,
            },
        });
        net.post("instances", &body)
    };
    let (status, instance) = launch("9");
    assert_eq!(status, 200, "{instance}");
    assert_eq!(text(&instance, "imageId"), net.image("VM.Standard.A1.Flex"));
    assert_eq!(instance["sourceDetails"]["kmsKeyId"], "ocid1.key.oc1..a");
    assert_eq!(instance["shapeConfig"]["resourceManagement"], "STATIC");
    assert_eq!(launch("7").0, 400);
}

#[test]
fn images_and_shapes_fit_each_other() {
    let net = Net::new();
    let arm = list(
        &net,
        "images",
        "shape=VM.Standard.A1.Flex&operatingSystem=Oracle%20Linux&sortBy=TIMECREATED&sortOrder=DESC",
    );
    assert!(arm.iter().all(|image| text(image, "displayName").contains("aarch64")), "{arm:?}");
    let times: Vec<&str> = arm.iter().map(|image| text(image, "timeCreated")).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    let intel = list(&net, "images", "shape=VM.Standard.E5.Flex");
    assert!(!intel.is_empty() && intel.iter().all(|image| !text(image, "displayName").contains("aarch64")));
    let all = list(&net, "shapes", "");
    let a1 = all.iter().filter(|shape| shape["shape"] == "VM.Standard.A1.Flex").count();
    assert_eq!(a1, 3, "once for each availability domain");
    let here = list(
        &net,
        "shapes",
        &format!("availabilityDomain={}&imageId={}", net.domains()[1], text(&arm[0], "id")),
    );
    assert_eq!(
        here.iter().map(|shape| text(shape, "shape")).collect::<Vec<_>>(),
        ["VM.Standard.A1.Flex", "VM.Standard.A2.Flex"]
    );
    assert_eq!(here[0]["quotaNames"], json!(["standard-a1-core-count", "standard-a1-memory-count"]));
    let compatible =
        net.cloud.get(&format!("/20160918/images/{}/shapes", text(&arm[0], "id"))).json().unwrap();
    assert_eq!(compatible.as_array().unwrap().len(), 2);
}

#[test]
fn a_volume_is_attached_once_and_held_back_while_it_is() {
    let (net, subnet) = public_net();
    let instance = net.launch(&subnet, |_| {});
    let (status, volume) = net.post(
        "volumes",
        &json!({
            "compartmentId": net.cloud.tenancy(), "availabilityDomain": net.domains()[0], "sizeInGBs": 100,
        }),
    );
    assert_eq!(status, 200, "{volume}");
    assert_eq!((&volume["sizeInMBs"], &volume["vpusPerGB"]), (&json!(102_400), &json!(10)));
    net.pass(10);
    let request =
        json!({"type": "iscsi", "instanceId": instance["id"], "volumeId": volume["id"], "useChap": true});
    let answer = net.cloud.post("/20160918/volumeAttachments", &request);
    assert!(answer.header("opc-work-request-id").is_some());
    let attachment = answer.json().unwrap();
    assert_eq!(attachment["attachmentType"], "iscsi");
    assert_eq!(attachment["port"], 3260);
    assert!(attachment["chapSecret"].is_string());
    assert_eq!(attachment["encryptionInTransitType"], "NONE");
    net.pass(11);
    assert_eq!(net.get("volumeAttachments", text(&attachment, "id"))["lifecycleState"], "ATTACHED");
    assert_eq!(net.post("volumeAttachments", &request).0, 409);
    assert_eq!(net.delete("volumes", text(&volume, "id")), "409 Conflict");
    let grown = net.put("volumes", text(&volume, "id"), &json!({"sizeInGBs": 200}));
    assert_eq!(grown["sizeInMBs"], 204_800);
    assert_eq!(net.delete("volumeAttachments", text(&attachment, "id")), "204 -");
    net.pass(11);
    assert_eq!(net.get("volumeAttachments", text(&attachment, "id"))["lifecycleState"], "DETACHED");
    assert_eq!(net.delete("volumes", text(&volume, "id")), "204 -");
}

#[test]
fn a_volume_is_made_from_what_changed_between_two_backups() {
    let net = Net::new();
    let place = json!({"compartmentId": net.cloud.tenancy(), "availabilityDomain": net.domains()[0]});
    let with = |more: (&str, Value)| {
        let mut body = place.clone();
        body[more.0] = more.1;
        body
    };
    let (_, volume) = net.post("volumes", &with(("sizeInGBs", json!(80))));
    net.pass(10);
    let backup = || {
        let (_, backup) = net.post("volumeBackups", &json!({"volumeId": volume["id"]}));
        net.pass(31);
        backup["id"].clone()
    };
    let (first, second) = (backup(), backup());
    let delta = |second: &Value| {
        let source = json!({"type": "volumeBackupDelta", "firstBackupId": first, "secondBackupId": second});
        net.post("volumes", &with(("sourceDetails", source)))
    };
    let (status, copy) = delta(&second);
    assert_eq!(
        (status, &copy["sizeInGBs"], &copy["sourceDetails"]["secondBackupId"]),
        (200, &json!(80), &second)
    );
    assert_eq!(delta(&json!("ocid1.volumebackup.oc1..none")).0, 400);
}

#[test]
fn a_volume_tells_its_copies_and_one_that_stays_keeps_its_ocid() {
    let net = Net::new();
    let domains = net.domains();
    let asked = |domain: &str| json!({"availabilityDomain": domain, "xrrKmsKeyId": "ocid1.key.oc1..a"});
    let (_, volume) = net.post(
        "volumes",
        &json!({
            "compartmentId": net.cloud.tenancy(), "availabilityDomain": domains[0], "displayName": "brick",
            "blockVolumeReplicas": [asked(&domains[1])],
        }),
    );
    let first = volume["blockVolumeReplicas"][0].clone();
    assert_eq!(
        (&first["displayName"], &first["kmsKeyId"]),
        (&json!("brick-replica"), &json!("ocid1.key.oc1..a"))
    );
    net.pass(10);
    let id = text(&volume, "id");
    let more = json!({"blockVolumeReplicas": [asked(&domains[2]), asked(&domains[1])]});
    let shown = net.put("volumes", id, &more);
    assert_eq!(shown["blockVolumeReplicas"][1], first);
    assert_ne!(shown["blockVolumeReplicas"][0]["blockVolumeReplicaId"], first["blockVolumeReplicaId"]);
    let named = net.put("volumes", id, &json!({"displayName": "other"}));
    assert_eq!(named["blockVolumeReplicas"], shown["blockVolumeReplicas"], "what is not sent stays");
    assert_eq!(net.put("volumes", id, &json!({"blockVolumeReplicas": []}))["blockVolumeReplicas"], json!([]));
}

#[test]
fn volumes_of_a_launch_stay_unless_asked_to_go() {
    let (net, subnet) = public_net();
    let launch = || {
        net.launch(&subnet, |body| {
            body["launchVolumeAttachments"] = json!([{
                "type": "paravirtualized",
                "launchCreateVolumeDetails": {"volumeCreationType": "ATTRIBUTES", "sizeInGBs": 60},
            }]);
        })
    };
    for (query, state) in [("", "AVAILABLE"), ("?preserveDataVolumesCreatedAtLaunch=false", "TERMINATED")] {
        let instance = launch();
        let attachments = list(&net, "volumeAttachments", &format!("instanceId={}", text(&instance, "id")));
        assert_eq!(attachments[0]["lifecycleState"], "ATTACHED");
        assert_eq!(net.delete("instances", &format!("{}{query}", text(&instance, "id"))), "204 -");
        net.pass(70);
        assert_eq!(net.get("volumes", text(&attachments[0], "volumeId"))["lifecycleState"], state, "{query}");
    }
}

#[test]
fn a_second_vnic_comes_and_goes() {
    let (net, subnet) = public_net();
    let instance = net.launch(&subnet, |_| {});
    let (status, attachment) = net.post(
        "vnicAttachments",
        &json!({
            "instanceId": instance["id"], "createVnicDetails": {"subnetId": subnet, "assignPublicIp": false},
        }),
    );
    assert_eq!(status, 200, "{attachment}");
    net.pass(16);
    let attached = net.get("vnicAttachments", text(&attachment, "id"));
    let vnic = net.get("vnics", text(&attached, "vnicId"));
    assert_eq!((&vnic["isPrimary"], vnic.get("publicIp")), (&json!(false), None));
    assert_eq!(net.delete("vnicAttachments", text(&attachment, "id")), "204 -");
    net.pass(16);
    assert_eq!(net.get("vnicAttachments", text(&attachment, "id"))["lifecycleState"], "DETACHED");
}

#[test]
fn a_killed_server_is_gone_and_one_without_power_is_stopped() {
    let (net, subnet) = public_net();
    for (body, state) in [(Value::Null, "TERMINATED"), (json!({"how": "stop"}), "STOPPED")] {
        let instance = net.launch(&subnet, |_| {});
        let answer = net.cloud.post(&format!("/_mock/instances/{}/kill", text(&instance, "id")), &body);
        assert_eq!(answer.json().unwrap()["lifecycleState"], state);
        assert_eq!(net.get("instances", text(&instance, "id"))["lifecycleState"], state);
    }
}

#[test]
fn the_same_seed_and_the_same_requests_give_the_same_bytes() {
    let run = || {
        let (net, subnet) = public_net();
        let instance = net.launch(&subnet, |_| {});
        let targets =
            ["instances", "subnets", "vnicAttachments", "images", "securityLists", "volumeAttachments"];
        let mut bytes = Vec::new();
        for path in targets {
            let target = format!("/20160918/{path}?compartmentId={}", net.cloud.tenancy());
            bytes.extend(net.cloud.get(&target).body.to_vec());
        }
        (text(&instance, "id").to_owned(), bytes)
    };
    assert_eq!(run(), run());
}
