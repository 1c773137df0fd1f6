//! The control interface `/_mock/…`: what a test or a person may see and do that no client of OCI can.
//!
//! It is not signed. The server offers it to callers on the loopback interface only.

mod inventory;

use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Pace;
use crate::cloud::Cloud;
use crate::error::ApiError;
use crate::faults::Script;
use crate::mock::Mock;
use crate::validate::{parse_query, unescape};
use crate::wire::{WireRequest, WireResponse};

/// The path under which everything of this module lies.
pub const PREFIX: &str = "/_mock/";

/// A call that looks at or changes the cloud and is provided by a service.
pub struct Control {
    /// The method.
    pub method: Method,
    /// The path after [`PREFIX`], with `{}` for a parameter: `instances/{}/kill`.
    pub path: &'static str,
    /// What it does; the answer is JSON.
    pub run: fn(&mut Cloud, &ControlCall) -> Result<Value, ApiError>,
}

/// What such a call is given.
#[derive(Debug)]
pub struct ControlCall {
    /// The parameters of the path, unescaped.
    pub path: Vec<String>,
    /// The query.
    pub query: std::collections::BTreeMap<String, Vec<String>>,
    /// The body; `null` when there is none.
    pub body: Value,
}

impl ControlCall {
    /// A query parameter that is needed.
    ///
    /// # Errors
    /// 400.
    pub fn required_query(&self, name: &str) -> Result<&str, ApiError> {
        let value = self.query.get(name).and_then(|values| values.first());
        value.map(String::as_str).ok_or_else(|| ApiError::missing(name))
    }
}

/// The calls that services provide. A service adds its table here.
const CONTROLS: &[&[Control]] = &[
    crate::network::CONTROLS,
    crate::services::mysql::db_system::CONTROLS,
    crate::services::network_load_balancer::health::CONTROLS,
    crate::datapath::CONTROLS,
    crate::services::limits::CONTROLS,
];

/// Answers a request below [`PREFIX`].
pub(crate) fn answer(mock: &Mock, request: &WireRequest) -> WireResponse {
    let (status, body) = match perform(mock, request) {
        Ok(value) => (StatusCode::OK, value),
        Err(error) => (error.status, error.body()),
    };
    let mut response =
        WireResponse { status, headers: http::HeaderMap::new(), body: body.to_string().into() };
    let json = http::HeaderValue::from_static("application/json");
    response.headers.insert(http::header::CONTENT_TYPE, json);
    response
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

fn perform(mock: &Mock, request: &WireRequest) -> Result<Value, ApiError> {
    let path = request.path().strip_prefix(PREFIX).unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "inventory") => Ok(mock.with_cloud(inventory::inventory)),
        ("GET", "requests") => Ok(json!(mock.requests())),
        ("GET", "violations") => Ok(json!(mock.violations())),
        ("GET", "clock") => Ok(clock(mock)),
        ("POST", "clock/advance") => advance(mock, &request.body),
        ("GET", "faults") => Ok(mock.faults()),
        ("POST", "faults") => add_faults(mock, &request.body),
        ("DELETE", "faults") => {
            mock.clear_faults();
            Ok(json!([]))
        }
        _ => provided(mock, request, path),
    }
}

/// The scale is how many seconds pass in one real second, so that a program that waits in the mock's time can.
fn clock(mock: &Mock) -> Value {
    let scale = match mock.config().pace {
        Pace::Manual => 0.0,
        Pace::Scaled(scale) => scale,
        Pace::Tokio => 1.0,
    };
    json!({"now": mock.clock().now().rfc3339(), "time_scale": scale})
}

fn advance(mock: &Mock, body: &[u8]) -> Result<Value, ApiError> {
    let advance: Advance = serde_json::from_slice(body).map_err(ApiError::cannot_parse)?;
    let duration = Duration::try_from_secs_f64(advance.seconds)
        .map_err(|_| ApiError::invalid("seconds", "time passes forward, and not for ever"))?;
    mock.advance(duration);
    Ok(clock(mock))
}

fn add_faults(mock: &Mock, body: &[u8]) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(body).map_err(ApiError::cannot_parse)?;
    let script =
        Script::parse(text).map_err(|error| ApiError::new(400, "InvalidParameter", error.to_string()))?;
    mock.add_faults(script);
    Ok(mock.faults())
}

fn provided(mock: &Mock, request: &WireRequest, path: &str) -> Result<Value, ApiError> {
    let mut other_method = false;
    for control in CONTROLS.iter().copied().flatten() {
        let Some(parameters) = matched(control.path, path) else { continue };
        if control.method != request.method {
            other_method = true;
            continue;
        }
        let body = match request.body.as_ref() {
            [] => Value::Null,
            body => serde_json::from_slice(body).map_err(ApiError::cannot_parse)?,
        };
        let call = ControlCall { path: parameters, query: parse_query(request.query())?, body };
        return mock.with_cloud_mut(|cloud| (control.run)(cloud, &call));
    }
    let what = format!("{} {PREFIX}{path}", request.method);
    if other_method {
        return Err(ApiError::new(405, "MethodNotAllowed", format!("{what} is not allowed")));
    }
    Err(ApiError::new(404, "NotFound", format!("there is no {what}")))
}

/// The parameters of a path that has the form of the template.
fn matched(template: &str, path: &str) -> Option<Vec<String>> {
    let mut parameters = Vec::new();
    let mut parts = path.split('/');
    for expected in template.split('/') {
        let part = parts.next()?;
        if expected == "{}" {
            parameters.push(unescape(part).filter(|value| !value.is_empty())?);
        } else if expected != part {
            return None;
        }
    }
    parts.next().is_none().then_some(parameters)
}
