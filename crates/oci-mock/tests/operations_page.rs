//! The page that lists which operations are modelled is generated, and this test keeps it fresh:
//! `UPDATE_DOCS=1 cargo test -p oci-mock --test operations_page` writes it anew.
#![expect(clippy::disallowed_methods, reason = "the page is a file of the book")]

use std::collections::BTreeMap;
use std::fmt::Write;

use oci_mock::facts::facts;
use oci_mock::services::handler;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/mock-operations.md");

fn page() -> String {
    let mut services: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for operation in facts().operations() {
        let (modelled, missing) = services.entry(&operation.service).or_default();
        let list = if handler(operation).is_some() { modelled } else { missing };
        list.push(operation.name.clone());
    }
    let mut text = String::from(
        "# Modelled operations\n\n\
         Generated from the mock's tables. An operation that is not modelled answers 501 `MethodNotImplemented`.\n",
    );
    for (service, (modelled, missing)) in services {
        let total = modelled.len() + missing.len();
        let _ = write!(text, "\n## {service}\n\n{} of {total} operations.\n", modelled.len());
        for (title, names) in [("Modelled", modelled), ("Not modelled", missing)] {
            if !names.is_empty() {
                let _ = write!(text, "\n{title}: {}.\n", names.join(", "));
            }
        }
    }
    text
}

#[test]
fn the_page_of_modelled_operations_is_fresh() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let stored = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        stored == page,
        "docs/src/mock-operations.md is stale; run this test with UPDATE_DOCS=1 and land it"
    );
}
