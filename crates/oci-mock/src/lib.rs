//! A mock OCI control plane that real clients cannot tell from the real one.
//!
//! [`Mock`] answers Oracle's wire protocol without a socket: [`Mock::handle`] takes a request and gives an
//! answer. It verifies signatures, validates requests against Oracle's API tables, and keeps a model of the
//! cloud whose lifecycles move on a virtual clock. Everything random follows from one seed.
//!
//! The crate knows nothing of the client library of this workspace: they share Oracle's facts as data
//! (`schemas/oci-api`), never code, so that one mistake cannot hide in both.

pub mod auth;
pub mod clock;
pub mod cloud;
pub mod control;
pub mod datapath;
mod error;
pub mod facts;
pub mod faults;
pub mod http_server;
pub mod log;
mod mock;
pub mod network;
pub mod ocid;
mod seal;
pub mod serve;
pub mod services;
mod store;
mod validate;
pub mod wire;

pub use error::ApiError;
pub use mock::{AnswerCheck, Config, Mock};
pub use store::StoreError;
pub use wire::{Cut, Delivery, WireRequest, WireResponse};
