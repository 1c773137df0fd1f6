//! Ctrl-C: once, and nothing new begins; twice, and the program leaves. The next run goes on in both cases.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use crate::support::{Chance, Names, Running, Served, Site};

/// Virtual seconds in a real one.
const TIME_SCALE: u32 = 150;

/// Within this time after an interrupt the last new request leaves, says the issue that asked for this program.
const QUIET_WITHIN: Duration = Duration::from_millis(100);

/// How often it is tried. The machine may be busy with other things in some of them, but never may a step begin.
const TRIES: u64 = 3;

fn time(json: &Json) -> DateTime<Utc> {
    json.as_str().unwrap().parse().unwrap()
}

/// What happened after an interrupt.
struct After {
    /// How long it took until the program said that it stops.
    heard: Duration,
    /// Requests that change something and came later than they may.
    late: Vec<Json>,
    /// Steps that were under way.
    under_way: usize,
}

/// Interrupts a run after so many steps have begun, and waits for its end.
fn interrupt(served: &Served, mut run: Running, steps: u64) -> After {
    let mut under_way = 0_usize;
    for _ in 0..steps {
        loop {
            let event = run.next_event(&["started", "finished"]).expect("the run ends before it was stopped");
            if event["type"] == "started" {
                under_way += 1;
                break;
            }
            under_way -= 1;
        }
    }
    let clock: Json = serde_json::from_str(&served.get("/_mock/clock").1).unwrap();
    let quiet = TimeDelta::from_std(QUIET_WITHIN * TIME_SCALE).unwrap();
    let asked = Instant::now();
    run.signal("INT");
    while let Some(event) = run.next_event(&["started", "finished", "stopping"]) {
        match event["type"].as_str().unwrap() {
            "started" => under_way += 1,
            "finished" => under_way -= 1,
            _ => break,
        }
    }
    let heard = asked.elapsed();
    assert!(run.next_event(&["started"]).is_none(), "a step began after the program said that it stops");
    let ended = run.wait().expect(130, "interrupted");
    let last: Json = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["cancelled"]), (&json!("ended"), &json!(true)), "{last}");
    assert!(!last["never_started"].as_array().unwrap().is_empty(), "{last}");
    let until = time(&clock["now"]) + quiet;
    let late = served.changes().into_iter().filter(|request| time(&request["time"]) > until).collect();
    After { heard, late, under_way }
}

#[test]
fn after_one_interrupt_nothing_new_begins_what_runs_ends_and_the_next_run_goes_on() {
    let mut chance = Chance::new(Chance::seed());
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    for verb in ["apply", "destroy"] {
        let mut seen = Vec::new();
        for _ in 0..TRIES {
            let steps = 1 + chance.below(8);
            let after = interrupt(&served, site.start(&[verb, "--auto-approve", "--json"]), steps);
            println!("{verb}, after {steps} steps: heard within {:?}, late: {:?}", after.heard, after.late);
            // Whoever was under way may have had its request still to send, or sends one again that the service refuses for now,
            // such as the deletion of a subnet in which an address lingers.
            let paths: BTreeSet<_> = after.late.iter().map(|request| request["path"].to_string()).collect();
            assert!(paths.len() <= after.under_way, "{:?}", after.late);
            seen.push(after);
        }
        let is_quiet = |after: &After| after.late.is_empty() && after.heard <= QUIET_WITHIN;
        assert!(seen.iter().any(is_quiet), "{verb}: requests go out later than {QUIET_WITHIN:?}");
        site.run(&["state", "list"]).expect(0, "the state is whole");
        if verb == "apply" {
            site.apply();
            assert_eq!(served.inventory()["oci_mysql_mysql_db_system"], ["lean-db"]);
        } else {
            site.destroy();
            assert_eq!(served.inventory(), Names::new());
        }
    }
}

#[test]
fn a_second_interrupt_leaves_at_once_and_the_next_run_goes_on() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    let mut run = site.start(&["apply", "--auto-approve", "--json"]);
    while run.next_event(&["started"]).unwrap()["address"] != "oci_mysql_mysql_db_system.site" {}
    // Its request is under way or out; the database itself takes minutes, and here some seconds.
    run.signal("INT");
    run.next_event(&["stopping"]).unwrap();
    run.signal("INT");
    let asked = Instant::now();
    let ended = run.wait().expect(130, "interrupted twice");
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(2), "it took {took:?} to leave: {}", ended.stdout);
    assert!(!ended.stdout.contains(r#""type":"finished","action":"create","address":"oci_mysql"#));
    site.apply();
    assert_eq!(served.inventory()["oci_mysql_mysql_db_system"], ["lean-db"]);
}

#[test]
fn an_interrupt_is_heard_while_the_cloud_is_asked_for_what_there_is() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    // Every answer takes 20 real seconds.
    let slow = json!({"faults": [{"do": {"delay": {"seconds": 20 * TIME_SCALE}}}]});
    assert_eq!(served.ask("POST", "/_mock/faults", &slow.to_string()).0, "HTTP/1.1 200 OK");
    for verb in [&["plan"][..], &["drift"], &["apply", "--auto-approve"]] {
        let before = served.requests().len();
        let mut run = site.start(verb);
        let begun = Instant::now();
        while served.requests().len() == before && begun.elapsed() < Duration::from_secs(15) {
            run.go_on(Duration::from_millis(20));
        }
        run.signal("INT");
        let asked = Instant::now();
        run.wait().expect(130, &verb.join(" "));
        assert!(asked.elapsed() < Duration::from_secs(5), "{verb:?} took {:?}", asked.elapsed());
    }
    assert_eq!(served.changes(), Vec::<Json>::new());
}
