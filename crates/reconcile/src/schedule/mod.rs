//! The schedule: which tasks may run now. A plain data structure that knows nothing of futures or clouds.
//!
//! Among the tasks that are ready the one with the longest remaining path goes first, by expected durations; equal
//! ones go in their order. Tasks of one lane never run side by side, but for those of one batch, which begin together; a task
//! of a batch may even begin together with one that it waits for. Units of a rolling group go out at most so many at a time: a unit starts when everything that its tasks need from outside is done, so that it can always be
//! finished, and its place is free again when all its tasks are done, the check of its health included.

mod forecast;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use crate::graph::Edges;

pub use forecast::{Forecast, forecast};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Task {
    /// The tasks that must be done before, by position.
    pub after: Vec<u32>,
    /// How long it is expected to take.
    pub expected: Duration,
    /// Tasks of one kind can be limited in number.
    pub kind: Option<Arc<str>>,
    /// Tasks with the same lane never run side by side,
    pub lane: Option<Arc<str>>,
    /// unless they have the same batch and are taken at the same moment.
    pub batch: Option<Arc<str>>,
    /// One of those in `after`, of the same lane and batch, with which it may be taken: at the same moment, if everything else
    /// that must be done before is done then. Otherwise it waits for that one as for the others.
    pub with: Option<u32>,
    /// The unit of a rolling group that it belongs to.
    pub unit: Option<UnitId>,
}

/// A unit of a rolling group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct UnitId {
    /// The group, by position.
    pub group: u32,
    /// The unit in it.
    pub unit: u32,
}

/// How much may run at once.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Limits {
    /// By kind; a kind that is not here has no limit of its own.
    pub kinds: BTreeMap<Arc<str>, usize>,
    /// For each rolling group, by position, how many units may be out; at least one.
    pub groups: Vec<usize>,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What comes after it may run.
    Done,
    /// What comes after it is skipped, and nothing else.
    Failed,
    /// It goes on in the world, and nobody waits for it any longer. What comes after it is skipped, and so is the rest of
    /// its lane.
    Open,
}

/// A task that will not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The task.
    pub task: u32,
    /// The failed task behind it.
    pub because: u32,
}

/// The tasks need each other: these cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} tasks need each other", .0.len())]
pub struct Cyclic(pub Vec<u32>);

/// Which tasks may run now.
#[derive(Clone, Debug)]
pub struct Schedule {
    status: Vec<Status>,
    waiting_for: Vec<u32>,
    dependents: Edges,
    /// The expected time from the start of a task to the end of all that comes after it.
    remaining: Vec<Duration>,
    lanes: Vec<Gate>,
    kinds: Vec<Gate>,
    lane_of: Vec<u32>,
    batch_of: Vec<u32>,
    kind_of: Vec<u32>,
    /// What may be taken together with a task that it waits for, by that task.
    companions: BTreeMap<u32, Vec<u32>>,
    units: Vec<Unit>,
    unit_of: Vec<u32>,
    groups: Vec<Group>,
    ready: Queue,
    running: usize,
    unfinished: usize,
    stopped: bool,
}

type Queue = BinaryHeap<(Duration, Reverse<u32>)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Waiting,
    Ready,
    Running,
    Done,
    Failed,
    Skipped,
}

/// A lane, or a kind with a limit.
#[derive(Clone, Debug, Default)]
struct Gate {
    free: usize,
    parked: Queue,
    /// The batch that a lane is being taken by now, and how many of it beyond the first run.
    taken_by: Option<u32>,
    beside: usize,
}

#[derive(Clone, Debug, Default)]
struct Unit {
    group: u32,
    tasks: Vec<u32>,
    /// Tasks outside that its tasks wait for, counted once for each edge.
    outside: u32,
    unfinished: u32,
    out: bool,
    failed: bool,
}

#[derive(Clone, Debug, Default)]
struct Group {
    free: usize,
    /// Units that could start, by their longest remaining path.
    parked: Queue,
    /// The task whose failure has stopped the group.
    stopped_by: Option<u32>,
}

const NONE: u32 = u32::MAX;

impl Schedule {
    /// A schedule of `tasks`.
    ///
    /// # Errors
    /// If tasks need each other, directly or because the units of a rolling group do.
    pub fn new(tasks: &[Task], limits: &Limits) -> Result<Self, Cyclic> {
        let count = tasks.len();
        let edges =
            tasks.iter().zip(0..).flat_map(|(task, at)| task.after.iter().map(move |before| (*before, at)));
        let dependents = Edges::grouped(count, edges);
        let (units, unit_of) = units(tasks);
        let mut schedule = Self {
            status: vec![Status::Waiting; count],
            waiting_for: tasks.iter().map(|task| u32::try_from(task.after.len()).unwrap_or(NONE)).collect(),
            dependents,
            remaining: Vec::new(),
            lanes: Vec::new(),
            kinds: Vec::new(),
            lane_of: Vec::new(),
            batch_of: Vec::new(),
            kind_of: Vec::new(),
            companions: companions(tasks),
            unit_of,
            groups: Vec::new(),
            units,
            ready: Queue::new(),
            running: 0,
            unfinished: count,
            stopped: false,
        };
        let order = schedule.order(tasks)?;
        schedule.check_units(tasks)?;
        schedule.remaining = remaining(tasks, &order, &schedule.dependents);
        (schedule.lanes, schedule.lane_of) = gates(tasks.iter().map(|task| task.lane.as_ref()), |_| Some(1));
        (_, schedule.batch_of) = gates(tasks.iter().map(|task| task.batch.as_ref()), |_| Some(1));
        let limit = |kind: &Arc<str>| limits.kinds.get(kind).map(|limit| (*limit).max(1));
        (schedule.kinds, schedule.kind_of) = gates(tasks.iter().map(|task| task.kind.as_ref()), limit);
        let groups = schedule.units.iter().map(|unit| unit.group as usize + 1).max().unwrap_or(0);
        let free = |group| limits.groups.get(group).copied().unwrap_or(1).max(1);
        schedule.groups = (0..groups).map(|group| Group { free: free(group), ..Group::default() }).collect();
        for task in 0..u32::try_from(count).unwrap_or(NONE) {
            if schedule.waiting_for[task as usize] == 0 {
                schedule.make_ready(task);
            }
        }
        for unit in 0..schedule.units.len() {
            schedule.offer_unit(unit);
        }
        Ok(schedule)
    }

    /// Takes tasks to run now, the most urgent first, so that at most `limit` run.
    pub fn take_ready(&mut self, limit: usize) -> Vec<u32> {
        let mut taken = Vec::new();
        while !self.stopped && self.running < limit {
            let Some((_, Reverse(task))) = self.ready.pop() else { break };
            if self.status[task as usize] != Status::Ready || !self.pass_gates(task) {
                continue;
            }
            self.status[task as usize] = Status::Running;
            self.running += 1;
            taken.push(task);
            self.call_companions(task);
        }
        // What comes later begins at another moment, and waits.
        for task in &taken {
            if let Some(gate) = self.lanes.get_mut(self.lane_of[*task as usize] as usize) {
                gate.taken_by = None;
            }
        }
        taken
    }

    /// A task has ended. Returns what is skipped because of that.
    ///
    /// # Panics
    /// If the task was not running: the caller has lost count.
    pub fn finish(&mut self, task: u32, outcome: Outcome) -> Vec<Skipped> {
        assert_eq!(self.status[task as usize], Status::Running, "a task ends once, after it was taken");
        self.running -= 1;
        self.unfinished -= 1;
        self.open_gates(task);
        let mut skipped = Vec::new();
        if outcome == Outcome::Open {
            self.skip_lane(task, &mut skipped);
        }
        match outcome {
            Outcome::Done => {
                self.status[task as usize] = Status::Done;
                self.leave_unit(task);
                for at in 0..self.dependents.of(task).len() {
                    self.one_less(task, self.dependents.of(task)[at]);
                }
            }
            Outcome::Failed | Outcome::Open => {
                self.status[task as usize] = Status::Failed;
                self.stop_group(task, &mut skipped);
                self.skip_dependents(task, task, &mut skipped);
            }
        }
        skipped
    }

    /// Whether a task has ended otherwise than it should.
    #[must_use]
    pub fn has_failed(&self, task: u32) -> bool {
        self.status[task as usize] == Status::Failed
    }

    /// Hands out no new tasks any more.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether nothing runs and nothing more will.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.running == 0 && (self.stopped || self.unfinished == 0)
    }

    /// How many tasks run now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running
    }

    /// Tasks that were neither taken nor skipped; none unless the schedule was stopped.
    #[must_use]
    pub fn never_started(&self) -> Vec<u32> {
        let idle = |status: &Status| matches!(status, Status::Waiting | Status::Ready);
        (0..).zip(&self.status).filter(|(_, status)| idle(status)).map(|(task, _)| task).collect()
    }

    /// The expected time from the start of a task to the end of all that comes after it.
    #[must_use]
    pub fn remaining(&self, task: u32) -> Duration {
        self.remaining[task as usize]
    }

    /// The expected time of the longest path.
    #[must_use]
    pub fn critical_path(&self) -> Duration {
        self.remaining.iter().max().copied().unwrap_or_default()
    }

    fn order(&self, tasks: &[Task]) -> Result<Vec<u32>, Cyclic> {
        let mut waiting = self.waiting_for.clone();
        let mut order: Vec<u32> = (0..).zip(&waiting).filter(|(_, n)| **n == 0).map(|(at, _)| at).collect();
        let mut next = 0;
        while let Some(done) = order.get(next).copied() {
            next += 1;
            for dependent in self.dependents.of(done) {
                waiting[*dependent as usize] -= 1;
                if waiting[*dependent as usize] == 0 {
                    order.push(*dependent);
                }
            }
        }
        if order.len() == tasks.len() {
            return Ok(order);
        }
        Err(Cyclic((0..).zip(waiting).filter(|(_, count)| *count > 0).map(|(at, _)| at).collect()))
    }

    /// Units start as a whole, so they must not need each other either.
    fn check_units(&self, tasks: &[Task]) -> Result<(), Cyclic> {
        if self.units.is_empty() {
            return Ok(());
        }
        let first_of_unit = |task: u32| match self.unit_of[task as usize] {
            NONE => task,
            unit => self.units[unit as usize].tasks[0],
        };
        let mut waiting = vec![0_u32; tasks.len()];
        let mut dependents = vec![Vec::new(); tasks.len()];
        for (task, at) in tasks.iter().zip(0..) {
            for before in &task.after {
                let (from, to) = (first_of_unit(*before), first_of_unit(at));
                if from != to {
                    dependents[from as usize].push(to);
                    waiting[to as usize] += 1;
                }
            }
        }
        let mut queue: Vec<u32> = (0..).zip(&waiting).filter(|(_, n)| **n == 0).map(|(at, _)| at).collect();
        while let Some(done) = queue.pop() {
            for to in &dependents[done as usize] {
                waiting[*to as usize] -= 1;
                if waiting[*to as usize] == 0 {
                    queue.push(*to);
                }
            }
        }
        let stuck: Vec<u32> = (0..).zip(waiting).filter(|(_, count)| *count > 0).map(|(at, _)| at).collect();
        if stuck.is_empty() { Ok(()) } else { Err(Cyclic(stuck)) }
    }

    fn one_less(&mut self, done: u32, task: u32) {
        self.waiting_for[task as usize] -= 1;
        let unit = self.unit_of[task as usize];
        if unit != NONE && self.unit_of[done as usize] != unit {
            self.units[unit as usize].outside -= 1;
            self.offer_unit(unit as usize);
        }
        if self.waiting_for[task as usize] == 0 {
            self.make_ready(task);
        }
    }

    fn make_ready(&mut self, task: u32) {
        if self.status[task as usize] != Status::Waiting {
            return;
        }
        let unit = self.unit_of[task as usize];
        if unit == NONE || self.units[unit as usize].out {
            self.status[task as usize] = Status::Ready;
            self.ready.push((self.remaining[task as usize], Reverse(task)));
        }
    }

    /// A task is taken: what waits for nothing else, and may begin with it, is ready. Whatever of that finds no place at this
    /// moment waits in the lane, which the task holds until it has ended.
    fn call_companions(&mut self, task: u32) {
        for companion in self.companions.remove(&task).unwrap_or_default() {
            let waits = self.status[companion as usize] == Status::Waiting;
            if waits && self.waiting_for[companion as usize] == 1 {
                self.status[companion as usize] = Status::Ready;
                self.ready.push((self.remaining[companion as usize], Reverse(companion)));
            }
        }
    }

    /// Whether lane and kind let the task through now; else it waits there.
    fn pass_gates(&mut self, task: u32) -> bool {
        let entry = (self.remaining[task as usize], Reverse(task));
        let (lane, kind) = (self.lane_of[task as usize], self.kind_of[task as usize]);
        let batch = self.batch_of[task as usize];
        let is_beside = |gate: &Gate| gate.free == 0 && batch != NONE && gate.taken_by == Some(batch);
        if let Some(gate) = self.lanes.get_mut(lane as usize)
            && gate.free == 0
            && !is_beside(gate)
        {
            gate.parked.push(entry);
            self.wake(kind, NONE);
            return false;
        }
        if let Some(gate) = self.kinds.get_mut(kind as usize) {
            if gate.free == 0 {
                gate.parked.push(entry);
                self.wake(NONE, lane);
                return false;
            }
            gate.free -= 1;
        }
        if let Some(gate) = self.lanes.get_mut(lane as usize) {
            if is_beside(gate) {
                gate.beside += 1;
            } else {
                gate.free -= 1;
                self.call_batch(lane, batch);
            }
        }
        true
    }

    /// A lane is taken by a task of a batch: those of the same batch that wait there come with it.
    fn call_batch(&mut self, lane: u32, batch: u32) {
        let Some(gate) = self.lanes.get_mut(lane as usize).filter(|_| batch != NONE) else { return };
        gate.taken_by = Some(batch);
        for entry in std::mem::take(&mut gate.parked) {
            let Reverse(task) = entry.1;
            if self.batch_of[task as usize] == batch {
                self.ready.push(entry);
            } else {
                gate.parked.push(entry);
            }
        }
    }

    fn open_gates(&mut self, task: u32) {
        let (lane, kind) = (self.lane_of[task as usize], self.kind_of[task as usize]);
        if let Some(gate) = self.lanes.get_mut(lane as usize) {
            match gate.beside {
                0 => gate.free += 1,
                _ => gate.beside -= 1,
            }
        }
        if let Some(gate) = self.kinds.get_mut(kind as usize) {
            gate.free += 1;
        }
        self.wake(kind, lane);
    }

    /// Lets the most urgent task that waits at each gate try again. If it has to wait at its other gate, that wakes
    /// the next one here, so that no place stays empty.
    fn wake(&mut self, kind: u32, lane: u32) {
        for gate in
            [self.lanes.get_mut(lane as usize), self.kinds.get_mut(kind as usize)].into_iter().flatten()
        {
            // What was skipped while it waited takes no place.
            while gate.free > 0
                && let Some(next) = gate.parked.pop()
            {
                let Reverse(task) = next.1;
                if self.status[task as usize] == Status::Ready {
                    self.ready.push(next);
                    break;
                }
            }
        }
    }

    /// Starts a unit if everything that it needs from outside is done and its group has a place.
    fn offer_unit(&mut self, at: usize) {
        let unit = &self.units[at];
        if unit.outside > 0 || unit.out || unit.failed || unit.unfinished == 0 {
            return;
        }
        let group = &mut self.groups[unit.group as usize];
        if group.stopped_by.is_some() {
            return;
        }
        if group.free == 0 {
            let urgency = unit.tasks.iter().map(|task| self.remaining[*task as usize]).max();
            group.parked.push((urgency.unwrap_or_default(), Reverse(u32::try_from(at).unwrap_or(NONE))));
            return;
        }
        group.free -= 1;
        self.units[at].out = true;
        for index in 0..self.units[at].tasks.len() {
            let task = self.units[at].tasks[index];
            if self.waiting_for[task as usize] == 0 {
                self.make_ready(task);
            }
        }
    }

    fn leave_unit(&mut self, task: u32) {
        let at = self.unit_of[task as usize];
        if at == NONE {
            return;
        }
        let unit = &mut self.units[at as usize];
        unit.unfinished -= 1;
        if unit.unfinished > 0 || unit.failed || !unit.out {
            return;
        }
        unit.out = false;
        let group = &mut self.groups[unit.group as usize];
        group.free += 1;
        if let Some((_, Reverse(next))) = group.parked.pop() {
            self.offer_unit(next as usize);
        }
    }

    /// A member did not come back: the members that have not gone out stay as they are.
    fn stop_group(&mut self, task: u32, skipped: &mut Vec<Skipped>) {
        let at = self.unit_of[task as usize];
        if at == NONE {
            return;
        }
        self.units[at as usize].unfinished -= 1;
        self.units[at as usize].failed = true;
        let group = self.units[at as usize].group;
        self.groups[group as usize].stopped_by.get_or_insert(task);
        for index in 0..self.units.len() {
            let unit = &self.units[index];
            if unit.group != group || unit.out || unit.failed || unit.unfinished == 0 {
                continue;
            }
            self.skip_unit(index, task, skipped);
        }
    }

    fn skip_unit(&mut self, at: usize, because: u32, skipped: &mut Vec<Skipped>) {
        self.units[at].failed = true;
        for index in 0..self.units[at].tasks.len() {
            let task = self.units[at].tasks[index];
            if matches!(self.status[task as usize], Status::Waiting | Status::Ready) {
                self.skip(task, because, skipped);
                self.skip_dependents(task, because, skipped);
            }
        }
    }

    /// Skips what would run in the lane of a task that still occupies it in the world.
    fn skip_lane(&mut self, task: u32, skipped: &mut Vec<Skipped>) {
        let lane = self.lane_of[task as usize];
        if lane == NONE {
            return;
        }
        for other in (0..).take(self.status.len()) {
            let waits = matches!(self.status[other as usize], Status::Waiting | Status::Ready);
            if waits && self.lane_of[other as usize] == lane {
                self.skip(other, task, skipped);
                self.skip_dependents(other, task, skipped);
            }
        }
    }

    fn skip_dependents(&mut self, task: u32, because: u32, skipped: &mut Vec<Skipped>) {
        let mut stack = vec![task];
        while let Some(at) = stack.pop() {
            for index in 0..self.dependents.of(at).len() {
                let dependent = self.dependents.of(at)[index];
                if !matches!(self.status[dependent as usize], Status::Waiting | Status::Ready) {
                    continue;
                }
                self.skip(dependent, because, skipped);
                stack.push(dependent);
                // A unit that has not gone out goes out as a whole or not at all.
                let unit = self.unit_of[dependent as usize];
                if unit != NONE && !self.units[unit as usize].out && !self.units[unit as usize].failed {
                    self.skip_unit(unit as usize, because, skipped);
                }
            }
        }
    }

    fn skip(&mut self, task: u32, because: u32, skipped: &mut Vec<Skipped>) {
        self.status[task as usize] = Status::Skipped;
        self.unfinished -= 1;
        let unit = self.unit_of[task as usize];
        if unit != NONE {
            self.units[unit as usize].unfinished -= 1;
            self.units[unit as usize].failed = true;
        }
        skipped.push(Skipped { task, because });
    }
}

/// By the task that they wait for, those that may be taken together with it. Members of a rolling group go out as that says.
fn companions(tasks: &[Task]) -> BTreeMap<u32, Vec<u32>> {
    let mut companions: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (task, at) in tasks.iter().zip(0..) {
        let Some(with) = task.with.filter(|with| task.after.contains(with)) else { continue };
        let Some(other) = tasks.get(with as usize) else { continue };
        let is_of_its_batch = task.lane.is_some() && task.lane == other.lane && task.batch == other.batch;
        if is_of_its_batch && task.batch.is_some() && task.unit.is_none() && other.unit.is_none() {
            companions.entry(with).or_default().push(at);
        }
    }
    companions
}

fn units(tasks: &[Task]) -> (Vec<Unit>, Vec<u32>) {
    let mut ids: BTreeMap<UnitId, u32> = BTreeMap::new();
    let mut units: Vec<Unit> = Vec::new();
    let mut unit_of = vec![NONE; tasks.len()];
    for (task, at) in tasks.iter().zip(0_u32..) {
        let Some(id) = task.unit else { continue };
        let next = u32::try_from(units.len()).unwrap_or(NONE);
        let unit = *ids.entry(id).or_insert(next);
        if unit == next {
            units.push(Unit { group: id.group, ..Unit::default() });
        }
        unit_of[at as usize] = unit;
        units[unit as usize].tasks.push(at);
        units[unit as usize].unfinished += 1;
    }
    for (task, at) in tasks.iter().zip(&unit_of) {
        let outside = task.after.iter().filter(|before| unit_of[**before as usize] != *at).count();
        if let Some(unit) = units.get_mut(*at as usize) {
            unit.outside += u32::try_from(outside).unwrap_or(NONE);
        }
    }
    (units, unit_of)
}

fn remaining(tasks: &[Task], order: &[u32], dependents: &Edges) -> Vec<Duration> {
    let mut remaining = vec![Duration::ZERO; tasks.len()];
    for task in order.iter().rev() {
        let after = dependents.of(*task).iter().map(|at| remaining[*at as usize]).max();
        remaining[*task as usize] = tasks[*task as usize].expected + after.unwrap_or_default();
    }
    remaining
}

fn gates<'a>(
    names: impl Iterator<Item = Option<&'a Arc<str>>>,
    limit: impl Fn(&Arc<str>) -> Option<usize>,
) -> (Vec<Gate>, Vec<u32>) {
    let mut ids: BTreeMap<&'a Arc<str>, u32> = BTreeMap::new();
    let mut gates = Vec::new();
    let gate_of = names
        .map(|name| {
            let Some((name, free)) = name.and_then(|name| limit(name).map(|free| (name, free))) else {
                return NONE;
            };
            *ids.entry(name).or_insert_with(|| {
                gates.push(Gate { free, ..Gate::default() });
                u32::try_from(gates.len() - 1).unwrap_or(NONE)
            })
        })
        .collect();
    (gates, gate_of)
}

#[cfg(test)]
mod tests;
