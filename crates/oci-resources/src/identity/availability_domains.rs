//! Availability domains of the region, by name. Their names begin with letters that differ from tenancy to
//! tenancy.

use std::sync::LazyLock;

use oci_client::services::identity::operations::ListAvailabilityDomains;
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
pub const TYPE: &str = "oci_identity_availability_domains";

/// The availability domains of the region.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct AvailabilityDomains {
    /// The compartment.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// Keeps what has one of these values; several must all hold.
    pub filter: Attr<Vec<Filter>>,
}

attributes!(AvailabilityDomains { compartment_id, filter });

/// One of them.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Domain {
    /// Its name.
    name: String,
    /// Its OCID.
    id: String,
    /// The tenancy.
    compartment_id: String,
}

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The availability domains, by name.
    availability_domains: Vec<Domain>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<AvailabilityDomains, Told>);

/// The data source `oci_identity_availability_domains`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let call =
            Call::new(ListAvailabilityDomains::new(text(inputs, "compartment_id").unwrap_or_default()));
        let inputs = inputs.clone();
        Look::one(call, move |answer| {
            // The service promises no order.
            let mut items = answer.items().to_vec();
            items.sort_by_key(|item| item["name"].as_str().unwrap_or_default().to_owned());
            Ok(data::listed(&SCHEMA, &inputs, "availability_domains", items))
        })
    }
}
