//! Backups of DB systems: on request, every day, and before the end.
//!
//! API: MySQL 20190415, `Backup`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::db_system::DB_SYSTEM;
use super::{BACKUPS, mysql_kind, require_state, shown, start_work};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, NamedEvent, Reply, list_resources, read, write};

/// The type. The inventory lists those that were asked for.
pub static BACKUP: Kind = mysql_kind("mysqlbackup", "Backup", None);

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(BACKUPS, "CreateBackup", create),
        read(BACKUPS, "GetBackup", |cloud, call| Ok(shown(call, cloud.find(&BACKUP, call.id())?))),
        read(BACKUPS, "ListBackups", list),
        write(BACKUPS, "UpdateBackup", update),
        write(BACKUPS, "DeleteBackup", delete),
        write(BACKUPS, "ChangeBackupCompartment", change_compartment),
    ],
    kinds: &[&BACKUP],
    events: &[
        NamedEvent { name: DAILY, run: daily },
        NamedEvent {
            name: DELETED,
            run: |cloud, args| super::end(cloud, args["id"].as_str().unwrap_or_default()),
        },
        NamedEvent { name: FORGET_IF_DELETED, run: forget_if_deleted },
    ],
    seed: None,
};

const DAILY: &str = "mysql.backup.daily";
const DELETED: &str = "mysql.backup.deleted";
/// Removes a record, unless something with the same id has come to life again.
pub(super) const FORGET_IF_DELETED: &str = "mysql.forget_if_deleted";

/// Accepted to finished in 90 s (public logs).
pub(super) const BACKUP_TIME: Duration = Duration::from_secs(90);
const DELETE_TIME: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let system_id = call.required_text("dbSystemId")?;
    let system = cloud.related("dbSystemId", &DB_SYSTEM, system_id)?;
    require_state(system, &["ACTIVE", "INACTIVE"])?;
    let name = format!("{} - {}", system.text("displayName").unwrap_or_default(), cloud.now().rfc3339());
    let (id, work) = take(cloud, system_id, "MANUAL", &name, Some(&call.json))?;
    let reply = Reply::created(cloud.find(&BACKUP, &id)?);
    Ok(reply.header("location", format!("/20190415/backups/{id}")).work_request(&work))
}

/// Takes a backup and returns its id and that of its work request.
pub(super) fn take(
    cloud: &mut Cloud,
    system_id: &str,
    creation: &str,
    name: &str,
    given: Option<&Map<String, Value>>,
) -> Result<(String, String), ApiError> {
    let system = cloud.find_live(&DB_SYSTEM, system_id)?;
    let compartment_id = system.compartment_id().unwrap_or_default().to_owned();
    let mut snapshot = facts().project("mysql", "DbSystemSnapshot", &system.body);
    snapshot.insert("adminUsername".to_owned(), json!(system.text("adminUsername")));
    snapshot.insert("region".to_owned(), json!(cloud.place().region));
    let size = system.body["dataStorageSizeInGBs"].clone();
    let mut body = given.map(|given| facts().project("mysql", "Backup", given)).unwrap_or_default();
    for (field, value) in [
        ("compartmentId", json!(compartment_id)),
        ("creationType", json!(creation)),
        ("dbSystemId", json!(system_id)),
        ("dbSystemSnapshot", Value::Object(snapshot)),
        ("dataStorageSizeInGBs", size),
        ("mysqlVersion", system.body["mysqlVersion"].clone()),
        ("shapeName", system.body["shapeName"].clone()),
        ("lifecycleDetails", json!("")),
    ] {
        body.insert(field.to_owned(), value);
    }
    let retention = system.body["backupPolicy"]["retentionInDays"].clone();
    for (field, value) in [
        ("displayName", json!(name)),
        ("backupType", json!("INCREMENTAL")),
        ("backupSizeInGBs", json!(1)),
        ("softDelete", json!("DISABLED")),
        ("retentionInDays", if creation == "MANUAL" { json!(365) } else { retention }),
    ] {
        body.entry(field).or_insert(value);
    }
    let mut new = New::of(&BACKUP, "CREATING", body);
    if creation == "MANUAL" {
        new = new.hidden("terraformType", "oci_mysql_mysql_backup");
    }
    let id = cloud.insert(new);
    let affected = [(&BACKUP, "CREATED", id.as_str()), (&DB_SYSTEM, "RELATED", system_id)];
    let work = start_work(cloud, "CREATE_BACKUP", &compartment_id, &affected, BACKUP_TIME);
    cloud.after(BACKUP_TIME, Event::state(&id, "CREATING", "ACTIVE"));
    Ok((id, work))
}

/// Backs a DB system up every day from now on, for as long as it exists.
pub(super) fn schedule_automatic(cloud: &mut Cloud, system_id: &str) {
    cloud.after(DAY, Event::named(DAILY, json!({"system": system_id})));
}

fn daily(cloud: &mut Cloud, args: &Value) {
    let id = args["system"].as_str().unwrap_or_default();
    let Some(system) = cloud.get(id).filter(|system| system.is_live()) else { return };
    let policy = &system.body["backupPolicy"];
    let days = policy["retentionInDays"].as_u64().unwrap_or(7);
    if policy["isEnabled"] == json!(true) && system.state() == Some("ACTIVE") {
        // An automatic backup of a DB system that exists cannot be refused.
        let name = format!("Automatic backup - {}", cloud.now().rfc3339());
        let taken = take(cloud, id, "AUTOMATIC", &name, None);
        debug_assert!(taken.is_ok(), "{taken:?}");
    }
    let oldest = cloud.now();
    let expired = automatic(cloud, id)
        .filter(|backup| oldest.since(backup.created) > DAY * u32::try_from(days).unwrap_or(7));
    let expired: Vec<String> = expired.map(|backup| backup.id.to_string()).collect();
    for backup in expired {
        super::end(cloud, &backup);
    }
    schedule_automatic(cloud, id);
}

fn automatic<'c>(cloud: &'c Cloud, system_id: &'c str) -> impl Iterator<Item = &'c Resource> {
    cloud.live_referrers(&BACKUP, system_id).filter(|backup| backup.text("creationType") == Some("AUTOMATIC"))
}

/// Deletes the automatic backups of a DB system whose policy does not retain them.
pub(super) fn delete_automatic(cloud: &mut Cloud, system_id: &str) {
    let backups: Vec<String> = automatic(cloud, system_id).map(|backup| backup.id.to_string()).collect();
    for backup in backups {
        super::end(cloud, &backup);
    }
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let backups = List {
        page_limit: 100,
        handled: &["backupId"],
        accept: |_, call, backup| call.query("backupId").is_none_or(|id| id == &*backup.id),
        ..List::of(&BACKUP)
    };
    list_resources(cloud, call, &backups)
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_state(cloud.find_live(&BACKUP, call.id())?, &["ACTIVE"])?;
    cloud.update(call.id(), |backup| backup.merge(&call.json));
    Ok(Reply::resource(cloud.find(&BACKUP, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let backup = cloud.find_live(&BACKUP, call.id())?;
    require_state(backup, &["ACTIVE", "FAILED"])?;
    let compartment_id = backup.compartment_id().unwrap_or_default().to_owned();
    cloud.set_state(call.id(), "DELETING");
    let affected = [(&BACKUP, "DELETED", call.id())];
    let work = start_work(cloud, "DELETE_BACKUP", &compartment_id, &affected, DELETE_TIME);
    cloud.after(DELETE_TIME, Event::named(DELETED, json!({"id": call.id()})));
    Ok(Reply::no_content().work_request(&work))
}

fn change_compartment(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_state(cloud.find_live(&BACKUP, call.id())?, &["ACTIVE"])?;
    let target = call.required_text("compartmentId")?;
    cloud.update(call.id(), |backup| backup.set("compartmentId", target));
    Ok(Reply::no_content())
}

fn forget_if_deleted(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    if cloud.get(id).is_some_and(|resource| resource.state() == Some("DELETED")) {
        cloud.remove(id);
    }
}
