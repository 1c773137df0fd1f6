//! The simulated world: objects that take time to come and go, a provider that reaches them through faults, and a
//! watch over everything that must never happen.

mod provider;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use reconcile::Address;
use reconcile::provider::{Failure, Object, PerOperation, Reply, ResourceType, Running};
use reconcile::record::{Identifier, Operation, Pending};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::value::{Value, ValueMap};
use world::World;

pub(crate) use provider::SimulatedProvider;

use crate::boundary::Boundaries;
use crate::life::Beside;
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
    /// Decides about work that comes to nothing.
    luck: ChaCha8Rng,
    faults: Faults,
    faults_left: u32,
    next: u64,
    calls: u64,
    rules: Rules,
    planned: Planned,
    violations: Vec<String>,
    /// What somebody else has removed.
    vanished: BTreeSet<Identifier>,
    /// Counts the runs of the program.
    run: u64,
    /// Addresses whose object was deleted in this run.
    deleted: BTreeSet<Address>,
    /// When the engine last began to delete the object of an address (`true`), or to make or change it, and in which run. What
    /// goes in one lane and batch must have begun at one moment.
    begun: BTreeMap<(Address, bool), Moment>,
    /// Work that was accepted and came to nothing.
    nothing: BTreeSet<Arc<str>>,
    /// What happened in this life, for being sure that it does happen.
    beside: Beside,
}

/// A run, and the time in it.
type Moment = (u64, Duration);

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
}

/// What the last plan that was begun was for. What it began is settled before there is another one.
#[derive(Debug, Default)]
struct Planned {
    wanted: BTreeSet<Address>,
    /// Addresses whose object goes before its successor comes: what refers to it has nothing to refer to for a while.
    makes_room: BTreeSet<Address>,
}

impl Planned {
    /// Whether something may refer to what goes, the object of an address. What stays may refer to what is replaced, until it is
    /// told of the new one. And where an object goes before its successor comes, not every wish fits: what stays can be told only
    /// once, and what it gives up may have to go before that. Between two objects that go there is no such excuse.
    fn excuses(&self, thing: &Thing, (address, has_successor): (&Address, bool)) -> bool {
        let replaced = self.wanted.contains(address) && !has_successor;
        self.wanted.contains(&thing.address) && (replaced || !self.makes_room.is_empty())
    }
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
    /// The work that made it.
    made_by: Arc<str>,
    /// The run in which it was last updated, deleted, or made in the place of one that was.
    rolled_in: Option<u64>,
}

#[derive(Debug, Clone)]
struct Work {
    id: Arc<str>,
    operation: Operation,
    done_at: Duration,
    half_way: bool,
    begun: Option<Moment>,
    /// It will come to nothing; for an update what was before.
    nothing: Option<ValueMap>,
}

impl Cloud {
    pub(crate) fn new(world: Arc<dyn World>, faults: Faults, seed: u64) -> Arc<Self> {
        let state = CloudState {
            objects: BTreeMap::new(),
            tokens: BTreeMap::new(),
            work: BTreeMap::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            luck: ChaCha8Rng::seed_from_u64(!seed),
            faults,
            faults_left: faults.limit,
            next: 0,
            calls: 0,
            rules: Rules::default(),
            planned: Planned::default(),
            violations: Vec::new(),
            vanished: BTreeSet::new(),
            run: 0,
            deleted: BTreeSet::new(),
            begun: BTreeMap::new(),
            nothing: BTreeSet::new(),
            beside: Beside::default(),
        };
        Arc::new(Self { world, types: types(), state: Mutex::new(state) })
    }

    /// The provider of one run of the program.
    pub(crate) fn provider(self: &Arc<Self>, boundaries: Arc<Boundaries>) -> SimulatedProvider {
        SimulatedProvider::new(Arc::clone(self), boundaries)
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
        state.planned = Planned { wanted: state.rules.wanted.clone(), makes_room };
        state.run += 1;
        state.deleted.clear();
    }

    /// A step begins. What it sends later, and sends again, belongs to this moment.
    pub(crate) fn begins(&self, address: &Address, is_delete: bool) {
        let now = self.world.monotonic();
        let mut state = self.state();
        let moment = (state.run, now);
        state.begun.insert((address.clone(), is_delete), moment);
    }

    /// How often work went on side by side in one lane, and how often it came to nothing.
    pub(crate) fn beside(&self) -> Beside {
        self.state().beside
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
            .with("batch", Attribute::new(Kind::String))
            .with("label", Attribute::new(Kind::String))
            .with("whole", Attribute::new(Kind::String))
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
            if let Some(before) = work.nothing {
                self.nothing.insert(work.id);
                match work.operation {
                    Operation::Create => thing.alive = false,
                    Operation::Update => thing.attributes = before,
                    Operation::Delete => {}
                }
                continue;
            }
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

    fn comes_to_nothing(&mut self) -> bool {
        let hit = self.luck.random_range(0..100) < self.faults.nothing && self.faults_left > 0;
        self.faults_left -= u32::from(hit);
        self.beside.nothing += u64::from(hit);
        hit
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

    /// Whether work on another object occupies the lane. What has the same batch and began at the same moment may go beside it.
    fn watch_lane(&mut self, attributes: &ValueMap, own: &str, begun: &(Address, bool), what: &str) {
        let Some(lane) = lane_of(attributes) else { return };
        let begun = self.begun.get(begun).copied();
        let goes_beside = |thing: &Thing| {
            let moment = thing.work.as_ref().and_then(|work| work.begun);
            let batch = batch_of(attributes);
            batch.is_some() && batch == batch_of(&thing.attributes) && begun.is_some() && begun == moment
        };
        let others = self.objects.iter().filter(|(identifier, thing)| {
            &***identifier != own && thing.work.is_some() && lane_of(&thing.attributes) == Some(lane)
        });
        let (beside, others): (Vec<_>, Vec<_>) = others.partition(|(_, thing)| goes_beside(thing));
        let texts: Vec<String> = others
            .into_iter()
            .map(|(identifier, thing)| {
                format!("{what} in `{lane}` while {identifier} of {} is being changed in it", thing.address)
            })
            .collect();
        self.beside.in_lane += beside.len() as u64;
        texts.into_iter().for_each(|text| self.violation(text));
    }

    /// Whether there is something with a label, whether it is whole yet or not.
    fn has_labelled(&self, label: &str) -> bool {
        self.objects.values().any(|thing| thing.alive && label_of(&thing.attributes) == Some(label))
    }

    /// Whether a part comes into a whole that is still being made, and did not begin with it.
    fn watch_whole(&mut self, address: &Address, attributes: &ValueMap) {
        let Some(label) = whole_of(attributes) else { return };
        let begun = self.begun.get(&(address.clone(), false)).copied();
        let being_made = |thing: &&Thing| {
            let work = thing.work.as_ref().filter(|work| work.operation == Operation::Create);
            thing.alive
                && label_of(&thing.attributes) == Some(label)
                && work.is_some_and(|work| begun.is_none() || work.begun != begun)
        };
        let too_early = self.objects.values().find(being_made).map(|thing| thing.address.to_string());
        if let Some(whole) = too_early {
            self.violation(format!("{address} is made before {whole}, of which it is a part, is there"));
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
        let dependents: Vec<String> = self
            .referring(identifier)
            .filter(|thing| !self.planned.excuses(thing, (address, has_successor)))
            .filter(|thing| thing.work.as_ref().is_none_or(|work| work.operation != Operation::Delete))
            .map(|thing| thing.address.to_string())
            .collect();
        if !dependents.is_empty() {
            self.violation(format!(
                "{identifier} of {address} is deleted before what refers to it: {dependents:?}"
            ));
        }
    }

    /// Begins work on an object, and says what it is called. `before` is what an update changes.
    fn begin_work(
        &mut self,
        identifier: &Identifier,
        operation: Operation,
        before: ValueMap,
        now: Duration,
    ) -> Arc<str> {
        let half_way = operation != Operation::Update && self.chance(self.faults.half_way);
        let slow = self.chance(self.faults.slow);
        let seconds: u64 = if self.random.random_ratio(1, 4) { 0 } else { self.random.random_range(1..60) };
        // Beyond the limit of the resource types.
        let seconds = if slow { seconds + 900 } else { seconds };
        self.next += 1;
        let id: Arc<str> = format!("work-{}", self.next).into();
        self.work.insert(Arc::clone(&id), identifier.clone());
        let nothing = self.comes_to_nothing().then_some(before);
        let address = self.objects[identifier].address.clone();
        let begun = self.begun.get(&(address.clone(), operation == Operation::Delete)).copied();
        let done_at = now + Duration::from_secs(seconds);
        let work = Work { id: Arc::clone(&id), operation, done_at, half_way, begun, nothing };
        let healthy_after = Duration::from_secs(self.random.random_range(0..20));
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
        id
    }

    /// What is said of an object right after the request that began some work on it, or when asked how far that is.
    fn reply(&mut self, identifier: &Identifier, work: &str, now: Duration) -> Reply {
        let without_identifier = self.chance(self.faults.no_identifier);
        if self.nothing.contains(work) {
            let again =
                Failure::busy("there is no room here", Duration::from_secs(self.luck.random_range(1..20)));
            let for_good = Failure::refused("there is no room");
            return Reply::CameToNothing(if self.luck.random_ratio(3, 4) { again } else { for_good });
        }
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

/// What parts call it.
fn label_of(attributes: &ValueMap) -> Option<&str> {
    attributes.get("label").and_then(Value::as_str)
}

/// The label of what it is a part of.
fn whole_of(attributes: &ValueMap) -> Option<&str> {
    attributes.get("whole").and_then(Value::as_str)
}

fn batch_of(attributes: &ValueMap) -> Option<&str> {
    attributes.get("batch").and_then(Value::as_str)
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
