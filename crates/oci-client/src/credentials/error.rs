//! Why there is no credential to be had, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};

use super::config_file::ConfigFileError;
use super::token::TokenError;
use crate::endpoint::EndpointError;
use crate::key::{Fingerprint, KeyError, SigningFailed};
use crate::sign::SignError;
use crate::transport::TransportError;

/// There is no credential to be had. No variant holds a key, a passphrase or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// No source has anything; each is listed with the reason.
    #[error("no credentials were found:{}", list(tried))]
    NotConfigured {
        /// The sources in the order in which they were asked.
        tried: Vec<Tried>,
    },
    /// A file that is named somewhere cannot be read.
    #[error("cannot read the {what} {}, named by {origin}", path.display())]
    ReadFile {
        /// What it should hold: `private key`, `session token` …
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The setting that names it.
        origin: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The configuration file is not one.
    #[error("the configuration file {} cannot be used", path.display())]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// The line, and what is wrong with it.
        #[source]
        source: ConfigFileError,
    },
    /// The profile that was asked for is not in the file.
    #[error("{} has no profile `{profile}`; it has {}", path.display(), names(available))]
    ProfileNotFound {
        /// The file.
        path: PathBuf,
        /// The profile that was asked for, by an option or a variable.
        profile: String,
        /// Those that it has.
        available: Vec<String>,
    },
    /// Settings that belong together are not all there.
    #[error("{origin} lacks {}", names(missing))]
    Incomplete {
        /// The profile, or the environment.
        origin: String,
        /// What is missing.
        missing: Vec<String>,
    },
    /// A setting does not have the form that it must have.
    #[error("{origin} is not valid: {reason}")]
    Malformed {
        /// The setting, and where it stands.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The private key cannot be used.
    #[error("the private key from {origin} cannot be used")]
    Key {
        /// The setting that names it, and the file.
        origin: String,
        /// What is wrong with it, and what to do.
        #[source]
        source: KeyError,
    },
    /// The fingerprint is that of another key.
    #[error(
        "the fingerprint {configured} ({origin}) does not belong to the private key, whose fingerprint is {actual}; \
         correct one of the two"
    )]
    FingerprintMismatch {
        /// Where the fingerprint stands.
        origin: String,
        /// The one that was configured.
        configured: Fingerprint,
        /// That of the key.
        actual: Fingerprint,
    },
    /// A token cannot be read.
    #[error("the token from {origin} cannot be used")]
    Token {
        /// The file, the variable, or the service.
        origin: String,
        /// What is wrong with it.
        #[source]
        source: TokenError,
    },
    /// A token whose time is over, and that cannot be renewed from here.
    #[error("the {what} {}; {hint}", over(*at))]
    Expired {
        /// Which token.
        what: String,
        /// When; `None` if the service says so before its time.
        at: Option<DateTime<Utc>>,
        /// What to do.
        hint: String,
    },
    /// A way of authenticating that we do not have.
    #[error("{origin} asks for `{asked}`, which is not supported; supported are {supported}")]
    Unsupported {
        /// The setting, and where it stands.
        origin: String,
        /// Its value.
        asked: String,
        /// What it may be.
        supported: &'static str,
    },
    /// The metadata service or the auth service did not answer as it should.
    #[error("{step} failed{}", because(reason))]
    Service {
        /// What was attempted.
        step: String,
        /// What came instead: the status, and the service's own words; empty if the source says it.
        reason: String,
        /// The status of the answer, if one came.
        status: Option<http::StatusCode>,
        /// What lies beneath, where there was no answer.
        #[source]
        source: Option<TransportError>,
    },
    /// The certificate that the metadata service gave cannot be used.
    #[error("the instance's certificate cannot be used: {reason}")]
    Certificate {
        /// What is wrong with it.
        reason: String,
    },
    /// An endpoint cannot be told.
    #[error("the endpoint for {purpose} cannot be told")]
    Endpoint {
        /// What it is needed for.
        purpose: &'static str,
        /// Why.
        #[source]
        source: EndpointError,
    },
    /// A session key could not be made.
    #[error("a session key could not be made")]
    SessionKey(#[source] SigningFailed),
    /// The request for a token could not be signed.
    #[error("the request for a token could not be signed")]
    Sign(#[source] SignError),
    /// The same failure, met by another caller while this one waited for it.
    #[error(transparent)]
    Shared(Arc<CredentialError>),
}

/// A source that was asked, and why it had nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The source, such as `environment`.
    pub source: &'static str,
    /// Why it had nothing.
    pub reason: String,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.reason)
    }
}

fn over(at: Option<DateTime<Utc>>) -> String {
    match at {
        Some(at) => format!("expired at {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        None => "is no longer accepted by the service".to_owned(),
    }
}

fn list(tried: &[Tried]) -> String {
    tried.iter().map(|tried| format!("\n  {tried}")).collect()
}

fn names(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// The error and everything beneath it, one a line, as a person reads it.
#[must_use]
pub fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str("\n  caused by: ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
