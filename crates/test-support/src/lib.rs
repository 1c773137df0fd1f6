//! What the tests of several crates need: a private Python with Oracle's own SDK and CLI in it, the
//! independent oracle that our signatures, models and mock are compared with; and Debian's packages, for
//! tests that run the programs that a server runs.
//!
//! Nothing here is part of the product. It touches the disk and starts processes, as tests do.
#![expect(clippy::disallowed_methods, reason = "test support prepares real files and processes")]

pub mod debian;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// The pinned packages of the private Python.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The private Python's folder, made on first use.
struct Python {
    bin: PathBuf,
}

/// The interpreter of a private Python that has the packages of `requirements.txt` (Oracle's SDK `oci` and
/// `oci-cli` among them).
///
/// The first caller makes the environment under `target/`; callers in other processes wait for it.
///
/// # Panics
/// When there is no usable Python 3 with `venv`, or the packages cannot be installed. The message says what
/// to install: a test that needs Python fails without it and is never skipped.
#[must_use]
pub fn python() -> PathBuf {
    environment().bin.join("python")
}

/// Oracle's command line, `oci`, from the same private Python. See [`python`].
///
/// # Panics
/// As [`python`].
#[must_use]
pub fn oci_cli() -> PathBuf {
    environment().bin.join("oci")
}

/// A command that runs `script` with the private Python, without user settings of any kind.
///
/// # Panics
/// As [`python`].
#[must_use]
pub fn python_command(script: &Path) -> Command {
    let mut command = Command::new(python());
    command.arg("-I").arg("-B").arg(script);
    // A developer's own OCI settings must not leak into a test.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OCI_") {
            command.env_remove(name);
        }
    }
    command
}

/// A script that answers one line for each line that it is given, in a process of its own.
///
/// A script that prints nothing before it answers cannot fall out of step.
pub struct Conversation {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Conversation {
    /// Starts `script` (its path from the workspace's root) with the private Python.
    ///
    /// # Panics
    /// As [`python`], and when the process does not start.
    #[must_use]
    pub fn start(script: &str) -> Self {
        let mut command = python_command(&workspace_root().join(script));
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let input = process.stdin.take().expect("its input was asked for");
        let output = BufReader::new(process.stdout.take().expect("its output was asked for"));
        Self { process, input, output }
    }

    /// Says `line` and returns the answer; an empty one when the script has ended.
    ///
    /// # Panics
    /// When the script does not listen any more. Why is on stderr.
    pub fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").and_then(|()| self.input.flush()).expect("the script listens");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("the script answers");
        answer
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // Its input ends with it; killing makes sure.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The workspace's root folder.
#[must_use]
pub fn workspace_root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent);
    crates.expect("this crate lies in crates/test-support").to_path_buf()
}

fn environment() -> &'static Python {
    static ENVIRONMENT: OnceLock<Python> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let folder = target_dir().join("python");
        match prepare(&folder) {
            Ok(python) => python,
            Err(why) => panic!(
                "cannot prepare a private Python for the tests in {}: {why}\n\
                 install Python 3.9 or newer with its venv module (Debian: apt-get install python3 python3-venv)",
                folder.display()
            ),
        }
    })
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace_root().join("target"), PathBuf::from)
}

fn prepare(folder: &Path) -> Result<Python, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let lock = File::create(folder.join("lock")).map_err(|error| format!("lock file: {error}"))?;
    lock.lock().map_err(|error| format!("lock file: {error}"))?;

    let environment = folder.join("env");
    let stamp = folder.join("installed");
    let python = Python { bin: environment.join(if cfg!(windows) { "Scripts" } else { "bin" }) };
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(python);
    }

    if environment.exists() {
        fs::remove_dir_all(&environment).map_err(|error| format!("{}: {error}", environment.display()))?;
    }
    run(Command::new("python3").arg("-m").arg("venv").arg(&environment))?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(|error| format!("{}: {error}", requirements.display()))?;
    run(Command::new(python.bin.join("python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&requirements))?;
    fs::write(&stamp, REQUIREMENTS).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("{shown} could not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{shown} failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_python_has_oracles_sdk_at_the_pinned_version() {
        let output =
            Command::new(python()).args(["-c", "import oci; print(oci.__version__)"]).output().unwrap();
        let version = String::from_utf8(output.stdout).unwrap();
        assert!(REQUIREMENTS.contains(&format!("oci=={}\n", version.trim())), "got {version:?}");
    }
}
