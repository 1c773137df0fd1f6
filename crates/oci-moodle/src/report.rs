//! What people read on stderr, and the log.

use std::io::IsTerminal as _;

use serde_json::json;
use tracing_subscriber::filter::LevelFilter;
use world::RealWorld;

use crate::arguments::LogLevel;
use crate::exit::{Failure, What};
use crate::view::{ColorChoice, Style};

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

/// Why the program did not do what it should: for people on stderr, and for programs that asked for JSON on stdout as well.
#[expect(clippy::print_stdout, reason = "programs read stdout")]
pub(crate) fn failure(failure: &Failure, color: ColorChoice, json: bool) {
    let style = Style::choose(color, std::io::stderr().is_terminal(), &RealWorld::new());
    match &failure.what {
        What::Report(report) => {
            say(&report.render(style));
            if json {
                println!("{}", json!({"type": "error", "error": report.json()}));
            }
        }
        What::Findings(text, findings) => {
            say(text);
            if json {
                println!("{}", json!({"type": "error", "valid": false, "findings": findings}));
            }
        }
    }
}
