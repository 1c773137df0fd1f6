//! What a schedule comes to if everything takes as long as expected: a timeline, and where it ends.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::{Cyclic, Limits, Outcome, Schedule, Task};

/// When each task begins and ends if everything takes as long as expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// For each task, by position: from when to when it runs, counted from the beginning.
    pub spans: Vec<(Duration, Duration)>,
    /// When the last one ends.
    pub end: Duration,
}

impl Forecast {
    /// The tasks one after another that make the whole as long as it is, by position, the first one first. `tasks` are those
    /// of the forecast.
    #[must_use]
    pub fn critical_path(&self, tasks: &[Task]) -> Vec<u32> {
        let positions = || 0..u32::try_from(self.spans.len()).unwrap_or(u32::MAX);
        let span = |task: u32| self.spans[task as usize];
        let mut path = Vec::new();
        let mut next = positions().find(|task| span(*task).1 == self.end);
        while let Some(task) = next {
            path.push(task);
            let begin = span(task).0;
            let before = |other: &u32| span(*other).1 == begin && !path.contains(other);
            // What it waited for by name says more than what held its lane.
            let named = tasks[task as usize].after.iter().copied().find(before);
            next = if begin.is_zero() { None } else { named.or_else(|| positions().find(before)) };
        }
        path.reverse();
        path
    }
}

/// Goes through the schedule of `tasks` as a run would, with at most `at_once` of them side by side.
///
/// # Errors
/// If tasks need each other.
pub fn forecast(tasks: &[Task], limits: &Limits, at_once: usize) -> Result<Forecast, Cyclic> {
    let mut schedule = Schedule::new(tasks, limits)?;
    let mut forecast =
        Forecast { spans: vec![(Duration::ZERO, Duration::ZERO); tasks.len()], ..Forecast::default() };
    let mut running = BinaryHeap::new();
    loop {
        for task in schedule.take_ready(at_once.max(1)) {
            let span = (forecast.end, forecast.end + tasks[task as usize].expected);
            forecast.spans[task as usize] = span;
            running.push(Reverse((span.1, task)));
        }
        let Some(Reverse((now, _))) = running.peek().copied() else { return Ok(forecast) };
        forecast.end = now;
        // What ends at one moment ends before anything new begins, so that a batch is not torn apart.
        while let Some(Reverse((end, task))) = running.peek().copied() {
            if end > now {
                break;
            }
            running.pop();
            schedule.finish(task, Outcome::Done);
        }
    }
}
