//! Which cloud the program talks to: Oracle's, one at an endpoint, or the mock in this process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moodle_stack::site::{Answer, Visitor};
use oci_client::client::{Client, SetupError};
use oci_client::credentials::{
    Credential, CredentialError, CredentialOptions, CredentialProvider, WhoAmI, find,
};
use oci_client::endpoint::{EndpointError, Endpoints, Origin};
use oci_client::http::{HttpOptions, HttpTransport};
use oci_client::region::Regions;
use oci_client::sign::Signed;
use oci_client::transport::{
    AttemptLimits, RawResponse, Sent, Transport, TransportError, TransportErrorKind,
};
use oci_mock::http_server::MockServer;
use oci_mock::serve::{ServeError, ServeOptions, serve};
use reconcile::disk::{Disk as _, RealDisk};
use world::{BoxFuture, RealWorld, ScaledWorld, World};

use crate::arguments::Global;
use crate::view::diagnostics::causes;

/// How fast time passes in the embedded mock: the longest example is over in some ten seconds.
const EMBEDDED_TIME_SCALE: f64 = 300.0;

/// A connection to a cloud.
pub(crate) struct Cloud {
    pub(crate) client: Client,
    /// The cloud's time.
    pub(crate) time: Arc<dyn World>,
    /// The machine.
    pub(crate) machine: Arc<dyn World>,
    /// Where the mock's control interface is, if it is a mock.
    control: Option<String>,
    web: reqwest::Client,
    /// The mock, while it is served by this process.
    server: Option<MockServer>,
}

/// There is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CloudError {
    #[error("the folder of the embedded mock cannot be made")]
    Folder(#[source] std::io::Error),
    #[error("the embedded mock cannot be started")]
    Mock(#[from] ServeError),
    #[error("`--endpoint` is no base URL")]
    Endpoint(#[source] EndpointError),
    #[error("the endpoints in the environment cannot be used")]
    Environment(#[source] EndpointError),
    #[error("there are no credentials")]
    Credentials(#[from] CredentialError),
    #[error("nothing answers at {endpoint}")]
    Unreachable {
        endpoint: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("the connection cannot be set up")]
    Setup(#[from] SetupError),
    #[error("HTTP cannot be set up")]
    Http(#[from] reqwest::Error),
}

impl Cloud {
    /// Connects. `folder` is the `.oci-moodle` of the stack; `region` is what the stack file says.
    pub(crate) async fn connect(
        global: &Global,
        folder: &Path,
        region: Option<&str>,
    ) -> Result<Self, CloudError> {
        let machine: Arc<dyn World> = Arc::new(RealWorld::new());
        let mut credentials = CredentialOptions::default();
        credentials.profile.clone_from(&global.profile);
        credentials.config_file.clone_from(&global.config_file);
        credentials.region = region.map(str::to_owned);
        let mut endpoint = global.endpoint.clone();
        let mut server = None;
        if global.mock {
            RealDisk.create_folder(folder).map_err(CloudError::Folder)?;
            let keys = folder.join("mock-credentials");
            let started = serve(&embedded(global, folder, &keys, region)).await?;
            endpoint = Some(started.base_url());
            credentials.config_file = Some(keys.join("config"));
            credentials.profile = Some("DEFAULT".to_owned());
            server = Some(started);
        }
        let web = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_info(true)
            .timeout(Duration::from_secs(15))
            .no_proxy()
            .build()?;
        let client = client(&machine, &credentials, endpoint.as_deref()).await?;
        let clock = match &endpoint {
            Some(endpoint) => clock(&web, endpoint).await?,
            None => None,
        };
        let control = endpoint.filter(|_| clock.is_some());
        let time: Arc<dyn World> = match clock {
            Some((now, scale)) => Arc::new(ScaledWorld::new(now, global.time_scale.unwrap_or(scale))),
            None => Arc::clone(&machine),
        };
        Ok(Self { client, time, machine, control, web, server })
    }

    /// No connection: for what needs none. Whoever makes a call all the same is told so.
    pub(crate) fn nowhere() -> Result<Self, CloudError> {
        let machine: Arc<dyn World> = Arc::new(RealWorld::new());
        let client = Client::builder(Arc::new(Nowhere), Arc::new(Nowhere), Endpoints::default());
        let client = client.world(Arc::clone(&machine)).build();
        let web = reqwest::Client::builder().tls_certs_only([]).build()?;
        Ok(Self { client, time: Arc::clone(&machine), machine, control: None, web, server: None })
    }

    /// Ends the connection; an embedded mock is kept on disk.
    pub(crate) async fn close(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }

    /// The port of this machine behind which the mock's load balancer answers, by its listener.
    pub(crate) async fn local_port(&self, load_balancer_id: &str, listener: &str) -> Option<SocketAddr> {
        let control = self.control.as_deref()?;
        let ports = self.web.get(format!("{control}/_mock/data-path")).send().await.ok()?;
        let ports: serde_json::Value = ports.json().await.ok()?;
        ports.get(format!("{load_balancer_id}/{listener}"))?.as_str()?.parse().ok()
    }

    /// Visits a site: over the mock's local port where there is one, else over the network.
    pub(crate) fn visitor<'a>(&'a self, load_balancer_id: &'a str) -> Web<'a> {
        Web { cloud: self, load_balancer_id }
    }
}

fn embedded(global: &Global, folder: &Path, keys: &Path, region: Option<&str>) -> ServeOptions {
    let plain = ServeOptions::default();
    ServeOptions {
        credentials: Some(keys.to_owned()),
        data: Some(folder.join("mock-cloud.json")),
        time_scale: global.time_scale.unwrap_or(EMBEDDED_TIME_SCALE),
        seed: global.seed.unwrap_or(1),
        region: region.map_or(plain.region.clone(), str::to_owned),
        data_path: true,
        ..plain
    }
}

async fn client(
    machine: &Arc<dyn World>,
    credentials: &CredentialOptions,
    endpoint: Option<&str>,
) -> Result<Client, CloudError> {
    let Some(endpoint) = endpoint else {
        return Ok(Client::from_environment(Arc::clone(machine), credentials).await?.build());
    };
    let origin = Origin::parse(endpoint).map_err(CloudError::Endpoint)?;
    let options = HttpOptions::from_environment(&**machine).map_err(SetupError::from)?;
    let transport: Arc<dyn Transport> = Arc::new(HttpTransport::new(&options).map_err(SetupError::from)?);
    let provider = find(Arc::clone(machine), Arc::clone(&transport), credentials).await?;
    let region = provider.whoami().await?.region.map(|name| Regions::load(&**machine).resolve(&name));
    let endpoints = Endpoints::from_environment(&**machine, region).map_err(CloudError::Environment)?;
    Ok(Client::builder(transport, provider, endpoints.all_at(origin)).world(Arc::clone(machine)).build())
}

/// What a mock's clock shows, and how fast it runs; `None` where there is no mock.
async fn clock(web: &reqwest::Client, endpoint: &str) -> Result<Option<(DateTime<Utc>, f64)>, CloudError> {
    match web.get(format!("{endpoint}/_mock/clock")).send().await {
        Ok(answer) => Ok(shown(answer).await),
        // On this machine nobody is in between: asking again for a minute would only hide what is wrong.
        Err(source) if source.is_connect() && is_local(endpoint) => {
            Err(CloudError::Unreachable { endpoint: endpoint.to_owned(), source })
        }
        Err(_) => Ok(None),
    }
}

async fn shown(answer: reqwest::Response) -> Option<(DateTime<Utc>, f64)> {
    let clock: serde_json::Value = answer.error_for_status().ok()?.json().await.ok()?;
    Some((clock.get("now")?.as_str()?.parse().ok()?, clock.get("time_scale")?.as_f64()?))
}

fn is_local(endpoint: &str) -> bool {
    let url = reqwest::Url::parse(endpoint);
    url.is_ok_and(|url| matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")))
}

/// Sends nothing, and is nobody.
#[derive(Debug)]
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: Signed, _: AttemptLimits) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        let error = TransportError { kind: TransportErrorKind::Connect, sent: Sent::No, source: None };
        Box::pin(std::future::ready(Err(error)))
    }
}

impl CredentialProvider for Nowhere {
    fn credential(&self) -> BoxFuture<'_, Result<Arc<Credential>, CredentialError>> {
        Box::pin(std::future::ready(Err(CredentialError::NotConfigured { tried: Vec::new() })))
    }

    fn refused(&self, _: &Arc<Credential>) -> bool {
        false
    }

    fn whoami(&self) -> BoxFuture<'_, Result<WhoAmI, CredentialError>> {
        Box::pin(std::future::ready(Err(CredentialError::NotConfigured { tried: Vec::new() })))
    }
}

/// A visitor of the site.
pub(crate) struct Web<'a> {
    cloud: &'a Cloud,
    load_balancer_id: &'a str,
}

impl Visitor for Web<'_> {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Answer, String>> {
        Box::pin(async move {
            let mut request = self.cloud.web.get(url);
            if self.cloud.control.is_some() {
                let listener = if url.starts_with("https:") { "https" } else { "http" };
                let port = self.cloud.local_port(self.load_balancer_id, listener).await;
                let port =
                    port.ok_or_else(|| format!("the mock has no port for the listener `{listener}`"))?;
                let (host, path) = apart(url);
                request =
                    self.cloud.web.get(format!("http://{port}{path}")).header(reqwest::header::HOST, host);
            }
            let answer = request.send().await.map_err(|error| causes(&error).join(": "))?;
            let location = answer.headers().get(reqwest::header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
            Ok(Answer { status: answer.status().as_u16(), location })
        })
    }

    fn certificate<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            if self.cloud.control.is_some() {
                return Err("the mock has no TLS".to_owned());
            }
            let answer = self.cloud.web.get(url).send().await.map_err(|error| causes(&error).join(": "))?;
            let shown = answer.extensions().get::<reqwest::tls::TlsInfo>();
            let certificate = shown.and_then(reqwest::tls::TlsInfo::peer_certificate);
            certificate.map(<[u8]>::to_vec).ok_or_else(|| format!("{url} shows no certificate"))
        })
    }
}

/// Host and path of a URL.
fn apart(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or((rest, "/"), |at| rest.split_at(at))
}
