//! Descriptions of servers: one for each branch of each application, and random ones whose names are as nasty as is legal.

use moodle_stack::config::Config;
use moodle_stack::server::versions::{Application, BRANCHES, DatabaseKind, Php, Version};
use moodle_stack::server::{
    Database, DatabaseTls, Endpoint, NfsShare, ObjectPlace, Position, Release, SecretSource, ServerSpec,
    Site, SiteUrl, Storage, Tls, Updates,
};
use moodle_stack::stack::{Facts, server_spec};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

/// A plain server of the application's default version.
pub(crate) fn plain(application: Application) -> ServerSpec {
    let place = |object: &str| ObjectPlace {
        namespace: "axexample".to_owned(),
        bucket: "moodle".to_owned(),
        object: object.to_owned(),
    };
    ServerSpec {
        name: "web1".to_owned(),
        position: Position { index: 0, count: 3 },
        release: Release { application, version: application.default_version().to_owned(), sha256: None },
        php: Php::DEFAULT,
        site: Site {
            url: SiteUrl::Known("http://moodle.example.org".to_owned()),
            full_name: "Example School".to_owned(),
            short_name: "School".to_owned(),
            language: "en".to_owned(),
            admin_user: "admin".to_owned(),
            admin_email: "admin@example.org".to_owned(),
        },
        database: Database {
            kind: DatabaseKind::MySql,
            version: Version(8, 4, 0),
            primary: Endpoint { host: "db.data.moodle.oraclevcn.com".to_owned(), port: 3306 },
            read: Some(Endpoint { host: "10.0.2.20".to_owned(), port: 3306 }),
            schema: "moodle".to_owned(),
            user: "moodle".to_owned(),
            admin_user: "admin".to_owned(),
            tls: DatabaseTls::Require,
        },
        storage: Storage {
            nfs: Some(NfsShare { host: "10.0.3.5".to_owned(), path: "/moodle".to_owned() }),
            mount_point: "/srv/site".to_owned(),
        },
        tls: Tls::Off,
        secrets: SecretSource::Object(place("secrets/site.json")),
        report: Some(place("reports/web1.json")),
        updates: Updates { automatic: true, hour: 2, slot_minutes: 40 },
    }
}

/// One server for each branch in the table, on the newest PHP that it may have, and on both kinds of database.
pub(crate) fn of_each_branch() -> Vec<ServerSpec> {
    let mut all = Vec::new();
    for branch in BRANCHES {
        for kind in [DatabaseKind::MySql, DatabaseKind::MariaDb] {
            let mut spec = plain(branch.application);
            spec.release.version = branch.version.to_string();
            spec.php = branch.php_max;
            let least = if kind == DatabaseKind::MySql { branch.mysql_min } else { branch.mariadb_min };
            (spec.database.kind, spec.database.version) = (kind, least);
            all.push(spec);
        }
    }
    all
}

/// A valid description, whatever the seed.
pub(crate) fn random(seed: u64) -> ServerSpec {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let branch = BRANCHES[random.random_range(0..BRANCHES.len())];
    let mut spec = plain(branch.application);
    spec.release.version = branch.version.to_string();
    spec.php = if random.random() { branch.php_min } else { branch.php_max };
    (spec.database.kind, spec.database.version) = if random.random() {
        (DatabaseKind::MySql, branch.mysql_min.max(Version(8, 4, 0)))
    } else {
        (DatabaseKind::MariaDb, branch.mariadb_min.max(Version(11, 4, 0)))
    };
    let count = random.random_range(1..=9);
    spec.position = Position { index: random.random_range(0..count), count };
    spec.updates = Updates { automatic: random.random(), hour: random.random_range(0..24), slot_minutes: 50 };
    nasty_texts(&mut spec, &mut random);
    choices(&mut spec, &mut random);
    spec
}

fn nasty_texts(spec: &mut ServerSpec, random: &mut ChaCha8Rng) {
    for text in [
        &mut spec.site.full_name,
        &mut spec.site.short_name,
        &mut spec.site.admin_user,
        &mut spec.database.schema,
        &mut spec.database.user,
        &mut spec.database.admin_user,
    ] {
        *text = nasty(random);
    }
    if let SecretSource::Object(place) = &mut spec.secrets {
        place.object = format!("a/{}", nasty(random));
    }
    // What Apache takes for patterns is refused in paths.
    let folder: String = nasty(random).chars().filter(|c| !"*?[]/{}".contains(*c)).take(60).collect();
    spec.storage.mount_point = format!("/srv/x{folder}x");
    if let Some(nfs) = &mut spec.storage.nfs {
        nfs.path = format!("/{}", nasty(random).replace('/', "_").chars().take(200).collect::<String>());
    }
}

fn choices(spec: &mut ServerSpec, random: &mut ChaCha8Rng) {
    spec.database.tls =
        [DatabaseTls::Off, DatabaseTls::Require, DatabaseTls::VerifyFull][random.random_range(0..3)];
    spec.database.primary.port = random.random_range(1024..=65535);
    if random.random() {
        spec.database.read = None;
    }
    if random.random() {
        spec.report = None;
    }
    if random.random() {
        spec.secrets = SecretSource::Vault { secret_id: "ocid1.vaultsecret.oc1..a".to_owned() };
    }
    let https = || SiteUrl::Known("https://learn.example.org:8443".to_owned());
    match random.random_range(0..5) {
        0 => spec.site.url = SiteUrl::Metadata,
        1 => (spec.tls, spec.site.url) = (Tls::Given { hsts: random.random() }, https()),
        2 => {
            let directory = "https://acme-v02.api.letsencrypt.org/directory".to_owned();
            let email = "it@example.org".to_owned();
            (spec.tls, spec.site.url) = (Tls::Acme { directory, email, hsts: random.random() }, https());
        }
        3 => {
            let proxies = ["10.0.4.2", "10.0.4.3"].map(|ip| ip.parse().expect("an address")).to_vec();
            (spec.tls, spec.site.url) = (Tls::InFront { proxies }, https());
        }
        _ => {}
    }
}

/// A text with what has a meaning somewhere: quotes, backslashes, `$`, blanks, marks of templates, letters of the world and of both
/// directions. One in sixteen is very long; every other one begins with what is nasty, and most end with it.
pub(crate) fn nasty(random: &mut ChaCha8Rng) -> String {
    const PARTS: [&str; 54] = [
        "'",
        "\"",
        "\\",
        "$",
        "${HOME}",
        "$(id)",
        "`id`",
        " ",
        "%",
        "%n",
        "%%",
        "#",
        ";",
        "&",
        "|",
        "<",
        ">",
        "<<",
        ">>",
        "<%",
        "<#",
        "é",
        "学",
        "🦀",
        "👩\u{200d}👩\u{200d}👧",
        "e\u{301}",
        "!",
        "!!",
        "*",
        "?>",
        "<?php",
        "\\'",
        "{{",
        "--",
        "=",
        "x",
        "~",
        "^",
        "(",
        ")",
        ",",
        "\u{a0}",
        "\u{ad}",
        "\u{2028}",
        "\u{202e}",
        "\u{200f}",
        "שלום",
        "\u{feff}",
        "\u{fffd}",
        "\\n",
        "\\",
        ":",
        "@",
        "\\\"",
    ];
    let length = if random.random_range(0..16) == 0 { 400 } else { random.random_range(1..12) };
    let parts: String = (0..length).map(|_| PARTS[random.random_range(0..PARTS.len())]).collect();
    if random.random() { format!("n{parts}") } else { parts }
}

/// The site's secrets. They may hold anything but the character with the number 0, line breaks included.
pub(crate) fn secrets(seed: u64) -> serde_json::Value {
    const CONTROLS: [&str; 10] =
        ["\n", "\r\n", "\t", "\u{1}", "\u{8}", "\u{1b}[31m", "\u{1f}", "\u{7f}", "\u{85}", "\u{ffff}"];
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut password = || {
        let mut control = || CONTROLS[random.random_range(0..CONTROLS.len())];
        let (first, between, last) = (control(), control(), control());
        format!("{first}{}{between}{}{last}", nasty(&mut random), nasty(&mut random))
    };
    serde_json::json!({
        "database_password": password(),
        "database_admin_password": password(),
        "admin_password": password(),
        "site_secret": password(),
        "tls_certificate": "-----BEGIN CERTIFICATE-----\n",
        "tls_key": "-----BEGIN PRIVATE KEY-----\n",
    })
}

/// One server for each application with each way to end TLS and each source of secrets, with the site's address known and
/// not, and with a password for the database's connection of each kind.
pub(crate) fn of_each_kind() -> Vec<ServerSpec> {
    let mut all = Vec::new();
    for application in Application::ALL {
        for (tls, url) in tls_modes() {
            for vault in [false, true] {
                let mut spec = plain(application);
                (spec.tls, spec.site.url) = (tls.clone(), url.clone());
                if vault {
                    spec.secrets = SecretSource::Vault { secret_id: "ocid1.vaultsecret.oc1..a".to_owned() };
                    spec.database.tls = DatabaseTls::VerifyFull;
                    spec.database.read = None;
                    spec.report = None;
                }
                all.push(spec);
            }
        }
        let mut alone = plain(application);
        (alone.position.count, alone.storage.nfs, alone.updates.automatic) = (1, None, false);
        alone.database.tls = DatabaseTls::Off;
        all.push(alone);
    }
    all
}

fn tls_modes() -> Vec<(Tls, SiteUrl)> {
    let https = SiteUrl::Known("https://moodle.example.org".to_owned());
    let acme = |hsts| Tls::Acme {
        directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
        email: "it@example.org".to_owned(),
        hsts,
    };
    let proxies = ["10.0.4.2", "fd00::2"].map(|ip| ip.parse().expect("an address")).to_vec();
    vec![
        (Tls::Off, SiteUrl::Known("http://moodle.example.org".to_owned())),
        (Tls::Off, SiteUrl::Metadata),
        (Tls::Given { hsts: false }, https.clone()),
        (Tls::Given { hsts: true }, SiteUrl::Metadata),
        (acme(false), https.clone()),
        (acme(true), https.clone()),
        (Tls::InFront { proxies: proxies.clone() }, https),
        (Tls::InFront { proxies }, SiteUrl::Metadata),
    ]
}

/// Every server of every file in `examples/`.
#[expect(clippy::disallowed_methods, reason = "the test reads the workspace's examples")]
pub(crate) fn of_each_example() -> Vec<ServerSpec> {
    let facts = Facts {
        compartment_id: "ocid1.compartment.oc1..a".to_owned(),
        tenancy_id: Some("ocid1.tenancy.oc1..a".to_owned()),
        region: Some("eu-frankfurt-1".to_owned()),
        availability_domains: [1, 2, 3].map(|n| format!("abcd:EU-FRANKFURT-1-AD-{n}")).into(),
        namespace: "axexample".to_owned(),
        services_id: "ocid1.service.oc1.eu-frankfurt-1.a".to_owned(),
        services_label: "all-fra-services-in-oracle-services-network".to_owned(),
        image_id: Some("ocid1.image.oc1.eu-frankfurt-1.a".to_owned()),
        dns_labels: std::collections::BTreeMap::new(),
    };
    let folder = test_support::workspace_root().join("examples");
    let entries = std::fs::read_dir(&folder).expect("the workspace has examples");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    files.retain(|path| !path.ends_with("Cargo.toml"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("an example can be read");
        let config = Config::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        for index in 0..config.servers.count {
            let spec = server_spec(&config, &facts, index);
            all.push(spec.unwrap_or_else(|error| panic!("{}: {error}", file.display())));
        }
    }
    all
}
