//! The boundaries of a run: every operation of the disk and every call of the provider, counted together, and the
//! one at which the program stops.

use std::path::Path;
use std::sync::{Arc, Mutex};

use reconcile::disk::{Gate, Verdict};
use tokio::sync::Notify;

/// Counts boundaries and stops the program at one of them. One value is one run of the program.
#[derive(Debug)]
pub(crate) struct Boundaries {
    state: Mutex<Count>,
    crash: Notify,
}

#[derive(Debug)]
struct Count {
    crossed: u64,
    crash_at: Option<u64>,
    crashed_in: Option<String>,
    trace: Option<Vec<String>>,
}

impl Boundaries {
    pub(crate) fn new(crash_at: Option<u64>, traced: bool) -> Arc<Self> {
        let trace = traced.then(Vec::new);
        let state = Mutex::new(Count { crossed: 0, crash_at, crashed_in: None, trace });
        Arc::new(Self { state, crash: Notify::new() })
    }

    /// Counts one boundary; `true` when the program stops here.
    fn cross(&self, what: impl FnOnce() -> String) -> bool {
        let mut count = self.state.lock().unwrap();
        if count.crashed_in.is_some() {
            return true;
        }
        count.crossed += 1;
        let stops = count.crash_at == Some(count.crossed);
        if stops || count.trace.is_some() {
            let text = format!("{:>4} {}", count.crossed, what());
            if let Some(trace) = &mut count.trace {
                trace.push(text.clone());
            }
            if stops {
                count.crashed_in = Some(text);
                self.crash.notify_one();
            }
        }
        stops
    }

    /// A boundary of the provider. A program that stops here never hears of anything again.
    pub(crate) async fn provider(&self, what: impl FnOnce() -> String) {
        if self.cross(what) {
            std::future::pending::<()>().await;
        }
    }

    /// Ends when the program stops.
    pub(crate) async fn crashed(&self) {
        self.crash.notified().await;
    }

    /// Adds a line to the trace that is no boundary.
    pub(crate) fn note(&self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.state.lock().unwrap().trace {
            trace.push(format!("     {}", text()));
        }
    }

    pub(crate) fn crossed(&self) -> u64 {
        self.state.lock().unwrap().crossed
    }

    pub(crate) fn crashed_in(&self) -> Option<String> {
        self.state.lock().unwrap().crashed_in.clone()
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        self.state.lock().unwrap().trace.clone().unwrap_or_default()
    }
}

/// The disk's side of the boundaries.
#[derive(Debug)]
pub(crate) struct DiskBoundaries(pub(crate) Arc<Boundaries>);

impl Gate for DiskBoundaries {
    fn before(&self, operation: &'static str, path: &Path) -> Verdict {
        // Looking changes nothing, so stopping before or after it is the same.
        if matches!(operation, "read" | "length" | "list" | "open" | "create_folder") {
            return if self.0.crashed_in().is_some() { Verdict::Crash } else { Verdict::Pass };
        }
        let stops = self.0.cross(|| format!("disk {operation} {}", path.display()));
        if stops { Verdict::Crash } else { Verdict::Pass }
    }
}
