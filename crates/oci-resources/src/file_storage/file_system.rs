//! File system: files that several servers share over NFS.
//!
//! It cannot be deleted while an export shows it; its snapshots go with it. It holds data.
//! API: File Storage 20171215, `FileSystem`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::file_storage::models;
use oci_client::services::file_storage::operations::{
    ChangeFileSystemCompartment, CreateFileSystem, DeleteFileSystem, GetFileSystem, ListFileSystems,
    UpdateFileSystem,
};
use reconcile::Address;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

use super::parts::{self, ResourceLock};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_file_storage_file_system";

/// Files that several servers share over NFS.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct FileSystem {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The availability domain; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub availability_domain: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The policy that makes snapshots by the clock.
    pub filesystem_snapshot_policy_id: Attr<String>,
    /// The key that it is encrypted with.
    pub kms_key_id: Attr<String>,
    /// The snapshot that it is a clone of; a change makes a new one.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub source_snapshot_id: Attr<String>,
    /// Whether a clone stays with its parent.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true, "enum" = ["DETACH", "ATTACH"]))]
    pub clone_attach_status: Attr<String>,
    /// Whether quota rules count.
    #[schemars(extend("x-force-new" = true))]
    pub are_quota_rules_enabled: Attr<bool>,
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

attributes!(FileSystem {
    compartment_id,
    availability_domain,
    display_name,
    filesystem_snapshot_policy_id,
    kms_key_id,
    source_snapshot_id,
    clone_attach_status,
    are_quota_rules_enabled,
    locks,
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
    /// How much is in it.
    #[schemars(extend("x-volatile" = true))]
    metered_bytes: i64,
    /// Whether it has clones.
    #[schemars(extend("x-volatile" = true))]
    is_clone_parent: bool,
    /// Whether all of its parent has been copied.
    #[schemars(extend("x-volatile" = true))]
    is_hydrated: bool,
    /// Whether it may be the target of a replication.
    #[schemars(extend("x-volatile" = true))]
    is_targetable: bool,
    /// More about its state.
    #[schemars(extend("x-volatile" = true))]
    lifecycle_details: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the file system at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<FileSystem, Told>);

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

/// The module of `oci_file_storage_file_system`.
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
            create: Some(models::CreateFileSystemDetails::default().facts()),
            update: Some(models::UpdateFileSystemDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeFileSystemCompartment")],
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateFileSystem::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetFileSystem::new(id)), |answer| seen(answer.body))
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        parts::scope(attributes)
    }

    /// A list is of one availability domain.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list =
            |compartment: &str, domain: &str| Call::all_pages(ListFileSystems::new(compartment, domain));
        let part = |body: Json| Seen {
            leaves_out: &["are_quota_rules_enabled", "filesystem_snapshot_policy_id", "is_targetable"],
            ..seen(body)
        };
        parts::list(scope, list, part)
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            &[],
            |details| ChangeFileSystemCompartment::new(id, details),
            |details| UpdateFileSystem::new(id, details),
        )
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteFileSystem::new(id))]
    }
}
