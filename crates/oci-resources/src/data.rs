//! What every data source offers the driver.

use std::fmt;

use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::look::Look;
use crate::names::Renames;
use crate::values::{text, texts};
use crate::wire;

/// One type of data source: it is read and never changed.
pub trait DataSource: Send + Sync + fmt::Debug {
    /// Name and schema, for the engine. Called once for each driver.
    fn data_type(&self) -> ResourceType;

    /// What the schema cannot say about inputs; all problems at once.
    fn validate(&self, _inputs: &ValueMap) -> Vec<Invalid> {
        Vec::new()
    }

    /// Reads it: all attributes, those that were asked with included. A failure inside is one that waiting does not
    /// mend: nothing matches, say.
    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>>;
}

/// Keeps what has one of some values.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Filter {
    /// The attribute, inside an object with its path: `ocpu_options.max`.
    #[schemars(extend("x-required" = true))]
    pub name: Attr<String>,
    /// The values; a text is compared with what the attribute says when it is printed.
    #[schemars(extend("x-required" = true))]
    pub values: Attr<Vec<String>>,
}

attributes!(Filter { name, values });

/// What was asked with, and what is told.
pub(crate) fn told(schema: &Schema, inputs: &ValueMap, body: &Json) -> ValueMap {
    told_with(schema, inputs, body, &[])
}

/// As [`told`], with Oracle's own names for some attributes.
pub(crate) fn told_with(schema: &Schema, inputs: &ValueMap, body: &Json, renames: Renames) -> ValueMap {
    let mut all = wire::observe(schema, body, renames);
    for (name, value) in inputs.iter().filter(|(_, value)| !value.is_null()) {
        all.insert(name.clone(), value.clone());
    }
    all
}

/// What was asked with, and the items of a list that pass the filters.
pub(crate) fn listed(schema: &Schema, inputs: &ValueMap, attribute: &str, items: Vec<Json>) -> ValueMap {
    let body = Json::Object([(attribute.to_owned(), Json::Array(items))].into_iter().collect());
    let mut all = told(schema, &ValueMap::new(), &body);
    let items = all.get(attribute).and_then(Value::as_list).unwrap_or_default();
    let kept: Vec<Value> = items.iter().filter(|item| passes(inputs, item)).cloned().collect();
    all.insert(attribute, Value::list(kept));
    for (name, value) in inputs.iter().filter(|(_, value)| !value.is_null()) {
        all.insert(name.clone(), value.clone());
    }
    all
}

fn passes(inputs: &ValueMap, item: &Value) -> bool {
    let filters = inputs.get("filter").and_then(Value::as_list).unwrap_or_default();
    filters.iter().filter_map(Value::as_map).all(|filter| {
        let (Some(name), Some(values)) = (text(filter, "name"), texts(filter, "values")) else { return true };
        let found = name.split('.').try_fold(item.clone(), |item, name| item.as_map()?.get(name).cloned());
        found.is_some_and(|found| {
            let printed = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            values.contains(&printed)
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_look_inside_and_must_all_hold() {
        let item = wire::from_json(&json!({"name": "a", "options": {"max": 4}, "flexible": true}));
        let check = |filters: Json, expected: bool| {
            let inputs = wire::from_json(&json!({"filter": filters}));
            assert_eq!(passes(inputs.as_map().unwrap(), &item), expected);
        };
        check(json!([]), true);
        check(json!([{"name": "name", "values": ["b", "a"]}]), true);
        check(
            json!([{"name": "options.max", "values": ["4"]}, {"name": "flexible", "values": ["true"]}]),
            true,
        );
        check(json!([{"name": "name", "values": ["a"]}, {"name": "flexible", "values": ["false"]}]), false);
        check(json!([{"name": "nothing", "values": ["a"]}]), false);
    }
}
