//! Writes the JSON Schema of `moodle.toml` and its page of the book, both from the structs, and the picture in the book. With `--check` it only
//! compares, and fails when one is stale.
//!
//!     cargo run -p moodle-stack --example write_schema [-- --check]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a build tool: it reads and writes the workspace's own files and talks to a terminal"
)]

use std::path::Path;
use std::process::ExitCode;

use moodle_stack::config::{Config, page, schema};
use moodle_stack::picture::{self, Scene};

fn main() -> ExitCode {
    let is_check = std::env::args().any(|argument| argument == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let example = std::fs::read_to_string(root.join("examples/moodle-full.toml")).unwrap_or_default();
    let picture = match Config::parse(&example) {
        Ok(config) => picture::svg(&Scene::of(&config, Some(3))),
        Err(problems) => {
            eprintln!("examples/moodle-full.toml: {problems}");
            return ExitCode::FAILURE;
        }
    };
    let files = [(schema::PATH, schema::text()), (page::PATH, page::text()), (picture::BOOK_PATH, picture)];
    let mut stale = Vec::new();
    for (path, content) in files {
        let full = root.join(path);
        if std::fs::read_to_string(&full).is_ok_and(|there| there == content) {
            continue;
        }
        stale.push(path);
        if !is_check && let Err(error) = std::fs::write(&full, content) {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    }
    if is_check && !stale.is_empty() {
        eprintln!("stale, run `cargo xtask schemas`: {}", stale.join(", "));
        return ExitCode::FAILURE;
    }
    println!("moodle.toml: {} files written", stale.len());
    ExitCode::SUCCESS
}
