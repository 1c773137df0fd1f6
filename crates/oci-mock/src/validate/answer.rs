//! The mock's own answers against the tables: a wrong answer is a bug of ours, and is found at once.

use serde_json::{Map, Value};

use crate::facts::{Field, Operation, Payload, Type, facts};

/// What is wrong with the JSON body of a successful answer; nothing when it fits the operation.
pub(crate) fn check_answer(operation: &Operation, body: Option<&Value>) -> Vec<String> {
    let mut found = Vec::new();
    match (&operation.response, body) {
        (Payload::Json(kind), Some(value)) => walk(operation, kind, value, "$", &mut found),
        (Payload::Json(_), None) => found.push("$: no body where the operation promises one".to_owned()),
        (Payload::None, Some(_)) => found.push("$: a body where the operation has none".to_owned()),
        (Payload::None, None) | (Payload::Stream, _) => {}
    }
    found
}

fn walk(operation: &Operation, kind: &Type, value: &Value, path: &str, found: &mut Vec<String>) {
    match (kind, value) {
        (Type::Object, _)
        | (Type::Str, Value::String(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::Float, Value::Number(_)) => {}
        (Type::Int, Value::Number(number)) if number.is_i64() || number.is_u64() => {}
        (Type::DateTime, Value::String(text)) => {
            if chrono::DateTime::parse_from_rfc3339(text).is_err() {
                found.push(format!("{path}: {text:?} is not an RFC 3339 time"));
            }
        }
        (Type::Date, Value::String(text)) => {
            if text.parse::<chrono::NaiveDate>().is_err() {
                found.push(format!("{path}: {text:?} is not a day"));
            }
        }
        (Type::List(inner), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                walk(operation, inner, item, &format!("{path}[{index}]"), found);
            }
        }
        (Type::Dict(inner), Value::Object(entries)) => {
            for (key, entry) in entries {
                walk(operation, inner, entry, &format!("{path}.{key}"), found);
            }
        }
        (Type::Model(name), Value::Object(fields)) => model(operation, name, fields, path, found),
        _ => found.push(format!("{path}: {value} is no {kind:?}")),
    }
}

fn model(
    operation: &Operation,
    name: &str,
    fields: &Map<String, Value>,
    path: &str,
    found: &mut Vec<String>,
) {
    let models = facts().models(&operation.service);
    let mut model = &models[name];
    if let Some(discriminator) = &model.discriminator {
        let value = fields.get(&discriminator.field).and_then(Value::as_str);
        match value.and_then(|value| discriminator.subtypes.get(value)) {
            Some(subtype) => model = &models[subtype],
            None => {
                found.push(format!("{path}.{}: {value:?} selects no subtype of {name}", discriminator.field));
                return;
            }
        }
    }
    for (field, value) in fields {
        match model.fields.get(field) {
            None => found.push(format!("{path}.{field}: {name} has no such field")),
            Some(known) if value.is_null() => {
                if known.required {
                    found.push(format!("{path}.{field}: null, and it is required"));
                }
            }
            Some(known) => {
                walk(operation, &known.kind, value, &format!("{path}.{field}"), found);
                check_allowed(known, value, &format!("{path}.{field}"), found);
            }
        }
    }
    for (field, _) in
        model.fields.iter().filter(|(field, known)| known.required && !fields.contains_key(*field))
    {
        found.push(format!("{path}.{field}: missing, and it is required"));
    }
}

fn check_allowed(field: &Field, value: &Value, path: &str, found: &mut Vec<String>) {
    if field.allowed.is_empty() {
        return;
    }
    let values = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    for text in values.iter().filter_map(Value::as_str) {
        if !field.allowed.iter().any(|known| known == text) {
            found.push(format!("{path}: {text:?} is not one of {}", field.allowed.join(", ")));
        }
    }
}
