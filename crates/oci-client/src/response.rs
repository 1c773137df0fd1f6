//! What a call gives back: the decoded value, and the headers that callers want beside it.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use crate::classify;

/// A successful answer.
///
/// # Source
/// The headers are those that Oracle's Python SDK 2.189.0 reads.
#[derive(Clone)]
pub struct Response<T> {
    /// The decoded body, or `()` where there is none.
    pub value: T,
    /// The HTTP status, one of the 200s.
    pub status: StatusCode,
    /// All headers of the answer.
    pub headers: HeaderMap,
    /// When the answer arrived, by our clock.
    pub received_at: DateTime<Utc>,
    /// How many attempts it took.
    pub attempts: u32,
}

impl<T> Response<T> {
    /// `opc-request-id`: what Oracle's support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        classify::text_header(&self.headers, "opc-request-id")
    }

    /// `etag`: the version of the object, for `if-match`. Opaque; sent back as it came.
    #[must_use]
    pub fn etag(&self) -> Option<String> {
        classify::text_header(&self.headers, "etag")
    }

    /// `opc-work-request-id`: what goes on in the background now.
    #[must_use]
    pub fn work_request_id(&self) -> Option<String> {
        classify::text_header(&self.headers, "opc-work-request-id")
    }

    /// `opc-next-page`: the token of the next page of a list.
    #[must_use]
    pub fn next_page(&self) -> Option<String> {
        classify::text_header(&self.headers, "opc-next-page")
    }

    /// `retry-after`: how long the service asks us to wait before we ask again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        classify::retry_after(&self.headers, self.received_at)
    }

    /// The same answer with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: change(self.value),
            status: self.status,
            headers: self.headers,
            received_at: self.received_at,
            attempts: self.attempts,
        }
    }
}

impl<T> fmt::Debug for Response<T> {
    /// Prints neither the value nor the headers: both may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status.as_u16())
            .field("request_id", &self.request_id())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
