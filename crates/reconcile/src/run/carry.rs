//! The loop of an apply: hand out steps, commit what is due, send, and fold what comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::apply::{ApplyError, ApplyOptions, StepEnd, Summary};
use super::driver::{Driver, JobEnd};
use super::event::{Event, Observer};
use super::flights::Flights;
use super::health::healthy;
use super::job::{Job, Tries, Why};
use super::wish::{names, promises, still_differs, without_nulls};
use super::{Cancel, Context};
use crate::diff::{self, Judge, Sides};
use crate::graph::Node;
use crate::hex::hex;
use crate::journal::Ledger;
use crate::plan::{Action, Knowledge, Known, Plan, Step, agree, type_of, with_ignored};
use crate::provider::{Failure, Object, ReadRequest, ResourceType};
use crate::record::{IntentId, Operation, Record, RunMark, Slot, StateEntry, Status};
use crate::schedule::{Outcome, Schedule, Skipped};
use crate::state::State;
use crate::value::{Value, ValueMap};

/// How often a run that waits renews its lock at least. A lease is some minutes long.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// One run of a plan.
pub(super) struct Run<'a> {
    context: Context<'a>,
    plan: &'a Plan,
    options: &'a ApplyOptions,
    knowledge: Knowledge<'a>,
    schedule: Schedule,
    driver: Driver<'a>,
    /// Reads and health checks: they change nothing, so they need no record.
    looks: Flights<'a, Result<Look, Failure>>,
    /// Health checks that are due; they look at the state, so they wait for the commit.
    checks: Vec<u32>,
    /// Objects that a create of this run moves aside, by the address and under the intent of the create.
    deposing: BTreeMap<crate::Address, (IntentId, Arc<StateEntry>)>,
    /// What is protected when the run begins, or was until it had to make room, and stays so when it is replaced.
    protected: BTreeSet<crate::Address>,
    /// The node of each step, where it has one.
    nodes: Vec<Option<u32>>,
    next_intent: u64,
    started: Vec<Duration>,
    summary: Summary,
}

enum Look {
    Data(ValueMap),
    Healthy,
}

/// What handing out a step led to.
enum Handed {
    UnderWay,
    Done,
    Failed(String),
}

impl<'a> Run<'a> {
    pub(super) fn new(
        (context, cancel): (Context<'a>, &'a Cancel),
        plan: &'a Plan,
        options: &'a ApplyOptions,
        knowledge: Knowledge<'a>,
        state: &State,
    ) -> Self {
        let (tasks, limits) = (plan.tasks(), plan.limits(options.kinds.clone()));
        let schedule = Schedule::new(&tasks, &limits).expect("the planner has ordered the steps");
        let nodes = knowledge.graph.positions(plan.steps().iter().map(|step| &step.address));
        Self {
            context,
            plan,
            options,
            knowledge,
            schedule,
            driver: Driver::new(context, cancel),
            looks: Flights::new(),
            checks: Vec::new(),
            deposing: BTreeMap::new(),
            protected: protected(plan, state),
            nodes,
            next_intent: state.next_intent().0,
            started: vec![Duration::ZERO; tasks.len()],
            summary: Summary::default(),
        }
    }

    pub(super) async fn drive(
        &mut self,
        ledger: &mut dyn Ledger,
        observer: &mut dyn Observer,
        cancel: &Cancel,
    ) -> Result<(), ApplyError> {
        let mut stopping = false;
        self.context.provider.stop(false);
        loop {
            if cancel.is_stopping() && !stopping {
                stopping = true;
                self.stop(observer);
            }
            if cancel.is_leaving() {
                break;
            }
            self.hand_out(ledger.state(), observer);
            self.driver.commit(ledger).await?;
            let checks = std::mem::take(&mut self.checks);
            for id in &checks {
                self.start_check(*id, ledger.state(), observer);
            }
            let idle = self.driver.is_idle() && self.looks.is_empty();
            if self.schedule.is_done() || (idle && checks.is_empty()) {
                break;
            }
            if idle {
                continue;
            }
            self.wait(cancel, stopping, observer).await;
        }
        if cancel.is_leaving() {
            // What is under way is dropped; its intents are on disk, and what was learned is committed.
            self.driver.commit_only(ledger).await?;
        }
        Ok(())
    }

    fn stop(&mut self, observer: &mut dyn Observer) {
        self.schedule.stop();
        self.context.provider.stop(true);
        self.summary.cancelled = true;
        observer.event(&Event::Stopping);
    }

    /// Starts what is ready. A step that turns out to be nothing makes room for others at once.
    fn hand_out(&mut self, state: &State, observer: &mut dyn Observer) {
        loop {
            let ready = self.schedule.take_ready(self.options.concurrency.max(1));
            if ready.is_empty() {
                return;
            }
            for id in ready {
                let step = &self.plan.steps()[id as usize];
                self.started[id as usize] = self.context.world.monotonic();
                let (address, action) = (step.address.clone(), step.action.clone());
                observer.event(&Event::Started { address, action, expected: step.expected });
                // What it was to begin with could not begin, so it would be made on its own.
                let is_alone = step.with.is_some_and(|with| self.schedule.has_failed(with));
                match if is_alone { not_begun() } else { self.start(id, state) } {
                    Handed::UnderWay => {}
                    Handed::Done => self.done(id, observer),
                    Handed::Failed(message) => self.failed(id, Failure::refused(message).into(), observer),
                }
            }
        }
    }

    async fn wait(&mut self, cancel: &Cancel, stopping: bool, observer: &mut dyn Observer) {
        let (jobs_idle, looks_idle) = (self.driver.is_idle(), self.looks.is_empty());
        let world = self.context.world;
        tokio::select! {
            biased;
            ended = self.driver.landed(cancel, stopping, observer), if !jobs_idle => {
                for (id, job, end) in ended.into_iter().flatten() {
                    self.job_ended(id, &job, end, observer);
                }
            }
            landed = self.looks.landed(), if !looks_idle => {
                for (id, look) in landed {
                    self.look_ended(id, look, observer);
                }
            }
            () = cancel.more_than(stopping), if jobs_idle => {}
            () = async { world.sleep(HEARTBEAT).await } => {}
        }
    }

    fn start(&mut self, id: u32, state: &State) -> Handed {
        let step = &self.plan.steps()[id as usize];
        let resource_type = match self.nodes[id as usize] {
            Some(position) => self.knowledge.type_of(position),
            None => type_of(self.context.provider, &step.address),
        };
        let Some(resource_type) = resource_type else {
            return Handed::Failed("the provider does not know its type".to_owned());
        };
        match step.action {
            Action::Create | Action::Update => self.start_apply(id, step, resource_type, state),
            Action::Delete => self.start_delete(id, step, resource_type, state),
            Action::Read => self.start_read(id, resource_type),
            Action::Check => {
                self.checks.push(id);
                Handed::UnderWay
            }
        }
    }

    fn start_apply(
        &mut self,
        id: u32,
        step: &Step,
        resource_type: &'a ResourceType,
        state: &State,
    ) -> Handed {
        let Some(position) = self.nodes[id as usize] else {
            return Handed::Failed("the configuration does not have it".to_owned());
        };
        let node = &self.knowledge.graph.nodes()[position as usize];
        let prior = if step.action == Action::Update { state.entry(&step.address).cloned() } else { None };
        let desired = match self.desired(position, resource_type, prior.as_deref()) {
            Ok(desired) => desired,
            Err(message) => return Handed::Failed(message),
        };
        if !agree(self.context.key, &step.planned, &desired) {
            return Handed::Failed("would be asked for something else than was planned".to_owned());
        }
        let mut changed = Vec::new();
        let mut promised = ValueMap::new();
        if let Some(prior) = &prior {
            let judge = self.judge(resource_type);
            let observed = &prior.attributes;
            let sides = Sides { desired: &desired, asked: &prior.inputs, seen: observed, observed };
            changed = names(&diff::diff(judge, sides, &node.lifecycle));
            // Drift was seen when the plan was made, and is in the entry now, so the plan's changes count as well.
            changed.extend(
                names(&step.changes).into_iter().filter(|name| still_differs(judge, name, &desired, prior)),
            );
            changed.sort();
            changed.dedup();
            if changed.is_empty() {
                return self.keep_as_it_is(position, step, &desired, prior);
            }
            promised = promises(resource_type, &desired, prior);
        }
        let identifier = prior.as_ref().and_then(|prior| prior.identifier.clone());
        if prior.is_some() && identifier.is_none() {
            return Handed::Failed("nobody knows what it is called".to_owned());
        }
        let draft = StateEntry {
            identifier: identifier.clone(),
            inputs: without_nulls(&self.context.key.redact_map(step.address.as_str(), &desired)),
            attributes: prior.as_ref().map_or_else(ValueMap::new, |prior| prior.attributes.clone()),
            dependencies: self.knowledge.graph.dependencies_of(position).cloned().collect(),
            protect: self.is_protected(node),
            status: Status::Pending,
            private: prior.as_ref().map_or(Value::Null, |prior| prior.private.clone()),
            schema_version: resource_type.schema_version,
        };
        let operation = if prior.is_some() { Operation::Update } else { Operation::Create };
        if operation == Operation::Create && step.batch.is_some() {
            // What may begin with it asks for its inputs before it has ended.
            self.knowledge.nodes[position as usize] = Some(Known::Created { desired: desired.clone() });
        }
        let job = Job {
            inputs: Some(without_nulls(&desired)),
            changed,
            promised,
            identifier,
            ..self.job(step, operation, resource_type, Arc::new(draft), prior)
        };
        if operation == Operation::Create
            && self.creates_first(id)
            && let Some(old) = state.entry(&step.address)
        {
            self.deposing.insert(step.address.clone(), (job.intent, old.clone()));
        }
        self.driver.begin(id, job);
        Handed::UnderWay
    }

    /// Whether the old object of a replacement goes after the new one has come.
    fn creates_first(&self, id: u32) -> bool {
        let create = &self.plan.steps()[id as usize];
        let deletes = |step: &&Step| step.address == create.address && step.action == Action::Delete;
        // The steps of one address stand side by side, deletions first.
        let near =
            self.plan.steps()[..id as usize].iter().rev().take_while(|step| step.address == create.address);
        near.filter(deletes).any(|step| step.slot == Slot::Current && step.after.contains(&id))
    }

    /// Whether a deletion makes room for an object that is to be protected.
    fn protects_successor(&self, id: u32) -> bool {
        let node = self.nodes[id as usize].map(|position| &self.knowledge.graph.nodes()[position as usize]);
        node.is_some_and(|node| self.is_protected(node)) && self.plan.is_replacement(id)
    }

    /// Whether an object of a node is to be protected: as the configuration says, or as it was.
    fn is_protected(&self, node: &Node) -> bool {
        node.lifecycle.protect.unwrap_or_else(|| self.protected.contains(&node.address))
    }

    /// Inputs that were not known when the plan was made came out as they were before.
    fn keep_as_it_is(
        &mut self,
        position: u32,
        step: &Step,
        desired: &ValueMap,
        prior: &Arc<StateEntry>,
    ) -> Handed {
        let entry = StateEntry {
            inputs: without_nulls(&self.context.key.redact_map(step.address.as_str(), desired)),
            dependencies: self.knowledge.graph.dependencies_of(position).cloned().collect(),
            ..(**prior).clone()
        };
        let known = Known::All { desired: desired.clone(), attributes: prior.attributes.clone() };
        self.knowledge.nodes[position as usize] = Some(known);
        self.driver.record(Record::Put {
            address: step.address.clone(),
            slot: Slot::Current,
            entry: Box::new(entry),
        });
        Handed::Done
    }

    fn start_delete(
        &mut self,
        id: u32,
        step: &Step,
        resource_type: &'a ResourceType,
        state: &State,
    ) -> Handed {
        // A replacement that came first moves the old object aside. That may not be folded into the state yet.
        // An object deposed by an earlier run has a step of its own, which must not use this up.
        let deposed = match step.slot {
            Slot::Current => self.deposing.remove(&step.address),
            Slot::Deposed(_) => None,
        };
        let (slot, entry) = match deposed {
            Some((intent, entry)) => (Slot::Deposed(intent), entry),
            None => match state.object(&step.address, step.slot) {
                Some(entry) => (step.slot, entry.clone()),
                None => return Handed::Done,
            },
        };
        let Some(identifier) = entry.identifier.clone() else {
            return Handed::Failed("nobody knows what it is called".to_owned());
        };
        let job = Job {
            slot,
            identifier: Some(identifier),
            protect_next: slot == Slot::Current && self.protects_successor(id),
            ..self.job(step, Operation::Delete, resource_type, entry.clone(), Some(entry))
        };
        self.driver.begin(id, job);
        Handed::UnderWay
    }

    fn start_read(&mut self, id: u32, resource_type: &'a ResourceType) -> Handed {
        let Some(position) = self.nodes[id as usize] else {
            return Handed::Failed("the configuration does not have it".to_owned());
        };
        let inputs = match self.desired(position, resource_type, None) {
            Ok(inputs) => inputs,
            Err(message) => return Handed::Failed(message),
        };
        let provider = self.context.provider;
        let call = async move { provider.read_data(&resource_type.name, inputs).await.map(Look::Data) };
        self.looks.start(id, Box::pin(call));
        Handed::UnderWay
    }

    fn start_check(&mut self, id: u32, state: &State, observer: &mut dyn Observer) {
        let step = &self.plan.steps()[id as usize];
        let entry = state.entry(&step.address).cloned();
        let Some((identifier, entry)) = entry.and_then(|entry| Some((entry.identifier.clone()?, entry)))
        else {
            return self.failed(id, Failure::refused("is not there").into(), observer);
        };
        let request = ReadRequest { address: step.address.clone(), identifier, entry: Some(entry) };
        let health = healthy(self.context, request, self.options.healthy_within);
        self.looks.start(id, Box::pin(async move { health.await.map(|()| Look::Healthy) }));
    }

    fn job(
        &mut self,
        step: &Step,
        operation: Operation,
        resource_type: &ResourceType,
        draft: Arc<StateEntry>,
        prior: Option<Arc<StateEntry>>,
    ) -> Job {
        let (intent, token) = self.names_of_operation();
        let now = self.driver.now();
        Job {
            intent,
            address: step.address.clone(),
            slot: Slot::Current,
            operation,
            token,
            begun: now.wall,
            lost_at: now.wall,
            draft,
            prior,
            inputs: None,
            changed: Vec::new(),
            promised: ValueMap::new(),
            protect_next: false,
            identifier: None,
            pending: None,
            unclear: false,
            tries: Tries::default(),
            refusal: None,
            anew: 0,
            started: now.monotonic,
            until: now.monotonic + resource_type.limit.of(operation),
            expected: step.expected,
            visible_within: resource_type.visible_within,
        }
    }

    /// The number and the retry token of a new operation.
    fn names_of_operation(&mut self) -> (IntentId, Arc<str>) {
        let intent = IntentId(self.next_intent);
        self.next_intent += 1;
        let token = [self.context.world.random_u64(), self.context.world.random_u64()];
        (intent, token.map(|half| hex(&half.to_be_bytes())).concat().into())
    }

    /// What a node asks for, now that everything it refers to is known.
    fn desired(
        &self,
        position: u32,
        resource_type: &ResourceType,
        prior: Option<&StateEntry>,
    ) -> Result<ValueMap, String> {
        let node = &self.knowledge.graph.nodes()[position as usize];
        let mut failed = Vec::new();
        let inputs = self.knowledge.resolve_inputs(position, &mut failed);
        if let Some(failure) = failed.first() {
            return Err(failure.to_string());
        }
        let schema = &resource_type.schema;
        let mut problems = schema.validate(&inputs);
        if problems.is_empty() {
            problems = self.context.provider.validate(&resource_type.name, &inputs);
        }
        if let Some(problem) = problems.first() {
            return Err(format!("`{}` {}", problem.path, problem.message));
        }
        let desired = schema.mark_sensitive(&schema.with_defaults(&inputs));
        let desired = match prior {
            Some(prior) => with_ignored(node, desired, &prior.attributes),
            None => desired,
        };
        for (name, value) in desired.iter() {
            if let Some(origin) = value.first_unknown() {
                return Err(format!("`{name}` is still not known: `{origin}` was not told"));
            }
            let unchanged =
                prior.is_some_and(|prior| prior.inputs.get(name).is_some_and(Value::has_redacted));
            if value.has_redacted() && !unchanged {
                return Err(format!("`{name}` needs a secret of which only the digest is known"));
            }
        }
        Ok(desired)
    }

    fn judge(&self, resource_type: &'a ResourceType) -> Judge<'a> {
        Judge { provider: self.context.provider, key: self.context.key, resource_type }
    }

    fn job_ended(&mut self, id: u32, job: &Job, end: JobEnd, observer: &mut dyn Observer) {
        match end {
            JobEnd::Done(object) => {
                self.learn(id, job, object);
                self.done(id, observer);
            }
            JobEnd::Anew { after } => {
                let (intent, token) = self.names_of_operation();
                let job = job.begun_anew(intent, token, self.driver.now());
                if let Some((deposed_by, _)) = self.deposing.get_mut(&job.address) {
                    *deposed_by = intent;
                }
                self.driver.begin_after(id, after, job);
            }
            JobEnd::Failed(why) => self.failed(id, why, observer),
            JobEnd::Open { message } => {
                let (address, action) = self.name(id);
                observer.event(&Event::LeftOpen { address, action, message: message.clone() });
                let end = self.step_end(id, Failure::refused(message).into());
                self.summary.open.push(end);
                let skipped = self.schedule.finish(id, Outcome::Open);
                self.skipped(&skipped, observer);
            }
            JobEnd::Withheld { message } => {
                let (address, action) = self.name(id);
                observer.event(&Event::Withheld { address, action, message: message.clone() });
                let end = self.step_end(id, Failure::refused(message).into());
                self.summary.withheld.push(end);
                // It is the cancelling that keeps what needs it from beginning, and not this step.
                for Skipped { task, .. } in self.schedule.finish(id, Outcome::Failed) {
                    let address = self.name(task).0;
                    self.summary.never_started.push(address);
                }
            }
        }
    }

    /// What was not known before is known now.
    fn learn(&mut self, id: u32, job: &Job, object: Option<Object>) {
        let (Some(object), Some(desired)) = (object, &job.inputs) else { return };
        let Some(position) = self.nodes[id as usize] else { return };
        let Some(resource_type) = self.knowledge.type_of(position) else { return };
        let attributes = resource_type.schema.mark_sensitive(&object.attributes);
        self.knowledge.nodes[position as usize] = Some(Known::All { desired: desired.clone(), attributes });
    }

    fn look_ended(&mut self, id: u32, look: Result<Look, Failure>, observer: &mut dyn Observer) {
        match look {
            Ok(Look::Healthy) => self.done(id, observer),
            Ok(Look::Data(attributes)) => {
                if let Some(position) = self.nodes[id as usize]
                    && let Some(resource_type) = self.knowledge.type_of(position)
                {
                    let desired = self.knowledge.resolve_inputs(position, &mut Vec::new());
                    let attributes = resource_type.schema.mark_sensitive(&attributes);
                    self.knowledge.nodes[position as usize] = Some(Known::All { desired, attributes });
                }
                self.done(id, observer);
            }
            Err(failure) => self.failed(id, failure.into(), observer),
        }
    }

    fn done(&mut self, id: u32, observer: &mut dyn Observer) {
        let took = self.context.world.monotonic().saturating_sub(self.started[id as usize]);
        let (address, action) = self.name(id);
        observer.event(&Event::Finished { address, action, took });
        self.summary.done += 1;
        let skipped = self.schedule.finish(id, Outcome::Done);
        self.skipped(&skipped, observer);
    }

    fn failed(&mut self, id: u32, why: Why, observer: &mut dyn Observer) {
        let (address, action) = self.name(id);
        let (message, hint) = (why.message.clone(), why.hint.clone());
        observer.event(&Event::Failed { address, action, message, hint });
        let end = self.step_end(id, why);
        self.summary.failed.push(end);
        let skipped = self.schedule.finish(id, Outcome::Failed);
        self.skipped(&skipped, observer);
    }

    fn skipped(&mut self, skipped: &[Skipped], observer: &mut dyn Observer) {
        for Skipped { task, because } in skipped {
            let (address, action) = self.name(*task);
            let because = self.plan.steps()[*because as usize].address.clone();
            observer.event(&Event::Skipped { address: address.clone(), action, because });
            self.summary.skipped.push(address);
        }
    }

    fn name(&self, id: u32) -> (crate::Address, Action) {
        let step = &self.plan.steps()[id as usize];
        (step.address.clone(), step.action.clone())
    }

    fn step_end(&self, id: u32, why: Why) -> StepEnd {
        let (address, action) = self.name(id);
        let Why { message, hint, is_for_want_of_room } = why;
        StepEnd { address, action, message, hint, is_for_want_of_room }
    }

    /// The outputs, and the end of the run.
    pub(super) async fn close(mut self, ledger: &mut dyn Ledger) -> Result<Summary, ApplyError> {
        for id in self.schedule.never_started() {
            let address = self.name(id).0;
            self.summary.never_started.push(address);
        }
        let mut records = Vec::new();
        let outputs = self.knowledge.graph.outputs();
        let values: ValueMap = outputs
            .iter()
            .map(|(name, expr)| (name.clone(), self.knowledge.resolve(expr, &mut Vec::new())))
            .collect();
        // What is not known because its step has not come to an end stays as it was.
        let known = |(name, value): (&Arc<str>, &Value)| {
            let before = ledger.state().outputs().get(name).cloned();
            let value = if value.first_unknown().is_some() { before? } else { value.clone() };
            Some((name.clone(), value))
        };
        let told: ValueMap = values.iter().filter_map(known).collect();
        let stored = match self.plan.mode() {
            crate::plan::Mode::Destroy if self.summary.is_success() => ValueMap::new(),
            crate::plan::Mode::Destroy | crate::plan::Mode::RefreshOnly => ledger.state().outputs().clone(),
            crate::plan::Mode::Apply => self.context.key.redact_map("output", &told),
        };
        if stored != *ledger.state().outputs() {
            records.push(Record::Outputs { values: stored });
        }
        if ledger.state().run().is_some_and(|run| !run.rolling_back) && self.summary.is_success() {
            records.push(Record::Run(RunMark::Ended));
        }
        if !records.is_empty() {
            ledger.commit(records).await?;
        }
        self.summary.outputs = told;
        Ok(self.summary)
    }
}

fn not_begun() -> Handed {
    Handed::Failed("what it was to be made together with did not begin".to_owned())
}

/// Of what a plan touches, what is protected or has to stay so.
fn protected(plan: &Plan, state: &State) -> BTreeSet<crate::Address> {
    let touched = || plan.steps().iter().map(|step| &step.address);
    let entries = state.entries_of(touched());
    touched()
        .zip(entries)
        .filter(|(address, entry)| entry.is_some_and(|entry| entry.protect) || state.stays_protected(address))
        .map(|(address, _)| address.clone())
        .collect()
}
