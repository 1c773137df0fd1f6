//! A world in memory, its provider, and a bench that runs the engine on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::DateTime;
use reconcile::Address;
use reconcile::graph::Graph;
use reconcile::journal::{Ledger, MemoryLedger};
use reconcile::plan::{Plan, PlanInput, PlanOptions, check, plan};
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Health, Invalid, Lane, Listed, Object, PerOperation,
    PollRequest, Provider, ReadAnswer, ReadRequest, Reply, ResourceType, Running, UpdateRequest,
};
use reconcile::record::{Identifier, Operation, Pending, Record, Slot, StateEntry};
use reconcile::run::{
    ApplyOptions, Cancel, Context, Event, Settled, Silent, Summary, apply, refresh, rollback, settle,
};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::secret::DigestKey;
use reconcile::state::State;
use reconcile::value::{Value, ValueMap};
use world::{BoxFuture, TestWorld, World as _};

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// An object of the toy world.
#[derive(Clone, Debug)]
struct Thing {
    address: String,
    token: Arc<str>,
    attributes: ValueMap,
    ready_at: Duration,
    going: bool,
    broken: bool,
    hidden: bool,
}

/// Everything there is, and what shall go wrong.
#[derive(Debug, Default)]
pub(crate) struct ToyWorld {
    things: BTreeMap<String, Thing>,
    made: usize,
    calls: Vec<String>,
    failures: BTreeMap<String, Failure>,
    lost: BTreeSet<String>,
    breaking: BTreeSet<String>,
    ignored: BTreeSet<(String, String)>,
    durations: BTreeMap<String, Duration>,
    feelings: BTreeMap<String, Health>,
    tokens: Vec<Arc<str>>,
    /// How often a creation is still to come to nothing, by address.
    nothing: BTreeMap<String, u32>,
    /// Whether the run was asked to stop: nothing is to be changed then.
    is_stopped: bool,
    /// How often a call is still to be refused because something is in the way.
    refusals: BTreeMap<String, (u32, Failure)>,
}

impl ToyWorld {
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.things.values().map(|thing| thing.address.clone()).collect();
        names.sort();
        names
    }

    pub(crate) fn fail_next(&mut self, call: &str, failure: Failure) {
        self.failures.insert(call.to_owned(), failure);
    }

    pub(crate) fn comes_to_nothing(&mut self, address: &str, times: u32) {
        self.nothing.insert(address.to_owned(), times);
    }

    pub(crate) fn refuse(&mut self, call: &str, times: u32, failure: Failure) {
        self.refusals.insert(call.to_owned(), (times, failure));
    }

    /// The tokens of the creations of an address that were sent.
    pub(crate) fn tokens(&self) -> &[Arc<str>] {
        &self.tokens
    }

    pub(crate) fn lose_next_reply(&mut self, call: &str) {
        self.lost.insert(call.to_owned());
    }

    pub(crate) fn break_next(&mut self, address: &str) {
        self.breaking.insert(address.to_owned());
    }

    pub(crate) fn ignore_input(&mut self, address: &str, name: &str) {
        self.ignored.insert((address.to_owned(), name.to_owned()));
    }

    pub(crate) fn takes(&mut self, resource_type: &str, duration: Duration) {
        self.durations.insert(resource_type.to_owned(), duration);
    }

    pub(crate) fn feels(&mut self, address: &str, health: Health) {
        self.feelings.insert(address.to_owned(), health);
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.calls.iter().filter(|made| *made == call).count()
    }

    pub(crate) fn get(&self, address: &str, name: &str) -> Value {
        let thing = self.things.values().find(|thing| thing.address == address).unwrap();
        thing.attributes.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, address: &str, name: &str, value: Value) {
        let thing = self.things.values_mut().find(|thing| thing.address == address).unwrap();
        thing.attributes.insert(name, value);
    }

    pub(crate) fn remove(&mut self, address: &str) {
        self.things.retain(|_, thing| thing.address != address);
    }

    pub(crate) fn hide(&mut self, address: &str) {
        self.things
            .values_mut()
            .filter(|thing| thing.address == address)
            .for_each(|thing| thing.hidden = true);
    }

    fn create(&mut self, request: &CreateRequest, now: Duration) -> String {
        let known = self.things.iter().find(|(_, thing)| thing.token == request.retry_token);
        if let Some((id, _)) = known {
            return id.clone();
        }
        self.tokens.push(request.retry_token.clone());
        self.made += 1;
        let id = format!("id-{}", self.made);
        let address = request.address.to_string();
        let mut attributes = ValueMap::new();
        for (name, value) in request.inputs.iter() {
            if !self.ignored.contains(&(address.clone(), name.to_string())) {
                attributes.insert(name.clone(), value.exposed().clone());
            }
        }
        attributes.insert("id", Value::string(id.as_str()));
        let duration = self.durations.get(request.address.resource_type()).copied().unwrap_or_default();
        let thing = Thing {
            broken: self.breaking.remove(&address),
            address,
            token: request.retry_token.clone(),
            attributes,
            ready_at: now + duration,
            going: false,
            hidden: false,
        };
        self.things.insert(id.clone(), thing);
        id
    }

    fn object(&self, id: &str) -> Option<Object> {
        let thing = self.things.get(id)?;
        // A map of its own, as what is decoded from an answer has.
        let mut attributes = thing.attributes.map_values(Value::clone);
        attributes.remove("password");
        if let Some(Value::Map(profile)) = attributes.get("profile") {
            let mut told = profile.clone();
            told.remove("hint");
            attributes.insert("profile", Value::Map(told));
        }
        let broken = thing.broken.then(|| "it fell over".to_owned());
        Some(Object { broken, ..Object::new(id, attributes) })
    }

    fn progress(&mut self, id: &str, now: Duration) -> Reply {
        let thing = self.things.get(id).filter(|thing| now >= thing.ready_at);
        if let Some(left) = thing.and_then(|thing| self.nothing.get_mut(&thing.address))
            && *left > 0
        {
            *left -= 1;
            self.things.remove(id);
            return Reply::CameToNothing(Failure::busy("no room here", Duration::from_secs(5)));
        }
        match self.things.get(id) {
            None => Reply::Gone,
            Some(thing) if now < thing.ready_at => Reply::Running(Running {
                identifier: Some(id.into()),
                pending: Some(Pending(format!("work-{id}").into())),
                again_after: Duration::from_secs(7),
                percent: Some(50),
                waiting_on: Some("PROVISIONING".to_owned()),
            }),
            Some(_) => self.object(id).map_or(Reply::Gone, Reply::Settled),
        }
    }
}

#[derive(Debug)]
struct Toy {
    types: Vec<ResourceType>,
    data: Vec<ResourceType>,
    world: Arc<Mutex<ToyWorld>>,
    clock: Arc<TestWorld>,
}

impl Toy {
    fn lock(&self) -> MutexGuard<'_, ToyWorld> {
        self.world.lock().unwrap()
    }

    /// Notes the call, and gives the failure that is due for it, before or after its effect.
    fn called<T>(&self, call: &str, act: impl FnOnce(&mut ToyWorld, Duration) -> T) -> Result<T, Failure> {
        let now = self.clock.monotonic();
        let mut world = self.lock();
        assert!(!world.is_stopped, "{call} after the run was asked to stop");
        world.calls.push(call.to_owned());
        if let Some(failure) = world.failures.remove(call) {
            return Err(failure);
        }
        if let Some((left, failure)) = world.refusals.get_mut(call)
            && *left > 0
        {
            *left -= 1;
            return Err(failure.clone());
        }
        let done = act(&mut world, now);
        if world.lost.remove(call) { Err(Failure::unclear("the reply was lost")) } else { Ok(done) }
    }
}

fn ready<T: Send + 'static>(answer: T) -> BoxFuture<'static, T> {
    Box::pin(std::future::ready(answer))
}

impl Provider for Toy {
    fn resource_types(&self) -> &[ResourceType] {
        &self.types
    }

    fn data_types(&self) -> &[ResourceType] {
        &self.data
    }

    /// A label that says that it is refused is.
    fn validate(&self, _: &str, inputs: &ValueMap) -> Vec<Invalid> {
        let label = inputs.get("label").and_then(Value::as_str).filter(|label| label.ends_with("refused"));
        let refused = |_| Invalid { path: "label".parse().unwrap(), message: "is refused".to_owned() };
        label.map(refused).into_iter().collect()
    }

    /// Disks that are labelled as a part go with the one that is labelled as a whole, or whose label is not known yet.
    fn lane(&self, resource_type: &str, _: Option<&Identifier>, inputs: &ValueMap) -> Option<Lane> {
        let label = inputs.get("label").filter(|_| resource_type == "disk")?;
        let joins = label.as_str() == Some("part");
        let is_whole = label.as_str() == Some("whole") || label.first_unknown().is_some();
        (joins || is_whole).then(|| Lane { batch: Some("disk".into()), joins, ..Lane::new("disks") })
    }

    /// A server stands in its net, and a disk in whatever its label names.
    fn whole(&self, resource_type: &str, entry: &StateEntry) -> Option<Identifier> {
        let name = if resource_type == "disk" { "label" } else { "net_id" };
        entry.attributes.get(name)?.as_str().map(Into::into)
    }

    fn read<'a>(&'a self, _: &'a str, requests: Vec<ReadRequest>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        let world = self.lock();
        let answer = |request: ReadRequest| match world.things.get(&*request.identifier) {
            Some(thing) if thing.hidden => ReadAnswer::Hidden("404".to_owned()),
            _ => world.object(&request.identifier).map_or(ReadAnswer::Gone, ReadAnswer::Found),
        };
        ready(requests.into_iter().map(answer).collect())
    }

    fn read_data<'a>(&'a self, _: &'a str, inputs: ValueMap) -> BoxFuture<'a, Result<ValueMap, Failure>> {
        let about = inputs.get("about").and_then(Value::as_str).unwrap().to_owned();
        ready(Ok(ValueMap::from([("fact", Value::from(format!("fact {about}")))])))
    }

    fn stop(&self, is_asked: bool) {
        self.lock().is_stopped = is_asked;
    }

    fn create(&self, request: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        let call = format!("create {}", request.address);
        ready(self.called(&call, |world, now| {
            let id = world.create(&request, now);
            world.progress(&id, now)
        }))
    }

    fn update(&self, request: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        ready(self.called(&format!("update {}", request.address), |world, _| {
            let thing = world.things.get_mut(&*request.identifier).unwrap();
            for name in &request.changed {
                let value = request.inputs.get(name).map(|value| value.exposed().clone()).unwrap_or_default();
                thing.attributes.insert(name.clone(), value);
            }
            world.object(&request.identifier).map_or(Reply::Gone, Reply::Settled)
        }))
    }

    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        ready(self.called(&format!("delete {}", request.address), |world, _| {
            if let Some(thing) = world.things.get_mut(&*request.identifier) {
                thing.going = true;
            }
            let id = Value::string(request.identifier.clone());
            let used = world
                .things
                .values()
                .find(|thing| !thing.going && thing.attributes.get("net_id") == Some(&id));
            assert!(used.is_none(), "{} is deleted while {used:?} needs it", request.address);
            world.things.remove(&*request.identifier);
            Reply::Gone
        }))
    }

    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        assert_eq!(request.operation, Operation::Create);
        let now = self.clock.monotonic();
        ready(Ok(self.lock().progress(request.pending.0.trim_start_matches("work-"), now)))
    }

    fn find(&self, request: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        let world = self.lock();
        let matching = world.things.iter().filter(|(_, thing)| thing.token == request.retry_token);
        ready(Ok(matching.filter_map(|(id, _)| world.object(id)).collect()))
    }

    fn list<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        ready(Ok(Vec::new()))
    }

    fn health(&self, request: ReadRequest) -> BoxFuture<'_, Result<Health, Failure>> {
        let feeling = self.lock().feelings.get(request.address.as_str()).cloned();
        ready(Ok(feeling.unwrap_or(Health::Healthy)))
    }
}

fn types() -> Vec<ResourceType> {
    let text = || Attribute::new(Kind::String);
    let base = || Schema::default().with("id", text().read_only()).with("label", text());
    let with = |name: &str, schema: Schema| ResourceType {
        limit: PerOperation::all(Duration::from_secs(3000)),
        ..ResourceType::new(name, schema)
    };
    let profile = Schema::default().with("name", text()).with("hint", text().write_only());
    let account = base().with("password", text().required().sensitive().write_only());
    vec![
        with("account", account.with("profile", Attribute::new(Kind::Object(profile)))),
        ResourceType { holds_data: true, ..with("database", base().with("net_id", text().force_new())) },
        with("disk", base()),
        with("net", base().with("cidr", text().required().force_new())),
        ResourceType { has_health: true, ..with("server", base().with("net_id", text().force_new())) },
    ]
}

/// The engine with its world, ledger and clock.
pub(crate) struct Bench {
    provider: Toy,
    ledger: MemoryLedger,
    key: DigestKey,
    options: ApplyOptions,
    events: Vec<Event>,
    cancel: Option<(Duration, usize)>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let facts = Schema::default()
            .with("about", Attribute::new(Kind::String).required())
            .with("fact", Attribute::new(Kind::String).read_only());
        let provider = Toy {
            types: types(),
            data: vec![ResourceType::new("facts", facts)],
            world: Arc::default(),
            clock: Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, 7)),
        };
        Self {
            provider,
            ledger: MemoryLedger::new(State::new("toy")),
            key: DigestKey::from_bytes([7; 32]),
            options: ApplyOptions::default(),
            events: Vec::new(),
            cancel: None,
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, ToyWorld> {
        self.provider.lock()
    }

    pub(crate) fn state(&self) -> &State {
        self.ledger.state()
    }

    pub(crate) fn key(&self) -> &DigestKey {
        &self.key
    }

    pub(crate) fn records(&self) -> &[Record] {
        self.ledger.records()
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(crate) fn undoable(&mut self) {
        self.options.undoable = true;
    }

    pub(crate) fn cancel_after(&mut self, after: Duration, times: usize) {
        self.cancel = Some((after, times));
    }

    pub(crate) fn forget(&mut self, text: &str) {
        let mut state = self.ledger.state().clone();
        state.fold(Record::Forget { address: address(text), slot: Slot::Current, protect: false }).unwrap();
        self.ledger = MemoryLedger::new(state);
    }

    /// Settles what is open in a run that was cancelled before it began.
    pub(crate) async fn settle_cancelled(&mut self, graph: &Graph) -> Settled {
        let context = Context { provider: &self.provider, world: &*self.provider.clock, key: &self.key };
        let cancel = Cancel::new();
        cancel.cancel();
        settle(context, Some(graph), &mut self.ledger, &mut self.events, &cancel).await.unwrap()
    }

    pub(crate) async fn plan(&mut self, graph: &Graph, options: &PlanOptions) -> Plan {
        let context = Context { provider: &self.provider, world: &*self.provider.clock, key: &self.key };
        settle(context, Some(graph), &mut self.ledger, &mut self.events, &Cancel::new()).await.unwrap();
        let state = self.ledger.state();
        let observed = refresh(context, graph, state, true).await;
        let input = PlanInput { provider: &self.provider, key: &self.key, graph, state, observed: &observed };
        let plan = plan(input, options);
        assert_eq!(check(&plan, graph, state, options), [], "the linter disagrees with\n{plan}");
        plan
    }

    pub(crate) async fn apply(&mut self, graph: &Graph, options: &PlanOptions) -> Summary {
        let plan = self.plan(graph, options).await;
        let context = Context { provider: &self.provider, world: &*self.provider.clock, key: &self.key };
        let cancel = Cancel::new();
        let cancelling = async {
            let Some((after, times)) = self.cancel else { return std::future::pending().await };
            self.provider.clock.sleep(after).await;
            (0..times).for_each(|_| cancel.cancel());
            std::future::pending::<()>().await;
        };
        let applying =
            apply(context, graph, &plan, &mut self.ledger, &self.options, &mut self.events, &cancel);
        tokio::select! {
            biased;
            summary = applying => summary.unwrap(),
            () = cancelling => unreachable!("it never ends"),
        }
    }

    /// Applies, and everything must work.
    pub(crate) async fn apply_with(&mut self, graph: &Graph, options: &PlanOptions) {
        self.cancel = None;
        let summary = self.apply(graph, options).await;
        assert!(summary.is_success(), "{summary:?}");
    }

    pub(crate) async fn apply_all(&mut self, graph: &Graph) {
        self.apply_with(graph, &PlanOptions::default()).await;
    }

    pub(crate) async fn rollback(&mut self, graph: &Graph) {
        let context = Context { provider: &self.provider, world: &*self.provider.clock, key: &self.key };
        let (options, cancel) = (ApplyOptions::default(), Cancel::new());
        let consent = BTreeSet::new();
        let summary = rollback(context, graph, &consent, &mut self.ledger, &options, &mut Silent, &cancel)
            .await
            .unwrap();
        assert!(summary.is_success(), "{summary:?}");
    }
}
