//! Schemas: what the attributes of a resource type are, and how each of them may change.

mod build;
mod check;
mod describe;
mod parse;
mod print;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::value::{Number, Value};

pub(crate) use check::join;
pub use parse::SchemaError;

/// The attributes of a resource type, or of an object inside one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Schema {
    pub(crate) attributes: BTreeMap<Arc<str>, Attribute>,
    /// Whether attributes that are not named here are let through.
    pub(crate) open: bool,
    pub(crate) description: Option<Arc<str>>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// What it holds.
    pub kind: Kind,
    /// The user must set it.
    pub required: bool,
    /// The service sets it if the user does not, or always.
    pub computed: bool,
    /// Only the service sets it (`readOnly`).
    pub read_only: bool,
    /// It is a secret (`x-sensitive`).
    pub sensitive: bool,
    /// Its items have no order (`x-unordered`).
    pub unordered: bool,
    /// A change makes a new object necessary (`x-force-new`).
    pub force_new: bool,
    /// The service never tells it (`x-write-only`).
    pub write_only: bool,
    /// The service may change it with any update (`x-volatile`).
    pub volatile: bool,
    /// Inside an object: to leave it out is to want it absent (`x-exact`), where otherwise what is not said is not compared.
    pub exact: bool,
    /// Taken when the user does not set it.
    pub default: Option<Value>,
    /// For people.
    pub description: Option<Arc<str>>,
    /// What is allowed.
    pub bounds: Bounds,
}

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything.
    Any,
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// A text.
    String,
    /// Items that are all alike.
    List(Box<Attribute>),
    /// Values that are all alike, by names that the user chooses.
    Map(Box<Attribute>),
    /// Attributes of its own.
    Object(Schema),
}

/// What values are allowed, beyond their kind.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Bounds {
    /// One of these.
    pub one_of: Option<Vec<Value>>,
    /// At least this.
    pub minimum: Option<Number>,
    /// At most this.
    pub maximum: Option<Number>,
    /// At least so many characters or items.
    pub length_min: Option<usize>,
    /// At most so many characters or items.
    pub length_max: Option<usize>,
}

impl Schema {
    /// The attributes, by name.
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Attribute)> {
        self.attributes.iter()
    }

    /// Whether attributes that are not named are let through.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// What the type is, for people.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// One attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.get(name)
    }
}
