//! From a file's text to a [`Config`] and everything that is wrong with it.
//!
//! The file is not read by serde alone, which stops at the first mistake: it is first compared with the schema, value by
//! value, and what does not fit is reported and left out. What is left always makes a `Config`.

use std::ops::Range;

use serde_json::Value as Schema;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, SourceFile, format, schema, secret, size};
use crate::check;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Diagnostics, Places};

/// How many mistakes of syntax are told: the first ones matter, what follows is often their consequence.
const SYNTAX_MAX: usize = 5;

/// What stands in for the keys that have no default, so that the rest of a file can be looked at.
const STAND_IN: &str = "[site]\nname = \"site\"\nadmin_email = \"nobody@example.org\"\n";

/// Reads a file and finds everything that is wrong with it and needs no cloud to be found, in the order of the file.
///
/// The `Config` is what can be used of the file, with defaults for the rest. It is complete exactly when the diagnostics have
/// no error.
#[must_use]
pub fn load(file: &SourceFile) -> (Config, Diagnostics) {
    let (table, errors) = DeTable::parse_recoverable(file.text());
    if !errors.is_empty() {
        let mut diagnostics = Diagnostics::default();
        diagnostics.extend(errors.iter().take(SYNTAX_MAX).map(|error| syntax(file, error)));
        return (stand_in(), diagnostics);
    }
    let mut reader = Reader { places: Places::default(), found: Vec::new() };
    let mut fit = reader.table(schema::schema(), "", &table);
    reader.missing(&mut fit);
    reader.unsaid_ranges(&fit);
    size::fill_in(&mut fit);
    let config = toml::Value::Table(fit).try_into::<Config>();
    let mut diagnostics = Diagnostics::new(reader.places);
    diagnostics.extend(reader.found);
    match config {
        Ok(config) => {
            check::RULES.iter().for_each(|rule| diagnostics.extend(rule(&config)));
            (config, diagnostics)
        }
        Err(error) => {
            let message = format!("the file cannot be read: {}", error.message());
            diagnostics.add(Diagnostic::error(Code::WrongType, "", message).at(0..0));
            (stand_in(), diagnostics)
        }
    }
}

fn stand_in() -> Config {
    toml::from_str(STAND_IN).expect("the stand-in has every key without a default")
}

fn syntax(file: &SourceFile, error: &toml::de::Error) -> Diagnostic {
    // The end of the file, where something is not closed: a place after the last line would show nothing.
    let end = file.text().trim_end().len();
    let span =
        error.span().map_or(0..0, |span| span.start.min(end)..span.end.min(end).max(span.start.min(end)));
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    Diagnostic::error(Code::Syntax, "", message).at(span)
}

/// How to say where a secret comes from.
const SOURCE: &str = "say where it comes from: { env = \"NAME\" }, { file = \"PATH\" }, { command = [\"PROGRAM\"] } or { generate = true }";

struct Reader {
    places: Places,
    found: Vec<Diagnostic>,
}

/// A value of the file with its key.
struct At<'a, 'i> {
    key: &'a str,
    value: &'a Spanned<DeValue<'i>>,
}

impl At<'_, '_> {
    fn span(&self) -> Range<usize> {
        self.value.span()
    }
}

impl Reader {
    /// Reports something, and leaves the value out.
    fn refuse<T>(&mut self, at: &At<'_, '_>, code: Code, message: String, hint: Option<String>) -> Option<T> {
        let mut diagnostic = Diagnostic::error(code, at.key, message).at(at.span());
        diagnostic.hint = hint;
        self.found.push(diagnostic);
        self.places.note_broken(at.key.to_owned());
        None
    }

    fn table(&mut self, part: &'static Schema, key: &str, table: &Spanned<DeTable<'_>>) -> toml::Table {
        let mut fit = toml::Table::new();
        for (name, value) in table.get_ref() {
            let inner =
                if key.is_empty() { name.get_ref().to_string() } else { format!("{key}.{}", name.get_ref()) };
            let known = part["properties"].get(name.get_ref().as_ref());
            let Some(part) =
                known.or_else(|| part.get("additionalProperties").filter(|more| more.is_object()))
            else {
                self.unknown(part, key, name);
                continue;
            };
            // The place of a table is its key: the table may go on for pages.
            let value_span = if value.get_ref().is_table() { name.span() } else { value.span() };
            self.places.note(inner.clone(), name.span(), value_span);
            if let Some(value) = self.value(part, &At { key: &inner, value }) {
                fit.insert(name.get_ref().to_string(), value);
            }
        }
        fit
    }

    fn value(&mut self, part: &'static Schema, at: &At<'_, '_>) -> Option<toml::Value> {
        let part = schema::resolved(part);
        if part["x-secret"] == true {
            return self.secret(at);
        }
        if part["const"] == true {
            return self.only_true(at);
        }
        if let Some(choices) = schema::choices(part) {
            return self.choice(&choices, at);
        }
        match (part["type"].as_str().unwrap_or_default(), at.value.get_ref()) {
            ("string", DeValue::String(text)) => self.text(part, at, text),
            ("boolean", DeValue::Boolean(value)) => Some(toml::Value::Boolean(*value)),
            ("integer" | "number", DeValue::Integer(number)) => {
                let digits = number.as_str().replace('_', "");
                match i64::from_str_radix(&digits, number.radix()) {
                    Ok(value) => self.number(part, at, value as f64, toml::Value::Integer(value)),
                    Err(_) => self.out_of_range(part, at),
                }
            }
            ("number", DeValue::Float(number)) => match number.as_str().replace('_', "").parse::<f64>() {
                Ok(value) => self.number(part, at, value, toml::Value::Float(value)),
                Err(_) => self.out_of_range(part, at),
            },
            ("array", DeValue::Array(values)) if values.is_empty() && part["minItems"] == 1 => {
                self.refuse(at, Code::Malformed, format!("`{}` has no entry", at.key), None)
            }
            ("array", DeValue::Array(values)) => {
                let mut fit = Vec::new();
                for (index, value) in values.iter().enumerate() {
                    let key = format!("{}[{index}]", at.key);
                    self.places.note(key.clone(), value.span(), value.span());
                    fit.extend(self.value(&part["items"], &At { key: &key, value }));
                }
                Some(toml::Value::Array(fit))
            }
            ("object", DeValue::Table(table)) => {
                let table = Spanned::new(at.value.span(), table.clone());
                Some(toml::Value::Table(self.table(part, at.key, &table)))
            }
            (wanted, found) => {
                let message =
                    format!("`{}` must be {}, and this is {}", at.key, a(wanted), a(found.type_str()));
                let hint = advice(wanted, found, at.key);
                self.refuse(at, Code::WrongType, message, hint)
            }
        }
    }

    fn choice(&mut self, choices: &[(&str, &str)], at: &At<'_, '_>) -> Option<toml::Value> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let all = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let text = match at.value.get_ref() {
            DeValue::String(text) => text.to_string(),
            // php = 8.3 without quotes.
            DeValue::Float(number) if names.contains(&number.as_str()) => {
                let hint = format!("write it with quotes: \"{}\"", number.as_str());
                let message = format!("`{}` must be a text, and this is a number", at.key);
                return self.refuse(at, Code::WrongType, message, Some(hint));
            }
            other => {
                let message =
                    format!("`{}` must be one of {all}, and this is {}", at.key, a(other.type_str()));
                return self.refuse(at, Code::WrongType, message, None);
            }
        };
        if names.contains(&text.as_str()) {
            return Some(toml::Value::String(text));
        }
        let near = reconcile::graph::suggest(&text.to_ascii_lowercase(), names.iter().copied());
        let hint = near.map(|near| format!("did you mean \"{near}\"?"));
        self.refuse(at, Code::NotAChoice, format!("`{}` must be one of {all}", at.key), hint)
    }

    fn text(&mut self, part: &'static Schema, at: &At<'_, '_>, text: &str) -> Option<toml::Value> {
        let name = part["format"].as_str().unwrap_or_default();
        if name == "ssh-key" && format::is_private_key(text) {
            let message =
                format!("`{}` has a private key, which must never leave its owner's machine", at.key);
            let hint =
                "take it out of the file, and give the public key: the line of the file that ends in `.pub`";
            return self.refuse(at, Code::PrivateKey, message, Some(hint.to_owned()));
        }
        match format::named(name).map_or(Ok(()), |check| check(text)) {
            Ok(()) => Some(toml::Value::String(text.to_owned())),
            Err(unfit) => {
                self.refuse(at, Code::Malformed, format!("`{}` is wrong: {}", at.key, unfit.why), unfit.hint)
            }
        }
    }

    fn number(
        &mut self,
        part: &'static Schema,
        at: &At<'_, '_>,
        value: f64,
        whole: toml::Value,
    ) -> Option<toml::Value> {
        let (min, max) = (part["minimum"].as_f64(), part["maximum"].as_f64());
        let fits =
            value.is_finite() && min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
        if fits { Some(whole) } else { self.out_of_range(part, at) }
    }

    fn out_of_range(&mut self, part: &'static Schema, at: &At<'_, '_>) -> Option<toml::Value> {
        let message =
            format!("`{}` must be {}", at.key, range(part).unwrap_or_else(|| "a smaller number".to_owned()));
        self.refuse(at, Code::OutOfRange, message, None)
    }

    fn secret(&mut self, at: &At<'_, '_>) -> Option<toml::Value> {
        let DeValue::Table(table) = at.value.get_ref() else { return self.no_source(at) };
        let names: Vec<&str> = table.keys().map(|name| name.get_ref().as_ref()).collect();
        let given: Vec<&str> = names.into_iter().filter(|name| secret::SOURCES.contains(name)).collect();
        let [one] = given[..] else {
            let message = if given.is_empty() {
                format!("`{}` says nowhere where it comes from", at.key)
            } else {
                let names: Vec<String> = given.iter().map(|name| format!("`{name}`")).collect();
                format!("`{}` comes from {} at once", at.key, names.join(" and "))
            };
            return self.refuse(at, Code::SecretSource, message, Some(SOURCE.to_owned()));
        };
        let parts = schema::schema()["$defs"]["Source"]["oneOf"].as_array();
        let part = parts.into_iter().flatten().find(|part| part["properties"].get(one).is_some());
        let before = self.found.len();
        let table = Spanned::new(at.value.span(), table.clone());
        let fit = self.table(part.expect("each source has a schema"), at.key, &table);
        (self.found.len() == before).then_some(toml::Value::Table(fit))
    }

    /// Something stands where a source of a secret belongs; a text is most likely the secret itself.
    fn no_source(&mut self, at: &At<'_, '_>) -> Option<toml::Value> {
        let found = at.value.get_ref();
        let (code, message) = if found.is_str() {
            (Code::LiteralSecret, format!("`{}` stands in clear in the file", at.key))
        } else {
            let message = format!("`{}` must be a table, and this is {}", at.key, a(found.type_str()));
            (Code::WrongType, message)
        };
        self.refuse(at, code, message, Some(SOURCE.to_owned()))
    }

    /// `generate = true`: to say false would be to say nothing.
    fn only_true(&mut self, at: &At<'_, '_>) -> Option<toml::Value> {
        match at.value.get_ref() {
            DeValue::Boolean(true) => Some(toml::Value::Boolean(true)),
            DeValue::Boolean(false) => {
                let message = format!("`{}` can only be true", at.key);
                self.refuse(at, Code::SecretSource, message, Some(SOURCE.to_owned()))
            }
            other => {
                let message = format!("`{}` must be true, and this is {}", at.key, a(other.type_str()));
                self.refuse(at, Code::WrongType, message, Some("write `generate = true`".to_owned()))
            }
        }
    }

    fn unknown(&mut self, part: &'static Schema, table: &str, name: &Spanned<std::borrow::Cow<'_, str>>) {
        let text = name.get_ref();
        let key = if table.is_empty() { text.to_string() } else { format!("{table}.{text}") };
        let known = part["properties"].as_object().into_iter().flat_map(|known| known.keys());
        let known: Vec<&str> = known.map(String::as_str).collect();
        let near = reconcile::graph::suggest(text, known.iter().copied()).map(str::to_owned);
        let hint = explained(text)
            .map(str::to_owned)
            .or_else(|| near.map(|near| format!("did you mean `{near}`?")))
            .or_else(|| elsewhere(text).map(|key| format!("did you mean `{key}`?")))
            .unwrap_or_else(|| format!("known here: {}", known.join(", ")));
        let diagnostic =
            Diagnostic::error(Code::UnknownKey, &key, format!("`{key}` is not a key of the file"));
        self.found.push(diagnostic.hint(hint).at(name.span()));
    }

    /// Reports the keys that must be there and are not, and puts something in their place.
    fn missing(&mut self, fit: &mut toml::Table) {
        let stand_in: toml::Table = STAND_IN.parse().expect("the stand-in is TOML");
        for (section, keys) in stand_in {
            let is_section_broken = self.places.is_broken_itself(&section);
            let toml::Value::Table(keys) = keys else { continue };
            let there = fit.entry(section.clone()).or_insert_with(|| toml::Table::new().into());
            let toml::Value::Table(there) = there else { continue };
            for (name, value) in keys {
                let key = format!("{section}.{name}");
                if there.contains_key(&name) {
                    continue;
                }
                if !self.places.is_given(&key) && !is_section_broken {
                    let what = property(&section, &name)["description"].as_str().unwrap_or_default();
                    let span = self.places.value(&section).unwrap_or(0..0);
                    let diagnostic = Diagnostic::error(Code::Missing, &key, format!("`{key}` is missing"));
                    self.found.push(diagnostic.hint(what).at(span));
                }
                self.places.note_broken(key);
                there.insert(name, value);
            }
        }
    }
}

/// Existing parts of a network, and what must be said of each, since a default would be a guess.
const RANGES: [(&str, &str); 5] = [
    ("vcn_id", "cidr"),
    ("balancer_subnet_id", "balancer_cidr"),
    ("web_subnet_id", "web_cidr"),
    ("database_subnet_id", "database_cidr"),
    ("storage_subnet_id", "storage_cidr"),
];

impl Reader {
    /// Reports existing parts of a network whose range is not said: security rules are made from it.
    fn unsaid_ranges(&mut self, fit: &toml::Table) {
        let Some(network) = fit.get("network") else { return };
        for (id, range) in RANGES {
            let key = format!("network.{range}");
            if network.get(id).is_some() && !self.places.is_given(&key) {
                let span = self.places.value(&format!("network.{id}")).unwrap_or(0..0);
                let message = format!("`{key}` is missing: the range of what `{id}` names must be said");
                self.found.push(Diagnostic::error(Code::Missing, &key, message).at(span));
                self.places.note_broken(key);
            }
        }
    }
}

fn property(section: &str, name: &str) -> &'static Schema {
    let section = schema::resolved(&schema::schema()["properties"][section]);
    &section["properties"][name]
}

/// A key of this name in another table.
fn elsewhere(name: &str) -> Option<String> {
    let sections = schema::schema()["properties"].as_object()?;
    let all = sections.iter().flat_map(|(section, part)| {
        let keys = schema::resolved(part)["properties"].as_object().into_iter().flat_map(|keys| keys.keys());
        keys.map(move |key| (key.as_str(), format!("{section}.{key}")))
    });
    let all: Vec<(&str, String)> = all.collect();
    let near = reconcile::graph::suggest(name, all.iter().map(|(key, _)| *key))?;
    all.into_iter().find(|(key, _)| *key == near).map(|(_, whole)| whole)
}

/// Keys of other programs that people look for here, and why they are not needed.
fn explained(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().replace('_', "").as_str() {
        "wwwroot" | "url" | "siteurl" => "the address follows from `site.hostname`, or is the public address",
        "reverseproxy" => {
            "the load balancer hands the visitor's Host on, so Moodle's `reverseproxy` would break every page; leave it out"
        }
        "sslproxy" => {
            "nothing in front of the servers ends TLS, so Moodle's `sslproxy` would be wrong; leave it out"
        }
        "dependson" => "what needs what follows by itself",
        "availabilitydomain" | "faultdomain" => {
            "servers and database are spread over all domains by themselves"
        }
        "password" | "adminpass" | "dbpass" | "dbpassword" => {
            "passwords are named in [secrets], and never written there"
        }
        _ => return None,
    })
}

/// A type of JSON or TOML in plain words.
fn a(kind: &str) -> &'static str {
    match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" | "float" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" | "table" => "a table",
        "datetime" => "a date",
        _ => "something else",
    }
}

fn advice(wanted: &str, found: &DeValue<'_>, key: &str) -> Option<String> {
    let name = key.rsplit('.').next().unwrap_or(key);
    match (wanted, found) {
        ("integer" | "number" | "boolean", DeValue::String(text)) => {
            let plain = text.trim();
            let fits = plain.parse::<i64>().is_ok() || matches!(plain, "true" | "false");
            fits.then(|| format!("write it without quotes: {plain}"))
        }
        ("boolean", DeValue::Integer(number)) if matches!(number.as_str(), "0" | "1") => {
            Some(format!("write {}", number.as_str() == "1"))
        }
        ("string", DeValue::Integer(number)) => {
            Some(format!("write it with quotes: \"{}\"", number.as_str()))
        }
        ("string", DeValue::Float(number)) => Some(format!("write it with quotes: \"{}\"", number.as_str())),
        ("array", DeValue::String(_)) => Some(format!("write {name} = [\"…\"]")),
        ("object", _) => Some(format!("write [{key}] on a line of its own, and its keys below")),
        _ => None,
    }
}

/// What a number must be, in words.
pub(super) fn range(part: &Schema) -> Option<String> {
    match (&part["minimum"], &part["maximum"]) {
        (Schema::Null, Schema::Null) => None,
        (min, Schema::Null) => Some(format!("{min} or more")),
        (Schema::Null, max) => Some(format!("{max} or less")),
        (min, max) => Some(format!("{min} to {max}")),
    }
}
