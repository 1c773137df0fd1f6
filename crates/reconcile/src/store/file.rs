//! A state in local files.
//!
//! Beside the base, `state.json`, lie
//!
//! - `state.json.journal`, which only grows;
//! - `state.json.lock`, which says who has the lock. Its holder keeps the kernel's lock on this very file, so that
//!   others on the same machine notice at once when it dies;
//! - `state.json.guard`, an empty file whose kernel lock is held for the length of one write. Under it the lock is read and
//!   the write carried out, so that nobody can take the lock in between;
//! - `state.json.backup`, the base before the last one.
//!
//! A new lease is a new file under the old name. A holder that was paused and lost its lock therefore keeps the kernel's
//! lock on a file without a name, and disturbs nobody.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use world::BoxFuture;

use super::{Claim, Fence, Lease, StateStore, StoreError, Stored};
use crate::disk::{Disk, DiskFile, DiskLock, RealDisk, folder_of, with_suffix};

/// How long to wait for the guard. It is held for one write, so seconds mean that its holder hangs or is paused.
const GUARD_PATIENCE: Duration = Duration::from_secs(10);

/// One writer to a state in local files.
#[derive(Debug)]
pub struct FileStore {
    disk: Arc<dyn Disk>,
    base: PathBuf,
    /// The kernel's lock on our lease, for as long as we hold one.
    alive: Option<Box<dyn DiskLock>>,
    /// The journal, kept open between appends.
    journal: Option<Box<dyn DiskFile>>,
}

impl FileStore {
    /// The state at `path`, on the machine's own disk.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::on(Arc::new(RealDisk), path)
    }

    /// The state at `path` on `disk`.
    #[must_use]
    pub fn on(disk: Arc<dyn Disk>, path: impl Into<PathBuf>) -> Self {
        Self { disk, base: path.into(), alive: None, journal: None }
    }

    fn path(&self, suffix: &str) -> PathBuf {
        with_suffix(&self.base, suffix)
    }

    /// Runs `act` while no other program can change the lock.
    fn guarded<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let path = self.path(".guard");
        let mut guard = self.disk.lock(&path, GUARD_PATIENCE);
        // Only the first of all has no folder yet.
        if guard.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            let folder = folder_of(&path);
            self.disk.create_folder(folder).map_err(failed("create the folder", folder))?;
            guard = self.disk.lock(&path, GUARD_PATIENCE);
        }
        let guard = guard.map_err(failed("lock", &path))?;
        let Some(_guard) = guard else { return Err(StoreError::Busy { location: self.location() }) };
        act(self)
    }

    /// Runs `act` if the lock is ours, while nobody can take it from us.
    fn fenced<T>(
        &mut self,
        fence: &Fence,
        act: impl FnOnce(&mut Self, Lease) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.guarded(|store| match store.read_lease()? {
            Some(lease) if lease.fence() == *fence => act(store, lease),
            other => {
                store.alive = None;
                Err(StoreError::LockLost { location: store.location(), holder: other.map(Box::new) })
            }
        })
    }

    fn read_lease(&self) -> Result<Option<Lease>, StoreError> {
        let path = self.path(".lock");
        match self.disk.read(&path) {
            Ok(content) => serde_json::from_slice(&content)
                .map(Some)
                .map_err(|_| StoreError::UnreadableLock { location: path.display().to_string() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed("read", &path)(source)),
        }
    }

    /// Puts `lease` in force. The new file is complete, on disk and locked before it gets the name.
    fn write_lease(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let (path, sibling) = (self.path(".lock"), self.path(".lock.new"));
        let content = serde_json::to_vec_pretty(lease).expect("a lease serialises");
        let write = || -> io::Result<Option<Box<dyn DiskLock>>> {
            let mut file = self.disk.create(&sibling)?;
            file.append(&content)?;
            file.sync()?;
            let alive = self.disk.lock(&sibling, Duration::ZERO)?;
            self.disk.rename(&sibling, &path)?;
            self.disk.sync_folder(folder_of(&path))?;
            Ok(alive)
        };
        self.alive = write().map_err(failed("write", &path))?;
        Ok(())
    }

    fn acquire_now(&mut self, claim: &Claim) -> Result<Fence, StoreError> {
        self.guarded(|store| {
            if let Some(holder) = store.read_lease()?
                && !holder.has_expired(claim.now)
                && !store.has_died(&holder, claim)?
            {
                return Err(StoreError::Locked { location: store.location(), holder: Box::new(holder) });
            }
            let lease = claim.clone().into_lease();
            store.write_lease(&lease)?;
            Ok(lease.fence())
        })
    }

    /// Whether nobody on this machine keeps the kernel's lock on the lease. Of other machines it says nothing.
    fn has_died(&self, holder: &Lease, claim: &Claim) -> Result<bool, StoreError> {
        if holder.host != claim.host {
            return Ok(false);
        }
        let path = self.path(".lock");
        let free = self.disk.lock(&path, Duration::ZERO).map_err(failed("lock", &path))?;
        Ok(free.is_some())
    }

    fn release_now(&mut self, fence: &Fence) -> Result<(), StoreError> {
        let path = self.path(".lock");
        let released = self.fenced(fence, |store, _| {
            store.disk.remove(&path).map_err(failed("remove", &path))?;
            store.alive = None;
            Ok(())
        });
        match released {
            Err(StoreError::LockLost { .. }) => Ok(()),
            other => other,
        }
    }

    fn append_now(&mut self, fence: &Fence, length_bytes: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(".journal");
        self.fenced(fence, |store, _| {
            let mut file = match store.journal.take() {
                Some(file) => file,
                None => store.disk.open(&path).map_err(failed("open", &path))?,
            };
            let found_bytes = file.length().map_err(failed("read", &path))?;
            if found_bytes != length_bytes {
                let location = path.display().to_string();
                return Err(StoreError::Moved { location, expected_bytes: length_bytes, found_bytes });
            }
            // After an error the file stays closed: what a second sync of it says would mean nothing.
            file.append(bytes).map_err(failed("write", &path))?;
            file.sync().map_err(failed("sync", &path))?;
            store.journal = Some(file);
            Ok(())
        })
    }

    fn truncate_now(&mut self, fence: &Fence, length_bytes: u64) -> Result<(), StoreError> {
        let path = self.path(".journal");
        self.fenced(fence, |store, _| {
            store.journal = None;
            let mut file = store.disk.open(&path).map_err(failed("open", &path))?;
            file.truncate(length_bytes).map_err(failed("cut", &path))?;
            file.sync().map_err(failed("sync", &path))
        })
    }

    fn replace_now(&mut self, fence: &Fence, base: &[u8], journal: &[u8]) -> Result<(), StoreError> {
        let (journal_path, backup) = (self.path(".journal"), self.path(".backup"));
        self.fenced(fence, |store, _| {
            match store.disk.keep_as(&store.base, &backup) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("write", &backup)(error));
                }
                _ => {}
            }
            store.disk.replace(&store.base, base).map_err(failed("write", &store.base))?;
            store.journal = None;
            store.disk.replace(&journal_path, journal).map_err(failed("write", &journal_path))
        })
    }

    fn keep_now(&mut self, fence: &Fence, name: &str, bytes: &[u8]) -> Result<String, StoreError> {
        let path = self.path(&format!(".{name}"));
        self.fenced(fence, |store, _| {
            store.disk.replace(&path, bytes).map_err(failed("write", &path))?;
            Ok(path.display().to_string())
        })
    }

    fn load_now(&self) -> Result<Stored, StoreError> {
        let journal = self.path(".journal");
        let read = |path: &Path| match self.disk.read(path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed("read", path)(source)),
        };
        // The journal first: should another program compact in between, the newer base covers the older
        // journal, while the other way round records would be missing.
        let journal = read(&journal)?.unwrap_or_default();
        Ok(Stored { base: read(&self.base)?, journal })
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Io { action, path, source }
}

impl StateStore for FileStore {
    fn location(&self) -> String {
        self.base.display().to_string()
    }

    fn acquire<'a>(&'a mut self, claim: &'a Claim) -> BoxFuture<'a, Result<Fence, StoreError>> {
        Box::pin(async move { self.acquire_now(claim) })
    }

    fn renew<'a>(
        &'a mut self,
        fence: &'a Fence,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.fenced(fence, |store, lease| store.write_lease(&lease.renewed(now))) })
    }

    fn release<'a>(&'a mut self, fence: &'a Fence) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.release_now(fence) })
    }

    fn break_lock(&mut self) -> BoxFuture<'_, Result<Option<Lease>, StoreError>> {
        Box::pin(async move {
            self.guarded(|store| {
                let holder = store.read_lease().or_else(|error| match error {
                    // Breaking is also the way out of a lock that nobody can read.
                    StoreError::UnreadableLock { .. } => Ok(None),
                    other => Err(other),
                })?;
                let path = store.path(".lock");
                match store.disk.remove(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        Err(failed("remove", &path)(error))
                    }
                    _ => Ok(holder),
                }
            })
        })
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Lease>, StoreError>> {
        Box::pin(async move { self.read_lease() })
    }

    fn load(&self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        Box::pin(async move { self.load_now() })
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
        Box::pin(async move { self.truncate_now(fence, length_bytes) })
    }

    fn replace<'a>(
        &'a mut self,
        fence: &'a Fence,
        base: &'a [u8],
        journal: &'a [u8],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.replace_now(fence, base, journal) })
    }

    fn keep<'a>(
        &'a mut self,
        fence: &'a Fence,
        name: &'a str,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<String, StoreError>> {
        Box::pin(async move { self.keep_now(fence, name, bytes) })
    }
}
