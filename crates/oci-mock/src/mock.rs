//! The handle: one request in, one answer out.
//!
//! The order of checks is the service's own: path, method, signature, parameters and body, the resource's
//! existence and etag, and then what the operation says. Only the last part holds the cloud's lock, and reads
//! share it.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::auth::{Backend, Keys, Signed, Verifier};
use crate::clock::{Clock, Pace, Time};
use crate::cloud::{Cloud, Place, Remembered};
use crate::control;
use crate::error::ApiError;
use crate::facts::{Operation, Routed, facts};
use crate::faults::{Faults, Fired, Script};
use crate::log::{Entry, Log};
use crate::ocid;
use crate::services::{self, Call, Handler, MODULES, Reply, ReplyBody};
use crate::store::{Store, StoreError};
use crate::validate::{check_answer, check_body, check_parameters, parse_query, unescape};
use crate::wire::{Cut, Delivery, WireRequest, WireResponse};

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
    /// Whether signatures are verified, and by which library; without, everybody is the cloud's user.
    pub signatures: Option<Backend>,
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
            signatures: None,
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
    store: Option<Mutex<Store>>,
    verifier: Option<Verifier>,
    faults: Faults,
    log: Log,
    requests: AtomicU64,
    violations: Mutex<Vec<String>>,
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mock").field("clock", &self.inner.clock).finish_non_exhaustive()
    }
}

impl Mock {
    /// A new cloud, in memory.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let cloud = first_cloud(&config);
        Self::with(config, cloud, None)
    }

    /// The cloud that is kept in this file, or a new one that will be. A cloud that was kept stays where it
    /// was: its place and seed replace those of `config`, and its time goes on from where it stood.
    ///
    /// # Errors
    /// [`StoreError`]: another process uses the file, or it is no cloud.
    pub fn open(mut config: Config, path: &Path) -> Result<Self, StoreError> {
        let (store, cloud) = Store::open(path, || first_cloud(&config))?;
        config.place = Place::clone(cloud.place());
        config.epoch = config.epoch.max(cloud.now());
        Ok(Self::with(config, cloud, Some(store)))
    }

    fn with(config: Config, cloud: Cloud, store: Option<Store>) -> Self {
        let clock = Clock::new(config.pace, config.epoch);
        let verifier = config.signatures.map(|backend| Verifier::new(Keys::new(backend)));
        let inner = Inner {
            config,
            clock,
            cloud: RwLock::new(cloud),
            store: store.map(Mutex::new),
            verifier,
            faults: Faults::default(),
            log: Log::default(),
            requests: AtomicU64::new(0),
            violations: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Writes the whole cloud into its file in one piece, where it has one.
    ///
    /// # Errors
    /// When the file cannot be written. The journal beside it still has everything.
    pub fn save(&self) -> Result<(), StoreError> {
        let mut cloud = self.write();
        cloud.settle(self.inner.clock.now());
        match &self.inner.store {
            Some(store) => lock(store).compact(&cloud),
            None => Ok(()),
        }
    }

    /// Puts what changed into the cloud's file, before anybody hears of it.
    fn keep(&self, cloud: &mut Cloud) -> Result<(), ApiError> {
        let Some(store) = &self.inner.store else { return Ok(()) };
        lock(store).keep(cloud).map_err(|error| {
            tracing::error!(%error, "the cloud's file cannot be written");
            ApiError::new(500, "InternalServerError", format!("the mock cannot keep its cloud: {error}"))
        })
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
        let result = change(&mut cloud);
        services::observe(&mut cloud);
        // It is logged; there is nobody else to tell.
        let _ = self.keep(&mut cloud);
        result
    }

    /// Answers that contradicted the tables so far.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        lock(&self.inner.violations).clone()
    }

    /// The keys whose signatures are accepted; `None` when nobody looks at signatures.
    #[must_use]
    pub fn keys(&self) -> Option<&Keys> {
        self.inner.verifier.as_ref().map(Verifier::keys)
    }

    /// The last requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Entry> {
        self.inner.log.entries()
    }

    /// Adds faults to those in force.
    pub fn add_faults(&self, script: Script) {
        self.inner.faults.add(script, self.inner.clock.now());
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.inner.faults.clear();
    }

    /// How often each fault in force was asked and fired, as the control interface shows it.
    #[must_use]
    pub fn faults(&self) -> Value {
        self.inner.faults.summary()
    }

    /// Answers a request as if nothing could happen to the answer on its way.
    ///
    /// # Panics
    /// With [`AnswerCheck::Panic`], when the answer contradicts the API's tables.
    #[must_use]
    pub fn handle(&self, request: &WireRequest) -> WireResponse {
        self.deliver(request).response
    }

    /// Answers a request. A transport waits, and then passes on what [`Delivery::cut`] leaves of the answer.
    ///
    /// # Panics
    /// With [`AnswerCheck::Panic`], when the answer contradicts the API's tables.
    #[must_use]
    pub fn deliver(&self, request: &WireRequest) -> Delivery {
        if request.target.starts_with(control::PREFIX) {
            return Delivery {
                response: control::answer(self, request),
                delay: Duration::ZERO,
                cut: Cut::Whole,
            };
        }
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        let mut head = HeaderMap::new();
        head.insert("opc-request-id", self.request_id(request, number));
        let mut seen = Seen::default();
        let answer = self.answer(request, &mut seen);
        let code = answer.as_ref().err().map(|error| error.code.clone());
        let response = match answer {
            Ok(reply) => self.finish(seen.operation, reply, head),
            Err(error) => refuse(request, &error, head),
        };
        self.inner.log.add(Entry {
            seq: number,
            time: self.inner.clock.now(),
            service: seen.operation.map(|operation| operation.service.as_str()),
            operation: seen.operation.map(|operation| operation.name.as_str()),
            method: request.method.to_string(),
            path: request.path().to_owned(),
            status: response.status.as_u16(),
            code,
            retry_token: request
                .headers
                .get("opc-retry-token")
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned),
            key_id: seen.key_id,
        });
        let cut = if seen.fired.closes_before() { Cut::Closed } else { seen.fired.cut() };
        Delivery { response, delay: seen.fired.delay(), cut }
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

    fn answer(&self, request: &WireRequest, seen: &mut Seen) -> Result<Reply, ApiError> {
        let (operation, escaped) = route(request)?;
        seen.operation = Some(operation);
        let now = self.inner.clock.now();
        seen.fired = self.inner.faults.draw(operation, request, now);
        if seen.fired.closes_before() {
            return Err(ApiError::new(503, "ServiceUnavailable", "the connection is closed by a fault"));
        }
        seen.key_id = self.authenticate(operation, request, &seen.fired)?;
        if let Some(error) = seen.fired.refusal() {
            return Err(error);
        }
        let mut path = Vec::with_capacity(escaped.len());
        for value in escaped {
            let unescaped = unescape(value);
            path.push(
                unescaped.ok_or_else(|| ApiError::cannot_parse("The path is not valid percent encoding."))?,
            );
        }
        let query = parse_query(request.query())?;
        check_parameters(operation, &path, &query)?;
        let json = check_body(operation, &request.body)?;
        let handler = services::handler(operation).ok_or_else(|| ApiError::not_modelled(&operation.name))?;
        let page_limit = self.inner.config.page_limit;
        let headers = &request.headers;
        let call = Call { op: operation, path, query, headers, json, body: &request.body, page_limit, now };
        match handler {
            Handler::Read(handle) if seen.fired.is_empty() => {
                let cloud = self.settled();
                check_compartment(&cloud, &call)?;
                handle(&cloud, &call)
            }
            handler => {
                let mut cloud = self.write();
                cloud.settle(now);
                seen.fired.before(&mut cloud, &call.path);
                let reply = match handler {
                    Handler::Read(handle) => {
                        check_compartment(&cloud, &call)?;
                        handle(&cloud, &call)?
                    }
                    Handler::Write(handle) => perform(&mut cloud, &call, request, handle)?,
                };
                seen.fired.after(&mut cloud, &reply);
                services::observe(&mut cloud);
                self.keep(&mut cloud)?;
                Ok(reply)
            }
        }
    }

    /// The key id that signed; `None` when nobody looks.
    fn authenticate(
        &self,
        operation: &Operation,
        request: &WireRequest,
        fired: &Fired,
    ) -> Result<Option<String>, ApiError> {
        let Some(verifier) = &self.inner.verifier else { return Ok(None) };
        // Object Storage's uploads are Oracle's exception: their body is not part of the signature.
        let upload = matches!(operation.name.as_str(), "PutObject" | "UploadPart");
        let signed = if upload { Signed::Upload } else { Signed::ByMethod };
        let now = self.inner.clock.signing_now();
        let now = Time::from_millis(now.millis() + fired.skew_secs().saturating_mul(1000));
        let key_id = verifier.verify(request, signed, now)?;
        if fired.expires_tokens() && key_id.starts_with("ST$") {
            return Err(ApiError::not_authenticated("the session token expired"));
        }
        Ok(Some(key_id))
    }

    fn finish(
        &self,
        operation: Option<&Operation>,
        mut reply: Reply,
        mut headers: HeaderMap,
    ) -> WireResponse {
        if let ReplyBody::Json(value) = &mut reply.body {
            self.inner.config.place.add_default_tags(value);
        }
        if let Some(operation) = operation
            && self.inner.config.answer_check != AnswerCheck::Off
        {
            self.check(operation, &reply);
        }
        for (name, value) in reply.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
            {
                headers.insert(name, value);
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

/// A change: at most once for each retry token, and only on the version that the caller means.
fn perform(
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
        cloud.remember_token(key, remembered);
    }
    Ok(reply)
}

/// What is known of a request when its answer is sent.
#[derive(Default)]
struct Seen {
    operation: Option<&'static Operation>,
    key_id: Option<String>,
    fired: Fired,
}

fn first_cloud(config: &Config) -> Cloud {
    let mut cloud = Cloud::new(config.place.clone(), config.epoch);
    for seed in MODULES.iter().filter_map(|module| module.seed) {
        seed(&mut cloud);
    }
    cloud
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
            .filter_map(|(name, value)| Some((header_name(name)?.into(), value.clone())))
            .collect(),
        body: match known.body.as_deref().map(serde_json::from_str) {
            Some(Ok(value)) => ReplyBody::Json(value),
            _ => ReplyBody::Empty,
        },
        subject: known.subject.as_deref().map(Arc::from),
    })
}

/// The headers that a change answers with.
fn header_name(name: &str) -> Option<&'static str> {
    ["etag", "opc-work-request-id", "location", "retry-after"].into_iter().find(|known| *known == name)
}

fn remember(reply: &Reply, digest: String, at: Time) -> Remembered {
    let body = match &reply.body {
        ReplyBody::Json(value) => Some(value.to_string()),
        ReplyBody::Empty | ReplyBody::Bytes(_) => None,
    };
    Remembered {
        digest,
        subject: reply.subject.as_deref().map(str::to_owned),
        at,
        status: reply.status.as_u16(),
        headers: reply.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
        body,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
