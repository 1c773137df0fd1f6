//! Hosts with room for the servers, by capacity report: a snapshot, and no promise.

use std::collections::BTreeMap;

use oci_client::services::core::models::{
    CapacityReportInstanceShapeConfig, CapacityReportShapeAvailability,
    CapacityReportShapeAvailabilityAvailabilityStatus as Status,
    CreateCapacityReportShapeAvailabilityDetails, CreateComputeCapacityReportDetails,
};
use oci_client::services::core::operations::CreateComputeCapacityReport;
use oci_client::services::identity::operations::ListFaultDomains;
use world::BoxFuture;

use super::Place;
use super::servers::{Offers, Tried, is_flexible, is_offered, wanted};
use super::subject::Subject;
use crate::codes::Code;
use crate::config::Servers;
use crate::reads::{Read, Reads, all, unread};
use crate::report::{Check, Finding, Level};

/// Room where the service says "available" and no number.
const PLENTY: u64 = 1000;

/// What the domains have room for.
type Rooms = Vec<(String, Read<Vec<CapacityReportShapeAvailability>>)>;

/// Looks whether the servers find room, each in one of the places that are tried for it.
pub(super) async fn look(
    reads: &Reads,
    subject: &Subject<'_>,
    place: &Place,
    offers: &Offers,
    tried: &[Tried<'_>],
) -> Vec<Finding> {
    let servers = &subject.config.servers;
    let wanted = wanted(subject);
    if wanted == 0 || tried.is_empty() {
        return Vec::new();
    }
    let rooms: Rooms = all(offers.iter().map(|(domain, offer)| -> BoxFuture<'_, _> {
        let shapes = tried.iter().map(|(_, shape)| *shape).filter(|shape| is_offered(offer, shape));
        let shapes: Vec<&str> = shapes.collect();
        Box::pin(async move { (domain.clone(), report(reads, place, servers, domain, &shapes).await) })
    }))
    .await;
    judge(tried, wanted, &rooms)
}

/// The report of one domain: each shape in the domain as a whole, and in each of its fault domains. It is made for the root
/// compartment; the service takes no other.
async fn report(
    reads: &Reads,
    place: &Place,
    servers: &Servers,
    domain: &str,
    shapes: &[&str],
) -> Read<Vec<CapacityReportShapeAvailability>> {
    if shapes.is_empty() {
        return Ok(Vec::new());
    }
    let fault_domains = reads.value(&ListFaultDomains::new(&place.tenancy, domain)).await?;
    let fault_domains = fault_domains.into_iter().filter_map(|fault_domain| fault_domain.name);
    let places: Vec<Option<String>> = std::iter::once(None).chain(fault_domains.map(Some)).collect();
    let line = |shape: &str, fault_domain: &Option<String>| CreateCapacityReportShapeAvailabilityDetails {
        fault_domain: fault_domain.clone(),
        instance_shape: Some(shape.to_owned()),
        instance_shape_config: is_flexible(shape).then(|| CapacityReportInstanceShapeConfig {
            ocpus: Some(servers.ocpus),
            memory_in_gbs: Some(servers.memory_in_gbs),
            ..CapacityReportInstanceShapeConfig::default()
        }),
    };
    let lines = shapes.iter().flat_map(|shape| places.iter().map(move |place| line(shape, place)));
    let body = CreateComputeCapacityReportDetails {
        availability_domain: Some(domain.to_owned()),
        compartment_id: Some(place.tenancy.clone()),
        shape_availabilities: Some(lines.collect()),
    };
    let report = reads.value(&CreateComputeCapacityReport::new(body)).await?;
    Ok(report.shape_availabilities.unwrap_or_default())
}

fn judge(tried: &[Tried<'_>], wanted: u64, rooms: &Rooms) -> Vec<Finding> {
    let unknown = rooms.iter().filter_map(|(domain, room)| Some((domain, room.as_ref().err()?)));
    let mut findings: Vec<Finding> = unknown
        .map(|(domain, error)| unread(Check::Capacity, domain, "a capacity report", error, Level::Unknown))
        .collect();
    let known: Vec<(&str, &[CapacityReportShapeAvailability])> =
        rooms.iter().filter_map(|(domain, room)| Some((domain.as_str(), room.as_deref().ok()?))).collect();
    // Where one domain does not tell, the others cannot say that there is too little.
    let is_whole = findings.is_empty();
    let mut so_far = 0_u64;
    let mut tried = tried.iter().peekable();
    while let Some((key, shape)) = tried.next() {
        // A domain that does not offer the shape was not asked about it.
        let asked = known.iter().filter(|(_, lines)| lines.iter().any(|line| is_about(line, shape)));
        let by_domain: BTreeMap<&str, u64> =
            asked.map(|(domain, lines)| (*domain, room(lines, shape))).collect();
        let here: u64 = by_domain.values().sum();
        let before = so_far;
        so_far = so_far.saturating_add(here);
        let needed = match (*key, wanted.saturating_sub(before)) {
            ("servers.shape", _) => format!("room for {wanted}"),
            (_, 0) => "none, the shapes before it have room".to_owned(),
            (_, rest) => format!("room for the other {rest}"),
        };
        let found = by_domain.iter().map(|(domain, &count)| format!("{} in {domain}", shown(count)));
        let found = found.collect::<Vec<_>>().join(", ");
        let found = if found.is_empty() { "no report".to_owned() } else { found };
        let finding = Finding::ok(Check::Capacity, *shape, needed, found).key(key);
        let is_full_somewhere = by_domain.values().any(|&count| count == 0);
        let (is_short, is_last) = (is_whole && so_far < wanted, tried.peek().is_none());
        findings.push(if is_short && is_last {
            finding.fault(Code::NoRoom).advice(
                "name more shapes in `servers.fallback_shapes`, take a smaller size or another region, or try again later",
            )
        } else if is_short {
            finding.warning(Code::NoRoom).advice("the shapes after it are tried for the rest")
        } else if *key == "servers.shape" && is_full_somewhere {
            finding.warning(Code::NoRoom).advice("servers will be made elsewhere, and be spread less")
        } else {
            finding
        });
    }
    findings
}

/// How many servers of a shape a domain has room for: no more than it says of itself as a whole, and no more than its
/// fault domains say together.
fn room(lines: &[CapacityReportShapeAvailability], shape: &str) -> u64 {
    let of_shape = || lines.iter().filter(|line| is_about(line, shape));
    let count = |line: &CapacityReportShapeAvailability| match &line.availability_status {
        Some(Status::Available) => {
            line.available_count.map_or(PLENTY, |count| u64::try_from(count).unwrap_or(0))
        }
        _ => 0,
    };
    let whole = of_shape().filter(|line| line.fault_domain.is_none()).map(count).max();
    let parts: Vec<u64> = of_shape().filter(|line| line.fault_domain.is_some()).map(count).collect();
    let parts = (!parts.is_empty()).then(|| parts.iter().sum());
    whole.into_iter().chain(parts).min().unwrap_or(0)
}

fn is_about(line: &CapacityReportShapeAvailability, shape: &str) -> bool {
    line.instance_shape.as_deref() == Some(shape)
}

fn shown(count: u64) -> String {
    if count >= PLENTY { "plenty".to_owned() } else { count.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(shape: &str, fault_domain: Option<&str>, count: i64) -> CapacityReportShapeAvailability {
        CapacityReportShapeAvailability {
            availability_status: Some(if count > 0 { Status::Available } else { Status::OutOfHostCapacity }),
            available_count: Some(count),
            fault_domain: fault_domain.map(str::to_owned),
            instance_shape: Some(shape.to_owned()),
            ..CapacityReportShapeAvailability::default()
        }
    }

    fn worst(rooms: &[(&str, &[(&str, i64)])]) -> Level {
        let lines =
            |counts: &[(&str, i64)]| counts.iter().map(|(shape, count)| line(shape, None, *count)).collect();
        let rooms: Rooms =
            rooms.iter().map(|(domain, counts)| ((*domain).to_owned(), Ok(lines(counts)))).collect();
        let tried = [("servers.shape", "a"), ("servers.fallback_shapes", "b")];
        judge(&tried, 3, &rooms).iter().map(|finding| finding.level).max().unwrap()
    }

    #[test]
    fn room_elsewhere_is_a_warning_and_no_room_a_fault() {
        assert_eq!(worst(&[("1", &[("a", 5), ("b", 5)])]), Level::Ok);
        assert_eq!(worst(&[("1", &[("a", 0), ("b", 0)]), ("2", &[("a", 5), ("b", 0)])]), Level::Warning);
        assert_eq!(worst(&[("1", &[("a", 1), ("b", 2)])]), Level::Warning);
        assert_eq!(worst(&[("1", &[("a", 1), ("b", 1)])]), Level::Fault);
        assert_eq!(worst(&[("1", &[("b", 3)]), ("2", &[("a", 3)])]), Level::Ok, "not offered is not full");
    }

    #[test]
    fn a_domain_has_no_more_room_than_it_says_as_a_whole_or_in_parts() {
        let lines =
            [line("a", None, 2), line("a", Some("FAULT-DOMAIN-1"), 2), line("a", Some("FAULT-DOMAIN-2"), 2)];
        assert_eq!(room(&lines, "a"), 2);
        assert_eq!(room(&lines[1..], "a"), 4);
        assert_eq!(room(&lines, "b"), 0);
    }
}
