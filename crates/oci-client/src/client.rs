//! The client: who calls, from where, with what patience. Cheap to clone; all clones share connections and pace.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use world::{RealWorld, World};

use crate::call;
#[cfg(feature = "http")]
use crate::credentials::{self, CredentialOptions};
use crate::credentials::{CredentialError, CredentialProvider, WhoAmI};
use crate::decide::Policy;
#[cfg(feature = "http")]
use crate::endpoint::EndpointError;
use crate::endpoint::Endpoints;
use crate::error::Error;
#[cfg(feature = "http")]
use crate::http::{HttpOptions, HttpSetupError, HttpTransport};
use crate::operation::{Operation, OperationSpec};
use crate::rate::Gates;
use crate::region::Region;
#[cfg(feature = "http")]
use crate::region::Regions;
use crate::response::Response;
use crate::stop::Stop;
use crate::transport::Transport;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One attempt, from the first byte sent to the last byte received.
    pub attempt_timeout: Duration,
    /// The whole call: waiting for its turn, all attempts, and the pauses between them.
    pub operation_timeout: Duration,
}

impl Default for Timeouts {
    /// 60 s for an attempt and ten minutes for all of them, as in Oracle's Python SDK 2.189.0. (How long a
    /// connection may take to be made is a setting of the transport.)
    fn default() -> Self {
        Self { attempt_timeout: Duration::from_secs(60), operation_timeout: Duration::from_secs(600) }
    }
}

/// What one call may have to itself.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// The `opc-retry-token` to send: 1 to 64 visible ASCII characters. Chosen at random if absent.
    ///
    /// A caller that writes it down before the call can repeat the very same call after a crash, for 24 hours.
    pub retry_token: Option<String>,
    /// The caller knows that doing it twice is the same as doing it once, so that it may be repeated even if the
    /// first attempt may have had an effect.
    pub is_harmless_to_repeat: bool,
    /// How long ago the caller made the youngest object that the request names. For four minutes after that, "not
    /// found" may only mean "not known here yet", and is tried again.
    pub youngest_object_age: Option<Duration>,
    /// How long this call may take in all, instead of [`Timeouts::operation_timeout`].
    pub operation_timeout: Option<Duration>,
    /// How this call is repeated, instead of the client's policy.
    pub policy: Option<Policy>,
    /// Once this is asked for, the call sends nothing more. For a call that changes something.
    pub stop: Option<Stop>,
}

/// How long a new object may be invisible to other services.
///
/// # Source
/// Oracle documents no bound. The Go SDK v65 assumes four minutes after any write of the same process.
pub const EVENTUAL_CONSISTENCY_WINDOW: Duration = Duration::from_secs(240);

/// Makes signed calls.
///
/// A clone shares everything with its original: connections, credentials and what was learned about the allowed
/// rate.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

/// What all clones of a client share.
#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) credentials: Arc<dyn CredentialProvider>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) endpoints: Endpoints,
    pub(crate) timeouts: Timeouts,
    pub(crate) policy: Policy,
    pub(crate) response_bytes_max: u64,
    pub(crate) user_agent: HeaderValue,
    pub(crate) gates: Arc<Gates>,
}

impl Client {
    /// A client that sends through `transport`, signs with `credentials`, and finds the services at `endpoints`.
    pub fn builder(
        transport: Arc<dyn Transport>,
        credentials: Arc<dyn CredentialProvider>,
        endpoints: Endpoints,
    ) -> ClientBuilder {
        ClientBuilder {
            transport,
            credentials,
            world: None,
            endpoints,
            timeouts: Timeouts::default(),
            policy: Policy::default(),
            response_bytes_max: RESPONSE_BYTES_MAX,
            user_agent_suffix: None,
        }
    }

    /// The client of an ordinary program: it sends over HTTP with the proxies of the environment, is whoever the
    /// credentials chain finds, and calls the region of that caller unless the environment names endpoints.
    ///
    /// # Errors
    /// [`SetupError`]: of the part that cannot be set up.
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    #[cfg(feature = "http")]
    pub async fn from_environment(
        world: Arc<dyn World>,
        options: &CredentialOptions,
    ) -> Result<ClientBuilder, SetupError> {
        let transport: Arc<dyn Transport> =
            Arc::new(HttpTransport::new(&HttpOptions::from_environment(&*world)?)?);
        let credentials = credentials::find(Arc::clone(&world), Arc::clone(&transport), options).await?;
        let region = credentials.whoami().await?.region;
        let region = region.map(|name| Regions::load(&*world).resolve(&name));
        let endpoints = Endpoints::from_environment(&*world, region)?;
        Ok(Self::builder(transport, credentials, endpoints).world(world))
    }

    /// Who the caller is, as far as it is known without asking a service.
    ///
    /// # Errors
    /// [`CredentialError`] when there are no credentials to be had.
    pub async fn whoami(&self) -> Result<WhoAmI, CredentialError> {
        self.inner.credentials.whoami().await
    }

    /// Calls `operation`: signs it, sends it at the allowed pace, repeats it where that is safe, and decodes the
    /// answer.
    ///
    /// # Errors
    /// [`Error`], by what can be done about it.
    ///
    /// # Cancel safety
    /// When dropped while an attempt is under way, the operation may or may not have been carried out, as after
    /// [`Error::Uncertain`].
    pub async fn call<O: Operation>(&self, operation: &O) -> Result<Response<O::Output>, Error> {
        self.call_with(operation, &CallOptions::default()).await
    }

    /// As [`Client::call`], with options for this one call.
    ///
    /// # Errors
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    /// As [`Client::call`].
    pub async fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: &CallOptions,
    ) -> Result<Response<O::Output>, Error> {
        call::call(&self.inner, operation, options).await
    }

    /// The pace at which calls to the service of `operation` leave, in requests a second; `None` as long as none
    /// of them was refused for being one too many.
    #[must_use]
    pub fn pace(&self, operation: &OperationSpec) -> Option<f64> {
        let origin = self.inner.endpoints.origin(operation.service, operation.client, &[]).ok()?;
        self.inner.gates.to(&origin, operation.service).rate()
    }

    /// The same client in another region, such as the home region, where Identity is changed. It shares everything
    /// with this one but the addresses.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        let endpoints = self.inner.endpoints.in_region(region);
        Self { inner: Arc::new(Inner { endpoints, ..Inner::clone(&self.inner) }) }
    }

    /// The world that the client asks for time and randomness.
    #[must_use]
    pub fn world(&self) -> &Arc<dyn World> {
        &self.inner.world
    }
}

/// A client cannot be set up from the environment.
#[cfg(feature = "http")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The HTTP transport.
    #[error("the HTTP transport cannot be set up")]
    Http(#[from] HttpSetupError),
    /// The credentials.
    #[error("there are no usable credentials")]
    Credentials(#[from] CredentialError),
    /// The endpoints.
    #[error("the endpoints are not usable")]
    Endpoints(#[from] EndpointError),
}

/// The largest answer accepted by default, in bytes: a page of a thousand instances is about two megabytes.
const RESPONSE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Collects what a [`Client`] needs.
#[derive(Debug)]
#[must_use = "call `build` to get the client"]
pub struct ClientBuilder {
    transport: Arc<dyn Transport>,
    credentials: Arc<dyn CredentialProvider>,
    world: Option<Arc<dyn World>>,
    endpoints: Endpoints,
    timeouts: Timeouts,
    policy: Policy,
    response_bytes_max: u64,
    user_agent_suffix: Option<String>,
}

impl ClientBuilder {
    /// Where time and randomness come from; the real world by default.
    pub fn world(mut self, world: Arc<dyn World>) -> Self {
        self.world = Some(world);
        self
    }

    /// How long attempts and whole calls may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How calls are repeated.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The largest answer accepted, in bytes (64 MiB by default). Objects of Object Storage may need more.
    pub fn response_bytes_max(mut self, bytes: u64) -> Self {
        self.response_bytes_max = bytes;
        self
    }

    /// Added to the `user-agent`, so that an audit log tells programs apart.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// The client.
    #[must_use]
    pub fn build(self) -> Client {
        let world = self.world.unwrap_or_else(|| Arc::new(RealWorld::new()));
        Client {
            inner: Arc::new(Inner {
                user_agent: user_agent(self.user_agent_suffix.as_deref()),
                transport: self.transport,
                credentials: self.credentials,
                world,
                endpoints: self.endpoints,
                timeouts: self.timeouts,
                policy: self.policy,
                response_bytes_max: self.response_bytes_max,
                gates: Arc::default(),
            }),
        }
    }
}

/// `oci-client/<version> (<system>; <processor>)` and the suffix, if it fits into a header.
fn user_agent(suffix: Option<&str>) -> HeaderValue {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let base = format!("oci-client/{} ({system}; {processor})", env!("CARGO_PKG_VERSION"));
    let whole = suffix.map(|suffix| format!("{base} {suffix}"));
    whole
        .and_then(|whole| HeaderValue::try_from(whole).ok())
        .or_else(|| HeaderValue::try_from(base).ok())
        .expect("version, system and processor are visible ASCII")
}
