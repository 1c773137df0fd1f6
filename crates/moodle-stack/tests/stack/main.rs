//! The graph of the stack, without a cloud.

mod graph;
mod identity;
mod support;
