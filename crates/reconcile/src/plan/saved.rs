//! Plans in files: JSON with a format version, no secrets, and enough about the state to refuse one that moved on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::Address;
use crate::record::Slot;
use crate::secret::DigestKey;
use crate::state::State;
use crate::value::Digest;

/// The version that this program writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// A plan that was saved, with what it takes the state to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    format_version: u32,
    plan: Plan,
    /// The digest of each entry that a step is about.
    basis: BTreeMap<Address, Digest>,
}

/// Why a text is no saved plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It is no JSON, or is not what [`SavedPlan::to_json`] writes.
    #[error("this is no saved plan")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A newer version of this program wrote it.
    #[error("the plan has format {found}, and this program knows formats up to {FORMAT_VERSION}")]
    Newer {
        /// Its format.
        found: u32,
    },
}

/// Why a saved plan does not fit the state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stale {
    /// It was made for another stack.
    #[error("the plan was made for the state `{planned}`, and this is the state `{found}`")]
    OtherLineage {
        /// The lineage that it was made for.
        planned: String,
        /// The lineage of the state.
        found: String,
    },
    /// The state has changed since.
    #[error("the state has moved on from {planned} to {found} since the plan was made{}", changed_text(.changed))]
    Moved {
        /// The serial that it was made from.
        planned: u64,
        /// The serial of the state.
        found: u64,
        /// What the plan is about and has changed. If empty, something else has.
        changed: Vec<Address>,
    },
}

fn changed_text(changed: &[Address]) -> String {
    if changed.is_empty() {
        return "; nothing that the plan is about has changed, but something else has".to_owned();
    }
    let names: Vec<String> = changed.iter().map(|address| format!("`{address}`")).collect();
    format!("; changed: {}", names.join(", "))
}

impl SavedPlan {
    /// A plan to be saved, made from `state` as it is now.
    #[must_use]
    pub fn new(plan: Plan, state: &State, key: &DigestKey) -> Self {
        let basis = plan
            .steps
            .iter()
            .filter_map(|step| Some((step.address.clone(), basis(state, &step.address, key)?)));
        Self { format_version: FORMAT_VERSION, basis: basis.collect(), plan }
    }

    /// The plan as a file holds it: the same text for the same plan.
    ///
    /// # Panics
    /// Never: a plan holds no secret in clear, and everything else has an encoding.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a plan holds nothing that has no encoding");
        text.push('\n');
        text
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// If the text is no plan, or one of a newer format.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        #[derive(Deserialize)]
        struct Header {
            format_version: u32,
        }
        let malformed = |error: serde_json::Error| LoadError::Malformed(Box::new(error));
        let header: Header = serde_json::from_str(text).map_err(malformed)?;
        if header.format_version > FORMAT_VERSION {
            return Err(LoadError::Newer { found: header.format_version });
        }
        let saved: Self = serde_json::from_str(text).map_err(malformed)?;
        let count = saved.plan.steps.len();
        if saved.plan.steps.iter().flat_map(|step| &step.after).any(|before| *before as usize >= count) {
            return Err(LoadError::Malformed("a step comes after one that is not there".into()));
        }
        Ok(saved)
    }

    /// The plan, for showing it.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, for applying it to `state`.
    ///
    /// # Errors
    /// If the state is another one, or has moved on since.
    pub fn for_state(self, state: &State, key: &DigestKey) -> Result<Plan, Stale> {
        let (lineage, serial) = self.plan.made_from();
        if lineage != state.lineage() {
            return Err(Stale::OtherLineage {
                planned: lineage.to_owned(),
                found: state.lineage().to_owned(),
            });
        }
        if serial == state.serial() {
            return Ok(self.plan);
        }
        let differs = |address: &&Address| basis(state, address, key) != self.basis.get(*address).copied();
        let mut changed: Vec<Address> =
            self.plan.steps.iter().map(|step| &step.address).filter(differs).cloned().collect();
        changed.dedup();
        Err(Stale::Moved { planned: serial, found: state.serial(), changed })
    }
}

fn basis(state: &State, address: &Address, key: &DigestKey) -> Option<Digest> {
    let entry = state.object(address, Slot::Current)?;
    serde_json::to_vec(&**entry).ok().map(|bytes| key.digest(&bytes))
}
