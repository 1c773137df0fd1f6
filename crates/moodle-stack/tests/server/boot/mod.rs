//! The user data boots for real: a container with systemd and cloud-init, a real MariaDB, Apache and PHP.
//!
//! `image.sh` makes the container's disk once, `machine.sh` boots it with the files of a scenario laid over it, `probe.py` looks
//! at the server from inside and writes down what it finds, `stand-ins/stand-in` stands in for what a container cannot have and
//! logs each call, and `moodle` is a site of a few lines that keeps Moodle's rules where the boot depends on them.
#![expect(
    clippy::disallowed_methods,
    reason = "the test prepares a machine's disk and reads what became of it"
)]
#![expect(clippy::unwrap_used, reason = "a failure to write a file ends the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use moodle_stack::server::versions::{Application, DatabaseKind, Version};
use moodle_stack::server::{
    DatabaseTls, Endpoint, NfsShare, ObjectPlace, ServerSpec, SiteUrl, Tls, render, user_data,
    user_data_with_bundle,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::samples::plain;
use crate::tools::{fresh_folder, read, self_signed, succeeds, tools_are_here, write};

mod interrupted;
mod running;
mod scenarios;

/// What the container's own programs are, and what makes it.
const TOOLS: [&str; 6] =
    ["systemd-container", "debootstrap", "bsdutils", "openssl", "util-linux", "debian-archive-keyring"];

/// A part of each secret that no way of quoting changes, so that it is found wherever the secret is.
const TOKENS: [&str; 4] = ["zqDatabase17", "zqMaster18", "zqAdmin19", "zqSite20"];

/// One server and what surrounds it.
struct Scenario {
    name: &'static str,
    spec: ServerSpec,
    secrets: Value,
    /// A secret that the vault does not have at first.
    vault_lacks: Option<&'static str>,
    /// Whether the files lie in a bucket and user data only fetches them.
    bundle: bool,
    /// For a boot by its number: the power is cut when this file is there, in the folder that the server knows as `/test`.
    cuts: Vec<(usize, &'static str)>,
    /// Whether the database answers only some time after the first boot has begun.
    database_is_late: bool,
    /// How many calls of Oracle's command line are refused at first, because no policy permits them yet.
    denials: usize,
    /// Whether the share can be mounted from the beginning.
    share_is_there: bool,
    boots: usize,
    /// For a boot by its number: a script that runs outside before it, in the folder that the server knows as `/test`.
    before: Vec<(usize, &'static str)>,
    /// For a boot by its number: a script after which the boot's own script runs once more.
    then: Vec<(usize, &'static str)>,
}

impl Scenario {
    /// A server whose names are as nasty as is legal, with all its secrets.
    fn new(name: &'static str) -> Self {
        let mut spec = plain(Application::Moodle);
        spec.site.url = SiteUrl::Known("https://moodle.example.org".to_owned());
        spec.site.full_name = r#"L'école "Ω" \$HOME `id`"#.to_owned();
        spec.database.kind = DatabaseKind::MariaDb;
        spec.database.version = Version(11, 4, 0);
        spec.database.primary = Endpoint { host: "127.0.0.1".to_owned(), port: 3306 };
        spec.database.read = None;
        spec.database.tls = DatabaseTls::Require;
        spec.database.schema = "moodle db_1".to_owned();
        spec.database.user = "o'site".to_owned();
        spec.storage.mount_point = "/srv/site's $data#1".to_owned();
        spec.storage.nfs = Some(NfsShare { host: "10.0.3.5".to_owned(), path: "/it's $shared".to_owned() });
        spec.tls = Tls::Given { hsts: true };
        let password = |token: &str| format!("p'a\"s\\s $HOME `id` é%n\n{token}");
        let [database, master, admin, site] = TOKENS;
        let secrets = json!({
            "database_password": password(database),
            "database_admin_password": password(master),
            "admin_password": password(admin),
            "site_secret": password(site),
        });
        Self {
            name,
            spec,
            secrets,
            vault_lacks: None,
            bundle: false,
            cuts: Vec::new(),
            database_is_late: false,
            denials: 0,
            share_is_there: true,
            boots: 1,
            before: Vec::new(),
            then: Vec::new(),
        }
    }

    /// Boots it; nothing when a tool is missing here.
    fn boot(mut self) -> Option<Booted> {
        if !tools_are_here(&TOOLS) {
            return None;
        }
        let image = Path::new(env!("CARGO_TARGET_TMPDIR")).join("debian-12");
        succeeds(Command::new("bash").arg(here("image.sh")).arg(&image), b"");
        let work = fresh_folder(&format!("boot-{}", self.name));
        self.surroundings(&work.join("outside"));
        self.disk(&work.join("disk"));
        // Users of the container read both, whatever the umask of whoever runs the test.
        succeeds(
            Command::new("chmod").args(["-R", "u=rwX,go=rX"]).args(["outside", "disk"]).current_dir(&work),
            b"",
        );
        for program in ["usr/local/bin/stand-in", "usr/local/sbin/httpd"] {
            succeeds(Command::new("chmod").arg("0755").arg(work.join("disk").join(program)), b"");
        }
        let mut machine = Command::new("unshare");
        machine.args(["--mount", "--propagation", "private", "bash"]).arg(here("machine.sh"));
        machine.arg(image.join("root")).arg(&work).arg(self.boots.to_string());
        succeeds(&mut machine, b"");
        Some(Booted { work, spec: self.spec, secrets: self.secrets, cuts: self.cuts })
    }

    /// What lies outside of the server: the download, the bucket, the share, the database's own certificate and first user.
    fn surroundings(&mut self, outside: &Path) {
        let mut tar = Command::new("tar");
        std::fs::create_dir_all(outside).unwrap();
        let archive = outside.join("archive.tar.gz");
        // Joomla's archive has no folder around it.
        let (folder, content) = match self.spec.release.application {
            Application::Joomla => (here("joomla"), "."),
            other => (here(""), other.name()),
        };
        succeeds(tar.arg("-czf").arg(&archive).arg("-C").arg(folder).arg(content), b"");
        self.spec.release.sha256 = Some(hexadecimal(&std::fs::read(&archive).unwrap()));

        self_signed(outside, "database");
        self_signed(outside, "site");
        self_signed(outside, "acme");
        self.secrets["tls_certificate"] = json!(read(&outside.join("site-cert.pem")));
        let key = read(&outside.join("site-key.pem"));
        let of_key = key.lines().nth(1).expect("a key has several lines");
        write(&outside.join("tokens"), &format!("{}\n{of_key}\n", TOKENS.join("\n")));
        self.secrets["tls_key"] = json!(key);

        let place = |object: &str| outside.join("objects/moodle").join(object);
        write(&place("secrets/site.json"), &self.secrets.to_string());
        let mut changed = self.secrets.clone();
        changed["database_password"] = json!(format!("another {}", TOKENS[0]));
        write(&outside.join("objects/changed.json"), &changed.to_string());
        let mut vault = self.secrets.clone();
        if let Some(key) = self.vault_lacks {
            vault.as_object_mut().expect("it is an object").remove(key);
        }
        write(&outside.join("objects/vault"), &vault.to_string());
        write(&outside.join("objects/vault.good"), &self.secrets.to_string());
        write(
            &outside.join("init.sql"),
            &first_user(self.secrets["database_admin_password"].as_str().unwrap()),
        );
        write(&outside.join("query"), &query(&self.spec));
        write(&outside.join("mount-point"), &self.spec.storage.mount_point);
        write(&outside.join("calls"), "");
        for file in ["probe.py", "watch.py"] {
            write(&outside.join(file), &read(&here(file)));
        }
        for (boot, script) in &self.before {
            write(&outside.join(format!("before-{boot}")), script);
        }
        for (boot, script) in &self.then {
            write(&outside.join(format!("then-{boot}")), script);
        }
        for (boot, file) in &self.cuts {
            write(&outside.join(format!("cut-{boot}")), file);
        }
        write(&outside.join("denials"), &self.denials.to_string());
        if self.database_is_late {
            write(&outside.join("late"), "");
        }
        if self.share_is_there {
            std::fs::create_dir(outside.join("share")).unwrap();
        }
    }

    /// What is laid over the image: the seed that cloud-init finds, the stand-ins, the test's own units.
    fn disk(&self, disk: &Path) {
        succeeds(Command::new("cp").arg("-r").arg(here("disk")).arg(disk), b"");
        let mut rendered = render(&self.spec).unwrap();
        if !self.cuts.is_empty() {
            // The lease of who installs without power is waited for; a test has not a minute.
            let settings =
                rendered.files.get_mut("/etc/site/settings.json").expect("each server has settings");
            let shorter =
                settings.content.replace(r#""install_lease_seconds": 60"#, r#""install_lease_seconds": 12"#);
            assert_ne!(settings.content, shorter, "there is no lease");
            settings.content = shorter;
        }
        let data = if self.bundle {
            let bucket = |object: &str| ObjectPlace {
                namespace: "axexample".to_owned(),
                bucket: "moodle".to_owned(),
                object: object.to_owned(),
            };
            let data = user_data_with_bundle(&rendered, &bucket("boot/"), 4096).unwrap();
            let bundle = data.bundle.as_ref().expect("it was asked for");
            let outside = disk.parent().expect("it is in the work folder").join("outside");
            let path = outside.join("objects/moodle").join(&bundle.place.object);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &bundle.text).unwrap();
            data
        } else {
            user_data(&rendered, 4096).unwrap()
        };
        let seed = disk.join("var/lib/cloud/seed/nocloud");
        write(&seed.join("meta-data"), "instance-id: i-1\nlocal-hostname: web1\n");
        std::fs::write(seed.join("user-data"), decoded(&data.base64)).unwrap();

        let programs = disk.join("usr/local/bin");
        std::fs::create_dir_all(&programs).unwrap();
        succeeds(
            Command::new("install").args(["-m", "0755"]).arg(here("stand-ins/stand-in")).arg(&programs),
            b"",
        );
        for name in [
            "dnf",
            "setsebool",
            "semanage",
            "restorecon",
            "firewall-cmd",
            "curl",
            "sleep",
            "certbot",
            "systemctl",
        ] {
            link("stand-in", &programs.join(name));
        }
        std::fs::create_dir_all(disk.join("usr/sbin")).unwrap();
        link("/usr/local/bin/stand-in", &disk.join("usr/sbin/mount.nfs"));
        // Debian's PHP looks elsewhere for its settings.
        for kind in ["cli", "fpm"] {
            link("/etc/php.d/60-site.ini", &disk.join(format!("etc/php/8.2/{kind}/conf.d/60-site.ini")));
        }
        for (target, unit) in [
            ("sysinit.target", "test-watch.service"),
            ("multi-user.target", "test-database.service"),
            ("cloud-init.target", "test-probe.service"),
        ] {
            link(&format!("../{unit}"), &disk.join(format!("etc/systemd/system/{target}.wants/{unit}")));
        }
    }
}

/// What came of it.
struct Booted {
    work: PathBuf,
    spec: ServerSpec,
    secrets: Value,
    cuts: Vec<(usize, &'static str)>,
}

impl Booted {
    /// What the look from inside found at the end of a boot.
    fn found(&self, boot: usize) -> Value {
        serde_json::from_str(&read(&self.work.join(format!("outside/found-{boot}.json")))).unwrap()
    }

    /// The calls of the stand-ins from one number to another, without those that wait, that report and that ask the server
    /// itself.
    fn calls(&self, from: usize, to: &Value) -> Vec<String> {
        let to = usize::try_from(to.as_u64().unwrap()).unwrap();
        let counts = |call: &&str| {
            !call.starts_with("sleep ")
                && !call.starts_with("oci 'os' 'object' 'put'")
                && !call.contains("http://127.0.0.1/")
        };
        let all = read(&self.work.join("outside/calls"));
        all.lines().take(to).skip(from).filter(counts).map(str::to_owned).collect()
    }

    fn console(&self, boot: usize) -> String {
        let bytes = std::fs::read(self.work.join(format!("console-{boot}"))).unwrap();
        String::from_utf8_lossy(&bytes).replace('\r', "")
    }

    /// The end of a text, for whoever looks into a failure: a log that is long is not read.
    fn end_of(text: &str) -> String {
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn processes(&self, boot: usize) -> String {
        let bytes = std::fs::read(self.work.join(format!("outside/processes-{boot}"))).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn tokens(&self) -> Vec<String> {
        read(&self.work.join("outside/tokens")).lines().map(str::to_owned).collect()
    }
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/boot").join(name)
}

/// SHA-256 in hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[cfg(unix)]
fn link(target: &str, path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(target, path).unwrap();
}

#[cfg(not(unix))]
fn link(_: &str, path: &Path) {
    panic!("{}: no container here", path.display());
}

/// The user that may create schema and user, as the database's service makes it.
fn first_user(password: &str) -> String {
    let password = password.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n");
    format!(
        "CREATE USER IF NOT EXISTS 'admin'@'%' IDENTIFIED BY '{password}';\n\
         GRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION;\n"
    )
}

/// What the look from inside asks the database.
fn query(spec: &ServerSpec) -> String {
    let schema = &spec.database.schema;
    let of_the_site = match spec.release.application {
        Application::Moodle => format!(
            "SELECT name, value FROM `{schema}`.mdl_config ORDER BY name; SELECT options FROM `{schema}`.mdl_user;"
        ),
        Application::WordPress => format!("SELECT * FROM `{schema}`.wp_options ORDER BY option_name;"),
        Application::Drupal => format!("SELECT * FROM `{schema}`.config ORDER BY name;"),
        _ => format!("SELECT password, options FROM `{schema}`.j_users;"),
    };
    format!(
        "SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA
             WHERE SCHEMA_NAME LIKE 'moodle%' ORDER BY 1;
         SELECT Host, User FROM mysql.user WHERE User LIKE 'o%';
         SELECT Db FROM mysql.db WHERE User LIKE 'o%' ORDER BY 1;
         SELECT state, begun, failures FROM `{schema}_boot`.installation;
         {of_the_site}\n"
    )
}
