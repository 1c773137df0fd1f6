//! What the service does not show, or somebody else is changing: no run that leaves it alone claims to have done everything.

use serde_json::{Value as Json, json};

use crate::support::{Ended, Served, Site};

const TIME_SCALE: u32 = 250;

fn faults(served: &Served, faults: &Json) {
    assert_eq!(served.ask("DELETE", "/_mock/faults", "").0, "HTTP/1.1 200 OK");
    let (status, body) = served.ask("POST", "/_mock/faults", &json!({"faults": [faults]}).to_string());
    assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
}

fn says(ended: &Ended, words: &str) {
    assert!(ended.stderr.contains(words), "{words} is not in\n{}\n{}", ended.stdout, ended.stderr);
}

#[test]
fn an_apply_that_left_something_out_has_not_done_what_was_asked() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    site.apply();
    let hidden = json!({"status": 404, "code": "NotAuthorizedOrNotFound", "message": "Authorization failed"});
    let reads = json!({"method": "GET", "path": "/20171215/filesystemSnapshotPolicies"});
    faults(&served, &json!({"when": reads, "do": {"respond": hidden}}));
    let changes = served.changes().len();
    let apply = site.run(&["apply", "--auto-approve"]).expect(1, "apply");
    says(
        &apply,
        "error[E0414]: could not see to everything: nobody can say how this is, so it was left as it is\n",
    );
    says(
        &apply,
        "caused by: oci_file_storage_filesystem_snapshot_policy.daily: the service does not show it",
    );
    says(&apply, "hint: run it again; what stays hidden needs a policy that shows it");
    assert!(!apply.stderr.contains("answers 303"), "{}", apply.stderr);
    let told = site.run(&["apply", "--auto-approve", "--json"]).expect(1, "apply --json");
    let last: Json = serde_json::from_str(told.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "error", "{last}");

    // Nothing would change, as far as one can see. That is not "no changes".
    site.run(&["plan"]).expect(0, "plan");
    let plan = site.run(&["plan", "--detailed-exitcode"]).expect(1, "plan --detailed-exitcode");
    says(&plan, "could not tell whether there are changes");
    let drift = site.run(&["drift"]).expect(1, "drift");
    says(&drift, "could not tell whether there are changes");
    let verify: Json = serde_json::from_str(&site.run(&["verify", "--json"]).stdout).unwrap();
    let is_plan = |finding: &&Json| finding["subject"] == "plan";
    let plan = verify["findings"].as_array().unwrap().iter().find(is_plan).unwrap();
    assert_ne!(plan["found"], "nothing to do", "{plan}");

    // Who asked for something else is told about that only.
    site.run(&["apply", "--auto-approve", "--exclude", "oci_file_storage_filesystem_snapshot_policy.*"])
        .expect(0, "apply --exclude");
    site.run(&["apply", "--auto-approve", "--only", "oci_core_vcn.site"]).expect(0, "apply --only");
    assert_eq!(served.changes().len(), changes, "nothing was to be changed");

    faults(
        &served,
        &json!({"when": {"operations": ["TerminateInstance"], "times": 0}, "do": {"throttle": {}}}),
    );
    site.run(&["plan", "--detailed-exitcode"]).expect(0, "plan --detailed-exitcode");
    site.apply();
}

#[test]
fn what_somebody_else_is_changing_is_a_matter_of_waiting() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    site.apply();
    let flip = json!({"flipToUpdating": {"seconds": 1_000_000}});
    faults(&served, &json!({"when": {"operations": ["GetDbSystem"], "times": 1}, "do": flip}));
    // Whoever asks first meets the change.
    site.run(&["status"]);
    let apply = site.run(&["apply", "--auto-approve"]).expect(75, "apply");
    says(&apply, "caused by: oci_mysql_mysql_db_system.site: something else is changing it");
    says(&apply, "hint: wait until that is over, and run it again");
}

#[test]
fn a_plan_to_remove_everything_is_what_destroy_does_and_can_be_kept_and_carried_out() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = Site::lean(&cloud);
    site.apply();
    let plan = site.run(&["plan", "--destroy", "--json", "--out", "gone.plan"]).expect(0, "plan --destroy");
    let plan: Json = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!((&plan["problems"], &plan["counts"]["create"]), (&json!([]), &json!(0)), "{plan}");
    site.run(&["plan", "--destroy", "--detailed-exitcode"]).expect(2, "plan --destroy");
    site.run(&["apply", "gone.plan", "--auto-approve"]).expect(0, "apply gone.plan");
    assert_eq!(served.inventory(), crate::support::Names::new());
    site.run(&["plan", "--destroy", "--detailed-exitcode"]).expect(0, "plan --destroy of nothing");
}
