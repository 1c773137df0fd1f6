//! Identity: API `20160918` at `identity`. Compartments, what describes a tenancy and its regions, policies,
//! dynamic groups and tags.
//!
//! Whatever changes identity is done in the home region only; elsewhere it is refused with 403.

pub mod compartment;
pub mod policy;
pub mod tag;
pub mod tenancy;

use crate::cloud::Cloud;
use crate::error::ApiError;

/// Oracle's client.
pub(crate) const IDENTITY: &str = "IdentityClient";

/// How long the record of something deleted stays, in virtual seconds (no source; long enough for a waiter).
const LINGER_SECS: u64 = 300;

/// Refuses outside the home region.
fn require_home_region(cloud: &Cloud) -> Result<(), ApiError> {
    let place = cloud.place();
    if place.home_region == place.region {
        return Ok(());
    }
    Err(ApiError::new(
        403,
        "NotAllowed",
        format!("Please go to your home region {} to do this", place.home_region),
    ))
}
