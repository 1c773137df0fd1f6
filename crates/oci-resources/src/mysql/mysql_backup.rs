//! MySQL backup: the data of a DB system at a moment.
//!
//! It outlives the DB system. It holds data.
//! API: MySQL Database Service 20190415, `Backup`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::mysql::models;
use oci_client::services::mysql::operations::{
    ChangeBackupCompartment, CreateBackup, DeleteBackup, GetBackup, ListBackups, UpdateBackup,
};
use reconcile::Address;
use reconcile::provider::{Failure, Lane, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen, lane_of};
use crate::names::Renames;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_mysql_mysql_backup";

/// The data of a DB system at a moment.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct MysqlBackup {
    /// The DB system; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub db_system_id: Attr<String>,
    /// `INCREMENTAL` when left out; a change makes a new one.
    #[schemars(extend("x-force-new" = true, "enum" = ["FULL", "INCREMENTAL"]))]
    pub backup_type: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// What it is for.
    #[schemars(length(min = 1, max = 400))]
    pub description: Attr<String>,
    /// How long it is kept.
    #[schemars(range(min = 1, max = 365))]
    pub retention_in_days: Attr<i64>,
    /// Whether it can be brought back after its deletion.
    #[schemars(extend("enum" = ["ENABLED", "DISABLED"]))]
    pub soft_delete: Attr<String>,
    /// The compartment: that of the DB system, or another one to which it is moved.
    pub compartment_id: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(MysqlBackup {
    db_system_id,
    backup_type,
    display_name,
    description,
    retention_in_days,
    soft_delete,
    compartment_id,
    freeform_tags,
    defined_tags,
    raw,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// Its size.
    #[schemars(extend("x-volatile" = true))]
    backup_size_in_gbs: i64,
    /// `MANUAL`, `AUTOMATIC` or `OPERATOR`.
    creation_type: String,
    /// The storage of the DB system.
    data_storage_size_in_gb: i64,
    /// The MySQL version.
    mysql_version: String,
    /// The shape of the DB system.
    shape_name: String,
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

/// The OCID of the backup at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<MysqlBackup, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("data_storage_size_in_gb", "dataStorageSizeInGBs")];

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, RENAMES)
}

/// A manual backup was seen to take 90 seconds; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE", "INACTIVE"],
    failed: &["FAILED"],
    gone: &["DELETED", "DELETE_SCHEDULED"],
    expect: Duration::from_secs(90),
    limit: Duration::from_secs(3600),
};

/// The module of `oci_mysql_mysql_backup`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType { holds_data: true, ..LIFECYCLE.resource_type(TYPE, &SCHEMA) }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "mysql",
            create: Some(models::CreateBackupDetails::default().facts()),
            update: Some(models::UpdateBackupDetails::default().facts()),
            renames: RENAMES,
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeBackupCompartment")],
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateBackup::new(wire::creation(inputs, tags, RENAMES)?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetBackup::new(id)), |answer| seen(answer.body))
    }

    /// The compartment is that of the DB system, which the inputs need not tell.
    fn scope(&self, attributes: &ValueMap) -> Scope {
        Scope { compartment_id: text(attributes, "compartment_id"), ..Scope::default() }
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListBackups::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            RENAMES,
            |details| ChangeBackupCompartment::new(id, details),
            |details| UpdateBackup::new(id, details),
        )
    }

    fn said_by_updates(&self) -> &'static [&'static str] {
        &["compartment_id"]
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteBackup::new(id))]
    }

    /// A backup is taken of a DB system that nothing else changes.
    fn lane(&self, _: Option<&str>, inputs: &ValueMap) -> Option<Lane> {
        lane_of(inputs, "db_system_id")
    }
}
