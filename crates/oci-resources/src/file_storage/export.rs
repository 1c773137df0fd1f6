//! Export: a file system at a path of a mount target.
//!
//! File system and mount target must be in one availability domain. The first option that fits a client counts,
//! so their order means something.
//! API: File Storage 20171215, `Export`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::file_storage::models;
use oci_client::services::file_storage::operations::{
    CreateExport, DeleteExport, GetExport, ListExports, UpdateExport,
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
pub const TYPE: &str = "oci_file_storage_export";

/// A file system at a path of a mount target.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Export {
    /// The export set of the mount target; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub export_set_id: Attr<String>,
    /// The file system; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub file_system_id: Attr<String>,
    /// Where it is mounted from, such as `/moodledata`; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true), length(min = 1, max = 1024))]
    pub path: Attr<String>,
    /// Who may do what; the first that fits counts. Everybody may do everything when left out.
    #[schemars(length(max = 100))]
    pub export_options: Attr<Vec<ExportOption>>,
    /// Whether the directory tells groups.
    pub is_idmap_groups_for_sys_auth: Attr<bool>,
    /// Locks that others must take off before a change; those of the creation.
    #[schemars(extend("x-unordered" = true, "x-force-new" = true, "x-write-only" = true))]
    pub locks: Attr<Vec<ResourceLock>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Export {
    export_set_id,
    file_system_id,
    path,
    export_options,
    is_idmap_groups_for_sys_auth,
    locks,
    raw,
});

/// What a client may do.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ExportOption {
    /// The client: an address or a block.
    #[schemars(extend("x-required" = true))]
    pub source: Attr<String>,
    /// Whether it may write.
    #[schemars(extend("enum" = ["READ_WRITE", "READ_ONLY"]))]
    pub access: Attr<String>,
    /// Which users become the anonymous one; `ROOT` when left out.
    #[schemars(extend("enum" = ["NONE", "ROOT", "ALL"]))]
    pub identity_squash: Attr<String>,
    /// The anonymous user.
    pub anonymous_uid: Attr<String>,
    /// The anonymous group.
    pub anonymous_gid: Attr<String>,
    /// Whether only ports below 1024 may ask; true when left out.
    pub require_privileged_source_port: Attr<bool>,
    /// Whether Kerberos may be left out.
    pub is_anonymous_access_allowed: Attr<bool>,
    /// `SYS`, `KRB5`, `KRB5I`, `KRB5P`.
    #[schemars(extend("x-unordered" = true))]
    pub allowed_auth: Attr<Vec<String>>,
}

attributes!(ExportOption {
    source,
    access,
    identity_squash,
    anonymous_uid,
    anonymous_gid,
    require_privileged_source_port,
    is_anonymous_access_allowed,
    allowed_auth,
});

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

/// The OCID of the export at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Export, Told>);

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

/// The module of `oci_file_storage_export`.
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
            create: Some(models::CreateExportDetails::default().facts()),
            update: Some(models::UpdateExportDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        check.text("path", |path| {
            if path.starts_with('/') { Ok(()) } else { Err("must start with `/`".to_owned()) }
        });
        check.each("export_options", |option| {
            option.text("source", rules::address_or_block);
            option.texts("allowed_auth", |word| {
                let is_known = ["SYS", "KRB5", "KRB5I", "KRB5P"].contains(&word);
                if is_known { Ok(()) } else { Err("must be one of SYS, KRB5, KRB5I, KRB5P".to_owned()) }
            });
            for name in ["anonymous_uid", "anonymous_gid"] {
                option.text(name, |id| {
                    let number: Result<u32, _> = id.parse();
                    number.map(drop).map_err(|_| format!("`{id}` is no number of a user or group"))
                });
            }
        });
        problems
    }

    fn equivalent(&self, attribute: &str, desired: &Value, observed: &Value) -> bool {
        attribute == "export_options.source" && rules::same_address(desired, observed)
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateExport::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetExport::new(id)), |answer| seen(answer.body))
    }

    fn scope(&self, attributes: &ValueMap) -> Scope {
        Scope { parent: text(attributes, "export_set_id"), ..Scope::default() }
    }

    fn parent_type(&self, _parent: &str) -> Option<&'static str> {
        Some(super::export_set::TYPE)
    }

    /// The exports of one set, or of a compartment. A list does not tell the options.
    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let mut list = ListExports::new();
        match &scope.parent {
            Some(parent) => list.export_set_id = Some(parent.clone()),
            None => list.compartment_id = Some(scope.compartment_id.clone()?),
        }
        let part = |body: Json| Seen {
            leaves_out: &["export_options", "is_idmap_groups_for_sys_auth"],
            ..seen(body)
        };
        Some(Look::one(Call::all_pages(list), move |answer| {
            answer.items().iter().cloned().map(part).collect()
        }))
    }

    /// It carries no tags: what stands at this path of this set is it.
    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let path = text(inputs, "path")?;
        let mut list = ListExports::new();
        list.export_set_id = Some(text(inputs, "export_set_id")?);
        Some(Look::then(Call::all_pages(list), move |answer| {
            let at_path = answer
                .items()
                .iter()
                .filter(|item| item["path"] == *path && item["lifecycleState"] != "DELETED");
            let ids = at_path.filter_map(|item| item.get("id")?.as_str().map(str::to_owned));
            let reads = ids.map(|id| Call::new(GetExport::new(id)).or_missing()).collect();
            Look::ask(reads, |answers| {
                let found = answers.into_iter().filter(|answer| !answer.is_missing);
                Look::Done(found.map(|answer| seen(answer.body)).collect())
            })
        }))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.update(tags, &[], &[], |details| UpdateExport::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteExport::new(id))]
    }
}
