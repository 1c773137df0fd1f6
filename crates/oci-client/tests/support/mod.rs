//! What several test programs share: test keys, and a verifier of signatures that has no code in common with
//! the signer.
#![expect(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(dead_code, reason = "every test program uses its own part")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use sha2::{Digest, Sha256};

/// A path below `tests/`.
pub(crate) fn tests_dir(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(below)
}

/// Reads a file below `tests/`.
pub(crate) fn read(below: &str) -> Vec<u8> {
    let path = tests_dir(below);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a text below `tests/`.
pub(crate) fn read_text(below: &str) -> String {
    String::from_utf8(read(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
}

/// The names of the folders in a folder below `tests/`, sorted.
pub(crate) fn folders(below: &str) -> Vec<String> {
    let entries = fs::read_dir(tests_dir(below)).unwrap_or_else(|error| panic!("{below}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("the folder can be listed"))
        .filter(|entry| entry.file_type().expect("an entry has a type").is_dir())
        .map(|entry| entry.file_name().into_string().expect("names are UTF-8"))
        .collect();
    names.sort();
    names
}

/// The DER public key (`SubjectPublicKeyInfo`) of a folder in `tests/keys`.
pub(crate) fn public_key(name: &str) -> Vec<u8> {
    pem::parse(read(&format!("keys/{name}/public.pem"))).expect("the test keys are PEM").into_contents()
}

/// What a verifier needs to know of a request that came in.
pub(crate) struct Received<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// The parameters of an `Authorization: Signature …` header, by name: their order is not fixed.
pub(crate) fn parameters(authorization: &str) -> Result<BTreeMap<String, String>, String> {
    let rest = authorization.strip_prefix("Signature ").ok_or("the scheme is not `Signature`")?;
    let mut parameters = BTreeMap::new();
    for part in rest.split("\",") {
        let (name, value) = part.split_once("=\"").ok_or_else(|| format!("no `name=\"`: {part}"))?;
        let value = value.strip_suffix('"').unwrap_or(value);
        if parameters.insert(name.trim().to_owned(), value.to_owned()).is_some() {
            return Err(format!("`{name}` stands twice"));
        }
    }
    Ok(parameters)
}

/// The signing string, rebuilt from what was received.
pub(crate) fn rebuilt_signing_string(received: &Received<'_>, names: &[&str]) -> Result<String, String> {
    let lines = names.iter().map(|name| {
        if *name == "(request-target)" {
            return Ok(format!("(request-target): {} {}", received.method.to_lowercase(), received.target));
        }
        let mut values = received.headers.get_all(*name).iter();
        let value = values.next().ok_or_else(|| format!("`{name}` is signed but was not sent"))?;
        if values.next().is_some() {
            return Err(format!("`{name}` was sent twice"));
        }
        Ok(format!("{name}: {}", value.to_str().map_err(|_| format!("`{name}` is not ASCII"))?))
    });
    Ok(lines.collect::<Result<Vec<String>, String>>()?.join("\n"))
}

/// Checks a request as the service does: the signed set of headers, the body against its digest and length,
/// and the signature, with both RSA libraries.
pub(crate) fn verify(received: &Received<'_>, public_key: &[u8], required: &[&str]) -> Result<(), String> {
    let authorization = received.headers.get("authorization").ok_or("no `authorization` header")?;
    let parameters = parameters(authorization.to_str().map_err(|_| "`authorization` is not ASCII")?)?;
    let parameter = |name: &str| parameters.get(name).map(String::as_str).ok_or(format!("no `{name}`"));
    if parameter("version")? != "1" || parameter("algorithm")? != "rsa-sha256" {
        return Err("wrong version or algorithm".to_owned());
    }
    let names: Vec<&str> = parameter("headers")?.split(' ').collect();
    if let Some(missing) = required.iter().find(|name| !names.contains(name)) {
        return Err(format!("`{missing}` is not signed"));
    }
    if names.contains(&"x-content-sha256") {
        let digest = BASE64.encode(Sha256::digest(received.body));
        if received.headers["x-content-sha256"] != digest.as_str() {
            return Err("the digest is not that of the body".to_owned());
        }
    }
    if let Some(length) = received.headers.get("content-length")
        && length != received.body.len().to_string().as_str()
    {
        return Err("the length is not that of the body".to_owned());
    }
    let text = rebuilt_signing_string(received, &names)?;
    let signature = BASE64.decode(parameter("signature")?).map_err(|_| "the signature is not base64")?;
    check_signature(public_key, text.as_bytes(), &signature)
}

/// Checks one signature with both libraries, which must agree.
pub(crate) fn check_signature(public_key: &[u8], text: &[u8], signature: &[u8]) -> Result<(), String> {
    let aws_lc = aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
        public_key,
    );
    let key = rsa::RsaPublicKey::from_public_key_der(public_key).map_err(|error| error.to_string())?;
    let rsa_key = rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key);
    let by_rsa = rsa::pkcs1v15::Signature::try_from(signature)
        .is_ok_and(|signature| rsa_key.verify(text, &signature).is_ok());
    let by_aws_lc = aws_lc.verify(text, signature).is_ok();
    assert_eq!(by_rsa, by_aws_lc, "the two libraries disagree about a signature");
    if by_rsa { Ok(()) } else { Err("the signature is wrong".to_owned()) }
}

/// Whether a file below `tests/` is there.
pub(crate) fn exists(below: &str) -> bool {
    tests_dir(below).exists()
}

/// Compares `actual` with an expected text below `tests/`; with `BLESS=1` in the environment it writes the
/// file instead, for a person to read before committing it.
pub(crate) fn bless(below: &str, actual: &str) {
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(tests_dir(below), actual).unwrap_or_else(|error| panic!("{below}: {error}"));
    }
    assert!(exists(below), "{below} is missing; got:\n{actual}\nrun with BLESS=1 to write it");
    assert_eq!(actual, read_text(below), "{below} differs");
}

/// Runs a script of `tests/python` once, writes `lines` to it, and returns the lines that it prints: one for
/// each of ours.
pub(crate) fn python_lines(script: &str, lines: &[String]) -> Vec<String> {
    let mut child = test_support::python_command(&tests_dir(&format!("python/{script}")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the private Python starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    let input = lines.join("\n") + "\n";
    // Written from another thread: the script may answer before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the script ends");
    let written = writer.join().expect("the writer does not panic");
    assert!(output.status.success(), "{script} failed");
    written.expect("the script reads all of its input");
    let answers: Vec<String> =
        String::from_utf8(output.stdout).expect("it prints UTF-8").lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), lines.len(), "{script} answers every line");
    answers
}
