//! HeatWave cluster of a DB system. It has no OCID: its DB system's stands for it.
//!
//! API: MySQL 20190415, `HeatWaveCluster`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::db_system::DB_SYSTEM;
use super::endpoints::refresh;
use super::shape::{db_system_shape, node_shape};
use super::{DB_SYSTEMS, has_failed, mysql_kind, require_state, shown, start_work};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::ocid;
use crate::services::{Call, Module, NamedEvent, Reply, limits, read, write};

/// The type.
pub static HEAT_WAVE_CLUSTER: Kind =
    mysql_kind("heatwavecluster", "HeatWaveCluster", Some("oci_mysql_heat_wave_cluster"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(DB_SYSTEMS, "AddHeatWaveCluster", add),
        read(DB_SYSTEMS, "GetHeatWaveCluster", get),
        write(DB_SYSTEMS, "UpdateHeatWaveCluster", update),
        write(DB_SYSTEMS, "DeleteHeatWaveCluster", delete),
        write(DB_SYSTEMS, "StartHeatWaveCluster", |cloud, call| {
            power(cloud, call, "START_HEATWAVE_CLUSTER", "INACTIVE", "ACTIVE")
        }),
        write(DB_SYSTEMS, "StopHeatWaveCluster", |cloud, call| {
            power(cloud, call, "STOP_HEATWAVE_CLUSTER", "ACTIVE", "INACTIVE")
        }),
        write(DB_SYSTEMS, "RestartHeatWaveCluster", |cloud, call| {
            power(cloud, call, "RESTART_HEATWAVE_CLUSTER", "ACTIVE", "ACTIVE")
        }),
    ],
    kinds: &[&HEAT_WAVE_CLUSTER],
    events: &[NamedEvent { name: DONE, run: done }, NamedEvent { name: DELETED, run: deleted }],
    seed: None,
};

const DONE: &str = "mysql.heat_wave.done";
const DELETED: &str = "mysql.heat_wave.deleted";

/// 11 min 46 s and 4 min 24 s (public logs); a change rebuilds the cluster.
const ADD_TIME: Duration = Duration::from_secs(11 * 60 + 46);
const DELETE_TIME: Duration = Duration::from_secs(4 * 60 + 24);
const POWER_TIME: Duration = Duration::from_secs(5 * 60);

/// The id in the store, as Terraform has it.
fn cluster_id(system_id: &str) -> String {
    format!("dbSystem/{system_id}/heatWaveCluster")
}

fn find<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    cloud.find(&DB_SYSTEM, call.id())?;
    let id = cluster_id(call.id());
    cloud
        .find(&HEAT_WAVE_CLUSTER, &id)
        .map_err(|_| ApiError::not_found(format!("DB system {} has no HeatWave cluster", call.id())))
}

fn get(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    Ok(shown(call, find(cloud, call)?))
}

fn add(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let system = cloud.find_live(&DB_SYSTEM, call.id())?;
    require_state(system, &["ACTIVE"])?;
    let id = cluster_id(call.id());
    if cloud.get(&id).is_some_and(Resource::is_live) {
        return Err(ApiError::incorrect_state(format!(
            "DB system {} has a HeatWave cluster already",
            call.id()
        )));
    }
    let node = node_shape("shapeName", call.required_text("shapeName")?)?;
    let own = db_system_shape("shapeName", system.text("shapeName").unwrap_or_default())?;
    let is_free = own.name == "MySQL.Free";
    if !own.carries_heat_wave() || is_free != (node.name == "HeatWave.Free") {
        return Err(ApiError::invalid(
            "shapeName",
            format!("a DB system of shape {} cannot have a HeatWave cluster of {}", own.name, node.name),
        ));
    }
    if node.name == "HeatWave.Free" {
        limits::require_room(cloud, "mysql-heatwave-free-count", None)?;
    }
    let size = call.integer("clusterSize").unwrap_or(1);
    require_size(node.name, size)?;
    let compartment_id = system.compartment_id().unwrap_or_default().to_owned();
    // The record of an earlier one gives way.
    cloud.remove(&id);
    let body = json!({
        "dbSystemId": call.id(), "shapeName": node.name, "clusterSize": size,
        "isLakehouseEnabled": call.flag("isLakehouseEnabled").unwrap_or(false),
        "clusterNodes": nodes(cloud, call.id(), size, "CREATING"), "lifecycleDetails": "",
    });
    cloud.insert(New::from_json(&HEAT_WAVE_CLUSTER, "CREATING", body).id(id.as_str()));
    let work = begin(cloud, call.id(), "ADD_HEATWAVE_CLUSTER", &compartment_id, ADD_TIME);
    let args = json!({"system": call.id(), "workRequest": work, "failed": "FAILED"});
    cloud.after(ADD_TIME, Event::named(DONE, args));
    let mut reply = Reply::created(cloud.find(&HEAT_WAVE_CLUSTER, &id)?);
    reply.headers.push(("location".into(), format!("/20190415/dbSystems/{}/heatWaveCluster", call.id())));
    Ok(reply.work_request(&work))
}

fn require_size(shape: &str, size: i64) -> Result<(), ApiError> {
    if shape == "HeatWave.Free" && size != 1 {
        return Err(ApiError::invalid("clusterSize", "a free cluster has one node"));
    }
    Ok(())
}

fn nodes(cloud: &Cloud, system_id: &str, size: i64, state: &str) -> Value {
    let now = cloud.now().rfc3339();
    let node = |number: i64| {
        let id = ocid::hex(cloud.place().seed, &format!("heatwave node/{system_id}/{number}"), 16);
        json!({"nodeId": id, "lifecycleState": state, "timeCreated": now, "timeUpdated": now})
    };
    Value::Array((0..size).map(node).collect())
}

/// The DB system is busy with its cluster from here on.
fn begin(
    cloud: &mut Cloud,
    system_id: &str,
    operation: &str,
    compartment_id: &str,
    duration: Duration,
) -> String {
    cloud.set_state(system_id, "UPDATING");
    refresh(cloud, system_id);
    start_work(cloud, operation, compartment_id, &[(&DB_SYSTEM, "UPDATED", system_id)], duration)
}

/// The cluster and its DB system, both in the states that a change needs.
fn find_ready<'c>(
    cloud: &'c Cloud,
    call: &Call,
    states: &[&str],
) -> Result<(&'c Resource, String), ApiError> {
    let system = cloud.find_live(&DB_SYSTEM, call.id())?;
    require_state(system, &["ACTIVE"])?;
    let compartment_id = system.compartment_id().unwrap_or_default().to_owned();
    let cluster = find(cloud, call)?;
    if !cluster.is_live() {
        return Err(ApiError::not_found(format!("DB system {} has no HeatWave cluster", call.id())));
    }
    require_state(cluster, states)?;
    call.check_if_match(&cluster.etag)?;
    Ok((cluster, compartment_id))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let (cluster, compartment_id) = find_ready(cloud, call, &["ACTIVE", "INACTIVE"])?;
    let shape = call.text("shapeName").or_else(|| cluster.text("shapeName")).unwrap_or_default();
    require_size(node_shape("shapeName", shape)?.name, call.integer("clusterSize").unwrap_or(1))?;
    let to = cluster.state().unwrap_or("ACTIVE").to_owned();
    cloud.set_state(&cluster_id(call.id()), "UPDATING");
    let work = begin(cloud, call.id(), "UPDATE_HEATWAVE_CLUSTER", &compartment_id, ADD_TIME);
    let args =
        json!({"system": call.id(), "to": to, "failed": to, "changes": call.json, "workRequest": work});
    cloud.after(ADD_TIME, Event::named(DONE, args));
    Ok(Reply::accepted(&work))
}

fn power(cloud: &mut Cloud, call: &Call, operation: &str, from: &str, to: &str) -> Result<Reply, ApiError> {
    let (_, compartment_id) = find_ready(cloud, call, &[from])?;
    cloud.set_state(&cluster_id(call.id()), "UPDATING");
    let work = begin(cloud, call.id(), operation, &compartment_id, POWER_TIME);
    let args = json!({"system": call.id(), "to": to, "failed": from, "workRequest": work});
    cloud.after(POWER_TIME, Event::named(DONE, args));
    Ok(Reply::accepted(&work))
}

fn done(cloud: &mut Cloud, args: &Value) {
    let system_id = args["system"].as_str().unwrap_or_default();
    if cloud.get(system_id).is_some_and(|system| system.state() == Some("UPDATING")) {
        cloud.set_state(system_id, "ACTIVE");
    }
    let id = cluster_id(system_id);
    let is_changing = |cluster: &Resource| matches!(cluster.state(), Some("CREATING" | "UPDATING"));
    if cloud.get(&id).is_some_and(is_changing) {
        let failed = has_failed(cloud, &args["workRequest"]);
        let to = if failed { &args["failed"] } else { &args["to"] };
        let to = to.as_str().unwrap_or("ACTIVE").to_owned();
        let changes = args["changes"].as_object().filter(|_| !failed).cloned().unwrap_or_else(Map::new);
        cloud.update(&id, |cluster| cluster.merge(&changes));
        let size = cloud.get(&id).and_then(|cluster| cluster.body.get("clusterSize")?.as_i64()).unwrap_or(1);
        let nodes = nodes(cloud, system_id, size, &to);
        cloud.update(&id, |cluster| {
            cluster.set("clusterNodes", nodes);
            cluster.set("lifecycleState", to);
        });
    }
    if cloud.get(system_id).is_some() {
        refresh(cloud, system_id);
    }
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let (_, compartment_id) = find_ready(cloud, call, &["ACTIVE", "INACTIVE", "FAILED"])?;
    cloud.set_state(&cluster_id(call.id()), "DELETING");
    let work = begin(cloud, call.id(), "DELETE_HEATWAVE_CLUSTER", &compartment_id, DELETE_TIME);
    cloud.after(DELETE_TIME, Event::named(DELETED, json!({"system": call.id()})));
    Ok(Reply::accepted(&work))
}

fn deleted(cloud: &mut Cloud, args: &Value) {
    let system_id = args["system"].as_str().unwrap_or_default();
    if cloud.get(system_id).is_some_and(|system| system.state() == Some("UPDATING")) {
        cloud.set_state(system_id, "ACTIVE");
    }
    end(cloud, &cluster_id(system_id));
    if cloud.get(system_id).is_some() {
        refresh(cloud, system_id);
    }
}

/// Ends a cluster: on its own, or with its DB system.
pub(super) fn end(cloud: &mut Cloud, id: &str) {
    if cloud.get(id).is_some_and(|cluster| cluster.state() == Some("DELETING")) {
        cloud.set_state(id, "DELETED");
        // Not for long: the same id may be needed again.
        cloud.after(
            Duration::from_secs(300),
            Event::named(super::backup::FORGET_IF_DELETED, json!({"id": id})),
        );
    }
}
