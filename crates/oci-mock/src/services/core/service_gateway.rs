//! Service gateway: the way to Oracle's own services without the internet; and the list of these services.
//!
//! API: Core Services 20160918, `ServiceGateway`, `Service`.

use serde_json::{Value, json};

use super::internet_gateway::{check_route_table, check_unused};
use super::{
    CHANGE_TIME, NETWORK, change_compartment, check_vcn_limit, end, find_changeable, network_kind, provision,
    usable_vcn,
};
use crate::cloud::{Cloud, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::ocid::{self, Style};
use crate::services::{Call, List, Module, Reply, answer, list_resources, page, read, write};

/// The type.
pub static SERVICE_GATEWAY: Kind =
    network_kind("servicegateway", "ServiceGateway", Some("oci_core_service_gateway"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateServiceGateway", create),
        read(NETWORK, "GetServiceGateway", |cloud, call| {
            Ok(Reply::resource(cloud.find(&SERVICE_GATEWAY, call.id())?))
        }),
        read(NETWORK, "ListServiceGateways", |cloud, call| {
            list_resources(cloud, call, &List::of(&SERVICE_GATEWAY))
        }),
        write(NETWORK, "UpdateServiceGateway", update),
        write(NETWORK, "DeleteServiceGateway", |cloud, call| {
            check_unused(cloud, &SERVICE_GATEWAY, call.id())?;
            Ok(end(cloud, call.id()))
        }),
        write(NETWORK, "AttachServiceId", |cloud, call| change_service(cloud, call, true)),
        write(NETWORK, "DetachServiceId", |cloud, call| change_service(cloud, call, false)),
        write(NETWORK, "ChangeServiceGatewayCompartment", |cloud, call| {
            change_compartment(cloud, &SERVICE_GATEWAY, call)
        }),
        read(NETWORK, "ListServices", list_services),
        read(NETWORK, "GetService", get_service),
    ],
    kinds: &[&SERVICE_GATEWAY],
    events: &[],
    seed: None,
};

/// One of Oracle's services that a service gateway leads to.
#[derive(Clone, Debug)]
pub(crate) struct OracleService {
    pub(crate) id: String,
    pub(crate) name: String,
    /// What routes and rules call it: a label, no CIDR block.
    pub(crate) label: String,
    description: String,
}

/// The services of the region: all of them together, and Object Storage alone.
pub(crate) fn services(cloud: &Cloud) -> Vec<OracleService> {
    let place = cloud.place();
    let key = place.region_key();
    let upper = key.to_uppercase();
    let make = |count, name: String, label: String| OracleService {
        id: ocid::ocid(Style::Regional, "service", &place.region, place.seed, count),
        description: name.clone(),
        name,
        label,
    };
    vec![
        make(
            1,
            format!("All {upper} Services In Oracle Services Network"),
            format!("all-{key}-services-in-oracle-services-network"),
        ),
        make(2, format!("OCI {upper} Object Storage"), format!("oci-{key}-objectstorage")),
    ]
}

/// The service with this label.
pub(crate) fn service_by_label(cloud: &Cloud, label: &str) -> Option<OracleService> {
    services(cloud).into_iter().find(|service| service.label == label)
}

fn service_by_id(cloud: &Cloud, id: &str) -> Option<OracleService> {
    services(cloud).into_iter().find(|service| service.id == id)
}

fn shown(service: &OracleService) -> Value {
    json!({
        "id": service.id, "name": service.name, "description": service.description, "cidrBlock": service.label,
    })
}

fn list_services(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let all = services(cloud);
    let (wanted, next) = page(call, all.iter().collect(), |service| service.id.as_str(), 25)?;
    Ok(answer(call, wanted.into_iter().map(shown).collect(), next))
}

fn get_service(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let service = service_by_id(cloud, call.id()).ok_or_else(|| ApiError::not_found(call.id()))?;
    Ok(Reply::json(shown(&service)))
}

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn_id = usable_vcn(cloud, call)?.id.to_string();
    check_route_table(cloud, call, &vcn_id)?;
    check_vcn_limit(cloud, &SERVICE_GATEWAY, &vcn_id, "service-gateway-count")?;
    let services = requested_services(cloud, call)?;
    let mut body = facts().project("core", "ServiceGateway", &call.json);
    body.insert("services".to_owned(), services);
    body.insert("blockTraffic".to_owned(), json!(false));
    let mut reply = provision(cloud, New::of(&SERVICE_GATEWAY, "PROVISIONING", body), CHANGE_TIME)?;
    // The one create of this API whose answer has no etag (Oracle's SDKs, response headers).
    reply.headers.retain(|(name, _)| *name != "etag");
    Ok(reply)
}

/// The services of the request as answers show them.
fn requested_services(cloud: &Cloud, call: &Call) -> Result<Value, ApiError> {
    let requested = call.json.get("services").and_then(Value::as_array).cloned().unwrap_or_default();
    if requested.len() > 1 {
        return Err(ApiError::invalid(
            "services",
            "a service gateway has one service: all of them, or Object Storage",
        ));
    }
    let mut shown = Vec::new();
    for (index, service) in requested.iter().enumerate() {
        let id = service["serviceId"].as_str().unwrap_or_default();
        let field = format!("services[{index}].serviceId");
        let known = service_by_id(cloud, id).ok_or_else(|| ApiError::related_not_found(&field, id))?;
        shown.push(json!({"serviceId": known.id, "serviceName": known.name}));
    }
    Ok(Value::Array(shown))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let gateway = find_changeable(cloud, &SERVICE_GATEWAY, call.id())?;
    let vcn_id = gateway.text("vcnId").unwrap_or_default().to_owned();
    check_route_table(cloud, call, &vcn_id)?;
    let mut changes = call.json.clone();
    if changes.get("services").is_some_and(Value::is_array) {
        let services = requested_services(cloud, call)?;
        check_routes(cloud, gateway, &services)?;
        changes.insert("services".to_owned(), services);
    }
    cloud.update(call.id(), |gateway| gateway.merge(&changes));
    Ok(Reply::resource(cloud.find(&SERVICE_GATEWAY, call.id())?))
}

/// A service to which a route leads stays with the gateway.
fn check_routes(cloud: &Cloud, gateway: &Resource, services: &Value) -> Result<(), ApiError> {
    let kept: Vec<String> = services
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|service| Some(service_by_id(cloud, service["serviceId"].as_str()?)?.label))
        .collect();
    for table in cloud.live_referrers(&super::defaults::ROUTE_TABLE, &gateway.id) {
        for rule in table.body["routeRules"].as_array().into_iter().flatten() {
            let lost = rule["networkEntityId"] == *gateway.id
                && !kept.iter().any(|label| rule["destination"] == label.as_str());
            if lost {
                return Err(ApiError::conflict(format!(
                    "Route table {} has a rule for {} through this service gateway",
                    table.id, rule["destination"]
                )));
            }
        }
    }
    Ok(())
}

fn change_service(cloud: &mut Cloud, call: &Call, attach: bool) -> Result<Reply, ApiError> {
    let gateway = find_changeable(cloud, &SERVICE_GATEWAY, call.id())?;
    let id = call.required_text("serviceId")?;
    let service = service_by_id(cloud, id).ok_or_else(|| ApiError::related_not_found("serviceId", id))?;
    let current = gateway.body["services"].as_array().cloned().unwrap_or_default();
    let has = current.iter().any(|service| service["serviceId"] == id);
    let services = match (attach, has) {
        (true, true) => return Err(ApiError::conflict(format!("Service {id} is attached already"))),
        (true, false) if !current.is_empty() => {
            return Err(ApiError::conflict("The service gateway has another service already"));
        }
        (true, false) => json!([{"serviceId": service.id, "serviceName": service.name}]),
        (false, false) => return Err(ApiError::conflict(format!("Service {id} is not attached"))),
        (false, true) => json!([]),
    };
    check_routes(cloud, gateway, &services)?;
    cloud.update(call.id(), |gateway| gateway.set("services", services));
    Ok(Reply::resource(cloud.find(&SERVICE_GATEWAY, call.id())?))
}
