//! The provider's side of the simulated world: each call goes through faults and boundaries, and is watched.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::RngExt;
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Health, Lane, Listed, Object, PollRequest, Provider,
    ReadAnswer, ReadRequest, Reply, ResourceType, UpdateRequest,
};
use reconcile::record::{Identifier, Operation};
use reconcile::value::{Value, ValueMap};
use tokio::sync::oneshot;
use world::BoxFuture;

use super::{
    Cloud, CloudState, Fault, TOKEN_LIFE, Thing, Token, VISIBLE_WITHIN, batch_of, kind_of, label_of, lane_of,
    stored, whole_of,
};
use crate::boundary::Boundaries;
use crate::scenario::TYPES;

/// One run's way into the world.
#[derive(Debug)]
pub(crate) struct SimulatedProvider {
    cloud: Arc<Cloud>,
    boundaries: Arc<Boundaries>,
    /// The parts that travel with a whole, by the label of that: there from when its creation is asked for until it is sent.
    parties: Mutex<BTreeMap<String, Vec<Passenger>>>,
}

/// A part that travels with its whole, and who waits for what became of it.
type Passenger = (CreateRequest, oneshot::Sender<Result<Reply, Failure>>);

/// The request for a whole leaves so long after it was asked for that those for its parts can travel with it.
const BOARDING: Duration = Duration::from_millis(200);

impl SimulatedProvider {
    pub(super) fn new(cloud: Arc<Cloud>, boundaries: Arc<Boundaries>) -> Self {
        Self { cloud, boundaries, parties: Mutex::default() }
    }

    /// A call: a boundary, some time, what `act` does in the world unless the call fails before it, another boundary,
    /// and the answer unless that is lost.
    async fn call<T>(
        &self,
        what: String,
        act: impl FnOnce(&mut CloudState, Duration) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.boundaries.provider(|| format!("call {what}")).await;
        self.sent(what, act).await
    }

    async fn sent<T>(
        &self,
        what: String,
        act: impl FnOnce(&mut CloudState, Duration) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let latency = Duration::from_millis(50 + self.cloud.state().random.random_range(0..100));
        self.cloud.world.sleep(latency).await;
        let now = self.cloud.world.monotonic();
        let (fault, answer) = {
            let mut state = self.cloud.state();
            state.calls += 1;
            let fault = state.fault();
            let answer = match fault {
                Fault::Throttled => Err(Failure::busy("429 TooManyRequests", Duration::from_secs(2))),
                Fault::BeforeEffect => Err(Failure::refused("400 NotNow")),
                Fault::LostReply | Fault::None => act(&mut state, now),
            };
            (fault, answer)
        };
        self.boundaries.provider(|| format!("done {what}: {fault:?}")).await;
        if fault == Fault::LostReply { Err(Failure::unclear("the connection was cut")) } else { answer }
    }

    /// Lets a part travel with its whole, if that is about to be made and not there yet.
    fn board(&self, whole: &str, part: &CreateRequest) -> Option<oneshot::Receiver<Result<Reply, Failure>>> {
        let is_there = self.cloud.state().has_labelled(whole);
        let mut parties = self.parties.lock().unwrap();
        let party = parties.get_mut(whole).filter(|_| !is_there)?;
        let (tell, answer) = oneshot::channel();
        party.push((part.clone(), tell));
        Some(answer)
    }
}

impl Provider for SimulatedProvider {
    fn resource_types(&self) -> &[ResourceType] {
        &self.cloud.types
    }

    fn lane(&self, _: &str, _: Option<&Identifier>, inputs: &ValueMap) -> Option<Lane> {
        let batch = batch_of(inputs).map(Into::into);
        let joins = whole_of(inputs).is_some();
        lane_of(inputs).map(|name| Lane { batch, joins, ..Lane::new(name) })
    }

    fn read<'a>(
        &'a self,
        resource_type: &'a str,
        requests: Vec<ReadRequest>,
    ) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(async move {
            let count = requests.len();
            let what = format!("read {count} of {resource_type}");
            let answers = self.call(what, |state, now| {
                let read = |request: &ReadRequest| {
                    if state.chance(state.faults.hidden)
                        && let Some(thing) = state.objects.get_mut(&request.identifier)
                    {
                        thing.hidden_until = now + Duration::from_secs(60);
                    }
                    match state.objects.get(&request.identifier) {
                        Some(thing) if thing.is_shown(now) => {
                            ReadAnswer::Found(thing.object(&request.identifier))
                        }
                        Some(thing) if thing.alive => {
                            ReadAnswer::Hidden("404 NotAuthorizedOrNotFound".into())
                        }
                        _ => ReadAnswer::Gone,
                    }
                };
                Ok(requests.iter().map(read).collect())
            });
            answers.await.unwrap_or_else(|failure| vec![ReadAnswer::Failed(failure); count])
        })
    }

    fn create(&self, request: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let label = label_of(&request.inputs).map(str::to_owned);
            if let Some(label) = &label {
                self.parties.lock().unwrap().insert(label.clone(), Vec::new());
            }
            let what = format!("create {} with {}", request.address, request.retry_token);
            self.boundaries.provider(|| format!("call {what}")).await;
            let whole = whole_of(&request.inputs).map(str::to_owned);
            if let Some(answer) = whole.and_then(|whole| self.board(&whole, &request)) {
                let answer = answer.await.unwrap_or_else(|_| Err(Failure::unclear("the whole was given up")));
                self.boundaries.provider(|| format!("done {what} with its whole")).await;
                return answer;
            }
            let Some(label) = label else {
                return self.sent(what, |state, now| make(state, &request, now)).await;
            };
            self.cloud.world.sleep(BOARDING).await;
            let passengers = self.parties.lock().unwrap().remove(&label).unwrap_or_default();
            let (parts, waiting): (Vec<_>, Vec<_>) = passengers.into_iter().unzip();
            let names: Vec<&str> = parts.iter().map(|part: &CreateRequest| part.address.as_str()).collect();
            let answers = self.sent(format!("{what} and {names:?}"), |state, now| {
                let whole = make(state, &request, now)?;
                state.beside.parts += parts.len() as u64;
                Ok((whole, parts.iter().map(|part| make(state, part, now)).collect::<Vec<_>>()))
            });
            let (whole, parts) = match answers.await {
                Ok((whole, parts)) => (Ok(whole), parts),
                Err(failure) => (Err(failure.clone()), vec![Err(failure); waiting.len()]),
            };
            // Who does not wait any more has stopped with the program.
            waiting.into_iter().zip(parts).for_each(|(waiting, part)| drop(waiting.send(part)));
            whole
        })
    }

    fn update(&self, request: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let what = format!("update {} {}: {:?}", request.address, request.identifier, request.changed);
            self.call(what, |state, now| {
                let Some(thing) = state.objects.get(&request.identifier).filter(|thing| thing.alive) else {
                    return Err(Failure::refused("404 NotAuthorizedOrNotFound"));
                };
                if thing.work.is_some() {
                    return Err(Failure::busy("409 IncorrectState", Duration::from_secs(5)));
                }
                let payload = stored(&request.inputs);
                let fixed = ["fixed", "parent"];
                if fixed.iter().any(|name| thing.attributes.get(name) != payload.get(name)) {
                    let text = format!("{} is changed in place where it cannot be", request.address);
                    state.violation(text);
                }
                let what = format!("{} is updated", request.address);
                let before = state.objects[&request.identifier].attributes.clone();
                for attributes in [&before, &payload] {
                    let begun = (request.address.clone(), false);
                    state.watch_lane(attributes, &request.identifier, &begun, &what);
                }
                state.watch_references(&request.address, &payload);
                state.watch_rolling(&request.address, now);
                let thing = state.objects.get_mut(&request.identifier).expect("it was just there");
                let id = thing.attributes.get("id").cloned();
                thing.attributes = payload;
                thing.attributes.insert("id", id.unwrap_or_default());
                let work = state.begin_work(&request.identifier, Operation::Update, before, now);
                Ok(state.reply(&request.identifier, &work, now))
            })
            .await
        })
    }

    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let what = format!("delete {} {}", request.address, request.identifier);
            self.call(what, |state, now| {
                let Some(thing) = state.objects.get(&request.identifier).filter(|thing| thing.alive) else {
                    return Ok(Reply::Gone);
                };
                match &thing.work {
                    Some(work) if work.operation == Operation::Delete => {
                        let work = Arc::clone(&work.id);
                        return Ok(state.reply(&request.identifier, &work, now));
                    }
                    Some(_) => return Err(Failure::busy("409 IncorrectState", Duration::from_secs(5))),
                    None => {}
                }
                let attributes = thing.attributes.clone();
                let what = format!("{} is deleted", request.address);
                let begun = (request.address.clone(), true);
                state.watch_lane(&attributes, &request.identifier, &begun, &what);
                state.watch_delete(&request.identifier, &request.address);
                // An old object whose successor is there does not take the member out.
                if !state.has_other(&request.identifier, &request.address) {
                    state.watch_rolling(&request.address, now);
                }
                let work = state.begin_work(&request.identifier, Operation::Delete, ValueMap::new(), now);
                Ok(state.reply(&request.identifier, &work, now))
            })
            .await
        })
    }

    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let what = format!("poll {} {}", request.address, request.pending.0);
            self.call(what, |state, now| match state.work.get(&request.pending.0).cloned() {
                Some(identifier) => Ok(state.reply(&identifier, &request.pending.0, now)),
                None => {
                    let text =
                        format!("{} is polled for {}, which never was", request.address, request.pending.0);
                    state.violation(text);
                    Err(Failure::refused("404 NotAuthorizedOrNotFound"))
                }
            })
            .await
        })
    }

    fn find(&self, request: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        Box::pin(async move {
            let what = format!("find {} by {}", request.address, request.retry_token);
            self.call(what, |state, now| {
                let shown = state.objects.iter().filter(|(_, thing)| thing.is_listed(now));
                let found = shown.filter(|(_, thing)| thing.token == request.retry_token);
                Ok(found.map(|(identifier, thing)| thing.object(identifier)).collect())
            })
            .await
        })
    }

    fn list<'a>(&'a self, resource_type: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        Box::pin(async move {
            self.call(format!("list {resource_type}"), |state, now| {
                let kind = kind_of(resource_type);
                let shown =
                    state.objects.iter().filter(|(_, thing)| thing.kind == kind && thing.is_listed(now));
                let listed = shown.map(|(identifier, thing)| Listed {
                    address: thing.address.clone(),
                    object: thing.object(identifier),
                });
                Ok(listed.collect())
            })
            .await
        })
    }

    fn health(&self, request: ReadRequest) -> BoxFuture<'_, Result<Health, Failure>> {
        Box::pin(async move {
            let what = format!("health {} {}", request.address, request.identifier);
            self.call(what, |state, now| {
                let thing = state.objects.get(&request.identifier).filter(|thing| thing.alive);
                Ok(match thing {
                    Some(thing) if thing.healthy_at > now => {
                        Health::NotYet { why: "it starts".into(), again_after: thing.healthy_at - now }
                    }
                    Some(_) => Health::Healthy,
                    None => Health::Unhealthy("it is not there".into()),
                })
            })
            .await
        })
    }
}

/// Makes an object, or answers as before where the token is known.
fn make(state: &mut CloudState, request: &CreateRequest, now: Duration) -> Result<Reply, Failure> {
    let payload = stored(&request.inputs);
    if let Some(token) = state.tokens.get(&request.retry_token)
        && now < token.at + TOKEN_LIFE
    {
        if token.payload != payload {
            let text = format!("{}: its token is used with another payload", request.address);
            state.violation(text);
            return Err(Failure::refused("409 InvalidatedRetryToken"));
        }
        let object = token.object.clone();
        let work = Arc::clone(&state.objects[&object].made_by);
        return Ok(state.reply(&object, &work, now));
    }
    if whole_of(&payload).is_some_and(|whole| !state.has_labelled(whole)) {
        return Err(Failure::refused("404 NotAuthorizedOrNotFound: of what it is a part"));
    }
    Ok(create(state, request, payload, now))
}

fn create(state: &mut CloudState, request: &CreateRequest, payload: ValueMap, now: Duration) -> Reply {
    let kind = kind_of(request.address.resource_type());
    state.watch_references(&request.address, &payload);
    let begun = (request.address.clone(), false);
    state.watch_whole(&request.address, &payload);
    state.watch_lane(&payload, "", &begun, &format!("{} is created", request.address));
    let same: Vec<String> = state
        .objects
        .iter()
        .filter(|(_, thing)| thing.alive && thing.address == request.address)
        .map(|(identifier, _)| identifier.to_string())
        .collect();
    if !same.is_empty() && !state.rules.create_first.contains(&request.address) {
        state.violation(format!("{} is created although there is {same:?}", request.address));
    }
    state.next += 1;
    let identifier: Identifier = format!("{}-{}", TYPES[kind], state.next).into();
    let late = state.chance(state.faults.late_visibility);
    let mut attributes = payload.clone();
    attributes.insert("id", Value::string(identifier.clone()));
    let thing = Thing {
        address: request.address.clone(),
        token: Arc::clone(&request.retry_token),
        alive: true,
        attributes,
        kind,
        visible_at: if late { now + VISIBLE_WITHIN } else { now },
        hidden_until: Duration::ZERO,
        work: None,
        broken: None,
        healthy_at: now,
        made_by: "".into(),
        rolled_in: None,
    };
    state.objects.insert(identifier.clone(), thing);
    let token = Token { payload, object: identifier.clone(), at: now };
    state.tokens.insert(Arc::clone(&request.retry_token), token);
    let work = state.begin_work(&identifier, Operation::Create, ValueMap::new(), now);
    state.objects.get_mut(&identifier).expect("it was just made").made_by = Arc::clone(&work);
    state.reply(&identifier, &work, now)
}
