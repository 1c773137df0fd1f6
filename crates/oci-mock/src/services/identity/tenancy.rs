//! What there is without anyone creating it: the tenancy, its user, regions, availability and fault domains.
//!
//! API: Identity 20160918.

use serde::Deserialize;
use serde_json::{Value, json};

use super::IDENTITY;
use crate::cloud::{Cloud, Place};
use crate::error::ApiError;
use crate::ocid::{self, Style};
use crate::services::{Call, Module, Reply, read};

/// The tenancy's name.
pub(super) const NAME: &str = "mocktenancy";

/// When the tenancy was made.
pub(super) const FOUNDED: &str = "2024-01-15T09:00:00.000Z";

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        read(IDENTITY, "ListAvailabilityDomains", availability_domains),
        read(IDENTITY, "ListFaultDomains", fault_domains),
        read(IDENTITY, "GetTenancy", tenancy),
        read(IDENTITY, "ListRegions", regions),
        read(IDENTITY, "ListRegionSubscriptions", region_subscriptions),
        read(IDENTITY, "GetUser", user),
        read(IDENTITY, "ListApiKeys", api_keys),
    ],
    kinds: &[],
    events: &[],
    seed: None,
};

fn availability_domains(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let place = cloud.place();
    let domains = place.availability_domains().into_iter().enumerate().map(|(index, name)| {
        let id = ocid::ocid(Style::Global, "availabilitydomain", &place.region, place.seed, index as u64 + 1);
        json!({"name": name, "id": id, "compartmentId": call.query("compartmentId")})
    });
    // The order is not promised, so a client that takes the first one for AD 1 is found out.
    Ok(Reply::json(Value::Array(domains.rev().collect())))
}

fn fault_domains(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let place = cloud.place();
    let domain = call.required_query("availabilityDomain")?;
    let position = place.availability_domains().iter().position(|name| name == domain);
    let position = position.ok_or_else(|| ApiError::not_found(format!("availabilityDomain {domain}")))?;
    let domains = Place::FAULT_DOMAINS.iter().enumerate().map(|(index, name)| {
        let count = (position * Place::FAULT_DOMAINS.len() + index) as u64 + 1;
        let id = ocid::ocid(Style::Regional, "faultdomain", &place.region, place.seed, count);
        json!({"name": name, "id": id, "compartmentId": call.query("compartmentId"), "availabilityDomain": domain})
    });
    Ok(Reply::json(Value::Array(domains.collect())))
}

fn tenancy(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let place = require_own_tenancy(cloud, call)?;
    Ok(Reply::json(json!({
        "id": place.tenancy_id, "name": NAME, "description": NAME,
        "homeRegionKey": region_key(&place.home_region), "freeformTags": {}, "definedTags": {},
    })))
}

fn require_own_tenancy<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Place, ApiError> {
    let place = cloud.place();
    if call.id() == place.tenancy_id { Ok(place) } else { Err(ApiError::not_found(call.id())) }
}

#[derive(Deserialize)]
struct Region {
    key: String,
    id: String,
    realm: String,
}

fn known_regions() -> Vec<Region> {
    #[derive(Deserialize)]
    struct File {
        regions: Vec<Region>,
    }
    let file: File = serde_json::from_str(include_str!("../../../../../schemas/oci-regions.json"))
        .expect("the embedded list is valid");
    file.regions
}

/// The key in capitals, as this API writes it.
fn region_key(region: &str) -> String {
    let found = known_regions().into_iter().find(|known| known.id == region);
    found.map_or_else(|| region.to_owned(), |known| known.key).to_uppercase()
}

fn regions(_: &Cloud, _: &Call) -> Result<Reply, ApiError> {
    let regions = known_regions().into_iter().filter(|region| region.realm == "oc1");
    let regions = regions.map(|region| json!({"key": region.key.to_uppercase(), "name": region.id}));
    Ok(Reply::json(Value::Array(regions.collect())))
}

fn region_subscriptions(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let place = require_own_tenancy(cloud, call)?;
    let subscription = |region: &str| {
        json!({"regionKey": region_key(region), "regionName": region, "status": "READY",
               "isHomeRegion": region == place.home_region})
    };
    let mut subscriptions = vec![subscription(&place.home_region)];
    if place.region != place.home_region {
        subscriptions.push(subscription(&place.region));
    }
    Ok(Reply::json(Value::Array(subscriptions)))
}

fn user(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let place = require_own_user(cloud, call)?;
    Ok(Reply::json(json!({
        "id": place.user_id, "compartmentId": place.tenancy_id, "name": place.user_name, "email": place.user_name,
        "description": "The user of the generated key", "timeCreated": FOUNDED, "lifecycleState": "ACTIVE",
        "isMfaActivated": false, "emailVerified": true, "freeformTags": {}, "definedTags": {},
        "capabilities": {"canUseApiKeys": true, "canUseConsolePassword": false},
    })))
}

/// The keys themselves belong to the signature check, not to the cloud: this lists none.
fn api_keys(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_own_user(cloud, call)?;
    Ok(Reply::json(json!([])))
}

fn require_own_user<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Place, ApiError> {
    let place = cloud.place();
    if call.id() == place.user_id { Ok(place) } else { Err(ApiError::not_found(call.id())) }
}
