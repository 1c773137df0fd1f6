//! Network security group: packet rules for the VNICs that join it, each rule with an id of its own.
//!
//! Its rules are added, changed and removed by actions that take no retry token: the same call twice adds
//! the rules twice. API: Core Services 20160918, `NetworkSecurityGroup`.

use serde_json::{Map, Value, json};

use super::rules::{Side, complete};
use super::vnic::VNIC;
use super::{
    CHANGE_TIME, NETWORK, change_compartment, check_vcn_limit, end, find_changeable, merge, network_kind,
    provision, usable_vcn,
};
use crate::cloud::{Cloud, Kind, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::network::owner_of;
use crate::ocid;
use crate::services::{Call, List, Module, Reply, answer, list_resources, page, read, write};

/// The type.
pub static NETWORK_SECURITY_GROUP: Kind =
    network_kind("networksecuritygroup", "NetworkSecurityGroup", Some("oci_core_network_security_group"));

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(NETWORK, "CreateNetworkSecurityGroup", create),
        read(NETWORK, "GetNetworkSecurityGroup", |cloud, call| {
            Ok(Reply::resource(cloud.find(&NETWORK_SECURITY_GROUP, call.id())?))
        }),
        read(NETWORK, "ListNetworkSecurityGroups", list),
        write(NETWORK, "UpdateNetworkSecurityGroup", |cloud, call| {
            merge(cloud, &NETWORK_SECURITY_GROUP, call)
        }),
        write(NETWORK, "DeleteNetworkSecurityGroup", delete),
        write(NETWORK, "ChangeNetworkSecurityGroupCompartment", |cloud, call| {
            change_compartment(cloud, &NETWORK_SECURITY_GROUP, call)
        }),
        read(NETWORK, "ListNetworkSecurityGroupSecurityRules", list_rules),
        read(NETWORK, "ListNetworkSecurityGroupVnics", list_vnics),
        write(NETWORK, "AddNetworkSecurityGroupSecurityRules", add_rules),
        write(NETWORK, "UpdateNetworkSecurityGroupSecurityRules", update_rules),
        write(NETWORK, "RemoveNetworkSecurityGroupSecurityRules", remove_rules),
    ],
    kinds: &[&NETWORK_SECURITY_GROUP],
    events: &[],
    seed: None,
};

/// Hidden attribute with the rules.
pub(crate) const RULES: &str = "securityRules";
/// Rules in one call (Oracle's API reference).
const RULES_PER_CALL_MAX: usize = 25;

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let vcn_id = usable_vcn(cloud, call)?.id.to_string();
    check_vcn_limit(cloud, &NETWORK_SECURITY_GROUP, &vcn_id, "networksecuritygroups-count")?;
    let body = facts().project("core", "NetworkSecurityGroup", &call.json);
    let new = New::of(&NETWORK_SECURITY_GROUP, "PROVISIONING", body).hidden(RULES, json!([]));
    provision(cloud, new, CHANGE_TIME)
}

/// By compartment or by VCN: one of them must be given.
fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    if call.query("compartmentId").is_none()
        && call.query("vcnId").is_none()
        && call.query("vlanId").is_none()
    {
        return Err(ApiError::missing("compartmentId"));
    }
    list_resources(cloud, call, &List::of(&NETWORK_SECURITY_GROUP))
}

/// Held back by its members; rules of other groups that name it become invalid instead.
fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    find_changeable(cloud, &NETWORK_SECURITY_GROUP, call.id())?;
    if let Some(vnic) = members(cloud, call.id()).next() {
        return Err(ApiError::conflict(format!(
            "The network security group {} has the VNIC {} as a member and cannot be deleted",
            call.id(),
            vnic.id
        )));
    }
    let naming: Vec<String> =
        cloud.live_referrers(&NETWORK_SECURITY_GROUP, call.id()).map(|group| group.id.to_string()).collect();
    for group in naming {
        cloud.update(&group, |group| {
            for rule in rules_mut(group).iter_mut().filter(|rule| names(rule, call.id())) {
                rule["isValid"] = json!(false);
            }
        });
    }
    Ok(end(cloud, call.id()))
}

fn names(rule: &Value, group_id: &str) -> bool {
    rule["source"] == group_id || rule["destination"] == group_id
}

/// The live VNICs that belong to a group.
pub(crate) fn members<'c>(cloud: &'c Cloud, group_id: &'c str) -> impl Iterator<Item = &'c Resource> {
    cloud.live_referrers(&VNIC, group_id).filter(move |vnic| vnic.texts("nsgIds").any(|id| id == group_id))
}

/// The rules of a group.
pub(crate) fn rules(group: &Resource) -> &[Value] {
    group.hidden.get(RULES).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn rules_mut(group: &mut Resource) -> &mut Vec<Value> {
    let rules = group.hidden.entry(RULES).or_insert_with(|| json!([]));
    if !rules.is_array() {
        *rules = json!([]);
    }
    rules.as_array_mut().expect("it was made a list just now")
}

fn list_rules(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let group = cloud.find_live(&NETWORK_SECURITY_GROUP, call.id())?;
    let wanted = call.query("direction");
    let fits = |rule: &&Value| wanted.is_none_or(|wanted| rule["direction"] == wanted);
    let mut found: Vec<&Value> = rules(group).iter().filter(fits).collect();
    if call.query("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("DESC")) {
        found.reverse();
    }
    let (shown, next) = page(call, found, |rule| rule["id"].as_str().unwrap_or_default(), 25)?;
    Ok(answer(call, shown.into_iter().cloned().collect(), next))
}

fn list_vnics(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let group = cloud.find_live(&NETWORK_SECURITY_GROUP, call.id())?;
    let found: Vec<&Resource> = members(cloud, &group.id).collect();
    let (shown, next) = page(call, found, |vnic| &vnic.id, 25)?;
    let values = shown.into_iter().map(|vnic| {
        let mut value = json!({"vnicId": &*vnic.id, "timeAssociated": vnic.created.rfc3339()});
        if let (Some(owner), _) = owner_of(vnic) {
            value["resourceId"] = json!(owner);
        }
        value
    });
    Ok(answer(call, values.collect(), next))
}

/// The rules of the request, complete.
fn requested_rules(
    cloud: &Cloud,
    call: &Call,
    group: &Resource,
) -> Result<Vec<Map<String, Value>>, ApiError> {
    let Some(Value::Array(requested)) = call.json.get("securityRules") else {
        return Err(ApiError::missing("securityRules"));
    };
    if requested.is_empty() || requested.len() > RULES_PER_CALL_MAX {
        return Err(ApiError::invalid(
            "securityRules",
            format!("{} rules, 1 to {RULES_PER_CALL_MAX} are allowed in one call", requested.len()),
        ));
    }
    let vcn_id = group.text("vcnId").unwrap_or_default();
    let rules = requested.iter().filter_map(Value::as_object).enumerate().map(|(index, rule)| {
        let path = format!("securityRules[{index}]");
        let (side, other) = match rule.get("direction").and_then(Value::as_str) {
            Some("INGRESS") => (Side::Source, "destination"),
            _ => (Side::Destination, "source"),
        };
        if rule.get(other).is_some_and(|value| !value.is_null()) {
            let direction = rule["direction"].as_str().unwrap_or_default();
            return Err(ApiError::invalid(
                &format!("{path}.{other}"),
                format!("a rule for {direction} has none"),
            ));
        }
        let mut rule = rule.clone();
        complete(cloud, &mut rule, side, &path, vcn_id)?;
        Ok(rule)
    });
    rules.collect()
}

fn add_rules(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let group = find_changeable(cloud, &NETWORK_SECURITY_GROUP, call.id())?;
    let mut added = requested_rules(cloud, call, group)?;
    let limit = "securityrules-per-networksecuritygroup-count";
    let max = super::limits::limit_value(cloud, limit).unwrap_or(u64::MAX);
    let count = rules(group).len() + added.len();
    if u64::try_from(count).unwrap_or(u64::MAX) > max {
        return Err(ApiError::limit_exceeded(format!(
            "The limit {limit} ({max}) of {} would be exceeded by {count} rules",
            call.id()
        )));
    }
    let now = cloud.now().rfc3339();
    for rule in &mut added {
        // Six digits, and never the same twice in one group: the number is part of them.
        let count = cloud.next_number("security rule");
        let random = ocid::hex(cloud.place().seed, &format!("rule/{}/{count}", call.id()), 2);
        rule.insert("id".to_owned(), json!(format!("{random}{:04X}", count % 0x1_0000).to_uppercase()));
        rule.insert("isValid".to_owned(), json!(true));
        rule.insert("timeCreated".to_owned(), json!(now));
    }
    let mut added: Vec<Value> = added.into_iter().map(Value::Object).collect();
    super::reorder(&mut added);
    cloud.update(call.id(), |group| rules_mut(group).extend(added.iter().cloned()));
    Ok(Reply::json(json!({"securityRules": added})))
}

fn update_rules(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let group = find_changeable(cloud, &NETWORK_SECURITY_GROUP, call.id())?;
    let mut changed = requested_rules(cloud, call, group)?;
    for (index, rule) in changed.iter_mut().enumerate() {
        let id = rule.get("id").and_then(Value::as_str).unwrap_or_default();
        let Some(old) = rules(group).iter().find(|old| old["id"] == id) else {
            return Err(ApiError::invalid(
                &format!("securityRules[{index}].id"),
                format!("{id:?} is not a rule of this group"),
            ));
        };
        rule.insert("isValid".to_owned(), json!(true));
        rule.insert("timeCreated".to_owned(), old["timeCreated"].clone());
    }
    let changed: Vec<Value> = changed.into_iter().map(Value::Object).collect();
    cloud.update(call.id(), |group| {
        for rule in rules_mut(group) {
            if let Some(new) = changed.iter().find(|new| new["id"] == rule["id"]) {
                *rule = new.clone();
            }
        }
    });
    Ok(Reply::json(json!({"securityRules": changed})))
}

fn remove_rules(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let group = find_changeable(cloud, &NETWORK_SECURITY_GROUP, call.id())?;
    let ids = call.texts("securityRuleIds").unwrap_or_default();
    if ids.is_empty() || ids.len() > RULES_PER_CALL_MAX {
        return Err(ApiError::invalid(
            "securityRuleIds",
            format!("1 to {RULES_PER_CALL_MAX} ids are allowed"),
        ));
    }
    let known = |id: &str| rules(group).iter().any(|rule| rule["id"] == id);
    if let Some(unknown) = ids.iter().find(|id| !known(id)) {
        return Err(ApiError::invalid("securityRuleIds", format!("{unknown:?} is not a rule of this group")));
    }
    cloud.update(call.id(), |group| {
        rules_mut(group).retain(|rule| !ids.iter().any(|id| rule["id"] == *id));
    });
    Ok(Reply::empty())
}
