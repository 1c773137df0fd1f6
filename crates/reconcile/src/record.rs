//! What is remembered: the records of the journal and the entries of the state.
//!
//! State is the fold of records (`State::fold`). Their legal orders are in the book, page "The reconciler".
//! These are stored types: a change of their shape is a change of the file format.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::value::{Digest, Value, ValueMap};

/// Names one operation that was begun; unique within a lineage and increasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(pub u64);

/// What a provider calls an object (an OCID).
pub type Identifier = Arc<str>;

/// What a provider needs to go on waiting for an operation that it has accepted: the id of a work request, or
/// whatever else it likes, also the empty text. The engine only keeps it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pending(pub Arc<str>);

/// Milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// What a step does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Makes a new object.
    Create,
    /// Changes an object in place.
    Update,
    /// Removes an object.
    Delete,
}

/// Which of the objects of one address.
///
/// There is one current object. While a replacement is created before the old object goes, and until that has
/// gone, the old one is *deposed*: it is named by the intent that created its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// The one that references mean.
    Current,
    /// One whose successor exists.
    Deposed(IntentId),
}

/// Something that happened, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A request that changes the world is about to be sent. On disk before it is.
    Begin(Begin),
    /// What the provider said before the operation was over. On disk before the wait goes on.
    Learned(Learned),
    /// The operation is over.
    End(End),
    /// An object is as this entry says: adopted, imported, refreshed, or protected. Nothing was sent.
    Put {
        /// Its address.
        address: Address,
        /// Which object.
        slot: Slot,
        /// What is known of it.
        entry: Box<StateEntry>,
    },
    /// An object is no longer ours: gone from the world, or removed from the state by hand. Or nothing is there, and that it was to
    /// be protected is to be forgotten. Nothing was sent.
    Forget {
        /// Its address.
        address: Address,
        /// Which object.
        slot: Slot,
        /// Whether what is made next at its address is protected as it was.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        protect: bool,
    },
    /// Everything at one address is at another now (`state mv`).
    Move {
        /// The old address.
        from: Address,
        /// The new address, at which nothing was.
        to: Address,
    },
    /// The outputs of the stack, all of them. Secrets are redacted.
    Outputs {
        /// By name.
        values: ValueMap,
    },
    /// A run has reached a milestone.
    Run(RunMark),
}

/// Milestones of a run that can be rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunMark {
    /// From here on the state remembers what each address was before.
    Began,
    /// The run failed, and what it changed is being changed back.
    RollingBack,
    /// Done, either way: what was before is forgotten.
    Ended,
}

/// The intent to send one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// Names this operation in later records.
    pub intent: IntentId,
    /// What it is for.
    pub address: Address,
    /// Which object it changes or deletes; [`Slot::Current`] for a create.
    pub slot: Slot,
    /// What will be done.
    pub operation: Operation,
    /// Sent with the request, and sent again with the same payload if the answer was lost.
    pub retry_token: Arc<str>,
    /// Of everything that the request says, secrets included.
    pub payload_digest: Digest,
    /// When it was begun. A retry token lives 24 hours.
    pub at: Millis,
    /// For a create or update: the entry as it will be as far as is known, redacted, with `status` pending. It is
    /// what makes an object whose configuration has gone again findable and deletable.
    pub draft: Option<Arc<StateEntry>>,
    /// For a delete that makes room for a successor: whether that is to be protected. The object's entry goes with the object,
    /// so that nothing else says so until the creation of the successor is begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
}

/// What became known while an operation was under way. May come more than once; the last word counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// The operation.
    pub intent: IntentId,
    /// What the provider calls the object, if it has said so. Never taken back by a later `None`.
    pub identifier: Option<Identifier>,
    /// How to go on waiting, if the provider has said so. Never taken back by a later `None`.
    pub pending: Option<Pending>,
}

/// The end of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The operation.
    pub intent: IntentId,
    /// What came of it.
    pub outcome: EndOutcome,
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndOutcome {
    /// The object exists and is as the entry says: ready, or tainted if the operation failed half-way.
    Kept(Box<StateEntry>),
    /// The object does not exist (any more).
    Gone,
    /// The request changed nothing: what was before is still true.
    NoEffect,
}

/// What is known of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateEntry {
    /// What the provider calls it; `None` until it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Identifier>,
    /// What was last asked for and achieved, redacted. The difference to the configuration is a change of mind.
    pub inputs: ValueMap,
    /// What was last seen, redacted. The difference to the world is drift.
    pub attributes: ValueMap,
    /// The resources that its configuration referred to, directly; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// Whether it must not be replaced or deleted without consent that names it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protect: bool,
    /// How it is.
    #[serde(default, skip_serializing_if = "Status::is_ready")]
    pub status: Status,
    /// What the provider wants to find again. Not secret.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub private: Value,
    /// The version of the schema that wrote the attributes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub schema_version: u32,
}

/// How an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Whole.
    #[default]
    Ready,
    /// Its creation is under way: an open intent says how to go on waiting.
    Pending,
    /// Its creation failed half-way. It is there, and is replaced by the next plan.
    Tainted,
}

impl Status {
    /// Whether the object is whole.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
