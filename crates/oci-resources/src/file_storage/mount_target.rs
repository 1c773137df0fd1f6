//! Mount target: the NFS server at which file systems are mounted.
//!
//! It has an address in a subnet that should be its own, /29 or larger, and brings an export set. Address and
//! host name are those of its private IP, which stays in the subnet for a while after it has gone.
//! API: File Storage 20171215, `MountTarget`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::file_storage::models;
use oci_client::services::file_storage::operations::{
    ChangeMountTargetCompartment, CreateMountTarget, DeleteMountTarget, GetMountTarget, ListMountTargets,
    ScheduleDowngradeShapeMountTarget, UpdateMountTarget, UpgradeShapeMountTarget,
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

use oci_client::services::core::operations::GetPrivateIp;

use super::parts::{self, ResourceLock};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_file_storage_mount_target";

/// The NFS server at which file systems are mounted.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct MountTarget {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The availability domain; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub availability_domain: Attr<String>,
    /// The subnet; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub subnet_id: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The host name in the subnet; a change makes a new one.
    #[schemars(extend("x-force-new" = true), length(min = 1, max = 63))]
    pub hostname_label: Attr<String>,
    /// The address; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub ip_address: Attr<String>,
    /// At most five network security groups.
    #[schemars(extend("x-unordered" = true), length(max = 5))]
    pub nsg_ids: Attr<Vec<String>>,
    /// Throughput in Gbit/s; 1 when left out. More, or less, is a change in place.
    pub requested_throughput: Attr<i64>,
    /// Where the names of users come from.
    #[schemars(extend("enum" = ["LDAP", "NONE"]))]
    pub idmap_type: Attr<String>,
    /// The directory that names of users come from.
    pub ldap_idmap: Attr<LdapIdmap>,
    /// Kerberos.
    pub kerberos: Attr<Kerberos>,
    /// Zero trust packet routing.
    pub security_attributes: Attr<BTreeMap<String, String>>,
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

attributes!(MountTarget {
    compartment_id,
    availability_domain,
    subnet_id,
    display_name,
    hostname_label,
    ip_address,
    nsg_ids,
    requested_throughput,
    idmap_type,
    ldap_idmap,
    kerberos,
    security_attributes,
    locks,
    freeform_tags,
    defined_tags,
    raw,
});

/// A directory that names of users come from.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct LdapIdmap {
    /// The schema of the directory.
    #[schemars(extend("enum" = ["RFC2307", "RFC2307BIS"]))]
    pub schema_type: Attr<String>,
    /// How often the cache is renewed, in seconds.
    pub cache_refresh_interval_seconds: Attr<i64>,
    /// How long an entry lives, in seconds.
    pub cache_lifetime_seconds: Attr<i64>,
    /// How long a miss lives, in seconds.
    pub negative_cache_lifetime_seconds: Attr<i64>,
    /// Where users are.
    pub user_search_base: Attr<String>,
    /// Where groups are.
    pub group_search_base: Attr<String>,
    /// The first connector.
    pub outbound_connector1id: Attr<String>,
    /// The second connector.
    pub outbound_connector2id: Attr<String>,
}

attributes!(LdapIdmap {
    schema_type,
    cache_refresh_interval_seconds,
    cache_lifetime_seconds,
    negative_cache_lifetime_seconds,
    user_search_base,
    group_search_base,
    outbound_connector1id,
    outbound_connector2id,
});

/// Kerberos.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Kerberos {
    /// The realm.
    #[schemars(extend("x-required" = true))]
    pub kerberos_realm: Attr<String>,
    /// Whether Kerberos counts.
    pub is_kerberos_enabled: Attr<bool>,
    /// The secret that holds the keytab.
    pub key_tab_secret_id: Attr<String>,
    /// Its version.
    pub current_key_tab_secret_version: Attr<i64>,
    /// Its version before.
    pub backup_key_tab_secret_version: Attr<i64>,
}

attributes!(Kerberos {
    kerberos_realm,
    is_kerberos_enabled,
    key_tab_secret_id,
    current_key_tab_secret_version,
    backup_key_tab_secret_version,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// The set of its exports.
    export_set_id: String,
    /// Its private IPs.
    private_ip_ids: Vec<String>,
    /// The throughput now.
    #[schemars(extend("x-volatile" = true))]
    observed_throughput: i64,
    /// More about its state.
    #[schemars(extend("x-volatile" = true))]
    lifecycle_details: String,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the mount target at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

/// The set of its exports.
#[must_use]
pub fn export_set_id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "export_set_id")
}

/// Its address.
#[must_use]
pub fn ip_address(address: &Address) -> Output<String> {
    Output::new(address.clone(), "ip_address")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<MountTarget, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// What a list does not tell.
const NOT_LISTED: &[&str] =
    &["hostname_label", "ip_address", "idmap_type", "kerberos", "ldap_idmap", "lifecycle_details"];

/// Under a minute (unconfirmed); the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE"],
    failed: &["FAILED"],
    gone: &["DELETED"],
    expect: Duration::from_secs(30),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_file_storage_mount_target`.
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
            create: Some(models::CreateMountTargetDetails::default().facts()),
            update: Some(models::UpdateMountTargetDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[
                ("compartment_id", "ChangeMountTargetCompartment"),
                ("requested_throughput", "UpgradeShapeMountTarget or ScheduleDowngradeShapeMountTarget"),
            ],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        check.text("ip_address", rules::ipv4);
        check.text("hostname_label", rules::host_name);
        if check.word("idmap_type") == Some("LDAP") {
            check.needs("ldap_idmap", "for `LDAP`");
        }
        check.inside("kerberos", |kerberos| {
            if kerberos.truth("is_kerberos_enabled") == Some(true) {
                kerberos.needs("key_tab_secret_id", "for Kerberos");
            }
        });
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "hostname_label" && rules::same_text(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let mut details: models::CreateMountTargetDetails = wire::creation(inputs, tags, &[])?;
        // A new one can have no other.
        details.requested_throughput = details.requested_throughput.filter(|throughput| *throughput == 1);
        Ok(Call::with_raw(CreateMountTarget::new(details), wire::raw(inputs)))
    }

    /// The mount target, and its private IP for address and host name.
    fn read(&self, id: &str) -> Look<Seen> {
        Look::then(Call::new(GetMountTarget::new(id)), |answer| {
            let address = answer.body["privateIpIds"].get(0).and_then(Json::as_str).map(str::to_owned);
            let mut body = answer.body;
            match address {
                None => Look::Done(seen(body)),
                // It may go between two looks.
                Some(address) => Look::one(Call::new(GetPrivateIp::new(address)).or_missing(), |answer| {
                    for name in ["ipAddress", "hostnameLabel"] {
                        body[name] = answer.body.get(name).cloned().unwrap_or_default();
                    }
                    seen(body)
                }),
            }
        })
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        parts::scope(attributes)
    }

    /// A list is of one availability domain, and tells neither address nor host name, which never change.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list =
            |compartment: &str, domain: &str| Call::all_pages(ListMountTargets::new(compartment, domain));
        let part = |body: Json| Seen { leaves_out: NOT_LISTED, ..seen(body) };
        parts::list(scope, list, part)
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let mut calls = change.move_and_update(
            tags,
            &[],
            |details| ChangeMountTargetCompartment::new(id, details),
            |details| UpdateMountTarget::new(id, details),
        )?;
        calls.extend(changed_throughput(id, change));
        Ok(calls)
    }

    fn said_by_updates(&self) -> &'static [&'static str] {
        &["requested_throughput"]
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteMountTarget::new(id))]
    }
}

/// More throughput, or less, is a call of its own; the service refuses the other one.
fn changed_throughput(id: &str, change: &Change<'_>) -> Option<Call> {
    const NAME: &str = "requested_throughput";
    let wanted = change.inputs.get(NAME)?.as_i64().filter(|_| change.has(NAME))?;
    let now = change.current.attributes.get(NAME).and_then(Value::as_i64).unwrap_or(1);
    let requested_throughput = Some(wanted);
    // Either states what shall be, although its method is POST.
    let call = if wanted > now {
        let details = models::UpgradeShapeMountTargetDetails { requested_throughput };
        Call::new(UpgradeShapeMountTarget::new(id, details))
    } else {
        let details = models::ScheduleDowngradeShapeMountTargetDetails { requested_throughput };
        Call::new(ScheduleDowngradeShapeMountTarget::new(id, details))
    };
    (wanted != now).then(|| call.safe_to_repeat())
}
