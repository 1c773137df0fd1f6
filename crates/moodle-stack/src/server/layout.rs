//! Where each application has its things: a table, so that the rest need not ask which application it is.

use super::versions::Application;

/// The application's code: a link to the release in use.
pub(super) const CODE: &str = "/var/www/site";
/// What each server keeps for itself.
pub(super) const LOCAL_CACHE: &str = "/var/cache/site";
/// Secrets and the address, as PHP.
pub(super) const SITE_FILE: &str = "/etc/site/site.php";
/// The user that the web server runs as.
pub(super) const WEB_USER: &str = "apache";

/// Where one application has its things.
pub(super) struct Layout {
    /// The file that holds its configuration, from the code's folder.
    pub(super) config_path: &'static str,
    /// Folders on the share, owned by the web server.
    pub(super) shared: &'static [&'static str],
    /// Folders of the code that are links to the share: path, and folder on the share.
    pub(super) links: &'static [(&'static str, &'static str)],
    /// Folders of the code that are links to the server's own disk: path, and folder in [`LOCAL_CACHE`].
    pub(super) local_links: &'static [(&'static str, &'static str)],
    /// A folder that only the installer needs and that must be gone before the site is served.
    pub(super) set_aside: &'static str,
    /// The template of its configuration, and that of its installer.
    pub(super) config: &'static str,
    pub(super) installer: &'static str,
    /// What runs each minute.
    pub(super) cron: &'static [&'static str],
    /// What the installer's server runs once, before any other server does.
    pub(super) after_install: &'static [&'static [&'static str]],
    /// Finds a row when the application is installed in `{schema}`.
    pub(super) installed_query: &'static str,
    /// PHP extensions that it requires, as `php -m` names them in small letters.
    pub(super) extensions: &'static [&'static str],
    /// Addresses that nobody may read: regular expressions, without what follows `.php/`, which are names of files of
    /// somebody's that the application looks after.
    pub(super) denied: &'static [&'static str],
}

/// The table.
pub(super) const fn of(application: Application) -> &'static Layout {
    match application {
        Application::Moodle => &MOODLE,
        Application::WordPress => &WORDPRESS,
        Application::Drupal => &DRUPAL,
        Application::Joomla => &JOOMLA,
    }
}

const MOODLE: Layout = Layout {
    config_path: "config.php",
    shared: &["data"],
    links: &[],
    local_links: &[],
    set_aside: "",
    config: "config-moodle.php",
    installer: include_str!("../../templates/installer-moodle.php"),
    cron: &["/usr/bin/php", "/var/www/site/admin/cli/cron.php"],
    // Two first runs at the same moment trip over each other.
    after_install: &[&["/usr/bin/php", "/var/www/site/admin/cli/cron.php", "--keep-alive=0"]],
    installed_query: "SELECT value FROM {schema}.mdl_config WHERE name = 'version'",
    extensions: &[
        "ctype",
        "curl",
        "dom",
        "fileinfo",
        "filter",
        "gd",
        "hash",
        "iconv",
        "intl",
        "json",
        "mbstring",
        "mysqli",
        "openssl",
        "pcre",
        "simplexml",
        "sodium",
        "spl",
        "xml",
        "xmlreader",
        "zend opcache",
        "zip",
        "zlib",
    ],
    denied: &[
        r"(?i)^/(?!.*\.php/)(.*/)?(upgrade\.txt|readme[^/]*|[^/]*\.md|environment\.xml|composer\.(json|lock)|package(-lock)?\.json)$",
        r"(?i)^/(?!.*\.php/)(.*/)?(db/install\.xml|behat[^/]*\.(yml|dist|php|txt)|phpunit[^/]*\.(xml|dist|txt))$",
        r"(?i)^/(?!.*\.php/)(.*/)?(vendor|node_modules)/",
        r"(?i)^/(config(-dist)?\.php|admin/cli/)",
    ],
};

const WORDPRESS: Layout = Layout {
    config_path: "wp-config.php",
    shared: &["uploads"],
    links: &[("wp-content/uploads", "uploads")],
    local_links: &[],
    set_aside: "",
    config: "config-wordpress.php",
    installer: include_str!("../../templates/installer-wordpress.php"),
    cron: &["/usr/bin/php", "/var/www/site/wp-cron.php"],
    after_install: &[],
    installed_query: "SELECT option_value FROM {schema}.wp_options WHERE option_name = 'siteurl'",
    extensions: &[
        "curl",
        "dom",
        "exif",
        "fileinfo",
        "gd",
        "hash",
        "intl",
        "json",
        "mbstring",
        "mysqli",
        "openssl",
        "pcre",
        "xml",
        "zend opcache",
        "zip",
    ],
    denied: &[r"(?i)^/(wp-config[^/]*\.php|readme\.html|license\.txt|wp-admin/install\.php)$"],
};

const DRUPAL: Layout = Layout {
    config_path: "sites/default/settings.php",
    shared: &["files", "private", "config-sync"],
    links: &[("sites/default/files", "files")],
    local_links: &[],
    set_aside: "",
    config: "config-drupal.php",
    installer: include_str!("../../templates/installer-drupal.php"),
    cron: &["/usr/bin/php", "/usr/local/lib/site/drupal-cron.php", CODE],
    after_install: &[],
    installed_query: "SELECT name FROM {schema}.config WHERE name = 'core.extension'",
    extensions: &[
        "ctype",
        "curl",
        "dom",
        "fileinfo",
        "gd",
        "hash",
        "iconv",
        "json",
        "mbstring",
        "mysqli",
        "openssl",
        "pcre",
        "pdo",
        "pdo_mysql",
        "simplexml",
        "spl",
        "tokenizer",
        "xml",
        "zend opcache",
    ],
    denied: &[
        r"(?i)^/(?!index\.php/).*\.(engine|inc|install|make|module|profile|po|sh|sql|theme|twig|xtmpl|yml)$",
        r"(?i)^/(composer\.(json|lock)|web\.config|(?!robots\.txt$)[^/]*\.(txt|md)|core/install\.php|core/rebuild\.php|update\.php)$",
        r"(?i)^/(vendor|node_modules)/",
    ],
};

const JOOMLA: Layout = Layout {
    config_path: "configuration.php",
    shared: &["images", "media", "files"],
    links: &[("images", "images"), ("media", "media"), ("files", "files")],
    local_links: &[
        ("tmp", "tmp"),
        ("cache", "cache"),
        ("administrator/cache", "administrator-cache"),
        ("administrator/logs", "logs"),
    ],
    set_aside: "installation",
    config: "config-joomla.php",
    installer: include_str!("../../templates/installer-joomla.php"),
    cron: &["/usr/bin/php", "/var/www/site/cli/joomla.php", "scheduler:run", "--all", "--no-interaction"],
    after_install: &[],
    installed_query: "SELECT id FROM {schema}.j_users LIMIT 1",
    extensions: &[
        "ctype",
        "curl",
        "dom",
        "fileinfo",
        "gd",
        "hash",
        "json",
        "mbstring",
        "mysqli",
        "openssl",
        "pcre",
        "simplexml",
        "xml",
        "zend opcache",
        "zip",
        "zlib",
    ],
    denied: &[
        r"(?i)^/(configuration\.php|htaccess\.txt|web\.config\.txt|(?!robots\.txt$)[^/]*\.(md|txt))$",
        r"(?i)^/(cli|installation|tmp|cache|administrator/(cache|logs))(/|$)",
    ],
};
