//! Changing a failed run back: what it changed becomes what it was before.
//!
//! It is an apply like any other, of a graph that is made from what the state remembers. So it can be killed and
//! resumed: the state says that a rollback is under way, and the same call goes on with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::apply::{ApplyError, ApplyOptions, Summary, apply};
use super::event::{Event, Observer};
use super::{Cancel, Context, settle};
use crate::Address;
use crate::graph::{Graph, GraphBuilder, Node};
use crate::journal::Ledger;
use crate::plan::{Mode, Observed, PlanInput, PlanOptions, ProblemKind, plan};
use crate::record::{Record, RunMark, StateEntry};
use crate::state::State;
use crate::value::{Expr, Reference, Value};

/// Changes a run back that the state remembers ([`State::run`]). Without one there is nothing to do.
///
/// `graph` is what the run wanted: secrets are taken from it where they have not changed. `consent` names what holds data or
/// is protected and may be deleted or replaced; everything else of that kind stays, and what it needs stays with it.
///
/// # Errors
/// As [`apply`]. Called again, it goes on where it was.
pub async fn rollback(
    context: Context<'_>,
    graph: &Graph,
    consent: &BTreeSet<Address>,
    ledger: &mut dyn Ledger,
    options: &ApplyOptions,
    observer: &mut dyn Observer,
    cancel: &Cancel,
) -> Result<Summary, ApplyError> {
    let Some(run) = ledger.state().run() else { return Ok(Summary::default()) };
    if !run.rolling_back {
        ledger.commit(vec![Record::Run(RunMark::RollingBack)]).await?;
    }
    observer.event(&Event::RollingBack);
    settle(context, None, ledger, observer, cancel).await?;
    let state = ledger.state();
    let before = before(context, graph, state)?;
    let plan = plan_back(context, &before, state, consent);
    let summary = apply(context, &before, &plan, ledger, options, observer, cancel).await?;
    if summary.is_success() {
        ledger.commit(vec![Record::Run(RunMark::Ended)]).await?;
    }
    Ok(summary)
}

/// A plan for what can be changed back: what nobody agreed to lose stays, and so does what needs an unknown secret.
fn plan_back(
    context: Context<'_>,
    before: &Graph,
    state: &State,
    consent: &BTreeSet<Address>,
) -> crate::plan::Plan {
    let observed = Observed::default();
    let input =
        PlanInput { provider: context.provider, key: context.key, graph: before, state, observed: &observed };
    let mut options = PlanOptions {
        mode: Mode::Apply,
        consent: consent.clone(),
        keep_protected: true,
        ..PlanOptions::default()
    };
    loop {
        let plan = plan(input, &options);
        let stays = |kind| matches!(kind, ProblemKind::ConsentNeeded | ProblemKind::SecretUnknown);
        let problems = plan.problems().iter().filter(|problem| stays(problem.kind));
        let mut stuck: Vec<Address> = problems.filter_map(|problem| problem.address.clone()).collect();
        stuck.dedup();
        // Each round leaves out more, so this ends.
        let excluded = options.exclude.len();
        let patterns = stuck.iter().filter_map(|address| address.as_str().parse().ok());
        options
            .exclude
            .extend(patterns.filter(|pattern| !options.exclude.contains(pattern)).collect::<Vec<_>>());
        if options.exclude.len() == excluded {
            return plan;
        }
    }
}

/// The graph of what was before. Everything that the run did not touch stands there as it is.
fn before(context: Context<'_>, graph: &Graph, state: &State) -> Result<Graph, ApplyError> {
    let changed = state.run().map(|run| run.before.clone()).unwrap_or_default();
    let mut entries: BTreeMap<&Address, &Arc<StateEntry>> = state.entries().collect();
    for (address, before) in &changed {
        match before {
            Some(entry) => entries.insert(address, entry),
            None => entries.remove(address),
        };
    }
    let mut builder = GraphBuilder::default();
    for (address, entry) in &entries {
        let mut node = Node::new((*address).clone());
        node.depends_on =
            entry.dependencies.iter().filter(|needed| entries.contains_key(needed)).cloned().collect();
        node.lifecycle.protect = Some(entry.protect);
        for (name, value) in entry.inputs.iter() {
            node.inputs
                .insert(name.clone(), expression(context, graph, address, name, value, entry, &entries));
        }
        builder.add(node);
    }
    let first = |errors: Vec<crate::graph::GraphError>| ApplyError::Problems {
        first: errors.first().map_or_else(String::new, ToString::to_string),
    };
    builder.build().map_err(first)
}

/// An input as it was. Names of objects that may be made anew are references, secrets come from the configuration.
fn expression(
    context: Context<'_>,
    graph: &Graph,
    address: &Address,
    name: &Arc<str>,
    value: &Value,
    entry: &StateEntry,
    entries: &BTreeMap<&Address, &Arc<StateEntry>>,
) -> Expr {
    if let Value::Redacted(digest) = value
        && let Some(Expr::Value(wanted)) = graph.node(address).and_then(|node| node.inputs.get(name))
        && context.key.recognises(digest, wanted)
    {
        return Expr::Value(Value::sensitive(wanted.clone()));
    }
    refer(value, &|text| {
        entry.dependencies.iter().find_map(|needed| {
            let other = entries.get(needed)?;
            let identifier = other.identifier.as_ref().filter(|identifier| ***identifier == *text)?;
            let named = |(_, value): &(&Arc<str>, &Value)| **value == Value::String(identifier.clone());
            let attribute = other.attributes.iter().find(named)?.0.clone();
            Some(Reference::new((*needed).clone(), &attribute))
        })
    })
}

fn refer(value: &Value, find: &impl Fn(&str) -> Option<Reference>) -> Expr {
    match value {
        Value::String(text) => find(text).map_or_else(|| Expr::Value(value.clone()), Expr::Reference),
        Value::List(values) => Expr::List(values.iter().map(|value| refer(value, find)).collect()),
        Value::Map(map) => {
            Expr::Map(map.iter().map(|(name, value)| (name.clone(), refer(value, find))).collect())
        }
        other => Expr::Value(other.clone()),
    }
}
