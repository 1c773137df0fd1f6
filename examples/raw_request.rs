//! Signs and sends one request, step by step, without the client: what is asked, who asks, sign, send, look.
//!
//!     cargo run -p examples --bin raw_request -- /20160918/vcns?compartmentId=<OCID>
//!
//! Credentials come from where Oracle's tools look for them (`OCI_CLI_CONFIG_FILE`, `~/.oci/config` …). With
//! `OCI_CLI_ENDPOINT=http://127.0.0.1:PORT` the request goes to a mock instead of the region's Networking service.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use oci_client::credentials::{self, CredentialOptions};
use oci_client::endpoint::Endpoints;
use oci_client::http::{HttpOptions, HttpTransport};
use oci_client::region::Regions;
use oci_client::request::{Body, Request, SigningRule};
use oci_client::sign::sign_off_thread;
use oci_client::transport::{AttemptLimits, Transport};
use world::{RealWorld, World};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let world: Arc<dyn World> = Arc::new(RealWorld::new());
    let transport = Arc::new(HttpTransport::new(&HttpOptions::from_environment(&*world)?)?);

    let sender: Arc<dyn Transport> = Arc::<HttpTransport>::clone(&transport);
    let provider = credentials::find(Arc::clone(&world), sender, &CredentialOptions::default()).await?;
    let caller = provider.whoami().await?;
    let tenancy = caller.tenancy.unwrap_or_default();
    let target = std::env::args().nth(1).unwrap_or(format!("/20160918/vcns?compartmentId={tenancy}"));

    let region = caller.region.map(|name| Regions::load(&*world).resolve(&name));
    let endpoints = Endpoints::from_environment(&*world, region)?;
    let request = Request {
        method: Method::GET,
        origin: endpoints.origin("core", "VirtualNetworkClient", &[])?,
        target,
        headers: HeaderMap::new(),
        body: Body::Empty,
        signing: SigningRule::Standard,
    };

    let credential = provider.credential().await?;
    let signed = sign_off_thread(&request, &credential, world.now()).await?;
    let limits = AttemptLimits { attempt_timeout: Duration::from_secs(60), response_bytes_max: 16 << 20 };
    let response = transport.send(signed, limits).await?;

    println!("{} {}", response.status.as_u16(), String::from_utf8_lossy(&response.body));
    if response.status.is_success() { Ok(()) } else { Err("the service refused the request".into()) }
}
