//! What a run tells while it goes on.

use std::time::Duration;

use crate::Address;
use crate::plan::Action;

/// Something that happened in a run. Equal answers give equal events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An operation that an earlier run left open is being settled.
    Settling {
        /// On what.
        address: Address,
    },
    /// A step has begun.
    Started {
        /// On what.
        address: Address,
        /// What it does.
        action: Action,
        /// How long it is expected to take.
        expected: Duration,
    },
    /// A step waits for the world.
    Waiting {
        /// On what.
        address: Address,
        /// For what, in the provider's words.
        waiting_on: Option<String>,
        /// How far it is, of 100, if the service says so.
        percent: Option<u8>,
        /// How much longer it is expected to take.
        expected_left: Duration,
    },
    /// A step is done.
    Finished {
        /// On what.
        address: Address,
        /// What it did.
        action: Action,
        /// How long it took.
        took: Duration,
    },
    /// A step has failed.
    Failed {
        /// On what.
        address: Address,
        /// What it tried.
        action: Action,
        /// Why.
        message: String,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// A step is not over, and this run does not wait for it any longer. The next one will.
    LeftOpen {
        /// On what.
        address: Address,
        /// What it does.
        action: Action,
        /// Why.
        message: String,
    },
    /// A step has come to nothing because the run was cancelled: its request had not left, or had been refused for now and was
    /// not repeated. The next run begins it again.
    Withheld {
        /// On what.
        address: Address,
        /// What it does.
        action: Action,
        /// Why.
        message: String,
    },
    /// A step will not be done in this run.
    Skipped {
        /// On what.
        address: Address,
        /// What it would have done.
        action: Action,
        /// The step behind it.
        because: Address,
    },
    /// No new steps begin: the run was cancelled, or the journal could not be written.
    Stopping,
    /// A failed run is being changed back.
    RollingBack,
}

/// Takes the events of a run, in order.
pub trait Observer: Send {
    /// Something happened.
    fn event(&mut self, event: &Event);
}

/// Looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: &Event) {}
}

impl Observer for Vec<Event> {
    fn event(&mut self, event: &Event) {
        self.push(event.clone());
    }
}
