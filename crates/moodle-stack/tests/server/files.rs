//! The files by themselves.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use moodle_stack::server::versions::{Application, DatabaseKind, Version};
use moodle_stack::server::{
    METADATA_BYTES_MAX, ObjectPlace, RenderError, SiteUrl, Tls, cloud_config, render, user_data,
    user_data_with_bundle,
};
use serde_json::Value;

use crate::samples::{of_each_branch, plain, random};

fn unpack(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).expect("what we compressed can be read");
    text
}

#[test]
fn all_servers_of_a_stack_get_the_same_bytes_of_what_the_application_and_the_web_server_read() {
    for application in Application::ALL {
        let (mut first, mut last) = (plain(application), plain(application));
        (first.name, first.position.index) = ("web1".to_owned(), 0);
        (last.name, last.position.index) = ("web3".to_owned(), 2);
        let (first, last) = (render(&first).unwrap(), render(&last).unwrap());
        let differing: Vec<_> = first
            .files
            .iter()
            .filter(|(path, file)| last.files.get(*path) != Some(file))
            .map(|(path, _)| path)
            .collect();
        assert_eq!(differing, ["/etc/systemd/system/site-update.timer"], "only the time slot may differ");
    }
}

#[test]
fn user_data_of_every_branch_fits_with_room_for_keys() {
    for spec in of_each_branch() {
        let data = user_data(&render(&spec).unwrap(), 4096).unwrap();
        // Ten keys of the long kind, and more.
        assert!(data.base64.len() + 8192 < METADATA_BYTES_MAX, "{}", data.base64.len());
        let text = unpack(&STANDARD.decode(&data.base64).unwrap());
        assert!(text.starts_with("#cloud-config\n# oci-mock: needs nfs=10.0.3.5 mysql=db.data.moodle.oraclevcn.com:3306 packages serves="));
    }
}

#[test]
fn no_two_servers_have_the_same_time_slot_for_updates_however_many_there_are() {
    let slots: std::collections::BTreeSet<String> = (0..100)
        .map(|index| {
            let mut spec = plain(Application::Moodle);
            (spec.position.index, spec.position.count) = (index, 100);
            let files = render(&spec).unwrap().files;
            files["/etc/systemd/system/site-update.timer"].content.clone()
        })
        .map(|unit| unit.lines().find(|line| line.starts_with("OnCalendar=")).unwrap().to_owned())
        .collect();
    assert_eq!(slots.len(), 100);
}

#[test]
fn user_data_that_does_not_fit_says_so_and_a_bundle_carries_the_same_files() {
    let rendered = render(&plain(Application::Moodle)).unwrap();
    let refused = user_data(&rendered, METADATA_BYTES_MAX).unwrap_err();
    assert_eq!(refused.other, METADATA_BYTES_MAX);

    let place =
        ObjectPlace { namespace: "n".to_owned(), bucket: "it's".to_owned(), object: "boot/".to_owned() };
    let data = user_data_with_bundle(&rendered, &place, METADATA_BYTES_MAX - 4000).unwrap();
    let refused = user_data_with_bundle(&rendered, &place, METADATA_BYTES_MAX - 1000).unwrap_err();
    assert_eq!(refused.other, METADATA_BYTES_MAX - 1000);
    let bundle = data.bundle.unwrap();
    assert_eq!(bundle.place.object, format!("boot/{}", bundle.sha256));
    let files: Value = serde_json::from_str(&unpack(&STANDARD.decode(&bundle.text).unwrap())).unwrap();
    assert_eq!(files["write_files"].as_array().unwrap().len(), rendered.files.len());
    let text = unpack(&STANDARD.decode(&data.base64).unwrap());
    assert!(text.contains("oci-mock: needs") && text.contains(&bundle.sha256));
    assert!(data.base64.len() < 4000, "the bootstrap is small: {}", data.base64.len());
}

#[test]
fn the_same_description_gives_the_same_bytes() {
    let bytes = || user_data(&render(&random(7)).unwrap(), 0).unwrap().base64;
    assert_eq!(bytes(), bytes());
}

#[test]
fn the_cloud_config_holds_each_file_as_it_was_rendered() {
    for seed in 0..50 {
        let rendered = render(&random(seed)).unwrap();
        let text = cloud_config(&rendered);
        let json = text.lines().skip(2).collect::<Vec<_>>().join("\n");
        let config: Value = serde_json::from_str(&json).unwrap();
        for entry in config["write_files"].as_array().unwrap() {
            let file = &rendered.files[entry["path"].as_str().unwrap()];
            assert_eq!(entry["content"], file.content.as_str(), "seed {seed}");
        }
    }
}

#[test]
fn replicas_are_used_by_the_applications_that_can_and_keys_are_left_out_not_empty() {
    let config = |application, path: &str| render(&plain(application)).unwrap().files[path].content.clone();
    let moodle = config(Application::Moodle, "/etc/site/config.php");
    assert!(moodle.contains("['dbhost' => '10.0.2.20', 'dbport' => 3306],"), "{moodle}");
    assert!(config(Application::Drupal, "/etc/site/settings.php").contains("['replica'][]"));
    assert!(!config(Application::WordPress, "/etc/site/wp-config.php").contains("10.0.2.20"));
    assert!(!config(Application::Joomla, "/etc/site/configuration.php").contains("10.0.2.20"));
}

#[test]
fn the_proxy_settings_of_moodle_stand_only_where_tls_ends_in_front() {
    let mut spec = plain(Application::Moodle);
    let config = |spec: &_| render(spec).unwrap().files["/etc/site/config.php"].content.clone();
    assert!(!config(&spec).contains("proxy"));
    spec.site.url = SiteUrl::Known("https://moodle.example.org".to_owned());
    spec.tls = Tls::Given { hsts: true };
    assert!(!config(&spec).contains("proxy"));
    spec.tls = Tls::InFront { proxies: vec!["10.0.4.2".parse().unwrap()] };
    let text = config(&spec);
    assert!(text.contains("$CFG->sslproxy  = true;") && !text.contains("reverseproxy"), "{text}");
}

#[test]
fn what_would_not_work_is_refused_by_name() {
    let check = |change: fn(&mut moodle_stack::server::ServerSpec), wanted: &str| {
        let mut spec = plain(Application::Moodle);
        change(&mut spec);
        match render(&spec).unwrap_err() {
            RenderError::Unfit { field, .. } => assert_eq!(field, wanted),
            other => assert_eq!(other.to_string(), wanted),
        }
    };
    check(|spec| spec.site.full_name = "two\nlines".to_owned(), "site.full_name");
    check(|spec| spec.database.user.clear(), "database.user");
    check(|spec| spec.database.primary.host = "localhost".to_owned(), "database.primary.host");
    check(|spec| spec.database.primary.host = "a b".to_owned(), "database.primary.host");
    check(|spec| spec.storage.mount_point = "/var/www/x".to_owned(), "storage.mount_point");
    check(|spec| spec.storage.mount_point = "/srv/../etc".to_owned(), "storage.mount_point");
    check(|spec| spec.storage.mount_point = "/srv/${X}".to_owned(), "storage.mount_point");
    check(|spec| spec.storage.nfs = None, "storage.nfs");
    check(|spec| spec.site.url = SiteUrl::Known("https://a.example".to_owned()), "site.url");
    check(|spec| spec.site.url = SiteUrl::Known("http://a.example/moodle".to_owned()), "site.url");
    check(|spec| spec.site.url = SiteUrl::Known("a.example".to_owned()), "site.url");
    check(|spec| spec.tls = Tls::Given { hsts: false }, "site.url");
    check(
        |spec| (spec.database.kind, spec.database.version) = (DatabaseKind::MariaDb, Version(10, 11, 0)),
        "application, PHP and database do not go together",
    );
}
