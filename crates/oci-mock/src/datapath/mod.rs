//! The data path on loopback: a listener of a load balancer as a real TCP port, behind which the simulated
//! servers answer.
//!
//! A connection is given to a backend as the load balancer would: to one that is healthy and not drained, by
//! weight, chosen by a hash of who asks. It stays with that backend; when the server dies, the connection is
//! cut, and the next one goes elsewhere. Where the load balancer has nobody to give it to, or does not work,
//! the connection is closed without an answer.
//!
//! What is simulated is HTTP without TLS; a listener for something else can be bound and answers the same.

mod choice;
mod follow;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::cloud::Cloud;
use crate::mock::Mock;
use crate::network::Page;
use crate::services::network_load_balancer::{LISTENER, parts_of};

pub use choice::{Choice, choose};
pub(crate) use follow::CONTROLS;
pub use follow::{Follower, follow};

/// The header in which a simulated server says its name.
pub const SERVED_BY: &str = "x-served-by";

/// Connections of one listener at a time; further ones are closed at once.
const CONNECTIONS_MAX: usize = 512;
/// For the head of a request, also of the next one on the same connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Lines and bytes of a head, as Apache has them by default or less.
const HEADERS_MAX: usize = 100;
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A bound listener. Dropping it closes the port and cuts its connections.
#[derive(Debug)]
pub struct Bound {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Bound {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and waits until its connections are gone.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        // It ended, or it never panics: nothing is left to be said about it.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.accepting.abort();
    }
}

/// Binds the listener of a load balancer to a free port of the loopback interface.
///
/// The load balancer need not work yet: until it does, connections are closed without an answer.
///
/// # Errors
/// When no port can be bound.
///
/// # Cancel safety
/// When dropped, nothing is bound.
pub async fn bind(mock: &Mock, balancer_id: &str, listener: &str) -> io::Result<Bound> {
    let socket = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = socket.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let way = Arc::new(Way {
        mock: mock.clone(),
        balancer_id: balancer_id.to_owned(),
        listener: listener.to_owned(),
    });
    let accepting = tokio::spawn(accept(socket, way, stopped));
    Ok(Bound { address, stop, accepting })
}

/// Which listener connections are for.
struct Way {
    mock: Mock,
    balancer_id: String,
    listener: String,
}

impl Way {
    /// What the network does with a connection, or with a request on one that has a backend already.
    fn choose(&self, peer: SocketAddr, backend: Option<&str>, path: &str) -> Choice {
        let now = self.mock.clock().now();
        self.mock
            .with_cloud(|cloud| choose(cloud, &self.balancer_id, &self.listener, peer, backend, path, now))
    }

    /// How visitors of this listener write the site's address. TLS itself is left out: a page would be no other with it.
    fn scheme(&self) -> &'static str {
        let is_https = |cloud: &Cloud| {
            let mut listeners = parts_of(cloud, &LISTENER, &self.balancer_id).into_iter();
            listeners.any(|part| part.text("name") == Some(&*self.listener) && part.body["port"] == 443)
        };
        if self.mock.with_cloud(is_https) { "https" } else { "http" }
    }
}

async fn accept(socket: TcpListener, way: Arc<Way>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, peer)) if connections.len() < CONNECTIONS_MAX => {
                    connections.spawn(connection(stream, peer, Arc::clone(&way)));
                }
                Ok(_) => tracing::warn!("too many connections to a simulated site, one was closed"),
                Err(error) => {
                    tracing::warn!(%error, "a connection to a simulated site could not be accepted");
                    pause(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => return,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the server's own waiting, which no test waits for")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, way: Arc<Way>) {
    let backend = match way.choose(peer, None, "/") {
        Choice::Page { backend, .. } => backend,
        Choice::Closed(why) => {
            tracing::debug!(%peer, %why, "a connection to a simulated site was closed");
            return;
        }
    };
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let answer = answer(&way, peer, &backend, &request);
        async move { answer }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = serving.await {
        tracing::debug!(%peer, %error, "a connection to a simulated site ended badly");
    }
}

/// Answers one request, or fails to cut the connection. The body of a request is not looked at.
fn answer(
    way: &Way,
    peer: SocketAddr,
    backend: &str,
    request: &Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let page = match way.choose(peer, Some(backend), request.uri().path()) {
        Choice::Page { page, .. } => page,
        Choice::Closed(why) => return Err(io::Error::other(why)),
    };
    let Some(host) = host(request) else {
        return Ok(plain(StatusCode::BAD_REQUEST, &page.server, "a request needs one proper Host header\n"));
    };
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, &page.server, "GET, HEAD and POST only\n"));
    }
    let address = format!("{}://{host}", way.scheme());
    Ok(shown(&page, &address, request.method() == Method::HEAD))
}

/// The one `Host` header, if it has the form of a host and port.
fn host(request: &Request<Incoming>) -> Option<String> {
    let mut values = request.headers().get_all(header::HOST).into_iter();
    let host = values.next()?.to_str().ok()?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let proper = values.next().is_none() && (1..=255).contains(&host.len()) && host.chars().all(legal);
    proper.then(|| host.to_owned())
}

/// The page as the application sends it: a redirection names the address that was asked for.
fn shown(page: &Page, address: &str, is_head: bool) -> Response<Full<Bytes>> {
    let body = if is_head { Bytes::new() } else { Bytes::from(page.body.clone()) };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if is_head {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(page.body.len()));
    }
    if let Some(location) = page.location
        && let Ok(value) = HeaderValue::from_str(&format!("{address}{location}"))
    {
        headers.insert(header::LOCATION, value);
    }
    name(headers, &page.server);
    response
}

fn plain(status: StatusCode, server: &str, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    name(response.headers_mut(), server);
    response
}

/// A display name may hold anything; what no header can hold is left out.
fn name(headers: &mut http::HeaderMap, server: &str) {
    let name: String = server.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    if let Ok(value) = HeaderValue::from_str(name.trim()) {
        headers.insert(SERVED_BY, value);
    }
}
