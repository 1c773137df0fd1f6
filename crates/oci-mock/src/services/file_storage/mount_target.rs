//! Mount target: the address in a subnet from which file systems are mounted, with its export set.
//!
//! It shows the OCID of its private IP, not the address: that is read from the private IP itself.
//! API: File Storage 20171215, `MountTarget`, `ExportSet`.

use std::time::Duration;

use serde_json::{Value, json};

use super::export::EXPORT;
use super::{
    FILE_STORAGE, PAGE_LIMIT, QUICK, change_compartment, kind, require_active, require_domain, update,
};
use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network::{self, VnicRequest};
use crate::services::core::subnet::SUBNET;
use crate::services::{Call, List, Module, NamedEvent, Reply, limits, list_resources, read, write};

/// Mount targets.
pub static MOUNT_TARGET: Kind = kind("mounttarget", "MountTarget", "oci_file_storage_mount_target");
/// Export sets: born and gone with their mount target.
pub static EXPORT_SET: Kind = kind("exportset", "ExportSet", "oci_file_storage_export_set");

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(FILE_STORAGE, "CreateMountTarget", create),
        read(FILE_STORAGE, "GetMountTarget", |cloud, call| {
            Ok(Reply::resource(cloud.find(&MOUNT_TARGET, call.id())?))
        }),
        read(FILE_STORAGE, "ListMountTargets", |cloud, call| {
            list_resources(cloud, call, &List { page_limit: PAGE_LIMIT, ..List::of(&MOUNT_TARGET) })
        }),
        write(FILE_STORAGE, "UpdateMountTarget", change),
        write(FILE_STORAGE, "DeleteMountTarget", delete),
        write(FILE_STORAGE, "ChangeMountTargetCompartment", move_target),
        write(FILE_STORAGE, "UpgradeShapeMountTarget", |cloud, call| reshape(cloud, call, Reshape::Upgrade)),
        write(FILE_STORAGE, "ScheduleDowngradeShapeMountTarget", |cloud, call| {
            reshape(cloud, call, Reshape::Downgrade)
        }),
        read(FILE_STORAGE, "GetExportSet", |cloud, call| {
            Ok(Reply::resource(cloud.find(&EXPORT_SET, call.id())?))
        }),
        read(FILE_STORAGE, "ListExportSets", |cloud, call| {
            list_resources(cloud, call, &List { page_limit: PAGE_LIMIT, ..List::of(&EXPORT_SET) })
        }),
        write(FILE_STORAGE, "UpdateExportSet", |cloud, call| update(cloud, call, &EXPORT_SET)),
    ],
    kinds: &[&MOUNT_TARGET, &EXPORT_SET],
    events: &[NamedEvent { name: DELETED, run: deleted }],
    seed: None,
};

const DELETED: &str = "file_storage.mount_target.deleted";

/// Under a minute (estimate).
const CREATE_TIME: Duration = Duration::from_secs(45);
const DELETE_TIME: Duration = Duration::from_secs(20);

/// Addresses that a mount target needs, for itself and for its fail-over (Oracle's documentation).
const ADDRESSES_MIN: usize = 3;

/// What a cosmetic size is by default: more than a double can hold exactly.
const STAT_BYTES: u64 = 9_223_372_036_854_775_807;

/// Throughputs that can be ordered, in Gbps (Oracle's documentation).
const THROUGHPUTS: [i64; 4] = [1, 20, 40, 80];

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_domain(cloud, call)?;
    limits::require_room(cloud, "mount-target-count", call.text("availabilityDomain"))?;
    let subnet_id = call.required_text("subnetId")?;
    let vcn_id = require_room(cloud, subnet_id)?;
    if call.integer("requestedThroughput").is_some_and(|throughput| throughput != 1) {
        return Err(ApiError::invalid(
            "requestedThroughput",
            "a new mount target has 1; upgrade its shape later",
        ));
    }
    let compartment_id = call.required_text("compartmentId")?;
    let groups: Vec<String> =
        call.texts("nsgIds").unwrap_or_default().into_iter().map(str::to_owned).collect();
    let id = cloud.new_ocid(&MOUNT_TARGET);
    let request = VnicRequest {
        private_ip: call.text("ipAddress"),
        hostname_label: call.text("hostnameLabel"),
        nsg_ids: &groups,
        availability_domain: call.text("availabilityDomain"),
        ..VnicRequest::new(subnet_id, compartment_id, &id)
    };
    let vnic = network::attach_service_vnic(cloud, &request)?;
    let mut body = facts().project("file_storage", "MountTarget", &call.json);
    for (name, value) in [
        ("privateIpIds", json!([vnic.private_ip_id])),
        ("lifecycleDetails", json!("")),
        ("requestedThroughput", json!(1)),
        ("observedThroughput", json!(1)),
    ] {
        body.insert(name.to_owned(), value);
    }
    body.entry("nsgIds").or_insert(json!([]));
    body.entry("idmapType").or_insert(json!("NONE"));
    let new = New::of(&MOUNT_TARGET, "CREATING", body).id(id.as_str()).hidden("vnicId", vnic.vnic_id);
    cloud.insert(new);
    let name = cloud.get(&id).and_then(|target| target.text("displayName")).unwrap_or_default();
    let set = json!({
        "availabilityDomain": call.text("availabilityDomain"), "compartmentId": compartment_id, "vcnId": vcn_id,
        "displayName": format!("{name} - export set"), "maxFsStatBytes": STAT_BYTES, "maxFsStatFiles": STAT_BYTES,
    });
    let set = cloud.insert(New::from_json(&EXPORT_SET, "CREATING", set).hidden("mountTargetId", id.as_str()));
    cloud.update(&id, |target| target.set("exportSetId", set.as_str()));
    cloud.after(CREATE_TIME, Event::state(&set, "CREATING", "ACTIVE"));
    cloud.after(CREATE_TIME, Event::state(&id, "CREATING", "ACTIVE"));
    Ok(Reply::resource(cloud.find(&MOUNT_TARGET, &id)?))
}

/// Refuses a subnet that is too small or too full; its VCN otherwise.
fn require_room(cloud: &Cloud, subnet_id: &str) -> Result<String, ApiError> {
    let subnet = cloud.related("subnetId", &SUBNET, subnet_id)?;
    let largest = network::blocks_of(subnet).iter().map(ipnet::Ipv4Net::prefix_len).min().unwrap_or(32);
    if largest > 29 {
        return Err(ApiError::invalid(
            "subnetId",
            format!("a /{largest} is too small, a mount target needs a /29 or larger"),
        ));
    }
    let free = network::free_addresses(cloud, subnet_id);
    if free < ADDRESSES_MIN {
        return Err(ApiError::invalid(
            "subnetId",
            format!("{free} free addresses, a mount target needs {ADDRESSES_MIN}"),
        ));
    }
    Ok(subnet.text("vcnId").unwrap_or_default().to_owned())
}

fn change(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let target = cloud.find_live(&MOUNT_TARGET, call.id())?;
    require_active(target)?;
    let vnic = target.text("vnicId").unwrap_or_default().to_owned();
    if let Some(groups) = call.texts("nsgIds") {
        let groups: Vec<String> = groups.into_iter().map(str::to_owned).collect();
        network::set_vnic_groups(cloud, &vnic, &groups)?;
    }
    update(cloud, call, &MOUNT_TARGET)
}

/// The export set goes along.
fn move_target(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let reply = change_compartment(cloud, call, &MOUNT_TARGET)?;
    let set = cloud.find_live(&MOUNT_TARGET, call.id())?.text("exportSetId").unwrap_or_default().to_owned();
    let target = call.required_text("compartmentId")?;
    cloud.update(&set, |set| set.set("compartmentId", target));
    Ok(reply)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reshape {
    Upgrade,
    Downgrade,
}

fn reshape(cloud: &mut Cloud, call: &Call, reshape: Reshape) -> Result<Reply, ApiError> {
    let target = cloud.find_live(&MOUNT_TARGET, call.id())?;
    require_active(target)?;
    let old = target.body.get("requestedThroughput").and_then(Value::as_i64).unwrap_or(1);
    let new = call.integer("requestedThroughput").unwrap_or(1);
    let fits = THROUGHPUTS.contains(&new) && if reshape == Reshape::Upgrade { new > old } else { new < old };
    if !fits {
        return Err(ApiError::invalid("requestedThroughput", format!("{new} is no such change from {old}")));
    }
    cloud.update(call.id(), |target| {
        target.set("requestedThroughput", new);
        target.set("observedThroughput", new);
    });
    Ok(Reply::resource(cloud.find(&MOUNT_TARGET, call.id())?))
}

/// Its export set and the exports in it go with it.
fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let target = cloud.find_live(&MOUNT_TARGET, call.id())?;
    if matches!(target.state(), Some("CREATING" | "DELETING")) {
        require_active(target)?;
    }
    let set = target.text("exportSetId").unwrap_or_default().to_owned();
    let exports: Vec<String> =
        cloud.live_referrers(&EXPORT, &set).map(|export| export.id.to_string()).collect();
    for export in exports {
        super::delete(cloud, &export, QUICK);
    }
    super::delete(cloud, &set, DELETE_TIME);
    cloud.set_state(call.id(), "DELETING");
    cloud.after(DELETE_TIME, Event::named(DELETED, json!({"id": call.id()})));
    Ok(Reply::no_content())
}

fn deleted(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    let Some(target) = cloud.get(id) else { return };
    if let Some(vnic) = target.text("vnicId").map(str::to_owned) {
        network::release_service_vnic(cloud, &vnic);
    }
    cloud.terminate(id, "DELETING", "DELETED", Duration::ZERO);
}

/// The mount target of an export set.
pub(super) fn target_of<'c>(cloud: &'c Cloud, set: &Resource) -> Option<&'c Resource> {
    cloud.get(set.text("mountTargetId")?)
}
