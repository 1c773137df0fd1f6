//! `oci-moodle mock serve`.

use oci_mock::serve::{ServeError, ServeOptions, serve};

use crate::exit::Exit;
use crate::report;

/// Serves until the process is told to stop (SIGINT or SIGTERM), which is its ordinary end.
pub(crate) fn run(options: &ServeOptions) -> Exit {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            report::error("could not start the mock", &error);
            return Exit::Failed;
        }
    };
    runtime.block_on(run_until_told(options))
}

#[expect(clippy::print_stdout, reason = "the base URL on the first line of stdout is a contract")]
async fn run_until_told(options: &ServeOptions) -> Exit {
    // Listened for before the URL is printed: whoever has read it may stop us at once.
    let stop = match Stop::listen() {
        Ok(stop) => stop,
        Err(error) => {
            report::error("could not listen for signals", &error);
            return Exit::Failed;
        }
    };
    match serve(options).await {
        Ok(server) => {
            println!("{}", server.base_url());
            stop.told().await;
            server.stop().await;
            Exit::Done
        }
        Err(error) => {
            report::error("could not start the mock", &error);
            if is_bad_input(&error) { Exit::Usage } else { Exit::Failed }
        }
    }
}

/// Whether a file that the user named is at fault.
fn is_bad_input(error: &ServeError) -> bool {
    matches!(error, ServeError::ReadFaults { .. } | ServeError::Faults { .. } | ServeError::Key(_))
}

/// The signals that end a server.
#[cfg(unix)]
struct Stop {
    interrupted: tokio::signal::unix::Signal,
    terminated: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupted: signal(SignalKind::interrupt())?,
            terminated: signal(SignalKind::terminate())?,
        })
    }

    async fn told(mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}

/// The signals that end a server.
#[cfg(not(unix))]
struct Stop;

#[cfg(not(unix))]
impl Stop {
    #[expect(clippy::unnecessary_wraps, reason = "listening can fail elsewhere")]
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn told(self) {
        // Without a handler there is nothing that could be waited for; the system then ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
