//! Networking: what `core` of Oracle's API holds.

pub mod vcn;

pub mod subnet;
