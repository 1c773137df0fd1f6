//! Sizes: what the keys are that a file leaves out, by how many visitors the site is meant for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many visitors the site is meant for.
///
/// The numbers are a cautious rule of thumb and no measurement: ten visitors at the same time for each gigabyte of the servers' memory,
/// with one server away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// About 100 visitors at the same time: a school.
    #[default]
    Small,
    /// About 450 visitors at the same time: a college.
    Medium,
    /// About 2,400 visitors at the same time: a university.
    Large,
}

impl Size {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// How the file calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// The keys that it says, as they would stand in the file.
    #[must_use]
    pub const fn keys(self) -> &'static str {
        match self {
            Self::Small => {
                "[servers]\ncount = 2\nocpus = 2.0\nmemory_in_gbs = 12.0\n\n\
                 [database]\nshape = \"MySQL.4\"\nreplicas = 0\nstorage_in_gbs = 100\n"
            }
            Self::Medium => {
                "[servers]\ncount = 3\nocpus = 4.0\nmemory_in_gbs = 24.0\n\n\
                 [database]\nshape = \"MySQL.8\"\nreplicas = 0\nstorage_in_gbs = 200\n"
            }
            Self::Large => {
                "[servers]\ncount = 6\nocpus = 8.0\nmemory_in_gbs = 48.0\n\n\
                 [database]\nshape = \"MySQL.16\"\nreplicas = 2\nstorage_in_gbs = 500\n"
            }
        }
    }
}

/// Adds to a file what its size says and the file does not.
pub(super) fn fill_in(file: &mut toml::Table) {
    let named = file.get("site").and_then(|site| site.get("size")).and_then(toml::Value::as_str);
    let size = Size::ALL.into_iter().find(|size| Some(size.name()) == named).unwrap_or_default();
    let keys: toml::Table = size.keys().parse().expect("the keys of a size are TOML");
    for (section, keys) in keys {
        let there = file.entry(section).or_insert_with(|| toml::Table::new().into());
        if let (toml::Value::Table(there), toml::Value::Table(keys)) = (there, keys) {
            for (key, value) in keys {
                there.entry(key).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn of(size: &str) -> Config {
        let text = format!("[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n{size}");
        Config::parse(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_smallest_size_is_what_the_defaults_are() {
        let config = of("");
        assert_eq!((&config.servers, &config.database), (&Default::default(), &Default::default()));
        assert_eq!(of("size = \"small\""), config);
    }

    #[test]
    fn a_size_says_what_the_file_leaves_out_and_nothing_else() {
        let config = of("size = \"large\"\n[servers]\ncount = 4\n");
        assert_eq!((config.servers.count, config.servers.memory_in_gbs), (4, 48.0));
        assert_eq!((config.database.shape.as_str(), config.database.replicas), ("MySQL.16", 2));
    }

    #[test]
    fn every_size_carries_the_visitors_that_it_promises_with_one_server_away() {
        for (size, visitors) in [(Size::Small, 100.0), (Size::Medium, 450.0), (Size::Large, 2_400.0)] {
            let servers = of(&format!("size = \"{}\"", size.name())).servers;
            let carried = f64::from(servers.count - 1) * servers.memory_in_gbs * 10.0;
            assert!((visitors..visitors * 1.25).contains(&carried), "{size:?}: {carried}");
        }
    }
}
