//! Where the instances of a DB system run: availability domains and fault domains.

use serde_json::{Value, json};

use crate::cloud::{Cloud, Place};
use crate::error::ApiError;
use crate::services::core::subnet::SUBNET;

/// The places that a DB system in this subnet may use, its preferred one first.
///
/// In a subnet of the whole region these are the availability domains, where there are several; else the fault
/// domains of the one availability domain (Oracle's documentation, "High Availability").
pub(super) fn places(
    cloud: &Cloud,
    subnet_id: &str,
    domain: Option<&str>,
    fault_domain: Option<&str>,
) -> Result<Vec<(String, String)>, ApiError> {
    let subnet = cloud.related("subnetId", &SUBNET, subnet_id)?;
    let all = cloud.place().availability_domains();
    let own = subnet.text("availabilityDomain").map(str::to_owned);
    if let (Some(own), Some(domain)) = (&own, domain)
        && own != domain
    {
        return Err(ApiError::invalid(
            "availabilityDomain",
            format!("the subnet is in {own}, not in {domain}"),
        ));
    }
    let preferred = match domain.map(str::to_owned).or_else(|| own.clone()) {
        None => all[0].clone(),
        Some(domain) if all.contains(&domain) => domain,
        Some(domain) => {
            return Err(ApiError::invalid(
                "availabilityDomain",
                format!("{domain:?} is not one of the region's"),
            ));
        }
    };
    let fault_domain = match fault_domain {
        None => Place::FAULT_DOMAINS[0],
        Some(given) => Place::FAULT_DOMAINS
            .into_iter()
            .find(|known| *known == given)
            .ok_or_else(|| ApiError::invalid("faultDomain", format!("{given:?} is not a fault domain")))?,
    };
    let mut places = vec![(preferred.clone(), fault_domain.to_owned())];
    if own.is_none() && all.len() > 1 {
        let others = all.into_iter().filter(|domain| *domain != preferred);
        places.extend(others.map(|domain| (domain, fault_domain.to_owned())));
    } else {
        let others = Place::FAULT_DOMAINS.into_iter().filter(|other| *other != fault_domain);
        places.extend(others.map(|other| (preferred.clone(), other.to_owned())));
    }
    Ok(places)
}

/// A place as `currentPlacement` shows it.
pub(super) fn shown((domain, fault_domain): &(String, String)) -> Value {
    json!({"availabilityDomain": domain, "faultDomain": fault_domain})
}
