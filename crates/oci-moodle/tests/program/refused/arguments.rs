//! Arguments that are wrong by themselves.

use super::{Case, Site, check, is_fine, nothing};

macro_rules! wrong {
    ($name:literal, $arguments:expr, $($word:literal),+) => {
        Case { name: $name, spoil: nothing, arguments: &$arguments, code: 64, words: &[$($word),+] }
    };
}

pub(super) const CASES: &[Case] = &[
    wrong!("no verb that is known", ["aply"], "aply", "apply"),
    wrong!("an option that is not known", ["apply", "--auto-aprove"], "--auto-aprove", "--auto-approve"),
    wrong!("an argument too many", ["plan", "extra"], "extra"),
    wrong!("a pace that is none", ["plan", "--mock", "--time-scale=-1"], "--time-scale"),
    wrong!("a seed that is none", ["plan", "--mock", "--seed", "red"], "--seed", "red"),
    wrong!(
        "two clouds at once",
        ["plan", "--mock", "--endpoint", "http://127.0.0.1:1"],
        "--mock",
        "--endpoint"
    ),
    wrong!("a log level that is none", ["plan", "--log", "loud"], "loud", "trace"),
    wrong!("a colour that is none", ["plan", "--color", "blue"], "blue", "always"),
    wrong!("a shell that is not known", ["completions", "dosh"], "dosh", "bash"),
    wrong!("apply without a terminal", ["apply", "--mock"], "apply", "terminal", "hint: ", "--auto-approve"),
    wrong!(
        "destroy without a terminal",
        ["destroy", "--mock"],
        "destroy",
        "terminal",
        "hint: ",
        "--auto-approve"
    ),
    wrong!("init without answers", ["init", "-c", "new.toml"], "--name"),
    wrong!(
        "init over a file",
        ["init", "--name", "a", "--admin-email", "a@example.org"],
        "could not write moodle.toml",
        "exists",
        "hint: "
    ),
    wrong!(
        "init with a wrong answer",
        ["init", "-c", "new.toml", "--name", "A B", "--admin-email", "a@example.org"],
        "site.name"
    ),
    wrong!(
        "a type that is not known",
        ["schema", "oci_core_vnc"],
        "oci_core_vnc",
        "did you mean `oci_core_vcn`"
    ),
    wrong!("an address that is none", ["state", "show", "oci_core_vcn"], "`oci_core_vcn`", "address"),
    wrong!("an address that is none to replace", ["plan", "--mock", "--replace", "a b"], "`a b`", "address"),
    wrong!("a pattern without a text", ["plan", "--mock", "--only", ""], "pattern", "empty"),
    wrong!("no state to look at", ["state", "list"], ".oci-moodle/state.json", "hint: ", "oci-moodle apply"),
    wrong!("no state with an output", ["output", "url"], ".oci-moodle/state.json", "hint: "),
    wrong!(
        "an endpoint that is no address",
        ["plan", "--endpoint", "nowhere at all"],
        "--endpoint",
        "nowhere at all"
    ),
    wrong!("an endpoint that is no web address", ["plan", "--endpoint", "ftp://example.org"], "--endpoint"),
    wrong!(
        "a plan that is not there",
        ["apply", "none.plan", "--mock", "--auto-approve"],
        "none.plan",
        "No such file"
    ),
    wrong!(
        "a mock that listens nowhere",
        ["mock", "serve", "--listen", "somewhere"],
        "--listen",
        "somewhere"
    ),
    wrong!("faults that are not there", ["mock", "serve", "--faults", "none.json"], "none.json"),
];

#[test]
fn wrong_arguments_are_refused_and_change_nothing() {
    let mut faults = Vec::new();
    for case in CASES {
        check(case, &Site::lean(&[]), None, &mut faults);
    }
    is_fine(&faults);
}
