//! Bytes out, bytes in: the transport over HTTP. The only module that sees `reqwest`.
//!
//! TLS is rustls, with the system's trust store unless a CA bundle says otherwise. Connections are kept and reused,
//! and speak HTTP/2 where the service offers it.
//!
//! Deliberately absent:
//! - **Redirects**: the signature covers host and path, so a redirected request would be refused; and whoever
//!   redirects an API call is not OCI.
//! - **Retries of its own**: a second attempt needs a new date, so the attempt loop makes them.
//! - **Compression**: `accept-encoding` is not sent. Some services give the compressed form of an object another
//!   etag (`…--gzip`), which then matches nothing in `if-match`.
//! - **`expect: 100-continue`**: the HTTP library sends the body without waiting for the answer to it, so the header
//!   would promise what we do not do. The services take uploads without it (Oracle's SDK has a switch to leave it
//!   out).

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use world::{BoxFuture, World};

use crate::request::{Body, ByteStream, Request};
use crate::secret::Secret;
use crate::sign::Signed;
use crate::transport::{AttemptLimits, RawResponse, Sent, Transport, TransportError, TransportErrorKind};

/// What can be set for the transport over HTTP.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// How long it may take to make a connection: name, TCP, proxy and TLS together.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept. Shorter than the services keep theirs, so that a request seldom meets
    /// a connection that is just being closed.
    pub idle_timeout: Duration,
    /// Which certificates are trusted besides or instead of the system's.
    pub ca_bundle: Option<CaBundle>,
    /// Which proxies stand in between.
    pub proxies: Proxies,
}

impl Default for HttpOptions {
    /// 10 s to connect, as Oracle's Python SDK 2.189.0 has it; unused connections are kept for 30 s; no proxy.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            ca_bundle: None,
            proxies: Proxies::default(),
        }
    }
}

/// Certificates to trust, as PEM.
#[derive(Clone)]
pub struct CaBundle {
    /// The certificates, one after another.
    pub pem: Vec<u8>,
    /// Whether they replace the system's trust store or are added to it.
    pub replaces_system: bool,
}

impl fmt::Debug for CaBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes of certificates>", self.pem.len())
    }
}

/// The proxies to go through. A proxy's URL may hold a password.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `https` addresses.
    pub https: Option<Secret<String>>,
    /// For plain `http` addresses.
    pub http: Option<Secret<String>>,
    /// Hosts, domains and networks to reach directly, separated by commas.
    pub except: Option<String>,
}

/// The metadata service of an instance, which answers to the machine itself only: never through a proxy, which
/// would show its keys to others besides.
const METADATA_SERVICE: &str = "169.254.169.254,fd00:c1::a9fe:a9fe";

/// The transport cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpSetupError {
    /// The CA bundle cannot be read.
    #[error("the CA bundle `{}`, which {variable} names, cannot be read", path.display())]
    ReadCaBundle {
        /// The environment variable that names it.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The CA bundle holds no certificate.
    #[error("the CA bundle holds no certificate in PEM form")]
    CaBundle,
    /// A proxy's address is no URL. It is not shown, since it may hold a password.
    #[error("the address of the proxy for {scheme} is not a URL")]
    Proxy {
        /// For which addresses it was to be used.
        scheme: &'static str,
    },
    /// The HTTP library could not be set up.
    #[error("the HTTP client could not be set up")]
    Library(#[source] Box<dyn StdError + Send + Sync>),
}

impl HttpOptions {
    /// The defaults, with proxies and CA bundle from the environment.
    ///
    /// Proxies: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not; `HTTP_PROXY` in capitals
    /// is ignored when `REQUEST_METHOD` is set, because a web server makes it from a visitor's header then. CA
    /// bundle: the first of `OCI_CLI_CERT_BUNDLE`, `REQUESTS_CA_BUNDLE` and `SSL_CERT_FILE`, which replaces the
    /// system's trust store.
    ///
    /// # Errors
    /// [`HttpSetupError::ReadCaBundle`].
    ///
    /// # Source
    /// The CA variables are those of Oracle's CLI 3.95.1 and of `requests` under Oracle's Python SDK 2.189.0.
    pub fn from_environment(world: &dyn World) -> Result<Self, HttpSetupError> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                world.env_var(name).filter(|value| !value.trim().is_empty()).map(|value| (*name, value))
            })
        };
        let all = first(&["ALL_PROXY", "all_proxy"]);
        let is_cgi = world.env_var("REQUEST_METHOD").is_some();
        let http = first(if is_cgi { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] });
        let proxy = |found: Option<(_, String)>| {
            found.or_else(|| all.clone()).map(|(_, value)| Secret::new(value.trim().to_owned()))
        };
        let proxies = Proxies {
            https: proxy(first(&["HTTPS_PROXY", "https_proxy"])),
            http: proxy(http),
            except: first(&["NO_PROXY", "no_proxy"]).map(|(_, value)| value),
        };
        let bundle = first(&["OCI_CLI_CERT_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]);
        let ca_bundle = match bundle {
            None => None,
            Some((variable, path)) => match world.read_file(Path::new(&path)) {
                Ok(pem) => Some(CaBundle { pem, replaces_system: true }),
                Err(source) => {
                    return Err(HttpSetupError::ReadCaBundle { variable, path: path.into(), source });
                }
            },
        };
        Ok(Self { ca_bundle, proxies, ..Self::default() })
    }
}

/// Sends over HTTP. Clones share their connections.
#[derive(Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl fmt::Debug for HttpTransport {
    /// Prints no settings: a proxy's address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}

impl HttpTransport {
    /// Sets up the transport; no connection is made yet.
    ///
    /// # Errors
    /// [`HttpSetupError`].
    pub fn new(options: &HttpOptions) -> Result<Self, HttpSetupError> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(options.idle_timeout)
            .tcp_keepalive(Duration::from_secs(60))
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // The library would read the environment by itself.
            .no_proxy();
        if let Some(bundle) = &options.ca_bundle {
            let certificates = reqwest::Certificate::from_pem_bundle(&bundle.pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or(HttpSetupError::CaBundle)?;
            builder = if bundle.replaces_system {
                builder.tls_certs_only(certificates)
            } else {
                builder.tls_certs_merge(certificates)
            };
        }
        let except = options.proxies.except.as_deref().unwrap_or_default();
        let except = reqwest::NoProxy::from_string(&format!("{METADATA_SERVICE},{except}"));
        if let Some(url) = &options.proxies.https {
            let proxy = reqwest::Proxy::https(url.expose().as_str());
            let proxy = proxy.map_err(|_| HttpSetupError::Proxy { scheme: "https" })?;
            builder = builder.proxy(proxy.no_proxy(except.clone()));
        }
        if let Some(url) = &options.proxies.http {
            let proxy = reqwest::Proxy::http(url.expose().as_str());
            let proxy = proxy.map_err(|_| HttpSetupError::Proxy { scheme: "http" })?;
            builder = builder.proxy(proxy.no_proxy(except));
        }
        let client = builder.build().map_err(|error| HttpSetupError::Library(Box::new(error)))?;
        Ok(Self { client })
    }

    async fn send_once(&self, signed: Signed, bytes_max: u64) -> Result<RawResponse, TransportError> {
        let (request, headers) = signed.into_parts();
        let request = wire_request(request, headers)?;
        let mut response = self.client.execute(request).await.map_err(sending_failed)?;
        let too_large =
            || TransportError { kind: TransportErrorKind::TooLarge, sent: Sent::Maybe, source: None };
        if response.content_length().is_some_and(|length| length > bytes_max) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(receiving_failed)? {
            if (body.len() + chunk.len()) as u64 > bytes_max {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(RawResponse {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: body.freeze(),
        })
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        signed: Signed,
        limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async move {
            let sending = self.send_once(signed, limits.response_bytes_max);
            match tokio::time::timeout(limits.attempt_timeout, sending).await {
                Ok(result) => result,
                Err(elapsed) => Err(TransportError {
                    kind: TransportErrorKind::Timeout,
                    sent: Sent::Maybe,
                    source: Some(Box::new(elapsed)),
                }),
            }
        })
    }
}

/// The request as the library wants it, with the very target that was signed.
fn wire_request(request: Request, headers: HeaderMap) -> Result<reqwest::Request, TransportError> {
    let unsendable = |source: Box<dyn StdError + Send + Sync>| TransportError {
        kind: TransportErrorKind::Other,
        sent: Sent::No,
        source: Some(source),
    };
    let url = format!("{}{}", request.origin, request.target);
    let url = reqwest::Url::parse(&url).map_err(|error| unsendable(Box::new(error)))?;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    if target != request.target {
        return Err(unsendable(Box::new(TargetChanged)));
    }
    let mut wire = reqwest::Request::new(request.method, url);
    *wire.headers_mut() = headers;
    *wire.body_mut() = match request.body {
        Body::Empty => None,
        Body::Bytes(bytes) => Some(bytes.into()),
        Body::Stream { length, source, .. } => {
            Some(reqwest::Body::wrap_stream(Counted { stream: source.open(), left: length }))
        }
    };
    Ok(wire)
}

/// URLs are normalised by the library (`/%2E%2E/` is a step up, by its standard); what was signed is not.
#[derive(Debug, thiserror::Error)]
#[error(
    "the path would be changed on the way out, and its signature would not hold: a segment is `.` or `..`"
)]
struct TargetChanged;

/// Marks an error of the body's source, so that it can be told from one of the connection.
#[derive(Debug, thiserror::Error)]
#[error("the source of the body failed")]
struct BodyFailed(#[source] io::Error);

/// A body that ends after exactly the promised number of bytes, or fails.
struct Counted {
    stream: ByteStream,
    left: u64,
}

impl Stream for Counted {
    type Item = Result<Bytes, BodyFailed>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let wrong_length = |text| Some(Err(BodyFailed(io::Error::new(io::ErrorKind::InvalidData, text))));
        self.stream.as_mut().poll_next(context).map(|next| match next {
            Some(Ok(bytes)) => match self.left.checked_sub(bytes.len() as u64) {
                Some(left) => {
                    self.left = left;
                    Some(Ok(bytes))
                }
                None => wrong_length("the body is longer than its length says"),
            },
            Some(Err(error)) => Some(Err(BodyFailed(error))),
            None if self.left > 0 => wrong_length("the body is shorter than its length says"),
            None => None,
        })
    }
}

fn sending_failed(error: reqwest::Error) -> TransportError {
    let (kind, sent) = if has_cause::<BodyFailed>(&error) {
        (TransportErrorKind::Body, Sent::Maybe)
    } else if error.is_builder() {
        (TransportErrorKind::Other, Sent::No)
    } else if error.is_connect() {
        let is_tls = cause::<io::Error>(&error).is_some_and(is_invalid_data);
        (if is_tls { TransportErrorKind::Tls } else { TransportErrorKind::Connect }, Sent::No)
    } else {
        let hyper = cause::<hyper::Error>(&error);
        // Cancelled: the connection closed while the request still waited to be written.
        let sent = if hyper.is_some_and(hyper::Error::is_canceled) { Sent::No } else { Sent::Maybe };
        let kind = if error.is_timeout() {
            TransportErrorKind::Timeout
        } else if hyper.is_some_and(hyper::Error::is_parse) {
            TransportErrorKind::Other
        } else {
            TransportErrorKind::Closed
        };
        (kind, sent)
    };
    // The URL is in the error of the call already, without its query.
    TransportError { kind, sent, source: Some(Box::new(error.without_url())) }
}

fn receiving_failed(error: reqwest::Error) -> TransportError {
    let kind = if error.is_timeout() { TransportErrorKind::Timeout } else { TransportErrorKind::Closed };
    TransportError { kind, sent: Sent::Maybe, source: Some(Box::new(error.without_url())) }
}

/// How rustls reports whatever is wrong with the handshake: as invalid data, perhaps inside another error.
fn is_invalid_data(error: &io::Error) -> bool {
    let inner = || error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    error.kind() == io::ErrorKind::InvalidData || inner().is_some_and(is_invalid_data)
}

/// The first error of type `E` beneath `error`.
fn cause<E: StdError + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn has_cause<E: StdError + 'static>(error: &reqwest::Error) -> bool {
    cause::<E>(error).is_some()
}
