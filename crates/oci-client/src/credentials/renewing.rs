//! A credential that expires: fetched when first asked for, renewed in time, by one caller at a time.
//!
//! - It is renewed some minutes before it expires, at a moment that is a little random, so that a fleet does
//!   not ask all at once.
//! - While one caller renews, the others go on with the credential that still holds.
//! - If renewing fails, the old credential is used as long as it holds.
//! - A credential that is being used is never changed: a request keeps the one it was signed with.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::sync::Mutex as AsyncMutex;
use world::{BoxFuture, World};

use super::credential::Credential;
use super::error::CredentialError;
use super::provider::{CredentialProvider, WhoAmI};

/// How long before it expires a token is renewed at the latest. Oracle's Go SDK keeps five minutes.
const RENEW_BEFORE_MAX: Duration = Duration::from_secs(300);

/// How long a token must still hold to be sent: a request that waits in a queue must not become invalid there.
const STILL_HOLDS: Duration = Duration::from_secs(30);

/// How long after a failed renewal the next one is tried, while the old token still holds.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Where the credential comes from.
pub(super) trait TokenSource: Send + Sync + fmt::Debug {
    /// Gets a new credential. `previous` is the one in use, if there is one.
    ///
    /// # Cancel safety
    /// It may be dropped at any await.
    fn fetch(&self, previous: Option<Arc<Credential>>) -> BoxFuture<'_, Result<Fetched, CredentialError>>;

    /// Whether fetching again can give another credential.
    fn can_renew(&self) -> bool {
        true
    }
}

/// A credential as it came.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) credential: Arc<Credential>,
    /// Who is calling; the time of expiry is filled in from the credential.
    pub(super) whoami: WhoAmI,
}

/// A [`CredentialProvider`] over a [`TokenSource`].
#[derive(Debug)]
pub(super) struct Renewing {
    world: Arc<dyn World>,
    source: Box<dyn TokenSource>,
    /// Held by whoever is fetching.
    fetching: AsyncMutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// How often a fetch has ended, so that those who waited for one know its outcome is theirs as well.
    fetches: u64,
    failed: Option<Arc<CredentialError>>,
}

#[derive(Clone, Debug)]
struct Held {
    fetched: Fetched,
    renew_at: DateTime<Utc>,
    /// From here on it is not sent any more.
    last_use: DateTime<Utc>,
    refused: bool,
}

impl Renewing {
    pub(super) fn new(world: Arc<dyn World>, source: Box<dyn TokenSource>) -> Self {
        Self { world, source, fetching: AsyncMutex::new(()), state: Mutex::new(State::default()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is held, if it may be sent.
    fn usable(&self) -> Option<Held> {
        let now = self.world.now();
        self.state().held.clone().filter(|held| !held.refused && now < held.last_use)
    }

    async fn current(&self) -> Result<Fetched, CredentialError> {
        let usable = self.usable();
        if let Some(held) = usable.as_ref().filter(|held| self.world.now() < held.renew_at) {
            return Ok(held.fetched.clone());
        }
        let fetches_before = self.state().fetches;
        let fetching = match (self.fetching.try_lock(), usable) {
            (Ok(fetching), _) => fetching,
            // Somebody else renews, and what we have still holds.
            (Err(_), Some(held)) => return Ok(held.fetched),
            (Err(_), None) => self.fetching.lock().await,
        };
        if let Some(outcome) = self.outcome_since(fetches_before) {
            return outcome;
        }
        let result = self.source.fetch(self.held_credential()).await.and_then(|fetched| self.held(fetched));
        let outcome = self.keep(result);
        drop(fetching);
        outcome
    }

    /// The outcome of a fetch that ended while we waited for our turn.
    fn outcome_since(&self, fetches_before: u64) -> Option<Result<Fetched, CredentialError>> {
        if self.state().fetches == fetches_before {
            return None;
        }
        match (self.usable(), self.state().failed.clone()) {
            (Some(held), _) => Some(Ok(held.fetched)),
            (None, Some(failed)) => Some(Err(CredentialError::Shared(failed))),
            (None, None) => None,
        }
    }

    fn held_credential(&self) -> Option<Arc<Credential>> {
        self.state().held.as_ref().map(|held| Arc::clone(&held.fetched.credential))
    }

    fn keep(&self, result: Result<Held, CredentialError>) -> Result<Fetched, CredentialError> {
        let usable = self.usable();
        let mut state = self.state();
        state.fetches += 1;
        match result {
            Ok(held) => {
                let fetched = held.fetched.clone();
                state.held = Some(held);
                state.failed = None;
                Ok(fetched)
            }
            Err(error) => {
                let error = Arc::new(error);
                state.failed = Some(Arc::clone(&error));
                let Some(held) = usable else { return Err(CredentialError::Shared(error)) };
                let again = self.world.now() + TRY_AGAIN_AFTER;
                if let Some(held) = state.held.as_mut() {
                    held.renew_at = again;
                }
                tracing::warn!(%error, "the credential could not be renewed; the old one still holds");
                Ok(held.fetched)
            }
        }
    }

    /// Works out when to renew. A token that holds for an hour is renewed five to six minutes before its end;
    /// one that holds for a minute, a quarter of a minute before.
    fn held(&self, fetched: Fetched) -> Result<Held, CredentialError> {
        let now = self.world.now();
        let Some(expires_at) = fetched.credential.expires_at() else {
            let forever = DateTime::<Utc>::MAX_UTC;
            return Ok(Held { fetched, renew_at: forever, last_use: forever, refused: false });
        };
        let left = (expires_at - now).to_std().unwrap_or_default();
        if left.is_zero() {
            return Err(CredentialError::Expired {
                what: "token that was just issued".to_owned(),
                at: Some(expires_at),
                hint: format!(
                    "check this machine's clock, which shows {}",
                    now.to_rfc3339_opts(SecondsFormat::Secs, true)
                ),
            });
        }
        let margin = RENEW_BEFORE_MAX.min(left / 4);
        let jitter = margin.mul_f64(unit(self.world.random_u64()) / 5.0);
        let before = |duration: Duration| expires_at - TimeDelta::from_std(duration).unwrap_or_default();
        Ok(Held {
            renew_at: if self.source.can_renew() { before(margin + jitter) } else { expires_at },
            last_use: before(STILL_HOLDS.min(left / 10)),
            fetched,
            refused: false,
        })
    }
}

/// A number from 0 up to, but not including, 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit into the number exactly")]
fn unit(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

impl CredentialProvider for Renewing {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(async { Ok(self.current().await?.credential) })
    }

    fn refused(&self, credential: &Arc<Credential>) -> bool {
        let mut state = self.state();
        match state.held.as_mut() {
            Some(held) if Arc::ptr_eq(&held.fetched.credential, credential) => {
                held.refused = self.source.can_renew();
                held.refused
            }
            // It has been renewed since, or never was ours.
            _ => true,
        }
    }

    fn whoami(&self) -> BoxFuture<'_, Result<WhoAmI, CredentialError>> {
        Box::pin(async {
            let fetched = self.current().await?;
            Ok(WhoAmI { expires_at: fetched.credential.expires_at(), ..fetched.whoami })
        })
    }
}
