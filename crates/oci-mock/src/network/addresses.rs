//! Addresses in a subnet: which exist, which are taken, which comes next.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::cloud::{Cloud, Resource};
use crate::error::ApiError;
use crate::ocid;
use crate::services::core::private_ip::PRIVATE_IP;
use crate::services::core::subnet::SUBNET;

/// The IPv4 blocks of a VCN or subnet.
pub(crate) fn blocks_of(resource: &Resource) -> Vec<Ipv4Net> {
    let lists = resource.texts("cidrBlocks").chain(resource.texts("ipv4CidrBlocks"));
    let mut blocks: Vec<Ipv4Net> = lists.filter_map(|text| text.parse().ok()).collect();
    if blocks.is_empty() {
        blocks.extend(resource.text("cidrBlock").and_then(|text| text.parse::<Ipv4Net>().ok()));
    }
    blocks
}

/// The first two addresses and the last one of a block belong to the network: its name, the router, and
/// broadcast (Oracle's documentation).
fn is_reserved(block: Ipv4Net, address: Ipv4Addr) -> bool {
    let offset = u32::from(address) - u32::from(block.network());
    offset < 2 || address == block.broadcast()
}

fn taken(cloud: &Cloud, subnet_id: &str) -> BTreeSet<Ipv4Addr> {
    let here = cloud.referrers(subnet_id).filter(|r| r.kind.name == PRIVATE_IP.name);
    here.filter(|ip| ip.text("subnetId") == Some(subnet_id))
        .filter_map(|ip| ip.text("ipAddress")?.parse().ok())
        .collect()
}

/// How many addresses a subnet has left.
#[must_use]
pub fn free_addresses(cloud: &Cloud, subnet_id: &str) -> usize {
    let Some(subnet) = cloud.get(subnet_id) else { return 0 };
    let taken = taken(cloud, subnet_id).len();
    let all: u64 = blocks_of(subnet).iter().map(|block| (1_u64 << (32 - block.prefix_len())) - 3).sum();
    usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(taken)
}

/// The address that is asked for, or a free one. The service scatters the addresses that it chooses, so that
/// nobody may count on the next one.
///
/// # Errors
/// 400 when the address is not one of the subnet's, 409 when it is taken, 400 `LimitExceeded` when none is
/// left (the code for this case is not documented).
pub(crate) fn choose_address(
    cloud: &Cloud,
    field: &str,
    subnet_id: &str,
    wanted: Option<&str>,
) -> Result<Ipv4Addr, ApiError> {
    let subnet = cloud.related("subnetId", &SUBNET, subnet_id)?;
    let taken = taken(cloud, subnet_id);
    let blocks = blocks_of(subnet);
    if let Some(wanted) = wanted {
        let address: Ipv4Addr = wanted
            .parse()
            .map_err(|_| ApiError::invalid(field, format!("{wanted:?} is not an IPv4 address")))?;
        let Some(block) = blocks.iter().find(|block| block.contains(&address)) else {
            return Err(ApiError::invalid(field, format!("{address} is not in subnet {subnet_id}")));
        };
        if is_reserved(*block, address) {
            return Err(ApiError::invalid(field, format!("{address} is reserved by the network itself")));
        }
        if taken.contains(&address) {
            return Err(ApiError::conflict(format!(
                "Private IP address {address} is already in use in subnet {subnet_id}"
            )));
        }
        return Ok(address);
    }
    let seed = cloud.place().seed;
    for block in blocks {
        let size = 1_u32 << (32 - block.prefix_len());
        let purpose = format!("address/{subnet_id}/{block}/{}", taken.len());
        let start = u32::from_str_radix(&ocid::hex(seed, &purpose, 8), 16).unwrap_or(0);
        let candidates = (0..size)
            .map(|step| Ipv4Addr::from(u32::from(block.network()) + (start.wrapping_add(step) & (size - 1))));
        let mut free = candidates.filter(|address| !is_reserved(block, *address) && !taken.contains(address));
        if let Some(address) = free.next() {
            return Ok(address);
        }
    }
    Err(ApiError::limit_exceeded(format!("Subnet {subnet_id} has no free private IP address left")))
}

/// Refuses a host name that is taken in the subnet, or that no DNS would serve. `own` is the private IP that
/// may have it already.
///
/// # Errors
/// 400 when the subnet has no DNS label, 409 when the name is taken.
pub fn check_host_name(
    cloud: &Cloud,
    field: &str,
    subnet_id: &str,
    label: &str,
    own: Option<&str>,
) -> Result<(), ApiError> {
    let subnet = cloud.related("subnetId", &SUBNET, subnet_id)?;
    if subnet.text("subnetDomainName").is_none() {
        return Err(ApiError::invalid(field, format!("subnet {subnet_id} has no DNS label, so no names")));
    }
    let mut others = cloud
        .referrers(subnet_id)
        .filter(|r| r.kind.name == PRIVATE_IP.name && own != Some(&*r.id))
        .filter_map(|ip| ip.text("hostnameLabel"));
    if others.any(|other| other.eq_ignore_ascii_case(label)) {
        return Err(ApiError::conflict(format!(
            "The hostname label {label} is already in use in subnet {subnet_id}"
        )));
    }
    Ok(())
}

/// The VCN that a subnet is in.
#[must_use]
pub fn vcn_of_subnet<'c>(cloud: &'c Cloud, subnet_id: &str) -> Option<&'c str> {
    cloud.get(subnet_id)?.text("vcnId")
}
