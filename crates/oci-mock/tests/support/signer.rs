//! Signs requests as Oracle's SDKs do, for tests and benchmarks of the mock. It knows only what the mock needs
//! to be shown; the workspace's real signer is in the client, which the mock must not know.

#![allow(missing_docs, unreachable_pub, clippy::expect_used, reason = "test support, included by path")]

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, DATE, HOST};
use http::{HeaderName, HeaderValue, Method};
use oci_mock::WireRequest;
use oci_mock::auth::Credentials;
use oci_mock::clock::Time;
use sha2::{Digest, Sha256};

/// A key and the id under which the mock knows it.
pub struct Signer {
    pair: KeyPair,
    key_id: String,
}

impl Signer {
    pub fn new(credentials: &Credentials, key_id: &str) -> Self {
        let der = pkcs8_der(credentials.expose_private_pem());
        Self { pair: KeyPair::from_pkcs8(&der).expect("a good key"), key_id: key_id.to_owned() }
    }

    /// Adds `date`, `host`, the body's headers where the method asks for them, and `authorization`.
    pub fn sign(&self, mut request: WireRequest, host: &str, now: Time) -> WireRequest {
        let mut set = |name: HeaderName, value: &str| {
            request.headers.insert(name, HeaderValue::from_str(value).expect("a legal header"));
        };
        set(DATE, &now.http_date());
        set(HOST, host);
        let mut names = vec!["date", "(request-target)", "host"];
        if [Method::POST, Method::PUT, Method::PATCH].contains(&request.method) {
            set(http::header::CONTENT_LENGTH, &request.body.len().to_string());
            set(http::header::CONTENT_TYPE, "application/json");
            let digest = STANDARD.encode(Sha256::digest(&request.body));
            set(HeaderName::from_static("x-content-sha256"), &digest);
            names.extend(["content-length", "content-type", "x-content-sha256"]);
        }
        let lines: Vec<String> = names.iter().map(|name| line(&request, name)).collect();
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &random, lines.join("\n").as_bytes(), &mut signature);
        signed.expect("signing works");
        let value = format!(
            r#"Signature version="1",keyId="{}",algorithm="rsa-sha256",headers="{}",signature="{}""#,
            self.key_id,
            names.join(" "),
            STANDARD.encode(signature)
        );
        request.headers.insert(AUTHORIZATION, HeaderValue::from_str(&value).expect("a legal header"));
        request
    }
}

fn line(request: &WireRequest, name: &str) -> String {
    if name == "(request-target)" {
        return format!("{name}: {} {}", request.method.as_str().to_ascii_lowercase(), request.target);
    }
    let value = request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    format!("{name}: {value}")
}

fn pkcs8_der(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(base64).expect("a key in PEM")
}
