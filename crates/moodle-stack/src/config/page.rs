//! The book's page on `moodle.toml`, written from the schema.

use std::fmt::Write as _;

use serde_json::Value;

use super::read::range;
use super::{Size, schema};

/// Where the page lies in the repository.
pub const PATH: &str = "docs/src/moodle-toml.md";

const TOP: &str = "\
<!-- Written by `cargo xtask schemas` from the structs in moodle_stack::config. Do not edit. -->

# moodle.toml

The one file that says what you want. The shortest one that works:

```toml
[site]
name = \"campus\"
admin_email = \"it@example.org\"
```

Everything else has a default that a careful administrator would choose: two servers, a database that survives the loss of a data
centre, backups and snapshots for two weeks, nothing that holds data deleted without consent, SSH closed. The
repository's folder `examples/` has some files to begin with.

`oci-moodle validate` checks it, and so does every other verb (`moodle_stack::config::load` in a program): everything that is wrong is found in
one go, with line, column and [code](error-codes.md), without a cloud. [What is built](stack.md) from it is a page of its own. For completion and checks while you type, let your editor know the schema, `schemas/moodle.toml.json` in the repository. Taplo and what builds on
it (VS Code's Even Better TOML) take its path or address from a first line such as `#:schema ./schemas/moodle.toml.json`.

# SIZES

`site.size` says what the keys are that you leave out. What you write yourself wins.

";

const SECRETS: &str = "
A secret is never written into this file; the file says where it comes from:

| | |
|---|---|
| `{ env = \"NAME\" }` | from an environment variable |
| `{ file = \"PATH\" }` | from a file, without the end of its last line |
| `{ command = [\"pass\", \"show\", \"moodle\"] }` | what a program writes to its standard output, without the end of its last line |
| `{ generate = true }` | made from the key that lies beside the state, and stored nowhere. `rotation = 1`, then 2, makes a new one |

A password that you give yourself must have 8 to 32 characters with a digit, a small and a capital letter and a special one, or the
database refuses it.
";

/// The sections, as they would stand in a file. One that is not here comes last.
const ORDER: [&str; 11] = [
    "site",
    "cloud",
    "network",
    "servers",
    "database",
    "storage",
    "load_balancer",
    "tls",
    "secrets",
    "tags",
    "defined_tags",
];

/// The page.
#[must_use]
pub fn text() -> String {
    let (top, _) = TOP.split_once("# SIZES").expect("the top has a place for the sizes");
    let mut page = top.to_owned();
    sizes(&mut page);
    let schema = schema::schema();
    let sections = schema["properties"].as_object().into_iter().flatten();
    let mut sections: Vec<_> = sections.collect();
    sections.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()));
    for (name, part) in sections {
        section(&mut page, name, part);
    }
    page
}

fn sizes(page: &mut String) {
    page.push_str("## Sizes\n\n`site.size` says what the keys are that you leave out. What you write yourself wins.\n\n");
    page.push_str("| size | meant for | servers | database |\n|---|---|---|---|\n");
    let choices = schema::choices(&schema::schema()["$defs"]["Size"]).unwrap_or_default();
    for (size, (name, about)) in Size::ALL.into_iter().zip(choices) {
        let keys: toml::Table = size.keys().parse().expect("the keys of a size are TOML");
        let (servers, database) = (&keys["servers"], &keys["database"]);
        let _ = writeln!(
            page,
            "| `{name}` | {} | {} with {} OCPUs and {} GB each | `{}`, {} GB, {} read replicas |",
            about.trim_end_matches('.'),
            servers["count"],
            servers["ocpus"].as_float().unwrap_or_default(),
            servers["memory_in_gbs"].as_float().unwrap_or_default(),
            database["shape"].as_str().unwrap_or_default(),
            database["storage_in_gbs"],
            database["replicas"],
        );
    }
}

fn section(page: &mut String, name: &str, part: &'static Value) {
    let resolved = schema::resolved(part);
    let about = part["description"].as_str().or(resolved["description"].as_str()).unwrap_or_default();
    let _ = writeln!(page, "\n## [{name}]\n\n{}", paragraph(about));
    if name == "secrets" {
        page.push_str(SECRETS);
    }
    let Some(keys) = resolved["properties"].as_object() else { return };
    page.push_str("\n| key | value | when left out | what it is |\n|---|---|---|---|\n");
    let required = |key: &str| {
        resolved["required"].as_array().is_some_and(|required| required.iter().any(|one| one == key))
    };
    for (key, part) in keys {
        let default = match &part["default"] {
            _ if required(key) => "**must be there**".to_owned(),
            Value::Null if name == "secrets" => "generated".to_owned(),
            Value::Null => String::new(),
            default => format!("`{default}`"),
        };
        let about = paragraph(part["description"].as_str().unwrap_or_default());
        let _ = writeln!(page, "| `{key}` | {} | {default} | {about} |", kind(part));
    }
}

/// A type in plain words, with what it may be.
fn kind(part: &'static Value) -> String {
    let resolved = schema::resolved(part);
    if resolved["x-secret"] == true {
        return "where it comes from".to_owned();
    }
    if let Some(choices) = schema::choices(resolved) {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("`\"{name}\"`")).collect();
        return names.join(", ");
    }
    let format = resolved["format"].as_str().unwrap_or_default();
    match resolved["type"].as_str().unwrap_or_default() {
        "integer" | "number" => range(resolved).unwrap_or_else(|| "number".to_owned()),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => format!("list of: {}", kind(&resolved["items"])),
        _ => match format {
            "cidr" => "address range".to_owned(),
            "" | "line" => "text".to_owned(),
            ocid if ocid.starts_with("ocid-") => "OCID".to_owned(),
            other => other.replace('-', " "),
        },
    }
}

/// A doc comment in one line of a table.
fn paragraph(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
