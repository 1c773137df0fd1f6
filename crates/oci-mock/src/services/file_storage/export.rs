//! Export: a path under which a mount target offers a file system, and who may mount it how.
//!
//! API: File Storage 20171215, `Export`.

use serde_json::{Value, json};

use super::file_system::FILE_SYSTEM;
use super::mount_target::{EXPORT_SET, target_of};
use super::{FILE_STORAGE, PAGE_LIMIT, QUICK, kind, require_active};
use crate::cloud::{Cloud, Event, Kind, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The type.
pub static EXPORT: Kind = kind("export", "Export", "oci_file_storage_export");

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(FILE_STORAGE, "CreateExport", create),
        read(FILE_STORAGE, "GetExport", |cloud, call| Ok(Reply::resource(cloud.find(&EXPORT, call.id())?))),
        read(FILE_STORAGE, "ListExports", list),
        write(FILE_STORAGE, "UpdateExport", update),
        write(FILE_STORAGE, "DeleteExport", delete),
    ],
    kinds: &[&EXPORT],
    events: &[],
    seed: None,
};

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let set_id = call.required_text("exportSetId")?;
    let set = cloud.related("exportSetId", &EXPORT_SET, set_id)?;
    let file_system = cloud.related("fileSystemId", &FILE_SYSTEM, call.required_text("fileSystemId")?)?;
    require_active(file_system)?;
    require_active(set)?;
    if let Some(target) = target_of(cloud, set) {
        require_active(target)?;
    }
    let (here, there) = (set.text("availabilityDomain"), file_system.text("availabilityDomain"));
    if here != there {
        return Err(ApiError::invalid(
            "fileSystemId",
            format!(
                "the file system is in {}, the mount target in {}",
                there.unwrap_or_default(),
                here.unwrap_or_default()
            ),
        ));
    }
    let path = call.required_text("path")?;
    require_free_path(cloud, set_id, path)?;
    let compartment_id = set.compartment_id().unwrap_or_default().to_owned();
    let mut body = facts().project("file_storage", "Export", &call.json);
    body.insert("exportOptions".to_owned(), options(call.json.get("exportOptions")));
    body.entry("isIdmapGroupsForSysAuth").or_insert(json!(false));
    let id = cloud.insert(New::of(&EXPORT, "CREATING", body).hidden("compartmentId", compartment_id));
    cloud.after(QUICK, Event::state(&id, "CREATING", "ACTIVE"));
    Ok(Reply::resource(cloud.find(&EXPORT, &id)?))
}

/// No path twice in a set, and none inside another.
fn require_free_path(cloud: &Cloud, set_id: &str, path: &str) -> Result<(), ApiError> {
    let inside = |outer: &str, inner: &str| {
        let outer = outer.trim_end_matches('/');
        inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
    };
    for other in cloud.live_referrers(&EXPORT, set_id) {
        let taken = other.text("path").unwrap_or_default();
        if taken == path {
            return Err(ApiError::conflict(format!("The path {path} is taken by the export {}", other.id)));
        }
        if inside(taken, path) || inside(path, taken) {
            return Err(ApiError::invalid(
                "path",
                format!("{path} and the existing {taken} lie in each other"),
            ));
        }
    }
    Ok(())
}

/// Without any options everyone may do everything; an option that is given is strict where it is silent.
fn options(given: Option<&Value>) -> Value {
    let Some(Value::Array(given)) = given else {
        return json!([option(&json!({
            "source": "0.0.0.0/0", "requirePrivilegedSourcePort": false, "access": "READ_WRITE",
            "identitySquash": "NONE",
        }))]);
    };
    Value::Array(given.iter().map(option).collect())
}

fn option(given: &Value) -> Value {
    let mut whole = json!({
        "requirePrivilegedSourcePort": true, "access": "READ_ONLY", "identitySquash": "ROOT",
        "anonymousUid": 65534, "anonymousGid": 65534, "isAnonymousAccessAllowed": false, "allowedAuth": ["SYS"],
    });
    for (name, value) in given.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        whole[name] = value.clone();
    }
    whole
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    if ["compartmentId", "exportSetId", "fileSystemId"].iter().all(|name| call.query(name).is_none()) {
        return Err(ApiError::missing("compartmentId, exportSetId or fileSystemId"));
    }
    list_resources(cloud, call, &List { page_limit: PAGE_LIMIT, ..List::of(&EXPORT) })
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_active(cloud.find_live(&EXPORT, call.id())?)?;
    let mut changes = call.json.clone();
    if let Some(given) = call.json.get("exportOptions").filter(|given| given.is_array()) {
        changes.insert("exportOptions".to_owned(), options(Some(given)));
    }
    cloud.update(call.id(), |export| export.merge(&changes));
    Ok(Reply::resource(cloud.find(&EXPORT, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let export = cloud.find_live(&EXPORT, call.id())?;
    if export.state() == Some("DELETING") {
        require_active(export)?;
    }
    super::delete(cloud, call.id(), QUICK);
    Ok(Reply::no_content())
}
