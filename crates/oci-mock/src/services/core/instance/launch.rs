//! Launching: everything that can be refused, then everything that is made.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::capacity::{Need, Room, choose_fault_domain, room};
use super::super::catalogue::Shape;
use super::super::image::IMAGE;
use super::super::volume_attachment::{LaunchVolume, attach_at_launch, check_launch_volumes};
use super::super::{boot_volume, default_field, ipv6, limits, vnic_attachment};
use super::config::{Size, check_metadata, check_runs_on, newest, offered, shown_config, size};
use super::{INSTANCE, NO_HOST, schedule_move, start_work_request};
use crate::cloud::{Cloud, Event, New, Place};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network::{self, PublicAddress, VnicRequest};
use crate::services::core::subnet::SUBNET;
use crate::services::{Call, Reply};

/// From the request to a running system (public logs: 2 min 20 s).
const LAUNCH_TIME: Duration = Duration::from_secs(140);
/// When a launch that finds no host is given up.
const GIVE_UP_TIME: Duration = Duration::from_secs(40);

/// Where the boot volume comes from.
enum Source {
    Image { id: String, size: i64, vpus: i64 },
    BootVolume { id: String, image_id: Option<String> },
}

/// A launch that nothing speaks against, apart from the network.
struct Accepted {
    shape: &'static Shape,
    size: Size,
    source: Source,
    fault_domain: String,
    room: Room,
    volumes: Vec<LaunchVolume>,
}

pub(super) fn launch(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let accepted = check(cloud, call)?;
    let id = cloud.new_ocid(&INSTANCE);
    let vnic_id = attach_network(cloud, call, &id)?;
    let body = body(cloud, call, &accepted);
    let new = New::of(&INSTANCE, "PROVISIONING", body).id(id.as_str());
    cloud.insert(new);
    vnic_attachment::attach(cloud, &id, &vnic_id, None);
    let boot_volume_id = match &accepted.source {
        Source::Image { id: image_id, size, vpus } => {
            let volume = boot_volume::create_from_image(cloud, &id, image_id, *size, *vpus);
            if let Some(key) = encryption_key(call) {
                cloud.update(&volume, |volume| volume.set("kmsKeyId", key));
            }
            volume
        }
        Source::BootVolume { id, .. } => id.clone(),
    };
    boot_volume::attach(cloud, &id, &boot_volume_id);
    attach_at_launch(cloud, &id, &accepted.volumes, LAUNCH_TIME);
    let work_request = start_work_request(cloud, "LaunchInstance", &id, "CREATED", LAUNCH_TIME);
    if accepted.room == Room::NoButLater {
        let args = json!({"id": id, "workRequest": work_request});
        cloud.after(GIVE_UP_TIME, Event::named(NO_HOST, args));
    } else {
        schedule_move(cloud, &id, "PROVISIONING", "RUNNING", LAUNCH_TIME);
    }
    Ok(Reply::resource(cloud.find(&INSTANCE, &id)?).work_request(&work_request))
}

/// The key that the boot volume is encrypted with, if it is not Oracle's.
fn encryption_key<'c>(call: &'c Call) -> Option<&'c str> {
    call.json.get("sourceDetails")?["kmsKeyId"].as_str()
}

fn check(cloud: &Cloud, call: &Call) -> Result<Accepted, ApiError> {
    let domain = call.required_text("availabilityDomain")?;
    if !cloud.place().availability_domains().iter().any(|known| known == domain) {
        let why = format!("{domain:?} is not an availability domain");
        return Err(ApiError::invalid("availabilityDomain", why));
    }
    let wanted_fault_domain = call.text("faultDomain");
    if let Some(wanted) = wanted_fault_domain
        && !Place::FAULT_DOMAINS.contains(&wanted)
    {
        return Err(ApiError::invalid("faultDomain", format!("{wanted:?} is not a fault domain")));
    }
    let shape = offered(call.required_text("shape")?, domain)?;
    let size = size(shape, call.json.get("shapeConfig"), None)?;
    let source = source(cloud, call, shape, domain)?;
    check_metadata(&call.json)?;
    let volumes = check_launch_volumes(cloud, call, domain)?;
    for name in shape.quota_names() {
        let wanted = if name.contains("memory") { size.memory } else { size.ocpus };
        limits::check(cloud, &name, Some(domain), wanted)?;
    }
    let need = Need { shape: shape.name, ocpus: size.ocpus, availability_domain: domain, own_id: None };
    let (fault_domain, room) = match wanted_fault_domain {
        Some(wanted) => (wanted, room(cloud, need, wanted)),
        None => choose_fault_domain(cloud, need),
    };
    if room == Room::No {
        return Err(ApiError::out_of_host_capacity());
    }
    Ok(Accepted { shape, size, source, fault_domain: fault_domain.to_owned(), room, volumes })
}

fn source(cloud: &Cloud, call: &Call, shape: &Shape, domain: &str) -> Result<Source, ApiError> {
    let details = call.json.get("sourceDetails").unwrap_or(&Value::Null);
    if details["sourceType"] == "bootVolume" {
        let id = details["bootVolumeId"].as_str().unwrap_or_default();
        let volume = boot_volume::usable(cloud, "sourceDetails.bootVolumeId", id, domain)?;
        let image_id = volume.text("imageId").map(str::to_owned);
        if let Some(image) = image_id.as_deref().and_then(|id| cloud.get(id)) {
            check_runs_on(image, shape, "shape")?;
        }
        return Ok(Source::BootVolume { id: id.to_owned(), image_id });
    }
    let filter = details["instanceSourceImageFilterDetails"].as_object();
    let (field, id) = match (details["imageId"].as_str(), filter) {
        (Some(id), _) => ("sourceDetails.imageId", id),
        (None, Some(filter)) => ("sourceDetails.imageId", newest(cloud, shape, filter)?),
        (None, None) => {
            ("imageId", call.text("imageId").ok_or_else(|| ApiError::missing("sourceDetails.imageId"))?)
        }
    };
    let image = cloud.related(field, &IMAGE, id)?;
    check_runs_on(image, shape, "shape")?;
    let size = details["bootVolumeSizeInGBs"].as_i64().unwrap_or(50);
    let vpus = details["bootVolumeVpusPerGB"].as_i64().unwrap_or(10);
    boot_volume::check_vpus("sourceDetails.bootVolumeVpusPerGB", vpus, 10)?;
    Ok(Source::Image { id: id.to_owned(), size, vpus })
}

/// The first VNIC, by `createVnicDetails` or by the old fields beside it.
fn attach_network(cloud: &mut Cloud, call: &Call, instance_id: &str) -> Result<String, ApiError> {
    let details = call.json.get("createVnicDetails").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |name: &str| details.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // A reserved private address is in its subnet already.
    let of_address = || Some(cloud.get(text("privateIpId")?)?.text("subnetId")?.to_owned());
    let subnet_id = text("subnetId").or(call.text("subnetId")).map(str::to_owned).or_else(of_address);
    let subnet_id = subnet_id.ok_or_else(|| ApiError::missing("createVnicDetails.subnetId"))?;
    let name = text("displayName").or(call.text("displayName"));
    let label = text("hostnameLabel").or(call.text("hostnameLabel"));
    let compartment_id = call.required_text("compartmentId")?;
    attach_vnic(cloud, &details, (&subnet_id, name, label), compartment_id, instance_id, call, true)
}

/// A VNIC of an instance as `CreateVnicDetails` describes it.
pub(in super::super) fn attach_vnic(
    cloud: &mut Cloud,
    details: &Map<String, Value>,
    (subnet_id, name, label): (&str, Option<&str>, Option<&str>),
    compartment_id: &str,
    instance_id: &str,
    call: &Call,
    is_primary: bool,
) -> Result<String, ApiError> {
    let subnet = cloud.related("subnetId", &SUBNET, subnet_id)?;
    let is_private = subnet.body.get("prohibitPublicIpOnVnic") == Some(&Value::Bool(true));
    let flag = |name: &str| details.get(name).and_then(Value::as_bool);
    let public = flag("assignPublicIp").unwrap_or(!is_private);
    let groups: Vec<String> = details
        .get("nsgIds")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    let domain = match cloud.get(instance_id) {
        Some(instance) => instance.text("availabilityDomain").map(str::to_owned),
        None => call.text("availabilityDomain").map(str::to_owned),
    };
    let ipv6 = ipv6::of_new_vnic(cloud, subnet, details)?;
    let vnic = network::attach_vnic(
        cloud,
        &VnicRequest {
            display_name: name,
            hostname_label: label,
            private_ip: details.get("privateIp").and_then(Value::as_str),
            private_ip_id: details.get("privateIpId").and_then(Value::as_str),
            nsg_ids: &groups,
            public_ip: if public { PublicAddress::Ephemeral } else { PublicAddress::None },
            availability_domain: domain.as_deref(),
            skip_source_dest_check: flag("skipSourceDestCheck").unwrap_or(false),
            is_primary,
            ..VnicRequest::new(subnet_id, compartment_id, instance_id)
        },
    )?;
    let mut tags = Map::new();
    for name in ["freeformTags", "definedTags", "securityAttributes"] {
        if let Some(value) = details.get(name).filter(|value| !value.is_null()) {
            tags.insert(name.to_owned(), value.clone());
        }
    }
    if !ipv6.is_empty() {
        tags.insert("ipv6Addresses".to_owned(), json!(ipv6));
    }
    cloud.update(&vnic.vnic_id, |vnic| vnic.merge(&tags));
    Ok(vnic.vnic_id)
}

fn body(cloud: &Cloud, call: &Call, accepted: &Accepted) -> Map<String, Value> {
    let mut body = facts().project("core", "Instance", &call.json);
    let config = shown_config(accepted.shape, accepted.size, call.json.get("shapeConfig"));
    let (image_id, mut source) = match &accepted.source {
        Source::Image { id, size, vpus } => (
            Some(id.clone()),
            json!({"sourceType": "image", "imageId": id, "bootVolumeSizeInGBs": size, "bootVolumeVpusPerGB": vpus}),
        ),
        Source::BootVolume { id, image_id } => {
            (image_id.clone(), json!({"sourceType": "bootVolume", "bootVolumeId": id}))
        }
    };
    if let Some(key) = encryption_key(call) {
        source["kmsKeyId"] = json!(key);
    }
    for (name, value) in [
        ("faultDomain", json!(accepted.fault_domain)),
        ("region", json!(cloud.place().region_segment())),
        ("shapeConfig", Value::Object(config)),
        ("sourceDetails", source),
        ("launchMode", json!("PARAVIRTUALIZED")),
    ] {
        body.insert(name.to_owned(), value);
    }
    if let Some(image_id) = image_id {
        body.insert("imageId".to_owned(), json!(image_id));
    }
    default_field(&mut body, "metadata", json!({}));
    default_field(&mut body, "extendedMetadata", json!({}));
    fill(
        &mut body,
        "launchOptions",
        json!({
            "bootVolumeType": "PARAVIRTUALIZED", "firmware": "UEFI_64", "networkType": "PARAVIRTUALIZED",
            "remoteDataVolumeType": "PARAVIRTUALIZED", "isPvEncryptionInTransitEnabled":
                call.flag("isPvEncryptionInTransitEnabled").unwrap_or(false),
            "isConsistentVolumeNamingEnabled": true,
        }),
    );
    fill(&mut body, "instanceOptions", json!({"areLegacyImdsEndpointsDisabled": false}));
    fill(&mut body, "availabilityConfig", json!({"recoveryAction": "RESTORE_INSTANCE"}));
    fill(
        &mut body,
        "agentConfig",
        json!({
            "isMonitoringDisabled": false, "isManagementDisabled": false, "areAllPluginsDisabled": false,
        }),
    );
    body
}

/// Defaults below a field that the request may have filled in part.
fn fill(body: &mut Map<String, Value>, field: &str, defaults: Value) {
    let Value::Object(defaults) = defaults else { return };
    let own = body.entry(field).or_insert_with(|| json!({}));
    if let Value::Object(own) = own {
        own.retain(|_, value| !value.is_null());
        for (name, value) in defaults {
            own.entry(name).or_insert(value);
        }
    }
}
