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
    match serve(options).await {
        Ok(server) => {
            println!("{}", server.base_url());
            told_to_stop().await;
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

async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
