//! The stage of one test: it runs again as the first process of new process, network and mount namespaces.
//!
//! So its servers have the addresses and ports of production, and whatever happens to the test, the kernel ends all of its
//! processes and unmounts all of its files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use test_support::debian;

/// Tells the inner run of a test which one it is.
const INSIDE: &str = "SERVERS_LIVE_INSIDE";
/// What the inner run says when it has come to its end. Without it, a misspelt name would pass.
const DONE: &str = "the stage was played to its end";
/// How long a stage may take at most, on a machine that is busy with other things too.
const LIMIT: Duration = Duration::from_secs(400);
/// Where the stage keeps its files: in memory.
const FOLDER: &str = "/mnt";

/// Every address that a test uses, as the subnets of a stack have them.
pub(crate) const PRIMARY: &str = "10.0.2.10";
pub(crate) const REPLICA: &str = "10.0.2.20";
pub(crate) const MEMBERS: [&str; 3] = ["10.0.2.11", "10.0.2.12", "10.0.2.13"];
pub(crate) const WEB: [&str; 2] = ["10.0.1.11", "10.0.1.12"];
pub(crate) const BALANCER: &str = "10.0.4.10";

/// A test's own world.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
}

/// Runs `body` on a stage, in another process. `test` is the test's own name, with its module.
pub(crate) fn on_stage(test: &str, packages: &[&str], body: fn(&Stage)) {
    on_stage_after(|| Ok(()), test, packages, body);
}

/// The same after `prepare`, which runs in the world outside: the stage has no network but its own. Where that fails, the
/// test says why and ends.
pub(crate) fn on_stage_after(
    prepare: fn() -> Result<(), String>,
    test: &str,
    packages: &[&str],
    body: fn(&Stage),
) {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == test) {
        body(&Stage::set());
        println!("{DONE}");
        return;
    }
    let packages: Vec<&str> = ["iproute2", "util-linux"].iter().chain(packages).copied().collect();
    if let Err(missing) = debian::install(&packages) {
        println!("{missing}");
        return;
    }
    let separate = ["--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"];
    let trial = Command::new("unshare").args(separate).arg("true").output().expect("unshare is installed");
    if !trial.status.success() {
        println!("this test needs the right to make namespaces (CAP_SYS_ADMIN): {}", text(&trial.stderr));
        return;
    }
    if let Err(why) = prepare() {
        println!("this test cannot have what it needs: {why}");
        return;
    }
    let mut command = Command::new("setpriv");
    // The stage dies with whoever waits for it here. Its programs give up root's rights: they must be able to read what is made
    // for them, whatever the umask outside, and know of no folder, locale or setting that whoever runs the test has in its environment.
    command.args(["--pdeathsig", "KILL", "--", "unshare"]).args(separate);
    command.args(["bash", "-c", "umask 022; exec \"$@\"", "bash"]);
    command.arg(std::env::current_exe().expect("a running program has a path"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
    command.env_clear().env("PATH", path).env("HOME", "/root").env("LC_ALL", "C.UTF-8").env(INSIDE, test);
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", test.replace(':', "_")));
    let _ = fs::remove_file(&log);
    let mut stage = Service::start(&mut command, log);
    let until = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = stage.ended() {
            break status;
        }
        if Instant::now() > until {
            stage.kill();
        }
        sleep(Duration::from_millis(50));
    };
    let said = stage.said();
    println!("{said}");
    assert!(status == Some(0) && said.contains(DONE), "the stage of {test} failed: {status:?}");
}

impl Stage {
    fn set() -> Self {
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=0755", "stage", FOLDER]));
        run(Command::new("ip").args(["link", "set", "lo", "up"]));
        for address in [PRIMARY, REPLICA, BALANCER].iter().chain(&MEMBERS).chain(&WEB) {
            run(Command::new("ip").args(["address", "add", &format!("{address}/32"), "dev", "lo"]));
        }
        Self { folder: PathBuf::from(FOLDER) }
    }

    /// A new folder.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).expect("the stage's file system is in memory");
        folder
    }
}

/// A process in the background. What it says goes into a file.
pub(crate) struct Service {
    pub(crate) child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts it, as the first of a process group of its own.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Self {
        use std::os::unix::process::CommandExt as _;
        let file = File::options().create(true).append(true).open(&log).expect("the stage's folder is there");
        let errors = file.try_clone().expect("a file can have two handles");
        command.stdin(Stdio::null()).stdout(file).stderr(errors).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, log }
    }

    /// What it has said.
    pub(crate) fn said(&self) -> String {
        read(&self.log)
    }

    /// Its exit status, when it has ended: `None` inside for a signal.
    pub(crate) fn ended(&mut self) -> Option<Option<i32>> {
        self.child.try_wait().expect("it is our child").map(|status| status.code())
    }

    /// Sends a signal to it alone.
    pub(crate) fn signal(&self, signal: &str) {
        kill(signal, &self.child.id().to_string());
    }

    /// Sends a signal to its whole process group.
    pub(crate) fn signal_group(&self, signal: &str) {
        kill(signal, &format!("-{}", self.child.id()));
    }

    /// Kills it, with its process group, and waits for its end.
    pub(crate) fn kill(&mut self) {
        self.signal_group("KILL");
        self.child.wait().expect("it is our child");
    }
}

/// A process that somebody else has started.
pub(crate) struct Process(u32);

impl Process {
    /// The only child of a process.
    pub(crate) fn child_of(parent: u32) -> Self {
        let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let children: Vec<u32> =
            numbers.filter(|number| stat(*number).is_some_and(|(_, above)| above == parent)).collect();
        assert_eq!(children.len(), 1, "the children of {parent}");
        Self(children[0])
    }

    pub(crate) fn signal(&self, signal: &str) {
        kill(signal, &self.0.to_string());
    }

    /// Whether it runs no more, also when nobody has asked how it ended.
    pub(crate) fn has_ended(&self) -> bool {
        stat(self.0).is_none_or(|(state, _)| state == "Z")
    }
}

/// State and parent of a process.
fn stat(process: u32) -> Option<(String, u32)> {
    let text = read(Path::new(&format!("/proc/{process}/stat")));
    // The name between parentheses may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

fn kill(signal: &str, target: &str) {
    // It may have ended by itself.
    let _ = Command::new("kill").args([&format!("-{signal}"), "--", target]).output();
}

/// Asks until there is an answer, for at most `limit_secs`.
pub(crate) fn wait_for<T>(what: &str, limit_secs: u64, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(limit_secs);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "after {limit_secs} s still not: {what}");
        sleep(Duration::from_millis(10));
    }
}

/// Runs a command that must succeed, and returns what it said.
pub(crate) fn run(command: &mut Command) -> String {
    let output = output(command);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{command:?}: {}\n{said}\n{}", output.status, text(&output.stderr));
    said
}

/// Runs a command that may fail.
pub(crate) fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A file's text; empty when there is none.
pub(crate) fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| text(&bytes)).unwrap_or_default()
}

pub(crate) fn write(path: &Path, content: &str) {
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder).and_then(|()| fs::write(path, content)).expect("the stage can be written to");
}
