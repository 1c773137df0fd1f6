//! A site that stops answering: which layer fails, and what shows it. One thing is broken at a time, behind our back.

use std::time::Duration;

use moodle_stack::config::Config;
use moodle_stack::site::{Inspection, Layer, NotAnswering, Weight};
use moodle_stack::verify::Changes;
use oci_client::services::mysql::models::{StopDbSystemDetails, StopDbSystemDetailsShutdownType};
use oci_client::services::mysql::operations::StopDbSystem;
use oci_client::services::network_load_balancer::models::UpdateHealthCheckerDetails;
use oci_client::services::network_load_balancer::operations::UpdateHealthChecker;
use serde_json::{Value as Json, json};

use crate::site::Site;

const FILE: &str = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n\n[servers]\ncount = 2\n";

/// Health checks take notice of a change within half a minute, databases stop within some minutes.
const NOTICED: Duration = Duration::from_secs(1800);

/// A site that answers.
async fn well(seed: u64) -> Site {
    let mut site = Site::new(seed);
    site.reach(FILE).await;
    site
}

async fn inspect(site: &Site) -> Inspection {
    site.inspect(&Config::parse(FILE).unwrap()).await
}

/// Why it does not answer, some time after it was broken.
async fn why(site: &Site) -> NotAnswering {
    site.wait(NOTICED).await;
    site.diagnose(FILE).await.expect_err("it is broken")
}

/// Writes into the one object of a type that has this name, behind the API's back.
fn set(site: &Site, resource_type: &str, name: &str, attribute: &str, value: &Json) {
    let ids = site.live(resource_type);
    site.cloud.mock.with_cloud_mut(|cloud| {
        let named = |id: &&String| cloud.get(id).and_then(|object| object.text("displayName")) == Some(name);
        let id = ids.iter().find(named).unwrap_or_else(|| panic!("there is no {name}")).clone();
        cloud.update(&id, |object| object.set(attribute, value.clone()));
    });
}

#[tokio::test(start_paused = true)]
async fn a_site_that_answers_is_well_and_is_looked_at_with_reads_only() {
    let site = well(61).await;
    let before = site.cloud.mock.requests().len();
    let seen = inspect(&site).await;
    assert!(seen.is_well(), "{}", seen.to_text());
    let changed = site.cloud.mock.requests().into_iter().skip(before).find(|entry| entry.method != "GET");
    assert!(changed.is_none(), "{changed:?}");

    let document = seen.to_json();
    assert_eq!((&document["format"], &document["well"]), (&json!(1), &json!(true)));
    assert_eq!(document["front"]["status"], 303);
    assert_eq!(document["faults"], json!([]));
    assert_eq!(document["evidence"]["servers"][1]["name"], "web2");
    assert!(seen.to_text().ends_with("\nAll is well.\n"), "{}", seen.to_text());

    let config = Config::parse(FILE).unwrap();
    let report = site.verify(&config, &seen, &Changes::Known(Vec::new())).await;
    let wrong: Vec<_> = report.findings().iter().filter(|finding| finding.code.is_some()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_gone_is_named() {
    let site = well(62).await;
    set(&site, "oci_core_security_list", "campus-web", "ingressSecurityRules", &json!([]));
    let silent = why(&site).await;
    assert_eq!(silent.layer, Layer::Rule, "{silent}");
    let rule = "no rule lets TCP 80 from 10.0.1.0/24 in (the load balancer and its health checks); list `campus-web`";
    assert!(silent.faults.iter().any(|fault| fault.evidence.contains(rule)), "{:#?}", silent.faults);
}

#[tokio::test(start_paused = true)]
async fn a_route_that_is_gone_and_gateways_that_are_closed_are_named() {
    let site = well(63).await;
    set(&site, "oci_core_route_table", "campus-private", "routeRules", &json!([]));
    let silent = why(&site).await;
    assert_eq!(silent.layer, Layer::Route, "{silent}");
    assert!(silent.evidence.contains("no route leads 0.0.0.0/0 to a NAT gateway"), "{silent}");

    let site = well(64).await;
    site.block_ways_out().await;
    let silent = why(&site).await;
    assert_eq!(silent.layer, Layer::Route, "{silent}");
    assert!(silent.evidence.contains("the gateway blocks traffic"), "{silent}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_died_is_named_and_the_site_goes_on_with_the_other() {
    let site = well(65).await;
    let id = site.live("oci_core_instance")[0].clone();
    site.control("POST", &format!("/_mock/instances/{id}/kill"));
    let silent = why(&site).await;
    assert_eq!(silent.layer, Layer::Server, "{silent}");
    assert_eq!(silent.faults[0].weight, Weight::Weakens, "{:#?}", silent.faults);
    assert!(silent.evidence.contains("web") && silent.evidence.contains("CRITICAL"), "{silent}");
    assert_eq!(silent.faults.len(), 1, "{:#?}", silent.faults);
}

#[tokio::test(start_paused = true)]
async fn a_health_check_that_expects_200_is_named() {
    let site = well(66).await;
    let balancer = site.live("oci_network_load_balancer_network_load_balancer")[0].clone();
    let check =
        UpdateHealthCheckerDetails { return_code: Some(200), ..UpdateHealthCheckerDetails::default() };
    site.cloud.client.call(&UpdateHealthChecker::new(balancer, "http", check)).await.unwrap();
    let silent = why(&site).await;
    assert_eq!(silent.layer, Layer::HealthCheck, "{silent}");
    assert!(silent.evidence.contains("expects 200, and a healthy server answers 303"), "{silent}");
    assert!(silent.faults.iter().any(|fault| fault.evidence.contains("INVALID_STATUS_CODE")));
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_stopped_is_named() {
    let site = well(67).await;
    let id = site.live("oci_mysql_mysql_db_system")[0].clone();
    let fast = StopDbSystemDetails { shutdown_type: Some(StopDbSystemDetailsShutdownType::Fast) };
    site.cloud.client.call(&StopDbSystem::new(id, fast)).await.unwrap();
    let silent = why(&site).await;
    assert_eq!((silent.layer, silent.evidence.as_str()), (Layer::Database, "database: it is INACTIVE"));
}

#[tokio::test(start_paused = true)]
async fn a_mount_target_that_failed_is_named() {
    let site = well(68).await;
    let id = site.live("oci_file_storage_mount_target")[0].clone();
    site.cloud.mock.with_cloud_mut(|cloud| cloud.set_state(&id, "FAILED"));
    let silent = why(&site).await;
    assert_eq!((silent.layer, silent.evidence.as_str()), (Layer::Storage, "mount target: it is FAILED"));
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_is_gone_is_named() {
    let site = well(69).await;
    let id = site.live("oci_network_load_balancer_network_load_balancer")[0].clone();
    site.cloud.mock.with_cloud_mut(|cloud| cloud.set_state(&id, "FAILED"));
    let silent = why(&site).await;
    assert_eq!(
        (silent.layer, silent.evidence.as_str()),
        (Layer::LoadBalancer, "load balancer: it is FAILED")
    );
}
