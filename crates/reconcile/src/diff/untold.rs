//! What the service does not tell, inside what it tells: it is known only from what was asked for.

use std::borrow::Cow;

use crate::schema::{Attribute, Kind, Schema};
use crate::value::{Value, ValueMap};

/// What is known of the part of an attribute that the service does not tell: what was `asked` for. Of what nobody asked for yet,
/// because it was imported, what is wanted is taken for granted.
pub(crate) fn said_of<'v>(name: &str, desired: &'v Value, asked: &'v ValueMap) -> Cow<'v, Value> {
    match asked.get(name).filter(|asked| !asked.is_null()) {
        Some(asked) => Cow::Borrowed(asked),
        None if asked.is_empty() => Cow::Borrowed(desired),
        None => Cow::Owned(Value::Map(ValueMap::new())),
    }
}

/// What is there, with what was `said` of what the service does not tell inside it.
pub(crate) fn with_untold<'v>(attribute: &Attribute, there: &'v Value, said: &Value) -> Cow<'v, Value> {
    if has_untold(attribute) { Cow::Owned(completed(attribute, there, said)) } else { Cow::Borrowed(there) }
}

/// Whether something inside is write-only.
fn has_untold(attribute: &Attribute) -> bool {
    match &attribute.kind {
        Kind::Object(schema) => schema.attributes().any(|(_, inner)| inner.write_only || has_untold(inner)),
        // The items of a set are not told apart, so that nobody knows which one was asked for what.
        Kind::List(item) => !attribute.unordered && has_untold(item),
        Kind::Any | Kind::Bool | Kind::Integer | Kind::Number | Kind::String | Kind::Map(_) => false,
    }
}

/// What is there, and in it what is write-only as it was `said`; null where nothing was said of it.
fn completed(attribute: &Attribute, there: &Value, said: &Value) -> Value {
    if !has_untold(attribute) {
        return there.clone();
    }
    match (&attribute.kind, there, said.exposed()) {
        (Kind::Object(schema), Value::Map(there), Value::Map(said)) => {
            Value::Map(completed_map(schema, there, said))
        }
        (Kind::List(item), Value::List(there), Value::List(said)) if there.len() == said.len() => {
            Value::list(there.iter().zip(said.iter()).map(|(there, said)| completed(item, there, said)))
        }
        _ => there.clone(),
    }
}

fn completed_map(schema: &Schema, there: &ValueMap, said: &ValueMap) -> ValueMap {
    let mut all = there.clone();
    let nothing = Value::Map(ValueMap::new());
    for (name, inner) in schema.attributes() {
        let told = there.get(name).filter(|told| !told.is_null());
        match told {
            Some(told) if has_untold(inner) => {
                let said = said.get(name).filter(|said| !said.is_null()).unwrap_or(&nothing);
                all.insert(name.clone(), completed(inner, told, said));
            }
            None if inner.write_only => {
                all.insert(name.clone(), said.get(name).cloned().unwrap_or_default());
            }
            Some(_) | None => {}
        }
    }
    all
}

/// Whether two wishes differ in what is write-only inside them.
pub(crate) fn untold_differs(attribute: &Attribute, one: Option<&Value>, other: Option<&Value>) -> bool {
    has_untold(attribute) && part(attribute, one) != part(attribute, other)
}

/// Only what is write-only, and what holds it.
fn part(attribute: &Attribute, value: Option<&Value>) -> Value {
    match (&attribute.kind, value.map(Value::exposed)) {
        (Kind::Object(schema), Some(Value::Map(map))) => {
            let inner = |(name, inner): (&std::sync::Arc<str>, &Attribute)| {
                let value = map.get(name).filter(|value| !value.is_null());
                let kept = match value {
                    Some(value) if inner.write_only => value.clone(),
                    value if has_untold(inner) => part(inner, value),
                    Some(_) | None => return None,
                };
                Some((name.clone(), kept))
            };
            Value::Map(schema.attributes().filter_map(inner).collect())
        }
        (Kind::List(item), Some(Value::List(items))) => {
            Value::list(items.iter().map(|value| part(item, Some(value))))
        }
        (Kind::Object(schema), _) => part_of_nothing(schema),
        _ => Value::Null,
    }
}

/// An object that is not there says as little as an empty one.
fn part_of_nothing(schema: &Schema) -> Value {
    let holders = schema.attributes().filter(|(_, inner)| has_untold(inner));
    Value::Map(holders.map(|(name, inner)| (name.clone(), part(inner, None))).collect())
}
