//! What exists now, under Terraform's type names.

use serde_json::{Map, Value, json};

use crate::cloud::{Cloud, Resource};
use crate::services::core::defaults::DEFAULT_OF;

/// An object from Terraform's type name to the list of what is live of it, ordered by creation.
pub(super) fn inventory(cloud: &Cloud) -> Value {
    let mut types: Map<String, Value> = Map::new();
    for resource in cloud.all().filter(|resource| resource.is_live()) {
        let own = resource.hidden.get(DEFAULT_OF).and_then(Value::as_str);
        let Some(name) = own.or(resource.kind.terraform) else { continue };
        let list = types.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(line(resource));
        }
    }
    Value::Object(types)
}

fn line(resource: &Resource) -> Value {
    json!({
        "id": &*resource.id,
        "name": resource.text("displayName").or_else(|| resource.text("name")),
        "compartment_id": resource.compartment_id(),
        "lifecycle_state": resource.state(),
        "time_created": resource.created.rfc3339(),
    })
}
