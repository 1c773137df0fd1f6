//! `oci-moodle`: the thin program. It reads arguments, calls libraries, renders, and picks an exit status.

mod arguments;
mod change;
mod cloud;
mod consent;
mod exit;
mod interrupt;
mod look;
mod mock_serve;
mod report;
mod stack_file;
mod state;
mod texts;
mod view;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Mock, Verb};
use exit::{Exit, Failure};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => return exit::of_clap(&refusal).into(),
    };
    report::start_log(arguments.global.log, arguments.global.color);
    let (color, json) = (arguments.global.color, arguments.verb.speaks_json());
    let ended = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::because("could not start", &error))
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match ended {
        Ok(exit) => exit,
        Err(failure) => {
            report::failure(&failure, color, json);
            failure.exit
        }
    }
    .into()
}

async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { global, verb } = arguments;
    match verb {
        Verb::Init(answers) => texts::init(&global, answers),
        Verb::Validate(json) => texts::validate(&global, json),
        Verb::Preflight(json) => look::preflight(&global, json).await,
        Verb::Plan(plan) => change::plan(&global, &plan).await,
        Verb::Apply(apply) => change::apply(&global, &apply).await,
        Verb::Destroy(destroy) => change::destroy(&global, &destroy).await,
        Verb::Status(json) => look::status(&global, json).await,
        Verb::Verify(json) => look::verify(&global, json).await,
        Verb::Drift(json) => change::drift(&global, json).await,
        Verb::Import { address, id } => state::import(&global, &address, &id).await,
        Verb::State(verb) => state::run(&global, verb).await,
        Verb::Output { name, json } => state::output(&global, name.as_deref(), json).await,
        Verb::Graph { format } => texts::graph(&global, format),
        Verb::Schema { resource_type } => texts::schema(resource_type.as_deref()),
        Verb::Mock(Mock::Serve(options)) => mock_serve::run(&options.options(&global)).await,
        Verb::Completions { shell } => {
            let mut command = Arguments::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "oci-moodle", &mut script);
            report::answer(String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
    }
}
