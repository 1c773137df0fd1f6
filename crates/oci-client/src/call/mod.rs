//! The attempt loop: sign, send, classify, decide, and again. It sleeps and asks the clock, and holds no policy.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::Instrument as _;

use crate::classify::{self, Attempt, Class, Effect, Failure, Verdict};
use crate::client::{CallOptions, EVENTUAL_CONSISTENCY_WINDOW, Inner};
use crate::credentials::Credential;
use crate::decide::{Enough, History, Next, Policy, Repeat, clock_is_off, decide};
use crate::error::{Call, Error, Failed};
use crate::operation::{Operation, OperationSpec, RequestError};
use crate::rate::Gate;
use crate::request::Request;
use crate::response::Response;
use crate::sign::sign_off_thread;
use crate::stop::Stop;
use crate::transport::{AttemptLimits, RawResponse, Sent, TransportError, TransportErrorKind};

const OPC_RETRY_TOKEN: HeaderName = HeaderName::from_static("opc-retry-token");
/// The longest retry token. (Core Services 20160918, `opc-retry-token`.)
const RETRY_TOKEN_CHARS_MAX: usize = 64;

/// Calls `operation` until it succeeds, or [`decide`] says that it is enough.
pub(crate) async fn call<O: Operation>(
    client: &Inner,
    operation: &O,
    options: &CallOptions,
) -> Result<Response<O::Output>, Error> {
    let spec = operation.spec();
    let span = tracing::info_span!("call", service = spec.service, operation = spec.name);
    async {
        let mut road = Road::prepare(client, operation, options)?;
        loop {
            let attempt = road.attempt().await?;
            let failure = match attempt.verdict {
                Verdict::Success => return road.decode(operation, attempt.result),
                Verdict::Failure(failure) => failure,
            };
            match road.decide(&failure) {
                Next::Again { after, .. } => {
                    road.last = Some((failure, attempt.result.err()));
                    tokio::select! {
                        biased;
                        () = asked(road.stop) => return Err(road.stopped()),
                        () = client.world.sleep(after) => {}
                    }
                }
                Next::Enough(enough) => return Err(road.give_up(failure, attempt.result.err(), enough)),
            }
        }
    }
    .instrument(span)
    .await
}

/// One call on its way: what stays the same over its attempts, and what happened so far.
struct Road<'a> {
    client: &'a Inner,
    call: Call,
    request: Request,
    policy: &'a Policy,
    gate: Arc<Gate>,
    history: History,
    credential: Option<Arc<Credential>>,
    /// What the attempts so far may have done, taken together.
    effect: Effect,
    /// The last failure, for when the time is up before the next attempt.
    last: Option<(Failure, Option<TransportError>)>,
    /// Who may ask to send nothing more.
    stop: Option<&'a Stop>,
}

/// What one attempt gave.
struct Attempted {
    result: Result<RawResponse, TransportError>,
    verdict: Verdict,
}

impl<'a> Road<'a> {
    /// Freezes everything that does not change from attempt to attempt.
    fn prepare<O: Operation>(
        client: &'a Inner,
        operation: &O,
        options: &'a CallOptions,
    ) -> Result<Self, Error> {
        let spec = operation.spec();
        let input = |source| Error::Input { call: Call::new(spec, ""), source };
        let mut request = operation.request("").map_err(input)?;
        let parameters = path_parameters(spec.path, &request.target);
        request.origin = client
            .endpoints
            .origin(spec.service, spec.client, &parameters)
            .map_err(|source| Error::Endpoint { call: Call::new(spec, ""), source })?;
        let policy = options.policy.as_ref().unwrap_or(&client.policy);
        let repeat = set_headers(client, spec, policy, options, &mut request.headers).map_err(input)?;
        let now = client.world.monotonic();
        let patience = options.operation_timeout.unwrap_or(client.timeouts.operation_timeout);
        let history = History {
            attempts: 0,
            repeat,
            deadline: now.saturating_add(patience),
            fresh_until: options
                .youngest_object_age
                .map(|age| now.saturating_add(EVENTUAL_CONSISTENCY_WINDOW.saturating_sub(age))),
            can_refresh: false,
            refreshed: false,
        };
        let gate = client.gates.to(&request.origin, spec.service);
        let call = Call::new(spec, &request.target);
        Ok(Self {
            client,
            call,
            request,
            policy,
            gate,
            history,
            credential: None,
            effect: Effect::None,
            last: None,
            stop: options.stop.as_ref(),
        })
    }

    /// Waits for its turn, signs with a new date and sends once.
    async fn attempt(&mut self) -> Result<Attempted, Error> {
        let (client, world) = (self.client, &self.client.world);
        let ready = async {
            let passage = self.gate.pass(world.as_ref()).await;
            (passage, client.credentials.credential().await)
        };
        let in_time = tokio::select! {
            biased;
            () = asked(self.stop) => return Err(self.stopped()),
            ready = ready => Some(ready),
            () = world.sleep(self.time_left()) => None,
        };
        let Some((passage, credential)) = in_time else { return Err(self.out_of_time()) };
        let credential =
            credential.map_err(|source| Error::Credentials { call: self.call.clone(), source })?;
        self.history.attempts += 1;
        let request_id = self.new_request_id();
        let span = tracing::info_span!(
            "attempt",
            attempt = self.history.attempts,
            client_request_id = request_id,
            status = tracing::field::Empty,
            request_id = tracing::field::Empty,
        );
        let signed = sign_off_thread(&self.request, &credential, world.now()).await;
        let signed = signed.map_err(|source| Error::Sign { call: self.call.clone(), source })?;
        self.credential = Some(credential);

        let limits = AttemptLimits {
            attempt_timeout: client.timeouts.attempt_timeout.min(self.time_left()),
            response_bytes_max: client.response_bytes_max,
        };
        let sending = client.transport.send(signed, limits).instrument(span.clone());
        let result = tokio::select! {
            biased;
            result = sending => result,
            // A transport that keeps its promise is done by now.
            () = world.sleep(limits.attempt_timeout) => Err(TransportError {
                kind: TransportErrorKind::Timeout,
                sent: Sent::Maybe,
                source: None,
            }),
        };
        let verdict = classify::classify(
            self.call.operation(),
            &Attempt { result: result.as_ref(), received_at: world.now() },
        );
        passage.end(world.monotonic(), &verdict);
        report(&span, &result, &verdict);
        Ok(Attempted { result, verdict })
    }

    /// Asks [`decide`], after telling the credentials that they were refused, if they were.
    fn decide(&mut self, failure: &Failure) -> Next {
        let world = &self.client.world;
        if failure.effect == Effect::Unknown {
            self.effect = Effect::Unknown;
        }
        if let Some(credential) = self.credential.take_if(|_| {
            failure.class == Class::NotAuthenticated && !self.history.refreshed && !clock_is_off(failure)
        }) {
            self.history.can_refresh = self.client.credentials.refused(&credential);
        }
        let next = decide(self.policy, &self.history, failure, world.monotonic(), world.random_u64());
        if let Next::Again { after, refresh_credentials } = &next {
            self.history.refreshed |= refresh_credentials;
            let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            tracing::debug!(after_ms, class = ?failure.class, "will try again");
        }
        next
    }

    fn decode<O: Operation>(
        &self,
        operation: &O,
        result: Result<RawResponse, TransportError>,
    ) -> Result<Response<O::Output>, Error> {
        let response = result.expect("only an answer is classified as a success");
        let attempts = self.history.attempts;
        let value = operation.decode(&response).map_err(|source| {
            let failure = Failure {
                class: Class::Transport(TransportErrorKind::Other),
                effect: if operation.spec().is_read() { Effect::None } else { Effect::Unknown },
                status: Some(response.status),
                code: None,
                message: None,
                request_id: classify::text_header(&response.headers, "opc-request-id"),
                retry_after: None,
                clock_ahead: None,
            };
            let answer = Failed::new(self.call.clone(), failure, None, attempts, Enough::Final);
            Error::Unreadable { answer: Box::new(answer), source }
        })?;
        let received_at = self.client.world.now();
        Ok(Response { value, status: response.status, headers: response.headers, received_at, attempts })
    }

    fn give_up(&self, failure: Failure, transport: Option<TransportError>, enough: Enough) -> Error {
        let failure = Failure { effect: self.effect, ..failure };
        Error::from_failed(Failed::new(self.call.clone(), failure, transport, self.history.attempts, enough))
    }

    fn out_of_time(&mut self) -> Error {
        match self.last.take() {
            Some((failure, transport)) => self.give_up(failure, transport, Enough::Time),
            None => Error::NeverSent { call: self.call.clone() },
        }
    }

    /// The caller asked to send nothing more.
    fn stopped(&mut self) -> Error {
        match self.last.take() {
            Some((failure, transport)) => self.give_up(failure, transport, Enough::Stopped),
            None => Error::Stopped { call: self.call.clone() },
        }
    }

    fn time_left(&self) -> Duration {
        self.history.deadline.saturating_sub(self.client.world.monotonic())
    }

    /// A new id for each attempt, as Oracle's SDKs do: 32 upper-case hexadecimal digits.
    fn new_request_id(&mut self) -> String {
        let world = &self.client.world;
        let id = format!("{:016X}{:016X}", world.random_u64(), world.random_u64());
        let name = match self.call.operation().service {
            "object_storage" => "opc-client-request-id",
            _ => "opc-request-id",
        };
        let value = HeaderValue::try_from(&id).expect("hexadecimal digits fit into a header");
        self.request.headers.insert(name, value);
        id
    }
}

/// Waits until somebody asks to stop; for ever where nobody can.
async fn asked(stop: Option<&Stop>) {
    match stop {
        Some(stop) => stop.asked().await,
        None => std::future::pending().await,
    }
}

/// Adds the headers that are the same for every attempt, and says why a repetition would be harmless.
fn set_headers(
    client: &Inner,
    spec: &OperationSpec,
    policy: &Policy,
    options: &CallOptions,
    headers: &mut HeaderMap,
) -> Result<Repeat, RequestError> {
    headers.insert(header::USER_AGENT, client.user_agent.clone());
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    if policy.attempts_max > 1 {
        headers.insert("opc-client-retries", HeaderValue::from_static("true"));
    }
    if let Some(token) = &options.retry_token {
        if !spec.takes_retry_token {
            return Err(RequestError::RetryTokenNotTaken);
        }
        let fits = (1..=RETRY_TOKEN_CHARS_MAX).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::try_from(token).ok().filter(|_| fits);
        let value = value.ok_or(RequestError::InvalidHeader { name: "opc-retry-token" })?;
        headers.insert(OPC_RETRY_TOKEN, value);
    } else if spec.takes_retry_token && !headers.contains_key(OPC_RETRY_TOKEN) {
        let token = format!("{:016x}{:016x}", client.world.random_u64(), client.world.random_u64());
        let value = HeaderValue::try_from(token).expect("hexadecimal digits fit into a header");
        headers.insert(OPC_RETRY_TOKEN, value);
    }
    Ok(if spec.takes_retry_token {
        Repeat::Token
    } else if options.is_harmless_to_repeat {
        Repeat::CallerVouches
    } else {
        Repeat::IfWithoutEffect
    })
}

/// The values of the path's placeholders, for the few hosts that contain one.
fn path_parameters<'t>(path: &'static str, target: &'t str) -> Vec<(&'static str, &'t str)> {
    let target = target.split('?').next().unwrap_or_default();
    let pairs = path.split('/').zip(target.split('/'));
    pairs.filter_map(|(name, value)| Some((name.strip_prefix('{')?.strip_suffix('}')?, value))).collect()
}

/// Writes down how an attempt ended: numbers and ids, no body and no other header.
fn report(span: &tracing::Span, result: &Result<RawResponse, TransportError>, verdict: &Verdict) {
    if let Ok(response) = result {
        span.record("status", response.status.as_u16());
        if let Some(id) = classify::text_header(&response.headers, "opc-request-id") {
            span.record("request_id", id);
        }
    }
    let _inside = span.enter();
    match verdict {
        Verdict::Success => tracing::debug!("succeeded"),
        Verdict::Failure(failure) => {
            let code = failure.code.as_ref().map(crate::service_code::ServiceCode::as_str);
            tracing::debug!(class = ?failure.class, effect = ?failure.effect, code, "failed");
        }
    }
}

#[cfg(test)]
mod tests;
