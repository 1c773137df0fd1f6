//! Exit statuses, which are a contract with scripts, and failures that lead to them.

use std::error::Error;
use std::process::ExitCode;

use clap::error::ErrorKind;
use moodle_stack::codes::Code;
use moodle_stack::session::SessionError;
use oci_mock::serve::ServeError;
use reconcile::journal::{LedgerError, OpenError};
use reconcile::run::ApplyError;
use reconcile::store::StoreError;

use crate::cloud::CloudError;
use crate::view::diagnostics::Report;

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

/// Why a verb did not do what it should, and how the program ends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) what: What,
}

/// What is said about a failure.
#[derive(Debug)]
pub(crate) enum What {
    /// Something could not be done.
    Report(Box<Report>),
    /// A file is wrong, and this is everything that is: for people, and for programs.
    Findings(String, serde_json::Value),
}

impl Failure {
    fn new(exit: Exit, report: Report) -> Self {
        Self { exit, what: What::Report(Box::new(report)) }
    }

    /// An argument or an input file is wrong.
    pub(crate) fn usage(attempted: impl Into<String>) -> Self {
        Self::new(Exit::Usage, Report::new(attempted))
    }

    /// An argument or an input file is wrong, because of `error`.
    pub(crate) fn usage_because(attempted: impl Into<String>, error: &(dyn Error + 'static)) -> Self {
        Self::new(Exit::Usage, Report::of(attempted, error))
    }

    /// Something went wrong.
    pub(crate) fn failed(attempted: impl Into<String>) -> Self {
        Self::new(Exit::Failed, Report::new(attempted))
    }

    /// Something went wrong, because of `error`.
    pub(crate) fn because(attempted: impl Into<String>, error: &(dyn Error + 'static)) -> Self {
        Self::new(Exit::Failed, Report::of(attempted, error))
    }

    /// A file is wrong.
    pub(crate) fn findings(text: String, json: serde_json::Value) -> Self {
        Self { exit: Exit::Usage, what: What::Findings(text, json) }
    }

    /// Somebody interrupted it before anything was done.
    pub(crate) fn interrupted() -> Self {
        let report = Report::new("interrupted");
        Self::new(Exit::Interrupted, report.effect("nothing was changed"))
    }

    /// With a code, unless it has one.
    pub(crate) fn code(self, code: Code) -> Self {
        self.with(|report| report.or_code(code))
    }

    /// With what to do next.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.with(|report| report.hint(hint))
    }

    /// With one more cause.
    pub(crate) fn cause(self, cause: impl Into<String>) -> Self {
        self.with(|report| report.cause(cause))
    }

    fn with(mut self, change: impl FnOnce(Report) -> Report) -> Self {
        if let What::Report(report) = &mut self.what {
            **report = change(std::mem::take(&mut **report));
        }
        self
    }

    /// The same, which may work later.
    pub(crate) fn later(self) -> Self {
        self.ending(Exit::Later)
    }

    fn ending(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        let failure = Self::because("could not connect to the cloud", &error);
        match &error {
            CloudError::Endpoint(_) | CloudError::Environment(_) => failure.ending(Exit::Usage),
            CloudError::Credentials(_) => failure
                .ending(Exit::Usage)
                .hint("`--mock` needs no credentials; `oci setup config` writes some for a tenancy"),
            CloudError::Mock(ServeError::Data(oci_mock::StoreError::InUse { .. })) => failure
                .ending(Exit::Later)
                .hint("wait until the other run is over; one that was killed is in nobody's way"),
            CloudError::Mock(_) | CloudError::Folder(_) => {
                failure.hint("the mock's files lie in `.oci-moodle` beside the stack file")
            }
            CloudError::Unreachable { .. } => failure
                .hint("`oci-moodle mock serve` serves a mock; its first line is what `--endpoint` takes"),
            CloudError::Setup(_) | CloudError::Http(_) => failure,
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let failure = Self::because("could not begin", &error);
        match &error {
            SessionError::State(OpenError::Store(StoreError::Locked { .. } | StoreError::Busy { .. })) => {
                failure.ending(Exit::Later)
            }
            SessionError::State(OpenError::Store(_)) => failure,
            SessionError::State(OpenError::MissingKey { .. } | OpenError::OtherKey { .. } | OpenError::Key(_)) => {
                failure.ending(Exit::Usage)
            }
            SessionError::State(_) => failure.ending(Exit::Usage).hint(
                "nothing was changed; a backup lies beside the state, and `oci-moodle state recover` rebuilds it from the cloud",
            ),
            SessionError::OtherSite { own, .. } => failure.ending(Exit::Usage).hint(format!(
                "each site has a state of its own: in every run on this file say `--state {}`, or set OCI_MOODLE_STATE to it; \
                 or keep the file in a folder of its own",
                own.display()
            )),
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
        Self::because("could not write the state", &error)
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let failure = Self::because("could not carry out the plan", &error);
        match error {
            ApplyError::Stale | ApplyError::ConfigurationChanged(_) => failure.ending(Exit::Usage),
            _ => failure,
        }
    }
}
