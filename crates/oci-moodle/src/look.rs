//! The verbs that only look at the cloud: `preflight`.

use moodle_stack::preflight::{self, Level, Subject};
use reconcile::journal::peek;
use reconcile::store::FileStore;

use crate::arguments::{Global, Json};
use crate::cloud::Cloud;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::report::say;
use crate::stack_file;

/// `oci-moodle preflight`.
#[expect(clippy::print_stdout, reason = "the answer is what was asked for")]
pub(crate) async fn preflight(global: &Global, json: Json) -> Result<Exit, Failure> {
    let interrupt =
        Interrupt::listen().map_err(|error| Failure::because("could not listen for signals", &error))?;
    let file = stack_file::read(global, &world::RealWorld::new())?;
    say(&file.warnings);
    let cloud =
        Cloud::connect(global, &stack_file::work_folder(global), file.config.cloud.region.as_deref()).await?;
    // What the state has is neither in the way nor still to be had.
    let existing = match peek(&FileStore::new(stack_file::state_path(global))).await {
        Ok(Some(peeked)) => peeked
            .state
            .entries()
            .filter_map(|(_, entry)| entry.identifier.as_ref().map(ToString::to_string))
            .collect(),
        Ok(None) | Err(_) => Vec::new(),
    };
    let subject = Subject::new(&file.config).with_existing(existing);
    let report = interrupt.or(preflight::run_for(&cloud.client, &subject)).await;
    cloud.close().await;
    let Some(report) = report else { return Ok(Exit::Interrupted) };
    if json.json {
        println!("{:#}", report.to_json());
    } else {
        print!("{}", report.to_table(Level::Unknown));
    }
    Ok(if report.has_faults() { Exit::Failed } else { Exit::Done })
}
