//! Who holds the lock of a state, as it stands in the lock file.
//!
//! A lease names its holder for people, and carries a nonce for programs: a write is allowed only while the
//! lease with the writer's nonce is the one in force.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Who asks for the lock, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The person or account.
    pub owner: String,
    /// The machine. A holder on the same machine is known to have died when its kernel lock is free.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// What it will do, such as `apply`.
    pub reason: String,
    /// The time now.
    pub now: DateTime<Utc>,
    /// How long the holder may be silent before others may take the lock from it. It should
    /// renew several times in this span.
    pub lease: Duration,
    /// A number that no other claim has, from the random source of the world.
    pub nonce: u64,
}

impl Claim {
    /// The lease that begins when this claim is granted.
    #[must_use]
    pub fn into_lease(self) -> Lease {
        Lease {
            owner: self.owner,
            host: self.host,
            pid: self.pid,
            reason: self.reason,
            since: self.now,
            heartbeat: self.now,
            lease_secs: self.lease.as_secs(),
            nonce: format!("{:016x}", self.nonce),
        }
    }
}

/// A lock that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The person or account.
    pub owner: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// What it does.
    pub reason: String,
    /// When it took the lock.
    pub since: DateTime<Utc>,
    /// When it was last heard of.
    pub heartbeat: DateTime<Utc>,
    /// After how many seconds of silence others may take the lock.
    pub lease_secs: u64,
    nonce: String,
}

impl Lease {
    /// The proof to show with every write.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence(self.nonce.clone())
    }

    /// Whether the holder has been silent for longer than it may. A heartbeat in the future (clocks differ) is
    /// as good as one of now.
    #[must_use]
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        let silence = now.signed_duration_since(self.heartbeat);
        let allowed = i64::try_from(self.lease_secs).ok().and_then(TimeDelta::try_seconds);
        silence > allowed.unwrap_or(TimeDelta::MAX)
    }

    pub(super) fn renewed(&self, now: DateTime<Utc>) -> Self {
        Self { heartbeat: now, ..self.clone() }
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "held by {} on {} (process {}) for `{}` since {}, last heard of at {}",
            self.owner,
            self.host,
            self.pid,
            self.reason,
            self.since.format("%Y-%m-%d %H:%M:%S UTC"),
            self.heartbeat.format("%H:%M:%S"),
        )
    }
}

/// The proof of having the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence(String);

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(lease_secs: u64) -> Lease {
        let claim = Claim {
            owner: "ada".into(),
            host: "engine".into(),
            pid: 42,
            reason: "apply".into(),
            now: DateTime::UNIX_EPOCH,
            lease: Duration::from_secs(lease_secs),
            nonce: 7,
        };
        claim.into_lease()
    }

    #[test]
    fn a_lease_expires_after_silence_and_not_when_the_clock_is_behind() {
        let at = |secs| DateTime::UNIX_EPOCH + TimeDelta::seconds(secs);
        let lease = lease(60);
        for (now, expired) in [(-3600, false), (0, false), (60, false), (61, true)] {
            assert_eq!(lease.has_expired(at(now)), expired, "{now}");
        }
        assert!(!lease.renewed(at(30)).has_expired(at(90)));
    }

    #[test]
    fn a_lease_of_any_length_is_compared_without_overflow() {
        assert!(!lease(u64::MAX).has_expired(DateTime::<Utc>::MAX_UTC));
    }

    #[test]
    fn a_person_reads_who_holds_the_lock_and_why() {
        assert_eq!(
            lease(60).to_string(),
            "held by ada on engine (process 42) for `apply` since 1970-01-01 00:00:00 UTC, last heard of at 00:00:00"
        );
    }
}
