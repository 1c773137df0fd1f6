//! What is written about `moodle.toml` says what the program does.

use std::collections::BTreeSet;

use moodle_stack::codes::Code;
use moodle_stack::config::{page, schema};

use super::{SHORTEST, read};

#[expect(clippy::disallowed_methods, reason = "the test compares files of the workspace")]
fn file(path: &str) -> String {
    std::fs::read_to_string(test_support::workspace_root().join(path)).unwrap_or_default()
}

#[test]
fn schema_and_page_are_those_of_the_structs() {
    assert!(file(schema::PATH) == schema::text(), "stale: run `cargo xtask schemas`");
    assert!(file(page::PATH) == page::text(), "stale: run `cargo xtask schemas`");
}

#[test]
fn every_key_has_a_description_and_a_default_or_a_reason_for_none() {
    let schema = schema::schema();
    for (name, section) in schema["$defs"].as_object().unwrap() {
        for (key, part) in section["properties"].as_object().into_iter().flatten() {
            let about = part["description"].as_str().unwrap_or_default();
            assert!(about.len() > 5, "{name}.{key} has no description");
            let required =
                section["required"].as_array().is_some_and(|keys| keys.iter().any(|one| one == key));
            let says_none = about.contains("left out")
                || about.contains("without it")
                || about.contains("where the version")
                || name == "Secrets";
            assert!(
                required || !part["default"].is_null() || says_none,
                "{name}.{key}: what happens without it?"
            );
        }
    }
}

#[test]
fn the_schema_takes_what_the_program_takes_and_refuses_what_an_editor_can_see() {
    let validator = jsonschema::validator_for(schema::schema()).unwrap();
    let json = |text: &str| serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    assert!(validator.is_valid(&json(SHORTEST)));
    let secrets = "[secrets]\nadmin_password = { generate = true, rotation = 2 }\ndatabase_password = { command = [\"a\"] }\n";
    assert!(validator.is_valid(&json(&format!("{SHORTEST}{secrets}"))));
    for wrong in [
        "[servers]\ncuont = 2",
        "[servers]\ncount = 0",
        "[servers]\ncount = \"2\"",
        "application = \"moodel\"",
        "[network]\nweb_cidr = \"10.0.0.0\"",
        "[secrets]\nadmin_password = \"x\"",
        "[secrets]\nadmin_password = { env = \"A\", file = \"b\" }",
        "[secrets]\nadmin_password = {}",
    ] {
        let text = format!("{SHORTEST}{wrong}\n");
        assert!(!validator.is_valid(&json(&text)), "{wrong}");
        assert!(read(&text).2.has_errors(), "{wrong}");
    }
}

#[test]
fn every_code_has_its_section_in_the_book_and_every_section_its_code() {
    let book = file("docs/src/error-codes.md");
    let sections: Vec<&str> = book.split("\n## ").skip(1).collect();
    let mut described = BTreeSet::new();
    for section in &sections {
        let (heading, body) = section.split_once('\n').unwrap();
        let code = Code::ALL.iter().find(|code| heading.starts_with(code.as_str()));
        let code = code.unwrap_or_else(|| panic!("`{heading}` is the section of no code"));
        assert_eq!(heading, format!("{code}: {}", code.title()));
        for part in ["**What it means.**", "**Example.**", "**What to do.**"] {
            assert!(body.contains(part), "{code} lacks {part}");
        }
        assert!(described.insert(*code), "{code} is there twice");
    }
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !described.contains(code)).collect();
    assert!(missing.is_empty(), "without a section: {missing:?}");
    assert!(described.iter().is_sorted(), "sections are in the order of the codes");
}

/// The examples in the book's sections: a block `toml` is what is wrong, so it must give that code.
#[test]
fn every_example_of_the_book_gives_the_code_that_it_is_an_example_of() {
    let book = file("docs/src/error-codes.md");
    let mut tried = 0;
    for section in book.split("\n## ").skip(1) {
        let code = &section[..5];
        for block in section.split("```toml\n").skip(1) {
            let example = block.split("```").next().unwrap();
            let has_site = example.contains("[site]");
            let text = if has_site { example.to_owned() } else { format!("{example}\n{SHORTEST}") };
            let (file, _, diagnostics) = read(&text);
            let found: Vec<&str> = diagnostics.as_slice().iter().map(|one| one.code.as_str()).collect();
            assert_eq!(found, [code], "{}", diagnostics.render(&file));
            tried += 1;
        }
    }
    assert!(tried >= 20, "{tried}");
}
