//! What one attempt came to: success, or what failed and what we may believe about its effect.
//!
//! A pure function of the operation and the answer. Whether to try again is decided elsewhere
//! ([`decide`](crate::decide)); here is the one table that says what Oracle's statuses and codes mean.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header};

use crate::operation::OperationSpec;
use crate::service_code::ServiceCode;
use crate::transport::{RawResponse, Sent, TransportError, TransportErrorKind};

/// What one attempt gave.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The answer, or why there is none.
    pub result: Result<&'a RawResponse, &'a TransportError>,
    /// When it arrived, by our wall clock.
    pub received_at: DateTime<Utc>,
}

/// What is to be made of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The service did what was asked (a status of the 200s).
    Success,
    /// It did not, or we do not know.
    Failure(Failure),
}

/// What we may believe about the service after a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changed: the request never left, the service said so, or it was a read.
    None,
    /// It may have been carried out: a timeout, a cut connection, a 5xx, an unreadable answer.
    Unknown,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What kind of failure it is.
    pub class: Class,
    /// What we may believe about its effect.
    pub effect: Effect,
    /// The HTTP status, when there was an answer.
    pub status: Option<StatusCode>,
    /// The service's code, when the body had one.
    pub code: Option<ServiceCode>,
    /// The service's own words, when the body had some.
    pub message: Option<String>,
    /// The `opc-request-id` of the answer; Oracle's support asks for it.
    pub request_id: Option<String>,
    /// How long the service asks us to wait.
    pub retry_after: Option<Duration>,
    /// How far our clock is ahead of the service's (negative: behind), by the answer's `date`.
    pub clock_ahead: Option<TimeDelta>,
}

/// Kinds of failure, told apart by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// No complete answer came.
    Transport(TransportErrorKind),
    /// Asked too often (429).
    Throttled,
    /// Something broke on their side (500, 502, 504 and other 5xx, and 408).
    ServerFault,
    /// Not now (503).
    Unavailable,
    /// No hardware left for this shape in this place. Another place may have some.
    OutOfHostCapacity,
    /// The service will never do this (501).
    NotImplemented,
    /// The signature was not accepted (401).
    NotAuthenticated,
    /// Known, and not allowed to (402, 403).
    NotAllowed,
    /// Gone, never there, or hidden from us (404).
    MissingOrHidden,
    /// An object that the request names is missing, hidden, or too new to be seen (400).
    RelatedMissingOrHidden,
    /// There is no such operation at this address (404 `NotFound`, 405, or an answer that is not OCI's).
    NoSuchOperation,
    /// The object is busy; later it will not be (409).
    Busy,
    /// Something is in the way and will stay there (409).
    Conflict,
    /// It exists already, or we may not know (409).
    AlreadyExists,
    /// The retry token is used up (409).
    TokenSpent,
    /// Somebody else wrote first (412, and Object Storage's 409s for racing writes).
    Changed,
    /// A limit or a quota is reached (400).
    Limit,
    /// The request is wrong and stays wrong (other 4xx).
    Invalid,
    /// The object is as we know it (304, only after `if-none-match`).
    NotModified,
}

/// Says what `attempt` came to.
#[must_use]
pub fn classify(operation: &OperationSpec, attempt: &Attempt<'_>) -> Verdict {
    match attempt.result {
        Ok(response) if response.status.is_success() => Verdict::Success,
        Ok(response) => Verdict::Failure(answered(operation, response, attempt.received_at)),
        Err(error) => Verdict::Failure(Failure {
            class: Class::Transport(error.kind),
            effect: match error.sent {
                Sent::Maybe if !operation.is_read() => Effect::Unknown,
                Sent::Maybe | Sent::No => Effect::None,
            },
            status: None,
            code: None,
            message: None,
            request_id: None,
            retry_after: None,
            clock_ahead: None,
        }),
    }
}

fn answered(operation: &OperationSpec, response: &RawResponse, received_at: DateTime<Utc>) -> Failure {
    let ErrorBody { code, message } = ErrorBody::read(&response.body);
    let class = class_of(operation.service, response.status, code.as_ref(), message.as_deref());
    Failure {
        class,
        effect: if operation.is_read() { Effect::None } else { effect_of(response.status, class) },
        status: Some(response.status),
        code,
        message,
        request_id: text_header(&response.headers, "opc-request-id"),
        retry_after: retry_after(&response.headers, received_at),
        clock_ahead: http_date(&response.headers, &header::DATE).map(|theirs| received_at - theirs),
    }
}

/// What a failed answer says of the effect of a write.
fn effect_of(status: StatusCode, class: Class) -> Effect {
    match class {
        // The service says itself that it did nothing.
        Class::OutOfHostCapacity | Class::NotImplemented => Effect::None,
        _ if status.is_server_error() => Effect::Unknown,
        // Said by whatever stands in front of the service; what lies behind may have gone on.
        _ if status == StatusCode::REQUEST_TIMEOUT => Effect::Unknown,
        _ => Effect::None,
    }
}

/// The table: what a status and a code mean.
///
/// # Source
/// "API Errors" (<https://docs.oracle.com/en-us/iaas/Content/API/References/apierrors.htm>, read 2026-11-21), the
/// default retries of Oracle's Python SDK 2.189.0 and Go SDK v65, the Object Storage API, and public logs where a
/// line says so.
fn class_of(service: &str, status: StatusCode, code: Option<&ServiceCode>, message: Option<&str>) -> Class {
    use ServiceCode as Code;
    match (status.as_u16(), code) {
        (304, _) => Class::NotModified,

        (400, Some(Code::LimitExceeded | Code::QuotaExceeded)) => Class::Limit,
        (400, Some(Code::StorageLimitExceeded | Code::StorageQuotaExceeded | Code::TooManyBuckets)) => {
            Class::Limit
        }
        // Also what a dependency that was created a moment ago looks like. The Go SDK has these three in its list of
        // codes that eventual consistency may cause.
        (400, Some(Code::RelatedResourceNotAuthorizedOrNotFound)) => Class::RelatedMissingOrHidden,
        (400, Some(Code::InsufficientServicePermissions | Code::ResourceDisabled)) => {
            Class::RelatedMissingOrHidden
        }

        (401, _) => Class::NotAuthenticated,
        (402 | 403, _) => Class::NotAllowed,

        // No such path, as opposed to no such object.
        (404, Some(Code::NotFound)) => Class::NoSuchOperation,
        (404, Some(Code::InvalidParameter)) => Class::Invalid,
        (404, _) => Class::MissingOrHidden,
        (405, _) => Class::NoSuchOperation,
        (408, _) => Class::ServerFault,

        // Both SDKs repeat `IncorrectState`; the Python SDK also `LockConflict`.
        (409, Some(Code::IncorrectState | Code::LockConflict)) => Class::Busy,
        (409, Some(Code::ExternalServerIncorrectState)) => Class::Busy,
        // The network load balancer takes one change at a time and says `Conflict` ("Invalid State Transition of NLB
        // lifeCycle state from Updating to Updating", public logs) where the others say `IncorrectState`. Its
        // duplicates have a code of their own, so that service and code decide without looking at the words.
        (409, Some(Code::Conflict)) if service == "network_load_balancer" => Class::Busy,
        (409, Some(Code::InvalidatedRetryToken)) => Class::TokenSpent,
        (409, Some(Code::NotAuthorizedOrResourceAlreadyExists)) => Class::AlreadyExists,
        (409, Some(Code::CompartmentAlreadyExists | Code::BucketAlreadyExists)) => Class::AlreadyExists,
        (409, Some(Code::TenantCapacityExceeded)) => Class::Limit,
        // May answer one of two racing conditional PUTs instead of 412: the race is lost, look again.
        (409, Some(Code::ConcurrentObjectUpdate | Code::ConcurrentBucketUpdate)) => Class::Changed,
        // Oracle's page calls `Conflict` "not transient".
        (409, _) => Class::Conflict,

        (412, _) => Class::Changed,
        (429, _) => Class::Throttled,

        // The only place where words decide: the Compute service reports a lack of hardware as 500 `InternalError`,
        // the code it also has for its own faults, with the message "Out of host capacity." (public logs of launches).
        // Repeating it for minutes, as Oracle's SDKs do, helps nobody; trying another place does.
        (500, Some(Code::InternalError)) if message.is_some_and(says_out_of_capacity) => {
            Class::OutOfHostCapacity
        }
        (501, _) => Class::NotImplemented,
        (503, _) => Class::Unavailable,
        (500.., _) => Class::ServerFault,

        // Redirects are never followed: the signature covers the host. Whoever sends one is not OCI.
        (300..400, _) => Class::NoSuchOperation,
        _ => Class::Invalid,
    }
}

fn says_out_of_capacity(message: &str) -> bool {
    const WORDS: &str = "out of host capacity";
    message.as_bytes().windows(WORDS.len()).any(|part| part.eq_ignore_ascii_case(WORDS.as_bytes()))
}

/// What OCI writes into the body of an error. Anything else, such as the page of a proxy, counts as empty: neither
/// its words nor its size may reach a log.
///
/// # Source
/// "API Errors": `{"code": "...", "message": "..."}`. Answers to `HEAD` have no body.
#[derive(Debug, Default, PartialEq)]
pub struct ErrorBody {
    /// The code.
    pub code: Option<ServiceCode>,
    /// The words, at most [`ErrorBody::MESSAGE_CHARS_MAX`] characters of them, without control characters.
    pub message: Option<String>,
}

impl ErrorBody {
    /// How much of a message is kept: enough for the longest seen in public logs, too little to fill a terminal.
    pub const MESSAGE_CHARS_MAX: usize = 2000;
    /// A code is a word; what is longer is none.
    const CODE_BYTES_MAX: usize = 100;

    /// Reads the body of an error, whatever it holds.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let mut text = |name: &str| match fields.remove(name) {
            Some(serde_json::Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let code = text("code")
            .filter(|code| {
                code.len() <= Self::CODE_BYTES_MAX && code.bytes().all(|byte| byte.is_ascii_graphic())
            })
            .map(|code| ServiceCode::parse(&code));
        let message = text("message").map(|message| printable(&message, Self::MESSAGE_CHARS_MAX));
        Self { code, message }
    }
}

/// `text` without control characters, which could write elsewhere on a terminal, and cut to `chars_max`.
fn printable(text: &str, chars_max: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(chars_max));
    for (index, character) in text.chars().enumerate() {
        if index == chars_max {
            kept.push('…');
            break;
        }
        kept.push(if character.is_control() { ' ' } else { character });
    }
    kept
}

pub(crate) fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// `retry-after`, in seconds or as a date.
///
/// # Source
/// RFC 9110, section 10.2.3. OCI sends seconds.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit is a very long time, not a broken header.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = http_date(headers, &header::RETRY_AFTER)?;
    Some((until - now).to_std().unwrap_or(Duration::ZERO))
}

pub(crate) fn http_date(headers: &HeaderMap, name: &header::HeaderName) -> Option<DateTime<Utc>> {
    let text = headers.get(name)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.with_timezone(&Utc))
}

#[cfg(test)]
mod tests;
