//! Object Storage: buckets and objects.

pub mod bucket;

mod parts;

pub mod object;

pub mod namespace;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[&bucket::Module, &object::Module];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[&namespace::Source];
