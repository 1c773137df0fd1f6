//! Where a VNIC's packets for other networks go, and whether the gateway there takes them.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value;

use super::filters::includes;
use crate::cloud::{Cloud, Resource};
use crate::ocid;
use crate::services::core::internet_gateway::INTERNET_GATEWAY;
use crate::services::core::service_gateway::services;

/// Where a packet is to go.
#[derive(Clone, Debug)]
pub(super) enum Destination {
    Address(Ipv4Addr),
    Anyone,
    Service(String),
}

/// A way out: how it is called, and the address that the other side sees.
pub(super) struct Way {
    pub(super) text: String,
    pub(super) seen_as: Option<Ipv4Addr>,
}

fn table_of<'c>(cloud: &'c Cloud, vnic: &Resource, subnet: &Resource) -> Option<&'c Resource> {
    cloud.get(vnic.text("routeTableId").or_else(|| subnet.text("routeTableId"))?)
}

/// The rule that decides: the service's own label first, then the longest prefix.
fn rule<'c>(table: &'c Resource, destination: &Destination) -> Option<(usize, &'c Value)> {
    let rules = table.body.get("routeRules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_service = |rule: &Value| rule["destinationType"] == "SERVICE_CIDR_BLOCK";
    let text = |rule: &Value| rule["destination"].as_str().unwrap_or_default().to_owned();
    if let Destination::Service(label) = destination {
        let found =
            rules.iter().enumerate().find(|(_, rule)| is_service(rule) && includes(&text(rule), label));
        if found.is_some() {
            return found;
        }
    }
    let holds = |block: &Ipv4Net| match destination {
        Destination::Address(address) => block.contains(address),
        Destination::Anyone | Destination::Service(_) => block.prefix_len() == 0,
    };
    let by_block = rules.iter().enumerate().filter(|(_, rule)| !is_service(rule));
    let fitting =
        by_block.filter_map(|(index, rule)| Some((text(rule).parse::<Ipv4Net>().ok()?, index, rule)));
    let longest = fitting.filter(|(block, ..)| holds(block)).max_by_key(|(block, ..)| block.prefix_len());
    longest.map(|(_, index, rule)| (index, rule))
}

fn described(destination: &Destination) -> String {
    match destination {
        Destination::Address(address) => address.to_string(),
        Destination::Anyone => "the internet".to_owned(),
        Destination::Service(label) => label.clone(),
    }
}

/// The way from a VNIC to somewhere outside of its VCN.
///
/// # Errors
/// What is missing or in the way, in words.
pub(super) fn way_out(
    cloud: &Cloud,
    vnic: &Resource,
    subnet: &Resource,
    destination: &Destination,
) -> Result<Way, String> {
    let table =
        table_of(cloud, vnic, subnet).ok_or_else(|| format!("subnet {} has no route table", subnet.id))?;
    let Some((index, rule)) = rule(table, destination) else {
        return Err(format!("route table {} has no rule for {}", table.id, described(destination)));
    };
    let target = rule["networkEntityId"].as_str().unwrap_or_default();
    let place = format!("route rule {index} of {}", table.id);
    let Some(gateway) = cloud.get(target).filter(|gateway| gateway.is_live()) else {
        return Err(format!("{place} leads to {target}, which does not exist"));
    };
    let flag = |name: &str| gateway.body.get(name) == Some(&Value::Bool(true));
    match ocid::kind(target) {
        Some("internetgateway") => {
            if !flag("isEnabled") {
                return Err(format!("{place} leads to internet gateway {target}, which is not enabled"));
            }
            let Some(public) = vnic.text("publicIp").and_then(|text| text.parse().ok()) else {
                return Err(format!(
                    "{place} leads to internet gateway {target}, and VNIC {} has no public IP",
                    vnic.id
                ));
            };
            Ok(Way { text: format!("{place}, internet gateway"), seen_as: Some(public) })
        }
        Some("natgateway") if flag("blockTraffic") => {
            Err(format!("{place} leads to NAT gateway {target}, which blocks traffic"))
        }
        Some("natgateway") => {
            let seen_as = gateway.text("natIp").and_then(|text| text.parse().ok());
            Ok(Way { text: format!("{place}, NAT gateway"), seen_as })
        }
        Some("servicegateway") => through_service_gateway(cloud, gateway, destination, &place),
        _ => Err(format!("{place} leads to {target}, an appliance that the mock does not follow")),
    }
}

fn through_service_gateway(
    cloud: &Cloud,
    gateway: &Resource,
    destination: &Destination,
    place: &str,
) -> Result<Way, String> {
    if gateway.body.get("blockTraffic") == Some(&Value::Bool(true)) {
        return Err(format!("{place} leads to service gateway {}, which blocks traffic", gateway.id));
    }
    let Destination::Service(label) = destination else {
        return Err(format!("{place} leads to a service gateway"));
    };
    let attached = gateway.body.get("services").and_then(Value::as_array);
    let has = attached.into_iter().flatten().any(|own| {
        services(cloud)
            .iter()
            .any(|known| own["serviceId"] == known.id.as_str() && includes(&known.label, label))
    });
    if !has {
        return Err(format!("service gateway {} does not have {label}", gateway.id));
    }
    Ok(Way { text: format!("{place}, service gateway"), seen_as: None })
}

/// The way from the internet to a VNIC: a public address, a gateway, and a route for the answers.
///
/// # Errors
/// What is missing or in the way, in words.
pub(super) fn way_in(
    cloud: &Cloud,
    vnic: &Resource,
    subnet: &Resource,
    from: &Destination,
) -> Result<String, String> {
    if vnic.text("publicIp").is_none() {
        let forbidden = subnet.body.get("prohibitPublicIpOnVnic") == Some(&Value::Bool(true));
        let why = if forbidden { ", and its subnet prohibits them" } else { "" };
        return Err(format!("VNIC {} has no public IP{why}", vnic.id));
    }
    let vcn_id = subnet.text("vcnId").unwrap_or_default();
    let gateway =
        cloud.live_referrers(&INTERNET_GATEWAY, vcn_id).find(|gateway| gateway.text("vcnId") == Some(vcn_id));
    let Some(gateway) = gateway else { return Err(format!("VCN {vcn_id} has no internet gateway")) };
    if gateway.body.get("isEnabled") != Some(&Value::Bool(true)) {
        return Err(format!("internet gateway {} is not enabled", gateway.id));
    }
    let table =
        table_of(cloud, vnic, subnet).ok_or_else(|| format!("subnet {} has no route table", subnet.id))?;
    match rule(table, from) {
        Some((index, rule)) if rule["networkEntityId"] == *gateway.id => {
            Ok(format!("internet gateway {}, answers by route rule {index} of {}", gateway.id, table.id))
        }
        Some((index, _)) => Err(format!(
            "route rule {index} of {} sends the answers elsewhere than to internet gateway {}",
            table.id, gateway.id
        )),
        None => Err(format!("route table {} has no rule for the answers to {}", table.id, described(from))),
    }
}
