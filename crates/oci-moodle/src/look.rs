//! The verbs that only look at the cloud: `preflight`, `status`, `verify`.

use moodle_stack::preflight::{self, Level, Subject};
use moodle_stack::session::belongs_to;
use moodle_stack::site::{Inspection, inspect};
use moodle_stack::verify;
use reconcile::journal::peek;
use reconcile::state::State;
use reconcile::store::FileStore;
use reconcile::value::Value;

use crate::arguments::{Global, Json};
use crate::cloud::Cloud;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::report::{answer, say};
use crate::stack_file::{self, StackFile};
use crate::{change, state};

/// `oci-moodle preflight`.
pub(crate) async fn preflight(global: &Global, json: Json) -> Result<Exit, Failure> {
    let interrupt =
        Interrupt::listen().map_err(|error| Failure::because("could not listen for signals", &error))?;
    let file = stack_file::read(global, &world::RealWorld::new())?;
    say(&file.warnings);
    let cloud = connect(global, &file, &interrupt).await?;
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
        answer(format_args!("{:#}", report.to_json()))?;
    } else {
        answer(report.to_table(Level::Unknown))?;
    }
    Ok(if report.has_faults() { Exit::Failed } else { Exit::Done })
}

/// `oci-moodle status`. No lock is taken: it can be looked at while an apply runs.
pub(crate) async fn status(global: &Global, json: Json) -> Result<Exit, Failure> {
    let site = Looking::begin(global).await?;
    let seen = site.interrupt.or(site.inspect()).await;
    site.cloud.close().await;
    let Some(seen) = seen else { return Ok(Exit::Interrupted) };
    if json.json {
        answer(format_args!("{:#}", seen.to_json()))?;
    } else {
        answer(seen.to_text())?;
    }
    Ok(if seen.is_well() { Exit::Done } else { Exit::Failed })
}

/// `oci-moodle verify`. For the plan, the state is locked for a moment; where another run has it, the plan is what is not known.
pub(crate) async fn verify(global: &Global, json: Json) -> Result<Exit, Failure> {
    let site = Looking::begin(global).await?;
    let report = site.interrupt.or(site.verify(global)).await;
    site.cloud.close().await;
    let Some(report) = report else { return Ok(Exit::Interrupted) };
    if json.json {
        answer(format_args!("{:#}", report.to_json()))?;
    } else {
        answer(report.to_table(Level::Ok))?;
    }
    let unwell = report.findings().iter().any(|finding| finding.code.is_some());
    Ok(if unwell || !report.skipped().is_empty() { Exit::Failed } else { Exit::Done })
}

/// Connects, unless somebody interrupts that: to find out who is calling may take a while.
async fn connect(global: &Global, file: &StackFile, interrupt: &Interrupt) -> Result<Cloud, Failure> {
    let (folder, region) = (stack_file::work_folder(global), file.config.cloud.region.as_deref());
    let connected = interrupt.or(Cloud::connect(global, &folder, region)).await;
    Ok(connected.ok_or_else(Failure::interrupted)??)
}

/// A look at a site that has a state.
struct Looking {
    file: StackFile,
    state: State,
    cloud: Cloud,
    interrupt: Interrupt,
}

impl Looking {
    async fn begin(global: &Global) -> Result<Self, Failure> {
        let interrupt =
            Interrupt::listen().map_err(|error| Failure::because("could not listen for signals", &error))?;
        let file = stack_file::read(global, &world::RealWorld::new())?;
        say(&file.warnings);
        let path = stack_file::state_path(global);
        let state = state::look(global).await?.state;
        belongs_to(&state, &file.config, &path)?;
        let cloud = connect(global, &file, &interrupt).await?;
        Ok(Self { file, state, cloud, interrupt })
    }

    /// The load balancer that visitors meet; without one, they get no answer.
    fn load_balancer_id(&self) -> &str {
        self.state.outputs().get("load_balancer_id").and_then(Value::as_str).unwrap_or_default()
    }

    async fn inspect(&self) -> Inspection {
        let visitor = self.cloud.visitor(self.load_balancer_id());
        inspect(&self.cloud.client, &*self.cloud.time, &visitor, &self.file.config, &self.state).await
    }

    async fn verify(&self, global: &Global) -> moodle_stack::report::Report {
        let seen = self.inspect().await;
        let changes = change::changes(global, &self.cloud, &self.file).await;
        let visitor = self.cloud.visitor(self.load_balancer_id());
        verify::run_whole(&self.file.config, &seen, &changes, &visitor).await
    }
}
