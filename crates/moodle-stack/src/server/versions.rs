//! Which application runs on which PHP with which database: a table of the vendors' own limits, and what is downloaded.
//!
//! Moodle's lower limits are those of `admin/environment.xml` in each branch; its upper limits of PHP come from third
//! parties. Drupal 11's are those of its `core/INSTALL.txt` and its driver for MySQL, WordPress's for MySQL that of its
//! `wp-includes/version.php` (for MariaDB and PHP we ask for more than it does), Joomla 6's are from a manual. The limits of
//! Drupal 10 and Joomla 5 and all other upper limits of PHP have not been confirmed with the vendors.
//!
//! The addresses of downloads are those that others download from (each was found in somebody's build of an image, in the
//! autumn of 2026), and the default releases are the newest that were found there.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An application that can be the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Application {
    /// Moodle, the learning platform.
    Moodle,
    /// WordPress.
    WordPress,
    /// Drupal.
    Drupal,
    /// Joomla.
    Joomla,
}

impl Application {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Moodle, Self::WordPress, Self::Drupal, Self::Joomla];

    /// How `moodle.toml` and file names call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moodle => "moodle",
            Self::WordPress => "wordpress",
            Self::Drupal => "drupal",
            Self::Joomla => "joomla",
        }
    }

    /// The point release that is installed when nothing else is asked for.
    #[must_use]
    pub const fn default_version(self) -> &'static str {
        match self {
            Self::Moodle => "5.3",
            Self::WordPress => "7.1.3",
            Self::Drupal => "11.4.7",
            Self::Joomla => "6.1.4",
        }
    }

    /// The code with which a healthy server answers `GET /` when `Host` is its own address, as a load balancer asks.
    #[must_use]
    pub const fn healthy_code(self) -> u16 {
        match self {
            Self::Moodle => 303,
            Self::WordPress | Self::Drupal | Self::Joomla => 200,
        }
    }

    /// Whether the application can send reads to a second address. Where it cannot, a read endpoint is of no use to it.
    #[must_use]
    pub const fn reads_from_replicas(self) -> bool {
        matches!(self, Self::Moodle | Self::Drupal)
    }
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Moodle => "Moodle",
            Self::WordPress => "WordPress",
            Self::Drupal => "Drupal",
            Self::Joomla => "Joomla",
        })
    }
}

/// A version as vendors write it: up to three numbers. Missing ones count as 0 when compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16, pub u16, pub u16);

impl Version {
    /// Reads `5`, `5.3` or `5.3.1`. A text that is not one to three numbers with dots between is no version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        for (at, part) in text.split('.').enumerate() {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            *numbers.get_mut(at)? = part.parse().ok().filter(|_| digits)?;
        }
        Some(Self(numbers[0], numbers[1], numbers[2]))
    }

    /// Whether it is of the branch `other`: the same major and minor number.
    const fn same_branch(self, other: Self) -> bool {
        self.0 == other.0 && self.1 == other.1
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.2 {
            0 => write!(f, "{}.{}", self.0, self.1),
            patch => write!(f, "{}.{}.{patch}", self.0, self.1),
        }
    }
}

/// The PHP that is installed, from a module stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub enum Php {
    /// PHP 8.1.
    #[serde(rename = "8.1")]
    V8_1,
    /// PHP 8.2.
    #[serde(rename = "8.2")]
    V8_2,
    /// PHP 8.3.
    #[serde(rename = "8.3")]
    V8_3,
    /// PHP 8.4.
    #[serde(rename = "8.4")]
    V8_4,
}

impl Php {
    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [Self::V8_1, Self::V8_2, Self::V8_3, Self::V8_4];
    /// What every application of the table runs on.
    pub const DEFAULT: Self = Self::V8_3;

    /// As PHP writes it: `8.3`.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::V8_1 => "8.1",
            Self::V8_2 => "8.2",
            Self::V8_3 => "8.3",
            Self::V8_4 => "8.4",
        }
    }

    /// The module stream of `dnf`. It is Remi's, because Oracle Linux 9's own PHP lacks `sodium`, which Moodle requires.
    #[must_use]
    pub fn stream(self) -> String {
        format!("php:remi-{}", self.version())
    }
}

impl fmt::Display for Php {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PHP {}", self.version())
    }
}

/// A kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DatabaseKind {
    /// MySQL, HeatWave included.
    MySql,
    /// MariaDB, Galera included.
    MariaDb,
}

impl fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
        })
    }
}

/// One branch of an application, and what it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Whose branch.
    pub application: Application,
    /// Its first release. For Drupal and Joomla, whose branches are majors, the minor number does not count.
    pub version: Version,
    /// The oldest PHP.
    pub php_min: Php,
    /// The newest PHP that the vendor names.
    pub php_max: Php,
    /// The oldest MySQL.
    pub mysql_min: Version,
    /// The oldest MariaDB.
    pub mariadb_min: Version,
}

const fn branch(
    application: Application,
    version: Version,
    (php_min, php_max): (Php, Php),
    mysql_min: Version,
    mariadb_min: Version,
) -> Branch {
    Branch { application, version, php_min, php_max, mysql_min, mariadb_min }
}

/// The table. A branch that is not in it is not installed: nobody has said on what it runs.
pub const BRANCHES: [Branch; 13] = {
    use Application::{Drupal, Joomla, Moodle, WordPress};
    use Php::{V8_1, V8_2, V8_3, V8_4};
    const fn v(major: u16, minor: u16, patch: u16) -> Version {
        Version(major, minor, patch)
    }
    [
        branch(Moodle, v(4, 5, 0), (V8_1, V8_3), v(8, 0, 0), v(10, 6, 7)),
        branch(Moodle, v(5, 0, 0), (V8_2, V8_4), v(8, 4, 0), v(10, 11, 0)),
        branch(Moodle, v(5, 1, 0), (V8_2, V8_4), v(8, 4, 0), v(10, 11, 0)),
        branch(Moodle, v(5, 2, 0), (V8_3, V8_4), v(8, 4, 0), v(10, 11, 0)),
        branch(Moodle, v(5, 3, 0), (V8_3, V8_4), v(8, 4, 0), v(11, 4, 0)),
        branch(WordPress, v(6, 8, 0), (V8_1, V8_4), v(5, 5, 5), v(10, 6, 0)),
        branch(WordPress, v(6, 9, 0), (V8_1, V8_4), v(5, 5, 5), v(10, 6, 0)),
        branch(WordPress, v(7, 0, 0), (V8_1, V8_4), v(5, 5, 5), v(10, 6, 0)),
        branch(WordPress, v(7, 1, 0), (V8_1, V8_4), v(5, 5, 5), v(10, 6, 0)),
        branch(Drupal, v(10, 0, 0), (V8_1, V8_4), v(5, 7, 8), v(10, 3, 7)),
        branch(Drupal, v(11, 0, 0), (V8_3, V8_4), v(8, 0, 0), v(10, 6, 0)),
        branch(Joomla, v(5, 0, 0), (V8_1, V8_4), v(8, 0, 13), v(10, 4, 0)),
        branch(Joomla, v(6, 0, 0), (V8_3, V8_4), v(8, 0, 13), v(10, 6, 0)),
    ]
};

/// Why a combination is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatible {
    /// The version is not one to three numbers.
    #[error("`{text}` is no version of {application}")]
    NoVersion {
        /// The application.
        application: Application,
        /// What stands there.
        text: String,
    },
    /// The branch is not in the table.
    #[error("{application} {version} is not known here; known are {}", known.join(", "))]
    UnknownBranch {
        /// The application.
        application: Application,
        /// The version asked for.
        version: String,
        /// The branches that are known.
        known: Vec<String>,
    },
    /// The vendor advises against this point release.
    #[error("{application} {version} is advised against: {why}")]
    AdvisedAgainst {
        /// The application.
        application: Application,
        /// The version asked for.
        version: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// PHP is too old or too new.
    #[error("{application} {version} runs on {min} to {max}, not on {php}")]
    Php {
        /// The application.
        application: Application,
        /// The version asked for.
        version: String,
        /// The PHP asked for.
        php: Php,
        /// The oldest PHP.
        min: Php,
        /// The newest PHP.
        max: Php,
    },
    /// The database is too old.
    #[error("{application} {version} needs {kind} {min} or later, not {given}")]
    Database {
        /// The application.
        application: Application,
        /// The version asked for.
        version: String,
        /// The kind of database.
        kind: DatabaseKind,
        /// The version asked for.
        given: Version,
        /// The oldest that will do.
        min: Version,
    },
}

/// Whether the vendor supports this combination.
///
/// # Errors
/// The first limit that forbids it.
pub fn check(
    application: Application,
    version: &str,
    php: Php,
    database: (DatabaseKind, Version),
) -> Result<(), Incompatible> {
    let branch = branch_of(application, version)?;
    let version = version.to_owned();
    if php < branch.php_min || php > branch.php_max {
        let (min, max) = (branch.php_min, branch.php_max);
        return Err(Incompatible::Php { application, version, php, min, max });
    }
    let (kind, given) = database;
    let min = match kind {
        DatabaseKind::MySql => branch.mysql_min,
        DatabaseKind::MariaDb => branch.mariadb_min,
    };
    if given < min {
        return Err(Incompatible::Database { application, version, kind, given, min });
    }
    Ok(())
}

/// The branch that a version belongs to.
///
/// # Errors
/// When the text is no version, its branch is not in [`BRANCHES`], or the vendor advises against the point release.
pub fn branch_of(application: Application, version: &str) -> Result<&'static Branch, Incompatible> {
    let Some(number) = Version::parse(version) else {
        return Err(Incompatible::NoVersion { application, text: version.to_owned() });
    };
    // It has a serious fault in grading (a third party's note).
    if application == Application::Moodle && number == Version(5, 2, 2) {
        let why = "a fault in grading";
        return Err(Incompatible::AdvisedAgainst { application, version: version.to_owned(), why });
    }
    let by_major = matches!(application, Application::Drupal | Application::Joomla);
    let fits = |branch: &&Branch| {
        let same = if by_major { branch.version.0 == number.0 } else { branch.version.same_branch(number) };
        branch.application == application && same
    };
    BRANCHES.iter().find(fits).ok_or_else(|| {
        let of_it = BRANCHES.iter().filter(|branch| branch.application == application);
        let known = of_it.map(|branch| branch_name(branch, by_major)).collect();
        Incompatible::UnknownBranch { application, version: version.to_owned(), known }
    })
}

fn branch_name(branch: &Branch, by_major: bool) -> String {
    if by_major { branch.version.0.to_string() } else { branch.version.to_string() }
}

/// How a download is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// By this SHA-256, given by the user or known here: it must match.
    Sha256(String),
    /// By the sum that the vendor publishes beside the file: `URL` and this ending. It finds a broken download; against a
    /// vendor's server in wrong hands only a given sum helps.
    Beside {
        /// What follows the file's own address.
        ending: &'static str,
        /// The program that computes it.
        program: &'static str,
    },
    /// By nothing but the connection (TLS): the vendor publishes no sum that a script can read.
    ConnectionOnly,
}

/// What is downloaded, and how it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Addresses of the same file, tried in turn.
    pub urls: Vec<String>,
    /// How it is checked.
    pub checksum: Checksum,
    /// How many leading folders of the archive are dropped.
    pub strip: u8,
}

/// Sums known here, of default releases. Moodle's was noted by a third party: where it is wrong, the download is refused, and
/// the user's own sum helps.
const KNOWN_SUMS: [(Application, &str, &str); 1] =
    [(Application::Moodle, "5.3", "7e5edf110555956571f40e42acffde0eb23681ebebd212a2fec0fe7d795dd511")];

/// Where a release is downloaded from. `sha256` is the user's own sum, which wins over all others.
///
/// # Errors
/// As [`branch_of`].
pub fn archive(
    application: Application,
    version: &str,
    sha256: Option<&str>,
) -> Result<Archive, Incompatible> {
    let branch = branch_of(application, version)?;
    let known = KNOWN_SUMS.iter().find(|(app, release, _)| *app == application && *release == version);
    let sum = sha256.or(known.map(|(_, _, sum)| *sum)).map(|sum| Checksum::Sha256(sum.to_ascii_lowercase()));
    let (urls, usual, strip) = match application {
        Application::Moodle => {
            let file = format!(
                "stable{}/moodle-{}.tgz",
                moodle_number(branch),
                moodle_release(version, branch.version)
            );
            let urls = vec![
                format!("https://packaging.moodle.org/{file}"),
                format!("https://download.moodle.org/download.php/direct/{file}"),
            ];
            (urls, Checksum::Beside { ending: ".sha256", program: "sha256sum" }, 1)
        }
        Application::WordPress => {
            let url = format!("https://wordpress.org/wordpress-{version}.tar.gz");
            (vec![url], Checksum::Beside { ending: ".sha1", program: "sha1sum" }, 1)
        }
        Application::Drupal => {
            let url = format!("https://ftp.drupal.org/files/projects/drupal-{version}.tar.gz");
            (vec![url], Checksum::ConnectionOnly, 1)
        }
        Application::Joomla => {
            let file = format!("Joomla_{version}-Stable-Full_Package.tar.gz");
            let url = format!("https://github.com/joomla/joomla-cms/releases/download/{version}/{file}");
            (vec![url], Checksum::ConnectionOnly, 0)
        }
    };
    Ok(Archive { urls, checksum: sum.unwrap_or(usual), strip })
}

/// Moodle's number of a branch: 405, 500 … 503.
fn moodle_number(branch: &Branch) -> u16 {
    branch.version.0 * 100 + branch.version.1
}

/// The first release of a branch has no patch digit in its file name: `moodle-5.3.tgz`, never `moodle-5.3.0.tgz`.
fn moodle_release(version: &str, branch: Version) -> String {
    if Version::parse(version) == Some(branch) { branch.to_string() } else { version.to_owned() }
}

/// Whether the web root is the folder `public` inside the code: Moodle 5.1 and later.
///
/// # Errors
/// As [`branch_of`].
pub fn has_public_folder(application: Application, version: &str) -> Result<bool, Incompatible> {
    let branch = branch_of(application, version)?;
    Ok(application == Application::Moodle && branch.version >= Version(5, 1, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEATWAVE: (DatabaseKind, Version) = (DatabaseKind::MySql, Version(8, 4, 0));

    #[test]
    fn every_default_runs_on_the_default_php_and_on_heatwave() {
        for application in Application::ALL {
            check(application, application.default_version(), Php::DEFAULT, HEATWAVE).unwrap();
        }
    }

    #[test]
    fn what_the_vendors_forbid_is_refused() {
        use Application::{Drupal, Joomla, Moodle, WordPress};
        use DatabaseKind::{MariaDb, MySql};
        let refused = [
            (Moodle, "5.3", Php::V8_2, MySql, "8.4", "Moodle 5.3 runs on PHP 8.3 to PHP 8.4, not on PHP 8.2"),
            (
                Moodle,
                "4.5.7",
                Php::V8_4,
                MySql,
                "8.0",
                "Moodle 4.5.7 runs on PHP 8.1 to PHP 8.3, not on PHP 8.4",
            ),
            (
                Moodle,
                "5.0.3",
                Php::V8_3,
                MySql,
                "8.0.40",
                "Moodle 5.0.3 needs MySQL 8.4 or later, not 8.0.40",
            ),
            (
                Moodle,
                "5.3",
                Php::V8_3,
                MariaDb,
                "10.11.9",
                "Moodle 5.3 needs MariaDB 11.4 or later, not 10.11.9",
            ),
            (
                Moodle,
                "4.5",
                Php::V8_3,
                MariaDb,
                "10.6.6",
                "Moodle 4.5 needs MariaDB 10.6.7 or later, not 10.6.6",
            ),
            (Moodle, "5.2.2", Php::V8_3, MySql, "8.4", "Moodle 5.2.2 is advised against: a fault in grading"),
            (
                Moodle,
                "3.11",
                Php::V8_3,
                MySql,
                "8.4",
                "Moodle 3.11 is not known here; known are 4.5, 5.0, 5.1, 5.2, 5.3",
            ),
            (Moodle, "latest", Php::V8_3, MySql, "8.4", "`latest` is no version of Moodle"),
            (
                WordPress,
                "5.9",
                Php::V8_3,
                MySql,
                "8.4",
                "WordPress 5.9 is not known here; known are 6.8, 6.9, 7.0, 7.1",
            ),
            (
                Drupal,
                "11.1.2",
                Php::V8_2,
                MySql,
                "8.4",
                "Drupal 11.1.2 runs on PHP 8.3 to PHP 8.4, not on PHP 8.2",
            ),
            (Drupal, "9.5", Php::V8_2, MySql, "8.4", "Drupal 9.5 is not known here; known are 10, 11"),
            (
                Joomla,
                "6.0.1",
                Php::V8_1,
                MySql,
                "8.4",
                "Joomla 6.0.1 runs on PHP 8.3 to PHP 8.4, not on PHP 8.1",
            ),
            (
                Joomla,
                "5.4.0",
                Php::V8_1,
                MySql,
                "8.0.12",
                "Joomla 5.4.0 needs MySQL 8.0.13 or later, not 8.0.12",
            ),
        ];
        for (application, version, php, kind, database, message) in refused {
            let database = (kind, Version::parse(database).unwrap());
            assert_eq!(check(application, version, php, database).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn the_web_root_moved_with_moodle_5_1() {
        let public = |version| has_public_folder(Application::Moodle, version).unwrap();
        assert_eq!(["4.5.2", "5.0", "5.1", "5.2.4", "5.3"].map(public), [false, false, true, true, true]);
        assert!(!has_public_folder(Application::WordPress, "6.8.1").unwrap());
    }

    #[test]
    fn the_first_release_of_a_moodle_branch_has_no_patch_digit() {
        let first = |version| archive(Application::Moodle, version, None).unwrap().urls.remove(0);
        assert_eq!(first("5.3.0"), "https://packaging.moodle.org/stable503/moodle-5.3.tgz");
        assert_eq!(first("4.5.7"), "https://packaging.moodle.org/stable405/moodle-4.5.7.tgz");
    }

    #[test]
    fn a_given_sum_wins_over_a_known_one_and_over_the_vendors() {
        let sum = |version, given| archive(Application::Moodle, version, given).unwrap().checksum;
        assert_eq!(sum("5.3", Some("AB")), Checksum::Sha256("ab".to_owned()));
        assert!(matches!(sum("5.3", None), Checksum::Sha256(known) if known.starts_with("7e5edf11")));
        assert!(matches!(sum("5.2.4", None), Checksum::Beside { ending: ".sha256", .. }));
    }

    #[test]
    fn a_version_is_one_to_three_numbers() {
        assert_eq!(Version::parse("5.3.1"), Some(Version(5, 3, 1)));
        assert_eq!(Version::parse("11"), Some(Version(11, 0, 0)));
        for text in ["", "5.", "5.3.1.2", "v5", "5.+3", "-1", "99999"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
