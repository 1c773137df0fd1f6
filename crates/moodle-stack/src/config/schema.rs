//! The JSON Schema of `moodle.toml`, for editors and for [`super::load`].

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::Config;

/// Where the schema lies in the repository.
pub const PATH: &str = "schemas/moodle.toml.json";

/// What an editor can check of our formats. The program checks more: see [`super::load`].
const PATTERNS: &[(&str, &str)] = &[
    ("cidr", r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"),
    ("email", r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    ("env-name", "^[A-Za-z_][A-Za-z0-9_]*$"),
    ("host-name", r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"),
    ("database-name", "^[A-Za-z][A-Za-z0-9_]{0,63}$"),
    ("database-user", "^[A-Za-z][A-Za-z0-9_]{0,31}$"),
    ("https", "^https://"),
    ("ocid-compartment", r"^ocid1\.(compartment|tenancy)\."),
    ("ocid-image", r"^ocid1\.image\."),
    ("ocid-internet-gateway", r"^ocid1\.internetgateway\."),
    ("ocid-nat-gateway", r"^ocid1\.natgateway\."),
    ("ocid-public-ip", r"^ocid1\.publicip\."),
    ("ocid-service-gateway", r"^ocid1\.servicegateway\."),
    ("ocid-subnet", r"^ocid1\.subnet\."),
    ("ocid-vcn", r"^ocid1\.vcn\."),
    ("sha256", "^[0-9A-Fa-f]{64}$"),
    ("stack-name", "^[a-z][a-z0-9]{0,11}$"),
    ("url-path", "^/"),
    ("weekly", "^(mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):[0-5][0-9]$"),
    ("version", r"^[0-9]+(\.[0-9]+){0,2}$"),
];

/// The schema (draft 2020-12).
#[must_use]
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(build);
    &SCHEMA
}

/// The schema as it stands in its file.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", schema())
}

fn build() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Config>().to_value();
    tidy(&mut schema);
    schema["title"] = json!("moodle.toml");
    schema
}

/// Makes the schema plainer: TOML has no null, and how wide a number is in memory concerns nobody.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(tidy),
        Value::Object(object) => {
            object.values_mut().for_each(tidy);
            without_null(object);
            tidy_format(object);
            // The defaults inside a section say it all.
            if object.get("default").is_some_and(|default| default.is_null() || default.is_object()) {
                object.remove("default");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            object["type"] = only.clone();
        }
    }
    let choice = object.get("anyOf").and_then(Value::as_array);
    let rest: Option<Vec<&Value>> =
        choice.map(|choice| choice.iter().filter(|one| one["type"] != "null").collect());
    if let Some([Value::Object(only)]) = rest.as_deref() {
        let only = only.clone();
        object.remove("anyOf");
        object.extend(only);
    }
}

fn tidy_format(object: &mut Map<String, Value>) {
    let Some(format) = object.get("format").and_then(Value::as_str) else { return };
    if ["int", "uint", "double", "float"].iter().any(|width| format.starts_with(width)) {
        object.remove("format");
    } else if let Some((_, pattern)) = PATTERNS.iter().find(|(name, _)| *name == format) {
        object.insert("pattern".to_owned(), json!(pattern));
    }
}

/// What a schema stands for, behind its reference.
pub(super) fn resolved(part: &'static Value) -> &'static Value {
    let name = part["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"));
    name.map_or(part, |name| &schema()["$defs"][name])
}

/// The texts among which one must be chosen, with what each means; `None` where there is no such choice.
pub(super) fn choices(part: &'static Value) -> Option<Vec<(&'static str, &'static str)>> {
    if let Some(plain) = part["enum"].as_array() {
        return Some(plain.iter().filter_map(Value::as_str).map(|text| (text, "")).collect());
    }
    let one =
        |one: &'static Value| Some((one["const"].as_str()?, one["description"].as_str().unwrap_or_default()));
    part["oneOf"].as_array()?.iter().map(one).collect()
}

/// The schema of a list of shapes.
pub(super) fn list_of_shapes(_: &mut SchemaGenerator) -> Schema {
    list_of("shape")
}

/// The schema of a list of public keys.
pub(super) fn list_of_keys(_: &mut SchemaGenerator) -> Schema {
    list_of("ssh-key")
}

/// The schema of a list of address ranges.
pub(super) fn list_of_ranges(_: &mut SchemaGenerator) -> Schema {
    list_of("cidr")
}

/// The schema of a list of availability domains, by number.
pub(super) fn list_of_domains(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 3}})
}

fn list_of(format: &str) -> Schema {
    json_schema!({"type": "array", "items": {"type": "string", "format": format}})
}
