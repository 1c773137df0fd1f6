//! From graph, state and what was seen to the decision about each resource. Pure.

mod nodes;
mod refresh;
mod steps;
mod unwanted;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::Drafts;
use super::{DeferReason, Knowledge, Mode, Plan, PlanOptions, Problem, ProblemKind};
use crate::Address;
use crate::diff::Judge;
use crate::graph::Graph;
use crate::provider::{Failure, Object, Provider, ResourceType};
use crate::record::{Slot, StateEntry};
use crate::secret::DigestKey;
use crate::state::State;
use crate::value::{AttributePath, Shared, Value, ValueMap};

/// What was seen of the world.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The objects that were read. What is not here is taken to be as the state says.
    pub objects: BTreeMap<(Address, Slot), Seen>,
    /// The data sources that were read, with the inputs that they were read with.
    pub data: BTreeMap<Address, (ValueMap, Result<ValueMap, Failure>)>,
}

/// What was seen of one object.
#[derive(Clone, Debug)]
pub enum Seen {
    /// It is there.
    Found(Object),
    /// It has certainly gone.
    Gone,
    /// The service does not show it.
    Hidden(String),
    /// It could not be read.
    Failed(Failure),
}

impl Observed {
    /// What was seen of current objects, by address.
    fn current(&self) -> impl Iterator<Item = (&Address, &Seen)> {
        let is_current = |((_, slot), _): &(&(Address, Slot), &Seen)| *slot == Slot::Current;
        self.objects.iter().filter(is_current).map(|((address, _), seen)| (address, seen))
    }
}

/// For each of some sorted keys what was found for it. What was found, sorted as well, and has no key goes to `left`.
fn align<'k, V>(
    keys: impl IntoIterator<Item = &'k Address>,
    found: impl Iterator<Item = (&'k Address, V)>,
    mut left: impl FnMut(&'k Address, V),
) -> Vec<Option<V>> {
    let mut found = found.peekable();
    let mut find = |key: &Address| {
        loop {
            let (next, _) = found.peek()?;
            let order = (*next).cmp(key);
            if order == Ordering::Greater {
                return None;
            }
            let (address, value) = found.next()?;
            if order == Ordering::Equal {
                return Some(value);
            }
            left(address, value);
        }
    };
    let aligned = keys.into_iter().map(&mut find).collect();
    found.for_each(|(address, value)| left(address, value));
    aligned
}

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// Knows the types.
    pub provider: &'a dyn Provider,
    /// Recognises secrets.
    pub key: &'a DigestKey,
    /// What is wanted.
    pub graph: &'a Graph,
    /// What is known.
    pub state: &'a State,
    /// What was seen.
    pub observed: &'a Observed,
}

/// Makes a plan. Whatever stands in its way is in [`Plan::problems`], all of it.
#[must_use]
pub fn plan(input: PlanInput<'_>, options: &PlanOptions) -> Plan {
    let mut planner = Planner::new(input, options);
    planner.refresh_deposed();
    match options.mode {
        Mode::RefreshOnly => planner.refresh_others(),
        Mode::Apply | Mode::Destroy => {
            planner.decide_nodes();
            planner.decide_unwanted();
            planner.check_replacements();
        }
    }
    planner.finish()
}

/// An object of the state.
#[derive(Clone, Copy)]
struct There<'a> {
    entry: &'a Arc<StateEntry>,
    /// What was seen of it, if it was looked for.
    seen: Option<&'a Seen>,
}

struct Planner<'a> {
    input: PlanInput<'a>,
    options: &'a PlanOptions,
    /// What the state has of the nodes that something is decided about, by position. Everything at once: state, graph and what
    /// was seen come in the order of addresses, and looking 100,000 of them up takes longer than all the rest.
    there: Vec<Option<There<'a>>>,
    /// What else the state has.
    others: Vec<(&'a Address, There<'a>)>,
    /// What was seen and is not in the state: it may be taken over.
    strange: BTreeMap<&'a Address, &'a Seen>,
    /// The deposed objects as they are after what was seen, in the order of the state; `None` if gone.
    deposed: Vec<Option<Arc<StateEntry>>>,
    blocked: BTreeMap<Address, DeferReason>,
    knowledge: Knowledge<'a>,
    /// Nodes with a step, and what it changes.
    touched: Vec<Option<Vec<AttributePath>>>,
    drafts: Drafts,
    shared: Shared,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn new(input: PlanInput<'a>, options: &'a PlanOptions) -> Self {
        let blocked = input.state.open_intents();
        let blocked = blocked.map(|(_, open)| (open.begin.address.clone(), DeferReason::Open)).collect();
        let wanted = if options.mode == Mode::Apply { input.graph.addresses() } else { &[] };
        // What was seen has the addresses of the state, and is found without comparing them letter by letter.
        let mut strange = BTreeMap::new();
        let known = input.state.entries().map(|(address, _)| address);
        let seen = align(known, input.observed.current(), |address, seen| {
            strange.insert(address, seen);
        });
        let entries = input.state.entries().zip(seen);
        let entries = entries.map(|((address, entry), seen)| (address, There { entry, seen }));
        let mut others = Vec::new();
        let there = align(wanted, entries, |address, there| others.push((address, there)));
        // What is wanted and not there is made, what is there and not wanted goes: a step for each.
        let steps = there.iter().filter(|there| there.is_none()).count() + others.len();
        Self {
            input,
            options,
            there,
            others,
            strange,
            deposed: Vec::new(),
            blocked,
            knowledge: Knowledge::new(input.graph, input.provider),
            touched: vec![None; input.graph.nodes().len()],
            drafts: Drafts::with_room_for(steps),
            shared: Shared::default(),
            plan: Plan {
                lineage: input.state.lineage().into(),
                serial: input.state.serial(),
                mode: options.mode,
                steps: Vec::new(),
                deferred: Vec::new(),
                drift: Vec::new(),
                problems: Vec::new(),
                protections: Vec::new(),
                adopted: Vec::new(),
                outputs: ValueMap::new(),
                outputs_changed: false,
                unchanged: 0,
                bookkeeping: Vec::new(),
                groups: input.graph.rolling_groups().to_vec(),
            },
        }
    }

    fn judge(&self, resource_type: &'a ResourceType) -> Judge<'a> {
        Judge { provider: self.input.provider, key: self.input.key, resource_type }
    }

    fn needs_consent(&self, address: &Address, resource_type: &ResourceType, protected: bool) -> bool {
        (protected || resource_type.holds_data) && !self.options.consent.contains(address)
    }

    fn consent_problem(&mut self, address: &Address, resource_type: &ResourceType, what: &str) {
        let why = if resource_type.holds_data { "it holds data" } else { "it is protected" };
        let message = format!("would be {what}, but {why}: that needs consent that names it");
        self.problem(Some(address), None, ProblemKind::ConsentNeeded, message);
    }

    fn problem(
        &mut self,
        address: Option<&Address>,
        attribute: Option<AttributePath>,
        kind: ProblemKind,
        message: String,
    ) {
        self.plan.problems.push(Problem { address: address.cloned(), attribute, kind, message });
    }

    /// A replacement of something that is neither wanted nor there is a slip of the pen. Consent to what has gone already
    /// is not: a run that is repeated after a crash gives the same consent again.
    fn check_replacements(&mut self) {
        for address in &self.options.replace {
            if self.input.state.entry(address).is_none() && self.input.graph.position(address).is_none() {
                let message = "is to be replaced, but is neither wanted nor there".to_owned();
                self.problem(Some(address), None, ProblemKind::Invalid, message);
            }
        }
    }

    fn finish(mut self) -> Plan {
        self.plan_outputs();
        let mut drafts = std::mem::take(&mut self.drafts);
        drafts.leave_lanes(&self.occupied_lanes());
        let ordered = super::order::order(drafts, self.input.graph, self.input.provider, self.options);
        self.plan.steps = ordered.steps;
        self.plan.deferred.extend(ordered.deferred);
        self.plan.deferred.sort_by(|a, b| a.address.cmp(&b.address));
        if let Some(message) = ordered.cyclic {
            self.problem(None, None, ProblemKind::Cyclic, message);
        }
        self.plan.problems.sort();
        self.plan.problems.dedup();
        self.plan.drift.sort_by(|a, b| a.address.cmp(&b.address));
        self.plan
    }

    fn plan_outputs(&mut self) {
        if self.options.mode != Mode::Apply {
            self.plan.outputs = self.input.state.outputs().clone();
            return;
        }
        let mut failed = Vec::new();
        let outputs: ValueMap = self
            .input
            .graph
            .outputs()
            .iter()
            .map(|(name, expr)| (name.clone(), self.knowledge.resolve(expr, &mut failed)))
            .collect();
        for failure in failed {
            self.problem(None, None, ProblemKind::Invalid, format!("in an output: {failure}"));
        }
        let stored = self.input.state.outputs();
        let key = self.input.key;
        let same = |name: &str, value: &Value| match (stored.get(name), value) {
            (Some(Value::Redacted(digest)), Value::Sensitive(secret)) => {
                key.recognises(digest, secret.expose())
            }
            (Some(before), now) => before == now,
            (None, now) => now.is_null(),
        };
        let known = |value: &Value| value.first_unknown().is_none();
        // An output that waits for a step is that step's doing; it is no change of its own.
        self.plan.outputs_changed = outputs.iter().any(|(name, value)| known(value) && !same(name, value))
            || stored.keys().any(|name| outputs.get(name).is_none());
        self.plan.outputs = key.redact_map("output", &outputs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_gets_what_was_found_for_it_and_the_rest_is_left() {
        let addresses = |text: &str| -> Vec<Address> {
            text.split_whitespace().map(|name| format!("t.{name}").parse().unwrap()).collect()
        };
        let check = |keys: &str, found: &str, expected: &str, expected_left: &str| {
            let (keys, found) = (addresses(keys), addresses(found));
            let mut left = Vec::new();
            let pairs = found.iter().map(|address| (address, address.clone()));
            let aligned = align(&keys, pairs, |address, _| left.push(address.name().to_owned()));
            let aligned: Vec<&str> =
                aligned.iter().map(|found| found.as_ref().map_or("-", Address::name)).collect();
            assert_eq!((aligned.join(" "), left.join(" ")), (expected.to_owned(), expected_left.to_owned()));
        };
        check("", "", "", "");
        check("a b", "", "- -", "");
        check("", "a b", "", "a b");
        check("a b c", "a b c", "a b c", "");
        check("b d", "a b c d e", "b d", "a c e");
        check("a c e", "b c d", "- c -", "b d");
    }
}
