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

/// What only waits to be asked for again is over at once; the machine may be busy.
const SOON: Duration = Duration::from_secs(20);

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
    /// Those of them that had been sent before.
    again: Vec<Json>,
    /// Steps that were under way.
    under_way: usize,
}

/// The virtual time, as the mock has it.
fn now(served: &Served) -> DateTime<Utc> {
    let clock: Json = serde_json::from_str(&served.get("/_mock/clock").1).unwrap();
    time(&clock["now"])
}

/// Requests that change something, and came more than the time that is allowed after `asked`; and those of them that had come before.
fn late(served: &Served, asked: DateTime<Utc>) -> (Vec<Json>, Vec<Json>) {
    let until = asked + TimeDelta::from_std(QUIET_WITHIN * TIME_SCALE).unwrap();
    let (late, early): (Vec<Json>, Vec<Json>) =
        served.changes().into_iter().partition(|request| time(&request["time"]) > until);
    let what = |request: &Json| ["operation", "path", "retry_token"].map(|name| request[name].to_string());
    let early: BTreeSet<_> = early.iter().map(what).collect();
    let again = late.iter().filter(|request| early.contains(&what(request))).cloned().collect();
    (late, again)
}

/// How often an operation was asked for.
fn count(served: &Served, operation: &str) -> usize {
    served.changes().iter().filter(|request| request["operation"] == operation).count()
}

/// Interrupts a run, which must end soon, and gives its last event and what came too late.
fn end(served: &Served, run: Running) -> (Json, Vec<Json>) {
    let (asked, begun) = (now(served), Instant::now());
    run.signal("INT");
    let ended = run.wait().expect(130, "interrupted");
    assert!(begun.elapsed() < SOON, "it took {:?} to end", begun.elapsed());
    let last: Json = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["cancelled"]), (&json!("ended"), &json!(true)), "{last}");
    (last, late(served, asked).0)
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
    let virtually = now(served);
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
    let (late, again) = late(served, virtually);
    After { heard, late, again, under_way }
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
            // On a busy machine a step that was under way may be late with its request. But none sends one again.
            assert!(after.late.len() <= after.under_way, "{:?}", after.late);
            assert_eq!(after.again, Vec::<Json>::new());
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
fn after_an_interrupt_a_deletion_that_is_refused_for_now_is_not_asked_for_again() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    site.apply();
    // An address lingers in a subnet for a long while.
    let refusal =
        json!({"status": 409, "code": "Conflict", "message": "The Subnet references the VNIC of a service"});
    let faults = json!({"faults": [{"when": {"operations": ["DeleteSubnet"]}, "do": {"respond": refusal}}]});
    let mut run = site.start(&["destroy", "--auto-approve", "--json"]);
    // The network goes last, so what is refused now is all that is left to do.
    while run.next_event(&["finished"]).unwrap()["address"] != "oci_mysql_mysql_db_system.site" {}
    assert_eq!(served.ask("POST", "/_mock/faults", &faults.to_string()).0, "HTTP/1.1 200 OK");
    let is_refused = |event: &Json| event["waiting_on"].as_str().is_some_and(|words| words.contains("409"));
    while !is_refused(&run.next_event(&["waiting"]).unwrap()) {}
    let (last, late) = end(&served, run);
    assert_eq!(late, Vec::<Json>::new());
    let withheld = last["withheld"].as_array().unwrap();
    assert!(!withheld.is_empty() && last["open"] == json!([]), "{last}");
    for step in withheld {
        let (address, words) = (step["address"].as_str().unwrap(), step["message"].as_str().unwrap());
        assert!(address.starts_with("oci_core_subnet.") && words.contains("not asked for again"), "{step}");
    }
    assert!(!served.inventory()["oci_core_subnet"].is_empty());
    served.ask("DELETE", "/_mock/faults", "");
    site.destroy();
    assert_eq!(served.inventory(), Names::new());
}

#[test]
fn after_an_interrupt_no_request_is_repeated_that_was_throttled() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    let throttled = json!({"faults": [{"when": {"operations": ["CreateVcn"]}, "do": {"throttle": {}}}]});
    assert_eq!(served.ask("POST", "/_mock/faults", &throttled.to_string()).0, "HTTP/1.1 200 OK");
    let mut run = site.start(&["apply", "--auto-approve", "--json"]);
    for _ in 0..1_000 {
        if count(&served, "CreateVcn") >= 2 {
            break;
        }
        run.go_on(Duration::from_millis(20));
    }
    let (last, late) = end(&served, run);
    let sent = count(&served, "CreateVcn");
    assert!(sent >= 2 && late.is_empty(), "{sent} attempts, {late:?}");
    assert_eq!(last["withheld"][0]["address"], "oci_core_vcn.site", "{last}");
    served.ask("DELETE", "/_mock/faults", "");
    site.apply();
    assert_eq!(served.inventory()["oci_core_vcn"].len(), 1);
}

#[test]
fn after_an_interrupt_no_other_place_is_tried() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    // The service takes a real second to say that there is no room, which gives time to interrupt.
    let when = json!({"operations": ["LaunchInstance"]});
    let full = json!({"faults": [
        {"when": when, "do": {"outOfHostCapacity": {}}},
        {"when": when, "do": {"delay": {"seconds": 1}}},
    ]});
    assert_eq!(served.ask("POST", "/_mock/faults", &full.to_string()).0, "HTTP/1.1 200 OK");
    let mut run = site.start(&["apply", "--auto-approve", "--json"]);
    for _ in 0..2_000 {
        if count(&served, "LaunchInstance") >= 1 {
            break;
        }
        run.go_on(Duration::from_millis(20));
    }
    run.signal("INT");
    let ended = run.wait().expect(130, "interrupted");
    let last: Json = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(count(&served, "LaunchInstance"), 1, "{last}");
    let withheld = last["withheld"].as_array().unwrap();
    assert!(withheld.iter().any(|step| step["address"] == "oci_core_instance.web[0]"), "{last}");
    served.ask("DELETE", "/_mock/faults", "");
    site.apply();
    assert_eq!(served.inventory()["oci_core_instance"].len(), 1);
}

#[test]
fn after_an_interrupt_a_server_that_is_drained_stays_until_the_next_run() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let text = Site::lean_text().replace("drain_in_seconds = 0", "drain_in_seconds = 3600");
    let site = Site::new(&text.replace("count = 1", "count = 2"), &cloud);
    site.apply();
    site.folder.write("moodle.toml", &text);
    let before = count(&served, "UpdateBackendSet");
    let mut run = site.start(&["apply", "--auto-approve", "--json"]);
    for _ in 0..1_000 {
        if count(&served, "UpdateBackendSet") > before {
            break;
        }
        run.go_on(Duration::from_millis(20));
    }
    let (last, late) = end(&served, run);
    assert_eq!((count(&served, "UpdateBackendSet"), late), (before + 1, Vec::new()), "{last}");
    let in_a_hurry = text.replace("drain_in_seconds = 3600", "drain_in_seconds = 1");
    site.folder.write("moodle.toml", in_a_hurry);
    site.apply();
    assert_eq!(served.inventory()["oci_core_instance"].len(), 1);
}

#[test]
fn an_interrupt_is_heard_while_the_last_backup_is_seen_to() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    site.apply();
    let slow =
        json!({"faults": [{"when": {"operations": ["UpdateDbSystem"]}, "do": {"delay": {"seconds": 60}}}]});
    assert_eq!(served.ask("POST", "/_mock/faults", &slow.to_string()).0, "HTTP/1.1 200 OK");
    let before = served.inventory();
    let mut run = site.start(&["destroy", "--keep-data", "--auto-approve", "--json"]);
    for _ in 0..1_000 {
        if count(&served, "UpdateDbSystem") > 0 {
            break;
        }
        run.go_on(Duration::from_millis(20));
    }
    run.signal("INT");
    let begun = Instant::now();
    let ended = run.wait().expect(130, "interrupted");
    assert!(begun.elapsed() < SOON, "it took {:?} to end", begun.elapsed());
    assert!(!ended.stdout.contains("\"kept\""), "{}", ended.stdout);
    assert_eq!(served.inventory(), before);
    served.ask("DELETE", "/_mock/faults", "");
    let kept = site.run(&["destroy", "--keep-data", "--auto-approve"]).expect(0, "destroy --keep-data");
    assert!(kept.stderr.contains("kept: the file system ocid1."), "{}", kept.stderr);
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
