//! Reads the tiers of a site, and nothing but reads.

use std::collections::BTreeMap;

use oci_client::client::Client;
use oci_client::model::Timestamp;
use oci_client::services::core::models::Instance;
use oci_client::services::core::operations::GetInstance;
use oci_client::services::file_storage::operations::{GetFileSystem, GetMountTarget, ListSnapshots};
use oci_client::services::mysql::models::{BackupSummary, DbSystem};
use oci_client::services::mysql::operations::{GetDbSystem, GetReplica, ListBackups};
use oci_client::services::network_load_balancer::models::{BackendSetHealth, NetworkLoadBalancer};
use oci_client::services::network_load_balancer::operations::{GetBackendSetHealth, GetNetworkLoadBalancer};
use oci_client::services::object_storage::operations::GetObject;
use oci_resources::core::instance;
use oci_resources::file_storage::{file_system, mount_target};
use oci_resources::mysql::{mysql_db_system, replica};
use oci_resources::network_load_balancer::network_load_balancer;
use oci_resources::objectstorage::bucket;
use reconcile::InstanceKey;
use reconcile::state::State;
use world::BoxFuture;

use super::{
    BackendSet, Backup, Balancer, Boot, Database, Endpoint, Expiry, FileSystem, Look, Machine, MountTarget,
    Replica, Server,
};
use crate::reads::{Reads, all, is_missing, words};

/// The objects of a type with their numbers, counted from 1, and identifiers.
fn members(state: &State, resource_type: &str) -> Vec<(u64, Option<String>)> {
    let entries = state.entries().filter(|(address, _)| address.resource_type() == resource_type);
    let members = entries.map(|(address, entry)| {
        let number = match address.key() {
            Some(InstanceKey::Index(index)) => index + 1,
            _ => 1,
        };
        (number, entry.identifier.as_ref().map(ToString::to_string))
    });
    let mut members: Vec<_> = members.collect();
    members.sort();
    members
}

/// The one object of a type.
fn id(state: &State, resource_type: &str) -> Option<String> {
    members(state, resource_type).into_iter().find_map(|(_, id)| id)
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "UNKNOWN".to_owned(), |value| value.to_string())
}

/// The load balancer with its backend sets.
pub(crate) async fn balancer(reads: &Reads, state: &State) -> Look<Balancer> {
    let Some(id) = id(state, network_load_balancer::TYPE) else { return Look::None };
    let seen = match reads.value(&GetNetworkLoadBalancer::new(&id)).await {
        Ok(seen) => seen,
        Err(error) => return Look::of(Err(error)),
    };
    let names: Vec<String> = seen.backend_sets.iter().flat_map(BTreeMap::keys).cloned().collect();
    let healths = all(names.iter().map(|name| -> BoxFuture<'_, _> {
        let id = &id;
        Box::pin(async move { reads.value(&GetBackendSetHealth::new(id, name)).await })
    }))
    .await;
    let sets = names.into_iter().zip(healths);
    let sets = sets.map(|(name, health)| {
        let set = Look::of(health.map(|health| backend_set(&seen, &name, &health)));
        (name, set)
    });
    let sets = sets.collect();
    Look::Seen(shown_balancer(id, seen, sets))
}

fn shown_balancer(
    id: String,
    seen: NetworkLoadBalancer,
    backend_sets: BTreeMap<String, Look<BackendSet>>,
) -> Balancer {
    let mut addresses = seen.ip_addresses.unwrap_or_default();
    addresses.sort_by_key(|address| address.is_public != Some(true));
    let listeners = seen.listeners.unwrap_or_default().into_iter();
    Balancer {
        id,
        state: text(seen.lifecycle_state),
        addresses: addresses.into_iter().filter_map(|address| address.ip_address).collect(),
        listeners: listeners.map(|(name, listener)| (name, listener.port.unwrap_or_default())).collect(),
        backend_sets,
    }
}

/// The service names those that are not well; the others are.
fn backend_set(balancer: &NetworkLoadBalancer, name: &str, health: &BackendSetHealth) -> BackendSet {
    let set = balancer.backend_sets.as_ref().and_then(|sets| sets.get(name));
    let all = set.and_then(|set| set.backends.as_ref()).into_iter().flatten();
    let is_in = |list: &Option<Vec<String>>, name: &str| list.iter().flatten().any(|one| one == name);
    let status = |name: &str| match () {
        () if is_in(&health.critical_state_backend_names, name) => "CRITICAL",
        () if is_in(&health.warning_state_backend_names, name) => "WARNING",
        () if is_in(&health.unknown_state_backend_names, name) => "UNKNOWN",
        () => "OK",
    };
    let all = all.filter_map(|backend| backend.name.clone());
    let backends = all.map(|name| (name.clone(), status(&name).to_owned())).collect();
    BackendSet { status: text(health.status.as_ref()), backends }
}

/// The servers, without what the load balancer says of them.
pub(crate) async fn servers(reads: &Reads, state: &State) -> Vec<Server> {
    let bucket = id(state, bucket::TYPE);
    let bucket = bucket.as_deref();
    all(members(state, instance::TYPE).into_iter().map(|(number, id)| -> BoxFuture<'_, Server> {
        Box::pin(async move {
            let name = format!("web{number}");
            let (machine, boot) = tokio::join!(machine(reads, id), boot(reads, bucket, &name));
            let made_at = machine.seen().and_then(|machine| machine.made_at.as_deref());
            let is_old = boot.seen().is_some_and(|boot| !boot.may_be_of(made_at));
            let boot = if is_old { Look::None } else { boot };
            Server { name, machine, health: BTreeMap::new(), boot }
        })
    }))
    .await
}

async fn machine(reads: &Reads, id: Option<String>) -> Look<Machine> {
    let Some(id) = id else { return Look::None };
    Look::of(reads.value(&GetInstance::new(&id)).await.map(|seen| shown_machine(id, seen)))
}

fn shown_machine(id: String, seen: Instance) -> Machine {
    let config = seen.shape_config;
    Machine {
        id,
        state: text(seen.lifecycle_state),
        shape: text(seen.shape),
        ocpus: config.as_ref().and_then(|config| config.ocpus),
        memory_in_gbs: config.as_ref().and_then(|config| config.memory_in_gbs),
        availability_domain: text(seen.availability_domain),
        fault_domain: text(seen.fault_domain),
        made_at: seen.time_created.map(|time| time.to_string()),
    }
}

/// The report that a server keeps in the bucket, by the bucket's path; see the template `report.py`.
pub(crate) async fn boot(reads: &Reads, bucket: Option<&str>, server: &str) -> Look<Boot> {
    // A bucket is known by its path, `n/{namespace}/b/{bucket}`.
    let parts: Vec<&str> = bucket.into_iter().flat_map(|path| path.split('/')).collect();
    let ["n", namespace, "b", bucket] = parts[..] else { return Look::None };
    let object = format!("reports/{server}.json");
    match reads.value(&GetObject::new(namespace, bucket, object)).await {
        Ok(content) => shown_boot(&content),
        // It has not said anything yet.
        Err(error) if is_missing(&error) => Look::None,
        Err(error) => Look::Unread(words(&error)),
    }
}

fn shown_boot(content: &[u8]) -> Look<Boot> {
    let Ok(report) = serde_json::from_slice::<serde_json::Value>(content) else {
        return Look::Unread("the report of the server is no JSON".to_owned());
    };
    let last = report["steps"].as_array().and_then(|steps| steps.last());
    let lines = last.and_then(|step| step["last_lines"].as_array()).into_iter().flatten();
    let state = report["state"].as_str().unwrap_or("unknown");
    let waiting = report["waiting"].as_str().map(|what| format!("{state}, and waits {}", plain(what)));
    Look::Seen(Boot {
        state: waiting.unwrap_or_else(|| state.to_owned()),
        last_step: last.and_then(|step| step["name"].as_str()).map(str::to_owned),
        last_lines: lines.filter_map(|line| line.as_str()).map(plain).collect(),
        said_at: report["updated"].as_str().map(plain),
    })
}

/// A line that somebody else wrote, without what could write elsewhere on a terminal.
fn plain(line: &str) -> String {
    line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

pub(super) async fn database(reads: &Reads, state: &State) -> Look<Database> {
    let Some(id) = id(state, mysql_db_system::TYPE) else { return Look::None };
    Look::of(reads.value(&GetDbSystem::new(&id)).await.map(|seen| shown_database(id, seen)))
}

fn shown_database(id: String, seen: DbSystem) -> Database {
    let endpoints = seen.endpoints.unwrap_or_default().into_iter().map(|endpoint| Endpoint {
        kind: text(endpoint.resource_type),
        host: endpoint.hostname,
        address: text(endpoint.ip_address),
        port: endpoint.port.unwrap_or_default(),
        modes: endpoint.modes.unwrap_or_default().iter().map(ToString::to_string).collect(),
        status: text(endpoint.status),
    });
    let mut endpoints: Vec<Endpoint> = endpoints.collect();
    endpoints.sort_by(|a, b| (&a.kind, &a.address).cmp(&(&b.kind, &b.address)));
    let primary = seen.current_placement.and_then(|place| {
        Some(match (place.availability_domain?, place.fault_domain) {
            (domain, Some(fault_domain)) => format!("{domain}, {fault_domain}"),
            (domain, None) => domain,
        })
    });
    let cluster = seen.heat_wave_cluster;
    Database {
        id,
        state: text(seen.lifecycle_state),
        version: text(seen.mysql_version),
        shape: text(seen.shape_name),
        is_highly_available: seen.is_highly_available == Some(true),
        storage_in_gbs: seen.data_storage_size_in_gbs,
        primary_in: primary,
        endpoints,
        heatwave: cluster
            .map(|cluster| (text(cluster.lifecycle_state), cluster.cluster_size.unwrap_or_default())),
    }
}

pub(super) async fn replicas(reads: &Reads, state: &State) -> Vec<Replica> {
    all(members(state, replica::TYPE).into_iter().map(|(number, id)| -> BoxFuture<'_, Replica> {
        Box::pin(async move {
            let Some(id) = id else { return Replica { number, look: Look::None } };
            let read = reads.value(&GetReplica::new(id)).await;
            let shown = read.map(|seen| (text(seen.lifecycle_state), text(seen.availability_domain)));
            Replica { number, look: Look::of(shown) }
        })
    }))
    .await
}

pub(super) async fn last_backup(reads: &Reads, state: &State, now: &Timestamp) -> Look<Option<Backup>> {
    let Some(id) = id(state, mysql_db_system::TYPE) else { return Look::None };
    // Backups lie in the compartment of their database.
    let compartment = match reads.value(&GetDbSystem::new(&id)).await {
        Ok(seen) => text(seen.compartment_id),
        Err(error) => return Look::of(Err(error)),
    };
    let mut list = ListBackups::new(compartment);
    list.db_system_id = Some(id);
    Look::of(reads.list(list).await.map(|backups| newest(backups, now)))
}

fn newest(backups: Vec<BackupSummary>, now: &Timestamp) -> Option<Backup> {
    let usable = backups.into_iter().filter(|backup| backup.lifecycle_state.as_deref() == Some("ACTIVE"));
    let newest = usable.max_by_key(|backup| backup.time_created.as_ref().map(Timestamp::unix_seconds))?;
    let made_at = newest.time_created?;
    Some(Backup {
        made_at: made_at.to_string(),
        made_by: text(newest.creation_type),
        age_in_seconds: now.unix_seconds() - made_at.unix_seconds(),
    })
}

pub(super) async fn file_system(reads: &Reads, state: &State) -> Look<FileSystem> {
    let Some(id) = id(state, file_system::TYPE) else { return Look::None };
    let mut list = ListSnapshots::new();
    list.file_system_id = Some(id.clone());
    let get = GetFileSystem::new(&id);
    let (seen, snapshots) = tokio::join!(reads.value(&get), reads.list(list));
    let last = snapshots.map(|snapshots| {
        let times = snapshots.into_iter().filter_map(|snapshot| snapshot.time_created);
        times.max_by_key(Timestamp::unix_seconds).map(|time| time.to_string())
    });
    Look::of(seen.map(|seen| FileSystem {
        id,
        state: text(seen.lifecycle_state),
        availability_domain: text(seen.availability_domain),
        used_bytes: seen.metered_bytes.unwrap_or_default(),
        last_snapshot_at: Look::of(last),
    }))
}

pub(super) async fn target(reads: &Reads, state: &State) -> Look<MountTarget> {
    let Some(id) = id(state, mount_target::TYPE) else { return Look::None };
    let read = reads.value(&GetMountTarget::new(&id)).await;
    Look::of(read.map(|seen| MountTarget {
        id,
        state: text(seen.lifecycle_state),
        availability_domain: text(seen.availability_domain),
    }))
}

pub(super) async fn expiries(client: &Client, now: &Timestamp) -> Vec<Expiry> {
    let Ok(whoami) = client.whoami().await else { return Vec::new() };
    let credentials = whoami.expires_at.map(|at| {
        let at = Timestamp::from(at);
        Expiry {
            what: format!("credentials ({})", whoami.method),
            left_in_seconds: at.unix_seconds() - now.unix_seconds(),
            at: at.to_string(),
        }
    });
    credentials.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_report_says_how_its_boot_went() {
        let report = br#"{"state": "failed", "steps": [{"name": "packages", "result": "done", "seconds": 5},
            {"name": "install", "result": "failed", "last_lines": ["one", "tw\u001bo"]}]}"#;
        let Look::Seen(boot) = shown_boot(report) else { panic!("it is a report") };
        assert_eq!((boot.state.as_str(), boot.last_step.as_deref()), ("failed", Some("install")));
        assert_eq!(boot.last_lines, ["one", "tw o"]);
        assert!(matches!(shown_boot(b"<html>"), Look::Unread(_)));

        let report = br#"{"state": "running", "steps": [], "waiting": "for the right to read the secrets: BucketNotFound"}"#;
        let Look::Seen(boot) = shown_boot(report) else { panic!("it is a report") };
        assert_eq!(boot.state, "running, and waits for the right to read the secrets: BucketNotFound");
    }

    #[test]
    fn what_was_said_before_a_machine_was_made_is_not_about_it() {
        let said = |at: &str| {
            let report = format!(r#"{{"state": "failed", "updated": "{at}", "steps": []}}"#);
            match shown_boot(report.as_bytes()) {
                Look::Seen(boot) => boot,
                other => panic!("{other:?}"),
            }
        };
        let made = Some("2026-11-26T10:00:00.000Z");
        assert!(!said("2026-11-26T09:59:59Z").may_be_of(made));
        assert!(said("2026-11-26T10:05:00Z").may_be_of(made));
        assert!(said("2026-11-26T10:05:00Z").may_be_of(None) && said("yesterday").may_be_of(made));
    }

    #[test]
    fn the_newest_backup_that_can_be_used_counts() {
        let backup = |seconds: i64, state: &str| BackupSummary {
            lifecycle_state: Some(state.to_owned()),
            time_created: Some(Timestamp::from_unix_seconds(seconds)),
            creation_type: Some("AUTOMATIC".to_owned()),
            ..BackupSummary::default()
        };
        let now = Timestamp::from_unix_seconds(1000);
        let backups = vec![backup(100, "ACTIVE"), backup(400, "ACTIVE"), backup(900, "FAILED")];
        assert_eq!(newest(backups, &now).unwrap().age_in_seconds, 600);
        assert_eq!(newest(vec![backup(1, "CREATING")], &now), None);
    }
}
