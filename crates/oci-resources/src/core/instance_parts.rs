//! Parts of an instance that are more than fields: its metadata, the places where it may be, its VNIC and boot volume.

use std::collections::BTreeMap;

use oci_client::services::core::models;
use oci_client::services::core::operations::{
    CreateComputeCapacityReport, GetBootVolume, GetInstance, GetVnic, ListBootVolumeAttachments,
    ListInstances, ListVnicAttachments, UpdateBootVolume, UpdateVnic,
};
use oci_client::services::identity::operations::GetCompartment;
use reconcile::provider::{Failure, Invalid};
use reconcile::schema::Schema;
use reconcile::value::{AttributePath, Expr, Value, ValueMap};
use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde_json::{Value as Json, json};

use crate::attr::{Attr, Described, ToExpr};
use crate::call::Call;
use crate::look::Look;
use crate::module::{Change, Place, Seen};
use crate::names::Renames;
use crate::rules::{self, Check, invalid};
use crate::tags;
use crate::values::{text, texts};
use crate::wire;

/// What the first boot reads. The two keys that count then cannot change in place; others can.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// Public keys that may log in, one a line; a change makes a new instance.
    pub ssh_authorized_keys: Attr<String>,
    /// What cloud-init runs, in base64; a change makes a new instance.
    pub user_data: Attr<String>,
    /// Further keys, for whoever asks the metadata service.
    pub others: BTreeMap<String, Attr<String>>,
}

impl ToExpr for Metadata {
    fn to_expr(&self) -> Option<Expr> {
        let named = [("ssh_authorized_keys", &self.ssh_authorized_keys), ("user_data", &self.user_data)];
        let others = self.others.iter().map(|(name, value)| (name.as_str(), value));
        let entries = named.into_iter().chain(others);
        Some(Expr::Map(entries.filter_map(|(name, value)| Some((name.into(), value.to_expr()?))).collect()))
    }
}

impl Described for Metadata {
    fn describe(_: &mut SchemaGenerator) -> schemars::Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "ssh_authorized_keys": {
                    "type": "string", "x-force-new": true, "x-computed": true,
                    "description": "Public keys that may log in, one a line; a change makes a new one."
                },
                "user_data": {
                    "type": "string", "x-force-new": true, "x-computed": true,
                    "description": "What cloud-init runs, in base64; a change makes a new one."
                },
            },
            "additionalProperties": {"type": "string"},
        })
    }
}

impl JsonSchema for Metadata {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Metadata".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        Self::describe(generator)
    }
}

/// What a list of instances does not show.
const NOT_LISTED: &[&str] =
    &["create_vnic_details", "private_ip", "public_ip", "boot_volume_id", "source_details"];

/// All of the metadata may have so many bytes.
///
/// # Source
/// Core Services 20160918, `LaunchInstanceDetails.metadata`.
const METADATA_BYTES_MAX: usize = 32_000;

/// What is wrong with inputs, besides what the schema says.
pub(super) fn check(inputs: &ValueMap, problems: &mut Vec<Invalid>) {
    let is_set = |name: &str| inputs.get(name).is_some_and(|value| !value.is_null());
    if is_set("placement") {
        for name in ["availability_domain", "fault_domain", "shape", "shape_config"] {
            if is_set(name) {
                problems.push(invalid(name, "cannot be set together with `placement`".to_owned()));
            }
        }
    } else {
        for name in ["availability_domain", "shape"] {
            if !is_set(name) {
                problems.push(invalid(name, "must be set, or `placement` in its place".to_owned()));
            }
        }
    }
    let mut flexible = |shape: Option<&str>, config: Option<&ValueMap>, path: AttributePath| {
        let has =
            |name: &str| config.is_some_and(|config| config.get(name).is_some_and(|value| !value.is_null()));
        if shape.is_some_and(|shape| shape.ends_with(".Flex")) && !has("ocpus") && !has("vcpus") {
            let message = "must be set: the shape is flexible".to_owned();
            problems.push(Invalid { path, message });
        }
    };
    let map = |name: &str| inputs.get(name).and_then(Value::as_map);
    let path = AttributePath::attribute("shape_config").name("ocpus");
    flexible(inputs.get("shape").and_then(Value::as_str), map("shape_config"), path);
    let shapes = map("placement").and_then(|placement| placement.get("shapes")?.as_list());
    for (index, shape) in shapes.unwrap_or_default().iter().enumerate() {
        let path = AttributePath::attribute("placement").name("shapes").index(index).name("ocpus");
        let shape = shape.as_map();
        flexible(shape.and_then(|shape| shape.get("shape")?.as_str()), shape, path);
    }
    let mut check = Check::of(inputs, problems);
    check.text("fault_domain", rules::fault_domain);
    check.text("time_maintenance_reboot_due", rules::moment);
    check.inside("placement", |placement| placement.texts("fault_domains", rules::fault_domain));
    check.inside("shape_config", |config| config.not_both("ocpus", "vcpus"));
    check.inside("source_details", check_source);
    check.inside("create_vnic_details", check_vnic);
    check.each("launch_volume_attachments", |volume| {
        volume.one_of(&["volume_id", "launch_create_volume_details"]);
        volume.not_both("volume_id", "launch_create_volume_details");
        volume.inside("launch_create_volume_details", |made| rules::vpus(made, "vpus_per_gb"));
    });
    check.inside("metadata", |metadata| metadata.text("user_data", rules::base64));
    check_metadata(inputs, problems);
}

fn check_source(source: &mut Check<'_>) {
    match source.word("source_type") {
        Some("image") => source.one_of(&["source_id", "instance_source_image_filter_details"]),
        Some("bootVolume") => source.needs("source_id", "for a boot volume"),
        _ => {}
    }
    rules::vpus(source, "boot_volume_vpus_per_gb");
}

fn check_vnic(vnic: &mut Check<'_>) {
    // A reserved address brings its subnet.
    vnic.one_of(&["subnet_id", "vlan_id", "private_ip_id"]);
    vnic.not_both("subnet_id", "vlan_id");
    vnic.not_both("private_ip", "private_ip_id");
    vnic.text("private_ip", rules::ipv4);
    vnic.text("subnet_cidr", rules::subnet_block);
    vnic.text("hostname_label", rules::host_name);
    vnic.each("ipv6address_ipv6subnet_cidr_pair_details", |pair| {
        pair.text("ipv6subnet_cidr", rules::ipv6_block);
        pair.text("ipv6address", rules::ipv6);
    });
    // The stack writes none of its own on a VNIC.
    rules::tags::check(vnic, 0);
}

fn check_metadata(inputs: &ValueMap, problems: &mut Vec<Invalid>) {
    let length = |value: &Value| match value.as_str() {
        Some(text) => text.len(),
        None => wire::to_json(value).to_string().len(),
    };
    let size = |name: &str| {
        let map = inputs.get(name).and_then(Value::as_map);
        map.map_or(0, |map| map.iter().map(|(key, value)| key.len() + length(value)).sum())
    };
    let bytes: usize = size("metadata") + size("extended_metadata");
    if bytes > METADATA_BYTES_MAX {
        let message = format!("has {bytes} bytes; at most {METADATA_BYTES_MAX} are allowed");
        problems.push(invalid("metadata", message));
    }
}

/// Whether two spellings mean the same.
pub(super) fn is_same(attribute: &str, desired: &Value, observed: &Value) -> bool {
    match attribute {
        "metadata.user_data" => rules::same_base64(desired, observed),
        "metadata.ssh_authorized_keys" => rules::same_lines(desired, observed),
        "extended_metadata" => rules::same_json(desired, observed),
        "time_maintenance_reboot_due" => rules::same_moment(desired, observed),
        "create_vnic_details.hostname_label" => rules::same_text(desired, observed),
        _ => false,
    }
}

/// The inputs in Oracle's shape: the source's id under the name of its kind.
pub(super) fn in_oracles_shape(inputs: &ValueMap) -> ValueMap {
    let mut shaped = inputs.clone();
    shaped.remove("placement");
    if let Some(source) = inputs.get("source_details").and_then(Value::as_map) {
        let mut source = source.clone();
        if let Some(id) = source.remove("source_id") {
            let is_volume = text(&source, "source_type").is_some_and(|kind| kind == "bootVolume");
            source.insert(if is_volume { "boot_volume_id" } else { "image_id" }, id);
        }
        shaped.insert("source_details", Value::Map(source));
    }
    shaped
}

/// The instance with its first VNIC under `vnic` and its boot volume under `bootVolumeId`.
pub(super) fn whole(id: &str) -> Look<Json> {
    Look::then(Call::new(GetInstance::new(id)), |answer| {
        let instance = answer.body;
        let text = |name: &str| instance.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (id, compartment_id) = (text("id"), text("compartmentId"));
        let mut vnics = ListVnicAttachments::new(&*compartment_id);
        vnics.instance_id = Some(id.clone());
        let mut volumes = ListBootVolumeAttachments::new(text("availabilityDomain"), &*compartment_id);
        volumes.instance_id = Some(id);
        Look::ask(vec![Call::all_pages(vnics), Call::all_pages(volumes)], move |answers| {
            let mut instance = instance;
            let attached = |at: usize, name: &str| {
                let mut items = answers.get(at).map(|answer| answer.items()).unwrap_or_default().iter();
                let live = items.find(|item| item["lifecycleState"] == "ATTACHED");
                live.and_then(|item| item.get(name)?.as_str().map(str::to_owned))
            };
            // Either may go between two looks.
            let mut calls = Vec::new();
            let (vnic, volume) = (attached(0, "vnicId"), attached(1, "bootVolumeId"));
            calls.extend(vnic.iter().map(|id| Call::new(GetVnic::new(id)).or_missing()));
            calls.extend(volume.iter().map(|id| Call::new(GetBootVolume::new(id)).or_missing()));
            Look::ask(calls, move |answers| {
                let mut answers = answers.into_iter();
                if vnic.is_some() {
                    instance["vnic"] = answers.next().unwrap_or_default().body;
                }
                if volume.is_some() {
                    instance["bootVolumeId"] = json!(volume);
                    instance["bootVolume"] = answers.next().unwrap_or_default().body;
                }
                Look::Done(instance)
            })
        })
    })
}

/// An instance as the calls above put it together, or as a list shows it.
pub(super) fn seen(body: Json, schema: &Schema, renames: Renames) -> Seen {
    let mut body = body;
    let vnic = body.get("vnic").filter(|vnic| vnic.is_object()).cloned();
    if let Some(vnic) = &vnic {
        body["privateIp"] = vnic["privateIp"].clone();
        body["publicIp"] = vnic["publicIp"].clone();
        let mut details = vnic.clone();
        details["assignPublicIp"] = json!(vnic["publicIp"].is_string());
        body["createVnicDetails"] = details;
    }
    let volume = body.get("bootVolume").filter(|volume| volume.is_object()).cloned();
    if let Some(source) = body.get_mut("sourceDetails").and_then(Json::as_object_mut) {
        // The instance tells how it was launched; the volume may have grown since.
        for (name, field) in [("bootVolumeSizeInGBs", "sizeInGBs"), ("bootVolumeVpusPerGB", "vpusPerGB")] {
            if let Some(found) = volume.as_ref().and_then(|volume| volume.get(field)) {
                source.insert(name.to_owned(), found.clone());
            }
        }
        let id = source.get("imageId").or_else(|| source.get("bootVolumeId")).cloned();
        source.insert("sourceId".to_owned(), id.unwrap_or_default());
    }
    Seen::new(schema, body, renames)
}

/// An instance as a list shows it: without what only its parts tell.
pub(super) fn listed(body: Json, schema: &Schema, renames: Renames) -> Seen {
    let mut seen = seen(body, schema, renames);
    NOT_LISTED.iter().for_each(|name| drop(seen.attributes.remove(name)));
    Seen { leaves_out: NOT_LISTED, ..seen }
}

/// The name of the group whose members are kept apart.
pub(super) fn spread_group(inputs: &ValueMap) -> Option<String> {
    text(inputs.get("placement")?.as_map()?, "spread_group")
}

/// The places in the order in which they are tried, as the capacity report advises.
pub(super) fn places(inputs: &ValueMap) -> Option<Look<Vec<Place>>> {
    let placement = inputs.get("placement")?.as_map()?;
    let compartment_id = text(inputs, "compartment_id")?;
    let places = in_users_order(placement);
    let group = text(placement, "spread_group");
    let domains = texts(placement, "availability_domains").unwrap_or_default();
    let shapes = shapes(placement);
    let root = root_of(compartment_id.clone(), COMPARTMENT_LEVELS_MAX);
    Some(root.and_then(move |root| {
        // One report for each domain; where we may not have one, the user's order is all there is.
        let asked = if root.is_some() { domains } else { Vec::new() };
        let reports = asked.iter().map(|domain| {
            let root = root.as_deref().unwrap_or_default();
            Call::new(CreateComputeCapacityReport::new(report(root, domain, &shapes))).or_missing()
        });
        let list = Call::all_pages(ListInstances::new(&*compartment_id));
        let calls: Vec<Call> = reports.chain([list]).collect();
        Look::ask(calls, move |answers| {
            let mut places = places;
            for place in &mut places {
                let at = asked.iter().position(|domain| *domain == place.domain);
                let report = at.and_then(|at| answers.get(at)).map(|answer| &answer.body);
                place.rank += report.map_or(0, |report| doubt(report, &place.shape)) * RANKS;
            }
            if let (Some(group), Some(instances)) = (group, answers.last()) {
                for place in &mut places {
                    place.siblings = siblings(instances.items(), &group, place);
                    place.group = Some(group.clone());
                }
            }
            Look::Done(places)
        })
    }))
}

/// Compartments may be nested six deep.
///
/// # Source
/// Identity 20160918, the documentation of compartments.
const COMPARTMENT_LEVELS_MAX: u8 = 6;

/// The root compartment that a compartment is in, for which alone there are capacity reports; none where we may not look
/// at the compartments in between.
fn root_of(compartment_id: String, levels: u8) -> Look<Option<String>> {
    if compartment_id.starts_with("ocid1.tenancy.") {
        return Look::Done(Some(compartment_id));
    }
    if levels == 0 {
        return Look::Done(None);
    }
    Look::then(Call::new(GetCompartment::new(compartment_id)).or_missing(), move |answer| {
        match answer.body.get("compartmentId").and_then(Json::as_str) {
            Some(parent) => root_of(parent.to_owned(), levels - 1),
            None => Look::Done(None),
        }
    })
}

/// More shapes than anybody lists.
const RANKS: u32 = 1000;

fn shapes(placement: &ValueMap) -> Vec<ValueMap> {
    let shapes = placement.get("shapes").and_then(Value::as_list).unwrap_or_default();
    shapes.iter().filter_map(|shape| shape.as_map().cloned()).collect()
}

/// For each shape the availability domains, in each the fault domains.
fn in_users_order(placement: &ValueMap) -> Vec<Place> {
    let domains = texts(placement, "availability_domains").unwrap_or_default();
    let faults = texts(placement, "fault_domains").filter(|faults| !faults.is_empty());
    let faults: Vec<Option<String>> =
        faults.map_or(vec![None], |faults| faults.into_iter().map(Some).collect());
    let mut places = Vec::new();
    for (rank, shape) in (0..).zip(shapes(placement)) {
        for domain in &domains {
            for fault in &faults {
                let place = place(rank, &shape, domain, fault.as_deref());
                places.push(Place { number: places.len(), ..place });
            }
        }
    }
    places
}

fn place(rank: u32, shape: &ValueMap, domain: &str, fault: Option<&str>) -> Place {
    let name = text(shape, "shape").unwrap_or_default();
    let mut inputs = ValueMap::new();
    inputs.insert("availability_domain", Value::string(domain));
    inputs.insert("shape", Value::string(name.as_str()));
    if let Some(fault) = fault {
        inputs.insert("fault_domain", Value::string(fault));
    }
    let mut config = shape.clone();
    config.remove("shape");
    if !config.is_empty() {
        inputs.insert("shape_config", Value::Map(config));
    }
    let fault_name = fault.map(|fault| format!(", {fault}")).unwrap_or_default();
    Place {
        name: format!("{domain}{fault_name}, {name}"),
        inputs,
        rank,
        domain: domain.to_owned(),
        fault: fault.map(str::to_owned),
        shape: name,
        ..Place::default()
    }
}

fn report(
    compartment_id: &str,
    domain: &str,
    shapes: &[ValueMap],
) -> models::CreateComputeCapacityReportDetails {
    let number = |shape: &ValueMap, name: &str| match shape.get(name)?.exposed() {
        Value::Number(number) => Some(number.as_f64()),
        _ => None,
    };
    let asked = shapes.iter().map(|shape| {
        let (ocpus, memory_in_gbs) = (number(shape, "ocpus"), number(shape, "memory_in_gbs"));
        let config = models::CapacityReportInstanceShapeConfig {
            ocpus,
            memory_in_gbs,
            ..models::CapacityReportInstanceShapeConfig::default()
        };
        models::CreateCapacityReportShapeAvailabilityDetails {
            instance_shape: text(shape, "shape"),
            instance_shape_config: ocpus.is_some().then_some(config),
            ..models::CreateCapacityReportShapeAvailabilityDetails::default()
        }
    });
    models::CreateComputeCapacityReportDetails {
        compartment_id: Some(compartment_id.to_owned()),
        availability_domain: Some(domain.to_owned()),
        shape_availabilities: Some(asked.collect()),
    }
}

/// How much the report speaks against a shape: 0 there is room, or nobody knows; 1 there is none. A report is a moment old,
/// so what it speaks against is tried all the same, last.
fn doubt(report: &Json, shape: &str) -> u32 {
    let shapes = report.get("shapeAvailabilities").and_then(Json::as_array).into_iter().flatten();
    let status = shapes
        .filter(|entry| entry["instanceShape"] == shape)
        .find_map(|entry| entry["availabilityStatus"].as_str());
    u32::from(matches!(status, Some("OUT_OF_HOST_CAPACITY" | "HARDWARE_NOT_SUPPORTED")))
}

/// How many members of the group are in a place already.
fn siblings(instances: &[Json], group: &str, place: &Place) -> u32 {
    let is_member = |instance: &&Json| {
        tags::freeform(instance).get(tags::SPREAD).is_some_and(|found| found == group)
            && !matches!(instance["lifecycleState"].as_str(), Some("TERMINATED" | "TERMINATING"))
            && instance["availabilityDomain"] == *place.domain
            && place.fault.as_ref().is_none_or(|fault| instance["faultDomain"] == **fault)
    };
    u32::try_from(instances.iter().filter(is_member).count()).unwrap_or(u32::MAX)
}

/// A changed list of places: what is there stays if it is still allowed, and has the size that its entry says.
pub(super) fn replace_in_place(
    change: &Change<'_>,
    details: &mut models::UpdateInstanceDetails,
) -> Result<(), Failure> {
    let Some(placement) = change.inputs.get("placement").and_then(Value::as_map) else { return Ok(()) };
    let current = &change.current.attributes;
    let domains = texts(placement, "availability_domains").unwrap_or_default();
    if let Some(domain) = text(current, "availability_domain").filter(|domain| !domains.contains(domain)) {
        return Err(Failure {
            hint: Some("ask for its replacement, or allow that availability domain".to_owned()),
            ..Failure::refused(format!(
                "it is in {domain}, which is no longer allowed, and cannot be moved in place"
            ))
        });
    }
    let (shapes, now) = (shapes(placement), text(current, "shape"));
    let kept = shapes.iter().find(|shape| text(shape, "shape") == now);
    let Some(wanted) = kept.or_else(|| shapes.first()) else { return Ok(()) };
    if kept.is_none() {
        details.shape = text(wanted, "shape");
    }
    let mut config = wanted.clone();
    config.remove("shape");
    let there = current.get("shape_config").and_then(Value::as_map).cloned().unwrap_or_default();
    let number = |map: &ValueMap, name: &str| {
        map.get(name).and_then(|value| match value.exposed() {
            Value::Number(number) => Some(number.as_f64()),
            _ => None,
        })
    };
    let differs = config.keys().any(|name| number(&config, name) != number(&there, name));
    if differs || kept.is_none() {
        details.shape_config = Some(wire::details(&config, &[])?);
    }
    Ok(())
}

/// The group is known by a tag: a changed one is written there, beside the tags that are there.
pub(super) fn keep_apart(change: &Change<'_>, details: &mut models::UpdateInstanceDetails) {
    let group = spread_group(change.inputs);
    let there = tags::freeform(&change.current.body);
    if there.get(tags::SPREAD) == group.as_ref() {
        return;
    }
    let tags = details.freeform_tags.get_or_insert(there);
    match group {
        Some(group) => drop(tags.insert(tags::SPREAD.to_owned(), group)),
        None => drop(tags.remove(tags::SPREAD)),
    }
}

/// Another shape comes with the size that is wanted, even where that did not change: the service gives what is not said
/// the usual size of the new shape, or refuses.
///
/// # Source
/// Core Services 20160918, `UpdateInstanceShapeConfigDetails`.
pub(super) fn keep_size(
    change: &Change<'_>,
    details: &mut models::UpdateInstanceDetails,
) -> Result<(), Failure> {
    if let Some(wanted) = change.inputs.get("shape_config").and_then(Value::as_map) {
        details.shape_config = Some(wire::details(wanted, &[])?);
    }
    Ok(())
}

/// What changed about the VNIC, which has calls of its own.
pub(super) fn changed_vnic(change: &Change<'_>) -> Result<Option<Call>, Failure> {
    let Some(wanted) = change.inputs.get("create_vnic_details").and_then(Value::as_map) else {
        return Ok(None);
    };
    let Some(id) = change.current.body.pointer("/vnic/id").and_then(Json::as_str) else {
        return Err(Failure::busy("it has no VNIC yet", std::time::Duration::from_secs(15)));
    };
    let there = change.current.attributes.get("create_vnic_details").and_then(Value::as_map);
    let details: models::UpdateVnicDetails = wire::details(&differing(wanted, there), &[])?;
    let call = || Call::new(UpdateVnic::new(id, details.clone()));
    Ok((details != models::UpdateVnicDetails::default()).then(call))
}

/// What changed about the boot volume, which has calls of its own.
pub(super) fn changed_boot_volume(change: &Change<'_>) -> Result<Option<Call>, Failure> {
    let Some(source) = change.inputs.get("source_details").and_then(Value::as_map) else { return Ok(None) };
    let Some(id) = text(&change.current.attributes, "boot_volume_id") else {
        return Err(Failure::busy("it has no boot volume yet", std::time::Duration::from_secs(15)));
    };
    let there = change.current.attributes.get("source_details").and_then(Value::as_map);
    let source = differing(source, there);
    let number = |name: &str| source.get(name).and_then(Value::as_i64);
    let details = models::UpdateBootVolumeDetails {
        size_in_gbs: number("boot_volume_size_in_gbs"),
        vpus_per_gb: number("boot_volume_vpus_per_gb"),
        ..models::UpdateBootVolumeDetails::default()
    };
    let call = || Call::new(UpdateBootVolume::new(id, details.clone()));
    Ok((details != models::UpdateBootVolumeDetails::default()).then(call))
}

/// What is wanted and not there as it is wanted.
fn differing(wanted: &ValueMap, there: Option<&ValueMap>) -> ValueMap {
    let is_there = |name: &str, value: &Value| there.is_some_and(|there| there.get(name) == Some(value));
    let differs = wanted.iter().filter(|(name, value)| !value.is_null() && !is_there(name, value));
    differs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::from_json;

    fn values(json: &Json) -> ValueMap {
        from_json(json).as_map().cloned().unwrap()
    }

    #[test]
    fn places_come_shape_by_shape_in_the_users_order() {
        let placement = values(&json!({
            "availability_domains": ["AD-2", "AD-1"], "fault_domains": ["FD-1", "FD-2"],
            "shapes": [{"shape": "VM.Standard.A1.Flex", "ocpus": 2, "memory_in_gbs": 12}, {"shape": "VM.Standard2.1"}],
        }));
        let names: Vec<String> = in_users_order(&placement).into_iter().map(|place| place.name).collect();
        assert_eq!(
            names,
            [
                "AD-2, FD-1, VM.Standard.A1.Flex",
                "AD-2, FD-2, VM.Standard.A1.Flex",
                "AD-1, FD-1, VM.Standard.A1.Flex",
                "AD-1, FD-2, VM.Standard.A1.Flex",
                "AD-2, FD-1, VM.Standard2.1",
                "AD-2, FD-2, VM.Standard2.1",
                "AD-1, FD-1, VM.Standard2.1",
                "AD-1, FD-2, VM.Standard2.1",
            ]
        );
    }

    #[test]
    fn a_report_that_says_no_puts_a_place_last_and_silence_does_not() {
        let report = json!({"shapeAvailabilities": [
            {"instanceShape": "A", "availabilityStatus": "AVAILABLE"},
            {"instanceShape": "B", "availabilityStatus": "OUT_OF_HOST_CAPACITY"},
        ]});
        assert_eq!(["A", "B", "C"].map(|shape| doubt(&report, shape)), [0, 1, 0]);
    }

    #[test]
    fn every_problem_of_an_instance_is_told() {
        let check = |json: Json, expected: &[&str]| {
            let mut problems = Vec::new();
            check(&values(&json), &mut problems);
            let told: Vec<String> =
                problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
            assert_eq!(told, expected, "{json}");
        };
        check(
            json!({"shape": "VM.Standard.A1.Flex"}),
            &[
                "availability_domain: must be set, or `placement` in its place",
                "shape_config.ocpus: must be set: the shape is flexible",
            ],
        );
        check(
            json!({"shape": "VM.Standard2.1", "placement": {"shapes": [{"shape": "VM.Standard.A1.Flex"}]}}),
            &[
                "shape: cannot be set together with `placement`",
                "placement.shapes[0].ocpus: must be set: the shape is flexible",
            ],
        );
        let long = "x".repeat(32_001);
        check(
            json!({"shape": "a", "availability_domain": "b", "metadata": {"user_data": "?", "more": long}}),
            &["metadata.user_data: is not base64", "metadata: has 32015 bytes; at most 32000 are allowed"],
        );
    }
}
