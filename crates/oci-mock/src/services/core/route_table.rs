//! Route table: where packets for other networks go.
//!
//! Each destination stands in a table once. API: Core Services 20160918, `RouteTable`.

use serde_json::{Map, Value, json};

use super::defaults::{ROUTE_TABLE, check_not_default};
use super::internet_gateway::INTERNET_GATEWAY;
use super::nat_gateway::NAT_GATEWAY;
use super::private_ip::PRIVATE_IP;
use super::service_gateway::{SERVICE_GATEWAY, service_by_label};
use super::vcn::VCN;
use super::{
    CHANGE_TIME, NETWORK, change_compartment, check_vcn_limit, end, find_changeable, provision, usable_vcn,
};
use crate::cloud::{Cloud, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network::vcn_of_subnet;
use crate::ocid;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateRouteTable", create),
        read(NETWORK, "GetRouteTable", |cloud, call| {
            Ok(Reply::resource(cloud.find(&ROUTE_TABLE, call.id())?))
        }),
        read(NETWORK, "ListRouteTables", |cloud, call| list_resources(cloud, call, &List::of(&ROUTE_TABLE))),
        write(NETWORK, "UpdateRouteTable", update),
        write(NETWORK, "DeleteRouteTable", delete),
        write(NETWORK, "ChangeRouteTableCompartment", |cloud, call| {
            change_compartment(cloud, &ROUTE_TABLE, call)
        }),
    ],
    kinds: &[],
    events: &[],
    seed: None,
};

/// Rules of one table (Oracle's documentation, service limits).
const RULES_MAX: usize = 200;

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn_id = usable_vcn(cloud, call)?.id.to_string();
    check_vcn_limit(cloud, &ROUTE_TABLE, &vcn_id, "route-table-count")?;
    let mut body = facts().project("core", "RouteTable", &call.json);
    let rules = requested_rules(cloud, call, &vcn_id)?;
    body.insert("routeRules".to_owned(), json!(rules));
    provision(cloud, New::of(&ROUTE_TABLE, "PROVISIONING", body), CHANGE_TIME)
}

fn requested_rules(cloud: &Cloud, call: &Call, vcn_id: &str) -> Result<Vec<Value>, ApiError> {
    let requested = call.json.get("routeRules").and_then(Value::as_array).cloned().unwrap_or_default();
    if requested.len() > RULES_MAX {
        return Err(ApiError::limit_exceeded(format!(
            "{} route rules, at most {RULES_MAX} are allowed",
            requested.len()
        )));
    }
    let mut rules: Vec<Value> = Vec::new();
    for (index, rule) in requested.into_iter().enumerate() {
        let Value::Object(rule) = rule else { continue };
        let path = format!("routeRules[{index}]");
        let rule = complete(cloud, rule, &path, vcn_id)?;
        if rules.iter().any(|other| other["destination"] == rule["destination"]) {
            let destination = &rule["destination"];
            return Err(ApiError::invalid(
                &format!("{path}.destination"),
                format!("the destination {destination} is in the table more than once"),
            ));
        }
        rules.push(rule);
    }
    super::reorder(&mut rules);
    Ok(rules)
}

/// Checks one rule; answers carry the destination under its old name as well.
fn complete(
    cloud: &Cloud,
    mut rule: Map<String, Value>,
    path: &str,
    vcn_id: &str,
) -> Result<Value, ApiError> {
    rule.retain(|_, value| !value.is_null());
    let text = |name: &str| rule.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let place = format!("{path}.destination");
    let destination = match (text("destination"), text("cidrBlock")) {
        (Some(one), Some(other)) if one != other => {
            return Err(ApiError::invalid(&place, "it contradicts cidrBlock"));
        }
        (Some(destination), _) | (None, Some(destination)) => destination.to_owned(),
        (None, None) => return Err(ApiError::missing(&place)),
    };
    let kind = text("destinationType").unwrap_or("CIDR_BLOCK").to_owned();
    if text("routeType") == Some("LOCAL") {
        return Err(ApiError::invalid(&format!("{path}.routeType"), "LOCAL rules are the service's own"));
    }
    let target = text("networkEntityId").unwrap_or_default().to_owned();
    check_target(cloud, &target, &kind, &destination, path, vcn_id)?;
    rule.insert("cidrBlock".to_owned(), json!(destination));
    rule.insert("destination".to_owned(), json!(destination));
    rule.insert("destinationType".to_owned(), json!(kind));
    rule.insert("routeType".to_owned(), json!("STATIC"));
    Ok(Value::Object(rule))
}

/// The target is in the same VCN, and services are reached through the gateway that has them.
fn check_target(
    cloud: &Cloud,
    target: &str,
    kind: &str,
    destination: &str,
    path: &str,
    vcn_id: &str,
) -> Result<(), ApiError> {
    let field = format!("{path}.networkEntityId");
    let is_service = kind == "SERVICE_CIDR_BLOCK";
    if is_service {
        let place = format!("{path}.destination");
        service_by_label(cloud, destination).ok_or_else(|| {
            ApiError::invalid(&place, format!("{destination:?} is not the CIDR label of a service"))
        })?;
    }
    let found = match ocid::kind(target) {
        Some("internetgateway") => cloud.related(&field, &INTERNET_GATEWAY, target)?,
        Some("natgateway") => cloud.related(&field, &NAT_GATEWAY, target)?,
        Some("servicegateway") => cloud.related(&field, &SERVICE_GATEWAY, target)?,
        Some("privateip") => cloud.related(&field, &PRIVATE_IP, target)?,
        _ => return Err(ApiError::related_not_found(&field, target)),
    };
    let their_vcn = found
        .text("vcnId")
        .or_else(|| found.text("subnetId").and_then(|subnet| vcn_of_subnet(cloud, subnet)))
        .unwrap_or_default();
    if their_vcn != vcn_id {
        return Err(ApiError::invalid(
            &field,
            format!("the {} {target} is not in VCN {vcn_id}", found.kind.name),
        ));
    }
    let is_service_gateway = found.kind.name == SERVICE_GATEWAY.name;
    match (is_service, is_service_gateway) {
        (true, false) => Err(ApiError::invalid(&field, "a service's CIDR label needs a service gateway")),
        (false, true) => {
            Err(ApiError::invalid(&field, "a service gateway needs the CIDR label of its service"))
        }
        _ => Ok(()),
    }
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let table = find_changeable(cloud, &ROUTE_TABLE, call.id())?;
    let vcn_id = table.text("vcnId").unwrap_or_default().to_owned();
    if cloud.get(&vcn_id).and_then(|vcn| vcn.state()) == Some("UPDATING") {
        return Err(ApiError::incorrect_state(format!("{} {vcn_id} is UPDATING", VCN.name)));
    }
    let mut changes = call.json.clone();
    if changes.get("routeRules").is_some_and(Value::is_array) {
        let rules = requested_rules(cloud, call, &vcn_id)?;
        changes.insert("routeRules".to_owned(), json!(rules));
    }
    cloud.update(call.id(), |table| table.merge(&changes));
    Ok(Reply::resource(cloud.find(&ROUTE_TABLE, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &ROUTE_TABLE, call.id())?;
    check_not_default(cloud, call.id())?;
    let user = cloud.referrers(call.id()).find(|r| r.is_live() && r.text("routeTableId") == Some(call.id()));
    if let Some(user) = user {
        return Err(ApiError::conflict(format!(
            "The route table {} is used by the {} {} and cannot be deleted",
            call.id(),
            user.kind.name,
            user.id
        )));
    }
    Ok(end(cloud, call.id()))
}
