//! Lists the instances of a compartment over all pages, one line each, as they come.
//!
//!     cargo run -p examples --bin list_instances -- [COMPARTMENT_OCID] [ITEMS_A_PAGE]
//!
//! Without a compartment it is the tenancy itself. Credentials and endpoint are found as in `raw_request`.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use oci_client::client::Client;
use oci_client::credentials::CredentialOptions;
use oci_client::page::PageLimits;
use oci_client::services::core::operations::ListInstances;
use world::RealWorld;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client =
        Client::from_environment(Arc::new(RealWorld::new()), &CredentialOptions::default()).await?.build();
    let mut arguments = std::env::args().skip(1);
    let compartment = match arguments.next() {
        Some(compartment) => compartment,
        None => client.whoami().await?.tenancy.ok_or("name a compartment: the tenancy is not known")?,
    };

    let mut list = ListInstances::new(compartment);
    list.limit = arguments.next().map(|limit| limit.parse()).transpose()?;

    let mut instances = client.items(list, PageLimits::default());
    let mut count = 0;
    while let Some(instance) =
        std::future::poll_fn(|context| Pin::new(&mut instances).poll_next(context)).await
    {
        let instance = instance?;
        let state = instance.lifecycle_state.map_or("?".to_owned(), |state| state.to_string());
        println!("{state:<12} {}", instance.display_name.as_deref().unwrap_or("(no name)"));
        count += 1;
    }
    println!("{count} instances");
    Ok(())
}
