//! A first boot that does not end well at once: without power, without permission, without a secret.

use moodle_stack::server::{SecretSource, SiteUrl};

use super::scenarios::{has_failed, is_ready, tells_no_secret, text};
use super::{Booted, Scenario};

/// cloud-init runs a server's boot once. Whatever cuts it short, the next start goes on with it, until it has ended well once.
#[test]
fn a_boot_that_loses_its_power_goes_on_at_the_next_start_and_installs_once() {
    let mut scenario = Scenario::new("power");
    scenario.boots = 4;
    // Each of the three stands still there, for as long as the power is on.
    scenario.cuts = vec![(1, "in-packages"), (2, "share/data/half-way"), (3, "in-services")];
    // What was written last may not have reached the disk.
    scenario.before = vec![(2, r#": >"$1/usr/local/lib/site/boot.sh"; : >"$1/etc/site/settings.json""#)];
    let Some(booted) = scenario.boot() else { return };

    for (boot, step) in [(1, "packages"), (2, "installation"), (3, "services")] {
        let console = booted.console(boot);
        assert!(
            console.contains(&format!("site-boot: {step}: begins")),
            "boot {boot}:\n{}",
            Booted::end_of(&console)
        );
        assert!(!console.contains("the server is ready"), "boot {boot} was not cut short");
    }
    let last = &booted.found(4)["first"];
    is_ready(last);
    assert_eq!(last["report"]["attempt"], 4, "{}", last["report"]);
    assert_eq!(last["cloud_init"]["status"], "done", "{}", last["cloud_init"]);
    let log = text(&last["boot_log"]);
    let times = |line: &str| log.lines().filter(|said| *said == line).count();
    assert_eq!(times("site-boot: packages: begins"), 4, "once at each start: {log}");
    assert_eq!(times("site-boot: the server is ready"), 1);
    assert_eq!(times("an earlier attempt did not end: the schema is emptied"), 1, "{log}");
    let installations = super::read(&booted.work.join("outside/share/data/installations"));
    assert_eq!(installations, "apache\n", "the site was installed once");
    assert_eq!(last["https"]["body"], "version 2026100500\n");
    tells_no_secret(&booted, 4);
}

/// A new dynamic group can take an hour until it counts. Then the server gives up, says why, and tries again when it is started
/// again.
#[test]
fn a_step_that_fails_is_reported_and_the_boot_goes_through_when_its_cause_is_gone() {
    let mut scenario = Scenario::new("failing");
    scenario.spec.secrets = SecretSource::Vault { secret_id: "ocid1.vaultsecret.oc1..a".to_owned() };
    scenario.spec.site.url = SiteUrl::Metadata;
    scenario.vault_lacks = Some("admin_password");
    scenario.denials = 1000;
    scenario.boots = 2;
    scenario.before = vec![(2, "rm denials")];
    scenario.then = vec![(2, "mv /test/objects/vault.good /test/objects/vault")];
    let Some(booted) = scenario.boot() else { return };

    let refused = &booted.found(1)["first"];
    assert_eq!(refused["cloud_init"]["status"], "error", "{}", refused["cloud_init"]);
    let why = "BucketNotFound: it does not exist or you are not authorized";
    has_failed(&booted, 1, refused, "secrets", &format!("not permitted after 75 min: {why}"));
    let console = booted.console(1);
    for minutes in [0, 10, 70] {
        let waits =
            format!("site-boot: secrets: waiting for the right to read them, {minutes} min so far: {why}\n");
        assert!(console.contains(&waits), "{waits}{}", Booted::end_of(&console));
    }

    let found = booted.found(2);
    let first = &found["first"];
    assert_eq!(first["cloud_init"]["status"], "error", "{}", first["cloud_init"]);
    has_failed(&booted, 2, first, "secrets", "the secrets have no admin_password");
    let calls = booted.calls(0, &first["calls"]);
    let asked = [
        "oci 'secrets' 'secret-bundle' 'get' '--auth' 'instance_principal' '--secret-id' 'ocid1.vaultsecret.oc1..a' \
         '--query' 'data.\"secret-bundle-content\".content' '--raw-output'",
        "curl '-sf' '--retry' '10' '--retry-delay' '3' '-H' 'Authorization: Bearer Oracle' \
         'http://169.254.169.254/opc/v2/instance/metadata/moodle_site_url'",
    ];
    assert_eq!(calls[calls.len() - 2..], asked);

    let again = &found["again"];
    is_ready(again);
    assert_eq!(again["http"]["redirect"], "https://203.0.113.7/", "the address that the metadata says");
    tells_no_secret(&booted, 2);
}
