//! The network that exists already, where the file names parts of it.
//!
//! The file must say the ranges of what exists, because rules and addresses follow from them; so a range that is not the real one
//! is a fault here.

use ipnet::Ipv4Net;
use oci_client::services::core::models::{PrivateIp, Subnet, Vcn};
use oci_client::services::core::operations::{GetSubnet, GetVcn, ListPrivateIps, ListSubnets};
use world::BoxFuture;

use super::subject::Subject;
use super::{Place, gateways};
use crate::check::addresses_needed;
use crate::codes::Code;
use crate::config::Config;
use crate::reads::{Read, Reads, all, is_missing, unread, words};
use crate::report::{Check, Finding, Level};
use crate::stack::{Zone, names};

/// Addresses that the service keeps of each subnet: the first two and the last.
const RESERVED_ADDRESSES: u64 = 3;

/// One subnet of the file.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) zone: Zone,
    /// The key of its range.
    key: &'static str,
    id_key: &'static str,
    pub(super) id: Option<String>,
    range: Ipv4Net,
    /// Whether what is in it has public addresses.
    pub(super) is_public: bool,
}

/// The subnets, from the visitors inwards.
pub(super) fn wishes(config: &Config) -> [Wish; 4] {
    let network = &config.network;
    Zone::ALL.map(|zone| {
        let (key, id_key, range) = match zone {
            Zone::Balancer => ("network.balancer_cidr", "network.balancer_subnet_id", network.balancer_cidr),
            Zone::Web => ("network.web_cidr", "network.web_subnet_id", network.web_cidr),
            Zone::Database => ("network.database_cidr", "network.database_subnet_id", network.database_cidr),
            Zone::Storage => ("network.storage_cidr", "network.storage_subnet_id", network.storage_cidr),
        };
        let id = zone.existing_subnet(config).map(str::to_owned);
        let is_public = zone == Zone::Balancer && config.load_balancer.public;
        Wish { zone, key, id_key, id, range, is_public }
    })
}

/// Whether the stack makes routes through an internet gateway, and whether it makes some through the other two gateways: for
/// its own subnets. Those that exist have theirs.
pub(super) fn routes(config: &Config) -> (bool, bool) {
    let wishes = wishes(config);
    let new = |is_public: bool| wishes.iter().any(|wish| wish.id.is_none() && wish.is_public == is_public);
    (new(true), new(false))
}

/// Looks at the parts that exist. Where none does, nothing is asked.
pub(super) async fn look(reads: &Reads, subject: &Subject<'_>, place: &Place) -> Vec<Finding> {
    let Some(vcn_id) = subject.config.network.vcn_id.as_deref() else { return Vec::new() };
    let vcn = reads.value(&GetVcn::new(vcn_id)).await;
    let mut findings = vec![judge_vcn(subject.config, vcn_id, &vcn)];
    // Parts lie in the compartment of their VCN, mostly; where that is not known, in the stack's.
    let compartment =
        vcn.ok().and_then(|vcn| vcn.compartment_id).unwrap_or_else(|| place.compartment.clone());
    let named = wishes(subject.config).into_iter().filter(|wish| wish.id.is_some());
    let (subnets, others, gateways) = tokio::join!(
        all(named.map(|wish| -> BoxFuture<'_, Vec<Finding>> {
            Box::pin(async move { subnet(reads, subject, place, vcn_id, &wish).await })
        })),
        others(reads, subject, vcn_id, &compartment),
        gateways::look(reads, subject, vcn_id, &compartment),
    );
    findings.extend(subnets.into_iter().flatten());
    findings.extend(others);
    findings.extend(gateways);
    findings
}

fn judge_vcn(config: &Config, id: &str, read: &Read<Vcn>) -> Finding {
    let needed = format!("AVAILABLE, with the range {} and a DNS label", config.network.cidr);
    let finding =
        |found: String| Finding::ok(Check::Network, id, needed.clone(), found).key("network.vcn_id");
    let vcn = match read {
        Ok(vcn) => vcn,
        Err(error) if is_missing(error) => {
            return finding(words(error)).fault(Code::VcnMissing).advice(HIDDEN);
        }
        Err(error) => return unread(Check::Network, id, &needed, error, Level::Fault).key("network.vcn_id"),
    };
    let state = vcn.lifecycle_state.as_ref().map_or("AVAILABLE", |state| state.as_str());
    let first = vcn.cidr_block.iter();
    let ranges: Vec<&str> = vcn.cidr_blocks.iter().flatten().chain(first).map(String::as_str).collect();
    let label = vcn.dns_label.as_deref().filter(|label| !label.is_empty());
    let found = finding(format!(
        "{state}, {}, {}",
        ranges.first().copied().unwrap_or("no range"),
        label.map_or_else(|| "no DNS label".to_owned(), |label| format!("DNS label `{label}`"))
    ));
    let advice = if state != "AVAILABLE" {
        "wait until it is AVAILABLE, or name another VCN"
    } else if !ranges.iter().any(|range| range.parse() == Ok(config.network.cidr)) {
        "write the VCN's own range into `network.cidr`"
    } else if label.is_none() {
        // Servers find database and storage by names, which go through this label.
        "name a VCN with a DNS label: it cannot be given one afterwards"
    } else {
        return found;
    };
    found.fault(Code::VcnUnfit).advice(advice)
}

/// What a 404 says about an object, and what it does not.
pub(super) const HIDDEN: &str = "the service does not say whether it is not there or not permitted: check the OCID and the region, and ask \
                                 for a policy that lets you use it";

/// Looks at one subnet that exists.
async fn subnet(
    reads: &Reads,
    subject: &Subject<'_>,
    place: &Place,
    vcn_id: &str,
    wish: &Wish,
) -> Vec<Finding> {
    let id = wish.id.as_deref().unwrap_or_default();
    let mut list = ListPrivateIps::new();
    list.subnet_id = Some(id.to_owned());
    let get = GetSubnet::new(id);
    let (subnet, addresses) = tokio::join!(reads.value(&get), reads.list(list));
    let subnet = match subnet {
        Ok(subnet) => subnet,
        Err(error) if is_missing(&error) => {
            let finding = Finding::ok(Check::Network, id, "a subnet that we may use", words(&error));
            return vec![finding.key(wish.id_key).fault(Code::SubnetMissing).advice(HIDDEN)];
        }
        Err(error) => {
            let needed = "a subnet that we may use";
            return vec![unread(Check::Network, id, needed, &error, Level::Fault).key(wish.id_key)];
        }
    };
    let mut findings = judge_subnet(subject.config, place, vcn_id, wish, &subnet);
    match addresses {
        Ok(addresses) => {
            findings.push(judge_room(subject, wish, id, addresses.len() as u64));
            findings.push(judge_hosts(subject, wish, id, &addresses));
        }
        Err(error) => {
            let needed = "its addresses in use";
            findings.push(unread(Check::Network, id, needed, &error, Level::Unknown).key(wish.id_key));
        }
    }
    findings
}

/// Everything that is wrong with a subnet; one finding that it is right, if nothing is.
fn judge_subnet(config: &Config, place: &Place, vcn_id: &str, wish: &Wish, subnet: &Subnet) -> Vec<Finding> {
    let id = wish.id.as_deref().unwrap_or_default();
    let finding =
        |needed: String, found: String| Finding::ok(Check::Network, id, needed, found).key(wish.id_key);
    let mut wrong = Vec::new();
    let mut unless = |is_right: bool, needed: String, found: String, advice: &str| {
        if !is_right {
            wrong.push(finding(needed, found).fault(Code::SubnetUnfit).advice(advice));
        }
    };
    let state = subnet.lifecycle_state.as_ref().map_or("AVAILABLE", |state| state.as_str());
    unless(state == "AVAILABLE", "AVAILABLE".to_owned(), state.to_owned(), "name another subnet");
    let own_vcn = subnet.vcn_id.as_deref().unwrap_or_default();
    unless(
        own_vcn == vcn_id,
        format!("a part of {vcn_id}"),
        format!("a part of {own_vcn}"),
        "name a subnet of the VCN that `network.vcn_id` names",
    );
    let range = subnet.cidr_block.as_deref().unwrap_or_default();
    let advice = format!("write the subnet's own range into `{}`", wish.key);
    unless(range.parse() == Ok(wish.range), wish.range.to_string(), range.to_owned(), &advice);
    let is_private = subnet.prohibit_public_ip_on_vnic == Some(true);
    let private = if is_private { "private" } else { "public" };
    unless(
        !wish.is_public || !is_private,
        "public, for a public load balancer".to_owned(),
        private.to_owned(),
        "name a public subnet, or set `load_balancer.public = false`",
    );
    // The load balancer is known by its address; all others have host names.
    unless(
        wish.zone == Zone::Balancer || subnet.dns_label.as_deref().is_some_and(|label| !label.is_empty()),
        "a DNS label".to_owned(),
        "none".to_owned(),
        "name a subnet with a DNS label: it cannot be given one afterwards",
    );
    if let Some(domain) = &subnet.availability_domain {
        let users = users_in(config, place, wish);
        unless(
            users.iter().all(|used| used == domain),
            format!("reached from {}", users.join(", ")),
            format!("in {domain} only"),
            "name a regional subnet, or say in the file that what is in it belongs into that domain",
        );
    }
    if wrong.is_empty() {
        if !wish.is_public && !is_private {
            let advice = "it works, and a private subnet would keep everybody from giving public addresses to what is in it";
            let public = finding("private".to_owned(), private.to_owned());
            wrong.push(public.warning(Code::SubnetUnfit).advice(advice));
        } else {
            wrong.push(finding(format!("{}, {private}", wish.range), format!("{range}, {state}")));
        }
    }
    wrong
}

/// The domains that what is in a subnet is made in. (The database and the load balancer take what the subnet gives.)
fn users_in(config: &Config, place: &Place, wish: &Wish) -> Vec<String> {
    match wish.zone {
        Zone::Web => place.domains_of(&config.servers.availability_domains),
        Zone::Storage => place.domains_of(&[config.storage.availability_domain]),
        Zone::Balancer | Zone::Database => Vec::new(),
    }
}

/// Whether a subnet has room for what is still to be put into it.
fn judge_room(subject: &Subject<'_>, wish: &Wish, id: &str, used: u64) -> Finding {
    let existing = &subject.existing;
    let all = addresses_needed(subject.config).into_iter().find(|(key, _)| *key == wish.key);
    let all = all.map_or(0, |(_, count)| u64::from(count));
    let instances = if subject.config.database.high_availability { 3 } else { 1 };
    let own = match wish.zone {
        Zone::Web => existing.count("instance"),
        Zone::Database if existing.count("mysqldbsystem") > 0 => {
            instances + existing.count("mysqlreplica") + 2
        }
        Zone::Balancer if existing.count("networkloadbalancer") > 0 => all,
        Zone::Storage if existing.count("mounttarget") > 0 => all,
        Zone::Balancer | Zone::Database | Zone::Storage => 0,
    };
    let needed = all.saturating_sub(own);
    let size = 1_u64 << (32 - u32::from(wish.range.prefix_len()));
    let free = size.saturating_sub(RESERVED_ADDRESSES).saturating_sub(used);
    let finding = Finding::ok(
        Check::Network,
        id,
        format!("{needed} free addresses"),
        format!("{free}, {used} are used"),
    );
    let finding = finding.key(wish.id_key);
    if free >= needed {
        finding
    } else {
        finding.fault(Code::SubnetFull).advice("free some, or name a larger subnet")
    }
}

/// Whether the host names are free that the stack gives in a subnet.
fn judge_hosts(subject: &Subject<'_>, wish: &Wish, id: &str, addresses: &[PrivateIp]) -> Finding {
    let (config, existing) = (subject.config, &subject.existing);
    // Whatever is there of the stack has its name already.
    let hosts: Vec<String> = match wish.zone {
        Zone::Balancer => Vec::new(),
        Zone::Web if existing.count("instance") > 0 => Vec::new(),
        Zone::Web => (0..config.servers.count).map(names::server).collect(),
        Zone::Database if existing.count("mysqldbsystem") > 0 => Vec::new(),
        Zone::Database => [names::DATABASE_LABEL, names::READ_LABEL].map(str::to_owned).into(),
        Zone::Storage if existing.count("mounttarget") > 0 => Vec::new(),
        Zone::Storage => vec![names::STORAGE_LABEL.to_owned()],
    };
    let is_taken = |host: &&String| {
        let labels = addresses.iter().filter_map(|address| address.hostname_label.as_deref());
        labels.into_iter().any(|label| label.eq_ignore_ascii_case(host))
    };
    let taken: Vec<String> = hosts.iter().filter(is_taken).map(|host| format!("`{host}`")).collect();
    let finding = |found: String| {
        Finding::ok(Check::Network, id, "host names of the stack are free", found).key(wish.id_key)
    };
    if taken.is_empty() {
        return finding("they are".to_owned());
    }
    finding(format!("{} has an address already", taken.join(", ")))
        .fault(Code::DnsLabelTaken)
        .advice("name another subnet, or leave it out for a new one")
}

/// Looks at the other subnets of the VCN, which new ones must not collide with.
async fn others(reads: &Reads, subject: &Subject<'_>, vcn_id: &str, compartment: &str) -> Vec<Finding> {
    let new: Vec<Wish> = wishes(subject.config).into_iter().filter(|wish| wish.id.is_none()).collect();
    if new.is_empty() {
        return Vec::new();
    }
    let mut list = ListSubnets::new(compartment);
    list.vcn_id = Some(vcn_id.to_owned());
    match reads.list(list).await {
        Ok(subnets) => judge_others(subject, &new, &subnets),
        Err(error) => {
            let needed = "the subnets that it has";
            vec![unread(Check::Network, vcn_id, needed, &error, Level::Unknown).key("network.vcn_id")]
        }
    }
}

fn judge_others(subject: &Subject<'_>, new: &[Wish], subnets: &[Subnet]) -> Vec<Finding> {
    let is_live = |subnet: &&Subnet| {
        let state = subnet.lifecycle_state.as_ref().map_or("AVAILABLE", |state| state.as_str());
        !matches!(state, "TERMINATING" | "TERMINATED")
    };
    let is_strange = |subnet: &&Subnet| !subnet.id.as_deref().is_some_and(|id| subject.existing.has(id));
    let strange: Vec<&Subnet> = subnets.iter().filter(is_live).filter(is_strange).collect();
    let name = |subnet: &Subnet| {
        subnet.display_name.clone().or_else(|| subnet.id.clone()).unwrap_or_else(|| "a subnet".to_owned())
    };
    let mut findings = Vec::new();
    for wish in new {
        let range = wish.range.to_string();
        let finding =
            |found: String| Finding::ok(Check::Network, &range, "free in the VCN", found).key(wish.key);
        let taken = strange.iter().find(|subnet| overlaps(subnet, wish.range));
        findings.push(match taken {
            Some(subnet) => finding(format!("`{}` has {}", name(subnet), ranges(subnet).join(", ")))
                .fault(Code::RangeTaken)
                .advice(format!("write another range into `{}`, or name that subnet by its OCID", wish.key)),
            None => finding("nobody has it".to_owned()),
        });
        let label = wish.zone.label();
        let finding = |found: String| {
            Finding::ok(Check::Network, format!("DNS label `{label}`"), "free in the VCN", found)
                .key(wish.key)
        };
        let is_same = |subnet: &&&Subnet| {
            subnet.dns_label.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(label))
        };
        findings.push(match strange.iter().find(is_same) {
            Some(subnet) => finding(format!("`{}` has it", name(subnet)))
                .fault(Code::DnsLabelTaken)
                .advice("name that subnet by its OCID, or take another VCN: labels are for good"),
            None => finding("nobody has it".to_owned()),
        });
    }
    findings
}

/// All IPv4 ranges of a subnet.
fn ranges(subnet: &Subnet) -> Vec<&str> {
    let more = subnet.ipv4_cidr_blocks.iter().flatten();
    let mut ranges: Vec<&str> = subnet.cidr_block.iter().chain(more).map(String::as_str).collect();
    ranges.dedup();
    ranges
}

fn overlaps(subnet: &Subnet, range: Ipv4Net) -> bool {
    let parsed = ranges(subnet).into_iter().filter_map(|text| text.parse::<Ipv4Net>().ok());
    parsed.into_iter().any(|other| other.contains(&range) || range.contains(&other))
}
