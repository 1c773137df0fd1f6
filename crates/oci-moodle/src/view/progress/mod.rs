//! How far a run is: the events so far as one value, and the views of it.
//!
//! [`Progress`] is the fold of the events; [`screen`], [`lines`] and [`json`] turn it, or an event, into text. All of
//! that is pure and gets the time as an argument: the run's own time, which is virtual on the mock. [`Reporter`] is the
//! thin part that a run talks to.

mod json;
mod lines;
mod reporter;
mod screen;

use std::collections::BTreeMap;
use std::time::Duration;

use reconcile::Address;
use reconcile::plan::{Action, Plan};
use reconcile::run::{ApplyOptions, Event};
use reconcile::schedule::{Limits, Task, forecast};

pub(crate) use json::action_name;
pub(crate) use reporter::{Mode, Reporter};

/// Everything that is known about a run at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    steps: Vec<Step>,
    limits: Limits,
    at_once: usize,
    /// What an earlier run left open and this one settles first.
    settling: Vec<(Address, Duration)>,
    stopping: bool,
    rolling_back: bool,
}

#[derive(Clone, Debug)]
struct Step {
    address: Address,
    action: Action,
    task: Task,
    status: Status,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Status {
    Waiting,
    Running(Running),
    Done,
    Failed,
    LeftOpen,
    Skipped,
}

/// A step under way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Running {
    since: Duration,
    expected: Duration,
    /// How much longer it takes, and when that was said.
    left: (Duration, Duration),
    waiting_on: Option<String>,
    percent: Option<u8>,
}

/// How many steps are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    done: usize,
    running: usize,
    waiting: usize,
    failed: usize,
    skipped: usize,
    open: usize,
}

impl Tally {
    fn all(self) -> usize {
        self.done + self.running + self.waiting + self.failed + self.skipped + self.open
    }
}

impl Running {
    /// How much longer it should take, seen from `now`.
    ///
    /// What should be over and is not gets a tenth of its expected time more, again and again: "any moment" is the one
    /// answer that is wrong for certain.
    fn left(&self, now: Duration) -> Duration {
        let (left, said_at) = self.left;
        let left = left.saturating_sub(now.saturating_sub(said_at));
        if left.is_zero() { (self.expected / 10).max(Duration::from_secs(1)) } else { left }
    }

    fn is_late(&self, now: Duration) -> bool {
        is_late(now.saturating_sub(self.since), self.expected)
    }
}

/// Whether something takes longer than usual: by a quarter, and by half a minute, which the way to the service and back may
/// take on a bad day and on a mock whose time runs fast.
fn is_late(elapsed: Duration, expected: Duration) -> bool {
    elapsed > expected + (expected / 4).max(Duration::from_secs(30))
}

impl Progress {
    /// A run that will carry out `plan`.
    pub(crate) fn of(plan: &Plan, options: &ApplyOptions) -> Self {
        let step = |(step, task): (&reconcile::plan::Step, Task)| Step {
            address: step.address.clone(),
            action: step.action.clone(),
            task,
            status: Status::Waiting,
        };
        Self {
            steps: plan.steps().iter().zip(plan.tasks()).map(step).collect(),
            limits: plan.limits(options.kinds.clone()),
            at_once: options.concurrency,
            ..Self::default()
        }
    }

    /// Something happened at `now`.
    pub(crate) fn note(&mut self, now: Duration, event: &Event) {
        match event {
            Event::Settling { address } => self.settling.push((address.clone(), now)),
            Event::Started { address, action, expected } => {
                self.settling.clear();
                let running = Running {
                    since: now,
                    expected: *expected,
                    left: (*expected, now),
                    waiting_on: None,
                    percent: None,
                };
                self.set(address, action, &|status| *status == Status::Waiting, Status::Running(running));
            }
            Event::Waiting { address, waiting_on, percent, expected_left } => {
                for step in self.steps.iter_mut().filter(|step| step.address == *address) {
                    if let Status::Running(running) = &mut step.status {
                        running.left = (*expected_left, now);
                        running.waiting_on.clone_from(waiting_on);
                        running.percent = *percent;
                    }
                }
            }
            Event::Finished { address, action, .. } => self.end(address, action, Status::Done),
            Event::Failed { address, action, .. } => self.end(address, action, Status::Failed),
            Event::LeftOpen { address, action, .. } => self.end(address, action, Status::LeftOpen),
            // The next run begins it.
            Event::Withheld { address, action, .. } => self.end(address, action, Status::Waiting),
            Event::Skipped { address, action, .. } => {
                self.set(address, action, &|status| *status == Status::Waiting, Status::Skipped);
            }
            Event::Stopping => self.stopping = true,
            Event::RollingBack => {
                *self = Self { rolling_back: true, at_once: self.at_once, ..Self::default() }
            }
            // The engine may learn to tell more; what this program does not know it does not draw.
            _ => {}
        }
    }

    fn end(&mut self, address: &Address, action: &Action, status: Status) {
        self.settling.retain(|(settling, _)| settling != address);
        self.set(address, action, &|status| matches!(status, Status::Running(_)), status);
    }

    /// Moves the first step with this name that is as it must be. A step that no plan announced (a run that is rolled
    /// back makes its own plan) is added.
    fn set(&mut self, address: &Address, action: &Action, from: &dyn Fn(&Status) -> bool, to: Status) {
        let mut named =
            self.steps.iter_mut().filter(|step| step.address == *address && step.action == *action);
        match named.find(|step| from(&step.status)) {
            Some(step) => step.status = to,
            None => {
                let (address, action) = (address.clone(), action.clone());
                self.steps.push(Step { address, action, task: Task::default(), status: to });
            }
        }
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for step in &self.steps {
            match step.status {
                Status::Waiting => tally.waiting += 1,
                Status::Running(_) => tally.running += 1,
                Status::Done => tally.done += 1,
                Status::Failed => tally.failed += 1,
                Status::LeftOpen => tally.open += 1,
                Status::Skipped => tally.skipped += 1,
            }
        }
        tally
    }

    /// What is under way, in the order in which it began.
    fn running(&self) -> Vec<(&Step, &Running)> {
        let mut running: Vec<_> = self
            .steps
            .iter()
            .filter_map(|step| match &step.status {
                Status::Running(running) => Some((step, running)),
                Status::Waiting | Status::Done | Status::Failed | Status::LeftOpen | Status::Skipped => None,
            })
            .collect();
        running.sort_by_key(|(_, running)| running.since);
        running
    }

    /// How much longer the run should take, seen from `now`: the rest of the schedule, with what runs already taken as far as
    /// it is. `None` if there is nothing to say.
    pub(crate) fn left(&self, now: Duration) -> Option<Duration> {
        let is_ahead = |step: &Step| match step.status {
            Status::Running(_) => true,
            Status::Waiting => !self.stopping,
            Status::Done | Status::Failed | Status::LeftOpen | Status::Skipped => false,
        };
        let ahead: Vec<usize> = (0..self.steps.len()).filter(|at| is_ahead(&self.steps[*at])).collect();
        let renumbered: BTreeMap<u32, u32> =
            ahead.iter().zip(0..).map(|(old, new)| (index(*old), new)).collect();
        let tasks: Vec<Task> =
            ahead.iter().map(|at| self.rest_of(&self.steps[*at], &renumbered, now)).collect();
        if tasks.is_empty() {
            return None;
        }
        forecast(&tasks, &self.limits, self.at_once.max(1)).ok().map(|forecast| forecast.end)
    }

    /// What is left of a step, as a task among the ones that are left.
    fn rest_of(&self, step: &Step, renumbered: &BTreeMap<u32, u32>, now: Duration) -> Task {
        if let Status::Running(running) = &step.status {
            // It holds its lane already; others come after it by name, below.
            return Task { expected: running.left(now), ..Task::default() };
        }
        let holds_lane = |other: &&usize| {
            let other = &self.steps[**other];
            other.task.lane.is_some()
                && other.task.lane == step.task.lane
                && matches!(other.status, Status::Running(_))
        };
        let holders: Vec<usize> = (0..self.steps.len()).collect();
        let holders = holders.iter().filter(holds_lane).map(|at| index(*at));
        let mut after: Vec<u32> = step
            .task
            .after
            .iter()
            .copied()
            .chain(holders)
            .filter_map(|at| renumbered.get(&at).copied())
            .collect();
        after.sort_unstable();
        after.dedup();
        Task { after, ..step.task.clone() }
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("a plan counts its steps with 32 bits")
}

/// What one does with an object, in the forms that sentences need.
struct Words {
    sign: &'static str,
    now: &'static str,
    done: &'static str,
    to: &'static str,
}

fn words(action: &Action) -> Words {
    let (sign, now, done, to) = match action {
        Action::Create => ("+", "creating", "created", "create"),
        Action::Update => ("~", "changing", "changed", "change"),
        Action::Delete => ("-", "deleting", "deleted", "delete"),
        Action::Read => ("<", "reading", "read", "read"),
        Action::Check => ("?", "checking", "healthy", "check"),
    };
    Words { sign, now, done, to }
}

#[cfg(test)]
mod tests;
