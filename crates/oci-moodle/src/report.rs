//! What people read on stderr, and the log.

use tracing_subscriber::filter::LevelFilter;

use crate::arguments::LogLevel;
use crate::exit::Failure;

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

/// A line on stderr.
#[expect(clippy::print_stderr, reason = "this is where words for people leave the program")]
pub(crate) fn say(text: &str) {
    if !text.is_empty() {
        eprintln!("{}", text.trim_end_matches('\n'));
    }
}

/// Why the program did not do what it should.
pub(crate) fn failure(failure: &Failure) {
    if failure.is_rendered {
        return say(&failure.message);
    }
    let mut text = format!("error: {}\n", failure.message);
    for cause in &failure.causes {
        text.push_str(&format!("  because: {cause}\n"));
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("  try: {hint}\n"));
    }
    say(&text);
}
