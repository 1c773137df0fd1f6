//! Single values of inputs as plain types.

use reconcile::value::{Value, ValueMap};

/// A text, where one is set.
pub(crate) fn text(inputs: &ValueMap, name: &str) -> Option<String> {
    inputs.get(name)?.as_str().map(str::to_owned)
}

/// A list of texts, where one is set.
pub(crate) fn texts(inputs: &ValueMap, name: &str) -> Option<Vec<String>> {
    let list = inputs.get(name)?.as_list()?;
    Some(list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

/// The inputs of a creation without `name`, if it is an empty text: with an update that takes something away, and there is nothing
/// yet.
pub(crate) fn without_empty(inputs: &ValueMap, name: &str) -> ValueMap {
    let is_empty = |found: &str, value: &Value| found == name && value.as_str() == Some("");
    let kept = inputs.iter().filter(|(found, value)| !is_empty(found, value));
    kept.map(|(found, value)| (found.clone(), value.clone())).collect()
}
