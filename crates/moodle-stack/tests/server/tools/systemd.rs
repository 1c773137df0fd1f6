//! `systemd-analyze verify`, and `logrotate` in its trial mode.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Case, Distinct, cases, fresh_folder, run, said, tools_are_here, write};

const FOLDER: &str = "/etc/systemd/system/";

/// All units of all servers are loaded at once, each under a name of its own.
#[test]
fn systemd_accepts_every_unit_and_drop_in() {
    if !tools_are_here(&["systemd", "php-cli"]) {
        return;
    }
    let folder = fresh_folder("systemd");
    let mut seen = Distinct::default();
    let mut units = Vec::new();
    for case in cases() {
        let together: String = case
            .rendered
            .files
            .iter()
            .filter(|(path, _)| path.starts_with(FOLDER))
            .map(|(_, file)| file.content.as_str())
            .collect();
        if seen.is_new(&together) {
            units.extend(write_units(&folder, &case));
        }
    }
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "--recursive-errors=yes"]).args(&units);
    verify.env("SYSTEMD_UNIT_PATH", format!("{}:", folder.display()));
    let output = run(&mut verify, b"");
    let ours: Vec<String> =
        said(&output).lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    assert!(output.status.success() && ours.is_empty(), "{}\n{}", output.status, ours.join("\n"));
}

/// Writes the units of a server, each with the server's name in front of its own.
fn write_units(folder: &Path, case: &Case) -> Vec<PathBuf> {
    let mut units = Vec::new();
    for (path, file) in &case.rendered.files {
        let Some(name) = path.strip_prefix(FOLDER) else { continue };
        let path = folder.join(format!("{}-{name}", case.name));
        write(&path, &file.content);
        if let Some((service, _)) = name.split_once(".d/") {
            // What it is dropped into comes with a package on a server.
            let service = folder.join(format!("{}-{service}", case.name));
            write(&service, "[Service]\nExecStart=/usr/bin/true\n");
            units.push(service);
        } else {
            units.push(path);
        }
    }
    units
}

#[test]
fn logrotate_accepts_its_file() {
    if !tools_are_here(&["logrotate"]) {
        return;
    }
    let mut distinct = Distinct::default();
    for case in cases() {
        let path = "/etc/logrotate.d/site";
        distinct.add(&case.name, path, case.file(path));
    }
    for file in distinct.write(&fresh_folder("logrotate")) {
        let mut logrotate = Command::new("/usr/sbin/logrotate");
        // It ends well whatever it reads, and says what is wrong.
        let printed = said(&run(logrotate.args(["--debug", "--state", "/dev/null"]).arg(file), b""));
        assert!(printed.contains("weekly") && !printed.contains("error:"), "{printed}");
    }
}
