//! What is to be looked at: the file, what of it exists already, and the names that it will need.

use std::collections::BTreeSet;

use oci_client::ocid;

use crate::config::Config;
use crate::stack::names;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The file.
    pub config: &'a Config,
    /// What exists of it already. That is neither in the way, nor still to be had.
    pub existing: Existing,
    /// Names that must be free.
    pub names: Names,
}

impl<'a> Subject<'a> {
    /// A stack of which nothing exists yet, with the usual names.
    #[must_use]
    pub fn new(config: &'a Config) -> Self {
        Self { config, existing: Existing::default(), names: Names::of(config) }
    }

    /// The same, when these are the stack's own already: the identifiers in its state. Mostly they are OCIDs; a bucket's is its path,
    /// `n/{namespace}/b/{bucket}`.
    #[must_use]
    pub fn with_existing(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.existing = Existing { ids: ids.into_iter().collect() };
        self
    }
}

/// What exists of a stack already, by identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    ids: BTreeSet<String>,
}

impl Existing {
    /// Whether this object is the stack's own.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// How many objects of a kind there are; kinds are named as in OCIDs: `vcn`, `instance`, `mysqldbsystem`.
    #[must_use]
    pub fn count(&self, kind: &str) -> u64 {
        let of_kind = |id: &&String| ocid::type_of(id).is_ok_and(|own| own.eq_ignore_ascii_case(kind));
        self.ids.iter().filter(of_kind).count() as u64
    }
}

/// Names that a stack gives to what it makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Everything is called this, or begins with this and a hyphen.
    pub prefix: String,
    /// Buckets of Object Storage.
    pub buckets: Vec<String>,
    /// Dynamic groups and policies; there is one of each with each name.
    pub identities: Vec<String>,
}

impl Names {
    /// Those of [`crate::stack::names`].
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            prefix: config.site.name.clone(),
            buckets: vec![names::bucket(config)],
            identities: names::identities(config),
        }
    }

    /// Whether the stack would call something this.
    pub(super) fn covers(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.prefix.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_covered_as_a_whole_or_before_a_hyphen() {
        let names = Names { prefix: "campus".to_owned(), ..Names::default() };
        assert!(names.covers("campus") && names.covers("campus-web-1"));
        assert!(!names.covers("campus2") && !names.covers("other"));
    }

    #[test]
    fn what_exists_is_counted_by_its_kind() {
        let ids = ["ocid1.instance.oc1.fra.a", "ocid1.instance.oc1.fra.b", "ocid1.vcn.oc1.fra.c", "no ocid"];
        let existing = Existing { ids: ids.map(str::to_owned).into() };
        assert_eq!((existing.count("instance"), existing.count("vcn"), existing.count("image")), (2, 1, 0));
        assert!(existing.has("ocid1.vcn.oc1.fra.c"));
    }
}
