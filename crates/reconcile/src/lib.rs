//! From a graph of desired resources to a plan, and from the plan to the changed world, without losing track.
//!
//! The book's page "The reconciler" is the way in. This crate knows no cloud: it talks to a
//! [`provider::Provider`].

mod address;
pub mod diff;
pub mod disk;
pub mod graph;
mod hex;
pub mod journal;
pub mod plan;
pub mod provider;
pub mod record;
pub mod run;
pub mod schedule;
pub mod schema;
pub mod secret;
pub mod state;
pub mod store;
pub mod value;

pub use address::{Address, InstanceKey, ParseAddressError};
