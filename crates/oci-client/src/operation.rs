//! What is known of an operation before it is called, and the trait that the generated ones implement.

use http::{HeaderMap, Method};

use crate::request::Request;
use crate::transport::RawResponse;

/// Facts about one operation of one service, generated from `schemas/oci-api`.
#[derive(Debug)]
pub struct OperationSpec {
    /// The service, as its file in `schemas/oci-api` is called: `core`, `mysql` …
    pub service: &'static str,
    /// Oracle's client that has it: `VirtualNetworkClient` …
    pub client: &'static str,
    /// Its name in snake case, as in Oracle's SDKs: `create_vcn` …
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path with `{placeholders}`, version included: `/20160918/vcns/{vcnId}`.
    pub path: &'static str,
    /// Whether it takes `opc-retry-token`, which makes it safe to repeat.
    pub takes_retry_token: bool,
    /// Whether it takes `if-match`.
    pub takes_if_match: bool,
}

impl OperationSpec {
    /// Whether it only reads, so that repeating it has no effect.
    ///
    /// A few operations read with a `POST`, because what is asked for does not fit into a path; their names say so
    /// (`get_public_ip_by_ip_address`, `summarize_metrics_data`).
    #[must_use]
    pub fn is_read(&self) -> bool {
        let is_named_a_read =
            || ["get_", "list_", "summarize_"].iter().any(|verb| self.name.starts_with(verb));
        match self.method {
            Method::GET | Method::HEAD => true,
            Method::POST => is_named_a_read(),
            _ => false,
        }
    }
}

/// One call: its input, and how its answer is read.
///
/// The generated structs (`core::operations::CreateVcn` …) implement this; a hand-written one may as well.
pub trait Operation: Send + Sync {
    /// What a successful answer holds.
    type Output: Send;

    /// The facts of this operation.
    fn spec(&self) -> &'static OperationSpec;

    /// The request against `origin` (scheme and authority), with escapes in place.
    ///
    /// # Errors
    /// When the input cannot be sent: an empty path parameter, a header with a line break.
    fn request(&self, origin: &str) -> Result<Request, RequestError>;

    /// Reads a successful answer.
    ///
    /// # Errors
    /// When the body is not what the operation promises; the path inside the JSON is in the error.
    fn decode(&self, response: &RawResponse) -> Result<Self::Output, DecodeError>;
}

/// An operation that answers a list in pages.
pub trait Paged: Operation + Clone {
    /// What the list is made of.
    type Item: Send;

    /// Asks for the page that `token` names; for the first page with `None`.
    fn set_page(&mut self, token: Option<String>);

    /// How many items a page may have, if the caller said so.
    fn limit(&self) -> Option<i64>;

    /// Sets how many items a page may have.
    fn set_limit(&mut self, limit: Option<i64>);

    /// The token of the next page, or `None` at the end.
    ///
    /// It is in the header `opc-next-page`; the few operations that put it in the body look there instead.
    fn next_page(headers: &HeaderMap, output: &Self::Output) -> Option<String> {
        let _ = output;
        let token = headers.get("opc-next-page")?.to_str().ok()?;
        (!token.is_empty()).then(|| token.to_owned())
    }

    /// The items of a page.
    fn items(output: Self::Output) -> Vec<Self::Item>;
}

/// The input of an operation cannot be turned into a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A path parameter is empty or white space, which would address another resource.
    #[error("path parameter `{name}` is empty")]
    EmptyPathParameter {
        /// Its name in the API.
        name: &'static str,
    },
    /// A query parameter that the operation cannot do without is empty.
    #[error("query parameter `{name}` is empty")]
    EmptyQueryParameter {
        /// Its name in the API.
        name: &'static str,
    },
    /// A header's value has characters that a header cannot hold.
    #[error("header `{name}` cannot hold this value")]
    InvalidHeader {
        /// The header.
        name: &'static str,
    },
    /// The caller chose a retry token, but the operation takes none: relying on it would be a mistake.
    #[error("this operation takes no retry token")]
    RetryTokenNotTaken,
    /// The body could not be serialised.
    #[error("the body cannot be written as JSON")]
    Serialise(#[source] serde_json::Error),
}

/// A successful answer could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is not the JSON that was promised.
    #[error("the answer is not a valid `{expected}`, at `{at}`")]
    Json {
        /// The model that was expected.
        expected: &'static str,
        /// The path to the place, such as `$[3].cidrBlock`.
        at: String,
        /// What is wrong there. It quotes no string of the answer, which may hold a secret.
        #[source]
        source: serde_json::Error,
    },
    /// There is no body where one was promised.
    #[error("the answer has no body where a `{expected}` was promised")]
    Empty {
        /// The model that was expected.
        expected: &'static str,
    },
}
