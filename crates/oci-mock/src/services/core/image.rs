//! Images of the platform, and the shapes that they run on.
//!
//! API: Core Services 20160918, `Image`, `Shape`, `ImageShapeCompatibilitySummary`.

use serde_json::{Value, json};

use super::COMPUTE;
use super::catalogue::{Architecture, SHAPES, Shape, images};
use crate::cloud::{Cloud, Kind, New, Resource};
use crate::error::ApiError;
use crate::ocid::Style;
use crate::services::{Call, List, Module, Reply, answer, list_resources, page, read};

/// The type. Nobody makes one through this API, so the inventory has none.
pub static IMAGE: Kind = Kind {
    name: "image",
    service: "core",
    model: "Image",
    terraform: None,
    style: Style::Regional,
    gone: &["DELETED"],
    linger_secs: 0,
};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        read(COMPUTE, "GetImage", |cloud, call| Ok(Reply::resource(cloud.find(&IMAGE, call.id())?))),
        read(COMPUTE, "ListImages", list),
        read(COMPUTE, "ListImageShapeCompatibilityEntries", list_shapes_of_image),
        read(COMPUTE, "ListShapes", list_shapes),
    ],
    kinds: &[&IMAGE],
    events: &[],
    seed: Some(seed),
};

/// Hidden attribute of an image: the processor that it needs.
const ARCHITECTURE: &str = "architecture";

fn name_of(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Aarch64 => "aarch64",
        Architecture::X86 => "x86_64",
    }
}

fn seed(cloud: &mut Cloud) {
    let owner = cloud.place().tenancy_id.clone();
    let tags = cloud.place().default_tags;
    for image in images(cloud.now()) {
        let mut body = image.body;
        body.insert("compartmentId".to_owned(), json!(owner));
        let id = cloud
            .insert(New::of(&IMAGE, "AVAILABLE", body).hidden(ARCHITECTURE, name_of(image.architecture)));
        if tags {
            // No tag rule of the tenancy touches what Oracle publishes.
            cloud.update(&id, |image| image.set("definedTags", json!({})));
        }
    }
}

/// Whether an image runs on a shape.
pub(super) fn runs_on(image: &Resource, shape: &Shape) -> bool {
    image.text(ARCHITECTURE) == Some(name_of(shape.architecture))
}

/// Platform images are listed from any compartment; a shape leaves those that run on it.
fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let list = List {
        handled: &["shape"],
        accept: |_, call, image| {
            let Some(wanted) = call.query("shape") else { return true };
            SHAPES.iter().any(|shape| shape.name == wanted && runs_on(image, shape))
        },
        ..List::of(&IMAGE)
    };
    let mut query = call.query.clone();
    query.remove("compartmentId");
    let everywhere = Call {
        op: call.op,
        path: Vec::new(),
        query,
        headers: call.headers,
        json: call.json.clone(),
        body: call.body,
        now: call.now,
        page_limit: call.page_limit,
    };
    list_resources(cloud, &everywhere, &list)
}

fn list_shapes_of_image(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let image = cloud.find(&IMAGE, call.id())?;
    let shapes: Vec<&Shape> = SHAPES.iter().filter(|shape| runs_on(image, shape)).collect();
    let (shown, next) = page(call, shapes, |shape| shape.name, 25)?;
    let values = shown.into_iter().map(|shape| json!({"imageId": &*image.id, "shape": shape.name}));
    Ok(answer(call, values.collect(), next))
}

/// Each shape once for each availability domain that offers it.
fn list_shapes(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let domains = cloud.place().availability_domains();
    if let Some(wanted) = call.query("availabilityDomain")
        && !domains.iter().any(|domain| domain == wanted)
    {
        return Err(ApiError::invalid(
            "availabilityDomain",
            format!("{wanted:?} is not an availability domain"),
        ));
    }
    let image = match call.query("imageId") {
        Some(id) => Some(cloud.find(&IMAGE, id)?),
        None => None,
    };
    let mut found: Vec<(String, &Shape)> = Vec::new();
    for domain in &domains {
        if call.query("availabilityDomain").is_some_and(|wanted| wanted != domain) {
            continue;
        }
        for shape in SHAPES {
            let offered = !shape.first_domain_only || domain.ends_with("-AD-1");
            let named = call.query("shape").is_none_or(|wanted| wanted == shape.name);
            if offered && named && image.is_none_or(|image| runs_on(image, shape)) {
                found.push((format!("{domain}/{}", shape.name), shape));
            }
        }
    }
    let entries: Vec<&(String, &Shape)> = found.iter().collect();
    let (shown, next) = page(call, entries, |(id, _)| id.as_str(), 100)?;
    let values: Vec<Value> = shown.into_iter().map(|(_, shape)| shape.shown()).collect();
    Ok(answer(call, values, next))
}
