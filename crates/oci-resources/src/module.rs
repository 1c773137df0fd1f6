//! What every resource module offers the driver.

use std::fmt;

use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::value::{Value, ValueMap};

use crate::call::{Call, ListCall};
use crate::lifecycle::Lifecycle;
use crate::tags::StackTags;

/// One resource type. A module is pure: it says which calls to make and how to read the answers, and never sends
/// anything itself.
pub trait ResourceModule: Send + Sync + fmt::Debug {
    /// Name, schema and durations, for the engine.
    fn resource_type(&self) -> ResourceType;

    /// Its states.
    fn lifecycle(&self) -> &'static Lifecycle;

    /// What the schema cannot say about inputs; all problems at once. Unknown values are taken for right.
    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid>;

    /// Whether two values mean the same although they are spelled differently.
    fn equivalent(&self, _attribute: &str, _desired: &Value, _observed: &Value) -> bool {
        false
    }

    /// Makes an object with the tags of the stack on it.
    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Call;

    /// Shows one object.
    fn read(&self, id: &str) -> Call;

    /// Shows all objects of a compartment.
    fn list(&self, compartment_id: &str) -> ListCall;

    /// Changes an object: calls in order, each of them safe to repeat, and sending only what changed.
    ///
    /// # Errors
    /// If the service offers no way from what is there to what is wanted.
    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure>;

    /// Removes an object.
    fn delete(&self, id: &str) -> Call;
}

/// A change from one set of inputs to another.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What was there, as last seen.
    pub prior: &'a ValueMap,
    /// What is wanted, complete and in clear.
    pub inputs: &'a ValueMap,
    /// The attributes that differ; names of the top level.
    pub attributes: &'a [std::sync::Arc<str>],
}

impl Change<'_> {
    /// Whether `attribute` differs.
    #[must_use]
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|changed| &**changed == attribute)
    }
}
