//! Makes the calls that resource modules ask for; the one place of this crate that touches the world.

mod change;
mod home;
mod placing;
mod read;
mod together;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oci_client::client::{CallOptions, Client};
use oci_client::error::Error;
use oci_client::stop::Stop;
use reconcile::Address;
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Health, Invalid, Lane, Listed, Object, PollRequest,
    Provider, ReadAnswer, ReadRequest, Reply, ResourceType, UpdateRequest,
};
use reconcile::record::{Identifier, StateEntry};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::value::{Value, ValueMap};
use world::{BoxFuture, World};

use crate::data::DataSource;
use crate::look::Look;
use crate::module::ResourceModule;
use placing::Placing;
use wait::failure;

/// The reconciler's provider for Oracle Cloud Infrastructure.
#[derive(Debug)]
pub struct Driver {
    client: Client,
    /// The cloud's time.
    time: Arc<dyn World>,
    /// The client in the tenancy's home region, once it has been asked for.
    home: Mutex<Option<Client>>,
    lineage: Arc<str>,
    modules: Vec<&'static dyn ResourceModule>,
    types: Vec<ResourceType>,
    sources: Vec<&'static dyn DataSource>,
    source_types: Vec<ResourceType>,
    compartments: Vec<String>,
    /// What this driver made, and when by the monotonic clock: for a while other services may not know it yet.
    made: Mutex<BTreeMap<String, Duration>>,
    /// What this driver has asked to be deleted: a 404 on one of these means that it has gone.
    removed: Mutex<BTreeSet<String>>,
    /// Parts that wait to be changed together, by their whole.
    parties: together::Parties,
    /// Once it is asked for, calls that change something send nothing more.
    stop: Stop,
    /// Where creations that have a choice of places are.
    placing: Mutex<BTreeMap<Address, Placing>>,
}

impl Driver {
    /// A driver that calls through `client` and tags what it makes with `lineage`, the name of the state that it
    /// works for. `compartments` are searched when the engine looks for what the state does not know: a creation
    /// whose answer was lost, or everything, when the state itself is lost.
    #[must_use]
    pub fn new(client: Client, lineage: impl Into<Arc<str>>, compartments: Vec<String>) -> Self {
        let mut typed: Vec<(ResourceType, &'static dyn ResourceModule)> =
            crate::modules().map(|module| (module.resource_type(), module)).collect();
        typed.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let (types, modules) = typed.into_iter().unzip();
        let mut typed: Vec<(ResourceType, &'static dyn DataSource)> =
            crate::data_sources().map(|source| (source.data_type(), source)).collect();
        typed.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let (source_types, sources) = typed.into_iter().unzip();
        Self {
            time: Arc::clone(client.world()),
            client,
            home: Mutex::default(),
            lineage: lineage.into(),
            modules,
            types,
            sources,
            source_types,
            compartments,
            made: Mutex::default(),
            removed: Mutex::default(),
            parties: together::Parties::default(),
            stop: Stop::new(),
            placing: Mutex::default(),
        }
    }

    /// This driver, waiting and measuring by `time` instead of by the client's world: a mock's time may run faster than
    /// the machine's, by which the client signs.
    #[must_use]
    pub fn in_time(self, time: Arc<dyn World>) -> Self {
        Self { time, ..self }
    }

    fn module(&self, resource_type: &str) -> Result<&'static dyn ResourceModule, Failure> {
        let at = self.types.binary_search_by(|known| (*known.name).cmp(resource_type));
        at.map(|at| self.modules[at])
            .map_err(|_| Failure::refused(format!("there is no resource type `{resource_type}`")))
    }

    fn schema(&self, resource_type: &str) -> Option<&Schema> {
        let at = self.types.binary_search_by(|known| (*known.name).cmp(resource_type)).ok()?;
        Some(&self.types[at].schema)
    }

    /// Makes the calls that a look asks for, one after another, until it knows.
    async fn carry_out<T>(&self, mut look: Look<T>) -> Result<T, Error> {
        loop {
            match look {
                Look::Done(value) => return Ok(value),
                Look::Ask(calls, then) => {
                    let mut answers = Vec::with_capacity(calls.len());
                    for call in &calls {
                        answers.push(call.look(&self.client_for(call).await?).await?);
                    }
                    look = then(answers);
                }
            }
        }
    }

    /// Remembers that an object was made just now.
    fn remember(&self, id: &str) {
        let now = self.time.monotonic();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(id.to_owned(), now);
    }

    /// Remembers that an object was asked to go.
    fn remember_removed(&self, id: &str) {
        self.removed.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }

    fn has_removed_any(&self) -> bool {
        !self.removed.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn has_removed(&self, id: &str) -> bool {
        self.removed.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// How long ago this driver made the object, if it did.
    fn age_of(&self, id: &str) -> Option<Duration> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()?;
        Some(self.time.monotonic().saturating_sub(made))
    }

    /// How long ago the youngest object was made that `inputs` name, if this driver made one.
    fn age_of_youngest(&self, inputs: &ValueMap) -> Option<Duration> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let mut youngest = None;
        for value in inputs.values() {
            each_text(value, &mut |text| youngest = youngest.max(made.get(text).copied()));
        }
        Some(self.time.monotonic().saturating_sub(youngest?))
    }

    /// For a call that changes something.
    fn options(&self, inputs: &ValueMap) -> CallOptions {
        let youngest_object_age = self.age_of_youngest(inputs);
        CallOptions { youngest_object_age, stop: Some(self.stop.clone()), ..CallOptions::default() }
    }
}

fn each_text(value: &Value, see: &mut impl FnMut(&str)) {
    match value.exposed() {
        Value::String(text) => see(text),
        Value::List(items) => items.iter().for_each(|item| each_text(item, see)),
        Value::Map(map) => map.values().for_each(|item| each_text(item, see)),
        _ => {}
    }
}

impl Provider for Driver {
    fn resource_types(&self) -> &[ResourceType] {
        &self.types
    }

    fn data_types(&self) -> &[ResourceType] {
        &self.source_types
    }

    fn validate(&self, resource_type: &str, inputs: &ValueMap) -> Vec<Invalid> {
        if let Ok(module) = self.module(resource_type) {
            return crate::module::problems(module, inputs);
        }
        let at = self.source_types.binary_search_by(|known| (*known.name).cmp(resource_type));
        at.map_or_else(|_| Vec::new(), |at| self.sources[at].validate(inputs))
    }

    fn equivalent(&self, resource_type: &str, attribute: &str, desired: &Value, observed: &Value) -> bool {
        let Ok(module) = self.module(resource_type) else { return false };
        let schema = self.schema(resource_type);
        schema
            .and_then(|schema| attribute_at(schema, attribute))
            .is_some_and(|attribute| is_same_word(attribute, desired, observed))
            || module.equivalent(attribute, desired, observed)
    }

    fn lane(&self, resource_type: &str, identifier: Option<&Identifier>, inputs: &ValueMap) -> Option<Lane> {
        self.module(resource_type).ok()?.lane(identifier.map(|id| &**id), inputs)
    }

    fn whole(&self, resource_type: &str, entry: &StateEntry) -> Option<Identifier> {
        let parent = self.module(resource_type).ok()?.scope(&entry.attributes).parent?;
        Some(parent.into())
    }

    fn read<'a>(
        &'a self,
        resource_type: &'a str,
        requests: Vec<ReadRequest>,
    ) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(async move {
            match self.module(resource_type) {
                Ok(module) => self.read_all(module, &requests).await,
                Err(failure) => requests.iter().map(|_| ReadAnswer::Failed(failure.clone())).collect(),
            }
        })
    }

    fn read_data<'a>(
        &'a self,
        resource_type: &'a str,
        inputs: ValueMap,
    ) -> BoxFuture<'a, Result<ValueMap, Failure>> {
        Box::pin(async move {
            let at = self.source_types.binary_search_by(|known| (*known.name).cmp(resource_type));
            let Ok(at) = at else {
                return Err(Failure::refused(format!("there is no data source `{resource_type}`")));
            };
            self.carry_out(self.sources[at].read(&inputs)).await.map_err(|error| failure(&error))?
        })
    }

    /// Calls that are in the air come to their end; what would follow them (a repetition, another place, the next of several calls)
    /// is not sent any more.
    fn stop(&self, is_asked: bool) {
        self.stop.set(is_asked);
    }

    fn create(&self, request: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(self.created(request))
    }

    fn update(&self, request: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(self.updated(request))
    }

    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(self.deleted(request))
    }

    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        Box::pin(self.polled(request))
    }

    fn find(&self, request: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        Box::pin(self.found(request))
    }

    fn list<'a>(
        &'a self,
        resource_type: &'a str,
        lineage: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        Box::pin(self.listed(resource_type, lineage))
    }

    fn health(&self, request: ReadRequest) -> BoxFuture<'_, Result<Health, Failure>> {
        Box::pin(async move {
            let module = self.module(request.address.resource_type())?;
            let health = self.carry_out(module.health(&request.identifier)).await;
            health.map_err(|error| failure(&error))
        })
    }
}

/// The attribute at a path without indices: `ingress_security_rules.protocol`.
fn attribute_at<'a>(schema: &'a Schema, path: &str) -> Option<&'a Attribute> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let attribute = schema.attribute(first)?;
    let Some(rest) = rest else { return Some(attribute) };
    let mut kind = &attribute.kind;
    while let Kind::List(item) | Kind::Map(item) = kind {
        kind = &item.kind;
    }
    match kind {
        Kind::Object(inner) => attribute_at(inner, rest),
        _ => None,
    }
}

/// Words of an enum in another case, and numbers in the spelling of a text (`"3306"`), are the same.
fn is_same_word(attribute: &Attribute, desired: &Value, observed: &Value) -> bool {
    match (&attribute.kind, desired.exposed(), observed.exposed()) {
        (Kind::String, Value::String(a), Value::String(b)) => {
            attribute.bounds.one_of.is_some() && a.eq_ignore_ascii_case(b)
        }
        (Kind::Integer | Kind::Number, Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => false,
    }
}
