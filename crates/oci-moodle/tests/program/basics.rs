//! Arguments, stdout, stderr, exit status, and the mock as a server.

use std::path::Path;
use std::process::Stdio;

use crate::support::{Served, Site, program, run};

#[test]
fn the_version_is_one_line_on_stdout() {
    let output = run(&["--version"]);
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("oci-moodle {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn wrong_usage_is_said_on_stderr_and_exits_64() {
    let missing = "/nowhere/faults.json";
    for arguments in [
        &["no-such-verb"][..],
        &["mock", "serve", "--time-scale", "-1"],
        &["mock", "serve", "--time-scale", "1e300"],
        &["mock", "serve", "--listen", "somewhere"],
        &["mock", "serve", "--faults", missing],
        &["--log", "loud", "completions", "bash"],
        &["completions", "no-such-shell"],
        &[],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn completions_know_the_verbs() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("serve"), "{shell}");
    }
}

#[test]
fn the_mock_serves_with_fresh_credentials_and_refuses_the_unsigned() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (credentials, ready) = (path("credentials"), path("ready"));
    let served = Served::start(&["--credentials", &credentials, "--ready-file", &ready]);

    assert_eq!(std::fs::read_to_string(&ready).unwrap().trim_end(), served.base_url);
    let config = std::fs::read_to_string(Path::new(&credentials).join("config")).unwrap();
    assert!(config.contains("\n[DEFAULT]\n"), "{config}");
    assert_eq!(served.get("/20160918/regions").0, "HTTP/1.1 401 Unauthorized");
    let (status, inventory) = served.get("/_mock/inventory");
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(inventory.starts_with('{'), "{inventory}");
}

#[test]
fn two_mocks_with_one_seed_and_stopped_clocks_answer_the_same_bytes() {
    let answers = |seed: &str| {
        let served = Served::start(&["--time-scale", "0", "--seed", seed]);
        // The log holds the times of the cloud, the regions hold none: together they show clock and answers.
        [served.get("/20160918/regions").1, served.get("/_mock/requests").1]
    };
    let first = answers("7");
    assert!(first[1].contains("ListRegions"), "{}", first[1]);
    assert_eq!(first, answers("7"));
}

#[cfg(unix)]
#[test]
fn the_mock_ends_well_when_it_is_told_to_stop() {
    for signal in ["-INT", "-TERM"] {
        let served = Served::start(&[]);
        assert!(served.stop(signal).success(), "{signal}");
    }
}

#[test]
fn options_may_come_from_the_environment() {
    let output = program().env("OCI_MOODLE_TIME_SCALE", "never").args(["mock", "serve"]).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8(output.stderr).unwrap().contains("time scale"));
}

/// Everything that is written before a cloud is needed, and a run.
const WRITERS: &[(&[&str], i32)] = &[
    (&["--help"], 0),
    (&["--version"], 0),
    (&["completions", "bash"], 0),
    (&["schema"], 0),
    (&["schema", "oci_core_vcn"], 0),
    (&["graph"], 0),
    (&["graph", "--format", "json"], 0),
    (&["validate"], 0),
    (&["validate", "--json"], 0),
    (&["plan"], 0),
    (&["plan", "--json"], 0),
    (&["apply", "--auto-approve", "--json"], 0),
    (&["state", "list"], 0),
    (&["state", "list", "--json"], 0),
    (&["state", "show", "oci_core_vcn.site"], 0),
    (&["output"], 0),
    (&["output", "url"], 0),
    (&["status"], 0),
    (&["status", "--json"], 0),
    (&["verify"], 0),
    (&["preflight", "--json"], 0),
    (&["destroy", "--auto-approve"], 0),
    (&["no-such-verb"], 64),
    (&["apply"], 64),
];

#[test]
fn who_closes_a_pipe_early_gets_the_same_exit_status_and_no_complaint() {
    let (_served, cloud) = Served::cloud(250, 1);
    let site = Site::lean(&cloud);
    for (arguments, code) in WRITERS {
        let mut child =
            site.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("pipe"), "{arguments:?}: {stderr}");
    }
    for arguments in [&["validate"][..], &["apply"], &["plan"], &["apply", "--auto-approve"]] {
        let mut child =
            site.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(if arguments == ["apply"] { 64 } else { 0 }), "{arguments:?} without stderr");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_to_stdout_is_a_failure_that_is_told() {
    let (served, cloud) = Served::cloud(250, 1);
    let site = Site::lean(&cloud);
    for arguments in
        [&["graph"][..], &["validate"], &["completions", "bash"], &["plan"], &["apply", "--auto-approve"]]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = site.command(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("could not write to stdout"), "{arguments:?}: {stderr}");
    }
    assert_eq!(served.changes().len(), 0, "nobody could read the plan");
}

#[test]
fn a_log_in_a_file_is_plain_text() {
    let (_served, cloud) = Served::cloud(250, 1);
    let site = Site::lean(&cloud);
    let plan = site.run(&["plan", "--log", "debug"]).expect(0, "plan");
    assert!(plan.stderr.contains("DEBUG") && !plan.stderr.contains('\u{1b}'), "{}", plan.stderr);
    let colored = site.run(&["plan", "--log", "debug", "--color", "always"]).expect(0, "plan");
    assert!(colored.stderr.contains('\u{1b}'), "{}", colored.stderr);
}
