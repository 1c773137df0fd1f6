//! Where there is room for an instance: hosts by shape, availability domain and fault domain.
//!
//! There is room everywhere unless a rule says otherwise. A rule bounds the OCPUs of one shape in a place;
//! what exceeds it is refused at once or, as happens too, accepted and given up later.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::COMPUTE;
use super::catalogue::{SHAPES, shape};
use super::instance::INSTANCE;
use crate::cloud::{Cloud, Place, Resource};
use crate::error::ApiError;
use crate::services::{Call, Module, Reply, read};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[read(COMPUTE, "CreateComputeCapacityReport", report)],
    kinds: &[],
    events: &[],
    seed: None,
};

/// How much of a shape a place can hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapacityRule {
    /// The shape.
    pub shape: String,
    /// The availability domain's name; every one of them together when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_domain: Option<String>,
    /// The fault domain; all of them together when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault_domain: Option<String>,
    /// OCPUs of this shape that run there at most.
    pub ocpus: f64,
    /// Whether a launch that finds no room is accepted, and fails after a while.
    #[serde(default)]
    pub later: bool,
}

/// The note with the rules.
const NOTE: &str = "core.capacity";

/// The rules in force.
#[must_use]
pub fn capacity_rules(cloud: &Cloud) -> Vec<CapacityRule> {
    serde_json::from_value(cloud.note(NOTE).clone()).unwrap_or_default()
}

/// Replaces all rules.
pub fn set_capacity_rules(cloud: &mut Cloud, rules: &[CapacityRule]) {
    *cloud.note_mut(NOTE) = json!(rules);
}

impl CapacityRule {
    fn concerns(&self, shape: &str, domain: &str, fault_domain: &str) -> bool {
        self.shape == shape
            && self.availability_domain.as_deref().is_none_or(|own| own == domain)
            && self.fault_domain.as_deref().is_none_or(|own| own == fault_domain)
    }
}

/// What an instance needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need<'a> {
    pub(super) shape: &'a str,
    pub(super) ocpus: f64,
    pub(super) availability_domain: &'a str,
    /// The instance itself, whose present use does not count.
    pub(super) own_id: Option<&'a str>,
}

/// Whether there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Yes,
    /// It is refused at once.
    No,
    /// It is accepted and fails later.
    NoButLater,
}

pub(super) fn room(cloud: &Cloud, need: Need, fault_domain: &str) -> Room {
    let full: Vec<CapacityRule> = capacity_rules(cloud)
        .into_iter()
        .filter(|rule| rule.concerns(need.shape, need.availability_domain, fault_domain))
        .filter(|rule| used(cloud, rule, need.own_id) + need.ocpus > rule.ocpus)
        .collect();
    match full.as_slice() {
        [] => Room::Yes,
        full if full.iter().all(|rule| rule.later) => Room::NoButLater,
        _ => Room::No,
    }
}

fn used(cloud: &Cloud, rule: &CapacityRule, own_id: Option<&str>) -> f64 {
    let counts = |instance: &&Resource| {
        let text = |name: &str| instance.text(name).unwrap_or_default();
        instance.is_live()
            && own_id != Some(&*instance.id)
            && instance.state() != Some("STOPPED")
            && rule.concerns(text("shape"), text("availabilityDomain"), text("faultDomain"))
    };
    cloud.of_kind(&INSTANCE).filter(counts).map(ocpus).sum()
}

fn ocpus(instance: &Resource) -> f64 {
    instance.body.get("shapeConfig").and_then(|config| config["ocpus"].as_f64()).unwrap_or(0.0)
}

/// The fault domain for an instance that names none: with room, and with the fewest instances so far.
pub(super) fn choose_fault_domain(cloud: &Cloud, need: Need) -> (&'static str, Room) {
    let population = |fault_domain: &str| {
        let here = |instance: &&Resource| {
            instance.is_live()
                && instance.text("availabilityDomain") == Some(need.availability_domain)
                && instance.text("faultDomain") == Some(fault_domain)
        };
        cloud.of_kind(&INSTANCE).filter(here).count()
    };
    let mut domains = Place::FAULT_DOMAINS;
    // With the numbers equal, one place is as good as another: the seed says which.
    let seed = usize::try_from(cloud.place().seed % 3).unwrap_or(0);
    domains.rotate_left(seed);
    domains.sort_by_key(|domain| population(domain));
    let rooms = domains.map(|domain| (domain, room(cloud, need, domain)));
    let preferred = [Room::Yes, Room::NoButLater];
    let find = |wanted: Room| rooms.iter().copied().find(|(_, room)| *room == wanted);
    preferred.into_iter().find_map(find).unwrap_or(rooms[0])
}

/// A snapshot of the room for shapes. It promises nothing.
fn report(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let compartment_id = call.required_text("compartmentId")?;
    if compartment_id != cloud.place().tenancy_id {
        return Err(ApiError::not_found("a capacity report is made for the root compartment"));
    }
    let domain = call.required_text("availabilityDomain")?;
    if !cloud.place().availability_domains().iter().any(|known| known == domain) {
        return Err(ApiError::invalid(
            "availabilityDomain",
            format!("{domain:?} is not an availability domain"),
        ));
    }
    let asked = call.json.get("shapeAvailabilities").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut lines = Vec::new();
    for (index, line) in asked.into_iter().enumerate() {
        if let Some(fault_domain) = line["faultDomain"].as_str()
            && !Place::FAULT_DOMAINS.contains(&fault_domain)
        {
            let field = format!("shapeAvailabilities[{index}].faultDomain");
            return Err(ApiError::invalid(&field, format!("{fault_domain:?} is not a fault domain")));
        }
        lines.push(report_line(cloud, domain, line));
    }
    Ok(Reply::json(json!({
        "compartmentId": compartment_id, "availabilityDomain": domain, "shapeAvailabilities": lines,
        "timeCreated": call.now.rfc3339(),
    })))
}

fn report_line(cloud: &Cloud, domain: &str, mut line: Value) -> Value {
    let name = line["instanceShape"].as_str().unwrap_or_default().to_owned();
    let offered = shape(&name, domain);
    if offered.is_none() {
        let known = SHAPES.iter().any(|shape| shape.name == name);
        line["availabilityStatus"] =
            json!(if known { "OUT_OF_HOST_CAPACITY" } else { "HARDWARE_NOT_SUPPORTED" });
        line["availableCount"] = json!(0);
        return line;
    }
    let ocpus = line["instanceShapeConfig"]["ocpus"].as_f64().or(offered.map(|shape| shape.ocpus.0));
    let need = Need { shape: &name, ocpus: ocpus.unwrap_or(1.0), availability_domain: domain, own_id: None };
    let wanted = line["faultDomain"].as_str().map(str::to_owned);
    let count = match &wanted {
        Some(fault_domain) => count(cloud, need, &[fault_domain]),
        None => count(cloud, need, &Place::FAULT_DOMAINS),
    };
    line["availabilityStatus"] = json!(if count > 0 { "AVAILABLE" } else { "OUT_OF_HOST_CAPACITY" });
    line["availableCount"] = json!(count);
    line
}

/// A hundred is what the report says where nothing is scarce.
const PLENTY: u64 = 100;

/// How many such instances these fault domains can take together.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is floored and not negative")]
fn count(cloud: &Cloud, need: Need, fault_domains: &[&str]) -> u64 {
    let rules = capacity_rules(cloud);
    let left =
        |rule: &CapacityRule| ((rule.ocpus - used(cloud, rule, None)) / need.ocpus).floor().max(0.0) as u64;
    let here = |domain: &str| {
        let rules = rules.iter().filter(|rule| rule.fault_domain.is_some());
        let rules = rules.filter(|rule| rule.concerns(need.shape, need.availability_domain, domain));
        rules.map(left).min().unwrap_or(PLENTY)
    };
    let each: u64 = fault_domains.iter().map(|domain| here(domain)).sum();
    let together = rules.iter().filter(|rule| rule.fault_domain.is_none());
    let together = together.filter(|rule| rule.concerns(need.shape, need.availability_domain, ""));
    each.min(together.map(left).min().unwrap_or(PLENTY)).min(PLENTY)
}
