//! Code generation and the checks that CI runs: `cargo xtask help` lists them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a build tool: it reads and writes the workspace's own files and talks to a terminal"
)]

mod audit;
mod book;
mod codegen;
mod features;
mod layers;
mod mutants;
mod process;
mod spelling;

use std::process::ExitCode;

/// One thing that `cargo xtask` can do.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

const TASKS: &[Task] = &[
    Task { name: "test", about: "run every test (prepares the private Python by itself)", run: test },
    Task {
        name: "codegen",
        about: "write oci-client's services from schemas/ (--check: only compare)",
        run: codegen::run,
    },
    Task {
        name: "schemas",
        about: "write schemas/ and pages of the resource types and of moodle.toml (--check: only compare)",
        run: schemas,
    },
    Task { name: "features", about: "check oci-client with each service alone", run: features::check },
    Task { name: "layers", about: "check which crate may depend on which", run: layers::check },
    Task {
        name: "audit",
        about: "check licences, duplicates, sources and advisories of dependencies",
        run: audit::check,
    },
    Task {
        name: "mutants",
        about: "check that the tests catch deliberate faults in the reconciler",
        run: mutants::run,
    },
    Task { name: "spelling", about: "look for common misspellings", run: spelling::check },
    Task { name: "book", about: "check that the pages and links of docs/ hold together", run: book::check },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(task) = arguments.first().and_then(|name| TASKS.iter().find(|task| task.name == name)) else {
        eprintln!("usage: cargo xtask TASK\n");
        for task in TASKS {
            eprintln!("  {:10} {}", task.name, task.about);
        }
        return ExitCode::from(64);
    };
    match (task.run)(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("cargo xtask {}: {why}", task.name);
            ExitCode::FAILURE
        }
    }
}

/// Packages and those of their examples that write files of the workspace.
const WRITERS: &[(&str, &str)] = &[("oci-resources", "write_schemas"), ("moodle-stack", "write_schema")];

/// What is written from the code of crates above this one, by programs of those crates.
fn schemas(arguments: &[String]) -> Result<(), String> {
    for (package, program) in WRITERS {
        let mut cargo = process::cargo();
        cargo.args(["run", "--quiet", "--package", package, "--example", program, "--"]);
        cargo.args(arguments);
        process::run(&mut cargo)?;
    }
    Ok(())
}

/// The test command of the README, which CI calls too. Further arguments go to `cargo test`.
fn test(arguments: &[String]) -> Result<(), String> {
    // Made before the tests start, so that a missing Python is the first thing that is said.
    println!("private Python: {}", test_support::python().display());
    let mut cargo = process::cargo();
    // All that fails is told at once: another run of everything takes long.
    cargo.args(["test", "--workspace", "--all-features", "--no-fail-fast"]).args(arguments);
    process::run(&mut cargo)
}
