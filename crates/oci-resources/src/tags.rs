//! The stack's own free-form tags: how an object whose creation was cut off is found again, and a lost state rebuilt.

use std::collections::BTreeMap;
use std::sync::Arc;

use reconcile::Address;
use reconcile::value::{Value, ValueMap};
use serde_json::Value as Json;

use crate::wire;

/// The tag that names the stack.
pub const LINEAGE: &str = "oci-moodle-lineage";
/// The tag that names the address in the configuration.
pub const ADDRESS: &str = "oci-moodle-address";
/// The tag that holds the retry token of the request that made the object.
pub const TOKEN: &str = "oci-moodle-token";

/// The tag that names the group whose members are kept apart, on instances.
pub const SPREAD: &str = "oci-moodle-spread";

/// What the stack writes on everything it makes, and what the service wrote there by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackTags {
    ours: BTreeMap<String, String>,
    services_own: BTreeMap<String, BTreeMap<String, Json>>,
}

impl StackTags {
    /// The tags of a new object.
    #[must_use]
    pub fn new(lineage: &str, address: &Address, token: &str) -> Self {
        let pairs = [(LINEAGE, lineage), (ADDRESS, address.as_str()), (TOKEN, token)];
        let ours = pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Self { ours, services_own: BTreeMap::new() }
    }

    /// How many the stack writes on an object with these inputs.
    #[must_use]
    pub(crate) fn count(inputs: &ValueMap) -> usize {
        let placement = inputs.get("placement").and_then(Value::as_map);
        let is_spread = placement.is_some_and(|placement| placement.get("spread_group").is_some());
        [LINEAGE, ADDRESS, TOKEN].len() + usize::from(is_spread)
    }

    /// Those that an object carries already. Sent again with every change of its tags, because sending a map of tags
    /// replaces all of it.
    #[must_use]
    pub fn carried(object: &Json) -> Self {
        let ours = freeform(object).into_iter().filter(|(key, _)| is_ours(key)).collect();
        let spaces = object.get("definedTags").and_then(Json::as_object).into_iter().flatten();
        let services_own = spaces
            .filter(|(space, _)| is_services_own(space))
            .filter_map(|(space, keys)| {
                let keys = keys.as_object()?.iter().map(|(key, value)| (key.clone(), value.clone()));
                Some((space.clone(), keys.collect()))
            })
            .collect();
        Self { ours, services_own }
    }

    /// The tags to send with those of the user in `inputs`: free-form ones always, defined ones if the user has some.
    #[must_use]
    pub fn beside(&self, inputs: &ValueMap) -> ValueMap {
        let mut sent = ValueMap::new();
        let ours =
            self.ours.iter().map(|(key, value)| (Arc::from(key.as_str()), Value::string(value.as_str())));
        sent.insert("freeform_tags", Value::Map(users(inputs, "freeform_tags").chain(ours).collect()));
        if inputs.get("defined_tags").and_then(Value::as_map).is_some() {
            let services = self.services_own.iter().flat_map(|(space, keys)| {
                keys.iter().map(move |(key, value)| (format!("{space}.{key}").into(), wire::from_json(value)))
            });
            sent.insert("defined_tags", Value::Map(users(inputs, "defined_tags").chain(services).collect()));
        }
        sent
    }
}

fn users<'a>(inputs: &'a ValueMap, name: &str) -> impl Iterator<Item = (Arc<str>, Value)> + use<'a> {
    let tags = inputs.get(name).and_then(Value::as_map);
    tags.into_iter().flat_map(ValueMap::iter).map(|(key, value)| (key.clone(), value.clone()))
}

/// The free-form tags of an object as its service shows it.
#[must_use]
pub fn freeform(object: &Json) -> BTreeMap<String, String> {
    let tags = object.get("freeformTags").and_then(Json::as_object).into_iter().flatten();
    tags.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Whether a free-form tag is one of ours. Keys are case-insensitive for the service.
#[must_use]
pub fn is_ours(key: &str) -> bool {
    [LINEAGE, ADDRESS, TOKEN, SPREAD].iter().any(|ours| ours.eq_ignore_ascii_case(key))
}

/// Whether a namespace of defined tags is one that the service fills by itself.
#[must_use]
pub fn is_services_own(space: &str) -> bool {
    space.eq_ignore_ascii_case("Oracle-Tags")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Sending a map of tags replaces all of it: what the service and the stack wrote goes along.
    #[test]
    fn what_the_service_and_the_stack_wrote_goes_along_with_the_users_tags() {
        let object = json!({
            "freeformTags": {"team": "old", TOKEN: "t", LINEAGE: "l"},
            "definedTags": {"Oracle-Tags": {"CreatedBy": "me"}, "Ops": {"CostCenter": "41"}},
        });
        let carried = StackTags::carried(&object);
        let inputs = wire::from_json(&json!({
            "freeform_tags": {"team": "new"}, "defined_tags": {"Ops.CostCenter": "42"},
        }));
        let sent = Value::Map(carried.beside(inputs.as_map().unwrap()));
        assert_eq!(
            sent,
            wire::from_json(&json!({
                "freeform_tags": {"team": "new", TOKEN: "t", LINEAGE: "l"},
                "defined_tags": {"Ops.CostCenter": "42", "Oracle-Tags.CreatedBy": "me"},
            }))
        );
        // Who has no defined tags changes none.
        let none = wire::from_json(&json!({"freeform_tags": {}}));
        assert_eq!(carried.beside(none.as_map().unwrap()).get("defined_tags"), None);
    }
}
