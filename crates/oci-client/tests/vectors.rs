//! Every folder in `tests/vectors` is signed with every backend and compared byte for byte.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use oci_client::credentials::Credential;
use oci_client::key::{Backend, SigningKey};
use oci_client::request::{Body, Request, SigningRule};
use oci_client::sign::{sign, sign_off_thread};
use support::{Received, folders, parameters, public_key, read, read_text, rebuilt_signing_string, verify};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "description")]
    _description: String,
    key: String,
    key_id: String,
    rule: String,
    /// Sent and signed as `opc-obo-token`.
    delegation_token: Option<String>,
}

struct Vector {
    case: Case,
    request: Request,
    date: String,
    body: Vec<u8>,
    signing_string: String,
    authorization: String,
}

fn vector(name: &str) -> Vector {
    let case: Case = serde_json::from_slice(&read(&format!("vectors/{name}/case.json"))).unwrap();
    let file = read(&format!("vectors/{name}/request.http"));
    let head_length = file.windows(2).position(|pair| pair == b"\n\n").expect("an empty line after the head");
    let head = std::str::from_utf8(&file[..head_length]).unwrap();
    let body = file[head_length + 2..].to_vec();

    let mut lines = head.lines();
    let (method, url) = lines.next().unwrap().split_once(' ').unwrap();
    let path_starts = url.match_indices('/').nth(2).expect("a path after the host").0;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let date = headers.remove("date").expect("every vector has its date").to_str().unwrap().to_owned();
    let host = headers.remove("host").expect("every vector has its host");
    assert!(url[..path_starts].ends_with(host.to_str().unwrap()), "{name}: the host is that of the URL");
    let request = Request {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        origin: url[..path_starts].to_owned(),
        target: url[path_starts..].to_owned(),
        headers,
        body: if body.is_empty() { Body::Empty } else { Body::Bytes(Bytes::from(body.clone())) },
        signing: match case.rule.as_str() {
            "standard" => SigningRule::Standard,
            "body-unsigned" => SigningRule::BodyUnsigned,
            "federation" => SigningRule::Federation,
            other => panic!("{name}: unknown rule {other:?}"),
        },
    };
    let signing_string = read_text(&format!("vectors/{name}/signing-string.txt"));
    let authorization = read_text(&format!("vectors/{name}/authorization.txt"));
    Vector { case, request, date, body, signing_string, authorization }
}

fn credential(case: &Case, backend: Backend) -> Arc<Credential> {
    let pem = read(&format!("keys/{}/key.pem", case.key));
    let key = Arc::new(SigningKey::from_pem_on(backend, &pem, None).unwrap());
    let credential = Credential::with_key_id(case.key_id.clone(), key).unwrap();
    Arc::new(match &case.delegation_token {
        Some(token) => credential.on_behalf_of(token.clone().into()).unwrap(),
        None => credential,
    })
}

fn check(name: &str, backend: Backend) {
    let vector = vector(name);
    let now = DateTime::parse_from_rfc2822(&vector.date).unwrap().to_utc();
    let signed = sign(&vector.request, &credential(&vector.case, backend), now).unwrap();
    let (request, headers) = signed.into_parts();

    let authorization = headers["authorization"].to_str().unwrap();
    let names = parameters(authorization).unwrap()["headers"].clone();
    let names: Vec<&str> = names.split(' ').collect();
    let received = Received {
        method: request.method.as_str(),
        target: &request.target,
        headers: &headers,
        body: &vector.body,
    };
    let text = rebuilt_signing_string(&received, &names).unwrap();
    assert_eq!(text, vector.signing_string, "{name}, {backend:?}: the signing string");
    assert_eq!(authorization, vector.authorization, "{name}, {backend:?}: the header");
    verify(&received, &public_key(&vector.case.key), &["date", "(request-target)"]).unwrap();
}

#[test]
fn every_vector_is_signed_as_oracles_sdk_signs_it_by_every_backend() {
    let names = folders("vectors");
    assert!(names.len() >= 33, "only {} vectors were found", names.len());
    for name in &names {
        for backend in Backend::AVAILABLE {
            check(name, *backend);
        }
    }
}

/// One poll is all that a thread of the runtime gives: a short key has signed by then, a long one is still
/// signing elsewhere.
#[tokio::test]
async fn a_4096_bit_key_does_not_hold_up_the_runtime() {
    for (name, signed_in_place) in [("post-json", true), ("rsa4096-post", false)] {
        let vector = vector(name);
        let credential = credential(&vector.case, Backend::preferred());
        let now = DateTime::UNIX_EPOCH;
        let mut signing = std::pin::pin!(sign_off_thread(&vector.request, &credential, now));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert_eq!(signing.as_mut().poll(&mut context).is_ready(), signed_in_place, "{name}");
    }
}

#[tokio::test]
async fn signing_off_thread_gives_the_same_bytes_for_short_and_long_keys() {
    for name in ["post-json", "rsa4096-post"] {
        let vector = vector(name);
        let now = DateTime::parse_from_rfc2822(&vector.date).unwrap().to_utc();
        let credential = credential(&vector.case, Backend::preferred());
        let signed = sign_off_thread(&vector.request, &credential, now).await.unwrap();
        assert_eq!(signed.into_parts().1["authorization"], vector.authorization.as_str(), "{name}");
    }
}
