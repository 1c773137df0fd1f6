//! The running site, tier by tier, as it is now: what a look at the cloud shows, without a judgement ([`crate::verify`] has that).
//!
//! What belongs to the site is known from its state. A part that cannot be read hides no other one.

mod read;
mod text;

use std::collections::BTreeMap;

use oci_client::client::Client;
use oci_client::model::Timestamp;
use reconcile::state::State;
use serde::Serialize;
use world::World;

pub(crate) use read::{balancer, boot, servers};

use crate::reads::{Read, Reads, is_missing, words};
use read::{database, expiries, file_system, last_backup, replicas, target};

/// The format of [`Status::to_json`]; it grows when a program that reads it would have to change.
const FORMAT: u32 = 1;

/// How many of the last lines of a log stand in an error; `status --json` has more.
const LINES_MAX: usize = 5;

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
    /// `running`, `ready` or `failed`; or `running`, and what it waits for.
    pub state: String,
    /// The last step.
    pub last_step: Option<String>,
    /// The last lines of its log, when a step failed.
    pub last_lines: Vec<String>,
    /// When it said so.
    pub said_at: Option<String>,
}

impl Boot {
    /// Whether a step failed. The boot runs again when the server is restarted, or when somebody runs it by hand.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.state == "failed"
    }

    /// Where it failed, and how its log ends, in words.
    #[must_use]
    pub fn failure(&self) -> String {
        let step = self.last_step.as_deref().unwrap_or("not told");
        let from = self.last_lines.len().saturating_sub(LINES_MAX);
        let last = self.last_lines[from..].join(" | ");
        format!("its first boot failed at the step `{step}`; its log ends: {last}")
    }

    /// Whether this can be about a machine that was made at this time. A new machine has the name of the one before it, and so has
    /// its report: until the new one has said something, the old one is still there.
    #[must_use]
    pub fn may_be_of(&self, made_at: Option<&str>) -> bool {
        let time = |text: Option<&str>| text.and_then(|text| text.parse::<Timestamp>().ok());
        match (time(self.said_at.as_deref()), time(made_at)) {
            (Some(said), Some(made)) => said >= made,
            _ => true,
        }
    }
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
    let ((balancer, servers), database, replicas, backup, files, target, expires) = tokio::join!(
        async {
            let (balancer, mut servers) = tokio::join!(balancer(reads, state), servers(reads, state));
            with_health(&mut servers, &balancer);
            (balancer, servers)
        },
        database(reads, state),
        replicas(reads, state),
        last_backup(reads, state, &now),
        file_system(reads, state),
        target(reads, state),
        expiries(client, &now),
    );
    Status {
        looked_at: now.to_string(),
        servers,
        load_balancer: balancer,
        database,
        replicas,
        last_backup: backup,
        file_system: files,
        mount_target: target,
        expires,
    }
}

/// Tells servers what the load balancer says of them.
pub(crate) fn with_health(servers: &mut [Server], balancer: &Look<Balancer>) {
    for server in servers {
        let sets = balancer.seen().into_iter().flat_map(|balancer| &balancer.backend_sets);
        let health = sets
            .filter_map(|(set, seen)| Some((set.clone(), seen.seen()?.backends.get(&server.name)?.clone())));
        server.health = health.collect();
    }
}
