//! One plain line for each thing that happens: for logs, pipes and quiet runs.

use std::collections::BTreeMap;
use std::time::Duration;

use reconcile::Address;
use reconcile::run::Event;

use super::{is_late, words};
use crate::view::style::{Role, Style};
use crate::view::text::{clean, clean_line, clock, rough};

/// A step that only waits says so at most this often (in the run's time): enough for a log that somebody watches, and for
/// a CI system that takes silence for death.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5 * 60);

/// Turns events into lines. It remembers what it said, so that it does not repeat itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    steps: BTreeMap<Address, Said>,
}

/// What was said about a step.
#[derive(Clone, Debug, Default)]
struct Said {
    /// When it began, and how long it should take.
    began: Duration,
    expected: Duration,
    /// What it waits on, and when that was said last.
    waiting_on: Option<String>,
    at: Duration,
}

impl Lines {
    /// What there is to say about an event, `at` this long into the run; several lines for an error with a hint.
    pub(super) fn text(&mut self, at: Duration, event: &Event, style: Style) -> Option<String> {
        let stamp = style.paint(Role::Faint, &format!("[{:>5}]", clock(at)));
        if let Event::Started { address, expected, .. } = event {
            let said = Said { began: at, expected: *expected, waiting_on: None, at };
            self.steps.insert(address.clone(), said);
        }
        if let Event::Waiting { address, waiting_on, percent, expected_left } = event {
            let said = self.steps.entry(address.clone()).or_insert_with(|| Said {
                began: at,
                at,
                ..Said::default()
            });
            if said.waiting_on == *waiting_on && at.saturating_sub(said.at) < SIGN_OF_LIFE {
                return None;
            }
            (said.waiting_on, said.at) = (waiting_on.clone(), at);
            let what = waiting_on.as_deref().map_or("the service".to_owned(), clean_line);
            let percent = percent.map_or(String::new(), |percent| format!(", {percent} % done"));
            let left = if is_late(at.saturating_sub(said.began), said.expected) {
                ", longer than usual".to_owned()
            } else if expected_left.is_zero() {
                String::new()
            } else {
                format!(", about {} left", rough(*expected_left))
            };
            let address = style.paint(Role::Strong, address.as_str());
            return Some(format!("{stamp} {address}: waits on {what}{percent}{left}"));
        }
        sentence(event, style).map(|sentence| format!("{stamp} {sentence}"))
    }
}

/// An event as a sentence. What only waits has none: that depends on what was said before.
pub(super) fn sentence(event: &Event, style: Style) -> Option<String> {
    let bold = |address: &Address| style.paint(Role::Strong, address.as_str());
    Some(match event {
        Event::Settling { address } => {
            format!("{}: an earlier run left an operation open; finding out how it ended", bold(address))
        }
        Event::Started { address, action, expected } => {
            let now = words(action).now;
            match expected.as_secs() {
                // What takes no time needs no forecast.
                0..2 => format!("{}: {now}", bold(address)),
                _ => format!("{}: {now}, usually takes {}", bold(address), rough(*expected)),
            }
        }
        Event::Finished { address, action, took } => {
            let done = style.paint(Role::Good, words(action).done);
            format!("{}: {done} after {}", bold(address), rough(*took))
        }
        Event::Failed { address, action, message, hint } => {
            let what = style.paint(Role::Bad, &format!("could not {}", words(action).to));
            let hint = hint.as_deref().map_or(String::new(), |hint| {
                format!("\n{}{}", indent("hint: "), indented(&clean(hint)))
            });
            format!("{}: {what}: {}{hint}", bold(address), indented(&clean(message)))
        }
        Event::LeftOpen { address, action, message } => {
            let what = style.paint(Role::Care, &format!("still {}", words(action).now));
            format!("{}: {what}, and the next run goes on with it: {}", bold(address), indented(&clean(message)))
        }
        Event::Withheld { address, action, message } => {
            let what = style.paint(Role::Care, &format!("not {}", words(action).done));
            format!("{}: {what}, and left to the next run: {}", bold(address), indented(&clean(message)))
        }
        Event::Skipped { address, because, .. } => {
            format!("{}: {} because of {because}", bold(address), style.paint(Role::Care, "skipped"))
        }
        Event::Stopping => style.paint(
            Role::Care,
            "stopping: nothing new is begun, what is under way is waited for; interrupt again to leave at once",
        ),
        Event::RollingBack => style.paint(Role::Care, "changing back what this run has changed"),
        _ => return None,
    })
}

/// As far as the stamp of a line.
fn indent(text: &str) -> String {
    format!("        {text}")
}

/// Further lines stand below the first, behind the stamp.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n        ")
}
