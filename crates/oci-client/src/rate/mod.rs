//! Client-side rate control: a fleet of parallel requests settles just under the allowed rate instead of being
//! refused.
//!
//! There is one [`Gate`] for each service of each host, shared by all clones of a client. Requests pass it in the
//! order in which they came. How fast it opens is decided by the `controller`, a pure state machine; here is only
//! the waiting.

mod controller;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use world::World;

use controller::{Answer, Controller, Leave, Turn};

use crate::classify::{Class, Verdict};

/// The gates of a client, by host and service.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    gates: Mutex<BTreeMap<(String, &'static str), Arc<Gate>>>,
}

impl Gates {
    /// The gate to `service` at `origin`.
    pub(crate) fn to(&self, origin: &str, service: &'static str) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry((origin.to_owned(), service)).or_default())
    }
}

/// Lets requests to one service pass at the rate that the service allows.
#[derive(Debug)]
pub(crate) struct Gate {
    controller: Mutex<Controller>,
    /// Held by the request whose turn is next. Tokio's mutex serves in order of arrival, and forgets whoever stops
    /// waiting, which makes the queue fair and safe to leave.
    head_of_queue: tokio::sync::Mutex<()>,
    /// Wakes the head of the queue when an answer may have changed its turn.
    answered: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            controller: Mutex::new(Controller::new()),
            head_of_queue: tokio::sync::Mutex::new(()),
            answered: Notify::new(),
        }
    }
}

impl Gate {
    /// Waits for this request's turn.
    ///
    /// # Cancel safety
    /// It may be dropped: the place in the queue is lost, nothing else.
    pub(crate) async fn pass(self: &Arc<Self>, world: &dyn World) -> Passage {
        let _head = self.head_of_queue.lock().await;
        loop {
            // Decided before waiting, so that the lock is not held across the wait.
            let turn = self.controller().turn(world.monotonic());
            match turn {
                Turn::Now(leave) => return Passage { gate: Arc::clone(self), leave: Some(leave) },
                Turn::AfterAnAnswer => self.answered.notified().await,
                Turn::At(time) => {
                    let wait = time.saturating_sub(world.monotonic());
                    tokio::select! {
                        () = world.sleep(wait) => {}
                        () = self.answered.notified() => {}
                    }
                }
            }
        }
    }

    /// The pace in requests a second, once a refusal has taught us one.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.controller().rate()
    }

    fn controller(&self) -> MutexGuard<'_, Controller> {
        self.controller.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that passed the gate and is under way.
#[derive(Debug)]
pub(crate) struct Passage {
    gate: Arc<Gate>,
    leave: Option<Leave>,
}

impl Passage {
    /// Tells the gate what the service made of the request.
    pub(crate) fn end(mut self, now: Duration, verdict: &Verdict) {
        let answer = match verdict {
            Verdict::Success => Answer::Accepted,
            Verdict::Failure(failure) => match failure.class {
                Class::Throttled => Answer::Refused(failure.retry_after),
                Class::Transport(_) | Class::Unavailable | Class::ServerFault => Answer::Silence,
                // Refused for its content, not for its being one too many.
                _ => Answer::Accepted,
            },
        };
        if let Some(leave) = self.leave.take() {
            self.gate.controller().answered(now, leave, answer);
            self.gate.answered.notify_one();
        }
    }
}

impl Drop for Passage {
    /// A call that was dropped is no longer under way; its answer, if any, is not seen.
    fn drop(&mut self) {
        if self.leave.take().is_some() {
            self.gate.controller().abandoned();
            self.gate.answered.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
