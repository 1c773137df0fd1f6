//! What people read on stderr, and the log.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal as _, Write as _};

use serde_json::json;
use tracing_subscriber::filter::LevelFilter;
use world::RealWorld;

use crate::arguments::LogLevel;
use crate::exit::{Failure, What};
use crate::view::{ColorChoice, Style};

/// Sends the log to stderr, coloured as everything there.
pub(crate) fn start_log(level: LogLevel, color: ColorChoice) {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let colors = Style::choose(color, std::io::stderr().is_terminal(), &RealWorld::new()).has_colors();
    tracing_subscriber::fmt().with_max_level(level).with_ansi(colors).with_writer(std::io::stderr).init();
}

/// A line on stderr. Whoever has closed it does not want to know.
pub(crate) fn say(text: &str) {
    if !text.is_empty() {
        let _ = writeln!(std::io::stderr(), "{}", text.trim_end_matches('\n'));
    }
}

/// What was asked for, on stdout, ending with a line end. A reader that has seen enough and closed the pipe (`| head`) is no failure.
pub(crate) fn answer(text: impl Display) -> Result<(), Failure> {
    let text = text.to_string();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let mut out = std::io::stdout();
    match write!(out, "{text}{end}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::because("could not write to stdout", &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Why the program did not do what it should: for people on stderr, and for programs that asked for JSON on stdout as well.
pub(crate) fn failure(failure: &Failure, color: ColorChoice, json: bool) {
    let style = Style::choose(color, std::io::stderr().is_terminal(), &RealWorld::new());
    match &failure.what {
        What::Report(report) => {
            say(&report.render(style));
            if json {
                // What went wrong with stdout has been said on stderr.
                let _ = answer(json!({"type": "error", "error": report.json()}));
            }
        }
        What::Findings(text, findings) => {
            say(text);
            if json {
                let _ = answer(json!({"type": "error", "valid": false, "findings": findings}));
            }
        }
    }
}
