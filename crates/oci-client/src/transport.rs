//! The one place where bytes leave and arrive: a trait, so that tests can call a mock directly.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use world::BoxFuture;

use crate::sign::Signed;

/// Sends one signed request and returns whatever came back.
///
/// HTTP in production (`http::HttpTransport`); in tests a direct call into a mock, so that a test needs no
/// socket and can run on a paused clock.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends `signed` once.
    ///
    /// # Errors
    /// [`TransportError`] when no complete answer was received. An answer with an error status is an `Ok`.
    ///
    /// # Cancel safety
    /// When dropped, the request may or may not have been carried out.
    fn send(
        &self,
        signed: Signed,
        limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>>;
}

/// How long one attempt may take, and how much it may return.
#[derive(Clone, Copy, Debug)]
pub struct AttemptLimits {
    /// From the first byte sent to the last byte received.
    pub attempt_timeout: Duration,
    /// The largest body accepted, in bytes.
    pub response_bytes_max: u64,
}

/// An answer, undecoded.
#[derive(Clone)]
pub struct RawResponse {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The whole body, decompressed.
    pub body: Bytes,
}

impl fmt::Debug for RawResponse {
    /// Prints no body: it may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<answer {} with {} bytes>", self.status.as_u16(), self.body.len())
    }
}

/// No complete answer was received.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// Whether the service may have seen the request.
    pub sent: Sent,
    /// What lies beneath, where there is something.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Whether a request may have reached the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It certainly did not: the connection was never made.
    No,
    /// It may have, in whole or in part.
    Maybe,
}

/// What kept an answer from arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The name did not resolve, the connection was refused, or its set-up took too long.
    #[error("could not connect")]
    Connect,
    /// The TLS handshake failed: a wrong certificate, or a proxy in between.
    #[error("could not agree on an encrypted connection")]
    Tls,
    /// The attempt's time was up.
    #[error("no answer in time")]
    Timeout,
    /// The connection closed, or the answer broke off.
    #[error("the connection closed before the answer was complete")]
    Closed,
    /// The answer is larger than we accept.
    #[error("the answer is larger than accepted")]
    TooLarge,
    /// The body to send could not be read.
    #[error("the body to send could not be read")]
    Body,
    /// Something else; the source says what.
    #[error("the request could not be carried out")]
    Other,
}
