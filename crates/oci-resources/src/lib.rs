//! Resource types of Oracle Cloud Infrastructure for the reconciler: one module a type.
//!
//! A module is pure. It says which calls to make and how to read the answers; [`driver::Driver`] makes them, for all
//! modules alike, and is the reconciler's provider. Names of types and attributes are those of Oracle's Terraform
//! provider; the words of the service are Oracle's API nouns.
//!
//! Deliberately absent: a module that sends anything, holds a client, a lock or a cache.

pub mod attr;
pub mod core;
pub mod file_storage;
pub mod identity;
pub mod mysql;
pub mod network_load_balancer;
pub mod objectstorage;

pub mod call;
pub mod data;
pub mod driver;
#[cfg(test)]
mod every_attribute;
pub mod lifecycle;
pub mod look;
pub mod module;
pub mod names;
mod rules;
pub mod schema;
pub mod tags;
mod values;
pub mod wire;

/// All resource types, in no order. A new one is one file, and one line in the list of its service.
pub fn modules() -> impl Iterator<Item = &'static dyn module::ResourceModule> {
    let services: [&'static [&'static dyn module::ResourceModule]; 6] = [
        core::MODULES,
        file_storage::MODULES,
        identity::MODULES,
        mysql::MODULES,
        network_load_balancer::MODULES,
        objectstorage::MODULES,
    ];
    services.into_iter().flatten().copied()
}

/// All data sources, in no order.
pub fn data_sources() -> impl Iterator<Item = &'static dyn data::DataSource> {
    let services: [&'static [&'static dyn data::DataSource]; 6] = [
        core::DATA_SOURCES,
        file_storage::DATA_SOURCES,
        identity::DATA_SOURCES,
        mysql::DATA_SOURCES,
        network_load_balancer::DATA_SOURCES,
        objectstorage::DATA_SOURCES,
    ];
    services.into_iter().flatten().copied()
}
