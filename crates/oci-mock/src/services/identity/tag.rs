//! Tag namespaces and the tag keys in them.
//!
//! API: Identity 20160918, `TagNamespace`, `Tag`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{IDENTITY, LINGER_SECS, require_home_region};
use crate::cloud::{Cloud, Kind, New, Resource};
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

/// Tag namespaces.
pub static TAG_NAMESPACE: Kind = kind("tagnamespace", "TagNamespace", "oci_identity_tag_namespace");
/// Tag keys.
pub static TAG: Kind = kind("tagdefinition", "Tag", "oci_identity_tag");

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(IDENTITY, "CreateTagNamespace", create_namespace),
        read(IDENTITY, "GetTagNamespace", |cloud, call| {
            Ok(Reply::resource(cloud.find(&TAG_NAMESPACE, call.id())?))
        }),
        read(IDENTITY, "ListTagNamespaces", list_namespaces),
        write(IDENTITY, "UpdateTagNamespace", update_namespace),
        write(IDENTITY, "DeleteTagNamespace", delete_namespace),
        write(IDENTITY, "CreateTag", create_tag),
        read(IDENTITY, "GetTag", |cloud, call| Ok(Reply::resource(find_tag(cloud, call)?))),
        read(IDENTITY, "ListTags", list_tags),
        write(IDENTITY, "UpdateTag", update_tag),
        write(IDENTITY, "DeleteTag", delete_tag),
    ],
    kinds: &[&TAG_NAMESPACE, &TAG],
    events: &[],
    seed: None,
};

/// Removing a tag key takes a while, since it is taken off every resource (no source for the figure).
const DELETE_TIME: Duration = Duration::from_secs(30);

fn create_namespace(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    let name = call.required_text("name")?;
    require_tag_name(name)?;
    let taken = |other: &Resource| other.is_live() && same(other, name);
    if name.eq_ignore_ascii_case("Oracle-Tags") || cloud.of_kind(&TAG_NAMESPACE).any(taken) {
        return Err(ApiError::already_exists(format!("The tag namespace {name} exists already")));
    }
    let mut body = facts().project("identity", "TagNamespace", &call.json);
    body.insert("isRetired".to_owned(), json!(false));
    let id = cloud.insert(New::of(&TAG_NAMESPACE, "ACTIVE", body));
    Ok(Reply::resource(cloud.find(&TAG_NAMESPACE, &id)?))
}

fn same(resource: &Resource, name: &str) -> bool {
    resource.text("name").is_some_and(|taken| taken.eq_ignore_ascii_case(name))
}

fn require_tag_name(name: &str) -> Result<(), ApiError> {
    let legal = (1..=100).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic() && c != '.');
    if legal {
        Ok(())
    } else {
        Err(ApiError::invalid("name", "1 to 100 printable characters without period or space"))
    }
}

fn list_namespaces(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    list_resources(cloud, call, &List { handled: &["includeSubcompartments"], ..List::of(&TAG_NAMESPACE) })
}

fn update_namespace(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    cloud.find_live(&TAG_NAMESPACE, call.id())?;
    cloud.update(call.id(), |namespace| namespace.merge(&call.json));
    Ok(Reply::resource(cloud.find(&TAG_NAMESPACE, call.id())?))
}

fn delete_namespace(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    let namespace = cloud.find_live(&TAG_NAMESPACE, call.id())?;
    require_retired(namespace)?;
    if let Some(tag) = cloud.live_referrers(&TAG, call.id()).next() {
        return Err(ApiError::incorrect_state(format!("The tag namespace still has the tag {}", tag.id)));
    }
    cloud.terminate(call.id(), "DELETING", "DELETED", DELETE_TIME);
    Ok(Reply::no_content())
}

fn require_retired(resource: &Resource) -> Result<(), ApiError> {
    if resource.body.get("isRetired") == Some(&json!(true)) {
        return Ok(());
    }
    Err(ApiError::incorrect_state(format!(
        "{} is not retired; only what is retired can be deleted",
        resource.id
    )))
}

fn create_tag(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    let namespace = cloud.find_live(&TAG_NAMESPACE, call.id())?;
    let name = call.required_text("name")?;
    require_tag_name(name)?;
    if cloud.live_referrers(&TAG, call.id()).any(|other| same(other, name)) {
        return Err(ApiError::already_exists(format!("The tag {name} exists already")));
    }
    let mut body: Map<String, Value> = facts().project("identity", "Tag", &call.json);
    body.insert("compartmentId".to_owned(), json!(namespace.compartment_id()));
    body.insert("tagNamespaceId".to_owned(), json!(call.id()));
    body.insert("tagNamespaceName".to_owned(), json!(namespace.text("name")));
    body.insert("isRetired".to_owned(), json!(false));
    body.entry("isCostTracking").or_insert(json!(false));
    let id = cloud.insert(New::of(&TAG, "ACTIVE", body));
    Ok(Reply::resource(cloud.find(&TAG, &id)?))
}

fn find_tag<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    let namespace = cloud.find(&TAG_NAMESPACE, call.id())?;
    let mut tags = cloud.of_kind(&TAG).filter(|tag| {
        tag.text("tagNamespaceId") == Some(&*namespace.id) && same(tag, call.param(1)) && tag.is_live()
    });
    tags.next().ok_or_else(|| ApiError::not_found(format!("tag {}", call.param(1))))
}

fn list_tags(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    cloud.find(&TAG_NAMESPACE, call.id())?;
    let in_namespace =
        List { accept: |_, call, tag| tag.text("tagNamespaceId") == Some(call.id()), ..List::of(&TAG) };
    list_resources(cloud, call, &in_namespace)
}

fn update_tag(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    let tag = find_tag(cloud, call)?;
    call.check_if_match(&tag.etag)?;
    let id = tag.id.to_string();
    cloud.update(&id, |tag| tag.merge(&call.json));
    Ok(Reply::resource(cloud.find(&TAG, &id)?))
}

fn delete_tag(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_home_region(cloud)?;
    let tag = find_tag(cloud, call)?;
    call.check_if_match(&tag.etag)?;
    require_retired(tag)?;
    let id = tag.id.to_string();
    cloud.terminate(&id, "DELETING", "DELETED", DELETE_TIME);
    Ok(Reply::no_content())
}
