//! One operation from its intent to its end: what each answer means. Pure.

use std::sync::Arc;
use std::time::Duration;

use crate::Address;
use crate::diff::{Judge, broken_promises};
use crate::provider::{
    ANEW_MAX, CreateRequest, DeleteRequest, Effect, Failure, FindRequest, Object, PollRequest, ReadAnswer,
    ReadRequest, Reply, Running, UpdateRequest,
};
use crate::record::{
    Begin, End, EndOutcome, Identifier, IntentId, Learned, Millis, Operation, Pending, Record, Slot,
    StateEntry, Status,
};
use crate::schema::Schema;
use crate::value::{Value, ValueMap};

/// A request is sent at most this often when nobody knows what became of it; then it is looked for.
const SENDS_MAX: u32 = 3;
/// Polls and look-ups that fail in a row before this run stops asking. The intent stays open then.
const LOOKS_MAX: u32 = 8;
/// Requests that the service asks to send later, without a pause worth the name, are sent at most this often. With a pause of
/// [`PAUSE`] or more they are sent until the time limit of the operation: what lingers in a subnet may do so for 20 minutes.
const BUSY_MAX: u32 = 20;
/// The pause after a failure for which the provider names none; it doubles with each.
const PAUSE: Duration = Duration::from_secs(1);
/// A retry token lives this long.
pub(super) const TOKEN_LIFE_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) intent: IntentId,
    pub(super) address: Address,
    pub(super) slot: Slot,
    pub(super) operation: Operation,
    pub(super) token: Arc<str>,
    pub(super) begun: Millis,
    /// When a request may last have been carried out without an answer that said so. What it made is certainly visible only
    /// some time after that.
    pub(super) lost_at: Millis,
    /// The entry as it will be, or as it is when it is deleted.
    pub(super) draft: Arc<StateEntry>,
    /// The entry as it is, for updates.
    pub(super) prior: Option<Arc<StateEntry>>,
    /// What is asked for, in clear; `None` if that is not known any more.
    pub(super) inputs: Option<ValueMap>,
    pub(super) changed: Vec<Arc<str>>,
    /// Attributes that were known beforehand although the service sets them.
    pub(super) promised: ValueMap,
    /// Whether what comes in the place of an object that goes is to be protected.
    pub(super) protect_next: bool,
    pub(super) identifier: Option<Identifier>,
    pub(super) pending: Option<Pending>,
    /// It may have been carried out although no answer said so.
    pub(super) unclear: bool,
    pub(super) tries: Tries,
    /// Why it was refused for now, if it was.
    pub(super) refusal: Option<String>,
    /// How often the creation came to nothing and was begun anew in this run.
    pub(super) anew: u32,
    /// When it started and until when this run waits, by the monotonic clock.
    pub(super) started: Duration,
    pub(super) until: Duration,
    pub(super) expected: Duration,
    /// New objects are certainly visible after this long.
    pub(super) visible_within: Duration,
}

/// How often each kind of call has been tried in vain.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tries {
    sends: u32,
    looks: u32,
    busy: u32,
    hidden: u32,
}

/// A call to make.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Create(CreateRequest),
    Update(UpdateRequest),
    Delete(DeleteRequest),
    Poll(PollRequest),
    Find(FindRequest),
    Read(ReadRequest),
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// To a request that changes the world.
    Sent(Result<Reply, Failure>),
    /// To a poll.
    Polled(Result<Reply, Failure>),
    /// To a search.
    Found(Result<Vec<Object>, Failure>),
    /// To a read.
    Looked(ReadAnswer),
    /// The call did not come back in time.
    Late,
    /// The call was not made, because the run was cancelled.
    Withheld,
}

impl Answer {
    /// The same, with the names of attributes stored where the schema has them.
    pub(super) fn sharing_names(mut self, schema: &Schema) -> Self {
        match &mut self {
            Self::Sent(Ok(Reply::Settled(object)))
            | Self::Polled(Ok(Reply::Settled(object)))
            | Self::Looked(ReadAnswer::Found(object)) => schema.share_names(&mut object.attributes),
            Self::Found(Ok(objects)) => {
                objects.iter_mut().for_each(|object| schema.share_names(&mut object.attributes));
            }
            _ => {}
        }
        self
    }
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// Another call, after a while.
    Call { after: Duration, call: Call, waiting: Option<(Option<String>, Option<u8>)> },
    /// It is over.
    Done(Option<Object>),
    /// It is over and came to nothing; it is begun anew, as another operation.
    Anew { after: Duration, message: String },
    /// It is over, and did not do what it should.
    Failed(Why),
    /// It is not over, and this run stops waiting.
    Open { message: String },
    /// It is over and came to nothing, because the run was cancelled.
    Withheld { message: String },
}

/// Why an operation did not do what it should.
#[derive(Clone, Debug)]
pub(super) struct Why {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) is_for_want_of_room: bool,
}

impl From<Failure> for Why {
    fn from(failure: Failure) -> Self {
        let Failure { message, hint, is_for_want_of_room, .. } = failure;
        Self { message, hint, is_for_want_of_room }
    }
}

/// The clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) monotonic: Duration,
    pub(super) wall: Millis,
}

impl Job {
    /// The call to start with: of a new job, or of one that an earlier run left.
    pub(super) fn first_call(&self, wall: impl FnOnce() -> Millis) -> Call {
        if self.pending.is_some() {
            return self.poll();
        }
        if !self.unclear {
            return self.send().unwrap_or_else(|| self.look());
        }
        let young = wall().0.saturating_sub(self.begun.0) < TOKEN_LIFE_MILLIS;
        let resend = self.operation == Operation::Create && self.identifier.is_none() && young;
        resend.then(|| self.send()).flatten().unwrap_or_else(|| self.look())
    }

    /// What an answer means: records to commit, and what comes next.
    pub(super) fn advance(&mut self, judge: Judge<'_>, answer: Answer, now: Now) -> (Vec<Record>, Next) {
        let mut records = Vec::new();
        let next = match answer {
            Answer::Sent(Ok(reply)) | Answer::Polled(Ok(reply)) => {
                self.tries = Tries::default();
                self.refusal = None;
                self.replied(judge, reply, now, &mut records)
            }
            Answer::Sent(Err(failure)) => self.send_failed(failure, now, &mut records),
            Answer::Polled(Err(failure)) => {
                let call = self.poll();
                self.look_failed(call, &failure, now)
            }
            Answer::Found(Ok(objects)) => self.found(judge, objects, now, &mut records),
            Answer::Found(Err(failure)) | Answer::Looked(ReadAnswer::Failed(failure)) => {
                let call = self.look();
                self.look_failed(call, &failure, now)
            }
            Answer::Looked(ReadAnswer::Found(object)) => self.seen(judge, object, now, &mut records),
            Answer::Looked(ReadAnswer::Gone) => self.replied(judge, Reply::Gone, now, &mut records),
            // What was to go does not show. Whether it has gone or may not be seen, the service says when asked once more to
            // delete it: there "not found" means that it is done.
            Answer::Looked(ReadAnswer::Hidden(message)) if self.may_delete_again() => {
                self.tries.hidden += 1;
                let call = self.send();
                call.map_or(Next::Open { message }, |call| Next::Call {
                    after: Duration::ZERO,
                    call,
                    waiting: None,
                })
            }
            Answer::Looked(ReadAnswer::Hidden(message)) => {
                Next::Open { message: format!("the service does not show it: {message}") }
            }
            Answer::Late => {
                self.unclear = true;
                Next::Open { message: "no answer came in time".to_owned() }
            }
            Answer::Withheld => self.withheld(&mut records),
        };
        (records, next)
    }

    fn replied(&mut self, judge: Judge<'_>, reply: Reply, now: Now, records: &mut Vec<Record>) -> Next {
        match (reply, self.operation) {
            (Reply::Running(running), _) => self.running(running, now, records),
            (Reply::Settled(object), Operation::Create | Operation::Update) => {
                self.kept(judge, object, records)
            }
            (Reply::Settled(object), Operation::Delete) => {
                let entry = self.entry_of(judge, &object, self.draft.inputs.clone());
                records.push(self.end(EndOutcome::Kept(Box::new(entry))));
                failed("the service ended the deletion, and it is still there")
            }
            (Reply::CameToNothing(failure), operation) => {
                records.push(self.end(EndOutcome::NoEffect));
                match failure.again_after {
                    Some(after)
                        if operation == Operation::Create
                            && self.inputs.is_some()
                            && self.anew < ANEW_MAX
                            && now.monotonic + after <= self.until =>
                    {
                        Next::Anew { after, message: failure.message }
                    }
                    _ => Next::Failed(failure.into()),
                }
            }
            (Reply::Gone, operation) => {
                records.push(self.end(EndOutcome::Gone));
                match operation {
                    Operation::Delete => Next::Done(None),
                    Operation::Create => failed("the service ended the creation, and nothing is there"),
                    Operation::Update => failed("it has gone"),
                }
            }
        }
    }

    /// The same creation as another operation.
    pub(super) fn begun_anew(&self, intent: IntentId, token: Arc<str>, now: Now) -> Job {
        Job {
            intent,
            token,
            begun: now.wall,
            lost_at: now.wall,
            identifier: None,
            pending: None,
            unclear: false,
            tries: Tries::default(),
            refusal: None,
            anew: self.anew + 1,
            ..self.clone()
        }
    }

    fn running(&mut self, running: Running, now: Now, records: &mut Vec<Record>) -> Next {
        let news = (running.identifier.is_some() && running.identifier != self.identifier)
            || (running.pending.is_some() && running.pending != self.pending);
        if news {
            self.identifier = running.identifier.clone().or(self.identifier.take());
            self.pending = running.pending.clone().or(self.pending.take());
            let (identifier, pending) = (running.identifier, running.pending);
            records.push(Record::Learned(Learned { intent: self.intent, identifier, pending }));
        }
        if now.monotonic + running.again_after > self.until {
            return Next::Open { message: "it takes longer than this run waits".to_owned() };
        }
        let waiting = Some((running.waiting_on, running.percent));
        Next::Call { after: running.again_after, call: self.poll(), waiting }
    }

    /// The object is there after a create or update that is over.
    fn kept(&mut self, judge: Judge<'_>, object: Object, records: &mut Vec<Record>) -> Next {
        if object.pending.is_some() {
            // Over for the operation, not for the object. Waiting for it belongs to the step.
            let running = Running {
                identifier: Some(object.identifier.clone()),
                pending: object.pending,
                again_after: PAUSE,
                percent: None,
                waiting_on: None,
            };
            let now = Now { monotonic: Duration::ZERO, wall: self.begun };
            return self.running(running, now, records);
        }
        let wanted = self.inputs.clone().unwrap_or_else(|| self.draft.inputs.clone());
        let mut promised = wanted;
        for (name, value) in self.promised.iter() {
            promised.insert(name.clone(), value.clone());
        }
        let broken = broken_promises(judge, &promised, &object);
        let mut achieved = self.draft.inputs.clone();
        // Null says that something was asked for and did not come true: the next plan asks again, or takes away what is there.
        for name in broken.iter().filter_map(|change| change.path.first_name()) {
            achieved.insert(name, Value::Null);
        }
        let unusable = object.broken.clone();
        let entry = self.entry_of(judge, &object, achieved);
        records.push(self.end(EndOutcome::Kept(Box::new(entry))));
        match (unusable, broken.first()) {
            (Some(why), _) => failed(format!("it is there, but not usable: {why}")),
            (None, Some(change)) => {
                let names: Vec<String> = broken.iter().map(|change| format!("`{}`", change.path)).collect();
                let secret =
                    judge.resource_type.schema.attribute(change.path.first_name().unwrap_or_default());
                let detail = if secret.is_some_and(|attribute| attribute.sensitive) {
                    String::new()
                } else {
                    format!(" (planned {}, came out as {})", change.before, change.after)
                };
                failed(format!("did not come out as planned: {}{detail}", names.join(", ")))
            }
            (None, None) => Next::Done(Some(object)),
        }
    }

    /// The object was read to find out what became of an operation.
    fn seen(&mut self, judge: Judge<'_>, object: Object, now: Now, records: &mut Vec<Record>) -> Next {
        if object.pending.is_some() {
            let running = Running {
                identifier: Some(object.identifier.clone()),
                pending: object.pending,
                again_after: Duration::ZERO,
                percent: None,
                waiting_on: None,
            };
            return self.running(running, now, records);
        }
        match self.operation {
            Operation::Create => self.kept(judge, object, records),
            Operation::Delete => {
                records.push(self.end(EndOutcome::NoEffect));
                failed("it is still there, and the request for its deletion was lost")
            }
            Operation::Update => {
                // What the service never tells may not have arrived: it is asked for again by the next plan.
                let mut draft = (*self.draft).clone();
                let told = |name: &str| {
                    let attribute = judge.resource_type.schema.attribute(name);
                    attribute.is_none_or(|attribute| !attribute.write_only && !attribute.sensitive)
                };
                let mut silent: Vec<_> =
                    self.changed_names().into_iter().filter(|name| !told(name)).collect();
                silent.iter().for_each(|name| drop(draft.inputs.remove(name)));
                for (name, asked) in self.silent_inside(judge, &silent) {
                    match asked {
                        Some(asked) => drop(draft.inputs.insert(name.clone(), asked)),
                        None => drop(draft.inputs.remove(&name)),
                    }
                    silent.push(name);
                }
                let left = self.left_over(&object);
                for (name, value) in &left {
                    draft.inputs.insert(name.clone(), value.clone());
                }
                self.draft = Arc::new(draft);
                match self.kept(judge, object, records) {
                    Next::Done(_) if !silent.is_empty() => failed("nobody knows whether it was carried out"),
                    Next::Done(_) if !left.is_empty() => {
                        failed("the request was lost, and nothing was changed")
                    }
                    next => next,
                }
            }
        }
    }

    /// What a lost update was to take away and is still there, as it was asked for before.
    fn left_over(&self, object: &Object) -> Vec<(Arc<str>, Value)> {
        let Some(prior) = &self.prior else { return Vec::new() };
        let is_set = |values: &ValueMap, name: &str| values.get(name).is_some_and(|value| !value.is_null());
        let left = prior.inputs.iter().filter(|(name, value)| {
            !value.is_null() && !is_set(&self.draft.inputs, name) && is_set(&object.attributes, name)
        });
        left.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The changed attributes, but for `others`, that hold something that the service never tells and that changed; with what was
    /// asked for before.
    fn silent_inside(&self, judge: Judge<'_>, others: &[Arc<str>]) -> Vec<(Arc<str>, Option<Value>)> {
        let asked = |name: &str| self.prior.as_ref().and_then(|prior| prior.inputs.get(name));
        let differs = |name: &Arc<str>| {
            let attribute = judge.resource_type.schema.attribute(name);
            let now = self.draft.inputs.get(name);
            attribute.is_some_and(|attribute| crate::diff::untold_differs(attribute, asked(name), now))
        };
        let changed = self.changed_names().into_iter().filter(|name| !others.contains(name));
        changed.filter(differs).map(|name| (name.clone(), asked(&name).cloned())).collect()
    }

    fn changed_names(&self) -> Vec<Arc<str>> {
        if !self.changed.is_empty() {
            return self.changed.clone();
        }
        let before = self.prior.as_ref().map(|prior| &prior.inputs);
        let differs =
            |name: &&Arc<str>| before.is_none_or(|before| before.get(name) != self.draft.inputs.get(name));
        self.draft.inputs.keys().filter(differs).cloned().collect()
    }

    fn found(
        &mut self,
        judge: Judge<'_>,
        mut objects: Vec<Object>,
        now: Now,
        records: &mut Vec<Record>,
    ) -> Next {
        let age = u64::try_from(now.wall.0.saturating_sub(self.lost_at.0)).unwrap_or(0);
        let unseen = self.visible_within.saturating_sub(Duration::from_millis(age));
        match objects.len() {
            0 if unseen > Duration::ZERO => Next::Call { after: unseen, call: self.look(), waiting: None },
            0 => {
                records.push(self.end(EndOutcome::NoEffect));
                failed("the request was lost, and nothing was created")
            }
            1 => {
                let object = objects.remove(0);
                self.identifier = Some(object.identifier.clone());
                self.seen(judge, object, now, records)
            }
            several => Next::Open { message: format!("{several} objects carry its tag") },
        }
    }

    fn send_failed(&mut self, failure: Failure, now: Now, records: &mut Vec<Record>) -> Next {
        if failure.effect == Effect::Unknown {
            self.unclear = true;
            self.lost_at = now.wall;
        }
        let (pause, again) = match (failure.effect, failure.again_after) {
            (Effect::None, Some(again_after)) => {
                self.tries.busy += 1;
                // What is in the way is waited for as long as the operation may take. Only a provider that names no real
                // pause is asked a limited number of times.
                (again_after, again_after >= PAUSE || self.tries.busy < BUSY_MAX)
            }
            (Effect::Unknown, again_after) => {
                self.tries.sends += 1;
                (again_after.unwrap_or_else(|| pause(self.tries.sends)), self.tries.sends < SENDS_MAX)
            }
            (Effect::None, None) => (Duration::ZERO, false),
        };
        if again
            && now.monotonic + pause <= self.until
            && let Some(call) = self.send()
        {
            let refusal = (failure.effect == Effect::None).then_some(failure.message);
            self.refusal.clone_from(&refusal);
            let waiting = refusal.map(|message| (Some(message), None));
            return Next::Call { after: pause, call, waiting };
        }
        if self.unclear {
            return Next::Call { after: Duration::ZERO, call: self.look(), waiting: None };
        }
        records.push(self.end(EndOutcome::NoEffect));
        Next::Failed(failure.into())
    }

    /// The run was cancelled before the request left, or left once more.
    fn withheld(&self, records: &mut Vec<Record>) -> Next {
        let message = match &self.refusal {
            Some(words) => format!("the run stops, so it is not asked for again: {words}"),
            None => "the run stops, and it has not been asked for".to_owned(),
        };
        // Of a change of several requests some may have been carried out before one was refused for now.
        let may_be_half_done = self.operation == Operation::Update && self.refusal.is_some();
        if self.unclear || may_be_half_done {
            return Next::Open { message };
        }
        records.push(self.end(EndOutcome::NoEffect));
        Next::Withheld { message }
    }

    fn look_failed(&mut self, call: Call, failure: &Failure, now: Now) -> Next {
        self.tries.looks += 1;
        let after = failure.again_after.unwrap_or_else(|| pause(self.tries.looks));
        if self.tries.looks >= LOOKS_MAX || now.monotonic + after > self.until {
            return Next::Open { message: format!("how it is could not be found out: {}", failure.message) };
        }
        Next::Call { after, call, waiting: None }
    }

    fn end(&self, outcome: EndOutcome) -> Record {
        Record::End(End { intent: self.intent, outcome })
    }

    fn entry_of(&self, judge: Judge<'_>, object: &Object, inputs: ValueMap) -> StateEntry {
        let clear = judge.resource_type.schema.mark_sensitive(&object.attributes);
        StateEntry {
            identifier: Some(object.identifier.clone()),
            inputs,
            attributes: judge.key.redact_map(self.address.as_str(), &clear),
            dependencies: self.dependencies(),
            protect: self.draft.protect,
            status: if object.broken.is_some() { Status::Tainted } else { Status::Ready },
            private: object.private.clone(),
            schema_version: judge.resource_type.schema_version,
        }
    }

    /// What the object refers to. After an update that may not have been carried out it is what it referred to before as well,
    /// so that none of that goes before the update has come true.
    fn dependencies(&self) -> Vec<Address> {
        let mut dependencies = self.draft.dependencies.clone();
        if self.unclear && self.operation == Operation::Update {
            dependencies.extend(self.prior.iter().flat_map(|prior| prior.dependencies.iter().cloned()));
            dependencies.sort();
            dependencies.dedup();
        }
        dependencies
    }

    fn send(&self) -> Option<Call> {
        let (address, retry_token) = (self.address.clone(), self.token.clone());
        Some(match self.operation {
            Operation::Create => {
                Call::Create(CreateRequest { address, retry_token, inputs: self.inputs.clone()? })
            }
            Operation::Update => Call::Update(UpdateRequest {
                address,
                retry_token,
                identifier: self.identifier.clone()?,
                prior: self.prior.clone()?,
                inputs: self.inputs.clone()?,
                changed: self.changed.clone(),
            }),
            Operation::Delete => Call::Delete(DeleteRequest {
                address,
                retry_token,
                identifier: self.identifier.clone()?,
                entry: self.draft.clone(),
            }),
        })
    }

    fn may_delete_again(&self) -> bool {
        self.operation == Operation::Delete && self.tries.hidden == 0
    }

    fn poll(&self) -> Call {
        Call::Poll(PollRequest {
            address: self.address.clone(),
            operation: self.operation,
            identifier: self.identifier.clone(),
            pending: self.pending.clone().unwrap_or_else(|| Pending("".into())),
            entry: self.draft.clone(),
        })
    }

    fn look(&self) -> Call {
        match &self.identifier {
            Some(identifier) => Call::Read(ReadRequest {
                address: self.address.clone(),
                identifier: identifier.clone(),
                entry: Some(self.prior.clone().unwrap_or_else(|| self.draft.clone())),
            }),
            None => Call::Find(FindRequest {
                address: self.address.clone(),
                retry_token: self.token.clone(),
                draft: self.draft.clone(),
            }),
        }
    }
}

fn failed(message: impl Into<String>) -> Next {
    Next::Failed(Failure::refused(message).into())
}

fn pause(tries: u32) -> Duration {
    PAUSE.saturating_mul(1 << tries.min(6))
}

/// Everything that a request says, as one value: its digest tells whether a payload is the same.
pub(super) fn payload(
    begin_of: (&Address, Operation),
    identifier: Option<&Identifier>,
    inputs: Option<&ValueMap>,
) -> Value {
    let (address, operation) = begin_of;
    let word = match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
    };
    Value::list([
        Value::string(address.as_str()),
        Value::string(word),
        identifier.map_or(Value::Null, |identifier| Value::String(identifier.clone())),
        inputs.map_or(Value::Null, |inputs| Value::Map(inputs.clone())),
    ])
}

/// The record of intent for a job.
pub(super) fn begin(job: &Job, key: &crate::secret::DigestKey) -> Record {
    let inputs = job.inputs.as_ref();
    let payload = payload((&job.address, job.operation), job.identifier.as_ref(), inputs);
    Record::Begin(Begin {
        intent: job.intent,
        address: job.address.clone(),
        slot: job.slot,
        operation: job.operation,
        retry_token: job.token.clone(),
        payload_digest: key.digest_value(&payload),
        at: job.begun,
        draft: (job.operation != Operation::Delete).then(|| job.draft.clone()),
        protect: job.protect_next,
    })
}
