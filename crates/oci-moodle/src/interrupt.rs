//! Ctrl-C: the first asks a run to stop, the second makes it leave.

use std::io;
use std::sync::Arc;

use reconcile::run::Cancel;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Listens for interrupts until it is dropped.
pub(crate) struct Interrupt {
    pub(crate) cancel: Arc<Cancel>,
    asked: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Interrupt {
    /// Begins to listen. Call it before anything is sent.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut signals = Signals::listen()?;
        let cancel = Arc::new(Cancel::new());
        let told = Arc::clone(&cancel);
        let (ask, asked) = watch::channel(false);
        let task = tokio::spawn(async move {
            while signals.next().await {
                told.cancel();
                ask.send_replace(true);
            }
        });
        Ok(Self { cancel, asked, task })
    }

    /// What `future` gives, unless an interrupt comes first. It is dropped then: use it for what only reads.
    pub(crate) async fn or<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut asked = self.asked.clone();
        tokio::select! {
            value = future => Some(value),
            _ = asked.wait_for(|asked| *asked) => None,
        }
    }

    /// Whether to stop.
    pub(crate) fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The signals that ask a program to end.
#[cfg(unix)]
struct Signals {
    interrupted: tokio::signal::unix::Signal,
    terminated: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupted: signal(SignalKind::interrupt())?,
            terminated: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one; false when none can come any more.
    async fn next(&mut self) -> bool {
        tokio::select! {
            heard = self.interrupted.recv() => heard.is_some(),
            heard = self.terminated.recv() => heard.is_some(),
        }
    }
}

/// The signals that ask a program to end.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "listening can fail elsewhere")]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
