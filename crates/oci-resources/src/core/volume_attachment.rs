//! Volume attachment: a volume in an instance.
//!
//! Nothing about it changes in place. Volume and instance must be in one availability domain.
//! API: Core Services 20160918, `VolumeAttachment`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::services::core::models;
use oci_client::services::core::operations::{
    AttachVolume, DetachVolume, GetInstance, GetVolumeAttachment, ListVolumeAttachments,
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
use crate::names::Renames;
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use oci_client::model::{Model, Union, Value as _};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_core_volume_attachment";

/// A volume in an instance.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct VolumeAttachment {
    /// The instance; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub instance_id: Attr<String>,
    /// The volume; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub volume_id: Attr<String>,
    /// `paravirtualized`, `iscsi`, `nvme`, `emulated` or `service_determined`; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true, "enum" = ["paravirtualized", "iscsi", "nvme", "emulated", "service_determined"]))]
    pub attachment_type: Attr<String>,
    /// What people call it; a change makes a new one.
    #[schemars(extend("x-force-new" = true), length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// The device name, such as `/dev/oracleoci/oraclevdb`; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub device: Attr<String>,
    /// Whether nothing can be written; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub is_read_only: Attr<bool>,
    /// Whether others may attach it too; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub is_shareable: Attr<bool>,
    /// Whether iSCSI asks for a password; a change makes a new one.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub use_chap: Attr<bool>,
    /// How what goes to it is encrypted, with iSCSI.
    #[schemars(extend("x-force-new" = true, "enum" = ["NONE", "BM_ENCRYPTION_IN_TRANSIT"]))]
    pub encryption_in_transit_type: Attr<String>,
    /// Whether the agent logs in to iSCSI.
    #[schemars(extend("x-force-new" = true))]
    pub is_agent_auto_iscsi_login_enabled: Attr<bool>,
    /// Whether what goes to it is encrypted, paravirtualised.
    #[schemars(extend("x-force-new" = true))]
    pub is_pv_encryption_in_transit_enabled: Attr<bool>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(VolumeAttachment {
    instance_id,
    volume_id,
    attachment_type,
    display_name,
    device,
    is_read_only,
    is_shareable,
    use_chap,
    encryption_in_transit_type,
    is_agent_auto_iscsi_login_enabled,
    is_pv_encryption_in_transit_enabled,
    raw,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// The compartment of the instance.
    compartment_id: String,
    /// The availability domain.
    availability_domain: String,
    /// The iSCSI address.
    ipv4: String,
    /// The iSCSI name.
    iqn: String,
    /// The iSCSI port.
    port: i64,
    /// The user of CHAP.
    chap_username: String,
    /// The password of CHAP.
    #[schemars(extend("x-sensitive" = true))]
    chap_secret: String,
    /// Whether iSCSI is logged in.
    #[schemars(extend("x-volatile" = true))]
    iscsi_login_state: String,
    /// Whether it has several paths.
    is_multipath: bool,
    /// Whether it came with the instance.
    is_volume_created_during_launch: bool,
    /// When it was made.
    time_created: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the attachment at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<VolumeAttachment, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("attachment_type", "type")];

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// The expected time is unconfirmed; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ATTACHED"],
    failed: &[],
    gone: &["DETACHED"],
    expect: Duration::from_secs(20),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_core_volume_attachment`.
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
            service: "core",
            // The kind with the most fields; the others have them too, but for what stands below.
            create: Some(models::AttachIScsiVolumeDetails::default().facts()),
            update: None,
            renames: RENAMES,
            left_out: &[],
            elsewhere: &[
                ("attachment_type", "the kind of AttachVolume"),
                ("is_pv_encryption_in_transit_enabled", "AttachVolume, paravirtualised"),
            ],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        let kind = check.word("attachment_type");
        if kind.is_some_and(|kind| kind != "iscsi") {
            for name in ["use_chap", "encryption_in_transit_type", "is_agent_auto_iscsi_login_enabled"] {
                check.excludes(name, "goes with `iscsi` only");
            }
        }
        if kind.is_some_and(|kind| kind != "paravirtualized") {
            check.excludes("is_pv_encryption_in_transit_enabled", "goes with `paravirtualized` only");
        }
        check.text("device", |device| {
            if device.starts_with("/dev/") { Ok(()) } else { Err("must start with `/dev/`".to_owned()) }
        });
        problems
    }

    fn create(&self, inputs: &ValueMap, _tags: &StackTags) -> Result<Call, Failure> {
        let kind = text(inputs, "attachment_type").unwrap_or_default();
        let mut details = models::AttachVolumeDetails::blank();
        details.select(&kind);
        wire::fill(details.active_mut(), inputs, RENAMES)?;
        Ok(Call::with_raw(AttachVolume::new(details), wire::raw(inputs)))
    }

    /// It carries no tags: what is in this instance and this volume is it.
    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let (instance_id, volume_id) = (text(inputs, "instance_id")?, text(inputs, "volume_id")?);
        // The attachment is in the compartment of its instance.
        let instance = Call::new(GetInstance::new(&*instance_id));
        Some(Look::then(instance, move |answer| {
            let mut list = ListVolumeAttachments::new(answer.text("compartmentId").unwrap_or_default());
            list.instance_id = Some(instance_id);
            list.volume_id = Some(volume_id);
            let live = |seen: &Seen| seen.state != "DETACHED" && seen.state != "DETACHING";
            Look::one(Call::all_pages(list), move |answer| {
                answer.items().iter().cloned().map(seen).filter(live).collect()
            })
        }))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetVolumeAttachment::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListVolumeAttachments::new(scope.compartment_id.as_deref()?));
        Some(Look::one(list, |answer| answer.items().iter().cloned().map(seen).collect()))
    }

    /// All that the schema knows makes a new one; only what was given raw gets here.
    fn update(&self, _: &str, _: &Change<'_>, _: &StackTags) -> Result<Vec<Call>, Failure> {
        Err(Failure {
            hint: Some("ask for its replacement".to_owned()),
            ..Failure::refused("nothing of an attachment can be changed in place")
        })
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DetachVolume::new(id))]
    }
}
