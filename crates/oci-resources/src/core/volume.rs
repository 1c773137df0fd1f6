//! Block volume: a disk that lives by itself and is attached to an instance.
//!
//! It only grows. Its attachment is a resource of its own, and must go first.
//! API: Core Services 20160918, `Volume`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::core::models;
use oci_client::services::core::operations::{
    CreateVolume, DeleteVolume, GetVolume, ListVolumes, UpdateVolume,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
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
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_volume";

/// A disk that lives by itself.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Volume {
    /// The compartment; a change makes a new one: Oracle's tables have no call that moves a volume.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub compartment_id: Attr<String>,
    /// The availability domain; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub availability_domain: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// Its size in GB, 1024 when left out; it only grows.
    #[schemars(range(min = 50, max = 32768))]
    pub size_in_gbs: Attr<i64>,
    /// Its size in MB; deprecated.
    #[schemars(extend("x-force-new" = true, "x-volatile" = true))]
    pub size_in_mbs: Attr<i64>,
    /// Its performance: 0 is lower cost, 10 balanced, 20 higher, 30 to 120 ultra high.
    #[schemars(range(min = 0, max = 120))]
    pub vpus_per_gb: Attr<i64>,
    /// What it is a copy of; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub source_details: Attr<VolumeSource>,
    /// How its performance follows its use.
    #[schemars(extend("x-unordered" = true))]
    pub autotune_policies: Attr<Vec<AutotunePolicy>>,
    /// The deprecated form of a policy `DETACHED_VOLUME`.
    pub is_auto_tune_enabled: Attr<bool>,
    /// Copies in other places.
    #[schemars(extend("x-unordered" = true))]
    pub block_volume_replicas: Attr<Vec<Replica>>,
    /// The backup policy.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub backup_policy_id: Attr<String>,
    /// The key that it is encrypted with.
    #[schemars(extend("x-force-new" = true))]
    pub kms_key_id: Attr<String>,
    /// The key that copies in other regions are encrypted with.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub xrc_kms_key_id: Attr<String>,
    /// The cluster placement group.
    #[schemars(extend("x-force-new" = true))]
    pub cluster_placement_group_id: Attr<String>,
    /// Whether SCSI reservations are possible.
    pub is_reservations_enabled: Attr<bool>,
    /// The deprecated form of a source.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub volume_backup_id: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Volume {
    compartment_id,
    availability_domain,
    display_name,
    size_in_gbs,
    size_in_mbs,
    vpus_per_gb,
    source_details,
    autotune_policies,
    is_auto_tune_enabled,
    block_volume_replicas,
    backup_policy_id,
    kms_key_id,
    xrc_kms_key_id,
    cluster_placement_group_id,
    is_reservations_enabled,
    volume_backup_id,
    freeform_tags,
    defined_tags,
    raw,
});

/// What it is a copy of.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct VolumeSource {
    /// Of which kind.
    #[schemars(extend("x-required" = true, "enum" = ["volume", "volumeBackup", "volumeBackupDelta", "blockVolumeReplica"]))]
    pub r#type: Attr<String>,
    /// The OCID of the volume, backup or replica.
    pub id: Attr<String>,
    /// The first backup of a delta.
    pub first_backup_id: Attr<String>,
    /// The second backup of a delta.
    pub second_backup_id: Attr<String>,
    /// The size of a block of a delta.
    pub change_block_size_in_bytes: Attr<i64>,
}

attributes!(VolumeSource { r#type, id, first_backup_id, second_backup_id, change_block_size_in_bytes });

/// How its performance follows its use.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct AutotunePolicy {
    /// Of which kind.
    #[schemars(extend("x-required" = true, "enum" = ["DETACHED_VOLUME", "PERFORMANCE_BASED"]))]
    pub autotune_type: Attr<String>,
    /// How far it may go, of `PERFORMANCE_BASED`.
    pub max_vpus_per_gb: Attr<i64>,
}

attributes!(AutotunePolicy { autotune_type, max_vpus_per_gb });

/// A copy in another place.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Replica {
    /// The availability domain.
    #[schemars(extend("x-required" = true))]
    pub availability_domain: Attr<String>,
    /// What people call it.
    pub display_name: Attr<String>,
    /// The key that it is encrypted with.
    pub xrr_kms_key_id: Attr<String>,
}

attributes!(Replica { availability_domain, display_name, xrr_kms_key_id });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// Its performance now.
    #[schemars(extend("x-volatile" = true))]
    auto_tuned_vpus_per_gb: i64,
    /// Whether all of its source has been copied.
    #[schemars(extend("x-volatile" = true))]
    is_hydrated: bool,
    /// Its group.
    #[schemars(extend("x-volatile" = true))]
    volume_group_id: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the volume at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Volume, Told>);

fn seen(body: Json) -> Seen {
    let mut body = body;
    // Asked for by one name, told by another.
    for replica in body.get_mut("blockVolumeReplicas").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(key) = replica.get("kmsKeyId").cloned() {
            replica["xrrKmsKeyId"] = key;
        }
    }
    Seen::new(&SCHEMA, body, &[])
}

/// The expected time is unconfirmed; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["AVAILABLE"],
    failed: &["FAULTY"],
    gone: &["TERMINATED"],
    expect: Duration::from_secs(15),
    limit: Duration::from_secs(1800),
};

/// The module of `oci_core_volume`.
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
            service: "core",
            create: Some(models::CreateVolumeDetails::default().facts()),
            update: Some(models::UpdateVolumeDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        if !check.is_set("source_details") && !check.is_set("volume_backup_id") {
            check.needs("availability_domain", "unless it is a copy");
        }
        check.not_both("size_in_gbs", "size_in_mbs");
        rules::vpus(&mut check, "vpus_per_gb");
        check.inside("source_details", check_source);
        check.each("autotune_policies", |policy| match policy.word("autotune_type") {
            Some("PERFORMANCE_BASED") => policy.needs("max_vpus_per_gb", "for `PERFORMANCE_BASED`"),
            Some("DETACHED_VOLUME") => {
                policy.excludes("max_vpus_per_gb", "goes with `PERFORMANCE_BASED` only");
            }
            _ => {}
        });
        problems
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateVolume::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetVolume::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let mut list = ListVolumes::new();
        list.compartment_id = Some(scope.compartment_id.clone()?);
        let list = Call::all_pages(list);
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.update(tags, &[], &[], |details| UpdateVolume::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteVolume::new(id))]
    }
}

/// What a copy is of: one object, or the two backups that a delta lies between.
fn check_source(source: &mut rules::Check<'_>) {
    match source.word("type") {
        Some("volumeBackupDelta") => {
            for name in ["first_backup_id", "second_backup_id"] {
                source.needs(name, "for a delta");
            }
        }
        Some(_) => source.needs("id", "for this kind of source"),
        None => {}
    }
}
