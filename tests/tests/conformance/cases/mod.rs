//! The cases, by service.

pub(crate) mod addresses;
pub(crate) mod compute;
pub(crate) mod file_storage;
pub(crate) mod identity;
pub(crate) mod instance;
pub(crate) mod load_balancer;
pub(crate) mod mysql;
pub(crate) mod network;
pub(crate) mod objectstorage;
pub(crate) mod packet_rules;
pub(crate) mod second;
pub(crate) mod servers;
pub(crate) mod tables;
