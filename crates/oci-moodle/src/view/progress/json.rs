//! The same for programs: one JSON object for each thing that happens. The shape is documented in the book, page
//! "The program"; fields may be added, and never change their meaning.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use reconcile::plan::Action;
use reconcile::run::{Event, StepEnd, Summary};
use serde_json::{Map, Value as Json, json};

use crate::view::value;

/// When something was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Since the run began.
    pub(super) elapsed: Duration,
    /// By the run's calendar: virtual on the mock.
    pub(super) wall: DateTime<Utc>,
}

/// `fields` as something that happened at a moment.
pub(super) fn stamped(moment: Moment, fields: Map<String, Json>) -> Json {
    let mut line = fields;
    line.insert("at".to_owned(), moment.wall.to_rfc3339_opts(SecondsFormat::Millis, true).into());
    line.insert("elapsed_seconds".to_owned(), seconds(moment.elapsed));
    Json::Object(line)
}

/// An event; `None` for one that this program does not know.
pub(crate) fn described(event: &Event) -> Option<Map<String, Json>> {
    let line = match event {
        Event::Settling { address } => json!({"type": "settling", "address": address.as_str()}),
        Event::Started { address, action, expected } => json!({
            "type": "started", "address": address.as_str(), "action": action_name(action),
            "expected_seconds": seconds(*expected),
        }),
        Event::Waiting { address, waiting_on, percent, expected_left } => json!({
            "type": "waiting", "address": address.as_str(), "waiting_on": waiting_on, "percent": percent,
            "expected_left_seconds": seconds(*expected_left),
        }),
        Event::Finished { address, action, took } => json!({
            "type": "finished", "address": address.as_str(), "action": action_name(action), "took_seconds": seconds(*took),
        }),
        Event::Failed { address, action, message, hint } => json!({
            "type": "failed", "address": address.as_str(), "action": action_name(action), "message": message, "hint": hint,
        }),
        Event::LeftOpen { address, action, message } => json!({
            "type": "left_open", "address": address.as_str(), "action": action_name(action), "message": message,
        }),
        Event::Withheld { address, action, message } => json!({
            "type": "withheld", "address": address.as_str(), "action": action_name(action), "message": message,
        }),
        Event::Skipped { address, action, because } => json!({
            "type": "skipped", "address": address.as_str(), "action": action_name(action), "because": because.as_str(),
        }),
        Event::Stopping => json!({"type": "stopping"}),
        Event::RollingBack => json!({"type": "rolling_back"}),
        _ => return None,
    };
    Some(object(line))
}

/// What came of a run.
pub(crate) fn ended(summary: &Summary) -> Map<String, Json> {
    let ends = |ends: &[StepEnd]| -> Vec<Json> {
        let end = |end: &StepEnd| {
            json!({
                "address": end.address.as_str(), "action": action_name(&end.action), "message": end.message,
                "hint": end.hint,
            })
        };
        ends.iter().map(end).collect()
    };
    object(json!({
        "type": "ended",
        "success": summary.is_success(),
        "cancelled": summary.cancelled,
        "done": summary.done,
        "failed": ends(&summary.failed),
        "open": ends(&summary.open),
        "withheld": ends(&summary.withheld),
        "skipped": addresses(&summary.skipped),
        "never_started": addresses(&summary.never_started),
        "outputs": value::json_map(&summary.outputs),
    }))
}

fn addresses(addresses: &[reconcile::Address]) -> Vec<&str> {
    addresses.iter().map(reconcile::Address::as_str).collect()
}

pub(super) fn object(line: Json) -> Map<String, Json> {
    match line {
        Json::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// Seconds with thousandths: finer than any clock here, and without digits that mean nothing.
pub(super) fn seconds(duration: Duration) -> Json {
    ((duration.as_secs_f64() * 1e3).round() / 1e3).into()
}

pub(crate) fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Read => "read",
        Action::Check => "check",
    }
}
