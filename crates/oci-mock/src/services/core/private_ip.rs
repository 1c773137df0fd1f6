//! Private IP: an address on a VNIC. The primary one comes and goes with its VNIC.
//!
//! API: Core Services 20160918, `PrivateIp`. It has no lifecycle state: it is there or it is not.

use serde_json::{Map, Value, json};

use super::vnic::VNIC;
use super::{NETWORK, network_kind, related_in_vcn};
use crate::cloud::{Cloud, Kind, New, Resource};
use crate::error::ApiError;
use crate::network;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The type. The inventory lists only those that somebody asked for.
pub static PRIVATE_IP: Kind = network_kind("privateip", "PrivateIp", None);

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreatePrivateIp", create),
        read(NETWORK, "GetPrivateIp", |cloud, call| Ok(Reply::resource(cloud.find(&PRIVATE_IP, call.id())?))),
        read(NETWORK, "ListPrivateIps", list),
        write(NETWORK, "UpdatePrivateIp", update),
        write(NETWORK, "DeletePrivateIp", delete),
    ],
    kinds: &[&PRIVATE_IP],
    events: &[],
    seed: None,
};

/// Addresses on one VNIC (Oracle's documentation: 64 private IPs).
const PER_VNIC_MAX: usize = 64;

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let new_id = match (call.text("vnicId"), call.text("subnetId")) {
        (Some(vnic_id), _) => create_on_vnic(cloud, call, vnic_id)?,
        (None, Some(subnet_id)) => create_reserved(cloud, call, subnet_id)?,
        (None, None) => return Err(ApiError::missing("vnicId")),
    };
    let tags = ["displayName", "definedTags", "freeformTags"];
    let given: Map<String, Value> =
        tags.into_iter().filter_map(|name| Some((name.to_owned(), call.json.get(name)?.clone()))).collect();
    cloud.update(&new_id, |ip| {
        ip.merge(&given);
        ip.set_hidden(super::defaults::DEFAULT_OF, "oci_core_private_ip");
    });
    Ok(Reply::resource(cloud.find(&PRIVATE_IP, &new_id)?))
}

fn create_on_vnic(cloud: &mut Cloud, call: &Call, vnic_id: &str) -> Result<String, ApiError> {
    let vnic = cloud.related("vnicId", &VNIC, vnic_id)?;
    let subnet_id = vnic.text("subnetId").unwrap_or_default().to_owned();
    if call.text("subnetId").is_some_and(|wanted| wanted != subnet_id) {
        return Err(ApiError::invalid("subnetId", format!("VNIC {vnic_id} is in subnet {subnet_id}")));
    }
    if cloud.live_referrers(&PRIVATE_IP, vnic_id).count() >= PER_VNIC_MAX {
        return Err(ApiError::limit_exceeded(format!(
            "VNIC {vnic_id} has {PER_VNIC_MAX} private IP addresses already"
        )));
    }
    check_label(cloud, call, &subnet_id)?;
    let address = network::choose_address(cloud, "ipAddress", &subnet_id, call.text("ipAddress"))?;
    let id = network::add_private_ip(cloud, vnic_id, address, call.text("hostnameLabel"), false);
    if let Some(lifetime) = call.text("lifetime") {
        cloud.update(&id, |ip| ip.set("lifetime", lifetime));
    }
    Ok(id)
}

/// An address of a subnet that no VNIC has yet.
fn create_reserved(cloud: &mut Cloud, call: &Call, subnet_id: &str) -> Result<String, ApiError> {
    let subnet = cloud.related("subnetId", &super::subnet::SUBNET, subnet_id)?;
    let compartment_id = subnet.compartment_id().unwrap_or_default().to_owned();
    if call.text("lifetime") == Some(network::EPHEMERAL) {
        return Err(ApiError::missing("vnicId"));
    }
    check_label(cloud, call, subnet_id)?;
    let address = network::choose_address(cloud, "ipAddress", subnet_id, call.text("ipAddress"))?;
    let mut body = Map::new();
    body.insert("compartmentId".to_owned(), json!(compartment_id));
    body.insert("subnetId".to_owned(), json!(subnet_id));
    body.insert("ipAddress".to_owned(), json!(address.to_string()));
    body.insert("isPrimary".to_owned(), json!(false));
    body.insert("ipState".to_owned(), json!("AVAILABLE"));
    body.insert("lifetime".to_owned(), json!("RESERVED"));
    if let Some(label) = call.text("hostnameLabel") {
        body.insert("hostnameLabel".to_owned(), json!(label));
    }
    Ok(cloud.insert(New { kind: &PRIVATE_IP, id: None, state: None, body, hidden: Map::new() }))
}

fn check_label(cloud: &Cloud, call: &Call, subnet_id: &str) -> Result<(), ApiError> {
    match call.text("hostnameLabel") {
        Some(label) => network::check_host_name(cloud, "hostnameLabel", subnet_id, label, None),
        None => Ok(()),
    }
}

/// Without a VNIC or subnet there would be no saying whose addresses are meant.
fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let given = |name| call.query(name).is_some();
    if !(given("vnicId") || given("subnetId") || given("vlanId")) {
        return Err(ApiError::missing("subnetId or vnicId"));
    }
    list_resources(cloud, call, &List::of(&PRIVATE_IP))
}

fn is_primary(ip: &Resource) -> bool {
    ip.body.get("isPrimary") == Some(&Value::Bool(true))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let ip = cloud.find_live(&PRIVATE_IP, call.id())?;
    let subnet_id = ip.text("subnetId").unwrap_or_default().to_owned();
    let vcn_id = network::vcn_of_subnet(cloud, &subnet_id).unwrap_or_default().to_owned();
    if let Some(label) = call.text("hostnameLabel") {
        network::check_host_name(cloud, "hostnameLabel", &subnet_id, label, Some(call.id()))?;
    }
    if let Some(table) = call.text("routeTableId") {
        related_in_vcn(cloud, "routeTableId", &super::defaults::ROUTE_TABLE, table, &vcn_id)?;
    }
    if let Some(vnic_id) = call.text("vnicId") {
        let vnic = cloud.related("vnicId", &VNIC, vnic_id)?;
        if is_primary(ip) && ip.text("vnicId") != Some(vnic_id) {
            return Err(ApiError::invalid("vnicId", "a primary private IP stays on its VNIC"));
        }
        if vnic.text("subnetId") != Some(&subnet_id) {
            return Err(ApiError::invalid("vnicId", format!("VNIC {vnic_id} is not in subnet {subnet_id}")));
        }
    }
    cloud.update(call.id(), |ip| {
        ip.merge(&call.json);
        let state = if ip.body.contains_key("vnicId") { "ASSIGNED" } else { "AVAILABLE" };
        ip.set("ipState", state);
    });
    Ok(Reply::resource(cloud.find(&PRIVATE_IP, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let ip = cloud.find_live(&PRIVATE_IP, call.id())?;
    if is_primary(ip) {
        return Err(ApiError::invalid("privateIpId", "a primary private IP goes with its VNIC only"));
    }
    let route = cloud.live_referrers(&super::defaults::ROUTE_TABLE, call.id()).next();
    if let Some(table) = route {
        return Err(ApiError::conflict(format!(
            "Private IP {} is the target of a rule in route table {}",
            call.id(),
            table.id
        )));
    }
    let public: Vec<String> =
        cloud.live_referrers(&super::public_ip::PUBLIC_IP, call.id()).map(|ip| ip.id.to_string()).collect();
    for id in public {
        network::release_public_ip(cloud, &id);
    }
    cloud.remove(call.id());
    Ok(Reply::no_content())
}
