//! A real PHP includes each rendered configuration, with the secrets as the boot's own script writes them: exactly what went
//! in comes back.

use std::path::{Path, PathBuf};
use std::process::Command;

use hmac::{Hmac, KeyInit as _, Mac as _};
use moodle_stack::server::versions::{Application, DatabaseKind, Version};
use moodle_stack::server::{DatabaseTls, SiteUrl, Tls};
use serde_json::{Map, Value, json};

use super::{Case, cases, for_each, fresh_folder, read, succeeds, tools_are_here, write};

/// Where the configuration looks for the secrets, and the scripts for their settings.
const SITE_FILE: &str = "/etc/site/site.php";
/// What the metadata service says of the site's address, where the description does not know it.
const LATER: &str = "https://203.0.113.7";

/// PHP without settings of this machine and with the extensions whose constants a configuration names. For each folder: writes the secrets twice, includes the configuration, keeps what that printed.
const READ_BACK: &str = r#"set -eu
cd "$1"
php() { command php -n -d extension=mysqlnd -d extension=mysqli -d extension=pdo -d extension=pdo_mysql "$@"; }
php secrets.php settings.json secrets.json "$(cat url)"
before=$(stat -c '%i %a' site.php)
php secrets.php settings.json secrets.json "$(cat url)"
[ "$before" = "$(stat -c '%i %a' site.php)" ] || { echo "$1: site.php was written again"; exit 1; }
[ "${before#* }" = 640 ] || { echo "$1: others can read site.php: $before"; exit 1; }
php ../configuration.php "$(cat application)" "$1/configuration.php" >answer.json
"#;

#[test]
fn php_finds_in_each_configuration_exactly_what_went_in() {
    if !tools_are_here(&["php-cli", "php-mysql", "bash", "coreutils"]) {
        return;
    }
    let folder = fresh_folder("configuration");
    write(&folder.join("configuration.php"), include_str!("configuration.php"));
    let group = succeeds(Command::new("id").arg("-gn"), b"");
    let cases = cases();
    let folders: Vec<PathBuf> = cases.iter().map(|case| lay_out(&folder, case, group.trim())).collect();
    for_each("bash", &["-c", READ_BACK, "bash"], &folders);
    for (case, folder) in cases.iter().zip(&folders) {
        let found: Value = serde_json::from_str(&read(&folder.join("answer.json"))).unwrap();
        let wanted = Wanted::of(case).all();
        assert_eq!(found, wanted, "{}: left is what PHP found, right what went in", case.name);
    }
}

/// One server's files, as they lie beside each other for the test. The only changes: where the secrets lie, and whose group
/// reads them.
fn lay_out(folder: &Path, case: &Case, group: &str) -> PathBuf {
    let folder = folder.join(&case.name);
    let site_file = folder.join("site.php").display().to_string();
    let application = case.spec.release.application;
    let name = match application {
        Application::Moodle => "config.php",
        Application::WordPress => "wp-config.php",
        Application::Drupal => "settings.php",
        _ => "configuration.php",
    };
    let config = case.file(&format!("/etc/site/{name}"));
    assert!(config.contains(SITE_FILE), "{}: the configuration knows no secrets", case.name);
    write(&folder.join("configuration.php"), &config.replace(SITE_FILE, &site_file));

    let mut settings: Value = serde_json::from_str(case.file("/etc/site/settings.json")).unwrap();
    assert_eq!(settings["site_file"], SITE_FILE);
    (settings["site_file"], settings["web_group"]) = (json!(site_file), json!(group));
    write(&folder.join("settings.json"), &settings.to_string());
    write(&folder.join("secrets.json"), &case.secrets.to_string());
    write(&folder.join("secrets.php"), case.file("/usr/local/lib/site/secrets.php"));
    write(&folder.join("application"), application.name());
    write(&folder.join("url"), url(case));
    write(&folder.join("lib/setup.php"), "<?php\n");
    write(&folder.join("wp-settings.php"), "<?php\n");
    folder
}

fn url(case: &Case) -> &str {
    match &case.spec.site.url {
        SiteUrl::Known(url) => url,
        SiteUrl::Metadata => LATER,
    }
}

/// What must come back, said a second time from the description and from what the vendors document.
struct Wanted<'a> {
    case: &'a Case,
    password: &'a str,
    host: &'a str,
    port: u16,
    tls_in_front: bool,
    https: bool,
}

impl<'a> Wanted<'a> {
    fn of(case: &'a Case) -> Self {
        let primary = &case.spec.database.primary;
        Self {
            case,
            password: case.secrets["database_password"].as_str().unwrap(),
            host: &primary.host,
            port: primary.port,
            tls_in_front: matches!(case.spec.tls, Tls::InFront { .. }),
            https: !matches!(case.spec.tls, Tls::Off),
        }
    }

    fn all(&self) -> Value {
        match self.case.spec.release.application {
            Application::Moodle => self.moodle(),
            Application::WordPress => self.wordpress(),
            Application::Drupal => self.drupal(),
            _ => self.joomla(),
        }
    }

    fn on_share(&self, name: &str) -> String {
        format!("{}/{name}", self.case.spec.storage.mount_point)
    }

    /// A key that follows from the site's secret.
    fn key(&self, purpose: &str) -> String {
        let secret = self.case.secrets["site_secret"].as_str().unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn moodle(&self) -> Value {
        let (spec, database) = (&self.case.spec, &self.case.spec.database);
        let mut options = json!({
            "dbpersist": false, "dbport": self.port, "dbsocket": "", "dbcollation": "utf8mb4_unicode_ci",
        });
        match database.tls {
            DatabaseTls::Off => {}
            DatabaseTls::Require => options["ssl"] = json!("require"),
            DatabaseTls::VerifyFull => options["ssl"] = json!("verify-full"),
        }
        if let Some(read) = &database.read {
            options["readonly"] = json!({
                "instance": [{ "dbhost": read.host, "dbport": read.port }],
                "connecttimeout": 2, "latency": 1, "exclude_tables": [],
            });
        }
        let mut config = json!({
            "dbtype": if database.kind == DatabaseKind::MySql { "mysqli" } else { "mariadb" },
            "dblibrary": "native", "dbhost": self.host, "dbname": database.schema, "dbuser": database.user,
            "dbpass": self.password, "prefix": "mdl_", "dboptions": options, "wwwroot": url(self.case),
            "dataroot": self.on_share("data"), "localcachedir": "/var/cache/site", "admin": "admin",
            "directorypermissions": 0o2770, "session_handler_class": "\\core\\session\\database",
            "session_database_acquire_lock_timeout": 120, "lock_factory": "\\core\\lock\\db_record_lock_factory",
            "preventexecpath": true, "pathtophp": "/usr/bin/php", "disableupdateautodeploy": true,
        });
        if self.tls_in_front {
            config["sslproxy"] = json!(true);
        }
        if Version::parse(&spec.release.version).unwrap() >= Version(5, 1, 0) {
            config["routerconfigured"] = json!(true);
        }
        json!({ "CFG": config, "left_over": false })
    }

    fn wordpress(&self) -> Value {
        let database = &self.case.spec.database;
        let mut constants = json!({
            "DB_NAME": database.schema, "DB_USER": database.user, "DB_PASSWORD": self.password,
            "DB_HOST": format!("{}:{}", self.host, self.port), "DB_CHARSET": "utf8mb4",
            "DB_COLLATE": "utf8mb4_unicode_ci", "WP_HOME": url(self.case), "WP_SITEURL": url(self.case),
            "DISABLE_WP_CRON": true, "DISALLOW_FILE_MODS": true, "AUTOMATIC_UPDATER_DISABLED": true,
            "WP_DEBUG": false,
        });
        // PHP: MYSQLI_CLIENT_SSL is 2048, MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT 64.
        match database.tls {
            DatabaseTls::Off => {}
            DatabaseTls::Require => constants["MYSQL_CLIENT_FLAGS"] = json!(2048 | 64),
            DatabaseTls::VerifyFull => constants["MYSQL_CLIENT_FLAGS"] = json!(2048),
        }
        for kind in ["AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"] {
            for what in ["KEY", "SALT"] {
                let name = format!("{kind}_{what}");
                constants[&name] = json!(self.key(&name));
            }
        }
        let https = self.tls_in_front.then_some("on");
        json!({ "constants": constants, "table_prefix": "wp_", "https": https, "left_over": false })
    }

    fn drupal(&self) -> Value {
        let database = &self.case.spec.database;
        let mut primary = json!({
            "driver": "mysql", "namespace": "Drupal\\mysql\\Driver\\Database\\mysql",
            "autoload": "core/modules/mysql/src/Driver/Database/mysql/", "database": database.schema, "username": database.user, "password": self.password,
            "host": self.host, "port": self.port, "prefix": "", "collation": "utf8mb4_unicode_ci",
            "isolation_level": "READ COMMITTED",
        });
        if database.tls != DatabaseTls::Off {
            primary["pdo"] = json!({
                "MYSQL_ATTR_SSL_CA": "/etc/pki/tls/certs/ca-bundle.crt",
                "MYSQL_ATTR_SSL_VERIFY_SERVER_CERT": database.tls == DatabaseTls::VerifyFull,
            });
        }
        let mut databases = json!({ "default": { "default": primary } });
        if let Some(read) = &database.read {
            let mut replica = primary.clone();
            (replica["host"], replica["port"]) = (json!(read.host), json!(read.port));
            databases["default"]["replica"] = json!([replica]);
        }
        let mut settings = json!({
            "hash_salt": self.key("hash_salt"), "file_public_path": "sites/default/files",
            "file_private_path": self.on_share("private"), "file_temp_path": "/var/cache/site",
            "config_sync_directory": self.on_share("config-sync"), "allow_authorize_operations": false,
            "update_free_access": false, "skip_permissions_hardening": true, "entity_update_batch_size": 50,
        });
        if let Tls::InFront { proxies } = &self.case.spec.tls {
            settings["reverse_proxy"] = json!(true);
            settings["reverse_proxy_addresses"] = json!(proxies);
        }
        let own = url(self.case).trim_start_matches("https://").trim_start_matches("http://");
        let own = own.split(':').next().unwrap();
        let mut trusts = Map::new();
        for host in
            ["moodle.example.org", "learn.example.org", "10.0.1.7", "evil.example.org", "moodlexexample.org"]
        {
            trusts.insert(host.to_owned(), json!(host == own || host == "10.0.1.7"));
        }
        json!({ "databases": databases, "settings": settings, "trusts": trusts, "left_over": false })
    }

    fn joomla(&self) -> Value {
        let (site, database) = (&self.case.spec.site, &self.case.spec.database);
        json!({
            "offline": false, "sitename": site.full_name, "editor": "tinymce", "captcha": "0", "list_limit": 20,
            "access": 1, "debug": false, "debug_lang": false, "dbtype": "mysqli",
            "host": format!("{}:{}", self.host, self.port), "user": database.user, "password": self.password,
            "db": database.schema, "dbprefix": "j_",
            "dbencryption": if database.tls == DatabaseTls::Off { 0 } else { 1 },
            "dbsslverifyservercert": database.tls == DatabaseTls::VerifyFull,
            "dbsslkey": "", "dbsslcert": "", "dbsslca": "", "dbsslcipher": "",
            "force_ssl": if self.https { 2 } else { 0 }, "live_site": "",
            "secret": &self.key("joomla")[..32], "gzip": false, "error_reporting": "default",
            "helpurl": "https://help.joomla.org/proxy?keyref=Help{major}{minor}:{keyref}&lang={langcode}",
            "offset": "UTC", "mailonline": true, "mailer": "mail", "mailfrom": site.admin_email,
            "fromname": site.full_name, "sendmail": "/usr/sbin/sendmail", "caching": 0, "cachetime": 15,
            "cache_handler": "file", "MetaDesc": "", "MetaAuthor": true, "robots": "", "sef": true,
            "sef_rewrite": true, "sef_suffix": false, "unicodeslugs": false, "feed_limit": 10,
            "feed_email": "none", "log_path": "/var/cache/site/logs", "tmp_path": "/var/cache/site/tmp",
            "cache_path": "/var/cache/site/cache", "lifetime": 15, "session_handler": "database",
            "shared_session": false, "behind_loadbalancer": self.tls_in_front,
        })
    }
}
