//! Read replica: a copy of a DB system for reading.
//!
//! A DB system has at most 18, of a shape of 4 OCPUs or 8 ECPUs at least. Making one occupies the DB system, so
//! its replicas come one after another.
//! API: MySQL Database Service 20190415, `Replica`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::mysql::models;
use oci_client::services::mysql::operations::{
    CreateReplica, DeleteReplica, GetReplica, ListReplicas, UpdateReplica,
};
use reconcile::Address;
use reconcile::provider::{Failure, Lane, PerOperation, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen, lane_of};
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

use super::mysql_db_system::LogDestination;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_mysql_replica";

/// A copy of a DB system for reading.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Replica {
    /// The DB system; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub db_system_id: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// What it is for.
    #[schemars(length(min = 1, max = 400))]
    pub description: Attr<String>,
    /// Whether the service refuses to delete it.
    pub is_delete_protected: Attr<bool>,
    /// What it has otherwise than its DB system.
    pub replica_overrides: Attr<ReplicaOverrides>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Replica {
    db_system_id,
    display_name,
    description,
    is_delete_protected,
    replica_overrides,
    freeform_tags,
    defined_tags,
    raw,
});

/// What a replica has otherwise than its DB system.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ReplicaOverrides {
    /// The shape.
    pub shape_name: Attr<String>,
    /// The configuration.
    pub configuration_id: Attr<String>,
    /// The MySQL version.
    pub mysql_version: Attr<String>,
    /// Network security groups.
    #[schemars(extend("x-unordered" = true), length(max = 5))]
    pub nsg_ids: Attr<Vec<String>>,
    /// Zero trust packet routing.
    pub security_attributes: Attr<BTreeMap<String, String>>,
    /// Where its logs go.
    pub telemetry_configuration: Attr<ReplicaTelemetry>,
}

attributes!(ReplicaOverrides {
    shape_name,
    configuration_id,
    mysql_version,
    nsg_ids,
    security_attributes,
    telemetry_configuration,
});

/// Where its logs go.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ReplicaTelemetry {
    /// Which logs go where.
    #[schemars(extend("x-unordered" = true))]
    pub logs: Attr<Vec<LogDestination>>,
}

attributes!(ReplicaTelemetry { logs });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// The compartment of its DB system.
    compartment_id: String,
    /// The availability domain.
    availability_domain: String,
    /// The fault domain.
    fault_domain: String,
    /// The configuration.
    #[schemars(extend("x-volatile" = true))]
    configuration_id: String,
    /// The shape.
    #[schemars(extend("x-volatile" = true))]
    shape_name: String,
    /// The MySQL version.
    #[schemars(extend("x-volatile" = true))]
    mysql_version: String,
    /// The address.
    ip_address: String,
    /// The port of the MySQL protocol.
    port: i64,
    /// The port of the X protocol.
    port_x: i64,
    /// Network security groups.
    #[schemars(extend("x-volatile" = true, "x-unordered" = true))]
    nsg_ids: Vec<String>,
    /// More about its state.
    #[schemars(extend("x-volatile" = true))]
    lifecycle_details: String,
    /// When it was made.
    time_created: String,
    /// When it was last changed.
    #[schemars(extend("x-volatile" = true))]
    time_updated: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the replica at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Replica, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// The first replica was seen to take 21 minutes and 43 seconds; the limit is that of Oracle's Terraform
/// provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE", "INACTIVE", "NEEDS_ATTENTION"],
    failed: &["FAILED"],
    gone: &["DELETED"],
    expect: Duration::from_secs(1300),
    limit: Duration::from_secs(3600),
};

/// The module of `oci_mysql_replica`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType {
            expected: PerOperation {
                create: LIFECYCLE.expect,
                update: Duration::from_secs(300),
                delete: Duration::from_secs(300),
            },
            ..LIFECYCLE.resource_type(TYPE, &SCHEMA)
        }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "mysql",
            create: Some(models::CreateReplicaDetails::default().facts()),
            update: Some(models::UpdateReplicaDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateReplica::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetReplica::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListReplicas::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.update(tags, &[], &[], |details| UpdateReplica::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteReplica::new(id))]
    }

    fn lane(&self, _: Option<&str>, inputs: &ValueMap) -> Option<Lane> {
        lane_of(inputs, "db_system_id")
    }
}
