//! All models against Oracle's tables, and against Oracle's own SDK.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the tables and their own settings from the machine"
)]

mod fill;
mod reading;
mod round_trip;

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use serde_json::Value as Json;

use self::fill::{CANARY, Filler, Style};
use super::{Model, View, to_json_with_secrets};
use crate::services::catalog::{MODELS, OPERATIONS};

/// Oracle's tables, by service.
fn tables() -> BTreeMap<String, Json> {
    let folder = test_support::workspace_root().join("schemas/oci-api");
    let mut tables = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let json: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            tables.insert(json["service"].as_str().unwrap().to_owned(), json);
        }
    }
    tables
}

/// The names of the fields of a model, and of all kinds of a union.
fn fields(model: &dyn Model) -> BTreeSet<&'static str> {
    let facts = model.facts();
    facts.fields.iter().map(|field| field.name).chain(facts.tag.map(|(tag, _)| tag)).collect()
}

#[test]
fn every_model_and_field_of_the_tables_is_there() {
    let (mut models, mut count) = (0, 0);
    for (service, table) in tables() {
        for (name, facts) in table["models"].as_object().unwrap() {
            let entry = MODELS.iter().find(|entry| entry.service == service && entry.name == name);
            let blank = (entry.unwrap_or_else(|| panic!("{service} lacks {name}")).blank)();
            let ours = match blank.view() {
                View::Model(model) => fields(model),
                View::Union(union) => fields(union.active()),
                _ => panic!("{service} {name} is no object"),
            };
            let theirs: BTreeSet<&str> =
                facts["fields"].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(ours, theirs, "{service} {name}");
            models += 1;
            count += theirs.len();
        }
    }
    assert_eq!((models, count), (MODELS.len(), 3667));
}

#[test]
fn every_operation_of_the_tables_is_there() {
    let mut theirs = BTreeSet::new();
    for (service, table) in tables() {
        for client in table["clients"].as_object().unwrap().values() {
            theirs.extend(
                client["operations"].as_object().unwrap().keys().map(|name| (service.clone(), name.clone())),
            );
        }
    }
    let ours: BTreeSet<_> =
        OPERATIONS.iter().map(|entry| (entry.service.to_owned(), entry.name.to_owned())).collect();
    assert_eq!(ours, theirs);
    assert_eq!(OPERATIONS.len(), 332);
}

#[test]
fn names_of_fields_are_sorted_so_that_halving_finds_them() {
    for entry in MODELS {
        let blank = (entry.blank)();
        let (View::Model(_) | View::Union(_)) = blank.view() else { panic!("{} is no object", entry.name) };
        if let View::Model(model) = blank.view() {
            assert!(model.facts().fields.is_sorted_by_key(|field| field.name), "{}", entry.name);
        }
    }
}

#[test]
fn no_secret_is_printed_and_every_secret_is_sent() {
    let mut seen = 0;
    for entry in MODELS {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut value = (entry.blank)();
        Filler { rng: &mut rng, style: Style::Full }.value(&mut *value, 0, false);
        let mut shown = String::new();
        let model = match value.view() {
            View::Model(model) => model,
            View::Union(union) => union.active(),
            _ => panic!("{} is no object", entry.name),
        };
        std::fmt::write(&mut shown, format_args!("{:#?}", Shown(model))).unwrap();
        assert!(!shown.contains(CANARY), "{} prints a secret: {shown}", entry.name);
        let written = String::from_utf8(to_json_with_secrets(&*value).unwrap()).unwrap();
        seen += usize::from(written.contains(CANARY));
        assert_eq!(written.contains(CANARY), shown.contains("<secret>"), "{}: {shown}", entry.name);
    }
    assert!(seen >= 17, "only {seen} models hold secrets");
}

struct Shown<'a>(&'a dyn Model);

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        super::show(self.0, f)
    }
}
