//! Service gateway: the way to Oracle's own services that does not go over the internet.
//!
//! It cannot be deleted while a route rule leads to it.
//! API: Core Services 20160918, `ServiceGateway`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    ChangeServiceGatewayCompartment, CreateServiceGateway, DeleteServiceGateway, GetServiceGateway,
    ListServiceGateways, UpdateServiceGateway,
};
use reconcile::Address;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::{Lifecycle, NETWORK};
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_service_gateway";

/// The way to Oracle's own services that does not go over the internet.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ServiceGateway {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The VCN; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub vcn_id: Attr<String>,
    /// The services that it leads to.
    #[schemars(extend("x-required" = true, "x-unordered" = true))]
    pub services: Attr<Vec<GatewayService>>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// Whether it lets nothing through.
    pub block_traffic: Attr<bool>,
    /// The route table for what comes in through it.
    pub route_table_id: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(ServiceGateway {
    compartment_id,
    vcn_id,
    services,
    display_name,
    block_traffic,
    route_table_id,
    freeform_tags,
    defined_tags,
    raw,
});

/// A service that a gateway leads to.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct GatewayService {
    /// The OCID of the service; see the data source `oci_core_services`.
    #[schemars(extend("x-required" = true))]
    pub service_id: Attr<String>,
    /// What the service calls it; only the service says so.
    #[schemars(extend("readOnly" = true))]
    pub service_name: Attr<String>,
}

attributes!(GatewayService { service_id, service_name });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the gateway at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<ServiceGateway, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// The module of `oci_core_service_gateway`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        NETWORK.resource_type(TYPE, &SCHEMA)
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &NETWORK
    }

    fn api(&self) -> Api {
        Api {
            service: "core",
            create: Some(models::CreateServiceGatewayDetails::default().facts()),
            update: Some(models::UpdateServiceGatewayDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeServiceGatewayCompartment")],
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateServiceGateway::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetServiceGateway::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListServiceGateways::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            &[],
            |details| ChangeServiceGatewayCompartment::new(id, details),
            |details| UpdateServiceGateway::new(id, details),
        )
    }

    fn said_by_updates(&self) -> &'static [&'static str] {
        &["block_traffic"]
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteServiceGateway::new(id))]
    }
}
