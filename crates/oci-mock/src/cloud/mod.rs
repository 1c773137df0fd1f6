//! What exists in the cloud, and what is going to happen to it.
//!
//! A resource is a JSON object in the shape of the API's own model, beside attributes that no answer shows.
//! All changes go through [`Cloud`], which keeps the indexes, the etags and the schedule right.
//!
//! The store knows no service: it neither validates nor decides. Time enters only through
//! [`Cloud::settle`], so that a cloud is a function of its seed, the requests and their times.

mod place;
mod resource;
mod schedule;
mod stored;
mod tokens;
mod work_requests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::Time;
use crate::error::ApiError;
use crate::facts::facts;
use crate::ocid;

pub use place::Place;
pub use resource::{Kind, New, Resource};
pub use schedule::Event;
pub(crate) use schedule::Schedule;
pub(crate) use stored::Delta;
pub(crate) use tokens::{Remembered, Tokens};
pub use work_requests::{Affected, Flavour, WorkRequest};

/// Everything that exists, ordered by creation.
#[derive(Debug)]
pub struct Cloud {
    place: Arc<Place>,
    now: Time,
    rows: BTreeMap<u64, Resource>,
    by_id: HashMap<Arc<str>, u64>,
    by_kind: HashMap<&'static str, BTreeSet<u64>>,
    by_compartment: HashMap<(&'static str, Arc<str>), BTreeSet<u64>>,
    /// Who mentions an OCID, in its shown or hidden attributes.
    referrers: HashMap<Arc<str>, BTreeSet<u64>>,
    /// How many of each kind were ever made; also the source of fresh numbers for services.
    counters: BTreeMap<String, u64>,
    next_row: u64,
    schedule: Schedule,
    tokens: Tokens,
    /// Documents that a service keeps beside its resources, by a name that starts with the service's.
    notes: BTreeMap<String, Value>,
    /// What changed since the last look, where the cloud is kept in a file.
    touched: Option<stored::Touched>,
}

impl Cloud {
    /// An empty cloud at this place and time.
    #[must_use]
    pub fn new(place: Place, now: Time) -> Self {
        Self {
            place: Arc::new(place),
            now,
            rows: BTreeMap::new(),
            by_id: HashMap::new(),
            by_kind: HashMap::new(),
            by_compartment: HashMap::new(),
            referrers: HashMap::new(),
            counters: BTreeMap::new(),
            next_row: 0,
            schedule: Schedule::default(),
            tokens: Tokens::default(),
            notes: BTreeMap::new(),
            touched: None,
        }
    }

    /// Where this cloud is and whose it is.
    #[must_use]
    pub fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// The time of the cloud: that of the change being made, or of the event being carried out.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    // ---- reading ----

    /// The resource with this id, whatever its state.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Resource> {
        self.rows.get(self.by_id.get(id)?)
    }

    /// The resource of this kind that the path names.
    ///
    /// # Errors
    /// 404 when there is none. A terminated one that is still listed is found.
    pub fn find(&self, kind: &Kind, id: &str) -> Result<&Resource, ApiError> {
        let fits = |resource: &&Resource| resource.kind.name == kind.name && !resource.invisible;
        self.get(id).filter(fits).ok_or_else(|| ApiError::not_found(id))
    }

    /// As [`Cloud::find`], but a terminated one is not found either.
    ///
    /// # Errors
    /// 404.
    pub fn find_live(&self, kind: &Kind, id: &str) -> Result<&Resource, ApiError> {
        self.find(kind, id).ok().filter(|resource| resource.is_live()).ok_or_else(|| ApiError::not_found(id))
    }

    /// The live resource of this kind that the request's `field` refers to.
    ///
    /// # Errors
    /// 400 `RelatedResourceNotAuthorizedOrNotFound`, naming the field.
    pub fn related(&self, field: &str, kind: &Kind, id: &str) -> Result<&Resource, ApiError> {
        self.find_live(kind, id).map_err(|_| ApiError::related_not_found(field, id))
    }

    /// All resources, ordered by creation.
    pub fn all(&self) -> impl Iterator<Item = &Resource> {
        self.rows.values()
    }

    /// All of one kind, ordered by creation.
    pub fn of_kind(&self, kind: &Kind) -> impl Iterator<Item = &Resource> {
        self.by_kind.get(kind.name).into_iter().flatten().map(|row| &self.rows[row])
    }

    /// All of one kind in one compartment, ordered by creation.
    pub fn in_compartment(&self, kind: &Kind, compartment_id: &str) -> impl Iterator<Item = &Resource> {
        let rows = self.by_compartment.get(&(kind.name, Arc::from(compartment_id)));
        rows.into_iter().flatten().map(|row| &self.rows[row])
    }

    /// Resources that mention this OCID anywhere, shown or hidden, ordered by creation; not the resource
    /// itself. This answers "what is in this VCN" and "what blocks this delete".
    pub fn referrers<'c>(&'c self, id: &'c str) -> impl Iterator<Item = &'c Resource> {
        self.referrers.get(id).into_iter().flatten().map(|row| &self.rows[row]).filter(move |r| &*r.id != id)
    }

    /// The live resources of one kind that mention this OCID.
    pub fn live_referrers<'c>(&'c self, kind: &'c Kind, id: &'c str) -> impl Iterator<Item = &'c Resource> {
        self.referrers(id).filter(move |resource| resource.kind.name == kind.name && resource.is_live())
    }

    /// How many resources there are, terminated ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether this is the tenancy or a live compartment of it.
    #[must_use]
    pub fn has_compartment(&self, id: &str) -> bool {
        id == self.place.tenancy_id
            || self.place.compartments.contains_key(id)
            || self.get(id).is_some_and(|resource| resource.kind.name == "compartment" && resource.is_live())
    }

    // ---- changing ----

    /// A number that this cloud has not given out under this name before, from 1.
    pub fn next_number(&mut self, name: &str) -> u64 {
        let counter = self.counters.entry(name.to_owned()).or_insert(0);
        *counter += 1;
        *counter
    }

    /// A fresh OCID.
    pub fn new_ocid(&mut self, kind: &Kind) -> String {
        let count = self.next_number(kind.name);
        ocid::ocid(kind.style, kind.name, &self.place.region, self.place.seed, count)
    }

    /// Adds a resource and returns its id. What the service invents is filled in where the model has it and
    /// the body has not: `id`, `timeCreated`, `displayName`, tags and the lifecycle state.
    ///
    /// # Panics
    /// When the id is taken: a mistake in a handler.
    pub fn insert(&mut self, new: New) -> String {
        let id: Arc<str> = match new.id {
            Some(id) => id.into(),
            None => self.new_ocid(new.kind).into(),
        };
        let mut body = new.body;
        self.fill_in(new.kind, &id, new.state, &mut body);
        let row = self.next_row;
        self.next_row += 1;
        let taken = self.by_id.insert(Arc::clone(&id), row);
        assert!(taken.is_none(), "{id} exists already");
        let mut resource = Resource::new(new.kind, Arc::clone(&id), row, self.now, body, new.hidden);
        resource.etag = self.new_etag(&resource);
        self.by_kind.entry(new.kind.name).or_default().insert(row);
        self.index(&resource);
        self.rows.insert(row, resource);
        self.touch(row);
        id.to_string()
    }

    fn fill_in(&self, kind: &Kind, id: &str, state: Option<&str>, body: &mut Map<String, Value>) {
        let fields = &facts().models(kind.service)[kind.model].fields;
        let mut default = |name: &str, value: &dyn Fn() -> Value| {
            if fields.contains_key(name) && body.get(name).is_none_or(Value::is_null) {
                body.insert(name.to_owned(), value());
            }
        };
        default("id", &|| Value::from(id));
        default("timeCreated", &|| Value::from(self.now.rfc3339()));
        default("timeUpdated", &|| Value::from(self.now.rfc3339()));
        let stamp = || self.now.utc().format("%Y%m%d%H%M%S");
        default("displayName", &|| Value::from(format!("{}{}", kind.name, stamp())));
        default("freeformTags", &|| Value::Object(Map::new()));
        default("definedTags", &|| Value::Object(Map::new()));
        if let Some(state) = state {
            default("lifecycleState", &|| Value::from(state));
        }
        self.place.remove_default_tags(body);
    }

    /// Changes a resource, gives it a new etag and keeps the indexes right.
    ///
    /// # Panics
    /// When there is no such resource: a mistake in a handler, which looks first.
    pub fn update<R>(&mut self, id: &str, change: impl FnOnce(&mut Resource) -> R) -> R {
        let row = *self.by_id.get(id).unwrap_or_else(|| panic!("{id} is to be changed and does not exist"));
        let mut resource = self.rows.remove(&row).expect("an indexed row exists");
        let before = resource.index_keys();
        let result = change(&mut resource);
        self.place.remove_default_tags(&mut resource.body);
        resource.version += 1;
        if resource.body.contains_key("timeUpdated") {
            resource.body.insert("timeUpdated".to_owned(), Value::from(self.now.rfc3339()));
        }
        resource.etag = self.new_etag(&resource);
        if resource.index_keys() != before {
            self.unindex(&resource, &before);
            self.index(&resource);
        }
        self.rows.insert(row, resource);
        self.touch(row);
        result
    }

    /// Puts a resource into a lifecycle state.
    ///
    /// # Panics
    /// As [`Cloud::update`].
    pub fn set_state(&mut self, id: &str, state: &str) {
        self.update(id, |resource| resource.set("lifecycleState", state));
    }

    /// Takes a resource through `leaving` into the terminal state of its kind (`gone`) after `duration`; its
    /// record stays listed for the kind's lingering time and is then removed.
    ///
    /// # Panics
    /// As [`Cloud::update`].
    pub fn terminate(&mut self, id: &str, leaving: &str, gone: &str, duration: Duration) {
        self.set_state(id, leaving);
        self.after(duration, Event::state(id, leaving, gone));
    }

    /// Lets a resource be unknown for a while: it is there, and neither found nor listed.
    pub(crate) fn hide(&mut self, id: &str, duration: Duration) {
        let row = self.by_id.get(id).copied();
        if let Some(resource) = row.and_then(|row| self.rows.get_mut(&row)) {
            resource.invisible = true;
            let row = resource.row;
            self.touch(row);
            self.after(duration, Event::Appear { id: id.to_owned() });
        }
    }

    /// Removes every trace of a resource.
    pub fn remove(&mut self, id: &str) -> Option<Resource> {
        let row = self.by_id.remove(id)?;
        let resource = self.rows.remove(&row)?;
        self.touch(row);
        if let Some(rows) = self.by_kind.get_mut(resource.kind.name) {
            rows.remove(&row);
        }
        self.unindex(&resource, &resource.index_keys());
        Some(resource)
    }

    /// Schedules an event.
    pub fn after(&mut self, duration: Duration, event: Event) {
        let key = self.schedule.add(self.now.after(duration), event);
        if let Some(touched) = &mut self.touched {
            touched.events.insert(key);
        }
    }

    /// A document that a service keeps; `Value::Null` when it has none.
    #[must_use]
    pub fn note(&self, name: &str) -> &Value {
        self.notes.get(name).unwrap_or(&Value::Null)
    }

    /// The same, to change it.
    pub fn note_mut(&mut self, name: &str) -> &mut Value {
        if let Some(touched) = &mut self.touched {
            touched.notes.insert(name.to_owned());
        }
        self.notes.entry(name.to_owned()).or_insert(Value::Null)
    }

    // ---- time ----

    /// When the next scheduled event is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.schedule.next_due()
    }

    /// Carries out all events that are due, each at its own time, and then lets it be `now`.
    pub fn settle(&mut self, now: Time) {
        while let Some((key, event)) = self.schedule.take_due(now) {
            if let Some(touched) = &mut self.touched {
                touched.events.insert(key);
            }
            self.now = self.now.max(key.0);
            self.carry_out(event);
            crate::services::observe(self);
        }
        self.now = self.now.max(now);
    }

    fn carry_out(&mut self, event: Event) {
        match event {
            Event::State { id, from, to } => {
                if self.get(&id).is_some_and(|resource| resource.state() == Some(&from)) {
                    self.set_state(&id, &to);
                    self.linger(&id);
                }
            }
            Event::Set { id, fields } => {
                if self.get(&id).is_some() {
                    self.update(&id, |resource| resource.body.extend(fields));
                }
            }
            Event::Remove { id } => {
                self.remove(&id);
            }
            Event::Appear { id } => {
                let row = self.by_id.get(&*id).copied();
                if let Some(resource) = row.and_then(|row| self.rows.get_mut(&row)) {
                    resource.invisible = false;
                    let row = resource.row;
                    self.touch(row);
                }
            }
            Event::FinishWorkRequest { id } => self.finish_work_request(&id, Ok(())),
            Event::Named { name, args } => crate::services::run_event(self, &name, &args),
        }
    }

    /// A terminated record stays for a while.
    fn linger(&mut self, id: &str) {
        if let Some(resource) = self.get(id).filter(|resource| !resource.is_live()) {
            let lingering = Duration::from_secs(resource.kind.linger_secs);
            self.after(lingering, Event::Remove { id: id.to_owned() });
        }
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub(crate) fn remember_token(&mut self, key: String, remembered: Remembered) {
        if let Some(touched) = &mut self.touched {
            touched.tokens.insert(key.clone());
        }
        self.tokens.remember(key, remembered);
    }

    fn touch(&mut self, row: u64) {
        if let Some(touched) = &mut self.touched {
            touched.rows.insert(row);
        }
    }

    // ---- indexes ----

    fn new_etag(&self, resource: &Resource) -> Arc<str> {
        ocid::hex(self.place.seed, &format!("etag/{}/{}", resource.id, resource.version), 40).into()
    }

    fn index(&mut self, resource: &Resource) {
        let keys = resource.index_keys();
        if let Some(compartment) = keys.compartment {
            self.by_compartment.entry((resource.kind.name, compartment)).or_default().insert(resource.row);
        }
        for id in keys.mentions {
            self.referrers.entry(id).or_default().insert(resource.row);
        }
    }

    fn unindex(&mut self, resource: &Resource, keys: &resource::IndexKeys) {
        if let Some(compartment) = &keys.compartment {
            let key = (resource.kind.name, Arc::clone(compartment));
            remove_row(&mut self.by_compartment, &key, resource.row);
        }
        for id in &keys.mentions {
            remove_row(&mut self.referrers, id, resource.row);
        }
    }
}

fn remove_row<K: std::hash::Hash + Eq>(index: &mut HashMap<K, BTreeSet<u64>>, key: &K, row: u64) {
    if let Some(rows) = index.get_mut(key) {
        rows.remove(&row);
        if rows.is_empty() {
            index.remove(key);
        }
    }
}
