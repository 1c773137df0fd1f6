//! What people and programs see: progress, plans, diagnostics.
//!
//! Everything here is a pure function from what happened to text, and is tested as one; only [`progress::Reporter`]
//! touches a terminal. It decides nothing: an outcome is shown, never judged.

mod style;
mod text;
mod value;

pub(crate) mod diagnostics;
pub(crate) mod plan;
pub(crate) mod progress;

pub(crate) use style::{ColorChoice, Style};
pub(crate) use text::counted;

#[cfg(test)]
mod fixture;
