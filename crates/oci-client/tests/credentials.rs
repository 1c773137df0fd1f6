//! Who is calling, in one folder a case: a home folder, an environment, recorded answers, and either who it is
//! or the exact error. `tests/credentials/README.md` says what may stand in a folder.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]
#![expect(clippy::disallowed_methods, reason = "tests read their own files")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{HeaderMap, StatusCode};
use oci_client::credentials::{CredentialOptions, CredentialProvider, Method, explain, find};
use oci_client::endpoint::Origin;
use oci_client::request::{Body, Request, SigningRule};
use oci_client::sign::{Signed, sign};
use oci_client::transport::{
    AttemptLimits, RawResponse, Sent, Transport, TransportError, TransportErrorKind,
};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{Received, bless, exists, folders, public_key, read, read_text, tests_dir, verify};
use world::{BoxFuture, TestWorld};

const HOME: &str = "/home/test";
const NOW: &str = "2026-11-21T12:00:00Z";

/// What a folder's files may be called.
const FILES: [&str; 4] = ["case.json", "answers.json", "expected.json", "expected-error.txt"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "description")]
    _description: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    modes: BTreeMap<String, String>,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    tokens: BTreeMap<String, Value>,
    #[serde(default)]
    no_home: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    profile: Option<String>,
    config_file: Option<PathBuf>,
    method: Option<String>,
    region: Option<String>,
    auth_endpoint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    request: String,
    status: u16,
    body: Value,
    /// How often it is given; the last one for a request is given again and again.
    #[serde(default)]
    uses: u32,
}

impl Case {
    fn load(name: &str) -> Self {
        let entries = fs::read_dir(tests_dir(&format!("credentials/{name}"))).unwrap();
        for entry in entries {
            let file = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                file == "home" || FILES.contains(&file.as_str()),
                "{name}: nothing reads the file {file}"
            );
        }
        let case = read(&format!("credentials/{name}/case.json"));
        serde_json::from_slice(&case).unwrap_or_else(|error| panic!("{name}/case.json: {error}"))
    }

    /// A literal, or `@keys/…` for a file of the tests, or `@token:NAME`.
    fn resolve(&self, text: &str) -> Vec<u8> {
        if let Some(name) = text.strip_prefix("@token:") {
            return self.token(name).into_bytes();
        }
        match text.strip_prefix("@escaped:") {
            // As a variable or a JSON text may hold it: `\n` in two characters.
            Some(file) => read_text(file).replace('\n', "\\n").into_bytes(),
            None => text.strip_prefix('@').map_or_else(|| text.as_bytes().to_vec(), read),
        }
    }

    /// A token with the claims of `tokens`; `exp` counts in seconds from now.
    fn token(&self, name: &str) -> String {
        let mut claims = self.tokens.get(name).unwrap_or_else(|| panic!("no token {name}")).clone();
        if let Some(seconds) = claims["exp"].as_i64() {
            claims["exp"] = json!((now() + TimeDelta::seconds(seconds)).timestamp());
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.dGVzdC1vbmx5", part(&json!({"alg": "none", "kid": name})), part(&claims))
    }

    fn world(&self, name: &str) -> TestWorld {
        let mut world = TestWorld::new(now(), 1);
        if !self.no_home {
            world = world.with_env("HOME", HOME);
        }
        for (name, value) in &self.env {
            world = world.with_env(name, &String::from_utf8(self.resolve(value)).unwrap());
        }
        let mut modes = self.modes.clone();
        let mut put = |path: PathBuf, content: Vec<u8>| {
            let mode = modes.remove(path.to_str().unwrap()).unwrap_or_else(|| "600".to_owned());
            world.put_file(path, content, u32::from_str_radix(&mode, 8).unwrap());
        };
        for (path, content) in &self.files {
            put(PathBuf::from(path), self.resolve(content));
        }
        let home = tests_dir(&format!("credentials/{name}/home"));
        for path in files_below(&home) {
            put(Path::new(HOME).join(path.strip_prefix(&home).unwrap()), fs::read(&path).unwrap());
        }
        assert!(modes.is_empty(), "{name}: modes of files that do not exist: {modes:?}");
        world
    }

    fn options(&self) -> CredentialOptions {
        let mut options = CredentialOptions::default();
        options.profile.clone_from(&self.options.profile);
        options.config_file.clone_from(&self.options.config_file);
        options.region.clone_from(&self.options.region);
        options.auth_endpoint = self.options.auth_endpoint.as_deref().map(|url| Origin::parse(url).unwrap());
        options.method = self.options.method.as_deref().map(|name| {
            let all = [
                Method::ApiKey,
                Method::SessionToken,
                Method::InstancePrincipal,
                Method::InstanceOnBehalfOfUser,
                Method::ResourcePrincipal,
            ];
            all.into_iter().find(|method| method.to_string() == name).expect("a method's name")
        });
        options
    }
}

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Gives the recorded answers; where there is none, nothing listens.
struct Recorded {
    answers: Mutex<Vec<Answer>>,
    bodies: BTreeMap<String, Vec<u8>>,
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorded")
    }
}

impl Recorded {
    fn load(name: &str, case: &Case) -> Self {
        let path = format!("credentials/{name}/answers.json");
        let answers: Vec<Answer> = if exists(&path) {
            serde_json::from_slice(&read(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
        } else {
            Vec::new()
        };
        let texts = answers.iter().map(|answer| match &answer.body {
            Value::String(text) => (text.clone(), case.resolve(text)),
            Value::Object(fields) => {
                let resolved: BTreeMap<&String, String> = fields
                    .iter()
                    .map(|(field, text)| {
                        (field, String::from_utf8(case.resolve(text.as_str().unwrap())).unwrap())
                    })
                    .collect();
                (answer.body.to_string(), serde_json::to_vec(&resolved).unwrap())
            }
            other => panic!("{path}: a body is a text or an object, not {other}"),
        });
        let bodies = texts.collect();
        Self { answers: Mutex::new(answers), bodies }
    }

    fn answer(&self, signed: Signed) -> Result<RawResponse, TransportError> {
        let (request, headers) = signed.into_parts();
        check_request(&request, &headers);
        let line = format!("{} {}{}", request.method, request.origin, request.target);
        let mut answers = self.answers.lock().unwrap();
        let matching: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].request == line).collect();
        let next = matching.iter().find(|at| answers[**at].uses == 0).or(matching.last());
        let Some(at) = next else {
            return Err(TransportError { kind: TransportErrorKind::Connect, sent: Sent::No, source: None });
        };
        answers[*at].uses += 1;
        let body = match &answers[*at].body {
            Value::String(text) => &self.bodies[text],
            object => &self.bodies[&object.to_string()],
        };
        Ok(RawResponse {
            status: StatusCode::from_u16(answers[*at].status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.clone()),
        })
    }

    fn unused(&self) -> Vec<String> {
        let answers = self.answers.lock().unwrap();
        answers.iter().filter(|answer| answer.uses == 0).map(|answer| answer.request.clone()).collect()
    }
}

/// What every metadata and auth service insists on.
fn check_request(request: &Request, headers: &HeaderMap) {
    let authorization = headers["authorization"].to_str().unwrap();
    if request.target.starts_with("/opc/") || request.target.starts_with("/custom/") {
        assert_eq!(authorization, "Bearer Oracle", "{}", request.target);
        return;
    }
    let Body::Bytes(body) = &request.body else { panic!("{} has no body", request.target) };
    let received = Received { method: request.method.as_str(), target: &request.target, headers, body };
    if request.signing == SigningRule::Federation {
        let required = ["date", "(request-target)", "content-length", "content-type", "x-content-sha256"];
        verify(&received, &public_key("instance-1"), &required).unwrap();
        let fingerprint = read_text("keys/instance-1/certificate-fingerprint.txt");
        assert!(authorization.contains(&format!("/fed-x509/{}\"", fingerprint.trim())), "{authorization}");
    }
}

impl Transport for Recorded {
    fn send(
        &self,
        signed: Signed,
        _limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(async { self.answer(signed) })
    }
}

async fn check(name: &str) {
    let case = Case::load(name);
    let transport = Arc::new(Recorded::load(name, &case));
    let world: Arc<TestWorld> = Arc::new(case.world(name));
    let found = find(world, Arc::clone(&transport) as Arc<dyn Transport>, &case.options()).await;

    let expected = format!("credentials/{name}/expected.json");
    let expected_error = format!("credentials/{name}/expected-error.txt");
    let debug = match found {
        Ok(provider) => {
            assert!(!exists(&expected_error), "{name}: an error was expected, but it is {provider:?}");
            let shown = describe(&case, &*provider).await;
            bless(&expected, &(serde_json::to_string_pretty(&shown).unwrap() + "\n"));
            format!("{provider:?}")
        }
        Err(error) => {
            assert!(!exists(&expected), "{name}: {}", explain(&error));
            bless(&expected_error, &(explain(&error) + "\n"));
            format!("{error:?} {}", explain(&error))
        }
    };
    check_secrets(name, &case, &debug);
    let unused = transport.unused();
    assert!(unused.is_empty(), "{name}: nobody asked for {unused:?}");
}

/// Who it is, and that a request signed by it verifies.
async fn describe(case: &Case, provider: &dyn CredentialProvider) -> Value {
    let credential = provider.credential().await.unwrap();
    let whoami = provider.whoami().await.unwrap();
    let request = Request {
        method: http::Method::GET,
        origin: "https://identity.eu-frankfurt-1.oraclecloud.com".to_owned(),
        target: "/20160918/regions".to_owned(),
        headers: HeaderMap::new(),
        body: Body::Empty,
        signing: SigningRule::Standard,
    };
    let headers = sign(&request, &credential, now()).unwrap().into_parts().1;
    let received = Received { method: "GET", target: &request.target, headers: &headers, body: b"" };
    let mut required = vec!["date", "(request-target)", "host"];
    required.extend(credential.delegation_token().map(|_| "opc-obo-token"));
    verify(&received, credential.key().public_key_der(), &required).unwrap();

    let mut key_id = credential.key_id().expose().clone();
    for token in case.tokens.keys() {
        key_id = key_id.replace(&case.token(token), &format!("<token {token}>"));
    }
    json!({
        "method": whoami.method.to_string(),
        "key_id": key_id,
        "delegated": credential.delegation_token().is_some(),
        "file": whoami.file,
        "profile": whoami.profile,
        "tenancy": whoami.tenancy,
        "user": whoami.user,
        "region": whoami.region,
        "fingerprint": whoami.fingerprint.map(|fingerprint| fingerprint.to_string()),
        "expires_at": whoami.expires_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        "warnings": whoami.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// No token, passphrase or line of a key is in any output.
fn check_secrets(name: &str, case: &Case, shown: &str) {
    for token in case.tokens.keys() {
        assert!(!shown.contains(&case.token(token)), "{name}: the token {token} is shown: {shown}");
    }
    for canary in ["test-only-passphrase", "canary", "MIIE"] {
        assert!(!shown.contains(canary), "{name}: a secret is shown: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_folder_gives_the_caller_or_the_error_that_it_says() {
    let names = folders("credentials");
    assert!(names.len() >= 55, "only {} cases were found", names.len());
    for name in &names {
        check(name).await;
    }
}

#[test]
fn every_recorded_file_of_the_cases_is_in_a_folder_that_is_run() {
    let known: BTreeSet<String> =
        folders("credentials").into_iter().chain(["README.md".to_owned()]).collect();
    for entry in fs::read_dir(tests_dir("credentials")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name), "credentials/{name} is no case");
    }
}
