//! Values: what attributes hold, with unknown and secret ones as cases of their own.
//!
//! A [`Value`] is cheap to clone: its parts are shared. Values that stand in a configuration and refer to other
//! resources are [`Expr`]s; resolving them gives `Value`s.

mod expr;
mod json;
mod map;
mod number;
mod path;
mod shared;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use expr::{Expr, Reference, ResolveError, TemplatePart};
pub use map::ValueMap;
pub use number::Number;
pub use path::{AttributePath, ParsePathError, Segment};
pub(crate) use shared::Shared;

use crate::Address;
use crate::hex::hex;

/// What an attribute holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Value {
    /// Not set.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(Arc<str>),
    /// Values in order.
    List(Arc<[Value]>),
    /// Values by name.
    Map(ValueMap),
    /// Not known before some other resource has been created or changed.
    Unknown(Arc<Origin>),
    /// Known, and never to be written anywhere in clear.
    Sensitive(Secret),
    /// Once known, and now only recognised: the keyed digest of a secret. Behind a pointer, as it is twice as large as any other
    /// value and there are few.
    Redacted(Arc<Digest>),
}

/// Where an unknown value will come from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The resource that will tell.
    pub address: Address,
    /// The attribute of it.
    pub attribute: AttributePath,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attribute.is_empty() {
            return write!(f, "{}", self.address);
        }
        write!(f, "{}.{}", self.address, self.attribute)
    }
}

/// A value that prints as `<secret>` and cannot be serialised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(Arc<Value>);

impl Secret {
    /// Marks a value as secret. A secret in a secret is one secret.
    #[must_use]
    pub fn new(value: Value) -> Self {
        match value {
            Value::Sensitive(secret) => secret,
            value @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Unknown(_)
            | Value::Redacted(_)) => Self(Arc::new(value)),
        }
    }

    /// The value in clear, for the request that needs it.
    #[must_use]
    pub fn expose(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// A keyed digest (HMAC-SHA-256): it tells that two secrets or payloads are the same, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        hex(&digest.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
            return Err("a digest is 64 hexadecimal digits");
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| "a digest is hexadecimal")?;
        }
        Ok(Self(bytes))
    }
}

impl Value {
    /// A text.
    #[must_use]
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list.
    #[must_use]
    pub fn list(values: impl IntoIterator<Item = Value>) -> Self {
        Self::List(values.into_iter().collect())
    }

    /// A map.
    #[must_use]
    pub fn map<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A secret.
    #[must_use]
    pub fn sensitive(value: impl Into<Value>) -> Self {
        Self::Sensitive(Secret::new(value.into()))
    }

    /// A value that `address` will tell as its `attribute`.
    #[must_use]
    pub fn unknown(address: Address, attribute: AttributePath) -> Self {
        Self::Unknown(Arc::new(Origin { address, attribute }))
    }

    /// The text, if it is one (also of a secret text).
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self.exposed() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.exposed() {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.exposed() {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self.exposed() {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// The map, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&ValueMap> {
        match self.exposed() {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Whether this is [`Value::Null`].
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value itself, or what a secret holds.
    #[must_use]
    pub fn exposed(&self) -> &Value {
        match self {
            Self::Sensitive(secret) => secret.expose(),
            other => other,
        }
    }

    /// What stands at `path` inside this value; `None` where nothing does.
    ///
    /// What lies inside an unknown value is unknown, and inside a secret secret.
    #[must_use]
    pub fn at(&self, path: &[Segment]) -> Option<Value> {
        let Some((first, rest)) = path.split_first() else { return Some(self.clone()) };
        match (self, first) {
            (Self::Map(map), Segment::Name(name)) => map.get(name)?.at(rest),
            (Self::List(values), Segment::Index(index)) => values.get(*index)?.at(rest),
            (Self::Unknown(origin), _) => {
                let mut attribute = origin.attribute.clone();
                attribute.extend(path);
                Some(Self::unknown(origin.address.clone(), attribute))
            }
            (Self::Sensitive(secret), _) => secret.expose().at(path).map(Self::sensitive),
            (Self::Redacted(_), _) => Some(self.clone()),
            _ => None,
        }
    }

    /// The first unknown part of this value, if any part is unknown.
    #[must_use]
    pub fn first_unknown(&self) -> Option<&Origin> {
        self.find(&|value| match value {
            Self::Unknown(origin) => Some(&**origin),
            _ => None,
        })
    }

    /// Whether any part is unknown and will come from `address`.
    #[must_use]
    pub fn comes_from(&self, address: &crate::Address) -> bool {
        let comes =
            |value: &Self| matches!(value, Self::Unknown(origin) if origin.address == *address).then_some(());
        self.find(&comes).is_some()
    }

    /// Whether any part is known by its digest only.
    #[must_use]
    pub fn has_redacted(&self) -> bool {
        self.find(&|value| matches!(value, Self::Redacted(_)).then_some(())).is_some()
    }

    /// Whether any part is a secret in clear.
    #[must_use]
    pub fn has_sensitive(&self) -> bool {
        self.find(&|value| matches!(value, Self::Sensitive(_)).then_some(())).is_some()
    }

    // Recursion is bounded: values nest as deep as their JSON did, and the JSON reader stops at 128.
    fn find<'a, T>(&'a self, probe: &impl Fn(&'a Value) -> Option<T>) -> Option<T> {
        if let Some(found) = probe(self) {
            return Some(found);
        }
        match self {
            Self::List(values) => values.iter().find_map(|value| value.find(probe)),
            Self::Map(map) => map.values().find_map(|value| value.find(probe)),
            Self::Sensitive(secret) => secret.0.find(probe),
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::String(_)
            | Self::Unknown(_)
            | Self::Redacted(_) => None,
        }
    }

    /// This value with every leaf replaced by what `change` says of it; `None` keeps it and looks inside.
    #[must_use]
    pub fn replace(&self, change: &impl Fn(&Value) -> Option<Value>) -> Value {
        if let Some(changed) = change(self) {
            return changed;
        }
        match self {
            Self::List(values) => Self::List(values.iter().map(|value| value.replace(change)).collect()),
            Self::Map(map) => Self::Map(map.map_values(|value| value.replace(change))),
            other => other.clone(),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For people: JSON, with `<secret>` and `(known after apply)` in place of what has no text.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => write!(f, "{text:?}"),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (index, (name, value)) in map.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{name:?}: {value}")?;
                }
                f.write_str("}")
            }
            Self::Unknown(origin) => write!(f, "(known after apply: {origin})"),
            Self::Sensitive(_) | Self::Redacted(_) => f.write_str("<secret>"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<ValueMap> for Value {
    fn from(map: ValueMap) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Self::List(values.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_three_words() {
        assert_eq!(size_of::<Value>(), 3 * size_of::<usize>());
    }

    #[test]
    fn a_digest_is_written_in_hexadecimal_and_read_back() {
        let digest = Digest(std::array::from_fn(|at| u8::try_from(at * 8 + 5).unwrap()));
        let text = "050d151d252d353d454d555d656d757d858d959da5adb5bdc5cdd5dde5edf5fd";
        assert_eq!(digest.to_string(), text);
        assert_eq!(Digest::try_from(text.to_owned()), Ok(digest));
    }
}
