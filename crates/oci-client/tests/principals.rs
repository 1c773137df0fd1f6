//! Instances, resources and sessions against a service that plays the metadata, auth and ordinary services in
//! one. It checks every signature with code of its own and another RSA library, issues tokens, and remembers
//! everything that it should not have seen. Time is paused, so that hours cost nothing.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Method, StatusCode};
use oci_client::credentials::{CredentialOptions, CredentialProvider, explain, find};
use oci_client::request::{Body, Request, SigningRule};
use oci_client::sign::{Signed, sign_off_thread};
use oci_client::transport::{
    AttemptLimits, RawResponse, Sent, Transport, TransportError, TransportErrorKind,
};
use serde_json::{Value, json};
use support::{Received, parameters, public_key, read, read_text, verify};
use world::{BoxFuture, TestWorld, World};

const AUTH: &str = "https://auth.eu-frankfurt-1.oraclecloud.com";
const SERVICE: &str = "https://iaas.eu-frankfurt-1.oraclecloud.com";
const TOKEN_FILE: &str = "/home/test/.oci/token";

/// How many times the service loses the answer, or breaks down, before it works; and what it has seen.
#[derive(Default)]
struct Seen {
    /// Which of the two certificates the metadata service hands out.
    certificate: usize,
    /// The next answers of the auth service that are a 500.
    auth_failures: u32,
    /// From here on the auth service answers nothing but 503.
    auth_is_down: bool,
    /// The session is over: it may not be renewed any more.
    session_is_over: bool,
    /// Tokens that were issued: the public key they are for, and when they end.
    tokens: BTreeMap<String, (Vec<u8>, DateTime<Utc>)>,
    /// Tokens that the service refuses although their time is not over.
    revoked: Vec<String>,
    issued: u32,
    calls: u32,
    /// Key ids of the certificates that were shown.
    certificates: Vec<String>,
    /// What must not have happened.
    wrong: Vec<String>,
}

struct Cloud {
    world: Arc<TestWorld>,
    lifetime: TimeDelta,
    seen: Mutex<Seen>,
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    fn new(world: &Arc<TestWorld>, lifetime: TimeDelta) -> Arc<Self> {
        Arc::new(Self { world: Arc::clone(world), lifetime, seen: Mutex::default() })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn issue(&self, public_key: Vec<u8>) -> String {
        let mut seen = self.seen();
        seen.issued += 1;
        let ends = self.world.now() + self.lifetime;
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"exp": ends.timestamp(), "jti": seen.issued, "res_tenant": "t"});
        let token = format!("{}.{}.c2ln", part(&json!({"alg": "none"})), part(&claims));
        seen.tokens.insert(token.clone(), (public_key, ends));
        token
    }

    fn answer(&self, request: &Request, headers: &HeaderMap) -> (StatusCode, Vec<u8>) {
        let body = match &request.body {
            Body::Bytes(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        };
        let received =
            Received { method: request.method.as_str(), target: &request.target, headers, body: &body };
        let result = match (request.origin.as_str(), request.target.as_str()) {
            ("http://169.254.169.254", target) => self.metadata(target, headers),
            (AUTH, "/v1/x509") => self.federation(&received),
            (AUTH, "/v1/authentication/refresh") => self.refresh(&received),
            (SERVICE, _) => self.service(&received),
            (origin, target) => Err((404, format!("nothing is at {origin}{target}"))),
        };
        match result {
            Ok(body) => (StatusCode::OK, body),
            Err((status, why)) => {
                if status < 500 {
                    self.seen().wrong.push(why.clone());
                }
                let body = json!({"code": "Refused", "message": why}).to_string();
                (StatusCode::from_u16(status).unwrap(), body.into_bytes())
            }
        }
    }

    fn metadata(&self, target: &str, headers: &HeaderMap) -> Result<Vec<u8>, (u16, String)> {
        if headers["authorization"] != "Bearer Oracle" {
            return Err((403, "the metadata header is missing".to_owned()));
        }
        let folder = format!("keys/instance-{}", self.seen().certificate + 1);
        match target {
            "/opc/v2/instance/region" => Ok(b"fra".to_vec()),
            "/opc/v2/identity/cert.pem" => Ok(read(&format!("{folder}/cert.pem"))),
            "/opc/v2/identity/key.pem" => Ok(read(&format!("{folder}/key.pem"))),
            "/opc/v2/identity/intermediate.pem" => Ok(read(&format!("{folder}/intermediate.pem"))),
            other => Err((404, format!("no metadata at {other}"))),
        }
    }

    fn auth_failure(&self) -> Result<(), (u16, String)> {
        let mut seen = self.seen();
        if seen.auth_is_down {
            return Err((503, "down".to_owned()));
        }
        if seen.auth_failures > 0 {
            seen.auth_failures -= 1;
            return Err((500, "broken".to_owned()));
        }
        Ok(())
    }

    /// The certificate must be one that we know, and the signature made with its key, over the right headers.
    fn federation(&self, received: &Received<'_>) -> Result<Vec<u8>, (u16, String)> {
        self.auth_failure()?;
        let refused = |why: String| (401, why);
        let body: Value =
            serde_json::from_slice(received.body).map_err(|error| refused(error.to_string()))?;
        let field = |name: &str| BASE64.decode(body[name].as_str().unwrap_or_default()).unwrap_or_default();
        let known =
            (1..=2).find(|number| der(&format!("keys/instance-{number}/cert.pem")) == field("certificate"));
        let number = known.ok_or_else(|| refused("the certificate is not ours".to_owned()))?;
        let intermediate = body["intermediateCertificates"][0].as_str().unwrap_or_default();
        if BASE64.decode(intermediate).ok() != Some(der(&format!("keys/instance-{number}/intermediate.pem")))
        {
            return Err(refused("the intermediate certificate is not ours".to_owned()));
        }
        let required = ["date", "(request-target)", "content-length", "content-type", "x-content-sha256"];
        verify(received, &public_key(&format!("instance-{number}")), &required).map_err(refused)?;
        let parameters = self.checked_parameters(received)?;
        if parameters["headers"].contains("host") {
            return Err(refused("the federation call signs `host`".to_owned()));
        }
        let fingerprint = read_text(&format!("keys/instance-{number}/certificate-fingerprint.txt"));
        let key_id = parameters["keyId"].clone();
        let expected = format!(
            "ocid1.tenancy.oc1..testonlyaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/fed-x509/{}",
            fingerprint.trim()
        );
        if key_id != expected {
            return Err(refused(format!("the key id is {key_id}")));
        }
        self.seen().certificates.push(key_id);
        Ok(json!({"token": self.issue(field("publicKey"))}).to_string().into_bytes())
    }

    fn refresh(&self, received: &Received<'_>) -> Result<Vec<u8>, (u16, String)> {
        self.auth_failure()?;
        if self.seen().session_is_over {
            // What a client must expect, so nothing to be noted as wrong.
            return Err((599, "over".to_owned()));
        }
        let token = self.verified_token(received)?;
        let body: Value = serde_json::from_slice(received.body).unwrap();
        if body != json!({"currentToken": token}) {
            return Err((400, format!("the body is {body}")));
        }
        let key = self.seen().tokens[&token].0.clone();
        Ok(json!({"token": self.issue(key)}).to_string().into_bytes())
    }

    fn service(&self, received: &Received<'_>) -> Result<Vec<u8>, (u16, String)> {
        let token = self.verified_token(received)?;
        let mut seen = self.seen();
        if seen.revoked.contains(&token) {
            return Err((599, "revoked".to_owned()));
        }
        seen.calls += 1;
        Ok(b"{}".to_vec())
    }

    /// The token of a request, whose signature was made with the key that the token was issued for, and which
    /// has not ended.
    fn verified_token(&self, received: &Received<'_>) -> Result<String, (u16, String)> {
        let key_id = self.checked_parameters(received)?["keyId"].clone();
        let token = key_id.strip_prefix("ST$").unwrap_or_default().to_owned();
        let known = self.seen().tokens.get(&token).cloned();
        let (key, ends) = known.ok_or((401, "a token that was never issued".to_owned()))?;
        if self.world.now() >= ends {
            return Err((401, format!("a token that ended at {ends} was sent at {}", self.world.now())));
        }
        let required: &[&str] = match received.method {
            "GET" => &["date", "(request-target)", "host"],
            _ => &["date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256"],
        };
        verify(received, &key, required).map_err(|why| (401, why))?;
        Ok(token)
    }

    /// The parameters of the header, if the date is not more than five minutes off.
    fn checked_parameters(&self, received: &Received<'_>) -> Result<BTreeMap<String, String>, (u16, String)> {
        let date = DateTime::parse_from_rfc2822(received.headers["date"].to_str().unwrap()).unwrap();
        if (self.world.now() - date.to_utc()).abs() > TimeDelta::minutes(5) {
            return Err((401, format!("the date is {date}")));
        }
        parameters(received.headers["authorization"].to_str().unwrap()).map_err(|why| (401, why))
    }

    fn assert_nothing_wrong(&self) {
        let seen = self.seen();
        assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
    }
}

impl Transport for Cloud {
    fn send(
        &self,
        signed: Signed,
        _limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async move {
            let (request, headers) = signed.into_parts();
            // A request is on its way for a while, and what it carries must still hold when it arrives.
            self.world.sleep(Duration::from_millis(self.world.random_u64() % 2000)).await;
            if self.world.random_u64().is_multiple_of(50) && request.origin != SERVICE {
                return Err(TransportError {
                    kind: TransportErrorKind::Closed,
                    sent: Sent::Maybe,
                    source: None,
                });
            }
            let (status, body) = self.answer(&request, &headers);
            // 599 stands for a refusal that the test wants.
            let status = if status.as_u16() == 599 { StatusCode::UNAUTHORIZED } else { status };
            Ok(RawResponse { status, headers: HeaderMap::new(), body: Bytes::from(body) })
        })
    }
}

fn der(below: &str) -> Vec<u8> {
    pem::parse(read(below)).unwrap().into_contents()
}

fn world(seed: u64) -> TestWorld {
    TestWorld::new("2026-11-21T12:00:00Z".parse().unwrap(), seed).with_env("HOME", "/home/test")
}

/// One call of an ordinary operation, as the attempt loop makes it.
async fn call(cloud: &Arc<Cloud>, provider: &Arc<dyn CredentialProvider>) -> StatusCode {
    let credential = provider.credential().await.unwrap_or_else(|error| panic!("{}", explain(&error)));
    let request = Request {
        method: Method::POST,
        origin: SERVICE.to_owned(),
        target: "/20160918/vcns".to_owned(),
        headers: HeaderMap::new(),
        body: Body::Bytes(Bytes::from_static(b"{}")),
        signing: SigningRule::Standard,
    };
    let signed = sign_off_thread(&request, &credential, cloud.world.now()).await.unwrap();
    let limits = AttemptLimits { attempt_timeout: Duration::from_secs(10), response_bytes_max: 1000 };
    let answer = cloud.send(signed, limits).await.unwrap();
    if answer.status == StatusCode::UNAUTHORIZED {
        provider.refused(&credential);
    }
    answer.status
}

async fn provider(cloud: &Arc<Cloud>) -> Arc<dyn CredentialProvider> {
    let world: Arc<dyn World> = Arc::clone(&cloud.world) as Arc<dyn World>;
    let found = find(world, Arc::clone(cloud) as Arc<dyn Transport>, &CredentialOptions::default()).await;
    found.unwrap_or_else(|error| panic!("{}", explain(&error)))
}

/// Many callers at once, each with pauses of its own, for `duration`; `every_minute` changes the surroundings.
async fn run(cloud: &Arc<Cloud>, duration: TimeDelta, every_minute: impl Fn(i64)) {
    let provider = provider(cloud).await;
    let end = cloud.world.now() + duration;
    let callers = (0..10).map(|_| {
        let (cloud, provider) = (Arc::clone(cloud), Arc::clone(&provider));
        tokio::spawn(async move {
            while cloud.world.now() < end {
                assert_eq!(call(&cloud, &provider).await, StatusCode::OK);
                cloud.world.sleep(Duration::from_millis(cloud.world.random_u64() % 120_000)).await;
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    for minute in 1..=duration.num_minutes() {
        cloud.world.sleep(Duration::from_secs(60)).await;
        every_minute(minute);
    }
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_never_sends_an_expired_token_in_three_lifetimes_and_follows_its_certificate() {
    for seed in 1..=2 {
        let cloud = Cloud::new(&Arc::new(world(seed)), TimeDelta::minutes(20));
        run(&cloud, TimeDelta::minutes(60), |minute| {
            let mut seen = cloud.seen();
            // The certificate is rotated every quarter of an hour, and the auth service fails now and then.
            seen.certificate = usize::from(minute / 15 % 2 == 1);
            if minute % 7 == 0 {
                seen.auth_failures = 2;
            }
        })
        .await;
        cloud.assert_nothing_wrong();
        let seen = cloud.seen();
        assert!((4..=6).contains(&seen.issued), "seed {seed}: {} tokens were fetched", seen.issued);
        assert!(seen.calls > 300, "seed {seed}: only {} calls", seen.calls);
        let mut certificates = seen.certificates.clone();
        certificates.sort();
        certificates.dedup();
        assert_eq!(certificates.len(), 2, "seed {seed}: both certificates were used");
    }
}

#[tokio::test(start_paused = true)]
async fn many_first_callers_share_one_token() {
    let cloud = Cloud::new(&Arc::new(world(4)), TimeDelta::minutes(20));
    let provider = provider(&cloud).await;
    cloud.world.sleep(Duration::from_secs(25 * 60)).await;
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (cloud, provider) = (Arc::clone(&cloud), Arc::clone(&provider));
            tokio::spawn(async move { call(&cloud, &provider).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(cloud.seen().issued, 2, "one at the start, one for all fifty");
    cloud.assert_nothing_wrong();
}

#[tokio::test(start_paused = true)]
async fn while_the_auth_service_is_down_the_old_token_is_used_up_to_its_end_and_not_longer() {
    let cloud = Cloud::new(&Arc::new(world(5)), TimeDelta::minutes(20));
    let provider = provider(&cloud).await;
    cloud.seen().auth_is_down = true;
    let mut calls = 0;
    let error = loop {
        match provider.credential().await {
            Ok(_) => assert_eq!(call(&cloud, &provider).await, StatusCode::OK),
            Err(error) => break error,
        }
        calls += 1;
        cloud.world.sleep(Duration::from_secs(20)).await;
    };
    assert!(calls > 45, "the token was given up early, after {calls} calls");
    let text = explain(&error);
    assert!(text.contains("asking the auth service for a token for this instance failed"), "{text}");
    assert!(text.contains("503"), "{text}");

    cloud.seen().auth_is_down = false;
    assert_eq!(call(&cloud, &provider).await, StatusCode::OK, "it recovers by itself");
    cloud.assert_nothing_wrong();
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_and_the_next_call_succeeds() {
    let cloud = Cloud::new(&Arc::new(world(6)), TimeDelta::minutes(20));
    let provider = provider(&cloud).await;
    let before = provider.credential().await.unwrap();
    let tokens: Vec<String> = cloud.seen().tokens.keys().cloned().collect();
    cloud.seen().revoked.extend(tokens);
    assert_eq!(call(&cloud, &provider).await, StatusCode::UNAUTHORIZED);
    assert_eq!(call(&cloud, &provider).await, StatusCode::OK);
    // A late report about the old one does not throw the new one away.
    let now = provider.credential().await.unwrap();
    assert!(provider.refused(&before), "a fresh one is there");
    assert!(Arc::ptr_eq(&now, &provider.credential().await.unwrap()));
    cloud.assert_nothing_wrong();
}

/// Somebody outside renews the files of a resource; we only read them.
fn put_resource(cloud: &Arc<Cloud>) {
    let key = if cloud.seen().issued.is_multiple_of(2) { "session-2048" } else { "api-2048" };
    let token = cloud.issue(public_key(key));
    cloud.world.put_file("/run/key", read(&format!("keys/{key}/key.pem")), 0o600);
    cloud.world.put_file("/run/rpst", token, 0o600);
}

#[tokio::test(start_paused = true)]
async fn a_resource_never_sends_an_expired_token_in_three_lifetimes() {
    let world = world(7)
        .with_env("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2")
        .with_env("OCI_RESOURCE_PRINCIPAL_RPST", "/run/rpst")
        .with_env("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", "/run/key")
        .with_env("OCI_RESOURCE_PRINCIPAL_REGION", "fra");
    let cloud = Cloud::new(&Arc::new(world), TimeDelta::minutes(15));
    put_resource(&cloud);
    run(&cloud, TimeDelta::minutes(45), |minute| {
        if minute % 8 == 0 {
            put_resource(&cloud);
        }
    })
    .await;
    cloud.assert_nothing_wrong();
    assert!(cloud.seen().calls > 200);
}

fn session_world(seed: u64) -> TestWorld {
    let config = format!(
        "[DEFAULT]\nregion=fra\nkey_file=/home/test/.oci/key.pem\nsecurity_token_file={TOKEN_FILE}\n"
    );
    world(seed)
        .with_file("/home/test/.oci/config", config)
        .with_file("/home/test/.oci/key.pem", read("keys/session-2048/key.pem"))
}

#[tokio::test(start_paused = true)]
async fn a_session_is_renewed_until_it_is_over_and_then_says_how_to_log_in() {
    let cloud = Cloud::new(&Arc::new(session_world(8)), TimeDelta::minutes(60));
    let token = cloud.issue(public_key("session-2048"));
    cloud.world.put_file(TOKEN_FILE, token, 0o600);
    run(&cloud, TimeDelta::minutes(180), |_| {}).await;
    assert!((4..=5).contains(&cloud.seen().issued), "{} tokens", cloud.seen().issued);
    cloud.assert_nothing_wrong();

    let provider = provider_of_fresh_session(&cloud).await;
    cloud.seen().session_is_over = true;
    cloud.world.sleep(Duration::from_secs(59 * 60)).await;
    assert_eq!(call(&cloud, &provider).await, StatusCode::OK, "the last token still holds");
    cloud.world.sleep(Duration::from_secs(60)).await;
    let text = explain(&provider.credential().await.unwrap_err());
    assert!(text.contains("expired at") && text.contains("oci session authenticate"), "{text}");
    cloud.assert_nothing_wrong();
}

async fn provider_of_fresh_session(cloud: &Arc<Cloud>) -> Arc<dyn CredentialProvider> {
    let token = cloud.issue(public_key("session-2048"));
    cloud.world.put_file(TOKEN_FILE, token, 0o600);
    provider(cloud).await
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_renewed_by_another_program_is_read_again() {
    let cloud = Cloud::new(&Arc::new(session_world(9)), TimeDelta::minutes(60));
    let provider = provider_of_fresh_session(&cloud).await;
    cloud.world.sleep(Duration::from_secs(50 * 60)).await;
    let renewed = cloud.issue(public_key("session-2048"));
    cloud.world.put_file(TOKEN_FILE, renewed.clone(), 0o600);
    cloud.world.sleep(Duration::from_secs(8 * 60)).await;
    let credential = provider.credential().await.unwrap();
    assert_eq!(credential.key_id().expose(), &format!("ST${renewed}"));
    assert_eq!(cloud.seen().issued, 2, "nothing was asked of the auth service");
    cloud.assert_nothing_wrong();
}

#[tokio::test(start_paused = true)]
async fn requests_in_flight_keep_the_credential_that_they_were_signed_with() {
    let cloud = Cloud::new(&Arc::new(world(10)), TimeDelta::minutes(20));
    let provider = provider(&cloud).await;
    let held = provider.credential().await.unwrap();
    let key_id = held.key_id().expose().clone();
    cloud.world.sleep(Duration::from_secs(16 * 60)).await;
    let renewed = provider.credential().await.unwrap();
    assert!(!Arc::ptr_eq(&held, &renewed));
    assert_eq!(held.key_id().expose(), &key_id, "the old one is as it was");
    let ends = held.expires_at().unwrap();
    assert!(ends - cloud.world.now() > TimeDelta::minutes(3), "and holds for as long as a request may take");
}
