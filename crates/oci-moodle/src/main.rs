//! `oci-moodle`: the thin program. It reads arguments, calls libraries, renders, and picks an exit status.

mod arguments;
mod exit;
mod mock_serve;
mod report;
#[expect(dead_code, unused_imports, reason = "the verbs that show these things are being written")]
mod view;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Mock, Verb};
use exit::Exit;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(refusal) => return exit::of_clap(&refusal).into(),
    };
    report::start_log(arguments.log);
    match arguments.verb {
        Verb::Mock(Mock::Serve(options)) => mock_serve::run(&options.into()),
        Verb::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "oci-moodle", &mut std::io::stdout());
            Exit::Done
        }
    }
    .into()
}
