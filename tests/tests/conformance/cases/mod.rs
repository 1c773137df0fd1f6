//! The cases, by service.

pub(crate) mod network;

pub(crate) mod compute;

pub(crate) mod mysql;
