//! Values as people and programs may see them: never a secret, and what is not known yet with where it will come from.

use reconcile::value::{Value, ValueMap};
use serde_json::Value as Json;

use super::text::width;

/// Longer texts are cut: nobody reads a whole cloud-init file in a plan.
const TEXT_MAX: usize = 100;
/// What is left of them, in characters.
const TEXT_KEPT: usize = 40;

/// Values by name as JSON.
pub(crate) fn json_map(values: &ValueMap) -> Json {
    Json::Object(values.iter().map(|(name, value)| (name.to_string(), json(value))).collect())
}

/// A value as JSON.
pub(crate) fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::String(text) => (**text).into(),
        Value::Number(_) => serde_json::to_value(value).expect("a number has a form in JSON"),
        Value::List(values) => values.iter().map(json).collect(),
        Value::Map(map) => json_map(map),
        Value::Unknown(_) | Value::Sensitive(_) | Value::Redacted(_) => short(value).into(),
    }
}

/// A value in one line, whatever its length.
pub(super) fn short(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quoted(text),
        Value::List(values) if values.is_empty() => "[]".to_owned(),
        Value::List(values) => format!("[{}]", values.iter().map(short).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries: Vec<String> =
                set(map).map(|(name, value)| format!("{} = {}", key(name), short(value))).collect();
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
        Value::Unknown(origin) => format!("(known after apply: {origin})"),
        Value::Sensitive(_) | Value::Redacted(_) => "(sensitive)".to_owned(),
    }
}

/// A value that begins in column `from` of a line indented by `indent`: in one line where it fits into `columns`, else
/// with a line for each part.
pub(super) fn long(value: &Value, from: usize, indent: usize, columns: usize) -> String {
    let one_line = short(value);
    if from + width(&one_line) <= columns {
        return one_line;
    }
    let inner = indent + 4;
    let part = |label: &str, value: &Value| {
        let value = long(value, inner + width(label), inner, columns);
        format!("\n{}{label}{value}", " ".repeat(inner))
    };
    let (open, parts, close) = match value {
        Value::List(values) => {
            ('[', values.iter().map(|value| part("", value) + ",").collect::<String>(), ']')
        }
        Value::Map(map) => {
            let parts = set(map).map(|(name, value)| part(&format!("{} = ", key(name)), value)).collect();
            ('{', parts, '}')
        }
        _ => return one_line,
    };
    format!("{open}{parts}\n{}{close}", " ".repeat(indent))
}

/// What is set in a map.
fn set(map: &ValueMap) -> impl Iterator<Item = (&str, &Value)> {
    map.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (&**name, value))
}

fn key(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_plain && !name.is_empty() { name.to_owned() } else { format!("{name:?}") }
}

/// A text in quotes; nothing in it reaches the terminal as more than letters. A long one is cut.
fn quoted(text: &str) -> String {
    let length = text.chars().count();
    if length <= TEXT_MAX {
        return format!("{text:?}");
    }
    let kept: String = text.chars().take(TEXT_KEPT).collect();
    format!("{:?}… ({length} characters)", kept)
}

#[cfg(test)]
mod tests {
    use reconcile::value::AttributePath;

    use super::*;

    fn rule(port: i64) -> Value {
        Value::map([("protocol", "6".into()), ("port", port.into()), ("description", Value::Null)])
    }

    #[test]
    fn what_fits_is_in_one_line_and_the_rest_has_a_line_for_each_part() {
        let rules = Value::list([rule(80), rule(443)]);
        assert_eq!(
            long(&rules, 10, 4, 200),
            r#"[{ port = 80, protocol = "6" }, { port = 443, protocol = "6" }]"#
        );
        assert_eq!(
            long(&rules, 10, 4, 60),
            "[\n        { port = 80, protocol = \"6\" },\n        { port = 443, protocol = \"6\" },\n    ]"
        );
        let narrow = long(&rules, 10, 4, 30);
        assert!(
            narrow.contains("        {\n            port = 80\n            protocol = \"6\"\n        },"),
            "{narrow}"
        );
    }

    #[test]
    fn secrets_and_unknown_values_say_what_they_are() {
        let origin = Value::unknown("oci_core_vcn.main".parse().unwrap(), AttributePath::attribute("id"));
        let value = Value::list([Value::sensitive("hunter2"), origin, "a\x1b[2J".into()]);
        assert_eq!(
            short(&value),
            "[(sensitive), (known after apply: oci_core_vcn.main.id), \"a\\u{1b}[2J\"]"
        );
        assert_eq!(
            json(&value).to_string(),
            "[\"(sensitive)\",\"(known after apply: oci_core_vcn.main.id)\",\"a\\u001b[2J\"]"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_says_how_long_it_was() {
        let text = short(&Value::from("x".repeat(5000)));
        assert!(text.starts_with("\"xxxx") && text.ends_with("x\"… (5000 characters)"), "{text}");
    }
}
