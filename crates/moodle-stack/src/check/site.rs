//! The site: versions, and tags.

use std::collections::BTreeSet;

use oci_resources::tags;

use crate::codes::Code;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::server::versions::{self, DatabaseKind, Incompatible, Version};

/// What the service gives when nobody says a version is newer, or this: all applications of the table run on it.
const MYSQL_UNLESS_SAID: Version = Version(8, 4, 0);

/// Application, PHP and MySQL go together.
pub(super) fn versions_go_together(config: &Config) -> Vec<Diagnostic> {
    let given = config.database.version.as_deref().map_or(Some(MYSQL_UNLESS_SAID), Version::parse);
    let Some(mysql) = given else { return Vec::new() };
    let site = &config.site;
    let together =
        versions::check(site.application, config.version(), site.php, (DatabaseKind::MySql, mysql));
    let Err(error) = together else { return Vec::new() };
    // The place is that of what is to be changed.
    let key = match &error {
        Incompatible::Php { .. } => "site.php",
        Incompatible::Database { .. } => "database.version",
        _ => "site.version",
    };
    let related = &["site.application", "site.version", "site.php", "database.version"];
    vec![Diagnostic::error(Code::Versions, key, error.to_string()).with(related)]
}

/// Free-form tags of one resource: at most ten. The stack needs some for itself.
const TAGS_MAX: usize = 10 - 4;

/// The service takes the tags: their number, their keys and their values.
pub(super) fn tags_are_accepted(config: &Config) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let tags = &config.tags;
    if tags.len() > TAGS_MAX {
        let message = format!(
            "{} tags are {} too many: the service takes ten, and the stack needs four itself",
            tags.len(),
            tags.len() - TAGS_MAX
        );
        found.push(Diagnostic::error(Code::Tags, "tags", message));
    }
    let mut seen = BTreeSet::new();
    for (key, value) in tags {
        let place = format!("tags.{key}");
        let mut refuse = |why: String| {
            found.push(Diagnostic::error(Code::Tags, place.clone(), format!("the tag `{key}` {why}")))
        };
        if key.is_empty()
            || key.len() > 100
            || !key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.')
        {
            refuse("must be 1 to 100 printable ASCII characters without spaces and dots".to_owned());
        } else if tags::is_ours(key) {
            refuse("is one of those that the stack writes itself".to_owned());
        } else if !seen.insert(key.to_ascii_lowercase()) {
            refuse("is there twice: capital and small letters are the same to the service".to_owned());
        }
        let length = value.chars().count();
        if length > 256 {
            refuse(format!("has a value of {length} characters, and the service takes 256"));
        }
    }
    for key in config.defined_tags.keys() {
        let plain = |part: &str| {
            !part.is_empty() && part.len() <= 100 && part.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let fits = key
            .split_once('.')
            .is_some_and(|(space, name)| plain(space) && plain(name) && !name.contains('.'));
        if !fits {
            let message = format!("the defined tag `{key}` must be named as `Namespace.Key`");
            found.push(Diagnostic::error(Code::Tags, format!("defined_tags.{key}"), message));
        }
    }
    found
}
