//! `oci-moodle mock serve`.

use oci_mock::serve::{ServeError, ServeOptions, serve};

use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::report::answer;

/// Serves until the process is told to stop (SIGINT or SIGTERM), which is its ordinary end.
pub(crate) async fn run(options: &ServeOptions) -> Result<Exit, Failure> {
    // Listened for before the URL is printed: whoever has read it may stop us at once.
    let stop =
        Interrupt::listen().map_err(|error| Failure::because("could not listen for signals", &error))?;
    let server = serve(options).await.map_err(|error| {
        let failure = if is_bad_input(&error) { Failure::usage_because } else { Failure::because };
        failure("could not start the mock", &error)
    })?;
    // A contract: the base URL is the first line of stdout.
    answer(server.base_url())?;
    // It ends by the interrupt only.
    stop.or(std::future::pending::<()>()).await;
    server.stop().await;
    Ok(Exit::Done)
}

/// Whether a file that the user named is at fault.
fn is_bad_input(error: &ServeError) -> bool {
    matches!(error, ServeError::ReadFaults { .. } | ServeError::Faults { .. } | ServeError::Key(_))
}
