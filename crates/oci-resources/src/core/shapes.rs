//! Shapes of instances. The same shape is told once for each availability domain, unless one is asked for.

use std::sync::LazyLock;

use oci_client::services::core::operations::ListShapes;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource, Filter};
use crate::look::Look;
use crate::schema;
use crate::values::text;

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_core_shapes";

/// Shapes of instances.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Shapes {
    /// The compartment.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// Only in this availability domain.
    pub availability_domain: Attr<String>,
    /// Only those that this image runs on.
    pub image_id: Attr<String>,
    /// Only this one.
    pub shape: Attr<String>,
    /// Keeps what has one of these values; several must all hold.
    pub filter: Attr<Vec<Filter>>,
}

attributes!(Shapes { compartment_id, availability_domain, image_id, shape, filter });

/// From the least to the most.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Range {
    /// The least.
    min: f64,
    /// The most.
    max: f64,
}

/// From the least to the most, in GB.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct MemoryRange {
    /// The least.
    min_in_gbs: f64,
    /// The most.
    max_in_gbs: f64,
    /// What an OCPU gets if nothing is said.
    default_per_ocpu_in_gbs: f64,
    /// The least for an OCPU.
    min_per_ocpu_in_gbs: f64,
    /// The most for an OCPU.
    max_per_ocpu_in_gbs: f64,
}

/// One of them.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Shape {
    /// Its name.
    name: String,
    /// Whether OCPUs and memory can be chosen.
    is_flexible: bool,
    /// OCPUs.
    ocpus: f64,
    /// Memory.
    memory_in_gbs: f64,
    /// How many OCPUs can be chosen.
    ocpu_options: Range,
    /// How much memory can be chosen.
    memory_options: MemoryRange,
    /// The bandwidth of its network.
    networking_bandwidth_in_gbps: f64,
    /// How many VNICs it can have.
    max_vnic_attachments: i64,
    /// Its processor.
    processor_description: String,
    /// `ALWAYS_FREE`, `LIMITED_FREE` or `PAID`.
    billing_type: String,
    /// The limits that it counts against.
    quota_names: Vec<String>,
}

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The shapes.
    shapes: Vec<Shape>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<Shapes, Told>);

/// The data source `oci_core_shapes`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let mut list = ListShapes::new(text(inputs, "compartment_id").unwrap_or_default());
        list.availability_domain = text(inputs, "availability_domain");
        list.image_id = text(inputs, "image_id");
        list.shape = text(inputs, "shape");
        let call = Call::all_pages(list);
        let inputs = inputs.clone();
        Look::one(call, move |answer| Ok(data::listed(&SCHEMA, &inputs, "shapes", named(answer.items()))))
    }
}

/// Oracle calls the name of a shape `shape`.
fn named(items: &[Json]) -> Vec<Json> {
    let mut items = items.to_vec();
    for item in &mut items {
        item["name"] = item["shape"].clone();
    }
    items
}
