//! The services beside networking and compute, through the wire protocol without a socket.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod determinism;
mod file_storage;
mod identity;
mod limits;
mod mysql;
mod network;
mod network_load_balancer;
mod object_storage;
mod refusals;
mod traffic;
