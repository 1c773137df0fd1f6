//! Networking, compute and block volumes: what `core` of Oracle's API holds.

pub mod vcn;

pub mod subnet;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[&subnet::Module, &vcn::Module];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[];
