//! VNIC attachment: which VNIC an instance has. The VNIC's id is known once it is `ATTACHED`.
//!
//! API: Core Services 20160918, `VnicAttachment`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::instance::{INSTANCE, LINGER_SECS};
use super::{COMPUTE, find_changeable};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::network;
use crate::ocid::Style;
use crate::services::{Call, List, Module, NamedEvent, Reply, list_resources, read, write};

/// The type. Only what somebody attached is in the inventory; the first VNIC belongs to its instance.
pub static VNIC_ATTACHMENT: Kind = Kind {
    name: "vnicattachment",
    service: "core",
    model: "VnicAttachment",
    terraform: None,
    style: Style::Regional,
    gone: &["DETACHED"],
    linger_secs: LINGER_SECS,
};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(COMPUTE, "AttachVnic", create),
        read(COMPUTE, "GetVnicAttachment", |cloud, call| {
            Ok(Reply::resource(cloud.find(&VNIC_ATTACHMENT, call.id())?))
        }),
        read(COMPUTE, "ListVnicAttachments", |cloud, call| {
            list_resources(cloud, call, &List::of(&VNIC_ATTACHMENT))
        }),
        write(COMPUTE, "DetachVnic", delete),
    ],
    kinds: &[&VNIC_ATTACHMENT],
    events: &[
        NamedEvent {
            name: ATTACHED,
            run: |cloud, args| {
                let text = |name: &str| args[name].as_str().unwrap_or_default().to_owned();
                let (id, vnic_id) = (text("id"), text("vnicId"));
                if cloud.get(&id).is_some_and(|attachment| attachment.state() == Some("ATTACHING")) {
                    cloud.update(&id, |attachment| {
                        attachment.set("lifecycleState", "ATTACHED");
                        attachment.set("vnicId", vnic_id);
                    });
                }
            },
        },
        NamedEvent {
            name: DETACHED,
            run: |cloud, args| detach(cloud, args["id"].as_str().unwrap_or_default()),
        },
    ],
    seed: None,
};

/// The event at the end of an attachment.
const ATTACHED: &str = "core.vnic.attached";
/// The event at the end of a detachment.
const DETACHED: &str = "core.vnic.detached";
/// Hidden attribute: the VNIC, also before answers show it.
const VNIC_ID: &str = "ownVnicId";
/// From the launch to the first VNIC.
const ATTACH_TIME: Duration = Duration::from_secs(15);

/// Attaches a VNIC that is there to an instance that is there.
pub(super) fn attach(cloud: &mut Cloud, instance_id: &str, vnic_id: &str, name: Option<&str>) -> String {
    let mut body = Map::new();
    if let (Some(instance), Some(vnic)) = (cloud.get(instance_id), cloud.get(vnic_id)) {
        for field in ["availabilityDomain", "compartmentId"] {
            body.insert(field.to_owned(), instance.body.get(field).cloned().unwrap_or_default());
        }
        body.insert("subnetId".to_owned(), json!(vnic.text("subnetId")));
    }
    body.insert("instanceId".to_owned(), json!(instance_id));
    body.insert("nicIndex".to_owned(), json!(0));
    if let Some(name) = name {
        body.insert("displayName".to_owned(), json!(name));
    }
    let id = cloud.insert(New::of(&VNIC_ATTACHMENT, "ATTACHING", body).hidden(VNIC_ID, vnic_id));
    cloud.after(ATTACH_TIME, Event::named(ATTACHED, json!({"id": id, "vnicId": vnic_id})));
    id
}

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let instance_id = call.required_text("instanceId")?.to_owned();
    let instance = cloud.related("instanceId", &INSTANCE, &instance_id)?;
    if !matches!(instance.state(), Some("RUNNING" | "STOPPED")) {
        return Err(ApiError::incorrect_state(format!(
            "Instance {instance_id} is neither RUNNING nor STOPPED"
        )));
    }
    let max = instance.body.get("shapeConfig").and_then(|config| config["maxVnicAttachments"].as_u64());
    let has = cloud.live_referrers(&VNIC_ATTACHMENT, &instance_id).count();
    if u64::try_from(has).unwrap_or(u64::MAX) >= max.unwrap_or(2) {
        return Err(ApiError::limit_exceeded(format!("Instance {instance_id} has {has} VNICs already")));
    }
    let compartment_id = instance.compartment_id().unwrap_or_default().to_owned();
    let details = call.json.get("createVnicDetails").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |name: &str| details.get(name).and_then(Value::as_str);
    let Some(subnet_id) = text("subnetId") else {
        return Err(ApiError::missing("createVnicDetails.subnetId"));
    };
    let names = (subnet_id, text("displayName"), text("hostnameLabel"));
    let vnic_id =
        super::instance::attach_vnic(cloud, &details, names, &compartment_id, &instance_id, call, false)?;
    let id = attach(cloud, &instance_id, &vnic_id, call.text("displayName"));
    cloud.update(&id, |attachment| {
        attachment.set_hidden(super::defaults::DEFAULT_OF, "oci_core_vnic_attachment");
    });
    Ok(Reply::resource(cloud.find(&VNIC_ATTACHMENT, &id)?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let attachment = find_changeable(cloud, &VNIC_ATTACHMENT, call.id())?;
    let vnic = attachment.text(VNIC_ID).and_then(|id| cloud.get(id));
    if vnic.is_some_and(|vnic| vnic.body.get("isPrimary") == Some(&Value::Bool(true))) {
        return Err(ApiError::conflict("The primary VNIC of an instance cannot be detached"));
    }
    cloud.set_state(call.id(), "DETACHING");
    cloud.after(ATTACH_TIME, Event::named(DETACHED, json!({"id": call.id()})));
    Ok(Reply::no_content())
}

/// Takes the VNIC out of its subnet; the attachment stays listed as `DETACHED`.
fn detach(cloud: &mut Cloud, id: &str) {
    let Some(attachment) = cloud.get(id).filter(|attachment| attachment.is_live()) else { return };
    let vnic_id = attachment.text(VNIC_ID).unwrap_or_default().to_owned();
    network::release_vnic(cloud, &vnic_id);
    cloud.terminate(id, "DETACHING", "DETACHED", Duration::ZERO);
}

/// Detaches everything from an instance that ends.
pub(super) fn detach_all(cloud: &mut Cloud, instance_id: &str) {
    let own = |attachment: &&Resource| attachment.text("instanceId") == Some(instance_id);
    let ids: Vec<String> = cloud
        .live_referrers(&VNIC_ATTACHMENT, instance_id)
        .filter(own)
        .map(|attachment| attachment.id.to_string())
        .collect();
    for id in ids {
        detach(cloud, &id);
    }
}
