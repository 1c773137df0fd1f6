//! Random requests, both ways: Oracle's Python SDK verifies ours, and we verify those that it signed.
//!
//! `SIGNATURES` sets how many there are of each kind (1,000), `SEED` which ones.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]
#![expect(clippy::disallowed_methods, reason = "tests read their own environment")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use oci_client::credentials::Credential;
use oci_client::key::SigningKey;
use oci_client::request::{Body, Request, SigningRule};
use oci_client::sign::sign;
use rand::{Rng, RngExt as _, SeedableRng, rngs::ChaCha8Rng};
use serde_json::{Value, json};
use support::{Received, public_key, python_lines, read, read_text, verify};

const KEYS: [&str; 3] = ["api-2048", "session-2048", "api-4096"];

/// A request that somebody signs.
#[derive(Clone)]
struct Wanted {
    request: Request,
    date: DateTime<Utc>,
    key: &'static str,
    key_id: String,
    delegation_token: Option<String>,
}

impl Wanted {
    fn body(&self) -> Vec<u8> {
        match &self.request.body {
            Body::Bytes(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        }
    }

    fn signs_body(&self) -> bool {
        self.request.signing == SigningRule::Standard
            && [Method::POST, Method::PUT, Method::PATCH].contains(&self.request.method)
    }

    fn required(&self) -> Vec<&'static str> {
        let mut required = vec!["date", "(request-target)", "host"];
        if self.delegation_token.is_some() {
            required.push("opc-obo-token");
        }
        if self.signs_body() {
            required.extend(["content-length", "content-type", "x-content-sha256"]);
        }
        required
    }

    fn authorization(&self, keys: &BTreeMap<&str, Arc<SigningKey>>) -> HeaderMap {
        let credential = Credential::with_key_id(self.key_id.clone(), Arc::clone(&keys[self.key])).unwrap();
        let credential = match &self.delegation_token {
            Some(token) => credential.on_behalf_of(token.clone().into()).unwrap(),
            None => credential,
        };
        sign(&self.request, &credential, self.date).unwrap().into_parts().1
    }
}

fn text(random: &mut impl Rng, length_max: usize) -> String {
    let alphabets: [&[char]; 4] = [
        &['a', 'b', 'Z', '0', '-', '.', '_', '~'],
        &['/', '?', '#', '&', '=', '+', '%', ' ', ';', ':', '@', '"', '\\', '\''],
        &['ä', 'ß', 'é', '東', '京', '🦀', '\u{301}'],
        &['\n', '\r', '\t', '\0', '\u{7f}'],
    ];
    let length = random.random_range(0..=length_max);
    (0..length)
        .map(|_| {
            let alphabet = alphabets[random.random_range(0..alphabets.len())];
            alphabet[random.random_range(0..alphabet.len())]
        })
        .collect()
}

/// Escapes as clients do, and as they need not: hex in both cases, and characters that need no escape.
fn escaped(random: &mut impl Rng, text: &str, form: bool) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain && !random.random_bool(0.05) {
            escaped.push(char::from(byte));
        } else if byte == b' ' && form && random.random_bool(0.5) {
            escaped.push('+');
        } else if random.random_bool(0.2) {
            escaped.push_str(&format!("%{byte:02x}"));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn target(random: &mut impl Rng) -> String {
    let mut target = String::from("/20160918");
    for _ in 0..random.random_range(0..4) {
        let segment = text(random, 12);
        target.push('/');
        target.push_str(&escaped(random, &segment, false));
    }
    for number in 0..random.random_range(0..4) {
        let (name, value) = (text(random, 6), text(random, 15));
        target.push(if number == 0 { '?' } else { '&' });
        target.push_str(&escaped(random, &name, true));
        if random.random_bool(0.9) {
            target.push('=');
            target.push_str(&escaped(random, &value, true));
        }
    }
    target
}

fn body(random: &mut impl Rng) -> Body {
    match random.random_range(0..4) {
        0 => Body::Empty,
        1 => Body::Bytes(Bytes::from(
            json!({"name": text(random, 30), "n": random.random::<u32>()}).to_string(),
        )),
        2 => Body::Bytes(Bytes::from(text(random, 200) + "end")),
        _ => {
            let mut bytes = vec![0; random.random_range(1..3000)];
            random.fill_bytes(&mut bytes);
            Body::Bytes(Bytes::from(bytes))
        }
    }
}

fn wanted(random: &mut impl Rng) -> Wanted {
    let methods = [Method::GET, Method::HEAD, Method::DELETE, Method::POST, Method::PUT, Method::PATCH];
    let method = methods[random.random_range(0..methods.len())].clone();
    let origins =
        ["https://iaas.eu-frankfurt-1.oraclecloud.com", "http://127.0.0.1:18080", "https://h.example:8443"];
    // A 4096-bit key is eight times as slow, so it is rarer.
    let key = KEYS[[0, 0, 0, 0, 1, 1, 1, 1, 1, 2][random.random_range(0..10)]];
    let key_id = if key == "session-2048" {
        format!("ST$e30.{}.c2ln", random.random::<u64>())
    } else {
        format!(
            "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/{}",
            read_text(&format!("keys/{key}/fingerprint.txt")).trim()
        )
    };
    let mut headers = HeaderMap::new();
    let types = ["application/json", "application/octet-stream", "text/plain; charset=utf-8", "a/b"];
    let content_type = types[random.random_range(0..types.len())];
    headers.insert("content-type", HeaderValue::from_static(content_type));
    if random.random_bool(0.3) {
        headers.insert("opc-retry-token", HeaderValue::from_static("retry-1"));
        headers.insert("if-match", HeaderValue::from_static("\"etag\""));
    }
    let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&method);
    let unsigned = method == Method::PUT && random.random_bool(0.3);
    Wanted {
        request: Request {
            method,
            origin: origins[random.random_range(0..origins.len())].to_owned(),
            target: target(random),
            headers,
            body: if has_body { body(random) } else { Body::Empty },
            signing: if unsigned { SigningRule::BodyUnsigned } else { SigningRule::Standard },
        },
        date: DateTime::UNIX_EPOCH + TimeDelta::seconds(random.random_range(0..4_000_000_000)),
        key,
        key_id,
        delegation_token: random.random_bool(0.1).then(|| "e30.e30.c2ln".to_owned()),
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
        .collect()
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn oracles_verifier_accepts_ours_and_we_accept_oracles() {
    let (count, seed) = (setting("SIGNATURES", 1000), setting("SEED", 20_261_121));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let keys: BTreeMap<&str, Arc<SigningKey>> = KEYS
        .iter()
        .map(|name| {
            (*name, Arc::new(SigningKey::from_pem(&read(&format!("keys/{name}/key.pem")), None).unwrap()))
        })
        .collect();

    let ours: Vec<Wanted> = (0..count).map(|_| wanted(&mut random)).collect();
    let theirs: Vec<Wanted> = (0..count).map(|_| wanted(&mut random)).collect();
    let mut lines: Vec<String> = Vec::new();
    for (number, wanted) in ours.iter().enumerate() {
        let headers = wanted.authorization(&keys);
        // Every tenth one is spoilt on the way: a verifier that accepts everything proves nothing.
        let spoilt = if number % 10 == 9 { "x" } else { "" };
        lines.push(
            json!({"verify": {
                "method": wanted.request.method.as_str(),
                "target": format!("{}{spoilt}", wanted.request.target),
                "headers": pairs(&headers),
                "body": BASE64.encode(wanted.body()),
                "required": wanted.required(),
                "public_pem": read_text(&format!("keys/{}/public.pem", wanted.key)),
            }})
            .to_string(),
        );
    }
    for wanted in &theirs {
        let mut headers = pairs(&wanted.request.headers);
        headers.push(("date".to_owned(), wanted.date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        lines.push(
            json!({"sign": {
                "method": wanted.request.method.as_str(),
                "url": format!("{}{}", wanted.request.origin, wanted.request.target),
                "headers": headers.into_iter().collect::<BTreeMap<_, _>>(),
                "body": BASE64.encode(wanted.body()),
                "body_signed": wanted.request.signing == SigningRule::Standard,
                "key_id": wanted.key_id,
                "delegation_token": wanted.delegation_token,
                "private_pem": read_text(&format!("keys/{}/key.pem", wanted.key)),
            }})
            .to_string(),
        );
    }

    let answers = python_lines("signatures.py", &lines);
    let (verdicts, signed) = answers.split_at(ours.len());
    for (number, (wanted, verdict)) in ours.iter().zip(verdicts).enumerate() {
        let verdict: Value = serde_json::from_str(verdict).unwrap();
        let expected = number % 10 != 9;
        let request = &wanted.request;
        assert_eq!(
            verdict["accepted"], expected,
            "seed {seed}, request {number}: {} {request:?}",
            verdict["why"]
        );
    }
    for (number, (wanted, answer)) in theirs.iter().zip(signed).enumerate() {
        check_theirs(&format!("seed {seed}, their request {number}"), wanted, answer, &keys);
    }
}

/// We verify it, and, signing what Python sent, give the same bytes.
fn check_theirs(which: &str, wanted: &Wanted, answer: &str, keys: &BTreeMap<&str, Arc<SigningKey>>) {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let pairs: Vec<(String, String)> = serde_json::from_value(answer["headers"].clone()).unwrap();
    let headers: HeaderMap = pairs
        .iter()
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let body = BASE64.decode(answer["body"].as_str().unwrap()).unwrap();
    let target = answer["target"].as_str().unwrap();
    let received =
        Received { method: wanted.request.method.as_str(), target, headers: &headers, body: &body };
    verify(&received, &public_key(wanted.key), &wanted.required())
        .unwrap_or_else(|why| panic!("{which}: {why}: {:?}", wanted.request));

    // The library under the SDK rewrites some escapes; what was signed is what was sent.
    let mut again = wanted.clone();
    again.request.target = target.to_owned();
    let authorization = again.authorization(keys).remove("authorization").unwrap();
    assert_eq!(authorization, headers["authorization"], "{which}: {:?}", wanted.request);
    let spoilt = format!("{target}x");
    let received = Received { target: &spoilt, ..received };
    assert!(verify(&received, &public_key(wanted.key), &[]).is_err(), "{which}: anything is accepted");
}
