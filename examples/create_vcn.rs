//! Creates a VCN and waits until it is available.
//!
//!     cargo run -p examples --bin create_vcn -- [COMPARTMENT_OCID] [CIDR_BLOCK]
//!
//! Without a compartment it is the tenancy itself. Credentials and endpoint are found as in `raw_request`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows its result")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use oci_client::classify::Effect;
use oci_client::client::Client;
use oci_client::credentials::CredentialOptions;
use oci_client::error::Hint;
use oci_client::services::core::models::{CreateVcnDetails, VcnLifecycleState as State};
use oci_client::services::core::operations::{CreateVcn, GetVcn};
use oci_client::wait::{Gone, Wait};
use world::RealWorld;

const CREATED: Wait<'static, State> = Wait {
    through: &[State::Provisioning],
    until: &[State::Available],
    failed: &[State::Terminating, State::Terminated],
    gone: Gone::IsFailure,
    expect: Duration::from_secs(2),
    limit: Duration::from_secs(120),
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client =
        Client::from_environment(Arc::new(RealWorld::new()), &CredentialOptions::default()).await?.build();
    let mut arguments = std::env::args().skip(1);
    let compartment = match arguments.next() {
        Some(compartment) => compartment,
        None => client.whoami().await?.tenancy.ok_or("name a compartment: the tenancy is not known")?,
    };

    let details = CreateVcnDetails {
        compartment_id: Some(compartment),
        cidr_blocks: Some(vec![arguments.next().unwrap_or_else(|| "10.0.0.0/16".to_owned())]),
        display_name: Some("example".to_owned()),
        ..CreateVcnDetails::default()
    };
    let created = match client.call(&CreateVcn::new(details)).await {
        Ok(response) => response,
        Err(error) => {
            // An error says what it did, and what to do.
            match error.effect() {
                Effect::None => eprintln!("nothing was created"),
                Effect::Unknown => eprintln!("it may have been created: look before trying again"),
            }
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            return Err(error.into());
        }
    };

    let id = created.value.id.ok_or("the service gave the VCN no id")?;
    println!("creating {id}");
    let vcn =
        client.wait_for_state(&GetVcn::new(id), |vcn| vcn.lifecycle_state.as_ref(), &CREATED).await?.value;
    println!(
        "{} is {}",
        vcn.display_name.unwrap_or_default(),
        vcn.lifecycle_state.unwrap_or(State::Available)
    );
    Ok(())
}
