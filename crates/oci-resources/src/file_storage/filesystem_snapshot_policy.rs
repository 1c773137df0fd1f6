//! Snapshot policy: snapshots by the clock, for the file systems that name it.
//!
//! It cannot be deleted while a file system names it.
//! API: File Storage 20171215, `FilesystemSnapshotPolicy`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::file_storage::models;
use oci_client::services::file_storage::operations::{
    ChangeFilesystemSnapshotPolicyCompartment, CreateFilesystemSnapshotPolicy,
    DeleteFilesystemSnapshotPolicy, GetFilesystemSnapshotPolicy, UpdateFilesystemSnapshotPolicy,
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
use crate::wire;

use super::parts::{self, ResourceLock};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_file_storage_filesystem_snapshot_policy";

/// Snapshots by the clock, for the file systems that name it.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct FilesystemSnapshotPolicy {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The availability domain; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub availability_domain: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// What names of snapshots begin with.
    pub policy_prefix: Attr<String>,
    /// When snapshots are made.
    #[schemars(extend("x-unordered" = true), length(max = 10))]
    pub schedules: Attr<Vec<Schedule>>,
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

attributes!(FilesystemSnapshotPolicy {
    compartment_id,
    availability_domain,
    display_name,
    policy_prefix,
    schedules,
    locks,
    freeform_tags,
    defined_tags,
    raw,
});

/// When snapshots are made.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Schedule {
    /// How often.
    #[schemars(extend("x-required" = true, "enum" = ["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))]
    pub period: Attr<String>,
    /// By whose clock.
    #[schemars(extend("x-required" = true, "enum" = ["UTC", "REGIONAL_DATA_CENTER_TIME"]))]
    pub time_zone: Attr<String>,
    /// At which hour.
    #[schemars(range(min = 0, max = 23))]
    pub hour_of_day: Attr<i64>,
    /// On which day, of `WEEKLY`.
    #[schemars(extend("enum" = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]))]
    pub day_of_week: Attr<String>,
    /// On which day, of `MONTHLY` and `YEARLY`.
    #[schemars(range(min = 1, max = 31))]
    pub day_of_month: Attr<i64>,
    /// In which month, of `YEARLY`.
    #[schemars(extend("enum" = ["JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"]))]
    pub month: Attr<String>,
    /// How long a snapshot is kept, in seconds.
    pub retention_duration_in_seconds: Attr<i64>,
    /// What names begin with.
    pub schedule_prefix: Attr<String>,
    /// From when on.
    pub time_schedule_start: Attr<String>,
    /// For how long a snapshot cannot be deleted.
    pub lock_duration_details: Attr<ScheduleLock>,
}

attributes!(Schedule {
    period,
    time_zone,
    hour_of_day,
    day_of_week,
    day_of_month,
    month,
    retention_duration_in_seconds,
    schedule_prefix,
    time_schedule_start,
    lock_duration_details,
});

/// For how long a snapshot cannot be deleted.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ScheduleLock {
    /// Who may unlock it.
    #[schemars(extend("x-required" = true, "enum" = ["GOVERNANCE", "COMPLIANCE"]))]
    pub lock_mode: Attr<String>,
    /// For how many days.
    #[schemars(extend("x-required" = true))]
    pub lock_duration: Attr<i64>,
    /// In how many days the lock becomes final.
    pub cool_off_duration: Attr<i64>,
}

attributes!(ScheduleLock { lock_mode, lock_duration, cool_off_duration });

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

/// The OCID of the policy at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<FilesystemSnapshotPolicy, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// Seconds; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE", "INACTIVE"],
    failed: &["FAILED"],
    gone: &["DELETED"],
    expect: Duration::from_secs(5),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_file_storage_filesystem_snapshot_policy`.
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
            create: Some(models::CreateFilesystemSnapshotPolicyDetails::default().facts()),
            update: Some(models::UpdateFilesystemSnapshotPolicyDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[("compartment_id", "ChangeFilesystemSnapshotPolicyCompartment")],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        check.each("schedules", |schedule| {
            schedule.text("time_schedule_start", rules::moment);
            let period = schedule.word("period").unwrap_or_default();
            let goes_with: [(&str, &[&str]); 3] = [
                ("day_of_week", &["WEEKLY"]),
                ("day_of_month", &["MONTHLY", "YEARLY"]),
                ("month", &["YEARLY"]),
            ];
            for (name, periods) in goes_with {
                if !period.is_empty() && !periods.contains(&period) {
                    schedule.excludes(name, &format!("goes with `{}` only", periods.join("` and `")));
                }
            }
        });
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "schedules.time_schedule_start" && rules::same_moment(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(
            CreateFilesystemSnapshotPolicy::new(wire::creation(inputs, tags, &[])?),
            wire::raw(inputs),
        ))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetFilesystemSnapshotPolicy::new(id)), |answer| seen(answer.body))
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        parts::scope(attributes)
    }

    /// Oracle's tables have no list of policies, so each is read by itself.
    fn list(&self, _: &Scope) -> Option<Look<Vec<Seen>>> {
        None
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.move_and_update(
            tags,
            &[],
            |details| ChangeFilesystemSnapshotPolicyCompartment::new(id, details),
            |details| UpdateFilesystemSnapshotPolicy::new(id, details),
        )
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteFilesystemSnapshotPolicy::new(id))]
    }
}
