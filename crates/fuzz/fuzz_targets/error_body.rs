//! The body of an error may hold anything, and a proxy's page is one of the better things: it is classified soon, and
//! what is kept of it is short and cannot steer a terminal.
#![no_main]

use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use libfuzzer_sys::fuzz_target;
use oci_client::classify::{Attempt, Effect, ErrorBody, Verdict, classify};
use oci_client::operation::OperationSpec;
use oci_client::transport::RawResponse;

static OPERATIONS: [OperationSpec; 3] = [
    spec("core", Method::POST),
    spec("network_load_balancer", Method::PUT),
    spec("object_storage", Method::GET),
];

const fn spec(service: &'static str, method: Method) -> OperationSpec {
    OperationSpec {
        service,
        client: "Client",
        name: "name",
        method,
        path: "/",
        takes_retry_token: true,
        takes_if_match: false,
    }
}

// Two bytes of status, one of service, then the body, whose beginning is a `retry-after` as well.
fuzz_target!(|input: &[u8]| {
    let Some(([high, low, service], body)) = input.split_first_chunk::<3>() else { return };
    let Ok(status) = StatusCode::from_u16(u16::from_be_bytes([*high, *low]) % 1000) else { return };
    let mut headers = HeaderMap::new();
    for name in [header::RETRY_AFTER, header::DATE] {
        if let Ok(value) = HeaderValue::from_bytes(&body[..body.len().min(40)]) {
            headers.insert(name, value);
        }
    }
    let response = RawResponse { status, headers, body: Bytes::copy_from_slice(body) };
    let operation = &OPERATIONS[usize::from(*service) % OPERATIONS.len()];
    let attempt = Attempt { result: Ok(&response), received_at: DateTime::UNIX_EPOCH };
    let failure = match classify(operation, &attempt) {
        Verdict::Success => return assert!(status.is_success()),
        Verdict::Failure(failure) => failure,
    };
    assert!(!operation.is_read() || failure.effect == Effect::None);
    if let Some(message) = failure.message {
        assert!(message.chars().count() <= ErrorBody::MESSAGE_CHARS_MAX + 1);
        assert!(!message.contains(char::is_control));
    }
    if let Some(code) = failure.code {
        assert!(code.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    }
});
