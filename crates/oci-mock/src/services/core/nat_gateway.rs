//! NAT gateway: the way out to the internet for private addresses.
//!
//! API: Core Services 20160918, `NatGateway`.

use serde_json::{Map, json};

use super::internet_gateway::{check_route_table, check_unused, update_gateway};
use super::public_ip::PUBLIC_IP;
use super::{
    CHANGE_TIME, NETWORK, change_compartment, check_vcn_limit, end, network_kind, provision, usable_vcn,
};
use crate::cloud::{Cloud, Event, Kind, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The type.
pub static NAT_GATEWAY: Kind = network_kind("natgateway", "NatGateway", Some("oci_core_nat_gateway"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateNatGateway", create),
        read(NETWORK, "GetNatGateway", |cloud, call| {
            Ok(Reply::resource(cloud.find(&NAT_GATEWAY, call.id())?))
        }),
        read(NETWORK, "ListNatGateways", |cloud, call| list_resources(cloud, call, &List::of(&NAT_GATEWAY))),
        write(NETWORK, "UpdateNatGateway", |cloud, call| update_gateway(cloud, &NAT_GATEWAY, call)),
        write(NETWORK, "DeleteNatGateway", delete),
        write(NETWORK, "ChangeNatGatewayCompartment", |cloud, call| {
            change_compartment(cloud, &NAT_GATEWAY, call)
        }),
    ],
    kinds: &[&NAT_GATEWAY],
    events: &[],
    seed: None,
};

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn_id = usable_vcn(cloud, call)?.id.to_string();
    check_route_table(cloud, call, &vcn_id)?;
    check_vcn_limit(cloud, &NAT_GATEWAY, &vcn_id, "nat-gateway-count")?;
    let compartment_id = call.required_text("compartmentId")?.to_owned();
    let reserved = call.text("publicIpId").map(str::to_owned);
    if let Some(id) = &reserved {
        let public_ip = cloud.related("publicIpId", &PUBLIC_IP, id)?;
        if public_ip.text("lifetime") == Some(network::EPHEMERAL) {
            return Err(ApiError::invalid("publicIpId", "a reserved public IP is needed"));
        }
        if public_ip.state() != Some("AVAILABLE") {
            return Err(ApiError::conflict(format!("Public IP {id} is assigned already")));
        }
    }
    let public_ip_id = match reserved {
        Some(id) => id,
        None => network::new_public_ip(cloud, &compartment_id, network::EPHEMERAL, None, Map::new()),
    };
    let address = cloud.get(&public_ip_id).and_then(|ip| ip.text("ipAddress")).unwrap_or_default().to_owned();
    let mut body = facts().project("core", "NatGateway", &call.json);
    super::default_field(&mut body, "blockTraffic", false);
    body.insert("natIp".to_owned(), json!(address));
    body.insert("publicIpId".to_owned(), json!(public_ip_id));
    let id = cloud.new_ocid(&NAT_GATEWAY);
    cloud.update(&public_ip_id, |public_ip| {
        public_ip.set("lifecycleState", "ASSIGNING");
        public_ip.set("scope", "REGION");
        public_ip.set("assignedEntityId", id.as_str());
        public_ip.set("assignedEntityType", "NAT_GATEWAY");
    });
    cloud.after(CHANGE_TIME, Event::state(&public_ip_id, "ASSIGNING", "ASSIGNED"));
    provision(cloud, New::of(&NAT_GATEWAY, "PROVISIONING", body).id(id), CHANGE_TIME)
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    check_unused(cloud, &NAT_GATEWAY, call.id())?;
    let public_ip = cloud.get(call.id()).and_then(|gateway| gateway.text("publicIpId")).map(str::to_owned);
    if let Some(id) = public_ip {
        network::release_public_ip(cloud, &id);
    }
    Ok(end(cloud, call.id()))
}
