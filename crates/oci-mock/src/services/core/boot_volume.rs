//! Boot volumes and their attachments: made by a launch, gone with the instance unless preserved.
//!
//! API: Core Services 20160918, `BootVolume`, `BootVolumeAttachment`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::defaults::DEFAULT_OF;
use super::instance::LINGER_SECS;
use super::{BLOCKSTORAGE, COMPUTE, end, find_changeable, network_kind, provision};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::ocid::Style;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// Boot volumes. The inventory lists those that outlive their instance.
pub static BOOT_VOLUME: Kind = network_kind("bootvolume", "BootVolume", None);

/// Their attachments.
pub static BOOT_VOLUME_ATTACHMENT: Kind = Kind {
    name: "bootvolumeattachment",
    service: "core",
    model: "BootVolumeAttachment",
    terraform: None,
    style: Style::Regional,
    gone: &["DETACHED"],
    linger_secs: LINGER_SECS,
};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(BLOCKSTORAGE, "CreateBootVolume", create),
        read(BLOCKSTORAGE, "GetBootVolume", |cloud, call| {
            Ok(Reply::resource(cloud.find(&BOOT_VOLUME, call.id())?))
        }),
        read(BLOCKSTORAGE, "ListBootVolumes", |cloud, call| {
            list_resources(cloud, call, &List::of(&BOOT_VOLUME))
        }),
        write(BLOCKSTORAGE, "UpdateBootVolume", update),
        write(BLOCKSTORAGE, "DeleteBootVolume", delete),
        read(COMPUTE, "GetBootVolumeAttachment", |cloud, call| {
            Ok(Reply::resource(cloud.find(&BOOT_VOLUME_ATTACHMENT, call.id())?))
        }),
        read(COMPUTE, "ListBootVolumeAttachments", |cloud, call| {
            list_resources(cloud, call, &List::of(&BOOT_VOLUME_ATTACHMENT))
        }),
    ],
    kinds: &[&BOOT_VOLUME, &BOOT_VOLUME_ATTACHMENT],
    events: &[],
    seed: None,
};

/// Making a boot volume from an image, and attaching it.
const CREATE_TIME: Duration = Duration::from_secs(10);
const ATTACH_TIME: Duration = Duration::from_secs(20);

/// Performance units are steps of ten.
///
/// # Errors
/// 400, naming the field.
pub(super) fn check_vpus(field: &str, vpus: i64, min: i64) -> Result<(), ApiError> {
    if (min..=120).contains(&vpus) && vpus % 10 == 0 {
        return Ok(());
    }
    Err(ApiError::invalid(field, format!("{vpus} is not a multiple of 10 from {min} to 120")))
}

/// Makes the boot volume of an instance.
pub(super) fn create_from_image(
    cloud: &mut Cloud,
    instance_id: &str,
    image_id: &str,
    size: i64,
    vpus: i64,
) -> String {
    let mut body = Map::new();
    if let Some(instance) = cloud.get(instance_id) {
        for field in ["availabilityDomain", "compartmentId"] {
            body.insert(field.to_owned(), instance.body.get(field).cloned().unwrap_or_default());
        }
        let name = instance.text("displayName").unwrap_or_default();
        body.insert("displayName".to_owned(), json!(format!("{name} (Boot Volume)")));
    }
    body.insert("imageId".to_owned(), json!(image_id));
    set_size(&mut body, size);
    body.insert("vpusPerGB".to_owned(), json!(vpus));
    body.insert("isHydrated".to_owned(), json!(true));
    let id = cloud.insert(New::of(&BOOT_VOLUME, "PROVISIONING", body));
    cloud.after(CREATE_TIME, Event::state(&id, "PROVISIONING", "AVAILABLE"));
    id
}

/// Sizes stand in answers twice, in gigabytes and megabytes.
pub(super) fn set_size(body: &mut Map<String, Value>, gigabytes: i64) {
    body.insert("sizeInGBs".to_owned(), json!(gigabytes));
    body.insert("sizeInMBs".to_owned(), json!(gigabytes * 1024));
}

/// A boot volume that an instance in this availability domain may start from.
///
/// # Errors
/// 400 when it is not there or elsewhere, 409 when another instance has it.
pub(super) fn usable<'c>(
    cloud: &'c Cloud,
    field: &str,
    id: &'c str,
    domain: &str,
) -> Result<&'c Resource, ApiError> {
    let volume = cloud.related(field, &BOOT_VOLUME, id)?;
    if volume.text("availabilityDomain") != Some(domain) {
        return Err(ApiError::invalid(field, format!("boot volume {id} is not in {domain}")));
    }
    if let Some(attachment) = cloud.live_referrers(&BOOT_VOLUME_ATTACHMENT, id).next() {
        let instance = attachment.text("instanceId").unwrap_or_default();
        return Err(ApiError::conflict(format!("Boot volume {id} is attached to instance {instance}")));
    }
    Ok(volume)
}

/// Attaches a boot volume to its instance.
pub(super) fn attach(cloud: &mut Cloud, instance_id: &str, volume_id: &str) {
    let mut body = Map::new();
    if let Some(instance) = cloud.get(instance_id) {
        for field in ["availabilityDomain", "compartmentId"] {
            body.insert(field.to_owned(), instance.body.get(field).cloned().unwrap_or_default());
        }
    }
    body.insert("instanceId".to_owned(), json!(instance_id));
    body.insert("bootVolumeId".to_owned(), json!(volume_id));
    body.insert("displayName".to_owned(), json!("Remote boot attachment for instance"));
    body.insert("isPvEncryptionInTransitEnabled".to_owned(), json!(false));
    body.insert("encryptionInTransitType".to_owned(), json!("NONE"));
    let id = cloud.insert(New::of(&BOOT_VOLUME_ATTACHMENT, "ATTACHING", body));
    cloud.after(ATTACH_TIME, Event::state(&id, "ATTACHING", "ATTACHED"));
    if cloud.get(volume_id).is_some() {
        // While it is attached it is a part of its instance.
        cloud.update(volume_id, |volume| {
            volume.hidden.remove(DEFAULT_OF);
        });
    }
}

/// Detaches the boot volume of an instance and keeps or deletes it.
pub(super) fn detach_all(cloud: &mut Cloud, instance_id: &str, preserve: bool) {
    let attachments: Vec<(String, String)> = cloud
        .live_referrers(&BOOT_VOLUME_ATTACHMENT, instance_id)
        .map(|attachment| {
            let volume = attachment.text("bootVolumeId").unwrap_or_default();
            (attachment.id.to_string(), volume.to_owned())
        })
        .collect();
    for (id, volume_id) in attachments {
        cloud.terminate(&id, "DETACHING", "DETACHED", Duration::ZERO);
        if cloud.get(&volume_id).is_none_or(|volume| !volume.is_live()) {
            continue;
        }
        if preserve {
            cloud.update(&volume_id, |volume| volume.set_hidden(DEFAULT_OF, "oci_core_boot_volume"));
        } else {
            cloud.terminate(&volume_id, "TERMINATING", "TERMINATED", Duration::from_secs(2));
        }
    }
}

/// A copy of another boot volume.
fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let details = call.json.get("sourceDetails").cloned().unwrap_or_default();
    if details["type"] != "bootVolume" {
        return Err(ApiError::invalid("sourceDetails.type", "the mock copies boot volumes only"));
    }
    let source_id = details["id"].as_str().unwrap_or_default();
    let source = cloud.related("sourceDetails.id", &BOOT_VOLUME, source_id)?;
    let domain = call.text("availabilityDomain").or(source.text("availabilityDomain")).unwrap_or_default();
    super::volume::check_domain(cloud, domain)?;
    let least = source.body.get("sizeInGBs").and_then(Value::as_i64).unwrap_or(50);
    let size = call.integer("sizeInGBs").unwrap_or(least);
    if size < least {
        return Err(ApiError::invalid("sizeInGBs", format!("{size} is less than the source's {least}")));
    }
    let vpus = call.integer("vpusPerGB").unwrap_or(10);
    check_vpus("vpusPerGB", vpus, 10)?;
    let mut body = facts().project("core", "BootVolume", &call.json);
    body.insert("availabilityDomain".to_owned(), json!(domain));
    body.insert("imageId".to_owned(), json!(source.text("imageId")));
    body.insert("vpusPerGB".to_owned(), json!(vpus));
    body.insert("isHydrated".to_owned(), json!(true));
    set_size(&mut body, size);
    let new = New::of(&BOOT_VOLUME, "PROVISIONING", body).hidden(DEFAULT_OF, "oci_core_boot_volume");
    provision(cloud, new, CREATE_TIME)
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let volume = find_changeable(cloud, &BOOT_VOLUME, call.id())?;
    super::volume::check_growth(volume, call)?;
    if let Some(vpus) = call.integer("vpusPerGB") {
        check_vpus("vpusPerGB", vpus, 10)?;
    }
    cloud.update(call.id(), |volume| {
        volume.merge(&call.json);
        if let Some(size) = call.integer("sizeInGBs") {
            set_size(&mut volume.body, size);
        }
    });
    Ok(Reply::resource(cloud.find(&BOOT_VOLUME, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &BOOT_VOLUME, call.id())?;
    if let Some(attachment) = cloud.live_referrers(&BOOT_VOLUME_ATTACHMENT, call.id()).next() {
        return Err(ApiError::conflict(format!(
            "Boot volume {} is attached to instance {}",
            call.id(),
            attachment.text("instanceId").unwrap_or_default()
        )));
    }
    Ok(end(cloud, call.id()))
}
