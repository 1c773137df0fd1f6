//! IPv6 blocks of VCNs and subnets: those that Oracle gives, private ones, and those that the customer brings.
//!
//! Blocks and the addresses of VNICs are checked, kept and told; no packet follows them.
//! API: Core Services 20160918, `CreateVcnDetails`, `CreateSubnetDetails`.

use std::net::Ipv6Addr;

use ipnet::Ipv6Net;
use serde_json::{Map, Value, json};

use super::subnet::SUBNET;
use super::vnic::VNIC;
use crate::cloud::{Cloud, Resource};
use crate::error::ApiError;
use crate::ocid;
use crate::services::Call;

/// Private blocks, and blocks of a subnet (Oracle's API reference: at most five of each).
const BLOCKS_MAX: usize = 5;
/// Every subnet's block is a /64 (Oracle's API reference).
const SUBNET_PREFIX: u8 = 64;
/// Oracle's block of a VCN is a /56 (Oracle's API reference).
const VCN_PREFIX: u8 = 56;

/// The fields of a VCN that hold IPv6 blocks: Oracle's, private ones, and those brought along.
const VCN_FIELDS: [&str; 3] = ["ipv6CidrBlocks", "ipv6PrivateCidrBlocks", "byoipv6CidrBlocks"];

/// What a new VCN shows of its IPv6 blocks; nothing when IPv6 is not enabled.
pub(super) fn of_new_vcn(cloud: &mut Cloud, call: &Call) -> Result<Map<String, Value>, ApiError> {
    let private = call.texts("ipv6PrivateCidrBlocks").unwrap_or_default();
    let details = call.json.get("byoipv6CidrDetails").and_then(Value::as_array);
    let brought: Vec<&str> =
        details.into_iter().flatten().filter_map(|details| details["ipv6CidrBlock"].as_str()).collect();
    if call.flag("isIpv6Enabled") != Some(true) {
        let given = [("ipv6PrivateCidrBlocks", &private), ("byoipv6CidrDetails", &brought)];
        return match given.iter().find(|(_, blocks)| !blocks.is_empty()) {
            Some((field, _)) => Err(ApiError::invalid(field, "IPv6 is not enabled for this VCN")),
            None => Ok(Map::new()),
        };
    }
    let private = parse_all("ipv6PrivateCidrBlocks", &private)?;
    let brought = parse_all("byoipv6CidrDetails", &brought)?;
    let allocated: Vec<Ipv6Net> = match call.flag("isOracleGuaAllocationEnabled") {
        Some(false) => Vec::new(),
        _ => vec![allocate(cloud)],
    };
    let shown = VCN_FIELDS.iter().zip([allocated, private, brought]);
    Ok(shown.map(|(field, blocks)| ((*field).to_owned(), json!(blocks))).collect())
}

/// A /56 that no other VCN has, in the range in which Oracle's lie (public examples).
fn allocate(cloud: &mut Cloud) -> Ipv6Net {
    let count = u128::from(cloud.next_number("ipv6 block"));
    let base = 0x2603_c020_8000_u128 << 80;
    let address = Ipv6Addr::from(base | (count << (128 - VCN_PREFIX)));
    Ipv6Net::new(address, VCN_PREFIX).expect("56 is a length of prefixes").trunc()
}

/// Blocks without host bits that do not overlap.
fn parse_all(field: &str, texts: &[&str]) -> Result<Vec<Ipv6Net>, ApiError> {
    if texts.len() > BLOCKS_MAX {
        return Err(ApiError::invalid(
            field,
            format!("{} blocks, at most {BLOCKS_MAX} are allowed", texts.len()),
        ));
    }
    let mut blocks: Vec<Ipv6Net> = Vec::new();
    for text in texts {
        let block = text.parse().ok().filter(|block: &Ipv6Net| block.trunc() == *block);
        let block =
            block.ok_or_else(|| ApiError::invalid(field, format!("{text:?} is not an IPv6 CIDR block")))?;
        if let Some(other) = blocks.iter().find(|other| overlap(&block, other)) {
            return Err(ApiError::invalid(field, format!("{block} overlaps with {other}")));
        }
        blocks.push(block);
    }
    Ok(blocks)
}

fn overlap(one: &Ipv6Net, other: &Ipv6Net) -> bool {
    one.contains(other) || other.contains(one)
}

fn blocks_in<'r>(resource: &'r Resource, field: &str) -> impl Iterator<Item = Ipv6Net> + use<'r> {
    let blocks = resource.body.get(field).and_then(Value::as_array);
    blocks.into_iter().flatten().filter_map(|block| block.as_str()?.parse().ok())
}

/// The IPv6 blocks of a subnet.
pub(crate) fn of_subnet(subnet: &Resource) -> Vec<Ipv6Net> {
    blocks_in(subnet, "ipv6CidrBlocks").collect()
}

/// What a subnet shows of the IPv6 blocks that a request asks for; nothing when it asks for none. `own` is the subnet that is
/// changed.
pub(super) fn requested_of_subnet(
    cloud: &Cloud,
    vcn: &Resource,
    call: &Call,
    own: Option<&str>,
) -> Result<Map<String, Value>, ApiError> {
    let field = "ipv6CidrBlocks";
    let texts = match (call.texts(field), call.text("ipv6CidrBlock").filter(|block| !block.is_empty())) {
        (Some(blocks), Some(block)) if !blocks.contains(&block) => {
            return Err(ApiError::invalid("ipv6CidrBlock", "it is not among ipv6CidrBlocks"));
        }
        (Some(blocks), _) => blocks,
        (None, Some(block)) => vec![block],
        (None, None) => return Ok(Map::new()),
    };
    let blocks = parse_all(field, &texts)?;
    let outer: Vec<Ipv6Net> = VCN_FIELDS.iter().flat_map(|field| blocks_in(vcn, field)).collect();
    for block in &blocks {
        if block.prefix_len() != SUBNET_PREFIX {
            return Err(ApiError::invalid(field, format!("{block}: a subnet's block is a /{SUBNET_PREFIX}")));
        }
        if !outer.iter().any(|outer| outer.contains(block)) {
            let why = format!("{block} is not within the IPv6 blocks of VCN {}", vcn.id);
            return Err(ApiError::invalid(field, why));
        }
        let mut others = cloud.live_referrers(&SUBNET, &vcn.id).filter(|subnet| own != Some(&*subnet.id));
        if let Some(other) = others.find(|subnet| of_subnet(subnet).contains(block)) {
            return Err(ApiError::invalid(
                field,
                format!("{block} is a block of subnet {} already", other.id),
            ));
        }
    }
    let first = blocks.first().map_or(Value::Null, |block| json!(block));
    Ok(Map::from_iter([(field.to_owned(), json!(blocks)), ("ipv6CidrBlock".to_owned(), first)]))
}

/// The IPv6 addresses of a new VNIC: those that `CreateVnicDetails` names, or one that the service chooses.
pub(super) fn of_new_vnic(
    cloud: &Cloud,
    subnet: &Resource,
    details: &Map<String, Value>,
) -> Result<Vec<Ipv6Addr>, ApiError> {
    let field = "createVnicDetails.ipv6AddressIpv6SubnetCidrPairDetails";
    let blocks = of_subnet(subnet);
    let others = cloud.live_referrers(&VNIC, &subnet.id).flat_map(|vnic| vnic.texts("ipv6Addresses"));
    let mut taken: Vec<Ipv6Addr> = others.filter_map(|address| address.parse().ok()).collect();
    let pairs = details.get("ipv6AddressIpv6SubnetCidrPairDetails").and_then(Value::as_array);
    let mut wanted: Vec<(Option<&str>, Option<&str>)> = pairs
        .into_iter()
        .flatten()
        .map(|pair| (pair["ipv6SubnetCidr"].as_str(), pair["ipv6Address"].as_str()))
        .collect();
    if wanted.is_empty() && details.get("assignIpv6Ip") == Some(&Value::Bool(true)) {
        wanted.push((None, None));
    }
    let mut addresses = Vec::new();
    for (block, address) in wanted {
        let block = match block {
            Some(text) => text.parse().ok().filter(|block| blocks.contains(block)),
            None => blocks.first().copied(),
        };
        let why = || ApiError::invalid(field, format!("subnet {} has no such IPv6 block", subnet.id));
        let block = block.ok_or_else(why)?;
        let address = match address {
            None => free_address(cloud.place().seed, block, &taken),
            Some(text) => {
                text.parse().ok().filter(|address| block.contains(address)).ok_or_else(|| {
                    ApiError::invalid(field, format!("{text:?} is not an address of {block}"))
                })?
            }
        };
        if taken.contains(&address) {
            let why = format!("IPv6 address {address} is already in use in subnet {}", subnet.id);
            return Err(ApiError::conflict(why));
        }
        taken.push(address);
        addresses.push(address);
    }
    Ok(addresses)
}

/// An address that nobody has; the service scatters those that it chooses.
fn free_address(seed: u64, block: Ipv6Net, taken: &[Ipv6Addr]) -> Ipv6Addr {
    let chosen = (taken.len()..).map(|number| {
        let low = u64::from_str_radix(&ocid::hex(seed, &format!("ipv6/{block}/{number}"), 16), 16);
        Ipv6Addr::from(u128::from(block.network()) | u128::from(low.unwrap_or(1)))
    });
    let mut free = chosen.filter(|address| !taken.contains(address));
    free.next().expect("there is always one more number")
}
