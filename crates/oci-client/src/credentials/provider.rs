//! The trait by which a call gets its credential, attempt by attempt.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use world::BoxFuture;

use super::credential::Credential;

/// Gives the credential for each attempt, fetching or refreshing it where that is needed.
pub trait CredentialProvider: Send + Sync + fmt::Debug {
    /// A credential that holds now, and for long enough to send a request under it.
    ///
    /// # Errors
    /// [`CredentialError`] when there is none to be had.
    ///
    /// # Cancel safety
    /// It may be dropped at any await; another caller then goes on with the refresh.
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>>;

    /// Told that the service refused `credential` with a 401.
    ///
    /// Answers whether asking for a [`CredentialProvider::credential`] again gives a fresh one, so that
    /// repeating the call once makes sense. An API key stays the same key, so its answer is `false`.
    fn refused(&self, credential: &Arc<Credential>) -> bool;

    /// Who the caller is, as far as it is known without asking the service.
    ///
    /// # Errors
    /// As [`CredentialProvider::credential`].
    fn whoami(&self) -> BoxFuture<'_, Result<WhoAmI, CredentialError>>;
}

/// Who is calling, and how we came to believe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhoAmI {
    /// The OCID of the tenancy.
    pub tenancy: Option<String>,
    /// The OCID of the user; absent for an instance or another resource.
    pub user: Option<String>,
    /// The region to call, by its full name.
    pub region: Option<String>,
    /// When the credential in use expires.
    pub expires_at: Option<DateTime<Utc>>,
}

/// There is no credential to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {}

/// A credential that was made beforehand and never changes: the *explicit* source, and what tests use.
#[derive(Clone, Debug)]
pub struct FixedCredential {
    credential: Arc<Credential>,
    whoami: WhoAmI,
}

impl FixedCredential {
    /// Always answers with `credential`, and with `whoami` as the description of the caller.
    #[must_use]
    pub fn new(credential: Arc<Credential>, whoami: WhoAmI) -> Self {
        Self { credential, whoami }
    }
}

impl CredentialProvider for FixedCredential {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(async { Ok(Arc::clone(&self.credential)) })
    }

    fn refused(&self, _credential: &Arc<Credential>) -> bool {
        false
    }

    fn whoami(&self) -> BoxFuture<'_, Result<WhoAmI, CredentialError>> {
        Box::pin(async { Ok(self.whoami.clone()) })
    }
}
