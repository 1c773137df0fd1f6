//! Identity: where things may be placed, and who may do what.

pub mod availability_domains;

pub mod fault_domains;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[&availability_domains::Source, &fault_domains::Source];
