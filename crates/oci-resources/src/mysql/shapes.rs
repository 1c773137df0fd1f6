//! Shapes of DB systems and HeatWave nodes.

use std::sync::LazyLock;

use oci_client::services::mysql::models;
use oci_client::services::mysql::operations::ListShapes;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource, Filter};
use crate::look::Look;
use crate::schema;
use crate::values::{text, texts};

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_mysql_shapes";

/// Shapes of DB systems and HeatWave nodes.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Shapes {
    /// The compartment.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// Only in this availability domain.
    pub availability_domain: Attr<String>,
    /// Only this one.
    pub name: Attr<String>,
    /// Only for `DBSYSTEM` or `HEATWAVECLUSTER`.
    pub is_supported_for: Attr<Vec<String>>,
    /// Keeps what has one of these values; several must all hold.
    pub filter: Attr<Vec<Filter>>,
}

attributes!(Shapes { compartment_id, availability_domain, name, is_supported_for, filter });

/// One of them.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Shape {
    /// Its name.
    name: String,
    /// How many cores it has.
    cpu_core_count: i64,
    /// Memory in GB.
    memory_size_in_gbs: i64,
    /// What it is for.
    is_supported_for: Vec<String>,
}

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The shapes.
    shapes: Vec<Shape>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<Shapes, Told>);

/// The data source `oci_mysql_shapes`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let mut list = ListShapes::new(text(inputs, "compartment_id").unwrap_or_default());
        list.availability_domain = text(inputs, "availability_domain");
        list.name = text(inputs, "name");
        list.is_supported_for = texts(inputs, "is_supported_for").map(|words| {
            words.iter().map(|word| models::ShapeSummaryIsSupportedFor::from(&**word)).collect()
        });
        let call = Call::new(list);
        let inputs = inputs.clone();
        Look::one(call, move |answer| Ok(data::listed(&SCHEMA, &inputs, "shapes", answer.items().to_vec())))
    }
}
