//! A schema as documentation.

use std::fmt::Write as _;

use super::{Attribute, Kind, Schema};

impl Schema {
    /// A Markdown table of the attributes, those inside objects and lists included, in the order of their paths.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut table = String::from("| attribute | type | rules | |\n|---|---|---|---|\n");
        self.rows("", &mut table);
        table
    }

    fn rows(&self, path: &str, table: &mut String) {
        for (name, attribute) in &self.attributes {
            let path = super::join(path, name);
            let rules = attribute.rules().join(", ");
            // A line break or a bar would end the cell.
            let text = attribute.description.as_deref().unwrap_or_default();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
            // Writing to a text cannot fail.
            let _ = writeln!(table, "| `{path}` | {} | {rules} | {text} |", attribute.kind.in_words());
            attribute.kind.inner_rows(&path, table);
        }
    }
}

impl Attribute {
    fn rules(&self) -> Vec<String> {
        let flags = [
            (self.required, "required"),
            (self.read_only, "told by the service"),
            (self.computed && !self.read_only, "chosen by the service if not set"),
            (self.force_new, "a change makes a new one"),
            (self.unordered, "order does not matter"),
            (self.sensitive, "secret"),
            (self.write_only, "never told"),
            (self.volatile, "may change with any update"),
            (self.exact, "absent if left out"),
        ];
        let mut rules: Vec<String> =
            flags.into_iter().filter(|(set, _)| *set).map(|(_, words)| words.to_owned()).collect();
        if let Some(default) = &self.default {
            rules.push(format!("default `{default}`"));
        }
        if let Some(choices) = &self.bounds.one_of {
            let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            rules.push(format!("one of {}", choices.join(" ")));
        }
        let (least, most) = (self.bounds.minimum, self.bounds.maximum);
        rules.extend(least.map(|least| format!("at least {least}")));
        rules.extend(most.map(|most| format!("at most {most}")));
        let (shortest, longest) = (self.bounds.length_min, self.bounds.length_max);
        rules.extend(shortest.map(|length| format!("length at least {length}")));
        rules.extend(longest.map(|length| format!("length at most {length}")));
        rules
    }
}

impl Kind {
    fn in_words(&self) -> String {
        match self {
            Self::Any => "any".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Integer => "whole number".to_owned(),
            Self::Number => "number".to_owned(),
            Self::String => "text".to_owned(),
            Self::List(item) => format!("list of {}", item.kind.in_words()),
            Self::Map(value) => format!("map of {}", value.kind.in_words()),
            Self::Object(_) => "object".to_owned(),
        }
    }

    fn inner_rows(&self, path: &str, table: &mut String) {
        match self {
            Self::Object(schema) => schema.rows(path, table),
            Self::List(item) | Self::Map(item) => item.kind.inner_rows(path, table),
            Self::Any | Self::Bool | Self::Integer | Self::Number | Self::String => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Bounds;

    #[test]
    fn the_table_names_every_attribute_with_its_rules() {
        let port = Attribute {
            description: Some("a port,\nor | two".into()),
            ..Attribute::new(Kind::Integer)
                .required()
                .bounds(Bounds { maximum: Some(9_i64.into()), ..Bounds::default() })
        };
        let rule = Schema::default().with("port", port);
        let list = Kind::List(Attribute::new(Kind::Object(rule)).into());
        let schema = Schema::default()
            .with("rules", Attribute::new(list).unordered())
            .with("id", Attribute::new(Kind::String).read_only())
            .with("name", Attribute::new(Kind::String).force_new().default_value("x"));
        assert_eq!(
            schema.to_markdown(),
            "| attribute | type | rules | |\n|---|---|---|---|\n\
             | `id` | text | told by the service |  |\n\
             | `name` | text | a change makes a new one, default `\"x\"` |  |\n\
             | `rules` | list of object | order does not matter |  |\n\
             | `rules.port` | whole number | required, at most 9 | a port, or \\| two |\n"
        );
    }
}
