//! Subnet: a range of a VCN's addresses, with the route table and security lists that hold there.
//!
//! API: Core Services 20160918, `Subnet`.

use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::defaults::{DHCP_OPTIONS, ROUTE_TABLE, SECURITY_LIST};
use super::private_ip::PRIVATE_IP;
use super::vcn::VCN;
use super::vnic::VNIC;
use super::{
    NETWORK, check_vcn_limit, end, find_changeable, ipv6, network_kind, provision, related_in_vcn,
    reorder_field, usable_vcn,
};
use crate::cloud::{Affected, Cloud, Kind, New, Resource, WorkRequest};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network::{blocks_of, owner_of};
use crate::ocid;
use crate::services::{Call, List, Module, Reply, list_resources, read, work_requests, write};

/// The type.
pub static SUBNET: Kind = network_kind("subnet", "Subnet", Some("oci_core_subnet"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateSubnet", create),
        read(NETWORK, "GetSubnet", |cloud, call| Ok(Reply::resource(cloud.find(&SUBNET, call.id())?))),
        read(NETWORK, "ListSubnets", |cloud, call| list_resources(cloud, call, &List::of(&SUBNET))),
        write(NETWORK, "UpdateSubnet", update),
        write(NETWORK, "DeleteSubnet", delete),
        write(NETWORK, "ChangeSubnetCompartment", move_compartment),
    ],
    kinds: &[&SUBNET],
    events: &[],
    seed: None,
};

/// Creating a subnet takes about three seconds (public logs).
const CREATE_TIME: Duration = Duration::from_secs(3);

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn = usable_vcn(cloud, call)?;
    let vcn_id = vcn.id.to_string();
    let blocks = requested_blocks(call)?;
    check_blocks(cloud, vcn, &blocks, None)?;
    check_vcn_limit(cloud, &SUBNET, &vcn_id, "subnet-count")?;
    if let Some(domain) = call.text("availabilityDomain")
        && !cloud.place().availability_domains().iter().any(|known| known == domain)
    {
        return Err(ApiError::invalid(
            "availabilityDomain",
            format!("{domain:?} is not an availability domain"),
        ));
    }
    check_flags(call)?;
    check_references(cloud, call, &vcn_id)?;
    let ipv6 = ipv6::requested_of_subnet(cloud, vcn, call, None)?;
    let domain = domain_name(cloud, vcn, call)?;

    let mut body = facts().project("core", "Subnet", &call.json);
    let mut default = |name: &str, value: Value| {
        if body.get(name).is_none_or(Value::is_null) {
            body.insert(name.to_owned(), value);
        }
    };
    default("routeTableId", json!(vcn.text("defaultRouteTableId")));
    default("dhcpOptionsId", json!(vcn.text("defaultDhcpOptionsId")));
    default("securityListIds", json!([vcn.text("defaultSecurityListId")]));
    let is_private = call.flag("prohibitPublicIpOnVnic").or(call.flag("prohibitInternetIngress"));
    let router = Ipv4Addr::from(u32::from(blocks[0].network()) + 1);
    let digits = ocid::hex(cloud.place().seed, &format!("router/{vcn_id}/{}", blocks[0]), 6).to_uppercase();
    let mac = format!("00:00:17:{}:{}:{}", &digits[..2], &digits[2..4], &digits[4..]);
    for (name, value) in [
        ("cidrBlock", json!(blocks[0])),
        ("ipv4CidrBlocks", json!(blocks)),
        ("prohibitPublicIpOnVnic", json!(is_private.unwrap_or(false))),
        ("prohibitInternetIngress", json!(is_private.unwrap_or(false))),
        ("virtualRouterIp", json!(router.to_string())),
        ("virtualRouterMac", json!(mac)),
    ] {
        body.insert(name.to_owned(), value);
    }
    if let Some(domain) = domain {
        body.insert("subnetDomainName".to_owned(), json!(domain));
    }
    body.extend(ipv6.into_iter().filter(|(_, value)| !value.is_null()));
    reorder_field(&mut body, "securityListIds");
    provision(cloud, New::of(&SUBNET, "PROVISIONING", body), CREATE_TIME)
}

fn requested_blocks(call: &Call) -> Result<Vec<Ipv4Net>, ApiError> {
    let texts = match (call.texts("ipv4CidrBlocks"), call.text("cidrBlock")) {
        (Some(blocks), Some(block)) if blocks != [block] => {
            return Err(ApiError::invalid("cidrBlock", "give cidrBlock or ipv4CidrBlocks, not both"));
        }
        (Some(blocks), _) if !blocks.is_empty() => blocks,
        (_, Some(block)) => vec![block],
        _ => return Err(ApiError::missing("cidrBlock")),
    };
    texts.into_iter().map(|text| parse_block("cidrBlock", text)).collect()
}

fn parse_block(field: &str, text: &str) -> Result<Ipv4Net, ApiError> {
    let block: Ipv4Net =
        text.parse().map_err(|_| ApiError::invalid(field, format!("{text:?} is not an IPv4 CIDR block")))?;
    if (16..=30).contains(&block.prefix_len()) {
        Ok(block)
    } else {
        Err(ApiError::invalid(field, format!("{block}: a subnet's block is between /16 and /30")))
    }
}

/// Blocks lie inside one of the VCN's, apart from each other and from those of other subnets.
fn check_blocks(
    cloud: &Cloud,
    vcn: &Resource,
    blocks: &[Ipv4Net],
    own: Option<&str>,
) -> Result<(), ApiError> {
    let outer = blocks_of(vcn);
    for (index, block) in blocks.iter().enumerate() {
        if !outer.iter().any(|outer| outer.contains(block)) {
            return Err(ApiError::invalid(
                "cidrBlock",
                format!("{block} is not within the CIDR blocks of VCN {}", vcn.id),
            ));
        }
        let overlaps = |other: &Ipv4Net| other.contains(block) || block.contains(other);
        if let Some(other) = blocks[..index].iter().find(|other| overlaps(other)) {
            return Err(ApiError::invalid("ipv4CidrBlocks", format!("{block} overlaps with {other}")));
        }
        let mut others = cloud.live_referrers(&SUBNET, &vcn.id).filter(|subnet| own != Some(&*subnet.id));
        if let Some(other) = others.find(|subnet| blocks_of(subnet).iter().any(overlaps)) {
            return Err(ApiError::invalid(
                "cidrBlock",
                format!("{block} overlaps with the CIDR block of subnet {}", other.id),
            ));
        }
    }
    Ok(())
}

/// Both flags say the same for IPv4; contradicting ones make no sense.
fn check_flags(call: &Call) -> Result<(), ApiError> {
    match (call.flag("prohibitPublicIpOnVnic"), call.flag("prohibitInternetIngress")) {
        (Some(one), Some(other)) if one != other => {
            Err(ApiError::invalid("prohibitInternetIngress", "it contradicts prohibitPublicIpOnVnic"))
        }
        _ => Ok(()),
    }
}

fn check_references(cloud: &Cloud, call: &Call, vcn_id: &str) -> Result<(), ApiError> {
    if let Some(id) = call.text("routeTableId") {
        related_in_vcn(cloud, "routeTableId", &ROUTE_TABLE, id, vcn_id)?;
    }
    if let Some(id) = call.text("dhcpOptionsId") {
        related_in_vcn(cloud, "dhcpOptionsId", &DHCP_OPTIONS, id, vcn_id)?;
    }
    for id in call.texts("securityListIds").unwrap_or_default() {
        related_in_vcn(cloud, "securityListIds", &SECURITY_LIST, id, vcn_id)?;
    }
    Ok(())
}

fn domain_name(cloud: &Cloud, vcn: &Resource, call: &Call) -> Result<Option<String>, ApiError> {
    let Some(label) = call.text("dnsLabel") else { return Ok(None) };
    let Some(vcn_domain) = vcn.text("vcnDomainName") else {
        return Err(ApiError::invalid("dnsLabel", format!("VCN {} has no DNS label", vcn.id)));
    };
    let mut labels = cloud.live_referrers(&SUBNET, &vcn.id).filter_map(|subnet| subnet.text("dnsLabel"));
    if labels.any(|other| other.eq_ignore_ascii_case(label)) {
        return Err(ApiError::invalid(
            "dnsLabel",
            format!("{label:?} is used by another subnet of VCN {} already", vcn.id),
        ));
    }
    Ok(Some(format!("{}.{vcn_domain}", label.to_ascii_lowercase())))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let subnet = find_changeable(cloud, &SUBNET, call.id())?;
    let vcn_id = subnet.text("vcnId").unwrap_or_default().to_owned();
    let vcn = cloud.find(&VCN, &vcn_id)?;
    if vcn.state() == Some("UPDATING") {
        return Err(ApiError::incorrect_state(format!("VCN {vcn_id} is UPDATING")));
    }
    check_references(cloud, call, &vcn_id)?;
    let ipv6 = ipv6::requested_of_subnet(cloud, vcn, call, Some(call.id()))?;
    let mut blocks = None;
    if let Some(text) = call.text("cidrBlock") {
        let block = parse_block("cidrBlock", text)?;
        let current = blocks_of(subnet);
        if block.network() != current[0].network() {
            return Err(ApiError::invalid("cidrBlock", "a subnet keeps its network address"));
        }
        check_blocks(cloud, vcn, &[block], Some(call.id()))?;
        let outside = cloud.live_referrers(&PRIVATE_IP, call.id()).find(|ip| {
            let address = ip.text("ipAddress").and_then(|text| text.parse::<Ipv4Addr>().ok());
            address.is_some_and(|address| !block.contains(&address))
        });
        if let Some(ip) = outside {
            let address = ip.text("ipAddress").unwrap_or_default();
            return Err(ApiError::conflict(format!("{block} would leave out {address}, which is in use")));
        }
        blocks = Some(json!([block]));
    }
    cloud.update(call.id(), |subnet| {
        subnet.merge(&call.json);
        subnet.merge(&ipv6);
        reorder_field(&mut subnet.body, "securityListIds");
        if let Some(blocks) = blocks {
            subnet.set("ipv4CidrBlocks", blocks);
        }
    });
    Ok(Reply::resource(cloud.find(&SUBNET, call.id())?))
}

/// Held back by every VNIC and address in it, also by those that a service leaves behind for a while.
fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &SUBNET, call.id())?;
    let in_it = |r: &&Resource| r.text("subnetId") == Some(call.id());
    if let Some(vnic) = cloud.live_referrers(&VNIC, call.id()).find(in_it) {
        let (owner, of_service) = owner_of(vnic);
        let what = if of_service { "service VNIC" } else { "VNIC" };
        return Err(ApiError::conflict(format!(
            "The Subnet {} references the {what} {}{}. You must remove the reference to proceed with this operation.",
            call.id(),
            vnic.id,
            owner.map_or_else(String::new, |owner| format!(" of {owner}"))
        )));
    }
    if let Some(ip) = cloud.live_referrers(&PRIVATE_IP, call.id()).find(in_it) {
        return Err(ApiError::conflict(format!(
            "The Subnet {} references the private IP {}. You must remove the reference to proceed with this operation.",
            call.id(),
            ip.id
        )));
    }
    Ok(end(cloud, call.id()))
}

fn move_compartment(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &SUBNET, call.id())?;
    let compartment_id = call.required_text("compartmentId")?.to_owned();
    cloud.update(call.id(), |subnet| subnet.set("compartmentId", compartment_id.as_str()));
    Ok(accept_move(cloud, "subnet", "subnets", call.id(), &compartment_id))
}

/// The 202 of a compartment move that is done at once and followed by a work request.
pub(super) fn accept_move(
    cloud: &mut Cloud,
    entity_type: &'static str,
    path: &str,
    id: &str,
    compartment_id: &str,
) -> Reply {
    let work_request = cloud.start_work_request(&WorkRequest {
        flavour: &work_requests::CORE,
        operation_type: "ChangeCompartment",
        compartment_id,
        affected: vec![Affected {
            entity_type,
            action: "UPDATED",
            id: id.to_owned(),
            uri: format!("/20160918/{path}/{id}"),
        }],
        duration: Duration::from_secs(2),
    });
    Reply::accepted(&work_request).subject(id)
}
