//! The real programs look at everything that is rendered: for each example, each branch, each kind of site, and [`SEEDS`]
//! random ones.
//!
//! Each test renders all servers into one folder of its own and runs its tool over all of them, so that the whole takes
//! seconds. A tool that is not there is installed, or the test says what is missing and ends (see [`test_support::debian`]).
#![expect(clippy::disallowed_methods, reason = "the test writes the files of servers for the real programs")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, where a failure to write a file ends the test")]
#![expect(clippy::print_stdout, reason = "a test says what it lacks")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use moodle_stack::server::{Rendered, ServerSpec, render};
use serde_json::Value;

use crate::samples::{of_each_branch, of_each_example, of_each_kind, random, secrets};

mod apache;
mod cloud_init;
mod configuration;
mod php;
mod shell;
mod systemd;

/// How many random servers are looked at. Their seeds are the numbers from 0: a failure names its own.
const SEEDS: u64 = 200;

/// One server.
struct Case {
    /// A name for folders and units, with the seed where there is one: `branch-3`, `kind-12`, `seed-77`.
    name: String,
    spec: ServerSpec,
    secrets: Value,
    rendered: Rendered,
}

impl Case {
    fn new(name: String, number: u64, spec: ServerSpec) -> Self {
        let rendered = render(&spec).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, spec, secrets: secrets(number), rendered }
    }

    fn file(&self, path: &str) -> &str {
        let file = self.rendered.files.get(path);
        &file.unwrap_or_else(|| panic!("{} has no {path}", self.name)).content
    }

    /// The files whose paths end so.
    fn files_ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let files = self.rendered.files.iter();
        files
            .filter(move |(path, _)| path.ends_with(ending))
            .map(|(path, file)| (path.as_str(), file.content.as_str()))
    }
}

fn cases() -> Vec<Case> {
    let numbered = |kind: &'static str, specs: Vec<ServerSpec>| {
        let case = move |(at, spec)| Case::new(format!("{kind}-{at}"), at, spec);
        (0..).zip(specs).map(case)
    };
    let seeds = (0..SEEDS).map(random).collect();
    numbered("example", of_each_example())
        .chain(numbered("branch", of_each_branch()))
        .chain(numbered("kind", of_each_kind()))
        .chain(numbered("seed", seeds))
        .collect()
}

/// Installs the tools, or says that they are missing: then the test ends here.
pub(crate) fn tools_are_here(packages: &[&str]) -> bool {
    match test_support::debian::install(packages) {
        Ok(()) => true,
        Err(missing) => {
            println!("not run: {missing}");
            false
        }
    }
}

/// A fresh folder for one test.
pub(crate) fn fresh_folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("server-tools").join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes a file and the folders that lead to it.
pub(crate) fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).unwrap();
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files by their content, so that what is the same for many servers is looked at once. A file is named after the first
/// server that has it.
#[derive(Default)]
struct Distinct {
    names: BTreeMap<String, String>,
}

impl Distinct {
    fn add(&mut self, case: &str, path: &str, content: &str) {
        let name = || format!("{case}{}", path.replace('/', "_"));
        self.names.entry(content.to_owned()).or_insert_with(name);
    }

    /// Whether nothing of this content has been seen so far.
    fn is_new(&mut self, content: &str) -> bool {
        self.names.insert(content.to_owned(), String::new()).is_none()
    }

    /// Writes them all into `folder`.
    fn write(&self, folder: &Path) -> Vec<PathBuf> {
        let one = |(content, name): (&String, &String)| {
            let path = folder.join(name);
            write(&path, content);
            path
        };
        self.names.iter().map(one).collect()
    }
}

/// Runs `program` with `arguments`, and with one of `items` behind them for each run; two runs at a time.
///
/// Panics with what it printed when one run fails.
fn for_each(program: &str, arguments: &[&str], items: &[PathBuf]) -> String {
    assert!(!items.is_empty(), "nothing was rendered for {program}");
    let mut list = Vec::new();
    for item in items {
        list.extend_from_slice(item.as_os_str().as_encoded_bytes());
        list.push(0);
    }
    let mut command = Command::new("xargs");
    command.args(["-0", "-n", "1", "-P", "2", program]).args(arguments);
    succeeds(&mut command, &list)
}

/// Runs it and returns its standard output; panics with all that it printed when it fails.
pub(crate) fn succeeds(command: &mut Command, input: &[u8]) -> String {
    let output = run(command, input);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, said(&output));
    String::from_utf8(output.stdout).expect("the tool prints text")
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    use std::io::Write as _;
    let started =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C.UTF-8");
    let mut process = started.spawn().unwrap_or_else(|error| panic!("{started:?}: {error}"));
    let mut standard_input = process.stdin.take().expect("it was asked for");
    // A tool that ends early closes it; its status says why.
    let _ = standard_input.write_all(input);
    drop(standard_input);
    process.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}", text(&output.stdout), text(&output.stderr))
}

/// Makes `NAME-cert.pem` and `NAME-key.pem`: a certificate that signs itself.
pub(crate) fn self_signed(folder: &Path, name: &str) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    openssl.args(["-days", "2", "-subj", "/CN=moodle.example.org", "-keyout"]);
    openssl.arg(folder.join(format!("{name}-key.pem")));
    openssl.arg("-out").arg(folder.join(format!("{name}-cert.pem")));
    succeeds(&mut openssl, b"");
}
