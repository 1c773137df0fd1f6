//! What signing a request costs beside the RSA step alone, and beside Oracle's Python signer, in one run.
//!
//! `cargo bench -p oci-client --no-default-features --features aws-lc,rsa-backend --bench sign` prints a table
//! (without the services, which take minutes to compile and do not matter here); with `-- --check` it fails if a request costs more
//! than 1.05 times the RSA step of its backend, or the default backend is slower than Python.
#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]
#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock and reads its own files")]

use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use http::{HeaderMap, HeaderValue, Method};
use oci_client::credentials::Credential;
use oci_client::key::{Backend, SigningKey};
use oci_client::request::{Body, Request, SigningRule};
use oci_client::sign::sign;
use serde_json::json;

/// How often each is done. The two take turns, so that whatever else the machine does hits both, and the best of
/// each counts: noise only ever adds.
const SAMPLES: usize = 600;

const RATIO_MAX: f64 = 1.05;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let mut failed = false;
    println!(
        "{:<12} {:>5} {:<12} {:>9} {:>9} {:>7} {:>9}",
        "backend", "bits", "request", "RSA µs", "sign µs", "ratio", "Python µs"
    );
    for key in ["api-2048", "api-4096"] {
        let pem =
            std::fs::read(tests_dir().join("keys").join(key).join("key.pem")).expect("the test key is there");
        for (name, request) in [("GET", request(Method::GET, 0)), ("POST 1 KB", request(Method::POST, 1024))]
        {
            let python = python_micros(&pem, &request);
            for backend in Backend::AVAILABLE {
                let key =
                    Arc::new(SigningKey::from_pem_on(*backend, &pem, None).expect("the test key is valid"));
                let bits = key.bits();
                let credential =
                    Credential::with_key_id("t/u/f".to_owned(), key).expect("the key id is valid");
                let (raw, whole) = compare(*backend, &pem, &credential, &request);
                let ratio = whole / raw;
                println!(
                    "{:<12} {bits:>5} {name:<12} {raw:>9.1} {whole:>9.1} {ratio:>7.3} {python:>9.1}",
                    format!("{backend:?}")
                );
                failed |= ratio > RATIO_MAX || (*backend == Backend::preferred() && whole > python);
            }
        }
    }
    if check && failed {
        println!("signing is slower than it may be");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn request(method: Method, body_bytes: usize) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    Request {
        method,
        origin: "https://iaas.eu-frankfurt-1.oraclecloud.com".to_owned(),
        target: "/20160918/vcns?compartmentId=ocid1.compartment.oc1..c".to_owned(),
        headers,
        body: if body_bytes == 0 { Body::Empty } else { Body::Bytes(Bytes::from(vec![b'x'; body_bytes])) },
        signing: SigningRule::Standard,
    }
}

/// Microseconds of the RSA step alone, called directly, and of signing the whole request.
fn compare(backend: Backend, pem: &[u8], credential: &Credential, request: &Request) -> (f64, f64) {
    let raw = raw_signer(backend, pem);
    let start = DateTime::from_timestamp(1_795_262_400, 0).expect("the moment exists");
    // As long as the signing string of the request.
    let text = vec![b'x'; if request.body.is_empty() { 170 } else { 280 }];
    let (mut best_raw, mut best_whole) = (Duration::MAX, Duration::MAX);
    for sample in 0..SAMPLES {
        let now = start + TimeDelta::seconds(i64::try_from(sample).expect("it is small"));
        best_raw = best_raw.min(time(|| drop(black_box(raw(black_box(&text))))));
        best_whole = best_whole.min(time(|| {
            drop(black_box(sign(black_box(request), credential, now).expect("it can be signed")));
        }));
    }
    (micros(best_raw), micros(best_whole))
}

fn time(step: impl Fn()) -> Duration {
    let started = Instant::now();
    step();
    started.elapsed()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

type RawSigner = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// The RSA step of a backend, without any of our code.
fn raw_signer(backend: Backend, pem: &[u8]) -> RawSigner {
    let der = pem::parse(pem).expect("the test key is PEM").into_contents();
    match backend {
        #[cfg(feature = "aws-lc")]
        Backend::AwsLc => {
            let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(&der).expect("the test key is valid");
            let random = aws_lc_rs::rand::SystemRandom::new();
            Box::new(move |text| {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&aws_lc_rs::signature::RSA_PKCS1_SHA256, &random, text, &mut signature)
                    .expect("it can sign");
                signature
            })
        }
        #[cfg(feature = "rsa-backend")]
        Backend::Rsa => {
            use rsa::pkcs8::DecodePrivateKey;
            use rsa::signature::{SignatureEncoding, Signer as _};

            let key = rsa::RsaPrivateKey::from_pkcs8_der(&der).expect("the test key is valid");
            let key = rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new(key);
            Box::new(move |text| key.try_sign(text).expect("it can sign").to_vec())
        }
        other => panic!("the benchmark does not know {other:?}"),
    }
}

fn python_micros(pem: &[u8], request: &Request) -> f64 {
    let question = json!({
        "pem": std::str::from_utf8(pem).expect("the test key is text"),
        "method": request.method.as_str(),
        "body_bytes": request.body.len(),
        "samples": SAMPLES,
    });
    let mut child = test_support::python_command(&tests_dir().join("python").join("sign_speed.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the private Python starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    writeln!(stdin, "{question}").expect("the script reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "the script failed");
    serde_json::from_slice(&output.stdout).expect("the script prints a number")
}

fn tests_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}
