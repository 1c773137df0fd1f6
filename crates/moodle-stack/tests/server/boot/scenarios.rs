//! What must hold of a boot.

use std::process::Command;

use moodle_stack::server::Tls;
use moodle_stack::server::versions::Application;
use serde_json::{Value, json};

use super::{Booted, Scenario, succeeds};

const STEPS: [&str; 14] = [
    "packages",
    "extensions",
    "clock",
    "selinux",
    "firewall",
    "secrets",
    "storage",
    "code",
    "configuration",
    "database",
    "installation",
    "certificate",
    "services",
    "answer",
];

/// The certificate is obtained, the minutely task runs, and the database's password changes under the running server.
const CHANGE: &str = r#"set -e
systemctl start site-tls.service site-cron.service
before=$(sha256sum </etc/site/site.php)
systemctl start site-refresh.service
[ "$before" = "$(sha256sum </etc/site/site.php)" ] || { echo "no secret had changed"; exit 1; }
mv /test/objects/changed.json /test/objects/moodle/secrets/site.json
systemctl start site-refresh.service
[ "$before" != "$(sha256sum </etc/site/site.php)" ] || { echo "the changed secret was not seen"; exit 1; }
/usr/bin/curl -sS --fail -o /dev/null http://127.0.0.1/
"#;

#[test]
fn a_server_becomes_ready_though_its_database_comes_later_and_a_second_boot_changes_nothing() {
    let mut scenario = Scenario::new("ready");
    scenario.database_is_late = true;
    scenario.boots = 3;
    scenario.before = vec![(3, "mv share share.away")];
    scenario.then = vec![(2, "exit 0"), (3, SHARE_COMES_BACK)];
    let Some(booted) = scenario.boot() else { return };
    let (first, second) = (&booted.found(1)["first"], &booted.found(2));

    is_ready(first);
    assert_eq!(first["cloud_init"]["status"], "done", "{}", first["cloud_init"]);
    assert_eq!(first["failed_units"], "");
    assert!(text(&first["boot_log"]).contains("waiting for the database: Connection refused"));
    assert_eq!(booted.calls(0, &first["calls"]), expected_calls(&booted));
    assert_eq!(first["https"]["body"], "version 2026100500\n");
    assert!(text(&first["headers"]).contains("\nStrict-Transport-Security: max-age=31536000\n"));
    assert_eq!(first["secret_file"]["code"], "403", "nobody reads the configuration from outside");
    assert_eq!(text(&first["database"]).lines().collect::<Vec<_>>(), expected_database(&booted));
    has_owners_and_permissions(first);
    let console = booted.console(1);
    let said: Vec<&str> = console.lines().filter_map(|line| line.strip_prefix("site-boot: ")).collect();
    assert_eq!(said.first(), Some(&"packages: begins"), "{}", Booted::end_of(&console));
    assert_eq!(said.last(), Some(&"the server is ready"), "{}", Booted::end_of(&console));
    let uploaded = super::read(&booted.work.join("outside/objects/moodle/reports/web1.json"));
    assert_eq!(serde_json::from_str::<Value>(&uploaded).unwrap(), booted.found(3)["again"]["report"]);

    // The second boot: the share is mounted before the web server starts, and nothing else happens.
    let after = &second["first"];
    assert_eq!(
        booted.calls(count(&first["calls"]), &after["calls"]),
        [
            r"mount.nfs '10.0.3.5:/it'\''s $shared' '/srv/site'\''s $data#1' '-o' 'rw,nosuid,nodev,vers=3,proto=tcp,hard,timeo=600,retrans=2,_netdev'"
        ]
    );
    is_ready(after);
    assert_eq!(after["report"], first["report"], "the boot did not run again");
    same_files_and_rows(first, after);

    // Once more by hand: packages, booleans and rules are asked for again; what is there stays.
    let again = &second["again"];
    let exit = &second["again_run"][0];
    assert_eq!(exit, 0, "{}", again["boot_log"]);
    is_ready(again);
    same_files_and_rows(first, again);
    let calls = booted.calls(count(&after["calls"]), &again["calls"]);
    let done_once =
        ["module' 'reset", "module' 'enable", "--add-rule", "mount.nfs", "curl '-sfL'", "/var/www/releases"];
    let expected = expected_calls(&booted);
    let wanted: Vec<&String> =
        expected.iter().filter(|call| !done_once.iter().any(|part| call.contains(part))).collect();
    assert_eq!(calls.iter().collect::<Vec<_>>(), wanted);

    // A restart while the share is away: no web server. It comes when the share does.
    let third = &booted.found(3);
    assert_eq!(third["first"]["mounted"], false);
    assert_eq!(third["first"]["root_can_write_unmounted"], false);
    assert_eq!(third["first"]["units"]["httpd"], json!(["inactive", "enabled"]));
    assert_eq!(third["then"][0], 0, "{}", third["then"]);

    for boot in 1..=3 {
        tells_no_secret(&booted, boot);
    }
}

/// The minutely task is started as its timer would do it, and the answer is waited for as the load balancer would.
const SHARE_COMES_BACK: &str = r#"set -e
mv /test/share.away /test/share
systemctl start site-cron.service
for attempt in {1..60}; do
    code=$(/usr/bin/curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/ || true)
    if [ "$code" = 303 ]; then exit 0; fi
    /bin/sleep 0.5
done
echo "after $attempt attempts the server answers $code"
systemctl status httpd php-fpm site-health --no-pager
exit 1
"#;

#[test]
fn without_its_share_a_server_serves_nothing_and_writes_nothing_in_its_place() {
    let mut scenario = Scenario::new("share");
    scenario.bundle = true;
    scenario.denials = 4;
    scenario.share_is_there = false;
    scenario.then = vec![(1, "mkdir /test/share")];
    let Some(booted) = scenario.boot() else { return };
    let found = booted.found(1);

    let first = &found["first"];
    assert_eq!(first["cloud_init"]["status"], "error", "{}", first["cloud_init"]);
    has_failed(&booted, 1, first, "storage", "mount.nfs: Connection timed out");
    assert_eq!((&first["mounted"], &first["root_can_write_unmounted"]), (&json!(false), &json!(false)));
    let attempts =
        booted.calls(0, &first["calls"]).iter().filter(|call| call.starts_with("mount.nfs")).count();
    assert_eq!(attempts, 6);
    let console = booted.console(1);
    let waits = "site-boot: waiting for the right to read the server's files, 0 min so far";
    assert!(console.contains(waits), "{}", Booted::end_of(&console));

    let again = &found["again"];
    assert_eq!(again["mounted"], true);
    is_ready(again);
    has_owners_and_permissions(again);
    tells_no_secret(&booted, 1);
}

/// Joomla has all that Moodle has not: folders that become links to the share and to the server's own disk, an installer
/// that is set aside, an archive without a folder. And its certificate comes by ACME.
#[test]
fn another_application_gets_its_links_and_a_certificate_that_is_obtained_while_it_serves() {
    let mut scenario = Scenario::new("joomla");
    let spec = &mut scenario.spec;
    spec.release.application = Application::Joomla;
    spec.release.version = Application::Joomla.default_version().to_owned();
    spec.tls = Tls::Acme {
        directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
        email: "o'it@example.org".to_owned(),
        hsts: false,
    };
    scenario.then = vec![(1, CHANGE)];
    let Some(booted) = scenario.boot() else { return };
    let found = booted.found(1);

    let first = &found["first"];
    is_ready_with(first, "200");
    assert_eq!(first["https"]["body"], format!("1 of {}\n", booted.spec.site.full_name));
    assert_eq!(first["redirect"]["code"], "301");
    assert_eq!(first["redirect"]["redirect"], "https://moodle.example.org/some/page?a=b");
    let (code, share) =
        (format!("/var/www/releases/joomla-{}", booted.spec.release.version), "/srv/site's $data#1");
    for (path, wanted) in [
        (format!("{code}/images"), format!("link {share}/images")),
        (format!("{code}/tmp"), "link /var/cache/site/tmp".to_owned()),
        (format!("{code}/administrator/logs"), "link /var/cache/site/logs".to_owned()),
        (format!("{code}/configuration.php"), "0640 root:apache".to_owned()),
        (format!("{share}/images/logo.txt"), "0600 apache:apache".to_owned()),
        (format!("{share}/media/site.css"), "0600 apache:apache".to_owned()),
    ] {
        let there = text(&first["files"][&path]);
        assert!(there.starts_with(&wanted), "{path} is {there}");
    }
    assert_eq!(first["files"][format!("{code}/installation")], Value::Null, "the installer is not served");
    let rows = text(&first["database"]);
    assert!(rows.contains(&super::hexadecimal(text(&booted.secrets["admin_password"]).as_bytes())), "{rows}");

    // The certificate that stood in until the timer ran.
    assert_eq!(found["then"][0], 0, "{}", found["then"]);
    let again = &found["again"];
    is_ready_with(again, "200");
    let mut openssl = Command::new("openssl");
    openssl
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(booted.work.join("outside/acme-cert.pem"));
    let obtained = succeeds(&mut openssl, b"");
    assert_ne!(first["certificate"], obtained);
    assert_eq!(again["certificate"], obtained);
    holds_no_secret(&booted, 1, &json!({ "/etc/site/site.php": "0640" }));
}

/// After a boot of an application whose one folder is a link to the share, and whose page shows what the installer was told.
pub(super) fn serves_its_title(booted: &Booted, config: &str, folder: &str, on_share: &str) {
    let application = booted.spec.release.application;
    let found = booted.found(1);
    let look = &found["first"];
    is_ready_with(look, "200");
    assert_eq!(look["https"]["body"], format!("title {}\n", booted.spec.site.full_name));
    assert_eq!(look["secret_file"]["body"].as_str().map(|body| body.contains("zq")), Some(false));
    let code = format!("/var/www/releases/{}-{}", application.name(), booted.spec.release.version);
    let share = &booted.spec.storage.mount_point;
    for (path, wanted) in [
        (format!("{code}/{folder}"), format!("link {share}/{on_share}")),
        (format!("{code}/{config}"), "0640 root:apache".to_owned()),
        (format!("{code}/index.php"), "0644 root:root".to_owned()),
        (format!("{share}/{on_share}"), "2770 apache:apache".to_owned()),
        (format!("{share}/{on_share}/seen"), String::new()),
    ] {
        let there = text(&look["files"][&path]);
        assert!(there.starts_with(&wanted), "{path} is {there}");
    }
    let rows = text(&look["database"]);
    let digest = super::hexadecimal(text(&booted.secrets["admin_password"]).as_bytes());
    assert!(rows.contains(&digest), "the administrator has another password: {rows}");
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

pub(super) fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).unwrap()
}

pub(super) fn is_ready(look: &Value) {
    is_ready_with(look, "303");
}

pub(super) fn is_ready_with(look: &Value, code: &str) {
    let report = &look["report"];
    assert_eq!(report["state"], "ready", "{report:#}");
    let steps: Vec<&str> =
        report["steps"].as_array().unwrap().iter().map(|step| text(&step["name"])).collect();
    assert_eq!(steps, STEPS);
    assert!(report["steps"].as_array().unwrap().iter().all(|step| step["result"] == "ok"), "{report:#}");
    for (unit, states) in look["units"].as_object().unwrap() {
        assert_eq!(*states, json!(["active", "enabled"]), "{unit}");
    }
    assert_eq!(look["http"]["code"], code, "asked by address, as the load balancer does: {}", look["http"]);
}

pub(super) fn has_failed(booted: &Booted, boot: usize, look: &Value, step: &str, why: &str) {
    let report = &look["report"];
    assert_eq!(report["state"], "failed");
    let steps = report["steps"].as_array().unwrap();
    let (last, before) = steps.split_last().expect("some steps were begun");
    assert!(before.iter().all(|step| step["result"] == "ok"), "{report:#}");
    assert_eq!((text(&last["name"]), text(&last["result"])), (step, "failed"));
    let lines = last["last_lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| text(line) == why), "{report:#}");
    let console = booted.console(boot);
    for wanted in [format!("site-boot: | {why}\n"), format!("site-boot: {step}: failed with status 1 after ")]
    {
        assert!(console.contains(&wanted), "{wanted} is not on the console:\n{}", Booted::end_of(&console));
    }
    assert_eq!(look["units"]["httpd"][0], "inactive", "the web server must not start");
    assert_eq!(look["http"]["code"], "000");
}

fn has_owners_and_permissions(look: &Value) {
    let share = "/srv/site's $data#1";
    for (path, wanted) in [
        ("/etc/site/site.php".to_owned(), "0640 root:apache"),
        ("/etc/pki/site/key.pem".to_owned(), "0600 root:root"),
        ("/var/www/releases/moodle-5.3/config.php".to_owned(), "0640 root:apache"),
        ("/var/www/releases/moodle-5.3/public/index.php".to_owned(), "0644 root:root"),
        ("/var/www/site".to_owned(), "link releases/moodle-5.3"),
        (format!("{share}/data"), "2770 apache:apache"),
        (format!("{share}/data/installations"), "0600 apache:apache"),
        (format!("{share}/tls"), "0700 root:root"),
        (format!("{share}/.site-share"), "0644 root:root"),
    ] {
        let found = text(&look["files"][&path]);
        assert!(found.starts_with(wanted), "{path} is {found}");
    }
}

/// The minutely task writes one file; nothing else may differ.
fn same_files_and_rows(before: &Value, after: &Value) {
    let files = |look: &Value| {
        let mut files = look["files"].as_object().unwrap().clone();
        files.retain(|path, _| !path.ends_with("/data/cron"));
        files
    };
    assert_eq!(files(before), files(after));
    assert_eq!(before["database"], after["database"]);
}

/// The installer has seen the right password: the row says its digest.
fn expected_database(booted: &Booted) -> Vec<String> {
    let password = text(&booted.secrets["admin_password"]);
    let options = json!([
        "--agree-license",
        "--lang=en",
        "--adminuser=admin",
        "--adminemail=admin@example.org",
        "--supportemail=admin@example.org",
        format!("--fullname={}", booted.spec.site.full_name),
        "--shortname=School",
    ]);
    // As PHP writes JSON; the database's own client doubles backslashes.
    let options = options.to_string().replace('é', "\\u00e9").replace('Ω', "\\u03a9").replace('\\', "\\\\");
    let digest = super::hexadecimal(password.as_bytes());
    [
        "moodle db_1\tutf8mb4_unicode_ci",
        "moodle db_1_boot\tutf8mb4_unicode_ci",
        "%\to'site",
        "moodle db\\\\_1",
        "moodle db\\\\_1\\\\_boot",
        "done\t0\t0",
        &format!("adminpass\t{digest}"),
        "version\t2026100500",
        &options,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Nobody but those who must can have seen a secret.
pub(super) fn tells_no_secret(booted: &Booted, boot: usize) {
    holds_no_secret(booted, boot, &json!({ "/etc/pki/site/key.pem": "0600", "/etc/site/site.php": "0640" }));
}

/// `but` are the files that must hold some, with their permissions.
pub(super) fn holds_no_secret(booted: &Booted, boot: usize, but: &Value) {
    let leaks = &booted.found(boot)["leaks"];
    // Certificate and key lie in a folder that is named after them.
    let found: serde_json::Map<String, Value> = leaks["files"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, mode)| match path.split_once("/etc/pki/site.d/") {
            Some((_, name)) => (format!("/etc/pki/site/{}", name.rsplit('/').next().unwrap()), mode.clone()),
            None => (path.clone(), mode.clone()),
        })
        .collect();
    assert_eq!(json!(found), *but);
    assert_eq!(leaks["journal"], "");
    let processes = booted.processes(boot);
    if boot == 1 && booted.cuts.is_empty() {
        for program in ["installer.php", "database.php", "secrets.php", "boot.sh"] {
            assert!(
                processes.contains(program),
                "{program} has run, and the list of processes was not looked at"
            );
        }
    }
    let outside = booted.work.join("outside");
    if boot == 1 && booted.cuts.is_empty() {
        let modes = super::read(&outside.join("modes-1"));
        assert!(
            modes.lines().all(|mode| mode.ends_with(" 0700 0")),
            "others can look at the secrets: {modes}"
        );
    }
    let calls = super::read(&outside.join("calls"));
    let report = super::read(&outside.join("objects/moodle/reports/web1.json"));
    let console = booted.console(boot);
    for (place, text) in
        [("processes", processes), ("calls", calls), ("report", report), ("console", console)]
    {
        for token in booted.tokens() {
            assert!(!text.contains(&token), "a secret is in the {place}: {token}");
        }
    }
}

/// What stands in for others is called exactly so, in this order.
fn expected_calls(booted: &Booted) -> Vec<String> {
    let settings = super::render(&booted.spec).unwrap().files["/etc/site/boot.conf"].content.clone();
    let packages = settings.lines().find_map(|line| line.strip_prefix("PACKAGES=("));
    let packages = packages.and_then(|rest| rest.strip_suffix(')')).expect("the settings list the packages");
    let rule = "'ipv4' 'filter' 'OUTPUT' '0' '-d' '169.254.169.254' '-p' 'tcp' '--dport' '80' '-m' 'owner' \
                '--uid-owner' 'apache' '-j' 'REJECT'";
    let direct = "firewall-cmd '--quiet' '--permanent' '--direct'";
    vec![
        "dnf '-y' 'install' 'dnf-plugins-core' 'oracle-epel-release-el9' 'oraclelinux-developer-release-el9' \
         'https://rpms.remirepo.net/enterprise/remi-release-9.rpm'"
            .to_owned(),
        "dnf 'config-manager' '--set-enabled' 'ol9_developer_EPEL' 'ol9_codeready_builder'".to_owned(),
        "dnf '-q' 'module' 'list' '--enabled' 'php'".to_owned(),
        "dnf '-y' 'module' 'reset' 'php'".to_owned(),
        "dnf '-y' 'module' 'enable' 'php:remi-8.3'".to_owned(),
        format!("dnf '-y' 'install' {packages}"),
        "setsebool '-P' 'httpd_can_network_connect_db=1' 'httpd_can_network_connect=1' 'httpd_use_nfs=1' \
         'httpd_can_sendmail=1'"
            .to_owned(),
        "semanage 'fcontext' '-a' '-t' 'httpd_sys_rw_content_t' '/var/cache/site(/.*)?'".to_owned(),
        "semanage 'fcontext' '-a' '-t' 'httpd_sys_content_t' '/var/run/site-health(/.*)?'".to_owned(),
        "restorecon '-R' '/var/cache/site'".to_owned(),
        "firewall-cmd '--quiet' '--permanent' '--add-service=http' '--add-service=https'".to_owned(),
        format!("{direct} '--query-rule' {rule}"),
        format!("{direct} '--add-rule' {rule}"),
        "firewall-cmd '--quiet' '--reload'".to_owned(),
        "oci 'os' 'object' 'get' '--auth' 'instance_principal' '--namespace' 'axexample' '--bucket-name' 'moodle' \
         '--name' 'secrets/site.json' '--file' '/run/site-secrets/secrets.json'"
            .to_owned(),
        r"mount.nfs '10.0.3.5:/it'\''s $shared' '/srv/site'\''s $data#1' '-o' 'rw,nosuid,nodev,vers=3,proto=tcp,hard,timeo=600,retrans=2,_netdev,nofail'"
            .to_owned(),
        "curl '-sfL' '--retry' '3' '--max-time' '900' '-o' '/var/lib/site/archive.tar.gz' \
         'https://packaging.moodle.org/stable503/moodle-5.3.tgz'"
            .to_owned(),
        "restorecon '-R' '/var/www/releases'".to_owned(),
    ]
}
