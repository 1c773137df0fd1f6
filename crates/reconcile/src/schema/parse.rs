//! Reading a JSON Schema (draft 2020-12, as `schemars` writes it), of which resource types use a part.
//!
//! Understood: `type` (also `["string", "null"]`), `properties`, `required`, `additionalProperties`, `items`, `$ref`
//! to `#/$defs/…`, `allOf` with one item, `anyOf` with one item besides `null`, `oneOf` of constants, `enum`, `const`,
//! `minimum`, `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, `default`, `description`, `readOnly`,
//! `writeOnly`, and the extensions below. `pattern` and `format` are documentation only: what they say is checked by
//! `Provider::validate`.
//!
//! | extension | meaning |
//! |---|---|
//! | `x-required` | the user must set it; the same as standing in `required` |
//! | `x-computed` | the service sets it; with `readOnly: true` only the service does |
//! | `x-sensitive` | a secret |
//! | `x-unordered` | the order of the items means nothing |
//! | `x-updatable` | `false`: a change makes a new object necessary |
//! | `x-force-new` | `true`: the same |
//! | `x-write-only` | the service never tells it; the same as `writeOnly` |
//! | `x-volatile` | the service may change it with any update |
//! | `x-exact` | inside an object: to leave it out is to want it absent |

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Attribute, Bounds, Kind, Schema};
use crate::value::{Number, Value};

/// Why a text is no schema of a resource type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct SchemaError {
    place: String,
    reason: String,
}

/// `$ref` may lead in a circle; a real schema of a resource is far from as deep as this.
const DEPTH_MAX: usize = 32;

impl Schema {
    /// Reads a JSON Schema.
    ///
    /// # Errors
    /// If it is no JSON, not about an object, or says something about an attribute that is not understood.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let root: Json = serde_json::from_str(text)
            .map_err(|error| SchemaError { place: "#".to_owned(), reason: error.to_string() })?;
        let reader = Reader { root: &root };
        match reader.attribute(&root, "#", 0)?.kind {
            Kind::Object(schema) => Ok(schema),
            _ => Err(SchemaError { place: "#".to_owned(), reason: "is not about an object".to_owned() }),
        }
    }
}

struct Reader<'a> {
    root: &'a Json,
}

impl Reader<'_> {
    fn attribute(&self, json: &Json, place: &str, depth: usize) -> Result<Attribute, SchemaError> {
        let fail = |reason: &str| SchemaError { place: place.to_owned(), reason: reason.to_owned() };
        if depth > DEPTH_MAX {
            return Err(fail("is nested too deeply, or in a circle"));
        }
        let object = match json {
            Json::Object(object) => object,
            Json::Bool(true) => return Ok(Attribute::new(Kind::Any)),
            _ => return Err(fail("is no schema")),
        };
        let mut attribute = match self.inner(object, place)? {
            Some((inner, at)) => self.attribute(inner, &at, depth + 1)?,
            None => Attribute::new(self.kind(object, place, depth)?),
        };
        bounds(object, &mut attribute.bounds, &fail)?;
        let flag = |name: &str| object.get(name).and_then(Json::as_bool);
        let set = |slot: &mut bool, value: Option<bool>| *slot = value.unwrap_or(*slot);
        set(&mut attribute.required, flag("x-required"));
        set(&mut attribute.computed, flag("x-computed"));
        set(&mut attribute.sensitive, flag("x-sensitive"));
        set(&mut attribute.unordered, flag("x-unordered").or_else(|| flag("uniqueItems")));
        set(&mut attribute.force_new, flag("x-force-new").or_else(|| flag("x-updatable").map(|yes| !yes)));
        set(&mut attribute.write_only, flag("x-write-only").or_else(|| flag("writeOnly")));
        set(&mut attribute.volatile, flag("x-volatile"));
        set(&mut attribute.exact, flag("x-exact"));
        if flag("readOnly") == Some(true) {
            attribute = attribute.read_only();
        }
        if let Some(default) = object.get("default").filter(|default| !default.is_null()) {
            attribute.default = Some(value(default, &fail)?);
        }
        if let Some(Json::String(text)) = object.get("description") {
            attribute.description = Some(text.as_str().into());
        }
        Ok(attribute)
    }

    /// The schema that this one only refers to or wraps.
    fn inner<'b>(
        &'b self,
        object: &'b Map<String, Json>,
        place: &str,
    ) -> Result<Option<(&'b Json, String)>, SchemaError> {
        let fail = |reason: String| SchemaError { place: place.to_owned(), reason };
        if let Some(Json::String(target)) = object.get("$ref") {
            let pointer = target.strip_prefix('#').ok_or_else(|| fail(format!("`{target}` is outside")))?;
            let found = self.root.pointer(pointer).ok_or_else(|| fail(format!("`{target}` is not there")))?;
            return Ok(Some((found, target.clone())));
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            let Some(Json::Array(parts)) = object.get(word) else { continue };
            if constants(parts).is_some() {
                return Ok(None);
            }
            let mut real =
                parts.iter().filter(|part| part.get("type").and_then(Json::as_str) != Some("null"));
            return match (real.next(), real.next()) {
                (Some(only), None) => Ok(Some((only, format!("{place}/{word}")))),
                // A choice between shapes: the provider checks which.
                _ => Ok(None),
            };
        }
        Ok(None)
    }

    fn kind(&self, object: &Map<String, Json>, place: &str, depth: usize) -> Result<Kind, SchemaError> {
        let name = match object.get("type") {
            Some(Json::String(name)) => Some(name.as_str()),
            Some(Json::Array(names)) => {
                let mut real = names.iter().filter_map(Json::as_str).filter(|name| *name != "null");
                let first = real.next();
                if real.next().is_some() { None } else { first }
            }
            _ if object.contains_key("properties") => Some("object"),
            _ => None,
        };
        Ok(match name {
            Some("boolean") => Kind::Bool,
            Some("integer") => Kind::Integer,
            Some("number") => Kind::Number,
            Some("string") => Kind::String,
            Some("array") => {
                let items = object.get("items").unwrap_or(&Json::Bool(true));
                Kind::List(Box::new(self.attribute(items, &format!("{place}/items"), depth + 1)?))
            }
            Some("object") => self.object_kind(object, place, depth)?,
            None => Kind::Any,
            Some(other) => {
                let reason = format!("`{other}` is no type");
                return Err(SchemaError { place: place.to_owned(), reason });
            }
        })
    }

    fn object_kind(
        &self,
        object: &Map<String, Json>,
        place: &str,
        depth: usize,
    ) -> Result<Kind, SchemaError> {
        let rest = object.get("additionalProperties");
        let Some(Json::Object(properties)) = object.get("properties") else {
            return match rest {
                Some(Json::Bool(false)) => Ok(Kind::Object(Schema::default())),
                Some(values) => {
                    let place = format!("{place}/additionalProperties");
                    Ok(Kind::Map(Box::new(self.attribute(values, &place, depth + 1)?)))
                }
                None => Ok(Kind::Map(Box::new(Attribute::new(Kind::Any)))),
            };
        };
        let required: Vec<&str> = match object.get("required") {
            Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let mut schema =
            Schema { open: rest.is_some_and(|rest| *rest != Json::Bool(false)), ..Schema::default() };
        for (name, property) in properties {
            let mut attribute = self.attribute(property, &format!("{place}/properties/{name}"), depth + 1)?;
            // What `schemars` calls required is what its Rust type cannot leave out, computed attributes included.
            attribute.required |= required.contains(&name.as_str()) && !attribute.computed;
            schema.attributes.insert(Arc::from(name.as_str()), attribute);
        }
        if let Some(Json::String(text)) = object.get("description") {
            schema.description = Some(text.as_str().into());
        }
        Ok(Kind::Object(schema))
    }
}

/// The values, if every part of a choice is one constant (as `schemars` writes an enum with documented variants).
fn constants(parts: &[Json]) -> Option<Vec<&Json>> {
    let mut found = Vec::new();
    for part in parts {
        match (part.get("const"), part.get("enum")) {
            (Some(only), _) => found.push(only),
            (None, Some(Json::Array(several))) => found.extend(several),
            _ => return None,
        }
    }
    Some(found)
}

fn bounds(
    object: &Map<String, Json>,
    bounds: &mut Bounds,
    fail: &impl Fn(&str) -> SchemaError,
) -> Result<(), SchemaError> {
    let choices = match (object.get("enum"), object.get("const"), object.get("oneOf"), object.get("anyOf")) {
        (Some(Json::Array(values)), ..) => Some(values.iter().collect()),
        (_, Some(only), ..) => Some(vec![only]),
        (_, _, Some(Json::Array(parts)), _) | (_, _, _, Some(Json::Array(parts))) => constants(parts),
        _ => None,
    };
    if let Some(choices) = choices {
        let values: Result<Vec<Value>, SchemaError> = choices
            .into_iter()
            .filter(|choice| !choice.is_null())
            .map(|choice| value(choice, fail))
            .collect();
        bounds.one_of = Some(values?);
    }
    let number = |name: &str| object.get(name).and_then(Json::as_f64).and_then(Number::from_f64);
    bounds.minimum = number("minimum").or(bounds.minimum);
    bounds.maximum = number("maximum").or(bounds.maximum);
    let length = |names: [&str; 2]| {
        names
            .iter()
            .find_map(|name| object.get(*name).and_then(Json::as_u64))
            .and_then(|n| usize::try_from(n).ok())
    };
    bounds.length_min = length(["minLength", "minItems"]).or(bounds.length_min);
    bounds.length_max = length(["maxLength", "maxItems"]).or(bounds.length_max);
    Ok(())
}

fn value(json: &Json, fail: &impl Fn(&str) -> SchemaError) -> Result<Value, SchemaError> {
    Value::deserialize(json).map_err(|error| fail(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueMap;

    const VOLUME: &str = r##"{
        "type": "object",
        "properties": {
            "id": {"type": "string", "readOnly": true, "x-computed": true},
            "name": {"type": ["string", "null"], "maxLength": 5, "x-updatable": true},
            "size": {"type": "integer", "minimum": 50, "default": 50},
            "zone": {"$ref": "#/$defs/Zone", "x-force-new": true},
            "password": {"type": "string", "x-sensitive": true, "writeOnly": true},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}},
            "rules": {"type": "array", "x-unordered": true, "items": {"$ref": "#/$defs/Rule"}}
        },
        "required": ["id", "zone"],
        "additionalProperties": false,
        "$defs": {
            "Zone": {"oneOf": [{"const": "a", "description": "the first"}, {"const": "b"}]},
            "Rule": {"type": "object", "properties": {"port": {"type": "integer"}}, "required": ["port"],
                     "additionalProperties": false}
        }
    }"##;

    #[test]
    fn every_problem_is_told_with_its_path() {
        let schema = Schema::parse(VOLUME).unwrap();
        let inputs = ValueMap::from([
            ("id", "x".into()),
            ("name", "too long".into()),
            ("sise", 1.into()),
            ("size", 1.into()),
            ("tags", Value::map([("a", Value::from(1))])),
            ("rules", Value::list([Value::map([("prt", Value::from(1))]), "x".into()])),
        ]);
        let problems: Vec<String> = schema
            .validate(&inputs)
            .iter()
            .map(|problem| format!("{}: {}", problem.path, problem.message))
            .collect();
        assert_eq!(
            problems,
            [
                "id: is told by the service and cannot be set",
                "name: must have at most 5 characters",
                "rules[0].prt: there is no such attribute; did you mean `port`?",
                "rules[0].port: must be set",
                "rules[1]: must be a map",
                "sise: there is no such attribute; did you mean `size`?",
                "size: must be at least 50",
                "tags.a: must be a text",
                "zone: must be set",
            ]
        );
    }

    #[test]
    fn extensions_defaults_and_choices_are_read() {
        let schema = Schema::parse(VOLUME).unwrap();
        let attribute = |name: &str| schema.attribute(name).unwrap();
        assert!(attribute("zone").force_new && attribute("zone").required && !attribute("name").force_new);
        assert!(attribute("rules").unordered && attribute("password").write_only);
        let wrong_zone = ValueMap::from([("zone", "c".into())]);
        assert_eq!(schema.validate(&wrong_zone)[0].message, "must be one of \"a\", \"b\"");
        let filled = schema.with_defaults(&ValueMap::from([("zone", "a".into())]));
        assert_eq!(filled.get("size"), Some(&Value::from(50)));
        let marked = schema.mark_sensitive(&ValueMap::from([("password", "p".into())]));
        assert_eq!(marked.get("password"), Some(&Value::sensitive("p")));
    }

    #[test]
    fn what_is_no_schema_is_refused_with_its_place() {
        let cases = [
            ("{", "#: "),
            (r#"{"type": "string"}"#, "#: is not about an object"),
            (r#"{"properties": {"a": {"type": "strin"}}}"#, "#/properties/a: `strin` is no type"),
            (r##"{"properties": {"a": {"$ref": "#/$defs/x"}}}"##, "#/properties/a: `#/$defs/x` is not there"),
            (
                r##"{"properties": {"a": {"$ref": "#/properties/a"}}}"##,
                "#/properties/a: is nested too deeply",
            ),
        ];
        for (text, start) in cases {
            let error = Schema::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(start), "{text}: {error}");
        }
    }
}
