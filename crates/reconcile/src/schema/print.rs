//! A schema as JSON Schema, so that editors, other programs and people can read it. [`Schema::parse`] reads it back.

use serde_json::{Map, Value as Json, json};

use super::{Attribute, Kind, Schema};

impl Schema {
    /// JSON Schema (draft 2020-12) with the extensions that [`Schema::parse`] knows.
    ///
    /// # Panics
    /// Never: what a schema holds can be written as JSON, secrets are not among it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = self.object();
        json.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        Json::Object(json)
    }

    fn object(&self) -> Map<String, Json> {
        let properties: Map<String, Json> =
            self.attributes().map(|(name, attribute)| (name.to_string(), attribute.to_json())).collect();
        let required: Vec<&str> =
            self.attributes().filter(|(_, attribute)| attribute.required).map(|(name, _)| &**name).collect();
        let mut json = Map::new();
        json.insert("type".to_owned(), json!("object"));
        if let Some(description) = &self.description {
            json.insert("description".to_owned(), json!(&**description));
        }
        json.insert("properties".to_owned(), Json::Object(properties));
        if !required.is_empty() {
            json.insert("required".to_owned(), json!(required));
        }
        json.insert("additionalProperties".to_owned(), json!(self.open));
        json
    }
}

impl Attribute {
    fn to_json(&self) -> Json {
        let mut json = self.kind.to_json();
        if let Some(description) = &self.description {
            json.insert("description".to_owned(), json!(&**description));
        }
        if let Some(default) = &self.default {
            json.insert("default".to_owned(), serde_json::to_value(default).expect("a default is no secret"));
        }
        let flags = [
            ("readOnly", self.read_only),
            ("writeOnly", self.write_only),
            ("x-computed", self.computed && !self.read_only),
            ("x-sensitive", self.sensitive),
            ("x-unordered", self.unordered),
            ("x-force-new", self.force_new),
            ("x-volatile", self.volatile),
            ("x-exact", self.exact),
        ];
        for (name, _) in flags.iter().filter(|(_, set)| *set) {
            json.insert((*name).to_owned(), json!(true));
        }
        self.print_bounds(&mut json);
        Json::Object(json)
    }

    fn print_bounds(&self, json: &mut Map<String, Json>) {
        let bounds = &self.bounds;
        if let Some(choices) = &bounds.one_of {
            json.insert("enum".to_owned(), serde_json::to_value(choices).expect("a choice is no secret"));
        }
        for (name, number) in [("minimum", bounds.minimum), ("maximum", bounds.maximum)] {
            let Some(number) = number else { continue };
            let number = number.as_i64().map_or_else(|| json!(number.as_f64()), |whole| json!(whole));
            json.insert(name.to_owned(), number);
        }
        let names = match self.kind {
            Kind::List(_) => ["minItems", "maxItems"],
            _ => ["minLength", "maxLength"],
        };
        for (name, length) in names.into_iter().zip([bounds.length_min, bounds.length_max]) {
            if let Some(length) = length {
                json.insert(name.to_owned(), json!(length));
            }
        }
    }
}

impl Kind {
    fn to_json(&self) -> Map<String, Json> {
        let named = |name: &str| Map::from_iter([("type".to_owned(), json!(name))]);
        match self {
            Self::Any => Map::new(),
            Self::Bool => named("boolean"),
            Self::Integer => named("integer"),
            Self::Number => named("number"),
            Self::String => named("string"),
            Self::List(item) => {
                let mut json = named("array");
                json.insert("items".to_owned(), item.to_json());
                json
            }
            Self::Map(item) => {
                let mut json = named("object");
                json.insert("additionalProperties".to_owned(), item.to_json());
                json
            }
            Self::Object(schema) => schema.object(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Bounds;
    use crate::value::Value;

    #[test]
    fn what_is_written_is_read_back() {
        let text = || Attribute::new(Kind::String);
        let inner = Schema::default()
            .with("port", Attribute::new(Kind::Integer).required())
            .with("anything", Attribute::new(Kind::Any).computed().exact());
        let bounds = Bounds {
            one_of: Some(vec![Value::from("a"), Value::from("b")]),
            length_min: Some(1),
            length_max: Some(9),
            ..Bounds::default()
        };
        let mut described = text().computed().bounds(bounds);
        described.description = Some("what it is".into());
        let number = Bounds { minimum: Some(1_i64.into()), maximum: Some(9_i64.into()), ..Bounds::default() };
        let schema = Schema::default()
            .with("id", text().read_only())
            .with("name", described)
            .with("secret", text().sensitive().write_only())
            .with("place", text().required().force_new())
            .with("state", text().read_only().volatile())
            .with("count", Attribute::new(Kind::Number).bounds(number).default_value(Value::from(3)))
            .with("tags", Attribute::new(Kind::Map(Box::new(text()))))
            .with(
                "rules",
                Attribute::new(Kind::List(Box::new(Attribute::new(Kind::Object(inner))))).unordered(),
            );
        let read = Schema::parse(&schema.to_json().to_string()).unwrap();
        assert_eq!(read, schema);
    }
}
