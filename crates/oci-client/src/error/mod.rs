//! Why a call failed, told apart by what the caller can do about it.
//!
//! `Display` states this layer's failure only; what lies beneath, the service's own words among it, is in
//! [`source`](std::error::Error::source). No body and no header is ever part of an error.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

use crate::classify::{Class, Effect, Failure};
use crate::credentials::CredentialError;
use crate::decide::{self, Enough};
use crate::endpoint::EndpointError;
use crate::operation::{DecodeError, OperationSpec, RequestError};
use crate::page::PagingError;
use crate::service_code::ServiceCode;
use crate::sign::SignError;
use crate::transport::{TransportError, TransportErrorKind};

/// Says what a person can do about an error, where something can be done.
pub trait Hint {
    /// One sentence, lower case and without a full stop; `None` if there is nothing to advise.
    fn hint(&self) -> Option<String>;
}

/// A call that did not succeed. The variants differ in what the caller can do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The input cannot be sent. Mend it.
    Input {
        /// What was to be called.
        call: Call,
        /// What is wrong with the input.
        source: RequestError,
    },
    /// There is no address to send it to. Mend the configuration.
    Endpoint {
        /// What was to be called.
        call: Call,
        /// Why there is none.
        source: EndpointError,
    },
    /// There is nothing to sign it with. Mend the configuration.
    Credentials {
        /// What was to be called.
        call: Call,
        /// Why there are none.
        source: CredentialError,
    },
    /// It could not be signed.
    Sign {
        /// What was to be called.
        call: Call,
        /// Why.
        source: SignError,
    },
    /// The time for the whole call was up before it could be sent even once: other calls, or the fetching of
    /// credentials, took it. Nothing happened.
    NeverSent {
        /// What was to be called.
        call: Call,
    },
    /// The caller asked to stop ([`Stop`](crate::stop::Stop)) before it was sent. Nothing happened.
    Stopped {
        /// What was to be called.
        call: Call,
    },
    /// It may have been carried out. Look before doing it again.
    Uncertain(Box<Failed>),
    /// It did not work for as long as we tried, and nothing happened. Later it may work.
    TryLater(Box<Failed>),
    /// Gone, never there, or hidden from us: the service does not say which.
    MissingOrHidden(Box<Failed>),
    /// It exists already, or something else is in the way. Remove that, or adopt it.
    Conflict(Box<Failed>),
    /// Somebody else wrote first. Read again and decide anew; never overwrite.
    Changed(Box<Failed>),
    /// The retry token is used up: it made something that has changed or gone since. Look, then use a new token.
    TokenSpent(Box<Failed>),
    /// No hardware left for this shape in this place. Another place may have some.
    NoCapacity(Box<Failed>),
    /// A limit or a quota is reached. Free something, or ask for more.
    LimitReached(Box<Failed>),
    /// We are not who we should be, or may not do this. Mend credentials or policies.
    NotPermitted(Box<Failed>),
    /// The request is wrong and stays wrong.
    Rejected(Box<Failed>),
    /// It is as we know it: the answer to a conditional read. Not a failure for whoever asked.
    NotModified(Box<Failed>),
    /// The service carried it out, and we cannot read its answer.
    Unreadable {
        /// What is known of the answer.
        answer: Box<Failed>,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A list did not come to its end.
    Paging {
        /// What was called.
        call: Call,
        /// How we noticed.
        source: PagingError,
    },
}

/// Which call it was.
#[derive(Clone, Debug)]
pub struct Call {
    operation: &'static OperationSpec,
    target: String,
}

/// A call that was sent and failed.
#[derive(Debug)]
pub struct Failed {
    /// Which call it was.
    pub call: Call,
    /// What the last attempt came to. Its effect is that of all attempts together: if an earlier one may have been
    /// carried out, a later refusal does not undo that.
    pub failure: Failure,
    /// How many attempts were made.
    pub attempts: u32,
    /// Why there was no further attempt.
    pub enough: Enough,
    source: Option<Cause>,
}

/// The cause beneath a failed call.
#[derive(Debug)]
enum Cause {
    Transport(TransportError),
    Words(ServiceWords),
}

/// What the service said, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\"")]
struct ServiceWords(String);

impl Call {
    pub(crate) fn new(operation: &'static OperationSpec, target: &str) -> Self {
        // The query may be long and says little; the path says what it is about.
        let path = target.split('?').next().unwrap_or_default();
        Self { operation, target: path.to_owned() }
    }

    /// The facts of the operation.
    #[must_use]
    pub fn operation(&self) -> &'static OperationSpec {
        self.operation
    }

    /// The path that it was about, ids included; empty if it did not come to that.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    fn name(&self) -> String {
        format!("`{}`", self.operation.name)
    }

    fn service(&self) -> String {
        format!("the {} service", service_title(self.operation.service))
    }
}

impl Failed {
    pub(crate) fn new(
        call: Call,
        failure: Failure,
        transport: Option<TransportError>,
        attempts: u32,
        enough: Enough,
    ) -> Self {
        let words = || failure.message.clone().map(|message| Cause::Words(ServiceWords(message)));
        let source = transport.map(Cause::Transport).or_else(words);
        Self { call, failure, attempts, enough, source }
    }

    /// What failed at this layer.
    fn statement(&self) -> String {
        let service = self.call.service();
        let name = self.call.name();
        let tried = match self.attempts {
            0 | 1 => String::new(),
            attempts => format!(" ({attempts} attempts)"),
        };
        match (self.failure.status, &self.failure.code) {
            (None, _) => format!("{service} gave no answer to {name}{tried}"),
            (Some(status), Some(code)) => {
                format!("{service} refused {name}: {} {code}{tried}", status.as_u16())
            }
            (Some(status), None) => {
                format!("{service} answered {name} with status {}{tried}", status.as_u16())
            }
        }
    }

    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.source.as_ref()? {
            Cause::Transport(error) => Some(error),
            Cause::Words(words) => Some(words),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { call, .. } => write!(f, "{} cannot be sent", call.name()),
            Self::Endpoint { call, .. } => write!(f, "there is no endpoint for {}", call.service()),
            Self::Credentials { call, .. } => {
                write!(f, "there are no credentials to call {} with", call.service())
            }
            Self::Sign { call, .. } => write!(f, "{} could not be signed", call.name()),
            Self::NeverSent { call } => {
                write!(f, "the time for {} was up before it could be sent", call.name())
            }
            Self::Stopped { call } => write!(f, "{} was stopped before it was sent", call.name()),
            Self::Unreadable { answer, .. } => {
                write!(f, "the answer to {} could not be read", answer.call.name())
            }
            Self::Paging { call, .. } => {
                write!(f, "the list that {} answers was not followed to its end", call.name())
            }
            _ => self.failed().map_or(Ok(()), |failed| f.write_str(&failed.statement())),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Input { source, .. } => Some(source),
            Self::Endpoint { source, .. } => Some(source),
            Self::Credentials { source, .. } => Some(source),
            Self::Sign { source, .. } => Some(source),
            Self::Unreadable { source, .. } => Some(source),
            Self::Paging { source, .. } => Some(source),
            Self::NeverSent { .. } | Self::Stopped { .. } => None,
            _ => self.failed()?.source(),
        }
    }
}

impl Error {
    /// Sorts a failed call by what can be done about it.
    pub(crate) fn from_failed(failed: Failed) -> Self {
        let failed = Box::new(failed);
        let is_certain = failed.failure.effect == Effect::None;
        match failed.failure.class {
            Class::Transport(
                TransportErrorKind::Tls | TransportErrorKind::TooLarge | TransportErrorKind::Body,
            ) if is_certain => Self::Rejected(failed),
            Class::Throttled
            | Class::ServerFault
            | Class::Unavailable
            | Class::Busy
            | Class::Transport(_) => {
                if is_certain {
                    Self::TryLater(failed)
                } else {
                    Self::Uncertain(failed)
                }
            }
            Class::MissingOrHidden => Self::MissingOrHidden(failed),
            Class::Conflict | Class::AlreadyExists => Self::Conflict(failed),
            Class::Changed => Self::Changed(failed),
            Class::TokenSpent => Self::TokenSpent(failed),
            Class::OutOfHostCapacity => Self::NoCapacity(failed),
            Class::Limit => Self::LimitReached(failed),
            Class::NotAuthenticated | Class::NotAllowed => Self::NotPermitted(failed),
            Class::RelatedMissingOrHidden
            | Class::NoSuchOperation
            | Class::NotImplemented
            | Class::Invalid => Self::Rejected(failed),
            Class::NotModified => Self::NotModified(failed),
        }
    }

    /// The one list of all variants: the failed call, or what was to be called if it did not come to that.
    fn sent(&self) -> Result<&Failed, &Call> {
        match self {
            Self::Input { call, .. }
            | Self::Endpoint { call, .. }
            | Self::Credentials { call, .. }
            | Self::Sign { call, .. }
            | Self::NeverSent { call }
            | Self::Stopped { call }
            | Self::Paging { call, .. } => Err(call),
            Self::Uncertain(failed)
            | Self::TryLater(failed)
            | Self::MissingOrHidden(failed)
            | Self::Conflict(failed)
            | Self::Changed(failed)
            | Self::TokenSpent(failed)
            | Self::NoCapacity(failed)
            | Self::LimitReached(failed)
            | Self::NotPermitted(failed)
            | Self::Rejected(failed)
            | Self::NotModified(failed)
            | Self::Unreadable { answer: failed, .. } => Ok(failed),
        }
    }

    /// Which call it was.
    #[must_use]
    pub fn call(&self) -> &Call {
        self.sent().map_or_else(|call| call, |failed| &failed.call)
    }

    /// What the last attempt came to, if there was one.
    #[must_use]
    pub fn failed(&self) -> Option<&Failed> {
        self.sent().ok()
    }

    /// What we may believe about the service now.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.failed().map_or(Effect::None, |failed| failed.failure.effect)
    }

    /// The class of the failure, if the call was sent.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        self.failed().map(|failed| failed.failure.class)
    }

    /// Whether there was no further attempt, or none at all, because the caller asked to stop ([`Stop`](crate::stop::Stop)).
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        matches!(self, Self::Stopped { .. })
            || self.failed().is_some_and(|failed| failed.enough == Enough::Stopped)
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.failed()?.failure.status
    }

    /// The service's code, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&ServiceCode> {
        self.failed()?.failure.code.as_ref()
    }

    /// The service's own words, if it gave some.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.failed()?.failure.message.as_deref()
    }

    /// The `opc-request-id` of the last answer.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.failed()?.failure.request_id.as_deref()
    }
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        let failed = match self {
            Self::Input { .. } | Self::Sign { .. } | Self::Paging { .. } => return None,
            Self::Endpoint { .. } => return Some("set a region, or an endpoint for this service".to_owned()),
            Self::Credentials { .. } | Self::Stopped { .. } => return None,
            Self::NeverSent { .. } => {
                return Some("give it more time, or run fewer calls at once".to_owned());
            }
            Self::Uncertain(_) => {
                return Some("look whether it was done before doing it again".to_owned());
            }
            _ => self.failed()?,
        };
        class_hint(failed).map(str::to_owned).or_else(|| clock_hint(failed))
    }
}

fn class_hint(failed: &Failed) -> Option<&'static str> {
    match failed.failure.class {
        Class::OutOfHostCapacity => {
            Some("try another availability domain, fault domain or shape, or try again later")
        }
        Class::Limit => {
            Some("free some of it, choose a smaller shape, or ask for a higher limit in this region")
        }
        Class::MissingOrHidden => Some(
            "the service does not say whether it is gone or not permitted: check the OCID, the region and the policies",
        ),
        Class::RelatedMissingOrHidden => Some(
            "an object that the request names is missing, not permitted, or too new to be seen everywhere",
        ),
        Class::NotAllowed => Some("check the policies; Identity can be changed in the home region only"),
        Class::TokenSpent => Some("look for what the first call made, then use a new retry token"),
        Class::Changed => Some("read it again and decide anew"),
        Class::NoSuchOperation => Some("check that the endpoint is that of this service"),
        Class::Transport(TransportErrorKind::Connect) => {
            Some("check the network, the proxy settings and the region")
        }
        Class::Transport(TransportErrorKind::Tls) => {
            Some("a proxy may stand in between: give its certificate as a CA bundle")
        }
        Class::Transport(TransportErrorKind::TooLarge) => Some("ask for fewer items in a page, or a range"),
        _ => None,
    }
}

fn clock_hint(failed: &Failed) -> Option<String> {
    let failure = &failed.failure;
    if failure.class != Class::NotAuthenticated {
        return None;
    }
    if !decide::clock_is_off(failure) {
        return Some(
            "check that the key is the user's, that it was uploaded, and that user and tenancy belong together"
                .to_owned(),
        );
    }
    let seconds = failure.clock_ahead?.num_seconds();
    let side = if seconds > 0 { "ahead of" } else { "behind" };
    Some(format!(
        "this computer's clock is {} s {side} the service's, which accepts no more than 300 s: set the clock",
        seconds.abs()
    ))
}

/// How people call the service.
fn service_title(service: &str) -> &str {
    match service {
        "core" => "Core",
        "mysql" => "MySQL",
        "network_load_balancer" => "Network Load Balancer",
        "file_storage" => "File Storage",
        "identity" => "Identity",
        "limits" => "Limits",
        "object_storage" => "Object Storage",
        "key_management" => "Key Management",
        "secrets" => "Secrets",
        "vault" => "Vault",
        "monitoring" => "Monitoring",
        "bastion" => "Bastion",
        "work_requests" => "Work Requests",
        other => other,
    }
}

#[cfg(test)]
mod tests;
