//! Between the engine's values, under Terraform's names, and the wire models, under Oracle's.
//!
//! Both directions follow tables: the model knows its fields, the schema its attributes, [`crate::names`] which is
//! which. What differs in shape and not only in name (the port ranges of a security rule) is written by hand in the module
//! that has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use oci_client::model::{Model, Union, Value as WireValue, ViewMut};
use oci_client::secret::Secret;
use reconcile::provider::Failure;
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::value::{Number, Value, ValueMap};
use serde::Deserialize;
use serde_json::{Map as JsonMap, Value as Json};

use crate::module::Change;
use crate::names::{self, Renames};
use crate::tags::{self, StackTags};

/// The attribute in which a user gives what our schema does not know, under Oracle's names.
pub const RAW: &str = "raw";

/// A wire model with those of `values` in it that it has a field for; the others are left alone.
///
/// # Errors
/// When a value does not fit its field, which validation against the schema excludes: a fault of a module.
pub fn details<M: Model + Default>(values: &ValueMap, renames: Renames) -> Result<M, Failure> {
    let mut model = M::default();
    fill(&mut model, values, renames)?;
    Ok(model)
}

/// The model of a creation: the inputs and all tags.
///
/// # Errors
/// As [`details`].
pub fn creation<M: Model + Default>(
    inputs: &ValueMap,
    tags: &StackTags,
    renames: Renames,
) -> Result<M, Failure> {
    let mut model = details(inputs, renames)?;
    fill(&mut model, &tags.beside(inputs), renames)?;
    Ok(model)
}

/// The model of an update: what changed, those of `except` left out, and all tags if some of them changed. `None` if
/// nothing is left.
///
/// # Errors
/// As [`details`].
pub fn update<M: Model + Default>(
    change: &Change<'_>,
    tags: &StackTags,
    except: &[&str],
    renames: Renames,
) -> Result<Option<M>, Failure> {
    let mut changed = change.changed(except);
    for (name, value) in tags.beside(change.inputs).iter() {
        if change.has(name) {
            changed.insert(name.clone(), value.clone());
        }
    }
    if changed.is_empty() {
        return Ok(None);
    }
    details(&changed, renames).map(Some)
}

/// As [`details`], into a model that is there.
///
/// # Errors
/// As [`details`].
pub fn fill(model: &mut dyn Model, values: &ValueMap, renames: Renames) -> Result<(), Failure> {
    put_model(model, values, renames, "")
        .map_err(|misfit| Failure::refused(format!("a fault of this program: {misfit}")))
}

/// Whether the model with these facts has a field for `attribute`.
#[must_use]
pub fn has_field(facts: &oci_client::model::ModelFacts, attribute: &str, renames: Renames) -> bool {
    facts.fields.iter().any(|field| names::same(renames, attribute, attribute, field.name))
}

fn put_model(model: &mut dyn Model, values: &ValueMap, renames: Renames, path: &str) -> Result<(), String> {
    let fields = model.facts().fields;
    for (name, value) in values.iter() {
        let inner = names::join(path, name);
        let is_raw = path.is_empty() && &**name == RAW;
        let at = fields.iter().position(|field| names::same(renames, &inner, name, field.name));
        let (Some(at), false, false) = (at, value.is_null(), is_raw) else { continue };
        match (&**name, path) {
            ("defined_tags" | "security_attributes", _) => {
                put(model.field_mut(at).fill(), &nested(value), renames, &inner)?
            }
            _ => put(model.field_mut(at).fill(), value, renames, &inner)?,
        }
    }
    Ok(())
}

fn put(slot: &mut dyn WireValue, value: &Value, renames: Renames, path: &str) -> Result<(), String> {
    let misfit = |expected: &str| format!("`{path}` is not {expected}");
    match slot.view_mut() {
        ViewMut::Text(text) => *text = to_text(value).ok_or_else(|| misfit("a text"))?,
        ViewMut::Secret(secret) => {
            *secret = Secret::new(to_text(value).ok_or_else(|| misfit("a text"))?);
        }
        ViewMut::Flag(flag) => *flag = value.as_bool().ok_or_else(|| misfit("true or false"))?,
        ViewMut::Int(number) => *number = to_int(value).ok_or_else(|| misfit("a whole number"))?,
        ViewMut::Float(number) => *number = to_float(value).ok_or_else(|| misfit("a number"))?,
        ViewMut::Time(time) => {
            let parsed = value.as_str().and_then(|text| text.parse().ok());
            *time = parsed.ok_or_else(|| misfit("a time such as 2026-01-31T03:00:00Z"))?;
        }
        ViewMut::Json(json) => *json = to_json(value),
        ViewMut::Enum(word) => word.set(&to_text(value).ok_or_else(|| misfit("a text"))?),
        ViewMut::Model(model) => {
            let map = value.as_map().ok_or_else(|| misfit("an object"))?;
            put_model(model, map, renames, path)?;
        }
        ViewMut::Union(union) => {
            let map = value.as_map().ok_or_else(|| misfit("an object"))?;
            put_union(union, map, renames, path)?;
        }
        ViewMut::List(list) => {
            for item in value.as_list().ok_or_else(|| misfit("a list"))? {
                put(list.push_blank(), item, renames, path)?;
            }
        }
        ViewMut::Map(map) => {
            for (name, item) in value.as_map().ok_or_else(|| misfit("a map"))?.iter() {
                put(map.insert_blank(name.to_string()), item, renames, &names::join(path, name))?;
            }
        }
    }
    Ok(())
}

/// The attribute that tells the kind is one of the map's; a kind that the tables do not know keeps what is in the map.
fn put_union(union: &mut dyn Union, map: &ValueMap, renames: Renames, path: &str) -> Result<(), String> {
    let tag_field = union.facts().tag;
    let tag = map.iter().find(|(name, _)| names::same(renames, &names::join(path, name), name, tag_field));
    let tag = tag.and_then(|(_, value)| value.as_str()).unwrap_or_default();
    let kinds = union.facts().kinds;
    let known = kinds.iter().find(|kind| kind.eq_ignore_ascii_case(tag)).copied();
    union.select(known.unwrap_or(tag));
    if known.is_none()
        && let Some(rest) = union.active_mut().rest_mut()
    {
        rest.insert(tag_field.to_owned(), Json::String(tag.to_owned()));
    }
    put_model(union.active_mut(), map, renames, path)
}

fn to_text(value: &Value) -> Option<String> {
    match value.exposed() {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Terraform writes many numbers as texts (`"3306"`); both are taken.
fn to_int(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn to_float(value: &Value) -> Option<f64> {
    match value.exposed() {
        Value::Number(number) => Some(number.as_f64()),
        other => other.as_str()?.trim().parse().ok(),
    }
}

/// A value as JSON, secrets in clear: for the body of a request only. What is not known is `null`.
pub(crate) fn to_json(value: &Value) -> Json {
    match value.exposed() {
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => number.as_i64().map_or_else(|| number.as_f64().into(), Json::from),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(values) => Json::Array(values.iter().map(to_json).collect()),
        Value::Map(map) => Json::Object(to_json_map(map)),
        Value::Null | Value::Unknown(_) | Value::Sensitive(_) | Value::Redacted(_) => Json::Null,
    }
}

fn to_json_map(map: &ValueMap) -> JsonMap<String, Json> {
    map.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect()
}

/// What the user gave raw.
#[must_use]
pub fn raw(values: &ValueMap) -> JsonMap<String, Json> {
    values.get(RAW).and_then(Value::as_map).map(to_json_map).unwrap_or_default()
}

/// A model as JSON with what the user gave raw in it: for a request in which the object is only a part.
///
/// # Errors
/// When the model cannot be written as JSON, which no model of ours does.
pub(crate) fn with_raw(model: &dyn WireValue, raw: JsonMap<String, Json>) -> Result<Json, Failure> {
    let mut json = oci_client::model::to_value_with_secrets(model)
        .map_err(|error| Failure::refused(error.to_string()))?;
    if let Some(fields) = json.as_object_mut() {
        fields.extend(raw);
    }
    Ok(json)
}

/// As [`raw`], if it changed.
#[must_use]
pub fn changed_raw(change: &Change<'_>) -> JsonMap<String, Json> {
    if change.has(RAW) { raw(change.inputs) } else { JsonMap::new() }
}

/// What an object shows of those fields that the user gave raw.
pub(crate) fn shown_raw(json: &Json, asked: &ValueMap) -> Option<Value> {
    let asked = asked.get(RAW)?.as_map()?;
    let shown = asked.keys().filter_map(|name| Some((name.clone(), from_json(json.get(&**name)?))));
    Some(Value::map(shown))
}

/// The attributes of `schema` that an object shows. What it leaves out, or shows as `null`, is left out.
#[must_use]
pub fn observe(schema: &Schema, json: &Json, renames: Renames) -> ValueMap {
    let mut shown = observe_at(schema, json, renames, "");
    if let Some(users) = json.get("freeformTags").and_then(Json::as_object) {
        let users = users.iter().filter(|(key, _)| !tags::is_ours(key));
        let users = users.map(|(key, value)| (key.as_str(), from_json(value)));
        if schema.attribute("freeform_tags").is_some() {
            shown.insert("freeform_tags", Value::map(users));
        }
    }
    shown
}

fn observe_at(schema: &Schema, json: &Json, renames: Renames, path: &str) -> ValueMap {
    let mut shown = ValueMap::new();
    let Some(object) = json.as_object() else { return shown };
    for (name, attribute) in schema.attributes() {
        let inner = names::join(path, name);
        let field = object.iter().find(|(field, _)| names::same(renames, &inner, name, field));
        let Some((_, found)) = field.filter(|(_, found)| !found.is_null()) else { continue };
        let value = match &**name {
            "defined_tags" | "system_tags" | "security_attributes" => flat(found),
            _ => observe_value(attribute, found, renames, &inner),
        };
        shown.insert(name.clone(), value);
    }
    if schema.is_open() {
        let named = |field: &str| schema.attributes().any(|(name, _)| **name == *field);
        for (field, found) in object.iter().filter(|(field, found)| !named(field) && !found.is_null()) {
            shown.insert(field.as_str(), from_json(found));
        }
    }
    shown
}

fn observe_value(attribute: &Attribute, json: &Json, renames: Renames, path: &str) -> Value {
    match (&attribute.kind, json) {
        (Kind::Object(schema), Json::Object(_)) => Value::Map(observe_at(schema, json, renames, path)),
        (Kind::List(item), Json::Array(items)) => {
            Value::list(items.iter().map(|found| observe_value(item, found, renames, path)))
        }
        (Kind::Map(item), Json::Object(map)) => {
            let entries = map.iter().filter(|(_, found)| !found.is_null());
            Value::map(entries.map(|(key, found)| {
                (key.as_str(), observe_value(item, found, renames, &names::join(path, key)))
            }))
        }
        (Kind::String, Json::Number(number)) => Value::string(number.to_string()),
        (Kind::String, Json::Bool(flag)) => Value::string(flag.to_string()),
        (Kind::Integer | Kind::Number, Json::String(text)) => {
            let number = text.parse::<i64>().ok().map(Number::from);
            number
                .or_else(|| text.parse().ok().and_then(Number::from_f64))
                .map_or_else(|| from_json(json), Value::Number)
        }
        _ => from_json(json),
    }
}

/// JSON as it stands. Numbers that no engine value holds (not finite) cannot come out of JSON.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Object(map) => {
            let entries: BTreeMap<Arc<str>, Value> =
                map.iter().map(|(key, value)| (Arc::from(key.as_str()), from_json(value))).collect();
            Value::map(entries)
        }
        Json::Array(items) => Value::list(items.iter().map(from_json)),
        plain => Value::deserialize(plain).unwrap_or_default(),
    }
}

/// Terraform's flat map `Namespace.Key` as Oracle's map of maps. Security attributes have one level more:
/// `Namespace.Attribute.value`.
fn nested(flat: &Value) -> Value {
    let mut spaces: BTreeMap<String, BTreeMap<Arc<str>, Value>> = BTreeMap::new();
    for (name, value) in flat.as_map().into_iter().flat_map(ValueMap::iter) {
        let (space, key) = name.split_once('.').unwrap_or((name, ""));
        let keys = spaces.entry(space.to_owned()).or_default();
        match key.split_once('.') {
            None => drop(keys.insert(Arc::from(key), value.clone())),
            Some((key, part)) => {
                let mut parts = keys.get(key).and_then(Value::as_map).cloned().unwrap_or_default();
                parts.insert(part, value.clone());
                keys.insert(Arc::from(key), Value::Map(parts));
            }
        }
    }
    Value::map(spaces.into_iter().map(|(space, keys)| (space, Value::map(keys))))
}

/// The other way. Tags that the service adds by itself (`Oracle-Tags`) are left alone.
fn flat(nested: &Json) -> Value {
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    let spaces = nested.as_object().into_iter().flatten();
    for (space, keys) in spaces.filter(|(space, _)| !tags::is_services_own(space)) {
        for (key, value) in keys.as_object().into_iter().flatten() {
            match value.as_object() {
                None => drop(entries.insert(format!("{space}.{key}"), from_json(value))),
                Some(parts) => entries.extend(
                    parts.iter().map(|(part, value)| (format!("{space}.{key}.{part}"), from_json(value))),
                ),
            }
        }
    }
    Value::map(entries)
}

#[cfg(test)]
mod tests {
    use oci_client::model::to_value_with_secrets;
    use oci_client::services::core::models;
    use oci_client::services::mysql::models::CreateDbSystemDetails;
    use serde_json::json;

    use super::*;

    fn values(json: &Json) -> ValueMap {
        from_json(json).as_map().cloned().unwrap()
    }

    #[test]
    fn attributes_go_into_the_fields_of_a_model_whatever_their_depth() {
        let inputs = values(&json!({
            "compartment_id": "c", "shape": "VM.Standard.A1.Flex", "unknown_here": 1,
            "shape_config": {"ocpus": 2, "memory_in_gbs": "12"},
            "source_details": {"source_type": "image", "image_id": "i", "boot_volume_size_in_gbs": "50"},
            "create_vnic_details": {"subnet_id": "s", "nsg_ids": ["n"]},
            "metadata": {"user_data": "x"},
            "defined_tags": {"Ops.CostCenter": "42"},
        }));
        let details: models::LaunchInstanceDetails = details(&inputs, &[]).unwrap();
        assert_eq!(
            to_value_with_secrets(&details).unwrap(),
            json!({
                "compartmentId": "c", "shape": "VM.Standard.A1.Flex",
                "shapeConfig": {"ocpus": 2.0, "memoryInGBs": 12.0},
                "sourceDetails": {"sourceType": "image", "imageId": "i", "bootVolumeSizeInGBs": 50},
                "createVnicDetails": {"subnetId": "s", "nsgIds": ["n"]},
                "metadata": {"user_data": "x"},
                "definedTags": {"Ops": {"CostCenter": "42"}},
            })
        );
    }

    #[test]
    fn a_secret_goes_in_and_does_not_print() {
        let inputs = ValueMap::from([("admin_password", Value::sensitive("canary-41b"))]);
        let details: CreateDbSystemDetails = details(&inputs, &[]).unwrap();
        assert!(!format!("{details:?}").contains("canary"));
        assert_eq!(to_value_with_secrets(&details).unwrap(), json!({"adminPassword": "canary-41b"}));
    }

    #[test]
    fn a_kind_that_the_tables_do_not_know_is_passed_on() {
        let inputs = values(&json!({"source_details": {"source_type": "quantum", "image_id": "i"}}));
        let details: models::LaunchInstanceDetails = details(&inputs, &[]).unwrap();
        assert_eq!(to_value_with_secrets(&details).unwrap()["sourceDetails"]["sourceType"], json!("quantum"));
    }

    #[test]
    fn what_an_object_shows_comes_under_terraforms_names_and_the_services_own_tags_do_not() {
        let text = || Attribute::new(Kind::String);
        let inner = Schema::default().with("memory_in_gbs", Attribute::new(Kind::Number));
        let schema = Schema::default()
            .with("id", text().read_only())
            .with("state", text().read_only())
            .with("shape_config", Attribute::new(Kind::Object(inner)))
            .with("size_in_gbs", text())
            .with("freeform_tags", Attribute::new(Kind::Map(Box::new(text()))))
            .with("defined_tags", Attribute::new(Kind::Map(Box::new(text()))));
        let object = json!({
            "id": "x", "lifecycleState": "RUNNING", "shapeConfig": {"memoryInGBs": 12.0, "more": 1},
            "sizeInGBs": 50, "timeCreated": "never", "displayName": null,
            "freeformTags": {"a": "b", "oci-moodle-token": "t"},
            "definedTags": {"Oracle-Tags": {"CreatedBy": "me"}, "Ops": {"CostCenter": "42"}},
        });
        assert_eq!(
            Value::Map(observe(&schema, &object, &[])),
            from_json(&json!({
                "id": "x", "state": "RUNNING", "shape_config": {"memory_in_gbs": 12.0}, "size_in_gbs": "50",
                "freeform_tags": {"a": "b"}, "defined_tags": {"Ops.CostCenter": "42"},
            }))
        );
    }
}
