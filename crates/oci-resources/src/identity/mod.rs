//! Identity: where things may be placed, and who may do what.

pub mod dynamic_group;
pub mod policy;

pub mod availability_domains;

pub mod fault_domains;

mod home;
mod statements;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[&dynamic_group::Module, &policy::Module];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[&availability_domains::Source, &fault_domains::Source];

/// What policies and dynamic groups go through. Oracle documents that a policy takes effect within ten seconds as a rule; the
/// limit is that of Oracle's Terraform provider.
const LIFECYCLE: crate::lifecycle::Lifecycle = crate::lifecycle::Lifecycle {
    until: &["ACTIVE"],
    failed: &["INACTIVE"],
    gone: &["DELETED"],
    expect: std::time::Duration::from_secs(2),
    limit: std::time::Duration::from_secs(1200),
};
