//! `moodle.toml`, and the secrets that it names.

use super::{APPLY, Case, Folder, Served, Site, TIME_SCALE, check, is_fine, nothing};

/// Changes the stack file.
fn edit(folder: &Folder, from: &str, to: &str) {
    let text = Site::lean_text();
    assert!(text.contains(from), "{from}");
    folder.write("moodle.toml", text.replacen(from, to, 1));
}

/// A case in which a text of the file is another.
macro_rules! edited {
    ($name:literal, $from:literal => $to:literal, $($word:literal),+) => {
        Case {
            name: $name,
            spoil: |folder| edit(folder, $from, $to),
            arguments: APPLY,
            code: 64,
            words: &[$($word),+],
        }
    };
}

/// A case in which the file has some more lines.
macro_rules! added {
    ($name:literal, $lines:literal, $($word:literal),+) => {
        Case {
            name: $name,
            spoil: |folder| folder.write("moodle.toml", format!("{}\n{}\n", Site::lean_text(), $lines)),
            arguments: APPLY,
            code: 64,
            words: &[$($word),+],
        }
    };
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "no stack file",
        spoil: nothing,
        arguments: &["apply", "--auto-approve", "-c", "other.toml"],
        code: 64,
        words: &["could not read the stack file other.toml", "No such file", "hint: ", "oci-moodle init"],
    },
    Case {
        name: "a folder for a stack file",
        spoil: nothing,
        arguments: &["apply", "--auto-approve", "-c", "."],
        code: 64,
        words: &["could not read the stack file .", "directory", "hint: "],
    },
    Case {
        name: "a stack file that is no text",
        spoil: |folder| folder.write("moodle.toml", b"[site]\nname = \"\xff\xfe\"\n"),
        arguments: APPLY,
        code: 64,
        words: &["moodle.toml", "byte 15 is not UTF-8"],
    },
    Case {
        name: "an empty stack file",
        spoil: |folder| folder.write("moodle.toml", ""),
        arguments: APPLY,
        code: 64,
        words: &["moodle.toml", "site.name", "site.admin_email"],
    },
    edited!("a table that is not closed", "[servers]" => "[servers", "moodle.toml:9", "error["),
    edited!("a text that is not closed", "\"lean\"" => "\"lean", "moodle.toml:3", "error["),
    edited!("a key that is there twice", "count = 1" => "count = 1\ncount = 2", "moodle.toml:11", "count"),
    edited!("a text for a number", "count = 1" => "count = \"three\"", "moodle.toml:10:9", "servers.count"),
    edited!("a number for a text", "name = \"lean\"" => "name = 3", "moodle.toml:3:8", "site.name"),
    edited!("a list for a section", "[servers]\ncount = 1\ndrain_in_seconds = 0" => "servers = [1]", "moodle.toml:9", "servers"),
    edited!("a section that is not known", "[servers]" => "[srevers]", "moodle.toml:9", "srevers", "did you mean `servers`"),
    edited!("a key that is not known", "count = 1" => "cuont = 1", "moodle.toml:10", "cuont", "did you mean `count`"),
    edited!("no server", "count = 1" => "count = 0", "moodle.toml:10:9", "1 to 100"),
    edited!("less than no server", "count = 1" => "count = -1", "moodle.toml:10:9", "1 to 100"),
    edited!("more servers than there are", "count = 1" => "count = 1000000000000", "moodle.toml:10:9", "1 to 100"),
    edited!("more servers than a number can be", "count = 1" => "count = 99999999999999999999", "moodle.toml:10:9"),
    edited!("one and a half servers", "count = 1" => "count = 1.5", "moodle.toml:10:9", "servers.count"),
    edited!("memory that is no number", "count = 1" => "count = 1\nmemory_in_gbs = nan", "moodle.toml:11:17", "servers.memory_in_gbs"),
    edited!("memory without end", "count = 1" => "count = 1\nmemory_in_gbs = inf", "moodle.toml:11:17", "servers.memory_in_gbs"),
    edited!("memory that the shape does not have", "count = 1" => "count = 1\nocpus = 1\nmemory_in_gbs = 500", "moodle.toml:12", "memory"),
    edited!("a shape that has no image", "count = 1" => "count = 1\nshape = \"VM.Standard.A1\"", "moodle.toml:11:9", "shape"),
    edited!("an SSH key that is none", "count = 1" => "count = 1\nssh_authorized_keys = [\"password\"]", "moodle.toml:11", "ssh_authorized_keys"),
    edited!("SSH from nowhere that is", "count = 1" => "count = 1\nssh_from = [\"everywhere\"]", "moodle.toml:11", "ssh_from"),
    edited!("a name with capitals", "\"lean\"" => "\"Lean Site\"", "moodle.toml:3:8", "site.name", "small letters"),
    edited!("a name that is too long", "\"lean\"" => "\"averyverylongname\"", "moodle.toml:3:8", "site.name", "12"),
    edited!("a mail address that is none", "\"it@example.org\"" => "\"nobody\"", "moodle.toml:4:15", "site.admin_email"),
    edited!("a host name with a scheme", "name = \"lean\"" => "name = \"lean\"\nhostname = \"https://moodle.example.org\"", "moodle.toml:4:12", "site.hostname"),
    edited!("an application that is not known", "name = \"lean\"" => "name = \"lean\"\napplication = \"modle\"", "moodle.toml:4:15", "did you mean \"moodle\""),
    edited!("a PHP that is too old", "name = \"lean\"" => "name = \"lean\"\nphp = \"7.4\"", "moodle.toml:4:7", "8.3"),
    edited!("a region that is none", "eu-frankfurt-1" => "mars", "moodle.toml:7:10", "cloud.region"),
    edited!("a compartment that is none", "[servers]" => "compartment_id = \"root\"\n[servers]", "moodle.toml:9:18", "cloud.compartment_id", "OCID"),
    added!("a range that is none", "[network]\ncidr = \"10.0.0.0/33\"", "moodle.toml:17:8", "network.cidr"),
    added!(
        "a subnet outside its network",
        "[network]\nweb_cidr = \"192.168.2.0/24\"",
        "moodle.toml:17:12",
        "network.web_cidr",
        "10.0.0.0/16"
    ),
    added!(
        "two subnets in one place",
        "[network]\nweb_cidr = \"10.0.1.0/24\"",
        "moodle.toml:17",
        "network.balancer_cidr"
    ),
    added!(
        "a subnet that is too small",
        "[network]\nstorage_cidr = \"10.0.4.0/30\"",
        "moodle.toml:17:16",
        "/29"
    ),
    edited!("more replicas than MySQL has", "high_availability = false" => "high_availability = false\nreplicas = 19", "moodle.toml:15:12", "0 to 18"),
    edited!("replicas of a shape that has none", "high_availability = false" => "high_availability = false\nreplicas = 2\nshape = \"MySQL.2\"", "moodle.toml:1", "replicas"),
    edited!("maintenance on no day", "high_availability = false" => "high_availability = false\nmaintenance = \"someday 25:00\"", "moodle.toml:15:15", "database.maintenance"),
    edited!("backups for a century", "high_availability = false" => "high_availability = false\nbackup_retention_in_days = 36500", "moodle.toml:15:28", "1 to 35"),
    added!(
        "TLS with files and without any",
        "[tls]\nmode = \"files\"",
        "moodle.toml:17",
        "tls.certificate",
        "tls.key"
    ),
    added!(
        "TLS of a kind that is not known",
        "[tls]\nmode = \"on\"",
        "moodle.toml:17:8",
        "tls.mode",
        "\"files\""
    ),
    added!(
        "a health check that never succeeds",
        "[load_balancer]\nhealth_status = 999",
        "moodle.toml:17:17",
        "100 to 599"
    ),
    added!(
        "a tag without a namespace",
        "[defined_tags]\n\"Department\" = \"it\"",
        "moodle.toml:17",
        "Department",
        "Namespace.Key"
    ),
    added!(
        "a password in the file",
        "[secrets]\nadmin_password = \"Secret-1\"",
        "moodle.toml:17:18",
        "secrets.admin_password",
        "env"
    ),
    added!(
        "a secret from two places",
        "[secrets]\nadmin_password = { env = \"A\", file = \"b\" }",
        "moodle.toml:17",
        "secrets.admin_password"
    ),
    added!(
        "a secret from an unset variable",
        "[secrets]\nadmin_password = { env = \"QUITE_UNSET\" }",
        "admin_password",
        "`QUITE_UNSET` is not set",
        "hint: "
    ),
    added!(
        "a secret from a file that is not there",
        "[secrets]\nadmin_password = { file = \"none.txt\" }",
        "admin_password",
        "none.txt",
        "No such file",
        "hint: "
    ),
    added!(
        "a secret from a folder",
        "[secrets]\nadmin_password = { file = \".\" }",
        "admin_password",
        "directory",
        "hint: "
    ),
    added!(
        "a secret from a program that is not there",
        "[secrets]\nadmin_password = { command = [\"no-such-program\"] }",
        "admin_password",
        "`no-such-program`",
        "hint: "
    ),
    added!(
        "a secret from a program that fails",
        "[secrets]\nadmin_password = { command = [\"false\"] }",
        "admin_password",
        "`false`",
        "exit status: 1",
        "hint: "
    ),
    added!(
        "a secret that is empty",
        "[secrets]\nadmin_password = { command = [\"true\"] }",
        "admin_password",
        "empty",
        "hint: "
    ),
    Case {
        name: "a secret that is no text",
        spoil: |folder| {
            folder.write("secret", b"\xff\xfe\xfd");
            let lines = "[secrets]\nadmin_password = { file = \"secret\" }\n";
            folder.write("moodle.toml", format!("{}\n{lines}", Site::lean_text()));
        },
        arguments: APPLY,
        code: 64,
        words: &["admin_password", "UTF-8", "hint: "],
    },
    added!(
        "a password that MySQL refuses",
        "[secrets]\ndatabase_password = { command = [\"echo\", \"abc\"] }",
        "database_password",
        "shorter than 8",
        "no digit",
        "hint: "
    ),
];

#[test]
fn a_wrong_stack_file_is_refused_with_its_place_and_changes_nothing() {
    let (served, cloud) = Served::cloud(TIME_SCALE, 1);
    let mut faults = Vec::new();
    for case in CASES {
        check(case, &Site::lean(&cloud), Some(&served), &mut faults);
    }
    is_fine(&faults);
}
