//! A cloud as data: what changed since the last look, or all of it, and how it is put back.
//!
//! One format serves both: a snapshot is the change from nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::schedule::Event;
use super::tokens::Remembered;
use super::{Cloud, Resource};
use crate::clock::Time;
use crate::services::object_storage::CONTENT;

/// What was touched since the last look. Collected only where somebody asks for it.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) rows: BTreeSet<u64>,
    pub(super) events: BTreeSet<(Time, u64)>,
    pub(super) tokens: BTreeSet<String>,
    pub(super) notes: BTreeSet<String>,
}

/// A change of a cloud, or a whole one.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Delta {
    now: Time,
    next_row: u64,
    counters: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rows: Vec<Stored>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<(Time, u64, Event)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    done: Vec<(Time, u64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<(String, Remembered)>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    notes: BTreeMap<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    kind: String,
    id: String,
    row: u64,
    created: Time,
    version: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    invisible: bool,
    body: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    hidden: Map<String, Value>,
}

impl Delta {
    /// What objects hold, each in base64.
    pub(crate) fn contents(&mut self) -> impl Iterator<Item = &mut String> {
        self.rows.iter_mut().filter_map(|row| match row.hidden.get_mut(CONTENT)? {
            Value::String(content) => Some(content),
            _ => None,
        })
    }
}

impl Cloud {
    /// Collects changes from now on.
    pub(crate) fn record(&mut self) {
        self.touched = Some(Touched::default());
    }

    /// What changed since the last call; `None` when nothing did, or nobody asked for a record.
    pub(crate) fn take_changes(&mut self) -> Option<Delta> {
        let touched = std::mem::take(self.touched.as_mut()?);
        let Touched { rows, events, tokens, notes } = touched;
        if rows.is_empty() && events.is_empty() && tokens.is_empty() && notes.is_empty() {
            return None;
        }
        let (kept, gone): (Vec<u64>, Vec<u64>) =
            rows.into_iter().partition(|row| self.rows.contains_key(row));
        let (open, done): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|key| self.schedule.get(*key).is_some());
        Some(Delta {
            rows: kept.iter().map(|row| stored(&self.rows[row])).collect(),
            removed: gone,
            events: open
                .into_iter()
                .filter_map(|key| Some((key.0, key.1, self.schedule.get(key)?.clone())))
                .collect(),
            done,
            tokens: tokens
                .into_iter()
                .filter_map(|key| Some((key.clone(), self.tokens.get(&key)?.clone())))
                .collect(),
            notes: notes.into_iter().map(|name| (name.clone(), self.note(&name).clone())).collect(),
            ..self.frame()
        })
    }

    /// All of it.
    pub(crate) fn snapshot(&self) -> Delta {
        Delta {
            rows: self.rows.values().map(stored).collect(),
            events: self.schedule.entries().map(|((due, seq), event)| (due, seq, event.clone())).collect(),
            tokens: self.tokens.entries().map(|(key, known)| (key.clone(), known.clone())).collect(),
            notes: self.notes.clone(),
            ..self.frame()
        }
    }

    fn frame(&self) -> Delta {
        Delta { now: self.now, next_row: self.next_row, counters: self.counters.clone(), ..Delta::default() }
    }

    /// Puts a change back.
    ///
    /// # Errors
    /// The name of a kind that this program does not know.
    pub(crate) fn restore(&mut self, delta: Delta) -> Result<(), String> {
        self.now = delta.now;
        self.next_row = delta.next_row;
        self.counters = delta.counters;
        for stored in delta.rows {
            self.restore_row(stored)?;
        }
        for row in delta.removed {
            if let Some(id) = self.rows.get(&row).map(|resource| Arc::clone(&resource.id)) {
                self.remove(&id);
            }
        }
        for (due, seq, event) in delta.events {
            self.schedule.put(due, seq, event);
        }
        for key in delta.done {
            self.schedule.forget(key);
        }
        for (key, remembered) in delta.tokens {
            self.tokens.remember(key, remembered);
        }
        self.notes.extend(delta.notes);
        Ok(())
    }

    fn restore_row(&mut self, stored: Stored) -> Result<(), String> {
        let kind = crate::services::kind(&stored.kind).ok_or(stored.kind)?;
        self.remove(&stored.id);
        let id: Arc<str> = stored.id.into();
        let mut resource =
            Resource::new(kind, Arc::clone(&id), stored.row, stored.created, stored.body, stored.hidden);
        resource.version = stored.version;
        resource.invisible = stored.invisible;
        resource.etag = self.new_etag(&resource);
        self.by_id.insert(id, stored.row);
        self.by_kind.entry(kind.name).or_default().insert(stored.row);
        self.index(&resource);
        self.rows.insert(stored.row, resource);
        Ok(())
    }
}

fn stored(resource: &Resource) -> Stored {
    Stored {
        kind: resource.kind.name.to_owned(),
        id: resource.id.to_string(),
        row: resource.row,
        created: resource.created,
        version: resource.version,
        invisible: resource.invisible,
        body: resource.body.clone(),
        hidden: resource.hidden.clone(),
    }
}
