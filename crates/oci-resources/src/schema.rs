//! The schema of a resource type, made from its Rust structs: what the user states, and what the service tells.
//!
//! Doc comments become descriptions; `#[schemars(range(…))]` and `length(…)` become bounds; `extend("x-force-new" = true)` and the
//! like say how an attribute may change (the table is in `reconcile::schema`). Two rules save writing:
//!
//! - What is not `x-required` is `x-computed`: the service fills in what the user leaves out, and goes on with what is
//!   there when the user takes a line away. So it is with Oracle's Terraform provider, and so a plan is quiet.
//!   `extend("x-computed" = false)` is for what shall be cleared then.
//! - Everything in the second struct is read-only.

use reconcile::schema::{Attribute, Kind, Schema};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use crate::wire::RAW;

/// The schema of a type whose stated attributes are `Stated`, and whose told ones are `Told`.
///
/// # Panics
/// When the structs say something that the engine does not understand, which a test of all types excludes.
#[must_use]
pub fn of<Stated: JsonSchema, Told: JsonSchema>() -> Schema {
    let mut raw = Attribute::new(Kind::Map(Box::new(Attribute::new(Kind::Any)))).computed();
    raw.description = Some(
        "What this schema does not know, under Oracle's names: passed on as it is, compared and remembered."
            .into(),
    );
    of_data::<Stated, Told>().with(RAW, raw)
}

/// The schema of a data source: what is asked for, and what is told. It has no attribute `raw`.
///
/// # Panics
/// As [`of`].
#[must_use]
pub fn of_data<Asked: JsonSchema, Told: JsonSchema>() -> Schema {
    let mut schema = read::<Asked>(true);
    for (name, attribute) in read::<Told>(false).attributes() {
        if schema.attribute(name).is_none() {
            schema = schema.with(name.clone(), attribute.clone().read_only());
        }
    }
    schema
}

fn read<T: JsonSchema>(is_stated: bool) -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut json = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut json, is_stated);
    let text = json.to_string();
    Schema::parse(&text).unwrap_or_else(|error| panic!("the schema of a resource type: {error}\n{text}"))
}

/// What a Rust type cannot leave out says nothing about what a user must set: only `x-required` does.
fn tidy(json: &mut Json, is_stated: bool) {
    let Some(object) = json.as_object_mut() else { return };
    object.remove("required");
    if let Some(Json::Object(properties)) = object.get_mut("properties") {
        for property in properties.values_mut() {
            let Some(attribute) = property.as_object_mut() else { continue };
            let is_required = attribute.get("x-required") == Some(&Json::Bool(true));
            if is_stated && !is_required && !attribute.contains_key("x-computed") {
                attribute.insert("x-computed".to_owned(), Json::Bool(true));
            }
        }
    }
    for value in object.values_mut() {
        match value {
            Json::Array(items) => items.iter_mut().for_each(|item| tidy(item, is_stated)),
            Json::Object(_) => tidy(value, is_stated),
            _ => {}
        }
    }
}
