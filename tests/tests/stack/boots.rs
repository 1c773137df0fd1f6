//! A server whose first boot fails: nobody waits for it any longer than it takes to be told.

use std::time::Duration;

use moodle_stack::site::{Layer, NotAnswering};
use oci_client::request::Body;
use oci_client::services::object_storage::operations::{GetNamespace, PutObject};
use reconcile::plan::Action;
use serde_json::json;

use crate::site::{Bystander, Site};

const FILE: &str = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n\n[servers]\ncount = 2\n";

/// A server says that its boot failed, and the load balancer reaches none any more.
async fn fails(cloud: &Bystander, server: &str, said_before: Duration) {
    // The mock's servers themselves boot well.
    cloud.close_the_web();
    let namespace = cloud.client.call(&GetNamespace::new()).await.unwrap().value;
    let said_at = cloud.world.now() - said_before;
    let report = json!({"format": 1, "state": "failed", "updated": said_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "steps": [
        {"name": "packages", "result": "failed", "seconds": 7, "status": 1, "last_lines": ["Errors during downloading", "no mirror answers"]},
    ]});
    let body = Body::Bytes(report.to_string().into());
    let put = PutObject::new(namespace, "campus-site", format!("reports/{server}.json"), body);
    cloud.client.call(&put).await.unwrap();
}

/// How a wait for the site ends, and how long it took.
async fn wait(site: &Site) -> (NotAnswering, Duration) {
    let begun = site.bystander().world.monotonic();
    let silent = site.until_it_answers(FILE).await.expect_err("it cannot answer");
    (silent, site.bystander().world.monotonic() - begun)
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_site_is_told_of_a_boot_that_failed() {
    let mut site = Site::new(81);
    site.reach(FILE).await;
    fails(&site.bystander(), "web2", Duration::ZERO).await;
    site.wait(Duration::from_secs(120)).await;
    let (silent, took) = wait(&site).await;
    assert!(took < Duration::from_secs(60), "it was waited for {took:?}");
    let words = "web2: its first boot failed at the step `packages`; its log ends: Errors during downloading | no mirror";
    let told = silent.faults.iter().find(|fault| fault.layer == Layer::Server).unwrap();
    assert!(told.to_string().contains(words), "{told}");
}

#[tokio::test(start_paused = true)]
async fn what_the_machine_before_it_said_is_not_believed() {
    let mut site = Site::new(82);
    site.reach(FILE).await;
    fails(&site.bystander(), "web2", Duration::from_secs(30 * 24 * 3600)).await;
    site.wait(Duration::from_secs(120)).await;
    let (silent, took) = wait(&site).await;
    assert!(took > Duration::from_secs(40 * 60), "it was waited for {took:?} only");
    assert!(!silent.to_string().contains("first boot failed"), "{silent}");
}

#[tokio::test(start_paused = true)]
async fn an_apply_does_not_wait_for_new_servers_whose_boot_failed() {
    let mut site = Site::new(83);
    let cloud = site.bystander();
    let begun = cloud.world.monotonic();
    let failing = async {
        while cloud.live("oci_core_instance").len() < 2 {
            cloud.world.sleep(Duration::from_secs(5)).await;
        }
        cloud.world.sleep(Duration::from_secs(300)).await;
        fails(&cloud, "web1", Duration::ZERO).await;
        fails(&cloud, "web2", Duration::ZERO).await;
    };
    let ((_, summary), ()) = tokio::join!(site.apply(FILE), failing);
    assert_eq!(summary.failed.len(), 2, "{:?}", summary.failed);
    for end in &summary.failed {
        let words = "is not healthy: its first boot failed at the step `packages`; its log ends: \
                     Errors during downloading | no mirror answers";
        assert_eq!((&end.action, end.message.as_str()), (&Action::Check, words), "{}", end.address);
    }
    // The database takes half an hour, and that is waited for, as what is under way always is.
    let took = cloud.world.monotonic() - begun;
    assert!(took < Duration::from_secs(40 * 60), "it took {took:?}");
}
