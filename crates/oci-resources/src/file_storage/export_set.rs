//! Export set: what a mount target exports, taken over from the mount target.
//!
//! It is made and deleted with its mount target, so only its settings can be changed.
//! API: File Storage 20171215, `ExportSet`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::file_storage::models;
use oci_client::services::file_storage::operations::{
    GetExportSet, GetMountTarget, ListExportSets, UpdateExportSet,
};
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use super::parts;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_file_storage_export_set";

/// What a mount target exports, taken over from the mount target.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ExportSet {
    /// The mount target; a change takes another one over.
    #[schemars(extend("x-required" = true, "x-force-new" = true, "x-write-only" = true))]
    pub mount_target_id: Attr<String>,
    /// What people call it.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The size that file systems say they have, in bytes.
    pub max_fs_stat_bytes: Attr<String>,
    /// The number of files that file systems say they have room for.
    pub max_fs_stat_files: Attr<String>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(ExportSet { mount_target_id, display_name, max_fs_stat_bytes, max_fs_stat_files, raw });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// The availability domain.
    availability_domain: String,
    /// The compartment.
    compartment_id: String,
    /// The VCN.
    vcn_id: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<ExportSet, Told>);

fn seen(body: Json) -> Seen {
    // Neither side of the pair tells the other, so it is kept from what was asked for.
    Seen { leaves_out: &["mount_target_id"], ..Seen::new(&SCHEMA, body, &[]) }
}

/// Seconds; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE"],
    failed: &["FAILED"],
    gone: &["DELETED"],
    expect: Duration::from_secs(5),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_file_storage_export_set`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        LIFECYCLE.resource_type(TYPE, &SCHEMA)
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "file_storage",
            create: None,
            update: Some(models::UpdateExportSetDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("mount_target_id", "the mount target tells its export set")],
        }
    }

    /// Only after [`ResourceModule::before_create`], whose id stands under `id`.
    fn create(&self, inputs: &ValueMap, _tags: &StackTags) -> Result<Call, Failure> {
        let id = text(inputs, "id").ok_or_else(|| Failure::refused("its mount target is not known"))?;
        Ok(Call::with_raw(UpdateExportSet::new(id, wire::details(inputs, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetExportSet::new(id)), |answer| seen(answer.body))
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        parts::scope(attributes)
    }

    /// A list is of one availability domain.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list =
            |compartment: &str, domain: &str| Call::all_pages(ListExportSets::new(compartment, domain));
        parts::list(scope, list, listed)
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.update(tags, &[], &[], |details| UpdateExportSet::new(id, details))
    }

    /// It goes with its mount target, and until then stays as it is.
    fn delete(&self, _id: &str, _attributes: &ValueMap) -> Vec<Call> {
        Vec::new()
    }

    fn outlives_deletion(&self) -> bool {
        true
    }

    /// It is there with its mount target.
    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        Some(of_mount_target(&text(inputs, "mount_target_id")?).map(|found| vec![found]))
    }

    /// Nothing is made: what is there is looked up, and then changed like any other.
    fn before_create(&self, inputs: &ValueMap) -> Option<Look<Seen>> {
        Some(of_mount_target(&text(inputs, "mount_target_id")?))
    }
}

/// A list tells no sizes.
fn listed(body: Json) -> Seen {
    Seen { leaves_out: &["mount_target_id", "max_fs_stat_bytes", "max_fs_stat_files"], ..seen(body) }
}

fn of_mount_target(id: &str) -> Look<Seen> {
    Look::then(Call::new(GetMountTarget::new(id)), |answer| {
        let id = answer.text("exportSetId").unwrap_or_default().to_owned();
        Look::one(Call::new(GetExportSet::new(id)), |answer| seen(answer.body))
    })
}
