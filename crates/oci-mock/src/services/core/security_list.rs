//! Security list: packet rules for every VNIC in the subnets that name it.
//!
//! API: Core Services 20160918, `SecurityList`.

use serde_json::{Map, Value};

use super::defaults::{SECURITY_LIST, check_not_default};
use super::rules::{Side, complete_list};
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
        write(NETWORK, "CreateSecurityList", create),
        read(NETWORK, "GetSecurityList", |cloud, call| {
            Ok(Reply::resource(cloud.find(&SECURITY_LIST, call.id())?))
        }),
        read(NETWORK, "ListSecurityLists", |cloud, call| {
            list_resources(cloud, call, &List::of(&SECURITY_LIST))
        }),
        write(NETWORK, "UpdateSecurityList", update),
        write(NETWORK, "DeleteSecurityList", delete),
        write(NETWORK, "ChangeSecurityListCompartment", |cloud, call| {
            change_compartment(cloud, &SECURITY_LIST, call)
        }),
    ],
    kinds: &[],
    events: &[],
    seed: None,
};

/// Rules of each direction in one list (Oracle's documentation, service limits).
const RULES_MAX: usize = 200;

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn_id = usable_vcn(cloud, call)?.id.to_string();
    check_vcn_limit(cloud, &SECURITY_LIST, &vcn_id, "security-list-count")?;
    let mut body = facts().project("core", "SecurityList", &call.json);
    complete(cloud, &mut body, &vcn_id)?;
    provision(cloud, New::of(&SECURITY_LIST, "PROVISIONING", body), CHANGE_TIME)
}

fn complete(cloud: &Cloud, body: &mut Map<String, Value>, vcn_id: &str) -> Result<(), ApiError> {
    complete_list(cloud, body, "ingressSecurityRules", Side::Source, vcn_id, RULES_MAX)?;
    complete_list(cloud, body, "egressSecurityRules", Side::Destination, vcn_id, RULES_MAX)
}

/// Each direction that is sent replaces all rules of that direction.
fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let list = find_changeable(cloud, &SECURITY_LIST, call.id())?;
    let vcn_id = list.text("vcnId").unwrap_or_default().to_owned();
    let mut changes = call.json.clone();
    changes.retain(|name, value| !(name.ends_with("SecurityRules") && value.is_null()));
    complete(cloud, &mut changes, &vcn_id)?;
    cloud.update(call.id(), |list| list.merge(&changes));
    Ok(Reply::resource(cloud.find(&SECURITY_LIST, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &SECURITY_LIST, call.id())?;
    check_not_default(cloud, call.id())?;
    let user = cloud
        .live_referrers(&SUBNET, call.id())
        .find(|subnet| subnet.texts("securityListIds").any(|id| id == call.id()));
    if let Some(subnet) = user {
        return Err(ApiError::conflict(format!(
            "The security list {} is used by the subnet {} and cannot be deleted",
            call.id(),
            subnet.id
        )));
    }
    Ok(end(cloud, call.id()))
}
