//! Every model, filled with random values: Rust → JSON → Oracle's SDK → JSON → Rust.
//!
//! `OCI_CLIENT_ROUND_TRIP_CASES` (default 8) is the number of values for each model, and
//! `OCI_CLIENT_ROUND_TRIP_SEED` the seed, which every failure prints.

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt as _, SeedableRng as _};
use serde_json::{Map as JsonMap, Value as Json, json};
use test_support::Conversation;

use super::fill::{Filler, STRANGE_WORD, Style};
use super::tables;
use crate::model::{
    Model, Value, View, ViewMut, decode_into, same_value, to_json_with_secrets, to_value_with_secrets,
};
use crate::services::catalog::{MODELS, ModelEntry};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn every_model_survives_the_way_through_oracles_sdk() {
    let seed = setting("OCI_CLIENT_ROUND_TRIP_SEED", 20_261_121);
    let cases = setting("OCI_CLIENT_ROUND_TRIP_CASES", 8);
    println!("seed {seed}, {cases} cases for each of {} models", MODELS.len());
    let mut sdk = Sdk::start();
    let tags = Tags::read();
    let mut tally = BTreeMap::new();
    for (number, entry) in MODELS.iter().enumerate() {
        for case in 0..cases {
            let style = match case {
                0 => Style::Full,
                case if case % 2 == 1 => Style::Known,
                _ => Style::Wild,
            };
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ ((number as u64) << 32) ^ case);
            let outcome = round_trip(&mut sdk, &tags, entry, style, &mut rng);
            let outcome = outcome.unwrap_or_else(|why| {
                panic!("seed {seed}, {} {}, case {case} ({style:?}): {why}", entry.service, entry.name)
            });
            *tally.entry((format!("{style:?}"), outcome)).or_insert(0_u64) += 1;
        }
    }
    println!("{tally:?}");
    let refused = |((style, outcome), _): &(&(String, Outcome), &u64)| {
        style == "Wild" && *outcome == Outcome::StrangeWordRefused
    };
    let others = tally.iter().filter(|entry| !refused(entry)).map(|(_, count)| count).sum::<u64>();
    assert!(others > MODELS.len() as u64, "most values must make the whole way: {tally:?}");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The same value came back.
    Same,
    /// The value came back as the SDK is known to change it: unknown words become `UNKNOWN_ENUM_VALUE`, the
    /// fields of unknown kinds are dropped, times are cut to microseconds.
    AsTheSdkSeesIt,
    /// The SDK refuses unknown words in models that it only sends.
    StrangeWordRefused,
}

fn round_trip(
    sdk: &mut Sdk,
    tags: &Tags,
    entry: &ModelEntry,
    style: Style,
    rng: &mut ChaCha8Rng,
) -> Result<Outcome, String> {
    let mut value = (entry.blank)();
    Filler { rng, style }.value(&mut *value, 0, false);
    let written = to_json_with_secrets(&*value).map_err(|error| error.to_string())?;
    let text = String::from_utf8(written).map_err(|error| error.to_string())?;

    let again = read(entry, &text)?;
    if !same_value(&*value, &*again) {
        return Err(format!("changed by writing and reading it: {text}"));
    }
    // As a service might write it: nulls for what is not set, fields that nobody knows, any order.
    let strange = spoiled(&*value, rng).to_string();
    let again = read(entry, &strange)?;
    if !same_value(&*value, &*again) {
        return Err(format!("changed by nulls and unknown fields: {strange}"));
    }

    let answer = sdk.ask(entry, if rng.random() { &text } else { &strange })?;
    if let Some(refused) = answer.get("refused") {
        return if style == Style::Wild
            && text.contains(STRANGE_WORD)
            && refused.to_string().contains("must be None or one of")
        {
            Ok(Outcome::StrangeWordRefused)
        } else {
            Err(format!("the SDK refuses it: {refused}\n{text}"))
        };
    }
    let back = read(entry, &answer["json"].to_string())?;
    if same_value(&*value, &*back) {
        return Ok(Outcome::Same);
    }
    if style == Style::Wild {
        as_the_sdk_sees_it(&mut *value, entry.service, tags);
        if same_value(&*value, &*back) {
            return Ok(Outcome::AsTheSdkSeesIt);
        }
    }
    let ours = to_value_with_secrets(&*value).map_err(|error| error.to_string())?;
    let theirs = to_value_with_secrets(&*back).map_err(|error| error.to_string())?;
    Err(format!("came back changed\n  ours:   {ours}\n  theirs: {theirs}"))
}

fn read(entry: &ModelEntry, json: &str) -> Result<Box<dyn Value>, String> {
    let mut value = (entry.blank)();
    decode_into(&mut *value, json.as_bytes(), entry.name).map_err(|error| {
        format!("{error}: {}\n{json}", std::error::Error::source(&error).expect("a cause"))
    })?;
    Ok(value)
}

/// The JSON of a value, with nulls for some of the fields that are not set, and with unknown fields.
fn spoiled(value: &dyn Value, rng: &mut impl Rng) -> Json {
    match value.view() {
        View::Model(model) => spoiled_model(model, rng),
        View::Union(union) => spoiled_model(union.active(), rng),
        View::List(list) => {
            (0..list.count()).filter_map(|index| list.at(index)).map(|value| spoiled(value, rng)).collect()
        }
        View::Map(map) => {
            let entries = map.entries().map(|(name, value)| (name.to_owned(), spoiled(value, rng)));
            Json::Object(entries.collect())
        }
        _ => to_value_with_secrets(value).expect("a value that JSON can hold"),
    }
}

fn spoiled_model(model: &dyn Model, rng: &mut impl Rng) -> Json {
    let facts = model.facts();
    let mut object: JsonMap<String, Json> = model.rest().cloned().unwrap_or_default();
    if let Some((tag, kind)) = facts.tag {
        object.insert(tag.to_owned(), json!(kind));
    }
    for (index, field) in facts.fields.iter().enumerate() {
        match model.field(index).get() {
            Some(value) => {
                object.insert(field.name.to_owned(), spoiled(value, rng));
            }
            None if rng.random() => {
                object.insert(field.name.to_owned(), Json::Null);
            }
            None => {}
        }
    }
    // The unknown kind of a union keeps what it does not know, so that it would be no longer the same.
    if model.rest().is_none() && rng.random() {
        object.insert("aFieldThatNobodyKnows".to_owned(), json!({"with": ["anything", 1, null]}));
    }
    Json::Object(object)
}

/// Changes a value as the SDK is known to change it.
fn as_the_sdk_sees_it(value: &mut dyn Value, service: &str, tags: &Tags) {
    match value.view_mut() {
        ViewMut::Enum(word) => {
            let word_known = if word.is_known() { word.as_str() } else { UNKNOWN }.to_owned();
            word.set(&word_known);
        }
        ViewMut::Time(time) => {
            let text = time.to_string();
            if let Some((whole, fraction)) = text.split_once('.') {
                let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
                let kept = format!("{whole}.{}{}", &fraction[..digits.min(6)], &fraction[digits..]);
                *time = kept.parse().expect("a time with fewer digits");
            }
        }
        ViewMut::Model(model) => fields_as_the_sdk_sees_them(model, service, tags),
        ViewMut::Union(union) => {
            let facts = union.facts();
            let active = union.active_mut();
            fields_as_the_sdk_sees_them(active, service, tags);
            if let Some(rest) = active.rest_mut() {
                rest.clear();
                if tags.are_listed(service, facts.name) {
                    let index = active.facts().fields.iter().position(|field| field.name == facts.tag);
                    let tag = active.field_mut(index.expect("an unknown kind has its tag as a field")).fill();
                    if let ViewMut::Text(text) = tag.view_mut() {
                        UNKNOWN.clone_into(text);
                    }
                }
            }
        }
        ViewMut::List(list) => {
            for index in 0..list.count() {
                as_the_sdk_sees_it(list.at_mut(index).expect("an index below the count"), service, tags);
            }
        }
        ViewMut::Map(map) => {
            for (_, value) in map.entries_mut() {
                as_the_sdk_sees_it(value, service, tags);
            }
        }
        _ => {}
    }
}

fn fields_as_the_sdk_sees_them(model: &mut dyn Model, service: &str, tags: &Tags) {
    for index in 0..model.facts().fields.len() {
        if let Some(value) = model.field_mut(index).get_mut() {
            as_the_sdk_sees_it(value, service, tags);
        }
    }
}

/// What the SDK makes of a word that it does not know.
const UNKNOWN: &str = "UNKNOWN_ENUM_VALUE";

/// Of which unions the tables list the values of the tag as an enum, so that the SDK replaces unknown ones.
struct Tags(Vec<(String, String)>);

impl Tags {
    fn read() -> Self {
        let mut listed = Vec::new();
        for (service, table) in tables() {
            for (name, model) in table["models"].as_object().expect("models") {
                if let Some(field) = model["discriminator"]["field"].as_str()
                    && model["fields"][field]["enum"].is_array()
                {
                    listed.push((service.clone(), name.clone()));
                }
            }
        }
        Self(listed)
    }

    fn are_listed(&self, service: &str, union: &str) -> bool {
        self.0.iter().any(|(of, name)| of == service && name == union)
    }
}

/// Oracle's SDK in a process of its own.
struct Sdk(Conversation);

impl Sdk {
    fn start() -> Self {
        Self(Conversation::start("crates/oci-client/src/model/tests/round_trip.py"))
    }

    fn ask(&mut self, entry: &ModelEntry, json: &str) -> Result<Json, String> {
        let order = json!({"service": entry.service, "model": entry.name, "json": json});
        let answer = self.0.ask(&order.to_string());
        serde_json::from_str(&answer)
            .map_err(|error| format!("the SDK's process answers {answer:?}: {error}"))
    }
}
