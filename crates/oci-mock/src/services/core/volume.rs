//! Block volumes and their backups.
//!
//! API: Core Services 20160918, `Volume`, `VolumeBackup`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::boot_volume::{check_vpus, set_size};
use super::volume_attachment::VOLUME_ATTACHMENT;
use super::{BLOCKSTORAGE, default_field, end, find_changeable, limits, merge, network_kind, provision};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// Volumes.
pub static VOLUME: Kind = network_kind("volume", "Volume", Some("oci_core_volume"));
/// Backups of volumes.
pub static VOLUME_BACKUP: Kind = network_kind("volumebackup", "VolumeBackup", Some("oci_core_volume_backup"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(BLOCKSTORAGE, "CreateVolume", create),
        read(BLOCKSTORAGE, "GetVolume", |cloud, call| Ok(Reply::resource(cloud.find(&VOLUME, call.id())?))),
        read(BLOCKSTORAGE, "ListVolumes", |cloud, call| list_resources(cloud, call, &List::of(&VOLUME))),
        write(BLOCKSTORAGE, "UpdateVolume", update),
        write(BLOCKSTORAGE, "DeleteVolume", delete),
        write(BLOCKSTORAGE, "CreateVolumeBackup", create_backup),
        read(BLOCKSTORAGE, "GetVolumeBackup", |cloud, call| {
            Ok(Reply::resource(cloud.find(&VOLUME_BACKUP, call.id())?))
        }),
        read(BLOCKSTORAGE, "ListVolumeBackups", |cloud, call| {
            list_resources(cloud, call, &List::of(&VOLUME_BACKUP))
        }),
        write(BLOCKSTORAGE, "UpdateVolumeBackup", |cloud, call| merge(cloud, &VOLUME_BACKUP, call)),
        write(BLOCKSTORAGE, "DeleteVolumeBackup", |cloud, call| {
            find_changeable(cloud, &VOLUME_BACKUP, call.id())?;
            Ok(end(cloud, call.id()))
        }),
    ],
    kinds: &[&VOLUME, &VOLUME_BACKUP],
    events: &[],
    seed: None,
};

/// Making a volume takes some seconds.
const CREATE_TIME: Duration = Duration::from_secs(8);
/// The size of a volume that nobody gave one (Oracle's API reference).
const DEFAULT_SIZE: i64 = 1024;

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let source = source(cloud, call)?;
    let inherited = source.and_then(|source| source.text("availabilityDomain"));
    let Some(domain) = call.text("availabilityDomain").or(inherited) else {
        return Err(ApiError::missing("availabilityDomain"));
    };
    check_domain(cloud, domain)?;
    let least = source.and_then(|source| source.body.get("sizeInGBs")).and_then(Value::as_i64);
    let size = call.integer("sizeInGBs").or(call.integer("sizeInMBs").map(|size| size / 1024));
    let size = size.or(least).unwrap_or(DEFAULT_SIZE);
    if least.is_some_and(|least| size < least) {
        return Err(ApiError::invalid("sizeInGBs", format!("{size} is less than the source has")));
    }
    let vpus = call.integer("vpusPerGB").unwrap_or(10);
    check_vpus("vpusPerGB", vpus, 0)?;
    limits::check(cloud, "volume-count", Some(domain), 1.0)?;
    #[expect(clippy::cast_precision_loss, reason = "a volume has at most 32,768 gigabytes")]
    limits::check(cloud, "total-storage-gb", Some(domain), size as f64)?;
    let mut body = facts().project("core", "Volume", &call.json);
    body.insert("availabilityDomain".to_owned(), json!(domain));
    body.insert("vpusPerGB".to_owned(), json!(vpus));
    body.insert("isHydrated".to_owned(), json!(true));
    default_field(&mut body, "isAutoTuneEnabled", false);
    default_field(&mut body, "isReservationsEnabled", false);
    set_size(&mut body, size);
    show_replicas(cloud, &mut body, &[], call);
    provision(cloud, New::of(&VOLUME, "PROVISIONING", body), CREATE_TIME)
}

/// The volume or backup that the new one is a copy of.
fn source<'c>(cloud: &'c Cloud, call: &Call) -> Result<Option<&'c Resource>, ApiError> {
    if let Some(id) = call.text("volumeBackupId") {
        return cloud.related("volumeBackupId", &VOLUME_BACKUP, id).map(Some);
    }
    let Some(details) = call.json.get("sourceDetails") else { return Ok(None) };
    let id = details["id"].as_str().unwrap_or_default();
    match details["type"].as_str() {
        Some("volume") => cloud.related("sourceDetails.id", &VOLUME, id).map(Some),
        Some("volumeBackup") => cloud.related("sourceDetails.id", &VOLUME_BACKUP, id).map(Some),
        Some("volumeBackupDelta") => {
            let backup = |field: &str| {
                let id = details[field].as_str().unwrap_or_default();
                cloud.related(&format!("sourceDetails.{field}"), &VOLUME_BACKUP, id)
            };
            backup("firstBackupId")?;
            backup("secondBackupId").map(Some)
        }
        other => {
            let why = format!("the mock makes no volume from {}", other.unwrap_or("nothing"));
            Err(ApiError::invalid("sourceDetails.type", why))
        }
    }
}

/// Copies in other availability domains. They are told with their volume; the tables have no operations on them.
static REPLICA: Kind = network_kind("blockvolumereplica", "BlockVolumeReplicaInfo", None);

/// Puts into `body` the copies that a request asks for, in the shape in which answers show them. One that was there
/// stays what it was; a request that says nothing about copies leaves them alone.
fn show_replicas(cloud: &mut Cloud, body: &mut Map<String, Value>, old: &[Value], call: &Call) {
    let Some(asked) = body.remove("blockVolumeReplicas").filter(|asked| !asked.is_null()) else { return };
    let volume = call.text("displayName").unwrap_or("volume").to_owned();
    let mut shown = Vec::new();
    for asked in asked.as_array().into_iter().flatten() {
        let there = old.iter().find(|old| old["availabilityDomain"] == asked["availabilityDomain"]);
        let mut replica = there.cloned().unwrap_or_else(|| {
            json!({
                "availabilityDomain": asked["availabilityDomain"], "displayName": format!("{volume}-replica"),
                "blockVolumeReplicaId": cloud.new_ocid(&REPLICA),
            })
        });
        for (field, told) in [("displayName", "displayName"), ("xrrKmsKeyId", "kmsKeyId")] {
            if asked[field].is_string() {
                replica[told] = asked[field].clone();
            }
        }
        shown.push(replica);
    }
    body.insert("blockVolumeReplicas".to_owned(), Value::Array(shown));
}

/// Refuses what is no availability domain of this region.
///
/// # Errors
/// 400.
pub(super) fn check_domain(cloud: &Cloud, domain: &str) -> Result<(), ApiError> {
    if cloud.place().availability_domains().iter().any(|known| known == domain) {
        return Ok(());
    }
    Err(ApiError::invalid("availabilityDomain", format!("{domain:?} is not an availability domain")))
}

/// Volumes grow only.
///
/// # Errors
/// 400.
pub(super) fn check_growth(volume: &Resource, call: &Call) -> Result<(), ApiError> {
    let old = volume.body.get("sizeInGBs").and_then(Value::as_i64).unwrap_or(0);
    match call.integer("sizeInGBs") {
        Some(new) if new < old => {
            Err(ApiError::invalid("sizeInGBs", format!("{new} is less than {old}: a volume cannot shrink")))
        }
        _ => Ok(()),
    }
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let volume = find_changeable(cloud, &VOLUME, call.id())?;
    check_growth(volume, call)?;
    if let Some(vpus) = call.integer("vpusPerGB") {
        check_vpus("vpusPerGB", vpus, 0)?;
    }
    let mut changes = call.json.clone();
    let replicas = volume.body.get("blockVolumeReplicas").and_then(Value::as_array).cloned();
    show_replicas(cloud, &mut changes, &replicas.unwrap_or_default(), call);
    cloud.update(call.id(), |volume| {
        volume.merge(&changes);
        if let Some(size) = call.integer("sizeInGBs") {
            set_size(&mut volume.body, size);
        }
    });
    Ok(Reply::resource(cloud.find(&VOLUME, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &VOLUME, call.id())?;
    if let Some(attachment) = cloud.live_referrers(&VOLUME_ATTACHMENT, call.id()).next() {
        return Err(ApiError::conflict(format!(
            "Volume {} is attached to instance {}",
            call.id(),
            attachment.text("instanceId").unwrap_or_default()
        )));
    }
    Ok(end(cloud, call.id()))
}

fn create_backup(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let volume_id = call.required_text("volumeId")?;
    let volume = cloud.related("volumeId", &VOLUME, volume_id)?;
    let mut body: Map<String, Value> = facts().project("core", "VolumeBackup", &call.json);
    for field in ["compartmentId", "sizeInGBs", "sizeInMBs"] {
        body.insert(field.to_owned(), volume.body.get(field).cloned().unwrap_or_default());
    }
    default_field(&mut body, "type", "INCREMENTAL");
    body.insert("sourceType".to_owned(), json!("MANUAL"));
    body.insert("timeRequestReceived".to_owned(), json!(cloud.now().rfc3339()));
    let id = cloud.insert(New::of(&VOLUME_BACKUP, "CREATING", body));
    cloud.after(Duration::from_secs(30), Event::state(&id, "CREATING", "AVAILABLE"));
    Ok(Reply::resource(cloud.find(&VOLUME_BACKUP, &id)?))
}
