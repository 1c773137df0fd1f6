//! Regions: their names, short codes and realms, and what is assumed of a region that is not known.
//!
//! The table is `schemas/oci-regions.json`. Regions that it lacks can be added as Oracle's SDKs do: by
//! `~/.oci/regions-config.json`, then by the environment variable `OCI_REGION_METADATA`. What is known already
//! is never replaced.
//!
//! # Source
//! `oci/regions.py` of Oracle's Python SDK 2.189.0.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::LazyLock;

use serde::Deserialize;
use world::World;

/// The realm that is assumed of an unknown region.
const DEFAULT_REALM: &str = "oc1";

/// One region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    name: String,
    key: Option<String>,
    realm: Option<String>,
    second_level_domain: String,
    known: bool,
}

impl Region {
    /// Its full name in lower case, such as `eu-frankfurt-1`; or a domain, if that is what was asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its short code in lower case, such as `fra`, if it has one that we know.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Its realm, such as `oc1`; `None` if only the domain is known (`OCI_DEFAULT_REALM`).
    #[must_use]
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    /// The domain that host names in it end in, such as `oraclecloud.com`.
    #[must_use]
    pub fn second_level_domain(&self) -> &str {
        &self.second_level_domain
    }

    /// Whether it is in the table, or was described by the user; otherwise its realm is a guess.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Whether the name is a whole domain (`example.com`), to which host names are prepended as it is.
    #[must_use]
    pub fn is_domain(&self) -> bool {
        !self.known && self.name.contains('.')
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// All regions that are known, and the rules for those that are not.
#[derive(Clone, Debug)]
pub struct Regions {
    /// By full name.
    by_name: BTreeMap<String, Entry>,
    /// Short code to full name.
    by_key: BTreeMap<String, String>,
    /// Realm to domain.
    realms: BTreeMap<String, String>,
    /// The domain of regions that are not known, from `OCI_DEFAULT_REALM`.
    fallback_domain: Option<String>,
    problems: Vec<RegionProblem>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: String,
    realm: String,
}

/// A region as the metadata service, `regions-config.json` and `OCI_REGION_METADATA` describe it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegionMetadata {
    /// Such as `OC1`.
    pub realm_key: String,
    /// Such as `oraclecloud.com`.
    pub realm_domain_component: String,
    /// Such as `SYD`.
    pub region_key: String,
    /// Such as `ap-sydney-1`.
    pub region_identifier: String,
}

/// A description of regions that could not be used. Oracle's SDKs ignore it silently; we go on as well, but
/// can say so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin} is ignored: {reason}")]
pub struct RegionProblem {
    /// A file's path, or the name of an environment variable.
    pub origin: String,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Deserialize)]
struct Table {
    realms: BTreeMap<String, String>,
    regions: Vec<TableRow>,
}

#[derive(Deserialize)]
struct TableRow {
    key: String,
    id: String,
    realm: String,
}

static BUILT_IN: LazyLock<Regions> = LazyLock::new(|| {
    let table = include_str!("../../../schemas/oci-regions.json");
    let table: Table = serde_json::from_str(table).expect("the table is checked in, and a test reads it");
    let mut regions = Regions {
        by_name: BTreeMap::new(),
        by_key: BTreeMap::new(),
        realms: table.realms,
        fallback_domain: None,
        problems: Vec::new(),
    };
    for TableRow { key, id, realm } in table.regions {
        regions.by_key.insert(key.clone(), id.clone());
        regions.by_name.insert(id, Entry { key, realm });
    }
    regions
});

impl Regions {
    /// The table alone.
    #[must_use]
    pub fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// The table, `~/.oci/regions-config.json`, `OCI_REGION_METADATA` and `OCI_DEFAULT_REALM`.
    ///
    /// A file or variable that cannot be used is ignored, and listed in [`Regions::problems`].
    #[must_use]
    pub fn load(world: &dyn World) -> Self {
        let mut regions = Self::built_in();
        if let Some(home) = world.home_dir() {
            let path: PathBuf = home.join(".oci").join("regions-config.json");
            let origin = path.display().to_string();
            match world.read_file(&path) {
                Ok(content) => regions.add_described::<Vec<serde_json::Value>>(&origin, &content),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => regions.problem(&origin, &error.to_string()),
            }
        }
        if let Some(text) = world.env_var("OCI_REGION_METADATA").filter(|text| !text.is_empty()) {
            regions.add_described::<One>("OCI_REGION_METADATA", text.as_bytes());
        }
        let domain = world.env_var("OCI_DEFAULT_REALM").filter(|text| !text.is_empty());
        // The variable wants a domain. The key of a realm, which its name suggests, is understood as well.
        regions.fallback_domain =
            domain.map(|domain| regions.realms.get(&domain.to_lowercase()).cloned().unwrap_or(domain));
        regions
    }

    /// Adds a region, unless it is known already.
    pub fn add(&mut self, metadata: &RegionMetadata) {
        let key = metadata.region_key.to_lowercase();
        let name = metadata.region_identifier.to_lowercase();
        let realm = metadata.realm_key.to_lowercase();
        self.by_key.entry(key.clone()).or_insert_with(|| name.clone());
        self.realms.entry(realm.clone()).or_insert_with(|| metadata.realm_domain_component.to_lowercase());
        self.by_name.entry(name).or_insert(Entry { key, realm });
    }

    /// The region of this name or short code, in any case of letters.
    ///
    /// A name that is not known is taken as it stands: one with a dot is a domain; any other is assumed to be
    /// in the realm that `OCI_DEFAULT_REALM` names, or else in `oc1`.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Region {
        let lower = name.trim().to_lowercase();
        let full = self.by_key.get(&lower).unwrap_or(&lower);
        if let Some(entry) = self.by_name.get(full) {
            return Region {
                name: full.clone(),
                key: Some(entry.key.clone()),
                second_level_domain: self.realms.get(&entry.realm).cloned().unwrap_or_default(),
                realm: Some(entry.realm.clone()),
                known: true,
            };
        }
        let (realm, domain) = match &self.fallback_domain {
            _ if lower.contains('.') => (None, lower.clone()),
            Some(domain) => (None, domain.clone()),
            None => {
                (Some(DEFAULT_REALM.to_owned()), self.realms.get(DEFAULT_REALM).cloned().unwrap_or_default())
            }
        };
        Region { name: lower, key: None, realm, second_level_domain: domain, known: false }
    }

    /// All known regions by name.
    pub fn iter(&self) -> impl Iterator<Item = Region> {
        self.by_name.keys().map(|name| self.resolve(name))
    }

    /// The descriptions of regions that could not be used, in the order in which they were read.
    #[must_use]
    pub fn problems(&self) -> &[RegionProblem] {
        &self.problems
    }

    fn add_described<T: Described>(&mut self, origin: &str, text: &[u8]) {
        match T::read(text) {
            Ok(values) => {
                for value in values {
                    match serde_json::from_value::<RegionMetadata>(value) {
                        Ok(metadata) if metadata.is_complete() => self.add(&metadata),
                        Ok(_) => self.problem(origin, "a field is empty"),
                        Err(error) => self.problem(origin, &error.to_string()),
                    }
                }
            }
            Err(error) => self.problem(origin, &error.to_string()),
        }
    }

    fn problem(&mut self, origin: &str, reason: &str) {
        self.problems.push(RegionProblem { origin: origin.to_owned(), reason: reason.to_owned() });
    }
}

impl RegionMetadata {
    fn is_complete(&self) -> bool {
        [&self.realm_key, &self.realm_domain_component, &self.region_key, &self.region_identifier]
            .iter()
            .all(|field| !field.is_empty())
    }
}

/// A JSON text that describes regions: the file an array, the variable one object.
trait Described {
    fn read(text: &[u8]) -> serde_json::Result<Vec<serde_json::Value>>;
}

struct One;

impl Described for One {
    fn read(text: &[u8]) -> serde_json::Result<Vec<serde_json::Value>> {
        serde_json::from_slice(text).map(|value| vec![value])
    }
}

impl Described for Vec<serde_json::Value> {
    fn read(text: &[u8]) -> serde_json::Result<Vec<serde_json::Value>> {
        serde_json::from_slice(text)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use world::TestWorld;

    use super::*;

    const FILE: &str = "/home/me/.oci/regions-config.json";

    fn world() -> TestWorld {
        TestWorld::new(DateTime::UNIX_EPOCH, 1).with_env("HOME", "/home/me")
    }

    fn described(key: &str, name: &str, realm: &str, domain: &str) -> String {
        format!(
            r#"{{"realmKey":"{realm}","realmDomainComponent":"{domain}","regionKey":"{key}","regionIdentifier":"{name}"}}"#
        )
    }

    fn check(regions: &Regions, asked: &str, expected: (&str, Option<&str>, &str)) {
        let region = regions.resolve(asked);
        assert_eq!((region.name(), region.realm(), region.second_level_domain()), expected, "{asked}");
    }

    #[test]
    fn names_and_short_codes_are_known_in_any_case() {
        let regions = Regions::built_in();
        assert_eq!(regions.iter().count(), 85);
        for asked in ["eu-frankfurt-1", "fra", "FRA", "EU-Frankfurt-1", " fra\n"] {
            check(&regions, asked, ("eu-frankfurt-1", Some("oc1"), "oraclecloud.com"));
        }
        check(&regions, "us-gov-phoenix-1", ("us-gov-phoenix-1", Some("oc3"), "oraclegovcloud.com"));
    }

    #[test]
    fn an_unknown_region_is_assumed_to_be_in_the_first_realm() {
        let region = Regions::built_in().resolve("xx-nowhere-1");
        assert_eq!((region.realm(), region.is_known(), region.is_domain()), (Some("oc1"), false, false));
    }

    #[tokio::test]
    async fn a_file_goes_before_the_environment_and_neither_replaces_what_is_known() {
        let file = format!(
            "[{},{}]",
            described("NEW", "XX-New-1", "OC77", "file.example"),
            described("FRA", "eu-frankfurt-1", "OC77", "wrong.example")
        );
        let variable = described("new", "xx-new-1", "oc78", "variable.example");
        let world = world().with_file(FILE, file).with_env("OCI_REGION_METADATA", &variable);
        let regions = Regions::load(&world);
        check(&regions, "new", ("xx-new-1", Some("oc77"), "file.example"));
        check(&regions, "fra", ("eu-frankfurt-1", Some("oc1"), "oraclecloud.com"));
        assert_eq!(regions.problems(), []);
    }

    #[tokio::test]
    async fn the_default_realm_is_a_domain_or_the_key_of_a_realm() {
        for (value, domain) in [("example.org", "example.org"), ("oc19", "oraclecloud.eu")] {
            let regions = Regions::load(&world().with_env("OCI_DEFAULT_REALM", value));
            check(&regions, "xx-nowhere-1", ("xx-nowhere-1", None, domain));
            check(&regions, "fra", ("eu-frankfurt-1", Some("oc1"), "oraclecloud.com"));
        }
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_ignored_and_said() {
        let world = world().with_file(FILE, "{}").with_env("OCI_REGION_METADATA", r#"{"realmKey":"oc1"}"#);
        let problems: Vec<String> =
            Regions::load(&world).problems().iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                format!("{FILE} is ignored: invalid type: map, expected a sequence at line 1 column 0"),
                "OCI_REGION_METADATA is ignored: missing field `realmDomainComponent`".to_owned(),
            ]
        );
    }
}
