//! Configuration files of random lines are read as Python's `configparser` reads them, errors included.
//!
//! `CONFIG_FILES` sets how many there are (1,000), `SEED` which ones.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]
#![expect(clippy::disallowed_methods, reason = "tests read their own environment")]

mod support;

use std::collections::BTreeMap;

use oci_client::credentials::{ConfigFile, DEFAULT_PROFILE};
use rand::{RngExt as _, SeedableRng, rngs::ChaCha8Rng};
use support::python_lines;

type Profiles = BTreeMap<String, BTreeMap<String, String>>;

const LINES: [&str; 34] = [
    "[DEFAULT]",
    "[DEFAULT]",
    "[A]",
    "[B]",
    "  [C]",
    "[a]b] rest",
    "[]",
    "[x",
    "a=1",
    "A : 2",
    "b = 3 = 4 : 5",
    "c:6=7",
    " d=8",
    "  continued",
    "\tcontinued=9",
    "    deeper",
    "",
    "",
    "   ",
    "# comment",
    "  # comment",
    "; comment",
    "e = # no comment",
    "f=",
    "novalue",
    "= 5",
    ":",
    "g ;h=1",
    "ü = ö",
    "[É]",
    "i\t=\tj  ",
    "key_file = ~/.oci/k.pem",
    "user=ocid1.user.oc1..a",
    "[DEFAULT ]",
];

fn random_text(random: &mut ChaCha8Rng) -> String {
    let ends = ["\n", "\n", "\n", "\r\n", "\r"];
    let mut text = String::new();
    // Most begin with a profile, so that they are not all refused at their first line.
    if random.random_bool(0.9) {
        text.push_str("[DEFAULT]\n");
    }
    for _ in 0..random.random_range(0..12) {
        text.push_str(LINES[random.random_range(0..LINES.len())]);
        text.push_str(ends[random.random_range(0..ends.len())]);
    }
    text
}

/// What we read, as Python shows it: `DEFAULT` is always there.
fn ours(text: &str) -> Option<Profiles> {
    let file = ConfigFile::parse(text.as_bytes()).ok()?;
    let mut profiles = Profiles::from([(DEFAULT_PROFILE.to_owned(), BTreeMap::new())]);
    for name in file.profile_names() {
        let profile = file.profile(name).unwrap();
        let values = profile.into_iter().map(|(name, setting)| (name, setting.value));
        profiles.insert(name.to_owned(), values.collect());
    }
    Some(profiles)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn random_files_are_read_as_python_reads_them() {
    let (count, seed) = (setting("CONFIG_FILES", 1000), setting("SEED", 7));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let texts: Vec<String> = (0..count).map(|_| random_text(&mut random)).collect();
    let lines: Vec<String> = texts.iter().map(|text| serde_json::to_string(text).unwrap()).collect();
    let mut read = 0;
    for (text, answer) in texts.iter().zip(python_lines("config_file.py", &lines)) {
        let theirs: Option<Profiles> = serde_json::from_str(&answer).unwrap();
        assert_eq!(ours(text), theirs, "seed {seed}, {text:?}");
        read += u64::from(theirs.is_some());
    }
    assert!(read > count / 10, "only {read} of {count} were valid, which shows too little");
}
