//! Inputs against a schema: every problem at once, each with its path; defaults; and what is secret.

use std::sync::Arc;

use super::{Attribute, Kind, Schema};
use crate::graph::suggest;
use crate::provider::Invalid;
use crate::value::{AttributePath, Value, ValueMap};

/// Where in the inputs something is looked at. It is made a path of only when something is wrong there.
#[derive(Clone, Copy)]
enum Place<'a> {
    Whole,
    Entry(&'a Place<'a>, &'a Arc<str>),
    Item(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn path(self) -> AttributePath {
        match self {
            Self::Whole => AttributePath::default(),
            Self::Entry(outer, name) => outer.path().name(name.clone()),
            Self::Item(outer, index) => outer.path().index(index),
        }
    }
}

impl Schema {
    /// Everything that is wrong with `inputs`. What is not known yet is taken for right.
    #[must_use]
    pub fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        self.check_object(inputs, Place::Whole, &mut problems);
        problems
    }

    /// The inputs with the defaults of what is not set, inside of objects and of lists of them too.
    #[must_use]
    pub fn with_defaults(&self, inputs: &ValueMap) -> ValueMap {
        let mut filled = inputs.clone();
        for (name, attribute) in &self.attributes {
            match (inputs.get(name), &attribute.default, &attribute.kind) {
                (None | Some(Value::Null), Some(default), _) => {
                    filled.insert(name.clone(), default.clone());
                }
                (Some(given), _, kind) => {
                    if let Some(inner) = fill(kind, given) {
                        filled.insert(name.clone(), inner);
                    }
                }
                (None, None, _) => {}
            }
        }
        filled
    }

    /// The values with what the schema calls sensitive marked as secret.
    #[must_use]
    pub fn mark_sensitive(&self, values: &ValueMap) -> ValueMap {
        let mut marked = values.clone();
        for (name, value) in values.iter() {
            if let Some(attribute) = self.attributes.get(name)
                && attribute.has_secrets()
            {
                marked.insert(name.clone(), attribute.mark(value));
            }
        }
        marked
    }

    /// Stores the names of attributes where the schema has them: less memory for thousands of objects, and what is compared often
    /// stays near.
    pub(crate) fn share_names(&self, values: &mut ValueMap) {
        values.replace_names(|name| {
            self.attributes.get_key_value(name).map_or_else(|| name.clone(), |(own, _)| own.clone())
        });
    }

    fn has_secrets(&self) -> bool {
        self.attributes.values().any(Attribute::has_secrets)
    }

    fn check_object(&self, values: &ValueMap, place: Place<'_>, problems: &mut Vec<Invalid>) {
        for (name, value) in values.iter() {
            let at = Place::Entry(&place, name);
            match self.attributes.get(name) {
                Some(attribute) if value.is_null() && !attribute.required => {}
                Some(attribute) => attribute.check(value, at, problems),
                None if self.open => {}
                None => {
                    let meant = suggest(name, self.attributes.keys().map(|name| &**name));
                    let hint = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
                    let message = format!("there is no such attribute{hint}");
                    problems.push(Invalid { path: at.path(), message });
                }
            }
        }
        for (name, attribute) in &self.attributes {
            if attribute.required && values.get(name).is_none() {
                let path = Place::Entry(&place, name).path();
                problems.push(Invalid { path, message: "must be set".to_owned() });
            }
        }
    }
}

/// A value with the defaults inside of it filled in; `None` if there are none to fill.
fn fill(kind: &Kind, given: &Value) -> Option<Value> {
    match (kind, given) {
        (Kind::Object(schema), Value::Map(map)) => {
            let inner = schema.with_defaults(map);
            (!inner.same_storage(map)).then_some(Value::Map(inner))
        }
        (Kind::List(item), Value::List(values)) if matches!(item.kind, Kind::Object(_)) => {
            let filled: Vec<Option<Value>> = values.iter().map(|value| fill(&item.kind, value)).collect();
            filled.iter().any(Option::is_some).then(|| {
                let either = |(new, old): (Option<Value>, &Value)| new.unwrap_or_else(|| old.clone());
                Value::List(filled.into_iter().zip(values.iter()).map(either).collect())
            })
        }
        _ => None,
    }
}

impl Attribute {
    /// Whether the user may set it.
    #[must_use]
    pub fn is_settable(&self) -> bool {
        self.required || !self.read_only
    }

    fn has_secrets(&self) -> bool {
        self.sensitive
            || match &self.kind {
                Kind::List(item) | Kind::Map(item) => item.has_secrets(),
                Kind::Object(schema) => schema.has_secrets(),
                Kind::Any | Kind::Bool | Kind::Integer | Kind::Number | Kind::String => false,
            }
    }

    fn mark(&self, value: &Value) -> Value {
        match (&self.kind, value) {
            (_, Value::Null | Value::Sensitive(_) | Value::Redacted(_)) => value.clone(),
            _ if self.sensitive => Value::sensitive(value.clone()),
            (Kind::List(item), Value::List(values)) => {
                Value::List(values.iter().map(|value| item.mark(value)).collect())
            }
            (Kind::Map(item), Value::Map(map)) => Value::Map(map.map_values(|value| item.mark(value))),
            (Kind::Object(schema), Value::Map(map)) => Value::Map(schema.mark_sensitive(map)),
            _ => value.clone(),
        }
    }

    fn check(&self, value: &Value, place: Place<'_>, problems: &mut Vec<Invalid>) {
        let mut problem = |message: String| problems.push(Invalid { path: place.path(), message });
        if !self.is_settable() {
            return problem("is told by the service and cannot be set".to_owned());
        }
        match (&self.kind, value.exposed()) {
            (_, Value::Unknown(_) | Value::Redacted(_)) => return,
            (_, Value::Null) => return problem("must be set".to_owned()),
            (Kind::Any, _) | (Kind::Bool, Value::Bool(_)) => {}
            (Kind::Integer, Value::Number(number))
                if number.as_i64().or(number.as_u64().map(|_| 0)).is_some() => {}
            (Kind::Number, Value::Number(_)) | (Kind::String, Value::String(_)) => {}
            (Kind::List(item), Value::List(values)) => {
                for (index, value) in values.iter().enumerate() {
                    item.check(value, Place::Item(&place, index), problems);
                }
            }
            (Kind::Map(item), Value::Map(map)) => {
                for (name, value) in map.iter() {
                    item.check(value, Place::Entry(&place, name), problems);
                }
            }
            (Kind::Object(schema), Value::Map(map)) => schema.check_object(map, place, problems),
            (kind, _) => return problem(format!("must be {}", kind.name())),
        }
        self.check_bounds(value, place, problems);
    }

    fn check_bounds(&self, value: &Value, place: Place<'_>, problems: &mut Vec<Invalid>) {
        let bounds = &self.bounds;
        // A secret must not be quoted, so neither are other values: the path says enough.
        let mut problem = |message: String| problems.push(Invalid { path: place.path(), message });
        if let Some(allowed) = &bounds.one_of
            && !allowed.contains(value.exposed())
        {
            let list: Vec<String> = allowed.iter().map(Value::to_string).collect();
            problem(format!("must be one of {}", list.join(", ")));
        }
        let number = match value.exposed() {
            Value::Number(number) => Some(*number),
            _ => None,
        };
        if let (Some(number), Some(minimum)) = (number, bounds.minimum)
            && number < minimum
        {
            problem(format!("must be at least {minimum}"));
        }
        if let (Some(number), Some(maximum)) = (number, bounds.maximum)
            && number > maximum
        {
            problem(format!("must be at most {maximum}"));
        }
        let (length, what) = match value.exposed() {
            Value::String(text) => (text.chars().count(), "characters"),
            Value::List(values) => (values.len(), "items"),
            Value::Map(map) => (map.len(), "entries"),
            _ => return,
        };
        if let Some(at_least) = bounds.length_min.filter(|at_least| length < *at_least) {
            problem(format!("must have at least {at_least} {what}"));
        }
        if let Some(at_most) = bounds.length_max.filter(|at_most| length > *at_most) {
            problem(format!("must have at most {at_most} {what}"));
        }
    }
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Bool => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::String => "a text",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object(_) => "a map",
        }
    }
}

/// The name of an attribute in a path, without indices: `rules.protocol` of `rules[3].protocol`.
pub(crate) fn join(path: &str, name: &Arc<str>) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}
