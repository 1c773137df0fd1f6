//! Lifecycles as data, so that one waiter serves all types.

use std::time::Duration;

use reconcile::provider::{PerOperation, ResourceType};
use reconcile::schema::Schema;

/// How a state is to be taken while an object is made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On its way: ask again.
    Through,
    /// Where it should be.
    Settled,
    /// It will not get there.
    Failed,
    /// It is no more.
    Gone,
}

/// The states of a type, and how long things take.
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle {
    /// States in which the object is whole.
    pub until: &'static [&'static str],
    /// States from which it does not recover.
    pub failed: &'static [&'static str],
    /// States in which it is no more.
    pub gone: &'static [&'static str],
    /// How long a creation takes as a rule.
    pub expect: Duration,
    /// How long to wait at most.
    pub limit: Duration,
}

/// Oracle documents no bound for how long a new object may be invisible to lists and other services.
///
/// # Source
/// The Go SDK v65 assumes four minutes after any write of the same process.
pub(crate) const VISIBLE_WITHIN: Duration = Duration::from_secs(240);

/// Of most things of a network. Durations as seen in real tenancies; the limit is that of Oracle's Terraform provider.
pub(crate) const NETWORK: Lifecycle = Lifecycle {
    until: &["AVAILABLE"],
    failed: &[],
    gone: &["TERMINATED"],
    expect: Duration::from_secs(1),
    limit: Duration::from_secs(1200),
};

impl Lifecycle {
    /// The type as the engine knows it, each operation with these durations.
    pub(crate) fn resource_type(&self, name: &str, schema: &Schema) -> ResourceType {
        ResourceType {
            expected: PerOperation::all(self.expect),
            limit: PerOperation::all(self.limit),
            visible_within: VISIBLE_WITHIN,
            ..ResourceType::new(name, schema.clone())
        }
    }

    /// What `state` means; an empty one, that the service has no states here. A state that Oracle adds later counts as on its way: the time limit bounds the wait.
    #[must_use]
    pub fn stage(&self, state: &str) -> Stage {
        let among = |states: &[&str]| states.iter().any(|known| known.eq_ignore_ascii_case(state));
        if state.is_empty() || among(self.until) {
            Stage::Settled
        } else if among(self.failed) {
            Stage::Failed
        } else if among(self.gone) {
            Stage::Gone
        } else {
            Stage::Through
        }
    }

    /// When to ask again: quickly at first for what is quick, and never more than every 15 seconds, so that a wait of
    /// half an hour costs some hundred reads.
    #[must_use]
    pub fn again_after(&self) -> Duration {
        (self.expect / 8).clamp(Duration::from_millis(250), Duration::from_secs(15))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_apart_whatever_their_case_and_new_ones_are_waited_through() {
        let check = |state: &str, expected: Stage| assert_eq!(NETWORK.stage(state), expected, "{state}");
        check("AVAILABLE", Stage::Settled);
        check("available", Stage::Settled);
        check("TERMINATED", Stage::Gone);
        check("PROVISIONING", Stage::Through);
        check("A_STATE_OF_NEXT_YEAR", Stage::Through);
    }
}
