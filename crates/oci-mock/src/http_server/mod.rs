//! The mock behind a socket: HTTP/1.1 for any client.
//!
//! Everything that arrives is bounded: the size of a head, of a body and of all bodies together, the number
//! of connections, and the time that any of them may take. What is too much is refused or closed; the other
//! connections do not notice.

mod body;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::control;
use crate::datapath::{self, Follower};
use crate::error::ApiError;
use crate::facts::{Routed, facts};
use crate::mock::Mock;
use crate::wire::{Cut, Delivery, WireRequest, WireResponse};

use body::Answer;

/// Connections at a time; further ones are closed at once.
const CONNECTIONS_MAX: usize = 4096;
/// Lines of a head.
const HEADERS_MAX: usize = 100;
/// Bytes of a head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// From the end of one request to the complete head of the next. SDKs that wait poll every 30 seconds.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// For a whole body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// A JSON body: the largest that OCI takes are an instance's 32,000 bytes of metadata and lists of rules.
const JSON_BYTES_MAX: u64 = 1024 * 1024;
/// An object. (OCI itself takes 50 GiB in one request.)
const OBJECT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Of a body that is too large, so much is read and thrown away, so that its sender hears why.
const DISCARDED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// All bodies that are being read, in KiB.
const BODIES_KIB_MAX: u32 = 256 * 1024;
/// When the server stops, requests under way have so long to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A running server. Dropping it stops it at once; [`MockServer::stop`] lets requests under way end.
#[derive(Debug)]
pub struct MockServer {
    mock: Mock,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
    follower: Option<Follower>,
}

impl MockServer {
    /// Serves a mock on this address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    ///
    /// # Cancel safety
    /// When dropped, nothing is served.
    pub async fn start(mock: Mock, listen: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, mock.clone(), stopped));
        Ok(Self { mock, address, stop, accepting, follower: None })
    }

    /// Opens a loopback port for each listener of a load balancer, for as long as this server runs.
    pub fn follow_listeners(&mut self) {
        self.follower.get_or_insert_with(|| datapath::follow(&self.mock));
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The one base URL of all services.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The cloud behind it.
    #[must_use]
    pub fn mock(&self) -> &Mock {
        &self.mock
    }

    /// Takes no more requests, and waits for those under way, a few seconds at most.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.accepting).await.is_err() {
            self.accepting.abort();
        }
        if let Err(error) = self.mock.save() {
            tracing::error!(%error, "the cloud's file cannot be written");
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.accepting.abort();
    }
}

/// What all connections share.
struct Shared {
    mock: Mock,
    bodies: Semaphore,
}

async fn accept(listener: TcpListener, mock: Mock, mut stopped: watch::Receiver<bool>) {
    let shared = Arc::new(Shared { mock, bodies: Semaphore::new(BODIES_KIB_MAX as usize) });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) if connections.len() < CONNECTIONS_MAX => {
                    connections.spawn(connection(stream, peer, Arc::clone(&shared), stopped.clone()));
                }
                Ok(_) => tracing::warn!("too many connections, one was closed"),
                // Out of file descriptors, or gone before it was taken: the next one may be better.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    pause(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

#[expect(clippy::disallowed_methods, reason = "the server's own waiting, which no test waits for")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { answer(&shared, peer, request).await }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        // A client may close its sending side after the request and still read the answer.
        .half_close(true)
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        _ = stopped.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended badly");
    }
}

/// Answers one request, or fails to close the connection.
async fn answer(
    shared: &Shared,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> io::Result<Response<Answer>> {
    let (parts, incoming) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    if target.starts_with(control::PREFIX) && !peer.ip().is_loopback() {
        return Ok(refusal(&ApiError::new(
            403,
            "NotAuthorized",
            "the control interface is for loopback callers",
        )));
    }
    let head = WireRequest { method: parts.method, target, headers: parts.headers, body: Bytes::new() };
    let body = match read_body(shared, &head, incoming).await {
        Ok(body) => body,
        Err(error) => return Ok(refusal(&error)),
    };
    let delivery = shared.mock.deliver(&WireRequest { body, ..head });
    send(delivery).await
}

async fn send(delivery: Delivery) -> io::Result<Response<Answer>> {
    if !delivery.delay.is_zero() {
        pause(delivery.delay).await;
    }
    let WireResponse { status, headers, body } = delivery.response;
    let body = match delivery.cut {
        Cut::Whole => Answer::whole(body),
        Cut::Closed => return Err(io::Error::other("closed by a fault")),
        Cut::After(bytes) => Answer::cut(&body, bytes),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// A refusal of the server itself. What is left of the request's body is not read, so the connection ends.
fn refusal(error: &ApiError) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(Bytes::from(error.body().to_string())));
    *response.status_mut() = error.status;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert("opc-request-id", HeaderValue::from_static("none"));
    response
}

async fn read_body(shared: &Shared, head: &WireRequest, incoming: Incoming) -> Result<Bytes, ApiError> {
    let declared = incoming.size_hint().exact();
    if declared == Some(0) {
        return Ok(Bytes::new());
    }
    let upload = is_upload(head);
    if upload && declared.is_none() {
        return Err(ApiError::new(411, "ContentLengthRequired", "The Content-Length header is required"));
    }
    let limit = if upload { OBJECT_BYTES_MAX } else { JSON_BYTES_MAX };
    let too_large = || {
        let status = StatusCode::PAYLOAD_TOO_LARGE.as_u16();
        ApiError::new(status, "RequestEntityTooLarge", format!("The body has more than {limit} bytes"))
    };
    if declared.is_some_and(|length| length > limit) {
        // A client that asked first has sent nothing yet.
        if !head.headers.contains_key(http::header::EXPECT) {
            let _ = tokio::time::timeout(BODY_TIMEOUT, discard(incoming)).await;
        }
        return Err(too_large());
    }
    let kib = u32::try_from(declared.unwrap_or(limit) / 1024 + 1).unwrap_or(BODIES_KIB_MAX);
    let reading = async {
        let _room = shared.bodies.acquire_many(kib).await;
        collect(incoming, limit).await
    };
    match tokio::time::timeout(BODY_TIMEOUT, reading).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => Err(too_large()),
        Ok(Err(error)) => Err(ApiError::cannot_parse(format!("The body did not arrive: {error}."))),
        Err(_) => Err(ApiError::new(408, "RequestTimeout", "The body did not arrive in time")),
    }
}

/// Whether the body is an object's bytes.
fn is_upload(head: &WireRequest) -> bool {
    matches!(
        facts().route(&head.method, head.path()),
        Routed::Found(index, _) if facts().at(index).body == crate::facts::Payload::Stream
    )
}

/// The body; `None` when it has more than `limit` bytes.
async fn collect(mut incoming: Incoming, limit: u64) -> Result<Option<Bytes>, hyper::Error> {
    let mut collected = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if (collected.len() + data.len()) as u64 > limit {
            return Ok(None);
        }
        collected.extend_from_slice(&data);
    }
    Ok(Some(collected.freeze()))
}

async fn discard(mut incoming: Incoming) {
    let mut seen: u64 = 0;
    while let Some(Ok(frame)) = incoming.frame().await {
        seen += frame.data_ref().map_or(0, |data| data.len() as u64);
        if seen > DISCARDED_BYTES_MAX {
            return;
        }
    }
}
