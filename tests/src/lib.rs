//! Where client and mock meet: a transport that calls the mock directly, so that a test needs no socket and can run
//! on a paused clock.
//!
//! Client and mock share no code. This is the only place that sees both.

pub mod bench;

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use oci_client::client::{Client, ClientBuilder};
use oci_client::credentials::{Credential, FixedCredential, Method, WhoAmI};
use oci_client::endpoint::{Endpoints, Origin};
use oci_client::key::SigningKey;
use oci_client::request::{Body, ByteStream};
use oci_client::sign::Signed;
use oci_client::transport::{
    AttemptLimits, RawResponse, Sent, Transport, TransportError, TransportErrorKind,
};
use oci_mock::auth::Credentials;
use oci_mock::clock::Pace;
use oci_mock::{Config, Cut, Mock, WireRequest};
use world::{BoxFuture, World};

/// The address that in-process requests are made out to; nothing listens there.
pub const ORIGIN: &str = "http://mock.invalid";

/// Compartments that a cloud has besides its tenancy: OCID and name.
pub const COMPARTMENTS: [(&str, &str); 2] = [
    ("ocid1.compartment.oc1..aaaaaaaacampus2222222222222222222222222222222222222222222222", "campus"),
    ("ocid1.compartment.oc1..aaaaaaaaother22222222222222222222222222222222222222222222222", "other"),
];

/// Sends requests into a mock in the same process.
#[derive(Clone, Debug)]
pub struct MockTransport {
    mock: Mock,
    world: Arc<dyn World>,
}

impl MockTransport {
    /// A transport into `mock`; slow answers wait on `world`'s clock.
    #[must_use]
    pub fn new(mock: Mock, world: Arc<dyn World>) -> Self {
        Self { mock, world }
    }

    async fn deliver(&self, signed: Signed, limits: AttemptLimits) -> Result<RawResponse, TransportError> {
        let (request, headers) = signed.into_parts();
        let body = whole(&request.body).await.map_err(|source| TransportError {
            kind: TransportErrorKind::Body,
            sent: Sent::No,
            source: Some(Box::new(source)),
        })?;
        let request = WireRequest { method: request.method, target: request.target, headers, body };
        let delivery = self.mock.deliver(&request);
        if delivery.delay >= limits.attempt_timeout {
            self.world.sleep(limits.attempt_timeout).await;
            return Err(broken(TransportErrorKind::Timeout));
        }
        self.world.sleep(delivery.delay).await;
        if delivery.cut != Cut::Whole {
            return Err(broken(TransportErrorKind::Closed));
        }
        if delivery.response.body.len() as u64 > limits.response_bytes_max {
            return Err(broken(TransportErrorKind::TooLarge));
        }
        let response = delivery.response;
        Ok(RawResponse { status: response.status, headers: response.headers, body: response.body })
    }
}

impl Transport for MockTransport {
    fn send(
        &self,
        signed: Signed,
        limits: AttemptLimits,
    ) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        Box::pin(self.deliver(signed, limits))
    }
}

fn broken(kind: TransportErrorKind) -> TransportError {
    TransportError { kind, sent: Sent::Maybe, source: None }
}

/// All bytes of a body.
async fn whole(body: &Body) -> io::Result<Bytes> {
    let mut stream: ByteStream = match body {
        Body::Empty => return Ok(Bytes::new()),
        Body::Bytes(bytes) => return Ok(bytes.clone()),
        Body::Stream { source, .. } => source.open(),
    };
    let mut all = BytesMut::new();
    while let Some(piece) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        all.extend_from_slice(&piece?);
    }
    Ok(all.freeze())
}

/// A mock whose time is tokio's, and a client that it knows, signatures verified.
#[derive(Debug)]
pub struct Cloud {
    /// The mock.
    pub mock: Mock,
    /// A client of it.
    pub client: Client,
}

impl Cloud {
    /// A new cloud. `world` gives the client its time, which has to be tokio's as well.
    ///
    /// # Panics
    /// When the mock's own test key cannot be used, which a test of the mock excludes.
    #[must_use]
    pub fn new(seed: u64, world: &Arc<dyn World>) -> Self {
        let mut config = Config { pace: Pace::Tokio, epoch: world.now().into(), ..Config::default() };
        config.place.seed = seed;
        config.place.compartments = COMPARTMENTS.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        config.signatures = Some(oci_mock::auth::Backend::default());
        let mock = Mock::new(config);
        let client = client_of(&mock, world).build();
        Self { mock, client }
    }

    /// The OCID of the tenancy, which is also its root compartment.
    #[must_use]
    pub fn tenancy(&self) -> String {
        self.mock.config().place.tenancy_id.clone()
    }
}

/// A client of `mock` in the same process, with a key of its own.
///
/// # Panics
/// When the mock's own test key cannot be used, or the mock verifies no signatures.
pub fn client_of(mock: &Mock, world: &Arc<dyn World>) -> ClientBuilder {
    client_through(mock, world, Arc::new(MockTransport::new(mock.clone(), Arc::clone(world))))
}

/// As [`client_of`], through another transport: one that changes what passes, say.
///
/// # Panics
/// As [`client_of`].
pub fn client_through(mock: &Mock, world: &Arc<dyn World>, transport: Arc<dyn Transport>) -> ClientBuilder {
    let place = &mock.config().place;
    let key = Credentials::test_only(place.seed);
    let keys = mock.keys().expect("this mock verifies signatures");
    keys.add_api_key(&place.tenancy_id, &place.user_id, &key.public_pem).expect("the mock's own key");
    let signing =
        SigningKey::from_pem(key.expose_private_pem().as_bytes(), None).expect("the mock's own key");
    let signing = Arc::new(signing);
    let credential =
        Credential::api_key(&place.tenancy_id, &place.user_id, signing.fingerprint(), Arc::clone(&signing));
    let credential = Arc::new(credential.expect("the mock's own OCIDs"));
    let whoami = WhoAmI {
        method: Method::default(),
        tenancy: Some(place.tenancy_id.clone()),
        user: Some(place.user_id.clone()),
        region: Some(place.region.clone()),
        ..WhoAmI::default()
    };
    let credentials = Arc::new(FixedCredential::new(credential, whoami));
    let origin = Origin::parse(ORIGIN).expect("it is an origin");
    Client::builder(transport, credentials, Endpoints::default().all_at(origin)).world(Arc::clone(world))
}
