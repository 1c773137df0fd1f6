//! Public keys by key id, parsed once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::{Digest, Md5};
use rsa::RsaPublicKey;
use rsa::pkcs1v15;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha2::Sha256;

use crate::clock::Time;

/// Which library does the arithmetic of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// `rsa`, in pure Rust: not what the client signs with by default, so that one mistake cannot hide in both.
    #[default]
    Rsa,
    /// `aws-lc-rs`: four times faster.
    #[cfg(feature = "aws-lc")]
    AwsLc,
}

/// A key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is no public key in PEM (`BEGIN PUBLIC KEY`).
    #[error("not a public RSA key in PEM")]
    NotAKey(#[source] rsa::pkcs8::spki::Error),
    /// OCI wants 2048 bits or more.
    #[error("the key has {0} bits, at least 2048 are needed")]
    TooShort(usize),
    /// The second library does not take it.
    #[error("the key was rejected: {0}")]
    Rejected(String),
}

/// A public key, ready to check signatures.
pub(super) enum PublicKey {
    Rsa(Box<pkcs1v15::VerifyingKey<Sha256>>),
    #[cfg(feature = "aws-lc")]
    AwsLc(Box<aws_lc_rs::signature::ParsedPublicKey>),
}

impl PublicKey {
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

struct Known {
    key: Arc<PublicKey>,
    /// Of a session token, from its `exp` claim.
    expires: Option<Time>,
}

/// All keys that a cloud knows, by key id.
pub struct Keys {
    backend: Backend,
    known: RwLock<HashMap<String, Known>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Keys {
    /// No keys yet.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self { backend, known: RwLock::default() }
    }

    /// Adds a user's API key and returns its key id, `tenancy/user/fingerprint`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn add_api_key(&self, tenancy_id: &str, user_id: &str, public_pem: &str) -> Result<String, KeyError> {
        let (key, fingerprint) = self.parse(public_pem)?;
        let key_id = format!("{tenancy_id}/{user_id}/{fingerprint}");
        self.add(key_id.clone(), Known { key: Arc::new(key), expires: None });
        Ok(key_id)
    }

    /// Adds a session key under its token; it is good until the token's `exp` claim (for ever without one).
    /// Returns the key id, `ST$` and the token.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn add_session(&self, token: &str, public_pem: &str) -> Result<String, KeyError> {
        let (key, _) = self.parse(public_pem)?;
        let key_id = format!("ST${token}");
        self.add(key_id.clone(), Known { key: Arc::new(key), expires: expiry(token) });
        Ok(key_id)
    }

    /// Forgets a key.
    pub fn remove(&self, key_id: &str) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(key_id);
    }

    fn add(&self, key_id: String, known: Known) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(key_id, known);
    }

    pub(super) fn find(&self, key_id: &str, now: Time) -> Result<Arc<PublicKey>, String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = known.get(key_id) else {
            return Err(if key_id.starts_with("ST$") {
                "the session token is unknown".to_owned()
            } else {
                format!("the key id {key_id} is unknown")
            });
        };
        match found.expires {
            Some(expires) if expires <= now => {
                Err(format!("the session token expired at {}", expires.rfc3339()))
            }
            _ => Ok(Arc::clone(&found.key)),
        }
    }

    fn parse(&self, public_pem: &str) -> Result<(PublicKey, String), KeyError> {
        let key = RsaPublicKey::from_public_key_pem(public_pem.trim()).map_err(KeyError::NotAKey)?;
        if key.size() < 256 {
            return Err(KeyError::TooShort(key.size() * 8));
        }
        let der = key.to_public_key_der().map_err(KeyError::NotAKey)?;
        let fingerprint = fingerprint(der.as_bytes());
        let key = match self.backend {
            Backend::Rsa => PublicKey::Rsa(Box::new(pkcs1v15::VerifyingKey::new(key))),
            #[cfg(feature = "aws-lc")]
            Backend::AwsLc => {
                let algorithm = &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
                let parsed = aws_lc_rs::signature::ParsedPublicKey::new(algorithm, der.as_bytes())
                    .map_err(|why| KeyError::Rejected(why.to_string()))?;
                PublicKey::AwsLc(Box::new(parsed))
            }
        };
        Ok((key, fingerprint))
    }
}

/// MD5 of the DER public key, as Oracle shows it: sixteen pairs with colons.
pub(super) fn fingerprint(spki_der: &[u8]) -> String {
    let pairs: Vec<String> = Md5::digest(spki_der).iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// The `exp` claim of a JWT, in seconds since 1970.
fn expiry(token: &str) -> Option<Time> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    Some(Time::from_millis(claims.get("exp")?.as_i64()?.checked_mul(1000)?))
}
