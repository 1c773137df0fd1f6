//! The route table, security list and DHCP options that every new VCN has: their types and first contents.

use serde_json::{Map, Value, json};

use super::network_kind;
use crate::cloud::{Cloud, Kind, New};
use crate::error::ApiError;
use crate::services::Module;

/// Route tables.
pub static ROUTE_TABLE: Kind = network_kind("routetable", "RouteTable", Some("oci_core_route_table"));
/// Security lists.
pub static SECURITY_LIST: Kind = network_kind("securitylist", "SecurityList", Some("oci_core_security_list"));
/// DHCP options.
pub static DHCP_OPTIONS: Kind = network_kind("dhcpoptions", "DhcpOptions", Some("oci_core_dhcp_options"));

/// The types of this file.
pub static MODULE: Module = Module {
    operations: &[],
    kinds: &[&ROUTE_TABLE, &SECURITY_LIST, &DHCP_OPTIONS],
    events: &[],
    seed: None,
};

/// Hidden attribute: the type name under which the inventory lists this one, where its kind does not say it.
pub const DEFAULT_OF: &str = "terraformType";

/// Makes the default objects of a VCN and enters their ids into it.
pub(super) fn create_defaults(cloud: &mut Cloud, vcn_id: &str) {
    let Some(vcn) = cloud.get(vcn_id) else { return };
    let name = vcn.text("displayName").unwrap_or_default().to_owned();
    let compartment_id = vcn.compartment_id().unwrap_or_default().to_owned();
    let cidr = vcn.text("cidrBlock").unwrap_or_default().to_owned();
    let domain = vcn.text("vcnDomainName").map(str::to_owned);
    let mut make = |kind: &'static Kind, title: &str, terraform: &str, contents: Value| {
        let Value::Object(mut body) = contents else { unreachable!("an object literal") };
        body.insert("compartmentId".to_owned(), json!(compartment_id));
        body.insert("vcnId".to_owned(), json!(vcn_id));
        body.insert("displayName".to_owned(), json!(format!("Default {title} for {name}")));
        cloud.insert(New::of(kind, "AVAILABLE", body).hidden(DEFAULT_OF, terraform))
    };
    let route_table =
        make(&ROUTE_TABLE, "Route Table", "oci_core_default_route_table", json!({"routeRules": []}));
    let security_list =
        make(&SECURITY_LIST, "Security List", "oci_core_default_security_list", default_rules(&cidr));
    let dhcp_options = make(
        &DHCP_OPTIONS,
        "DHCP Options",
        "oci_core_default_dhcp_options",
        default_options(domain.as_deref()),
    );
    cloud.update(vcn_id, |vcn| {
        vcn.set("defaultRouteTableId", route_table);
        vcn.set("defaultSecurityListId", security_list);
        vcn.set("defaultDhcpOptionsId", dhcp_options);
    });
}

/// SSH from anywhere, ICMP for path MTU discovery, everything out (Oracle's documentation, "Default Security
/// List").
fn default_rules(vcn_cidr: &str) -> Value {
    json!({
        "ingressSecurityRules": [
            {"protocol": "6", "source": "0.0.0.0/0", "sourceType": "CIDR_BLOCK", "isStateless": false,
             "tcpOptions": {"destinationPortRange": {"min": 22, "max": 22}}},
            {"protocol": "1", "source": "0.0.0.0/0", "sourceType": "CIDR_BLOCK", "isStateless": false,
             "icmpOptions": {"type": 3, "code": 4}},
            {"protocol": "1", "source": vcn_cidr, "sourceType": "CIDR_BLOCK", "isStateless": false,
             "icmpOptions": {"type": 3}},
        ],
        "egressSecurityRules": [
            {"protocol": "all", "destination": "0.0.0.0/0", "destinationType": "CIDR_BLOCK", "isStateless": false},
        ],
    })
}

fn default_options(domain: Option<&str>) -> Value {
    let mut options = vec![json!({"type": "DomainNameServer", "serverType": "VcnLocalPlusInternet"})];
    if let Some(domain) = domain {
        options.push(json!({"type": "SearchDomain", "searchDomainNames": [domain]}));
    }
    let kind = if domain.is_some() { "VCN_DOMAIN" } else { "CUSTOM_DOMAIN" };
    Value::Object(Map::from_iter([
        ("options".to_owned(), json!(options)),
        ("domainNameType".to_owned(), json!(kind)),
    ]))
}

/// Refuses to delete what came with a VCN and goes with it.
///
/// # Errors
/// 409.
pub(super) fn check_not_default(cloud: &Cloud, id: &str) -> Result<(), ApiError> {
    match cloud.get(id).filter(|resource| resource.hidden.contains_key(DEFAULT_OF)) {
        Some(resource) => Err(ApiError::conflict(format!(
            "The {} {id} is the default of its VCN {} and cannot be deleted",
            resource.kind.name,
            resource.text("vcnId").unwrap_or_default()
        ))),
        None => Ok(()),
    }
}
