//! Requests and answers against the tables of the API.

mod answer;
mod formats;
mod query;
mod request;

pub(crate) use answer::check_answer;
pub(crate) use query::{parse_query, unescape};
pub(crate) use request::{check_body, check_parameters};
