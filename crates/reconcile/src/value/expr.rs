//! Expressions: what a configuration says, before references are looked up.

use std::fmt;
use std::sync::Arc;

use super::{AttributePath, Segment, Value, ValueMap};
use crate::Address;

/// An attribute of another resource: `oci_core_vcn.main.id`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Reference {
    /// The resource.
    pub address: Address,
    /// What of it; empty means all its attributes as a map.
    pub attribute: AttributePath,
}

impl Reference {
    /// A reference to a top-level attribute.
    #[must_use]
    pub fn new(address: Address, attribute: &str) -> Self {
        Self { address, attribute: AttributePath::attribute(attribute) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attribute.first() {
            None => write!(f, "{}", self.address),
            Some(Segment::Index(_)) => write!(f, "{}{}", self.address, self.attribute),
            Some(Segment::Name(name)) if !crate::address::is_identifier(name) => {
                write!(f, "{}{}", self.address, self.attribute)
            }
            Some(Segment::Name(_)) => write!(f, "{}.{}", self.address, self.attribute),
        }
    }
}

/// A value, or how to make one from attributes of other resources.
#[derive(Clone, PartialEq, Eq)]
pub enum Expr {
    /// A value that is there already.
    Value(Value),
    /// An attribute of another resource.
    Reference(Reference),
    /// A text with values in it: `http://${address}/`.
    Template(Vec<TemplatePart>),
    /// Expressions in order.
    List(Vec<Expr>),
    /// Expressions by name.
    Map(Vec<(Arc<str>, Expr)>),
    /// Whatever it gives is secret.
    Sensitive(Box<Expr>),
}

/// What is marked as secret prints as `<secret>`, whether it is a value or refers to one.
impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => fmt::Debug::fmt(value, f),
            Self::Reference(reference) => write!(f, "{reference}"),
            Self::Template(parts) => f.debug_tuple("Template").field(parts).finish(),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Map(entries) => {
                f.debug_map().entries(entries.iter().map(|(name, item)| (name, item))).finish()
            }
            Self::Sensitive(_) => f.write_str("<secret>"),
        }
    }
}

/// A piece of a [`Expr::Template`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TemplatePart {
    /// Text as it is.
    Text(Arc<str>),
    /// The text of a value: strings as they are, numbers and truth values as JSON writes them.
    Reference(Reference),
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// The resource has no such attribute.
    NoAttribute(Reference),
    /// The value cannot stand inside a text.
    NotText(Reference),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAttribute(reference) => {
                write!(f, "`{}` has no attribute `{}`", reference.address, reference.attribute)
            }
            Self::NotText(reference) => {
                write!(f, "`{reference}` is a list, a map or not set, and cannot stand inside a text")
            }
        }
    }
}

impl Expr {
    /// Calls `visit` for every reference, in order.
    pub fn references<'a>(&'a self, visit: &mut impl FnMut(&'a Reference)) {
        match self {
            Self::Value(_) => {}
            Self::Reference(reference) => visit(reference),
            Self::Template(parts) => parts.iter().for_each(|part| match part {
                TemplatePart::Text(_) => {}
                TemplatePart::Reference(reference) => visit(reference),
            }),
            Self::List(items) => items.iter().for_each(|item| item.references(visit)),
            Self::Map(entries) => entries.iter().for_each(|(_, item)| item.references(visit)),
            Self::Sensitive(inner) => inner.references(visit),
        }
    }

    /// As [`Expr::references`], for changing how they are stored.
    pub(crate) fn references_mut(&mut self, visit: &mut impl FnMut(&mut Reference)) {
        match self {
            Self::Value(_) => {}
            Self::Reference(reference) => visit(reference),
            Self::Template(parts) => parts.iter_mut().for_each(|part| match part {
                TemplatePart::Text(_) => {}
                TemplatePart::Reference(reference) => visit(reference),
            }),
            Self::List(items) => items.iter_mut().for_each(|item| item.references_mut(visit)),
            Self::Map(entries) => entries.iter_mut().for_each(|(_, item)| item.references_mut(visit)),
            Self::Sensitive(inner) => inner.references_mut(visit),
        }
    }

    /// The value, with `look_up` telling what a reference stands for; every failure goes to `failed`.
    pub fn resolve(
        &self,
        look_up: &mut impl FnMut(&Reference) -> Option<Value>,
        failed: &mut Vec<ResolveError>,
    ) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Reference(reference) => look_up(reference).unwrap_or_else(|| {
                failed.push(ResolveError::NoAttribute(reference.clone()));
                Value::Null
            }),
            Self::Template(parts) => resolve_template(parts, look_up, failed),
            Self::List(items) => {
                Value::List(items.iter().map(|item| item.resolve(look_up, failed)).collect())
            }
            Self::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|(name, item)| (name.clone(), item.resolve(look_up, failed)))
                    .collect::<ValueMap>(),
            ),
            Self::Sensitive(inner) => Value::sensitive(inner.resolve(look_up, failed)),
        }
    }
}

fn resolve_template(
    parts: &[TemplatePart],
    look_up: &mut impl FnMut(&Reference) -> Option<Value>,
    failed: &mut Vec<ResolveError>,
) -> Value {
    let mut text = String::new();
    let mut secret = false;
    let mut unsettled = None;
    for part in parts {
        let reference = match part {
            TemplatePart::Text(piece) => {
                text.push_str(piece);
                continue;
            }
            TemplatePart::Reference(reference) => reference,
        };
        let Some(value) = look_up(reference) else {
            failed.push(ResolveError::NoAttribute(reference.clone()));
            continue;
        };
        secret |= matches!(value, Value::Sensitive(_));
        match value.exposed() {
            Value::String(piece) => text.push_str(piece),
            Value::Number(number) => text.push_str(&number.to_string()),
            Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            // A text around a digest is known by a digest only, like its part.
            digest @ Value::Redacted(_) => unsettled = Some(digest.clone()),
            unknown @ Value::Unknown(_) => unsettled = Some(unknown.clone()),
            Value::Null | Value::List(_) | Value::Map(_) | Value::Sensitive(_) => {
                failed.push(ResolveError::NotText(reference.clone()));
            }
        }
    }
    let value = unsettled.unwrap_or_else(|| Value::string(text));
    if secret { Value::sensitive(value) } else { value }
}

impl<T: Into<Value>> From<T> for Expr {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl From<Reference> for Expr {
    fn from(reference: Reference) -> Self {
        Self::Reference(reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_expression_prints_no_secret_however_deep_it_lies() {
        let secret = Expr::Sensitive(Box::new(Expr::from("canary-5c1d")));
        let nested = Expr::Map(vec![("list".into(), Expr::List(vec![secret]))]);
        assert_eq!(format!("{nested:?}"), r#"{"list": [<secret>]}"#);
    }
}
