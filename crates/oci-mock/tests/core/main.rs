//! Networking, compute and block volume, through the wire protocol without a socket.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod compute;
mod lifecycles;
mod net;
mod reach;
mod refused;
