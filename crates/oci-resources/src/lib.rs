//! Resource types of Oracle Cloud Infrastructure for the reconciler: one module a type.
//!
//! A module is pure. It says which calls to make and how to read the answers; [`driver::Driver`] makes them, for all
//! modules alike, and is the reconciler's provider. Names of types and attributes are those of Oracle's Terraform
//! provider; the words of the service are Oracle's API nouns.
//!
//! Deliberately absent: a module that sends anything, holds a client, a lock or a cache.

pub mod attr;
pub mod core;

pub mod call;
pub mod driver;
pub mod lifecycle;
pub mod module;
mod rules;
pub mod tags;
mod values;

/// All resource types. A new one is one file and one line here.
pub const MODULES: &[&dyn module::ResourceModule] = &[&core::subnet::Module, &core::vcn::Module];
