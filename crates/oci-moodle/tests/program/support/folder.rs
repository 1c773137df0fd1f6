//! A folder for one test, with stack files in it, and runs of the program on them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Ended, Running, Served, program};

/// The smallest site: one server, one database, and whatever belongs to them.
const LEAN: &str = r#"
[site]
name = "lean"
admin_email = "it@example.org"

[cloud]
region = "eu-frankfurt-1"

[servers]
count = 1
drain_in_seconds = 0

[database]
high_availability = false
"#;

/// A folder that goes when the test ends.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, and the folders that it needs.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Every file below it, by its path from here.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if fs::symlink_metadata(&path).unwrap().is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    let name = path.strip_prefix(self.0.path()).unwrap().to_owned();
                    files.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

/// A stack file in a folder, and which cloud it is for.
pub(crate) struct Site {
    pub(crate) folder: Folder,
    cloud: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Site {
    /// The smallest site.
    pub(crate) fn lean(cloud: &[String]) -> Self {
        Self::new(LEAN, cloud)
    }

    /// The whole architecture: `examples/moodle-full.toml`.
    pub(crate) fn full(cloud: &[String]) -> Self {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        Self::new(&fs::read_to_string(examples.join("moodle-full.toml")).unwrap(), cloud)
    }

    pub(crate) fn new(stack: &str, cloud: &[String]) -> Self {
        let folder = Folder::new();
        folder.write("moodle.toml", stack);
        Self { folder, cloud: cloud.to_vec(), environment: Vec::new() }
    }

    /// A variable that the program finds.
    pub(crate) fn environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The arguments for the embedded mock, at this pace.
    pub(crate) fn embedded(time_scale: u32) -> Vec<String> {
        vec!["--mock".to_owned(), format!("--time-scale={time_scale}")]
    }

    /// The text of the smallest site.
    pub(crate) fn lean_text() -> &'static str {
        LEAN
    }

    /// The program with these arguments, in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments).args(&self.cloud).current_dir(self.folder.path(""));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Makes everything, and waits for it.
    #[track_caller]
    pub(crate) fn apply(&self) -> Ended {
        self.run(&["apply", "--auto-approve", "--json"]).expect(0, "apply")
    }

    /// Removes everything, and waits for it.
    #[track_caller]
    pub(crate) fn destroy(&self) -> Ended {
        self.run(&["destroy", "--auto-approve", "--json"]).expect(0, "destroy")
    }

    /// The cloud that the embedded mock left on disk.
    pub(crate) fn left(&self) -> Served {
        let path = |name: &str| self.folder.text(&format!(".oci-moodle/{name}"));
        Served::start(&["--data", &path("mock-cloud.json"), "--credentials", &path("mock-credentials")])
    }
}
