//! A request as it will go over the wire, before it is signed: URL, headers and body are frozen here.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, Method};

/// The bytes of a streamed body, in order.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// A body that is read piece by piece, and anew for every attempt.
pub trait BodySource: Send + Sync {
    /// Starts reading from the beginning.
    fn open(&self) -> ByteStream;
}

/// What a request carries.
#[derive(Clone)]
pub enum Body {
    /// Nothing. A `POST`, `PUT` or `PATCH` still signs its emptiness.
    Empty,
    /// Bytes held in memory, serialised once.
    Bytes(Bytes),
    /// Bytes that are produced while they are sent.
    Stream {
        /// Length in bytes; Object Storage refuses a body without it.
        length: u64,
        /// SHA-256 of the whole body, needed where the body is part of the signature.
        sha256: Option<[u8; 32]>,
        /// Where the bytes come from.
        source: Arc<dyn BodySource>,
    },
}

impl Body {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stream { length, .. } => *length,
        }
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Body {
    /// Prints the size only: a body may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<body of {} bytes>", self.len())
    }
}

/// Which headers the signature covers.
///
/// # Source
/// Observed with Oracle's Python SDK 2.189.0; the federation call as in that SDK's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningRule {
    /// `date (request-target) host`, and for `POST`, `PUT` and `PATCH` also
    /// `content-length content-type x-content-sha256`, even when the body is empty.
    Standard,
    /// `date (request-target) host` whatever the method: Object Storage's PutObject and UploadPart.
    BodyUnsigned,
    /// `date (request-target) content-length content-type x-content-sha256`: the call that exchanges an
    /// instance's certificate for a token.
    Federation,
}

/// A request whose URL, headers and body no longer change.
///
/// It holds everything but `date`, `authorization` and the other headers that signing adds, so that it can
/// be signed anew for each attempt.
#[derive(Clone, Debug)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// Scheme and authority, such as `https://iaas.eu-frankfurt-1.oraclecloud.com`, without a path.
    pub origin: String,
    /// Path and query exactly as they go over the wire: already escaped, never normalised again.
    pub target: String,
    /// Headers that do not depend on the attempt (`content-type`, `opc-retry-token`, `if-match` …).
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Body,
    /// Which headers are signed.
    pub signing: SigningRule,
}
