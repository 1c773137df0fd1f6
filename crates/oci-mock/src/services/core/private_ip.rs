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
    let new_id = match (call.text("vnicId"), call.text("subnetId"), call.text("vlanId")) {
        (Some(vnic_id), _, _) => create_on_vnic(cloud, call, vnic_id)?,
        (None, Some(subnet_id), _) => create_reserved(cloud, call, subnet_id)?,
        (None, None, Some(vlan_id)) => create_in_vlan(cloud, call, vlan_id)?,
        (None, None, None) => return Err(ApiError::missing("vnicId")),
    };
    let others = [
        "displayName",
        "definedTags",
        "freeformTags",
        "routeTableId",
        "cidrPrefixLength",
        "ipv4SubnetCidrAtCreation",
    ];
    let given: Map<String, Value> =
        others.into_iter().filter_map(|name| Some((name.to_owned(), call.json.get(name)?.clone()))).collect();
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
    check_route_table(cloud, call, &subnet_id)?;
    let address = network::choose_address(cloud, "ipAddress", &subnet_id, wanted(call)?)?;
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
    check_route_table(cloud, call, subnet_id)?;
    let address = network::choose_address(cloud, "ipAddress", subnet_id, wanted(call)?)?.to_string();
    let place = [("compartmentId", compartment_id.as_str()), ("subnetId", subnet_id)];
    Ok(insert_unassigned(cloud, call, &address, &place))
}

/// An address of a VLAN. The mock makes no VLANs and does not know their blocks, so that it takes the OCID as it is and chooses
/// no address.
fn create_in_vlan(cloud: &mut Cloud, call: &Call, vlan_id: &str) -> Result<String, ApiError> {
    let address = call.required_text("ipAddress")?;
    let mut there = cloud.live_referrers(&PRIVATE_IP, vlan_id);
    if there.any(|ip| ip.text("ipAddress") == Some(address)) {
        let why = format!("Private IP address {address} is already in use in VLAN {vlan_id}");
        return Err(ApiError::conflict(why));
    }
    drop(there);
    Ok(insert_unassigned(cloud, call, address, &[("vlanId", vlan_id)]))
}

/// Adds an address that no VNIC has.
fn insert_unassigned(cloud: &mut Cloud, call: &Call, address: &str, place: &[(&str, &str)]) -> String {
    let mut body: Map<String, Value> =
        place.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    body.insert("ipAddress".to_owned(), json!(address));
    body.insert("isPrimary".to_owned(), json!(false));
    body.insert("ipState".to_owned(), json!("AVAILABLE"));
    body.insert("lifetime".to_owned(), json!("RESERVED"));
    if let Some(label) = call.text("hostnameLabel") {
        body.insert("hostnameLabel".to_owned(), json!(label));
    }
    cloud.insert(New { kind: &PRIVATE_IP, id: None, state: None, body, hidden: Map::new() })
}

/// The address that a request asks for.
fn wanted<'c>(call: &'c Call) -> Result<network::Wanted<'c>, ApiError> {
    let prefix = match call.integer("cidrPrefixLength") {
        None => None,
        Some(length) => match u8::try_from(length) {
            Ok(length @ 1..=32) => Some(length),
            _ => {
                return Err(ApiError::invalid("cidrPrefixLength", format!("{length} is not within 1 to 32")));
            }
        },
    };
    Ok(network::Wanted {
        address: call.text("ipAddress"),
        prefix,
        within: call.text("ipv4SubnetCidrAtCreation"),
    })
}

/// Refuses a route table of another VCN.
fn check_route_table(cloud: &Cloud, call: &Call, subnet_id: &str) -> Result<(), ApiError> {
    let Some(table) = call.text("routeTableId") else { return Ok(()) };
    let vcn_id = network::vcn_of_subnet(cloud, subnet_id).unwrap_or_default();
    related_in_vcn(cloud, "routeTableId", &super::defaults::ROUTE_TABLE, table, vcn_id).map(drop)
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
    if let Some(label) = call.text("hostnameLabel") {
        network::check_host_name(cloud, "hostnameLabel", &subnet_id, label, Some(call.id()))?;
    }
    check_route_table(cloud, call, &subnet_id)?;
    let mut changes = call.json.clone();
    if let Some(vnic_id) = call.text("vnicId") {
        if vnic_id.is_empty() {
            let lifetime = call.text("lifetime").or(ip.text("lifetime"));
            if lifetime == Some(network::EPHEMERAL) {
                return Err(ApiError::invalid("vnicId", "an ephemeral private IP goes with its VNIC"));
            }
            changes.insert("vnicId".to_owned(), Value::Null);
        } else {
            check_vnic(cloud, ip, vnic_id, &subnet_id)?;
        }
    }
    cloud.update(call.id(), |ip| {
        ip.merge(&changes);
        let state = if ip.body.contains_key("vnicId") { "ASSIGNED" } else { "AVAILABLE" };
        ip.set("ipState", state);
    });
    Ok(Reply::resource(cloud.find(&PRIVATE_IP, call.id())?))
}

/// Whether a private IP may move to this VNIC.
fn check_vnic(cloud: &Cloud, ip: &Resource, vnic_id: &str, subnet_id: &str) -> Result<(), ApiError> {
    let vnic = cloud.related("vnicId", &VNIC, vnic_id)?;
    if is_primary(ip) && ip.text("vnicId") != Some(vnic_id) {
        return Err(ApiError::invalid("vnicId", "a primary private IP stays on its VNIC"));
    }
    if vnic.text("subnetId") != Some(subnet_id) {
        return Err(ApiError::invalid("vnicId", format!("VNIC {vnic_id} is not in subnet {subnet_id}")));
    }
    Ok(())
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
