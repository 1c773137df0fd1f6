//! Where the bytes of a state live, and who may write them.
//!
//! A store keeps two things: the *base*, which is replaced as a whole, and the *journal*, which only grows.
//! It knows nothing of their content. Every write states under which lock it happens, and a store
//! checks that in the same step as it writes (*fencing*): a writer that was paused and lost its lock cannot write any more.
//!
//! [`FileStore`] keeps them in local files, [`MemoryStore`] in memory. The trait asks for nothing that an object storage with
//! conditional writes cannot do: the base is one object that is replaced if it is still the one we read, an append is a
//! new object that must not exist yet, and the lock is an object of its own.
//!
//! Deliberately absent: any retry. A store that is busy says so, and the caller decides.

use std::fmt;
use std::io;
use std::path::PathBuf;

use world::BoxFuture;

mod file;
mod lock;
mod memory;

pub use file::FileStore;
pub use lock::{Claim, Fence, Lease};
pub use memory::MemoryStore;

/// The bytes of a state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The state as it was when it was last written as a whole; `None` when there has never been one.
    pub base: Option<Vec<u8>>,
    /// What was appended since. It may begin with records that the base holds already.
    pub journal: Vec<u8>,
}

/// A place for one state. One value of it is one writer; see the module for the rules.
///
/// # Cancel safety
/// A future that was dropped before it ended may have had its effect; [`StateStore::load`] tells.
pub trait StateStore: Send + Sync + fmt::Debug {
    /// What a person calls this place, for messages: a path or an address.
    fn location(&self) -> String;

    /// Takes the lock, also from a holder that has died or has not been heard of for longer than its lease.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when somebody has it, [`StoreError::Busy`] when that could not be found out in time.
    fn acquire<'a>(&'a mut self, claim: &'a Claim) -> BoxFuture<'a, Result<Fence, StoreError>>;

    /// Says that the holder of the lock is alive.
    ///
    /// # Errors
    /// [`StoreError::LockLost`] when it is no longer ours.
    fn renew<'a>(
        &'a mut self,
        fence: &'a Fence,
        now: chrono::DateTime<chrono::Utc>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Gives the lock back. Giving back a lock that was lost already changes nothing and is no error.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the lock could not be removed; it then expires.
    fn release<'a>(&'a mut self, fence: &'a Fence) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes the lock away from whoever has it, and says who that was. The holder notices at its next write.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Busy`].
    fn break_lock(&mut self) -> BoxFuture<'_, Result<Option<Lease>, StoreError>>;

    /// Who has the lock.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::UnreadableLock`].
    fn holder(&self) -> BoxFuture<'_, Result<Option<Lease>, StoreError>>;

    /// Reads the base and the journal. No lock is needed; without one the two may be of different moments, which
    /// their content shows.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    fn load(&self) -> BoxFuture<'_, Result<Stored, StoreError>>;

    /// Adds `bytes` to a journal that is `length_bytes` long. When this returns they survive a crash.
    ///
    /// # Errors
    /// [`StoreError::LockLost`]; [`StoreError::Moved`] when the journal is not as long as that;
    /// [`StoreError::Io`], after which any part of `bytes` may have been written, and only a new
    /// [`StateStore::load`] tells.
    fn append<'a>(
        &'a mut self,
        fence: &'a Fence,
        length_bytes: u64,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Cuts the journal to its first `length_bytes` bytes.
    ///
    /// # Errors
    /// [`StoreError::LockLost`], [`StoreError::Io`].
    fn truncate<'a>(
        &'a mut self,
        fence: &'a Fence,
        length_bytes: u64,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Replaces the base and then the journal, each in one step. Between the two steps the new base stands
    /// beside the old journal. The base that was there is kept as a backup.
    ///
    /// # Errors
    /// [`StoreError::LockLost`], [`StoreError::Io`].
    fn replace<'a>(
        &'a mut self,
        fence: &'a Fence,
        base: &'a [u8],
        journal: &'a [u8],
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Keeps `bytes` beside the state under `name`, and says where.
    ///
    /// # Errors
    /// [`StoreError::LockLost`], [`StoreError::Io`].
    fn keep<'a>(
        &'a mut self,
        fence: &'a Fence,
        name: &'a str,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<String, StoreError>>;
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else holds the lock. Trying again later may help.
    #[error("the state in {location} is locked: {holder}")]
    Locked {
        /// Which state.
        location: String,
        /// Who has it, since when and for what.
        holder: Box<Lease>,
    },
    /// The lock was ours and is not any more. Nothing was written.
    #[error("the lock on the state in {location} was lost{}", taken_by(.holder.as_deref()))]
    LockLost {
        /// Which state.
        location: String,
        /// Who has the lock now, if anybody.
        holder: Option<Box<Lease>>,
    },
    /// Others are reading or writing the lock; it was not found out in time whether it is free.
    #[error("the lock of the state in {location} is being changed by another program")]
    Busy {
        /// Which state.
        location: String,
    },
    /// There is a lock that this program cannot read, so it cannot tell whether its holder lives.
    #[error("the lock {location} cannot be read, so it is not known who holds it")]
    UnreadableLock {
        /// Which lock.
        location: String,
    },
    /// The journal has another length than its one writer left: somebody wrote without the lock.
    #[error(
        "the journal {location} is {found_bytes} bytes long and not {expected_bytes}: another program wrote to it"
    )]
    Moved {
        /// Which journal.
        location: String,
        /// The length that we left.
        expected_bytes: u64,
        /// The length that it has.
        found_bytes: u64,
    },
    /// The system refused.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was attempted, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn taken_by(holder: Option<&Lease>) -> String {
    holder.map_or_else(String::new, |lease| format!(": now {lease}"))
}
