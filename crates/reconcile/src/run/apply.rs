//! Carrying out a plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::carry::Run;
use super::event::Observer;
use super::prime::prime;
use super::{Cancel, Context};
use crate::Address;
use crate::graph::Graph;
use crate::journal::{Ledger, LedgerError};
use crate::plan::{Action, Plan};
use crate::record::{Record, RunMark};
use crate::value::ValueMap;

/// How a plan is carried out.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// At most so many steps at once. Sixteen keeps a control plane busy without being throttled much.
    pub concurrency: usize,
    /// Limits by kind.
    pub kinds: BTreeMap<Arc<str>, usize>,
    /// Whether the state shall remember what was before, so that [`super::rollback`] is possible.
    pub undoable: bool,
    /// How long a member of a rolling group may take to become healthy.
    pub healthy_within: Duration,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            concurrency: 16,
            kinds: BTreeMap::new(),
            undoable: false,
            healthy_within: Duration::from_secs(20 * 60),
        }
    }
}

/// Why a plan was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The plan has problems.
    #[error("the plan cannot be applied: {first}")]
    Problems {
        /// The first of them.
        first: String,
    },
    /// The state is not the one that the plan was made from.
    #[error("the state has moved on since the plan was made")]
    Stale,
    /// The configuration is not the one that the plan was made from.
    #[error("the configuration has changed since the plan was made, at `{}`", .0.as_str())]
    ConfigurationChanged(Address),
    /// Records could not be committed. What was sent before is on disk.
    #[error("the run has stopped because the journal could not be written")]
    Ledger(#[from] LedgerError),
}

/// What came of carrying out a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Steps that are done.
    pub done: usize,
    /// Steps that failed.
    pub failed: Vec<StepEnd>,
    /// Steps that are not over; the next run goes on with them.
    pub open: Vec<StepEnd>,
    /// Steps that came to nothing because the run was cancelled: their request had not left, or had been refused for now and was
    /// not repeated. The next run begins them again.
    pub withheld: Vec<StepEnd>,
    /// Steps that did not begin because another one failed or is not over.
    pub skipped: Vec<Address>,
    /// Steps that did not begin because the run was cancelled.
    pub never_started: Vec<Address>,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// The outputs of the stack, secrets in clear.
    pub outputs: ValueMap,
}

/// A step that did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepEnd {
    /// On what.
    pub address: Address,
    /// What it tried.
    pub action: Action,
    /// Why.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
    /// There was only no room for it now: the very same may work in a later run.
    pub is_for_want_of_room: bool,
}

impl Summary {
    /// Whether every step is done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failed.is_empty()
            && self.open.is_empty()
            && self.withheld.is_empty()
            && self.skipped.is_empty()
            && self.never_started.is_empty()
    }
}

/// Carries out a plan.
///
/// # Errors
/// [`ApplyError::Problems`], [`ApplyError::Stale`] and [`ApplyError::ConfigurationChanged`] before anything was sent.
/// [`ApplyError::Ledger`] at any time; nothing is sent after it.
///
/// # Cancel safety
/// It may be dropped at any await that is not in the ledger; the journal tells what is open. Better is [`Cancel`].
pub async fn apply(
    context: Context<'_>,
    graph: &Graph,
    plan: &Plan,
    ledger: &mut dyn Ledger,
    options: &ApplyOptions,
    observer: &mut dyn Observer,
    cancel: &Cancel,
) -> Result<Summary, ApplyError> {
    if let Some(problem) = plan.problems().first() {
        return Err(ApplyError::Problems { first: problem.message.clone() });
    }
    let state = ledger.state();
    if plan.made_from() != (state.lineage(), state.serial()) {
        return Err(ApplyError::Stale);
    }
    let mut records = Vec::new();
    if options.undoable && state.run().is_none() {
        records.push(Record::Run(RunMark::Began));
    }
    records.extend(plan.bookkeeping.iter().cloned());
    // Checked before the records, so that a plan that does not fit leaves no trace.
    let knowledge = prime(context, graph, plan, state).await?;
    if !records.is_empty() {
        ledger.commit(records).await?;
    }
    let mut run = Run::new((context, cancel), plan, options, knowledge, ledger.state());
    run.drive(ledger, observer, cancel).await?;
    run.close(ledger).await
}
