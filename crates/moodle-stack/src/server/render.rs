//! A description of a server becomes the files that it gets.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::{Map, Value, json};

use super::layout::{self, Layout};
use super::quote;
use super::spec::{DatabaseTls, ObjectPlace, SecretSource, ServerSpec, SiteUrl, Tls};
use super::unfit;
use super::versions::{self, Application, Archive, Checksum, DatabaseKind, Incompatible};
use super::{SECRET_KEYS, SITE_URL_KEY};

/// What cloud-init runs.
pub(super) const BOOT: &str = "/usr/local/lib/site/boot.sh";

/// Mount options of the share. `hard`: a soft mount loses writes. Sizes are left to client and server, which settle on
/// 1 MiB. `nofail`: a server whose share is late still boots, and can be asked why.
const NFS_OPTIONS: &str =
    "vers=3,proto=tcp,hard,timeo=600,retrans=2,nosuid,nodev,_netdev,nofail,x-systemd.mount-timeout=120";

/// What every application needs. PHP is of the module stream that the boot enables; OCI's command line fetches secrets.
const PACKAGES: [&str; 26] = [
    // By the file: where an image has the small `curl-minimal`, the package `curl` would be in its way.
    "/usr/bin/curl",
    "chrony",
    "firewalld",
    "httpd",
    "logrotate",
    "mod_ssl",
    "nfs-utils",
    "openssl",
    "php-bcmath",
    "php-cli",
    "php-fpm",
    "php-gd",
    "php-intl",
    "php-mbstring",
    "php-mysqlnd",
    "php-opcache",
    "php-pecl-zip",
    "php-process",
    "php-soap",
    "php-sodium",
    "php-xml",
    "policycoreutils-python-utils",
    "python3",
    "python39-oci-cli",
    "tar",
    "util-linux",
];

/// All files of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// By their paths.
    pub files: BTreeMap<String, File>,
    /// What the mock must know: the text of a comment.
    pub hint: String,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its text.
    pub content: String,
    /// `root:root`: what belongs to the web server's group gets it when that group exists, after the packages.
    pub owner: &'static str,
    /// Its permissions.
    pub mode: u32,
}

/// Why a server cannot be described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// Application, PHP and database do not go together.
    #[error("application, PHP and database do not go together")]
    Incompatible(#[from] Incompatible),
    /// A value that no file can hold, or that would not work.
    #[error("{field} cannot be {value:?}: {why}")]
    Unfit {
        /// Which value: a path of fields.
        field: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Renders all files of a server.
///
/// # Errors
/// When the vendor forbids the combination, or a value cannot be written into the files that need it.
pub fn render(spec: &ServerSpec) -> Result<Rendered, RenderError> {
    let release = &spec.release;
    versions::check(
        release.application,
        &release.version,
        spec.php,
        (spec.database.kind, spec.database.version),
    )?;
    unfit::check(spec)?;
    let archive = versions::archive(release.application, &release.version, release.sha256.as_deref())?;
    let public = versions::has_public_folder(release.application, &release.version)?;
    let server = Server { spec, layout: layout::of(release.application), archive, public };
    Ok(Rendered { files: server.files(), hint: server.hint() })
}

struct Server<'a> {
    spec: &'a ServerSpec,
    layout: &'static Layout,
    archive: Archive,
    public: bool,
}

impl Server<'_> {
    fn files(&self) -> BTreeMap<String, File> {
        let environment = environment();
        let context = minijinja::Value::from(minijinja::value::Serde(self.context()));
        let mut files = BTreeMap::new();
        let mut add = |path: &str, content: String, mode: u32| {
            files.insert(path.to_owned(), File { content, owner: "root:root", mode });
        };
        for (path, template, mode) in self.templates() {
            let template = environment.get_template(template).expect("every name in the list is a template");
            let content =
                template.render(context.clone()).expect("the context has all that the templates use");
            add(&path, content, mode);
        }
        for (name, content) in SCRIPTS {
            add(&format!("/usr/local/lib/site/{name}"), lean(content), 0o644);
        }
        add("/usr/local/lib/site/installer.php", lean(self.layout.installer), 0o644);
        if self.spec.release.application == Application::Drupal {
            add(
                "/usr/local/lib/site/drupal-cron.php",
                lean(include_str!("../../templates/drupal-cron.php")),
                0o644,
            );
        }
        if self.obtains_certificate() {
            add("/usr/local/lib/site/tls.sh", lean(include_str!("../../templates/tls.sh")), 0o644);
        }
        add("/etc/site/settings.json", self.settings(), 0o644);
        files
    }

    /// Path, template and mode of what differs from site to site.
    fn templates(&self) -> Vec<(String, &'static str, u32)> {
        let mut list: Vec<(String, &'static str, u32)> = [
            ("/etc/site/boot.conf", "boot.conf", 0o644),
            ("/etc/httpd/conf.d/site.conf", "vhost.conf", 0o644),
            ("/etc/php.d/60-site.ini", "php.ini", 0o644),
            ("/etc/systemd/system/httpd.service.d/site.conf", "mounts.conf", 0o644),
            ("/etc/systemd/system/php-fpm.service.d/site.conf", "mounts.conf", 0o644),
            ("/etc/systemd/system/site-health.service", "site-health.service", 0o644),
            ("/etc/systemd/system/site-cron.service", "site-cron.service", 0o644),
            ("/etc/systemd/system/site-cron.timer", "site-cron.timer", 0o644),
            ("/etc/logrotate.d/site", "logrotate.conf", 0o644),
        ]
        .map(|(path, template, mode)| (path.to_owned(), template, mode))
        .to_vec();
        let mut unit = |name: &'static str| list.push((format!("/etc/systemd/system/{name}"), name, 0o644));
        ["site-refresh.service", "site-refresh.timer"].into_iter().for_each(&mut unit);
        if self.spec.updates.automatic {
            ["site-update.service", "site-update.timer"].into_iter().for_each(&mut unit);
        }
        if self.obtains_certificate() {
            ["site-tls.service", "site-tls.timer"].into_iter().for_each(&mut unit);
        }
        list.push((format!("/etc/site/{}", config_name(self.layout)), self.layout.config, 0o600));
        list
    }

    fn context(&self) -> Value {
        let spec = self.spec;
        let site = json!({ "full_name": spec.site.full_name, "admin_email": spec.site.admin_email });
        let read = self.read_endpoint().map(|read| json!({ "host": read.host, "port": read.port }));
        let common = json!({
            "application": spec.release.application.name(),
            "public": self.public,
            "code": layout::CODE,
            "site_file": layout::SITE_FILE,
            "local_cache": layout::LOCAL_CACHE,
            "mount_point": spec.storage.mount_point,
            "site": site,
            "database": self.database(),
            "database_host_and_port": format!("{}:{}", spec.database.primary.host, spec.database.primary.port),
            "read": read,
            "dbtype": match spec.database.kind {
                DatabaseKind::MySql => "mysqli",
                DatabaseKind::MariaDb => "mariadb",
            },
            "url": self.url_in_php(),
            "data": self.on_share("data"),
            "private": self.on_share("private"),
            "config_sync": self.on_share("config-sync"),
            "cron": self.layout.cron,
            "number": spec.position.index + 1,
            "count": spec.position.count,
            "slot": self.update_slot(),
        });
        [self.boot_context(), self.web_context(), common].into_iter().flat_map(object).collect()
    }

    /// What only the boot's own settings have.
    fn boot_context(&self) -> Value {
        let spec = self.spec;
        let (sha256, ending, program) = match &self.archive.checksum {
            Checksum::Sha256(sum) => (sum.as_str(), "", ""),
            Checksum::Beside { ending, program } => ("", *ending, *program),
            Checksum::ConnectionOnly => ("", "", ""),
        };
        let nfs_source =
            spec.storage.nfs.as_ref().map_or_else(String::new, |nfs| format!("{}:{}", nfs.host, nfs.path));
        let (secret_id, secret_place) = match &spec.secrets {
            SecretSource::Object(place) => ("", place_value(Some(place))),
            SecretSource::Vault { secret_id } => (secret_id.as_str(), place_value(None)),
        };
        let (acme_directory, acme_email) = match &spec.tls {
            Tls::Acme { directory, email, .. } => (directory.as_str(), email.as_str()),
            Tls::Off | Tls::Given { .. } | Tls::InFront { .. } => ("", ""),
        };
        let url = match &spec.site.url {
            SiteUrl::Known(url) => url.as_str(),
            SiteUrl::Metadata => "",
        };
        json!({
            "php": spec.php.version(),
            "packages": self.packages(),
            "extensions": self.layout.extensions,
            "release": format!("{}-{}", spec.release.application.name(), spec.release.version),
            "archive_urls": self.archive.urls,
            "archive_sha256": sha256,
            "archive_strip": self.archive.strip,
            "sum_ending": ending,
            "sum_program": program,
            "config_name": config_name(self.layout),
            "config_path": self.layout.config_path,
            "set_aside": self.layout.set_aside,
            "fstab_line": self.fstab_line(),
            "nfs_source": nfs_source,
            "folders": self.layout.shared,
            "links": pairs(self.layout.links),
            "local_links": pairs(self.layout.local_links),
            "site_url": url,
            "site_url_key": SITE_URL_KEY,
            "secret_id": secret_id,
            "secret_place": secret_place,
            "report_place": place_value(spec.report.as_ref()),
            "tls": self.tls_name(),
            "tls_host": self.host().unwrap_or_default(),
            "acme_directory": acme_directory,
            "acme_email": acme_email,
            "timers": self.timers(),
            "healthy_code": spec.release.application.healthy_code(),
        })
    }

    /// What only the virtual host has.
    fn web_context(&self) -> Value {
        let document_root =
            if self.public { format!("{}/public", layout::CODE) } else { layout::CODE.to_owned() };
        let shared_folders: Vec<String> =
            self.layout.links.iter().map(|(path, _)| format!("{document_root}/{path}")).collect();
        let proxies = match &self.spec.tls {
            Tls::InFront { proxies } => proxies.iter().map(ToString::to_string).collect(),
            Tls::Off | Tls::Given { .. } | Tls::Acme { .. } => Vec::new(),
        };
        let hsts = match &self.spec.tls {
            Tls::Given { hsts } | Tls::Acme { hsts, .. } => *hsts,
            Tls::Off | Tls::InFront { .. } => false,
        };
        json!({
            "document_root": document_root,
            "shared_folders": shared_folders,
            "denied": self.layout.denied,
            "server_name": self.host(),
            "https_here": self.https_here(),
            "https": self.https_here() || matches!(self.spec.tls, Tls::InFront { .. }),
            "tls_in_front": matches!(self.spec.tls, Tls::InFront { .. }),
            "proxies": proxies,
            "hsts": hsts,
            "acme_folder": self.on_share("acme"),
            "acme_alias": self.on_share("acme/.well-known/acme-challenge/"),
            "local_logs": format!("{}/logs", layout::LOCAL_CACHE),
            "local_tmp": format!("{}/tmp", layout::LOCAL_CACHE),
            "local_joomla_cache": format!("{}/cache", layout::LOCAL_CACHE),
        })
    }

    /// What the scripts read. No secret is in it: every local user may read it.
    fn settings(&self) -> String {
        let spec = self.spec;
        let keys = if matches!(spec.tls, Tls::Given { .. }) { &SECRET_KEYS[..] } else { &SECRET_KEYS[..4] };
        let settings = json!({
            "application": spec.release.application.name(),
            "code": layout::CODE,
            "local_cache": layout::LOCAL_CACHE,
            "set_aside": format!("/var/lib/site/{}", self.layout.set_aside),
            "site_file": layout::SITE_FILE,
            "web_user": layout::WEB_USER,
            "web_group": layout::WEB_USER,
            "secret_keys": keys,
            "share_mark": self.on_share(".site-share"),
            // The first for people, the second, which ends with a restart, for updates.
            "drain_files": ["/etc/site/drain", "/run/site-drain"],
            "site": {
                "full_name": spec.site.full_name,
                "short_name": spec.site.short_name,
                "language": spec.site.language,
                "admin_user": spec.site.admin_user,
                "admin_email": spec.site.admin_email,
            },
            "database": self.database(),
            "installed_query": self.layout.installed_query,
            "after_install": self.layout.after_install,
            // A highly available HeatWave takes about half an hour to create, and servers are created beside it.
            "database_wait_seconds": 3600,
            // Moodle's own installer takes one to three minutes; ten on a small shape.
            "install_limit_seconds": 1800,
            "install_wait_seconds": 5400,
            "install_attempts_max": 3,
            "install_lease_seconds": 60,
            "install_poll_milliseconds": 2000,
            "health_interval_milliseconds": 5000,
        });
        format!("{settings:#}\n")
    }

    fn database(&self) -> Value {
        let database = &self.spec.database;
        json!({
            "host": database.primary.host,
            "port": database.primary.port,
            "schema": database.schema,
            "user": database.user,
            "admin_user": database.admin_user,
            "collation": "utf8mb4_unicode_ci",
            "tls": match database.tls {
                DatabaseTls::Off => "off",
                DatabaseTls::Require => "require",
                DatabaseTls::VerifyFull => "verify-full",
            },
        })
    }

    /// The address for reads, for an application that can use it.
    fn read_endpoint(&self) -> Option<&super::spec::Endpoint> {
        self.spec.database.read.as_ref().filter(|_| self.spec.release.application.reads_from_replicas())
    }

    fn url_in_php(&self) -> String {
        match &self.spec.site.url {
            SiteUrl::Known(url) => quote::php(url),
            SiteUrl::Metadata => "$site['url']".to_owned(),
        }
    }

    /// The host name of the site, where it is known.
    fn host(&self) -> Option<String> {
        let SiteUrl::Known(url) = &self.spec.site.url else { return None };
        let (_, authority) = url.split_once("://")?;
        Some(authority.split(':').next().unwrap_or(authority).to_owned())
    }

    fn on_share(&self, name: &str) -> String {
        format!("{}/{name}", self.spec.storage.mount_point.trim_end_matches('/'))
    }

    fn fstab_line(&self) -> String {
        let storage = &self.spec.storage;
        storage.nfs.as_ref().map_or_else(String::new, |nfs| {
            let source = quote::fstab(&format!("{}:{}", nfs.host, nfs.path));
            format!("{source} {} nfs {NFS_OPTIONS} 0 0", quote::fstab(&storage.mount_point))
        })
    }

    fn packages(&self) -> Vec<&'static str> {
        let certbot = self.obtains_certificate().then_some("certbot");
        PACKAGES.into_iter().chain(certbot).collect()
    }

    fn timers(&self) -> Vec<&'static str> {
        let update = self.spec.updates.automatic.then_some("site-update.timer");
        let tls = self.obtains_certificate().then_some("site-tls.timer");
        [Some("site-cron.timer"), Some("site-refresh.timer"), update, tls].into_iter().flatten().collect()
    }

    /// The time of day at which this server installs updates.
    fn update_slot(&self) -> String {
        let (updates, position) = (self.spec.updates, self.spec.position);
        // Many servers have shorter slots, or the last would have those of the first.
        let slot = u32::from(updates.slot_minutes).min(24 * 60 / u32::from(position.count.max(1)));
        let minutes = u32::from(updates.hour) * 60 + u32::from(position.index) * slot;
        format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
    }

    const fn tls_name(&self) -> &'static str {
        match self.spec.tls {
            Tls::Off => "off",
            Tls::Given { .. } => "given",
            Tls::Acme { .. } => "acme",
            Tls::InFront { .. } => "in-front",
        }
    }

    const fn https_here(&self) -> bool {
        matches!(self.spec.tls, Tls::Given { .. } | Tls::Acme { .. })
    }

    const fn obtains_certificate(&self) -> bool {
        matches!(self.spec.tls, Tls::Acme { .. })
    }

    /// What a mock cloud must see reachable before this server answers.
    fn hint(&self) -> String {
        let nfs = self.spec.storage.nfs.as_ref().map_or_else(String::new, |nfs| format!(" nfs={}", nfs.host));
        let primary = &self.spec.database.primary;
        let name = self.spec.release.application.name();
        let https = if self.https_here() { format!(" serves={name}:443") } else { String::new() };
        format!(
            "oci-mock: needs{nfs} mysql={}:{} packages serves={name}:80{https}",
            primary.host, primary.port
        )
    }
}

/// Scripts that are the same for every site. What differs, they read from `settings.json` and `boot.conf`.
const SCRIPTS: [(&str, &str); 10] = [
    ("boot.sh", include_str!("../../templates/boot.sh")),
    ("report.py", include_str!("../../templates/report.py")),
    ("refresh.sh", include_str!("../../templates/refresh.sh")),
    ("secrets.php", include_str!("../../templates/secrets.php")),
    ("secrets.sh", include_str!("../../templates/secrets.sh")),
    ("connect.php", include_str!("../../templates/connect.php")),
    ("database.php", include_str!("../../templates/database.php")),
    ("install.php", include_str!("../../templates/install.php")),
    ("health.php", include_str!("../../templates/health.php")),
    ("update.sh", include_str!("../../templates/update.sh")),
];

const TEMPLATES: [(&str, &str); 18] = [
    ("boot.conf", include_str!("../../templates/boot.conf.jinja")),
    ("vhost.conf", include_str!("../../templates/vhost.conf.jinja")),
    ("php.ini", include_str!("../../templates/php.ini.jinja")),
    ("mounts.conf", include_str!("../../templates/mounts.conf.jinja")),
    ("logrotate.conf", include_str!("../../templates/logrotate.conf.jinja")),
    ("site-health.service", include_str!("../../templates/site-health.service.jinja")),
    ("site-cron.service", include_str!("../../templates/site-cron.service.jinja")),
    ("site-cron.timer", include_str!("../../templates/site-cron.timer.jinja")),
    ("site-refresh.service", include_str!("../../templates/site-refresh.service.jinja")),
    ("site-refresh.timer", include_str!("../../templates/site-refresh.timer.jinja")),
    ("site-update.service", include_str!("../../templates/site-update.service.jinja")),
    ("site-update.timer", include_str!("../../templates/site-update.timer.jinja")),
    ("site-tls.service", include_str!("../../templates/site-tls.service.jinja")),
    ("site-tls.timer", include_str!("../../templates/site-tls.timer.jinja")),
    ("config-moodle.php", include_str!("../../templates/config-moodle.php.jinja")),
    ("config-wordpress.php", include_str!("../../templates/config-wordpress.php.jinja")),
    ("config-drupal.php", include_str!("../../templates/config-drupal.php.jinja")),
    ("config-joomla.php", include_str!("../../templates/config-joomla.php.jinja")),
];

/// A script without its comments, but for those at its beginning and those that a linter reads: user data has little room, and
/// reasons can be read in the templates.
fn lean(script: &str) -> String {
    let is_comment = |line: &&str| {
        let line = line.trim_start();
        ["# ", "//", "/*", "* ", "*/"].iter().any(|mark| line.starts_with(mark))
            && !line.contains("shellcheck ")
    };
    let begins = |line: &&str| line.starts_with('#') || line.starts_with("<?php") || line.starts_with("//");
    let head = script.lines().take_while(begins).count();
    let body = script.lines().skip(head).filter(|line| !is_comment(line));
    script.lines().take(head).chain(body).flat_map(|line| [line, "\n"]).collect()
}

/// Marks that neither PHP nor the shell nor Apache use, so that a template reads like the file it makes.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .block_delimiters("<%", "%>")
        .variable_delimiters("<<", ">>")
        .comment_delimiters("<#", "#>")
        .keep_trailing_newline(true)
        .build()
        .expect("the marks differ");
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_filter("php", |text: &str| quote::php(text));
    environment.add_filter("sh", |text: &str| quote::sh(text));
    environment.add_filter("apache", |text: &str| quote::apache(text));
    environment.add_filter("unit", |text: &str| quote::unit(text));
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).expect("the templates are part of the program, and tested");
    }
    environment
}

fn config_name(layout: &Layout) -> &'static str {
    layout.config_path.rsplit('/').next().unwrap_or(layout.config_path)
}

fn pairs(links: &[(&str, &str)]) -> Vec<String> {
    links.iter().map(|(path, folder)| format!("{path}={folder}")).collect()
}

fn place_value(place: Option<&ObjectPlace>) -> Value {
    let (namespace, bucket, object) =
        place.map_or(("", "", ""), |place| (&place.namespace, &place.bucket, &place.object));
    json!({ "namespace": namespace, "bucket": bucket, "object": object })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => unreachable!("each part of the context is an object, not {other}"),
    }
}
