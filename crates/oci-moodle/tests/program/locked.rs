//! Two runs on one state at once: the second is told who has it, and a killed one is in nobody's way.

use crate::support::{Ended, Running, Served, Site};

/// Slow enough that the first run is still at work while the others try.
const TIME_SCALE: u32 = 200;

fn at_work(site: &Site) -> Running {
    let mut first = site.start(&["apply", "--auto-approve", "--json"]);
    first.next_event(&["started"]).unwrap();
    first
}

#[track_caller]
fn is_told_who(refused: &Ended, process: u32, words: &[&str]) {
    assert_eq!(refused.status.code(), Some(75), "{}\n{}", refused.stdout, refused.stderr);
    let process = format!("process {process}");
    for word in words.iter().copied().chain([&*process, "hint: "]) {
        assert!(refused.stderr.contains(word), "`{word}` is missing in {}", refused.stderr);
    }
}

#[test]
fn a_second_run_is_told_who_has_the_state_and_goes_on_when_that_one_was_killed() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    let first = at_work(&site);
    for verb in [&["apply", "--auto-approve"][..], &["destroy", "--auto-approve"], &["plan"], &["drift"]] {
        is_told_who(&site.run(verb), first.id(), &["held by", "for `apply` since"]);
    }
    // What only looks at the state needs no lock.
    let listed = site.run(&["state", "list"]).expect(0, "state list");
    assert!(!listed.stdout.is_empty());
    let (lived, _) = first.kill();
    assert!(lived, "the first run was over before the others had tried");
    site.apply();
    let vcns = served.inventory()["oci_core_vcn"].len();
    assert_eq!(vcns, 1);
}

#[test]
fn a_second_run_on_the_embedded_mock_is_told_who_has_it_and_goes_on_when_that_one_was_killed() {
    let site = Site::lean(&Site::embedded(TIME_SCALE));
    let first = at_work(&site);
    is_told_who(&site.run(&["apply", "--auto-approve"]), first.id(), &["in use by"]);
    let (lived, _) = first.kill();
    assert!(lived, "the first run was over before the second had tried");
    site.apply();
    assert_eq!(site.left().inventory()["oci_core_vcn"].len(), 1);
}
