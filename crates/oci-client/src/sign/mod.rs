//! From request, credential and time to a signed request; a pure function.
//!
//! # Source
//! Oracle's page "Request Signatures" (version 1), and Oracle's Python SDK 2.189.0, whose output is matched
//! byte for byte, down to the order of the parameters.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sha2::{Digest, Sha256};

use crate::credentials::Credential;
use crate::key::{INLINE_KEY_BITS_MAX, SigningFailed};
use crate::request::{Body, Request, SigningRule};

const X_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-content-sha256");
const OPC_OBO_TOKEN: HeaderName = HeaderName::from_static("opc-obo-token");

/// A request with its date and signature. Only signing makes one, and sending consumes it, so that nothing
/// goes out unsigned, or twice under one date.
#[derive(Debug)]
pub struct Signed {
    request: Request,
    headers: HeaderMap,
}

impl Signed {
    /// The request as it was before signing: a transport may choose its way by where it goes.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The request as it was before signing, and all headers to send.
    #[must_use]
    pub fn into_parts(self) -> (Request, HeaderMap) {
        (self.request, self.headers)
    }

    /// A request that goes out as it is: to the metadata service of an instance and to the endpoints that
    /// issue resource principal tokens, the only ones that take no signature. Not for anybody else.
    pub(crate) fn unsigned(request: Request) -> Self {
        let headers = request.headers.clone();
        Self { request, headers }
    }
}

/// The request cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The origin is not `http://host` or `https://host`, with or without a port.
    #[error("`{origin}` is not a scheme and a host, such as `https://iaas.eu-frankfurt-1.oraclecloud.com`")]
    InvalidOrigin {
        /// The origin as it was given.
        origin: String,
    },
    /// The target has characters that must have been escaped.
    #[error("the path and query must start with `/` and be escaped already")]
    InvalidTarget,
    /// A header that is signed holds bytes that are not visible ASCII.
    #[error("header `{name}` cannot be signed: it is not visible ASCII")]
    InvalidHeader {
        /// The header.
        name: HeaderName,
    },
    /// A streamed body whose digest must be signed has none.
    #[error("this operation signs its body, so a streamed body needs its SHA-256 beforehand")]
    DigestMissing,
    /// The cryptography library failed.
    #[error("the signature could not be made")]
    Signing(#[from] SigningFailed),
}

/// Signs `request` with `credential` for the moment `now`.
///
/// What it adds, replacing whatever `request.headers` says: `date`, `host` and `authorization`; where the
/// body is signed also `content-length`, `x-content-sha256` and, if there is none yet, `content-type`; where
/// a body is sent unsigned its `content-length`; and `opc-obo-token` if the caller acts for a user.
///
/// The default ports 443 and 80 are left out of `host`, because HTTP clients leave them out as well.
///
/// # Errors
/// [`SignError`], before any signature is made unless the cryptography library is at fault.
pub fn sign(request: &Request, credential: &Credential, now: DateTime<Utc>) -> Result<Signed, SignError> {
    let host = host_header(&request.origin)?;
    check_target(&request.target)?;

    let mut headers = request.headers.clone();
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    headers.insert(DATE, header_value(DATE, &date)?);
    headers.insert(HOST, header_value(HOST, host)?);
    headers.remove(AUTHORIZATION);

    let body_signed = signs_body(request.signing, &request.method);
    if body_signed {
        let digest = BASE64.encode(body_digest(&request.body)?);
        headers.insert(X_CONTENT_SHA256, header_value(X_CONTENT_SHA256, &digest)?);
        headers.entry(CONTENT_TYPE).or_insert(default_content_type(&request.body));
    }
    if body_signed || !request.body.is_empty() {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
    }
    if let Some(token) = credential.delegation_token() {
        let mut value = header_value(OPC_OBO_TOKEN, token.expose())?;
        value.set_sensitive(true);
        headers.insert(OPC_OBO_TOKEN, value);
    }

    let names = signed_names(request.signing, body_signed, credential.delegation_token().is_some());
    let text = signing_string(&names, request, &headers)?;
    let signature = BASE64.encode(credential.key().sign(text.as_bytes())?);
    let authorization = format!(
        "Signature algorithm=\"rsa-sha256\",headers=\"{}\",keyId=\"{}\",signature=\"{signature}\",version=\"1\"",
        names.join(" "),
        credential.key_id().expose(),
    );
    let mut authorization = header_value(AUTHORIZATION, &authorization)?;
    authorization.set_sensitive(true);
    headers.insert(AUTHORIZATION, authorization);

    Ok(Signed { request: request.clone(), headers })
}

/// As [`sign`], but a key of more than [`INLINE_KEY_BITS_MAX`] bits signs on the blocking pool, so that it
/// never holds up the runtime.
///
/// # Errors
/// As [`sign`].
///
/// # Panics
/// When called outside a tokio runtime, and when the signing thread panics.
///
/// # Cancel safety
/// It may be dropped; a signature that was begun is finished and thrown away.
pub async fn sign_off_thread(
    request: &Request,
    credential: &Arc<Credential>,
    now: DateTime<Utc>,
) -> Result<Signed, SignError> {
    if credential.key().bits() <= INLINE_KEY_BITS_MAX {
        return sign(request, credential, now);
    }
    let (request, credential) = (request.clone(), Arc::clone(credential));
    let signing = tokio::task::spawn_blocking(move || sign(&request, &credential, now));
    signing.await.expect("signing does not panic, and blocking tasks are not aborted once they run")
}

/// Whether `content-length`, `content-type` and `x-content-sha256` are part of the signature.
fn signs_body(rule: SigningRule, method: &Method) -> bool {
    match rule {
        SigningRule::Standard => matches!(*method, Method::POST | Method::PUT | Method::PATCH),
        SigningRule::BodyUnsigned => false,
        SigningRule::Federation => true,
    }
}

/// The names in the order in which Oracle's SDKs sign them.
fn signed_names(rule: SigningRule, body_signed: bool, on_behalf_of: bool) -> Vec<&'static str> {
    let mut names = vec!["date", "(request-target)"];
    if rule != SigningRule::Federation {
        names.push("host");
    }
    if on_behalf_of {
        names.push("opc-obo-token");
    }
    if body_signed {
        names.extend(["content-length", "content-type", "x-content-sha256"]);
    }
    names
}

/// One `name: value` line for each name, without a newline at the end.
fn signing_string(names: &[&str], request: &Request, headers: &HeaderMap) -> Result<String, SignError> {
    let mut text = String::with_capacity(256 + request.target.len());
    for name in names {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(name);
        text.push_str(": ");
        if *name == "(request-target)" {
            text.push_str(&request.method.as_str().to_ascii_lowercase());
            text.push(' ');
            text.push_str(&request.target);
        } else {
            text.push_str(visible_value(headers, name)?);
        }
    }
    Ok(text)
}

fn visible_value<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, SignError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| SignError::InvalidHeader {
        name: HeaderName::from_bytes(name.as_bytes()).expect("our own list of names has valid ones only"),
    })
}

fn header_value(name: HeaderName, text: &str) -> Result<HeaderValue, SignError> {
    HeaderValue::from_str(text).map_err(|_| SignError::InvalidHeader { name })
}

fn body_digest(body: &Body) -> Result<[u8; 32], SignError> {
    match body {
        Body::Empty => Ok(Sha256::digest(b"").into()),
        Body::Bytes(bytes) => Ok(Sha256::digest(bytes).into()),
        Body::Stream { sha256, .. } => sha256.ok_or(SignError::DigestMissing),
    }
}

fn default_content_type(body: &Body) -> HeaderValue {
    match body {
        Body::Empty | Body::Bytes(_) => HeaderValue::from_static("application/json"),
        Body::Stream { .. } => HeaderValue::from_static("application/octet-stream"),
    }
}

/// The authority of `origin`, without the port that its scheme implies.
fn host_header(origin: &str) -> Result<&str, SignError> {
    let authority = match origin.split_once("://") {
        Some(("https", authority)) => authority.strip_suffix(":443").unwrap_or(authority),
        Some(("http", authority)) => authority.strip_suffix(":80").unwrap_or(authority),
        _ => "",
    };
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@' | b'\\');
    if authority.is_empty() || !authority.bytes().all(fits) {
        // A URL with `user:password@` must not bring the password into an error.
        let shown = origin.rsplit_once('@').map_or(origin, |(_, host)| host);
        return Err(SignError::InvalidOrigin { origin: shown.to_owned() });
    }
    Ok(authority)
}

/// A line break would let a value forge further lines of the signing string, and a blank the method.
fn check_target(target: &str) -> Result<(), SignError> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if target.starts_with('/') && target.bytes().all(fits) { Ok(()) } else { Err(SignError::InvalidTarget) }
}
