//! Oracle's own Python SDK and CLI, unmodified, against the mock behind a real socket.
//!
//! Each test runs one script of `tests/python` in the private Python that `test_support` prepares. A script
//! fails by an exception. Afterwards no answer may have contradicted the API's tables.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as a test does")]

use std::path::Path;
use std::process::Stdio;

use oci_mock::serve::{ServeOptions, serve};

/// Runs a script against a fresh mock whose time passes `time_scale` times as fast as real time.
fn run(script: &str, time_scale: f64) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let options = ServeOptions {
        credentials: Some(folder.path().join("credentials")),
        time_scale,
        check_answers: true,
        ..ServeOptions::default()
    };
    let server = runtime.block_on(serve(&options)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    let output = test_support::python_command(&path)
        .env("MOCK_URL", server.base_url())
        .env("MOCK_CONFIG", folder.path().join("credentials/config"))
        .env("MOCK_CLI", test_support::oci_cli())
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let violations = server.mock().violations();
    assert!(violations.is_empty(), "answers contradict the API's tables:\n{}", violations.join("\n"));
    runtime.block_on(server.stop());
}

#[test]
fn oracles_sdk_creates_lists_updates_awaits_and_deletes_a_vcn() {
    run("vcn_sdk.py", 20.0);
}

#[test]
fn oracles_cli_creates_lists_updates_awaits_and_deletes_a_vcn() {
    run("vcn_cli.py", 10.0);
}

#[test]
fn oracles_sdk_builds_a_network_with_subnets_gateways_routes_and_rules() {
    run("core_network_sdk.py", 10.0);
}

#[test]
fn oracles_sdk_launches_an_instance_and_finds_its_vnic_and_addresses() {
    run("instance_sdk.py", 60.0);
}

#[test]
fn oracles_cli_launches_an_instance_into_a_network_and_takes_it_down() {
    run("instance_cli.py", 40.0);
}

#[test]
fn oracles_sdk_runs_a_highly_available_database_with_replicas_and_a_heat_wave_cluster() {
    run("mysql_sdk.py", 400.0);
}

#[test]
fn oracles_cli_waits_for_the_work_requests_of_a_database() {
    run("mysql_cli.py", 200.0);
}

#[test]
fn oracles_sdk_exports_a_file_system_through_a_mount_target() {
    run("file_storage_sdk.py", 40.0);
}

#[test]
fn oracles_sdk_changes_a_load_balancer_one_thing_at_a_time() {
    run("load_balancer_sdk.py", 20.0);
}

#[test]
fn oracles_cli_waits_for_the_work_requests_of_a_load_balancer() {
    run("load_balancer_cli.py", 60.0);
}

#[test]
fn of_conditional_puts_that_race_from_two_processes_exactly_one_wins() {
    run("bucket_race.py", 1.0);
}
