//! A request and an answer as they cross the wire, without a socket.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

/// A request, complete: head and body.
#[derive(Clone, Debug)]
pub struct WireRequest {
    /// The method.
    pub method: Method,
    /// Path and query exactly as sent: escaped, not normalised. The signature covers these bytes.
    pub target: String,
    /// The headers as sent, `host` included.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl WireRequest {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// With this header added.
    ///
    /// # Panics
    /// When `name` or `value` is no legal header; use `headers` for values from elsewhere.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a legal header name");
        self.headers.append(name, HeaderValue::from_str(value).expect("a legal header value"));
        self
    }

    /// With this JSON as its body.
    #[must_use]
    pub fn json(mut self, value: &serde_json::Value) -> Self {
        self.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Bytes::from(value.to_string());
        self
    }

    /// The path, escaped, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query, escaped; empty when there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// An answer, complete: head and body.
#[derive(Clone, Debug)]
pub struct WireResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers; `opc-request-id` is always among them.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl WireResponse {
    /// The body as JSON; `null` when there is none.
    ///
    /// # Errors
    /// When the body is something else.
    pub fn json(&self) -> Result<serde_json::Value, serde_json::Error> {
        if self.body.is_empty() {
            return Ok(serde_json::Value::Null);
        }
        serde_json::from_slice(&self.body)
    }

    /// The value of a header, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// How much of an answer arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// All of it.
    #[default]
    Whole,
    /// Nothing: the connection is closed.
    Closed,
    /// The head and so many bytes of the body; then the connection is closed.
    After(usize),
}

/// An answer, and what a fault does to it on its way.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The answer.
    pub response: WireResponse,
    /// It leaves so much later.
    pub delay: std::time::Duration,
    /// How much of it arrives.
    pub cut: Cut,
}
