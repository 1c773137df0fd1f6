//! Public IP: an address of the internet, reserved for good or ephemeral on a VNIC.
//!
//! API: Core Services 20160918, `PublicIp`.

use serde_json::Value;

use super::private_ip::PRIVATE_IP;
use super::{NETWORK, change_compartment, find_changeable, limits, network_kind};
use crate::cloud::{Cloud, Kind};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The type. The inventory lists only reserved ones: the others go with their VNIC.
pub static PUBLIC_IP: Kind = network_kind("publicip", "PublicIp", None);

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreatePublicIp", create),
        read(NETWORK, "GetPublicIp", |cloud, call| Ok(Reply::resource(cloud.find(&PUBLIC_IP, call.id())?))),
        read(NETWORK, "GetPublicIpByIpAddress", by_address),
        read(NETWORK, "GetPublicIpByPrivateIpId", by_private_ip),
        read(NETWORK, "ListPublicIps", |cloud, call| list_resources(cloud, call, &List::of(&PUBLIC_IP))),
        write(NETWORK, "UpdatePublicIp", update),
        write(NETWORK, "DeletePublicIp", delete),
        write(NETWORK, "ChangePublicIpCompartment", |cloud, call| {
            change_compartment(cloud, &PUBLIC_IP, call)
        }),
    ],
    kinds: &[&PUBLIC_IP],
    events: &[],
    seed: None,
};

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let lifetime = call.required_text("lifetime")?;
    let private_ip_id = call.text("privateIpId").filter(|id| !id.is_empty());
    if lifetime == network::EPHEMERAL && private_ip_id.is_none() {
        return Err(ApiError::missing("privateIpId"));
    }
    if let Some(id) = private_ip_id {
        check_target(cloud, id, lifetime, None)?;
    }
    if lifetime == "RESERVED" {
        limits::check(cloud, "reserved-public-ip-count", None, 1.0)?;
    }
    let body = facts().project("core", "PublicIp", &call.json);
    let compartment_id = call.required_text("compartmentId")?;
    let id = network::new_public_ip(cloud, compartment_id, lifetime, private_ip_id, body);
    Ok(Reply::resource(cloud.find(&PUBLIC_IP, &id)?))
}

/// Whether a public IP may be put on this private one.
fn check_target(
    cloud: &Cloud,
    private_ip_id: &str,
    lifetime: &str,
    own: Option<&str>,
) -> Result<(), ApiError> {
    let field = "privateIpId";
    let private_ip = cloud.related(field, &PRIVATE_IP, private_ip_id)?;
    let is_primary = private_ip.body.get("isPrimary") == Some(&Value::Bool(true));
    if lifetime == network::EPHEMERAL && !is_primary {
        return Err(ApiError::invalid(
            field,
            "an ephemeral public IP needs the primary private IP of a VNIC",
        ));
    }
    let subnet = private_ip.text("subnetId").and_then(|id| cloud.get(id));
    if subnet.is_some_and(|s| s.body.get("prohibitPublicIpOnVnic") == Some(&Value::Bool(true))) {
        return Err(ApiError::invalid(
            field,
            "public IP addresses are prohibited in the subnet of this private IP",
        ));
    }
    let other = cloud.live_referrers(&PUBLIC_IP, private_ip_id).find(|ip| own != Some(&*ip.id));
    match other {
        Some(other) => Err(ApiError::conflict(format!(
            "Private IP {private_ip_id} has the public IP {} already",
            other.id
        ))),
        None => Ok(()),
    }
}

fn by_address(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let wanted = call.required_text("ipAddress")?;
    let found = cloud.of_kind(&PUBLIC_IP).find(|ip| ip.is_live() && ip.text("ipAddress") == Some(wanted));
    found.map(Reply::resource).ok_or_else(|| ApiError::not_found(wanted))
}

fn by_private_ip(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let wanted = call.required_text("privateIpId")?;
    let found = cloud.live_referrers(&PUBLIC_IP, wanted).find(|ip| ip.text("privateIpId") == Some(wanted));
    found.map(Reply::resource).ok_or_else(|| ApiError::not_found(wanted))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let public_ip = find_changeable(cloud, &PUBLIC_IP, call.id())?;
    let lifetime = public_ip.text("lifetime").unwrap_or_default().to_owned();
    let current = public_ip.text("privateIpId").map(str::to_owned);
    if public_ip.text("assignedEntityType") == Some("NAT_GATEWAY") && call.text("privateIpId").is_some() {
        return Err(ApiError::conflict(format!("Public IP {} belongs to a NAT gateway", call.id())));
    }
    let mut changes = call.json.clone();
    let target = changes.remove("privateIpId").and_then(|value| value.as_str().map(str::to_owned));
    if let Some(target) = target.as_deref().filter(|id| !id.is_empty()) {
        check_target(cloud, target, &lifetime, Some(call.id()))?;
    }
    cloud.update(call.id(), |public_ip| public_ip.merge(&changes));
    match target.as_deref() {
        None => {}
        target if target == current.as_deref() => {}
        Some("") if lifetime == network::EPHEMERAL => network::release_public_ip(cloud, call.id()),
        Some("") if current.is_none() => {}
        Some("") => network::unassign_public_ip(cloud, call.id()),
        Some(target) => {
            if current.is_some() {
                network::unassign_public_ip(cloud, call.id());
            }
            network::assign_public_ip(cloud, call.id(), target);
        }
    }
    Ok(Reply::resource(cloud.find(&PUBLIC_IP, call.id())?))
}

/// A reserved one unassigns itself; one that a NAT gateway brought along goes with that gateway only.
fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let public_ip = find_changeable(cloud, &PUBLIC_IP, call.id())?;
    if public_ip.text("assignedEntityType") == Some("NAT_GATEWAY") {
        return Err(ApiError::conflict(format!("Public IP {} is used by a NAT gateway", call.id())));
    }
    if public_ip.text("privateIpId").is_some() {
        network::unassign_public_ip(cloud, call.id());
    }
    Ok(super::end(cloud, call.id()))
}
