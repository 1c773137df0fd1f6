//! Signed requests to Oracle Cloud Infrastructure: credentials, signing, retries, typed operations.
//!
//! ```text
//! operation + input ─► request ─► sign ─► send ─► classify ─► (retry) ─► decode ─► output + request id + etag
//!                       pure      pure    I/O      pure        pure       pure
//! ```

mod call;
pub mod classify;
pub mod client;
pub mod credentials;
pub mod decide;
pub mod encoder;
pub mod endpoint;
pub mod error;
#[cfg(feature = "http")]
pub mod http;
pub mod key;
pub mod model;
pub mod ocid;
pub mod operation;
pub mod page;
mod rate;
pub mod region;
pub mod request;
pub mod response;
pub mod secret;
pub mod service_code;
#[allow(
    clippy::enum_variant_names,
    clippy::large_enum_variant,
    reason = "generated: names and sizes are Oracle's, and which of the two apply depends on the features"
)]
pub mod services;
pub mod sign;
pub mod stop;
#[cfg(test)]
mod testing;
pub mod transport;
pub mod wait;
