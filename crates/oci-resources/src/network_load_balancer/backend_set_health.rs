//! What the health checks of a backend set find.

use std::sync::LazyLock;

use oci_client::services::network_load_balancer::operations::GetBackendSetHealth;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource};
use crate::look::Look;
use crate::schema;
use crate::values::text;

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_network_load_balancer_backend_set_health";

/// What the health checks of a backend set find.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct BackendSetHealth {
    /// The load balancer.
    #[schemars(extend("x-required" = true))]
    pub network_load_balancer_id: Attr<String>,
    /// The backend set.
    #[schemars(extend("x-required" = true))]
    pub backend_set_name: Attr<String>,
}

attributes!(BackendSetHealth { network_load_balancer_id, backend_set_name });

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// `OK`, `WARNING`, `CRITICAL` or `UNKNOWN`.
    status: String,
    /// How many backends it has.
    total_backend_count: i64,
    /// Those about which checks do not agree.
    #[schemars(extend("x-unordered" = true))]
    warning_state_backend_names: Vec<String>,
    /// Those that are ill.
    #[schemars(extend("x-unordered" = true))]
    critical_state_backend_names: Vec<String>,
    /// Those about which nothing is known yet.
    #[schemars(extend("x-unordered" = true))]
    unknown_state_backend_names: Vec<String>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<BackendSetHealth, Told>);

/// The data source `oci_network_load_balancer_backend_set_health`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let balancer = text(inputs, "network_load_balancer_id").unwrap_or_default();
        let set = text(inputs, "backend_set_name").unwrap_or_default();
        let call = Call::new(GetBackendSetHealth::new(balancer, set));
        let inputs = inputs.clone();
        Look::one(call, move |answer| Ok(data::told(&SCHEMA, &inputs, &answer.body)))
    }
}
