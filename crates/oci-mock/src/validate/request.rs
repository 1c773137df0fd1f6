//! A request's parameters and body against its operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::formats;
use crate::error::ApiError;
use crate::facts::{Field, Model, Operation, Payload, Type, facts};

/// Query parameters that are accepted everywhere, because SDKs send them.
const PAGE_LIMIT_MAX: usize = 1000;

/// Checks path and query parameters.
///
/// # Errors
/// The refusal that the service would give, naming the parameter.
pub(crate) fn check_parameters(
    operation: &Operation,
    path: &[String],
    query: &BTreeMap<String, Vec<String>>,
) -> Result<(), ApiError> {
    for (name, value) in path_names(&operation.path).zip(path) {
        if value.is_empty() {
            return Err(ApiError::invalid(name, "it is empty"));
        }
        // Whether something exists is never told apart from whether it could.
        if let Some(why) = formats::ocid_problem(name, value) {
            return Err(ApiError::not_found(format!("{name}: {why}")));
        }
    }
    for (name, values) in query {
        if !operation.query_params.contains(name) {
            return Err(ApiError::invalid(name, "unknown query parameter"));
        }
        for value in values {
            check_query_value(operation, name, value)?;
        }
    }
    let is_missing =
        |name: &&String| query.get(*name).is_none_or(|values| values.iter().all(String::is_empty));
    match operation.required_query.iter().find(is_missing) {
        Some(name) => Err(ApiError::missing(name)),
        None => Ok(()),
    }
}

fn check_query_value(operation: &Operation, name: &str, value: &str) -> Result<(), ApiError> {
    if let Some(allowed) = operation.param_enums.get(name) {
        // The one filter that services compare without regard to case; a few parameters are lists of values.
        let known = |value: &str| allowed.iter().any(|known| known.eq_ignore_ascii_case(value));
        if !value.split(',').all(known) {
            return Err(ApiError::invalid(name, format!("{value:?} is not one of {}", allowed.join(", "))));
        }
    }
    if name == "limit" {
        let max = if operation.service == "file_storage" { 4096 } else { PAGE_LIMIT_MAX };
        if !value.parse::<usize>().is_ok_and(|limit| (1..=max).contains(&limit)) {
            return Err(ApiError::invalid(name, format!("{value:?} is not a number from 1 to {max}")));
        }
    }
    match formats::ocid_problem(name, value).filter(|_| !value.is_empty()) {
        Some(why) => Err(ApiError::invalid(name, why)),
        None => Ok(()),
    }
}

fn path_names(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// Reads and checks a JSON body. `null` fields of a create count as absent.
///
/// # Errors
/// The refusal that the service would give, naming the field by its JSON path.
pub(crate) fn check_body(operation: &Operation, body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let Payload::Json(kind) = &operation.body else { return Ok(Map::new()) };
    if body.is_empty() {
        return if operation.body_optional { Ok(Map::new()) } else { Err(ApiError::missing("body")) };
    }
    let value: Value = serde_json::from_slice(body).map_err(ApiError::cannot_parse)?;
    let walk = Walk { operation };
    walk.value(kind, &value, "")?;
    match value {
        Value::Object(mut fields) => {
            if operation.method == http::Method::POST {
                fields.retain(|_, value| !value.is_null());
            }
            Ok(fields)
        }
        // A body that is a list is handed to the handler under the name of its type.
        other => Ok(Map::from_iter([("items".to_owned(), other)])),
    }
}

struct Walk<'o> {
    operation: &'o Operation,
}

impl Walk<'_> {
    fn value(&self, kind: &Type, value: &Value, path: &str) -> Result<(), ApiError> {
        match (kind, value) {
            (Type::Object, _)
            | (Type::Str | Type::DateTime | Type::Date, Value::String(_))
            | (Type::Bool, Value::Bool(_))
            | (Type::Float, Value::Number(_)) => Ok(()),
            (Type::Int, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
            (Type::List(inner), Value::Array(items)) => {
                let each = |(index, item)| self.value(inner, item, &format!("{path}[{index}]"));
                items.iter().enumerate().try_for_each(each)
            }
            (Type::Dict(inner), Value::Object(entries)) => {
                entries.iter().try_for_each(|(key, entry)| self.value(inner, entry, &join(path, key)))
            }
            (Type::Model(name), Value::Object(fields)) => self.model(name, fields, path),
            _ => {
                let place = if path.is_empty() { "the body" } else { path };
                Err(ApiError::cannot_parse(format!(
                    "{place} is {}, {} is needed.",
                    type_name(value),
                    needed(kind)
                )))
            }
        }
    }

    fn model(&self, name: &str, fields: &Map<String, Value>, path: &str) -> Result<(), ApiError> {
        let models = facts().models(&self.operation.service);
        let mut name = name;
        let mut model = &models[name];
        if let Some(discriminator) = &model.discriminator {
            let place = join(path, &discriminator.field);
            let Some(value) = fields.get(&discriminator.field).and_then(Value::as_str) else {
                return Err(ApiError::missing(&place));
            };
            if let Some(subtype) = discriminator.subtypes.get(value) {
                name = subtype;
                model = &models[name];
            } else {
                let known: Vec<&str> = discriminator.subtypes.keys().map(String::as_str).collect();
                return Err(ApiError::invalid(
                    &place,
                    format!("{value:?} is not one of {}", known.join(", ")),
                ));
            }
        }
        for (field, value) in fields {
            let place = join(path, field);
            let Some(known) = model.fields.get(field) else { return Err(self.unknown(field, &place, path)) };
            self.field(name, field, known, value, fields, &place)?;
        }
        self.required(model, fields, path)
    }

    fn field(
        &self,
        model: &str,
        name: &str,
        field: &Field,
        value: &Value,
        whole: &Map<String, Value>,
        path: &str,
    ) -> Result<(), ApiError> {
        if value.is_null() {
            return Ok(());
        }
        self.value(&field.kind, value, path)?;
        check_allowed(field, value, path)?;
        if matches!(field.kind, Type::DateTime)
            && value.as_str().is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_err())
        {
            return Err(ApiError::invalid(path, "it is not an RFC 3339 time"));
        }
        if matches!(field.kind, Type::Date)
            && value.as_str().is_some_and(|text| text.parse::<chrono::NaiveDate>().is_err())
        {
            return Err(ApiError::invalid(path, "it is not a day such as 2026-01-31"));
        }
        if let (Type::List(inner), Value::Array(items)) = (&field.kind, value)
            && **inner == Type::Str
        {
            for (index, item) in items.iter().enumerate() {
                if let Some(why) = formats::problem(&self.operation.service, model, name, item, whole) {
                    return Err(ApiError::invalid(&format!("{path}[{index}]"), why));
                }
            }
        }
        match formats::problem(&self.operation.service, model, name, value, whole) {
            Some(why) => Err(ApiError::invalid(path, why)),
            None => Ok(()),
        }
    }

    /// Tells a field that nobody knows from one that only the service sets.
    fn unknown(&self, field: &str, place: &str, path: &str) -> ApiError {
        let answer = self.operation.response.model();
        let resource = answer.map(str::to_owned).unwrap_or_else(|| {
            let body = self.operation.body.model().unwrap_or_default();
            body.trim_start_matches("Update")
                .trim_start_matches("Create")
                .trim_end_matches("Details")
                .to_owned()
        });
        let models = facts().models(&self.operation.service);
        let read_only =
            path.is_empty() && models.get(&resource).is_some_and(|m| m.fields.contains_key(field));
        let why = if read_only { "it is read-only here" } else { "unknown field" };
        ApiError::invalid(place, why)
    }

    fn required(&self, model: &Model, fields: &Map<String, Value>, path: &str) -> Result<(), ApiError> {
        let missing = |(name, field): &(&String, &Field)| {
            field.required && fields.get(name.as_str()).is_none_or(Value::is_null)
        };
        match model.fields.iter().find(missing) {
            Some((name, _)) => Err(ApiError::missing(&join(path, name))),
            None => Ok(()),
        }
    }
}

fn check_allowed(field: &Field, value: &Value, path: &str) -> Result<(), ApiError> {
    if field.allowed.is_empty() {
        return Ok(());
    }
    let unknown =
        |value: &&Value| value.as_str().is_some_and(|text| !field.allowed.iter().any(|known| known == text));
    let found = match value {
        Value::Array(items) => items.iter().find(unknown),
        single => Some(single).filter(unknown),
    };
    match found {
        Some(value) => {
            Err(ApiError::invalid(path, format!("{value} is not one of {}", field.allowed.join(", "))))
        }
        None => Ok(()),
    }
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn needed(kind: &Type) -> String {
    match kind {
        Type::Str => "a string".to_owned(),
        Type::Int => "an integer".to_owned(),
        Type::Float => "a number".to_owned(),
        Type::Bool => "a boolean".to_owned(),
        Type::DateTime | Type::Date => "a string with a time".to_owned(),
        Type::Object => "a value".to_owned(),
        Type::List(_) => "an array".to_owned(),
        Type::Dict(_) | Type::Model(_) => "an object".to_owned(),
    }
}
