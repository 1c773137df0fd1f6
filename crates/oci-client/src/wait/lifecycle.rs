//! Waiting for a state: which states to wait through, for and against, as data, and the pure machine that follows
//! them.

use std::time::Duration;

use crate::client::EVENTUAL_CONSISTENCY_WINDOW;
use crate::model::OpenEnum;

/// What is waited for. Plain data, so that one waiter serves every resource.
///
/// ```
/// use std::time::Duration;
/// use oci_client::services::core::models::VcnLifecycleState as State;
/// use oci_client::wait::{Gone, Wait};
///
/// const CREATED: Wait<'static, State> = Wait {
///     through: &[State::Provisioning],
///     until: &[State::Available],
///     failed: &[],
///     gone: Gone::IsFailure,
///     expect: Duration::from_secs(2),
///     limit: Duration::from_secs(20 * 60),
/// };
/// assert_eq!(CREATED.until.len(), 1);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Wait<'a, S> {
    /// States on the way.
    pub through: &'a [S],
    /// States that end the wait well.
    pub until: &'a [S],
    /// States that end it badly, because no other will follow.
    pub failed: &'a [S],
    /// What it means if the object is gone.
    pub gone: Gone,
    /// How long it usually takes; polling is quickest around that time.
    pub expect: Duration,
    /// How long to wait at most.
    pub limit: Duration,
}

/// What it means for a wait that the object is not to be found (404).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It should be there. A new object may still be invisible, so that this ends the wait only once the object was
    /// seen, or was invisible for too long.
    IsFailure,
    /// That is what was waited for: the object is being deleted.
    IsSuccess,
}

/// What one look at the object showed.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen<S> {
    /// It is in this state.
    State(S),
    /// It is not to be found.
    Gone,
    /// The look itself failed in a way that may pass.
    Trouble,
}

/// What to do after a look.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<S> {
    /// Look again after this pause.
    Again(Duration),
    /// It is what was waited for: in this state, or gone.
    Reached(Option<S>),
    /// It will not become what was waited for.
    Stop(Stop<S>),
}

/// Why a wait ends without what was waited for.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop<S> {
    /// It entered a state that means failure.
    Failed(S),
    /// It is in a state that is neither on the way nor at its end: somebody else is at work.
    Unexpected(S),
    /// It is gone.
    Gone,
    /// The time is up. The last state seen, if any.
    TimedOut(Option<S>),
}

/// How often a known state that does not belong to the wait is taken for an answer from a moment ago. Reads may come
/// from a copy that lags behind the write that we made.
const UNEXPECTED_MAX: u32 = 3;

/// Follows one wait from look to look. Pure: it is told the time and what was seen.
#[derive(Clone, Debug)]
pub struct Watch<'a, S> {
    wait: &'a Wait<'a, S>,
    started: Duration,
    looks: u32,
    unexpected: u32,
    last: Option<S>,
}

impl<'a, S: OpenEnum + Clone> Watch<'a, S> {
    /// Begins a wait at `now`.
    pub fn new(wait: &'a Wait<'a, S>, now: Duration) -> Self {
        Self { wait, started: now, looks: 0, unexpected: 0, last: None }
    }

    /// When the wait is over in any case.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.started.saturating_add(self.wait.limit)
    }

    /// Takes note of what was seen at `now`. `jitter` is any random number, and `at_least` the pause that the service
    /// asked for, if it did.
    pub fn look(&mut self, now: Duration, seen: Seen<S>, jitter: u64, at_least: Option<Duration>) -> Step<S> {
        self.looks = self.looks.saturating_add(1);
        let elapsed = now.saturating_sub(self.started);
        if let Some(step) = self.end(elapsed, seen) {
            return step;
        }
        let Some(left) = self.wait.limit.checked_sub(elapsed).filter(|left| !left.is_zero()) else {
            return Step::Stop(Stop::TimedOut(self.last.clone()));
        };
        let asked = at_least.unwrap_or_default().min(PAUSE_MAX);
        let pause = poll_pause(elapsed, self.wait.expect, self.looks, jitter).max(asked);
        // The last look is at the limit itself, not a pause before it.
        Step::Again(pause.min(left))
    }

    /// Whether what was seen ends the wait, whatever the time.
    fn end(&mut self, elapsed: Duration, seen: Seen<S>) -> Option<Step<S>> {
        let state = match (seen, self.wait.gone) {
            (Seen::Trouble, _) => return None,
            (Seen::Gone, Gone::IsSuccess) => return Some(Step::Reached(None)),
            (Seen::Gone, Gone::IsFailure) => {
                let may_be_new = self.last.is_none() && elapsed < EVENTUAL_CONSISTENCY_WINDOW;
                return (!may_be_new).then_some(Step::Stop(Stop::Gone));
            }
            (Seen::State(state), _) => state,
        };
        self.last = Some(state.clone());
        if is_one_of(&state, self.wait.until) {
            return Some(Step::Reached(Some(state)));
        }
        if is_one_of(&state, self.wait.failed) {
            return Some(Step::Stop(Stop::Failed(state)));
        }
        // A state that Oracle added since may well be one on the way.
        if is_one_of(&state, self.wait.through) || !state.is_known() {
            self.unexpected = 0;
            return None;
        }
        self.unexpected += 1;
        (self.unexpected >= UNEXPECTED_MAX).then_some(Step::Stop(Stop::Unexpected(state)))
    }
}

/// States are compared without regard to case, as Oracle's waiters do (Python SDK 2.189.0, `wait_until`).
fn is_one_of<S: OpenEnum>(state: &S, states: &[S]) -> bool {
    states.iter().any(|other| other.as_str().eq_ignore_ascii_case(state.as_str()))
}

/// The first pause, and the shortest later.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause, as in Oracle's waiters (Python SDK 2.189.0, `max_interval_seconds`).
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The pause before the next look.
///
/// It starts short, since many things are done at once, and grows by half with each look. Towards the expected end it
/// shrinks to a quarter of the time left, and after it grows again by a quarter of the time that has gone by since.
#[must_use]
pub fn poll_pause(elapsed: Duration, expect: Duration, looks: u32, jitter: u64) -> Duration {
    let growing = PAUSE_MIN.mul_f64(1.5_f64.powi(i32::try_from(looks.min(20)).unwrap_or(20) - 1));
    let near_end = elapsed.abs_diff(expect) / 4;
    let pause = growing.min(near_end).clamp(PAUSE_MIN, PAUSE_MAX);
    // A tenth of it at random, so that many waits do not ask in step.
    let share = f64::from((jitter >> 32) as u32) / f64::from(u32::MAX);
    pause.mul_f64(0.9 + 0.1 * share)
}
