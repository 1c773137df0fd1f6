//! After a failed attempt: again, when, or enough. A pure function; the loop in `call` obeys.
//!
//! The rule that stands above all others: **what may have had an effect is not repeated**, unless a retry token
//! makes the service recognise the repetition, or the caller vouches for it.
//!
//! Deliberately absent: a guess that a `PUT` or a `DELETE` is harmless to repeat. With `if-match` the second one
//! would be answered 412 because the first one went through, and look like somebody else's write; without it, it may
//! undo what somebody else wrote in between. The caller who knows better says so ([`Repeat::CallerVouches`]).

use std::time::Duration;

use chrono::TimeDelta;

use crate::classify::{Class, Effect, Failure};
use crate::transport::TransportErrorKind;

/// How often and how patiently a call is repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How many attempts a call gets in all, the first included. At least 1.
    pub attempts_max: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub backoff_base: Duration,
    /// The longest pause of our own choice.
    pub backoff_max: Duration,
    /// The longest pause that a service may ask for with `retry-after`.
    pub retry_after_max: Duration,
}

impl Default for Policy {
    /// Eight attempts with pauses of 1 s doubling to 30 s, as the default strategy of Oracle's Python SDK 2.189.0
    /// has it; `retry-after` is obeyed up to two minutes.
    fn default() -> Self {
        Self {
            attempts_max: 8,
            backoff_base: Duration::from_secs(1),
            backoff_max: Duration::from_secs(30),
            retry_after_max: Duration::from_secs(120),
        }
    }
}

impl Policy {
    /// One attempt and no more.
    #[must_use]
    pub fn once() -> Self {
        Self { attempts_max: 1, ..Self::default() }
    }
}

/// Why it would be harmless to do the same again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Only if the first one had no effect for certain.
    IfWithoutEffect,
    /// The request carries a retry token: the service answers a repetition with the first result.
    Token,
    /// The caller knows that doing it twice is the same as once.
    CallerVouches,
}

/// What happened to this call so far.
#[derive(Clone, Debug)]
pub struct History {
    /// Attempts made, the failed one included.
    pub attempts: u32,
    /// Why a repetition would be harmless, if it would.
    pub repeat: Repeat,
    /// When the whole call must be over, in [`World::monotonic`](world::World::monotonic) time.
    pub deadline: Duration,
    /// Until when an object that the caller made a moment ago may still be invisible, in the same time.
    pub fresh_until: Option<Duration>,
    /// Whether the credentials could be made anew.
    pub can_refresh: bool,
    /// Whether that was done for this call already.
    pub refreshed: bool,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// The same request again, with a new date and signature.
    Again {
        /// After this pause.
        after: Duration,
        /// With credentials made anew.
        refresh_credentials: bool,
    },
    /// No more.
    Enough(Enough),
}

/// Why a call is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enough {
    /// The answer would be the same again.
    Final,
    /// It may have been carried out, and nothing would tell the service that the second is the first.
    MayHaveHadAnEffect,
    /// All attempts are used up.
    Attempts,
    /// The next attempt would be too late.
    Time,
    /// The caller asked to send nothing more.
    Stopped,
}

/// How far a clock may be off before the service refuses the date: "five minutes" in Oracle's page on request
/// signatures, less a margin for the way.
pub const CLOCK_SKEW_MAX: TimeDelta = TimeDelta::seconds(270);

/// Says what to do after `failure`. `jitter` is any random number.
#[must_use]
pub fn decide(policy: &Policy, history: &History, failure: &Failure, now: Duration, jitter: u64) -> Next {
    let Some(repetition) = repetition(history, failure, now) else {
        return Next::Enough(Enough::Final);
    };
    if failure.effect == Effect::Unknown && history.repeat == Repeat::IfWithoutEffect {
        return Next::Enough(Enough::MayHaveHadAnEffect);
    }
    if history.attempts >= policy.attempts_max {
        return Next::Enough(Enough::Attempts);
    }
    let refresh_credentials = repetition == Repetition::WithNewCredentials;
    let after =
        if refresh_credentials { Duration::ZERO } else { pause(policy, history.attempts, failure, jitter) };
    if now.saturating_add(after) >= history.deadline {
        return Next::Enough(Enough::Time);
    }
    Next::Again { after, refresh_credentials }
}

/// In what way repeating may help.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repetition {
    Later,
    WithNewCredentials,
}

/// The table: whether a failure of this class may pass, if it is repeated.
fn repetition(history: &History, failure: &Failure, now: Duration) -> Option<Repetition> {
    let is_fresh = history.fresh_until.is_some_and(|until| now < until);
    match failure.class {
        Class::Throttled | Class::ServerFault | Class::Unavailable | Class::Busy => Some(Repetition::Later),
        Class::Transport(
            TransportErrorKind::Connect | TransportErrorKind::Timeout | TransportErrorKind::Closed,
        ) => Some(Repetition::Later),
        // The certificate, the size of the answer and the file to send will be the same next time.
        Class::Transport(_) => None,
        // A session token may have been revoked or replaced; an API key stays what it is. A clock that is wrong
        // stays wrong.
        Class::NotAuthenticated => (history.can_refresh && !history.refreshed && !clock_is_off(failure))
            .then_some(Repetition::WithNewCredentials),
        // What the caller made a moment ago may not have reached this service yet; anything else stays missing.
        Class::MissingOrHidden | Class::RelatedMissingOrHidden => is_fresh.then_some(Repetition::Later),
        Class::AlreadyExists
        | Class::Changed
        | Class::Conflict
        | Class::Invalid
        | Class::Limit
        | Class::NoSuchOperation
        | Class::NotAllowed
        | Class::NotImplemented
        | Class::NotModified
        | Class::OutOfHostCapacity
        | Class::TokenSpent => None,
    }
}

/// Whether our clock is so far off that the service must refuse our signatures.
#[must_use]
pub fn clock_is_off(failure: &Failure) -> bool {
    failure.clock_ahead.is_some_and(|ahead| ahead.abs() > CLOCK_SKEW_MAX)
}

/// Half of the pause is fixed, so that it is a pause; the other half is random, so that many callers that failed
/// together do not come back together.
fn pause(policy: &Policy, attempts: u32, failure: &Failure, jitter: u64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(31);
    let whole = policy.backoff_base.saturating_mul(1 << doublings).min(policy.backoff_max);
    let ours = whole / 2 + fraction(whole / 2, jitter);
    match failure.retry_after.filter(|theirs| !theirs.is_zero()) {
        // Not before the time asked for, and a little spread after it.
        Some(theirs) => {
            let theirs = theirs.min(policy.retry_after_max);
            theirs.saturating_add(fraction(theirs / 10, jitter))
        }
        None => ours,
    }
}

/// `jitter` as a share of `whole`.
fn fraction(whole: Duration, jitter: u64) -> Duration {
    // 32 bits are fine enough for a pause, and exact in an `f64`.
    let share = f64::from((jitter >> 32) as u32) / f64::from(u32::MAX);
    whole.mul_f64(share)
}

#[cfg(test)]
mod tests;
