//! Debian packages for the tests that run real programs: a web server, a database, PHP, a checker of shell scripts.
//!
//! Run as root where there is `apt-get`, as in continuous integration, a test installs by itself what it needs. Elsewhere it
//! is told what is missing, prints that and ends.

use std::fmt;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

/// Taken while packages are looked at and installed, by all tests of this machine.
const LOCK: &str = "oci-moodle-test-packages.lock";

/// Asked by every package before it starts its service. It is ours only while we install, and only where there is none.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Packages that are not here and that this process may not install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Their names, in the order in which they were asked for.
    pub packages: Vec<String>,
    /// Why they cannot be installed.
    pub why: &'static str,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packages = self.packages.join(" ");
        write!(
            f,
            "this test needs Debian packages that are not here ({packages}), and {}. \
             As root on Debian the test installs them by itself: apt-get install {packages}",
            self.why
        )
    }
}

impl std::error::Error for Missing {}

/// Sees to it that Debian's `packages` are installed. Services that they bring are not started.
///
/// One process at a time; what is there already costs a few milliseconds.
///
/// # Errors
/// [`Missing`] when something is missing and this is not root, or not Debian.
/// # Panics
/// When this is root on Debian and the installation fails: there the test must run, and saying nothing would hide that it
/// did not.
pub fn install(packages: &[&str]) -> Result<(), Missing> {
    let lock = File::options().create(true).append(true).open(std::env::temp_dir().join(LOCK));
    let lock = lock.ok().filter(|file| file.lock().is_ok());
    let absent = absent(packages);
    if absent.is_empty() {
        return Ok(());
    }
    let missing = |why| Err(Missing { packages: absent.clone(), why });
    if !answers(Command::new("apt-get").arg("--version")) {
        return missing("there is no apt-get");
    }
    if !is_root() {
        return missing("only root can install them");
    }
    assert!(lock.is_some(), "{} cannot be locked", std::env::temp_dir().join(LOCK).display());
    let _quiet = Quiet::begin();
    // The lists of a fresh image are empty, and those of an old one name files that are gone.
    let installed = apt(&install_arguments(&absent))
        .or_else(|_| apt(&["update"]).and_then(|()| apt(&install_arguments(&absent))));
    if let Err(why) = installed {
        panic!("Debian packages could not be installed: {why}");
    }
    Ok(())
}

fn install_arguments(packages: &[String]) -> Vec<&str> {
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages.iter().map(String::as_str));
    arguments
}

/// Which of `packages` are not installed.
fn absent(packages: &[&str]) -> Vec<String> {
    let is_absent = |package: &&str| {
        let query = ["--show", "--showformat=${db:Status-Status}", package];
        let output = Command::new("dpkg-query").args(query).stdin(Stdio::null()).output();
        !output.is_ok_and(|output| output.status.success() && output.stdout == b"installed")
    };
    packages.iter().copied().filter(is_absent).map(str::to_owned).collect()
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    command.args(["--quiet=2", "--option=DPkg::Lock::Timeout=600"]).args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C");
    super::run(&mut command)
}

fn answers(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// While it lives, packages do not start their services: a database on its usual port would be in the way of others.
struct Quiet {
    ours: bool,
}

impl Quiet {
    fn begin() -> Self {
        let ours = !Path::new(POLICY).exists() && write_policy().is_ok();
        Self { ours }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if self.ours {
            // Nothing can be done about a failure here, and the file says whose it is.
            let _ = fs::remove_file(POLICY);
        }
    }
}

#[cfg(unix)]
fn write_policy() -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(
        POLICY,
        "#!/bin/sh\n# The tests of oci-moodle install packages and start no services.\nexit 101\n",
    )?;
    fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn write_policy() -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_way_to_install_it() {
        let missing = Missing { packages: vec!["a".into(), "b".into()], why: "only root can install them" };
        let text = missing.to_string();
        assert!(text.contains("(a b), and only root can install them."), "{text}");
        assert!(text.ends_with("apt-get install a b"), "{text}");
    }

    #[test]
    fn a_package_that_no_archive_has_is_absent() {
        assert_eq!(absent(&["no-archive-has-this-package"]), ["no-archive-has-this-package"]);
    }

    #[test]
    fn what_was_installed_is_there_afterwards() {
        match install(&["php-cli"]) {
            Ok(()) => assert!(answers(Command::new("php").arg("--version"))),
            Err(missing) => assert_eq!(missing.packages, ["php-cli"]),
        }
    }
}
