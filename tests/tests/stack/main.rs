//! The whole stack on the mock, under a paused clock: what is created, what a change of the file does, and what a visitor sees.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

mod boots;
mod day_two;
mod examples;
mod keep;
mod rolling;
mod site;
mod status;
mod timeline;
