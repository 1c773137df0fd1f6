//! Exit statuses, which are a contract with scripts, and failures that lead to them.

use std::error::Error;
use std::process::ExitCode;

use clap::error::ErrorKind;
use moodle_stack::session::SessionError;
use reconcile::journal::{LedgerError, OpenError};
use reconcile::run::ApplyError;
use reconcile::store::StoreError;

use crate::cloud::CloudError;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done,
    /// It failed.
    Failed,
    /// There are changes, and the caller asked to be told.
    Changes,
    /// The arguments or an input file are wrong.
    Usage,
    /// Not possible now; trying again later may help.
    Later,
    /// Interrupted. The state is saved, and the next run goes on.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Changes => 2,
            Self::Usage => 64,
            Self::Later => 75,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
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

/// Why a verb did not do what it should, in words, and how the program ends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What was attempted.
    pub(crate) message: String,
    /// From near to far.
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
    /// Whether `message` is a whole text that needs no frame.
    pub(crate) is_rendered: bool,
}

impl Failure {
    fn new(exit: Exit, message: String) -> Self {
        Self { exit, message, causes: Vec::new(), hint: None, is_rendered: false }
    }

    /// An argument or an input file is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message.into())
    }

    /// Something went wrong.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message.into())
    }

    /// A text that was made elsewhere.
    pub(crate) fn rendered(exit: Exit, text: String) -> Self {
        Self { is_rendered: true, ..Self::new(exit, text) }
    }

    /// With an error behind it, and all that are behind that.
    pub(crate) fn because(mut self, error: &dyn Error) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.causes.push(error.to_string());
            cause = error.source();
        }
        self
    }

    /// With what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn ending(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        let failure = Self::failed("could not connect to the cloud").because(&error);
        match &error {
            CloudError::Endpoint(_) | CloudError::Environment(_) => failure.ending(Exit::Usage),
            CloudError::Credentials(_) => failure
                .ending(Exit::Usage)
                .hint("`--mock` needs no credentials; `oci setup config` writes some for a tenancy"),
            CloudError::Mock(_) | CloudError::Folder(_) => {
                failure.hint("the mock's files lie in `.oci-moodle` beside the stack file")
            }
            CloudError::Setup(_) | CloudError::Http(_) => failure,
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let failure = Self::failed("could not begin").because(&error);
        match &error {
            SessionError::State(OpenError::Store(StoreError::Locked { .. } | StoreError::Busy { .. })) => failure
                .ending(Exit::Later)
                .hint("wait for the other run; the lock of one that was killed is free at once, or after two minutes on another machine"),
            SessionError::State(OpenError::Store(_)) => failure,
            SessionError::State(_) => failure.ending(Exit::Usage).hint(
                "nothing was changed; a backup lies beside the state, and `oci-moodle state recover` rebuilds it from the cloud",
            ),
            SessionError::OtherSite { .. } => {
                failure.ending(Exit::Usage).hint("`--state PATH` names another state; `-c FILE` another stack file")
            }
            SessionError::Secret { .. } | SessionError::WeakPassword { .. } => {
                failure.ending(Exit::Usage).hint("see `[secrets]` in the stack file")
            }
            SessionError::Stack(_) | SessionError::Credentials(_) => failure.ending(Exit::Usage),
            _ => failure,
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::failed("the state could not be written")
            .because(&error)
            .hint("run it again: what was sent is on disk")
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let failure = Self::failed("the plan was not carried out").because(&error);
        match error {
            ApplyError::Stale | ApplyError::ConfigurationChanged(_) => {
                failure.ending(Exit::Usage).hint("make a new plan")
            }
            _ => failure,
        }
    }
}
