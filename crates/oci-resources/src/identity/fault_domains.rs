//! Fault domains of an availability domain: always three.

use std::sync::LazyLock;

use oci_client::services::identity::operations::ListFaultDomains;
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
pub const TYPE: &str = "oci_identity_fault_domains";

/// The fault domains of an availability domain.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct FaultDomains {
    /// The compartment.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The availability domain.
    #[schemars(extend("x-required" = true))]
    pub availability_domain: Attr<String>,
    /// Keeps what has one of these values; several must all hold.
    pub filter: Attr<Vec<Filter>>,
}

attributes!(FaultDomains { compartment_id, availability_domain, filter });

/// One of them.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct FaultDomain {
    /// Its name.
    name: String,
    /// Its OCID.
    id: String,
    /// The tenancy.
    compartment_id: String,
    /// The availability domain.
    availability_domain: String,
}

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The fault domains.
    fault_domains: Vec<FaultDomain>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<FaultDomains, Told>);

/// The data source `oci_identity_fault_domains`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let compartment = text(inputs, "compartment_id").unwrap_or_default();
        let domain = text(inputs, "availability_domain").unwrap_or_default();
        let call = Call::new(ListFaultDomains::new(compartment, domain));
        let inputs = inputs.clone();
        Look::one(call, move |answer| {
            Ok(data::listed(&SCHEMA, &inputs, "fault_domains", answer.items().to_vec()))
        })
    }
}
