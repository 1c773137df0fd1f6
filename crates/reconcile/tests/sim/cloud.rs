//! The simulated world: objects that take time to come and go, a provider that reaches them through faults, and a
//! watch over everything that must never happen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use reconcile::Address;
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Health, Lane, Listed, Object, PerOperation,
    PollRequest, Provider, ReadAnswer, ReadRequest, Reply, ResourceType, Running, UpdateRequest,
};
use reconcile::record::{Identifier, Operation, Pending};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::value::{Value, ValueMap};
use world::{BoxFuture, World};

use crate::boundary::Boundaries;
use crate::scenario::{DISK, Faults, HOST, TYPES};

/// How long the world remembers a retry token.
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3600);
/// When a new object is certainly shown.
const VISIBLE_WITHIN: Duration = Duration::from_secs(30);

/// The world. It lives on when the program stops.
#[derive(Debug)]
pub(crate) struct Cloud {
    world: Arc<dyn World>,
    types: Vec<ResourceType>,
    state: Mutex<CloudState>,
}

#[derive(Debug)]
struct CloudState {
    objects: BTreeMap<Identifier, Thing>,
    tokens: BTreeMap<Arc<str>, Token>,
    work: BTreeMap<Arc<str>, Identifier>,
    random: ChaCha8Rng,
    faults: Faults,
    faults_left: u32,
    next: u64,
    calls: u64,
    rules: Rules,
    violations: Vec<String>,
    /// What somebody else has removed.
    vanished: BTreeSet<Identifier>,
    /// Counts the runs of the program.
    run: u64,
    /// Addresses whose object was deleted in this run.
    deleted: BTreeSet<Address>,
}

/// What the world may expect of whoever changes it, by what is wanted now.
#[derive(Debug, Default, Clone)]
pub(crate) struct Rules {
    /// Addresses that may have a second object while it takes the place of the first.
    pub(crate) create_first: BTreeSet<Address>,
    /// Objects that must not go.
    pub(crate) untouchable: BTreeSet<Identifier>,
    /// Addresses that are wanted. What is not goes after everything that refers to it.
    pub(crate) wanted: BTreeSet<Address>,
    /// Members of the rolling group, with their unit.
    pub(crate) units: BTreeMap<Address, u8>,
    pub(crate) out_max: usize,
    /// Addresses whose object goes before its successor comes: what refers to it has nothing to refer to for a while.
    pub(crate) makes_room: BTreeSet<Address>,
}

#[derive(Debug)]
struct Token {
    payload: ValueMap,
    object: Identifier,
    at: Duration,
}

/// An object of the world.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    pub(crate) address: Address,
    pub(crate) token: Arc<str>,
    pub(crate) alive: bool,
    pub(crate) attributes: ValueMap,
    kind: usize,
    visible_at: Duration,
    hidden_until: Duration,
    work: Option<Work>,
    broken: Option<String>,
    healthy_at: Duration,
    /// The run in which it was last updated, deleted, or made in the place of one that was.
    rolled_in: Option<u64>,
}

#[derive(Debug, Clone)]
struct Work {
    id: Arc<str>,
    operation: Operation,
    done_at: Duration,
    half_way: bool,
}

impl Cloud {
    pub(crate) fn new(world: Arc<dyn World>, faults: Faults, seed: u64) -> Arc<Self> {
        let state = CloudState {
            objects: BTreeMap::new(),
            tokens: BTreeMap::new(),
            work: BTreeMap::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            faults,
            faults_left: faults.limit,
            next: 0,
            calls: 0,
            rules: Rules::default(),
            violations: Vec::new(),
            vanished: BTreeSet::new(),
            run: 0,
            deleted: BTreeSet::new(),
        };
        Arc::new(Self { world, types: types(), state: Mutex::new(state) })
    }

    /// The provider of one run of the program.
    pub(crate) fn provider(self: &Arc<Self>, boundaries: Arc<Boundaries>) -> SimulatedProvider {
        SimulatedProvider { cloud: Arc::clone(self), boundaries }
    }

    pub(crate) fn set_rules(&self, rules: Rules) {
        let mut state = self.state();
        state.rules = rules;
        state.run += 1;
        state.deleted.clear();
    }

    /// A plan begins. Who goes out in it is counted from here: a member that settling brought to an end is not.
    pub(crate) fn begin_plan(&self, makes_room: BTreeSet<Address>) {
        let mut state = self.state();
        state.rules.makes_room = makes_room;
        state.run += 1;
        state.deleted.clear();
    }

    pub(crate) fn stop_faults(&self) {
        self.state().faults_left = 0;
    }

    /// What must never have happened and did.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    pub(crate) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Everything that exists now, work that is due being done.
    pub(crate) fn live(&self) -> BTreeMap<Identifier, Thing> {
        let state = self.state();
        let live = state.objects.iter().filter(|(_, thing)| thing.alive);
        live.map(|(identifier, thing)| (identifier.clone(), thing.clone())).collect()
    }

    /// Changes `drifted` objects and removes `vanished` ones, as somebody else would. Says which have gone.
    pub(crate) fn drift(&self, drifted: u32, vanished: u32) {
        let mut state = self.state();
        for at in 0..drifted + vanished {
            let candidates: Vec<Identifier> = state
                .objects
                .iter()
                .filter(|(_, thing)| thing.alive && thing.work.is_none())
                .map(|(identifier, _)| identifier.clone())
                .collect();
            if candidates.is_empty() {
                return;
            }
            let chosen = candidates[state.random.random_range(0..candidates.len())].clone();
            let referred_to = state.is_referred_to(&chosen);
            let thing = state.objects.get_mut(&chosen).expect("it was just listed");
            if at < drifted {
                thing.attributes.insert("value", Value::from(1000 + i64::from(at)));
            } else if !referred_to {
                // The world itself keeps what others refer to.
                thing.alive = false;
                state.vanished.insert(chosen);
            }
        }
    }

    /// Whether an object has gone without anybody in this program having asked for it.
    pub(crate) fn went_by_itself(&self, identifier: &str) -> bool {
        self.state().vanished.contains(identifier)
    }

    /// The state of the world, with work that is due being done.
    fn state(&self) -> MutexGuard<'_, CloudState> {
        let mut state = self.state.lock().unwrap();
        state.settle(self.world.monotonic());
        state
    }
}

fn types() -> Vec<ResourceType> {
    let schema = || {
        Schema::default()
            .with("id", Attribute::new(Kind::String).computed())
            .with("value", Attribute::new(Kind::Integer).required())
            .with("fixed", Attribute::new(Kind::Integer).required().force_new())
            .with("refs", Attribute::new(Kind::List(Box::new(Attribute::new(Kind::String)))))
            .with("parent", Attribute::new(Kind::String).force_new())
            .with("secret", Attribute::new(Kind::String).sensitive())
            .with("lane", Attribute::new(Kind::String))
    };
    let mut types: Vec<ResourceType> = TYPES.iter().map(|name| ResourceType::new(name, schema())).collect();
    for (at, resource_type) in types.iter_mut().enumerate() {
        resource_type.holds_data = at == DISK;
        resource_type.has_health = at == HOST;
        resource_type.visible_within = VISIBLE_WITHIN;
        resource_type.expected = PerOperation {
            create: Duration::from_secs(10 + 20 * at as u64),
            update: Duration::from_secs(5),
            delete: Duration::from_secs(5 + 5 * at as u64),
        };
        resource_type.limit = PerOperation::all(Duration::from_secs(600));
    }
    types.sort_by(|a, b| a.name.cmp(&b.name));
    types
}

fn kind_of(resource_type: &str) -> usize {
    TYPES.iter().position(|name| *name == resource_type).expect("the engine asks for known types only")
}

/// Which fault a call meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Throttled,
    BeforeEffect,
    LostReply,
}

impl CloudState {
    fn settle(&mut self, now: Duration) {
        for thing in self.objects.values_mut() {
            let Some(work) = thing.work.take_if(|work| work.done_at <= now) else { continue };
            match work.operation {
                // Either something is left of it or nothing.
                Operation::Create if work.half_way && work.done_at.as_secs().is_multiple_of(2) => {
                    thing.alive = false;
                }
                Operation::Create if work.half_way => {
                    thing.broken = Some("its creation failed half-way".into())
                }
                Operation::Delete if !work.half_way => thing.alive = false,
                Operation::Create | Operation::Update | Operation::Delete => {}
            }
        }
    }

    fn chance(&mut self, of_hundred: u32) -> bool {
        // Always drawn, so that fewer faults do not shift everything that follows.
        let hit = self.random.random_range(0..100) < of_hundred;
        if !hit || self.faults_left == 0 {
            return false;
        }
        self.faults_left -= 1;
        true
    }

    fn fault(&mut self) -> Fault {
        let Faults { throttled, before_effect, lost_reply, .. } = self.faults;
        if self.chance(throttled) {
            Fault::Throttled
        } else if self.chance(before_effect) {
            Fault::BeforeEffect
        } else if self.chance(lost_reply) {
            Fault::LostReply
        } else {
            Fault::None
        }
    }

    fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    fn is_referred_to(&self, identifier: &str) -> bool {
        self.referring(identifier).next().is_some()
    }

    fn referring<'a>(&'a self, identifier: &'a str) -> impl Iterator<Item = &'a Thing> {
        self.objects.values().filter(move |thing| thing.alive && refers(&thing.attributes, identifier))
    }

    /// Whether work on another object occupies the lane.
    fn watch_lane(&mut self, lane: Option<&str>, own: &str, what: &str) {
        let Some(lane) = lane else { return };
        let other = self.objects.iter().find(|(identifier, thing)| {
            &***identifier != own && thing.work.is_some() && lane_of(&thing.attributes) == Some(lane)
        });
        if let Some((identifier, thing)) = other {
            let text =
                format!("{what} in `{lane}` while {identifier} of {} is being changed in it", thing.address);
            self.violation(text);
        }
    }

    /// Whether too many members of the rolling group are out, now that one more goes out.
    fn watch_rolling(&mut self, address: &Address, now: Duration) {
        let Some(unit) = self.rules.units.get(address).copied() else { return };
        let is_out = |thing: &&Thing| {
            thing.alive
                && thing.rolled_in == Some(self.run)
                && (thing.work.is_some() || thing.healthy_at > now)
        };
        let out = self.objects.values().filter(is_out).map(|thing| &thing.address);
        let has_object =
            |address: &Address| self.objects.values().any(|thing| thing.alive && thing.address == *address);
        let missing =
            self.deleted.iter().filter(|address| self.rules.wanted.contains(address) && !has_object(address));
        let mut out: BTreeSet<u8> =
            out.chain(missing).filter_map(|address| self.rules.units.get(address).copied()).collect();
        out.insert(unit);
        if out.len() > self.rules.out_max {
            let text = format!(
                "{address} goes out, and units {out:?} are out then, of at most {}",
                self.rules.out_max
            );
            self.violation(text);
        }
    }

    fn watch_references(&mut self, address: &Address, inputs: &ValueMap) {
        for identifier in references(inputs) {
            let usable = self.objects.get(&*identifier).is_some_and(|thing| {
                thing.alive && thing.work.as_ref().is_none_or(|work| work.operation != Operation::Create)
            });
            // Of what somebody else has just removed, a run that settles an old request cannot know.
            if !usable && !self.vanished.contains(&identifier) {
                self.violation(format!("{address} is made to refer to {identifier}, which is not there"));
            }
        }
    }

    /// Whether an address has another live object than this one.
    fn has_other(&self, identifier: &str, address: &Address) -> bool {
        self.objects
            .iter()
            .any(|(other, thing)| &**other != identifier && thing.alive && thing.address == *address)
    }

    fn watch_delete(&mut self, identifier: &str, address: &Address) {
        if self.rules.untouchable.contains(identifier) {
            self.violation(format!("{identifier} of {address} is deleted although it is protected"));
        }
        let has_successor = self.has_other(identifier, address);
        let stays = self.rules.wanted.contains(address) && !has_successor;
        let dependents: Vec<String> = self
            .referring(identifier)
            // What stays may refer to what is replaced, until it is told of the new one.
            .filter(|thing| !(stays && self.rules.wanted.contains(&thing.address)))
            // Where an object goes before its successor comes, not every wish fits: what stays can be told only once, and what it
            // gives up may have to go before that. Between two objects that go there is no such excuse.
            .filter(|thing| self.rules.makes_room.is_empty() || !self.rules.wanted.contains(&thing.address))
            .filter(|thing| thing.work.as_ref().is_none_or(|work| work.operation != Operation::Delete))
            .map(|thing| thing.address.to_string())
            .collect();
        if !dependents.is_empty() {
            self.violation(format!(
                "{identifier} of {address} is deleted before what refers to it: {dependents:?}"
            ));
        }
    }

    fn begin_work(&mut self, identifier: &Identifier, operation: Operation, now: Duration) {
        let half_way = operation != Operation::Update && self.chance(self.faults.half_way);
        let slow = self.chance(self.faults.slow);
        let seconds: u64 = if self.random.random_ratio(1, 4) { 0 } else { self.random.random_range(1..60) };
        // Beyond the limit of the resource types.
        let seconds = if slow { seconds + 900 } else { seconds };
        self.next += 1;
        let id: Arc<str> = format!("work-{}", self.next).into();
        self.work.insert(Arc::clone(&id), identifier.clone());
        let work = Work { id, operation, done_at: now + Duration::from_secs(seconds), half_way };
        let healthy_after = Duration::from_secs(self.random.random_range(0..20));
        let address = self.objects[identifier].address.clone();
        let is_old = operation == Operation::Delete && self.has_other(identifier, &address);
        let thing = self.objects.get_mut(identifier).expect("work is begun on what is there");
        thing.healthy_at = work.done_at + healthy_after;
        if !is_old && (operation != Operation::Create || self.deleted.contains(&thing.address)) {
            thing.rolled_in = Some(self.run);
        }
        if !is_old && operation == Operation::Delete {
            self.deleted.insert(thing.address.clone());
        }
        thing.work = Some(work);
        self.settle(now);
    }

    /// What is said of an object right after a request, or when asked how far it is.
    fn reply(&mut self, identifier: &Identifier, now: Duration) -> Reply {
        let without_identifier = self.chance(self.faults.no_identifier);
        let thing = &self.objects[identifier];
        match &thing.work {
            Some(work) => Reply::Running(Running {
                identifier: (!without_identifier).then(|| identifier.clone()),
                pending: Some(Pending(Arc::clone(&work.id))),
                again_after: (work.done_at - now).min(Duration::from_secs(20)).max(Duration::from_secs(1)),
                percent: None,
                waiting_on: Some(work.id.to_string()),
            }),
            None if thing.alive => Reply::Settled(thing.object(identifier)),
            None => Reply::Gone,
        }
    }
}

impl Thing {
    fn object(&self, identifier: &Identifier) -> Object {
        Object {
            pending: self.work.as_ref().map(|work| Pending(Arc::clone(&work.id))),
            broken: self.broken.clone(),
            ..Object::new(identifier.clone(), self.attributes.clone())
        }
    }

    /// Whether it can be searched for: always, once it is old enough.
    fn is_listed(&self, now: Duration) -> bool {
        self.alive && self.visible_at <= now
    }

    fn is_shown(&self, now: Duration) -> bool {
        self.is_listed(now) && self.hidden_until <= now
    }
}

fn lane_of(attributes: &ValueMap) -> Option<&str> {
    attributes.get("lane").and_then(Value::as_str)
}

/// The identifiers that an object refers to.
fn references(attributes: &ValueMap) -> Vec<Arc<str>> {
    let listed = attributes.get("refs").and_then(Value::as_list).unwrap_or_default();
    let all = listed.iter().chain(attributes.get("parent"));
    all.filter_map(|value| value.as_str().map(Into::into)).collect()
}

fn refers(attributes: &ValueMap, identifier: &str) -> bool {
    references(attributes).iter().any(|other| &**other == identifier)
}

/// Attributes as the service stores them: in clear, as a service does.
fn stored(inputs: &ValueMap) -> ValueMap {
    inputs.iter().map(|(name, value)| (name.clone(), value.exposed().clone())).collect()
}

/// One run's way into the world.
#[derive(Debug)]
pub(crate) struct SimulatedProvider {
    cloud: Arc<Cloud>,
    boundaries: Arc<Boundaries>,
}

impl SimulatedProvider {
    /// A call: a boundary, some time, what `act` does in the world unless the call fails before it, another boundary,
    /// and the answer unless that is lost.
    async fn call<T>(
        &self,
        what: String,
        act: impl FnOnce(&mut CloudState, Duration) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.boundaries.provider(|| format!("call {what}")).await;
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
}

impl Provider for SimulatedProvider {
    fn resource_types(&self) -> &[ResourceType] {
        &self.cloud.types
    }

    fn lane(&self, _: &str, _: Option<&Identifier>, inputs: &ValueMap) -> Option<Lane> {
        lane_of(inputs).map(Lane::new)
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
            let what = format!("create {} with {}", request.address, request.retry_token);
            self.call(what, |state, now| {
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
                    return Ok(state.reply(&object, now));
                }
                Ok(create(state, &request, payload, now))
            })
            .await
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
                for attributes in [&state.objects[&request.identifier].attributes.clone(), &payload] {
                    state.watch_lane(lane_of(attributes), &request.identifier, &what);
                }
                state.watch_references(&request.address, &payload);
                state.watch_rolling(&request.address, now);
                let thing = state.objects.get_mut(&request.identifier).expect("it was just there");
                let id = thing.attributes.get("id").cloned();
                thing.attributes = payload;
                thing.attributes.insert("id", id.unwrap_or_default());
                state.begin_work(&request.identifier, Operation::Update, now);
                Ok(state.reply(&request.identifier, now))
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
                        return Ok(state.reply(&request.identifier, now));
                    }
                    Some(_) => return Err(Failure::busy("409 IncorrectState", Duration::from_secs(5))),
                    None => {}
                }
                let attributes = thing.attributes.clone();
                let what = format!("{} is deleted", request.address);
                state.watch_lane(lane_of(&attributes), &request.identifier, &what);
                state.watch_delete(&request.identifier, &request.address);
                // An old object whose successor is there does not take the member out.
                if !state.has_other(&request.identifier, &request.address) {
                    state.watch_rolling(&request.address, now);
                }
                state.begin_work(&request.identifier, Operation::Delete, now);
                Ok(state.reply(&request.identifier, now))
            })
            .await
        })
    }

    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(async move {
            let what = format!("poll {} {}", request.address, request.pending.0);
            self.call(what, |state, now| match state.work.get(&request.pending.0).cloned() {
                Some(identifier) => Ok(state.reply(&identifier, now)),
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

fn create(state: &mut CloudState, request: &CreateRequest, payload: ValueMap, now: Duration) -> Reply {
    let kind = kind_of(request.address.resource_type());
    state.watch_references(&request.address, &payload);
    state.watch_lane(lane_of(&payload), "", &format!("{} is created", request.address));
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
        rolled_in: None,
    };
    state.objects.insert(identifier.clone(), thing);
    let token = Token { payload, object: identifier.clone(), at: now };
    state.tokens.insert(Arc::clone(&request.retry_token), token);
    state.begin_work(&identifier, Operation::Create, now);
    state.reply(&identifier, now)
}
