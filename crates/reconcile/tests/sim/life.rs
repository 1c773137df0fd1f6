//! One life of a stack: run after run, each of which may stop anywhere, and after each a look at everything that
//! must be true.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use reconcile::Address;
use reconcile::disk::{Loss, SimulatedDisk};
use reconcile::graph::Graph;
use reconcile::journal::{Holder, Journal, KeySource, Ledger, peek};
use reconcile::plan::{Action, Mode, Observed, Plan, PlanInput, PlanOptions, ProblemKind, check, plan};
use reconcile::record::{Identifier, Operation, Slot, Status};
use reconcile::run::{ApplyOptions, Cancel, Context, Event, Observer, apply, refresh, settle};
use reconcile::secret::DigestKey;
use reconcile::state::State;
use reconcile::store::FileStore;
use world::{TestWorld, World};

use crate::boundary::{Boundaries, DiskBoundaries};
use crate::cloud::{Cloud, Rules};
use crate::scenario::{Chapter, DISK, Scenario, TYPES, graph};

const STATE: &str = "/s/state.json";
/// Runs without a crash that a chapter may need while there are faults.
const RUNS_WITH_FAULTS_MAX: usize = 10;
/// Runs that it may need once there are none.
const RUNS_WITHOUT_FAULTS_MAX: usize = 6;
/// Calls of one run, for each resource that is wanted or known. A step makes some ten calls: polls every 20 seconds at most,
/// and retries.
const CALLS_PER_RESOURCE_MAX: u64 = 120;

/// Why a life went wrong.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    /// Which rule, so that shrinking keeps to one fault.
    pub(crate) rule: &'static str,
    pub(crate) text: String,
    /// The boundaries of the run in which it showed.
    pub(crate) trace: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.rule, self.text)?;
        self.trace.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// What a life was like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) runs: u64,
    pub(crate) crashes: u64,
    pub(crate) calls: u64,
    pub(crate) refused: u64,
    pub(crate) beside: Beside,
    /// The boundaries of the first run that did not crash, of each chapter and of the destruction.
    pub(crate) boundaries: [u64; 4],
    /// A digest of everything that was said, for comparing two lives.
    pub(crate) said: u64,
}

/// What is rare, and must happen now and then for a test to be worth anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// How often work began beside other work of its lane and batch.
    pub(crate) in_lane: u64,
    /// How often something was made in the request that made its whole.
    pub(crate) parts: u64,
    /// How often work was accepted and came to nothing.
    pub(crate) nothing: u64,
}

/// Keeps the events of a run, and tells the world when a step begins.
struct Listener<'a> {
    events: &'a mut Vec<Event>,
    cloud: &'a Cloud,
}

impl Observer for Listener<'_> {
    fn event(&mut self, event: &Event) {
        if let Event::Started { address, action, .. } = event {
            self.cloud.begins(address, *action == Action::Delete);
        }
        self.events.event(event);
    }
}

/// Lives a life, and says what was wrong with it.
pub(crate) fn live(scenario: &Scenario, traced: bool) -> Result<Told, Broken> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without threads starts").block_on(async {
        // Made inside, where the clock is the paused one.
        Life::new(scenario, traced).live().await
    })
}

struct Life<'a> {
    scenario: &'a Scenario,
    traced: bool,
    world: Arc<dyn World>,
    cloud: Arc<Cloud>,
    disk: SimulatedDisk,
    key: DigestKey,
    told: Told,
    create_first: BTreeSet<Address>,
    /// What each address has ever needed.
    needs: BTreeMap<Address, BTreeSet<Address>>,
    /// The objects that a state has ever called protected.
    protected: BTreeSet<Identifier>,
    /// The wanted addresses whose object a state has ever called protected. No wish takes that back, so what comes in its place
    /// is protected too.
    stays_protected: BTreeSet<Address>,
    /// The objects whose loss somebody has agreed to.
    given_up: BTreeSet<Identifier>,
    /// Those of them that the run under way is about to let go. What replaces one may fail and be replaced in turn: then the consent
    /// was to that as well.
    let_go: RefCell<BTreeSet<Identifier>>,
    trace: Vec<String>,
}

/// How one run of the program ended.
#[derive(Debug)]
enum RunEnd {
    Crashed,
    /// What was wanted cannot be.
    Refused,
    /// It went to its end.
    Done {
        /// Whether there was nothing to do.
        empty: bool,
        /// Addresses whose consent the plan asks for; it was not applied then.
        consent_needed: BTreeSet<Address>,
    },
}

/// What one run is to achieve.
#[derive(Clone, Copy)]
struct Wish<'a> {
    graph: &'a Graph,
    mode: Mode,
    consent: &'a BTreeSet<Address>,
}

impl<'a> Life<'a> {
    fn new(scenario: &'a Scenario, traced: bool) -> Self {
        let world: Arc<dyn World> = Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, scenario.seed));
        Self {
            scenario,
            traced,
            cloud: Cloud::new(Arc::clone(&world), scenario.faults, scenario.seed),
            world,
            disk: SimulatedDisk::new(scenario.seed),
            key: DigestKey::from_bytes([7; 32]),
            told: Told::default(),
            create_first: BTreeSet::new(),
            needs: BTreeMap::new(),
            protected: BTreeSet::new(),
            stays_protected: BTreeSet::new(),
            given_up: BTreeSet::new(),
            let_go: RefCell::default(),
            trace: Vec::new(),
        }
    }

    async fn live(mut self) -> Result<Told, Broken> {
        let mut last = Graph::empty();
        for (at, chapter) in self.scenario.chapters.iter().enumerate() {
            self.cloud.drift(chapter.drifted, chapter.vanished);
            let wanted = graph(&chapter.wanted, self.scenario.out_max);
            self.may_be_two(&wanted);
            self.converge(at, &wanted, Mode::Apply, &chapter.crashes, Some(chapter)).await?;
            last = wanted;
        }
        let crashes = &self.scenario.destroy_crashes;
        self.converge(3, &last, Mode::Destroy, crashes, self.scenario.chapters.last()).await?;
        let left = self.cloud.live();
        if !left.is_empty() {
            return Err(self.broken("destroy empties the world", format!("left: {:?}", left.keys())));
        }
        self.told.calls = self.cloud.calls();
        self.told.beside = self.cloud.beside();
        Ok(self.told)
    }

    /// Remembers what may have two objects for a while: what is replaced create-first, and everything that it
    /// needs, since that cannot go before it.
    fn may_be_two(&mut self, graph: &Graph) {
        // What an object needed under an earlier wish counts as long as it may still be there.
        for node in graph.nodes() {
            let needed = self.needs.entry(node.address.clone()).or_default();
            needed.extend(graph.dependencies(&node.address).cloned());
        }
        let first = graph.nodes().iter().filter(|node| node.lifecycle.create_first);
        let mut open: Vec<Address> = first.map(|node| node.address.clone()).collect();
        open.extend(self.create_first.iter().cloned());
        let mut seen = BTreeSet::new();
        while let Some(address) = open.pop() {
            if seen.insert(address.clone()) {
                open.extend(self.needs.get(&address).into_iter().flatten().cloned());
            }
        }
        self.create_first.extend(seen);
    }

    /// Runs the program until there is nothing left to do.
    async fn converge(
        &mut self,
        at: usize,
        graph: &Graph,
        mode: Mode,
        crashes: &[u64],
        chapter: Option<&Chapter>,
    ) -> Result<(), Broken> {
        let mut consent = BTreeSet::new();
        let mut crashes = crashes.iter();
        let mut quiet_runs = 0;
        for _ in 0..crashes.len() + RUNS_WITH_FAULTS_MAX + RUNS_WITHOUT_FAULTS_MAX {
            let crash_at = crashes.next().copied();
            if crash_at.is_none() {
                quiet_runs += 1;
            }
            if quiet_runs > RUNS_WITH_FAULTS_MAX {
                self.cloud.stop_faults();
            }
            let wish = Wish { graph, mode, consent: &consent };
            let boundaries = Boundaries::new(crash_at, self.traced);
            let end = self.run(wish, chapter, &boundaries).await?;
            if quiet_runs == 1 && self.told.boundaries[at] == 0 {
                self.told.boundaries[at] = boundaries.crossed();
            }
            match end {
                RunEnd::Done { empty: true, .. } => return Ok(()),
                RunEnd::Refused => {
                    self.told.refused += 1;
                    return Ok(());
                }
                RunEnd::Done { consent_needed, .. } => {
                    // Who agrees, agrees to losing what is there now; also if it goes only under a later wish.
                    let live = self.cloud.live().into_iter();
                    let agreed = live.filter(|(_, thing)| consent_needed.contains(&thing.address));
                    self.given_up.extend(agreed.map(|(identifier, _)| identifier));
                    consent.extend(consent_needed);
                }
                RunEnd::Crashed => {
                    let long = chapter.is_some_and(|chapter| chapter.long_pause) && self.told.crashes == 1;
                    let hours = if long { 25 } else { 0 };
                    self.world.sleep(Duration::from_secs(hours * 3600)).await;
                    if crashes.len() == 0
                        && chapter.is_some_and(|chapter| chapter.given_up)
                        && mode == Mode::Apply
                    {
                        return Ok(());
                    }
                }
            }
            self.world.sleep(Duration::from_secs(130)).await;
        }
        Err(self.broken("a rerun converges", format!("not after {quiet_runs} runs without a crash")))
    }

    /// One run of the program, and a look at everything afterwards.
    async fn run(
        &mut self,
        wish: Wish<'_>,
        chapter: Option<&Chapter>,
        boundaries: &Arc<Boundaries>,
    ) -> Result<RunEnd, Broken> {
        self.told.runs += 1;
        self.set_rules(wish, chapter);
        let calls_before = self.cloud.calls();
        let mut events = Vec::new();
        let end = tokio::select! {
            biased;
            () = boundaries.crashed() => Ok(RunEnd::Crashed),
            end = self.program(wish, boundaries, &mut events) => end,
        };
        self.trace = boundaries.trace();
        self.given_up.append(self.let_go.get_mut());
        let crashed = boundaries.crashed_in().is_some();
        if crashed {
            self.told.crashes += 1;
            let loss = if self.scenario.power { Loss::Power } else { Loss::Process };
            self.disk = self.disk.reboot(loss);
        }
        // After a crash an error is only the last thing that the program saw.
        let end = if crashed { RunEnd::Crashed } else { end? };
        self.listen(&events)?;
        self.check_world(wish).await?;
        let known = wish.graph.nodes().len().max(self.cloud.live().len()) as u64;
        let calls = self.cloud.calls() - calls_before;
        if calls > CALLS_PER_RESOURCE_MAX * (known + 1) {
            return Err(self.broken("a run stays within its calls", format!("{calls} for {known} resources")));
        }
        Ok(end)
    }

    /// The program, as the command line would run it.
    async fn program(
        &self,
        wish: Wish<'_>,
        boundaries: &Arc<Boundaries>,
        events: &mut Vec<Event>,
    ) -> Result<RunEnd, Broken> {
        let disk = self.disk.through(Arc::new(DiskBoundaries(Arc::clone(boundaries))));
        let provider = self.cloud.provider(Arc::clone(boundaries));
        let store = Box::new(FileStore::on(Arc::new(disk), STATE));
        let holder = Holder {
            owner: "simulator".into(),
            host: "here".into(),
            pid: 1,
            reason: "apply".into(),
            lease: Duration::from_secs(120),
        };
        let opened =
            Journal::open(store, &KeySource::Given(self.key.clone()), holder, Arc::clone(&self.world)).await;
        let mut journal = opened.map_err(|error| self.broken("a state opens", format!("{error:?}")))?;
        let context = Context { provider: &provider, world: &*self.world, key: &self.key };
        let result = self.steps(wish, context, &mut journal, boundaries, events).await;
        let closed = journal.close().await;
        let end = result?;
        closed.map_err(|error| self.broken("a state closes", format!("{error:?}")))?;
        Ok(end)
    }
}

impl Life<'_> {
    async fn steps(
        &self,
        wish: Wish<'_>,
        context: Context<'_>,
        journal: &mut Journal,
        boundaries: &Boundaries,
        events: &mut Vec<Event>,
    ) -> Result<RunEnd, Broken> {
        let failed = |what: &'static str, error: String| self.broken(what, error);
        let cancel = Cancel::new();
        settle(context, Some(wish.graph), journal, events, &cancel)
            .await
            .map_err(|error| failed("what is open is settled", format!("{error:?}")))?;
        let observed = refresh(context, wish.graph, journal.state(), true).await;
        let made = self.plan(wish, context, journal.state(), &observed)?;
        boundaries.note(|| format!("plan: {}", describe(&made)));
        let problems = made.problems();
        let needs_consent = |kind: ProblemKind| kind == ProblemKind::ConsentNeeded;
        let consent_needed: BTreeSet<Address> = problems
            .iter()
            .filter(|problem| needs_consent(problem.kind))
            .filter_map(|problem| problem.address.clone())
            .collect();
        // A group whose members cannot go out one by one is refused, with a reason. That is an end as well.
        if problems.iter().any(|problem| problem.kind == ProblemKind::Cyclic) {
            return Ok(RunEnd::Refused);
        }
        if let Some(problem) = problems.iter().find(|problem| !needs_consent(problem.kind)) {
            return Err(failed("a plan has no problem but consent", format!("{problem:?}")));
        }
        // What is left out was left out for now: the next run sees more.
        let empty =
            made.is_empty() && made.deferred().is_empty() && journal.state().open_intents().len() == 0;
        if empty {
            return Ok(RunEnd::Done { empty, consent_needed });
        }
        if consent_needed.is_empty() {
            self.cloud.begin_plan(makes_room(&made));
            self.let_go.borrow_mut().extend(consented(&made, journal.state(), wish.consent));
            let options = ApplyOptions { concurrency: self.scenario.concurrency, ..ApplyOptions::default() };
            let mut listener = Listener { events, cloud: &self.cloud };
            apply(context, wish.graph, &made, journal, &options, &mut listener, &cancel)
                .await
                .map_err(|error| failed("an apply comes to its end", format!("{error:?}")))?;
        }
        Ok(RunEnd::Done { empty: false, consent_needed })
    }

    fn plan(
        &self,
        wish: Wish<'_>,
        context: Context<'_>,
        state: &State,
        observed: &Observed,
    ) -> Result<Plan, Broken> {
        let options =
            PlanOptions { mode: wish.mode, consent: wish.consent.clone(), ..PlanOptions::default() };
        let input =
            PlanInput { provider: context.provider, key: context.key, graph: wish.graph, state, observed };
        let made = plan(input, &options);
        let findings = check(&made, wish.graph, state, &options);
        if !findings.is_empty() {
            return Err(self.broken("a plan keeps the rules of plans", format!("{findings:?}")));
        }
        self.no_secret("a plan", format!("{made:?}").as_bytes())?;
        Ok(made)
    }

    /// What the world may expect of this run.
    fn set_rules(&self, wish: Wish<'_>, chapter: Option<&Chapter>) {
        let wanted =
            |yes: bool| wish.graph.nodes().iter().filter(move |_| yes).map(|node| node.address.clone());
        let live = self.cloud.live();
        let untouchable = live.iter().filter(|(identifier, thing)| {
            let matters =
                thing.address.resource_type() == TYPES[DISK] || self.protected.contains(*identifier);
            matters && !wish.consent.contains(&thing.address) && !self.given_up.contains(*identifier)
        });
        let units = chapter.iter().flat_map(|chapter| &chapter.wanted);
        self.cloud.set_rules(Rules {
            create_first: self.create_first.clone(),
            untouchable: untouchable.map(|(identifier, _)| identifier.clone()).collect(),
            wanted: wanted(wish.mode == Mode::Apply).collect(),
            // When everything goes, the members of a group need not wait for each other.
            units: match wish.mode {
                Mode::Destroy => BTreeMap::new(),
                Mode::Apply | Mode::RefreshOnly => {
                    units.filter_map(|one| Some((one.address(), one.unit?))).collect()
                }
            },
            out_max: self.scenario.out_max,
        });
    }

    /// Everything that must be true between two runs.
    async fn check_world(&mut self, wish: Wish<'_>) -> Result<(), Broken> {
        if let Some(violation) = self.cloud.violations().first() {
            return Err(self.broken("the world is treated well", violation.clone()));
        }
        for (path, content) in self.disk.files() {
            self.no_secret(&path.display().to_string(), &content)?;
        }
        let store = FileStore::on(Arc::new(self.disk.clone()), STATE);
        let peeked =
            peek(&store).await.map_err(|error| self.broken("a state can be read", format!("{error:?}")))?;
        let Some(peeked) = peeked else {
            let live = self.cloud.live();
            if live.is_empty() {
                return Ok(());
            }
            return Err(self.broken("nothing is forgotten", format!("no state, and {:?}", live.keys())));
        };
        self.remember_protection(&peeked.state, wish)?;
        self.compare(&peeked.state)
    }

    fn remember_protection(&mut self, state: &State, wish: Wish<'_>) -> Result<(), Broken> {
        let protected = || state.entries().filter(|(_, entry)| entry.protect);
        self.protected.extend(protected().filter_map(|(_, entry)| entry.identifier.clone()));
        let is_wanted = |address: &Address| wish.mode == Mode::Apply && wish.graph.node(address).is_some();
        self.stays_protected.retain(is_wanted);
        let lost = state
            .entries()
            .find(|(address, entry)| self.stays_protected.contains(*address) && !entry.protect)
            .map(|(address, _)| address.to_string());
        // Somebody agreed that it goes, and it may have gone already: whoever wants the address again says what it is to be.
        let going: BTreeSet<&Address> = state
            .open_intents()
            .map(|(_, open)| &open.begin)
            .filter(|begin| {
                begin.operation == Operation::Delete && begin.slot == Slot::Current && !begin.protect
            })
            .map(|begin| &begin.address)
            .collect();
        // What never came to be has nothing to be protected.
        let whole = protected().filter(|(address, entry)| {
            entry.status != Status::Pending && is_wanted(address) && !going.contains(address)
        });
        self.stays_protected.extend(whole.map(|(address, _)| address.clone()));
        lost.map_or(Ok(()), |address| Err(self.broken("what is protected stays so", address)))
    }

    /// What exists in the world equals the state and its open intents.
    fn compare(&self, state: &State) -> Result<(), Broken> {
        let live = self.cloud.live();
        let mut known: BTreeSet<&str> = BTreeSet::new();
        let mut going: BTreeSet<&str> = BTreeSet::new();
        let mut tokens: BTreeSet<&str> = BTreeSet::new();
        let entries =
            state.entries().map(|(_, entry)| entry).chain(state.deposed().map(|(_, _, entry)| entry));
        known.extend(entries.filter_map(|entry| entry.identifier.as_deref()));
        for (_, open) in state.open_intents() {
            tokens.insert(&open.begin.retry_token);
            known.extend(open.identifier.as_deref());
            let object = state.object(&open.begin.address, open.begin.slot);
            going.extend(object.and_then(|entry| entry.identifier.as_deref()));
        }
        for (identifier, thing) in &live {
            if !known.contains(&**identifier) && !tokens.contains(&*thing.token) {
                let text = format!("{identifier} of {} is in no record", thing.address);
                return Err(self.broken("nothing is forgotten", text));
            }
        }
        for identifier in known {
            if !live.contains_key(identifier)
                && !going.contains(identifier)
                && !self.cloud.went_by_itself(identifier)
            {
                let text = format!("the state has {identifier}, which does not exist");
                return Err(self.broken("nothing is made up", text));
            }
        }
        Ok(())
    }

    fn listen(&mut self, events: &[Event]) -> Result<(), Broken> {
        let text = format!("{events:?}");
        self.no_secret("an event", text.as_bytes())?;
        let mut hasher = DefaultHasher::new();
        (self.told.said, text).hash(&mut hasher);
        self.told.said = hasher.finish();
        Ok(())
    }

    fn no_secret(&self, place: &str, bytes: &[u8]) -> Result<(), Broken> {
        // Every generated secret begins with it.
        let secret = b"hunter2";
        if bytes.windows(secret.len()).any(|window| window == secret) {
            return Err(self.broken("no secret is written", place.to_owned()));
        }
        Ok(())
    }

    fn broken(&self, rule: &'static str, text: String) -> Broken {
        Broken { rule, text, trace: self.trace.clone() }
    }
}

/// The objects that a plan deletes and whose loss somebody has agreed to.
fn consented(plan: &Plan, state: &State, consent: &BTreeSet<Address>) -> Vec<Identifier> {
    let deletes =
        plan.steps().iter().filter(|step| step.action == Action::Delete && consent.contains(&step.address));
    deletes.filter_map(|step| state.object(&step.address, step.slot)?.identifier.clone()).collect()
}

/// The addresses whose deletion comes before the creation of the successor.
fn makes_room(plan: &Plan) -> BTreeSet<Address> {
    let creates = plan.steps().iter().filter(|step| step.action == Action::Create);
    let after_own_delete = creates.filter(|create| {
        create.after.iter().any(|before| {
            let before = &plan.steps()[*before as usize];
            before.address == create.address && before.action == Action::Delete
        })
    });
    after_own_delete.map(|create| create.address.clone()).collect()
}

fn describe(plan: &Plan) -> String {
    let steps: Vec<String> = plan
        .steps()
        .iter()
        .map(|step| format!("{:?} {} ({:?})", step.action, step.address, step.reason))
        .collect();
    let deferred: Vec<String> =
        plan.deferred().iter().map(|left| format!("{}: {:?}", left.address, left.why)).collect();
    format!("[{}], left out [{}], {:?}", steps.join(", "), deferred.join(", "), plan.problems())
}
