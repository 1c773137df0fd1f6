//! A linter for finished plans. It restates the invariants without sharing code with the planner, so that a mistake in
//! one is seen by the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

#[cfg(test)]
mod tests;

use super::{Action, Plan, PlanOptions, Step};
use crate::Address;
use crate::graph::Graph;
use crate::record::{Record, Slot};
use crate::state::State;
use crate::value::Value;

/// An invariant that a plan breaks: a bug of the planner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// A step comes after itself, or after one that is not there.
    Order(Address),
    /// An address has two steps of one phase.
    Twice(Address),
    /// A step does not come after the step that it needs.
    TooEarly {
        /// The step.
        address: Address,
        /// What it needs.
        needs: Address,
    },
    /// Something is deleted before what depends on it.
    DeletedTooEarly {
        /// What is deleted.
        address: Address,
        /// What depends on it.
        dependent: Address,
    },
    /// Something is changed or deleted that is not there, or created although it is and stays.
    WrongAction(Address),
    /// A value is said to come from a step that is not there.
    Dangling(Address),
    /// A secret stands in clear.
    SecretInClear(Address),
    /// Something protected goes without consent.
    NoConsent(Address),
    /// Something is touched although an earlier operation on it is open.
    Open(Address),
    /// Two steps change one object, and neither comes after the other: they could begin side by side, in one batch even.
    SideBySide(Address),
    /// A step is to begin together with others of its lane, and has no lane.
    BatchWithoutLane(Address),
    /// A step may begin with another one with which it must not: only a creation may, with a creation of its lane and batch that
    /// it waits for, and from which it takes nothing.
    Company(Address),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(address) => write!(f, "`{address}` has a step that cannot be put in order"),
            Self::Twice(address) => write!(f, "`{address}` has two steps of one phase"),
            Self::TooEarly { address, needs } => write!(f, "`{address}` does not wait for `{needs}`"),
            Self::DeletedTooEarly { address, dependent } => {
                write!(f, "`{address}` is deleted before `{dependent}`, which depends on it")
            }
            Self::WrongAction(address) => write!(f, "what is done to `{address}` does not fit the state"),
            Self::Dangling(address) => write!(f, "`{address}` waits for a value that no step will tell"),
            Self::SecretInClear(address) => write!(f, "a step of `{address}` holds a secret in clear"),
            Self::NoConsent(address) => write!(f, "`{address}` is protected and goes without consent"),
            Self::Open(address) => write!(f, "`{address}` has an open operation and is touched"),
            Self::SideBySide(address) => write!(f, "`{address}` has two steps of which neither comes first"),
            Self::BatchWithoutLane(address) => write!(f, "`{address}` has a batch and no lane"),
            Self::Company(address) => write!(f, "`{address}` begins with a step that must come before it"),
        }
    }
}

/// Everything that is wrong with a plan. A plan with problems is not expected to be right.
#[must_use]
pub fn check(plan: &Plan, graph: &Graph, state: &State, options: &PlanOptions) -> Vec<Finding> {
    if !plan.problems().is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if let Some(stuck) = unordered(plan) {
        return vec![Finding::Order(stuck.clone())];
    }
    check_phases(plan, &mut findings);
    check_lanes(plan, &mut findings);
    let applies: BTreeMap<&Address, u32> = steps(plan, makes).collect();
    let slot = |at: u32| plan.steps()[at as usize].slot;
    let deletes = steps(plan, |step| step.action == Action::Delete);
    let deletes: BTreeMap<(&Address, Slot), u32> =
        deletes.map(|(address, at)| ((address, slot(at)), at)).collect();
    for (address, at) in &applies {
        for needs in graph.dependencies(address) {
            if applies.get(needs).is_some_and(|needed| !plan.steps()[*at as usize].after.contains(needed)) {
                findings.push(Finding::TooEarly { address: (*address).clone(), needs: needs.clone() });
            }
        }
    }
    for ((dependent, slot), at) in &deletes {
        let Some(entry) = state.object(dependent, *slot) else { continue };
        for address in &entry.dependencies {
            let Some(delete) = deletes.get(&(address, Slot::Current)) else { continue };
            // Where what was and what is wanted contradict each other, the other order may be the only one.
            if !plan.steps()[*delete as usize].after.contains(at) && !comes_before(plan, *delete, *at) {
                findings.push(Finding::DeletedTooEarly {
                    address: address.clone(),
                    dependent: (*dependent).clone(),
                });
            }
        }
    }
    let gone: BTreeSet<&Address> = plan
        .bookkeeping
        .iter()
        .filter_map(|record| match record {
            Record::Forget { address, slot: Slot::Current, .. } => Some(address),
            _ => None,
        })
        .collect();
    let adopted: BTreeSet<&Address> = plan.adopted.iter().map(|(address, _)| address).collect();
    let facts = Facts { applies, deletes, gone, adopted, state, options };
    for step in plan.steps() {
        check_step(step, &facts, &mut findings);
    }
    findings
}

fn makes(step: &Step) -> bool {
    matches!(step.action, Action::Create | Action::Update | Action::Read)
}

fn steps(plan: &Plan, wanted: impl Fn(&Step) -> bool) -> impl Iterator<Item = (&Address, u32)> {
    let numbered = plan.steps().iter().zip(0..);
    numbered.filter(move |(step, _)| wanted(step)).map(|(step, at)| (&step.address, at))
}

/// A step that cannot be put in order, if there is one.
fn unordered(plan: &Plan) -> Option<&Address> {
    let count = plan.steps().len();
    let mut waiting: Vec<usize> = plan.steps().iter().map(|step| step.after.len()).collect();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, step) in plan.steps().iter().enumerate() {
        for before in &step.after {
            match next.get_mut(*before as usize) {
                Some(next) => next.push(at),
                None => return Some(&step.address),
            }
        }
    }
    let mut done: Vec<usize> = (0..count).filter(|at| waiting[*at] == 0).collect();
    while let Some(at) = done.pop() {
        for after in &next[at] {
            waiting[*after] -= 1;
            if waiting[*after] == 0 {
                done.push(*after);
            }
        }
    }
    (0..count).find(|at| waiting[*at] > 0).map(|at| &plan.steps()[at].address)
}

/// Whether `first` comes before `then`, directly or not.
fn comes_before(plan: &Plan, first: u32, then: u32) -> bool {
    let mut seen = BTreeSet::new();
    let mut stack = vec![then];
    while let Some(at) = stack.pop() {
        if at == first {
            return true;
        }
        if seen.insert(at) {
            stack.extend(&plan.steps()[at as usize].after);
        }
    }
    false
}

fn check_phases(plan: &Plan, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for step in plan.steps() {
        let phase = match step.action {
            Action::Delete => 0,
            Action::Create | Action::Update | Action::Read => 1,
            Action::Check => 2,
        };
        if !seen.insert((&step.address, step.slot, phase)) {
            findings.push(Finding::Twice(step.address.clone()));
        }
    }
}

/// What changes one object goes one after the other. A lane sees to that as well, but not for steps of one batch, which begin
/// together if nothing else keeps them apart.
fn check_lanes(plan: &Plan, findings: &mut Vec<Finding>) {
    let mut changes: BTreeMap<(&Address, Slot), Vec<u32>> = BTreeMap::new();
    for (step, at) in plan.steps().iter().zip(0..) {
        if step.batch.is_some() && step.lane.is_none() {
            findings.push(Finding::BatchWithoutLane(step.address.clone()));
        }
        if step.with.is_some_and(|with| !may_begin_with(plan, step, with)) {
            findings.push(Finding::Company(step.address.clone()));
        }
        if !matches!(step.action, Action::Read) {
            changes.entry((&step.address, step.slot)).or_default().push(at);
        }
    }
    for ((address, _), steps) in changes {
        let directly = |first: u32, then: u32| plan.steps()[then as usize].after.contains(&first);
        let apart = |first: u32, then: u32| {
            directly(first, then)
                || directly(then, first)
                || comes_before(plan, first, then)
                || comes_before(plan, then, first)
        };
        let mut each = steps.iter().enumerate();
        if each.any(|(at, first)| steps[at + 1..].iter().any(|then| !apart(*first, *then))) {
            findings.push(Finding::SideBySide(address.clone()));
        }
    }
}

fn may_begin_with(plan: &Plan, step: &Step, with: u32) -> bool {
    let Some(other) = plan.steps().get(with as usize).filter(|_| step.after.contains(&with)) else {
        return false;
    };
    let both = [step, other];
    let takes = |value: &Value| value.comes_from(&other.address);
    both.iter().all(|one| one.action == Action::Create && one.unit.is_none())
        && step.lane.is_some()
        && step.lane == other.lane
        && step.batch.is_some()
        && step.batch == other.batch
        && !step.planned.values().any(takes)
}

struct Facts<'a> {
    applies: BTreeMap<&'a Address, u32>,
    deletes: BTreeMap<(&'a Address, Slot), u32>,
    gone: BTreeSet<&'a Address>,
    adopted: BTreeSet<&'a Address>,
    state: &'a State,
    options: &'a PlanOptions,
}

fn check_step(step: &Step, facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    let address = &step.address;
    let there = facts.state.object(address, step.slot);
    // What has gone is the current object; one that it has deposed may be there all the same.
    let is_gone = step.slot == Slot::Current && facts.gone.contains(address);
    let is_there = (there.is_some() && !is_gone) || facts.adopted.contains(address);
    let fits = match step.action {
        Action::Create => !is_there || facts.deletes.contains_key(&(address, Slot::Current)),
        Action::Update | Action::Delete => is_there,
        Action::Read | Action::Check => true,
    };
    if !fits {
        findings.push(Finding::WrongAction(address.clone()));
    }
    if step.action == Action::Delete
        && there.is_some_and(|entry| entry.protect && step.slot == Slot::Current)
        && !facts.options.consent.contains(address)
        && !facts.applies.contains_key(address)
    {
        findings.push(Finding::NoConsent(address.clone()));
    }
    if facts.state.open_intents().any(|(_, open)| open.begin.address == *address) {
        findings.push(Finding::Open(address.clone()));
    }
    let values =
        step.changes.iter().flat_map(|change| [&change.before, &change.after]).chain(step.planned.values());
    for value in values {
        if holds_secret(value) {
            findings.push(Finding::SecretInClear(address.clone()));
        }
        if let Some(origin) = value.first_unknown()
            && !facts.applies.contains_key(&origin.address)
        {
            findings.push(Finding::Dangling(address.clone()));
        }
    }
}

/// Whether any part of a value is a secret in clear; the linter has its own eyes.
fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Sensitive(_) => true,
        Value::List(values) => values.iter().any(holds_secret),
        Value::Map(map) => map.values().any(holds_secret),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Unknown(_)
        | Value::Redacted(_) => false,
    }
}
