//! What the engine asks of a provider: whoever knows how to read and change one kind of world.
//!
//! A provider is asked for many objects at once when reading, and for one step at a time when changing. It never
//! waits: it starts an operation, says how to go on asking, and is polled. So a crash finds every wait on disk.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use world::BoxFuture;

use crate::Address;
use crate::record::{Identifier, Operation, Pending, StateEntry};
use crate::schema::Schema;
use crate::value::{AttributePath, Value, ValueMap};

/// What is fixed about a resource type.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// Its name, such as `oci_core_vcn`.
    pub name: Arc<str>,
    /// Its attributes.
    pub schema: Schema,
    /// Goes up when the meaning of stored attributes changes; see [`Provider::upgrade`].
    pub schema_version: u32,
    /// Steps of one kind can be limited in number; most often the name.
    pub kind: Arc<str>,
    /// Whether losing an object loses data: it is never replaced or deleted without consent that names it.
    pub holds_data: bool,
    /// Whether [`Provider::health`] has something to say about it.
    pub has_health: bool,
    /// How long each operation is expected to take.
    pub expected: PerOperation,
    /// How long each operation may take before this run stops waiting. The next run goes on waiting.
    pub limit: PerOperation,
    /// A new object is certainly visible to [`Provider::find`] after this long.
    pub visible_within: Duration,
}

/// A duration for each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerOperation {
    /// For creating.
    pub create: Duration,
    /// For updating.
    pub update: Duration,
    /// For deleting.
    pub delete: Duration,
}

impl PerOperation {
    /// The same for all.
    #[must_use]
    pub fn all(duration: Duration) -> Self {
        Self { create: duration, update: duration, delete: duration }
    }

    /// The one for `operation`.
    #[must_use]
    pub fn of(&self, operation: Operation) -> Duration {
        match operation {
            Operation::Create => self.create,
            Operation::Update => self.update,
            Operation::Delete => self.delete,
        }
    }
}

impl ResourceType {
    /// A type without data or health, which takes about a second and at most an hour.
    #[must_use]
    pub fn new(name: &str, schema: Schema) -> Self {
        Self {
            name: name.into(),
            schema,
            schema_version: 0,
            kind: name.into(),
            holds_data: false,
            has_health: false,
            expected: PerOperation::all(Duration::from_secs(1)),
            limit: PerOperation::all(Duration::from_secs(3600)),
            visible_within: Duration::ZERO,
        }
    }
}

/// An object as the provider sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is called.
    pub identifier: Identifier,
    /// All attributes of the schema that it has, in the user's spelling where the meaning is the same.
    pub attributes: ValueMap,
    /// What the provider wants to find again in the state. Not secret.
    pub private: Value,
    /// An operation on it is still under way; how to wait for that.
    pub pending: Option<Pending>,
    /// It is there, but not usable, because of this: its creation failed half-way.
    pub broken: Option<String>,
}

impl Object {
    /// A whole object.
    #[must_use]
    pub fn new(identifier: impl Into<Identifier>, attributes: ValueMap) -> Self {
        Self { identifier: identifier.into(), attributes, private: Value::Null, pending: None, broken: None }
    }
}

/// One object to read.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// Its address.
    pub address: Address,
    /// What it is called.
    pub identifier: Identifier,
    /// What is known of it; `None` when it is being imported.
    pub entry: Option<Arc<StateEntry>>,
}

/// What became of one [`ReadRequest`].
#[derive(Clone, Debug)]
pub enum ReadAnswer {
    /// It is there.
    Found(Object),
    /// It is certainly not there (any more).
    Gone,
    /// The service does not show it: it has gone, or we may not see it. Its entry is kept, and it is left alone.
    Hidden(String),
    /// It could not be read.
    Failed(Failure),
}

/// A new object is wanted.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// Its address.
    pub address: Address,
    /// The same token with the same inputs must never make a second object (within 24 hours), and the object must
    /// be findable by it afterwards (by a tag, say).
    pub retry_token: Arc<str>,
    /// What is wanted, complete and in clear.
    pub inputs: ValueMap,
}

/// An object should change in place.
#[derive(Clone, Debug)]
pub struct UpdateRequest {
    /// Its address.
    pub address: Address,
    /// As in [`CreateRequest`].
    pub retry_token: Arc<str>,
    /// What it is called.
    pub identifier: Identifier,
    /// What is known of it.
    pub prior: Arc<StateEntry>,
    /// What is wanted, complete and in clear.
    pub inputs: ValueMap,
    /// The attributes that differ; names of the top level.
    pub changed: Vec<Arc<str>>,
}

/// An object should go.
#[derive(Clone, Debug)]
pub struct DeleteRequest {
    /// Its address.
    pub address: Address,
    /// As in [`CreateRequest`].
    pub retry_token: Arc<str>,
    /// What it is called.
    pub identifier: Identifier,
    /// What is known of it.
    pub entry: Arc<StateEntry>,
}

/// How far is an operation that was accepted?
#[derive(Clone, Debug)]
pub struct PollRequest {
    /// The address.
    pub address: Address,
    /// The operation.
    pub operation: Operation,
    /// What the object is called, if that is known.
    pub identifier: Option<Identifier>,
    /// What was said about waiting.
    pub pending: Pending,
    /// The entry as it is, or as it will be.
    pub entry: Arc<StateEntry>,
}

/// An answer about an operation: to the request that started it, or to a poll.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It goes on.
    Running(Running),
    /// It is over, and the object exists. It may be [`Object::broken`].
    Settled(Object),
    /// It is over, and the object does not exist: deleted, or never made.
    Gone,
    /// It was accepted, is over, and came to nothing: the object does not exist if it was to be made, and is as it was
    /// before otherwise. The failure says why. With [`Failure::again_after`] a creation is begun anew in the same run, as
    /// another operation with another token, at most [`ANEW_MAX`] times: a provider that chose a place without room may
    /// choose another one.
    CameToNothing(Failure),
}

/// How often a creation that came to nothing is begun anew in one run.
pub const ANEW_MAX: u32 = 30;

/// An operation that goes on.
#[derive(Clone, Debug)]
pub struct Running {
    /// What the object is called, as soon as that is known.
    pub identifier: Option<Identifier>,
    /// How to go on waiting, as soon as that is known.
    pub pending: Option<Pending>,
    /// When to ask again.
    pub again_after: Duration,
    /// How far it is, of 100, if the service says so.
    pub percent: Option<u8>,
    /// What it waits on, for people ("`PROVISIONING`", "work request ocid1…").
    pub waiting_on: Option<String>,
}

/// Which lost create is looked for.
#[derive(Clone, Debug)]
pub struct FindRequest {
    /// The address.
    pub address: Address,
    /// The token that the create was sent with.
    pub retry_token: Arc<str>,
    /// What was wanted, as far as it may be written down.
    pub draft: Arc<StateEntry>,
}

/// One object found by [`Provider::list`].
#[derive(Clone, Debug)]
pub struct Listed {
    /// The address that its tag tells.
    pub address: Address,
    /// The object.
    pub object: Object,
}

/// How a member of a group feels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does its work.
    Healthy,
    /// Not yet; ask again after this long.
    NotYet {
        /// What is missing, for people.
        why: String,
        /// When to ask again.
        again_after: Duration,
    },
    /// It will not become healthy by waiting.
    Unhealthy(String),
}

/// Why a call gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What we may believe about the world.
    pub effect: Effect,
    /// When the same call may work, if it may.
    pub again_after: Option<Duration>,
    /// What the service said, with ids for its support; no secrets.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
    /// There is only no room for it now: the very same may work in a later run.
    pub is_for_want_of_room: bool,
}

impl Failure {
    /// Nothing happened, and trying again would not help.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { effect: Effect::None, again_after: None, message, hint: None, is_for_want_of_room: false }
    }

    /// Nothing happened; try again after a while.
    #[must_use]
    pub fn busy(message: impl Into<String>, again_after: Duration) -> Self {
        Self { again_after: Some(again_after), ..Self::refused(message) }
    }

    /// It may have happened.
    #[must_use]
    pub fn unclear(message: impl Into<String>) -> Self {
        Self { effect: Effect::Unknown, ..Self::refused(message) }
    }
}

/// What we may believe about the world after a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The service changed nothing.
    None,
    /// It may have been carried out.
    Unknown,
}

/// Something wrong with what the user wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Invalid {
    /// The attribute.
    pub path: AttributePath,
    /// What is wrong with it.
    pub message: String,
}

/// What the world serialises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Steps with this name never run side by side,
    pub name: Arc<str>,
    /// unless they have the same batch: all of them that are ready when the lane is free begin at the same moment, so that the
    /// provider can put them into one request.
    pub batch: Option<Arc<str>>,
    /// Whether a creation may begin together with the creation of an object that it needs, if that has the same lane and batch,
    /// and all else that it needs is there by then: parts that travel with their whole, say. None of its inputs may come from
    /// that creation. The provider carries out both, in one request or one after the other.
    pub joins: bool,
}

impl Lane {
    /// A lane without batches.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), batch: None, joins: false }
    }
}

/// Knows how to read and change one kind of world. Called from one task; its futures run side by side.
pub trait Provider: Send + Sync + fmt::Debug {
    /// The resource types, sorted by name.
    fn resource_types(&self) -> &[ResourceType];

    /// The data source types, sorted by name. They are read and never changed.
    fn data_types(&self) -> &[ResourceType] {
        &[]
    }

    /// What the schema cannot say about inputs. Unknown values are to be taken for right. All problems at once.
    fn validate(&self, _resource_type: &str, _inputs: &ValueMap) -> Vec<Invalid> {
        Vec::new()
    }

    /// Whether two values of an attribute mean the same although they are spelled differently.
    ///
    /// It is asked for the innermost values that differ, and then for those around them. So `attribute` is a dotted name: the
    /// names of all attributes from the top, without places in lists and keys of maps. It is `rules.protocol` for the protocol of
    /// any of the `rules`, and `rules` for one of them and for all of them. In a value whose kind is `Any` the keys of maps
    /// count as names.
    fn equivalent(
        &self,
        _resource_type: &str,
        _attribute: &str,
        _desired: &Value,
        _observed: &Value,
    ) -> bool {
        false
    }

    /// What the world serialises: steps with the same lane never run side by side, unless they have the same batch and
    /// begin at the same moment. `identifier` is that of the object, if it exists; `inputs` are those that are wanted, or of an
    /// object that goes those that were asked for. What is not known yet says in its [`Value::Unknown`] where it will come from.
    fn lane(
        &self,
        _resource_type: &str,
        _identifier: Option<&Identifier>,
        _inputs: &ValueMap,
    ) -> Option<Lane> {
        None
    }

    /// Brings an entry of an older schema version up to date.
    ///
    /// # Errors
    /// If that version is not known; the text says what to do.
    fn upgrade(&self, _resource_type: &str, entry: StateEntry) -> Result<StateEntry, String> {
        Ok(entry)
    }

    /// What an object is a part of, and goes with: a rule's group, say. It may be the identifier of another object, or something that
    /// an object which this one refers to tells in an attribute.
    ///
    /// Asked when the service does not show the object ([`ReadAnswer::Hidden`]): if the whole was seen to have gone in the same refresh,
    /// so has the part, and otherwise nobody knows.
    fn whole(&self, _resource_type: &str, _entry: &StateEntry) -> Option<Identifier> {
        None
    }

    /// Reads many objects of one type, at most a thousand: one answer for each request, in the same order.
    fn read<'a>(
        &'a self,
        resource_type: &'a str,
        requests: Vec<ReadRequest>,
    ) -> BoxFuture<'a, Vec<ReadAnswer>>;

    /// Reads a data source.
    fn read_data<'a>(
        &'a self,
        resource_type: &'a str,
        _inputs: ValueMap,
    ) -> BoxFuture<'a, Result<ValueMap, Failure>> {
        let failure = Failure::refused(format!("there is no data source `{resource_type}`"));
        Box::pin(std::future::ready(Err(failure)))
    }

    /// The run was asked to stop, or (`false`) may go on: said when a run begins, and once more when it is cancelled.
    ///
    /// Once it was asked, the engine starts no operation any more, and a provider that is about to send something that changes
    /// the world on behalf of one that it has started already (a repetition, another place, the next of several requests) must
    /// not. It answers with a [`Failure`] then, by what has been done so far: one with [`Failure::again_after`] if that is
    /// nothing. Reads go on, and so does what the world itself is doing.
    fn stop(&self, _is_asked: bool) {}

    /// Starts to create an object.
    fn create(&self, request: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>>;

    /// Starts to change an object.
    fn update(&self, request: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>>;

    /// Starts to delete an object. One that is not there is [`Reply::Gone`].
    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>>;

    /// Asks how far an operation is. A read: it may be repeated and dropped at will.
    ///
    /// What belongs to a creation and can only be said once the object is there may be sent here all the same, if doing it twice is
    /// doing it once, and with a retry token that stands in the [`Pending`] of the request: that is on disk before it is polled for.
    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>>;

    /// Looks for the object that a lost create may have made: all objects with that token or address tag.
    fn find(&self, request: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>>;

    /// All objects of a type that carry a tag of this stack (`lineage`), to rebuild a lost state from.
    fn list<'a>(
        &'a self,
        resource_type: &'a str,
        lineage: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Listed>, Failure>>;

    /// How an object feels; asked of types that say [`ResourceType::has_health`].
    fn health(&self, _request: ReadRequest) -> BoxFuture<'_, Result<Health, Failure>> {
        Box::pin(std::future::ready(Ok(Health::Healthy)))
    }
}
