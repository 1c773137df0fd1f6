//! MySQL HeatWave DB system: a MySQL server, or three of them with automatic fail-over, run by Oracle.
//!
//! Nearly everything changes in place: shape, high availability, storage (it only grows), version, password,
//! backups. It takes one change at a time, those of its replicas and its HeatWave cluster included, so all of
//! them share a lane. It holds data. With `deletion_policy.is_delete_protected` the service refuses to delete
//! it.
//!
//! A list of DB systems shows part of them only, so a refresh reads each; there are few.
//! API: MySQL Database Service 20190415, `DbSystem`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::secret::Secret;
use oci_client::services::mysql::models;
use oci_client::services::mysql::operations::{
    CreateDbSystem, DeleteDbSystem, GetDbSystem, ListDbSystems, UpdateDbSystem,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, Lane, PerOperation, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::{Value, ValueMap};
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::names::Renames;
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

use super::parts;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_mysql_mysql_db_system";

/// A MySQL server, or three of them with automatic fail-over, run by Oracle.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct MysqlDbSystem {
    /// The compartment; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub compartment_id: Attr<String>,
    /// The shape, such as `MySQL.8`. A change restarts it.
    #[schemars(extend("x-required" = true))]
    pub shape_name: Attr<String>,
    /// The subnet.
    #[schemars(extend("x-required" = true))]
    pub subnet_id: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// What it is for.
    #[schemars(length(min = 1, max = 400))]
    pub description: Attr<String>,
    /// The administrator; needed unless it is made from a backup.
    #[schemars(extend("x-write-only" = true), length(min = 1, max = 32))]
    pub admin_username: Attr<String>,
    /// Their password: 8 to 32 characters, with a digit, a lower and an upper case letter and a special
    /// character.
    #[schemars(extend("x-write-only" = true, "x-sensitive" = true))]
    pub admin_password: Attr<Secret<String>>,
    /// Whether two more servers stand by. Switched on and off in place.
    pub is_highly_available: Attr<bool>,
    /// Where the primary shall be, if it can be chosen.
    pub availability_domain: Attr<String>,
    /// In which fault domain the primary shall be.
    pub fault_domain: Attr<String>,
    /// The configuration; the default one of the shape when left out.
    #[schemars(extend("x-volatile" = true))]
    pub configuration_id: Attr<String>,
    /// The MySQL version.
    #[schemars(extend("x-volatile" = true))]
    pub mysql_version: Attr<String>,
    /// The storage in GB; it only grows.
    #[schemars(range(min = 50, max = 131072))]
    pub data_storage_size_in_gb: Attr<i64>,
    /// How the storage grows by itself.
    pub data_storage: Attr<DataStorage>,
    /// The host name in the subnet.
    #[schemars(length(min = 1, max = 63))]
    pub hostname_label: Attr<String>,
    /// The address of the primary; it stays through a fail-over.
    pub ip_address: Attr<String>,
    /// Whether it has an IPv6 address.
    pub is_ipv6enabled: Attr<bool>,
    /// That address.
    pub ipv6address_ipv6subnet_cidr_pair_details: Attr<Ipv6Pair>,
    /// The port of the MySQL protocol; 3306 when left out.
    #[schemars(range(min = 1024, max = 65535))]
    pub port: Attr<i64>,
    /// The port of the X protocol; 33060 when left out.
    #[schemars(range(min = 1024, max = 65535))]
    pub port_x: Attr<i64>,
    /// At most five network security groups.
    #[schemars(extend("x-unordered" = true), length(max = 5))]
    pub nsg_ids: Attr<Vec<String>>,
    /// How it is backed up.
    pub backup_policy: Attr<BackupPolicy>,
    /// When it is maintained.
    pub maintenance: Attr<Maintenance>,
    /// What happens when it is deleted.
    pub deletion_policy: Attr<DeletionPolicy>,
    /// Whether a crash loses nothing.
    #[schemars(extend("enum" = ["ENABLED", "DISABLED"]))]
    pub crash_recovery: Attr<String>,
    /// Whether it is watched by Database Management.
    #[schemars(extend("enum" = ["ENABLED", "DISABLED"]))]
    pub database_management: Attr<String>,
    /// Whether anything may be written.
    #[schemars(extend("enum" = ["READ_WRITE", "READ_ONLY"]))]
    pub database_mode: Attr<String>,
    /// Who may log in.
    #[schemars(extend("enum" = ["UNRESTRICTED", "RESTRICTED"]))]
    pub access_mode: Attr<String>,
    /// Whose certificate it shows.
    pub secure_connections: Attr<SecureConnections>,
    /// Whose key it is encrypted with.
    pub encrypt_data: Attr<EncryptData>,
    /// What it is made from; a change makes a new one.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub source: Attr<Source>,
    /// Whom Oracle writes to.
    #[schemars(extend("x-unordered" = true), length(max = 10))]
    pub customer_contacts: Attr<Vec<CustomerContact>>,
    /// An address for reading: the replicas, or the primary when there is none.
    pub read_endpoint: Attr<ReadEndpoint>,
    /// The REST service.
    pub rest: Attr<Rest>,
    /// The console.
    pub database_console: Attr<DatabaseConsole>,
    /// Where its logs go.
    pub telemetry_configuration: Attr<Telemetry>,
    /// Zero trust packet routing.
    pub security_attributes: Attr<BTreeMap<String, String>>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(MysqlDbSystem {
    compartment_id,
    shape_name,
    subnet_id,
    display_name,
    description,
    admin_username,
    admin_password,
    is_highly_available,
    availability_domain,
    fault_domain,
    configuration_id,
    mysql_version,
    data_storage_size_in_gb,
    data_storage,
    hostname_label,
    ip_address,
    is_ipv6enabled,
    ipv6address_ipv6subnet_cidr_pair_details,
    port,
    port_x,
    nsg_ids,
    backup_policy,
    maintenance,
    deletion_policy,
    crash_recovery,
    database_management,
    database_mode,
    access_mode,
    secure_connections,
    encrypt_data,
    source,
    customer_contacts,
    read_endpoint,
    rest,
    database_console,
    telemetry_configuration,
    security_attributes,
    freeform_tags,
    defined_tags,
    raw,
});

/// How the storage grows by itself.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DataStorage {
    /// Whether it does.
    pub is_auto_expand_storage_enabled: Attr<bool>,
    /// How far.
    #[schemars(range(min = 100, max = 131072))]
    pub max_storage_size_in_gbs: Attr<i64>,
}

attributes!(DataStorage { is_auto_expand_storage_enabled, max_storage_size_in_gbs });

/// An IPv6 address.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Ipv6Pair {
    /// The block.
    pub ipv6subnet_cidr: Attr<String>,
    /// The address.
    pub ipv6address: Attr<String>,
}

attributes!(Ipv6Pair { ipv6subnet_cidr, ipv6address });

/// How it is backed up.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct BackupPolicy {
    /// Whether it is; true when left out.
    pub is_enabled: Attr<bool>,
    /// How long backups are kept.
    #[schemars(range(min = 1, max = 35))]
    pub retention_in_days: Attr<i64>,
    /// When, as `03:00`.
    pub window_start_time: Attr<String>,
    /// Restoring to a point in time.
    pub pitr_policy: Attr<PitrPolicy>,
    /// Whether a deleted backup can be brought back.
    #[schemars(extend("enum" = ["ENABLED", "DISABLED"]))]
    pub soft_delete: Attr<String>,
    /// Copies in other regions.
    #[schemars(extend("x-unordered" = true))]
    pub copy_policies: Attr<Vec<CopyPolicy>>,
    /// Free-form tags of backups.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// Defined tags of backups.
    pub defined_tags: Attr<BTreeMap<String, String>>,
}

attributes!(BackupPolicy {
    is_enabled,
    retention_in_days,
    window_start_time,
    pitr_policy,
    soft_delete,
    copy_policies,
    freeform_tags,
    defined_tags,
});

/// Restoring to a point in time.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct PitrPolicy {
    /// Whether it is possible.
    #[schemars(extend("x-required" = true))]
    pub is_enabled: Attr<bool>,
}

attributes!(PitrPolicy { is_enabled });

/// Copies in another region.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct CopyPolicy {
    /// The region.
    #[schemars(extend("x-required" = true))]
    pub copy_to_region: Attr<String>,
    /// How long they are kept.
    pub backup_copy_retention_in_days: Attr<i64>,
}

attributes!(CopyPolicy { copy_to_region, backup_copy_retention_in_days });

/// When it is maintained.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Maintenance {
    /// When, as `sun 03:00`.
    #[schemars(extend("x-required" = true))]
    pub window_start_time: Attr<String>,
    /// Which version an upgrade goes to.
    #[schemars(extend("enum" = ["OLDEST", "SECOND_NEWEST", "NEWEST"]))]
    pub version_preference: Attr<String>,
    /// Which releases it follows.
    #[schemars(extend("enum" = ["LONG_TERM_SUPPORT", "INNOVATION", "FOLLOW"]))]
    pub version_track_preference: Attr<String>,
    /// How early it is upgraded.
    #[schemars(extend("enum" = ["EARLY", "REGULAR"]))]
    pub maintenance_schedule_type: Attr<String>,
    /// When it is left alone.
    #[schemars(extend("x-unordered" = true))]
    pub maintenance_disabled_windows: Attr<Vec<DisabledWindow>>,
}

attributes!(Maintenance {
    window_start_time,
    version_preference,
    version_track_preference,
    maintenance_schedule_type,
    maintenance_disabled_windows,
});

/// A time in which it is left alone.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DisabledWindow {
    /// From when.
    #[schemars(extend("x-required" = true))]
    pub time_start: Attr<String>,
    /// Until when.
    #[schemars(extend("x-required" = true))]
    pub time_end: Attr<String>,
}

attributes!(DisabledWindow { time_start, time_end });

/// What happens when it is deleted.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DeletionPolicy {
    /// What becomes of automatic backups.
    #[schemars(extend("enum" = ["DELETE", "RETAIN"]))]
    pub automatic_backup_retention: Attr<String>,
    /// Whether one more backup is made.
    #[schemars(extend("enum" = ["SKIP_FINAL_BACKUP", "REQUIRE_FINAL_BACKUP"]))]
    pub final_backup: Attr<String>,
    /// Whether the service refuses to delete it.
    pub is_delete_protected: Attr<bool>,
}

attributes!(DeletionPolicy { automatic_backup_retention, final_backup, is_delete_protected });

/// Whose certificate it shows.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct SecureConnections {
    /// The service makes one, or you bring yours.
    #[schemars(extend("x-required" = true, "enum" = ["SYSTEM", "BYOC"]))]
    pub certificate_generation_type: Attr<String>,
    /// Your certificate.
    pub certificate_id: Attr<String>,
}

attributes!(SecureConnections { certificate_generation_type, certificate_id });

/// Whose key it is encrypted with.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct EncryptData {
    /// The service makes one, or you bring yours.
    #[schemars(extend("x-required" = true, "enum" = ["SYSTEM", "BYOK"]))]
    pub key_generation_type: Attr<String>,
    /// Your key.
    pub key_id: Attr<String>,
}

attributes!(EncryptData { key_generation_type, key_id });

/// What it is made from.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Source {
    /// From what.
    #[schemars(extend("x-required" = true, "enum" = ["NONE", "BACKUP", "PITR", "IMPORTURL", "DBSYSTEM"]))]
    pub source_type: Attr<String>,
    /// A backup.
    pub backup_id: Attr<String>,
    /// Another DB system.
    pub db_system_id: Attr<String>,
    /// The point in time.
    pub recovery_point: Attr<String>,
    /// A pre-authenticated address of a dump.
    pub source_url: Attr<Secret<String>>,
    /// The region of the other DB system.
    pub region: Attr<String>,
    /// How it goes on following the other DB system.
    pub channel: Attr<SourceChannel>,
}

attributes!(Source { source_type, backup_id, db_system_id, recovery_point, source_url, region, channel });

/// How it goes on following another DB system.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct SourceChannel {
    /// The account there.
    #[schemars(extend("x-required" = true))]
    pub source_username: Attr<String>,
    /// Its password.
    #[schemars(extend("x-required" = true))]
    pub source_password: Attr<Secret<String>>,
    /// How TLS is checked.
    #[schemars(extend("x-required" = true, "enum" = ["VERIFY_IDENTITY", "VERIFY_CA", "REQUIRED", "DISABLED"]))]
    pub ssl_mode: Attr<String>,
    /// The authority to check against.
    pub ssl_ca_certificate: Attr<CaCertificate>,
    /// The account here.
    pub applier_username: Attr<String>,
}

attributes!(SourceChannel {
    source_username,
    source_password,
    ssl_mode,
    ssl_ca_certificate,
    applier_username,
});

/// A certificate authority.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct CaCertificate {
    /// `PEM`.
    #[schemars(extend("x-required" = true, "enum" = ["PEM"]))]
    pub certificate_type: Attr<String>,
    /// The certificate.
    #[schemars(extend("x-required" = true))]
    pub contents: Attr<String>,
}

attributes!(CaCertificate { certificate_type, contents });

/// Whom Oracle writes to.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct CustomerContact {
    /// The address.
    #[schemars(extend("x-required" = true))]
    pub email: Attr<String>,
}

attributes!(CustomerContact { email });

/// An address for reading.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ReadEndpoint {
    /// Whether there is one.
    pub is_enabled: Attr<bool>,
    /// Its address.
    pub read_endpoint_ip_address: Attr<String>,
    /// Its IPv6 address.
    pub read_endpoint_ipv6address_ipv6subnet_cidr_pair_details: Attr<Ipv6Pair>,
    /// Its host name in the subnet.
    #[schemars(length(min = 1, max = 63))]
    pub read_endpoint_hostname_label: Attr<String>,
    /// Replicas that it leaves out.
    #[schemars(extend("x-unordered" = true))]
    pub exclude_ips: Attr<Vec<String>>,
}

attributes!(ReadEndpoint {
    is_enabled,
    read_endpoint_ip_address,
    read_endpoint_ipv6address_ipv6subnet_cidr_pair_details,
    read_endpoint_hostname_label,
    exclude_ips,
});

/// The REST service.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Rest {
    /// Where it runs.
    #[schemars(extend("x-required" = true, "enum" = ["DISABLED", "DBSYSTEM_ONLY"]))]
    pub configuration: Attr<String>,
    /// Its port.
    pub port: Attr<i64>,
}

attributes!(Rest { configuration, port });

/// The console.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DatabaseConsole {
    /// Whether it runs.
    #[schemars(extend("x-required" = true, "enum" = ["ENABLED", "DISABLED"]))]
    pub status: Attr<String>,
    /// Its port.
    pub port: Attr<i64>,
}

attributes!(DatabaseConsole { status, port });

/// Where its logs go.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Telemetry {
    /// Which logs go where.
    #[schemars(extend("x-unordered" = true))]
    pub logs: Attr<Vec<LogDestination>>,
}

attributes!(Telemetry { logs });

/// Where a log goes.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct LogDestination {
    /// Where they go.
    #[schemars(extend("x-required" = true, "enum" = ["LOG_ANALYTICS", "OPEN_TELEMETRY"]))]
    pub destination: Attr<String>,
    /// Settings of the destination.
    #[schemars(extend("x-required" = true, "x-unordered" = true))]
    pub destination_configurations: Attr<Vec<DestinationSetting>>,
    /// `ERROR_LOG`, `GENERAL_LOG`, `SLOW_QUERY_LOG`, `AUDIT_LOG`.
    #[schemars(extend("x-required" = true, "x-unordered" = true))]
    pub log_types: Attr<Vec<String>>,
}

attributes!(LogDestination { destination, destination_configurations, log_types });

/// A setting of a destination.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct DestinationSetting {
    /// The name.
    #[schemars(extend("x-required" = true))]
    pub key: Attr<String>,
    /// The value.
    #[schemars(extend("x-required" = true))]
    pub value: Attr<String>,
}

attributes!(DestinationSetting { key, value });

/// Where it answers.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Endpoint {
    /// The host name.
    pub hostname: Attr<String>,
    /// The address.
    pub ip_address: Attr<String>,
    /// The port of the MySQL protocol.
    pub port: Attr<i64>,
    /// The port of the X protocol.
    pub port_x: Attr<i64>,
    /// `READ`, `WRITE`.
    pub modes: Attr<Vec<String>>,
    /// `ACTIVE`, `INACTIVE` or `UPDATING`.
    pub status: Attr<String>,
    /// More about that.
    pub status_details: Attr<String>,
    /// `DBSYSTEM`, `READ_REPLICA`, `LOAD_BALANCER` or `READ_ENDPOINT`.
    pub resource_type: Attr<String>,
    /// Whose it is.
    pub resource_id: Attr<String>,
}

attributes!(Endpoint {
    hostname,
    ip_address,
    port,
    port_x,
    modes,
    status,
    status_details,
    resource_type,
    resource_id,
});

/// Where the primary is now.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct CurrentPlacement {
    /// The availability domain.
    pub availability_domain: Attr<String>,
    /// The fault domain.
    pub fault_domain: Attr<String>,
}

attributes!(CurrentPlacement { availability_domain, fault_domain });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// Where it answers.
    #[schemars(extend("x-volatile" = true, "x-unordered" = true))]
    endpoints: Vec<Endpoint>,
    /// Where the primary is now; a fail-over changes it.
    #[schemars(extend("x-volatile" = true))]
    current_placement: CurrentPlacement,
    /// Whether it has a HeatWave cluster.
    #[schemars(extend("x-volatile" = true))]
    is_heat_wave_cluster_attached: bool,
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

/// The OCID of the DB system at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

/// The address of its primary.
#[must_use]
pub fn ip_address(address: &Address) -> Output<String> {
    Output::new(address.clone(), "ip_address")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<MysqlDbSystem, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("data_storage_size_in_gb", "dataStorageSizeInGBs")];

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, RENAMES)
}

/// Ten to fourteen minutes were seen in real tenancies for one server; three take 20 to 30 minutes
/// (unconfirmed). Oracle's Terraform provider waits an hour; a final backup may take longer.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE", "INACTIVE"],
    failed: &["FAILED"],
    gone: &["DELETED"],
    expect: Duration::from_secs(780),
    limit: Duration::from_secs(7200),
};

/// The module of `oci_mysql_mysql_db_system`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType {
            expected: PerOperation {
                create: Duration::from_secs(1500),
                update: Duration::from_secs(600),
                delete: Duration::from_secs(170),
            },
            holds_data: true,
            ..LIFECYCLE.resource_type(TYPE, &SCHEMA)
        }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "mysql",
            create: Some(models::CreateDbSystemDetails::default().facts()),
            update: Some(models::UpdateDbSystemDetails::default().facts()),
            renames: RENAMES,
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        parts::check_db_system(inputs, &mut problems);
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        match attribute.rsplit('.').next() {
            Some("time_start" | "time_end") => rules::same_moment(desired, observed),
            Some("window_start_time") => rules::same_window(desired, observed),
            Some("hostname_label" | "read_endpoint_hostname_label") => rules::same_text(desired, observed),
            Some("ipv6subnet_cidr" | "ipv6address") => rules::same_address(desired, observed),
            _ => false,
        }
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let mut details: models::CreateDbSystemDetails = wire::creation(inputs, tags, RENAMES)?;
        // The published tables say that left out means true, documentation and Terraform that it means false.
        details.is_highly_available = details.is_highly_available.or(Some(false));
        Ok(Call::with_raw(CreateDbSystem::new(details), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetDbSystem::new(id)), |answer| seen(answer.body))
    }

    /// The objects of a list leave out most attributes, but tell by their tags whose they are.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListDbSystems::new(scope.compartment_id.as_deref()?));
        Some(Look::then(list, |answer| {
            let ids = answer.items().iter().filter(|item| item["lifecycleState"] != "DELETED");
            let ids = ids.filter_map(|item| item.get("id")?.as_str().map(str::to_owned));
            let reads = ids.map(|id| Call::new(GetDbSystem::new(id)).or_missing()).collect();
            Look::ask(reads, |answers| {
                let found = answers.into_iter().filter(|answer| !answer.is_missing);
                Look::Done(found.map(|answer| seen(answer.body)).collect())
            })
        }))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.update(tags, &[], RENAMES, |details| UpdateDbSystem::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteDbSystem::new(id))]
    }

    /// Changes of the DB system, its replicas and its cluster never overlap.
    fn lane(&self, id: Option<&str>, _inputs: &ValueMap) -> Option<Lane> {
        id.map(Lane::new)
    }
}
