//! The built program, as its users meet it: in a folder of its own, against a mock of the cloud, and under fire.
//!
//! Everything random follows from a seed that is printed. `OCI_MOODLE_TEST_SEED` gives another one, and
//! `OCI_MOODLE_TEST_KILLS` says how often the program is killed (see `docs/src/program.md`).
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests of a real process use real files, say their seeds, and may fail anywhere"
)]

mod support;

mod basics;
mod hidden;
#[cfg(unix)]
mod in_doubt;
mod interrupted;
#[cfg(unix)]
mod killed;
mod locked;
mod looked_at;
mod refused;
mod two_sites;
