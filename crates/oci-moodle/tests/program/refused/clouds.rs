//! Clouds that cannot be reached, and credentials that are no good.

use std::fs;
use std::path::Path;

use super::{Case, Folder, Served, Site, TIME_SCALE, check, is_fine};

/// A configuration file in whose first profile these lines stand instead of those that begin as they do.
fn configure(folder: &Folder, lines: &[&str]) {
    let mut text = fs::read_to_string(folder.path("good")).unwrap();
    for new in lines {
        let key = new.split('=').next().unwrap();
        let old = text.lines().find(|line| line.split('=').next().unwrap().trim() == key).unwrap().to_owned();
        text = text.replacen(&format!("\n{old}\n"), &format!("\n{new}\n"), 1);
    }
    folder.write("config", text);
}

macro_rules! configured {
    ($name:literal, $code:literal, $lines:expr, $($word:literal),+) => {
        Case {
            name: $name,
            spoil: |folder| configure(folder, &$lines),
            arguments: &["apply", "--auto-approve", "--config-file", "config"],
            code: $code,
            words: &[$($word),+],
        }
    };
}

pub(super) const CASES: &[Case] = &[
    configured!("a key that is not there", 64, ["key_file=none.pem"], "none.pem", "No such file", "hint: "),
    configured!("a key that is a folder", 64, ["key_file=."], "directory", "hint: "),
    configured!("an API key that is none", 64, ["key_file=config"], "config", "hint: "),
    configured!("a key without its fingerprint", 64, ["fingerprint="], "fingerprint", "hint: "),
    configured!("a user that is none", 64, ["user=me"], "user", "hint: "),
    configured!("another user's key", 1, ["user=ocid1.user.oc1..aaaaaaaastranger"], "401", "hint: "),
    Case {
        name: "no configuration file",
        spoil: |_| (),
        arguments: &["apply", "--auto-approve", "--config-file", "none"],
        code: 64,
        words: &["none", "No such file", "hint: ", "--mock"],
    },
    Case {
        name: "a configuration file that is none",
        spoil: |folder| folder.write("config", "{\"not\": \"ini\"}"),
        arguments: &["apply", "--auto-approve", "--config-file", "config"],
        code: 64,
        words: &["config", "hint: "],
    },
    Case {
        name: "a profile that is not there",
        spoil: |folder| configure(folder, &[]),
        arguments: &["apply", "--auto-approve", "--config-file", "config", "--profile", "WORK"],
        code: 64,
        words: &["WORK", "DEFAULT", "hint: "],
    },
];

/// A site in a folder with a good configuration file, which the case spoils.
fn site(served: &Served, credentials: &str) -> Site {
    let site = Site::lean(&["--endpoint".to_owned(), served.base_url.clone()]);
    site.folder.write("good", fs::read_to_string(Path::new(credentials)).unwrap());
    site
}

#[test]
fn wrong_credentials_are_refused_and_change_nothing() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let config = cloud.last().unwrap();
    let mut faults = Vec::new();
    for case in CASES {
        check(case, &site(&served, config), Some(&served), &mut faults);
    }
    is_fine(&faults);
}

#[test]
fn a_cloud_that_nobody_serves_is_a_failure_that_names_it() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let site = site(&served, cloud.last().unwrap());
    configure(&site.folder, &[]);
    // It listened there a moment ago.
    let gone = served.base_url.clone();
    let _folder = served.leave();
    let before = site.folder.files();
    let ended = site.run(&["plan", "--config-file", "config"]).expect(1, "nobody is there");
    for word in [&*gone, "refused", "error: ", "hint: "] {
        assert!(ended.stderr.contains(word), "`{word}` is not said: {}", ended.stderr);
    }
    assert_eq!(site.folder.files(), before);
}
