//! The small HTTP conversations in which credentials are fetched: a request, a few attempts, an answer.
//!
//! They go through the same [`Transport`] as everything else, but not through the attempt loop of ordinary
//! calls: that loop needs the credentials which these conversations are about.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use world::World;

use super::credential::Credential;
use super::error::CredentialError;
use crate::request::{Body, Request, SigningRule};
use crate::sign::{Signed, sign_off_thread};
use crate::transport::{AttemptLimits, RawResponse, Transport, TransportError};

/// No token, certificate or key comes near this size.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// The longest pause between two attempts, as in Oracle's SDK.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How often, and how long each time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) attempts_max: u32,
    pub(super) attempt_timeout: Duration,
    /// Whether a 404 may pass: the metadata service answers it while an instance starts.
    pub(super) not_found_may_pass: bool,
}

/// To find out whether there is a metadata service at all: anywhere but on an instance there is none, and the
/// user waits.
pub(super) const GLANCE: Patience =
    Patience { attempts_max: 1, attempt_timeout: Duration::from_secs(2), not_found_may_pass: false };

/// For the metadata service of an instance. Oracle's SDK tries eight times.
pub(super) const METADATA: Patience =
    Patience { attempts_max: 8, attempt_timeout: Duration::from_secs(10), not_found_may_pass: true };

/// For the auth service. Oracle's SDK tries three times.
pub(super) const AUTH_SERVICE: Patience =
    Patience { attempts_max: 3, attempt_timeout: Duration::from_secs(30), not_found_may_pass: false };

/// What a conversation needs of its surroundings.
#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) world: Arc<dyn World>,
    pub(super) transport: Arc<dyn Transport>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange")
    }
}

impl Exchange {
    /// Asks the metadata service, whose one header only keeps other sites' scripts out.
    pub(super) async fn metadata(
        &self,
        base: &str,
        path: &str,
        patience: Patience,
    ) -> Result<Bytes, CredentialError> {
        let step = format!("asking the metadata service for `{path}`");
        let (origin, target) = split(base, path);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer Oracle"));
        let request = Request {
            method: Method::GET,
            origin,
            target,
            headers,
            body: Body::Empty,
            signing: SigningRule::BodyUnsigned,
        };
        self.attempts(&step, &request, None, patience).await
    }

    /// Sends a signed request to the auth service and returns the token that it answers with.
    pub(super) async fn signed(
        &self,
        step: &str,
        request: &Request,
        credential: &Arc<Credential>,
    ) -> Result<Bytes, CredentialError> {
        self.attempts(step, request, Some(credential), AUTH_SERVICE).await
    }

    async fn attempts(
        &self,
        step: &str,
        request: &Request,
        credential: Option<&Arc<Credential>>,
        patience: Patience,
    ) -> Result<Bytes, CredentialError> {
        let limits =
            AttemptLimits { attempt_timeout: patience.attempt_timeout, response_bytes_max: ANSWER_BYTES_MAX };
        let mut attempt = 1;
        loop {
            let signed = match credential {
                Some(credential) => sign_off_thread(request, credential, self.world.now())
                    .await
                    .map_err(CredentialError::Sign)?,
                None => Signed::unsigned(request.clone()),
            };
            let result = self.transport.send(signed, limits).await;
            let may_pass = match &result {
                Ok(answer) if answer.status.is_success() => return Ok(answer.body.clone()),
                Ok(answer) => status_may_pass(answer.status, patience),
                Err(_) => true,
            };
            if !may_pass || attempt >= patience.attempts_max {
                return Err(failure(step, result));
            }
            self.world.sleep(self.pause(attempt)).await;
            attempt += 1;
        }
    }

    /// Doubles from one second, half of it random.
    fn pause(&self, attempt: u32) -> Duration {
        let full = Duration::from_secs(1 << (attempt - 1).min(5)).min(PAUSE_MAX);
        let thousandths = u32::try_from(self.world.random_u64() % 1000).unwrap_or(0);
        full / 2 + full * thousandths / 2000
    }
}

fn status_may_pass(status: StatusCode, patience: Patience) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || status.is_server_error()
        || (status == StatusCode::NOT_FOUND && patience.not_found_may_pass)
}

fn failure(step: &str, result: Result<RawResponse, TransportError>) -> CredentialError {
    match result {
        Ok(answer) => CredentialError::Service {
            step: step.to_owned(),
            reason: answered(&answer),
            source: None,
            status: Some(answer.status),
        },
        Err(source) => CredentialError::Service {
            step: step.to_owned(),
            reason: String::new(),
            source: Some(source),
            status: None,
        },
    }
}

/// The status and, if the body is an error as OCI writes them, the service's own words.
fn answered(answer: &RawResponse) -> String {
    #[derive(serde::Deserialize)]
    struct Words {
        code: String,
        message: String,
    }
    let status = answer.status.as_u16();
    match serde_json::from_slice::<Words>(&answer.body) {
        Ok(words) => {
            let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
            format!("the answer was {status} {}: {}", clean(&words.code), clean(&words.message))
        }
        Err(_) => format!("the answer was {status}"),
    }
}

/// A `POST` of a JSON document to the auth service.
pub(super) fn post(
    url_origin: &str,
    target: &str,
    body: &serde_json::Value,
    signing: SigningRule,
) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Request {
        method: Method::POST,
        origin: url_origin.to_owned(),
        target: target.to_owned(),
        headers,
        body: Body::Bytes(Bytes::from(body.to_string())),
        signing,
    }
}

/// Splits `http://host/opc/v2` and `/instance/region` into an origin and a target.
pub(super) fn split(base: &str, path: &str) -> (String, String) {
    let base = base.trim_end_matches('/');
    let host_starts = base.find("://").map_or(0, |position| position + 3);
    let path_starts = base[host_starts..].find('/').map_or(base.len(), |position| host_starts + position);
    (base[..path_starts].to_owned(), format!("{}{path}", &base[path_starts..]))
}

/// The `token` of an answer.
pub(super) fn token_of(answer: &[u8], step: &str) -> Result<crate::secret::Secret<String>, CredentialError> {
    #[derive(serde::Deserialize)]
    struct Answer {
        token: String,
    }
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| CredentialError::Service {
        step: step.to_owned(),
        reason: "the answer holds no token".to_owned(),
        source: None,
        status: None,
    })?;
    // Oracle's SDKs accept the token with and without the prefix of the key id.
    let token = answer.token.trim();
    Ok(token.strip_prefix("ST$").unwrap_or(token).to_owned().into())
}
