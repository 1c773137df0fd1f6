//! What happens to a server that runs: security updates, and secrets that change or break.

use std::process::Command;

use moodle_stack::server::versions::Application;
use serde_json::json;

use super::scenarios::{count, holds_no_secret, is_ready_with, serves_its_title, tells_no_secret};
use super::{Scenario, succeeds};

/// Updates: none, some, some that ask for a restart, and some while another server has just been restarted.
const UPDATES: &str = r##"set -e
share=$(cat /test/mount-point)
answers() {
    for attempt in {1..60}; do
        code=$(/usr/bin/curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/ || true)
        if [ "$code" = "$1" ]; then return; fi
        /bin/sleep 0.5
    done
    echo "after $attempt attempts: $code, not $1"
    exit 1
}
mark() { echo "# $1" >>/test/calls; }
mark none
systemctl start site-update.service
answers 200
mark some
touch /test/updates
systemctl start site-update.service
answers 200
if [ -e "$share/.site-update" ]; then echo "the turn was kept though nothing restarts"; exit 1; fi
mark restart
touch /test/updates /test/restart-needed
systemctl start site-update.service
answers 503
# The folder is in memory: a restart ends what keeps the server out.
findmnt -n -o FSTYPE --target /run/site-drain | grep -qx tmpfs
rm /run/site-drain
answers 200
mark another
echo web2 >"$share/.site-update"
touch /test/updates
systemctl start site-update.service
answers 200
journalctl --unit site-update --output=cat | grep -F 'web2 has its turn; tomorrow is another day'
rm /test/updates
mark stale
touch -d '-20 minutes' "$share/.site-update"
touch /test/updates
systemctl start site-update.service
answers 200
mark end
"##;

#[test]
fn wordpress_keeps_its_uploads_on_the_share_and_leaves_the_rotation_before_it_is_updated() {
    let mut scenario = Scenario::new("wordpress");
    scenario.spec.release.application = Application::WordPress;
    scenario.spec.release.version = Application::WordPress.default_version().to_owned();
    scenario.then = vec![(1, UPDATES)];
    let Some(booted) = scenario.boot() else { return };
    serves_its_title(&booted, "wp-config.php", "wp-content/uploads", "uploads");

    let found = booted.found(1);
    assert_eq!(found["then"][0], 0, "{}", found["then"]);
    let all = super::read(&booted.work.join("outside/calls"));
    let all: Vec<&str> = all.lines().skip(count(&found["first"]["calls"])).collect();
    let part = |name: &str| {
        let name = format!("# {name}");
        let lines = all.iter().skip_while(|line| **line != name).skip(1);
        lines.take_while(|line| !line.starts_with("# ")).copied().collect::<Vec<&str>>()
    };
    let looks = [
        "dnf '-q' '--refresh' '--security' 'check-update'",
        "dnf '-q' 'check-update' 'php*'",
        "dnf '-q' 'needs-restarting' '-r'",
    ];
    let installs = ["sleep '90'", "dnf '-y' '--security' 'upgrade'", "dnf '-y' 'upgrade' 'php*'"];
    assert_eq!(part("none"), looks);
    // What is found first is reason enough.
    let updated = [&looks[..1], &installs[..], &looks[2..]].concat();
    assert_eq!(part("some"), updated);
    assert_eq!(part("restart"), [&updated[..], &["systemctl 'reboot'", "at the restart: 503"]].concat());
    assert_eq!(part("stale"), updated, "a turn that was never given back does not last for ever");
    let another = part("another");
    assert_eq!(another[0], looks[0]);
    assert!(another.len() > 100 && another[1..].iter().all(|call| *call == "sleep '60'"), "{another:?}");
    is_ready_with(&found["again"], "200");
    tells_no_secret(&booted, 1);
}

/// Secrets that cannot be taken change nothing; those that can do, whatever the database does meanwhile.
const SECRETS: &str = r##"set -e
object=/test/objects/moodle/secrets/site.json
cp "$object" /test/objects/good.json
state() { cat /etc/site/site.php /etc/pki/site/cert.pem /etc/pki/site/key.pem | sha256sum; }
refused() {
    before=$(state)
    if systemctl start site-refresh.service; then echo "taken, though: $1"; exit 1; fi
    [ "$before" = "$(state)" ] || { echo "something changed, though: $1"; exit 1; }
    journalctl --sync
    journalctl --unit site-refresh --output=cat >/test/said
    grep -F -- "$1" /test/said || { echo "not said: $1"; tail -n 20 /test/said; exit 1; }
    # So many starts in a moment would be refused.
    systemctl reset-failed site-refresh.service
}
taken() {
    before=$(state)
    systemctl start site-refresh.service
    [ "$before" != "$(state)" ] || { echo "not taken: $1"; exit 1; }
}
change() {
    # Not as arguments: the list of processes is looked at for secrets.
    printf '%s\0' "$@" >/test/changes
    python3 - <<'CHANGE'
import json
path = "/test/objects/moodle/secrets/site.json"
secrets = json.load(open("/test/objects/good.json"))
for pair in open("/test/changes").read().split("\0")[:-1]:
    key, _, value = pair.partition("=")
    secrets[key] = value
json.dump({key: value for key, value in secrets.items() if value}, open(path, "w"))
CHANGE
}
systemctl start site-refresh.service
printf '{"database_password": "zqDatabase17' >"$object"
refused 'the secrets cannot be read: '
echo null >"$object"
refused 'the secrets are no JSON object'
change database_password=
refused 'the secrets have no database_password'
rm "$object"
refused 'not now: '
change tls_key="$(cat /test/acme-key.pem)"
refused 'certificate and key do not belong together'
change tls_certificate="no certificate"
refused 'certificate and key do not belong together'

# The database is away, which is no reason not to hear that the replicas are away too.
systemctl stop mariadb
change replicas=no
taken 'replicas'
systemctl start mariadb
# A password that the database has already, and whose administrator has another one that the secrets do not know.
mariadb <<'SQL'
ALTER USER "o'site"@'%' IDENTIFIED BY 'another zqDatabase17'; RENAME USER admin TO boss;
SQL
change replicas=no database_password='another zqDatabase17'
taken 'the password that is in use already'
mariadb -e "RENAME USER boss TO admin"
# Cut short between two files: the pair as a whole is there, or is not.
change database_password='another zqDatabase17' tls_certificate="$(cat /test/acme-cert.pem)" tls_key="$(cat /test/acme-key.pem)"
mkdir -p "/etc/pki/site.d/$(sha256sum </test/acme-cert.pem | cut -c 1-16).new"
taken 'certificate'
[ "$(ls /etc/pki/site.d | wc -l)" = 1 ]
/usr/bin/curl -sSk --fail -o /dev/null https://127.0.0.1/
# Nothing is left of it all.
[ ! -e /run/site-refresh ] && [ ! -e /etc/site/site.php.new ]
"##;

#[test]
fn drupal_keeps_its_files_on_the_share_and_takes_only_secrets_that_are_whole() {
    let mut scenario = Scenario::new("drupal");
    scenario.spec.release.application = Application::Drupal;
    scenario.spec.release.version = Application::Drupal.default_version().to_owned();
    scenario.then = vec![(1, SECRETS)];
    let Some(booted) = scenario.boot() else { return };
    serves_its_title(&booted, "sites/default/settings.php", "sites/default/files", "files");

    let found = booted.found(1);
    assert_eq!(found["then"][0], 0, "{}", found["then"]);
    is_ready_with(&found["again"], "200");
    let mut openssl = Command::new("openssl");
    openssl
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(booted.work.join("outside/acme-cert.pem"));
    assert_eq!(found["again"]["certificate"], succeeds(&mut openssl, b""), "the new one is served");
    // The key that was looked for is gone with its certificate.
    holds_no_secret(&booted, 1, &json!({ "/etc/site/site.php": "0640" }));
}
