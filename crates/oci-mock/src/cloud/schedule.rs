//! What is going to happen, as data: a schedule that can be stored with the cloud.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Time;

/// Something that happens at a set time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "do")]
pub enum Event {
    /// A lifecycle state changes, if it is still `from`: a delete that came meanwhile wins.
    State {
        /// Whose.
        id: String,
        /// The state that it must be in.
        from: String,
        /// The state that it gets.
        to: String,
    },
    /// Shown attributes change, if the resource still exists.
    Set {
        /// Whose.
        id: String,
        /// The new values.
        fields: Map<String, Value>,
    },
    /// A record disappears.
    Remove {
        /// Which.
        id: String,
    },
    /// A resource that was hidden is found from now on.
    Appear {
        /// Which.
        id: String,
    },
    /// A work request succeeds.
    FinishWorkRequest {
        /// Which.
        id: String,
    },
    /// Something that a service declares by name in its module's `events`.
    Named {
        /// Its name.
        name: String,
        /// Its arguments.
        args: Value,
    },
}

impl Event {
    /// A change of lifecycle state.
    #[must_use]
    pub fn state(id: &str, from: &str, to: &str) -> Self {
        Self::State { id: id.to_owned(), from: from.to_owned(), to: to.to_owned() }
    }

    /// An event that a service declares.
    #[must_use]
    pub fn named(name: &str, args: Value) -> Self {
        Self::Named { name: name.to_owned(), args }
    }
}

/// Events by time; those of the same moment in the order in which they were scheduled.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    events: BTreeMap<(Time, u64), Event>,
    next: u64,
}

impl Schedule {
    pub(super) fn add(&mut self, due: Time, event: Event) -> (Time, u64) {
        let key = (due, self.next);
        self.events.insert(key, event);
        self.next += 1;
        key
    }

    pub(super) fn next_due(&self) -> Option<Time> {
        self.events.keys().next().map(|(due, _)| *due)
    }

    pub(super) fn take_due(&mut self, now: Time) -> Option<((Time, u64), Event)> {
        let entry = self.events.first_entry()?;
        let key = *entry.key();
        (key.0 <= now).then(|| (key, entry.remove()))
    }

    pub(super) fn get(&self, key: (Time, u64)) -> Option<&Event> {
        self.events.get(&key)
    }

    pub(super) fn put(&mut self, due: Time, seq: u64, event: Event) {
        self.next = self.next.max(seq + 1);
        self.events.insert((due, seq), event);
    }

    pub(super) fn forget(&mut self, key: (Time, u64)) {
        self.next = self.next.max(key.1 + 1);
        self.events.remove(&key);
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = ((Time, u64), &Event)> {
        self.events.iter().map(|(key, event)| (*key, event))
    }
}
