//! `bash -n`, `shellcheck`, and bash itself: the settings of the boot are read back.

use std::process::Command;

use moodle_stack::server::{ObjectPlace, SecretSource, SiteUrl, Tls, user_data_with_bundle};

use super::{Case, Distinct, cases, for_each, fresh_folder, read, succeeds, tools_are_here, write};
use crate::tools::cloud_init::unpacked;

const CONF: &str = "/etc/site/boot.conf";

#[test]
fn bash_and_shellcheck_accept_every_script() {
    if !tools_are_here(&["bash", "shellcheck"]) {
        return;
    }
    let folder = fresh_folder("shell");
    let (mut plain, mut nasty) = (Distinct::default(), Distinct::default());
    for case in cases() {
        let distinct = if case.name.starts_with("seed") { &mut nasty } else { &mut plain };
        for (path, content) in case.files_ending(".sh").chain(case.files_ending(CONF)) {
            distinct.add(&case.name, path, content);
        }
        distinct.add(&case.name, "_fetch.sh", &fetch_script(&case));
    }
    // What is below a warning is advice, such as not to write `$` between single quotes, where nothing expands: in nasty
    // names that is the purpose.
    for (severity, distinct) in [("style", plain), ("warning", nasty)] {
        let files = distinct.write(&folder);
        for_each("bash", &["-n"], &files);
        let mut shellcheck = Command::new("shellcheck");
        shellcheck.args(["--shell=bash", "--color=never", "--severity", severity]);
        succeeds(shellcheck.args(&files), b"");
    }
    // What cloud-init gives to another shell.
    let resume = folder.join("resume.sh");
    write(&resume, include_str!("../../../templates/resume.sh"));
    succeeds(Command::new("shellcheck").args(["--shell=sh", "--severity=style"]).arg(&resume), b"");
}

/// A variable that the boot uses and its settings do not set would be found only on a server.
#[test]
fn the_boot_uses_no_variable_that_its_settings_do_not_set() {
    if !tools_are_here(&["shellcheck"]) {
        return;
    }
    // The names of the settings are always the same; with ACME there are all scripts.
    let cases = cases();
    let case = cases.iter().find(|case| matches!(case.spec.tls, Tls::Acme { .. })).expect("some have ACME");
    let settings = case.file(CONF).replace("# shellcheck shell=bash disable=SC2034\n", "");
    let mut distinct = Distinct::default();
    for (path, script) in case.files_ending(".sh") {
        distinct.add(&case.name, path, &format!("{settings}{script}"));
    }
    let files = distinct.write(&fresh_folder("shell-together"));
    let mut shellcheck = Command::new("shellcheck");
    shellcheck.args(["--shell=bash", "--color=never", "--include=SC2154", "--norc"]);
    succeeds(shellcheck.args(&files), b"");
}

#[test]
fn bash_reads_from_the_settings_what_went_in() {
    const PRINT: &str = r#"set -eu; source "$1"; printf '%s\0' "$PHP_VERSION" "$RELEASE" "$MOUNT_POINT" "$NFS_SOURCE" \
        "$SITE_URL" "$SECRET_ID" "$SECRET_NAMESPACE" "$SECRET_BUCKET" "$SECRET_OBJECT" "$REPORT_NAMESPACE" \
        "$REPORT_BUCKET" "$REPORT_OBJECT" "$TLS" "$TLS_HOST" "$ACME_DIRECTORY" "$ACME_EMAIL" "$HEALTHY_CODE""#;
    if !tools_are_here(&["bash"]) {
        return;
    }
    let folder = fresh_folder("shell-values");
    for case in cases() {
        let path = folder.join(&case.name);
        write(&path, case.file(CONF));
        let printed = succeeds(Command::new("bash").args(["-c", PRINT, "bash"]).arg(&path), b"");
        let values: Vec<&str> = printed.strip_suffix('\0').expect("each value ends so").split('\0').collect();
        assert_eq!(values, settings_of(&case), "{}", case.name);
    }
}

/// What the description says, in the order of the test above.
fn settings_of(case: &Case) -> Vec<String> {
    let spec = &case.spec;
    let release = format!("{}-{}", spec.release.application.name(), spec.release.version);
    let nfs = spec.storage.nfs.as_ref().map(|nfs| format!("{}:{}", nfs.host, nfs.path)).unwrap_or_default();
    let url = match &spec.site.url {
        SiteUrl::Known(url) => url.clone(),
        SiteUrl::Metadata => String::new(),
    };
    let host = url.split("://").nth(1).map(|rest| rest.split(':').next().unwrap_or(rest)).unwrap_or_default();
    let (id, secrets) = match &spec.secrets {
        SecretSource::Object(place) => (String::new(), parts(Some(place))),
        SecretSource::Vault { secret_id } => (secret_id.clone(), parts(None)),
    };
    let (tls, acme) = match &spec.tls {
        Tls::Off => ("off", ["", ""]),
        Tls::Given { .. } => ("given", ["", ""]),
        Tls::InFront { .. } => ("in-front", ["", ""]),
        Tls::Acme { directory, email, .. } => ("acme", [directory.as_str(), email.as_str()]),
    };
    let code = spec.release.application.healthy_code().to_string();
    let mut all =
        vec![spec.php.version().to_owned(), release, spec.storage.mount_point.clone(), nfs, url.clone(), id];
    all.extend(secrets);
    all.extend(parts(spec.report.as_ref()));
    all.extend([tls, host, acme[0], acme[1], &code].map(str::to_owned));
    all
}

fn parts(place: Option<&ObjectPlace>) -> [String; 3] {
    place.map_or_else(Default::default, |place| {
        [place.namespace.clone(), place.bucket.clone(), place.object.clone()]
    })
}

/// The script that fetches the files, where they are too many for user data.
fn fetch_script(case: &Case) -> String {
    let SecretSource::Object(place) = &case.spec.secrets else {
        let place = |text: &str| text.to_owned();
        let place = ObjectPlace { namespace: place("n"), bucket: place("it's"), object: place("boot/") };
        return script_of(case, &place);
    };
    script_of(case, place)
}

fn script_of(case: &Case, place: &ObjectPlace) -> String {
    let data = user_data_with_bundle(&case.rendered, place, 0).unwrap();
    let config = unpacked(&data.base64);
    let json: serde_json::Value =
        serde_json::from_str(config.lines().nth(2).expect("two lines of comments, then JSON"))
            .expect("cloud-config is JSON");
    json["runcmd"][0][2].as_str().expect("the last argument is the script").to_owned()
}

/// `/etc/fstab` as the programs that read it see it.
#[test]
fn the_line_of_fstab_means_the_share_and_the_mount_point() {
    const GENERATOR: &str = "/usr/lib/systemd/system-generators/systemd-fstab-generator";
    const PRINT: &str = r#"set -eu; source "$1"; printf '%s\n' "$FSTAB_LINE""#;
    if !tools_are_here(&["bash", "util-linux", "systemd"]) {
        return;
    }
    let folder = fresh_folder("fstab");
    for case in cases() {
        let Some(nfs) = &case.spec.storage.nfs else { continue };
        let (conf, fstab) = (folder.join(&case.name), folder.join("fstab"));
        write(&conf, case.file(CONF));
        write(&fstab, &succeeds(Command::new("bash").args(["-c", PRINT, "bash"]).arg(&conf), b""));

        let mut findmnt = Command::new("findmnt");
        findmnt.args(["--json", "--output", "SOURCE,TARGET,FSTYPE,OPTIONS", "--tab-file"]).arg(&fstab);
        let read_back: serde_json::Value = serde_json::from_str(&succeeds(&mut findmnt, b"")).unwrap();
        let line = &read_back["filesystems"][0];
        assert_eq!(line["source"], format!("{}:{}", nfs.host, nfs.path), "{}", case.name);
        assert_eq!(line["target"], case.spec.storage.mount_point.as_str(), "{}", case.name);
        assert_eq!(line["fstype"], "nfs");
        let options: Vec<&str> = line["options"].as_str().unwrap().split(',').collect();
        for wanted in ["vers=3", "hard", "nosuid", "nodev", "_netdev", "nofail"] {
            assert!(options.contains(&wanted), "{}: {wanted} is missing in {options:?}", case.name);
        }

        let units = folder.join("units");
        for kind in ["normal", "early", "late"] {
            std::fs::create_dir_all(units.join(kind)).unwrap();
        }
        let mut generator = Command::new(GENERATOR);
        generator.env("SYSTEMD_FSTAB", &fstab).env("SYSTEMD_LOG_TARGET", "console");
        generator.args(["normal", "early", "late"].map(|kind| units.join(kind)));
        succeeds(&mut generator, b"");
        let mounts: Vec<_> =
            std::fs::read_dir(units.join("normal")).unwrap().map(|entry| entry.unwrap().path()).collect();
        let mount = mounts.iter().find(|path| path.extension().is_some_and(|end| end == "mount"));
        let unit = read(mount.unwrap_or_else(|| panic!("{}: systemd makes no mount of it", case.name)));
        // A percent sign is written twice in a unit.
        let wanted = case.spec.storage.mount_point.replace('%', "%%");
        assert!(unit.contains(&format!("\nWhere={wanted}\n")), "{}: {unit}", case.name);
        std::fs::remove_dir_all(&units).unwrap();
    }
}
