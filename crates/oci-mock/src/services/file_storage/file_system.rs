//! File system: what is exported through mount targets of the same availability domain.
//!
//! API: File Storage 20171215, `FileSystem`.

use std::time::Duration;

use serde_json::{Value, json};

use super::export::EXPORT;
use super::snapshot::{SNAPSHOT, SNAPSHOT_POLICY};
use super::{
    FILE_STORAGE, PAGE_LIMIT, QUICK, change_compartment, kind, require_active, require_domain, update,
};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, NamedEvent, Reply, limits, list_resources, read, write};

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
    events: &[NamedEvent { name: DETACHED, run: detached }],
    seed: None,
};

/// The event at the end of a detachment.
const DETACHED: &str = "file_storage.clone.detached";
/// Copying what a clone shares with its parent takes as long as there is data; there is none here.
const DETACH_TIME: Duration = Duration::from_secs(30);

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
        let detaches = call.text("cloneAttachStatus") == Some("DETACH");
        let status = if detaches { "DETACHING" } else { "ATTACHED" };
        body.insert("cloneAttachStatus".to_owned(), json!(status));
    } else {
        body.remove("cloneAttachStatus");
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
    mark_source(cloud, &id);
    if attachment(cloud.find(&FILE_SYSTEM, &id)?) == Some("DETACHING") {
        cloud.after(DETACH_TIME, Event::named(DETACHED, json!({"id": id})));
    }
    Ok(Reply::resource(cloud.find(&FILE_SYSTEM, &id)?))
}

/// What a clone is made of shows that it has clones.
fn mark_source(cloud: &mut Cloud, clone: &str) {
    let details = cloud.get(clone).and_then(|clone| clone.body.get("sourceDetails")).cloned();
    for (field, flag) in [("parentFileSystemId", "isCloneParent"), ("sourceSnapshotId", "isCloneSource")] {
        if let Some(id) = details.as_ref().and_then(|details| details[field].as_str()) {
            cloud.update(id, |source| source.set(flag, true));
        }
    }
}

/// How a file system hangs on the one that it is a clone of; none for one that is no clone.
fn attachment(file_system: &Resource) -> Option<&str> {
    file_system.text("cloneAttachStatus")
}

fn detached(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    if cloud.get(id).is_some() {
        cloud.update(id, |clone| clone.set("cloneAttachStatus", "DETACHED"));
    }
}

/// The root of a tree of clones stays until they are gone or detached; a single one may be detached with the deletion.
///
/// # Source
/// Oracle's documentation, "Deleting a File System" and "Cannot Delete a File System".
fn release_clones(cloud: &mut Cloud, call: &Call) -> Result<(), ApiError> {
    let is_attached =
        |file_system: &Resource| matches!(attachment(file_system), Some("ATTACHED" | "DETACHING"));
    if is_attached(cloud.find_live(&FILE_SYSTEM, call.id())?) {
        return Ok(());
    }
    let is_clone = |other: &&Resource| {
        is_attached(other)
            && other.body.get("sourceDetails").is_some_and(|source| source["parentFileSystemId"] == call.id())
    };
    let clones: Vec<String> = cloud
        .live_referrers(&FILE_SYSTEM, call.id())
        .filter(is_clone)
        .map(|clone| clone.id.to_string())
        .collect();
    match &clones[..] {
        [] => Ok(()),
        [clone] if call.query("canDetachChildFileSystem") == Some("true") => {
            cloud.update(clone, |clone| clone.set("cloneAttachStatus", "DETACHED"));
            Ok(())
        }
        [clone, ..] => Err(ApiError::conflict(format!(
            "File system {} cannot be deleted: {clone} is a clone of it",
            call.id()
        ))),
    }
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
    release_clones(cloud, call)?;
    let snapshots = cloud.live_referrers(&SNAPSHOT, call.id());
    let snapshots = snapshots.filter(|snapshot| snapshot.text("fileSystemId") == Some(call.id()));
    let snapshots: Vec<String> = snapshots.map(|snapshot| snapshot.id.to_string()).collect();
    for id in snapshots {
        super::delete(cloud, &id, QUICK);
    }
    super::delete(cloud, call.id(), QUICK);
    Ok(Reply::no_content())
}
