//! Names that others have, the reserved public address, and buckets; and, since everything is listed for that, whether the services
//! let themselves be looked at.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use oci_client::error::Error;
use oci_client::services::core::models::{PublicIp, PublicIpLifecycleState, PublicIpLifetime, Vcn};
use oci_client::services::core::operations::{GetPublicIp, ListInstances, ListVcns};
use oci_client::services::file_storage::operations::{ListFileSystems, ListMountTargets};
use oci_client::services::mysql::operations::ListDbSystems;
use oci_client::services::network_load_balancer::operations::ListNetworkLoadBalancers;
use oci_client::services::object_storage::operations::{GetNamespace, HeadBucket, ListBuckets};
use oci_resources::objectstorage::bucket;
use oci_resources::tags::LINEAGE;
use world::BoxFuture;

use super::Place;
use super::network::HIDDEN;
use super::subject::Subject;
use crate::codes::Code;
use crate::reads::{Read, Reads, all, is_missing, is_refusal, unread, words};
use crate::report::{Check, Finding, Level};

/// Something that is there, as far as a name is concerned.
struct Thing {
    id: String,
    name: String,
    state: String,
    tags: BTreeMap<String, String>,
}

/// A kind of thing: what it is called, what it came to when all of it was listed, and who may make some.
struct Kind {
    name: &'static str,
    policy: &'static str,
    read: Read<Vec<Thing>>,
}

/// Makes a [`Thing`] of a model of any service: they all have these four.
macro_rules! things {
    ($items:expr) => {
        $items.map(|items| {
            items
                .into_iter()
                .map(|item| Thing {
                    id: item.id.unwrap_or_default(),
                    name: item.display_name.unwrap_or_default(),
                    state: item.lifecycle_state.map_or_else(String::new, |state| state.to_string()),
                    tags: item.freeform_tags.unwrap_or_default(),
                })
                .collect()
        })
    };
}

/// Looks at what there is in the compartment.
pub(super) async fn look(reads: &Reads, subject: &Subject<'_>, place: &Place) -> Vec<Finding> {
    let compartment = &place.compartment;
    let storage_domain = place.domains_of(&[subject.config.storage.availability_domain]).pop();
    let vcns = reads.list(ListVcns::new(compartment));
    let instances = reads.list(ListInstances::new(compartment));
    let systems = reads.list(ListDbSystems::new(compartment));
    let balancers = reads.list(ListNetworkLoadBalancers::new(compartment));
    let storage = async {
        let Some(domain) = &storage_domain else { return None };
        let files = reads.list(ListFileSystems::new(compartment, domain));
        let targets = reads.list(ListMountTargets::new(compartment, domain));
        Some(tokio::join!(files, targets))
    };
    let (vcns, instances, systems, balancers, storage) =
        tokio::join!(vcns, instances, systems, balancers, storage);

    let mut findings = match &vcns {
        Ok(vcns) => judge_ranges(subject, vcns),
        Err(_) => Vec::new(),
    };
    let kind = |name, policy, read| Kind { name, policy, read };
    let mut kinds = vec![
        kind("VCNs", "virtual-network-family", things!(vcns)),
        kind("instances", "instance-family", things!(instances)),
        kind("DB systems", "mysql-family", things!(systems)),
        kind("network load balancers", "network-load-balancers", things!(balancers)),
    ];
    if let Some((files, targets)) = storage {
        kinds.push(kind("file systems", "file-family", things!(files)));
        kinds.push(kind("mount targets", "file-family", things!(targets)));
    }
    for kind in kinds {
        match &kind.read {
            Ok(things) => {
                findings.push(permitted(kind.name));
                findings.push(judge_names(subject, kind.name, things));
            }
            Err(error) => findings.push(refused(kind.name, kind.policy, compartment, place, error)),
        }
    }
    findings
}

pub(super) fn permitted(what: &str) -> Finding {
    Finding::ok(Check::Permissions, what, "a look at them", "permitted")
}

/// Who may not even look at a kind in a compartment will not make one there.
pub(super) fn refused(what: &str, policy: &str, compartment: &str, place: &Place, error: &Error) -> Finding {
    let finding = unread(Check::Permissions, what, "a look at them", error, Level::Fault);
    if !is_refusal(error) {
        return finding;
    }
    let at = if compartment == place.tenancy {
        "tenancy".to_owned()
    } else {
        format!("compartment id {compartment}")
    };
    finding.advice(format!(
        "a policy must say `Allow group … to manage {policy} in {at}`; the service does not tell a missing permission from \
         something that is not there"
    ))
}

/// Names need not be unique, so this is a warning; but two stacks of one name are easily taken for each other.
fn judge_names(subject: &Subject<'_>, what: &'static str, things: &[Thing]) -> Finding {
    let is_gone =
        |state: &str| matches!(state, "TERMINATED" | "TERMINATING" | "DELETED" | "DELETING" | "FAILED");
    let is_strange = |thing: &&Thing| {
        subject.names.covers(&thing.name) && !is_gone(&thing.state) && !subject.existing.has(&thing.id)
    };
    let taken: Vec<&Thing> = things.iter().filter(is_strange).collect();
    let needed = format!("none named `{0}` or `{0}-…`", subject.names.prefix);
    let finding = |found: String| Finding::ok(Check::Names, what, needed.clone(), found).key("site.name");
    if taken.is_empty() {
        return finding("none".to_owned());
    }
    let names = taken.iter().map(|thing| format!("`{}`", thing.name)).collect::<Vec<_>>().join(", ");
    let is_stack = taken.iter().any(|thing| thing.tags.contains_key(LINEAGE));
    let advice = if is_stack {
        "they belong to a stack that this program made: give this one another `site.name`, or use that one's state"
    } else {
        "give the stack another `site.name`, so that the two are not taken for each other"
    };
    finding(names).warning(Code::NameTaken).advice(advice)
}

/// Two VCNs with the same addresses work side by side, and can never be connected to each other.
fn judge_ranges(subject: &Subject<'_>, vcns: &[Vcn]) -> Vec<Finding> {
    if subject.config.network.vcn_id.is_some() {
        return Vec::new();
    }
    let range = subject.config.network.cidr;
    let overlaps = |vcn: &Vcn| {
        let blocks = vcn.cidr_blocks.iter().flatten().chain(vcn.cidr_block.iter());
        let mut blocks = blocks.filter_map(|text| text.parse::<Ipv4Net>().ok());
        blocks.any(|other| other.contains(&range) || range.contains(&other))
    };
    let is_live = |vcn: &Vcn| {
        let state = vcn.lifecycle_state.as_ref().map_or("AVAILABLE", |state| state.as_str());
        !matches!(state, "TERMINATED" | "TERMINATING")
    };
    let is_own = |vcn: &Vcn| vcn.id.as_deref().is_some_and(|id| subject.existing.has(id));
    let others = vcns.iter().filter(|vcn| is_live(vcn) && !is_own(vcn) && overlaps(vcn));
    let others: Vec<&str> = others.map(|vcn| vcn.display_name.as_deref().unwrap_or("a VCN")).collect();
    let subject = range.to_string();
    let finding = |found: String| {
        Finding::ok(Check::Names, subject.clone(), "a range that no VCN here has", found).key("network.cidr")
    };
    vec![if others.is_empty() {
        finding("none has it".to_owned())
    } else {
        let advice = "take another range if the two are ever to be connected; otherwise it does no harm";
        finding(format!("{} has some of it", others.join(", "))).warning(Code::RangeTwice).advice(advice)
    }]
}

/// Looks at the public address that the file names.
pub(super) async fn public_address(reads: &Reads, subject: &Subject<'_>) -> Vec<Finding> {
    let Some(id) = subject.config.load_balancer.public_ip_id.as_deref() else { return Vec::new() };
    let read = reads.value(&GetPublicIp::new(id)).await;
    vec![judge_address(subject, id, &read).key("load_balancer.public_ip_id")]
}

fn judge_address(subject: &Subject<'_>, id: &str, read: &Read<PublicIp>) -> Finding {
    let needed = "a reserved address that nobody uses";
    let finding = |found: String| Finding::ok(Check::PublicAddress, id, needed, found);
    let address = match read {
        Ok(address) => address,
        Err(error) if is_missing(error) => {
            return finding(words(error)).fault(Code::PublicIpMissing).advice(HIDDEN);
        }
        Err(error) => return unread(Check::PublicAddress, id, needed, error, Level::Fault),
    };
    let shown = address.ip_address.as_deref().unwrap_or("no address");
    if !matches!(address.lifetime, Some(PublicIpLifetime::Reserved)) {
        let found = finding(format!("{shown} is not reserved")).fault(Code::PublicIpUnfit);
        return found.advice("reserve one, or leave `public_ip_id` out for a new one");
    }
    // An address that the stack's own load balancer has is where it belongs.
    let is_own = subject.existing.count("networkloadbalancer") > 0;
    match &address.lifecycle_state {
        None | Some(PublicIpLifecycleState::Available | PublicIpLifecycleState::Unassigned) => {
            finding(format!("{shown} is free"))
        }
        Some(PublicIpLifecycleState::Assigned) if is_own => finding(format!("{shown} is the stack's own")),
        Some(state) => {
            let user = address.assigned_entity_id.as_deref().or(address.private_ip_id.as_deref());
            let user = user.map_or_else(String::new, |user| format!(" to {user}"));
            finding(format!("{shown} is {state}{user}"))
                .fault(Code::PublicIpUnfit)
                .advice("take it away from there, or name another one")
        }
    }
}

/// Looks whether the names of buckets are free. They are unique in the tenancy's namespace.
pub(super) async fn buckets(reads: &Reads, subject: &Subject<'_>, place: &Place) -> Vec<Finding> {
    let names = &subject.names.buckets;
    if names.is_empty() {
        return Vec::new();
    }
    let namespace = match reads.value(&GetNamespace::new()).await {
        Ok(namespace) => namespace,
        Err(error) => {
            let needed = "the tenancy's namespace";
            return vec![unread(Check::Bucket, "Object Storage", needed, &error, Level::Fault)];
        }
    };
    let strange = names.iter().filter(|name| !subject.existing.has(&bucket::id_of_name(&namespace, name)));
    let heads = all(strange.map(|name| -> BoxFuture<'_, Finding> {
        let namespace = &namespace;
        Box::pin(async move { judge_bucket(name, &reads.value(&HeadBucket::new(namespace, name)).await) })
    }));
    let (list, mut findings) =
        tokio::join!(reads.list(ListBuckets::new(&namespace, &place.compartment)), heads);
    findings.push(match &list {
        Ok(_) => permitted("buckets"),
        Err(error) => refused("buckets", "object-family", &place.compartment, place, error),
    });
    findings
}

fn judge_bucket(name: &str, read: &Read<()>) -> Finding {
    let finding =
        |found: &str| Finding::ok(Check::Bucket, name, "a name that is free", found).key("site.name");
    match read {
        Ok(()) => finding("there is one, and it is not the stack's")
            .fault(Code::BucketTaken)
            .advice("remove it, import it, or give the stack another `site.name`"),
        // A bucket in a compartment that we may not see looks the same, and is noticed when it is made.
        Err(error) if is_missing(error) => finding("nobody has it, as far as can be seen"),
        Err(error) => unread(Check::Bucket, name, "a name that is free", error, Level::Unknown),
    }
}
