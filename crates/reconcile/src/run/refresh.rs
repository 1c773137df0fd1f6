//! Looking at the world: many objects of one type at a time, then the data sources.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Context;
use super::driver::no_answer;
use super::flights::Flights;
use super::settle::known_from_state;
use crate::Address;
use crate::graph::Graph;
use crate::plan::{Known, Observed, Seen, type_of};
use crate::provider::{Failure, Object, ReadAnswer, ReadRequest};
use crate::record::{Identifier, Slot, StateEntry, Status};
use crate::state::State;

/// Reads that the provider says may work later are repeated at most this often.
const READS_MAX: u32 = 4;

/// So many objects are asked for at once. That is plenty for a provider that lists or reads side by side, and what is asked
/// and answered about a batch stays in the processor's cache.
const BATCH_MAX: usize = 1000;

/// What the world is like, as far as the graph and the state are concerned.
///
/// Without `objects` (`--refresh=false`) only data sources are read, and what a node takes over.
///
/// # Cancel safety
/// It only reads, so it may be dropped at any await.
pub async fn refresh(context: Context<'_>, graph: &Graph, state: &State, objects: bool) -> Observed {
    let mut observed = Observed::default();
    read_objects(context, &wanted(graph, state, objects), &mut observed).await;
    read_data(context, graph, state, &mut observed).await;
    observed
}

/// By type.
type Wanted<'a> = BTreeMap<&'a str, Vec<WantedObject<'a>>>;

/// An object to look at.
#[derive(Clone, Copy)]
struct WantedObject<'a> {
    address: &'a Address,
    slot: Slot,
    identifier: &'a Identifier,
    entry: Option<&'a Arc<StateEntry>>,
}

impl WantedObject<'_> {
    fn request(&self) -> ReadRequest {
        let (address, identifier) = (self.address.clone(), self.identifier.clone());
        ReadRequest { address, identifier, entry: self.entry.cloned() }
    }
}

fn wanted<'a>(graph: &'a Graph, state: &'a State, objects: bool) -> Wanted<'a> {
    let mut wanted: Wanted<'a> = BTreeMap::new();
    let mut want = |object: WantedObject<'a>| {
        wanted.entry(object.address.resource_type()).or_default().push(object);
    };
    if objects {
        let current = state.entries().map(|(address, entry)| (address, Slot::Current, entry));
        let deposed = state.deposed().map(|(address, intent, entry)| (address, Slot::Deposed(intent), entry));
        for (address, slot, entry) in current.chain(deposed) {
            if let Some(identifier) = entry.identifier.as_ref().filter(|_| entry.status != Status::Pending) {
                want(WantedObject { address, slot, identifier, entry: Some(entry) });
            }
        }
    }
    for node in graph.nodes() {
        if let Some(identifier) = &node.adopt
            && state.entry(&node.address).is_none()
        {
            want(WantedObject { address: &node.address, slot: Slot::Current, identifier, entry: None });
        }
    }
    wanted
}

async fn read_objects(context: Context<'_>, wanted: &Wanted<'_>, observed: &mut Observed) {
    let mut flights = Flights::new();
    for ((name, objects), id) in wanted.iter().zip(0..) {
        flights.start(id, Box::pin(read_type(context, name, objects)));
    }
    let types: Vec<_> = wanted.values().collect();
    let mut all = Vec::with_capacity(types.iter().map(|objects| objects.len()).sum());
    while !flights.is_empty() {
        for (id, answers) in flights.landed().await {
            let seen = types[id as usize].iter().zip(answers).map(|(object, answer)| {
                let seen = match answer {
                    ReadAnswer::Found(object) => Seen::Found(object),
                    ReadAnswer::Gone => Seen::Gone,
                    ReadAnswer::Hidden(message) => Seen::Hidden(message),
                    ReadAnswer::Failed(failure) => Seen::Failed(failure),
                };
                ((object.address.clone(), object.slot), seen)
            });
            all.extend(seen);
        }
    }
    // Made at once from what is nearly sorted: faster than putting one after another in.
    observed.objects = all.into_iter().collect();
    parts_go_with_their_whole(context, wanted, observed);
}

/// What the service does not show has gone if what it is a part of has. A part may be the whole of others.
fn parts_go_with_their_whole(context: Context<'_>, wanted: &Wanted<'_>, observed: &mut Observed) {
    // Mostly nothing is hidden, and then nothing has to be looked up for each of thousands of objects.
    if !observed.objects.values().any(|seen| matches!(seen, Seen::Hidden(_))) {
        return;
    }
    let all = || wanted.values().flatten();
    let mut hidden: Vec<_> =
        all().filter(|object| matches!(seen_of(observed, object), Some(Seen::Hidden(_)))).collect();
    loop {
        let before = hidden.len();
        if before == 0 {
            return;
        }
        let gone: Vec<_> =
            all().filter(|object| matches!(seen_of(observed, object), Some(Seen::Gone))).collect();
        hidden.retain(|part| {
            let has_gone = went_with_its_whole(context, part, &gone);
            if has_gone {
                observed.objects.insert((part.address.clone(), part.slot), Seen::Gone);
            }
            !has_gone
        });
        if hidden.len() == before {
            return;
        }
    }
}

fn seen_of<'a>(observed: &'a Observed, object: &WantedObject<'_>) -> Option<&'a Seen> {
    observed.objects.get(&(object.address.clone(), object.slot))
}

/// Whether what `part` is a part of is among what has `gone`, or is told by something there that `part` refers to.
fn went_with_its_whole(context: Context<'_>, part: &WantedObject<'_>, gone: &[&WantedObject<'_>]) -> bool {
    let Some(entry) = part.entry else { return false };
    let Some(whole) = context.provider.whole(part.address.resource_type(), entry) else { return false };
    let tells = |other: &&&WantedObject<'_>| {
        let is_referred_to = entry.dependencies.contains(other.address);
        is_referred_to
            && other
                .entry
                .is_some_and(|other| other.attributes.values().any(|value| value.as_str() == Some(&whole)))
    };
    gone.iter().any(|other| *other.identifier == whole || tells(&other))
}

/// Reads objects of one type, a batch after the other.
async fn read_type(context: Context<'_>, name: &str, objects: &[WantedObject<'_>]) -> Vec<ReadAnswer> {
    let mut answers = Vec::with_capacity(objects.len());
    for batch in objects.chunks(BATCH_MAX) {
        answers.extend(read_batch(context, name, batch).await);
    }
    answers
}

/// Reads some objects; asks again for those that may work later.
async fn read_batch(context: Context<'_>, name: &str, objects: &[WantedObject<'_>]) -> Vec<ReadAnswer> {
    let requests = objects.iter().map(WantedObject::request).collect();
    let mut answers = context.provider.read(name, requests).await;
    answers.resize_with(objects.len(), no_answer);
    for _ in 1..READS_MAX {
        let pauses = answers.iter().filter_map(|answer| match answer {
            ReadAnswer::Failed(Failure { again_after, .. }) => *again_after,
            ReadAnswer::Found(_) | ReadAnswer::Gone | ReadAnswer::Hidden(_) => None,
        });
        let Some(pause) = pauses.max() else { break };
        context.world.sleep(pause.max(Duration::from_millis(1))).await;
        let again = |answer: &ReadAnswer| matches!(answer, ReadAnswer::Failed(failure) if failure.again_after.is_some());
        let places: Vec<usize> = (0..answers.len()).filter(|at| again(&answers[*at])).collect();
        let some = places.iter().map(|at| objects[*at].request()).collect();
        for (at, answer) in places.iter().zip(context.provider.read(name, some).await) {
            answers[*at] = answer;
        }
    }
    answers
}

/// Reads the data sources whose inputs the state can tell. The planner decides whether that was in time.
async fn read_data(context: Context<'_>, graph: &Graph, state: &State, observed: &mut Observed) {
    let sources: Vec<u32> =
        graph.order().iter().copied().filter(|at| graph.nodes()[*at as usize].address.is_data()).collect();
    if sources.is_empty() {
        return;
    }
    let mut knowledge = known_from_state(context, graph, state, &sources);
    for (address, known) in seen_attributes(context, observed) {
        let Some(position) = graph.position(&address) else { continue };
        if let Some(Known::All { attributes, .. }) = &mut knowledge.nodes[position as usize] {
            *attributes = known;
        }
    }
    for position in sources {
        let node = &graph.nodes()[position as usize];
        let Some(resource_type) = type_of(context.provider, &node.address) else { continue };
        let mut failed = Vec::new();
        let inputs = knowledge.resolve_inputs(position, &mut failed);
        let schema = &resource_type.schema;
        let inputs = schema.mark_sensitive(&schema.with_defaults(&inputs));
        let known = inputs.values().all(|value| value.first_unknown().is_none() && !value.has_redacted());
        if !known || !failed.is_empty() || !schema.validate(&inputs).is_empty() {
            knowledge.nodes[position as usize] = Some(Known::Unread);
            continue;
        }
        let result = context.provider.read_data(&resource_type.name, inputs.clone()).await;
        knowledge.nodes[position as usize] = Some(match &result {
            Ok(attributes) => {
                Known::All { desired: inputs.clone(), attributes: schema.mark_sensitive(attributes) }
            }
            Err(_) => Known::Unread,
        });
        observed.data.insert(node.address.clone(), (inputs, result));
    }
}

fn seen_attributes(context: Context<'_>, observed: &Observed) -> Vec<(Address, crate::value::ValueMap)> {
    let found = observed.objects.iter().filter_map(|((address, slot), seen)| match (slot, seen) {
        (Slot::Current, Seen::Found(object)) => Some((address, object)),
        _ => None,
    });
    let attributes = |(address, object): (&Address, &Object)| {
        let resource_type = type_of(context.provider, address)?;
        Some((address.clone(), resource_type.schema.mark_sensitive(&object.attributes)))
    };
    found.filter_map(attributes).collect()
}
