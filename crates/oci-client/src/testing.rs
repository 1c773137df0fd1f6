//! What the tests of sending share: a transport that is a function, a key, and operations written by hand.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::HeaderName};
use world::{BoxFuture, TestWorld, World};

use crate::client::{Client, ClientBuilder};
use crate::credentials::{Credential, CredentialProvider, FixedCredential, WhoAmI};
use crate::endpoint::{Endpoints, Origin};
use crate::key::SigningKey;
use crate::operation::{DecodeError, Operation, OperationSpec, Paged, RequestError};
use crate::request::{Body, Request, SigningRule};
use crate::sign::Signed;
use crate::transport::{AttemptLimits, RawResponse, Sent, Transport, TransportError, TransportErrorKind};

pub(crate) const ORIGIN: &str = "https://service.example";
pub(crate) const KEY_PEM: &str = include_str!("../tests/keys/api-2048/key.pem");

pub(crate) static READ: OperationSpec = spec(Method::GET, "read_thing", false);
pub(crate) static CREATE: OperationSpec = spec(Method::POST, "create_thing", true);
pub(crate) static UPDATE: OperationSpec = spec(Method::PUT, "update_thing", false);

const fn spec(method: Method, name: &'static str, takes_retry_token: bool) -> OperationSpec {
    OperationSpec {
        service: "core",
        client: "ThingClient",
        name,
        method,
        path: "/20160918/things/{thingId}",
        takes_retry_token,
        takes_if_match: false,
    }
}

/// An operation on things, whose answer is any JSON.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub(crate) spec: &'static OperationSpec,
    pub(crate) body: &'static str,
    pub(crate) page: Option<String>,
}

impl Thing {
    pub(crate) fn new(spec: &'static OperationSpec) -> Self {
        Self { spec, body: "", page: None }
    }
}

impl Operation for Thing {
    type Output = serde_json::Value;

    fn spec(&self) -> &'static OperationSpec {
        self.spec
    }

    fn request(&self, origin: &str) -> Result<Request, RequestError> {
        let query = self.page.as_ref().map(|token| format!("?page={token}")).unwrap_or_default();
        Ok(Request {
            method: self.spec.method.clone(),
            origin: origin.to_owned(),
            target: format!("/20160918/things/ocid1.thing{query}"),
            headers: HeaderMap::new(),
            body: if self.body.is_empty() {
                Body::Empty
            } else {
                Body::Bytes(Bytes::from_static(self.body.as_bytes()))
            },
            signing: SigningRule::Standard,
        })
    }

    fn decode(&self, response: &RawResponse) -> Result<Self::Output, DecodeError> {
        if response.body.is_empty() {
            return Err(DecodeError::Empty { expected: "Thing" });
        }
        serde_json::from_slice(&response.body).map_err(|source| DecodeError::Json {
            expected: "Thing",
            at: "$".to_owned(),
            source,
        })
    }
}

impl Paged for Thing {
    type Item = serde_json::Value;

    fn set_page(&mut self, token: Option<String>) {
        self.page = token;
    }

    fn limit(&self) -> Option<i64> {
        None
    }

    fn set_limit(&mut self, _limit: Option<i64>) {}

    fn items(output: Self::Output) -> Vec<Self::Item> {
        output.as_array().cloned().unwrap_or_default()
    }
}

/// What the transport was given.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
}

/// What the transport gives back.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer(RawResponse),
    Fail(TransportErrorKind, Sent),
    /// No answer, ever.
    Hang,
}

pub(crate) fn answer(status: u16, body: &str) -> Reply {
    answer_with(status, &[], body)
}

pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let body = Bytes::copy_from_slice(body.as_bytes());
    Reply::Answer(RawResponse { status: StatusCode::from_u16(status).unwrap(), headers, body })
}

pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    let body = format!(r#"{{"code":"{code}","message":"the service's own words"}}"#);
    answer_with(status, &[("opc-request-id", "A/B/C")], &body)
}

type Script = Box<dyn Fn(usize, &Seen) -> Reply + Send + Sync>;

/// A transport that answers by a function of the number of the attempt (from 0) and the request.
pub(crate) struct Scripted {
    script: Script,
    pub(crate) seen: Mutex<Vec<Seen>>,
}

impl Scripted {
    pub(crate) fn new(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), seen: Mutex::new(Vec::new()) })
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl Transport for Scripted {
    fn send(&self, signed: Signed, _: AttemptLimits) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        let (request, headers) = signed.into_parts();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let seen = Seen { target: request.target, headers };
        let number = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        Box::pin(async move {
            match (self.script)(number, &seen) {
                Reply::Answer(response) => Ok(response),
                Reply::Fail(kind, sent) => Err(TransportError { kind, sent, source: None }),
                Reply::Hang => std::future::pending().await,
            }
        })
    }
}

pub(crate) fn credential() -> Arc<Credential> {
    let key = SigningKey::from_pem(KEY_PEM.as_bytes(), None).unwrap();
    Arc::new(Credential::with_key_id("tenancy/user/fingerprint".to_owned(), Arc::new(key)).unwrap())
}

pub(crate) fn builder(transport: &Arc<Scripted>) -> ClientBuilder {
    let provider = FixedCredential::new(credential(), WhoAmI::default());
    builder_with(transport, Arc::new(provider))
}

pub(crate) fn builder_with(
    transport: &Arc<Scripted>,
    credentials: Arc<dyn CredentialProvider>,
) -> ClientBuilder {
    let world: Arc<dyn World> = Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, 7));
    let transport: Arc<dyn Transport> = Arc::<Scripted>::clone(transport);
    let endpoints = Endpoints::default().all_at(Origin::parse(ORIGIN).unwrap());
    Client::builder(transport, credentials, endpoints).world(world)
}

pub(crate) fn client(
    script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
) -> (Client, Arc<Scripted>) {
    let transport = Scripted::new(script);
    (builder(&transport).build(), transport)
}
