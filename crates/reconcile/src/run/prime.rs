//! What is known before the first step: enough to say what each step will ask for, and that it is what was planned.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::apply::ApplyError;
use super::{Context, driver::no_answer};
use crate::Address;
use crate::graph::Graph;
use crate::plan::{Action, Knowledge, Known, Plan, Step, agree, with_ignored};
use crate::provider::{ReadAnswer, ReadRequest, ResourceType};
use crate::record::{Record, Slot, StateEntry};
use crate::state::State;
use crate::value::{Value, ValueMap};

/// What is known of the nodes that the plan's steps and the outputs need.
pub(super) async fn prime<'a>(
    context: Context<'a>,
    graph: &'a Graph,
    plan: &Plan,
    state: &State,
) -> Result<Knowledge<'a>, ApplyError> {
    let overlay = overlay(plan);
    let entry = |address: &Address| match overlay.get(address) {
        Some(entry) => entry.clone(),
        None => state.entry(address).cloned(),
    };
    let mut actions: Vec<Option<&Step>> = vec![None; graph.nodes().len()];
    for (step, position) in
        plan.steps().iter().zip(graph.positions(plan.steps().iter().map(|step| &step.address)))
    {
        if matches!(step.action, Action::Create | Action::Update | Action::Read) {
            let changed = || ApplyError::ConfigurationChanged(step.address.clone());
            actions[position.ok_or_else(changed)? as usize] = Some(step);
        }
    }
    let mut knowledge = Knowledge::new(graph, context.provider);
    let needed = needed(graph, &actions, &entry);
    for position in graph.order().iter().copied().filter(|position| needed[*position as usize]) {
        let node = &graph.nodes()[position as usize];
        let Some(resource_type) = knowledge.type_of(position) else { continue };
        let (entry, step) = (entry(&node.address), actions[position as usize]);
        let desired = match &entry {
            Some(entry) if step.is_none() && tells_its_inputs(entry) => entry.inputs.clone(),
            _ => {
                let inputs = knowledge.resolve_inputs(position, &mut Vec::new());
                let schema = &resource_type.schema;
                schema.mark_sensitive(&schema.with_defaults(&inputs))
            }
        };
        let desired = match (&entry, step.map(|step| &step.action)) {
            (None, _) | (_, Some(Action::Create)) => desired,
            (Some(entry), _) => with_ignored(node, desired, &entry.attributes),
        };
        let desired = match step {
            // Mostly it is what was planned, to the letter, and then one of them is enough.
            Some(step) if desired == step.planned => step.planned.clone(),
            Some(step) if !agree(context.key, &step.planned, &desired) => {
                return Err(ApplyError::ConfigurationChanged(node.address.clone()));
            }
            Some(_) | None => desired,
        };
        let known = match (step.map(|step| &step.action), entry) {
            (Some(Action::Read), _) => Known::Unread,
            (Some(Action::Create), _) => Known::Created { desired },
            (Some(_), Some(entry)) => Known::Updated { desired, attributes: entry.attributes.clone() },
            (_, None) if node.address.is_data() => read_data(context, resource_type, desired).await,
            (None, Some(entry)) => {
                let attributes =
                    clear_attributes(context, resource_type, &node.address, &desired, &entry).await;
                Known::All { desired, attributes }
            }
            (_, None) => Known::Nothing,
        };
        knowledge.nodes[position as usize] = Some(known);
    }
    Ok(knowledge)
}

/// The entries that the plan's bookkeeping changes.
fn overlay(plan: &Plan) -> BTreeMap<Address, Option<Arc<StateEntry>>> {
    let entry = |record: &Record| match record {
        Record::Put { address, slot: Slot::Current, entry } => {
            Some((address.clone(), Some(Arc::new((**entry).clone()))))
        }
        Record::Forget { address, slot: Slot::Current, .. } => Some((address.clone(), None)),
        _ => None,
    };
    plan.bookkeeping.iter().filter_map(entry).collect()
}

/// The nodes with steps, what they and the outputs refer to, and what those need in turn to tell their inputs.
fn needed(
    graph: &Graph,
    actions: &[Option<&Step>],
    entry: &impl Fn(&Address) -> Option<Arc<StateEntry>>,
) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes().len()];
    let steps = (0..).zip(actions).filter(|(_, step)| step.is_some()).map(|(position, _)| position);
    let mut stack: Vec<u32> = steps.chain(outputs(graph)).collect();
    while let Some(position) = stack.pop() {
        if std::mem::replace(&mut needed[position as usize], true) {
            continue;
        }
        let address = &graph.nodes()[position as usize].address;
        let resolved = actions[position as usize].is_some()
            || address.is_data()
            || entry(address).is_some_and(|entry| !tells_its_inputs(&entry));
        if resolved {
            stack.extend(graph.edges().of(position));
        }
    }
    needed
}

/// Whether the inputs of an object that stays as it is can be taken from its entry: the planner has brought that up to
/// date, and nothing in it is known by its digest only.
fn tells_its_inputs(entry: &StateEntry) -> bool {
    !entry.inputs.values().any(Value::has_redacted)
}

/// The nodes that the outputs refer to.
fn outputs(graph: &Graph) -> Vec<u32> {
    let mut found = Vec::new();
    for expr in graph.outputs().values() {
        expr.references(&mut |reference| found.extend(graph.position(&reference.address)));
    }
    found
}

async fn read_data(context: Context<'_>, resource_type: &ResourceType, desired: ValueMap) -> Known {
    if desired.values().any(|value| value.first_unknown().is_some()) {
        return Known::Unread;
    }
    match context.provider.read_data(&resource_type.name, desired.clone()).await {
        Ok(attributes) => {
            Known::All { desired, attributes: resource_type.schema.mark_sensitive(&attributes) }
        }
        Err(_) => Known::Unread,
    }
}

/// The attributes of an object that stays as it is; secrets that only the service tells are asked for again.
async fn clear_attributes(
    context: Context<'_>,
    resource_type: &ResourceType,
    address: &Address,
    desired: &ValueMap,
    entry: &Arc<StateEntry>,
) -> ValueMap {
    let told_by_desired = |name: &str| desired.get(name).is_some_and(|value| !value.is_null());
    let hidden = entry.attributes.iter().any(|(name, value)| value.has_redacted() && !told_by_desired(name));
    let (true, Some(identifier)) = (hidden, entry.identifier.clone()) else {
        return entry.attributes.clone();
    };
    let request = ReadRequest { address: address.clone(), identifier, entry: Some(entry.clone()) };
    let answers = context.provider.read(&resource_type.name, vec![request]).await;
    match answers.into_iter().next().unwrap_or_else(no_answer) {
        ReadAnswer::Found(object) => resource_type.schema.mark_sensitive(&object.attributes),
        ReadAnswer::Gone | ReadAnswer::Hidden(_) | ReadAnswer::Failed(_) => entry.attributes.clone(),
    }
}
