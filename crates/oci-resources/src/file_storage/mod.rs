//! File Storage: file systems, mount targets and what they export.

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[];
