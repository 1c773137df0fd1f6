//! HeatWave cluster: nodes beside a DB system that answer analytic queries from memory.
//!
//! It has no OCID; its id is `dbSystem/{OCID}/heatWaveCluster`. A change of shape or size builds it anew, and
//! what was loaded has to be loaded again.
//! API: MySQL Database Service 20190415, `HeatWaveCluster`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::mysql::models;
use oci_client::services::mysql::operations::{
    AddHeatWaveCluster, DeleteHeatWaveCluster, GetHeatWaveCluster, UpdateHeatWaveCluster,
};
use reconcile::provider::{Failure, Lane, PerOperation, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen, lane_of};
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use super::parts::ClusterId;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_mysql_heat_wave_cluster";

/// Nodes beside a DB system that answer analytic queries from memory.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct HeatWaveCluster {
    /// The DB system; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub db_system_id: Attr<String>,
    /// The shape, such as `HeatWave.32GB`.
    #[schemars(extend("x-required" = true))]
    pub shape_name: Attr<String>,
    /// How many nodes.
    #[schemars(extend("x-required" = true), range(min = 1, max = 512))]
    pub cluster_size: Attr<i64>,
    /// Whether it reads from Object Storage.
    pub is_lakehouse_enabled: Attr<bool>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(HeatWaveCluster { db_system_id, shape_name, cluster_size, is_lakehouse_enabled, raw });

/// A node.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ClusterNode {
    /// Its number.
    pub node_id: Attr<String>,
    /// Its state.
    #[schemars(extend("x-volatile" = true))]
    pub lifecycle_state: Attr<String>,
    /// When it was made.
    pub time_created: Attr<String>,
    /// When it was last changed.
    #[schemars(extend("x-volatile" = true))]
    pub time_updated: Attr<String>,
}

attributes!(ClusterNode { node_id, lifecycle_state, time_created, time_updated });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// `dbSystem/{OCID}/heatWaveCluster`.
    id: String,
    /// The nodes.
    #[schemars(extend("x-volatile" = true))]
    cluster_nodes: Vec<ClusterNode>,
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

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<HeatWaveCluster, Told>);

fn seen(body: Json) -> Seen {
    let mut seen = Seen::new(&SCHEMA, body, &[]);
    seen.id = ClusterId::of(seen.body["dbSystemId"].as_str().unwrap_or_default()).to_string();
    seen.attributes.insert("id", Value::string(seen.id.as_str()));
    seen
}

/// Seen: 11 min 46 s to make, 4 min 24 s to delete (free shape); the limit is that of Oracle's Terraform
/// provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE", "INACTIVE"],
    failed: &["FAILED"],
    gone: &["DELETED"],
    expect: Duration::from_secs(710),
    limit: Duration::from_secs(3600),
};

/// The module of `oci_mysql_heat_wave_cluster`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType {
            expected: PerOperation {
                create: LIFECYCLE.expect,
                update: LIFECYCLE.expect,
                delete: Duration::from_secs(264),
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
            create: Some(models::AddHeatWaveClusterDetails::default().facts()),
            update: Some(models::UpdateHeatWaveClusterDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("db_system_id", "the path of the request")],
        }
    }

    fn create(&self, inputs: &ValueMap, _tags: &StackTags) -> Result<Call, Failure> {
        let id = text(inputs, "db_system_id").unwrap_or_default();
        Ok(Call::with_raw(AddHeatWaveCluster::new(id, wire::details(inputs, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        let get = GetHeatWaveCluster::new(ClusterId::parse(id).db_system_id);
        Look::one(Call::new(get), |answer| seen(answer.body))
    }

    /// No list shows clusters whole.
    fn list(&self, _: &Scope) -> Option<Look<Vec<Seen>>> {
        None
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let id = ClusterId::parse(id).db_system_id;
        let details = wire::update(change, tags, &["db_system_id"], &[])?;
        let call =
            |details| Call::with_raw(UpdateHeatWaveCluster::new(&*id, details), wire::changed_raw(change));
        Ok(details.map(call).into_iter().collect())
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteHeatWaveCluster::new(ClusterId::parse(id).db_system_id))]
    }

    fn lane(&self, _: Option<&str>, inputs: &ValueMap) -> Option<Lane> {
        lane_of(inputs, "db_system_id")
    }

    fn key(&self, inputs: &ValueMap) -> Option<String> {
        text(inputs, "db_system_id").map(|id| ClusterId::of(&id).to_string())
    }

    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let get = GetHeatWaveCluster::new(text(inputs, "db_system_id")?);
        Some(Look::one(Call::new(get).or_missing(), |answer| {
            let found = (!answer.is_missing).then(|| seen(answer.body));
            found.into_iter().filter(|seen| seen.state != "DELETED").collect()
        }))
    }
}
