//! What all generated models have in common: one reader, one writer and one printer, driven by a table of
//! fields for each model.
//!
//! The generated code of a model is its struct and a table that maps a field's JSON name to the field. How
//! JSON is read and written is here, once, and not 542 times: that keeps the build short and the rules in
//! one place.
//!
//! | rule | why |
//! |---|---|
//! | every field is an `Option`; `None` is not written | a caller writes only what it sets |
//! | a field that is missing or `null` in an answer is `None` | services leave out what they promise, and write nulls for what is not set |
//! | an unknown field is skipped | a service may add one at any time |
//! | an unknown value of an enum is kept in `Other` | the same |
//! | an unknown kind of a tagged union is kept in `Other`, with all its fields | the same |
//! | a value of another JSON type is an error with its path | a wrong guess would travel on |
//!
//! Deliberately absent: `serde`'s `Serialize` and `Deserialize` on models. What writes a model writes its
//! secrets too, so writing is a function with a name, [`to_json_with_secrets`], and not something that
//! a log formatter does by itself.

mod compare;
mod open_enum;
mod read;
mod show;
mod table;
#[cfg(test)]
mod tests;
mod timestamp;
mod value;
mod write;

use std::fmt;

pub use open_enum::{OpenEnum, SortOrder};
pub use read::{decode, decode_into, decode_list};
pub use table::{FieldFacts, Model, ModelFacts, Slot, Union, UnionFacts};
pub use timestamp::{Timestamp, TimestampError};
pub use value::{List, Map, Value, View, ViewMut};
pub use write::{to_json_with_secrets, to_value_with_secrets};

#[allow(unused_imports, reason = "which services use them depends on the features")]
pub(crate) use {open_enum::open_enum, table::model, table::union};

/// Prints a model for people: the fields that are set, secrets as `<secret>`.
///
/// This is what `Debug` of every generated model calls.
///
/// # Errors
/// When the formatter fails.
pub fn show(model: &dyn Model, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    show::model(model, f)
}

/// Whether two models hold the same values.
#[must_use]
pub fn same(left: &dyn Model, right: &dyn Model) -> bool {
    compare::models(left, right)
}

/// As [`same`], for values of any kind.
#[must_use]
pub fn same_value(left: &dyn Value, right: &dyn Value) -> bool {
    compare::values(left, right)
}
