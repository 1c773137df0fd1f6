//! MySQL HeatWave: database systems, replicas, clusters, configurations and backups.

pub mod heat_wave_cluster;
pub mod mysql_backup;
pub mod mysql_configuration;
pub mod mysql_configurations;
pub mod mysql_db_system;
pub mod mysql_db_system_data;
pub mod mysql_versions;
mod parts;
pub mod replica;
pub mod shapes;

use crate::data::DataSource;
use crate::module::ResourceModule;

/// The resource types.
pub(crate) const MODULES: &[&dyn ResourceModule] = &[
    &heat_wave_cluster::Module,
    &mysql_backup::Module,
    &mysql_configuration::Module,
    &mysql_db_system::Module,
    &replica::Module,
];

/// The data sources.
pub(crate) const DATA_SOURCES: &[&dyn DataSource] =
    &[&shapes::Source, &mysql_versions::Source, &mysql_configurations::Source, &mysql_db_system_data::Source];
