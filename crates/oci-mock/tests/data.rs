//! A cloud that is kept in a file: across runs, across being killed, and for one process at a time.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test's helpers may fail as a test does, and the file is the subject"
)]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use http::Method;
use oci_mock::{Config, Mock, StoreError, WireRequest};
use serde_json::json;
use support::Caller;

/// A process that is killed writes nothing more: dropping a mock writes nothing either.
fn open(path: &Path) -> Caller {
    Caller { mock: Mock::open(Config::default(), path).unwrap() }
}

fn inventory(cloud: &Caller) -> String {
    String::from_utf8(cloud.get("/_mock/inventory").body.to_vec()).unwrap()
}

fn create(cloud: &Caller, name: &str, token: &str) -> oci_mock::WireResponse {
    let body = json!({"compartmentId": cloud.tenancy(), "cidrBlocks": ["10.0.0.0/16"], "displayName": name});
    let request =
        WireRequest::new(Method::POST, "/20160918/vcns").header("opc-retry-token", token).json(&body);
    cloud.send(&request)
}

#[test]
fn a_killed_process_has_lost_nothing_that_it_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud.json");
    let first = open(&path);
    let answer = create(&first, "a", "token-a");
    let vcn = answer.json().unwrap()["id"].as_str().unwrap().to_owned();
    first.put(&format!("/20160918/vcns/{vcn}"), &json!({"displayName": "b"}));
    let other = first.create_vcn("other");
    assert_eq!(first.delete(&format!("/20160918/vcns/{other}")).status, 204);
    let (seen, etag) =
        (inventory(&first), first.get(&format!("/20160918/vcns/{vcn}")).header("etag").map(str::to_owned));
    drop(first);

    let second = open(&path);
    assert_eq!(inventory(&second), seen);
    let shown = second.get(&format!("/20160918/vcns/{vcn}"));
    assert_eq!(shown.header("etag"), etag.as_deref(), "an etag that a client holds stays good");
    assert_eq!(create(&second, "a", "token-a").body, answer.body, "the retry token is remembered");
    // What was scheduled in the first run happens in the second.
    second.mock.advance(Duration::from_secs(5));
    assert_eq!(second.get(&format!("/20160918/vcns/{vcn}")).json().unwrap()["lifecycleState"], "AVAILABLE");
    assert_eq!(
        second.get(&format!("/20160918/vcns/{other}")).json().unwrap()["lifecycleState"],
        "TERMINATED"
    );
    let third = second.create_vcn("c");
    assert!(third != vcn && third != other, "ids are not given out twice");
}

#[test]
fn a_journal_line_that_was_being_written_is_as_if_it_had_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud.json");
    let first = open(&path);
    let kept = first.create_vcn("kept");
    drop(first);
    let journal = folder.path().join("cloud.json.journal");
    let whole = fs::read(&journal).unwrap();
    let second = open(&path);
    let torn = second.create_vcn("torn");
    drop(second);
    let longer = fs::read(&journal).unwrap();
    assert!(longer.len() > whole.len() + 100);
    for cut in [whole.len() + 1, longer.len() - 1, whole.len() + 100] {
        fs::write(&journal, &longer[..cut]).unwrap();
        let cloud = open(&path);
        assert_eq!(cloud.get(&format!("/20160918/vcns/{kept}")).status, 200, "cut at {cut}");
        assert_eq!(cloud.get(&format!("/20160918/vcns/{torn}")).status, 404, "cut at {cut}");
        assert_eq!(fs::read(&journal).unwrap(), whole, "what was torn is gone");
    }
}

#[test]
fn saving_makes_one_json_document_of_the_cloud() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud.json");
    let cloud = open(&path);
    let vcn = cloud.create_vcn("net");
    cloud.mock.save().unwrap();
    let saved: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(saved["format"], 1);
    assert!(saved.to_string().contains(&vcn));
    let journal = fs::read_to_string(folder.path().join("cloud.json.journal")).unwrap();
    assert_eq!(journal.lines().count(), 1, "only the head is left: {journal}");
    let seen = inventory(&cloud);
    drop(cloud);
    assert_eq!(inventory(&open(&path)), seen);
}

#[test]
fn a_second_process_is_refused_and_told_who_holds_the_cloud() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud.json");
    let first = open(&path);
    match Mock::open(Config::default(), &path) {
        Err(StoreError::InUse { holder, .. }) => {
            assert_eq!(holder, format!("process {}", std::process::id()))
        }
        other => panic!("{other:?}"),
    }
    drop(first);
    open(&path);
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    for (content, expected) in [
        ("{", "not a cloud"),
        ("[]", "not a cloud"),
        (r#"{"format":1}"#, "not a cloud"),
        (r#"{"format":2,"whatever":true}"#, "newer version of the mock (format 2)"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.json");
        fs::write(&path, content).unwrap();
        let error = Mock::open(Config::default(), &path).unwrap_err();
        assert!(error.to_string().contains(expected), "{content}: {error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn a_kept_cloud_keeps_its_seed_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud.json");
    let first = open(&path).mock.config().place.clone();
    let place = oci_mock::cloud::Place::new(99, "us-ashburn-1");
    let config = Config { place, ..Config::default() };
    assert_eq!(Mock::open(config, &path).unwrap().config().place, first);
}
