//! What a call gives back: the decoded value, and the headers that callers want beside it.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header};

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

    /// How far our clock was ahead of the service's when the answer arrived (negative: behind), by the header `date`;
    /// nothing when the answer has none. It is as exact as that header and the way of the answer are: a second or two.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<TimeDelta> {
        classify::http_date(&self.headers, &header::DATE).map(|theirs| self.received_at - theirs)
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_date_of_an_answer_says_how_far_our_clock_is_off() {
        let received_at = DateTime::from_timestamp(1_795_000_090, 0).unwrap();
        let mut answer = Response {
            value: (),
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            received_at,
            attempts: 1,
        };
        assert_eq!(answer.clock_ahead(), None);
        let date = DateTime::from_timestamp(1_795_000_000, 0).unwrap().to_rfc2822().replace("+0000", "GMT");
        answer.headers.insert(header::DATE, HeaderValue::try_from(date).unwrap());
        assert_eq!(answer.clock_ahead(), Some(TimeDelta::seconds(90)));
    }
}
