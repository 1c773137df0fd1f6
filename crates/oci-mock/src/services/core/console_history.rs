//! Console history: what an instance wrote to its serial console until now.
//!
//! API: Core Services 20160918, `ConsoleHistory`, path `/instanceConsoleHistories`.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::COMPUTE;
use super::instance::{INSTANCE, LINGER_SECS};
use crate::cloud::{Cloud, Event, Kind, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network::console_lines;
use crate::ocid::Style;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The type.
pub static CONSOLE_HISTORY: Kind = Kind {
    name: "consolehistory",
    service: "core",
    model: "ConsoleHistory",
    terraform: Some("oci_core_console_history"),
    style: Style::Regional,
    gone: &[],
    linger_secs: LINGER_SECS,
};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(COMPUTE, "CaptureConsoleHistory", capture),
        read(COMPUTE, "GetConsoleHistory", |cloud, call| {
            Ok(Reply::resource(cloud.find(&CONSOLE_HISTORY, call.id())?))
        }),
        read(COMPUTE, "ListConsoleHistories", |cloud, call| {
            list_resources(cloud, call, &List::of(&CONSOLE_HISTORY))
        }),
        read(COMPUTE, "GetConsoleHistoryContent", content),
    ],
    kinds: &[&CONSOLE_HISTORY],
    events: &[],
    seed: None,
};

/// Hidden attribute with the text.
const TEXT: &str = "text";

fn capture(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let instance_id = call.required_text("instanceId")?;
    let instance = cloud.related("instanceId", &INSTANCE, instance_id)?;
    if instance.state() != Some("RUNNING") {
        return Err(ApiError::incorrect_state(format!("Instance {instance_id} is not RUNNING")));
    }
    let text = console_lines(cloud, instance, cloud.now());
    let mut body = facts().project("core", "ConsoleHistory", &call.json);
    for field in ["availabilityDomain", "compartmentId"] {
        body.insert(field.to_owned(), instance.body.get(field).cloned().unwrap_or_default());
    }
    body.insert("instanceId".to_owned(), json!(instance_id));
    let id = cloud.insert(New::of(&CONSOLE_HISTORY, "REQUESTED", body).hidden(TEXT, text));
    cloud.after(Duration::from_secs(2), Event::state(&id, "REQUESTED", "GETTING-HISTORY"));
    cloud.after(Duration::from_secs(5), Event::state(&id, "GETTING-HISTORY", "SUCCEEDED"));
    Ok(Reply::resource(cloud.find(&CONSOLE_HISTORY, &id)?))
}

/// The text from `offset`, at most `length` bytes.
fn content(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let history = cloud.find(&CONSOLE_HISTORY, call.id())?;
    if history.state() != Some("SUCCEEDED") {
        return Err(ApiError::incorrect_state(format!("The console history {} is not there yet", call.id())));
    }
    let number = |name: &str, default: usize| match call.query(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| ApiError::invalid(name, "it is not a number")),
    };
    let text = history.text(TEXT).unwrap_or_default().as_bytes();
    let (start, length) = (number("offset", 0)?.min(text.len()), number("length", 10_240)?);
    let end = start.saturating_add(length).min(text.len());
    let left = (text.len() - end).to_string();
    Ok(Reply::bytes(Bytes::copy_from_slice(&text[start..end])).header("opc-bytes-remaining", left))
}
