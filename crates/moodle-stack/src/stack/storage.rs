//! File Storage, which every server mounts, and the bucket that the servers read their secrets from.

use oci_client::secret::Secret;
use oci_resources::attr::{Attr, ToExpr as _};
use oci_resources::file_storage::export::{self, Export, ExportOption};
use oci_resources::file_storage::file_system::{self, FileSystem};
use oci_resources::file_storage::filesystem_snapshot_policy::{self, FilesystemSnapshotPolicy, Schedule};
use oci_resources::file_storage::mount_target::{self, MountTarget};
use oci_resources::objectstorage::bucket::{self, Bucket};
use oci_resources::objectstorage::object::{self, Object};

use crate::config::TlsMode;
use crate::server::{REPLICAS_KEY, SECRET_KEYS};

use super::build::Build;
use super::names::{self, address};
use super::{Secrets, StackError, Zone};

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

pub(super) fn add(build: &mut Build<'_>) -> Result<(), StackError> {
    let storage = &build.config.storage;
    let domain = build.domain("storage.availability_domain", storage.availability_domain)?;
    let policy = address(filesystem_snapshot_policy::TYPE, "daily");
    let (files, target) = (address(file_system::TYPE, "site"), address(mount_target::TYPE, "site"));
    let daily = Schedule {
        period: "DAILY".into(),
        time_zone: "UTC".into(),
        hour_of_day: i64::from(build.config.database.backup_hour).into(),
        retention_duration_in_seconds: (storage.snapshot_retention_in_days * SECONDS_A_DAY).into(),
        ..Schedule::default()
    };
    let snapshots = FilesystemSnapshotPolicy {
        compartment_id: build.compartment(),
        availability_domain: domain.as_str().into(),
        display_name: build.display("daily"),
        schedules: vec![daily].into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..FilesystemSnapshotPolicy::default()
    };
    build.graph.add(snapshots.inputs().at(policy.clone()));
    let file_system = FileSystem {
        compartment_id: build.compartment(),
        availability_domain: domain.as_str().into(),
        display_name: build.display("files"),
        filesystem_snapshot_policy_id: filesystem_snapshot_policy::id(&policy).into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..FileSystem::default()
    };
    let mut node = file_system.inputs().at(files.clone());
    node.lifecycle.protect = Some(storage.protect);
    build.graph.add(node);
    let mount_target = MountTarget {
        compartment_id: build.compartment(),
        availability_domain: domain.into(),
        subnet_id: build.subnet(Zone::Storage),
        display_name: build.display("files"),
        hostname_label: names::STORAGE_LABEL.into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..MountTarget::default()
    };
    build.graph.add(mount_target.inputs().at(target.clone()));
    // Root may set the owner of the site's folder, once; only servers can reach the export.
    let servers = ExportOption {
        source: Zone::Web.range(build.config).into(),
        access: "READ_WRITE".into(),
        identity_squash: "NONE".into(),
        require_privileged_source_port: true.into(),
        ..ExportOption::default()
    };
    let export = Export {
        export_set_id: mount_target::export_set_id(&target).into(),
        file_system_id: file_system::id(&files).into(),
        path: names::EXPORT_PATH.into(),
        export_options: vec![servers].into(),
        ..Export::default()
    };
    build.graph.add(export.inputs().at(address(export::TYPE, "site")));
    Ok(())
}

/// The bucket, and in it the secrets that the servers fetch with their own identity.
pub(super) fn add_bucket(build: &mut Build<'_>, secrets: &Secrets) -> Result<(), StackError> {
    let name = names::bucket(build.config);
    let bucket = Bucket {
        compartment_id: build.compartment(),
        namespace: build.facts.namespace.as_str().into(),
        name: name.as_str().into(),
        access_type: "NoPublicAccess".into(),
        freeform_tags: build.tags(),
        defined_tags: build.defined_tags(),
        ..Bucket::default()
    };
    let at = address(bucket::TYPE, "site");
    build.graph.add(bucket.inputs().at(at.clone()));
    let needed = if build.config.tls.mode == TlsMode::Files { &SECRET_KEYS[..] } else { &SECRET_KEYS[..4] };
    let mut content = serde_json::Map::new();
    for key in needed.iter().copied() {
        let secret = secrets.get(key).ok_or(StackError::NoSecret(key))?;
        content.insert(key.to_owned(), secret.expose().as_str().into());
    }
    let replicas = if build.config.database.replicas > 0 { "yes" } else { "no" };
    content.insert(REPLICAS_KEY.to_owned(), replicas.into());
    let content = Secret::new(serde_json::Value::Object(content).to_string());
    let object = Object {
        namespace: build.facts.namespace.as_str().into(),
        bucket: name.into(),
        object: names::SECRETS_OBJECT.into(),
        content: content.to_expr().map_or(Attr::Absent, Attr::Expr),
        content_type: "application/json".into(),
        ..Object::default()
    };
    let node = object.inputs().at(address(object::TYPE, "secrets")).after(at);
    build.graph.add(node);
    Ok(())
}
