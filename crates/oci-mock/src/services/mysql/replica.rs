//! Read replica of a DB system. The first one brings a load balancer in front of all replicas along.
//!
//! API: MySQL 20190415, `Replica`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::db_system::DB_SYSTEM;
use super::endpoints::{BALANCER_VNIC, VNIC, refresh};
use super::shape::db_system_shape;
use super::{REPLICAS, configuration, has_failed, mysql_kind, require_state, shape, shown, start_work};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network::{self, VnicRequest};
use crate::services::{Call, List, Module, NamedEvent, Reply, list_resources, read, write};

/// The type.
pub static REPLICA: Kind = mysql_kind("mysqlreplica", "Replica", Some("oci_mysql_replica"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(REPLICAS, "CreateReplica", create),
        read(REPLICAS, "GetReplica", |cloud, call| Ok(shown(call, cloud.find(&REPLICA, call.id())?))),
        read(REPLICAS, "ListReplicas", list),
        write(REPLICAS, "UpdateReplica", update),
        write(REPLICAS, "DeleteReplica", delete),
    ],
    kinds: &[&REPLICA],
    events: &[
        NamedEvent { name: CREATED, run: created },
        NamedEvent { name: UPDATED, run: updated },
        NamedEvent { name: DELETED, run: deleted },
    ],
    seed: None,
};

const CREATED: &str = "mysql.replica.created";
const UPDATED: &str = "mysql.replica.updated";
const DELETED: &str = "mysql.replica.deleted";

/// 21 min 43 s (public logs).
const CREATE_TIME: Duration = Duration::from_secs(21 * 60 + 43);
/// No public figures for these two.
const UPDATE_TIME: Duration = Duration::from_secs(120);
const DELETE_TIME: Duration = Duration::from_secs(150);

/// Replicas of one DB system (Oracle's documentation).
const REPLICAS_MAX: usize = 18;

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let system_id = call.required_text("dbSystemId")?.to_owned();
    let system = cloud.related("dbSystemId", &DB_SYSTEM, &system_id)?;
    require_state(system, &["ACTIVE"])?;
    let count = cloud.live_referrers(&REPLICA, &system_id).count();
    if count >= REPLICAS_MAX {
        return Err(ApiError::limit_exceeded(format!(
            "A DB system has at most {REPLICAS_MAX} read replicas"
        )));
    }
    let overrides = call.json.get("replicaOverrides").cloned().unwrap_or(json!({}));
    let own = settings(cloud, system, &overrides)?;
    let compartment_id = system.compartment_id().unwrap_or_default().to_owned();
    let subnet_id = system.text("subnetId").unwrap_or_default().to_owned();
    let groups: Vec<String> =
        serde_json::from_value(own.get("nsgIds").cloned().unwrap_or(json!([]))).unwrap_or_default();
    // Replicas are spread over the places of the DB system, the primary's first.
    let places: Vec<(String, String)> = system
        .hidden
        .get("places")
        .cloned()
        .and_then(|places| serde_json::from_value(places).ok())
        .unwrap_or_default();

    let id = cloud.new_ocid(&REPLICA);
    let request = VnicRequest { nsg_ids: &groups, ..VnicRequest::new(&subnet_id, &compartment_id, &id) };
    let vnic = network::attach_service_vnic(cloud, &request)?;
    let mut body = facts().project("mysql", "Replica", &call.json);
    body.extend(own);
    body.insert("compartmentId".to_owned(), json!(compartment_id));
    body.insert("ipAddress".to_owned(), json!(vnic.private_ip.to_string()));
    body.insert("lifecycleDetails".to_owned(), json!(""));
    body.entry("isDeleteProtected").or_insert(json!(false));
    if let Some((domain, fault_domain)) = places.get((count + 1) % places.len().max(1)) {
        body.insert("availabilityDomain".to_owned(), json!(domain));
        body.insert("faultDomain".to_owned(), json!(fault_domain));
    }
    cloud.insert(New::of(&REPLICA, "CREATING", body).id(id.as_str()).hidden(VNIC, vnic.vnic_id));
    cloud.set_state(&system_id, "UPDATING");
    let affected = [(&REPLICA, "CREATED", id.as_str()), (&DB_SYSTEM, "RELATED", system_id.as_str())];
    let work = start_work(cloud, "CREATE_REPLICA", &compartment_id, &affected, CREATE_TIME);
    let args = json!({"id": id, "system": system_id, "workRequest": work});
    cloud.after(CREATE_TIME, Event::named(CREATED, args));
    let reply = Reply::created(cloud.find(&REPLICA, &id)?);
    Ok(reply.header("location", format!("/20190415/replicas/{id}")).work_request(&work))
}

/// What a replica takes over from its DB system, unless the overrides say otherwise.
fn settings(cloud: &Cloud, system: &Resource, overrides: &Value) -> Result<Map<String, Value>, ApiError> {
    let mut own = Map::new();
    for name in ["shapeName", "configurationId", "mysqlVersion", "nsgIds", "port", "portX"] {
        let value = overrides.get(name).filter(|value| !value.is_null()).or_else(|| system.body.get(name));
        own.insert(name.to_owned(), value.cloned().unwrap_or_default());
    }
    own.insert("secureConnections".to_owned(), system.body["secureConnections"].clone());
    own.insert("encryptData".to_owned(), system.body["encryptData"].clone());
    let shape_name = own["shapeName"].as_str().unwrap_or_default();
    let source_shape = system.text("shapeName").unwrap_or_default();
    if !db_system_shape("dbSystemId", source_shape)?.carries_replicas() {
        return Err(ApiError::invalid(
            "dbSystemId",
            format!("read replicas need a shape of 4 OCPUs or 8 ECPUs, the DB system has {source_shape}"),
        ));
    }
    let shape = db_system_shape("replicaOverrides.shapeName", shape_name)?;
    if let Some(version) = overrides.get("mysqlVersion").and_then(Value::as_str) {
        shape::require_version("replicaOverrides.mysqlVersion", version)?;
    }
    if let Some(id) = overrides.get("configurationId").and_then(Value::as_str) {
        configuration::require_fitting(cloud, "replicaOverrides.configurationId", id, shape.name, false)?;
    } else if let Some(id) = configuration::default_for(cloud, shape.name, false) {
        own.insert("configurationId".to_owned(), json!(id));
    }
    Ok(own)
}

/// The DB system is free again.
fn release(cloud: &mut Cloud, system_id: &str) {
    if cloud.get(system_id).is_some_and(|system| system.state() == Some("UPDATING")) {
        cloud.set_state(system_id, "ACTIVE");
    }
}

fn created(cloud: &mut Cloud, args: &Value) {
    let (id, system_id) =
        (args["id"].as_str().unwrap_or_default(), args["system"].as_str().unwrap_or_default());
    release(cloud, system_id);
    if cloud.get(id).is_some_and(|replica| replica.state() == Some("CREATING")) {
        cloud.set_state(id, "ACTIVE");
        attach_balancer(cloud, system_id);
    }
    if cloud.get(system_id).is_some() {
        refresh(cloud, system_id);
    }
}

/// The address of the balancer cannot be chosen; without a free one the replicas are reached on their own.
fn attach_balancer(cloud: &mut Cloud, system_id: &str) {
    let Some(system) = cloud.get(system_id).filter(|system| system.text(BALANCER_VNIC).is_none()) else {
        return;
    };
    let text = |name: &str| system.text(name).unwrap_or_default().to_owned();
    let (subnet_id, compartment_id) = (text("subnetId"), text("compartmentId"));
    let groups: Vec<String> = system.texts("nsgIds").map(str::to_owned).collect();
    let request =
        VnicRequest { nsg_ids: &groups, ..VnicRequest::new(&subnet_id, &compartment_id, system_id) };
    if let Ok(vnic) = network::attach_service_vnic(cloud, &request) {
        cloud.update(system_id, |system| system.set_hidden(BALANCER_VNIC, vnic.vnic_id));
    }
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let replicas = List {
        page_limit: 100,
        handled: &["replicaId", "isUpToDate"],
        accept: |_, call, replica| call.query("replicaId").is_none_or(|id| id == &*replica.id),
        ..List::of(&REPLICA)
    };
    list_resources(cloud, call, &replicas)
}

/// The replica and its DB system, both ready for a change.
fn find_ready<'c>(cloud: &'c Cloud, call: &Call) -> Result<(&'c Resource, &'c Resource), ApiError> {
    let replica = cloud.find_live(&REPLICA, call.id())?;
    require_state(replica, &["ACTIVE", "FAILED", "NEEDS_ATTENTION"])?;
    let system = cloud.find_live(&DB_SYSTEM, replica.text("dbSystemId").unwrap_or_default())?;
    require_state(system, &["ACTIVE"])?;
    Ok((replica, system))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let (replica, system) = find_ready(cloud, call)?;
    let mut changes = call.json.clone();
    if let Some(overrides) = call.json.get("replicaOverrides").filter(|overrides| overrides.is_object()) {
        let mut whole = replica.body.get("replicaOverrides").cloned().unwrap_or(json!({}));
        super::merge_object(&mut whole, overrides);
        changes.extend(settings(cloud, system, &whole)?);
        changes.insert("replicaOverrides".to_owned(), whole);
    }
    let system_id = system.id.to_string();
    let compartment_id = replica.compartment_id().unwrap_or_default().to_owned();
    if let (Some(groups), Some(vnic)) = (changes.get("nsgIds"), replica.text(VNIC).map(str::to_owned)) {
        let groups: Vec<String> = serde_json::from_value(groups.clone()).unwrap_or_default();
        network::set_vnic_groups(cloud, &vnic, &groups)?;
    }
    cloud.set_state(call.id(), "UPDATING");
    cloud.set_state(&system_id, "UPDATING");
    let affected = [(&REPLICA, "UPDATED", call.id()), (&DB_SYSTEM, "RELATED", system_id.as_str())];
    let work = start_work(cloud, "UPDATE_REPLICA", &compartment_id, &affected, UPDATE_TIME);
    let args = json!({"id": call.id(), "system": system_id, "changes": changes, "workRequest": work});
    cloud.after(UPDATE_TIME, Event::named(UPDATED, args));
    Ok(Reply::accepted(&work))
}

fn updated(cloud: &mut Cloud, args: &Value) {
    let (id, system_id) =
        (args["id"].as_str().unwrap_or_default(), args["system"].as_str().unwrap_or_default());
    release(cloud, system_id);
    if cloud.get(id).is_some_and(|replica| replica.state() == Some("UPDATING")) {
        if !has_failed(cloud, &args["workRequest"])
            && let Some(changes) = args["changes"].as_object()
        {
            cloud.update(id, |replica| replica.merge(changes));
        }
        cloud.set_state(id, "ACTIVE");
    }
    if cloud.get(system_id).is_some() {
        refresh(cloud, system_id);
    }
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let (replica, system) = find_ready(cloud, call)?;
    if replica.body.get("isDeleteProtected") == Some(&json!(true)) {
        return Err(ApiError::incorrect_state(format!("Replica {} is delete-protected", call.id())));
    }
    let system_id = system.id.to_string();
    let compartment_id = replica.compartment_id().unwrap_or_default().to_owned();
    cloud.set_state(call.id(), "DELETING");
    cloud.set_state(&system_id, "UPDATING");
    refresh(cloud, &system_id);
    let affected = [(&REPLICA, "DELETED", call.id()), (&DB_SYSTEM, "RELATED", system_id.as_str())];
    let work = start_work(cloud, "DELETE_REPLICA", &compartment_id, &affected, DELETE_TIME);
    cloud.after(DELETE_TIME, Event::named(DELETED, json!({"id": call.id(), "system": system_id})));
    Ok(Reply::accepted(&work))
}

fn deleted(cloud: &mut Cloud, args: &Value) {
    let (id, system_id) =
        (args["id"].as_str().unwrap_or_default(), args["system"].as_str().unwrap_or_default());
    release(cloud, system_id);
    if cloud.get(id).is_some_and(|replica| replica.state() == Some("DELETING")) {
        end(cloud, id);
    }
    let is_last = cloud.live_referrers(&REPLICA, system_id).next().is_none();
    let balancer = cloud.get(system_id).and_then(|system| system.text(BALANCER_VNIC)).map(str::to_owned);
    if let Some(vnic) = balancer.filter(|_| is_last) {
        network::release_service_vnic(cloud, &vnic);
        cloud.update(system_id, |system| system.hidden.remove(BALANCER_VNIC));
    }
    if cloud.get(system_id).is_some() {
        refresh(cloud, system_id);
    }
}

/// Ends a replica: on its own, or with its DB system.
pub(super) fn end(cloud: &mut Cloud, id: &str) {
    if let Some(vnic) = cloud.get(id).and_then(|replica| replica.text(VNIC)).map(str::to_owned) {
        network::release_service_vnic(cloud, &vnic);
    }
    super::end(cloud, id);
}
