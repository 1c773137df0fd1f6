//! Writes `schemas/resources/`, `schemas/data-sources/`, a page of the book for each type, and their lines in its summary;
//! all from the modules themselves. With `--check` it only compares, and fails when something is stale.
//!
//!     cargo xtask schemas [--check]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a build tool: it reads and writes the workspace's own files and talks to a terminal"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use oci_client::model::ModelFacts;
use oci_resources::module::{Api, ResourceModule};
use reconcile::provider::ResourceType;

/// The lines of the summary that are ours stand between this heading and the next one.
const HEADING: &str = "# Resource types";

fn main() -> ExitCode {
    let is_check = std::env::args().any(|argument| argument == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match run(&root, is_check) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, is_check: bool) -> Result<String, String> {
    let files = files(root)?;
    let mut stale = Vec::new();
    for (path, content) in &files {
        let full = root.join(path);
        if std::fs::read_to_string(&full).ok().as_ref() == Some(content) {
            continue;
        }
        stale.push(path.display().to_string());
        if !is_check {
            let folder = full.parent().ok_or("a file has a folder")?;
            std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
            std::fs::write(&full, content).map_err(|error| format!("{}: {error}", full.display()))?;
        }
    }
    for folder in ["schemas/resources", "schemas/data-sources", "docs/src/resources"] {
        for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
            let path = Path::new(folder).join(entry.file_name());
            if !files.contains_key(&path) {
                stale.push(format!("{} (of no type)", path.display()));
                if !is_check {
                    std::fs::remove_file(root.join(&path)).map_err(|error| error.to_string())?;
                }
            }
        }
    }
    match (stale.is_empty(), is_check) {
        (true, _) => Ok(format!("schemas: {} files are fresh", files.len())),
        (false, true) => Err(format!("stale, run `cargo xtask schemas`:\n  {}", stale.join("\n  "))),
        (false, false) => Ok(format!("schemas: {} of {} files written", stale.len(), files.len())),
    }
}

fn files(root: &Path) -> Result<BTreeMap<PathBuf, String>, String> {
    let mut resources: Vec<(ResourceType, &dyn ResourceModule)> =
        oci_resources::modules().map(|module| (module.resource_type(), module)).collect();
    resources.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let mut sources: Vec<ResourceType> =
        oci_resources::data_sources().map(|source| source.data_type()).collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let mut files = BTreeMap::new();
    let mut lines = String::new();
    for (resource_type, module) in &resources {
        let name = &resource_type.name;
        files.insert(format!("schemas/resources/{name}.json").into(), json(resource_type));
        files.insert(format!("docs/src/resources/{name}.md").into(), page(resource_type, *module));
        let _ = writeln!(lines, "  - [{name}](resources/{name}.md)");
    }
    for source in &sources {
        let name = &source.name;
        files.insert(format!("schemas/data-sources/{name}.json").into(), json(source));
        files.insert(format!("docs/src/resources/data-{name}.md").into(), source_page(source));
        let _ = writeln!(lines, "  - [{name} (data source)](resources/data-{name}.md)");
    }
    files.insert("docs/src/resources/index.md".into(), index(&resources, &sources));
    let summary = root.join("docs/src/SUMMARY.md");
    let summary = std::fs::read_to_string(summary).map_err(|error| error.to_string())?;
    let lines = format!("\n- [All types, and what they cover](resources/index.md)\n{lines}\n");
    files.insert("docs/src/SUMMARY.md".into(), with_lines(&summary, &lines)?);
    Ok(files)
}

/// The summary with our lines in place of those that stood there.
fn with_lines(summary: &str, lines: &str) -> Result<String, String> {
    let start = summary.find(HEADING).ok_or(format!("SUMMARY.md has no `{HEADING}`"))? + HEADING.len() + 1;
    let end = summary[start..].find("\n# ").map_or(summary.len(), |at| start + at + 1);
    Ok(format!("{}{lines}{}", &summary[..start], &summary[end..]))
}

fn json(resource_type: &ResourceType) -> String {
    let mut json = resource_type.schema.to_json();
    json["title"] = serde_json::Value::from(&*resource_type.name);
    format!("{json:#}\n")
}

const GENERATED: &str = "<!-- Written by `cargo xtask schemas` from the module. Do not edit. -->\n\n";

fn page(resource_type: &ResourceType, module: &dyn ResourceModule) -> String {
    let mut page = format!("{GENERATED}# {}\n\n", resource_type.name);
    if let Some(description) = resource_type.schema.description() {
        let _ = writeln!(page, "{description}\n");
    }
    let lifecycle = module.lifecycle();
    let seconds = |duration: std::time::Duration| words(duration.as_secs());
    let (expected, limit) = (resource_type.expected, resource_type.limit);
    let _ = writeln!(page, "| operation | expected | limit |\n|---|---|---|");
    for (operation, expected, limit) in [
        ("create", expected.create, limit.create),
        ("update", expected.update, limit.update),
        ("delete", expected.delete, limit.delete),
    ] {
        let _ = writeln!(page, "| {operation} | {} | {} |", seconds(expected), seconds(limit));
    }
    let states = |states: &[&str]| {
        if states.is_empty() { "none".to_owned() } else { format!("`{}`", states.join("`, `")) }
    };
    let _ = writeln!(
        page,
        "\nStates: whole in {}; failed in {}; gone in {}. Any other is waited through.\n",
        states(lifecycle.until),
        states(lifecycle.failed),
        states(lifecycle.gone)
    );
    if resource_type.holds_data {
        page.push_str("It holds data: it is never replaced or deleted without consent that names it.\n\n");
    }
    if resource_type.has_health {
        page.push_str("It has a health: a rolling replacement waits for it.\n\n");
    }
    let _ = writeln!(page, "## Attributes\n\n{}", resource_type.schema.to_markdown());
    page.push_str(&coverage(&module.api()));
    page.trim_end().to_owned() + "\n"
}

/// How the type stands to Oracle's models.
fn coverage(api: &Api) -> String {
    let mut text = format!("## In Oracle's API\n\nService `{}`.\n\n", api.service);
    for (what, facts) in [("Created with", api.create), ("Updated with", api.update)] {
        if let Some(facts) = facts {
            let (covered, all) = counted(facts, api);
            let _ = writeln!(text, "- {what} `{}`: {covered} of {all} fields are attributes.", facts.name);
        }
    }
    if !api.elsewhere.is_empty() {
        text.push_str("\n| attribute | goes by |\n|---|---|\n");
        for (attribute, way) in api.elsewhere {
            let _ = writeln!(text, "| `{attribute}` | {way} |");
        }
    }
    if !api.left_out.is_empty() {
        text.push_str("\n| field left to `raw` | |\n|---|---|\n");
        for (field, why) in api.left_out {
            let _ = writeln!(text, "| `{field}` | {why} |");
        }
    }
    text
}

fn counted(facts: &ModelFacts, api: &Api) -> (usize, usize) {
    let left_out = |field: &str| api.left_out.iter().any(|(name, _)| *name == field);
    let covered = facts.fields.iter().filter(|field| !left_out(field.name)).count();
    (covered, facts.fields.len())
}

fn source_page(source: &ResourceType) -> String {
    let mut page = format!("{GENERATED}# {} (data source)\n\n", source.name);
    if let Some(description) = source.schema.description() {
        let _ = writeln!(page, "{description}\n");
    }
    let _ = writeln!(page, "{}", source.schema.to_markdown());
    page.trim_end().to_owned() + "\n"
}

fn index(resources: &[(ResourceType, &dyn ResourceModule)], sources: &[ResourceType]) -> String {
    let mut page = format!(
        "{GENERATED}# All types, and what they cover\n\nTypes and attributes have the names of Oracle's Terraform provider. What a type leaves out of\n\
         Oracle's models can be given under `raw`, by Oracle's names: it is passed on, compared and remembered.\n\n\
         | type | fields to create | fields to update | left to `raw` |\n|---|---|---|---|\n"
    );
    for (resource_type, module) in resources {
        let api = module.api();
        let count = |facts: Option<&'static ModelFacts>| {
            facts.map_or_else(String::new, |facts| {
                let (covered, all) = counted(facts, &api);
                format!("{covered} of {all}")
            })
        };
        let left: Vec<String> = api.left_out.iter().map(|(field, _)| format!("`{field}`")).collect();
        let _ = writeln!(
            page,
            "| [{name}]({name}.md) | {} | {} | {} |",
            count(api.create),
            count(api.update),
            left.join(" "),
            name = resource_type.name
        );
    }
    page.push_str("\n## Data sources\n\n");
    for source in sources {
        let _ = writeln!(page, "- [{name}](data-{name}.md)", name = source.name);
    }
    page
}

fn words(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
