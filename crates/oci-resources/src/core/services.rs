//! Services that a service gateway may lead to.

use std::sync::LazyLock;

use oci_client::services::core::operations::ListServices;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource, Filter};
use crate::look::Look;
use crate::schema;

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_core_services";

/// Services that a service gateway may lead to.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Services {
    /// Keeps what has one of these values; several must all hold.
    pub filter: Attr<Vec<Filter>>,
}

attributes!(Services { filter });

/// One of them.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Service {
    /// Its OCID.
    id: String,
    /// Its name.
    name: String,
    /// What it is.
    description: String,
    /// The label that routes and rules name it by; not a block.
    cidr_block: String,
}

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The services.
    services: Vec<Service>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<Services, Told>);

/// The data source `oci_core_services`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let call = Call::all_pages(ListServices::new());
        let inputs = inputs.clone();
        Look::one(call, move |answer| Ok(data::listed(&SCHEMA, &inputs, "services", answer.items().to_vec())))
    }
}
