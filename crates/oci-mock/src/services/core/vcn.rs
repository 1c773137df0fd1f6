//! VCN: the network that everything else lies in.
//!
//! A new VCN brings a default route table, security list and DHCP options along; they go with it.
//! API: Core Services 20160918, `Vcn`.

use std::time::Duration;

use ipnet::Ipv4Net;
use serde_json::{Map, Value, json};

use super::defaults::create_defaults;
use super::subnet::accept_move;
use super::{CHANGE_TIME, NETWORK, find_changeable, ipv6, limits, network_kind};
use crate::cloud::{Affected, Cloud, Event, Kind, New, WorkRequest};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, Reply, list_resources, read, work_requests, write};

/// The type.
pub static VCN: Kind = network_kind("vcn", "Vcn", Some("oci_core_vcn"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateVcn", create),
        read(NETWORK, "GetVcn", |cloud, call| Ok(Reply::resource(cloud.find(&VCN, call.id())?))),
        read(NETWORK, "ListVcns", |cloud, call| list_resources(cloud, call, &List::of(&VCN))),
        write(NETWORK, "UpdateVcn", update),
        write(NETWORK, "DeleteVcn", delete),
        write(NETWORK, "AddVcnCidr", add_block),
        write(NETWORK, "ChangeVcnCompartment", move_compartment),
    ],
    kinds: &[&VCN],
    events: &[],
    seed: None,
};

/// Blocks in one VCN (Oracle's documentation).
const BLOCKS_MAX: usize = 5;

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let blocks = requested_blocks(call)?;
    limits::check(cloud, "vcn-count", None, 1.0)?;
    let mut body = facts().project("core", "Vcn", &call.json);
    body.extend(ipv6::of_new_vcn(cloud, call)?);
    body.insert("cidrBlock".to_owned(), json!(blocks[0]));
    body.insert("cidrBlocks".to_owned(), json!(blocks));
    if let Some(label) = call.text("dnsLabel") {
        body.insert(
            "vcnDomainName".to_owned(),
            json!(format!("{}.oraclevcn.com", label.to_ascii_lowercase())),
        );
    }
    let id = cloud.insert(New::of(&VCN, "PROVISIONING", body));
    create_defaults(cloud, &id);
    cloud.after(CHANGE_TIME, Event::state(&id, "PROVISIONING", "AVAILABLE"));
    Ok(Reply::resource(cloud.find(&VCN, &id)?))
}

/// `cidrBlocks`, or the deprecated single `cidrBlock`, never both.
fn requested_blocks(call: &Call) -> Result<Vec<Ipv4Net>, ApiError> {
    let texts = match (call.texts("cidrBlocks"), call.text("cidrBlock")) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("cidrBlock", "give cidrBlock or cidrBlocks, not both"));
        }
        (Some(blocks), None) => blocks,
        (None, Some(block)) => vec![block],
        (None, None) => return Err(ApiError::missing("cidrBlocks")),
    };
    if texts.is_empty() || texts.len() > BLOCKS_MAX {
        return Err(ApiError::invalid("cidrBlocks", format!("a VCN has 1 to {BLOCKS_MAX} blocks")));
    }
    let mut blocks: Vec<Ipv4Net> = Vec::new();
    for (index, text) in texts.into_iter().enumerate() {
        blocks.push(parse_block(&format!("cidrBlocks[{index}]"), text, &blocks)?);
    }
    Ok(blocks)
}

fn parse_block(field: &str, text: &str, others: &[Ipv4Net]) -> Result<Ipv4Net, ApiError> {
    let block: Ipv4Net =
        text.parse().map_err(|_| ApiError::invalid(field, format!("{text:?} is not an IPv4 CIDR block")))?;
    if !(16..=30).contains(&block.prefix_len()) {
        return Err(ApiError::invalid(field, "a VCN's block is between /16 and /30"));
    }
    match others.iter().find(|other| other.contains(&block) || block.contains(*other)) {
        Some(other) => Err(ApiError::invalid(field, format!("{block} overlaps with {other}"))),
        None => Ok(block),
    }
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    super::merge(cloud, &VCN, call)
}

/// Adding a block takes a while, in which nothing else is made or changed in the VCN.
const BLOCK_TIME: Duration = Duration::from_secs(30);

fn add_block(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn = find_changeable(cloud, &VCN, call.id())?;
    if vcn.state() != Some("AVAILABLE") {
        return Err(ApiError::incorrect_state(format!("VCN {} is not AVAILABLE", vcn.id)));
    }
    let compartment_id = vcn.compartment_id().unwrap_or_default().to_owned();
    let mut blocks = blocks(&vcn.body);
    blocks.push(parse_block("cidrBlock", call.required_text("cidrBlock")?, &blocks)?);
    if blocks.len() > BLOCKS_MAX {
        return Err(ApiError::limit_exceeded(format!("A VCN has at most {BLOCKS_MAX} CIDR blocks")));
    }
    cloud.set_state(call.id(), "UPDATING");
    let done = [("cidrBlocks", json!(blocks)), ("lifecycleState", json!("AVAILABLE"))];
    let fields = done.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    cloud.after(BLOCK_TIME, Event::Set { id: call.id().to_owned(), fields });
    let work_request = cloud.start_work_request(&WorkRequest {
        flavour: &work_requests::CORE,
        operation_type: "AddVcnCidr",
        compartment_id: &compartment_id,
        affected: vec![Affected {
            entity_type: "vcn",
            action: "UPDATED",
            id: call.id().to_owned(),
            uri: format!("/20160918/vcns/{}", call.id()),
        }],
        duration: BLOCK_TIME,
    });
    Ok(Reply::accepted(&work_request).subject(call.id()))
}

fn move_compartment(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &VCN, call.id())?;
    let compartment_id = call.required_text("compartmentId")?.to_owned();
    cloud.update(call.id(), |vcn| vcn.set("compartmentId", compartment_id.as_str()));
    Ok(accept_move(cloud, "vcn", "vcns", call.id(), &compartment_id))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn = find_changeable(cloud, &VCN, call.id())?;
    let own: Vec<String> = DEFAULTS.iter().filter_map(|name| vcn.text(name).map(str::to_owned)).collect();
    // Only what says "my VCN is this one" holds it back; a work request that mentions it does not.
    let blocker = cloud.referrers(call.id()).find(|other| {
        other.is_live() && other.text("vcnId") == Some(call.id()) && !own.iter().any(|id| **id == *other.id)
    });
    if let Some(blocker) = blocker {
        return Err(ApiError::conflict(format!(
            "The VCN {} cannot be deleted: it still has the {} {}",
            call.id(),
            blocker.kind.name,
            blocker.id
        )));
    }
    cloud.terminate(call.id(), "TERMINATING", "TERMINATED", CHANGE_TIME);
    for id in own {
        cloud.terminate(&id, "TERMINATING", "TERMINATED", CHANGE_TIME);
    }
    Ok(Reply::no_content())
}

/// Where a VCN names its default objects.
const DEFAULTS: [&str; 3] = ["defaultRouteTableId", "defaultSecurityListId", "defaultDhcpOptionsId"];

/// The blocks of a VCN, for what is made inside it.
#[must_use]
pub fn blocks(vcn: &Map<String, Value>) -> Vec<Ipv4Net> {
    let blocks = vcn.get("cidrBlocks").and_then(Value::as_array);
    blocks.into_iter().flatten().filter_map(|block| block.as_str()?.parse().ok()).collect()
}
