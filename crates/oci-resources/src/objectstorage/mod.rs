//! Object Storage: buckets and objects.

pub mod bucket;
pub mod namespace;
pub mod object;
mod parts;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[&bucket::Module, &object::Module];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[&namespace::Source];
