//! One server of the site: the rendered files where they belong, and a small application that behaves as Moodle does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use moodle_stack::server::versions::{Application, DatabaseKind, Php, Version};
use moodle_stack::server::{
    Database, DatabaseTls, Endpoint, NfsShare, ObjectPlace, Position, Release, SecretSource, ServerSpec,
    Site, SiteUrl, Storage, Tls, Updates, render,
};
use serde_json::{Value, json};

use crate::database::ADMIN;
use crate::stage::{PRIMARY, Stage, run, write};

/// What a server's PHP needs.
pub(crate) const PHP: [&str; 2] = ["php-cli", "php-mysql"];
const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers_live/stand-in");
const SETTINGS: &str = "/etc/site/settings.json";
const SECRETS: &str = "/run/site-secrets/secrets.json";

/// A server that is described and laid out. It runs nothing by itself.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    share: PathBuf,
    url: String,
}

/// The passwords of a site. Each is a text that must be found nowhere but where it belongs.
#[derive(Clone)]
pub(crate) struct Secrets {
    pub(crate) database: String,
    pub(crate) database_admin: String,
    pub(crate) admin: String,
    /// Certificate and key, where the site has them given.
    pub(crate) tls: Option<[String; 2]>,
}

impl Secrets {
    pub(crate) fn all(&self) -> [&str; 3] {
        [&self.database, &self.database_admin, &self.admin]
    }

    fn json(&self) -> Value {
        let mut secrets = json!({
            "database_password": self.database,
            "database_admin_password": self.database_admin,
            "admin_password": self.admin,
            "site_secret": "0123456789abcdef0123456789abcdef",
        });
        if let Some([certificate, key]) = &self.tls {
            secrets["tls_certificate"] = json!(certificate);
            secrets["tls_key"] = json!(key);
        }
        secrets
    }
}

impl Default for Secrets {
    /// With what has a meaning for shells, PHP and SQL.
    fn default() -> Self {
        Self {
            database: r#"Da7a'"\$(id)`%é"#.to_owned(),
            database_admin: r#"4dmin'\"$HOME;--"#.to_owned(),
            admin: r"S1te 'admin\' $x".to_owned(),
            tls: None,
        }
    }
}

/// A server of a small Moodle site, whose database is MariaDB at [`PRIMARY`].
pub(crate) fn spec(schema: &str) -> ServerSpec {
    of(Application::Moodle, schema)
}

/// The same for another application.
pub(crate) fn of(application: Application, schema: &str) -> ServerSpec {
    let place = |object: &str| ObjectPlace {
        namespace: "axexample".to_owned(),
        bucket: "moodle".to_owned(),
        object: object.to_owned(),
    };
    ServerSpec {
        name: "web1".to_owned(),
        position: Position { index: 0, count: 8 },
        release: Release { application, version: application.default_version().to_owned(), sha256: None },
        php: Php::DEFAULT,
        site: Site {
            url: SiteUrl::Known("http://moodle.example.org".to_owned()),
            full_name: "O'Reilly's \"School\" \\ $HOME".to_owned(),
            short_name: "School".to_owned(),
            language: "en".to_owned(),
            admin_user: "admin".to_owned(),
            admin_email: "admin@example.org".to_owned(),
        },
        database: Database {
            kind: DatabaseKind::MariaDb,
            version: Version(11, 4, 0),
            primary: Endpoint { host: PRIMARY.to_owned(), port: 3306 },
            read: None,
            schema: schema.to_owned(),
            user: schema.to_owned(),
            admin_user: ADMIN.to_owned(),
            tls: DatabaseTls::Require,
        },
        storage: Storage {
            nfs: Some(NfsShare { host: "10.0.3.5".to_owned(), path: "/moodle".to_owned() }),
            mount_point: "/srv/site".to_owned(),
        },
        tls: Tls::Off,
        secrets: SecretSource::Object(place("secrets/site.json")),
        report: None,
        updates: Updates { automatic: true, hour: 2, slot_minutes: 40 },
    }
}

/// The share of a site, as the step `storage` leaves it.
pub(crate) fn share(stage: &Stage, name: &str) -> PathBuf {
    let share = stage.folder(name);
    run(Command::new("install").args(["-d", "-o", "48", "-g", "48", "-m", "2770"]).arg(share.join("data")));
    write(&share.join(".site-share"), "The servers look for this file.\n");
    share
}

impl Machine {
    /// Lays out a server in a folder of its own. `times` replaces settings that are times: a test has no hour.
    pub(crate) fn new(
        stage: &Stage,
        spec: &ServerSpec,
        share: &Path,
        secrets: &Secrets,
        times: &[(&str, u64)],
    ) -> Self {
        let folder = stage.folder(&format!("{}.{}", spec.database.schema, spec.name));
        for (path, file) in render(spec).expect("the description is valid").files {
            let content = if path == SETTINGS { with_times(&file.content, times) } else { file.content };
            let place = path.strip_prefix("/usr/local").map(|rest| folder.join(format!("local{rest}")));
            let place = place.unwrap_or_else(|| folder.join(&path[1..]));
            write(&place, &content);
            fs::set_permissions(place, fs::Permissions::from_mode(file.mode)).expect("it was just written");
        }
        fs::create_dir_all(folder.join("www")).expect("the stage's file system is in memory");
        run(Command::new("cp").arg("-r").arg(format!("{STAND_IN}/site")).arg(folder.join("www/site")));
        // A checkout may be its owner's alone.
        run(Command::new("chmod").args(["-R", "u=rwX,go=rX"]).arg(folder.join("www")));
        let SiteUrl::Known(url) = spec.site.url.clone() else { panic!("the tests' sites have addresses") };
        let machine = Self { name: spec.name.clone(), folder, share: share.to_owned(), url };
        machine.give(secrets);
        machine
    }

    /// These are what it finds where the secrets are, from now on.
    pub(crate) fn give(&self, secrets: &Secrets) {
        let file = self.folder.join("secrets.json");
        write(&file, &secrets.json().to_string());
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("it was just written");
    }

    /// Another server with the same files, for one that has not run anything yet. (That all servers of a site get the same
    /// bytes is another test.)
    pub(crate) fn twin(&self, name: &str) -> Self {
        let file_name = self.folder.file_name().expect("a folder has a name").to_string_lossy();
        let site = file_name.split('.').next().expect("a text has a first part");
        let folder = self.folder.with_file_name(format!("{site}.{name}"));
        run(Command::new("cp").arg("-a").args([&self.folder, &folder]));
        Self { name: name.to_owned(), folder, share: self.share.clone(), url: self.url.clone() }
    }

    /// A command that runs on this server, which is there for as long as that takes.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--uts", "bash", &format!("{STAND_IN}/enter.sh")]);
        command.arg(&self.folder).arg(&self.name).arg(&self.share).args(arguments);
        command
    }

    /// The step `secrets`, then what `script` says.
    pub(crate) fn after_secrets(&self, script: &str) -> Command {
        let secrets = format!("php /usr/local/lib/site/secrets.php {SETTINGS} {SECRETS} '{}'", self.url);
        self.command(&["bash", "-c", &format!("set -e; {secrets}; {script}")])
    }

    /// The steps `secrets`, `database` and `installation`, as the boot runs them.
    pub(crate) fn install(&self) -> Command {
        self.after_secrets(&format!(
            "cd /usr/local/lib/site; php database.php {SETTINGS} {SECRETS}; php install.php {SETTINGS} {SECRETS}"
        ))
    }
}

fn with_times(settings: &str, times: &[(&str, u64)]) -> String {
    let mut settings: Value = serde_json::from_str(settings).expect("settings are JSON");
    for (name, value) in times {
        let setting = settings.get_mut(*name).filter(|setting| setting.is_u64());
        *setting.unwrap_or_else(|| panic!("there is no time {name}")) = json!(value);
    }
    settings.to_string()
}
