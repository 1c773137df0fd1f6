//! DHCP options: the resolver and search domain of the subnets that name them.
//!
//! API: Core Services 20160918, `DhcpOptions`, path `/dhcps`.

use serde_json::{Map, Value};

use super::defaults::{DHCP_OPTIONS, check_not_default};
use super::subnet::SUBNET;
use super::{
    CHANGE_TIME, NETWORK, change_compartment, check_vcn_limit, end, find_changeable, provision, usable_vcn,
};
use crate::cloud::{Cloud, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateDhcpOptions", create),
        read(NETWORK, "GetDhcpOptions", |cloud, call| {
            Ok(Reply::resource(cloud.find(&DHCP_OPTIONS, call.id())?))
        }),
        read(NETWORK, "ListDhcpOptions", |cloud, call| list_resources(cloud, call, &List::of(&DHCP_OPTIONS))),
        write(NETWORK, "UpdateDhcpOptions", update),
        write(NETWORK, "DeleteDhcpOptions", delete),
        write(NETWORK, "ChangeDhcpOptionsCompartment", |cloud, call| {
            change_compartment(cloud, &DHCP_OPTIONS, call)
        }),
    ],
    kinds: &[],
    events: &[],
    seed: None,
};

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn_id = usable_vcn(cloud, call)?.id.to_string();
    check_vcn_limit(cloud, &DHCP_OPTIONS, &vcn_id, "dhcp-option-count")?;
    check_options(&call.json)?;
    let mut body = facts().project("core", "DhcpOptions", &call.json);
    super::default_field(&mut body, "domainNameType", "CUSTOM_DOMAIN");
    provision(cloud, New::of(&DHCP_OPTIONS, "PROVISIONING", body), CHANGE_TIME)
}

/// At most one option of each type; a custom resolver needs its addresses, a search domain is one.
fn check_options(json: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(Value::Array(options)) = json.get("options") else { return Ok(()) };
    for (index, option) in options.iter().enumerate() {
        let path = format!("options[{index}]");
        if options[..index].iter().any(|other| other["type"] == option["type"]) {
            return Err(ApiError::invalid(&format!("{path}.type"), "there is another option of this type"));
        }
        let servers = option["customDnsServers"].as_array().map_or(0, Vec::len);
        match option["serverType"].as_str() {
            Some("CustomDnsServer") if !(1..=3).contains(&servers) => {
                return Err(ApiError::invalid(
                    &format!("{path}.customDnsServers"),
                    "a custom resolver has 1 to 3 addresses",
                ));
            }
            Some("VcnLocal" | "VcnLocalPlusInternet") if servers > 0 => {
                return Err(ApiError::invalid(
                    &format!("{path}.customDnsServers"),
                    "only a custom resolver has addresses",
                ));
            }
            _ => {}
        }
        if option["type"] == "SearchDomain" && option["searchDomainNames"].as_array().map_or(0, Vec::len) != 1
        {
            return Err(ApiError::invalid(&format!("{path}.searchDomainNames"), "exactly one is needed"));
        }
    }
    Ok(())
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    check_options(&call.json)?;
    super::merge(cloud, &DHCP_OPTIONS, call)
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &DHCP_OPTIONS, call.id())?;
    check_not_default(cloud, call.id())?;
    let user = cloud
        .live_referrers(&SUBNET, call.id())
        .find(|subnet| subnet.text("dhcpOptionsId") == Some(call.id()));
    if let Some(subnet) = user {
        return Err(ApiError::conflict(format!(
            "The DHCP options {} are used by the subnet {} and cannot be deleted",
            call.id(),
            subnet.id
        )));
    }
    Ok(end(cloud, call.id()))
}
