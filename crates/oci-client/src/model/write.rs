//! Writes models as JSON.

use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::table::{Model, Union};
use super::value::{Value, View};

/// The JSON of `model`, secrets in clear: for the body of a request, and for nothing that is kept or shown.
///
/// # Errors
/// When a number is not finite: JSON has no way to write it.
pub fn to_json_with_secrets(model: &dyn Value) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Written(model))
}

/// As [`to_json_with_secrets`], as a tree.
///
/// # Errors
/// As [`to_json_with_secrets`].
pub fn to_value_with_secrets(model: &dyn Value) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::to_value(Written(model))
}

struct Written<'a>(&'a dyn Value);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.view() {
            View::Text(text) => serializer.serialize_str(text),
            View::Secret(secret) => serializer.serialize_str(secret.expose()),
            View::Flag(flag) => serializer.serialize_bool(flag),
            View::Int(number) => serializer.serialize_i64(number),
            View::Float(number) if number.is_finite() => serializer.serialize_f64(number),
            View::Float(number) => Err(S::Error::custom(format_args!("{number} cannot be written as JSON"))),
            View::Time(time) => serializer.collect_str(time),
            View::Json(json) => json.serialize(serializer),
            View::Enum(word) => serializer.serialize_str(word.as_str()),
            View::Model(model) => write_model(model, serializer),
            View::Union(union) => write_model(Union::active(union), serializer),
            View::List(list) => {
                let mut written = serializer.serialize_seq(Some(list.count()))?;
                for value in (0..list.count()).filter_map(|index| list.at(index)) {
                    written.serialize_element(&Written(value))?;
                }
                written.end()
            }
            View::Map(map) => {
                let mut written = serializer.serialize_map(None)?;
                for (name, value) in map.entries() {
                    written.serialize_entry(name, &Written(value))?;
                }
                written.end()
            }
        }
    }
}

fn write_model<S: Serializer>(model: &dyn Model, serializer: S) -> Result<S::Ok, S::Error> {
    let facts = model.facts();
    let mut written = serializer.serialize_map(None)?;
    if let Some((tag, kind)) = facts.tag {
        written.serialize_entry(tag, kind)?;
    }
    for (index, field) in facts.fields.iter().enumerate() {
        if let Some(value) = model.field(index).get() {
            written.serialize_entry(field.name, &Written(value))?;
        }
    }
    for (name, value) in model.rest().into_iter().flatten() {
        written.serialize_entry(name, value)?;
    }
    written.end()
}
