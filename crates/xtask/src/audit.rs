//! What our dependencies bring with them: licences, crates that are there twice, a second TLS or crypto stack,
//! sources other than crates.io, a newer Rust than we promise, and known advisories.
//!
//! All but the advisories are read from `cargo metadata`, so there is nothing to install. Advisories need
//! `cargo-audit` and a copy of the RustSec database: they are checked where both are, and it is said where not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::process;

/// Licences that we accept; of an expression with `OR` one of them is enough.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not be anywhere in the tree.
const REFUSED: &[(&str, &str)] = &[
    ("ring", "a second cryptography beside aws-lc"),
    ("openssl-sys", "a second TLS stack beside rustls"),
    ("native-tls", "a second TLS stack beside rustls"),
    ("serde_yml", "it has a soundness advisory"),
];

/// Crates that may be in the tree in two versions, each with its reason.
const TWICE: &[(&str, &str)] = &include!("audit_twice.in");

/// The first digits of a version, as numbers.
fn version(text: &str) -> Vec<u64> {
    text.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

pub(crate) fn check(_: &[String]) -> Result<(), String> {
    let metadata = process::output(process::cargo().args([
        "metadata",
        "--format-version",
        "1",
        "--all-features",
        "--locked",
    ]))?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;

    let built = built()?;
    let mut problems = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let promised = packages
        .iter()
        .find(|package| package["name"] == "world")
        .and_then(|package| package["rust_version"].as_str());
    let promised = version(promised.ok_or("the workspace states no rust-version")?);
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let of = format!("{name} {}", package["version"].as_str().unwrap_or_default());
        if !built.contains(&of) {
            continue;
        }
        versions.entry(name).or_default().insert(package["version"].as_str().unwrap_or_default());

        let licence = package["license"].as_str().unwrap_or_default();
        if !acceptable(licence) {
            problems.push(format!("{of}: licence `{licence}` is not on the list"));
        }
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            problems.push(format!("{of}: refused, {why}"));
        }
        if let Some(source) = package["source"].as_str()
            && !source.starts_with("registry+")
        {
            problems.push(format!("{of}: comes from {source}, not from the registry"));
        }
        if let Some(needs) = package["rust_version"].as_str()
            && version(needs) > promised
        {
            problems.push(format!("{of}: needs Rust {needs}, newer than the rust-version that we promise"));
        }
    }
    for (name, found) in &versions {
        let excused = TWICE.iter().any(|(excused, _)| excused == name);
        if found.len() > 1 && !excused {
            let found: Vec<&str> = found.iter().copied().collect();
            problems.push(format!(
                "{name}: there in {} versions ({}); excuse it in audit_twice.in with a reason, or unify",
                found.len(),
                found.join(", ")
            ));
        }
    }
    for (name, _) in TWICE {
        if versions.get(name).is_none_or(|found| found.len() < 2) {
            problems.push(format!(
                "{name}: excused in audit_twice.in, but no longer there twice; delete the line"
            ));
        }
    }
    if !problems.is_empty() {
        return Err(format!("{} problems:\n  {}", problems.len(), problems.join("\n  ")));
    }
    println!(
        "audit: {} packages: licences, duplicates, sources and Rust versions are in order",
        packages.len()
    );
    advisories()
}

/// The machines that we mean to run on. What the tree holds for others (Android, say) is not looked at.
const TARGETS: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

/// `name version` of all packages that are really built for our targets. The lock file and `cargo metadata` also
/// list what optional features of others would bring.
fn built() -> Result<BTreeSet<String>, String> {
    let mut cargo = process::cargo();
    cargo.args(["tree", "--workspace", "--all-features", "--edges", "all", "--prefix", "none"]);
    cargo.args(["--format", "{p}"]);
    for target in TARGETS {
        cargo.args(["--target", target]);
    }
    let tree = process::output(&mut cargo)?;
    let packages = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
    });
    Ok(packages.collect())
}

/// Whether a licence expression can be met with [`LICENCES`]. Handles what crates write in practice: `OR`, the
/// old `/`, `AND`, and parentheses around alternatives.
fn acceptable(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    split_outside(&expression, " AND ").iter().all(|part| {
        let part = part.trim();
        let inner = part.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        match inner {
            Some(inner) if balanced(inner) => acceptable(inner),
            _ => {
                let alternatives = split_outside(part, " OR ");
                if alternatives.len() > 1 {
                    alternatives.iter().any(|alternative| acceptable(alternative))
                } else {
                    LICENCES.contains(&part)
                }
            }
        }
    })
}

fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Splits at a separator that is not inside parentheses.
fn split_outside<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(separator) {
        if balanced(&text[start..at]) {
            parts.push(&text[start..at]);
            start = at + separator.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Known advisories, where a database is at hand. `.cargo/audit.toml` holds the exceptions with their reasons.
fn advisories() -> Result<(), String> {
    let database = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")))
        .map(|home| home.join("advisory-db"));
    let installed = Command::new("cargo")
        .args(["audit", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    match database {
        Some(database) if installed && database.is_dir() => process::run(
            process::cargo().args(["audit", "--no-fetch", "--deny", "warnings", "--db"]).arg(database),
        ),
        _ => {
            println!(
                "audit: advisories NOT checked: that needs `cargo install cargo-audit` and a copy of the RustSec \
                 database in ~/.cargo/advisory-db"
            );
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_are_judged_by_their_meaning() {
        let check =
            |expression: &str, expected: bool| assert_eq!(acceptable(expression), expected, "{expression}");
        check("MIT", true);
        check("MIT/Apache-2.0", true);
        check("GPL-3.0 OR MIT", true);
        check("GPL-3.0", false);
        check("(MIT OR Apache-2.0) AND Unicode-3.0", true);
        check("(MIT OR Apache-2.0) AND AGPL-3.0", false);
        check("ISC AND (Apache-2.0 OR ISC)", true);
        check(
            "ISC AND (Apache-2.0 OR ISC) AND Apache-2.0 AND MIT AND BSD-3-Clause AND (Apache-2.0 OR ISC OR MIT)",
            true,
        );
        check("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true);
        check("", false);
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("1.100") > version("1.89.0"));
        assert!(version("1.89") <= version("1.89.0"));
    }
}
