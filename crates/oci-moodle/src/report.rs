//! What people read on stderr.

use std::error::Error;

use tracing_subscriber::filter::LevelFilter;

use crate::arguments::LogLevel;

/// Sends the log to stderr.
pub(crate) fn start_log(level: LogLevel) {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
}

/// An error with all its causes, from near to far.
#[expect(clippy::print_stderr, reason = "this is where errors become text")]
pub(crate) fn error(attempted: &str, error: &dyn Error) {
    eprintln!("error: {attempted}");
    let mut cause = Some(error);
    while let Some(error) = cause {
        eprintln!("  caused by: {error}");
        cause = error.source();
    }
}
