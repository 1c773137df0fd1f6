//! The engine as a whole, on a small world in memory.
#![expect(clippy::unwrap_used, reason = "tests")]

mod behaviour;
mod properties;
mod toy;
