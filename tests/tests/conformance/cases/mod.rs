//! The cases, by service.

pub(crate) mod network;

pub(crate) mod compute;
