//! Every signature that Oracle's SDK made is accepted, and none that was touched.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as a test does")]

#[path = "support/signer.rs"]
mod signer;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use oci_mock::WireRequest;
use oci_mock::auth::{Backend, Credentials, Keys, Signed, Verifier};
use oci_mock::clock::Time;
use serde_json::Value;
use signer::Signer;

const VECTORS: &str = include_str!("signing-vectors.json");

struct Vector {
    id: String,
    request: WireRequest,
    signed: Signed,
    key_id: String,
    signed_headers: Vec<String>,
}

/// The moment at which all vectors were signed.
fn then() -> Time {
    DateTime::parse_from_rfc3339("2026-11-21T12:00:00Z").unwrap().to_utc().into()
}

fn verifier(backend: Backend) -> Verifier {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let keys = Keys::new(backend);
    let identities = &file["identities"];
    for (name, key) in file["keys"].as_object().unwrap() {
        let pem = key["public_pem"].as_str().unwrap();
        if name.starts_with("session") {
            keys.add_session(identities["session_token"].as_str().unwrap(), pem).unwrap();
        } else {
            let tenancy = identities["tenancy"].as_str().unwrap();
            let key_id = keys.add_api_key(tenancy, identities["user"].as_str().unwrap(), pem).unwrap();
            assert!(key_id.ends_with(key["fingerprint"].as_str().unwrap()), "{key_id}");
        }
    }
    Verifier::new(keys)
}

fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    file["vectors"].as_array().unwrap().iter().map(vector).collect()
}

fn vector(value: &Value) -> Vector {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let method: Method = text(&value["method"]).parse().unwrap();
    let url = text(&value["url"]);
    let after_scheme = url.split_once("://").unwrap().1;
    let target = after_scheme[after_scheme.find('/').unwrap()..].to_owned();
    let mut headers = HeaderMap::new();
    let mut set = |name: &str, value: &str| {
        headers
            .insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    };
    for (name, value) in value["headers"].as_object().unwrap() {
        set(name, value.as_str().unwrap());
    }
    let expected = &value["expected"];
    for (name, value) in [("content-length", "content_length"), ("x-content-sha256", "x_content_sha256")] {
        if let Some(value) = expected[value].as_str() {
            set(name, value);
        }
    }
    set("authorization", expected["authorization"].as_str().unwrap());
    let body = value["body_base64"].as_str().map_or_else(Vec::new, |text| STANDARD.decode(text).unwrap());
    let upload = method == Method::PUT && !value["body_headers_signed"].as_bool().unwrap();
    Vector {
        id: text(&value["id"]),
        request: WireRequest { method, target, headers, body: Bytes::from(body) },
        signed: if upload { Signed::Upload } else { Signed::ByMethod },
        key_id: text(&value["key_id"]),
        signed_headers: expected["signed_headers"].as_array().unwrap().iter().map(text).collect(),
    }
}

#[test]
fn both_backends_accept_every_vector_and_name_its_key() {
    for backend in [Backend::Rsa, Backend::AwsLc] {
        let verifier = verifier(backend);
        let vectors = vectors();
        assert_eq!(vectors.len(), 29);
        for vector in vectors {
            let verified = verifier.verify(&vector.request, vector.signed, then());
            assert_eq!(verified, Ok(vector.key_id), "{} with {backend:?}", vector.id);
        }
    }
}

#[test]
fn a_vector_with_any_one_signed_byte_changed_is_refused() {
    let verifier = verifier(Backend::AwsLc);
    let mut tried = 0;
    for vector in vectors() {
        for (place, changed) in every_change(&vector) {
            tried += 1;
            let verdict = verifier.verify(&changed, vector.signed, then());
            assert_eq!(
                verdict.map_err(|error| error.code.into_owned()),
                Err("NotAuthenticated".to_owned()),
                "{}: {place}",
                vector.id
            );
        }
    }
    assert!(tried > 10_000, "only {tried} changes were tried");
}

/// One request for each byte of the method, the target, the signed headers, the body where it is signed, and
/// the Authorization header's key id, header list and signature; that byte is another one.
fn every_change(vector: &Vector) -> Vec<(String, WireRequest)> {
    let mut changes = Vec::new();
    let original = &vector.request;
    for at in 0..original.target.len() {
        if let Some(target) = replaced(&original.target, at) {
            changes.push((format!("target[{at}]"), WireRequest { target, ..original.clone() }));
        }
    }
    let mut names: Vec<&str> = vector.signed_headers.iter().map(String::as_str).collect();
    names.retain(|name| *name != "(request-target)");
    for name in names.into_iter().chain(["authorization"]) {
        let value = original.headers[name].to_str().unwrap();
        for at in 0..value.len() {
            let Some(changed) = replaced(value, at) else { continue };
            let mut request = original.clone();
            request
                .headers
                .insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), changed.parse().unwrap());
            changes.push((format!("{name}[{at}]"), request));
        }
    }
    if vector.signed_headers.iter().any(|name| name == "x-content-sha256") {
        for at in 0..original.body.len() {
            let mut body = original.body.to_vec();
            body[at] ^= 1;
            changes.push((format!("body[{at}]"), WireRequest { body: body.into(), ..original.clone() }));
        }
    }
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::POST, Method::PUT, Method::PATCH] {
        if method != original.method {
            changes.push((format!("method {method}"), WireRequest { method, ..original.clone() }));
        }
    }
    changes
}

/// `text` with the byte at `at` replaced by another that keeps it a legal header or path.
fn replaced(text: &str, at: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
    String::from_utf8(bytes).ok()
}

#[test]
fn a_signature_is_refused_five_minutes_early_and_late() {
    let verifier = verifier(Backend::Rsa);
    let vector = &vectors()[0];
    let check = |seconds: i64| {
        let now = Time::from_millis(then().millis() + seconds * 1000);
        verifier.verify(&vector.request, vector.signed, now).is_ok()
    };
    assert_eq!(
        [-301, -300, 0, 300, 301].map(check),
        [false, true, true, true, false],
        "seconds between the date and the clock"
    );
}

#[test]
fn a_session_token_is_good_until_its_exp_claim() {
    let credentials = Credentials::test_only(3);
    let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1795262400}"#);
    let token = format!("e30.{claims}.c2ln");
    let keys = Keys::new(Backend::Rsa);
    let key_id = keys.add_session(&token, &credentials.public_pem).unwrap();
    assert_eq!(key_id, format!("ST${token}"));
    let verifier = Verifier::new(keys);
    let signer = Signer::new(&credentials, &key_id);
    let check = |millis: i64| {
        let now = Time::from_millis(millis);
        let request = signer.sign(WireRequest::new(Method::GET, "/20160918/vcns"), "localhost", now);
        verifier.verify(&request, Signed::ByMethod, now)
    };
    assert_eq!(check(1_795_262_399_000), Ok(key_id.clone()));
    let error = check(1_795_262_400_000).unwrap_err();
    assert!(error.message.contains("expired"), "{error}");
}

#[test]
fn what_is_missing_is_named() {
    let verifier = verifier(Backend::Rsa);
    let refusal = |id: &str, change: fn(&mut WireRequest), signed: Signed| {
        let mut vector = vectors().into_iter().find(|vector| vector.id == id).unwrap();
        change(&mut vector.request);
        verifier.verify(&vector.request, signed, then()).unwrap_err().message
    };
    for (id, change, signed, reason) in [
        (
            "get-simple",
            (|r| drop(r.headers.remove("authorization"))) as fn(&mut WireRequest),
            Signed::ByMethod,
            "no Authorization",
        ),
        (
            "get-simple",
            |r| drop(r.headers.remove("date")),
            Signed::ByMethod,
            "date is signed and was not sent",
        ),
        (
            "get-simple",
            |r| drop(r.headers.remove("host")),
            Signed::ByMethod,
            "host is signed and was not sent",
        ),
        ("get-simple", |r| r.method = Method::POST, Signed::ByMethod, "content-length is not signed"),
        ("put-object-no-body-headers", |_| (), Signed::ByMethod, "content-length is not signed"),
        ("post-json", |r| r.body = Bytes::new(), Signed::ByMethod, "content-length is 171"),
        ("get-simple", |_| (), Signed::Federation, "content-length is not signed"),
    ] {
        let message = refusal(id, change, signed);
        assert!(message.contains(reason), "{id}: {message}");
    }
}
