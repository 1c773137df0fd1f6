//! The trait by which a call gets its credential, attempt by attempt.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use world::BoxFuture;

use super::credential::Credential;
use super::error::CredentialError;
use crate::key::Fingerprint;

/// Gives the credential for each attempt, fetching or renewing it where that is needed.
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

    /// Who the caller is, as far as it is known without asking the services that are called.
    ///
    /// # Errors
    /// As [`CredentialProvider::credential`].
    fn whoami(&self) -> BoxFuture<'_, Result<WhoAmI, CredentialError>>;
}

/// How the caller proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// A user's API key, or a credential made by the program itself.
    #[default]
    ApiKey,
    /// A token from a login in the browser (`oci session authenticate`).
    SessionToken,
    /// The instance that the program runs on.
    InstancePrincipal,
    /// The instance, on behalf of a user who gave it a delegation token.
    InstanceOnBehalfOfUser,
    /// The resource (a function, a container …) that the program runs in.
    ResourcePrincipal,
}

impl fmt::Display for Method {
    /// The name that Oracle's command line has for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey => "api_key",
            Self::SessionToken => "security_token",
            Self::InstancePrincipal => "instance_principal",
            Self::InstanceOnBehalfOfUser => "instance_obo_user",
            Self::ResourcePrincipal => "resource_principal",
        })
    }
}

/// Who is calling, and how we came to believe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhoAmI {
    /// How the caller proves who it is.
    pub method: Method,
    /// The configuration file that says so, if one does.
    pub file: Option<PathBuf>,
    /// The profile in that file.
    pub profile: Option<String>,
    /// The OCID of the tenancy.
    pub tenancy: Option<String>,
    /// The OCID of the user; absent for an instance or another resource.
    pub user: Option<String>,
    /// The region to call, by its full name.
    pub region: Option<String>,
    /// The fingerprint of the API key.
    pub fingerprint: Option<Fingerprint>,
    /// When the credential in use expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the user should know, though it works.
    pub warnings: Vec<Warning>,
}

/// Something that works, but should not stay so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// Others on this machine can read a file that holds a secret.
    #[error("{} can be read by others (mode {mode:03o}); run `chmod 600 {0}`", path.display())]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A description of regions is ignored.
    #[error("{0}")]
    Region(crate::region::RegionProblem),
    /// A region that no table has; its domain is a guess.
    #[error("the region `{region}` is not known; its host names are assumed to end in `{domain}`")]
    UnknownRegion {
        /// As it was given.
        region: String,
        /// The domain that is used.
        domain: String,
    },
}

/// A credential that was made beforehand and never changes: the *explicit* source, an API key, and what tests
/// use.
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
