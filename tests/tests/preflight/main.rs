//! Preflight against the mock: a cloud with one thing wrong, which must be found by its code, and nothing but reads in the log.
#![expect(clippy::unwrap_used, reason = "a test")]

mod faults;
mod healthy;
mod setup;
