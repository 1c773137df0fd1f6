//! Exit statuses: a contract with scripts.

use std::process::ExitCode;

use clap::error::ErrorKind;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done,
    /// It failed.
    Failed,
    /// The arguments or an input file are wrong.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 64,
        })
    }
}

/// Prints what clap has to say. Help and version are answers, everything else is wrong usage.
pub(crate) fn of_clap(refusal: &clap::Error) -> Exit {
    // A closed pipe (`oci-moodle --help | head -1`) is nothing to complain about.
    let _ = refusal.print();
    match refusal.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Usage,
    }
}
