//! Who is calling: the mock's own verifier of request signatures.
//!
//! Written from Oracle's description of the scheme alone; nothing here is shared with the client that signs.
//! Every failure is a 401 `NotAuthenticated` whose message says to the developer what is wrong.
//!
//! # Source
//! Oracle's page "Request Signatures" (version 1, draft-cavage-http-signatures-08); header sets as observed
//! with Oracle's Python SDK 2.189.0.

mod authorization;
mod credentials;
mod keys;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use http::Method;
use sha2::{Digest, Sha256};

use crate::clock::Time;
use crate::error::ApiError;
use crate::wire::WireRequest;

pub use authorization::Authorization;
pub use credentials::{Credentials, CredentialsError};
pub use keys::{Backend, KeyError, Keys};

/// A `date` further off than this is refused (Oracle's documentation).
const SKEW_MAX: Duration = Duration::from_secs(5 * 60);

/// Signatures remembered as good. A retried or replayed request is verified once; checking again would give
/// the same answer. At some 40 bytes an entry this is 200 KB.
const REMEMBERED_MAX: usize = 4096;

/// Which headers a request must have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// By the method: three headers, and the body's three for `POST`, `PUT` and `PATCH`.
    ByMethod,
    /// An upload to Object Storage: three headers whatever the method.
    Upload,
    /// The exchange of a certificate for a token: the body's headers without `host`.
    Federation,
}

/// Verifies signatures against the keys that it was given.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
    good: Mutex<HashMap<[u8; 32], ()>>,
}

impl Verifier {
    /// A verifier that knows these keys.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self { keys, good: Mutex::default() }
    }

    /// The keys, to add more.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Finds out who sent a request: the key id whose key signed it.
    ///
    /// # Errors
    /// 401, with the reason.
    pub fn verify(&self, request: &WireRequest, signed: Signed, now: Time) -> Result<String, ApiError> {
        let header = request
            .headers
            .get(http::header::AUTHORIZATION)
            .ok_or_else(|| refused("no Authorization header"))?;
        let header = header.to_str().map_err(|_| refused("the Authorization header is not ASCII"))?;
        let authorization = Authorization::parse(header).map_err(refused)?;
        for needed in required(&request.method, signed) {
            let listed = |name: &String| name == needed || (*needed == "date" && name == "x-date");
            if !authorization.headers.iter().any(listed) {
                return Err(refused(format!("the header {needed} is not signed")));
            }
        }
        check_date(request, &authorization, now)?;
        check_body(request, &authorization)?;
        let text = signing_string(request, &authorization)?;
        self.check_signature(&authorization, &text, now)?;
        Ok(authorization.key_id)
    }

    fn check_signature(&self, authorization: &Authorization, text: &str, now: Time) -> Result<(), ApiError> {
        let key = self.keys.find(&authorization.key_id, now).map_err(refused)?;
        let mut digest = Sha256::new();
        for part in [authorization.key_id.as_bytes(), authorization.signature.as_slice(), text.as_bytes()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let digest: [u8; 32] = digest.finalize().into();
        if self.good.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&digest) {
            return Ok(());
        }
        if !key.verifies(text.as_bytes(), &authorization.signature) {
            return Err(refused("the signature does not fit the request"));
        }
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= REMEMBERED_MAX {
            good.clear();
        }
        good.insert(digest, ());
        Ok(())
    }
}

fn refused(why: impl std::fmt::Display) -> ApiError {
    ApiError::not_authenticated(why)
}

fn required(method: &Method, signed: Signed) -> &'static [&'static str] {
    const PLAIN: &[&str] = &["date", "(request-target)", "host"];
    const BODY: &[&str] =
        &["date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256"];
    const FEDERATION: &[&str] =
        &["date", "(request-target)", "content-length", "content-type", "x-content-sha256"];
    match signed {
        Signed::Federation => FEDERATION,
        Signed::Upload => PLAIN,
        Signed::ByMethod if [Method::POST, Method::PUT, Method::PATCH].contains(method) => BODY,
        Signed::ByMethod => PLAIN,
    }
}

fn check_date(request: &WireRequest, authorization: &Authorization, now: Time) -> Result<(), ApiError> {
    let name = if authorization.signs("x-date") { "x-date" } else { "date" };
    let text = header_value(request, name)?;
    let date = DateTime::parse_from_rfc2822(&text)
        .map_err(|_| refused(format!("{name} {text:?} is no HTTP date")))?;
    let date = Time::from(date.to_utc());
    let skew = now.since(date).max(date.since(now));
    if skew > SKEW_MAX {
        return Err(refused(format!(
            "{name} {text:?} is {} seconds off, the clock here says {}",
            skew.as_secs(),
            now.http_date()
        )));
    }
    Ok(())
}

/// The signed headers that describe the body must describe the body that came.
fn check_body(request: &WireRequest, authorization: &Authorization) -> Result<(), ApiError> {
    if authorization.signs("content-length") {
        let given = header_value(request, "content-length")?;
        if given.parse() != Ok(request.body.len()) {
            return Err(refused(format!(
                "content-length is {given}, the body has {} bytes",
                request.body.len()
            )));
        }
    }
    if authorization.signs("x-content-sha256") {
        let given = header_value(request, "x-content-sha256")?;
        if given != STANDARD.encode(Sha256::digest(&request.body)) {
            return Err(refused("x-content-sha256 is not the digest of the body"));
        }
    }
    Ok(())
}

fn signing_string(request: &WireRequest, authorization: &Authorization) -> Result<String, ApiError> {
    let mut text = String::with_capacity(512);
    for name in &authorization.headers {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(name);
        text.push_str(": ");
        if name == "(request-target)" {
            text.push_str(&request.method.as_str().to_ascii_lowercase());
            text.push(' ');
            text.push_str(&request.target);
        } else {
            text.push_str(&header_value(request, name)?);
        }
    }
    Ok(text)
}

/// A header that came several times counts as one list.
fn header_value(request: &WireRequest, name: &str) -> Result<String, ApiError> {
    let mut values = request.headers.get_all(name).iter();
    let first =
        values.next().ok_or_else(|| refused(format!("the header {name} is signed and was not sent")))?;
    let mut text = utf8(name, first.as_bytes())?.to_owned();
    for value in values {
        text.push_str(", ");
        text.push_str(utf8(name, value.as_bytes())?);
    }
    Ok(text)
}

fn utf8<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, ApiError> {
    std::str::from_utf8(bytes).map_err(|_| refused(format!("the header {name} is not UTF-8")))
}
