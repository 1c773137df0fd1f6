//! The tenancy's namespace in Object Storage.

use std::sync::LazyLock;

use oci_client::services::object_storage::operations::GetNamespace;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::json;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource};
use crate::look::Look;
use crate::schema;
use crate::values::text;

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_objectstorage_namespace";

/// The tenancy's namespace in Object Storage.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Namespace {
    /// The tenancy, if it is another one.
    pub compartment_id: Attr<String>,
}

attributes!(Namespace { compartment_id });

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The namespace.
    namespace: String,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<Namespace, Told>);

/// The data source `oci_objectstorage_namespace`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let mut get = GetNamespace::new();
        get.compartment_id = text(inputs, "compartment_id");
        let inputs = inputs.clone();
        Look::one(Call::new(get), move |answer| {
            Ok(data::told(&SCHEMA, &inputs, &json!({"namespace": answer.body})))
        })
    }
}
