//! The journal: where records go before anything else happens.
//!
//! [`Ledger`] is what the apply loop sees. [`Journal`] is the real one: records as lines in a [`StateStore`], and the
//! state that they fold to. The book's page "Journal and state" has the formats and what happens in a crash.
//!
//! [`StateStore`]: crate::store::StateStore

use world::BoxFuture;

use crate::record::Record;
use crate::state::{FoldError, State};

pub(crate) mod frame;
pub(crate) mod lines;
mod stored;

pub use lines::TornTail;
pub use stored::{Holder, Journal, KeySource, OpenError, Peeked, peek, restore};

/// Where records are kept, and the state that they fold to. One owner: the apply loop.
pub trait Ledger: Send {
    /// The fold of everything that was committed.
    fn state(&self) -> &State;

    /// Makes `records` durable, all or a prefix of them, and folds them into the state.
    ///
    /// Records that are ready together are committed together: one sync for all of them. When this returns `Ok`
    /// they survive the loss of power.
    ///
    /// # Errors
    /// If they may not be durable, or the lock was lost. The run must stop then: nothing may be sent any more.
    ///
    /// # Cancel safety
    /// Not to be dropped half-way: the caller would not know whether the records are there.
    fn commit<'a>(&'a mut self, records: Vec<Record>) -> BoxFuture<'a, Result<(), LedgerError>>;

    /// Says that the run is alive, if that is due. To be called several times a minute while nothing is committed.
    ///
    /// # Errors
    /// If the lock was lost. The run must stop then, as after [`Ledger::commit`].
    fn renew(&mut self) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Why records were not committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// A record cannot follow the ones before it.
    #[error("a record does not fit the state")]
    Fold(#[from] FoldError),
    /// The store could not write.
    #[error("the journal could not be written")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody else holds the lock now.
    #[error("the lock on the state was lost")]
    LockLost(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Which of the two files of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// The one that is replaced as a whole.
    State,
    /// The one that grows.
    Journal,
}

impl std::fmt::Display for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::State => "the state",
            Self::Journal => "the journal",
        })
    }
}

/// Why the bytes of a state were refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A newer version of this program wrote it.
    #[error("{file} has format {found}; this version of the program reads up to {supported}")]
    Newer {
        /// Which file.
        file: File,
        /// Its format.
        found: u64,
        /// The newest format known here.
        supported: u64,
    },
    /// It is not what was written.
    #[error("{file} is damaged at byte {offset_bytes}: {why}")]
    Damaged {
        /// Which file.
        file: File,
        /// Where the line starts that does not fit.
        offset_bytes: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Every line is whole, but a record contradicts the ones before it.
    #[error("the journal holds a record at byte {offset_bytes} that cannot follow the ones before it")]
    Illegal {
        /// Where the record starts.
        offset_bytes: u64,
        /// What contradicts.
        source: FoldError,
    },
    /// State and journal are of two different stacks.
    #[error("the journal belongs to another state (lineage {journal}, and not {state})")]
    ForeignLineage {
        /// The lineage of the state.
        state: String,
        /// The lineage of the journal.
        journal: String,
    },
    /// State and journal are of one stack, but the one does not continue the other: one of them was put back.
    #[error("the journal does not continue the state: they part at serial {serial}")]
    OtherHistory {
        /// Where they differ.
        serial: u64,
    },
    /// Changes between the state and the journal are missing.
    #[error("changes are missing: the state ends at serial {state}, and the journal goes on after {journal}")]
    Gap {
        /// The last change that the state knows.
        state: u64,
        /// The last change before the journal.
        journal: u64,
    },
    /// There is a journal and the state that it continues is gone.
    #[error("the state is gone; its journal goes on after serial {journal}")]
    NoState {
        /// The last change before the journal.
        journal: u64,
    },
    /// There is a state, and the journal that belongs to it is gone.
    #[error("the journal is gone; changes after serial {state} may have been in it")]
    NoJournal {
        /// The last change that the state knows.
        state: u64,
    },
}

/// A ledger in memory, for tests and for plans that are never applied.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger {
    state: State,
    records: Vec<Record>,
}

impl MemoryLedger {
    /// A ledger that starts from `state`.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { state, records: Vec::new() }
    }

    /// Everything that was committed, in order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

impl Ledger for MemoryLedger {
    fn state(&self) -> &State {
        &self.state
    }

    fn commit<'a>(&'a mut self, records: Vec<Record>) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            for record in records {
                self.state.fold(record.clone())?;
                self.records.push(record);
            }
            Ok(())
        })
    }
}
