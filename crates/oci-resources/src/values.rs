//! Between the engine's values and the plain types of the wire models.

use std::collections::BTreeMap;

use reconcile::value::{Value, ValueMap};

use crate::tags;

/// A text, where one is set.
pub(crate) fn text(inputs: &ValueMap, name: &str) -> Option<String> {
    inputs.get(name)?.as_str().map(str::to_owned)
}

/// A truth value, where one is set.
pub(crate) fn truth(inputs: &ValueMap, name: &str) -> Option<bool> {
    inputs.get(name)?.as_bool()
}

/// A list of texts, where one is set.
pub(crate) fn texts(inputs: &ValueMap, name: &str) -> Option<Vec<String>> {
    let list = inputs.get(name)?.as_list()?;
    Some(list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

/// Tags, where some are set.
pub(crate) fn text_map(inputs: &ValueMap, name: &str) -> Option<BTreeMap<String, String>> {
    let map = inputs.get(name)?.as_map()?;
    Some(map.iter().filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned()))).collect())
}

/// Collects what a service shows; what it leaves out is left out.
#[derive(Default)]
pub(crate) struct Attributes(ValueMap);

impl Attributes {
    pub(crate) fn text(mut self, name: &str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.0.insert(name, Value::string(value));
        }
        self
    }

    pub(crate) fn truth(mut self, name: &str, value: Option<bool>) -> Self {
        if let Some(value) = value {
            self.0.insert(name, Value::Bool(value));
        }
        self
    }

    pub(crate) fn texts(mut self, name: &str, values: Option<Vec<String>>) -> Self {
        if let Some(values) = values {
            self.0.insert(name, Value::list(values.into_iter().map(Value::string)));
        }
        self
    }

    /// The user's free-form tags: the stack's own are left out.
    pub(crate) fn freeform_tags(mut self, all: &BTreeMap<String, String>) -> Self {
        let users = all.iter().filter(|(key, _)| !tags::is_ours(key));
        let users = users.map(|(key, value)| (key.as_str(), Value::string(value.as_str())));
        self.0.insert("freeform_tags", Value::map(users));
        self
    }

    pub(crate) fn into_map(self) -> ValueMap {
        self.0
    }
}
