//! What is known about errors of the libraries: their codes, what they say about the effect, and advice. By their types, never
//! by their words.

use std::error::Error;

use moodle_stack::codes::Code;
use moodle_stack::session::SessionError;
use moodle_stack::stack::{FactsError, StackError};
use oci_client::classify::Effect;
use oci_client::error::{Error as ClientError, Hint};
use reconcile::journal::{FormatError, LedgerError, OpenError};
use reconcile::plan::{LoadError, Stale};
use reconcile::run::ApplyError;
use reconcile::secret::KeyError;
use reconcile::state::commands::CommandError;
use reconcile::store::StoreError;

use super::Report;

/// Adds to `report` what is known about `error`, without the errors beneath it.
pub(super) fn add(report: &mut Report, error: &(dyn Error + 'static)) {
    if let Some(error) = error.downcast_ref::<ClientError>() {
        return add_client(report, error);
    }
    // A transparent layer is never seen by itself, but for its type.
    if let Some(SessionError::State(inner)) = error.downcast_ref() {
        return add(report, inner);
    }
    if let Some(OpenError::Store(inner)) = error.downcast_ref() {
        return add(report, inner);
    }
    if let Some(OpenError::Key(inner)) = error.downcast_ref() {
        return add(report, inner);
    }
    let Some((code, hint)) = engine(error).or_else(|| stack(error)) else { return };
    // The nearer to the cause, the more is known.
    report.code = Some(code);
    report.hints.extend(hint.map(str::to_owned));
}

fn add_client(report: &mut Report, error: &ClientError) {
    report.code = Some(match error {
        ClientError::Credentials { .. } | ClientError::Sign { .. } | ClientError::NotPermitted(_) => {
            Code::Refused
        }
        ClientError::NoCapacity(_) => Code::NoCapacity,
        ClientError::LimitReached(_) => Code::LimitReached,
        _ => Code::ServiceFailed,
    });
    let effect = match error.effect() {
        Effect::None => "nothing was changed by this request",
        Effect::Unknown => "it is not known whether this request was carried out",
    };
    report.effect.get_or_insert_with(|| effect.to_owned());
    report.request = report.request.take().or_else(|| error.request_id().map(str::to_owned));
    report.hints.extend(error.hint());
}

type Known = (Code, Option<&'static str>);

fn engine(error: &(dyn Error + 'static)) -> Option<Known> {
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return Some(match error {
            StoreError::Locked { .. } | StoreError::LockLost { .. } | StoreError::Busy { .. } => (
                Code::StateLocked,
                Some("wait until the other run is over; a lock whose holder has died frees itself"),
            ),
            _ => (Code::StateUnusable, None),
        });
    }
    if let Some(error) = error.downcast_ref::<OpenError>() {
        return Some(match error {
            OpenError::MissingKey { .. } | OpenError::OtherKey { .. } => (
                Code::StateUnusable,
                Some("bring the key back from where the state was made, or from a backup"),
            ),
            _ => (Code::StateUnusable, None),
        });
    }
    if let Some(error) = error.downcast_ref::<FormatError>() {
        return Some(match error {
            FormatError::Newer { .. } => {
                (Code::StateUnusable, Some("install the newer version of this program"))
            }
            _ => (Code::StateUnusable, Some("the file was left as it is; bring back a copy that is whole")),
        });
    }
    if error.is::<KeyError>() || error.is::<CommandError>() {
        return Some((Code::StateUnusable, None));
    }
    if let Some(error) = error.downcast_ref::<ApplyError>() {
        return Some(match error {
            ApplyError::Problems { .. } => (Code::PlanRefused, None),
            ApplyError::Stale | ApplyError::ConfigurationChanged(_) => {
                (Code::PlanStale, Some("make a new plan"))
            }
            _ => (Code::JournalUnwritable, None),
        });
    }
    if let Some(error) = error.downcast_ref::<LedgerError>() {
        return Some(match error {
            LedgerError::LockLost(_) => (Code::StateLocked, Some("run again: what was sent is on record")),
            _ => (
                Code::JournalUnwritable,
                Some("see that there is room on the disk and run again: what was sent is on record"),
            ),
        });
    }
    if error.is::<Stale>() {
        return Some((Code::PlanStale, Some("make a new plan")));
    }
    error.is::<LoadError>().then_some((Code::PlanRefused, Some("make a new plan")))
}

fn stack(error: &(dyn Error + 'static)) -> Option<Known> {
    if error.is::<FactsError>() {
        return Some((Code::FactsMissing, None));
    }
    let hint = match error.downcast_ref::<StackError>()? {
        StackError::NoImage { .. } => Some("name one with `servers.image_id`"),
        StackError::NoTenancy => Some(
            "use credentials that name it, or set `cloud.identity = \"none\"` and have an administrator make the groups",
        ),
        StackError::Graph(_) => Some("this is a defect of the program: please report it with the file"),
        _ => None,
    };
    Some((Code::StackImpossible, hint))
}
