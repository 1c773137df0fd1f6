//! File Storage: file systems, mount targets and what they export.

pub mod export;
pub mod export_set;
pub mod file_system;
pub mod filesystem_snapshot_policy;
pub mod mount_target;
pub mod parts;
pub mod snapshot;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[
    &export::Module,
    &export_set::Module,
    &file_system::Module,
    &filesystem_snapshot_policy::Module,
    &mount_target::Module,
    &snapshot::Module,
];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[];
