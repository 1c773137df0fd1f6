//! The running site, tier by tier, as it is now: what a look at the cloud shows, without a judgement ([`crate::verify`] has that).
//!
//! What belongs to the site is known from its state. A part that cannot be read hides no other one.

mod text;

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
use serde::Serialize;
use world::{BoxFuture, World};

use crate::reads::{Read, Reads, all, is_missing, words};

/// The format of [`Status::to_json`]; it grows when a program that reads it would have to change.
const FORMAT: u32 = 1;

/// What a look at one part came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Look<T> {
    /// It is there.
    Seen(T),
    /// The state knows of none.
    None,
    /// The state knows of it, and the service does not find it: it is gone, or may not be seen. With the service's words.
    Missing(String),
    /// It could not be read, and why.
    Unread(String),
}

impl<T> Look<T> {
    /// What was seen, if anything was.
    #[must_use]
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(value) => Some(value),
            Self::None | Self::Missing(_) | Self::Unread(_) => None,
        }
    }

    /// Why it is not seen, in words; `None` when it is.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Seen(_) => None,
            Self::None => Some("it has not been made".to_owned()),
            Self::Missing(why) => Some(format!("it is gone, or may not be seen: {why}")),
            Self::Unread(why) => Some(format!("it cannot be read: {why}")),
        }
    }

    pub(crate) fn of(read: Read<T>) -> Self {
        match read {
            Ok(value) => Self::Seen(value),
            Err(error) if is_missing(&error) => Self::Missing(words(&error)),
            Err(error) => Self::Unread(words(&error)),
        }
    }

    /// What a read came to, as `shown` has it.
    pub(crate) fn read<U>(read: Read<U>, shown: impl FnOnce(U) -> T) -> Self {
        Self::of(read.map(shown))
    }
}

/// The site, tier by tier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// When this was looked at, by the cloud's time.
    pub looked_at: String,
    /// The load balancer with its backend sets.
    pub load_balancer: Look<Balancer>,
    /// The servers, by number.
    pub servers: Vec<Server>,
    /// The database.
    pub database: Look<Database>,
    /// The read replicas, by number.
    pub replicas: Vec<Replica>,
    /// The newest backup of the database that can be used; none when there is none yet.
    pub last_backup: Look<Option<Backup>>,
    /// The file system.
    pub file_system: Look<FileSystem>,
    /// The mount target.
    pub mount_target: Look<MountTarget>,
    /// What expires.
    pub expires: Vec<Expiry>,
}

/// The load balancer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Balancer {
    /// Its OCID.
    pub id: String,
    /// Its lifecycle state: `ACTIVE` when all is well.
    pub state: String,
    /// Its addresses, a public one first.
    pub addresses: Vec<String>,
    /// Its listeners: port by name.
    pub listeners: BTreeMap<String, i64>,
    /// Its backend sets by name.
    pub backend_sets: BTreeMap<String, Look<BackendSet>>,
}

/// A backend set, as its health checks see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BackendSet {
    /// `OK`, `WARNING`, `CRITICAL` or `UNKNOWN`.
    pub status: String,
    /// The health of each backend by name.
    pub backends: BTreeMap<String, String>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// Its name, which is that of its backends too: `web1`.
    pub name: String,
    /// The machine.
    pub machine: Look<Machine>,
    /// Its health in each backend set.
    pub health: BTreeMap<String, String>,
    /// How its first boot goes, where it has said so.
    pub boot: Look<Boot>,
}

/// The machine of a server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machine {
    /// Its OCID.
    pub id: String,
    /// Its lifecycle state: `RUNNING` when all is well.
    pub state: String,
    /// Its shape.
    pub shape: String,
    /// Its OCPUs.
    pub ocpus: Option<f64>,
    /// Its memory.
    pub memory_in_gbs: Option<f64>,
    /// Where it is.
    pub availability_domain: String,
    /// Where in there.
    pub fault_domain: String,
    /// When it was made.
    pub made_at: Option<String>,
}

/// What a server has said of its first boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Boot {
    /// `running`, `ready` or `failed`.
    pub state: String,
    /// The last step.
    pub last_step: Option<String>,
    /// The last lines of its log, when a step failed.
    pub last_lines: Vec<String>,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Database {
    /// Its OCID.
    pub id: String,
    /// Its lifecycle state: `ACTIVE` when all is well.
    pub state: String,
    /// Its MySQL version.
    pub version: String,
    /// Its shape.
    pub shape: String,
    /// Whether two more instances stand by.
    pub is_highly_available: bool,
    /// Its storage.
    pub storage_in_gbs: Option<i64>,
    /// Where the primary is now.
    pub primary_in: Option<String>,
    /// Where it answers.
    pub endpoints: Vec<Endpoint>,
    /// State and number of nodes of its HeatWave cluster.
    pub heatwave: Option<(String, i64)>,
}

/// Where the database answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// `DBSYSTEM`, `READ_REPLICA`, `LOAD_BALANCER` or `READ_ENDPOINT`.
    pub kind: String,
    /// Its host name.
    pub host: Option<String>,
    /// Its address.
    pub address: String,
    /// Its port.
    pub port: i64,
    /// `READ`, `WRITE`.
    pub modes: Vec<String>,
    /// `ACTIVE` when all is well.
    pub status: String,
}

/// A read replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replica {
    /// Its number, counted from 1.
    pub number: u64,
    /// Its lifecycle state, `ACTIVE` when all is well, and where it is.
    pub look: Look<(String, String)>,
}

/// A backup of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// When it was made.
    pub made_at: String,
    /// `AUTOMATIC` or `MANUAL`.
    pub made_by: String,
    /// How long ago that was, in seconds.
    pub age_in_seconds: i64,
}

/// The file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileSystem {
    /// Its OCID.
    pub id: String,
    /// Its lifecycle state: `ACTIVE` when all is well.
    pub state: String,
    /// Where it is.
    pub availability_domain: String,
    /// What is in it, in bytes, as it is billed.
    pub used_bytes: i64,
    /// When the newest snapshot was made; none when there is none yet.
    pub last_snapshot_at: Look<Option<String>>,
}

/// The mount target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MountTarget {
    /// Its OCID.
    pub id: String,
    /// Its lifecycle state: `ACTIVE` when all is well.
    pub state: String,
    /// Where it is.
    pub availability_domain: String,
}

/// Something that expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expiry {
    /// What.
    pub what: String,
    /// When.
    pub at: String,
    /// How long it still holds, in seconds; negative when it is over.
    pub left_in_seconds: i64,
}

impl Status {
    /// For programs: one document.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut document = serde_json::to_value(self).unwrap_or_default();
        document["format"] = FORMAT.into();
        document
    }
}

/// Looks at everything that `state` says is part of the site. `cloud_time` is the time by which the cloud lives.
///
/// It does not fail: what cannot be read is [`Look::Unread`].
///
/// # Cancel safety
/// It only reads, and may be dropped at any await.
pub async fn look(client: &Client, cloud_time: &dyn World, state: &State) -> Status {
    let now = Timestamp::from(cloud_time.now());
    let reads = &Reads::new(client.clone());
    let (balancer, machines, database, replicas, backup, files, target, expires) = tokio::join!(
        balancer(reads, state),
        servers(reads, state),
        database(reads, state),
        replicas(reads, state),
        last_backup(reads, state, &now),
        file_system(reads, state),
        target(reads, state),
        expiries(client, &now),
    );
    let servers = machines.into_iter().map(|mut server| {
        server.health = health_of(&server.name, &balancer);
        server
    });
    Status {
        looked_at: now.to_string(),
        servers: servers.collect(),
        load_balancer: balancer,
        database,
        replicas,
        last_backup: backup,
        file_system: files,
        mount_target: target,
        expires,
    }
}

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

async fn balancer(reads: &Reads, state: &State) -> Look<Balancer> {
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

fn health_of(server: &str, balancer: &Look<Balancer>) -> BTreeMap<String, String> {
    let sets = balancer.seen().into_iter().flat_map(|balancer| &balancer.backend_sets);
    let health =
        sets.filter_map(|(name, set)| Some((name.clone(), set.seen()?.backends.get(server)?.clone())));
    health.collect()
}

async fn servers(reads: &Reads, state: &State) -> Vec<Server> {
    let bucket = id(state, bucket::TYPE);
    let bucket = bucket.as_deref();
    all(members(state, instance::TYPE).into_iter().map(|(number, id)| -> BoxFuture<'_, Server> {
        Box::pin(async move {
            let name = format!("web{number}");
            let (machine, boot) = tokio::join!(machine(reads, id), boot(reads, bucket, &name));
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

/// The report that a server keeps in the bucket; see the template `report.py`.
async fn boot(reads: &Reads, bucket: Option<&str>, server: &str) -> Look<Boot> {
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
    Look::Seen(Boot {
        state: report["state"].as_str().unwrap_or("unknown").to_owned(),
        last_step: last.and_then(|step| step["name"].as_str()).map(str::to_owned),
        last_lines: lines.filter_map(|line| line.as_str()).map(plain).collect(),
    })
}

/// A line that somebody else wrote, without what could write elsewhere on a terminal.
fn plain(line: &str) -> String {
    line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

async fn database(reads: &Reads, state: &State) -> Look<Database> {
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

async fn replicas(reads: &Reads, state: &State) -> Vec<Replica> {
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

async fn last_backup(reads: &Reads, state: &State, now: &Timestamp) -> Look<Option<Backup>> {
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

async fn file_system(reads: &Reads, state: &State) -> Look<FileSystem> {
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

async fn target(reads: &Reads, state: &State) -> Look<MountTarget> {
    let Some(id) = id(state, mount_target::TYPE) else { return Look::None };
    let read = reads.value(&GetMountTarget::new(&id)).await;
    Look::of(read.map(|seen| MountTarget {
        id,
        state: text(seen.lifecycle_state),
        availability_domain: text(seen.availability_domain),
    }))
}

async fn expiries(client: &Client, now: &Timestamp) -> Vec<Expiry> {
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
