//! Changing an instance: names at once, shape and place with a reboot, some things never.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::capacity::{Need, Room, room};
use super::super::image::IMAGE;
use super::super::{boot_volume, find_changeable, limits};
use super::config::{Size, check_metadata, check_runs_on, offered, shown_config, size};
use super::{INSTANCE, power, start_work_request};
use crate::cloud::{Cloud, Place, Resource};
use crate::error::ApiError;
use crate::services::{Call, Reply};

/// How long a change of shape takes, reboot included.
const CHANGE_TIME: Duration = Duration::from_secs(90);
/// What the instance keeps for life (Oracle's API reference, `UpdateInstanceDetails.metadata`).
const FIXED_METADATA: [&str; 2] = ["ssh_authorized_keys", "user_data"];
/// Objects of which an update may send a part.
const PARTIAL: [&str; 5] =
    ["agentConfig", "instanceOptions", "availabilityConfig", "launchOptions", "platformConfig"];

pub(super) fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let instance = find_changeable(cloud, &INSTANCE, call.id())?;
    check_fixed_metadata(instance, call)?;
    check_metadata(&call.json)?;
    let mut changes = call.json.clone();
    for steering in ["updateOperationConstraint", "shape", "shapeConfig", "sourceDetails", "faultDomain"] {
        changes.remove(steering);
    }
    for field in PARTIAL {
        if let (Some(Value::Object(old)), Some(Value::Object(new))) =
            (instance.body.get(field), changes.get(field))
        {
            let given = new.iter().filter(|(_, value)| !value.is_null());
            let mut merged = old.clone();
            merged.extend(given.map(|(name, value)| (name.clone(), value.clone())));
            changes.insert(field.to_owned(), Value::Object(merged));
        }
    }
    let moved = placement(cloud, instance, call)?;
    let image = replacement(cloud, instance, call)?;
    let needs_reboot = !moved.is_empty() || image.is_some();
    check_downtime(instance, call, needs_reboot)?;
    let is_running = instance.state() == Some("RUNNING");
    changes.extend(moved);
    cloud.update(call.id(), |instance| instance.merge(&changes));
    if let Some(image_id) = image {
        replace_boot_volume(cloud, call, &image_id);
    }
    let duration = if needs_reboot { CHANGE_TIME } else { Duration::from_secs(1) };
    if needs_reboot && is_running {
        power::restart(cloud, call.id(), CHANGE_TIME);
    }
    let work_request = start_work_request(cloud, "UpdateInstance", call.id(), "UPDATED", duration);
    Ok(Reply::resource(cloud.find(&INSTANCE, call.id())?).work_request(&work_request))
}

/// Metadata is replaced as a whole; the keys and the user data must come back as they were.
fn check_fixed_metadata(instance: &Resource, call: &Call) -> Result<(), ApiError> {
    let Some(Value::Object(new)) = call.json.get("metadata") else { return Ok(()) };
    let old = instance.body.get("metadata").unwrap_or(&Value::Null);
    for name in FIXED_METADATA {
        if new.get(name).unwrap_or(&Value::Null) != &old[name] {
            return Err(ApiError::invalid(
                &format!("metadata.{name}"),
                "it cannot be changed or left out after the launch",
            ));
        }
    }
    Ok(())
}

/// The fields that change with another shape, size or fault domain.
fn placement(cloud: &Cloud, instance: &Resource, call: &Call) -> Result<Map<String, Value>, ApiError> {
    let mut changes = Map::new();
    let domain = instance.text("availabilityDomain").unwrap_or_default();
    let old_name = instance.text("shape").unwrap_or_default();
    let name = call.text("shape").unwrap_or(old_name);
    let config = call.json.get("shapeConfig").filter(|config| !config.is_null());
    let old_config = instance.body.get("shapeConfig").unwrap_or(&Value::Null);
    let old = Size {
        ocpus: old_config["ocpus"].as_f64().unwrap_or(0.0),
        memory: old_config["memoryInGBs"].as_f64().unwrap_or(0.0),
    };
    let mut new = old;
    if name != old_name || config.is_some() {
        let shape = offered(name, domain)?;
        new = size(shape, config, (name == old_name).then_some(old))?;
        if let Some(image) = instance.text("imageId").and_then(|id| cloud.get(id)) {
            check_runs_on(image, shape, "shape")?;
        }
        let shown = shown_config(shape, new, config);
        if name != old_name || Value::Object(shown.clone()) != *old_config {
            changes.insert("shape".to_owned(), json!(name));
            changes.insert("shapeConfig".to_owned(), Value::Object(shown));
        }
        for quota in shape.quota_names() {
            let (before, after) =
                if quota.contains("memory") { (old.memory, new.memory) } else { (old.ocpus, new.ocpus) };
            let before = if name == old_name { before } else { 0.0 };
            limits::check(cloud, &quota, Some(domain), (after - before).max(0.0))?;
        }
    }
    let old_fault_domain = instance.text("faultDomain").unwrap_or_default();
    let fault_domain = call.text("faultDomain").unwrap_or(old_fault_domain);
    if !Place::FAULT_DOMAINS.contains(&fault_domain) {
        return Err(ApiError::invalid("faultDomain", format!("{fault_domain:?} is not a fault domain")));
    }
    if fault_domain != old_fault_domain {
        changes.insert("faultDomain".to_owned(), json!(fault_domain));
    }
    if !changes.is_empty() {
        let own_id = Some(&*instance.id);
        let need = Need { shape: name, ocpus: new.ocpus, availability_domain: domain, own_id };
        if room(cloud, need, fault_domain) != Room::Yes {
            return Err(ApiError::out_of_host_capacity());
        }
    }
    Ok(changes)
}

/// The image from which the boot volume is to be made anew.
fn replacement(cloud: &Cloud, instance: &Resource, call: &Call) -> Result<Option<String>, ApiError> {
    let Some(details) = call.json.get("sourceDetails").filter(|details| !details.is_null()) else {
        return Ok(None);
    };
    let Some(id) = details["imageId"].as_str() else {
        return Err(ApiError::invalid(
            "sourceDetails.sourceType",
            "the mock replaces boot volumes from images only",
        ));
    };
    let image = cloud.related("sourceDetails.imageId", &IMAGE, id)?;
    let domain = instance.text("availabilityDomain").unwrap_or_default();
    let name = call.text("shape").or(instance.text("shape")).unwrap_or_default();
    check_runs_on(image, offered(name, domain)?, "sourceDetails.imageId")?;
    Ok(Some(id.to_owned()))
}

fn replace_boot_volume(cloud: &mut Cloud, call: &Call, image_id: &str) {
    let details = call.json.get("sourceDetails").cloned().unwrap_or_default();
    let preserve = details["isPreserveBootVolumeEnabled"].as_bool().unwrap_or(false);
    let size = details["bootVolumeSizeInGBs"].as_i64().unwrap_or(50);
    boot_volume::detach_all(cloud, call.id(), preserve);
    let volume = boot_volume::create_from_image(cloud, call.id(), image_id, size, 10);
    boot_volume::attach(cloud, call.id(), &volume);
    cloud.update(call.id(), |instance| {
        instance.set("imageId", image_id);
        instance.set(
            "sourceDetails",
            json!({"sourceType": "image", "imageId": image_id, "bootVolumeSizeInGBs": size, "bootVolumeVpusPerGB": 10}),
        );
    });
}

fn check_downtime(instance: &Resource, call: &Call, needs_reboot: bool) -> Result<(), ApiError> {
    if !needs_reboot {
        return Ok(());
    }
    match instance.state() {
        Some("STOPPED") => Ok(()),
        Some("RUNNING") if call.text("updateOperationConstraint") == Some("AVOID_DOWNTIME") => {
            Err(ApiError::conflict(format!("The update would reboot instance {}", instance.id)))
        }
        Some("RUNNING") => Ok(()),
        state => Err(ApiError::incorrect_state(format!(
            "Instance {} is {}, it must be RUNNING or STOPPED",
            instance.id,
            state.unwrap_or_default()
        ))),
    }
}
