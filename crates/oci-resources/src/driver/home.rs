//! The tenancy, and its home region, where alone Identity can be changed.

use std::sync::PoisonError;

use oci_client::client::Client;
use oci_client::error::Error;
use oci_client::region::Regions;
use oci_client::services::identity::operations::ListRegionSubscriptions;

use super::Driver;
use crate::call::Call;

impl Driver {
    /// The client that makes `call`: that of the home region, where the call is made there. Which region that is, is asked once.
    ///
    /// # Errors
    /// When the service cannot tell the regions of the tenancy.
    pub(super) async fn client_for(&self, call: &Call) -> Result<Client, Error> {
        if !call.is_in_home_region() {
            return Ok(self.client.clone());
        }
        let known = self.home.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(client) = known {
            return Ok(client);
        }
        // Two calls that come side by side ask twice, and are told the same.
        let client = self.at_home().await?;
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(client.clone());
        Ok(client)
    }

    /// The client in the home region; where an endpoint is given by name, it stays there.
    ///
    /// Whoever may not ask for it, or is known by a key only, stays in the region of the client. If that is not the home region,
    /// the service refuses the call and names the one that is.
    async fn at_home(&self) -> Result<Client, Error> {
        let Some(tenancy) = self.tenancy().await else { return Ok(self.client.clone()) };
        let subscriptions = match self.client.call(&ListRegionSubscriptions::new(tenancy)).await {
            Ok(response) => response.value,
            Err(Error::MissingOrHidden(_)) => return Ok(self.client.clone()),
            Err(error) => return Err(error),
        };
        let home = subscriptions.into_iter().find(|subscription| subscription.is_home_region == Some(true));
        let Some(name) = home.and_then(|home| home.region_name) else { return Ok(self.client.clone()) };
        Ok(self.client.in_region(Regions::load(&**self.client.world()).resolve(&name)))
    }

    /// The OCID of the caller's tenancy, where the credentials tell it. Where there are none, the next call says so.
    pub(super) async fn tenancy(&self) -> Option<String> {
        self.client.whoami().await.ok()?.tenancy
    }
}
