//! Names that are the same in thousands of resources, stored once: less memory, and what is compared often stays near.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{AttributePath, ValueMap};

/// What was seen before.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    names: HashSet<Arc<str>>,
    paths: HashSet<AttributePath>,
    attributes: HashMap<Arc<str>, AttributePath>,
}

impl Shared {
    /// The same name, in the storage in which it was first seen.
    pub(crate) fn name(&mut self, name: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        self.names.insert(name.clone());
        name.clone()
    }

    /// The path to a top-level attribute, made once.
    pub(crate) fn attribute(&mut self, name: &Arc<str>) -> AttributePath {
        if let Some(known) = self.attributes.get(name) {
            return known.clone();
        }
        let path = AttributePath::attribute(name.clone());
        self.attributes.insert(name.clone(), path.clone());
        path
    }

    /// Makes a path share the storage in which it was first seen.
    pub(crate) fn path(&mut self, path: &mut AttributePath) {
        match self.paths.get(path) {
            Some(known) => *path = known.clone(),
            None => {
                self.paths.insert(path.clone());
            }
        }
    }

    /// Makes the names of a map, not those inside its values, share the storage in which they were first seen.
    pub(crate) fn names(&mut self, map: &mut ValueMap) {
        map.replace_names(|name| self.name(name));
    }
}
