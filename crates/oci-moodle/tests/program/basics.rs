//! Arguments, stdout, stderr, exit status, and the mock as a server.

use std::path::Path;

use crate::support::{Served, program, run};

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
