//! A state in memory: for tests, and for programs that keep none between runs.
//!
//! Clones are writers to the same state. It behaves as a remote store does: there is no kernel to tell that a holder
//! has died, so its lock is free only after its lease.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use world::BoxFuture;

use super::{Claim, Fence, Lease, StateStore, StoreError, Stored};

/// One writer to a state in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    stored: Stored,
    lease: Option<Lease>,
    kept: BTreeMap<String, Vec<u8>>,
}

impl MemoryStore {
    /// A place without a state.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fenced<T>(
        &self,
        fence: &Fence,
        act: impl FnOnce(&mut Shared) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut shared = self.shared();
        match &shared.lease {
            Some(lease) if lease.fence() == *fence => act(&mut shared),
            other => {
                Err(StoreError::LockLost { location: self.location(), holder: other.clone().map(Box::new) })
            }
        }
    }

    fn acquire_now(&self, claim: &Claim) -> Result<Fence, StoreError> {
        let mut shared = self.shared();
        if let Some(holder) = &shared.lease
            && !holder.has_expired(claim.now)
        {
            return Err(StoreError::Locked { location: self.location(), holder: Box::new(holder.clone()) });
        }
        let lease = claim.clone().into_lease();
        let fence = lease.fence();
        shared.lease = Some(lease);
        Ok(fence)
    }

    fn append_now(&self, fence: &Fence, length_bytes: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.fenced(fence, |shared| {
            let found_bytes = shared.stored.journal.len() as u64;
            if found_bytes != length_bytes {
                let location = self.location();
                return Err(StoreError::Moved { location, expected_bytes: length_bytes, found_bytes });
            }
            shared.stored.journal.extend_from_slice(bytes);
            Ok(())
        })
    }
}

impl StateStore for MemoryStore {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    fn acquire<'a>(&'a mut self, claim: &'a Claim) -> BoxFuture<'a, Result<Fence, StoreError>> {
        Box::pin(async move { self.acquire_now(claim) })
    }

    fn renew<'a>(
        &'a mut self,
        fence: &'a Fence,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.fenced(fence, |shared| {
                shared.lease = shared.lease.as_ref().map(|lease| lease.renewed(now));
                Ok(())
            })
        })
    }

    fn release<'a>(&'a mut self, fence: &'a Fence) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut shared = self.shared();
            if shared.lease.as_ref().is_some_and(|lease| lease.fence() == *fence) {
                shared.lease = None;
            }
            Ok(())
        })
    }

    fn break_lock(&mut self) -> BoxFuture<'_, Result<Option<Lease>, StoreError>> {
        Box::pin(async move { Ok(self.shared().lease.take()) })
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Lease>, StoreError>> {
        Box::pin(async move { Ok(self.shared().lease.clone()) })
    }

    fn load(&self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        Box::pin(async move { Ok(self.shared().stored.clone()) })
    }

    fn append<'a>(
        &'a mut self,
        fence: &'a Fence,
        length_bytes: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.append_now(fence, length_bytes, bytes) })
    }

    fn truncate<'a>(
        &'a mut self,
        fence: &'a Fence,
        length_bytes: u64,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.fenced(fence, |shared| {
                let length = usize::try_from(length_bytes).unwrap_or(usize::MAX);
                shared.stored.journal.truncate(length);
                Ok(())
            })
        })
    }

    fn replace<'a>(
        &'a mut self,
        fence: &'a Fence,
        base: &'a [u8],
        journal: &'a [u8],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.fenced(fence, |shared| {
                if let Some(old) = shared.stored.base.replace(base.to_vec()) {
                    shared.kept.insert("backup".to_owned(), old);
                }
                shared.stored.journal = journal.to_vec();
                Ok(())
            })
        })
    }

    fn keep<'a>(
        &'a mut self,
        fence: &'a Fence,
        name: &'a str,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<String, StoreError>> {
        Box::pin(async move {
            self.fenced(fence, |shared| {
                shared.kept.insert(name.to_owned(), bytes.to_vec());
                Ok(format!("memory.{name}"))
            })
        })
    }
}
