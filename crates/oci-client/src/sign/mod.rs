//! From request, key and time to a signed request; a pure function.

use http::HeaderMap;

use crate::request::Request;

/// A request with its date and signature. Only signing makes one, and sending consumes it, so that nothing
/// goes out unsigned, or twice under one date.
#[derive(Debug)]
pub struct Signed {
    request: Request,
    headers: HeaderMap,
}

impl Signed {
    /// The request as it was before signing, and all headers to send.
    #[must_use]
    pub fn into_parts(self) -> (Request, HeaderMap) {
        (self.request, self.headers)
    }
}
