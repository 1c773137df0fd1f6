//! Input that means no good: nothing panics, nothing hangs the others, and memory stays bounded.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as a test does")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use oci_mock::http_server::MockServer;
use oci_mock::{Config, Mock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn server() -> MockServer {
    MockServer::start(Mock::new(Config::default()), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap()
}

/// Sends these bytes and returns the first line that comes back; empty when the server just closes.
async fn first_line(server: &MockServer, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // The server may close before it has read all: that is its right.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(20), reading).await.expect("an answer or an end");
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

/// A decent client is served, and soon.
async fn assert_others_are_served(server: &MockServer) {
    let request = b"GET /_mock/inventory HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = tokio::time::timeout(Duration::from_secs(10), first_line(server, request)).await;
    assert_eq!(answer.expect("within ten seconds"), "HTTP/1.1 200 OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_http_is_answered_or_closed_and_others_are_served() {
    let server = server().await;
    let flood: String = (0..5000).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = "a".repeat(200_000);
    for (what, bytes, expected) in [
        ("nothing", String::new(), ""),
        ("noise", "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(), "400"),
        ("half a head", "GET /20160918/vcns HTTP/1.1\r\nhost:".to_owned(), ""),
        ("another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), ""),
        ("a header flood", format!("GET / HTTP/1.1\r\n{flood}\r\n"), "431"),
        ("a long header", format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), "431"),
        ("a long path", format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"), "4"),
        (
            "two lengths",
            "POST /20160918/vcns HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}".to_owned(),
            "400",
        ),
        ("a negative length", "POST /20160918/vcns HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_owned(), "400"),
        (
            "a bad chunk",
            "POST /20160918/vcns HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            "400",
        ),
        ("a short body", "POST /20160918/vcns HTTP/1.1\r\ncontent-length: 50\r\n\r\n{}".to_owned(), "400"),
        (
            "an object without length",
            "PUT /n/a/b/c/o/d HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            "411",
        ),
        ("no such path", "GET /%00%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), "404"),
    ] {
        let line = first_line(&server, bytes.as_bytes()).await;
        let fits = line.is_empty() || line.starts_with(&format!("HTTP/1.1 {expected}"));
        assert!(fits, "{what}: {line}");
        assert_others_are_served(&server).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_prefix_of_a_request_is_harmless() {
    let server = server().await;
    let whole =
        b"POST /20160918/vcns HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n{\"compartmentId\":\"\"}";
    let mut tasks = tokio::task::JoinSet::new();
    for length in 0..whole.len() {
        let address = server.address();
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _ = stream.write_all(&whole[..length]).await;
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
    assert_others_are_served(&server).await;
    server.stop().await;
}

/// 100 MB to an operation that takes a small JSON body, and to one that takes objects.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_are_refused_without_being_kept() {
    let server = server().await;
    for request in ["POST /20160918/vcns", "PUT /n/ns/b/bucket/o/object"] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let (mut reading, mut writing) = stream.split();
        let send = async {
            let head = format!("{request} HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n");
            writing.write_all(head.as_bytes()).await?;
            let block = vec![b' '; 1_000_000];
            for _ in 0..100 {
                writing.write_all(&block).await?;
            }
            Ok::<(), std::io::Error>(())
        };
        let mut answer = Vec::new();
        let (_, _) = tokio::join!(send, reading.read_to_end(&mut answer));
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 413"), "{request}: {text}");
        assert!(text.contains("RequestEntityTooLarge"), "{text}");
    }
    let asked = b"PUT /n/ns/b/bucket/o/object HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 100000000\r\n\r\n";
    assert_eq!(
        first_line(&server, asked).await,
        "HTTP/1.1 413 Payload Too Large",
        "whoever asks first is told first"
    );
    assert_others_are_served(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let server = server().await;
    let head =
        b"POST /20160918/vcns HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(head).await.unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_idle_and_slow_connections_do_not_keep_others_waiting() {
    let server = server().await;
    let mut held = Vec::new();
    for number in 0..1000 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"POST /20160918/vcns HTTP/1.1\r\nhost: x\r\ncontent-le").await.unwrap();
        }
        held.push(stream);
    }
    assert_others_are_served(&server).await;
    drop(held);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_closes_the_connection_and_a_cut_one_ends_early() {
    let server = server().await;
    let tenancy = server.mock().config().place.tenancy_id.clone();
    let list = format!(
        "GET /20160918/vcns?compartmentId={tenancy} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    );
    let script = r#"{"faults": [{"when": {"times": 1}, "do": {"loseReply": {}}}]}"#;
    server.mock().add_faults(oci_mock::faults::Script::parse(script).unwrap());
    assert_eq!(first_line(&server, list.as_bytes()).await, "");
    assert_eq!(first_line(&server, list.as_bytes()).await, "HTTP/1.1 200 OK");
    server.mock().clear_faults();
    let script = r#"{"faults": [{"do": {"cutReply": {"atBytes": 1}}}]}"#;
    server.mock().add_faults(oci_mock::faults::Script::parse(script).unwrap());
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(list.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("content-length: 2") && text.ends_with("\r\n\r\n["), "{text}");
    server.stop().await;
}
