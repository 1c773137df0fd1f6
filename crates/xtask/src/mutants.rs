//! Deliberate faults, each of which the tests must catch: `cargo xtask mutants`.
//!
//! A mutant is a file in `crates/reconcile/tests/mutants/`: which text of which file is replaced by what, and which tests
//! must fail then. It is applied to a copy of the workspace. One that no longer applies is a failure, so that none goes
//! stale in silence.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use crate::process;

/// Where the mutants are described.
const FOLDER: &str = "crates/reconcile/tests/mutants";

/// A deliberate fault.
struct Mutant {
    name: String,
    /// What is wrong with it, for the table.
    about: String,
    file: PathBuf,
    /// Arguments of `cargo test` that choose the tests that must fail.
    tests: Vec<String>,
    from: String,
    to: String,
}

/// Applies each mutant (or those whose name contains an argument) and runs its tests.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let root = test_support::workspace_root();
    let mutants = read_all(&root.join(FOLDER))?;
    let chosen: Vec<&Mutant> = mutants
        .iter()
        .filter(|mutant| arguments.is_empty() || arguments.iter().any(|part| mutant.name.contains(part)))
        .collect();
    if chosen.is_empty() {
        return Err("no mutant has such a name".to_owned());
    }
    let tree = root.join("target/mutants/tree");
    copy_workspace(&root, &tree)?;
    // All are applied once before any is run: a stale one is told at once.
    for mutant in &chosen {
        mutant.apply(&tree)?;
        mutant.undo(&root, &tree)?;
    }
    let mut survivors = Vec::new();
    println!("{:32} {:9} {:>5}  what is wrong with it", "mutant", "", "s");
    let mut tests: Vec<&[String]> = chosen.iter().map(|mutant| mutant.tests.as_slice()).collect();
    tests.sort_unstable();
    tests.dedup();
    for arguments in tests {
        if !passes(&tree, arguments, "sound")? {
            return Err(format!(
                "the tests {arguments:?} fail without any mutant; see target/mutants/sound.log"
            ));
        }
    }
    for mutant in chosen {
        let started = Instant::now();
        mutant.apply(&tree)?;
        let survived = passes(&tree, &mutant.tests, &mutant.name)?;
        mutant.undo(&root, &tree)?;
        let verdict = if survived { "SURVIVED" } else { "caught" };
        println!("{:32} {verdict:9} {:>5}  {}", mutant.name, started.elapsed().as_secs(), mutant.about);
        if survived {
            survivors.push(mutant.name.clone());
        }
    }
    if survivors.is_empty() { Ok(()) } else { Err(format!("survived: {}", survivors.join(", "))) }
}

impl Mutant {
    /// Reads the description of a mutant: lines `name: value`, then the text before and after `=====`.
    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("{FOLDER}/{name}: {why}");
        let (head, change) = text.split_once("\n\n").ok_or_else(|| wrong("the blank line is missing"))?;
        let field = |field: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(": "));
            line.map(str::to_owned).ok_or_else(|| wrong(&format!("`{field}:` is missing")))
        };
        let (from, to) = change.split_once("=====\n").ok_or_else(|| wrong("`=====` is missing"))?;
        Ok(Self {
            name: name.trim_end_matches(".txt").to_owned(),
            about: field("about")?,
            file: field("file")?.into(),
            tests: field("tests")?.split(' ').map(str::to_owned).collect(),
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }

    fn apply(&self, tree: &Path) -> Result<(), String> {
        let path = tree.join(&self.file);
        let text = read(&path)?;
        match text.matches(&self.from).count() {
            1 => write(&path, &text.replacen(&self.from, &self.to, 1)),
            count => Err(format!(
                "{}: its text is {count} times in {}, and not once; bring it up to date",
                self.name,
                self.file.display()
            )),
        }
    }

    fn undo(&self, root: &Path, tree: &Path) -> Result<(), String> {
        write(&tree.join(&self.file), &read(&root.join(&self.file))?)
    }
}

fn read_all(folder: &Path) -> Result<Vec<Mutant>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut mutants = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".txt") {
            mutants.push(Mutant::parse(&name, &read(&path)?)?);
        }
    }
    mutants.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(mutants)
}

/// Copies what git knows or would know of, so that a change that is not committed yet counts.
fn copy_workspace(root: &Path, tree: &Path) -> Result<(), String> {
    let mut git = std::process::Command::new("git");
    git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let listed = git.output().map_err(|error| format!("git: {error}"))?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    let names: BTreeSet<&str> =
        listed.split('\0').filter(|name| !name.is_empty() && root.join(name).exists()).collect();
    remove_others(tree, tree, &names)?;
    for name in names {
        let (from, to) = (root.join(name), tree.join(name));
        let Ok(content) = fs::read(&from) else { continue };
        // What has not changed keeps its time, so that it is not built again.
        if fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        let folder = to.parent().unwrap_or(tree);
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        fs::write(&to, content).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// Removes what an earlier copy had and the workspace no longer has: a file that was moved would be there twice.
fn remove_others(tree: &Path, folder: &Path, names: &BTreeSet<&str>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.is_dir() {
            remove_others(tree, &path, names)?;
            continue;
        }
        let name = path.strip_prefix(tree).map(|name| name.to_string_lossy()).unwrap_or_default();
        if !names.contains(&*name) {
            fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// Whether the tests pass. A mutant that does not compile is an error, not a catch.
fn passes(tree: &Path, tests: &[String], log: &str) -> Result<bool, String> {
    let log = tree.with_file_name(format!("{log}.log"));
    let run = |extra: &[&str]| {
        let output = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let errors = output.try_clone().map_err(|error| error.to_string())?;
        let mut cargo = process::cargo();
        cargo
            .current_dir(tree)
            .env("CARGO_TARGET_DIR", tree.with_file_name("target"))
            .env("RUST_BACKTRACE", "0")
            .env("RECONCILE_SIM_SHRINK", "0")
            .args(["test", "-p", "reconcile"])
            .args(extra)
            .args(tests)
            .stdout(Stdio::from(output))
            .stderr(Stdio::from(errors));
        Ok::<_, String>(cargo.status().map_err(|error| error.to_string())?.success())
    };
    if !run(&["--no-run"])? {
        return Err(format!("it does not compile; see {}", log.display()));
    }
    run(&[])
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
