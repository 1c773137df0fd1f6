//! One resource, its kind, and what is needed to make one.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::clock::Time;
use crate::ocid::Style;

/// A type of resource.
#[derive(Debug)]
pub struct Kind {
    /// The type segment of its OCIDs, or a unique name where it has none (`backendset`).
    pub name: &'static str,
    /// The service in `schemas/oci-api`.
    pub service: &'static str,
    /// The model that its body has the shape of.
    pub model: &'static str,
    /// Terraform's type name, under which the inventory lists it; `None` leaves it out.
    pub terraform: Option<&'static str>,
    /// How its OCIDs show the region.
    pub style: Style,
    /// Lifecycle states in which it no longer exists for anyone else.
    pub gone: &'static [&'static str],
    /// How long the record of one that is gone stays readable, in virtual seconds.
    pub linger_secs: u64,
}

/// What [`Cloud::insert`](super::Cloud::insert) needs.
#[derive(Debug)]
pub struct New {
    /// The type.
    pub kind: &'static Kind,
    /// Its id; an OCID is made when there is none.
    pub id: Option<String>,
    /// Its first lifecycle state, if the model has one.
    pub state: Option<&'static str>,
    /// The attributes that answers show.
    pub body: Map<String, Value>,
    /// The attributes that no answer shows.
    pub hidden: Map<String, Value>,
}

impl New {
    /// A resource of `kind` with this body, in this state.
    #[must_use]
    pub fn of(kind: &'static Kind, state: &'static str, body: Map<String, Value>) -> Self {
        Self { kind, id: None, state: Some(state), body, hidden: Map::new() }
    }

    /// As [`New::of`], with the body as an object literal.
    ///
    /// # Panics
    /// When `body` is no object: a mistake in a handler.
    #[must_use]
    pub fn from_json(kind: &'static Kind, state: &'static str, body: Value) -> Self {
        let Value::Object(body) = body else { panic!("the body of a resource is an object") };
        Self::of(kind, state, body)
    }

    /// With a hidden attribute.
    #[must_use]
    pub fn hidden(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.hidden.insert(name.to_owned(), value.into());
        self
    }

    /// With an id of its own making.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

/// Something that exists, or did until a while ago.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its type.
    pub kind: &'static Kind,
    /// Its OCID, or what stands for one.
    pub id: Arc<str>,
    /// Position in the order of creation.
    pub row: u64,
    /// When it was made.
    pub created: Time,
    /// How often it was changed.
    pub version: u64,
    /// Made, but not yet seen by anybody (an injected fault).
    pub(crate) invisible: bool,
    /// Changes with every change.
    pub etag: Arc<str>,
    /// The attributes that answers show, in the shape of the kind's model.
    pub body: Map<String, Value>,
    /// The attributes that no answer shows.
    pub hidden: Map<String, Value>,
}

#[derive(PartialEq, Eq)]
pub(super) struct IndexKeys {
    pub(super) compartment: Option<Arc<str>>,
    pub(super) mentions: BTreeSet<Arc<str>>,
}

impl Resource {
    pub(super) fn new(
        kind: &'static Kind,
        id: Arc<str>,
        row: u64,
        created: Time,
        body: Map<String, Value>,
        hidden: Map<String, Value>,
    ) -> Self {
        Self { kind, id, row, created, version: 1, invisible: false, etag: Arc::from(""), body, hidden }
    }

    /// A text attribute, shown or hidden.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).or_else(|| self.hidden.get(name))?.as_str()
    }

    /// The elements of a list of texts, shown or hidden; none when it is absent.
    pub fn texts<'r>(&'r self, name: &str) -> impl Iterator<Item = &'r str> {
        let list = self.body.get(name).or_else(|| self.hidden.get(name)).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Sets an attribute that answers show.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.body.insert(name.to_owned(), value.into());
    }

    /// Sets an attribute that no answer shows.
    pub fn set_hidden(&mut self, name: &str, value: impl Into<Value>) {
        self.hidden.insert(name.to_owned(), value.into());
    }

    /// Takes over the fields that an update request may carry: each one given replaces the old value, `null`
    /// removes it.
    pub fn merge(&mut self, changes: &Map<String, Value>) {
        for (name, value) in changes {
            if value.is_null() {
                self.body.remove(name);
            } else {
                self.body.insert(name.clone(), value.clone());
            }
        }
    }

    /// Its lifecycle state (`ipState`-like fields do not count).
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.body.get("lifecycleState")?.as_str()
    }

    /// Whether it exists for others: not in a terminal state.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state().is_none_or(|state| !self.kind.gone.contains(&state))
    }

    /// The compartment that it is in.
    #[must_use]
    pub fn compartment_id(&self) -> Option<&str> {
        self.text("compartmentId")
    }

    pub(super) fn index_keys(&self) -> IndexKeys {
        let mut mentions = BTreeSet::new();
        for value in self.body.values().chain(self.hidden.values()) {
            collect_ocids(value, &mut mentions);
        }
        mentions.remove(&self.id);
        IndexKeys { compartment: self.compartment_id().map(Arc::from), mentions }
    }
}

fn collect_ocids(value: &Value, found: &mut BTreeSet<Arc<str>>) {
    match value {
        Value::String(text) if text.starts_with("ocid1.") => {
            // Everything is in a compartment: that index exists on its own.
            if !text.starts_with("ocid1.compartment.") && !text.starts_with("ocid1.tenancy.") {
                found.insert(Arc::from(text.as_str()));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ocids(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect_ocids(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
