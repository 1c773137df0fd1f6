//! Calls under way.

use std::future::poll_fn;
use std::task::Poll;

use world::BoxFuture;

/// Futures under way, polled by their owner's task and in the order in which they were started.
///
/// All that are ready come back together: their records are then committed together. Polling all of them for one that
/// is ready is fine, because there are never more than the limit on concurrency.
pub(super) struct Flights<'a, T> {
    under_way: Vec<(u32, BoxFuture<'a, T>)>,
}

impl<'a, T> Flights<'a, T> {
    pub(super) fn new() -> Self {
        Self { under_way: Vec::new() }
    }

    pub(super) fn start(&mut self, id: u32, call: BoxFuture<'a, T>) {
        self.under_way.push((id, call));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Waits until at least one is ready, and returns all that are. Does not return while there is none under way.
    pub(super) async fn landed(&mut self) -> Vec<(u32, T)> {
        poll_fn(|context| {
            let mut landed = Vec::new();
            self.under_way.retain_mut(|(id, call)| match call.as_mut().poll(context) {
                Poll::Ready(answer) => {
                    landed.push((*id, answer));
                    false
                }
                Poll::Pending => true,
            });
            if landed.is_empty() { Poll::Pending } else { Poll::Ready(landed) }
        })
        .await
    }
}
