//! The handle: one request in, one answer out.
//!
//! The order of checks is the service's own: path, method, signature, parameters and body, the resource's
//! existence and etag, and then what the operation says. Only the last part holds the cloud's lock, and reads
//! share it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::clock::{Clock, Pace, Time};
use crate::cloud::{Cloud, Place, Remembered};
use crate::error::ApiError;
use crate::facts::{Operation, Routed, facts};
use crate::ocid;
use crate::services::{self, Call, Handler, MODULES, Reply, ReplyBody};
use crate::validate::{check_answer, check_body, check_parameters, parse_query, unescape};
use crate::wire::{WireRequest, WireResponse};

/// What a mock is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it is, and the seed.
    pub place: Place,
    /// How its time passes.
    pub pace: Pace,
    /// What its clock shows at the start.
    pub epoch: Time,
    /// Whether its answers are checked against the tables.
    pub answer_check: AnswerCheck,
    /// Elements of a page when the caller does not say, for every list; `None` leaves it to each service.
    pub page_limit: Option<usize>,
}

/// What happens to an answer that contradicts the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerCheck {
    /// Nobody looks.
    Off,
    /// It is kept in [`Mock::violations`].
    Record,
    /// It is kept, and the request panics: for tests.
    Panic,
}

impl Default for Config {
    /// Frankfurt, seed 1, a clock that stands still at a fixed moment; answers are checked in debug builds.
    fn default() -> Self {
        Self {
            place: Place::new(1, "eu-frankfurt-1"),
            pace: Pace::Manual,
            epoch: Time::from_millis(1_795_291_200_000),
            answer_check: if cfg!(debug_assertions) { AnswerCheck::Panic } else { AnswerCheck::Off },
            page_limit: None,
        }
    }
}

/// A mock cloud. Clones are handles to the same one.
#[derive(Clone)]
pub struct Mock {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    clock: Clock,
    cloud: RwLock<Cloud>,
    requests: AtomicU64,
    violations: Mutex<Vec<String>>,
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mock").field("clock", &self.inner.clock).finish_non_exhaustive()
    }
}

impl Mock {
    /// A new cloud.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let clock = Clock::new(config.pace, config.epoch);
        let mut cloud = Cloud::new(config.place.clone(), config.epoch);
        for seed in MODULES.iter().filter_map(|module| module.seed) {
            seed(&mut cloud);
        }
        let inner = Inner {
            config,
            clock,
            cloud: RwLock::new(cloud),
            requests: AtomicU64::new(0),
            violations: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What it was made of.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Lets virtual time pass, and everything that was due happen.
    pub fn advance(&self, duration: Duration) {
        self.inner.clock.advance(duration);
        drop(self.settled());
    }

    /// Looks at the cloud with everything done that is due.
    pub fn with_cloud<R>(&self, look: impl FnOnce(&Cloud) -> R) -> R {
        look(&self.settled())
    }

    /// Changes the cloud behind the API's back.
    pub fn with_cloud_mut<R>(&self, change: impl FnOnce(&mut Cloud) -> R) -> R {
        let mut cloud = self.write();
        cloud.settle(self.inner.clock.now());
        change(&mut cloud)
    }

    /// Answers that contradicted the tables so far.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        lock(&self.inner.violations).clone()
    }

    /// Answers a request.
    ///
    /// # Panics
    /// With [`AnswerCheck::Panic`], when the answer contradicts the API's tables.
    #[must_use]
    pub fn handle(&self, request: &WireRequest) -> WireResponse {
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        let mut head = HeaderMap::new();
        head.insert("opc-request-id", self.request_id(request, number));
        match self.answer(request) {
            Ok((operation, reply)) => self.finish(operation, reply, head),
            Err(error) => refuse(request, &error, head),
        }
    }

    /// Three parts: what the client sent (or the service made), and two of the service's own.
    fn request_id(&self, request: &WireRequest, number: u64) -> HeaderValue {
        let seed = self.inner.config.place.seed;
        let own = ocid::hex(seed, &format!("request/{number}"), 96).to_uppercase();
        let sent = request.headers.get("opc-request-id").and_then(|value| value.to_str().ok());
        let first = sent.filter(|sent| !sent.is_empty() && sent.len() <= 98).unwrap_or(&own[64..]);
        let text = format!("{first}/{}/{}", &own[..32], &own[32..64]);
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    }

    fn answer(&self, request: &WireRequest) -> Result<(&'static Operation, Reply), ApiError> {
        let (operation, escaped) = route(request)?;
        let mut path = Vec::with_capacity(escaped.len());
        for value in escaped {
            path.push(
                unescape(value)
                    .ok_or_else(|| ApiError::cannot_parse("The path is not valid percent encoding."))?,
            );
        }
        let query = parse_query(request.query())?;
        let handler = services::handler(operation).ok_or_else(|| ApiError::not_modelled(&operation.name))?;
        check_parameters(operation, &path, &query)?;
        let json = check_body(operation, &request.body)?;
        let page_limit = self.inner.config.page_limit;
        let now = self.inner.clock.now();
        let call = Call {
            op: operation,
            path,
            query,
            headers: &request.headers,
            json,
            body: &request.body,
            page_limit,
            now,
        };
        let reply = match handler {
            Handler::Read(handle) => {
                let cloud = self.settled();
                check_compartment(&cloud, &call)?;
                handle(&cloud, &call)?
            }
            Handler::Write(handle) => {
                let mut cloud = self.write();
                cloud.settle(now);
                self.perform(&mut cloud, &call, request, handle)?
            }
        };
        Ok((operation, reply))
    }

    /// A change: at most once for each retry token, and only on the version that the caller means.
    fn perform(
        &self,
        cloud: &mut Cloud,
        call: &Call,
        request: &WireRequest,
        handle: fn(&mut Cloud, &Call) -> Result<Reply, ApiError>,
    ) -> Result<Reply, ApiError> {
        let token = call.header("opc-retry-token").filter(|_| call.op.takes_retry_token());
        let token = match token {
            Some(token) if token.is_empty() || token.len() > 64 => {
                return Err(ApiError::invalid("opc-retry-token", "1 to 64 characters"));
            }
            Some(token) => Some((format!("{}/{token}", call.op.name), request_digest(request))),
            None => None,
        };
        if let Some((key, digest)) = &token
            && let Some(known) = cloud.tokens().find(key, cloud.now())
        {
            return repeat(cloud, known, digest);
        }
        check_compartment(cloud, call)?;
        check_etag(cloud, call)?;
        let reply = handle(cloud, call)?;
        if let Some((key, digest)) = token {
            let remembered = remember(&reply, digest, cloud.now());
            cloud.tokens_mut().remember(key, remembered);
        }
        Ok(reply)
    }

    fn finish(&self, operation: &Operation, reply: Reply, mut headers: HeaderMap) -> WireResponse {
        if self.inner.config.answer_check != AnswerCheck::Off {
            self.check(operation, &reply);
        }
        for (name, value) in reply.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        let body = match reply.body {
            ReplyBody::Empty => Bytes::new(),
            ReplyBody::Bytes(bytes) => bytes,
            ReplyBody::Json(value) => {
                headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Bytes::from(value.to_string())
            }
        };
        WireResponse { status: reply.status, headers, body }
    }

    fn check(&self, operation: &Operation, reply: &Reply) {
        let body = match &reply.body {
            ReplyBody::Json(value) => Some(value),
            ReplyBody::Empty | ReplyBody::Bytes(_) => None,
        };
        if reply.status == StatusCode::NOT_MODIFIED {
            return;
        }
        // MySQL and others answer many changes with 202 and nothing else, though the tables name a model.
        let found = check_answer(operation, body);
        if found.is_empty() {
            return;
        }
        let found: Vec<String> = found.iter().map(|what| format!("{}: {what}", operation.name)).collect();
        lock(&self.inner.violations).extend(found.iter().cloned());
        assert!(
            self.inner.config.answer_check != AnswerCheck::Panic,
            "the mock's answer contradicts the API's tables:\n{}",
            found.join("\n")
        );
    }

    /// The cloud with everything done that is due, to look at. Reads share it.
    fn settled(&self) -> RwLockReadGuard<'_, Cloud> {
        let now = self.inner.clock.now();
        let cloud = self.inner.cloud.read().unwrap_or_else(PoisonError::into_inner);
        if cloud.next_due().is_none_or(|due| due > now) {
            return cloud;
        }
        drop(cloud);
        self.write().settle(now);
        self.inner.cloud.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Cloud> {
        self.inner.cloud.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn route(request: &WireRequest) -> Result<(&'static Operation, Vec<&str>), ApiError> {
    match facts().route(&request.method, request.path()) {
        Routed::Found(index, values) => Ok((facts().at(index), values)),
        Routed::WrongMethod(_) => Err(ApiError::new(
            405,
            "MethodNotAllowed",
            format!("{} is not allowed on {}", request.method, request.path()),
        )),
        Routed::Unknown => {
            Err(ApiError::new(404, "NotFound", format!("No operation has the path {}", request.path())))
        }
    }
}

fn refuse(request: &WireRequest, error: &ApiError, mut headers: HeaderMap) -> WireResponse {
    if let Some(secs) = error.retry_after_secs {
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from(secs));
    }
    let mut body = Bytes::new();
    if request.method != http::Method::HEAD {
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        body = Bytes::from(error.body().to_string());
    }
    WireResponse { status: error.status, headers, body }
}

/// A compartment that is not there looks like one that the caller may not see.
fn check_compartment(cloud: &Cloud, call: &Call) -> Result<(), ApiError> {
    let given = call.text("compartmentId").or_else(|| call.query("compartmentId"));
    match given {
        Some(id) if !id.is_empty() && !cloud.has_compartment(id) => {
            Err(ApiError::not_found(format!("compartmentId {id}")))
        }
        _ => Ok(()),
    }
}

/// `if-match` of an operation whose one path parameter is the id of a resource.
fn check_etag(cloud: &Cloud, call: &Call) -> Result<(), ApiError> {
    if call.path.len() != 1 || !call.op.takes_header("if-match") {
        return Ok(());
    }
    match cloud.get(call.id()) {
        Some(resource) => call.check_if_match(&resource.etag),
        None => Ok(()),
    }
}

fn request_digest(request: &WireRequest) -> String {
    let mut digest = Sha256::new();
    digest.update(request.target.as_bytes());
    digest.update([0]);
    digest.update(&request.body);
    STANDARD.encode(digest.finalize())
}

fn repeat(cloud: &Cloud, known: &Remembered, digest: &str) -> Result<Reply, ApiError> {
    if known.digest != digest {
        return Err(ApiError::invalid("opc-retry-token", "it was used with another request"));
    }
    if let Some(subject) = &known.subject
        && !cloud.get(subject).is_some_and(crate::cloud::Resource::is_live)
    {
        return Err(ApiError::new(
            409,
            "InvalidatedRetryToken",
            format!("The retry token was used already, and {subject} has been deleted since"),
        ));
    }
    Ok(Reply {
        status: StatusCode::from_u16(known.status).unwrap_or(StatusCode::OK),
        headers: known
            .headers
            .iter()
            .filter_map(|(name, value)| Some((header_name(name)?, value.clone())))
            .collect(),
        body: known.body.clone().map_or(ReplyBody::Empty, ReplyBody::Json),
        subject: known.subject.as_deref().map(Arc::from),
    })
}

/// The headers that a change answers with.
fn header_name(name: &str) -> Option<&'static str> {
    ["etag", "opc-work-request-id", "location", "retry-after"].into_iter().find(|known| *known == name)
}

fn remember(reply: &Reply, digest: String, at: Time) -> Remembered {
    let body: Option<Value> = match &reply.body {
        ReplyBody::Json(value) => Some(value.clone()),
        ReplyBody::Empty | ReplyBody::Bytes(_) => None,
    };
    Remembered {
        digest,
        subject: reply.subject.as_deref().map(str::to_owned),
        at,
        status: reply.status.as_u16(),
        headers: reply.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        body,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
