//! Drives jobs: commits what they have to say, then makes their next calls.

use std::collections::BTreeMap;
use std::time::Duration;

use world::BoxFuture;

use super::event::{Event, Observer};
use super::flights::Flights;
use super::job::{Answer, Call, Job, Next, Now, Why};
use super::{Cancel, Context, job};
use crate::diff::Judge;
use crate::journal::{Ledger, LedgerError};
use crate::plan::type_of;
use crate::provider::{Object, Provider, ReadAnswer};
use crate::record::{Millis, Record};

/// How a job ended in this run.
#[derive(Clone, Debug)]
pub(super) enum JobEnd {
    Done(Option<Object>),
    /// It came to nothing, and is to be begun anew.
    Anew {
        after: Duration,
    },
    Failed(Why),
    Open {
        message: String,
    },
    /// Nothing came of it, because the run was cancelled.
    Withheld {
        message: String,
    },
}

/// Jobs under way. Nothing is sent before the records that are due have been committed.
pub(super) struct Driver<'a> {
    context: Context<'a>,
    cancel: &'a Cancel,
    /// Each in a box: they are large, and a map that moves its entries would move them over and over.
    jobs: BTreeMap<u32, Box<Job>>,
    flights: Flights<'a, Answer>,
    records: Vec<Record>,
    queued: Vec<(u32, Duration, Call)>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(context: Context<'a>, cancel: &'a Cancel) -> Self {
        Self {
            context,
            cancel,
            jobs: BTreeMap::new(),
            flights: Flights::new(),
            records: Vec::new(),
            queued: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Now {
        now(self.context)
    }

    /// Begins a new job: its intent is committed with the next commit, and only then its request is sent.
    pub(super) fn begin(&mut self, id: u32, job: Job) {
        self.begin_after(id, Duration::ZERO, job);
    }

    /// As [`Driver::begin`]; the request is sent after a pause.
    pub(super) fn begin_after(&mut self, id: u32, after: Duration, job: Job) {
        self.records.push(job::begin(&job, self.context.key));
        self.queue(id, after, job);
    }

    /// Goes on with a job whose intent is on disk.
    pub(super) fn resume(&mut self, id: u32, job: Job) {
        self.queue(id, Duration::ZERO, job);
    }

    fn queue(&mut self, id: u32, after: Duration, job: Job) {
        self.queued.push((id, after, job.first_call(|| self.now().wall)));
        self.jobs.insert(id, Box::new(job));
    }

    /// Adds a record to the next commit.
    pub(super) fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Commits what is due, together, and then makes the calls that waited for it.
    pub(super) async fn commit(&mut self, ledger: &mut dyn Ledger) -> Result<(), LedgerError> {
        if self.records.is_empty() {
            // Whoever waits says now and then that it lives, or its lock is taken for that of a dead holder.
            ledger.renew().await?;
        } else {
            ledger.commit(std::mem::take(&mut self.records)).await?;
        }
        for (id, after, call) in std::mem::take(&mut self.queued) {
            let Some(job) = self.jobs.get(&id) else { continue };
            let limit = job.until.saturating_sub(self.context.world.monotonic());
            let limit = limit.max(Duration::from_secs(1));
            self.flights.start(id, make((self.context, self.cancel), after, limit, call));
        }
        Ok(())
    }

    /// Commits what is due and makes no more calls: the run leaves.
    pub(super) async fn commit_only(&mut self, ledger: &mut dyn Ledger) -> Result<(), LedgerError> {
        if self.records.is_empty() {
            return Ok(());
        }
        ledger.commit(std::mem::take(&mut self.records)).await
    }

    pub(super) fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.queued.is_empty()
    }

    /// Waits for answers and acts on them; returns the jobs that are over. `None` if the run shall stop more than it
    /// does already.
    pub(super) async fn landed(
        &mut self,
        cancel: &Cancel,
        was_stopping: bool,
        observer: &mut dyn Observer,
    ) -> Option<Vec<(u32, Box<Job>, JobEnd)>> {
        let landed = tokio::select! {
            biased;
            () = cancel.more_than(was_stopping) => return None,
            landed = self.flights.landed() => landed,
        };
        let mut ended = Vec::new();
        let now = self.now();
        for (id, answer) in landed {
            let Some(mut job) = self.jobs.remove(&id) else { continue };
            let Some(resource_type) = type_of(self.context.provider, &job.address) else { continue };
            let answer = answer.sharing_names(&resource_type.schema);
            let judge = Judge { provider: self.context.provider, key: self.context.key, resource_type };
            let (records, next) = job.advance(judge, answer, now);
            self.records.extend(records);
            let end = match next {
                Next::Call { after, call, waiting } => {
                    if let Some((waiting_on, percent)) = waiting {
                        let expected_left = (job.started + job.expected).saturating_sub(now.monotonic);
                        let address = job.address.clone();
                        observer.event(&Event::Waiting { address, waiting_on, percent, expected_left });
                    }
                    self.queued.push((id, after, call));
                    self.jobs.insert(id, job);
                    continue;
                }
                Next::Done(object) => JobEnd::Done(object),
                Next::Anew { message, .. } if self.cancel.is_stopping() => JobEnd::Withheld { message },
                Next::Anew { after, message } => {
                    let expected_left = (job.started + job.expected).saturating_sub(now.monotonic);
                    let (address, waiting_on) = (job.address.clone(), Some(message));
                    observer.event(&Event::Waiting { address, waiting_on, percent: None, expected_left });
                    JobEnd::Anew { after }
                }
                Next::Failed(why) => JobEnd::Failed(why),
                Next::Open { message } => JobEnd::Open { message },
                Next::Withheld { message } => JobEnd::Withheld { message },
            };
            ended.push((id, job, end));
        }
        Some(ended)
    }
}

pub(super) fn now(context: Context<'_>) -> Now {
    let wall = Millis(context.world.now().timestamp_millis());
    Now { monotonic: context.world.monotonic(), wall }
}

/// A call after a pause. One that changes the world is not made once the run is cancelled, whether it is the first of its step or
/// the same again.
fn make<'a>(
    (context, cancel): (Context<'a>, &'a Cancel),
    after: Duration,
    limit: Duration,
    call: Call,
) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let changes_the_world = matches!(call, Call::Create(_) | Call::Update(_) | Call::Delete(_));
        if changes_the_world && cancel.is_stopping() {
            return Answer::Withheld;
        }
        if after > Duration::ZERO {
            tokio::select! {
                biased;
                () = cancel.stopped(), if changes_the_world => return Answer::Withheld,
                () = context.world.sleep(after) => {}
            }
        }
        let provider: &'a dyn Provider = context.provider;
        let answer = async move {
            match call {
                Call::Create(request) => Answer::Sent(provider.create(request).await),
                Call::Update(request) => Answer::Sent(provider.update(request).await),
                Call::Delete(request) => Answer::Sent(provider.delete(request).await),
                Call::Poll(request) => Answer::Polled(provider.poll(request).await),
                Call::Find(request) => Answer::Found(provider.find(request).await),
                Call::Read(request) => {
                    let address = request.address.clone();
                    let answers = provider.read(address.resource_type(), vec![request]).await;
                    Answer::Looked(answers.into_iter().next().unwrap_or_else(no_answer))
                }
            }
        };
        tokio::select! {
            biased;
            answer = answer => answer,
            // Made when it is first waited for: most answers of a fast world are there before that.
            () = async { context.world.sleep(limit).await } => Answer::Late,
        }
    })
}

pub(super) fn no_answer() -> ReadAnswer {
    ReadAnswer::Failed(crate::provider::Failure::unclear(
        "the provider gave fewer answers than it was asked for",
    ))
}
