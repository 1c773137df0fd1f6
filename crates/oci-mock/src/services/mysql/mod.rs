//! MySQL HeatWave: API `20190415` at `mysql`. DB systems, their replicas, HeatWave clusters, configurations
//! and backups.
//!
//! A DB system does one thing at a time: while it is `UPDATING`, because of itself, a replica or its HeatWave
//! cluster, everything else is refused with 409 `IncorrectState`.

pub mod backup;
pub mod configuration;
pub mod db_system;
mod endpoints;
pub mod heat_wave;
mod placement;
pub mod replica;
mod settings;
pub mod shape;

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cloud::{Affected, Cloud, Event, Kind, Resource, WorkRequest};
use crate::error::ApiError;
use crate::ocid::Style;
use crate::services::work_requests;

/// Oracle's client for DB systems and HeatWave clusters.
pub(crate) const DB_SYSTEMS: &str = "DbSystemClient";
/// Oracle's client for replicas.
pub(crate) const REPLICAS: &str = "ReplicasClient";
/// Oracle's client for backups.
pub(crate) const BACKUPS: &str = "DbBackupsClient";
/// Oracle's client for shapes, versions and configurations.
pub(crate) const MYSQLAAS: &str = "MysqlaasClient";

/// How long the record of something deleted stays, in virtual seconds: a day, as no source says.
const LINGER_SECS: u64 = 24 * 3600;

const fn mysql_kind(name: &'static str, model: &'static str, terraform: Option<&'static str>) -> Kind {
    Kind {
        name,
        service: "mysql",
        model,
        terraform,
        style: Style::Regional,
        gone: &["DELETED"],
        linger_secs: LINGER_SECS,
    }
}

/// A work request on one thing, named as the service names it.
fn start_work(
    cloud: &mut Cloud,
    operation_type: &str,
    compartment_id: &str,
    affected: &[(&Kind, &'static str, &str)],
    duration: Duration,
) -> String {
    let affected = affected.iter().map(|(kind, action, id)| {
        let path = match kind.name {
            "mysqlreplica" => "replicas",
            "mysqlbackup" => "backups",
            _ => "dbSystems",
        };
        Affected { entity_type: kind.name, action, id: (*id).to_owned(), uri: format!("/{path}/{id}") }
    });
    cloud.start_work_request(&WorkRequest {
        flavour: &work_requests::MYSQL,
        operation_type,
        compartment_id,
        affected: affected.collect(),
        duration,
    })
}

/// Whether a work request has come to a bad end: what it was about must not happen then.
fn has_failed(cloud: &Cloud, work_request: &Value) -> bool {
    let request = work_request.as_str().and_then(|id| cloud.get(id));
    request.is_some_and(|request| matches!(request.text("status"), Some("FAILED" | "CANCELED")))
}

/// Refuses unless the resource is in one of these states.
fn require_state(resource: &Resource, states: &[&str]) -> Result<(), ApiError> {
    let state = resource.state().unwrap_or_default();
    if states.contains(&state) {
        return Ok(());
    }
    Err(ApiError::incorrect_state(format!(
        "{} is {state}; this needs it to be {}",
        resource.id,
        states.join(" or ")
    )))
}

/// Puts a record into its last state, from where it goes after a while.
fn end(cloud: &mut Cloud, id: &str) {
    if cloud.get(id).is_some() {
        cloud.set_state(id, "DELETED");
        cloud.after(Duration::from_secs(LINGER_SECS), Event::Remove { id: id.to_owned() });
    }
}

/// `if-none-match` of a GET: 304 when the caller knows this version already.
fn shown(call: &crate::services::Call, resource: &Resource) -> crate::services::Reply {
    if call.header("if-none-match") == Some(&*resource.etag) {
        return crate::services::Reply::empty().status(304).header("etag", &*resource.etag);
    }
    crate::services::Reply::resource(resource)
}

/// Takes over the fields of `changes` that are given into an object that may have others.
fn merge_object(target: &mut Value, changes: &Value) {
    let Some(changes) = changes.as_object() else { return };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in changes.iter().filter(|(_, value)| !value.is_null()) {
        target[name] = value.clone();
    }
}

/// The fields that are given, over defaults.
fn with_defaults(given: Option<&Value>, defaults: Value) -> Value {
    let mut whole = defaults;
    merge_object(&mut whole, given.unwrap_or(&json!({})));
    whole
}
