//! The transport over HTTP against small servers on loopback that behave well, and mostly badly.
#![expect(clippy::unwrap_used, reason = "the helpers of a test fail by panicking")]

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use futures_core::Stream;
use http::{HeaderMap, Method};
use oci_client::credentials::Credential;
use oci_client::http::{CaBundle, HttpOptions, HttpSetupError, HttpTransport};
use oci_client::key::SigningKey;
use oci_client::request::{Body, BodySource, ByteStream, Request, SigningRule};
use oci_client::sign::{Signed, sign};
use oci_client::transport::{
    AttemptLimits, RawResponse, Sent, Transport, TransportError, TransportErrorKind,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use world::TestWorld;

const LIMITS: AttemptLimits =
    AttemptLimits { attempt_timeout: Duration::from_secs(20), response_bytes_max: 1000 };

/// A server that answers each request with `script(connection, text of the request)`, and then closes the connection
/// unless the answer says otherwise.
struct Server {
    origin: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
}

/// What the server does after it read a request.
#[derive(Clone)]
enum Act {
    /// Writes this and waits for the next request.
    Keep(String),
    /// Writes this and closes.
    Close(String),
    /// Writes this and then nothing, without closing.
    Stall(String),
    /// Writes this, over and over, as long as somebody reads.
    Pour(String),
}

impl Server {
    async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (connections, requests) = <(Arc<AtomicUsize>, Arc<std::sync::Mutex<Vec<String>>>)>::default();
        let (counter, log) = (Arc::clone(&connections), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(socket, act.clone(), Arc::clone(&log)));
            }
        });
        Self { origin, connections, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut socket: TcpStream, act: Act, log: Arc<std::sync::Mutex<Vec<String>>>) {
    while let Some(request) = read_request(&mut socket).await {
        log.lock().unwrap().push(request);
        match &act {
            Act::Keep(text) => drop(socket.write_all(text.as_bytes()).await),
            Act::Close(text) => {
                drop(socket.write_all(text.as_bytes()).await);
                return;
            }
            Act::Stall(text) => {
                drop(socket.write_all(text.as_bytes()).await);
                std::future::pending::<()>().await;
            }
            Act::Pour(text) => while socket.write_all(text.as_bytes()).await.is_ok() {},
        }
    }
}

/// Head and body of one request, as text.
async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            let whole = head + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap());
            if bytes.len() >= whole {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        let mut part = [0; 4096];
        match socket.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}

fn signed(method: Method, origin: &str, target: &str, body: Body) -> Signed {
    let key = include_bytes!("keys/api-2048/key.pem");
    let key = Arc::new(SigningKey::from_pem(key, None).unwrap());
    let credential = Credential::with_key_id("tenancy/user/fingerprint".to_owned(), key).unwrap();
    let signing =
        if matches!(body, Body::Stream { .. }) { SigningRule::BodyUnsigned } else { SigningRule::Standard };
    let request = Request {
        method,
        origin: origin.to_owned(),
        target: target.to_owned(),
        headers: HeaderMap::new(),
        body,
        signing,
    };
    sign(&request, &credential, DateTime::UNIX_EPOCH).unwrap()
}

async fn get(origin: &str) -> Result<RawResponse, TransportError> {
    let transport = HttpTransport::new(&HttpOptions::default()).unwrap();
    transport.send(signed(Method::GET, origin, "/20160918/vcns", Body::Empty), LIMITS).await
}

async fn check(act: Act, kind: TransportErrorKind, sent: Sent) {
    let server = Server::start(act).await;
    let error = get(&server.origin).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (kind, sent), "{error:?}");
}

fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn method_target_headers_and_body_go_out_as_they_were_signed() {
    let server = Server::start(Act::Keep(answer("200 OK\r\netag: \"x\"", "{}"))).await;
    let transport = HttpTransport::new(&HttpOptions::default()).unwrap();
    let target = "/n/a%2Fb/o/x%20y?q=a+b&r=%2F%3D";
    let body = Body::Bytes(Bytes::from_static(b"{\"a\":1}"));
    let response = transport.send(signed(Method::POST, &server.origin, target, body), LIMITS).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"{}"[..]));
    assert_eq!(response.headers["etag"], "\"x\"");
    let request = &server.requests()[0];
    assert!(request.starts_with(&format!("POST {target} HTTP/1.1\r\n")), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    let host = server.origin.strip_prefix("http://").unwrap();
    for header in
        [&format!("host: {host}"), "content-length: 7", "x-content-sha256: ", "authorization: Signature"]
    {
        assert_eq!(request.matches(header).count(), 1, "{header} in {request}");
    }
    for header in ["accept-encoding", "transfer-encoding", "expect"] {
        assert!(!request.contains(header), "{header} in {request}");
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::start(Act::Keep(answer("200 OK", "{}"))).await;
    let transport = HttpTransport::new(&HttpOptions::default()).unwrap();
    for _ in 0..3 {
        transport.send(signed(Method::GET, &server.origin, "/", Body::Empty), LIMITS).await.unwrap();
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_error_status_is_an_answer_and_a_redirect_is_not_followed() {
    let server = Server::start(Act::Close(answer("503 Busy", "later"))).await;
    assert_eq!(get(&server.origin).await.unwrap().status.as_u16(), 503);
    let server = Server::start(Act::Close(answer("302 Found\r\nlocation: /elsewhere", ""))).await;
    assert_eq!(get(&server.origin).await.unwrap().status.as_u16(), 302);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_interim_answer_is_passed_over() {
    let both = format!("HTTP/1.1 100 Continue\r\n\r\n{}", answer("200 OK", "{}"));
    let server = Server::start(Act::Close(both)).await;
    assert_eq!(get(&server.origin).await.unwrap().status.as_u16(), 200);
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = get(&origin).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Connect, Sent::No), "{error:?}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_was_not_sent() {
    let error = get("http://no-such-host.invalid").await.unwrap_err();
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Connect, Sent::No), "{error:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_was_not_sent_anything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut hello = [0; 64];
            drop(socket.read(&mut hello).await);
            drop(socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        }
    });
    let error = get(&origin).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Tls, Sent::No), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_may_have_been_sent() {
    let texts = [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\"",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ];
    for text in texts {
        check(Act::Close(text.to_owned()), TransportErrorKind::Closed, Sent::Maybe).await;
    }
}

#[tokio::test]
async fn what_is_not_http_may_have_been_sent() {
    check(Act::Close("SSH-2.0-OpenSSH_9\r\n\r\n".to_owned()), TransportErrorKind::Other, Sent::Maybe).await;
}

// The paused clock moves on as soon as everybody waits, so that a timeout takes no time.
#[tokio::test(start_paused = true)]
async fn an_answer_that_stalls_is_a_timeout_that_may_have_been_sent() {
    let texts = ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\""];
    for text in texts {
        check(Act::Stall(text.to_owned()), TransportErrorKind::Timeout, Sent::Maybe).await;
    }
}

#[tokio::test]
async fn a_large_answer_is_refused_whether_it_says_its_length_or_not() {
    let declared = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", u64::MAX / 2);
    check(Act::Stall(declared), TransportErrorKind::TooLarge, Sent::Maybe).await;
    let chunk = format!("100\r\n{}\r\n", "x".repeat(256));
    let first = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", chunk.repeat(10));
    check(Act::Stall(first), TransportErrorKind::TooLarge, Sent::Maybe).await;
    let endless_head = Act::Pour("HTTP/1.1 200 OK\r\nx: y\r\n".repeat(20));
    check(endless_head, TransportErrorKind::Other, Sent::Maybe).await;
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_accepted() {
    let server = Server::start(Act::Close(answer("200 OK", &"x".repeat(1000)))).await;
    assert_eq!(get(&server.origin).await.unwrap().body.len(), 1000);
    check(Act::Close(answer("200 OK", &"x".repeat(1001))), TransportErrorKind::TooLarge, Sent::Maybe).await;
}

/// A body of some parts, which may end in an error; counts how often it is opened.
struct Parts {
    parts: &'static [Option<&'static str>],
    opened: AtomicUsize,
}

struct PartStream(std::slice::Iter<'static, Option<&'static str>>);

impl Stream for PartStream {
    type Item = io::Result<Bytes>;
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(|part| match part {
            Some(text) => Ok(Bytes::from_static(text.as_bytes())),
            None => Err(io::Error::other("the disk is gone")),
        }))
    }
}

impl BodySource for Parts {
    fn open(&self) -> ByteStream {
        self.opened.fetch_add(1, Ordering::SeqCst);
        Box::pin(PartStream(self.parts.iter()))
    }
}

fn parts(parts: &'static [Option<&'static str>]) -> Arc<Parts> {
    Arc::new(Parts { parts, opened: AtomicUsize::new(0) })
}

async fn put(origin: &str, length: u64, source: &Arc<Parts>) -> Result<RawResponse, TransportError> {
    let source: Arc<dyn BodySource> = Arc::<Parts>::clone(source);
    let transport = HttpTransport::new(&HttpOptions::default()).unwrap();
    let body = Body::Stream { length, sha256: None, source };
    transport.send(signed(Method::PUT, origin, "/n/n/b/b/o/o", body), LIMITS).await
}

#[tokio::test]
async fn a_streamed_body_has_its_length_and_is_read_anew_each_time() {
    let server = Server::start(Act::Keep(answer("200 OK", ""))).await;
    let source = parts(&[Some("hello "), Some("world")]);
    put(&server.origin, 11, &source).await.unwrap();
    put(&server.origin, 11, &source).await.unwrap();
    assert_eq!(source.opened.load(Ordering::SeqCst), 2);
    for request in server.requests() {
        assert!(request.ends_with("\r\n\r\nhello world"), "{request}");
        assert!(request.contains("content-length: 11\r\n") && !request.contains("chunked"), "{request}");
    }
}

#[tokio::test]
async fn a_body_that_fails_or_has_another_length_is_the_bodys_fault() {
    let server = Server::start(Act::Keep(answer("200 OK", ""))).await;
    for (length, source) in [
        (11, parts(&[Some("hello "), None])),
        (11, parts(&[Some("hello ")])),
        (3, parts(&[Some("hello "), Some("world")])),
    ] {
        let error = put(&server.origin, length, &source).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Body, "{error:?}");
    }
}

#[tokio::test]
async fn a_path_that_the_library_would_change_is_not_sent() {
    let server = Server::start(Act::Keep(answer("200 OK", ""))).await;
    let transport = HttpTransport::new(&HttpOptions::default()).unwrap();
    let signed = signed(Method::GET, &server.origin, "/n/n/b/b/o/%2E%2E", Body::Empty);
    let error = transport.send(signed, LIMITS).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Other, Sent::No), "{error:?}");
    assert!(server.requests().is_empty());
}

async fn options(world: &TestWorld) -> HttpOptions {
    HttpOptions::from_environment(world).unwrap()
}

fn world() -> TestWorld {
    TestWorld::new(DateTime::UNIX_EPOCH, 1)
}

#[tokio::test]
async fn the_proxy_of_the_environment_is_used_except_where_it_should_not_be() {
    let proxy = Server::start(Act::Keep(answer("200 OK", "by proxy"))).await;
    let direct = Server::start(Act::Keep(answer("200 OK", "direct"))).await;
    let send = async |world: TestWorld, origin: &str| {
        let transport = HttpTransport::new(&options(&world).await).unwrap();
        let response = transport.send(signed(Method::GET, origin, "/x", Body::Empty), LIMITS).await.unwrap();
        String::from_utf8(response.body.to_vec()).unwrap()
    };
    let url = proxy.origin.replace("http://", "http://user:canary@");
    assert_eq!(send(world().with_env("http_proxy", &url), "http://oci.invalid").await, "by proxy");
    let request = &proxy.requests()[0];
    assert!(request.starts_with("GET http://oci.invalid/x HTTP/1.1"), "{request}");
    assert!(request.contains("proxy-authorization: Basic dXNlcjpjYW5hcnk="), "{request}");

    let all = world().with_env("ALL_PROXY", &url);
    assert_eq!(send(all, "http://oci.invalid").await, "by proxy");
    let except = world().with_env("HTTP_PROXY", &url).with_env("NO_PROXY", "127.0.0.1,other.example");
    assert_eq!(send(except, &direct.origin).await, "direct");
    let cgi = world().with_env("HTTP_PROXY", &url).with_env("REQUEST_METHOD", "GET");
    assert_eq!(send(cgi, &direct.origin).await, "direct");
}

#[tokio::test]
async fn a_broken_proxy_or_ca_bundle_is_named_without_its_password() {
    let broken = world().with_env("HTTPS_PROXY", "http://user:canary@[broken");
    let options = options(&broken).await;
    let error = HttpTransport::new(&options).unwrap_err();
    assert!(matches!(error, HttpSetupError::Proxy { scheme: "https" }), "{error:?}");
    assert!(!format!("{options:?} {error:?} {error}").contains("canary"));

    let missing = world().with_env("REQUESTS_CA_BUNDLE", "/no/such/file");
    let error = HttpOptions::from_environment(&missing).unwrap_err();
    assert!(error.to_string().contains("REQUESTS_CA_BUNDLE"), "{error}");
    let empty = world().with_env("OCI_CLI_CERT_BUNDLE", "/ca.pem").with_file("/ca.pem", "nothing here");
    let options = HttpOptions::from_environment(&empty).unwrap();
    assert!(matches!(HttpTransport::new(&options), Err(HttpSetupError::CaBundle)));
}

/// A server with a certificate that only the CA of the tests vouches for. It offers HTTP/2 and answers in it.
async fn tls_server() -> String {
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs};

    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(socket).await else { continue };
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    let body = format!("{:?} {}", request.version(), request.uri().path());
                    let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
                    stream.send_data(Bytes::from(body), true).unwrap();
                }
            });
        }
    });
    origin
}

#[tokio::test]
async fn a_ca_bundle_makes_a_certificate_trusted_and_http_2_is_spoken_where_offered() {
    let origin = tls_server().await;
    let ca = include_bytes!("tls/ca.pem");
    for variable in ["OCI_CLI_CERT_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] {
        let world = world().with_env(variable, "/ca.pem").with_file("/ca.pem", &ca[..]);
        let transport = HttpTransport::new(&options(&world).await).unwrap();
        let response = transport.send(signed(Method::GET, &origin, "/x", Body::Empty), LIMITS).await.unwrap();
        assert_eq!(response.body, "HTTP/2.0 /x");
    }
    let besides = HttpOptions {
        ca_bundle: Some(CaBundle { pem: ca.to_vec(), replaces_system: false }),
        ..HttpOptions::default()
    };
    let transport = HttpTransport::new(&besides).unwrap();
    transport.send(signed(Method::GET, &origin, "/x", Body::Empty), LIMITS).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let origin = tls_server().await;
    let error = get(&origin).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (TransportErrorKind::Tls, Sent::No), "{error:?}");
}
