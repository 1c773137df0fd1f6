//! The load balancer itself: created with all its parts in one call, changed, deleted.
//!
//! API: Network Load Balancer 20200501, `NetworkLoadBalancer`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    CLIENT, DONE, LOAD_BALANCER, Step, begin, details, done, find_ready, health, refresh, shown, start_work,
};
use crate::cloud::{Cloud, Event, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network::{self, AttachedVnic, PublicAddress, VnicRequest};
use crate::services::{Call, List, Module, NamedEvent, Reply, limits, list_resources, read, write};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(CLIENT, "CreateNetworkLoadBalancer", create),
        read(CLIENT, "GetNetworkLoadBalancer", get),
        read(CLIENT, "ListNetworkLoadBalancers", list),
        write(CLIENT, "UpdateNetworkLoadBalancer", update),
        write(CLIENT, "DeleteNetworkLoadBalancer", delete),
        write(CLIENT, "UpdateNetworkSecurityGroups", update_groups),
        write(CLIENT, "ChangeNetworkLoadBalancerCompartment", change_compartment),
        read(CLIENT, "ListNetworkLoadBalancersPolicies", |_, _| {
            Ok(Reply::json(json!({"items": ["TWO_TUPLE", "THREE_TUPLE", "FIVE_TUPLE"]})))
        }),
        read(CLIENT, "ListNetworkLoadBalancersProtocols", |_, _| {
            Ok(Reply::json(json!({"items": ["ANY", "TCP", "UDP", "TCP_AND_UDP", "L3IP"]})))
        }),
    ],
    kinds: &[&LOAD_BALANCER],
    events: &[
        NamedEvent { name: DONE, run: done },
        NamedEvent { name: CREATED, run: created },
        NamedEvent { name: DELETED, run: deleted },
    ],
    seed: None,
};

const CREATED: &str = "network_load_balancer.created";
const DELETED: &str = "network_load_balancer.deleted";

/// About a minute (estimate); the others as parts take in public logs.
const CREATE_TIME: Duration = Duration::from_secs(60);
const CHANGE_TIME: Duration = Duration::from_secs(25);
const DELETE_TIME: Duration = Duration::from_secs(40);

/// Elements of a page when nobody says (Oracle's API reference).
pub(super) const PAGE_LIMIT: usize = 10;

/// Hidden attribute: its VNIC.
const VNIC: &str = "vnicId";

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    limits::require_room(cloud, "max-nlb-flexible-count", None)?;
    let preserves = call.flag("isPreserveSourceDestination").unwrap_or(false);
    if call.flag("isSymmetricHashEnabled") == Some(true) && !preserves {
        return Err(ApiError::invalid("isSymmetricHashEnabled", "it needs isPreserveSourceDestination"));
    }
    let steps = nested_parts(cloud, call, preserves)?;
    let is_private = call.flag("isPrivate").unwrap_or(true);
    let reserved = reserved_address(call, is_private)?;
    let subnet_id = call.required_text("subnetId")?;
    let compartment_id = call.required_text("compartmentId")?;
    let groups = texts(call, "networkSecurityGroupIds");
    let id = cloud.new_ocid(&LOAD_BALANCER);
    let request = VnicRequest {
        private_ip: call.text("assignedPrivateIpv4"),
        nsg_ids: &groups,
        public_ip: match &reserved {
            Some(reserved) => PublicAddress::Reserved(reserved),
            None if is_private => PublicAddress::None,
            None => PublicAddress::Ephemeral,
        },
        skip_source_dest_check: preserves,
        ..VnicRequest::new(subnet_id, compartment_id, &id)
    };
    let vnic = network::attach_service_vnic(cloud, &request)?;
    let addresses = addresses(&vnic, reserved.as_deref());
    let mut body = facts().project("network_load_balancer", "NetworkLoadBalancer", &call.json);
    for (name, value) in [
        ("isPrivate", json!(is_private)),
        ("isPreserveSourceDestination", json!(preserves)),
        ("isSymmetricHashEnabled", json!(call.flag("isSymmetricHashEnabled").unwrap_or(false))),
        ("networkSecurityGroupIds", json!(groups)),
        ("ipAddresses", json!([])),
        ("lifecycleDetails", json!("")),
        ("listeners", json!({})),
        ("backendSets", json!({})),
    ] {
        body.insert(name.to_owned(), value);
    }
    body.entry("nlbIpVersion").or_insert(json!("IPV4"));
    cloud.insert(New::of(&LOAD_BALANCER, "CREATING", body).id(id.as_str()).hidden(VNIC, vnic.vnic_id));
    let work = start_work(cloud, &id, "CREATE_NETWORK_LOAD_BALANCER", "CREATED", CREATE_TIME);
    let own = Step::Own { fields: Map::from_iter([("ipAddresses".to_owned(), addresses)]) };
    let steps: Vec<Step> = std::iter::once(own).chain(steps).collect();
    cloud.after(CREATE_TIME, Event::named(CREATED, json!({"id": id, "workRequest": work, "steps": steps})));
    Ok(Reply::created(cloud.find(&LOAD_BALANCER, &id)?).work_request(&work))
}

fn texts(call: &Call, field: &str) -> Vec<String> {
    call.texts(field).unwrap_or_default().into_iter().map(str::to_owned).collect()
}

/// The listeners and backend sets of the one call, checked together.
fn nested_parts(cloud: &Cloud, call: &Call, preserves: bool) -> Result<Vec<Step>, ApiError> {
    let map = |field: &str| call.json.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    let (sets, listeners) = (map("backendSets"), map("listeners"));
    let mut steps = Vec::new();
    for (name, given) in &sets {
        let given = given.as_object().cloned().unwrap_or_default();
        steps.extend(details::whole_set(cloud, preserves, name, &given)?);
    }
    let set_names: Vec<String> = sets.keys().cloned().collect();
    let mut others = Vec::new();
    for (name, given) in &listeners {
        let given = given.as_object().cloned().unwrap_or_default();
        if given.get("name").is_some_and(|own| own != name) {
            return Err(ApiError::invalid(
                &format!("listeners.{name}.name"),
                "it is not the key that it stands under",
            ));
        }
        let body = details::listener(name, &given, &others, &set_names)?;
        others.push(body.clone());
        steps.push(Step::Listener { name: name.clone(), body });
    }
    Ok(steps)
}

/// The reserved public IP that the load balancer is to have.
fn reserved_address(call: &Call, is_private: bool) -> Result<Option<String>, ApiError> {
    let given = call.json.get("reservedIps").and_then(Value::as_array).cloned().unwrap_or_default();
    let ids: Vec<&str> = given.iter().filter_map(|reserved| reserved["id"].as_str()).collect();
    match ids[..] {
        [] => Ok(None),
        [_] if is_private => {
            Err(ApiError::invalid("reservedIps", "a private load balancer has no public address"))
        }
        [id] if crate::ocid::kind(id) == Some("publicip") => Ok(Some(id.to_owned())),
        [id] => Err(ApiError::invalid("reservedIps[0].id", format!("{id:?} is not the OCID of a public IP"))),
        _ => Err(ApiError::invalid("reservedIps", "the mock takes one reserved address, a public one")),
    }
}

fn addresses(vnic: &AttachedVnic, reserved: Option<&str>) -> Value {
    let mut addresses =
        vec![json!({"ipAddress": vnic.private_ip.to_string(), "isPublic": false, "ipVersion": "IPV4"})];
    if let Some((_, address)) = &vnic.public_ip {
        let mut public = json!({"ipAddress": address.to_string(), "isPublic": true, "ipVersion": "IPV4"});
        if let Some(id) = reserved {
            public["reservedIp"] = json!({"id": id});
        }
        addresses.push(public);
    }
    Value::Array(addresses)
}

fn created(cloud: &mut Cloud, args: &Value) {
    done(cloud, args);
}

fn get(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let balancer = cloud.find(&LOAD_BALANCER, call.id())?;
    Ok(shown(call, balancer, Value::Object(balancer.body.clone())))
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    list_resources(
        cloud,
        call,
        &List { page_limit: PAGE_LIMIT, newest_first: false, ..List::of(&LOAD_BALANCER) },
    )
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let balancer = find_ready(cloud, call.id(), "Updating")?;
    let flag = |name: &str| {
        call.flag(name).or_else(|| balancer.body.get(name).and_then(Value::as_bool)).unwrap_or(false)
    };
    if flag("isSymmetricHashEnabled") && !flag("isPreserveSourceDestination") {
        return Err(ApiError::invalid("isSymmetricHashEnabled", "it needs isPreserveSourceDestination"));
    }
    let fields = facts().project("network_load_balancer", "NetworkLoadBalancer", &call.json);
    Ok(begin(cloud, call.id(), "UPDATE_NETWORK_LOAD_BALANCER", &[Step::Own { fields }], CHANGE_TIME))
}

fn update_groups(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let balancer = find_ready(cloud, call.id(), "Updating")?;
    let vnic = balancer.text(VNIC).unwrap_or_default().to_owned();
    let groups = texts(call, "networkSecurityGroupIds");
    network::set_vnic_groups(cloud, &vnic, &groups)?;
    let fields = Map::from_iter([("networkSecurityGroupIds".to_owned(), json!(groups))]);
    Ok(begin(cloud, call.id(), "UPDATE_NSGS", &[Step::Own { fields }], CHANGE_TIME))
}

fn change_compartment(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_ready(cloud, call.id(), "Updating")?;
    let target = call.required_text("compartmentId")?;
    let fields = Map::from_iter([("compartmentId".to_owned(), json!(target))]);
    Ok(begin(cloud, call.id(), "CHANGE_COMPARTMENT", &[Step::Own { fields }], CHANGE_TIME))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_ready(cloud, call.id(), "Deleting")?;
    cloud.set_state(call.id(), "DELETING");
    let work = start_work(cloud, call.id(), "DELETE_NETWORK_LOAD_BALANCER", "DELETED", DELETE_TIME);
    cloud.after(DELETE_TIME, Event::named(DELETED, json!({"id": call.id()})));
    Ok(Reply::accepted(&work))
}

fn deleted(cloud: &mut Cloud, args: &Value) {
    let id = args["id"].as_str().unwrap_or_default();
    let Some(balancer) = cloud.get(id).filter(|balancer| balancer.state() == Some("DELETING")) else {
        return;
    };
    let vnic = balancer.text(VNIC).map(str::to_owned);
    for kind in [&super::BACKEND, &super::LISTENER, &super::BACKEND_SET] {
        let parts: Vec<String> =
            super::parts_of(cloud, kind, id).into_iter().map(|part: &Resource| part.id.to_string()).collect();
        for part in parts {
            cloud.remove(&part);
            health::forget(cloud, &part);
        }
    }
    if let Some(vnic) = vnic {
        network::release_service_vnic(cloud, &vnic);
    }
    refresh(cloud, id);
    cloud.terminate(id, "DELETING", "DELETED", Duration::ZERO);
}
