//! What was asked of the cloud before, kept beside the state: a plan without a look at the cloud then asks nobody.

use std::io;
use std::path::{Path, PathBuf};

use reconcile::disk::{Disk as _, RealDisk};
use reconcile::journal::peek;
use reconcile::store::FileStore;

use crate::config::Config;
use crate::stack::Facts;

/// Where it is kept.
fn path(state: &Path) -> PathBuf {
    state.with_extension("facts.json")
}

/// What was asked of the cloud before for the state at this path, if it is about the place that `config` names. A
/// [`Session`](super::Session) that asks keeps what it was told.
#[must_use]
pub fn known_facts(state: &Path, config: &Config) -> Option<Facts> {
    let facts: Facts = serde_json::from_slice(&RealDisk.read(&path(state)).ok()?).ok()?;
    let wanted = &config.cloud;
    let is_same =
        |wanted: &Option<String>, there: &str| wanted.as_deref().is_none_or(|wanted| wanted == there);
    let same_place = is_same(&wanted.compartment_id, &facts.compartment_id)
        && is_same(&wanted.region, facts.region.as_deref().unwrap_or_default());
    same_place.then_some(facts)
}

/// Keeps what was asked. A file that was cut off is no JSON, and then it is asked for again.
pub(super) fn keep(state: &Path, facts: &Facts) -> io::Result<()> {
    let json = serde_json::to_vec_pretty(facts)?;
    RealDisk.create(&path(state))?.append(&json)
}

/// Whether no operation of an earlier run is open in the state at this path, or there is no state yet. One that cannot be read
/// counts as settled: it is looked at where it is opened.
///
/// # Cancel safety
/// It only reads, and may be dropped at any await.
pub async fn is_settled(state: &Path) -> bool {
    match peek(&FileStore::new(state)).await {
        Ok(Some(peeked)) => peeked.state.open_intents().len() == 0,
        Ok(None) | Err(_) => true,
    }
}
