//! How fast and how large the mock is: `cargo run --release -p oci-mock --example bench`.
//!
//! Four figures: signed reads a second over loopback, with the load generator on the same machine; requests a
//! second in process without signatures; the time from nothing to the first answer; and the memory of a cloud
//! with 10,000 resources. `--verifier aws-lc` takes the faster library, `--seconds N` measures longer.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark: it has a real clock and a terminal"
)]

#[path = "../tests/support/signer.rs"]
mod signer;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use oci_mock::auth::{Backend, Credentials};
use oci_mock::clock::Clock;
use oci_mock::cloud::New;
use oci_mock::http_server::MockServer;
use oci_mock::serve::{ServeOptions, serve};
use oci_mock::{AnswerCheck, Config, Mock, WireRequest};
use serde_json::json;
use signer::Signer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 32;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let backend =
        if value("--verifier").is_some_and(|name| name == "aws-lc") { Backend::AwsLc } else { Backend::Rsa };
    let seconds = value("--seconds").and_then(|text| text.parse().ok()).unwrap_or(3);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");

    println!(
        "start-up:   {:>9.1} ms  from nothing to the first answer, credentials written",
        start_up(&runtime)
    );
    let before = resident_mib();
    let mock = filled(None);
    println!(
        "memory:     {:>9.1} MiB resident with {} resources ({before:.1} MiB before)",
        resident_mib(),
        mock.with_cloud(oci_mock::cloud::Cloud::len)
    );
    println!(
        "in process: {:>9.0} requests/s, signatures off, one thread, reads of one resource",
        in_process(&mock, seconds)
    );
    drop(mock);
    for distinct in [false, true] {
        let (name, rate) = ("loopback", runtime.block_on(over_loopback(backend, seconds, distinct)));
        let kind = if distinct { "each signed anew and verified" } else { "signed once" };
        println!("{name}:   {rate:>9.0} signed reads/s, {CONNECTIONS} connections, {kind} ({backend:?})");
    }
}

fn start_up(runtime: &tokio::runtime::Runtime) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let started = Instant::now();
    runtime.block_on(async {
        let options =
            ServeOptions { credentials: Some(folder.path().join("credentials")), ..ServeOptions::default() };
        let server = serve(&options).await.expect("a server");
        let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
        stream.write_all(b"GET /_mock/inventory HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("written");
        read_answer(&mut stream, &mut Vec::new()).await;
    });
    started.elapsed().as_secs_f64() * 1000.0
}

/// A cloud with 10,000 resources: VCNs, route tables, security lists and DHCP options.
fn filled(signatures: Option<Backend>) -> Mock {
    let config = Config { signatures, answer_check: AnswerCheck::Off, ..Config::default() };
    let mock = Mock::new(config);
    let tenancy = mock.config().place.tenancy_id.clone();
    let body = json!({"compartmentId": tenancy, "cidrBlocks": ["10.0.0.0/16"], "dnsLabel": "net"});
    let request = WireRequest::new(Method::POST, "/20160918/vcns").json(&body);
    assert_eq!(mock.handle(&request).status, 200);
    // The service limit of VCNs is far below, so the rest are copies made behind the API's back.
    mock.with_cloud_mut(|cloud| {
        let made =
            cloud.all().filter(|resource| resource.text("vcnId").is_some() || resource.kind.name == "vcn");
        let made: Vec<_> = made.map(|resource| (resource.kind, resource.body.clone())).collect();
        for (kind, body) in made.iter().cycle() {
            if cloud.len() >= 10_000 {
                break;
            }
            let mut body = body.clone();
            body.remove("id");
            cloud.insert(New::of(kind, "AVAILABLE", body));
        }
    });
    mock
}

fn in_process(mock: &Mock, seconds: u64) -> f64 {
    let id = mock.with_cloud(|cloud| {
        cloud.all().find(|resource| resource.kind.name == "vcn").map(|vcn| vcn.id.to_string())
    });
    let id = id.expect("a VCN");
    let request = WireRequest::new(Method::GET, format!("/20160918/vcns/{id}"));
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < Duration::from_secs(seconds) {
        for _ in 0..1000 {
            assert_eq!(mock.handle(&request).status, 200);
        }
        count += 1000;
    }
    f64::from(count) / started.elapsed().as_secs_f64()
}

/// With `distinct`, every request has a query of its own and was signed beforehand, so that each signature is
/// verified; otherwise one request is signed and sent again and again, which shows the server without the signer.
async fn over_loopback(backend: Backend, seconds: u64, distinct: bool) -> f64 {
    let mock = Mock::new(Config {
        signatures: Some(backend),
        answer_check: AnswerCheck::Off,
        pace: oci_mock::clock::Pace::Scaled(1.0),
        epoch: Clock::wall(),
        ..Config::default()
    });
    let place = mock.config().place.clone();
    let credentials = Credentials::test_only(0);
    let keys = mock.keys().expect("signatures are on");
    let key_id = keys.add_api_key(&place.tenancy_id, &place.user_id, &credentials.public_pem).expect("a key");
    let signer = Signer::new(&credentials, &key_id);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = MockServer::start(mock, listen).await.expect("a server");
    let host = server.address().to_string();
    let bytes = |number: usize| {
        let target = format!("/20160918/vcns?compartmentId={}&displayName=n{number}", place.tenancy_id);
        Arc::new(on_the_wire(&signer.sign(WireRequest::new(Method::GET, target), &host, Clock::wall())))
    };
    let requests: Arc<Vec<Arc<Vec<u8>>>> =
        Arc::new((0..if distinct { 12_000 } else { 1 }).map(bytes).collect());
    let (next, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (requests, next, done) = (Arc::clone(&requests), Arc::clone(&next), Arc::clone(&done));
        let address = server.address();
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            let mut buffer = Vec::new();
            while Instant::now() < until {
                let number = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
                if requests.len() > 1 && number >= requests.len() {
                    break;
                }
                stream.write_all(&requests[number % requests.len()]).await.expect("written");
                read_answer(&mut stream, &mut buffer).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let elapsed = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for display")]
    let rate = done.load(Ordering::Relaxed) as f64 / elapsed;
    rate
}

fn on_the_wire(request: &WireRequest) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Reads one answer and asserts that it is a 200.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        let head = buffer.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&buffer[..head]);
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if buffer.len() >= head + 4 + length.unwrap_or(0) {
                return;
            }
        }
        let read = stream.read_buf(buffer).await.expect("an answer");
        assert!(read > 0, "the connection was closed");
    }
}

/// Resident memory of this process; 0 where the system does not tell.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
