//! Every example runs to its end against the mock, over HTTP, with the mock's own credentials, and shows what it
//! promises.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test starts real programs")]

use std::path::Path;
use std::process::Output;

use oci_mock::http_server::MockServer;
use oci_mock::serve::{ServeOptions, serve};

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

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_client_takes_less_than_five_megabytes() {
    let (server, folder) = mock().await;
    let shown = printed(&run(env!("CARGO_BIN_EXE_idle_memory"), &[], &server, folder.path()).await);
    assert!(shown.contains("KiB for an idle client"), "{shown}");
    server.stop().await;
}
