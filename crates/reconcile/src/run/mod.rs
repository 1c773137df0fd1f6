//! The loops that touch the world: look at it, settle what an earlier run left open, and carry out a plan.
//!
//! One task owns the ledger and the schedule. What is under way are futures that each make one call and return its
//! answer; what an answer means is decided by a pure function (`job`).

mod apply;
mod cancel;
mod carry;
mod driver;
mod event;
mod flights;
mod health;
mod job;
mod prime;
mod refresh;
mod rollback;
mod settle;
mod wish;

use crate::provider::Provider;
use crate::secret::DigestKey;
use world::World;

pub use apply::{ApplyError, ApplyOptions, StepEnd, Summary, apply};
pub use cancel::Cancel;
pub use event::{Event, Observer, Silent};
pub use refresh::refresh;
pub use rollback::rollback;
pub use settle::{Settled, settle};

/// What every run needs.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Knows how to look and act.
    pub provider: &'a dyn Provider,
    /// Time and randomness.
    pub world: &'a dyn World,
    /// Recognises secrets and payloads.
    pub key: &'a DigestKey,
}
