//! Snapshot: a file system as it was at a moment.
//!
//! Its name is fixed. It goes with its file system. It holds data.
//! API: File Storage 20171215, `Snapshot`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::file_storage::models;
use oci_client::services::file_storage::operations::{
    CreateSnapshot, DeleteSnapshot, GetSnapshot, ListSnapshots, UpdateSnapshot,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use super::parts::ResourceLock;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_file_storage_snapshot";

/// A file system as it was at a moment.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Snapshot {
    /// The file system; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub file_system_id: Attr<String>,
    /// Its name in `.snapshot`; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true), length(min = 1, max = 255))]
    pub name: Attr<String>,
    /// When it goes by itself.
    pub expiration_time: Attr<String>,
    /// For how long it cannot be deleted.
    pub lock_duration_details: Attr<SnapshotLock>,
    /// Locks that others must take off before a change; those of the creation.
    #[schemars(extend("x-unordered" = true, "x-force-new" = true, "x-write-only" = true))]
    pub locks: Attr<Vec<ResourceLock>>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Snapshot {
    file_system_id,
    name,
    expiration_time,
    lock_duration_details,
    locks,
    freeform_tags,
    defined_tags,
    raw,
});

/// For how long it cannot be deleted.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct SnapshotLock {
    /// Who may unlock it.
    #[schemars(extend("x-required" = true, "enum" = ["GOVERNANCE", "COMPLIANCE"]))]
    pub lock_mode: Attr<String>,
    /// For how many days.
    #[schemars(extend("x-required" = true))]
    pub lock_duration: Attr<i64>,
    /// In how many days the lock becomes final.
    pub cool_off_duration: Attr<i64>,
}

attributes!(SnapshotLock { lock_mode, lock_duration, cool_off_duration });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// `USER`, `POLICY_BASED` or `REPLICATION`.
    snapshot_type: String,
    /// Which moment it shows.
    snapshot_time: String,
    /// The snapshot that it comes from.
    provenance_id: String,
    /// Whether it has clones.
    #[schemars(extend("x-volatile" = true))]
    is_clone_source: bool,
    /// The policy that made it.
    filesystem_snapshot_policy_id: String,
    /// More about its state.
    #[schemars(extend("x-volatile" = true))]
    lifecycle_details: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the snapshot at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Snapshot, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// Seconds; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE"],
    failed: &["FAILED"],
    gone: &["DELETED"],
    expect: Duration::from_secs(5),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_file_storage_snapshot`.
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
            service: "file_storage",
            create: Some(models::CreateSnapshotDetails::default().facts()),
            update: Some(models::UpdateSnapshotDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        check.text("expiration_time", rules::moment);
        check.text(
            "name",
            |name| {
                if name.contains('/') { Err("must have no `/`".to_owned()) } else { Ok(()) }
            },
        );
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "expiration_time" && rules::same_moment(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateSnapshot::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetSnapshot::new(id)), |answer| seen(answer.body))
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        Scope { parent: text(attributes, "file_system_id"), ..Scope::default() }
    }

    fn parent_type(&self, _parent: &str) -> Option<&'static str> {
        Some(super::file_system::TYPE)
    }

    /// The snapshots of one file system.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let mut list = ListSnapshots::new();
        match &scope.parent {
            Some(parent) => list.file_system_id = Some(parent.clone()),
            None => list.compartment_id = Some(scope.compartment_id.clone()?),
        }
        let part = |body: Json| Seen { leaves_out: &["filesystem_snapshot_policy_id"], ..seen(body) };
        Some(Look::one(Call::all_pages(list), move |answer| {
            answer.items().iter().cloned().map(part).collect()
        }))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.update(tags, &[], &[], |details| UpdateSnapshot::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteSnapshot::new(id))]
    }
}
