//! Networking, compute and block volume: API `20160918` at `iaas`.

pub mod defaults;
pub mod vcn;

/// Oracle's client for networking.
pub(crate) const NETWORK: &str = "VirtualNetworkClient";

/// How long the record of a terminated network resource stays readable, in virtual seconds: long enough for
/// a waiter to see it.
pub(crate) const NETWORK_LINGER_SECS: u64 = 300;
