//! A new image, or another configuration of the servers: one after another.

use oci_client::page::PageLimits;
use oci_client::services::core::operations::ListImages;
use reconcile::plan::Action;
use reconcile::run::Event;

use crate::site::{Site, removes};

fn file(more: &str) -> String {
    format!(
        "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n{more}\n[servers]\ncount = 3\n\n[database]\nshape = \"MySQL.8\"\nhigh_availability = false\n"
    )
}

/// How many servers were out at the same time, at most: from when a backend begins to go until its successor is healthy.
fn out_at_once(events: &[Event]) -> usize {
    let (mut out, mut most) = (std::collections::BTreeSet::new(), 0);
    for event in events {
        match event {
            Event::Started { address, action: Action::Delete, .. }
                if address.resource_type().ends_with("_backend") =>
            {
                out.insert(address.clone());
            }
            Event::Finished { address, action: Action::Check, .. } => {
                out.remove(address);
            }
            _ => {}
        }
        most = most.max(out.len());
    }
    most
}

/// The servers whose successor was not known to its dynamic group yet when the next server began to go. It could not read its
/// secrets then, whatever the load balancer says.
fn unknown_when_the_next_one_goes(events: &[Event]) -> Vec<String> {
    let (mut unknown, mut early) = (std::collections::BTreeSet::new(), Vec::new());
    let index = |address: &reconcile::Address| address.as_str().rsplit('[').next().unwrap().to_owned();
    for event in events {
        match event {
            Event::Finished { address, action: Action::Create, .. }
                if address.resource_type() == "oci_core_instance" =>
            {
                unknown.insert(index(address));
            }
            Event::Finished { address, action: Action::Update, .. }
                if address.resource_type() == "oci_identity_dynamic_group" =>
            {
                unknown.remove(&index(address));
            }
            Event::Started { address, action: Action::Delete, .. }
                if address.resource_type().ends_with("_backend") =>
            {
                early.extend(unknown.iter().cloned());
            }
            _ => {}
        }
    }
    early.extend(unknown);
    early
}

/// An image of Oracle Linux 9 for Ampere servers that is not the newest, which is the one that they have when the file names none.
async fn older_image(site: &Site) -> String {
    let mut list = ListImages::new(site.cloud.tenancy());
    list.operating_system = Some("Oracle Linux".to_owned());
    list.operating_system_version = Some("9".to_owned());
    list.shape = Some("VM.Standard.A1.Flex".to_owned());
    let mut images = site.cloud.client.list(list, PageLimits::default()).await.unwrap();
    images.sort_by_key(|image| image.time_created.as_ref().map(ToString::to_string));
    images.swap_remove(0).id.unwrap()
}

#[tokio::test(start_paused = true)]
async fn another_configuration_reaches_the_servers_one_after_another() {
    let mut site = Site::new(31);
    site.reach(&file("")).await;
    replaces_one_after_another(&mut site, &file("full_name = \"Another name\"\n")).await;
}

#[tokio::test(start_paused = true)]
async fn another_image_reaches_the_servers_one_after_another() {
    let mut site = Site::new(33);
    site.reach(&file("")).await;
    let image = older_image(&site).await;
    let servers = format!("[servers]\nimage_id = \"{image}\"\n");
    replaces_one_after_another(&mut site, &file("").replace("[servers]\n", &servers)).await;
}

/// The file that is wanted makes all servers anew, one at a time, and touches no data.
async fn replaces_one_after_another(site: &mut Site, wanted: &str) {
    let old = site.live("oci_core_instance");
    let from = site.events.len();
    let plan = site.reach(wanted).await;
    let new = site.live("oci_core_instance");
    assert_eq!(new.len(), 3);
    assert!(new.iter().all(|id| !old.contains(id)), "all are new");
    assert_eq!(out_at_once(&site.events[from..]), 1);
    assert_eq!(unknown_when_the_next_one_goes(&site.events[from..]), Vec::<String>::new());
    for data in
        ["oci_mysql_mysql_db_system.site", "oci_file_storage_file_system.site", "oci_core_public_ip.site"]
    {
        assert!(!removes(&plan, data), "{data}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_stops_at_the_first_server_that_does_not_become_healthy() {
    let mut site = Site::new(32);
    site.reach(&file("")).await;
    let old = site.live("oci_core_instance");
    // From now on servers cannot get their packages, so new ones do not become ready.
    site.block_ways_out().await;
    let (_, summary) = site.apply(&file("full_name = \"Another name\"\n")).await;
    assert!(!summary.is_success());
    let new = site.live("oci_core_instance");
    let left = new.iter().filter(|id| old.contains(id)).count();
    assert_eq!(left, 2, "only the first one was replaced: {:#?}", summary.failed);
}
