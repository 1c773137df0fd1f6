//! What signs a request: a key, the id that tells the service which key it is, and how long both hold.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::key::{Fingerprint, SigningKey};
use crate::secret::Secret;

/// A key and the id under which the service knows it.
///
/// It is immutable and shared: a request that is being signed keeps the credential it started with, whatever
/// is refreshed meanwhile.
#[derive(Clone, Debug)]
pub struct Credential {
    key: Arc<SigningKey>,
    key_id: Secret<String>,
    delegation_token: Option<Secret<String>>,
    expires_at: Option<DateTime<Utc>>,
}

/// A part of a key id has characters that cannot stand in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} is empty or has characters that cannot stand in a key id")]
pub struct InvalidKeyId {
    /// Which part: `tenancy`, `user`, `token` …
    pub part: &'static str,
}

impl Credential {
    /// A user's API key: the key id is `{tenancy}/{user}/{fingerprint}`.
    ///
    /// # Errors
    /// [`InvalidKeyId`] if an OCID cannot stand in a header.
    pub fn api_key(
        tenancy: &str,
        user: &str,
        fingerprint: &Fingerprint,
        key: Arc<SigningKey>,
    ) -> Result<Self, InvalidKeyId> {
        check_part("tenancy", tenancy)?;
        check_part("user", user)?;
        Ok(Self::unchecked(format!("{tenancy}/{user}/{fingerprint}"), key))
    }

    /// A token and the session key it was issued for: the key id is `ST$` and the token.
    ///
    /// # Errors
    /// [`InvalidKeyId`] if the token cannot stand in a header.
    pub fn security_token(
        token: &Secret<String>,
        key: Arc<SigningKey>,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<Self, InvalidKeyId> {
        check_part("token", token.expose())?;
        Ok(Self { expires_at, ..Self::unchecked(format!("ST${}", token.expose()), key) })
    }

    /// A key under a key id of any form, such as that of an instance's certificate.
    ///
    /// # Errors
    /// [`InvalidKeyId`] if it cannot stand in a header.
    pub fn with_key_id(key_id: String, key: Arc<SigningKey>) -> Result<Self, InvalidKeyId> {
        check_part("key id", &key_id)?;
        Ok(Self::unchecked(key_id, key))
    }

    /// Adds the token that lets the caller act for a user; it is sent and signed as `opc-obo-token`.
    ///
    /// # Errors
    /// [`InvalidKeyId`] if the token cannot stand in a header.
    pub fn on_behalf_of(self, delegation_token: Secret<String>) -> Result<Self, InvalidKeyId> {
        check_part("delegation token", delegation_token.expose())?;
        Ok(Self { delegation_token: Some(delegation_token), ..self })
    }

    fn unchecked(key_id: String, key: Arc<SigningKey>) -> Self {
        Self { key, key_id: Secret::new(key_id), delegation_token: None, expires_at: None }
    }

    /// The key that signs.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    pub(super) fn shared_key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.key)
    }

    /// What stands as `keyId` in the `authorization` header. A secret, since it may contain a token.
    #[must_use]
    pub fn key_id(&self) -> &Secret<String> {
        &self.key_id
    }

    /// The token sent as `opc-obo-token`, if the caller acts for a user.
    #[must_use]
    pub fn delegation_token(&self) -> Option<&Secret<String>> {
        self.delegation_token.as_ref()
    }

    /// When the service stops accepting it; `None` for an API key, which does not expire.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

/// A quote would end the parameter in the `authorization` header, a line break the header.
fn check_part(part: &'static str, text: &str) -> Result<(), InvalidKeyId> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if !text.is_empty() && text.bytes().all(fits) { Ok(()) } else { Err(InvalidKeyId { part }) }
}
