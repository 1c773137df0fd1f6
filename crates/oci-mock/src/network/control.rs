//! The part of the control interface that looks at the network and harms servers.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::flow::Protocol;
use super::reachability::reachability;
use super::servers::readiness;
use super::vnics::{linger_of_service_vnics, set_linger_of_service_vnics};
use crate::cloud::Cloud;
use crate::control::{Control, ControlCall};
use crate::error::ApiError;
use crate::services::core::capacity::{CapacityRule, capacity_rules, set_capacity_rules};
use crate::services::core::instance::{INSTANCE, kill, stop_at_once};

/// The calls of this file.
pub(crate) const CONTROLS: &[Control] = &[
    Control { method: Method::GET, path: "reachability", run: show_reachability },
    Control { method: Method::GET, path: "instances/{}/readiness", run: show_readiness },
    Control { method: Method::POST, path: "instances/{}/kill", run: kill_instance },
    Control { method: Method::GET, path: "capacity", run: |cloud, _| Ok(json!(capacity_rules(cloud))) },
    Control { method: Method::PUT, path: "capacity", run: set_capacity },
    Control { method: Method::PUT, path: "lingering", run: set_lingering },
];

fn show_reachability(cloud: &mut Cloud, call: &ControlCall) -> Result<Value, ApiError> {
    let (from, to) = (call.required_query("from")?, call.required_query("to")?);
    let protocol = match call.required_query("protocol") {
        Ok(text) => Protocol::parse(text)
            .ok_or_else(|| ApiError::invalid("protocol", format!("{text:?} is no protocol")))?,
        Err(_) => Protocol::Tcp,
    };
    let port = match call.required_query("port") {
        Ok(text) => {
            Some(text.parse().map_err(|_| ApiError::invalid("port", format!("{text:?} is no port")))?)
        }
        Err(_) => None,
    };
    Ok(json!(reachability(cloud, from, to, protocol, port)))
}

fn show_readiness(cloud: &mut Cloud, call: &ControlCall) -> Result<Value, ApiError> {
    let now = cloud.now();
    let instance = cloud.find(&INSTANCE, &call.path[0])?;
    Ok(json!(readiness(cloud, instance, now)))
}

/// How a server dies.
#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    /// Terminated, as if somebody else had done it.
    #[default]
    Terminate,
    /// `STOPPED`, as after a loss of power.
    Stop,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kill {
    #[serde(default)]
    how: How,
}

fn kill_instance(cloud: &mut Cloud, call: &ControlCall) -> Result<Value, ApiError> {
    let id = call.path[0].as_str();
    let wanted: Kill = match &call.body {
        Value::Null => Kill::default(),
        body => serde_json::from_value(body.clone()).map_err(ApiError::cannot_parse)?,
    };
    match wanted.how {
        How::Terminate => kill(cloud, id)?,
        How::Stop => stop_at_once(cloud, id)?,
    }
    cloud.settle(cloud.now());
    let state = cloud.get(id).and_then(|instance| instance.state()).map(str::to_owned);
    Ok(json!({"id": id, "lifecycleState": state}))
}

fn set_capacity(cloud: &mut Cloud, call: &ControlCall) -> Result<Value, ApiError> {
    let rules: Vec<CapacityRule> =
        serde_json::from_value(call.body.clone()).map_err(ApiError::cannot_parse)?;
    set_capacity_rules(cloud, &rules);
    Ok(json!(rules))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Lingering {
    min_secs: u64,
    max_secs: u64,
}

fn set_lingering(cloud: &mut Cloud, call: &ControlCall) -> Result<Value, ApiError> {
    let wanted: Lingering = serde_json::from_value(call.body.clone()).map_err(ApiError::cannot_parse)?;
    set_linger_of_service_vnics(cloud, wanted.min_secs, wanted.max_secs);
    let (min, max) = linger_of_service_vnics(cloud);
    Ok(json!({"minSecs": min, "maxSecs": max}))
}
