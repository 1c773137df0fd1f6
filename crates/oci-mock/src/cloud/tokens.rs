//! Retry tokens: the same create sent twice makes one resource.
//!
//! # Source
//! Oracle's documentation of `opc-retry-token`: valid for 24 hours; 409 `InvalidatedRetryToken` when the
//! resource has gone since. What the service answers to the same token with another body is not documented;
//! the mock refuses it with 400 `InvalidParameter`, the stricter test of a client.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// How long a token is remembered.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// What was answered to a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    /// Digest of target and body: another request with the same token is refused.
    pub(crate) digest: String,
    /// The resource that was made or changed.
    pub(crate) subject: Option<String>,
    pub(crate) at: Time,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// As text: a fifth of the size of the parsed value.
    pub(crate) body: Option<String>,
}

/// All tokens of the last 24 hours, by caller, operation and token.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    by_key: BTreeMap<String, Remembered>,
    by_time: BTreeMap<(Time, u64), String>,
    next: u64,
}

impl Tokens {
    pub(crate) fn find(&self, key: &str, now: Time) -> Option<&Remembered> {
        self.by_key.get(key).filter(|remembered| now.since(remembered.at) < LIFETIME)
    }

    pub(crate) fn remember(&mut self, key: String, remembered: Remembered) {
        let now = remembered.at;
        while let Some(oldest) =
            self.by_time.first_entry().filter(|entry| now.since(entry.key().0) >= LIFETIME)
        {
            let old = oldest.remove();
            if self.by_key.get(&old).is_some_and(|remembered| now.since(remembered.at) >= LIFETIME) {
                self.by_key.remove(&old);
            }
        }
        self.by_time.insert((now, self.next), key.clone());
        self.next += 1;
        self.by_key.insert(key, remembered);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Remembered> {
        self.by_key.get(key)
    }

    /// All tokens, oldest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &Remembered)> {
        self.by_time.values().filter_map(|key| self.by_key.get_key_value(key))
    }
}
