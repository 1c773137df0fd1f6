//! Asking calls that are under way to send nothing more.

use std::sync::Arc;

use tokio::sync::watch;

/// A request to stop, shared by whoever asks and by the calls that heed it ([`CallOptions::stop`]). All clones are one.
///
/// A call that heeds it lets an attempt that has left come to its end, and makes no further one: not the first, while it waits for
/// its turn or its credentials, and no repetition of one that failed.
///
/// [`CallOptions::stop`]: crate::client::CallOptions::stop
#[derive(Clone, Debug)]
pub struct Stop {
    asked: Arc<watch::Sender<bool>>,
}

impl Stop {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self { asked: Arc::new(watch::Sender::new(false)) }
    }

    /// Asks to stop, or with `false` takes that back: calls that begin from now on go on as ever.
    pub fn set(&self, is_asked: bool) {
        self.asked.send_replace(is_asked);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Waits until somebody asks.
    ///
    /// # Cancel safety
    /// It may be dropped at any await.
    pub async fn asked(&self) {
        let mut asked = self.asked.subscribe();
        // It fails only when the sender is gone, and we hold it.
        let _ = asked.wait_for(|is_asked| *is_asked).await;
    }

    /// What `future` gives, unless somebody asks first. It is dropped then.
    ///
    /// # Cancel safety
    /// As that of `future`.
    pub async fn or<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.asked() => None,
            value = future => Some(value),
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
