//! Volume attachment: a block volume on an instance.
//!
//! The request says `type`, the answer `attachmentType`. API: Core Services 20160918, `VolumeAttachment`.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::boot_volume::set_size;
use super::instance::{INSTANCE, LINGER_SECS};
use super::volume::VOLUME;
use super::{COMPUTE, find_changeable};
use crate::cloud::{Affected, Cloud, Event, Kind, New, Resource, WorkRequest};
use crate::error::ApiError;
use crate::facts::facts;
use crate::ocid::{self, Style};
use crate::services::{Call, List, Module, NamedEvent, Reply, list_resources, read, work_requests, write};

/// The type.
pub static VOLUME_ATTACHMENT: Kind = Kind {
    name: "volumeattachment",
    service: "core",
    model: "VolumeAttachment",
    terraform: Some("oci_core_volume_attachment"),
    style: Style::Regional,
    gone: &["DETACHED"],
    linger_secs: LINGER_SECS,
};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(COMPUTE, "AttachVolume", create),
        read(COMPUTE, "GetVolumeAttachment", |cloud, call| {
            Ok(Reply::resource(cloud.find(&VOLUME_ATTACHMENT, call.id())?))
        }),
        read(COMPUTE, "ListVolumeAttachments", |cloud, call| {
            list_resources(cloud, call, &List::of(&VOLUME_ATTACHMENT))
        }),
        write(COMPUTE, "DetachVolume", delete),
    ],
    kinds: &[&VOLUME_ATTACHMENT],
    events: &[NamedEvent {
        name: READY,
        run: |cloud, args| {
            if let Some(id) = args["id"].as_str()
                && cloud.get(id).is_some_and(|attachment| attachment.state() == Some("ATTACHING"))
            {
                cloud.set_state(id, "ATTACHED");
            }
        },
    }],
    seed: None,
};

/// The event at the end of an attachment.
const READY: &str = "core.volume.attached";
/// Attaching and detaching take some seconds.
const CHANGE_TIME: Duration = Duration::from_secs(10);

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let instance_id = call.required_text("instanceId")?;
    let instance = cloud.related("instanceId", &INSTANCE, instance_id)?;
    if !matches!(instance.state(), Some("RUNNING" | "STOPPED")) {
        return Err(ApiError::incorrect_state(format!(
            "Instance {instance_id} is neither RUNNING nor STOPPED"
        )));
    }
    let volume_id = call.required_text("volumeId")?;
    let shareable = call.flag("isShareable").unwrap_or(false);
    check_volume(
        cloud,
        volume_id,
        instance.text("availabilityDomain").unwrap_or_default(),
        shareable,
        "volumeId",
    )?;
    if let Some(device) = call.text("device") {
        let mut others = cloud.live_referrers(&VOLUME_ATTACHMENT, instance_id);
        if others.any(|other| other.text("device") == Some(device)) {
            return Err(ApiError::conflict(format!("Device {device} of instance {instance_id} is in use")));
        }
    }
    let compartment_id = instance.compartment_id().unwrap_or_default().to_owned();
    let id = insert(cloud, &call.json, instance_id, volume_id);
    cloud.after(CHANGE_TIME, Event::named(READY, json!({"id": id})));
    let work_request = work_request(cloud, "AttachVolume", &compartment_id, &id, "CREATED");
    Ok(Reply::resource(cloud.find(&VOLUME_ATTACHMENT, &id)?).work_request(&work_request))
}

/// A volume has one attachment, unless all of them are shareable, and lies where its instance is.
fn check_volume(cloud: &Cloud, id: &str, domain: &str, shareable: bool, field: &str) -> Result<(), ApiError> {
    let volume = cloud.related(field, &VOLUME, id)?;
    if volume.state() != Some("AVAILABLE") {
        return Err(ApiError::incorrect_state(format!("Volume {id} is not AVAILABLE")));
    }
    if volume.text("availabilityDomain") != Some(domain) {
        return Err(ApiError::invalid(
            field,
            format!("volume {id} and the instance are not in the same availability domain"),
        ));
    }
    let alone = |other: &&Resource| !shareable || other.body.get("isShareable") != Some(&Value::Bool(true));
    match cloud.live_referrers(&VOLUME_ATTACHMENT, id).find(alone) {
        Some(other) => {
            Err(ApiError::conflict(format!("Volume {id} is attached already, by attachment {}", other.id)))
        }
        None => Ok(()),
    }
}

fn insert(cloud: &mut Cloud, request: &Map<String, Value>, instance_id: &str, volume_id: &str) -> String {
    let kind = match request.get("type").and_then(Value::as_str) {
        Some("service_determined") | None => "paravirtualized",
        Some(kind) => kind,
    };
    let id = cloud.new_ocid(&VOLUME_ATTACHMENT);
    let mut body = facts().project("core", "VolumeAttachment", request);
    body.retain(|_, value| !value.is_null());
    if let Some(instance) = cloud.get(instance_id) {
        for field in ["availabilityDomain", "compartmentId"] {
            body.insert(field.to_owned(), instance.body.get(field).cloned().unwrap_or_default());
        }
    }
    body.insert("attachmentType".to_owned(), json!(kind));
    body.insert("instanceId".to_owned(), json!(instance_id));
    body.insert("volumeId".to_owned(), json!(volume_id));
    super::default_field(&mut body, "isReadOnly", false);
    super::default_field(&mut body, "isShareable", false);
    super::default_field(&mut body, "isPvEncryptionInTransitEnabled", false);
    if kind == "iscsi" {
        iscsi(cloud, &id, request, &mut body);
    }
    cloud.insert(New::of(&VOLUME_ATTACHMENT, "ATTACHING", body).id(id.as_str()));
    id
}

/// How an instance finds an iSCSI volume: a link-local address, a name, and secrets when asked for.
fn iscsi(cloud: &Cloud, id: &str, request: &Map<String, Value>, body: &mut Map<String, Value>) {
    let seed = cloud.place().seed;
    let digits = ocid::hex(seed, &format!("iscsi/{id}"), 48);
    let octet = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or(2).clamp(2, 250);
    let address = Ipv4Addr::new(169, 254, 2, octet(0));
    body.insert("ipv4".to_owned(), json!(address.to_string()));
    body.insert("port".to_owned(), json!(3260));
    body.insert("iqn".to_owned(), json!(format!("iqn.2015-12.com.oracleiaas:{digits}")));
    if request.get("useChap").and_then(Value::as_bool) == Some(true) {
        body.insert("chapUsername".to_owned(), json!(id));
        body.insert("chapSecret".to_owned(), json!(&ocid::hex(seed, &format!("chap/{id}"), 20)));
    }
    let encryption = request.get("encryptionInTransitType").filter(|given| !given.is_null()).cloned();
    body.insert("encryptionInTransitType".to_owned(), encryption.unwrap_or(json!("NONE")));
    let login = request.get("isAgentAutoIscsiLoginEnabled").cloned();
    body.insert("isAgentAutoIscsiLoginEnabled".to_owned(), login.unwrap_or(json!(false)));
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let attachment = find_changeable(cloud, &VOLUME_ATTACHMENT, call.id())?;
    let compartment_id = attachment.compartment_id().unwrap_or_default().to_owned();
    cloud.terminate(call.id(), "DETACHING", "DETACHED", CHANGE_TIME);
    let work_request = work_request(cloud, "DetachVolume", &compartment_id, call.id(), "DELETED");
    Ok(Reply::no_content().work_request(&work_request))
}

fn work_request(
    cloud: &mut Cloud,
    kind: &str,
    compartment_id: &str,
    id: &str,
    action: &'static str,
) -> String {
    cloud.start_work_request(&WorkRequest {
        flavour: &work_requests::CORE,
        operation_type: kind,
        compartment_id,
        affected: vec![Affected {
            entity_type: "volumeAttachment",
            action,
            id: id.to_owned(),
            uri: format!("/20160918/volumeAttachments/{id}"),
        }],
        duration: CHANGE_TIME,
    })
}

/// A volume of a launch: one that is there, or one to be made.
pub(super) struct LaunchVolume {
    request: Map<String, Value>,
    volume_id: Option<String>,
}

/// Hidden attribute of a volume that a launch made.
const MADE_AT_LAUNCH: &str = "madeAtLaunch";

/// The volumes that a launch asks for.
///
/// # Errors
/// As those of an attachment.
pub(super) fn check_launch_volumes(
    cloud: &Cloud,
    call: &Call,
    domain: &str,
) -> Result<Vec<LaunchVolume>, ApiError> {
    let asked = call.json.get("launchVolumeAttachments").and_then(Value::as_array);
    let mut volumes = Vec::new();
    for (index, request) in asked.into_iter().flatten().filter_map(Value::as_object).enumerate() {
        let volume_id = request.get("volumeId").and_then(Value::as_str).map(str::to_owned);
        let field = format!("launchVolumeAttachments[{index}].volumeId");
        match &volume_id {
            Some(id) => check_volume(cloud, id, domain, false, &field)?,
            None if request.get("launchCreateVolumeDetails").is_none_or(Value::is_null) => {
                return Err(ApiError::missing(&field));
            }
            None => {}
        }
        volumes.push(LaunchVolume { request: request.clone(), volume_id });
    }
    Ok(volumes)
}

/// Makes and attaches the volumes of a launch; they are `ATTACHED` when the instance runs.
pub(super) fn attach_at_launch(
    cloud: &mut Cloud,
    instance_id: &str,
    volumes: &[LaunchVolume],
    duration: Duration,
) {
    for volume in volumes {
        let volume_id = match &volume.volume_id {
            Some(id) => id.clone(),
            None => make(cloud, instance_id, &volume.request["launchCreateVolumeDetails"]),
        };
        let id = insert(cloud, &volume.request, instance_id, &volume_id);
        let made = volume.volume_id.is_none();
        cloud.update(&id, |attachment| attachment.set("isVolumeCreatedDuringLaunch", made));
        cloud.after(duration, Event::named(READY, json!({"id": id})));
    }
}

fn make(cloud: &mut Cloud, instance_id: &str, details: &Value) -> String {
    let mut body = Map::new();
    if let Some(instance) = cloud.get(instance_id) {
        for field in ["availabilityDomain", "compartmentId"] {
            body.insert(field.to_owned(), instance.body.get(field).cloned().unwrap_or_default());
        }
    }
    for field in ["displayName", "compartmentId", "vpusPerGB"] {
        if !details[field].is_null() {
            body.insert(field.to_owned(), details[field].clone());
        }
    }
    super::default_field(&mut body, "vpusPerGB", 10);
    set_size(&mut body, details["sizeInGBs"].as_i64().unwrap_or(50));
    let id = cloud.insert(New::of(&VOLUME, "PROVISIONING", body).hidden(MADE_AT_LAUNCH, true));
    cloud.after(CHANGE_TIME, Event::state(&id, "PROVISIONING", "AVAILABLE"));
    id
}

/// Detaches everything from an instance that ends; volumes that its launch made may go with it.
pub(super) fn detach_all(cloud: &mut Cloud, instance_id: &str, preserve: bool) {
    let attachments: Vec<(String, String)> = cloud
        .live_referrers(&VOLUME_ATTACHMENT, instance_id)
        .map(|attachment| {
            (attachment.id.to_string(), attachment.text("volumeId").unwrap_or_default().to_owned())
        })
        .collect();
    for (id, volume_id) in attachments {
        cloud.terminate(&id, "DETACHING", "DETACHED", Duration::ZERO);
        let made = cloud
            .get(&volume_id)
            .is_some_and(|volume| volume.is_live() && volume.hidden.contains_key(MADE_AT_LAUNCH));
        if made && !preserve {
            cloud.terminate(&volume_id, "TERMINATING", "TERMINATED", Duration::from_secs(2));
        }
    }
}
