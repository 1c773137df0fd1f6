//! From `moodle.toml` to a site that answers: the stack as a graph of resources, what runs on the servers, and checks of
//! the running site.
//!
//! Its decisions are data: what is created and why. It changes nothing by itself; `oci-resources` and the reconciler do.

pub mod check;
pub mod codes;
pub mod config;
pub mod diagnostic;
pub mod keep;
pub mod picture;
pub mod preflight;
mod reads;
pub mod report;
pub mod server;
pub mod session;
pub mod site;
pub mod stack;
pub mod status;
pub mod verify;
