//! The refusals of the API: status, code and message, made by one constructor for each case.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Value, json};

/// A refusal, as the API words it.
///
/// # Source
/// Codes and statuses: Oracle's page "API Errors" and the SDKs; messages follow those seen in public logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The service's code: `NotAuthorizedOrNotFound` …
    pub code: Cow<'static, str>,
    /// The text for people.
    pub message: String,
    /// Seconds for `retry-after`, when the answer carries it.
    pub retry_after_secs: Option<u32>,
}

impl ApiError {
    /// A refusal with this status, code and message.
    ///
    /// # Panics
    /// When `status` is no HTTP status: a mistake in a handler.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).expect("handlers use real HTTP statuses");
        Self { status, code: code.into(), message: message.into(), retry_after_secs: None }
    }

    /// 400: the value of `field` (a JSON path, or a parameter's name) is wrong.
    #[must_use]
    pub fn invalid(field: &str, why: impl std::fmt::Display) -> Self {
        Self::new(400, "InvalidParameter", format!("Invalid {field}: {why}"))
    }

    /// 400: `field` is needed and is not there.
    #[must_use]
    pub fn missing(field: &str) -> Self {
        Self::new(400, "MissingParameter", format!("Missing {field}: it is required"))
    }

    /// 400: the request cannot be read at all.
    pub fn cannot_parse(why: impl std::fmt::Display) -> Self {
        Self::new(400, "CannotParseRequest", format!("Incorrectly formatted request. {why}"))
    }

    /// 404: the resource is not there, or not for the caller to see.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(
            404,
            "NotAuthorizedOrNotFound",
            format!("Authorization failed or requested resource not found: {what}"),
        )
    }

    /// 400: a resource that the request refers to by `field` is not there (yet).
    #[must_use]
    pub fn related_not_found(field: &str, id: &str) -> Self {
        Self::new(
            400,
            "RelatedResourceNotAuthorizedOrNotFound",
            format!("Authorization failed or related resource not found: {field} {id}"),
        )
    }

    /// 409: the target is busy or in a state that does not allow this now.
    pub fn incorrect_state(message: impl Into<String>) -> Self {
        Self::new(409, "IncorrectState", message)
    }

    /// 409: the request collides with something that exists.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "Conflict", message)
    }

    /// 409: there is such a resource already.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Self::new(409, "NotAuthorizedOrResourceAlreadyExists", message)
    }

    /// 412: the resource has changed since the caller read it.
    #[must_use]
    pub fn no_etag_match() -> Self {
        Self::new(412, "NoEtagMatch", "The if-match header does not match the etag of the resource")
    }

    /// 400: a service limit is reached.
    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new(400, "LimitExceeded", message)
    }

    /// 400: a compartment quota is reached.
    pub fn quota_exceeded(message: impl Into<String>) -> Self {
        Self::new(400, "QuotaExceeded", message)
    }

    /// 500: no host has room for this shape here.
    #[must_use]
    pub fn out_of_host_capacity() -> Self {
        Self::new(500, "InternalError", "Out of host capacity.")
    }

    /// 401: the signature does not prove who is calling. The reason is for the developer in front of the mock.
    pub fn not_authenticated(why: impl std::fmt::Display) -> Self {
        Self::new(
            401,
            "NotAuthenticated",
            format!(
                "The required information to complete authentication was not provided or was incorrect. ({why})"
            ),
        )
    }

    /// 501: the tables know this operation, the mock does not.
    #[must_use]
    pub fn not_modelled(operation: &str) -> Self {
        Self::new(501, "MethodNotImplemented", format!("The mock does not model {operation}"))
    }

    /// With a `retry-after` header.
    #[must_use]
    pub fn retry_after(mut self, secs: u32) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    /// The JSON body.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({"code": self.code, "message": self.message})
    }
}
