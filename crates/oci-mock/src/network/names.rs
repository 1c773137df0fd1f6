//! Names inside a VCN: `<host>.<subnet>.<vcn>.oraclevcn.com`.

use std::net::Ipv4Addr;

use crate::cloud::{Cloud, Resource};
use crate::services::core::private_ip::PRIVATE_IP;
use crate::services::core::subnet::SUBNET;

/// The full name of a private IP, if it has one.
#[must_use]
pub fn full_name(cloud: &Cloud, private_ip: &Resource) -> Option<String> {
    let label = private_ip.text("hostnameLabel")?;
    let domain = cloud.get(private_ip.text("subnetId")?)?.text("subnetDomainName")?;
    Some(format!("{label}.{domain}"))
}

/// The address that a name has for somebody in this VCN.
#[must_use]
pub fn resolve(cloud: &Cloud, vcn_id: &str, name: &str) -> Option<Ipv4Addr> {
    let name = name.trim_end_matches('.');
    for subnet in cloud.live_referrers(&SUBNET, vcn_id) {
        let Some(domain) = subnet.text("subnetDomainName") else { continue };
        let split = name.len().checked_sub(domain.len() + 1).filter(|split| name.is_char_boundary(*split));
        let Some((label, rest)) = split.map(|split| name.split_at(split)) else { continue };
        if !rest.strip_prefix('.').is_some_and(|rest| rest.eq_ignore_ascii_case(domain)) {
            continue;
        }
        let mut here = cloud.referrers(&subnet.id).filter(|ip| ip.kind.name == PRIVATE_IP.name);
        let found =
            here.find(|ip| ip.text("hostnameLabel").is_some_and(|own| own.eq_ignore_ascii_case(label)));
        if let Some(address) = found.and_then(|ip| ip.text("ipAddress")?.parse().ok()) {
            return Some(address);
        }
    }
    None
}
