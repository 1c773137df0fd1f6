//! MySQL versions that a DB system can have, by family.

use std::sync::LazyLock;

use oci_client::services::mysql::operations::ListVersions;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource, Filter};
use crate::look::Look;
use crate::schema;
use crate::values::text;

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_mysql_mysql_versions";

/// MySQL versions that a DB system can have.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct MysqlVersions {
    /// The compartment.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// Keeps what has one of these values; several must all hold.
    pub filter: Attr<Vec<Filter>>,
}

attributes!(MysqlVersions { compartment_id, filter });

/// Versions that belong together.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Family {
    /// Its name.
    version_family: String,
    /// The versions.
    versions: Vec<Version>,
}

/// A version.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Version {
    /// The version.
    version: String,
    /// More about it.
    description: String,
}

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The families, such as `8.4 - LTS`.
    versions: Vec<Family>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<MysqlVersions, Told>);

/// The data source `oci_mysql_mysql_versions`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let call = Call::new(ListVersions::new(text(inputs, "compartment_id").unwrap_or_default()));
        let inputs = inputs.clone();
        Look::one(call, move |answer| Ok(data::listed(&SCHEMA, &inputs, "versions", answer.items().to_vec())))
    }
}
