//! The stack's own free-form tags: how an object whose creation was cut off is found again, and a lost state rebuilt.

use std::collections::BTreeMap;

use reconcile::Address;

/// The tag that names the stack.
pub const LINEAGE: &str = "oci-moodle-lineage";
/// The tag that names the address in the configuration.
pub const ADDRESS: &str = "oci-moodle-address";
/// The tag that holds the retry token of the request that made the object.
pub const TOKEN: &str = "oci-moodle-token";

/// What the stack writes on everything it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackTags(BTreeMap<String, String>);

impl StackTags {
    /// The tags of an object.
    #[must_use]
    pub fn new(lineage: &str, address: &Address, token: &str) -> Self {
        let pairs = [(LINEAGE, lineage), (ADDRESS, address.as_str()), (TOKEN, token)];
        Self(pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// Those that an object carries already. Sent again with every change of its tags, because sending the map
    /// replaces all of it.
    #[must_use]
    pub fn carried(tags: &BTreeMap<String, String>) -> Self {
        Self(
            tags.iter()
                .filter(|(key, _)| is_ours(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    }

    /// The user's tags and ours.
    #[must_use]
    pub fn beside(&self, users: BTreeMap<String, String>) -> BTreeMap<String, String> {
        users.into_iter().chain(self.0.clone()).collect()
    }
}

/// Whether a tag is one of ours. Keys are case-insensitive for the service.
#[must_use]
pub fn is_ours(key: &str) -> bool {
    [LINEAGE, ADDRESS, TOKEN].iter().any(|ours| ours.eq_ignore_ascii_case(key))
}
