//! Stopping a run from outside.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// A run is asked to stop once, and told to leave the second time. Shared between the run and a signal handler.
#[derive(Debug, Default)]
pub struct Cancel {
    level: AtomicU8,
    changed: Notify,
}

impl Cancel {
    /// Not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The first call: no new steps, running ones end. The second: leave at once; the journal tells the truth.
    pub fn cancel(&self) {
        let more = |level: u8| Some(level.saturating_add(1).min(2));
        // The closure always gives a value, so this cannot fail.
        let _ = self.level.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        self.changed.notify_waiters();
    }

    /// Whether no new steps shall begin.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.level.load(Ordering::SeqCst) >= 1
    }

    /// Whether the run shall leave at once.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.level.load(Ordering::SeqCst) >= 2
    }

    /// Waits until it is cancelled.
    ///
    /// # Cancel safety
    /// It may be dropped at any await.
    pub async fn stopped(&self) {
        self.more_than(false).await;
    }

    /// Waits until it is cancelled more than `was_stopping` says.
    pub(super) async fn more_than(&self, was_stopping: bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, so that no call in between is missed.
            changed.as_mut().enable();
            if self.is_leaving() || (self.is_stopping() && !was_stopping) {
                return;
            }
            changed.await;
        }
    }
}
