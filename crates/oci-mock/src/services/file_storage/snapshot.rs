//! Snapshots of file systems, and the policies that take them.
//!
//! The mock keeps a policy and its schedules; it does not take snapshots by it.
//! API: File Storage 20171215, `Snapshot`, `FilesystemSnapshotPolicy`.

use serde_json::json;

use super::file_system::FILE_SYSTEM;
use super::{
    FILE_STORAGE, PAGE_LIMIT, QUICK, change_compartment, kind, require_active, require_domain, update,
};
use crate::cloud::{Cloud, Event, Kind, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// Snapshots.
pub static SNAPSHOT: Kind = kind("snapshot", "Snapshot", "oci_file_storage_snapshot");
/// Snapshot policies.
pub static SNAPSHOT_POLICY: Kind = kind(
    "filesystemsnapshotpolicy",
    "FilesystemSnapshotPolicy",
    "oci_file_storage_filesystem_snapshot_policy",
);

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(FILE_STORAGE, "CreateSnapshot", create),
        read(FILE_STORAGE, "GetSnapshot", |cloud, call| {
            Ok(Reply::resource(cloud.find(&SNAPSHOT, call.id())?))
        }),
        read(FILE_STORAGE, "ListSnapshots", list),
        write(FILE_STORAGE, "UpdateSnapshot", |cloud, call| update(cloud, call, &SNAPSHOT)),
        write(FILE_STORAGE, "DeleteSnapshot", delete),
        write(FILE_STORAGE, "CreateFilesystemSnapshotPolicy", create_policy),
        read(FILE_STORAGE, "GetFilesystemSnapshotPolicy", |cloud, call| {
            Ok(Reply::resource(cloud.find(&SNAPSHOT_POLICY, call.id())?))
        }),
        write(FILE_STORAGE, "UpdateFilesystemSnapshotPolicy", |cloud, call| {
            update(cloud, call, &SNAPSHOT_POLICY)
        }),
        write(FILE_STORAGE, "DeleteFilesystemSnapshotPolicy", delete_policy),
        write(FILE_STORAGE, "PauseFilesystemSnapshotPolicy", |cloud, call| {
            switch_policy(cloud, call, "ACTIVE", "INACTIVE")
        }),
        write(FILE_STORAGE, "UnpauseFilesystemSnapshotPolicy", |cloud, call| {
            switch_policy(cloud, call, "INACTIVE", "ACTIVE")
        }),
        write(FILE_STORAGE, "ChangeFilesystemSnapshotPolicyCompartment", |cloud, call| {
            change_compartment(cloud, call, &SNAPSHOT_POLICY)
        }),
    ],
    kinds: &[&SNAPSHOT, &SNAPSHOT_POLICY],
    events: &[],
    seed: None,
};

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let file_system_id = call.required_text("fileSystemId")?;
    let file_system = cloud.related("fileSystemId", &FILE_SYSTEM, file_system_id)?;
    require_active(file_system)?;
    let name = call.required_text("name")?;
    let taken = cloud.live_referrers(&SNAPSHOT, file_system_id).any(|other| other.text("name") == Some(name));
    if taken {
        return Err(ApiError::conflict(format!(
            "File system {file_system_id} has a snapshot named {name} already"
        )));
    }
    let compartment_id = file_system.compartment_id().unwrap_or_default().to_owned();
    let mut body = facts().project("file_storage", "Snapshot", &call.json);
    for (field, value) in [
        ("snapshotType", json!("USER")),
        ("snapshotTime", json!(cloud.now().rfc3339())),
        ("isCloneSource", json!(false)),
        ("lifecycleDetails", json!("")),
        ("exclusiveBytes", json!(0)),
    ] {
        body.insert(field.to_owned(), value);
    }
    let id = cloud.insert(New::of(&SNAPSHOT, "CREATING", body).hidden("compartmentId", compartment_id));
    cloud.after(QUICK, Event::state(&id, "CREATING", "ACTIVE"));
    Ok(Reply::resource(cloud.find(&SNAPSHOT, &id)?))
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    if ["compartmentId", "fileSystemId", "filesystemSnapshotPolicyId"]
        .iter()
        .all(|name| call.query(name).is_none())
    {
        return Err(ApiError::missing("fileSystemId"));
    }
    list_resources(cloud, call, &List { page_limit: PAGE_LIMIT / 2, ..List::of(&SNAPSHOT) })
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_active(cloud.find_live(&SNAPSHOT, call.id())?)?;
    super::delete(cloud, call.id(), QUICK);
    Ok(Reply::no_content())
}

fn create_policy(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_domain(cloud, call)?;
    let mut body = facts().project("file_storage", "FilesystemSnapshotPolicy", &call.json);
    body.entry("schedules").or_insert(json!([]));
    body.entry("policyPrefix").or_insert(json!(""));
    let id = cloud.insert(New::of(&SNAPSHOT_POLICY, "CREATING", body));
    cloud.after(QUICK, Event::state(&id, "CREATING", "ACTIVE"));
    Ok(Reply::resource(cloud.find(&SNAPSHOT_POLICY, &id)?))
}

fn switch_policy(cloud: &mut Cloud, call: &Call, from: &str, to: &str) -> Result<Reply, ApiError> {
    let policy = cloud.find_live(&SNAPSHOT_POLICY, call.id())?;
    if policy.state() != Some(from) {
        return Err(ApiError::incorrect_state(format!("Snapshot policy {} is not {from}", call.id())));
    }
    cloud.set_state(call.id(), to);
    Ok(Reply::resource(cloud.find(&SNAPSHOT_POLICY, call.id())?))
}

fn delete_policy(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_active(cloud.find_live(&SNAPSHOT_POLICY, call.id())?)?;
    if let Some(user) = cloud.live_referrers(&FILE_SYSTEM, call.id()).next() {
        return Err(ApiError::conflict(format!(
            "Snapshot policy {} is used by file system {}",
            call.id(),
            user.id
        )));
    }
    super::delete(cloud, call.id(), QUICK);
    Ok(Reply::no_content())
}
