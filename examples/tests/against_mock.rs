//! Every example runs to its end against the mock, over HTTP, with the mock's own credentials, and shows what it
//! promises.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test starts real programs")]

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use oci_client::client::Client;
use oci_client::credentials::CredentialOptions;
use oci_client::page::PageLimits;
use oci_client::services::core::models::{
    CreateSubnetDetails, CreateVcnDetails, CreateVnicDetails, InstanceSourceDetails,
    InstanceSourceViaImageDetails, LaunchInstanceDetails, LaunchInstanceShapeConfigDetails,
};
use oci_client::services::core::operations::{CreateSubnet, CreateVcn, LaunchInstance, ListImages};
use oci_client::services::identity::operations::ListAvailabilityDomains;
use oci_mock::http_server::MockServer;
use oci_mock::serve::{ServeOptions, serve};
use world::{RealWorld, TestWorld, World};

/// A mock on loopback, and the folder with its credentials.
async fn mock() -> (MockServer, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = ServeOptions {
        credentials: Some(folder.path().to_owned()),
        time_scale: 600.0,
        ..ServeOptions::default()
    };
    (serve(&options).await.unwrap(), folder)
}

/// Runs an example against `server`, with nothing of the developer's own settings.
async fn run(program: &'static str, arguments: &[&str], server: &MockServer, folder: &Path) -> Output {
    let mut command = std::process::Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("HOME", folder)
        .env("OCI_CLI_CONFIG_FILE", folder.join("config"))
        .env("OCI_CLI_ENDPOINT", server.base_url());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What a successful run printed.
fn printed(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn create_vcn_creates_one_and_raw_request_sees_it() {
    let (server, folder) = mock().await;
    let created = printed(&run(env!("CARGO_BIN_EXE_create_vcn"), &[], &server, folder.path()).await);
    assert!(created.contains("example is AVAILABLE"), "{created}");

    let seen = printed(&run(env!("CARGO_BIN_EXE_raw_request"), &[], &server, folder.path()).await);
    let list: serde_json::Value = serde_json::from_str(seen.strip_prefix("200 ").unwrap()).unwrap();
    assert_eq!(list[0]["displayName"], "example");
    assert_eq!(list.as_array().unwrap().len(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_that_nothing_was_created() {
    let (server, folder) = mock().await;
    let arguments = ["ocid1.compartment.oc1..aaaaaaaadoesnotexist"];
    let output = run(env!("CARGO_BIN_EXE_create_vcn"), &arguments, &server, folder.path()).await;
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && shown.contains("nothing was created"), "{shown}");
    server.stop().await;
}

/// Our own client of the mock, set up as a program's would be.
async fn client(server: &MockServer, folder: &Path) -> Client {
    let file = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let mut world = TestWorld::new(RealWorld::new().now(), 1)
        .with_env("OCI_CLI_CONFIG_FILE", folder.join("config").to_str().unwrap())
        .with_env("OCI_CLI_ENDPOINT", &server.base_url());
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        world = world.with_file(folder.join(&name), file(&name));
    }
    Client::from_environment(Arc::new(world), &CredentialOptions::default()).await.unwrap().build()
}

/// Launches `count` small instances.
async fn launch(client: &Client, count: usize) {
    let tenancy = client.whoami().await.unwrap().tenancy.unwrap();
    let vcn = CreateVcnDetails {
        compartment_id: Some(tenancy.clone()),
        cidr_blocks: Some(vec!["10.0.0.0/16".to_owned()]),
        ..CreateVcnDetails::default()
    };
    let vcn = client.call(&CreateVcn::new(vcn)).await.unwrap().value;
    let subnet = CreateSubnetDetails {
        compartment_id: Some(tenancy.clone()),
        vcn_id: vcn.id,
        cidr_block: Some("10.0.1.0/24".to_owned()),
        ..CreateSubnetDetails::default()
    };
    let subnet = client.call(&CreateSubnet::new(subnet)).await.unwrap().value;
    let domains = client.call(&ListAvailabilityDomains::new(tenancy.clone())).await.unwrap().value;
    let mut images = ListImages::new(tenancy.clone());
    images.shape = Some("VM.Standard.A1.Flex".to_owned());
    let images = client.list(images, PageLimits::default()).await.unwrap();
    for number in 0..count {
        let details = LaunchInstanceDetails {
            availability_domain: domains[0].name.clone(),
            compartment_id: Some(tenancy.clone()),
            display_name: Some(format!("web-{number}")),
            shape: Some("VM.Standard.A1.Flex".to_owned()),
            shape_config: Some(LaunchInstanceShapeConfigDetails {
                ocpus: Some(1.0),
                memory_in_gbs: Some(6.0),
                ..LaunchInstanceShapeConfigDetails::default()
            }),
            source_details: Some(InstanceSourceDetails::Image(InstanceSourceViaImageDetails {
                image_id: images[0].id.clone(),
                ..InstanceSourceViaImageDetails::default()
            })),
            create_vnic_details: Some(CreateVnicDetails {
                subnet_id: subnet.id.clone(),
                ..CreateVnicDetails::default()
            }),
            ..LaunchInstanceDetails::default()
        };
        client.call(&LaunchInstance::new(details)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn list_instances_lists_them_over_all_pages() {
    let (server, folder) = mock().await;
    launch(&client(&server, folder.path()).await, 3).await;
    let tenancy = server.mock().config().place.tenancy_id.clone();
    let pages_before = server.mock().requests().len();
    let arguments = [tenancy.as_str(), "2"];
    let shown = printed(&run(env!("CARGO_BIN_EXE_list_instances"), &arguments, &server, folder.path()).await);
    for expected in ["web-0", "web-1", "web-2", "3 instances"] {
        assert!(shown.contains(expected), "{expected} is missing in:\n{shown}");
    }
    assert_eq!(server.mock().requests().len() - pages_before, 2, "two pages of two");
    server.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_client_takes_less_than_five_megabytes() {
    let (server, folder) = mock().await;
    let shown = printed(&run(env!("CARGO_BIN_EXE_idle_memory"), &[], &server, folder.path()).await);
    assert!(shown.contains("KiB for an idle client"), "{shown}");
    server.stop().await;
}

#[test]
fn small_network_comes_up_stays_as_it_is_and_goes_again() {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_small_network")).env_clear().output().unwrap();
    let text = printed(&output);
    let expected = ["apply: 2 steps", "2 done, 0 failed", "apply again: 0 steps", "destroy: 2 steps"];
    let places: Vec<_> = expected.iter().map(|line| text.find(line)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{text}");
    assert!(text.contains(r#"{"vcn_id": "ocid1.vcn."#), "{text}");
}

#[test]
fn embed_stack_brings_a_whole_site_up() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_embed_stack")).env_clear().output().unwrap();
    let text = printed(&output);
    assert!(text.contains(" done, 0 failed"), "{text}");
    assert!(text.contains("url = \"http://"), "{text}");
}

#[test]
fn one_server_is_planned_applied_and_shown() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_one_server")).env_clear().output().unwrap();
    let text = printed(&output);
    for expected in [
        "+ oci_core_vcn.main",
        "+ oci_core_instance.web after 1",
        "3 done, 0 failed",
        r#"{"address": "10.0.1."#,
    ] {
        assert!(text.contains(expected), "{text}");
    }
}
