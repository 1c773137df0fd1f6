//! From `moodle.toml` to a site that answers: the stack as a graph of resources, what runs on the servers, and checks of
//! the running site.
//!
//! Its decisions are data: what is created and why. It sends no request by itself; `oci-resources` and the
//! reconciler do.
//!
//! Here so far: the file with its checks, and what runs on the servers. The graph and the checks of the running site are to come.

pub mod check;
pub mod codes;
pub mod config;
pub mod diagnostic;
pub mod server;
