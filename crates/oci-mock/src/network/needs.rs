//! What a server needs before it can answer, read from its user data.
//!
//! User data may say it outright, on lines of its own (in any file format that has `#` comments):
//!
//! ```text
//! # oci-mock: needs nfs=10.0.3.5 mysql=db.data.moodle.oraclevcn.com:3306 packages serves=moodle:80
//! ```
//!
//! Without such a line, plain things are recognised: NFS sources in mount commands and `fstab` lines, the
//! database host of the known applications, package managers, and web servers.

use std::io::Read as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What user data asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Names or addresses of NFS servers.
    pub nfs: Vec<String>,
    /// Names or addresses of MySQL servers, with their ports.
    pub mysql: Vec<(String, u16)>,
    /// Whether packages are installed from the internet or from Oracle's repositories.
    pub packages: bool,
    /// What it serves, by port.
    pub serves: Vec<(u16, Application)>,
}

/// What answers HTTP requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// Moodle: 303 at `/`, 200 at the login page.
    Moodle,
    /// WordPress: 200 at `/` and at the login page.
    WordPress,
    /// Drupal: 200 at `/` and at the login page.
    Drupal,
    /// Joomla: 200 at `/` and at the administrator's page.
    Joomla,
    /// A web server with a start page.
    Plain,
}

impl Application {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "moodle" => Self::Moodle,
            "wordpress" => Self::WordPress,
            "drupal" => Self::Drupal,
            "joomla" => Self::Joomla,
            "plain" | "http" => Self::Plain,
            _ => return None,
        })
    }

    /// The one that a text speaks of.
    fn in_text(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let known = [
            ("moodle", Self::Moodle),
            ("wordpress", Self::WordPress),
            ("drupal", Self::Drupal),
            ("joomla", Self::Joomla),
        ];
        known
            .into_iter()
            .find(|(word, _)| text.contains(word))
            .map_or(Self::Plain, |(_, application)| application)
    }
}

/// Marks a line that says what is needed.
const MARK: &str = "oci-mock:";
/// Decompressed user data longer than this is cut off: it bounds what a small request can make us hold.
const TEXT_MAX: u64 = 4 * 1024 * 1024;

/// Reads base64 user data, compressed or not. What cannot be read needs nothing.
#[must_use]
pub fn needs_of_user_data(user_data: &str) -> Needs {
    let Ok(bytes) = STANDARD.decode(user_data.trim()) else { return Needs::default() };
    needs_of_text(&text_of(&bytes))
}

fn text_of(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        // A broken end still leaves what came before it.
        let _ = flate2::read::GzDecoder::new(bytes).take(TEXT_MAX).read_to_end(&mut text);
    } else {
        text.extend_from_slice(bytes);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads user data in clear.
#[must_use]
pub fn needs_of_text(text: &str) -> Needs {
    let declared: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().trim_start_matches(['#', '/', ';', ' ']).strip_prefix(MARK))
        .collect();
    let mut needs = Needs::default();
    if declared.is_empty() {
        recognise(text, &mut needs);
    } else {
        declared.iter().flat_map(|line| line.split_whitespace()).for_each(|word| declare(word, &mut needs));
    }
    needs
}

/// One word of a declaration. Words that nobody knows are left alone, for versions to come.
fn declare(word: &str, needs: &mut Needs) {
    match word.split_once('=') {
        Some(("nfs", host)) => add(&mut needs.nfs, host.to_owned()),
        Some(("mysql", place)) => {
            let (host, port) = split_port(place);
            add(&mut needs.mysql, (host.to_owned(), port.unwrap_or(3306)));
        }
        Some(("serves", what)) => {
            let (name, port) = split_port(what);
            if let Some(application) = Application::parse(name) {
                add(&mut needs.serves, (port.unwrap_or(80), application));
            }
        }
        None if word == "packages" => needs.packages = true,
        _ => {}
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn split_port(text: &str) -> (&str, Option<u16>) {
    match text.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
        Some((host, Ok(port))) => (host, Some(port)),
        _ => (text, None),
    }
}

fn recognise(text: &str, needs: &mut Needs) {
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.starts_with("nfs")) {
            line.split([' ', '\t', '"', '\'', ',', '['])
                .filter_map(nfs_source)
                .for_each(|host| add(&mut needs.nfs, host));
        }
        if let Some(server) = database_host(line) {
            add(&mut needs.mysql, server);
        }
        needs.packages |= installs_packages(line);
        if let Some(port) = listening_port(line) {
            add(&mut needs.serves, (port, Application::in_text(text)));
        }
    }
    let words =
        |text: &str| ["httpd", "apache2", "nginx", "php-fpm", "caddy"].iter().any(|word| text.contains(word));
    if needs.serves.is_empty() && words(text) {
        needs.serves.push((80, Application::in_text(text)));
    }
}

/// The host of `10.0.3.5:/moodle`.
fn nfs_source(word: &str) -> Option<String> {
    let (host, _) = word.split_once(":/").filter(|(_, path)| !path.starts_with('/'))?;
    is_host(host).then(|| host.to_owned())
}

fn is_host(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    text.contains('.') && text.chars().all(legal) && !text.starts_with(['.', '-'])
}

/// How configurations call the place of the database.
const HOST_KEYS: [&str; 7] =
    ["dbhost", "db_host", "db-host", "mysql_host", "database_host", "db_hostname", "mysql -h"];

/// Host and port of a line such as `$CFG->dbhost = 'db.data.moodle.oraclevcn.com';`.
fn database_host(line: &str) -> Option<(String, u16)> {
    let lower = line.to_ascii_lowercase();
    let key = HOST_KEYS.into_iter().find_map(|key| lower.find(key).map(|at| at + key.len()));
    let rest = line.get(key?..)?;
    let value = rest.trim_start_matches([' ', '\t', '"', '\'', '=', ':', '>', ',', ')', '(']);
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let end = value.find(|c: char| !legal(c)).unwrap_or(value.len());
    let (host, port) = split_port(value[..end].trim_end_matches(['.', ':']));
    (is_host(host) && host != "127.0.0.1").then(|| (host.to_owned(), port.unwrap_or(3306)))
}

fn installs_packages(line: &str) -> bool {
    let commands =
        ["dnf ", "yum ", "apt-get ", "apt install", "pip install", "pip3 install", "composer install"];
    let keys = ["packages:", "package_update:", "package_upgrade:"];
    commands.iter().any(|command| line.contains(command)) || keys.iter().any(|key| line.starts_with(key))
}

/// The port of `Listen 8080` or `listen 443 ssl;`.
fn listening_port(line: &str) -> Option<u16> {
    let mut words = line.split_whitespace();
    if !words.next()?.eq_ignore_ascii_case("listen") {
        return None;
    }
    let word = words.next()?.trim_end_matches(';');
    word.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_declaration_says_everything_and_silences_the_guessing() {
        let text = "#cloud-config\n\
            # oci-mock: needs nfs=10.0.3.5 mysql=db.data.moodle.oraclevcn.com packages\n\
            # oci-mock: mysql=10.0.2.9:33060 serves=moodle:80 serves=plain:8081 newer=thing\n\
            mounts:\n - [ 10.9.9.9:/x, /y, nfs ]\n";
        let needs = needs_of_text(text);
        assert_eq!(needs.nfs, ["10.0.3.5"]);
        let mysql = [("db.data.moodle.oraclevcn.com".to_owned(), 3306), ("10.0.2.9".to_owned(), 33060)];
        assert_eq!(needs.mysql, mysql);
        assert!(needs.packages);
        assert_eq!(needs.serves, [(80, Application::Moodle), (8081, Application::Plain)]);
    }

    #[test]
    fn plain_user_data_is_understood() {
        for (text, expected) in [
            (
                "files.data.moodle.oraclevcn.com:/moodle /var/moodledata nfs defaults 0 0",
                Needs { nfs: vec!["files.data.moodle.oraclevcn.com".to_owned()], ..Needs::default() },
            ),
            (
                " - [ \"10.0.3.5:/moodle\", /var/moodledata, nfs, \"defaults,_netdev\" ]",
                Needs { nfs: vec!["10.0.3.5".to_owned()], ..Needs::default() },
            ),
            (
                "mount -t nfs4 10.0.3.5:/a /mnt",
                Needs { nfs: vec!["10.0.3.5".to_owned()], ..Needs::default() },
            ),
            (
                "$CFG->dbhost    = 'db.data.moodle.oraclevcn.com';",
                Needs { mysql: vec![("db.data.moodle.oraclevcn.com".to_owned(), 3306)], ..Needs::default() },
            ),
            (
                "define('DB_HOST', '10.0.2.7:3307');",
                Needs { mysql: vec![("10.0.2.7".to_owned(), 3307)], ..Needs::default() },
            ),
            ("dbhost = 'localhost'", Needs::default()),
            ("export MYSQL_HOST=$HOST", Needs::default()),
            ("# 10.0.0.1:/x nfs", Needs::default()),
            ("curl https://example.com/nfs-guide", Needs::default()),
            (
                "#!/bin/sh\ndnf install -y nginx\n",
                Needs { packages: true, serves: vec![(80, Application::Plain)], ..Needs::default() },
            ),
            (
                "packages: [httpd]\nListen 8080\n# moodle",
                Needs { packages: true, serves: vec![(8080, Application::Moodle)], ..Needs::default() },
            ),
            ("", Needs::default()),
        ] {
            assert_eq!(needs_of_text(text), expected, "{text:?}");
        }
    }

    #[test]
    fn compressed_user_data_is_read_and_broken_user_data_needs_nothing() {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(b"# oci-mock: needs packages").unwrap();
        let encoded = STANDARD.encode(writer.finish().unwrap());
        assert!(needs_of_user_data(&encoded).packages);
        assert_eq!(needs_of_user_data("not base64!"), Needs::default());
        assert_eq!(needs_of_user_data(&STANDARD.encode([0x1f, 0x8b, 1, 2])), Needs::default());
    }
}
