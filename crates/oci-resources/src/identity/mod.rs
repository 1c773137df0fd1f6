//! Identity: where things may be placed, and who may do what.

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[];
