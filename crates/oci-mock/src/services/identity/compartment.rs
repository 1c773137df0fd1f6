//! Compartment: a folder of the tenancy in which everything else lies.
//!
//! API: Identity 20160918, `Compartment`.

use std::time::Duration;

use serde_json::json;

use super::{IDENTITY, require_home_region};
use crate::cloud::{Affected, Cloud, Event, Kind, New, Resource, WorkRequest};
use crate::error::ApiError;
use crate::facts::facts;
use crate::ocid::Style;
use crate::services::{
    Call, List, Module, NamedEvent, Reply, limits, list_resources, page, read, work_requests, write,
};

/// The type. Deleted compartments stay listed for 90 days, under another name.
pub static COMPARTMENT: Kind = Kind {
    name: "compartment",
    service: "identity",
    model: "Compartment",
    terraform: Some("oci_identity_compartment"),
    style: Style::Global,
    gone: &["DELETED"],
    linger_secs: 90 * 24 * 3600,
};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(IDENTITY, "CreateCompartment", create),
        read(IDENTITY, "GetCompartment", get),
        read(IDENTITY, "ListCompartments", list),
        write(IDENTITY, "UpdateCompartment", update),
        write(IDENTITY, "DeleteCompartment", delete),
    ],
    kinds: &[&COMPARTMENT],
    events: &[NamedEvent { name: RENAME_DELETED, run: rename_deleted }],
    seed: Some(seed),
};

const RENAME_DELETED: &str = "identity.compartment.deleted";

/// Creating takes seconds, deleting minutes (Oracle's documentation).
const CREATE_TIME: Duration = Duration::from_secs(2);
const DELETE_TIME: Duration = Duration::from_secs(180);

/// Compartments below the root (Oracle's documentation).
const LEVELS_MAX: usize = 6;

/// The compartments that the configuration asks for.
fn seed(cloud: &mut Cloud) {
    let place = std::sync::Arc::clone(cloud.place());
    for (id, name) in &place.compartments {
        let body = json!({"compartmentId": place.tenancy_id, "name": name, "description": name, "isAccessible": true});
        cloud.insert(New::from_json(&COMPARTMENT, "ACTIVE", body).id(id.as_str()));
    }
}

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    limits::require_room(cloud, "compartment-count", None)?;
    let parent = call.required_text("compartmentId")?;
    let name = call.required_text("name")?;
    require_free_name(cloud, parent, name, None)?;
    if level(cloud, parent) >= LEVELS_MAX {
        return Err(ApiError::invalid(
            "compartmentId",
            format!("compartments nest {LEVELS_MAX} levels deep at most"),
        ));
    }
    let mut body = facts().project("identity", "Compartment", &call.json);
    body.insert("isAccessible".to_owned(), json!(true));
    let id = cloud.insert(New::of(&COMPARTMENT, "CREATING", body));
    cloud.after(CREATE_TIME, Event::state(&id, "CREATING", "ACTIVE"));
    Ok(Reply::resource(cloud.find(&COMPARTMENT, &id)?))
}

/// A name is taken only once under one parent, without regard to case.
fn require_free_name(cloud: &Cloud, parent: &str, name: &str, own: Option<&str>) -> Result<(), ApiError> {
    let taken = cloud.in_compartment(&COMPARTMENT, parent).any(|other| {
        other.is_live()
            && own != Some(&*other.id)
            && other.text("name").is_some_and(|taken| taken.eq_ignore_ascii_case(name))
    });
    if taken {
        return Err(ApiError::new(
            409,
            "CompartmentAlreadyExists",
            format!("A compartment named {name} exists already in {parent}"),
        ));
    }
    Ok(())
}

/// How many compartments lie between this one and the tenancy, itself included.
fn level(cloud: &Cloud, id: &str) -> usize {
    let mut count = 0;
    let mut at = cloud.get(id);
    while let Some(compartment) = at.filter(|_| count < LEVELS_MAX) {
        count += 1;
        at = compartment.compartment_id().and_then(|parent| cloud.get(parent));
    }
    count
}

/// The tenancy can be read as a compartment too.
fn get(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let place = cloud.place();
    if call.id() == place.tenancy_id {
        return Ok(Reply::json(json!({
            "id": place.tenancy_id, "compartmentId": place.tenancy_id, "name": super::tenancy::NAME,
            "description": "The root compartment of the tenancy", "timeCreated": super::tenancy::FOUNDED,
            "lifecycleState": "ACTIVE", "isAccessible": true, "freeformTags": {}, "definedTags": {},
        })));
    }
    Ok(Reply::resource(cloud.find(&COMPARTMENT, call.id())?))
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    const HANDLED: [&str; 2] = ["accessLevel", "compartmentIdInSubtree"];
    let by_name = List { newest_first: false, handled: &HANDLED, page_limit: 100, ..List::of(&COMPARTMENT) };
    if call.query("compartmentIdInSubtree") != Some("true") {
        return list_resources(cloud, call, &by_name);
    }
    if call.query("compartmentId") != Some(cloud.place().tenancy_id.as_str()) {
        return Err(ApiError::invalid("compartmentIdInSubtree", "it may be true for the tenancy only"));
    }
    let fits = |compartment: &&Resource| {
        call.query("name").is_none_or(|name| compartment.text("name") == Some(name))
            && call
                .query("lifecycleState")
                .is_none_or(|state| compartment.state().is_some_and(|is| is.eq_ignore_ascii_case(state)))
    };
    let found: Vec<&Resource> = cloud.of_kind(&COMPARTMENT).filter(fits).collect();
    let (shown, next) = page(call, found, |compartment| &compartment.id, by_name.page_limit)?;
    let values = shown.into_iter().map(|compartment| serde_json::Value::Object(compartment.body.clone()));
    Ok(crate::services::answer(call, values.collect(), next))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    let compartment = cloud.find_live(&COMPARTMENT, call.id())?;
    let parent = compartment.compartment_id().unwrap_or_default().to_owned();
    if let Some(name) = call.text("name") {
        require_free_name(cloud, &parent, name, Some(call.id()))?;
    }
    cloud.update(call.id(), |compartment| compartment.merge(&call.json));
    Ok(Reply::resource(cloud.find(&COMPARTMENT, call.id())?))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    let compartment = cloud.find_live(&COMPARTMENT, call.id())?;
    if compartment.state() != Some("ACTIVE") {
        return Err(ApiError::incorrect_state(format!(
            "Compartment {} is {}",
            call.id(),
            compartment.state().unwrap_or_default()
        )));
    }
    let inside = cloud.all().find(|other| {
        other.compartment_id() == Some(call.id())
            && other.is_live()
            && !other.kind.name.ends_with("workrequest")
    });
    if let Some(inside) = inside {
        return Err(ApiError::incorrect_state(format!(
            "Compartment {} is not empty: it holds the {} {}",
            call.id(),
            inside.kind.name,
            inside.id
        )));
    }
    let request = cloud.start_work_request(&WorkRequest {
        flavour: &work_requests::CORE,
        operation_type: "DELETE_COMPARTMENT",
        compartment_id: call.id(),
        affected: vec![Affected {
            entity_type: "compartment",
            action: "DELETED",
            id: call.id().to_owned(),
            uri: format!("/20160918/compartments/{}", call.id()),
        }],
        duration: DELETE_TIME,
    });
    cloud.terminate(call.id(), "DELETING", "DELETED", DELETE_TIME);
    cloud.after(DELETE_TIME, Event::named(RENAME_DELETED, json!({"id": call.id()})));
    Ok(Reply::accepted(&request))
}

/// A deleted compartment gives its name free by taking another one.
fn rename_deleted(cloud: &mut Cloud, args: &serde_json::Value) {
    let Some(id) = args["id"].as_str().filter(|id| cloud.get(id).is_some()) else { return };
    let suffix: String = id.chars().rev().take(8).collect();
    cloud.update(id, |compartment| {
        let name = compartment.text("name").unwrap_or_default().to_owned();
        compartment.set("name", format!("{name}.{suffix}"));
    });
}
