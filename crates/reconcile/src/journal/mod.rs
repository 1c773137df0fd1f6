//! The journal: where records go before anything else happens.

use world::BoxFuture;

use crate::record::Record;
use crate::state::{FoldError, State};

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
    LockLost,
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
                self.state.fold(&record)?;
                self.records.push(record);
            }
            Ok(())
        })
    }
}
