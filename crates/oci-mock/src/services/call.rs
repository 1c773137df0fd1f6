//! What a handler is given, and what it gives back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::clock::Time;
use crate::cloud::Resource;
use crate::error::ApiError;
use crate::facts::Operation;

/// A request that was routed, authenticated and validated.
#[derive(Debug)]
pub struct Call<'r> {
    /// The operation.
    pub op: &'static Operation,
    /// The path parameters in order, unescaped.
    pub path: Vec<String>,
    /// The query parameters, unescaped.
    pub query: BTreeMap<String, Vec<String>>,
    /// The headers.
    pub headers: &'r HeaderMap,
    /// The JSON body, checked against the operation's model; empty when there is none.
    pub json: Map<String, Value>,
    /// The body's bytes.
    pub body: &'r Bytes,
    /// Cloud time. Writing handlers may as well use [`Cloud::now`](crate::cloud::Cloud::now); for reading ones
    /// that is the time of the last change.
    pub now: Time,
    /// How many elements a page has when the caller does not say; `None` leaves it to the service.
    pub page_limit: Option<usize>,
}

impl Call<'_> {
    /// The first path parameter: of most operations, the id of the resource.
    ///
    /// # Panics
    /// When the path has no parameters: a mistake in the table of handlers.
    #[must_use]
    pub fn id(&self) -> &str {
        self.param(0)
    }

    /// The path parameter at this position.
    ///
    /// # Panics
    /// When there is none: a mistake in the table of handlers.
    #[must_use]
    pub fn param(&self, position: usize) -> &str {
        &self.path[position]
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name)?.first().map(String::as_str)
    }

    /// A query parameter that the tables require, so that validation has seen it.
    ///
    /// # Errors
    /// 400 `MissingParameter` where only the handler requires it.
    pub fn required_query(&self, name: &str) -> Result<&str, ApiError> {
        self.query(name).ok_or_else(|| ApiError::missing(name))
    }

    /// A header's value, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A text field of the body.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.json.get(name)?.as_str()
    }

    /// A text field that the model requires, so that validation has seen it.
    ///
    /// # Errors
    /// 400 `MissingParameter` where only the handler requires it.
    pub fn required_text(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name).ok_or_else(|| ApiError::missing(name))
    }

    /// A boolean field of the body.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.json.get(name)?.as_bool()
    }

    /// An integer field of the body.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.json.get(name)?.as_i64()
    }

    /// The texts in a list field of the body; `None` when the field is absent.
    #[must_use]
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        self.json.get(name)?.as_array().map(|items| items.iter().filter_map(Value::as_str).collect())
    }

    /// Refuses when `if-match` is given and is not `etag`. The spine has done this already for operations
    /// whose one path parameter is an OCID; sub-resources ask here.
    ///
    /// # Errors
    /// 412 `NoEtagMatch`.
    pub fn check_if_match(&self, etag: &str) -> Result<(), ApiError> {
        match self.header("if-match") {
            Some(wanted) if wanted != etag && wanted != "*" => Err(ApiError::no_etag_match()),
            _ => Ok(()),
        }
    }
}

/// What an answer carries.
#[derive(Clone, Debug)]
pub enum ReplyBody {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// Bytes of an object.
    Bytes(Bytes),
}

/// A successful answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers besides those that every answer has.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: ReplyBody,
    /// The resource that was made or changed, for retry tokens.
    pub subject: Option<Arc<str>>,
}

impl Reply {
    fn with(status: StatusCode, body: ReplyBody) -> Self {
        Self { status, headers: Vec::new(), body, subject: None }
    }

    /// 200 with the resource and its etag.
    #[must_use]
    pub fn resource(resource: &Resource) -> Self {
        let mut reply = Self::with(StatusCode::OK, ReplyBody::Json(Value::Object(resource.body.clone())));
        reply.headers.push((Cow::Borrowed("etag"), resource.etag.to_string()));
        reply.subject = Some(Arc::clone(&resource.id));
        reply
    }

    /// 201 with the resource and its etag, as MySQL and the network load balancer answer a create.
    #[must_use]
    pub fn created(resource: &Resource) -> Self {
        Self { status: StatusCode::CREATED, ..Self::resource(resource) }
    }

    /// 200 with this JSON.
    #[must_use]
    pub fn json(value: Value) -> Self {
        Self::with(StatusCode::OK, ReplyBody::Json(value))
    }

    /// 200 without a body.
    #[must_use]
    pub fn empty() -> Self {
        Self::with(StatusCode::OK, ReplyBody::Empty)
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self::with(StatusCode::NO_CONTENT, ReplyBody::Empty)
    }

    /// 202 without a body, and the work request to follow.
    #[must_use]
    pub fn accepted(work_request_id: &str) -> Self {
        Self::with(StatusCode::ACCEPTED, ReplyBody::Empty).work_request(work_request_id)
    }

    /// 200 with the bytes of an object.
    #[must_use]
    pub fn bytes(bytes: Bytes) -> Self {
        Self::with(StatusCode::OK, ReplyBody::Bytes(bytes))
    }

    /// With `opc-work-request-id`.
    #[must_use]
    pub fn work_request(self, id: &str) -> Self {
        self.header("opc-work-request-id", id)
    }

    /// With another header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((Cow::Borrowed(name), value.into()));
        self
    }

    /// With a header whose name is known only now (`opc-meta-…`).
    #[must_use]
    pub fn header_named(mut self, name: &str, value: &str) -> Self {
        self.headers.push((Cow::Owned(name.to_owned()), value.to_owned()));
        self
    }

    /// With another status.
    ///
    /// # Panics
    /// When `status` is no HTTP status: a mistake in a handler.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).expect("handlers use real HTTP statuses");
        self
    }

    /// Tied to this resource for retry tokens, where the body is not it.
    #[must_use]
    pub fn subject(mut self, id: &str) -> Self {
        self.subject = Some(Arc::from(id));
        self
    }
}
