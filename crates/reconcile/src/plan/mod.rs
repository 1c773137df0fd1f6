//! The plan: what would change, in which order, and why.
//!
//! Only the planner makes one. It leaves nothing to decide: each step says what it does to which object, after which
//! steps, and for what reason. It holds no secret, names the state that it was made from, and can be saved and compared.

mod check;
mod company;
mod glob;
mod known;
mod order;
mod planner;
mod render;
mod saved;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::diff::{Change, Drifted};
use crate::graph::RollingGroup;
use crate::record::{Identifier, Record, Slot};
use crate::schedule::{Cyclic, Forecast, Limits, Task, UnitId, forecast};
use crate::value::{AttributePath, ValueMap};

pub use check::{Finding, check};
pub use glob::{Pattern, PatternError};
pub(crate) use known::{Knowledge, Known, agree, type_of, with_ignored};
pub use planner::{Observed, PlanInput, Seen, plan};
pub use saved::{FORMAT_VERSION, LoadError, SavedPlan, Stale};

/// What a plan is to be for.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// What is wanted.
    pub mode: Mode,
    /// Only these, and what they need; empty means everything.
    pub only: Vec<Pattern>,
    /// Not these, and not what needs them.
    pub exclude: Vec<Pattern>,
    /// What holds data or is protected, and may be replaced or deleted all the same.
    pub consent: BTreeSet<Address>,
    /// What is to be replaced although nothing about it differs.
    pub replace: BTreeSet<Address>,
    /// When everything is to go: leave what is protected or holds data, and what that needs, instead of refusing.
    pub keep_protected: bool,
}

/// What a plan is to achieve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The world is as the graph says.
    #[default]
    Apply,
    /// Nothing is left.
    Destroy,
    /// The state is as the world is; the world stays as it is.
    RefreshOnly,
}

/// What would change, in which order, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub(crate) lineage: Arc<str>,
    pub(crate) serial: u64,
    pub(crate) mode: Mode,
    pub(crate) steps: Vec<Step>,
    pub(crate) deferred: Vec<Deferred>,
    pub(crate) drift: Vec<ResourceDrift>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) protections: Vec<(Address, bool)>,
    pub(crate) adopted: Vec<(Address, Identifier)>,
    pub(crate) outputs: ValueMap,
    pub(crate) outputs_changed: bool,
    pub(crate) unchanged: usize,
    pub(crate) bookkeeping: Vec<Record>,
    pub(crate) groups: Vec<RollingGroup>,
}

/// One thing that is done to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Whose object.
    pub address: Address,
    /// Which of its objects.
    pub slot: Slot,
    /// What is done.
    pub action: Action,
    /// The steps that come before, by position; sorted.
    pub after: Vec<u32>,
    /// Why.
    pub reason: Reason,
    /// The attributes that change; for a replacement they are at the step that creates.
    pub changes: Vec<Change>,
    /// What will be asked for, redacted; what is not known yet says where it will come from.
    pub planned: ValueMap,
    /// Steps of one lane never run side by side,
    pub lane: Option<Arc<str>>,
    /// unless they have the same batch and begin at the same moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Arc<str>>,
    /// One of the steps that come before, by position, with which it may begin if all else that comes before is done by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<u32>,
    /// Steps of one kind can be limited in number.
    pub kind: Arc<str>,
    /// How long it is expected to take.
    pub expected: Duration,
    /// The unit of a rolling group with which it goes out.
    pub unit: Option<UnitId>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Makes an object.
    Create,
    /// Changes it in place.
    Update,
    /// Removes it.
    Delete,
    /// Reads a data source that could not be read before.
    Read,
    /// Waits until the provider says that a member of a rolling group is healthy.
    Check,
}

/// Why a step is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is wanted and not there.
    New,
    /// It was there, and has gone behind our back.
    Gone,
    /// Its attributes differ, and can be changed in place.
    Changed,
    /// An attribute differs that cannot be changed in place.
    Forced {
        /// The first such attribute.
        attribute: AttributePath,
    },
    /// Its creation failed half-way.
    Tainted,
    /// Its replacement was asked for.
    Requested,
    /// A rule says that it is replaced when this changes.
    Triggered {
        /// The resource, or an attribute of it.
        by: String,
    },
    /// It is not wanted any more.
    NotWanted,
    /// Everything is to go.
    Destroy,
    /// Its successor exists.
    Deposed,
    /// Its inputs are known, or what it is about has changed, only then.
    AfterChange,
    /// Its unit of a rolling group comes back.
    Rolling,
}

/// Something that is left out of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferred {
    /// What.
    pub address: Address,
    /// What would be done to it; `None` if that cannot be told.
    pub action: Option<Action>,
    /// Why it is not.
    pub why: DeferReason,
}

/// Why something is left out of a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeferReason {
    /// It is not among the ones asked for.
    NotSelected,
    /// It was excluded.
    Excluded,
    /// It comes after a step that is left out.
    DependsOn {
        /// Of this address.
        address: Address,
    },
    /// The service does not show it: it may have gone, or we may not see it.
    Hidden {
        /// What the service said.
        message: String,
    },
    /// It could not be read.
    Unreadable {
        /// What the service said.
        message: String,
    },
    /// An earlier operation on it has not come to a known end.
    Open,
    /// Something else is changing it.
    Busy,
    /// It is protected or holds data, and stays.
    Protected,
}

/// Something for which a plan cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// About what; `None` if about the whole.
    pub address: Option<Address>,
    /// The attribute, if it is about one.
    pub attribute: Option<AttributePath>,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What is wrong, for people.
    pub message: String,
}

/// Kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// What the user wrote is wrong.
    Invalid,
    /// It would lose data or is protected, and nobody has agreed.
    ConsentNeeded,
    /// A secret is needed that only its digest is known of.
    SecretUnknown,
    /// The steps need each other.
    Cyclic,
    /// The state was written by a newer program, or cannot be brought up to date.
    Schema,
}

/// What changed behind our back about one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceDrift {
    /// Which resource.
    pub address: Address,
    /// Whether it has gone altogether.
    pub gone: bool,
    /// The attributes that changed, redacted.
    pub attributes: Vec<Drifted>,
}

/// How many steps of each kind there are. A replacement counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New objects.
    pub create: usize,
    /// Changed in place.
    pub update: usize,
    /// Replaced.
    pub replace: usize,
    /// Removed.
    pub delete: usize,
    /// Taken over.
    pub adopt: usize,
}

impl PlanOptions {
    /// Whether the patterns let `address` through.
    fn selects(&self, address: &Address) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(address));
        (self.only.is_empty() || any(&self.only)) && !any(&self.exclude)
    }
}

impl Plan {
    /// The steps, by address; the positions that [`Step::after`] means.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What is left out, by address, and why.
    #[must_use]
    pub fn deferred(&self) -> &[Deferred] {
        &self.deferred
    }

    /// What changed behind our back, by address.
    #[must_use]
    pub fn drift(&self) -> &[ResourceDrift] {
        &self.drift
    }

    /// Why the plan cannot be applied, if it cannot.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Resources that will be protected (`true`) or no longer be (`false`), without being changed otherwise.
    #[must_use]
    pub fn protections(&self) -> &[(Address, bool)] {
        &self.protections
    }

    /// Objects that exist and are taken over. What differs about them is changed by steps, as for any other.
    #[must_use]
    pub fn adopted(&self) -> &[(Address, Identifier)] {
        &self.adopted
    }

    /// The outputs of the stack as far as they are known, redacted.
    #[must_use]
    pub fn outputs(&self) -> &ValueMap {
        &self.outputs
    }

    /// How many resources stay as they are.
    #[must_use]
    pub fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// What the plan is for.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The lineage and serial of the state that the plan was made from.
    #[must_use]
    pub fn made_from(&self) -> (&str, u64) {
        (&self.lineage, self.serial)
    }

    /// The rolling groups that [`Step::unit`] means.
    #[must_use]
    pub fn rolling_groups(&self) -> &[RollingGroup] {
        &self.groups
    }

    /// The steps as tasks of a schedule, by position.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task> {
        let task = |step: &Step| Task {
            after: step.after.clone(),
            expected: step.expected,
            kind: Some(step.kind.clone()),
            lane: step.lane.clone(),
            batch: step.batch.clone(),
            with: step.with,
            unit: step.unit,
        };
        self.steps.iter().map(task).collect()
    }

    /// How much may run at once, with these limits by kind.
    #[must_use]
    pub fn limits(&self, kinds: BTreeMap<Arc<str>, usize>) -> Limits {
        Limits { kinds, groups: self.groups.iter().map(|group| group.out_max).collect() }
    }

    /// When each step begins and ends if everything takes as long as expected, with at most `at_once` side by side.
    ///
    /// # Errors
    /// If the steps need each other; the plan then has a problem that says so.
    pub fn forecast(&self, kinds: BTreeMap<Arc<str>, usize>, at_once: usize) -> Result<Forecast, Cyclic> {
        forecast(&self.tasks(), &self.limits(kinds), at_once)
    }

    /// Whether there is nothing to do: no step, no protection to change, no output that differs, nothing wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let quiet = self.steps.is_empty() && self.protections.is_empty() && self.adopted.is_empty();
        quiet && !self.outputs_changed && self.problems.is_empty()
    }

    /// Whether the step is one half of a replacement.
    #[must_use]
    pub fn is_replacement(&self, step: u32) -> bool {
        // The two halves have one address, and steps are sorted by address.
        let (before, from) = self.steps.split_at(step as usize);
        let Some((step, after)) = from.split_first() else { return false };
        let same = |other: &&Step| other.address == step.address;
        let near = before.iter().rev().take_while(same).chain(after.iter().take_while(same));
        near.into_iter().any(|other| other.pairs_with(step))
    }

    /// How many steps of each kind there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { adopt: self.adopted.len(), ..Counts::default() };
        for (step, at) in self.steps.iter().zip(0..) {
            match step.action {
                Action::Create if self.is_replacement(at) => counts.replace += 1,
                Action::Create => counts.create += 1,
                Action::Update => counts.update += 1,
                Action::Delete if !self.is_replacement(at) => counts.delete += 1,
                Action::Delete | Action::Read | Action::Check => {}
            }
        }
        counts
    }
}

impl Step {
    /// Whether this and `other` are the two halves of a replacement.
    fn pairs_with(&self, other: &Step) -> bool {
        let halves = matches!(
            (&self.action, &other.action),
            (Action::Create, Action::Delete) | (Action::Delete, Action::Create)
        );
        self.address == other.address && halves && self.slot == Slot::Current && other.slot == Slot::Current
    }
}
