//! Internet gateway: the way between public addresses of a VCN and the internet.
//!
//! API: Core Services 20160918, `InternetGateway`.

use super::defaults::ROUTE_TABLE;
use super::{
    CHANGE_TIME, NETWORK, change_compartment, check_vcn_limit, end, find_changeable, network_kind, provision,
    related_in_vcn, usable_vcn,
};
use crate::cloud::{Cloud, Kind, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The type.
pub static INTERNET_GATEWAY: Kind =
    network_kind("internetgateway", "InternetGateway", Some("oci_core_internet_gateway"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateInternetGateway", create),
        read(NETWORK, "GetInternetGateway", |cloud, call| {
            Ok(Reply::resource(cloud.find(&INTERNET_GATEWAY, call.id())?))
        }),
        read(NETWORK, "ListInternetGateways", |cloud, call| {
            list_resources(cloud, call, &List::of(&INTERNET_GATEWAY))
        }),
        write(NETWORK, "UpdateInternetGateway", |cloud, call| update_gateway(cloud, &INTERNET_GATEWAY, call)),
        write(NETWORK, "DeleteInternetGateway", |cloud, call| {
            check_unused(cloud, &INTERNET_GATEWAY, call.id())?;
            Ok(end(cloud, call.id()))
        }),
        write(NETWORK, "ChangeInternetGatewayCompartment", |cloud, call| {
            change_compartment(cloud, &INTERNET_GATEWAY, call)
        }),
    ],
    kinds: &[&INTERNET_GATEWAY],
    events: &[],
    seed: None,
};

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn_id = usable_vcn(cloud, call)?.id.to_string();
    check_route_table(cloud, call, &vcn_id)?;
    check_vcn_limit(cloud, &INTERNET_GATEWAY, &vcn_id, "internet-gateway-count")?;
    let body = facts().project("core", "InternetGateway", &call.json);
    provision(cloud, New::of(&INTERNET_GATEWAY, "PROVISIONING", body), CHANGE_TIME)
}

/// Refuses a route table of another VCN.
pub(super) fn check_route_table(cloud: &Cloud, call: &Call, vcn_id: &str) -> Result<(), ApiError> {
    match call.text("routeTableId") {
        Some(id) => related_in_vcn(cloud, "routeTableId", &ROUTE_TABLE, id, vcn_id).map(|_| ()),
        None => Ok(()),
    }
}

/// An update of any gateway.
pub(super) fn update_gateway(cloud: &mut Cloud, kind: &'static Kind, call: &Call) -> Result<Reply, ApiError> {
    let gateway = find_changeable(cloud, kind, call.id())?;
    let vcn_id = gateway.text("vcnId").unwrap_or_default().to_owned();
    check_route_table(cloud, call, &vcn_id)?;
    super::merge(cloud, kind, call)
}

/// Refuses to delete a gateway that a route rule leads to.
pub(super) fn check_unused(cloud: &Cloud, kind: &Kind, id: &str) -> Result<(), ApiError> {
    find_changeable(cloud, kind, id)?;
    match cloud.live_referrers(&ROUTE_TABLE, id).next() {
        Some(table) => Err(ApiError::conflict(format!(
            "The {} {id} is the target of a route rule in the route table {}. Remove the rule first.",
            kind.name, table.id
        ))),
        None => Ok(()),
    }
}
