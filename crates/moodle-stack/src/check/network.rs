//! The network: sizes, and which range lies in which.

use ipnet::Ipv4Net;

use crate::codes::Code;
use crate::config::Config;
use crate::diagnostic::Diagnostic;

/// Addresses that the service keeps of each subnet: the first two and the last.
const RESERVED_ADDRESSES: u32 = 3;

/// A subnet of the file.
struct Subnet {
    key: &'static str,
    range: Ipv4Net,
    /// Who needs addresses in it, and how many.
    needs: Vec<(&'static str, u32)>,
}

/// The subnets, in the order of the file.
fn subnets(config: &Config) -> [Subnet; 4] {
    let (network, database) = (&config.network, &config.database);
    let instances = if database.high_availability { 3 } else { 1 };
    [
        Subnet {
            key: "network.balancer_cidr",
            range: network.balancer_cidr,
            // It has a second one while the service moves it.
            needs: vec![("the load balancer", 2)],
        },
        Subnet {
            key: "network.web_cidr",
            range: network.web_cidr,
            needs: vec![("servers", u32::from(config.servers.count))],
        },
        Subnet {
            key: "network.database_cidr",
            range: network.database_cidr,
            needs: vec![
                ("the database's instances", instances),
                ("read replicas", u32::from(database.replicas)),
                ("endpoints for writing and reading", 2),
            ],
        },
        Subnet {
            key: "network.storage_cidr",
            range: network.storage_cidr,
            needs: vec![("the mount target, which takes more while it fails over", 3)],
        },
    ]
}

/// How many addresses each subnet must have room for, by the key of its range.
pub(crate) fn addresses_needed(config: &Config) -> [(&'static str, u32); 4] {
    subnets(config).map(|subnet| (subnet.key, subnet.needs.iter().map(|(_, count)| count).sum()))
}

/// A VCN is /16 to /30.
pub(super) fn vcn_has_a_size(config: &Config) -> Vec<Diagnostic> {
    let range = config.network.cidr;
    if (16..=30).contains(&range.prefix_len()) {
        return Vec::new();
    }
    let message = format!("{range} is a /{}; a VCN is a /16 to /30", range.prefix_len());
    vec![Diagnostic::error(Code::VcnSize, "network.cidr", message)]
}

/// Ranges that no VCN may have: this host, loopback, what instances reach metadata and boot volumes at, multicast and above.
const TAKEN: [(Ipv4Net, &str); 4] = [
    (Ipv4Net::new_assert(std::net::Ipv4Addr::new(0, 0, 0, 0), 8), "means \"this host\""),
    (Ipv4Net::new_assert(std::net::Ipv4Addr::new(127, 0, 0, 0), 8), "is every machine itself"),
    (
        Ipv4Net::new_assert(std::net::Ipv4Addr::new(169, 254, 0, 0), 16),
        "is where Oracle's own services inside an instance are",
    ),
    (Ipv4Net::new_assert(std::net::Ipv4Addr::new(224, 0, 0, 0), 3), "is for multicast and reserved"),
];

/// The VCN has no addresses that belong to somebody else.
pub(super) fn addresses_are_free(config: &Config) -> Vec<Diagnostic> {
    let range = config.network.cidr;
    let taken = TAKEN.iter().filter(|(taken, _)| overlap(&range, taken));
    let say = |(taken, what): &(Ipv4Net, &str)| {
        let message = format!("{range} overlaps with {taken}, which {what}");
        Diagnostic::error(Code::AddressesReserved, "network.cidr", message)
    };
    taken.map(say).collect()
}

/// Private addresses, and those that providers share behind their gateways.
const PRIVATE: [Ipv4Net; 4] = [
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(100, 64, 0, 0), 10),
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(192, 168, 0, 0), 16),
];

/// Whether nobody on the internet has these addresses.
pub(super) fn is_private(range: &Ipv4Net) -> bool {
    PRIVATE.iter().any(|private| private.contains(range))
}

/// The VCN's addresses are private: what on the internet has the same ones cannot be reached from it.
pub(super) fn addresses_are_private(config: &Config) -> Vec<Diagnostic> {
    let range = config.network.cidr;
    if is_private(&range) || TAKEN.iter().any(|(taken, _)| overlap(&range, taken)) {
        return Vec::new();
    }
    let message =
        format!("{range} is not private: the servers cannot reach who has these addresses on the internet");
    let hint = "take a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16";
    vec![Diagnostic::warning(Code::AddressesPublic, "network.cidr", message).hint(hint)]
}

/// Every subnet lies in the VCN.
pub(super) fn subnets_are_inside(config: &Config) -> Vec<Diagnostic> {
    let vcn = config.network.cidr;
    let outside = subnets(config).into_iter().filter(|subnet| !vcn.contains(&subnet.range));
    let say = |subnet: Subnet| {
        let message = format!("{} is not inside the VCN, {vcn}", subnet.range);
        Diagnostic::error(Code::SubnetOutside, subnet.key, message).with(&["network.cidr"])
    };
    outside.map(say).collect()
}

/// No two subnets share an address.
pub(super) fn subnets_are_disjoint(config: &Config) -> Vec<Diagnostic> {
    let subnets = subnets(config);
    let mut found = Vec::new();
    for (at, subnet) in subnets.iter().enumerate() {
        for other in subnets[..at].iter().filter(|other| overlap(&subnet.range, &other.range)) {
            let message = format!("{} overlaps with `{}`, {}", subnet.range, other.key, other.range);
            found.push(Diagnostic::error(Code::SubnetsOverlap, subnet.key, message).with(&[other.key]));
        }
    }
    found
}

/// Every subnet has room for what is put into it.
pub(super) fn subnets_are_large_enough(config: &Config) -> Vec<Diagnostic> {
    let related = ["servers.count", "database.replicas", "database.high_availability"];
    let too_small = |subnet: Subnet| {
        let needed: u32 = subnet.needs.iter().map(|(_, count)| count).sum();
        let room = room(&subnet.range);
        if room >= needed {
            return None;
        }
        let parts = subnet.needs.iter().filter(|(_, count)| *count > 0);
        let parts: Vec<String> = parts.map(|(who, count)| format!("{count} for {who}")).collect();
        let message = format!(
            "{} has room for {room} addresses beside the service's three, and {needed} are needed: {}",
            subnet.range,
            parts.join(", ")
        );
        let prefix = 32 - (needed + RESERVED_ADDRESSES).next_power_of_two().trailing_zeros();
        let hint = format!("a /{prefix} is large enough");
        let related = if subnet.needs.len() > 1 { &related[1..] } else { &related[..1] };
        let related = if subnet.key == "network.storage_cidr" || subnet.key == "network.balancer_cidr" {
            &[]
        } else {
            related
        };
        Some(Diagnostic::error(Code::SubnetTooSmall, subnet.key, message).hint(hint).with(related))
    };
    subnets(config).into_iter().filter_map(too_small).collect()
}

/// An existing subnet or gateway is part of a VCN that exists as well.
pub(super) fn parts_have_a_whole(config: &Config) -> Vec<Diagnostic> {
    let network = &config.network;
    if network.vcn_id.is_some() {
        return Vec::new();
    }
    let parts = [
        ("network.internet_gateway_id", &network.internet_gateway_id),
        ("network.nat_gateway_id", &network.nat_gateway_id),
        ("network.service_gateway_id", &network.service_gateway_id),
        ("network.balancer_subnet_id", &network.balancer_subnet_id),
        ("network.web_subnet_id", &network.web_subnet_id),
        ("network.database_subnet_id", &network.database_subnet_id),
        ("network.storage_subnet_id", &network.storage_subnet_id),
    ];
    let given = parts.into_iter().filter(|(_, id)| id.is_some());
    let say = |(key, _)| {
        let message =
            format!("`{key}` is part of an existing VCN, and `network.vcn_id` does not say of which");
        Diagnostic::error(Code::ExistingNetwork, key, message).with(&["network.vcn_id"])
    };
    given.map(say).collect()
}

/// How many addresses of a subnet can be given away.
fn room(range: &Ipv4Net) -> u32 {
    let all = 1_u32.checked_shl(u32::from(32 - range.prefix_len())).unwrap_or(u32::MAX);
    all.saturating_sub(RESERVED_ADDRESSES)
}

fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}
