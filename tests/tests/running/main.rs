//! The running site: what `status` sees of it and what `verify` says, on the mock; and one part unwell at a time.
#![expect(clippy::unwrap_used, reason = "a test")]

mod site;

use std::time::Duration;

use moodle_stack::config::Config;
use moodle_stack::report::{Check, Level, Report};
use moodle_stack::status::Look;
use oci_client::request::Body;
use oci_client::services::object_storage::operations::{GetNamespace, PutObject};
use oci_resources::core::instance;
use oci_resources::mysql::mysql_db_system;
use serde_json::json;

use site::Site;

fn codes(report: &Report, level: Level) -> Vec<&'static str> {
    let found = report.findings().iter().filter(|finding| finding.level == level);
    let mut codes: Vec<&str> = found.filter_map(|finding| Some(finding.code?.as_str())).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// What the worst findings are, as a text for a failing test.
fn table(report: &Report) -> String {
    report.to_table(Level::Unknown)
}

#[tokio::test(start_paused = true)]
async fn a_site_that_was_just_made_is_seen_in_all_its_tiers_and_well() {
    let site = Site::new(41).await;
    let status = site.status().await;
    let balancer = status.load_balancer.seen().unwrap();
    assert_eq!((balancer.state.as_str(), balancer.listeners["http"]), ("ACTIVE", 80));
    assert_eq!(status.servers.len(), 2);
    for server in &status.servers {
        assert_eq!(server.machine.seen().unwrap().state, "RUNNING");
        assert_eq!(server.health["http"], "OK", "{server:?}");
    }
    let database = status.database.seen().unwrap();
    assert!(database.is_highly_available && database.primary_in.is_some(), "{database:?}");
    assert!(database.endpoints.iter().any(|endpoint| endpoint.modes.contains(&"WRITE".to_owned())));
    assert_eq!(status.replicas.len(), 1);
    assert_eq!(status.file_system.seen().unwrap().state, "ACTIVE");
    assert_eq!(status.to_json()["format"], 1);
    let text = status.to_text();
    for part in
        ["load balancer: ACTIVE", "server web2: RUNNING", "read replica 1: ACTIVE", "mount target: ACTIVE"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }

    let report = site.verify(&status).await;
    assert!(report.worst() < Level::Warning, "{}", table(&report));
    let visits: Vec<&str> = report
        .findings()
        .iter()
        .filter(|one| one.check == Check::Site)
        .map(|one| one.found.as_str())
        .collect();
    assert_eq!(visits.len(), 2, "the front page and what it leads to: {visits:?}");
    assert!(visits[0].starts_with("303 to http://") && visits[1] == "200", "{visits:?}");
    site.only_read();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_died_is_named_in_every_tier_that_misses_it() {
    let site = Site::new(42).await;
    let id = site.bench.live(instance::TYPE)[0].clone();
    site.bench.control("POST", &format!("/_mock/instances/{id}/kill"), None);
    site.bench.world.sleep(Duration::from_secs(120)).await;
    let report = site.verify(&site.status().await).await;
    assert_eq!(codes(&report, Level::Fault), ["E0502", "E0505"], "{}", table(&report));
    // The other one still answers.
    let visits = report.findings().iter().filter(|finding| finding.check == Check::Site);
    assert!(visits.into_iter().all(|finding| finding.level == Level::Ok), "{}", table(&report));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_went_missing_shows_as_servers_without_visitors_and_a_silent_site() {
    let site = Site::new(43).await;
    site.close_the_web();
    site.bench.world.sleep(Duration::from_secs(120)).await;
    let report = site.verify(&site.status().await).await;
    assert_eq!(codes(&report, Level::Fault), ["E0505", "E0507"], "{}", table(&report));
}

#[tokio::test(start_paused = true)]
async fn what_the_file_wants_beyond_what_is_there_is_missing() {
    let mut site = Site::new(44).await;
    site.config.servers.count = 3;
    site.config.database.replicas = 2;
    let report = site.verify(&site.status().await).await;
    assert_eq!(codes(&report, Level::Fault), ["E0503", "E0505", "E0509"], "{}", table(&report));
}

#[tokio::test(start_paused = true)]
async fn parts_that_changed_behind_our_back_are_found() {
    let site = Site::new(45).await;
    site.set(&site.bench.live(mysql_db_system::TYPE)[0], "isHighlyAvailable", json!(false));
    site.set(&site.bench.live(mysql_db_system::TYPE)[0], "endpoints", json!([]));
    let state = |kind: &str, state: &str| {
        let id = site.bench.live(kind)[0].clone();
        site.bench.cloud.mock.with_cloud_mut(|cloud| cloud.set_state(&id, state));
    };
    state("oci_mysql_replica", "NEEDS_ATTENTION");
    state("oci_file_storage_file_system", "FAILED");
    state("oci_network_load_balancer_network_load_balancer", "FAILED");
    for server in site.bench.live(instance::TYPE) {
        site.set(&server, "availabilityDomain", json!("x:AD-1"));
        site.set(&server, "faultDomain", json!("FAULT-DOMAIN-1"));
    }
    let report = site.verify(&site.status().await).await;
    let faults = codes(&report, Level::Fault);
    for code in ["E0501", "E0507", "E0508", "E0509", "E0510"] {
        assert!(faults.contains(&code), "{code} is not among {faults:?}:\n{}", table(&report));
    }
    assert_eq!(codes(&report, Level::Warning), ["E0504"], "{}", table(&report));
}

#[tokio::test(start_paused = true)]
async fn a_boot_that_failed_says_where() {
    let site = Site::new(46).await;
    let client = &site.bench.cloud.client;
    let namespace = client.call(&GetNamespace::new()).await.unwrap().value;
    let content = json!({"format": 1, "state": "failed", "steps": [
        {"name": "packages", "result": "failed", "seconds": 7, "last_lines": ["no route to yum"]},
    ]});
    let put = PutObject::new(
        namespace,
        "campus-site",
        "reports/web1.json",
        Body::Bytes(content.to_string().into()),
    );
    client.call(&put).await.unwrap();
    let status = site.status().await;
    assert!(matches!(status.servers[1].boot, Look::None), "{:?}", status.servers[1].boot);
    let report = site.verify(&status).await;
    assert_eq!(codes(&report, Level::Fault), ["E0506"], "{}", table(&report));
    let finding = report.findings().iter().find(|finding| finding.level == Level::Fault).unwrap();
    assert_eq!(finding.found, "`packages` failed: no route to yum");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_hides_no_other_tier() {
    let site = Site::new(47).await;
    site.bench.faults(&json!({"faults": [{
        "when": {"service": "mysql"},
        "do": {"respond": {"status": 503, "code": "ServiceUnavailable", "message": "down"}},
    }]}));
    let status = site.status().await;
    assert!(matches!(status.database, Look::Unread(_)) && status.file_system.seen().is_some());
    let report = site.verify(&status).await;
    assert_eq!(codes(&report, Level::Fault), ["E0512"], "{}", table(&report));
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_missed_its_day_is_a_warning() {
    let site = Site::new(48).await;
    site.bench.world.sleep(Duration::from_secs(30 * 3600)).await;
    let fresh = site.verify(&site.status().await).await;
    let backup = fresh.findings().iter().find(|finding| finding.check == Check::Backups).unwrap();
    assert_eq!(backup.level, Level::Ok, "the database was backed up in its hour: {backup:?}");
    // Those that the service makes by itself are nobody's resource, and not in the inventory.
    let is_backup = |object: &&oci_mock::cloud::Resource| object.kind.name == "mysqlbackup";
    let backups: Vec<String> = site
        .bench
        .cloud
        .mock
        .with_cloud(|cloud| cloud.all().filter(is_backup).map(|object| object.id.to_string()).collect());
    assert!(!backups.is_empty());
    for id in backups {
        site.set(&id, "timeCreated", json!("2026-11-01T00:00:00.000Z"));
    }
    let old = site.verify(&site.status().await).await;
    assert_eq!(codes(&old, Level::Warning), ["E0511"], "{}", table(&old));
}

#[test]
fn a_site_that_is_not_there_yet_is_no_panic() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let site = Site::bare(49).await;
        let status = site.status().await;
        let report = site.verify(&status).await;
        assert_eq!(codes(&report, Level::Fault), ["E0501", "E0503", "E0508", "E0509", "E0510"]);
        assert_eq!(report.skipped().len(), 1);
        assert!(Config::parse(site::FILE).is_ok());
    });
}
