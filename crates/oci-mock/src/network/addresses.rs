//! Addresses in a subnet: which exist, which are taken, which comes next.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value;

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
fn is_reserved(block: Ipv4Net, wanted: Ipv4Net) -> bool {
    let offset = u32::from(wanted.network()) - u32::from(block.network());
    offset < 2 || wanted.broadcast() == block.broadcast()
}

/// What is taken in a subnet.
#[derive(Default)]
struct Taken {
    addresses: BTreeSet<Ipv4Addr>,
    /// Private IPs may be whole blocks of addresses.
    blocks: Vec<Ipv4Net>,
}

impl Taken {
    fn of(cloud: &Cloud, subnet_id: &str) -> Self {
        let mut taken = Self::default();
        let here = cloud.referrers(subnet_id).filter(|r| r.kind.name == PRIVATE_IP.name);
        for ip in here.filter(|ip| ip.text("subnetId") == Some(subnet_id)) {
            let Some(address) = ip.text("ipAddress").and_then(|text| text.parse().ok()) else { continue };
            let prefix = ip.body.get("cidrPrefixLength").and_then(Value::as_u64);
            match prefix.and_then(|prefix| Ipv4Net::new(address, u8::try_from(prefix).ok()?).ok()) {
                Some(block) => taken.blocks.push(block),
                None => drop(taken.addresses.insert(address)),
            }
        }
        taken
    }

    fn has(&self, wanted: Ipv4Net) -> bool {
        let overlaps = |block: &Ipv4Net| block.contains(&wanted) || wanted.contains(block);
        self.addresses.range(wanted.network()..=wanted.broadcast()).next().is_some()
            || self.blocks.iter().any(overlaps)
    }

    fn count(&self) -> usize {
        let in_blocks: usize = self.blocks.iter().map(|block| 1_usize << (32 - block.prefix_len())).sum();
        self.addresses.len() + in_blocks
    }
}

/// How many addresses a subnet has left.
#[must_use]
pub fn free_addresses(cloud: &Cloud, subnet_id: &str) -> usize {
    let Some(subnet) = cloud.get(subnet_id) else { return 0 };
    let taken = Taken::of(cloud, subnet_id).count();
    let all: u64 = blocks_of(subnet).iter().map(|block| (1_u64 << (32 - block.prefix_len())) - 3).sum();
    usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(taken)
}

/// An address that somebody asks for in a subnet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// The address; any free one otherwise.
    pub(crate) address: Option<&'a str>,
    /// How many bits all addresses of the block share that is asked for in place of one address. It needs `address`.
    pub(crate) prefix: Option<u8>,
    /// The block of the subnet that it is to be taken from.
    pub(crate) within: Option<&'a str>,
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
    wanted: Wanted<'_>,
) -> Result<Ipv4Addr, ApiError> {
    let subnet = cloud.related("subnetId", &SUBNET, subnet_id)?;
    let taken = Taken::of(cloud, subnet_id);
    let mut blocks = blocks_of(subnet);
    if let Some(within) = wanted.within {
        let within = within.parse::<Ipv4Net>().ok();
        blocks.retain(|block| Some(*block) == within);
        if blocks.is_empty() {
            return Err(ApiError::invalid(
                "ipv4SubnetCidrAtCreation",
                format!("it is not a block of subnet {subnet_id}"),
            ));
        }
    }
    match (wanted.address, wanted.prefix) {
        (Some(address), prefix) => {
            let address = parse(field, address, prefix)?;
            require_free(address, &blocks, &taken, field, subnet_id)?;
            Ok(address.addr())
        }
        (None, Some(_)) => Err(ApiError::missing(field)),
        (None, None) => any_free(cloud, &blocks, &taken, subnet_id),
    }
}

/// An address as a block of one, or the block that begins with it.
fn parse(field: &str, text: &str, prefix: Option<u8>) -> Result<Ipv4Net, ApiError> {
    let address: Ipv4Addr =
        text.parse().map_err(|_| ApiError::invalid(field, format!("{text:?} is not an IPv4 address")))?;
    let block = Ipv4Net::new(address, prefix.unwrap_or(32)).ok().filter(|block| block.trunc() == *block);
    block.ok_or_else(|| {
        let prefix = prefix.unwrap_or(32);
        ApiError::invalid("cidrPrefixLength", format!("{address}/{prefix} is not a block of addresses"))
    })
}

fn require_free(
    wanted: Ipv4Net,
    blocks: &[Ipv4Net],
    taken: &Taken,
    field: &str,
    subnet_id: &str,
) -> Result<(), ApiError> {
    let shown = if wanted.prefix_len() == 32 { wanted.addr().to_string() } else { wanted.to_string() };
    let Some(block) = blocks.iter().find(|block| block.contains(&wanted)) else {
        return Err(ApiError::invalid(field, format!("{shown} is not in subnet {subnet_id}")));
    };
    if is_reserved(*block, wanted) {
        return Err(ApiError::invalid(field, format!("{shown} is reserved by the network itself")));
    }
    if taken.has(wanted) {
        return Err(ApiError::conflict(format!(
            "Private IP address {shown} is already in use in subnet {subnet_id}"
        )));
    }
    Ok(())
}

fn any_free(cloud: &Cloud, blocks: &[Ipv4Net], taken: &Taken, subnet_id: &str) -> Result<Ipv4Addr, ApiError> {
    let seed = cloud.place().seed;
    for block in blocks {
        let size = 1_u32 << (32 - block.prefix_len());
        let purpose = format!("address/{subnet_id}/{block}/{}", taken.count());
        let start = u32::from_str_radix(&ocid::hex(seed, &purpose, 8), 16).unwrap_or(0);
        let candidates = (0..size)
            .map(|step| Ipv4Addr::from(u32::from(block.network()) + (start.wrapping_add(step) & (size - 1))));
        let is_free = |address: &Ipv4Addr| {
            let address = Ipv4Net::from(*address);
            !is_reserved(*block, address) && !taken.has(address)
        };
        if let Some(address) = candidates.into_iter().find(is_free) {
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
