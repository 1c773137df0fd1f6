//! The body of an answer, which a fault may cut.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Bytes to be sent, and whether the connection then breaks.
#[derive(Debug)]
pub(super) struct Answer {
    bytes: Option<Bytes>,
    promised: u64,
    breaks: bool,
    /// A pause before the break, in which the server sends what it has.
    pauses: bool,
}

impl Answer {
    pub(super) fn whole(bytes: Bytes) -> Self {
        let promised = bytes.len() as u64;
        Self { bytes: (!bytes.is_empty()).then_some(bytes), promised, breaks: false, pauses: false }
    }

    /// Promises all bytes and sends the first `count` (at most half of them, so that something is missing).
    pub(super) fn cut(bytes: &Bytes, count: usize) -> Self {
        let promised = bytes.len() as u64;
        let sent = bytes.slice(..count.min(bytes.len() / 2));
        Self { bytes: (!sent.is_empty()).then_some(sent), promised, breaks: promised > 0, pauses: true }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.breaks && self.pauses {
            self.pauses = false;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.breaks {
            self.breaks = false;
            return Poll::Ready(Some(Err(io::Error::other("cut by a fault"))));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && !self.breaks
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
