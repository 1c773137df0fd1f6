//! A picture of the stack, as an administrator would draw it: what is there, what is in what, and who talks to whom.
//!
//! [`Scene::of`] says what there is to see; it is the same for all forms. [`svg`] draws it, with nothing but text
//! widths to go by, so that no other program is needed; [`mermaid`], [`dot`] and [`json`] write it down for others to draw.
//! The same configuration gives the same bytes. [`timeline`] draws when the steps of a run begin and end.

mod color;
mod draw;
mod layout;
mod scene;
mod texts;
mod timeline;
mod words;

#[cfg(test)]
mod tests;

pub use draw::svg;
pub use scene::{Group, GroupKind, Link, Scene, Thing, ThingKind};
pub use texts::{dot, json, mermaid};
pub use timeline::{Bar, timeline};

/// Where the picture in the book lies in the repository. It is that of `examples/moodle-full.toml` in a region with three
/// availability domains, and written by `cargo xtask schemas`.
pub const BOOK_PATH: &str = "docs/src/moodle-full.svg";
