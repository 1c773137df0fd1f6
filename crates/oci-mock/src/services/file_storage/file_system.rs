//! File system: what is exported through mount targets of the same availability domain.
//!
//! API: File Storage 20171215, `FileSystem`.

use serde_json::json;

use super::export::EXPORT;
use super::snapshot::{SNAPSHOT, SNAPSHOT_POLICY};
use super::{
    FILE_STORAGE, PAGE_LIMIT, QUICK, change_compartment, kind, require_active, require_domain, update,
};
use crate::cloud::{Cloud, Event, Kind, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, Reply, limits, list_resources, read, write};

/// The type.
pub static FILE_SYSTEM: Kind = kind("filesystem", "FileSystem", "oci_file_storage_file_system");

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(FILE_STORAGE, "CreateFileSystem", create),
        read(FILE_STORAGE, "GetFileSystem", |cloud, call| {
            Ok(Reply::resource(cloud.find(&FILE_SYSTEM, call.id())?))
        }),
        read(FILE_STORAGE, "ListFileSystems", |cloud, call| {
            list_resources(cloud, call, &List { page_limit: PAGE_LIMIT, ..List::of(&FILE_SYSTEM) })
        }),
        write(FILE_STORAGE, "UpdateFileSystem", change),
        write(FILE_STORAGE, "DeleteFileSystem", delete),
        write(FILE_STORAGE, "ChangeFileSystemCompartment", |cloud, call| {
            change_compartment(cloud, call, &FILE_SYSTEM)
        }),
    ],
    kinds: &[&FILE_SYSTEM],
    events: &[],
    seed: None,
};

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_domain(cloud, call)?;
    limits::require_room(cloud, "file-system-count", call.text("availabilityDomain"))?;
    require_policy(cloud, call)?;
    let mut body = facts().project("file_storage", "FileSystem", &call.json);
    if let Some(source) = call.text("sourceSnapshotId") {
        let snapshot = cloud.related("sourceSnapshotId", &SNAPSHOT, source)?;
        require_active(snapshot)?;
        let parent = snapshot.text("fileSystemId").unwrap_or_default();
        let domain = cloud.get(parent).and_then(|parent| parent.text("availabilityDomain"));
        if domain != call.text("availabilityDomain") {
            return Err(ApiError::invalid("availabilityDomain", "a clone lies where its snapshot does"));
        }
        let details = json!({"parentFileSystemId": parent, "sourceSnapshotId": source});
        body.insert("sourceDetails".to_owned(), details);
    }
    for (name, value) in [
        ("meteredBytes", json!(0)),
        ("isCloneParent", json!(false)),
        ("isHydrated", json!(true)),
        ("lifecycleDetails", json!("")),
        ("replicationSourceCount", json!(0)),
    ] {
        body.insert(name.to_owned(), value);
    }
    let id = cloud.insert(New::of(&FILE_SYSTEM, "CREATING", body));
    cloud.after(QUICK, Event::state(&id, "CREATING", "ACTIVE"));
    Ok(Reply::resource(cloud.find(&FILE_SYSTEM, &id)?))
}

/// An empty id takes the policy away.
fn require_policy(cloud: &Cloud, call: &Call) -> Result<(), ApiError> {
    match call.text("filesystemSnapshotPolicyId") {
        None | Some("") => Ok(()),
        Some(id) => cloud.related("filesystemSnapshotPolicyId", &SNAPSHOT_POLICY, id).map(drop),
    }
}

fn change(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_policy(cloud, call)?;
    update(cloud, call, &FILE_SYSTEM)
}

/// Its snapshots go with it.
fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let file_system = cloud.find_live(&FILE_SYSTEM, call.id())?;
    if file_system.state() == Some("DELETING") {
        return Err(ApiError::incorrect_state(format!("File system {} is DELETING", call.id())));
    }
    if let Some(export) = cloud.live_referrers(&EXPORT, call.id()).next() {
        return Err(ApiError::conflict(format!(
            "File system {} cannot be deleted: the export {} refers to it",
            call.id(),
            export.id
        )));
    }
    let snapshots = cloud.live_referrers(&SNAPSHOT, call.id());
    let snapshots = snapshots.filter(|snapshot| snapshot.text("fileSystemId") == Some(call.id()));
    let snapshots: Vec<String> = snapshots.map(|snapshot| snapshot.id.to_string()).collect();
    for id in snapshots {
        super::delete(cloud, &id, QUICK);
    }
    super::delete(cloud, call.id(), QUICK);
    Ok(Reply::no_content())
}
