//! Single values of inputs as plain types.

use reconcile::value::ValueMap;

/// A text, where one is set.
pub(crate) fn text(inputs: &ValueMap, name: &str) -> Option<String> {
    inputs.get(name)?.as_str().map(str::to_owned)
}

/// A list of texts, where one is set.
pub(crate) fn texts(inputs: &ValueMap, name: &str) -> Option<Vec<String>> {
    let list = inputs.get(name)?.as_list()?;
    Some(list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}
