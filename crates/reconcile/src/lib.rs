//! From a graph of desired resources to a plan, and from the plan to the changed world, without losing track.

pub mod disk;
pub mod store;
