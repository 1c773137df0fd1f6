//! Network load balancers, their backend sets, backends and listeners.

pub mod backend;
pub mod backend_set;
pub mod backend_set_health;
pub mod listener;
#[expect(clippy::module_inception, reason = "service and resource have one name, in Oracle's API as well")]
pub mod network_load_balancer;
mod parts;
mod together;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] =
    &[&backend::Module, &backend_set::Module, &listener::Module, &network_load_balancer::Module];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] = &[&backend_set_health::Source];
