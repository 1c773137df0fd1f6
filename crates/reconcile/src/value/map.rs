//! A map as a sorted slice behind a shared pointer: small, cheap to clone, always in the same order.
//!
//! A `BTreeMap` costs over 500 bytes from its first entry on; a state of 100,000 resources has 200,000 maps.

use std::sync::Arc;

use super::Value;

/// Values by name, sorted by name; cloning shares.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ValueMap(Option<Arc<[Entry]>>);

type Entry = (Arc<str>, Value);

impl ValueMap {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self(None)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let entries = self.entries();
        // Maps are small: most have fewer than ten entries, where walking beats halving.
        if entries.len() < 10 {
            return entries.iter().find(|(key, _)| **key == *name).map(|(_, value)| value);
        }
        entries.binary_search_by(|(key, _)| (**key).cmp(name)).ok().map(|at| &entries[at].1)
    }

    /// Puts `value` under `name`, and returns what was there. A new name copies the map: many are better collected.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: Value) -> Option<Value> {
        let name = name.into();
        match self.entries().binary_search_by(|(key, _)| key.cmp(&name)) {
            Ok(at) => {
                self.0.as_mut().map(|entries| std::mem::replace(&mut Arc::make_mut(entries)[at].1, value))
            }
            Err(at) => {
                let (before, after) = self.entries().split_at(at);
                let all = before.iter().cloned().chain([(name, value)]).chain(after.iter().cloned());
                // A vector first: a chain does not know its length well enough to be written where it shall stay.
                self.0 = Some(all.collect::<Vec<_>>().into());
                None
            }
        }
    }

    /// Takes out `name`, and returns what was there.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.entries().binary_search_by(|(key, _)| (**key).cmp(name)).ok()?;
        let (before, after) = self.entries().split_at(at);
        let removed = after[0].1.clone();
        let left: Vec<Entry> = before.iter().chain(&after[1..]).cloned().collect();
        self.0 = (!left.is_empty()).then(|| left.into());
        Some(removed)
    }

    /// The entries, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> + DoubleEndedIterator {
        self.entries().iter().map(|(name, value)| (name, value))
    }

    /// The names, sorted.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.iter().map(|(name, _)| name)
    }

    /// The values, by name.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.iter().map(|(_, value)| value)
    }

    /// The same names with other values.
    #[must_use]
    pub fn map_values(&self, mut change: impl FnMut(&Value) -> Value) -> Self {
        self.iter().map(|(name, value)| (name.clone(), change(value))).collect()
    }

    /// Stores each name where `other` says that the same name is stored.
    pub(crate) fn replace_names(&mut self, mut other: impl FnMut(&Arc<str>) -> Arc<str>) {
        // A map that is shared with others keeps its own.
        let Some(entries) = self.0.as_mut().and_then(Arc::get_mut) else { return };
        for (name, _) in entries {
            *name = other(name);
        }
    }

    /// Makes values that `other` has as well share their storage with it.
    pub(crate) fn share_with(&mut self, other: &Self) {
        // A map that is shared with others keeps its own.
        let Some(entries) = self.0.as_mut().and_then(Arc::get_mut) else { return };
        for (name, value) in entries {
            if let Some(same) = other.get(name).filter(|same| *same == value) {
                *value = same.clone();
            }
        }
    }

    /// Whether both share the same storage, so that they are equal without looking.
    #[must_use]
    pub fn same_storage(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Later entries win over earlier ones of the same name.
impl FromIterator<(Arc<str>, Value)> for ValueMap {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        if entries.is_empty() {
            return Self(None);
        }
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                if same {
                    std::mem::swap(&mut kept.1, &mut later.1);
                }
                same
            });
        }
        Self(Some(entries.into()))
    }
}

impl<const N: usize> From<[(&str, Value); N]> for ValueMap {
    fn from(entries: [(&str, Value); N]) -> Self {
        entries.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }
}

impl std::fmt::Debug for ValueMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_two_equal_names_wins() {
        let map: ValueMap = [("b", 1), ("a", 2), ("b", 3), ("a", 4)]
            .into_iter()
            .map(|(name, value): (&str, i64)| (Arc::from(name), Value::from(value)))
            .collect();
        assert_eq!(map, ValueMap::from([("a", Value::from(4)), ("b", Value::from(3))]));
    }

    #[test]
    fn an_emptied_map_equals_an_empty_one() {
        let mut map = ValueMap::from([("a", Value::Null)]);
        assert_eq!(map.remove("a"), Some(Value::Null));
        assert_eq!(map, ValueMap::new());
    }
}
