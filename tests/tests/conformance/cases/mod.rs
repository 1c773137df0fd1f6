//! The cases, by service.

pub(crate) mod network;
