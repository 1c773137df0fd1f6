//! DB system: MySQL with its storage, its primary and, highly available, two secondaries.
//!
//! API: MySQL 20190415, `DbSystem`.

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};

use super::backup;
use super::endpoints::{BALANCER_VNIC, READ_ENDPOINT_VNIC, VNIC, refresh};
use super::heat_wave::{self, HEAT_WAVE_CLUSTER};
use super::placement::{self, places};
use super::replica::{self, REPLICA};
use super::{DB_SYSTEMS, has_failed, mysql_kind, require_state, settings, shown, start_work};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::control::{Control, ControlCall};
use crate::error::ApiError;
use crate::network::{self, VnicRequest};
use crate::services::{Call, List, Module, NamedEvent, Reply, limits, list_resources, read, write};

/// The type.
pub static DB_SYSTEM: Kind = mysql_kind("mysqldbsystem", "DbSystem", Some("oci_mysql_mysql_db_system"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(DB_SYSTEMS, "CreateDbSystem", create),
        read(DB_SYSTEMS, "GetDbSystem", |cloud, call| Ok(shown(call, cloud.find(&DB_SYSTEM, call.id())?))),
        read(DB_SYSTEMS, "ListDbSystems", list),
        write(DB_SYSTEMS, "UpdateDbSystem", update),
        write(DB_SYSTEMS, "DeleteDbSystem", delete),
        write(DB_SYSTEMS, "StartDbSystem", |cloud, call| power(cloud, call, Power::Start)),
        write(DB_SYSTEMS, "StopDbSystem", |cloud, call| power(cloud, call, Power::Stop)),
        write(DB_SYSTEMS, "RestartDbSystem", |cloud, call| power(cloud, call, Power::Restart)),
        read(DB_SYSTEMS, "ListMaintenanceEvents", |cloud, call| {
            cloud.find(&DB_SYSTEM, call.id())?;
            Ok(Reply::json(json!([])))
        }),
    ],
    kinds: &[&DB_SYSTEM],
    events: &[
        NamedEvent { name: CREATED, run: created },
        NamedEvent { name: UPDATED, run: updated },
        NamedEvent { name: POWERED, run: powered },
        NamedEvent { name: DELETED, run: deleted },
        NamedEvent { name: FAILED_OVER, run: failed_over },
    ],
    seed: None,
};

/// What the control interface can do to DB systems.
pub(crate) const CONTROLS: &[Control] =
    &[Control { method: Method::POST, path: "db-systems/{}/failover", run: fail_over }];

const CREATED: &str = "mysql.db_system.created";
const UPDATED: &str = "mysql.db_system.updated";
const POWERED: &str = "mysql.db_system.powered";
const DELETED: &str = "mysql.db_system.deleted";
const FAILED_OVER: &str = "mysql.db_system.failed_over";

/// Standalone: 10.5 to 14 minutes (public logs). Highly available: 20 to 30 minutes (estimate).
const CREATE_TIME: Duration = Duration::from_secs(11 * 60 + 40);
const CREATE_HA_TIME: Duration = Duration::from_secs(25 * 60);
/// From a backup: 10 to 11 minutes (public logs).
const RESTORE_TIME: Duration = Duration::from_secs(11 * 60);
/// 2 min 40 s to 2 min 50 s (public logs).
const DELETE_TIME: Duration = Duration::from_secs(165);
/// How long before the DB system itself the work request of its creation reports success (public logs show
/// that it does, not for how long).
const EARLY_SUCCESS: Duration = Duration::from_secs(20);
/// A group elects a new primary within a minute (Oracle's documentation, "minutes at most").
const FAIL_OVER_TIME: Duration = Duration::from_secs(30);
/// Stopping and starting take minutes (no public figure).
const POWER_TIME: Duration = Duration::from_secs(240);

/// States in which a DB system can be changed.
const AT_REST: [&str; 2] = ["ACTIVE", "INACTIVE"];

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    settings::require_administrator(call)?;
    if call.text("shapeName") == Some("MySQL.Free") {
        limits::require_room(cloud, "mysql-free-count", None)?;
    }
    let mut body = settings::of_new(cloud, call)?;
    let is_restore = require_source(cloud, call)?;
    let subnet_id = call.required_text("subnetId")?;
    let places = places(cloud, subnet_id, call.text("availabilityDomain"), call.text("faultDomain"))?;
    body.insert("availabilityDomain".to_owned(), json!(places[0].0));
    body.insert("faultDomain".to_owned(), json!(places[0].1));
    body.insert("currentPlacement".to_owned(), placement::shown(&places[0]));
    let is_ha = body["isHighlyAvailable"] == json!(true);

    let id = cloud.new_ocid(&DB_SYSTEM);
    let compartment_id = call.required_text("compartmentId")?;
    let groups: Vec<String> =
        call.texts("nsgIds").unwrap_or_default().into_iter().map(str::to_owned).collect();
    let request = VnicRequest {
        private_ip: call.text("ipAddress"),
        hostname_label: call.text("hostnameLabel"),
        nsg_ids: &groups,
        ..VnicRequest::new(subnet_id, compartment_id, &id)
    };
    let vnic = network::attach_service_vnic(cloud, &request)?;
    let read_endpoint = match attach_read_endpoint(cloud, &id, compartment_id, subnet_id, &groups, &mut body)
    {
        Ok(vnic) => vnic,
        Err(refused) => {
            network::release_vnic(cloud, &vnic.vnic_id);
            return Err(refused);
        }
    };
    body.insert("ipAddress".to_owned(), json!(vnic.private_ip.to_string()));
    let mut new = New::of(&DB_SYSTEM, "CREATING", body)
        .id(id.as_str())
        .hidden(VNIC, vnic.vnic_id)
        .hidden("places", json!(places))
        .hidden("adminUsername", call.text("adminUsername").unwrap_or("admin"));
    if let Some(vnic) = read_endpoint {
        new = new.hidden(READ_ENDPOINT_VNIC, vnic);
    }
    cloud.insert(new);
    let duration = match (is_ha, is_restore) {
        (true, _) => CREATE_HA_TIME,
        (false, true) => RESTORE_TIME,
        (false, false) => CREATE_TIME,
    };
    let affected = [(&DB_SYSTEM, "CREATED", id.as_str())];
    let work = start_work(cloud, "CREATE_DBSYSTEM", compartment_id, &affected, duration - EARLY_SUCCESS);
    cloud.after(duration, Event::named(CREATED, json!({"id": id})));
    let reply = Reply::created(cloud.find(&DB_SYSTEM, &id)?);
    Ok(reply.header("location", format!("/20190415/dbSystems/{id}")).work_request(&work))
}

/// Refuses a source that is not there; whether the DB system is restored from one.
fn require_source(cloud: &Cloud, call: &Call) -> Result<bool, ApiError> {
    let Some(source) = call.json.get("source") else { return Ok(false) };
    let text = |name: &str| source[name].as_str();
    match text("sourceType") {
        Some("BACKUP") => {
            let backup =
                cloud.related("source.backupId", &backup::BACKUP, text("backupId").unwrap_or_default())?;
            require_state(backup, &["ACTIVE"])?;
            let needed = backup.body.get("dataStorageSizeInGBs").and_then(Value::as_i64).unwrap_or(0);
            if call.integer("dataStorageSizeInGBs").is_some_and(|size| size < needed) {
                return Err(ApiError::invalid("dataStorageSizeInGBs", format!("the backup needs {needed}")));
            }
            Ok(true)
        }
        Some("PITR" | "DBSYSTEM") => {
            cloud.related("source.dbSystemId", &DB_SYSTEM, text("dbSystemId").unwrap_or_default())?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Gives a read endpoint its address, if there is to be one, and enters it into the body.
fn attach_read_endpoint(
    cloud: &mut Cloud,
    id: &str,
    compartment_id: &str,
    subnet_id: &str,
    groups: &[String],
    body: &mut Map<String, Value>,
) -> Result<Option<String>, ApiError> {
    let Some(endpoint) = body.get_mut("readEndpoint").filter(|endpoint| endpoint["isEnabled"] == json!(true))
    else {
        return Ok(None);
    };
    let request = VnicRequest {
        private_ip: endpoint["readEndpointIpAddress"].as_str(),
        hostname_label: endpoint["readEndpointHostnameLabel"].as_str(),
        nsg_ids: groups,
        ..VnicRequest::new(subnet_id, compartment_id, id)
    };
    let vnic = network::attach_service_vnic(cloud, &request)?;
    endpoint["readEndpointIpAddress"] = json!(vnic.private_ip.to_string());
    Ok(Some(vnic.vnic_id))
}

fn created(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    if cloud.get(id).is_none_or(|system| system.state() != Some("CREATING")) {
        return;
    }
    cloud.set_state(id, "ACTIVE");
    refresh(cloud, id);
    backup::schedule_automatic(cloud, id);
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let systems = List {
        page_limit: 100,
        handled: &["dbSystemId", "isUpToDate"],
        accept: |_, call, system| call.query("dbSystemId").is_none_or(|id| id == &*system.id),
        ..List::of(&DB_SYSTEM)
    };
    list_resources(cloud, call, &systems)
}

/// How long an update takes, by the slowest of its fields. None of these figures is public.
fn update_time(changes: &Map<String, Value>) -> Duration {
    let seconds = |name: &str| match name {
        "isHighlyAvailable" => 20 * 60,
        "mysqlVersion" => 15 * 60,
        "shapeName" => 10 * 60,
        "availabilityDomain" | "faultDomain" | "subnetId" | "ipAddress" => 240,
        "configurationId" | "readEndpoint" | "port" | "portX" => 180,
        "dataStorageSizeInGBs" | "dataStorage" => 120,
        "displayName" | "description" | "freeformTags" | "definedTags" | "deletionPolicy" | "timeUpdated" => {
            5
        }
        _ => 30,
    };
    Duration::from_secs(changes.keys().map(|name| seconds(name)).max().unwrap_or(5))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let system = cloud.find_live(&DB_SYSTEM, call.id())?;
    require_state(system, &AT_REST)?;
    let mut changes = settings::changed(cloud, system, call)?;
    require_still_fitting(cloud, call.id(), &changes)?;
    let compartment_id = system.compartment_id().unwrap_or_default().to_owned();
    let from = system.state().unwrap_or_default().to_owned();
    let hidden = move_addresses(cloud, call.id(), &mut changes)?;
    let duration = update_time(&changes);
    cloud.set_state(call.id(), "UPDATING");
    refresh(cloud, call.id());
    let affected = [(&DB_SYSTEM, "UPDATED", call.id())];
    let work = start_work(cloud, "UPDATE_DBSYSTEM", &compartment_id, &affected, duration);
    let args =
        json!({"id": call.id(), "to": from, "changes": changes, "hidden": hidden, "workRequest": work});
    cloud.after(duration, Event::named(UPDATED, args));
    Ok(Reply::accepted(&work))
}

/// What hangs on a DB system must go on working with its new shape.
fn require_still_fitting(cloud: &Cloud, id: &str, changes: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(name) = changes.get("shapeName").and_then(Value::as_str) else { return Ok(()) };
    let shape = super::shape::db_system_shape("shapeName", name)?;
    if !shape.carries_replicas() && cloud.live_referrers(&REPLICA, id).next().is_some() {
        return Err(ApiError::invalid(
            "shapeName",
            format!("{name} does not support the read replicas that there are"),
        ));
    }
    if !shape.carries_heat_wave() && cloud.live_referrers(&HEAT_WAVE_CLUSTER, id).next().is_some() {
        return Err(ApiError::invalid(
            "shapeName",
            format!("{name} does not support the HeatWave cluster that there is"),
        ));
    }
    Ok(())
}

/// Takes the addresses that an update asks for at once, so that nobody else gets them; the old ones are given
/// back when the update is done. Returns hidden attributes to set then.
fn move_addresses(cloud: &mut Cloud, id: &str, changes: &mut Map<String, Value>) -> Result<Value, ApiError> {
    let system = cloud.find_live(&DB_SYSTEM, id)?;
    let text = |name: &str| {
        changes.get(name).and_then(Value::as_str).or_else(|| system.text(name)).map(str::to_owned)
    };
    let (subnet_id, compartment_id) =
        (text("subnetId").unwrap_or_default(), text("compartmentId").unwrap_or_default());
    let label = text("hostnameLabel");
    let groups: Vec<String> = match changes.get("nsgIds") {
        Some(groups) => serde_json::from_value(groups.clone()).unwrap_or_default(),
        None => system.texts("nsgIds").map(str::to_owned).collect(),
    };
    let vnic = system.text(VNIC).unwrap_or_default().to_owned();
    let read_endpoint = system.text(READ_ENDPOINT_VNIC).map(str::to_owned);
    let new_label = changes.get("hostnameLabel").and_then(Value::as_str).map(str::to_owned);
    let new_address = changes.get("ipAddress").and_then(Value::as_str).map(str::to_owned);
    let mut hidden = Map::new();
    if changes.contains_key("subnetId") || new_address.is_some() {
        // The name stays with the old address until that is gone, so the new one gets it only if it is new too.
        let keeps_name = new_label.is_none() && !changes.contains_key("subnetId");
        let request = VnicRequest {
            private_ip: new_address.as_deref(),
            hostname_label: label.as_deref().filter(|_| !keeps_name),
            nsg_ids: &groups,
            ..VnicRequest::new(&subnet_id, &compartment_id, id)
        };
        let new = network::attach_service_vnic(cloud, &request)?;
        changes.insert("ipAddress".to_owned(), json!(new.private_ip.to_string()));
        hidden.insert(VNIC.to_owned(), json!(new.vnic_id));
        if keeps_name && let Some(label) = label {
            hidden.insert("movedLabel".to_owned(), json!(label));
        }
    } else if let Some(label) = new_label {
        let own = network::primary_private_ip(cloud, &vnic).map(|ip| ip.id.to_string());
        network::check_host_name(cloud, "hostnameLabel", &subnet_id, &label, own.as_deref())?;
        name_address(cloud, &vnic, &label);
    }
    if changes.contains_key("nsgIds") {
        network::set_vnic_groups(cloud, &vnic, &groups)?;
        if let Some(read_endpoint) = &read_endpoint {
            network::set_vnic_groups(cloud, read_endpoint, &groups)?;
        }
    }
    let wants_endpoint = changes.get("readEndpoint").map(|endpoint| endpoint["isEnabled"] == json!(true));
    match (wants_endpoint, read_endpoint) {
        (Some(true), None) => {
            let vnic = attach_read_endpoint(cloud, id, &compartment_id, &subnet_id, &groups, changes)?;
            hidden.insert(READ_ENDPOINT_VNIC.to_owned(), json!(vnic));
        }
        (Some(false), Some(_)) => {
            hidden.insert(READ_ENDPOINT_VNIC.to_owned(), Value::Null);
        }
        _ => {}
    }
    Ok(Value::Object(hidden))
}

fn name_address(cloud: &mut Cloud, vnic: &str, label: &str) {
    let private_ip = network::primary_private_ip(cloud, vnic).map(|ip| ip.id.to_string());
    for id in private_ip.iter().map(String::as_str).chain([vnic]) {
        if cloud.get(id).is_some() {
            cloud.update(id, |resource| resource.set("hostnameLabel", label));
        }
    }
}

fn updated(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    let Some(system) = cloud.get(id).filter(|system| system.state() == Some("UPDATING")) else { return };
    let old = system.hidden.clone();
    if !has_failed(cloud, &args["workRequest"]) {
        let changes = args["changes"].as_object().cloned().unwrap_or_default();
        let hidden = args["hidden"].as_object().cloned().unwrap_or_default();
        if changes.contains_key("availabilityDomain") || changes.contains_key("faultDomain") {
            move_primary(cloud, id, &changes);
        }
        let label = hidden.get("movedLabel").and_then(Value::as_str).map(str::to_owned);
        for (name, value) in hidden.iter().filter(|(name, _)| *name != "movedLabel") {
            if let Some(vnic) = old.get(name).and_then(Value::as_str) {
                network::release_service_vnic(cloud, vnic);
            }
            cloud.update(id, |system| match value {
                Value::Null => {
                    system.hidden.remove(name);
                }
                value => system.set_hidden(name, value.clone()),
            });
        }
        if let (Some(label), Some(vnic)) = (label, hidden.get(VNIC).and_then(Value::as_str)) {
            name_address(cloud, vnic, &label);
        }
        cloud.update(id, |system| system.merge(&changes));
    }
    cloud.set_state(id, args["to"].as_str().unwrap_or("ACTIVE"));
    refresh(cloud, id);
}

fn move_primary(cloud: &mut Cloud, id: &str, changes: &Map<String, Value>) {
    let Some(system) = cloud.get(id) else { return };
    let text = |name: &str| changes.get(name).and_then(Value::as_str).or_else(|| system.text(name));
    let subnet = text("subnetId").unwrap_or_default();
    let Ok(places) = places(cloud, subnet, text("availabilityDomain"), text("faultDomain")) else { return };
    cloud.update(id, |system| {
        system.set("currentPlacement", placement::shown(&places[0]));
        system.set_hidden("places", json!(places));
    });
}

#[derive(Clone, Copy)]
enum Power {
    Start,
    Stop,
    Restart,
}

fn power(cloud: &mut Cloud, call: &Call, power: Power) -> Result<Reply, ApiError> {
    let system = cloud.find_live(&DB_SYSTEM, call.id())?;
    let (needed, operation, to) = match power {
        Power::Start => ("INACTIVE", "START_DBSYSTEM", "ACTIVE"),
        Power::Stop => ("ACTIVE", "STOP_DBSYSTEM", "INACTIVE"),
        Power::Restart => ("ACTIVE", "RESTART_DBSYSTEM", "ACTIVE"),
    };
    require_state(system, &[needed])?;
    let compartment_id = system.compartment_id().unwrap_or_default().to_owned();
    cloud.set_state(call.id(), "UPDATING");
    refresh(cloud, call.id());
    let affected = [(&DB_SYSTEM, "UPDATED", call.id())];
    let work = start_work(cloud, operation, &compartment_id, &affected, POWER_TIME);
    let args = json!({"id": call.id(), "from": needed, "to": to, "workRequest": work});
    cloud.after(POWER_TIME, Event::named(POWERED, args));
    Ok(Reply::accepted(&work).subject(call.id()))
}

/// Replicas and the HeatWave cluster stop and start with their DB system.
fn powered(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    if cloud.get(id).is_none_or(|system| system.state() != Some("UPDATING")) {
        return;
    }
    let outcome = if has_failed(cloud, &args["workRequest"]) { &args["from"] } else { &args["to"] };
    let to = outcome.as_str().unwrap_or("ACTIVE").to_owned();
    cloud.set_state(id, &to);
    let parts = cloud.live_referrers(&REPLICA, id).chain(cloud.live_referrers(&HEAT_WAVE_CLUSTER, id));
    let parts = parts.filter(|part| part.state().is_some_and(|state| AT_REST.contains(&state)));
    let parts: Vec<String> = parts.map(|part| part.id.to_string()).collect();
    for part in parts {
        cloud.set_state(&part, &to);
    }
    refresh(cloud, id);
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let system = cloud.find_live(&DB_SYSTEM, call.id())?;
    require_state(system, &["ACTIVE", "INACTIVE", "FAILED"])?;
    let policy = system.body.get("deletionPolicy").cloned().unwrap_or_default();
    if policy["isDeleteProtected"] == json!(true) {
        return Err(ApiError::incorrect_state(format!("DB system {} is delete-protected", call.id())));
    }
    let mut replicas = cloud.live_referrers(&REPLICA, call.id());
    if let Some(replica) =
        replicas.find(|replica| replica.body.get("isDeleteProtected") == Some(&json!(true)))
    {
        return Err(ApiError::incorrect_state(format!("Replica {} is delete-protected", replica.id)));
    }
    drop(replicas);
    let compartment_id = system.compartment_id().unwrap_or_default().to_owned();
    let was_working = system.state() != Some("FAILED");
    let mut duration = DELETE_TIME;
    if policy["finalBackup"] == json!("REQUIRE_FINAL_BACKUP") && was_working {
        backup::take(cloud, call.id(), "MANUAL", "Final backup", None)?;
        duration += backup::BACKUP_TIME;
    }
    let parts =
        cloud.live_referrers(&REPLICA, call.id()).chain(cloud.live_referrers(&HEAT_WAVE_CLUSTER, call.id()));
    let parts: Vec<String> = parts.map(|part| part.id.to_string()).collect();
    for part in &parts {
        cloud.set_state(part, "DELETING");
    }
    cloud.set_state(call.id(), "DELETING");
    refresh(cloud, call.id());
    let affected = [(&DB_SYSTEM, "DELETED", call.id())];
    let work = start_work(cloud, "DELETE_DBSYSTEM", &compartment_id, &affected, duration);
    let keeps_backups = policy["automaticBackupRetention"] != json!("DELETE");
    cloud.after(duration, Event::named(DELETED, json!({"id": call.id(), "keepsBackups": keeps_backups})));
    Ok(Reply::accepted(&work))
}

fn deleted(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    let Some(system) = cloud.get(id).filter(|system| system.state() == Some("DELETING")) else { return };
    let vnics = [VNIC, BALANCER_VNIC, READ_ENDPOINT_VNIC].into_iter().filter_map(|name| system.text(name));
    let vnics: Vec<String> = vnics.map(str::to_owned).collect();
    let replicas: Vec<String> =
        cloud.live_referrers(&REPLICA, id).map(|replica| replica.id.to_string()).collect();
    let clusters: Vec<String> =
        cloud.live_referrers(&HEAT_WAVE_CLUSTER, id).map(|cluster| cluster.id.to_string()).collect();
    for replica in replicas {
        replica::end(cloud, &replica);
    }
    for cluster in clusters {
        heat_wave::end(cloud, &cluster);
    }
    for vnic in vnics {
        network::release_service_vnic(cloud, &vnic);
    }
    if args["keepsBackups"] == json!(false) {
        backup::delete_automatic(cloud, id);
    }
    super::end(cloud, id);
    refresh(cloud, id);
}

/// Moves the primary to another of the places, as when its host fails.
fn fail_over(cloud: &mut Cloud, call: &ControlCall) -> Result<Value, ApiError> {
    let id = call.path[0].as_str();
    let system = cloud.find_live(&DB_SYSTEM, id)?;
    require_state(system, &["ACTIVE"])?;
    if system.body.get("isHighlyAvailable") != Some(&json!(true)) {
        return Err(ApiError::incorrect_state(format!("DB system {id} is not highly available")));
    }
    let places: Vec<(String, String)> = system
        .hidden
        .get("places")
        .cloned()
        .and_then(|places| serde_json::from_value(places).ok())
        .unwrap_or_default();
    let current = system.body.get("currentPlacement").cloned().unwrap_or_default();
    let at = places.iter().position(|place| placement::shown(place) == current).unwrap_or(0);
    let next = places.get((at + 1) % places.len().max(1)).map(placement::shown).unwrap_or_default();
    cloud.update(id, |system| system.set_hidden("isFailingOver", true));
    refresh(cloud, id);
    cloud.after(FAIL_OVER_TIME, Event::named(FAILED_OVER, json!({"id": id, "to": next})));
    Ok(json!({"from": current, "to": next}))
}

/// The endpoint keeps its address.
fn failed_over(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    if cloud.get(id).is_none_or(|system: &Resource| !system.is_live()) {
        return;
    }
    cloud.update(id, |system| {
        system.set("currentPlacement", args["to"].clone());
        system.hidden.remove("isFailingOver");
    });
    refresh(cloud, id);
}
