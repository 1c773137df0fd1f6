//! Waiting for what takes its time: for a lifecycle state, for an object to be gone, for a work request.
//!
//! What to wait for is data ([`Wait`]); how to follow it is a pure machine ([`Watch`]); here is the loop that looks,
//! sleeps and looks again. It only reads, so every wait may be dropped at any await and begun again.

mod lifecycle;
mod work_request;

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;

use crate::client::{CallOptions, Client};
use crate::error::{Error, Hint};
use crate::model::OpenEnum;
use crate::operation::{Operation, Paged};
use crate::page::PageLimits;
use crate::response::Response;

pub use lifecycle::{Gone, Seen, Step, Stop, Wait, Watch, poll_pause};
pub use work_request::{
    GetWorkRequest, ListWorkRequestErrors, ListWorkRequestLogs, WorkRequest, WorkRequestError,
    WorkRequestLogEntry, WorkRequestResource, WorkRequestService, WorkRequestStatus,
};

/// What a wait came to without what was waited for.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// Looking failed for good.
    Look(Error),
    /// It entered a state that means failure.
    Failed {
        /// What was looked at.
        target: String,
        /// The state.
        state: String,
    },
    /// It is in a state that is neither on the way nor at its end: somebody else is at work.
    Unexpected {
        /// What was looked at.
        target: String,
        /// The state.
        state: String,
    },
    /// It is gone, or hidden from us.
    Gone {
        /// What was looked at.
        target: String,
        /// The last answer.
        source: Option<Error>,
    },
    /// The time is up. It may still become what was waited for.
    TimedOut {
        /// What was looked at.
        target: String,
        /// The last state seen, if any.
        state: Option<String>,
        /// How long we waited.
        after: Duration,
        /// Why the last look failed, if it did.
        source: Option<Error>,
    },
    /// A work request failed or was cancelled.
    WorkRequest(Box<WorkRequestFailed>),
}

/// A work request that failed, with what the service says about it.
#[derive(Debug)]
pub struct WorkRequestFailed {
    /// Whose it is.
    pub service: WorkRequestService,
    /// The work request as it was last seen.
    pub work_request: WorkRequest,
    /// What went wrong, in the service's words.
    pub errors: Vec<WorkRequestError>,
    /// What it did, in the service's words: the last entries, oldest first.
    pub logs: Vec<WorkRequestLogEntry>,
    /// The first of the errors, as the cause.
    cause: Option<ServiceWords>,
}

/// An error of a work request, as a cause.
#[derive(Debug, thiserror::Error)]
#[error("{code}: \"{message}\"")]
struct ServiceWords {
    code: String,
    message: String,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Look(_) => f.write_str("waiting ended because looking failed"),
            Self::Failed { target, state } => write!(f, "`{target}` is {state}"),
            Self::Unexpected { target, state } => {
                write!(f, "`{target}` is {state}, which is not on the way to what was waited for")
            }
            Self::Gone { target, .. } => write!(f, "`{target}` is gone or hidden, and was waited for"),
            Self::TimedOut { target, state, after, .. } => {
                let state = state.as_deref().unwrap_or("in no state that we saw");
                write!(f, "`{target}` is still {state} after {} s", after.as_secs())
            }
            Self::WorkRequest(failed) => {
                let request = &failed.work_request;
                let percent = request.percent_complete;
                write!(
                    f,
                    "the work request `{}` is {} at {percent} %",
                    request.operation_type, request.status
                )
            }
        }
    }
}

impl StdError for WaitError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Look(error) => Some(error),
            Self::Gone { source, .. } | Self::TimedOut { source, .. } => {
                source.as_ref().map(|error| -> &(dyn StdError + 'static) { error })
            }
            Self::WorkRequest(failed) => {
                failed.cause.as_ref().map(|cause| -> &(dyn StdError + 'static) { cause })
            }
            Self::Failed { .. } | Self::Unexpected { .. } => None,
        }
    }
}

impl Hint for WaitError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Look(error) => error.hint(),
            Self::TimedOut { .. } => {
                Some("it may still come to its end: look again, or wait longer".to_owned())
            }
            Self::Unexpected { .. } => Some("see who else works on it".to_owned()),
            Self::Failed { .. } | Self::Gone { .. } | Self::WorkRequest(_) => None,
        }
    }
}

/// What a wait ended with.
enum Ended<T> {
    Object(Response<T>),
    Gone,
}

/// How many errors and log entries of a failed work request are kept.
const WORDS_MAX: usize = 100;

impl Client {
    /// Reads an object with `read` until its state, as `state` finds it, is what `wait` waits for, and returns the
    /// object as it was then.
    ///
    /// # Errors
    /// [`WaitError`]: the object failed, went elsewhere, is gone, or the limit is reached.
    ///
    /// # Cancel safety
    /// It only reads, so it may be dropped at any await.
    pub async fn wait_for_state<O, S>(
        &self,
        read: &O,
        state: impl Fn(&O::Output) -> Option<&S>,
        wait: &Wait<'_, S>,
    ) -> Result<Response<O::Output>, WaitError>
    where
        O: Operation,
        S: OpenEnum + Clone,
    {
        let wait = Wait { gone: Gone::IsFailure, ..*wait };
        match self.watch(read, state, &wait).await? {
            Ended::Object(response) => Ok(response),
            Ended::Gone => unreachable!("being gone is a failure in this wait"),
        }
    }

    /// Reads an object until it is gone (404), or in one of the states of `wait.until`, such as `TERMINATED`.
    ///
    /// # Errors
    /// As [`Client::wait_for_state`], except that being gone is no failure.
    ///
    /// # Cancel safety
    /// It only reads, so it may be dropped at any await.
    pub async fn wait_until_gone<O, S>(
        &self,
        read: &O,
        state: impl Fn(&O::Output) -> Option<&S>,
        wait: &Wait<'_, S>,
    ) -> Result<(), WaitError>
    where
        O: Operation,
        S: OpenEnum + Clone,
    {
        let wait = Wait { gone: Gone::IsSuccess, ..*wait };
        self.watch(read, state, &wait).await.map(drop)
    }

    /// Waits for the end of a work request: polling is quickest around `expect`, and ends after `limit`.
    ///
    /// A MySQL DB system may still read `CREATING` for a moment after its work request succeeded (seen in public
    /// logs): wait for its state as well.
    ///
    /// # Errors
    /// [`WaitError::WorkRequest`], with the service's errors and log, if it failed or was cancelled; else as
    /// [`Client::wait_for_state`].
    ///
    /// # Cancel safety
    /// It only reads, so it may be dropped at any await.
    pub async fn wait_for_work_request(
        &self,
        service: WorkRequestService,
        work_request_id: &str,
        expect: Duration,
        limit: Duration,
    ) -> Result<WorkRequest, WaitError> {
        let read = GetWorkRequest { service, work_request_id: work_request_id.to_owned() };
        let wait = Wait { expect, limit, ..work_request::ENDED };
        let ended = self.wait_for_state(&read, |request| Some(&request.status), &wait).await?.value;
        if matches!(ended.status, WorkRequestStatus::Failed | WorkRequestStatus::Canceled) {
            return Err(WaitError::WorkRequest(Box::new(self.explain(service, ended).await)));
        }
        Ok(ended)
    }

    /// Collects what a service says about a failed work request. Whatever cannot be had is left out: the failure
    /// itself must not be hidden by a failure to explain it.
    async fn explain(&self, service: WorkRequestService, work_request: WorkRequest) -> WorkRequestFailed {
        let mut errors = work_request.errors.clone();
        if let Some(list) = ListWorkRequestErrors::of(service, &work_request) {
            errors.extend(self.words(list).await);
        }
        let mut logs = work_request.logs.clone();
        if let Some(list) = ListWorkRequestLogs::of(service, &work_request) {
            logs.extend(self.words(list).await);
        }
        // The services sort in different orders. Stamps without a time go first.
        logs.sort_by(|a, b| a.timestamp.cmp(&b.timestamp));
        let cause = errors
            .first()
            .map(|error| ServiceWords { code: error.code.clone(), message: error.message.clone() });
        WorkRequestFailed { service, work_request, errors, logs, cause }
    }

    async fn words<O: Paged + 'static>(&self, list: O) -> Vec<O::Item> {
        let mut pages = self.pages(list, PageLimits { pages_max: 10, items_max: WORDS_MAX as u64 });
        let mut words = Vec::new();
        while let Some(page) = std::future::poll_fn(|context| Pin::new(&mut pages).poll_next(context)).await {
            match page {
                Ok(page) => words.extend(page.value),
                Err(error) => {
                    tracing::debug!(%error, "the words of a failed work request are incomplete");
                    break;
                }
            }
        }
        words
    }

    /// The loop: look, ask the machine, sleep.
    async fn watch<O, S>(
        &self,
        read: &O,
        state: impl Fn(&O::Output) -> Option<&S>,
        wait: &Wait<'_, S>,
    ) -> Result<Ended<O::Output>, WaitError>
    where
        O: Operation,
        S: OpenEnum + Clone,
    {
        let world = self.world();
        let started = world.monotonic();
        let mut watch = Watch::new(wait, started);
        loop {
            let patience = watch.deadline().saturating_sub(world.monotonic());
            // A look that hangs must not outlast the wait; at the limit itself there is still time for one.
            let patience = patience.max(LAST_LOOK).min(self.inner.timeouts.operation_timeout);
            let options = CallOptions { operation_timeout: Some(patience), ..CallOptions::default() };
            let (seen, answer) = match self.call_with(read, &options).await {
                Ok(response) => {
                    (state(&response.value).cloned().map_or(Seen::Trouble, Seen::State), Ok(response))
                }
                Err(error @ Error::MissingOrHidden(_)) => (Seen::Gone, Err(error)),
                Err(error @ (Error::TryLater(_) | Error::NeverSent { .. } | Error::Uncertain(_))) => {
                    (Seen::Trouble, Err(error))
                }
                Err(error) => return Err(WaitError::Look(error)),
            };
            let asked = answer.as_ref().ok().and_then(Response::retry_after);
            match watch.look(world.monotonic(), seen, world.random_u64(), asked) {
                Step::Again(pause) => world.sleep(pause).await,
                Step::Reached(_) => {
                    return Ok(answer.map_or(Ended::Gone, Ended::Object));
                }
                Step::Stop(stop) => {
                    let after = world.monotonic().saturating_sub(started);
                    return Err(stopped(stop, target_of(read), after, answer.err()));
                }
            }
        }
    }
}

/// The path that `read` looks at.
fn target_of<O: Operation>(read: &O) -> String {
    let target = read.request("").map(|request| request.target).unwrap_or_default();
    target.split('?').next().unwrap_or_default().to_owned()
}

/// What the last look may take, even if the limit is reached.
const LAST_LOOK: Duration = Duration::from_secs(10);

fn stopped<S: OpenEnum>(stop: Stop<S>, target: String, after: Duration, source: Option<Error>) -> WaitError {
    match stop {
        Stop::Failed(state) => WaitError::Failed { target, state: state.as_str().to_owned() },
        Stop::Unexpected(state) => WaitError::Unexpected { target, state: state.as_str().to_owned() },
        Stop::Gone => WaitError::Gone { target, source },
        Stop::TimedOut(state) => {
            WaitError::TimedOut { target, state: state.map(|state| state.as_str().to_owned()), after, source }
        }
    }
}

#[cfg(test)]
mod tests;
