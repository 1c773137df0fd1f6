//! The credentials that a mock gives to its user: an OCI configuration file and a key.
//!
//! Making an RSA key takes longer than starting the mock may take. So the key is one of a few that lie
//! ready in the program: they are published, say so, and open nothing but a mock.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};

use super::keys::fingerprint;
use crate::clock::Time;
use crate::cloud::Place;

/// Sixteen keys, one after the other.
const TEST_KEYS: &str = include_str!("test_keys.pem");

/// What stands after a key in a file written by Oracle's own tools; the CLI warns when it is missing.
const LABEL: &str = "OCI_API_KEY\n";

/// As long as a session of Oracle's CLI.
const SESSION_SECS: i64 = 3600;

/// A user of the mock, able to sign.
#[derive(Clone)]
pub struct Credentials {
    /// Fingerprint of the key.
    pub fingerprint: String,
    /// The public key, PEM.
    pub public_pem: String,
    /// The token of the session that was written; empty when none was.
    pub session_token: String,
    private_pem: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// Credentials could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The file system said no.
    #[error("cannot use {path}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is a key file already, and it holds no usable key.
    #[error("{path} holds no RSA key in PKCS#8 form; remove it to get a new one")]
    NotAKey {
        /// Which file.
        path: PathBuf,
    },
}

impl Credentials {
    /// One of the ready-made keys, chosen by `number`.
    ///
    /// # Panics
    /// Never: a test reads all of them.
    #[must_use]
    pub fn test_only(number: u64) -> Self {
        let keys: Vec<&str> = TEST_KEYS.split_inclusive("-----END PRIVATE KEY-----\n").collect();
        let index = usize::try_from(number % keys.len() as u64).unwrap_or(0);
        let pem = keys[index].find("-----BEGIN").map_or("", |start| &keys[index][start..]);
        Self::from_pem(pem).expect("the embedded keys are good")
    }

    fn from_pem(private_pem: &str) -> Option<Self> {
        let end = private_pem.find("-----END PRIVATE KEY-----")? + "-----END PRIVATE KEY-----\n".len();
        let pem = private_pem.get(..end)?;
        let public = RsaPrivateKey::from_pkcs8_pem(pem).ok()?.to_public_key();
        let fingerprint = fingerprint(public.to_public_key_der().ok()?.as_bytes());
        let public_pem = public.to_public_key_pem(LineEnding::LF).ok()?;
        Some(Self { fingerprint, public_pem, session_token: String::new(), private_pem: pem.to_owned() })
    }

    /// The private key, PEM, for a client that signs in the same process.
    #[must_use]
    pub fn expose_private_pem(&self) -> &str {
        &self.private_pem
    }

    /// Writes `config`, `key.pem` and the `token` of a session that begins at `now` into `folder`, which is made when it is not there. A key that lies there
    /// already is used again, so that a client's settings stay good.
    ///
    /// # Errors
    /// [`CredentialsError`].
    pub fn write(folder: &Path, place: &Place, now: Time) -> Result<Self, CredentialsError> {
        let key_path = folder.join("key.pem");
        make_folder(folder).map_err(|source| CredentialsError::Io { path: folder.to_owned(), source })?;
        let mut credentials = match read_text(&key_path) {
            Ok(text) => {
                Self::from_pem(&text).ok_or_else(|| CredentialsError::NotAKey { path: key_path.clone() })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = Self::test_only(rand::random());
                let text = format!("{}{LABEL}", fresh.private_pem);
                store(folder, &key_path, &text)
                    .map_err(|source| CredentialsError::Io { path: key_path.clone(), source })?;
                fresh
            }
            Err(source) => return Err(CredentialsError::Io { path: key_path, source }),
        };
        credentials.session_token = session_token(place, now);
        let key_path = std::path::absolute(&key_path).unwrap_or(key_path);
        let token_path = folder.join("token");
        store(folder, &token_path, &credentials.session_token)
            .map_err(|source| CredentialsError::Io { path: token_path.clone(), source })?;
        let token_path = std::path::absolute(&token_path).unwrap_or(token_path);
        let config_path = folder.join("config");
        let config = format!(
            "# Written by the mock OCI. The key is for tests only and opens nothing but a mock.\n\
             [DEFAULT]\nuser={}\nfingerprint={}\ntenancy={}\nregion={}\nkey_file={}\n\n\
             # The same user by a session token, as after a login in the browser. It is good for an hour.\n\
             [SESSION]\nfingerprint={}\ntenancy={}\nregion={}\nkey_file={}\nsecurity_token_file={}\n",
            place.user_id,
            credentials.fingerprint,
            place.tenancy_id,
            place.region,
            key_path.display(),
            credentials.fingerprint,
            place.tenancy_id,
            place.region,
            key_path.display(),
            token_path.display()
        );
        store(folder, &config_path, &config)
            .map_err(|source| CredentialsError::Io { path: config_path, source })?;
        Ok(credentials)
    }
}

/// A token in the form of a JWT. Nobody checks its signature: the mock knows the whole token.
fn session_token(place: &Place, now: Time) -> String {
    let part = |claims: serde_json::Value| URL_SAFE_NO_PAD.encode(claims.to_string());
    let seconds = now.millis() / 1000;
    let claims = serde_json::json!({
        "sub": place.user_id, "tenant": place.tenancy_id, "iat": seconds, "exp": seconds + SESSION_SECS,
    });
    let head = serde_json::json!({"alg": "none", "kid": "mock, test only"});
    format!("{}.{}.{}", part(head), part(claims), URL_SAFE_NO_PAD.encode("test only"))
}

#[expect(clippy::disallowed_methods, reason = "the credentials are real files")]
fn read_text(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Readable by its owner only, from the first byte, and never half written.
fn store(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_keys_are_sixteen_different_ones() {
        let prints: std::collections::BTreeSet<String> =
            (0..16).map(|number| Credentials::test_only(number).fingerprint).collect();
        assert_eq!(prints.len(), 16);
        assert_eq!(Credentials::test_only(16).fingerprint, Credentials::test_only(0).fingerprint);
    }

    #[test]
    fn credentials_are_written_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(1, "eu-frankfurt-1");
        let path = folder.path().join("deep/credentials");
        let first = Credentials::write(&path, &place, Time::default()).unwrap();
        let again = Credentials::write(&path, &place, Time::default()).unwrap();
        assert_eq!(first.fingerprint, again.fingerprint);
        let config = read_text(&path.join("config")).unwrap();
        assert!(config.contains(&format!("fingerprint={}\n", first.fingerprint)), "{config}");
        let key = read_text(&path.join("key.pem")).unwrap();
        assert!(key.ends_with(LABEL));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(path.join("key.pem")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_key_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        store(folder.path(), &folder.path().join("key.pem"), "nonsense").unwrap();
        let error =
            Credentials::write(folder.path(), &Place::new(1, "eu-frankfurt-1"), Time::default()).unwrap_err();
        assert!(matches!(error, CredentialsError::NotAKey { .. }), "{error}");
    }
}
