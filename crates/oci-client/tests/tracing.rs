//! Whatever is logged while calls are made, at any level and by any library beneath, holds no secret.
#![expect(clippy::unwrap_used, reason = "the helpers of a test fail by panicking")]

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use oci_client::client::Client;
use oci_client::credentials::{Credential, FixedCredential, WhoAmI};
use oci_client::decide::Policy;
use oci_client::endpoint::{Endpoints, Origin};
use oci_client::http::{HttpOptions, HttpTransport};
use oci_client::key::SigningKey;
use oci_client::operation::{DecodeError, Operation, OperationSpec, RequestError};
use oci_client::request::{Body, Request, SigningRule};
use oci_client::secret::Secret;
use oci_client::transport::RawResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const KEY_PEM: &str = include_str!("keys/api-2048/key.pem");

/// Writes down everything that is traced.
#[derive(Clone, Default)]
struct Recorder {
    text: Arc<Mutex<String>>,
    spans: Arc<AtomicU64>,
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Recorder {
    fn write(&self, name: &str, record: impl FnOnce(&mut Fields<'_>)) {
        let mut text = self.text.lock().unwrap();
        text.push_str(name);
        record(&mut Fields(&mut text));
        text.push('\n');
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write(span.metadata().name(), |fields| span.record(fields));
        Id::from_u64(self.spans.fetch_add(1, Ordering::SeqCst) + 1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        self.write("record", |fields| values.record(fields));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        self.write(event.metadata().target(), |fields| event.record(fields));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Sends a password in its body and a secret in a header.
struct SetPassword;

impl Operation for SetPassword {
    type Output = ();

    fn spec(&self) -> &'static OperationSpec {
        static SPEC: OperationSpec = OperationSpec {
            service: "mysql",
            client: "DbSystemClient",
            name: "set_password",
            method: Method::POST,
            path: "/20190415/dbSystems",
            takes_retry_token: true,
            takes_if_match: false,
        };
        &SPEC
    }

    fn request(&self, origin: &str) -> Result<Request, RequestError> {
        let mut headers = HeaderMap::new();
        headers.insert("x-customer-key", HeaderValue::from_static("canary-request-header"));
        Ok(Request {
            method: Method::POST,
            origin: origin.to_owned(),
            target: "/20190415/dbSystems?password=canary-query".to_owned(),
            headers,
            body: Body::Bytes(Bytes::from_static(br#"{"adminPassword":"canary-request-body"}"#)),
            signing: SigningRule::Standard,
        })
    }

    fn decode(&self, response: &RawResponse) -> Result<(), DecodeError> {
        match response.status {
            StatusCode::ACCEPTED => Err(DecodeError::Empty { expected: "DbSystem" }),
            _ => Ok(()),
        }
    }
}

/// Answers the requests on one connection after another with these statuses.
async fn server(statuses: &'static [&'static str]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for status in statuses {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\"canary-request-body\"}") {
                let mut part = [0; 1024];
                let count = socket.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..count]);
            }
            let body = "<p>canary-response-body</p>";
            let head = "connection: close\r\nopc-request-id: SERVER-ID\r\nset-cookie: canary-response-header";
            let text = format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            socket.write_all(text.as_bytes()).await.unwrap();
        }
    });
    origin
}

#[tokio::test]
async fn traces_and_errors_name_operation_attempt_status_and_id_and_hold_no_secret() {
    let recorder = Recorder::default();
    tracing::subscriber::set_global_default(recorder.clone()).unwrap();

    let origin = server(&["503 Busy", "200 OK", "400 No", "202 Accepted", "302 Found"]).await;
    let key = Arc::new(SigningKey::from_pem(KEY_PEM.as_bytes(), None).unwrap());
    let token = Secret::new("canary-token".to_owned());
    let credential = Arc::new(Credential::security_token(&token, key, None).unwrap());
    let policy = Policy { backoff_base: std::time::Duration::from_millis(1), ..Policy::default() };
    let client = Client::builder(
        Arc::new(HttpTransport::new(&HttpOptions::default()).unwrap()),
        Arc::new(FixedCredential::new(credential, WhoAmI::default())),
        Endpoints::default().all_at(Origin::parse(&origin).unwrap()),
    )
    .policy(policy)
    .build();

    assert_eq!(client.call(&SetPassword).await.unwrap().attempts, 2);
    let mut shown = format!("{client:?}");
    for _ in 0..3 {
        let error = client.call(&SetPassword).await.unwrap_err();
        write!(shown, "{error} {error:?}").unwrap();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            write!(shown, " {error}").unwrap();
            cause = error.source();
        }
    }

    let traced = recorder.text.lock().unwrap().clone();
    for expected in ["operation=\"set_password\"", "attempt=2", "status=503", "status=400", "SERVER-ID"] {
        assert!(traced.contains(expected), "{expected} is missing in:\n{traced}");
    }
    let key_lines = KEY_PEM.lines().filter(|line| !line.starts_with("-----") && line.len() > 20);
    for secret in key_lines.chain(["canary", "rsa-sha256", "signature="]) {
        for text in [&traced, &shown] {
            assert!(!text.contains(secret), "`{secret}` is in:\n{text}");
        }
    }
}
