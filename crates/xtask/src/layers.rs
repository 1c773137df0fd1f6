//! Dependencies point downwards only. Which crate may not reach which, and why.

use std::collections::BTreeSet;

use crate::process;

/// Crates that mean "there is an HTTP client here".
const HTTP_CLIENTS: &[&str] = &["reqwest", "hyper", "hyper-util", "rustls", "ureq"];

/// One rule: what must not be found below a crate.
struct Rule {
    /// The crate that is looked at.
    package: &'static str,
    /// Further arguments of `cargo tree`: features, kinds of edges.
    tree: &'static [&'static str],
    /// What must not be below it.
    forbidden: &'static [&'static str],
    why: &'static str,
}

const NORMAL: &[&str] = &["--edges", "normal,build"];
const ALL: &[&str] = &["--edges", "all"];

const RULES: &[Rule] = &[
    Rule {
        package: "world",
        tree: ALL,
        forbidden: &["oci-client", "oci-mock", "reconcile"],
        why: "it is the ground",
    },
    Rule { package: "reconcile", tree: NORMAL, forbidden: HTTP_CLIENTS, why: "the engine knows no HTTP" },
    Rule {
        package: "reconcile",
        tree: ALL,
        forbidden: &["oci-client", "oci-mock", "oci-resources", "moodle-stack"],
        why: "the engine knows no cloud, not even in its tests",
    },
    Rule {
        package: "oci-client",
        tree: &["--edges", "normal,build", "--no-default-features", "--features", "aws-lc,all-services"],
        forbidden: HTTP_CLIENTS,
        why: "without its feature `http` the client has no HTTP client below it",
    },
    Rule {
        package: "oci-client",
        tree: ALL,
        forbidden: &["reconcile", "oci-mock", "oci-resources", "moodle-stack"],
        why: "the client knows no graph, and the mock must not share its mistakes",
    },
    Rule {
        package: "oci-resources",
        tree: NORMAL,
        forbidden: &["oci-mock", "moodle-stack", "oci-moodle"],
        why: "resource modules know no stack, and the mock is for their tests",
    },
    Rule {
        package: "moodle-stack",
        tree: NORMAL,
        forbidden: &["oci-mock", "oci-moodle"],
        why: "the stack does not know which cloud it is built in",
    },
    Rule {
        package: "oci-mock",
        tree: ALL,
        forbidden: &["oci-client", "reconcile", "oci-resources", "moodle-stack"],
        why: "mock and client share facts, never code",
    },
];

/// Members that do not exist yet may be named in a rule, but every rule's own package must exist.
pub(crate) fn check(_: &[String]) -> Result<(), String> {
    let mut broken = Vec::new();
    for rule in RULES {
        let found = below(rule)?;
        for forbidden in rule.forbidden {
            if found.contains(*forbidden) {
                broken.push(format!(
                    "`{}` reaches `{forbidden}` ({}): cargo tree -p {} {} -i {forbidden}",
                    rule.package,
                    rule.why,
                    rule.package,
                    rule.tree.join(" ")
                ));
            }
        }
    }
    if broken.is_empty() {
        println!("layers: {} rules hold", RULES.len());
        return Ok(());
    }
    Err(format!("the layers are broken:\n  {}", broken.join("\n  ")))
}

/// The names of all crates below a rule's package, the package itself left out.
fn below(rule: &Rule) -> Result<BTreeSet<String>, String> {
    let mut cargo = process::cargo();
    cargo.args(["tree", "--prefix", "none", "--format", "{p}", "--package", rule.package]).args(rule.tree);
    let tree = process::output(&mut cargo)?;
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let names: BTreeSet<String> = names.filter(|name| *name != rule.package).map(str::to_owned).collect();
    if names.is_empty() {
        return Err(format!(
            "cargo tree shows nothing below `{}`: the check would prove nothing",
            rule.package
        ));
    }
    Ok(names)
}
