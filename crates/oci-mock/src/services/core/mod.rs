//! Networking, compute and block volume: API `20160918` at `iaas`.

pub mod boot_volume;
pub mod capacity;
mod catalogue;
pub mod console_history;
pub mod defaults;
pub mod dhcp_options;
pub mod image;
pub mod instance;
pub mod internet_gateway;
pub(crate) mod ipv6;
pub mod limits;
pub mod nat_gateway;
pub mod network_security_group;
pub mod private_ip;
pub mod public_ip;
pub mod route_table;
mod rules;
pub mod security_list;
pub mod service_gateway;
pub mod subnet;
pub mod vcn;
pub mod vnic;
pub mod vnic_attachment;
pub mod volume;
pub mod volume_attachment;

use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::cloud::{Cloud, Event, Kind, New, Resource};
use crate::error::ApiError;
use crate::ocid::Style;
use crate::services::{Call, Reply};

/// Oracle's client for networking.
pub(crate) const NETWORK: &str = "VirtualNetworkClient";

/// Oracle's client for compute.
pub(crate) const COMPUTE: &str = "ComputeClient";
/// Oracle's client for block volumes.
pub(crate) const BLOCKSTORAGE: &str = "BlockstorageClient";

/// How long the record of a terminated network resource stays readable, in virtual seconds: long enough for
/// a waiter to see it.
pub(crate) const NETWORK_LINGER_SECS: u64 = 300;

/// Gateways, tables and lists take about a second to come and go (public logs).
const CHANGE_TIME: Duration = Duration::from_secs(1);

/// A type of networking resource.
const fn network_kind(name: &'static str, model: &'static str, terraform: Option<&'static str>) -> Kind {
    Kind {
        name,
        service: "core",
        model,
        terraform,
        style: Style::Regional,
        gone: &["TERMINATED"],
        linger_secs: NETWORK_LINGER_SECS,
    }
}

/// Adds a resource that is `PROVISIONING` for `duration` and then `AVAILABLE`, and answers with it.
fn provision(cloud: &mut Cloud, new: New, duration: Duration) -> Result<Reply, ApiError> {
    let kind = new.kind;
    let id = cloud.insert(new);
    cloud.after(duration, Event::state(&id, "PROVISIONING", "AVAILABLE"));
    Ok(Reply::resource(cloud.find(kind, &id)?))
}

/// The resource that an update or delete names: 404 when it is gone, 409 when it is going.
fn find_changeable<'c>(cloud: &'c Cloud, kind: &Kind, id: &str) -> Result<&'c Resource, ApiError> {
    let resource = cloud.find_live(kind, id)?;
    match resource.state() {
        Some(state @ ("TERMINATING" | "UPDATING" | "MOVING" | "DETACHING" | "CREATING_IMAGE")) => {
            Err(ApiError::incorrect_state(format!("The {} {id} is in state {state}", kind.name)))
        }
        _ => Ok(resource),
    }
}

/// Merges the request's fields into the resource and answers with it.
fn merge(cloud: &mut Cloud, kind: &Kind, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, kind, call.id())?;
    cloud.update(call.id(), |resource| resource.merge(&call.json));
    Ok(Reply::resource(cloud.find(kind, call.id())?))
}

/// Lets a resource terminate within a second, answered with 204.
fn end(cloud: &mut Cloud, id: &str) -> Reply {
    cloud.terminate(id, "TERMINATING", "TERMINATED", CHANGE_TIME);
    Reply::no_content()
}

/// Moves a resource into another compartment, answered with 204.
fn change_compartment(cloud: &mut Cloud, kind: &Kind, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, kind, call.id())?;
    let compartment_id = call.required_text("compartmentId")?.to_owned();
    cloud.update(call.id(), |resource| resource.set("compartmentId", compartment_id));
    Ok(Reply::no_content())
}

/// The VCN that a create names, ready to be built in.
fn usable_vcn<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    let id = call.required_text("vcnId")?;
    let vcn = cloud.related("vcnId", &vcn::VCN, id)?;
    match vcn.state() {
        // The service is ready within the second that a new VCN takes; nobody waits for it in practice.
        Some("AVAILABLE" | "PROVISIONING") => Ok(vcn),
        state => Err(ApiError::incorrect_state(format!("VCN {id} is {}", state.unwrap_or("in no state")))),
    }
}

/// The resource that `field` refers to, which must lie in this VCN.
fn related_in_vcn<'c>(
    cloud: &'c Cloud,
    field: &str,
    kind: &Kind,
    id: &str,
    vcn_id: &str,
) -> Result<&'c Resource, ApiError> {
    let resource = cloud.related(field, kind, id)?;
    if resource.text("vcnId") == Some(vcn_id) {
        Ok(resource)
    } else {
        Err(ApiError::invalid(field, format!("the {} {id} is not in VCN {vcn_id}", kind.name)))
    }
}

/// Refuses when the VCN has as many of this kind as it may.
fn check_vcn_limit(cloud: &Cloud, kind: &Kind, vcn_id: &str, limit: &str) -> Result<(), ApiError> {
    let max = limits::limit_value(cloud, limit).unwrap_or(u64::MAX);
    let count = cloud.live_referrers(kind, vcn_id).filter(|r| r.text("vcnId") == Some(vcn_id)).count();
    if u64::try_from(count).unwrap_or(u64::MAX) < max {
        return Ok(());
    }
    Err(ApiError::limit_exceeded(format!(
        "The limit {limit} of VCN {vcn_id} has been reached: it has {count} of at most {max}"
    )))
}

/// The service keeps sets, not lists: what is sent in one order comes back in another, always the same one.
fn reorder(values: &mut [Value]) {
    values.sort_by_cached_key(|value| Sha256::digest(value.to_string()).to_vec());
}

/// [`reorder`] for the list in this field, if it is there.
fn reorder_field(body: &mut Map<String, Value>, field: &str) {
    if let Some(Value::Array(items)) = body.get_mut(field) {
        reorder(items);
    }
}

/// Sets a field that the request left out.
fn default_field(body: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    if body.get(field).is_none_or(Value::is_null) {
        body.insert(field.to_owned(), value.into());
    }
}
