//! What an update sends, and what it may take for known. Pure.

use std::sync::Arc;

use crate::diff::{self, Judge};
use crate::provider::ResourceType;
use crate::record::StateEntry;
use crate::value::{Value, ValueMap};

/// The attributes that the service sets and that were taken for known by what comes after.
pub(super) fn promises(resource_type: &ResourceType, desired: &ValueMap, prior: &StateEntry) -> ValueMap {
    let kept = |(name, value): &(&Arc<str>, &Value)| {
        let attribute = resource_type.schema.attribute(name);
        let set = desired.get(name).is_some_and(|value| !value.is_null());
        !set && !value.has_redacted()
            && attribute.is_some_and(|attribute| attribute.computed && !attribute.volatile)
    };
    prior.attributes.iter().filter(kept).map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(super) fn names(changes: &[diff::Change]) -> Vec<Arc<str>> {
    changes.iter().filter_map(|change| change.path.first_name()).map(Arc::from).collect()
}

pub(super) fn still_differs(judge: Judge<'_>, name: &str, desired: &ValueMap, prior: &StateEntry) -> bool {
    let loose = crate::schema::Attribute::new(crate::schema::Kind::Any);
    let attribute = judge.resource_type.schema.attribute(name).unwrap_or(&loose);
    let asked = prior.inputs.get(name);
    let there = if attribute.write_only { asked } else { prior.attributes.get(name) };
    let comparison = diff::Comparison { judge, now: true };
    match (desired.get(name).filter(|value| !value.is_null()), there) {
        (Some(desired), Some(there)) => {
            let said = diff::said_of(name, desired, &prior.inputs);
            !comparison.same(attribute, name, desired, &diff::with_untold(attribute, there, &said))
        }
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

pub(super) fn without_nulls(values: &ValueMap) -> ValueMap {
    if values.values().all(|value| !value.is_null()) {
        return values.clone();
    }
    values
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
