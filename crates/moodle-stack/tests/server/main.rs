//! What the servers get: the files by themselves, and in the hands of the programs that will read them.
// Large objects of expected values are written with `json!`.
#![recursion_limit = "256"]

mod boot;
mod files;
mod samples;
mod tools;
