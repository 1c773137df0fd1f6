//! Rules that Oracle states in prose: names, labels, address blocks.

mod check;
pub(crate) mod tags;
mod texts;

use reconcile::provider::Invalid;
use reconcile::value::{AttributePath, Value, ValueMap};

pub(crate) use check::Check;
pub(crate) use texts::{
    base64, day, fault_domain, host_name, moment, same_base64, same_json, same_lines, same_moment, same_text,
    same_window, time_of_day, time_of_week,
};

/// Which IPv4 blocks are allowed.
pub(crate) struct Blocks {
    /// The shortest and the longest prefix.
    pub(crate) prefixes: std::ops::RangeInclusive<u8>,
    /// How many there may be at most.
    pub(crate) count_max: usize,
}

/// The blocks of a VCN. Source: Core Services 20160918, `CreateVcnDetails.cidrBlocks`.
pub(crate) const VCN_BLOCKS: Blocks = Blocks { prefixes: 16..=30, count_max: 5 };

/// The block of a subnet. Source: Oracle's networking documentation, "VCNs and Subnets".
pub(crate) const SUBNET_PREFIXES: std::ops::RangeInclusive<u8> = 16..=30;

/// 1 to 15 letters and digits, a letter first.
pub(crate) fn dns_label(inputs: &ValueMap, name: &str, problems: &mut Vec<Invalid>) {
    let Some(label) = inputs.get(name).and_then(Value::as_str) else { return };
    let starts = label.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || label.len() > 15 || !label.bytes().all(|c| c.is_ascii_alphanumeric()) {
        problems.push(invalid(name, format!("`{label}` is not 1 to 15 letters and digits, a letter first")));
    }
}

/// Every item is a block whose host bits are zero, of an allowed size, and none overlaps another.
pub(crate) fn ipv4_blocks(inputs: &ValueMap, name: &str, allowed: &Blocks, problems: &mut Vec<Invalid>) {
    let Some(items) = inputs.get(name).and_then(Value::as_list) else { return };
    if items.is_empty() || items.len() > allowed.count_max {
        problems
            .push(invalid(name, format!("there are 1 to {} blocks, not {}", allowed.count_max, items.len())));
    }
    let mut blocks: Vec<(&str, Block)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(text) = item.as_str() else { continue };
        match block(text, &allowed.prefixes) {
            Err(message) => {
                problems.push(Invalid { path: AttributePath::attribute(name).index(index), message })
            }
            Ok(found) => {
                if let Some((other, _)) = blocks.iter().find(|(_, other)| other.overlaps(found)) {
                    let message = format!("`{text}` overlaps `{other}`");
                    problems.push(Invalid { path: AttributePath::attribute(name).index(index), message });
                }
                blocks.push((text, found));
            }
        }
    }
}

/// Any block, IPv4 or IPv6, whose host bits are zero.
pub(crate) fn any_block(text: &str) -> Result<(), String> {
    let block: ipnet::IpNet =
        text.parse().map_err(|_| format!("`{text}` is not a block such as `10.0.0.0/16`"))?;
    match block.trunc() {
        whole if whole == block => Ok(()),
        whole => Err(format!("`{text}` has host bits set; the block is `{whole}`")),
    }
}

/// Whether two texts are one block: `10.0.0.0/16` and `010.0.0.0/16` are not, `2001:DB8::/32` and `2001:db8::/32` are.
pub(crate) fn same_block(desired: &Value, observed: &Value) -> bool {
    let block = |value: &Value| value.as_str()?.parse::<ipnet::IpNet>().ok();
    block(desired).zip(block(observed)).is_some_and(|(a, b)| a == b)
}

/// Whether two texts are one address, or one block; an address is a block of one.
pub(crate) fn same_address(desired: &Value, observed: &Value) -> bool {
    let block = |value: &Value| -> Option<ipnet::IpNet> {
        let text = value.as_str()?;
        let address = || text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from);
        text.parse().ok().or_else(address)
    };
    block(desired).zip(block(observed)).is_some_and(|(a, b)| a == b)
}

/// An IPv4 address.
pub(crate) fn ipv4(text: &str) -> Result<(), String> {
    let parsed: Result<std::net::Ipv4Addr, _> = text.parse();
    parsed.map(drop).map_err(|_| format!("`{text}` is no IPv4 address such as `10.0.0.5`"))
}

/// An IPv6 address.
pub(crate) fn ipv6(text: &str) -> Result<(), String> {
    let parsed: Result<std::net::Ipv6Addr, _> = text.parse();
    parsed.map(drop).map_err(|_| format!("`{text}` is no IPv6 address such as `2001:db8::5`"))
}

/// An address of either kind.
pub(crate) fn address(text: &str) -> Result<(), String> {
    let parsed: Result<std::net::IpAddr, _> = text.parse();
    parsed.map(drop).map_err(|_| format!("`{text}` is no address such as `10.0.0.5`"))
}

/// An address, or a block whose host bits are zero.
pub(crate) fn address_or_block(text: &str) -> Result<(), String> {
    if text.contains('/') { any_block(text) } else { address(text) }
}

/// An IPv6 block whose host bits are zero.
pub(crate) fn ipv6_block(text: &str) -> Result<(), String> {
    match text.parse() {
        Ok(ipnet::IpNet::V6(_)) => any_block(text),
        _ => Err(format!("`{text}` is no IPv6 block such as `2001:db8::/64`")),
    }
}

/// The IPv4 block of a subnet.
pub(crate) fn subnet_block(text: &str) -> Result<(), String> {
    block(text, &SUBNET_PREFIXES).map(drop)
}

/// Performance of a volume: none or more steps of ten.
///
/// # Source
/// Core Services 20160918, `CreateVolumeDetails.vpusPerGB`.
pub(crate) fn vpus(check: &mut Check<'_>, name: &str) {
    if check.number(name).is_some_and(|vpus| vpus % 10 != 0) {
        check.refuse(name, "must be a multiple of 10");
    }
}

/// An IPv4 block: its first address and its prefix.
#[derive(Clone, Copy)]
struct Block {
    first: u32,
    prefix: u8,
}

impl Block {
    fn overlaps(self, other: Self) -> bool {
        let mask = mask(self.prefix.min(other.prefix));
        self.first & mask == other.first & mask
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn block(text: &str, prefixes: &std::ops::RangeInclusive<u8>) -> Result<Block, String> {
    let not_a_block = || format!("`{text}` is not an IPv4 block such as `10.0.0.0/16`");
    let (address, prefix) = text.split_once('/').ok_or_else(not_a_block)?;
    let address: std::net::Ipv4Addr = address.parse().map_err(|_| not_a_block())?;
    let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 32).ok_or_else(not_a_block)?;
    if !prefixes.contains(&prefix) {
        return Err(format!("`{text}` is not between /{} and /{} in size", prefixes.start(), prefixes.end()));
    }
    let first = u32::from(address);
    if first & !mask(prefix) != 0 {
        let network = std::net::Ipv4Addr::from(first & mask(prefix));
        return Err(format!("`{text}` has host bits set; the block is `{network}/{prefix}`"));
    }
    Ok(Block { first, prefix })
}

/// A problem with a top-level attribute.
pub(crate) fn invalid(name: &str, message: String) -> Invalid {
    Invalid { path: AttributePath::attribute(name), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(blocks: &[&str]) -> Vec<String> {
        let list = Value::list(blocks.iter().map(|block| Value::from(*block)));
        let inputs = ValueMap::from([("cidr_blocks", list)]);
        let mut problems = Vec::new();
        ipv4_blocks(&inputs, "cidr_blocks", &VCN_BLOCKS, &mut problems);
        problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
    }

    #[test]
    fn blocks_are_judged_each_and_together() {
        let check =
            |blocks: &[&str], expected: &[&str]| assert_eq!(problems_of(blocks), expected, "{blocks:?}");
        check(&["10.0.0.0/16", "10.1.0.0/16"], &[]);
        check(&["10.0.0.0/15"], &["cidr_blocks[0]: `10.0.0.0/15` is not between /16 and /30 in size"]);
        check(
            &["10.0.0.1/16"],
            &["cidr_blocks[0]: `10.0.0.1/16` has host bits set; the block is `10.0.0.0/16`"],
        );
        check(&["ten"], &["cidr_blocks[0]: `ten` is not an IPv4 block such as `10.0.0.0/16`"]);
        check(
            &["10.0.0.0/33"],
            &["cidr_blocks[0]: `10.0.0.0/33` is not an IPv4 block such as `10.0.0.0/16`"],
        );
        check(&["10.0.0.0/16", "10.0.128.0/17"], &["cidr_blocks[1]: `10.0.128.0/17` overlaps `10.0.0.0/16`"]);
        check(&[], &["cidr_blocks: there are 1 to 5 blocks, not 0"]);
    }

    #[test]
    fn labels_are_short_and_start_with_a_letter() {
        let check = |label: &str, fits: bool| {
            let mut problems = Vec::new();
            dns_label(&ValueMap::from([("dns_label", Value::from(label))]), "dns_label", &mut problems);
            assert_eq!(problems.is_empty(), fits, "{label}");
        };
        check("moodle", true);
        check("m", true);
        check("m23456789012345", true);
        check("m234567890123456", false);
        check("1moodle", false);
        check("moo-dle", false);
        check("", false);
    }
}
