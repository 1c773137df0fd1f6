//! `php -l`, and the settings of PHP as PHP sees them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::{Distinct, cases, for_each, fresh_folder, read, succeeds, tools_are_here, write};

#[test]
fn php_accepts_every_script_and_every_configuration() {
    if !tools_are_here(&["php-cli"]) {
        return;
    }
    let mut distinct = Distinct::default();
    for case in cases() {
        for (path, content) in case.files_ending(".php") {
            distinct.add(&case.name, path, content);
        }
    }
    // Without settings of this machine: a checker needs none.
    for_each("php", &["-n", "-l"], &distinct.write(&fresh_folder("php")));
}

/// Comments are left out of scripts, because user data has little room; `php -w` and Python's syntax tree have none either.
#[test]
fn what_is_left_out_of_a_script_is_nothing_but_comments() {
    const TREE: &str = "import ast, sys; print(ast.dump(ast.parse(sys.stdin.read())))";
    if !tools_are_here(&["php-cli", "python3"]) {
        return;
    }
    let folder = fresh_folder("lean");
    let of_php = |name: &str, content: &str| {
        let path = folder.join(name);
        write(&path, content);
        let bare = succeeds(Command::new("php").args(["-n", "-w"]).arg(&path), b"");
        bare.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let of_python = |content: &str| succeeds(Command::new("python3").args(["-c", TREE]), content.as_bytes());
    // All servers of an application have the same scripts.
    let mut applications = BTreeSet::new();
    for case in cases() {
        let application = case.spec.release.application.name();
        if !applications.insert(application) {
            continue;
        }
        let scripts = case
            .files_ending(".php")
            .filter_map(|(path, content)| Some((path.strip_prefix("/usr/local/lib/site/")?, content)));
        for (name, content) in scripts {
            let template = match name {
                "installer.php" => format!("installer-{application}.php"),
                _ => name.to_owned(),
            };
            assert_eq!(of_php(name, content), of_php(name, &template_of(&template)), "{application}: {name}");
        }
        let reporter = case.file("/usr/local/lib/site/report.py");
        assert_eq!(of_python(reporter), of_python(&template_of("report.py")));
    }
    assert_eq!(applications.len(), 4);
}

fn template_of(name: &str) -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(name))
}

#[test]
fn php_sees_every_setting_of_its_file() {
    const PRINT: &str =
        "echo json_encode(array_map(strval(...), array_filter(ini_get_all(null, false), is_scalar(...))));";
    if !tools_are_here(&["php-cli", "php-common"]) {
        return;
    }
    let folder = fresh_folder("php-settings");
    let mut distinct = Distinct::default();
    for case in cases() {
        let path = "/etc/php.d/60-site.ini";
        distinct.add(&case.name, path, case.file(path));
    }
    for file in distinct.write(&folder) {
        let mut php = Command::new("php");
        php.env("PHP_INI_SCAN_DIR", "").arg("-c").arg(&file);
        php.args(["-d", "zend_extension=opcache", "-r", PRINT]);
        let seen: serde_json::Value = serde_json::from_str(&succeeds(&mut php, b"")).unwrap();
        let wanted = [
            ("max_input_vars", "5000"),
            ("memory_limit", "256M"),
            ("post_max_size", "512M"),
            ("upload_max_filesize", "512M"),
            ("zend.exception_ignore_args", "1"),
            ("opcache.enable", "1"),
            ("opcache.memory_consumption", "256"),
            ("opcache.max_accelerated_files", "20000"),
            ("opcache.validate_timestamps", "1"),
        ];
        for (name, value) in wanted {
            assert_eq!(seen[name], value, "{name} in {seen}");
        }
    }
}

#[test]
fn python_accepts_the_reporter() {
    if !tools_are_here(&["python3"]) {
        return;
    }
    let folder = fresh_folder("python");
    let case = &cases()[0];
    let path = folder.join("report.py");
    write(&path, case.file("/usr/local/lib/site/report.py"));
    succeeds(Command::new("python3").args(["-W", "error", "-m", "py_compile"]).arg(&path), b"");
}
