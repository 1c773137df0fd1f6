//! File Storage: a file system, a mount target and an export, and the rules between them.

use http::Method;
use oci_mock::services::core::limits::set_limit;
use serde_json::{Value, json};

use crate::network::Site;
use crate::refusals::{assert_refused, refusal};

const ROOT: &str = "/20171215";

fn file_system(site: &Site, domain: usize) -> String {
    let body = json!({"compartmentId": site.cloud.tenancy(), "availabilityDomain": site.domain(domain)});
    site.created(&format!("{ROOT}/fileSystems"), &body, 200)
}

fn mount_target(site: &Site, subnet: &str, extra: &Value) -> (String, String) {
    let mut body = json!({
        "compartmentId": site.cloud.tenancy(), "availabilityDomain": site.domain(1), "subnetId": subnet,
    });
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    let id = site.created(&format!("{ROOT}/mountTargets"), &body, 200);
    let set = site.read(&format!("{ROOT}/mountTargets/{id}"))["exportSetId"].as_str().unwrap().to_owned();
    (id, set)
}

#[test]
fn a_file_system_is_exported_through_the_private_ip_of_its_mount_target() {
    let site = Site::new();
    let file_system = file_system(&site, 1);
    assert!(file_system.starts_with("ocid1.filesystem.oc1.eu_frankfurt_1."), "{file_system}");
    let (target, set) =
        mount_target(&site, &site.subnet, &json!({"hostnameLabel": "nfs", "ipAddress": "10.0.1.9"}));
    let early = json!({"exportSetId": set, "fileSystemId": file_system, "path": "/moodle"});
    let answer = site.cloud.post(&format!("{ROOT}/exports"), &early);
    assert_eq!((answer.status.as_u16(), &answer.json().unwrap()["code"]), (409, &json!("IncorrectState")));
    site.pass(45);
    let shown = site.read(&format!("{ROOT}/mountTargets/{target}"));
    assert_eq!(shown["lifecycleState"], "ACTIVE");
    let address = site.read(&format!("/20160918/privateIps/{}", shown["privateIpIds"][0].as_str().unwrap()));
    assert_eq!((&address["ipAddress"], &address["hostnameLabel"]), (&json!("10.0.1.9"), &json!("nfs")));

    let export = site.created(&format!("{ROOT}/exports"), &early, 200);
    site.pass(3);
    let shown = site.read(&format!("{ROOT}/exports/{export}"));
    assert_eq!(shown["lifecycleState"], "ACTIVE");
    let open = &shown["exportOptions"][0];
    assert_eq!(
        (&open["source"], &open["requirePrivilegedSourcePort"], &open["access"], &open["identitySquash"]),
        (&json!("0.0.0.0/0"), &json!(false), &json!("READ_WRITE"), &json!("NONE"))
    );
    let strict = json!({"exportOptions": [{"source": "10.0.0.5"}]});
    let strict = site.cloud.put(&format!("{ROOT}/exports/{export}"), &strict).json().unwrap();
    let option = &strict["exportOptions"][0];
    assert_eq!(
        (&option["requirePrivilegedSourcePort"], &option["identitySquash"]),
        (&json!(true), &json!("ROOT"))
    );
    let closed =
        site.cloud.put(&format!("{ROOT}/exports/{export}"), &json!({"exportOptions": []})).json().unwrap();
    assert_eq!(closed["exportOptions"], json!([]));
    let list = site.read(&format!("{ROOT}/exports?fileSystemId={file_system}"));
    assert_eq!(list[0]["path"], "/moodle");
    assert!(list[0].get("exportOptions").is_none(), "a summary has no options");
    let set_shown = site.read(&format!("{ROOT}/exportSets/{set}"));
    assert_eq!(set_shown["maxFsStatBytes"], json!(9_223_372_036_854_775_807_u64));

    assert_eq!(site.cloud.delete(&format!("{ROOT}/fileSystems/{file_system}")).status, 409, "it is exported");
    assert_eq!(site.cloud.delete(&format!("{ROOT}/exports/{export}")).status, 204);
    site.pass(3);
    assert_eq!(site.cloud.delete(&format!("{ROOT}/fileSystems/{file_system}")).status, 204);
    assert_eq!(site.cloud.delete(&format!("{ROOT}/mountTargets/{target}")).status, 204);
    site.pass(20);
    for path in
        [format!("mountTargets/{target}"), format!("exportSets/{set}"), format!("fileSystems/{file_system}")]
    {
        assert_eq!(site.read(&format!("{ROOT}/{path}"))["lifecycleState"], "DELETED", "{path}");
    }
    assert_eq!(
        site.cloud.delete(&format!("/20160918/subnets/{}", site.subnet)).status,
        409,
        "the VNIC lingers"
    );
    site.pass(120);
    assert_eq!(site.cloud.delete(&format!("/20160918/subnets/{}", site.subnet)).status, 204);
}

#[test]
fn snapshots_go_with_their_file_system_and_can_be_cloned() {
    let site = Site::new();
    let original = file_system(&site, 1);
    site.pass(3);
    let body = json!({"fileSystemId": original, "name": "before"});
    let snapshot = site.created(&format!("{ROOT}/snapshots"), &body, 200);
    site.pass(3);
    let clone = json!({
        "compartmentId": site.cloud.tenancy(), "availabilityDomain": site.domain(1), "sourceSnapshotId": snapshot,
    });
    let clone = site.created(&format!("{ROOT}/fileSystems"), &clone, 200);
    let details = &site.read(&format!("{ROOT}/fileSystems/{clone}"))["sourceDetails"];
    assert_eq!(details["parentFileSystemId"], json!(original));
    assert_eq!(site.cloud.post(&format!("{ROOT}/snapshots"), &body).status, 409, "the name is taken");
    assert_eq!(site.read(&format!("{ROOT}/fileSystems/{clone}"))["cloneAttachStatus"], "ATTACHED");
    assert_eq!(site.read(&format!("{ROOT}/fileSystems/{original}"))["isCloneParent"], true);
    assert_eq!(site.read(&format!("{ROOT}/snapshots/{snapshot}"))["isCloneSource"], true);
    assert_eq!(site.cloud.delete(&format!("{ROOT}/fileSystems/{original}")).status, 409, "it has a clone");
    let detaching = format!("{ROOT}/fileSystems/{original}?canDetachChildFileSystem=true");
    assert_eq!(site.cloud.delete(&detaching).status, 204);
    site.pass(3);
    assert_eq!(site.read(&format!("{ROOT}/snapshots/{snapshot}"))["lifecycleState"], "DELETED");
    let clone = site.read(&format!("{ROOT}/fileSystems/{clone}"));
    assert_eq!(
        (&clone["lifecycleState"], &clone["cloneAttachStatus"]),
        (&json!("ACTIVE"), &json!("DETACHED"))
    );
}

#[test]
fn a_clone_that_detaches_sets_its_parent_free_in_the_end() {
    let site = Site::new();
    let original = file_system(&site, 1);
    site.pass(3);
    let snapshot =
        site.created(&format!("{ROOT}/snapshots"), &json!({"fileSystemId": original, "name": "one"}), 200);
    site.pass(3);
    let clone = json!({
        "compartmentId": site.cloud.tenancy(), "availabilityDomain": site.domain(1), "sourceSnapshotId": snapshot,
        "cloneAttachStatus": "DETACH",
    });
    let clone = site.created(&format!("{ROOT}/fileSystems"), &clone, 200);
    let status = || site.read(&format!("{ROOT}/fileSystems/{clone}"))["cloneAttachStatus"].clone();
    assert_eq!(status(), "DETACHING");
    assert_eq!(
        site.cloud.delete(&format!("{ROOT}/fileSystems/{original}")).status,
        409,
        "it shares data yet"
    );
    site.pass(30);
    assert_eq!(status(), "DETACHED");
    assert_eq!(site.cloud.delete(&format!("{ROOT}/fileSystems/{original}")).status, 204);
}

#[test]
fn file_storage_refuses_what_the_service_refuses() {
    let site = Site::new();
    site.cloud.mock.with_cloud_mut(|cloud| set_limit(cloud, "mount-target-count", 10));
    let (here, elsewhere) = (file_system(&site, 1), file_system(&site, 2));
    let (target, set) = mount_target(&site, &site.subnet, &json!({}));
    site.pass(45);
    let small = site.subnet("10.0.2.0/30", "small");
    let narrow = site.subnet("10.0.3.0/29", "narrow");
    mount_target(&site, &narrow, &json!({}));
    mount_target(&site, &narrow, &json!({}));
    mount_target(&site, &narrow, &json!({}));
    let export = |path: &str| json!({"exportSetId": set, "fileSystemId": here, "path": path});
    site.created(&format!("{ROOT}/exports"), &export("/data"), 200);
    let post = |path: &str, body: Value| (Method::POST, format!("{ROOT}/{path}"), body);
    let target_in = |subnet: &str, extra: (&str, Value)| {
        let mut body = json!({
            "compartmentId": site.cloud.tenancy(), "availabilityDomain": site.domain(1), "subnetId": subnet,
        });
        body[extra.0] = extra.1;
        post("mountTargets", body)
    };
    let nothing = ("displayName", json!("x"));
    let invalid = |what, request, names: &str| refusal(what, request, (400, "InvalidParameter"), names);
    assert_refused(
        &site.cloud,
        &[
            invalid("a /30", target_in(&small, nothing.clone()), "/29"),
            invalid("a full subnet", target_in(&narrow, nothing), "free addresses"),
            invalid(
                "speed at birth",
                target_in(&site.subnet, ("requestedThroughput", json!(80))),
                "requestedThroughput",
            ),
            invalid(
                "a foreign address",
                target_in(&site.subnet, ("ipAddress", json!("10.9.0.1"))),
                "privateIp",
            ),
            invalid(
                "a bad host name",
                target_in(&site.subnet, ("hostnameLabel", json!("-a"))),
                "hostnameLabel",
            ),
            invalid(
                "an unknown domain",
                post(
                    "fileSystems",
                    json!({"compartmentId": site.cloud.tenancy(), "availabilityDomain": "AD-1"}),
                ),
                "availabilityDomain",
            ),
            invalid("a relative path", post("exports", export("data")), "path"),
            invalid("a path inside another", post("exports", export("/data/inner")), "/data"),
            invalid("the root above another", post("exports", export("/")), "/data"),
            refusal("the same path", post("exports", export("/data")), (409, "Conflict"), "/data"),
            invalid(
                "a file system of another domain",
                post("exports", json!({"exportSetId": set, "fileSystemId": elsewhere, "path": "/other"})),
                "fileSystemId",
            ),
            invalid(
                "an option without a range",
                post(
                    "exports",
                    json!({
                        "exportSetId": set, "fileSystemId": here, "path": "/x", "exportOptions": [{"source": "everyone"}],
                    }),
                ),
                "source",
            ),
            refusal(
                "a list of everything",
                (Method::GET, format!("{ROOT}/exports"), Value::Null),
                (400, "MissingParameter"),
                "exportSetId",
            ),
            refusal(
                "a list without domain",
                (
                    Method::GET,
                    format!("{ROOT}/fileSystems?compartmentId={}", site.cloud.tenancy()),
                    Value::Null,
                ),
                (400, "MissingParameter"),
                "availabilityDomain",
            ),
            refusal(
                "deleting what is exported",
                (Method::DELETE, format!("{ROOT}/fileSystems/{here}"), Value::Null),
                (409, "Conflict"),
                "export",
            ),
            invalid(
                "a strange throughput",
                post(
                    &format!("mountTargets/{target}/actions/upgradeShape"),
                    json!({"requestedThroughput": 7}),
                ),
                "requestedThroughput",
            ),
        ],
    );
}
