//! What an earlier run left open is settled before anything is planned.

use std::sync::Arc;

use super::driver::{Driver, JobEnd, now};
use super::event::{Event, Observer};
use super::job::{Job, Tries, payload};
use super::{Cancel, Context};
use crate::Address;
use crate::graph::Graph;
use crate::journal::{Ledger, LedgerError};
use crate::plan::{Knowledge, Known, type_of, with_ignored};
use crate::record::{IntentId, Operation, Slot, StateEntry};
use crate::state::{OpenIntent, State};
use crate::value::ValueMap;

/// What became of the operations that were open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// They came to an end, good or bad: the next plan knows.
    pub ended: Vec<Address>,
    /// Nobody knows yet, for this reason. A plan leaves these alone.
    pub open: Vec<(Address, String)>,
}

/// Settles every operation that is open: waits for it, sends it again with its token, or looks for it.
///
/// `graph` is what a lost create is rebuilt from; without it, or if it gives another payload, the create is looked for.
///
/// # Errors
/// If the ledger fails; nothing has been sent since then.
///
/// # Cancel safety
/// It may be dropped at any await: what is on disk is true.
pub async fn settle(
    context: Context<'_>,
    graph: Option<&Graph>,
    ledger: &mut dyn Ledger,
    observer: &mut dyn Observer,
    cancel: &Cancel,
) -> Result<Settled, LedgerError> {
    let mut settled = Settled::default();
    let mut driver = Driver::new(context, cancel);
    let mut stopping = cancel.is_stopping();
    context.provider.stop(stopping);
    let state = ledger.state();
    for ((intent, open), id) in state.open_intents().zip(0..) {
        let address = open.begin.address.clone();
        let Some(job) = job(context, graph, state, intent, open) else {
            settled.open.push((address, "the provider does not know its type".to_owned()));
            continue;
        };
        observer.event(&Event::Settling { address });
        driver.resume(id, job);
    }
    loop {
        driver.commit(ledger).await?;
        if driver.is_idle() {
            break;
        }
        // Settling only finishes what has begun, so the first cancel lets it go on. But nothing is sent again from then on.
        let Some(ended) = driver.landed(cancel, stopping, observer).await else {
            if cancel.is_leaving() {
                break;
            }
            stopping = true;
            context.provider.stop(true);
            continue;
        };
        for (_, job, end) in ended {
            match end {
                // What came to nothing is wanted still: the plan that follows begins it anew.
                JobEnd::Done(_) | JobEnd::Failed(_) | JobEnd::Anew { .. } | JobEnd::Withheld { .. } => {
                    settled.ended.push(job.address)
                }
                JobEnd::Open { message } => settled.open.push((job.address, message)),
            }
        }
    }
    settled.ended.sort();
    settled.open.sort();
    Ok(settled)
}

fn job(
    context: Context<'_>,
    graph: Option<&Graph>,
    state: &State,
    intent: IntentId,
    open: &OpenIntent,
) -> Option<Job> {
    let begin = &open.begin;
    let resource_type = type_of(context.provider, &begin.address)?;
    let prior = match begin.operation {
        Operation::Create => None,
        Operation::Update | Operation::Delete => state.object(&begin.address, begin.slot).cloned(),
    };
    let blank = || {
        Arc::new(StateEntry {
            identifier: None,
            inputs: ValueMap::new(),
            attributes: ValueMap::new(),
            dependencies: Vec::new(),
            protect: false,
            status: crate::record::Status::Pending,
            private: crate::value::Value::Null,
            schema_version: resource_type.schema_version,
        })
    };
    let draft = begin.draft.clone().or_else(|| prior.clone()).unwrap_or_else(blank);
    let identifier =
        open.identifier.clone().or_else(|| prior.as_ref().and_then(|prior| prior.identifier.clone()));
    let inputs = graph.and_then(|graph| inputs(context, graph, state, &begin.address)).filter(|inputs| {
        let payload = payload((&begin.address, begin.operation), identifier.as_ref(), Some(inputs));
        context.key.digest_value(&payload) == begin.payload_digest
    });
    let started = now(context).monotonic;
    Some(Job {
        intent,
        address: begin.address.clone(),
        slot: begin.slot,
        operation: begin.operation,
        token: begin.retry_token.clone(),
        begun: begin.at,
        // The run before may have sent its request in its last moment.
        lost_at: now(context).wall,
        draft,
        prior,
        inputs,
        changed: Vec::new(),
        promised: ValueMap::new(),
        protect_next: begin.protect,
        identifier,
        pending: open.pending.clone(),
        unclear: true,
        tries: Tries::default(),
        refusal: None,
        anew: 0,
        started,
        until: started + resource_type.limit.of(begin.operation),
        expected: resource_type.expected.of(begin.operation),
        visible_within: resource_type.visible_within,
    })
}

/// The inputs of a node as the state alone lets them be resolved.
fn inputs(context: Context<'_>, graph: &Graph, state: &State, address: &Address) -> Option<ValueMap> {
    let position = graph.position(address)?;
    let knowledge = known_from_state(context, graph, state, &[position]);
    let mut failed = Vec::new();
    let inputs = knowledge.resolve_inputs(position, &mut failed);
    let resource_type = type_of(context.provider, address)?;
    let schema = &resource_type.schema;
    let inputs = schema.mark_sensitive(&schema.with_defaults(&inputs));
    let node = &graph.nodes()[position as usize];
    let inputs = match state.object(address, Slot::Current) {
        Some(entry) => with_ignored(node, inputs, &entry.attributes),
        None => inputs,
    };
    let usable = failed.is_empty()
        && inputs.values().all(|value| value.first_unknown().is_none() && !value.has_redacted());
    usable.then_some(inputs)
}

/// What the state knows of everything that `wanted` needs, directly or not.
pub(super) fn known_from_state<'a>(
    context: Context<'a>,
    graph: &'a Graph,
    state: &State,
    wanted: &[u32],
) -> Knowledge<'a> {
    let mut knowledge = Knowledge::new(graph, context.provider);
    let needed = ancestors(graph, wanted);
    for position in graph.order().iter().copied().filter(|position| needed[*position as usize]) {
        let node = &graph.nodes()[position as usize];
        let resource_type = type_of(context.provider, &node.address);
        let known = match (state.entry(&node.address), resource_type) {
            (Some(entry), Some(resource_type)) if !node.address.is_data() => {
                let inputs = knowledge.resolve_inputs(position, &mut Vec::new());
                let schema = &resource_type.schema;
                let desired = schema.mark_sensitive(&schema.with_defaults(&inputs));
                let desired = with_ignored(node, desired, &entry.attributes);
                Known::All { desired, attributes: entry.attributes.clone() }
            }
            _ => Known::Nothing,
        };
        knowledge.nodes[position as usize] = Some(known);
    }
    knowledge
}

/// Marks what `wanted` needs, directly or not, without `wanted` itself unless it is needed.
pub(super) fn ancestors(graph: &Graph, wanted: &[u32]) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes().len()];
    let mut stack: Vec<u32> = wanted.iter().flat_map(|at| graph.edges().of(*at)).copied().collect();
    while let Some(at) = stack.pop() {
        if !std::mem::replace(&mut needed[at as usize], true) {
            stack.extend(graph.edges().of(at));
        }
    }
    needed
}
