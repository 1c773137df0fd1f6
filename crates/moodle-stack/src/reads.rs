//! Reads, and nothing but reads: a client that may not do more, with a bound on how many go on at a time.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use oci_client::client::{CallOptions, Client};
use oci_client::decide::Policy;
use oci_client::error::Error;
use oci_client::operation::{Operation, OperationSpec, Paged};
use oci_client::page::PageLimits;
use oci_client::response::Response;
use tokio::sync::Semaphore;
use world::BoxFuture;

use crate::codes::Code;
use crate::report::{Check, Finding, Level};

/// Requests under way at a time. Oracle documents no limit; ten are fine in practice, as Terraform's users report.
const IN_FLIGHT_MAX: usize = 8;

/// Attempts for each read: enough for a throttled one, too few to wait minutes for a service that is down.
const ATTEMPTS_MAX: u32 = 4;

/// The time that one read may take in all. A report that takes longer than a coffee is not read.
const READ_TIMEOUT: Duration = Duration::from_secs(90);

/// How much of a list is followed. Nothing that is looked at here has more than a few hundred entries.
const LIST_LIMITS: PageLimits = PageLimits { pages_max: 100, items_max: 50_000 };

/// A client that only reads.
pub(crate) struct Reads {
    client: Client,
    turns: Semaphore,
}

/// What a read gave.
pub(crate) type Read<T> = Result<T, Error>;

impl Reads {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, turns: Semaphore::new(IN_FLIGHT_MAX) }
    }

    fn options() -> CallOptions {
        CallOptions {
            operation_timeout: Some(READ_TIMEOUT),
            policy: Some(Policy { attempts_max: ATTEMPTS_MAX, ..Policy::default() }),
            // Reading twice is reading once; of the one that is a POST, the client cannot know.
            is_harmless_to_repeat: true,
            ..CallOptions::default()
        }
    }

    /// Reads one thing.
    pub(crate) async fn one<O: Operation>(&self, operation: &O) -> Read<Response<O::Output>> {
        require_read(operation.spec());
        let _turn = self.turns.acquire().await;
        self.client.call_with(operation, &Self::options()).await
    }

    /// Reads one thing, and keeps its value only.
    pub(crate) async fn value<O: Operation>(&self, operation: &O) -> Read<O::Output> {
        Ok(self.one(operation).await?.value)
    }

    /// Reads a list to its end.
    pub(crate) async fn list<O: Paged + 'static>(&self, operation: O) -> Read<Vec<O::Item>> {
        require_read(operation.spec());
        let _turn = self.turns.acquire().await;
        self.client.list_with(operation, LIST_LIMITS, Self::options()).await
    }
}

/// The rule that preflight, status and verify stand on. A capacity report is made with a `POST`, and makes nothing but the answer.
fn require_read(operation: &OperationSpec) {
    let is_read = operation.is_read() || operation.name == "create_compute_capacity_report";
    assert!(is_read, "only reads are made here, and `{}` changes something", operation.name);
}

/// What all of these come to, in their order; they go on side by side.
///
/// # Cancel safety
/// As that of the futures.
pub(crate) async fn all<'a, T>(futures: impl IntoIterator<Item = BoxFuture<'a, T>>) -> Vec<T> {
    let mut slots: Vec<Result<T, BoxFuture<'a, T>>> = futures.into_iter().map(Err).collect();
    poll_fn(|context| {
        let mut is_pending = false;
        for slot in &mut slots {
            let Err(future) = slot else { continue };
            match Pin::as_mut(future).poll(context) {
                Poll::Ready(value) => *slot = Ok(value),
                Poll::Pending => is_pending = true,
            }
        }
        if is_pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    slots.into_iter().filter_map(Result::ok).collect()
}

/// An error with its causes, in one line.
pub(crate) fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Whether the service refused because of who asks, as far as it says so. OCI answers the same 404 for what is not there and for
/// what the caller may not see; which of the two it is, nobody outside can tell.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::NotPermitted(_) | Error::MissingOrHidden(_))
}

/// Whether an object is not there, or not ours to see.
pub(crate) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::MissingOrHidden(_))
}

/// What becomes of a check whose read failed, other than by the absence of what it is about. `level` says how much hangs on it.
pub(crate) fn unread(check: Check, subject: &str, needed: &str, error: &Error, level: Level) -> Finding {
    let request = error.request_id().map_or_else(String::new, |id| format!(" (request {id})"));
    let finding = Finding::ok(check, subject, needed, format!("{}{request}", words(error)));
    if is_refusal(error) {
        let advice = "the service does not say whether it is not there or not permitted: check the OCIDs and the region, \
                      and ask for a policy that lets you read it";
        return finding.but(level, Code::NotPermitted).advice(advice);
    }
    finding
        .but(level, Code::Unread)
        .advice("try again; if it stays, ask Oracle's support or your network's people")
}

#[cfg(test)]
mod tests {
    use oci_client::operation::Operation as _;
    use oci_client::services::core::models::CreateVcnDetails;
    use oci_client::services::core::operations::{CreateVcn, ListVcns};

    use super::*;

    #[test]
    #[should_panic(expected = "`create_vcn` changes something")]
    fn what_is_no_read_is_not_sent() {
        require_read(ListVcns::new("c").spec());
        require_read(CreateVcn::new(CreateVcnDetails::default()).spec());
    }

    #[tokio::test(start_paused = true)]
    async fn futures_go_on_side_by_side_and_answer_in_order() {
        let world = world::TestWorld::new(chrono::DateTime::UNIX_EPOCH, 1);
        let began = world::World::monotonic(&world);
        let waits = [3_u64, 1, 2].map(|seconds| -> BoxFuture<'_, u64> {
            let sleep = world::World::sleep(&world, Duration::from_secs(seconds));
            Box::pin(async move {
                sleep.await;
                seconds
            })
        });
        assert_eq!(all(waits).await, [3, 1, 2]);
        assert_eq!(world::World::monotonic(&world) - began, Duration::from_secs(3));
    }
}
