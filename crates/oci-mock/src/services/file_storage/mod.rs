//! File Storage: API `20171215` at `filestorage`. Everything is answered at once and moves by lifecycle states;
//! there are no work requests.

pub mod export;
pub mod file_system;
pub mod mount_target;
pub mod snapshot;

use std::time::Duration;

use crate::cloud::{Cloud, Kind, Resource};
use crate::error::ApiError;
use crate::ocid::Style;
use crate::services::{Call, Reply};

/// Oracle's client.
pub(crate) const FILE_STORAGE: &str = "FileStorageClient";

/// How long the record of something deleted stays, in virtual seconds: an hour, as no source says.
const LINGER_SECS: u64 = 3600;

/// File systems and exports take seconds (estimate).
const QUICK: Duration = Duration::from_secs(3);

/// What a list has on a page by default (Oracle's API reference).
const PAGE_LIMIT: usize = 200;

const fn kind(name: &'static str, model: &'static str, terraform: &'static str) -> Kind {
    Kind {
        name,
        service: "file_storage",
        model,
        terraform: Some(terraform),
        style: Style::Underscored,
        gone: &["DELETED"],
        linger_secs: LINGER_SECS,
    }
}

/// Refuses an availability domain that the region has not.
fn require_domain(cloud: &Cloud, call: &Call) -> Result<(), ApiError> {
    let domain = call.required_text("availabilityDomain")?;
    if cloud.place().availability_domains().iter().any(|known| known == domain) {
        return Ok(());
    }
    Err(ApiError::invalid("availabilityDomain", format!("{domain:?} is not one of the region's")))
}

/// Refuses unless the resource is ready for a change.
fn require_active(resource: &Resource) -> Result<(), ApiError> {
    match resource.state() {
        Some("ACTIVE" | "INACTIVE") => Ok(()),
        state => Err(ApiError::incorrect_state(format!(
            "{} is {}; this needs it to be ACTIVE",
            resource.id,
            state.unwrap_or_default()
        ))),
    }
}

/// Takes over the fields of an update.
fn update(cloud: &mut Cloud, call: &Call, kind: &'static Kind) -> Result<Reply, ApiError> {
    require_active(cloud.find_live(kind, call.id())?)?;
    cloud.update(call.id(), |resource| resource.merge(&call.json));
    Ok(Reply::resource(cloud.find(kind, call.id())?))
}

/// Moves something to another compartment.
fn change_compartment(cloud: &mut Cloud, call: &Call, kind: &'static Kind) -> Result<Reply, ApiError> {
    require_active(cloud.find_live(kind, call.id())?)?;
    let target = call.required_text("compartmentId")?;
    cloud.update(call.id(), |resource| resource.set("compartmentId", target));
    Ok(Reply::no_content())
}

/// Ends something after a short while.
fn delete(cloud: &mut Cloud, id: &str, duration: Duration) {
    cloud.terminate(id, "DELETING", "DELETED", duration);
}
