//! VCN: the network that everything else lies in.
//!
//! A new VCN brings a default route table, security list and DHCP options along; they go with it.
//! API: Core Services 20160918, `Vcn`.

use std::time::Duration;

use ipnet::Ipv4Net;
use serde_json::{Map, Value, json};

use super::defaults::create_defaults;
use super::{NETWORK, NETWORK_LINGER_SECS};
use crate::cloud::{Cloud, Event, Kind, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::ocid::Style;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The type.
pub static VCN: Kind = Kind {
    name: "vcn",
    service: "core",
    model: "Vcn",
    terraform: Some("oci_core_vcn"),
    style: Style::Regional,
    gone: &["TERMINATED"],
    linger_secs: NETWORK_LINGER_SECS,
};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateVcn", create),
        read(NETWORK, "GetVcn", |cloud, call| Ok(Reply::resource(cloud.find(&VCN, call.id())?))),
        read(NETWORK, "ListVcns", |cloud, call| list_resources(cloud, call, &List::of(&VCN))),
        write(NETWORK, "UpdateVcn", update),
        write(NETWORK, "DeleteVcn", delete),
    ],
    kinds: &[&VCN],
    events: &[],
    seed: None,
};

/// Creating and deleting a VCN takes about a second (public logs).
const CHANGE_TIME: Duration = Duration::from_secs(1);

/// Blocks in one VCN (Oracle's documentation).
const BLOCKS_MAX: usize = 5;

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let blocks = requested_blocks(call)?;
    let mut body = facts().project("core", "Vcn", &call.json);
    body.insert("cidrBlock".to_owned(), json!(blocks[0]));
    body.insert("cidrBlocks".to_owned(), json!(blocks));
    if let Some(label) = call.text("dnsLabel") {
        body.insert("vcnDomainName".to_owned(), json!(format!("{label}.oraclevcn.com")));
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
        let field = format!("cidrBlocks[{index}]");
        let block: Ipv4Net = text.parse().map_err(|_| ApiError::invalid(&field, "not a CIDR block"))?;
        if !(16..=30).contains(&block.prefix_len()) {
            return Err(ApiError::invalid(&field, "a VCN's block is between /16 and /30"));
        }
        if let Some(other) = blocks.iter().find(|other| other.contains(&block) || block.contains(*other)) {
            return Err(ApiError::invalid(&field, format!("{block} overlaps with {other}")));
        }
        blocks.push(block);
    }
    Ok(blocks)
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn = cloud.find_live(&VCN, call.id())?;
    if matches!(vcn.state(), Some("TERMINATING" | "UPDATING")) {
        return Err(ApiError::incorrect_state(format!(
            "VCN {} is {}",
            vcn.id,
            vcn.state().unwrap_or_default()
        )));
    }
    cloud.update(call.id(), |vcn| vcn.merge(&call.json));
    Ok(Reply::resource(cloud.find(&VCN, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn = cloud.find_live(&VCN, call.id())?;
    if vcn.state() == Some("TERMINATING") {
        return Err(ApiError::incorrect_state(format!("VCN {} is TERMINATING", vcn.id)));
    }
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
