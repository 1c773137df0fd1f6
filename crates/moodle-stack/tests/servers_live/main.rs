//! What runs on the servers, run: the rendered scripts against real databases, real PHP and real web servers.
//!
//! Each test sets a stage (`stage.rs`): processes, network and mounts of its own, in which every rendered file lies where it
//! belongs, every service has its production port, and nothing outlives the test. That needs root on Debian, where the test
//! installs its packages by itself; elsewhere it says what is missing and ends.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "a test that cannot run says why, and the others name their seeds")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests run real programs, whose time, files and environment are real"
)]

mod stage;

mod database;
mod machine;
mod mysql;
mod web;

mod health;
mod race;
mod race_galera;
mod race_mysql;
mod rotation;
mod running;
mod split;
