//! The program as a process: started, listened to, interrupted and killed.

mod chance;
mod folder;
mod served;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

pub(crate) use chance::Chance;
pub(crate) use folder::{Folder, Site};
pub(crate) use served::{Names, Served};

/// Longer than anything here takes: what is waited for so long will not come.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program, without what the environment of this test might tell it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oci-moodle"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OCI_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// How a run ended, and what it said.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Panics with everything that was said, unless it ended with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, what: &str) -> Self {
        let Self { status, stdout, stderr } = &self;
        assert_eq!(status.code(), Some(code), "{what}: {status}\n{}\n{stderr}", tail(stdout));
        self
    }
}

/// The last lines of a long text.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// A run that goes on, whose events are read as they come.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts it. With `--json` among its arguments, every line is an event.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut errors = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        Self { child, lines, seen: Vec::new(), stderr: Some(stderr) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line; `None` when there will be no more.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing is heard of it any more: {:?}", self.seen),
        }
    }

    /// The next event of one of these types; `None` when there will be no more.
    pub(crate) fn next_event(&mut self, types: &[&str]) -> Option<Json> {
        loop {
            let event: Json = serde_json::from_str(&self.next_line()?).unwrap();
            if types.contains(&event["type"].as_str().unwrap()) {
                return Some(event);
            }
        }
    }

    /// Lets it go on for `span`, or to its end if that comes first. Lines that come are kept.
    pub(crate) fn go_on(&mut self, span: Duration) {
        let until = Instant::now() + span;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push(line);
        }
    }

    /// Sends it a signal, by its name without `SIG`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let told =
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Kills it, as `kill -9` does. Whether it still lived.
    pub(crate) fn kill(mut self) -> (bool, Ended) {
        let lived = self.child.try_wait().unwrap().is_none();
        self.child.kill().unwrap();
        (lived, self.wait())
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        while self.next_line().is_some() {}
        let status = self.child.wait().unwrap();
        let stderr = self.stderr.take().unwrap().join().unwrap();
        Ended { status, stdout: self.seen.join("\n"), stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
