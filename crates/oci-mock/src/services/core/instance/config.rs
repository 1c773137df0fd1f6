//! Shape, image and metadata of an instance: what fits together.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::super::catalogue::{Shape, shape};
use super::super::image::{IMAGE, runs_on};
use crate::cloud::{Cloud, Resource};
use crate::error::ApiError;

/// Bytes of `metadata` and `extendedMetadata` together (Oracle's API reference).
const METADATA_MAX: usize = 32_000;

/// OCPUs and memory of an instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    pub(super) ocpus: f64,
    pub(super) memory: f64,
}

/// The shape with this name in this availability domain.
///
/// # Errors
/// 404, as the service answers for a shape that is not offered there.
pub(super) fn offered(name: &str, availability_domain: &str) -> Result<&'static Shape, ApiError> {
    shape(name, availability_domain)
        .ok_or_else(|| ApiError::new(404, "NotAuthorizedOrNotFound", format!("shape {name} not found")))
}

/// The size that `shapeConfig` asks for, checked against the shape. `old` fills in what an update leaves out.
///
/// # Errors
/// 400, naming the field.
pub(super) fn size(shape: &Shape, config: Option<&Value>, old: Option<Size>) -> Result<Size, ApiError> {
    let number = |name: &str| config.and_then(|config| config[name].as_f64());
    let vcpus = number("vcpus").map(|vcpus| vcpus / f64::from(shape.vcpus_per_ocpu));
    let asked = number("ocpus").or(vcpus);
    if !shape.is_flexible() {
        let fits = asked.is_none_or(|ocpus| same(ocpus, shape.ocpus.0));
        if !fits || number("memoryInGBs").is_some_and(|memory| !same(memory, shape.memory.0)) {
            return Err(ApiError::invalid("shapeConfig", format!("{} is not a flexible shape", shape.name)));
        }
        return Ok(Size { ocpus: shape.ocpus.0, memory: shape.memory.0 });
    }
    let Some(ocpus) = asked.or(old.map(|old| old.ocpus)) else {
        return Err(ApiError::missing("shapeConfig.ocpus"));
    };
    let (least, usual, most) = shape.memory_per_ocpu;
    let memory = number("memoryInGBs").or(old.map(|old| old.memory));
    let memory = memory.unwrap_or_else(|| (usual * ocpus).min(shape.memory.1));
    if !(shape.ocpus.0..=shape.ocpus.1).contains(&ocpus) || !same(ocpus.fract(), 0.0) {
        let (min, max) = shape.ocpus;
        return Err(ApiError::invalid(
            "shapeConfig.ocpus",
            format!("{ocpus} is not a whole number from {min} to {max}, as {} needs", shape.name),
        ));
    }
    let (min, max) = (shape.memory.0.max(least * ocpus), shape.memory.1.min(most * ocpus));
    if !(min..=max).contains(&memory) {
        return Err(ApiError::invalid(
            "shapeConfig.memoryInGBs",
            format!("{memory} is not between {min} and {max}, as {} needs for {ocpus} OCPUs", shape.name),
        ));
    }
    Ok(Size { ocpus, memory })
}

/// The configuration of an instance as answers show it: what follows from its size, and what was asked for besides.
pub(super) fn shown_config(shape: &Shape, size: Size, asked: Option<&Value>) -> Map<String, Value> {
    let mut shown = shape.config(size.ocpus, size.memory);
    for field in ["baselineOcpuUtilization", "resourceManagement", "localVolumeSizeInGBs"] {
        if let Some(given) = asked.and_then(|asked| asked.get(field)).filter(|given| !given.is_null()) {
            shown.insert(field.to_owned(), given.clone());
        }
    }
    shown
}

/// The newest image that a filter lets through and that runs on the shape.
///
/// # Errors
/// 400 when there is none.
pub(super) fn newest<'c>(
    cloud: &'c Cloud,
    shape: &Shape,
    filter: &Map<String, Value>,
) -> Result<&'c str, ApiError> {
    let fits = |image: &&Resource| {
        let same = |field: &str| {
            filter.get(field).and_then(Value::as_str).is_none_or(|wanted| image.text(field) == Some(wanted))
        };
        let tags = filter.get("definedTagsFilter").and_then(Value::as_object);
        let tagged = tags.into_iter().flatten().all(|(space, wanted)| {
            let own = image.body.get("definedTags").and_then(|tags| tags.get(space));
            wanted
                .as_object()
                .into_iter()
                .flatten()
                .all(|(key, wanted)| own.is_some_and(|own| own[key] == *wanted))
        });
        image.is_live()
            && runs_on(image, shape)
            && same("operatingSystem")
            && same("operatingSystemVersion")
            && tagged
    };
    let newest = cloud.of_kind(&IMAGE).filter(fits).max_by_key(|image| image.text("timeCreated"));
    newest
        .map(|image| &*image.id)
        .ok_or_else(|| ApiError::invalid("sourceDetails.instanceSourceImageFilterDetails", "no image fits"))
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

/// An image runs on one architecture only.
///
/// # Errors
/// 400, naming both.
pub(super) fn check_runs_on(image: &Resource, shape: &Shape, field: &str) -> Result<(), ApiError> {
    if runs_on(image, shape) {
        return Ok(());
    }
    Err(ApiError::invalid(field, format!("shape {} is not valid for image {}", shape.name, image.id)))
}

/// The size of the metadata and the form of the user data.
///
/// # Errors
/// 400, naming the field.
pub(super) fn check_metadata(json: &Map<String, Value>) -> Result<(), ApiError> {
    let metadata = json.get("metadata").and_then(Value::as_object);
    let size: usize = metadata
        .into_iter()
        .flatten()
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    let extended = json.get("extendedMetadata").filter(|value| !value.is_null());
    let size = size + extended.map_or(0, |value| value.to_string().len());
    if size > METADATA_MAX {
        return Err(ApiError::invalid(
            "metadata",
            format!("{size} bytes together with extendedMetadata, at most {METADATA_MAX} are allowed"),
        ));
    }
    let user_data = metadata.and_then(|metadata| metadata.get("user_data")).and_then(Value::as_str);
    if user_data.is_some_and(|text| STANDARD.decode(text.trim()).is_err()) {
        return Err(ApiError::invalid("metadata.user_data", "it is not base64"));
    }
    Ok(())
}
