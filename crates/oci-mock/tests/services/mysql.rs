//! MySQL HeatWave: a DB system with everything that hangs on it, from its creation to its end.

use http::Method;
use serde_json::{Value, json};

use crate::network::Site;
use crate::refusals::{Refusal, assert_refused, refusal};

const PATH: &str = "/20190415/dbSystems";
const PASSWORD: &str = "Correct-horse-9";

fn details(site: &Site) -> Value {
    json!({
        "compartmentId": site.cloud.tenancy(), "subnetId": site.subnet, "shapeName": "MySQL.8",
        "adminUsername": "admin", "adminPassword": PASSWORD, "hostnameLabel": "db", "displayName": "moodle",
    })
}

fn with(mut details: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        details[name] = value.clone();
    }
    details
}

/// An active DB system.
fn system(site: &Site, changes: &Value) -> String {
    let id = site.created(PATH, &with(details(site), changes), 201);
    site.pass(1500);
    assert_eq!(site.read(&format!("{PATH}/{id}"))["lifecycleState"], "ACTIVE");
    id
}

fn kinds(system: &Value) -> Vec<&str> {
    let endpoints = system["endpoints"].as_array().unwrap();
    let mut kinds: Vec<&str> =
        endpoints.iter().map(|endpoint| endpoint["resourceType"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds
}

#[test]
fn a_db_system_reports_success_shortly_before_it_is_active_and_never_shows_its_password() {
    let site = Site::new();
    let answer = site.cloud.post(PATH, &details(&site));
    assert_eq!(answer.status, 201, "{answer:?}");
    for header in ["etag", "location", "opc-work-request-id"] {
        assert!(answer.header(header).is_some(), "{header}");
    }
    let created = answer.json().unwrap();
    assert_eq!((&created["lifecycleState"], &created["endpoints"]), (&json!("CREATING"), &json!([])));
    assert_eq!(created["source"], json!({"sourceType": "NONE"}));
    let work = format!("/20190415/workRequests/{}", answer.header("opc-work-request-id").unwrap());
    let path = format!("{PATH}/{}", created["id"].as_str().unwrap());

    site.pass(5);
    assert_eq!(site.read(&work)["status"], "ACCEPTED");
    site.pass(60);
    let running = site.read(&work);
    assert_eq!(running["status"], "IN_PROGRESS");
    assert_eq!(running["resources"][0]["actionType"], "IN_PROGRESS");
    site.pass(11 * 60 + 40 - 65 - 10);
    assert_eq!(site.read(&work)["status"], "SUCCEEDED");
    assert_eq!(site.read(&path)["lifecycleState"], "CREATING");
    site.pass(10);
    let system = site.read(&path);
    assert_eq!(system["lifecycleState"], "ACTIVE");
    let endpoint = &system["endpoints"][0];
    assert_eq!(endpoint["hostname"], "db.data.net.oraclevcn.com");
    assert_eq!(endpoint["ipAddress"], system["ipAddress"]);
    assert_eq!(endpoint["modes"], json!(["READ", "WRITE"]));
    let everything =
        format!("{}{created}{system}", site.read(&format!("{PATH}?compartmentId={}", site.cloud.tenancy())));
    assert!(!everything.contains(PASSWORD));
    let known = site.cloud.get(&path).header("etag").unwrap().to_owned();
    let again = oci_mock::WireRequest::new(Method::GET, path).header("if-none-match", &known);
    assert_eq!(site.cloud.send(&again).status, 304);
}

#[test]
fn replicas_bring_a_load_balancer_and_take_it_with_them() {
    let site = Site::new();
    let id = system(&site, &json!({"isHighlyAvailable": true}));
    let path = format!("{PATH}/{id}");
    let mut replicas = Vec::new();
    for name in ["one", "two"] {
        let body = json!({"dbSystemId": id, "displayName": name});
        replicas.push(site.created("/20190415/replicas", &body, 201));
        assert_eq!(site.read(&path)["lifecycleState"], "UPDATING", "one change at a time");
        let second = site.cloud.post("/20190415/replicas", &body);
        assert_eq!(
            (second.status.as_u16(), &second.json().unwrap()["code"]),
            (409, &json!("IncorrectState"))
        );
        site.pass(22 * 60);
        assert_eq!(site.read(&path)["lifecycleState"], "ACTIVE");
    }
    let system = site.read(&path);
    assert_eq!(kinds(&system), ["DBSYSTEM", "LOAD_BALANCER", "READ_REPLICA", "READ_REPLICA"]);
    let listed =
        site.read(&format!("/20190415/replicas?compartmentId={}&dbSystemId={id}", site.cloud.tenancy()));
    let domains: std::collections::BTreeSet<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|replica| replica["availabilityDomain"].as_str().unwrap())
        .collect();
    assert_eq!(domains.len(), 2, "they are spread");

    for replica in replicas {
        assert_eq!(site.cloud.delete(&format!("/20190415/replicas/{replica}")).status, 202);
        site.pass(150);
        assert_eq!(site.read(&format!("/20190415/replicas/{replica}"))["lifecycleState"], "DELETED");
    }
    assert_eq!(kinds(&site.read(&path)), ["DBSYSTEM"]);
}

#[test]
fn a_heat_wave_cluster_is_added_changed_and_removed_and_can_come_again() {
    let site = Site::new();
    let id = system(&site, &json!({}));
    let path = format!("{PATH}/{id}/heatWaveCluster");
    let body = json!({"shapeName": "HeatWave.32GB", "clusterSize": 2});
    for _ in 0..2 {
        let answer = site.cloud.post(&format!("{path}/actions/add"), &body);
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.json().unwrap()["clusterNodes"].as_array().unwrap().len(), 2);
        site.pass(706);
        assert_eq!(site.read(&path)["lifecycleState"], "ACTIVE");
        let system = site.read(&format!("{PATH}/{id}"));
        assert_eq!(
            (&system["isHeatWaveClusterAttached"], &system["heatWaveCluster"]["clusterSize"]),
            (&json!(true), &json!(2))
        );

        assert_eq!(site.cloud.put(&path, &json!({"clusterSize": 3})).status, 202);
        assert_eq!(site.read(&path)["lifecycleState"], "UPDATING");
        site.pass(706);
        assert_eq!(site.read(&path)["clusterNodes"].as_array().unwrap().len(), 3);

        assert_eq!(site.cloud.delete(&path).status, 202);
        site.pass(264);
        assert_eq!(site.read(&path)["lifecycleState"], "DELETED");
        assert_eq!(site.read(&format!("{PATH}/{id}"))["isHeatWaveClusterAttached"], json!(false));
    }
    site.pass(301);
    assert_eq!(site.cloud.get(&path).status, 404);
}

#[test]
fn an_update_shows_its_values_when_it_is_done() {
    let site = Site::new();
    let id = system(&site, &json!({}));
    let path = format!("{PATH}/{id}");
    let answer =
        site.cloud.put(&path, &json!({"dataStorageSizeInGBs": 100, "adminPassword": "Another-horse-1"}));
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    assert_eq!(site.read(&path)["dataStorageSizeInGBs"], 50);
    let busy = site.cloud.put(&path, &json!({"displayName": "x"}));
    assert_eq!((busy.status.as_u16(), &busy.json().unwrap()["code"]), (409, &json!("IncorrectState")));
    site.pass(120);
    assert_eq!(site.read(&path)["dataStorageSizeInGBs"], 100);
    assert_eq!(site.read(&path)["lifecycleState"], "ACTIVE");

    assert_eq!(
        site.cloud.put(&path, &json!({"hostnameLabel": "main", "isHighlyAvailable": true})).status,
        202
    );
    site.pass(1200);
    let system = site.read(&path);
    assert_eq!(system["endpoints"][0]["hostname"], "main.data.net.oraclevcn.com");
    let configuration =
        site.read(&format!("/20190415/configurations/{}", system["configurationId"].as_str().unwrap()));
    assert_eq!(configuration["displayName"], "MySQL.8.HA");

    assert_eq!(site.cloud.put(&path, &json!({"ipAddress": "10.0.1.77"})).status, 202);
    site.pass(240);
    let endpoint = &site.read(&path)["endpoints"][0];
    assert_eq!(
        (&endpoint["ipAddress"], &endpoint["hostname"]),
        (&json!("10.0.1.77"), &json!("main.data.net.oraclevcn.com"))
    );
    assert_eq!(
        site.cloud
            .put(&path, &json!({"readEndpoint": {"isEnabled": true, "readEndpointHostnameLabel": "ro"}}))
            .status,
        202
    );
    site.pass(180);
    assert_eq!(kinds(&site.read(&path)), ["DBSYSTEM", "READ_ENDPOINT"]);
}

#[test]
fn stopping_and_starting_takes_the_replicas_along() {
    let site = Site::new();
    let id = system(&site, &json!({}));
    let path = format!("{PATH}/{id}");
    let replica = site.created("/20190415/replicas", &json!({"dbSystemId": id}), 201);
    site.pass(22 * 60);
    let stop = site.cloud.post(&format!("{path}/actions/stop"), &json!({"shutdownType": "FAST"}));
    assert_eq!(stop.status, 202);
    site.pass(240);
    assert_eq!(site.read(&path)["lifecycleState"], "INACTIVE");
    assert_eq!(site.read(&format!("/20190415/replicas/{replica}"))["lifecycleState"], "INACTIVE");
    assert_eq!(site.read(&path)["endpoints"][0]["status"], "INACTIVE");
    let start = oci_mock::WireRequest::new(Method::POST, format!("{path}/actions/start"));
    assert_eq!(site.cloud.send(&start).status, 202);
    site.pass(240);
    assert_eq!(site.read(&format!("/20190415/replicas/{replica}"))["lifecycleState"], "ACTIVE");
}

#[test]
fn a_db_system_takes_its_parts_with_it_and_leaves_its_backups() {
    let site = Site::new();
    let policy = json!({"deletionPolicy": {"finalBackup": "REQUIRE_FINAL_BACKUP"}});
    let id = system(&site, &policy);
    let replica = site.created("/20190415/replicas", &json!({"dbSystemId": id}), 201);
    site.pass(22 * 60);
    let body = json!({"dbSystemId": id, "displayName": "mine"});
    let backup = site.created("/20190415/backups", &body, 201);
    site.pass(90);
    assert_eq!(site.read(&format!("/20190415/backups/{backup}"))["lifecycleState"], "ACTIVE");
    site.pass(24 * 3600);

    assert_eq!(site.cloud.delete(&format!("{PATH}/{id}")).status, 202);
    assert_eq!(
        site.cloud.delete(&format!("/20160918/subnets/{}", site.subnet)).status,
        409,
        "its addresses are there"
    );
    site.pass(165 + 90);
    assert_eq!(site.read(&format!("{PATH}/{id}"))["lifecycleState"], "DELETED");
    assert_eq!(site.read(&format!("/20190415/replicas/{replica}"))["lifecycleState"], "DELETED");
    let backups = format!("/20190415/backups?compartmentId={}&dbSystemId={id}", site.cloud.tenancy());
    let backups = site.read(&backups);
    let mut kinds: Vec<&str> =
        backups.as_array().unwrap().iter().map(|backup| backup["creationType"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["AUTOMATIC", "MANUAL", "MANUAL"]);
    assert_eq!(site.cloud.delete(&format!("/20160918/subnets/{}", site.subnet)).status, 409, "VNICs linger");
    site.pass(120);
    assert_eq!(site.cloud.delete(&format!("/20160918/subnets/{}", site.subnet)).status, 204);

    let subnet = site.subnet("10.0.2.0/24", "again");
    let source = json!({
        "compartmentId": site.cloud.tenancy(), "subnetId": subnet, "shapeName": "MySQL.8",
        "source": {"sourceType": "BACKUP", "backupId": backup},
    });
    let restored = site.created(PATH, &source, 201);
    assert_eq!(site.read(&format!("{PATH}/{restored}"))["source"]["backupId"], json!(backup));
}

#[test]
fn a_fail_over_moves_the_primary_and_keeps_its_address() {
    let site = Site::new();
    let domain = site.domain(2);
    let id = system(&site, &json!({"isHighlyAvailable": true, "availabilityDomain": domain}));
    let before = site.read(&format!("{PATH}/{id}"));
    assert_eq!(before["currentPlacement"]["availabilityDomain"], json!(domain));
    let answer = site
        .cloud
        .send(&oci_mock::WireRequest::new(Method::POST, format!("/_mock/db-systems/{id}/failover")));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(site.read(&format!("{PATH}/{id}"))["endpoints"][0]["status"], "UPDATING");
    site.pass(30);
    let after = site.read(&format!("{PATH}/{id}"));
    assert_ne!(after["currentPlacement"], before["currentPlacement"]);
    assert_eq!(after["endpoints"], before["endpoints"]);
    assert_eq!(after["availabilityDomain"], before["availabilityDomain"], "the preferred place stays");
}

#[test]
fn configurations_belong_to_a_shape_and_stay_while_they_are_used() {
    let site = Site::new();
    let body = json!({
        "compartmentId": site.cloud.tenancy(), "shapeName": "MySQL.8", "displayName": "tuned",
        "variables": {"maxConnections": 500},
    });
    let configuration = site.created("/20190415/configurations", &body, 201);
    let path = format!("/20190415/configurations/{configuration}");
    let shown = site.read(&path);
    assert_eq!(shown["variables"]["maxConnections"], 500);
    assert!(
        shown["options"].as_array().unwrap().contains(&json!({"name": "max_connections", "value": "500"}))
    );
    let list = format!("/20190415/configurations?compartmentId={}&shapeName=MySQL.8", site.cloud.tenancy());
    assert_eq!(site.read(&list).as_array().unwrap().len(), 3, "two default ones and this one");
    assert_eq!(site.read(&format!("{list}&type=CUSTOM"))[0]["id"], json!(configuration));
    system(&site, &json!({"configurationId": configuration}));
    assert_eq!(site.cloud.delete(&path).status, 409);
}

#[test]
fn the_ipv6_address_of_a_db_system_is_one_of_its_subnet() {
    let site = Site::new();
    let tenancy = site.cloud.tenancy();
    let vcn = json!({
        "compartmentId": tenancy, "cidrBlocks": ["10.0.0.0/16"], "isIpv6Enabled": true,
        "ipv6PrivateCidrBlocks": ["fd00:0:0:100::/56"],
    });
    let vcn = site.created("/20160918/vcns", &vcn, 200);
    site.pass(2);
    let subnet = json!({
        "compartmentId": tenancy, "vcnId": vcn, "cidrBlock": "10.0.1.0/24", "ipv6CidrBlock": "fd00:0:0:101::/64",
    });
    let subnet = site.created("/20160918/subnets", &subnet, 200);
    site.pass(4);
    let pair = |block: &str, address: &str| {
        let pair = json!({"ipv6SubnetCidr": block, "ipv6Address": address});
        json!({"subnetId": subnet, "hostnameLabel": null, "isIpv6Enabled": true,
               "ipv6AddressIpv6SubnetCidrPairDetails": pair})
    };
    let id = system(&site, &pair("FD00:0:0:101::/64", "fd00:0:0:101:0::20"));
    let shown = site.read(&format!("{PATH}/{id}"));
    assert_eq!(
        shown["ipv6AddressIpv6SubnetCidrPairDetails"],
        json!({"ipv6SubnetCidr": "fd00:0:0:101::/64", "ipv6Address": "fd00:0:0:101::20"})
    );
    for (block, address, word) in [
        ("fd00:0:0:102::/64", "fd00:0:0:102::20", "not a block of subnet"),
        ("fd00:0:0:101::/64", "fd00:0:0:102::20", "not an address of subnet"),
    ] {
        let answer = site.cloud.post(PATH, &with(details(&site), &pair(block, address)));
        let error = answer.json().unwrap();
        assert_eq!((answer.status.as_u16(), &error["code"]), (400, &json!("InvalidParameter")), "{error}");
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
}

#[test]
fn mysql_refuses_what_the_service_refuses() {
    let site = Site::new();
    let small = system(&site, &json!({"shapeName": "MySQL.4", "hostnameLabel": "small"}));
    let protected =
        system(&site, &json!({"hostnameLabel": "protected", "deletionPolicy": {"isDeleteProtected": true}}));
    let configurations =
        format!("/20190415/configurations?compartmentId={}&shapeName=MySQL.16", site.cloud.tenancy());
    let other = site.read(&configurations)[0]["id"].as_str().unwrap().to_owned();
    let new = |changes: Value| (Method::POST, PATH.to_owned(), with(details(&site), &changes));
    let put = |id: &str, body: Value| (Method::PUT, format!("{PATH}/{id}"), body);
    let invalid = |what, request, names: &str| refusal(what, request, (400, "InvalidParameter"), names);
    let vcn = site.vcn.clone();
    let mut table: Vec<Refusal> = vec![
        invalid("an unknown shape", new(json!({"shapeName": "MySQL.3"})), "shapeName"),
        invalid("a node shape", new(json!({"shapeName": "HeatWave.32GB"})), "shapeName"),
        invalid("an unknown version", new(json!({"mysqlVersion": "5.7.1"})), "mysqlVersion"),
        invalid("a reserved name", new(json!({"adminUsername": "ociadmin"})), "adminUsername"),
        invalid("a long name", new(json!({"adminUsername": "a".repeat(33)})), "adminUsername"),
        invalid("a short password", new(json!({"adminPassword": "Aa1!"})), "adminPassword"),
        invalid("a password without digits", new(json!({"adminPassword": "Correct-horse"})), "adminPassword"),
        invalid(
            "a password without capitals",
            new(json!({"adminPassword": "correct-horse-9"})),
            "adminPassword",
        ),
        invalid("little storage", new(json!({"dataStorageSizeInGBs": 49})), "dataStorageSizeInGBs"),
        invalid("a low port", new(json!({"port": 80})), "port"),
        invalid("the same port twice", new(json!({"port": 33060})), "portX"),
        invalid("a VCN for a subnet", new(json!({"subnetId": vcn})), "subnetId"),
        invalid("an address elsewhere", new(json!({"ipAddress": "10.9.9.9"})), "privateIp"),
        invalid("an unknown domain", new(json!({"availabilityDomain": "AD-1"})), "availabilityDomain"),
        invalid("an unknown fault domain", new(json!({"faultDomain": "FD-9"})), "faultDomain"),
        invalid(
            "a configuration of another shape",
            new(json!({"configurationId": other})),
            "configurationId",
        ),
        invalid(
            "HA without recovery",
            new(json!({"isHighlyAvailable": true, "crashRecovery": "DISABLED"})),
            "isHighlyAvailable",
        ),
        invalid(
            "HA for free",
            new(json!({"isHighlyAvailable": true, "shapeName": "MySQL.Free"})),
            "isHighlyAvailable",
        ),
        invalid("long retention", new(json!({"backupPolicy": {"retentionInDays": 36}})), "retentionInDays"),
        invalid(
            "a window without day",
            new(json!({"maintenance": {"windowStartTime": "03:00"}})),
            "windowStartTime",
        ),
        invalid("a read-only field", new(json!({"endpoints": []})), "endpoints"),
        invalid("an unknown field", new(json!({"colour": "blue"})), "colour"),
        invalid("shrinking", put(&small, json!({"dataStorageSizeInGBs": 49})), "dataStorageSizeInGBs"),
        invalid(
            "growing beyond the cap",
            put(&small, json!({"dataStorageSizeInGBs": 40_000})),
            "dataStorageSizeInGBs",
        ),
        invalid("an older version", put(&small, json!({"mysqlVersion": "8.0.36"})), "mysqlVersion"),
        invalid(
            "a replica of a small one",
            (Method::POST, "/20190415/replicas".to_owned(), json!({"dbSystemId": small})),
            "dbSystemId",
        ),
        refusal(
            "no password",
            new(json!({"adminPassword": null})),
            (400, "MissingParameter"),
            "adminPassword",
        ),
        refusal("no shape", new(json!({"shapeName": null})), (400, "MissingParameter"), "shapeName"),
        refusal("a name that is taken", new(json!({"hostnameLabel": "small"})), (409, "Conflict"), "small"),
        refusal(
            "a backup that is not there",
            new(json!({"source": {"sourceType": "BACKUP", "backupId": "ocid1.mysqlbackup.oc1.iad.a"}})),
            (400, "RelatedResourceNotAuthorizedOrNotFound"),
            "backupId",
        ),
        refusal(
            "deleting what is protected",
            (Method::DELETE, format!("{PATH}/{protected}"), Value::Null),
            (409, "IncorrectState"),
            "delete-protected",
        ),
        refusal(
            "starting what runs",
            (Method::POST, format!("{PATH}/{small}/actions/start"), Value::Null),
            (409, "IncorrectState"),
            "INACTIVE",
        ),
        refusal(
            "a cluster that is not there",
            (Method::GET, format!("{PATH}/{small}/heatWaveCluster"), Value::Null),
            (404, "NotAuthorizedOrNotFound"),
            "HeatWave",
        ),
        invalid(
            "a free cluster for a paid system",
            (
                Method::POST,
                format!("{PATH}/{small}/heatWaveCluster/actions/add"),
                json!({"shapeName": "HeatWave.Free", "clusterSize": 1}),
            ),
            "shapeName",
        ),
    ];
    let stale =
        oci_mock::WireRequest::new(Method::DELETE, format!("{PATH}/{small}")).header("if-match", "old");
    table.push(Refusal {
        what: "a stale etag",
        request: stale,
        status: 412,
        code: "NoEtagMatch",
        names: "etag".to_owned(),
    });
    assert_refused(&site.cloud, &table);
}
