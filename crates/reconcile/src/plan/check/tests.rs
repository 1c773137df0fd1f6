//! Each finding is found: a plan that is sound, with one thing changed.

use std::time::Duration;

use super::*;
use crate::graph::{GraphBuilder, Node};
use crate::plan::{Mode, Reason};
use crate::record::{Begin, IntentId, Millis, Operation, StateEntry, Status};
use crate::value::{AttributePath, Digest, ValueMap};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn step(name: &str, action: Action, after: &[u32]) -> Step {
    Step {
        address: address(name),
        slot: Slot::Current,
        action,
        after: after.to_vec(),
        reason: Reason::New,
        changes: Vec::new(),
        planned: ValueMap::new(),
        lane: None,
        batch: None,
        with: None,
        kind: "t".into(),
        expected: Duration::ZERO,
        unit: None,
    }
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        lineage: "lineage".into(),
        serial: 0,
        mode: Mode::Apply,
        steps,
        deferred: Vec::new(),
        drift: Vec::new(),
        problems: Vec::new(),
        protections: Vec::new(),
        adopted: Vec::new(),
        outputs: ValueMap::new(),
        outputs_changed: false,
        unchanged: 0,
        bookkeeping: Vec::new(),
        groups: Vec::new(),
    }
}

/// `t.b` needs `t.a`, and is protected.
fn state(names: &[&str]) -> State {
    let mut state = State::new("lineage");
    for name in names {
        let needs = if *name == "t.b" { vec![address("t.a")] } else { Vec::new() };
        let entry = StateEntry {
            identifier: Some((*name).into()),
            inputs: ValueMap::new(),
            attributes: ValueMap::new(),
            dependencies: needs,
            protect: *name == "t.b",
            status: Status::Ready,
            private: Value::Null,
            schema_version: 0,
        };
        let put = Record::Put { address: address(name), slot: Slot::Current, entry: Box::new(entry) };
        state.fold(put).unwrap();
    }
    state
}

/// What is found in a plan for a graph in which `t.b` needs `t.a`, when everything of `there` is there and consent was
/// given for `t.b` if `agreed`.
fn found(plan: &Plan, there: &[&str], agreed: bool) -> Vec<String> {
    found_in(plan, &state(there), agreed)
}

fn found_in(plan: &Plan, state: &State, agreed: bool) -> Vec<String> {
    let mut builder = GraphBuilder::default();
    builder.add(Node::new(address("t.a")));
    builder.add(Node::new(address("t.b")).after(address("t.a")));
    let consent = agreed.then(|| address("t.b")).into_iter().collect();
    let options = PlanOptions { consent, ..PlanOptions::default() };
    let findings = check(plan, &builder.build().unwrap(), state, &options);
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_plan_has_no_finding() {
    use Action::{Check, Create, Delete, Update};
    assert_eq!(found(&plan(vec![step("t.a", Create, &[]), step("t.b", Create, &[0])]), &[], false), [""; 0]);
    let replaced = plan(vec![
        step("t.a", Delete, &[2]),
        step("t.a", Create, &[0]),
        step("t.b", Delete, &[]),
        step("t.b", Create, &[1, 2]),
        step("t.b", Check, &[2, 3]),
    ]);
    assert_eq!(found(&replaced, &["t.a", "t.b"], true), [""; 0]);
    let in_batch =
        |name| Step { lane: Some("lane".into()), batch: Some("batch".into()), ..step(name, Update, &[]) };
    assert_eq!(found(&plan(vec![in_batch("t.a"), in_batch("t.c")]), &["t.a", "t.c"], false), [""; 0]);
    assert_eq!(found(&plan(company()), &[], false), [""; 0]);
}

/// `t.b` may begin with `t.a`.
fn company() -> Vec<Step> {
    let one = |name, after: &[u32]| Step {
        lane: Some("lane".into()),
        batch: Some("batch".into()),
        with: after.first().copied(),
        ..step(name, Action::Create, after)
    };
    vec![one("t.a", &[]), one("t.b", &[0])]
}

#[test]
fn a_step_that_begins_with_what_must_come_before_it_is_found() {
    let cases: [fn(&mut Vec<Step>); 6] = [
        |steps| steps[1].with = Some(7),
        |steps| steps[1].lane = Some("other".into()),
        |steps| steps.iter_mut().for_each(|step| step.batch = None),
        |steps| steps[0].action = Action::Read,
        |steps| steps[0].unit = Some(crate::schedule::UnitId { group: 0, unit: 0 }),
        |steps| {
            let id = Value::list([Value::unknown(address("t.a"), "id".parse().unwrap())]);
            steps[1].planned.insert("refs", id);
        },
    ];
    for (number, change) in cases.into_iter().enumerate() {
        let mut steps = company();
        change(&mut steps);
        let expected = "`t.b` begins with a step that must come before it";
        assert_eq!(found(&plan(steps), &[], false), [expected], "case {number}");
    }
}

#[test]
fn what_is_wrong_with_the_order_is_found() {
    use Action::{Create, Delete, Update};
    let both = ["t.a", "t.b"];
    let cases = [
        (
            vec![step("t.a", Create, &[1]), step("t.b", Create, &[0])],
            &both[..0],
            "`t.a` has a step that cannot be put in order",
        ),
        (vec![step("t.a", Create, &[7])], &both[..0], "`t.a` has a step that cannot be put in order"),
        (
            vec![step("t.a", Update, &[]), step("t.a", Update, &[0])],
            &both[..],
            "`t.a` has two steps of one phase",
        ),
        (
            vec![step("t.a", Create, &[]), step("t.b", Create, &[])],
            &both[..0],
            "`t.b` does not wait for `t.a`",
        ),
        (
            vec![step("t.a", Delete, &[]), step("t.b", Delete, &[])],
            &both[..],
            "`t.a` is deleted before `t.b`, which depends on it",
        ),
        (
            vec![step("t.a", Delete, &[]), step("t.a", Create, &[])],
            &both[..],
            "`t.a` has two steps of which neither comes first",
        ),
    ];
    for (steps, there, expected) in cases {
        assert_eq!(found(&plan(steps), there, true), [expected]);
    }
}

#[test]
fn a_step_that_does_not_fit_its_object_is_found() {
    use Action::{Create, Delete, Update};
    let cases = [
        (step("t.a", Create, &[]), &["t.a"][..], "what is done to `t.a` does not fit the state"),
        (step("t.a", Update, &[]), &[], "what is done to `t.a` does not fit the state"),
        (step("t.a", Delete, &[]), &[], "what is done to `t.a` does not fit the state"),
        (step("t.b", Delete, &[]), &["t.b"], "`t.b` is protected and goes without consent"),
        (
            Step { batch: Some("batch".into()), ..step("t.a", Create, &[]) },
            &[],
            "`t.a` has a batch and no lane",
        ),
    ];
    for (step, there, expected) in cases {
        assert_eq!(found(&plan(vec![step]), there, false), [expected]);
    }
}

#[test]
fn a_value_that_should_not_be_there_is_found() {
    let with = |value: Value| {
        let planned = ValueMap::from([("x", Value::list([value]))]);
        plan(vec![Step { planned, ..step("t.a", Action::Create, &[]) }])
    };
    let secret = with(Value::sensitive("hunter2"));
    assert_eq!(found(&secret, &[], false), ["a step of `t.a` holds a secret in clear"]);
    let dangling = with(Value::unknown(address("t.b"), AttributePath::attribute("id")));
    assert_eq!(found(&dangling, &[], false), ["`t.a` waits for a value that no step will tell"]);
}

#[test]
fn what_has_an_open_operation_is_not_to_be_touched() {
    let mut state = state(&["t.a"]);
    let begin = Begin {
        intent: IntentId(0),
        address: address("t.a"),
        slot: Slot::Current,
        operation: Operation::Update,
        retry_token: "token".into(),
        payload_digest: Digest([0; 32]),
        at: Millis(0),
        draft: None,
        protect: false,
    };
    state.fold(Record::Begin(begin)).unwrap();
    let update = plan(vec![step("t.a", Action::Update, &[])]);
    assert_eq!(found_in(&update, &state, false), ["`t.a` has an open operation and is touched"]);
}
