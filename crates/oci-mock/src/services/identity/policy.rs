//! Policies and dynamic groups.
//!
//! The mock keeps them and checks their form; it does not enforce what they permit.
//! API: Identity 20160918, `Policy`, `DynamicGroup`.

use std::time::Duration;

use super::{IDENTITY, LINGER_SECS, require_home_region};
use crate::cloud::{Cloud, Event, Kind, New};
use crate::error::ApiError;
use crate::facts::facts;
use crate::ocid::Style;
use crate::services::{Call, List, Module, Reply, list_resources, read, write};

const fn kind(name: &'static str, model: &'static str, terraform: &'static str) -> Kind {
    let (style, gone) = (Style::Global, &["DELETED"]);
    Kind {
        name,
        service: "identity",
        model,
        terraform: Some(terraform),
        style,
        gone,
        linger_secs: LINGER_SECS,
    }
}

/// Policies.
pub static POLICY: Kind = kind("policy", "Policy", "oci_identity_policy");
/// Dynamic groups.
pub static DYNAMIC_GROUP: Kind = kind("dynamicgroup", "DynamicGroup", "oci_identity_dynamic_group");

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(IDENTITY, "CreatePolicy", create_policy),
        read(IDENTITY, "GetPolicy", |cloud, call| Ok(Reply::resource(cloud.find(&POLICY, call.id())?))),
        read(IDENTITY, "ListPolicies", |cloud, call| list_resources(cloud, call, &List::of(&POLICY))),
        write(IDENTITY, "UpdatePolicy", update_policy),
        write(IDENTITY, "DeletePolicy", |cloud, call| delete(cloud, call, &POLICY)),
        write(IDENTITY, "CreateDynamicGroup", create_dynamic_group),
        read(IDENTITY, "GetDynamicGroup", |cloud, call| {
            Ok(Reply::resource(cloud.find(&DYNAMIC_GROUP, call.id())?))
        }),
        read(IDENTITY, "ListDynamicGroups", |cloud, call| {
            list_resources(cloud, call, &List::of(&DYNAMIC_GROUP))
        }),
        write(IDENTITY, "UpdateDynamicGroup", |cloud, call| update(cloud, call, &DYNAMIC_GROUP)),
        write(IDENTITY, "DeleteDynamicGroup", |cloud, call| delete(cloud, call, &DYNAMIC_GROUP)),
    ],
    kinds: &[&POLICY, &DYNAMIC_GROUP],
    events: &[],
    seed: None,
};

fn create_policy(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_statements(call)?;
    create(cloud, call, &POLICY)
}

fn update_policy(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    if call.json.contains_key("statements") {
        require_statements(call)?;
    }
    update(cloud, call, &POLICY)
}

/// A statement begins with one of four verbs (Oracle's documentation, "Policy Syntax").
fn require_statements(call: &Call) -> Result<(), ApiError> {
    let statements = call.texts("statements").unwrap_or_default();
    if statements.is_empty() {
        return Err(ApiError::invalid("statements", "at least one is needed"));
    }
    for (index, statement) in statements.iter().enumerate() {
        let verb = statement.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if !["allow", "endorse", "admit", "define"].contains(&verb.as_str()) {
            return Err(ApiError::invalid(
                &format!("statements[{index}]"),
                "a statement begins with allow, endorse, admit or define",
            ));
        }
    }
    Ok(())
}

fn create_dynamic_group(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    if call.text("compartmentId") != Some(cloud.place().tenancy_id.as_str()) {
        return Err(ApiError::invalid("compartmentId", "a dynamic group lies in the tenancy"));
    }
    create(cloud, call, &DYNAMIC_GROUP)
}

fn create(cloud: &mut Cloud, call: &Call, kind: &'static Kind) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    let name = call.required_text("name")?;
    let compartment = call.required_text("compartmentId")?;
    let mut others = cloud.in_compartment(kind, compartment);
    if others.any(|other| other.is_live() && other.text("name") == Some(name)) {
        return Err(ApiError::already_exists(format!("A {} named {name} exists already", kind.name)));
    }
    drop(others);
    let body = facts().project("identity", kind.model, &call.json);
    let id = cloud.insert(New::of(kind, "ACTIVE", body));
    Ok(Reply::resource(cloud.find(kind, &id)?))
}

fn update(cloud: &mut Cloud, call: &Call, kind: &'static Kind) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    cloud.find_live(kind, call.id())?;
    cloud.update(call.id(), |resource| resource.merge(&call.json));
    Ok(Reply::resource(cloud.find(kind, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call, kind: &'static Kind) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    cloud.find_live(kind, call.id())?;
    cloud.set_state(call.id(), "DELETING");
    cloud.after(Duration::from_secs(1), Event::state(call.id(), "DELETING", "DELETED"));
    Ok(Reply::no_content())
}
