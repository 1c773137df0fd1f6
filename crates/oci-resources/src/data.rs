//! What every data source offers the driver.

use std::fmt;

use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::value::ValueMap;

use crate::look::Look;

/// One type of data source: it is read and never changed.
pub trait DataSource: Send + Sync + fmt::Debug {
    /// Name and schema, for the engine. Called once for each driver.
    fn data_type(&self) -> ResourceType;

    /// What the schema cannot say about inputs; all problems at once.
    fn validate(&self, _inputs: &ValueMap) -> Vec<Invalid> {
        Vec::new()
    }

    /// Reads it: all attributes, those that were asked with included. A failure inside is one that waiting does not
    /// mend: nothing matches, say.
    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>>;
}
