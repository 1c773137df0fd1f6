//! Wrong input of every kind: the program says what is wrong, where, and what to do, ends with 64 or 1, and changes nothing.

mod arguments;
mod clouds;
mod stack_files;
mod states;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::support::{Ended, Folder, Served, Site};

/// Virtual seconds in a real one, for the few cases that need a site that is there.
const TIME_SCALE: u32 = 250;

/// Something wrong, and what is said about it.
struct Case {
    name: &'static str,
    /// Makes it wrong.
    spoil: fn(&Folder),
    arguments: &'static [&'static str],
    code: i32,
    /// What stands in the message: the place, what is wrong there, and what to do.
    words: &'static [&'static str],
}

const APPLY: &[&str] = &["apply", "--auto-approve"];

fn nothing(_: &Folder) {}

/// The files of a folder, but for those that say that somebody was here.
fn files(folder: &Folder) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = folder.files();
    // The guard is what the lock is taken on. It is empty and stays.
    files.retain(|path, _| path.extension().is_none_or(|end| end != "guard"));
    files
}

/// Runs a case in a folder, and adds to `faults` what is wrong about the answer.
fn check(case: &Case, site: &Site, served: Option<&Served>, faults: &mut Vec<String>) {
    let Case { name, spoil, arguments, code, words } = case;
    spoil(&site.folder);
    let before = (files(&site.folder), served.map(Served::changes));
    let ended = site.run(arguments);
    let after = (files(&site.folder), served.map(Served::changes));
    let Ended { status, stderr, .. } = &ended;
    let mut wrong = Vec::new();
    if status.code() != Some(*code) {
        wrong.push(format!("{status}, and not {code}"));
    }
    wrong.extend(
        words.iter().filter(|word| !stderr.contains(**word)).map(|word| format!("`{word}` is not said")),
    );
    if after.1 != before.1 {
        wrong.push("something was changed in the cloud".to_owned());
    }
    let paths: BTreeSet<&PathBuf> = before.0.keys().chain(after.0.keys()).collect();
    let differs = |path: &&&PathBuf| before.0.get(**path) != after.0.get(**path);
    wrong.extend(paths.iter().filter(differs).map(|path| format!("{} is not as it was", path.display())));
    if !wrong.is_empty() {
        faults.push(format!("{name}: {}\n{stderr}", wrong.join(", ")));
    }
}

#[track_caller]
fn is_fine(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults\n\n{}", faults.len(), faults.join("\n\n"));
}

#[test]
fn there_are_at_least_fifty_cases() {
    let tables = [stack_files::CASES, arguments::CASES, clouds::CASES, states::CASES];
    let mut names: Vec<&str> = tables.iter().copied().flatten().map(|case| case.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two cases have one name");
    assert!(count >= 50, "{count}");
}
