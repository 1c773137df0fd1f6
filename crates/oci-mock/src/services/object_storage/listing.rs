//! What is in a bucket: objects by name, and their versions.
//!
//! API: Object Storage, `ListObjects`, `ListObjectVersions`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::bucket::contents;
use super::{OBJECT_STORAGE, OBJECT_VERSION, echo, find_bucket};
use crate::cloud::{Cloud, Resource};
use crate::error::ApiError;
use crate::services::{Call, Module, Reply, page, read};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        read(OBJECT_STORAGE, "ListObjects", objects),
        read(OBJECT_STORAGE, "ListObjectVersions", versions),
    ],
    kinds: &[],
    events: &[],
    seed: None,
};

/// Names in one answer, at most and by default (Oracle's API reference).
const LIMIT: usize = 1000;

/// One line of a list: an object, or a prefix that stands for many.
enum Line<'c> {
    Object(&'c Resource),
    Prefix(String),
}

fn objects(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    let mut found: Vec<(&str, &Resource)> = contents(cloud, &bucket.id)
        .map(|object| (name(object), object))
        .filter(|(name, _)| in_range(call, name))
        .collect();
    found.sort_unstable_by_key(|(name, _)| *name);
    let lines = fold(call, found.into_iter().map(|(_, object)| object))?;
    let limit = call.query("limit").and_then(|limit| limit.parse().ok()).or(call.page_limit).unwrap_or(LIMIT);
    let mut answer = json!({"objects": [], "prefixes": []});
    for line in lines.iter().take(limit) {
        match line {
            Line::Object(object) => push(&mut answer["objects"], chosen(call, object)),
            Line::Prefix(prefix) => push(&mut answer["prefixes"], json!(prefix)),
        }
    }
    // Inclusive: the next list begins with this name itself.
    match lines.get(limit) {
        Some(Line::Object(object)) => answer["nextStartWith"] = json!(name(object)),
        Some(Line::Prefix(prefix)) => answer["nextStartWith"] = json!(prefix),
        None => {}
    }
    Ok(echo(call, Reply::json(answer)))
}

fn push(list: &mut Value, value: Value) {
    if let Value::Array(list) = list {
        list.push(value);
    }
}

fn name(object: &Resource) -> &str {
    object.text("name").unwrap_or_default()
}

fn in_range(call: &Call, name: &str) -> bool {
    call.query("prefix").is_none_or(|prefix| name.starts_with(prefix))
        && call.query("start").is_none_or(|start| name >= start)
        && call.query("startAfter").is_none_or(|start| name > start)
        && call.query("end").is_none_or(|end| name < end)
}

/// Names that have the delimiter after the prefix count once, as the part before it.
fn fold<'c>(call: &Call, objects: impl Iterator<Item = &'c Resource>) -> Result<Vec<Line<'c>>, ApiError> {
    let delimiter = match call.query("delimiter") {
        None | Some("") => return Ok(objects.map(Line::Object).collect()),
        Some("/") => '/',
        Some(_) => return Err(ApiError::invalid("delimiter", "only / is supported")),
    };
    let skip = call.query("prefix").unwrap_or_default().len();
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for object in objects {
        let name = name(object);
        match name[skip..].find(delimiter) {
            None => lines.push(Line::Object(object)),
            Some(position) => {
                let prefix = name[..=skip + position].to_owned();
                if seen.insert(prefix.clone()) {
                    lines.push(Line::Prefix(prefix));
                }
            }
        }
    }
    Ok(lines)
}

/// Only the name, unless `fields` asks for more.
fn chosen(call: &Call, object: &Resource) -> Value {
    let mut fields = Map::from_iter([("name".to_owned(), json!(name(object)))]);
    for field in call.query("fields").unwrap_or_default().split(',') {
        if let Some(value) = object.body.get(field) {
            fields.insert(field.to_owned(), value.clone());
        }
    }
    Value::Object(fields)
}

fn versions(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    let older = cloud.of_kind(&OBJECT_VERSION).filter(|version| version.text("bucket") == Some(&*bucket.id));
    let mut found: Vec<&Resource> =
        contents(cloud, &bucket.id).chain(older).filter(|version| in_range(call, name(version))).collect();
    // The newest of a name first: rows count up, and an older version gets its row when it is replaced.
    found.sort_by_key(|version| {
        (name(version), std::cmp::Reverse((version.text("timeModified"), version.row)))
    });
    let lines = fold(call, found.into_iter())?;
    let keys: Vec<String> = lines
        .iter()
        .map(|line| match line {
            Line::Object(version) => version.id.to_string(),
            Line::Prefix(prefix) => prefix.clone(),
        })
        .collect();
    let keyed: Vec<(&String, Line)> = keys.iter().zip(lines).collect();
    let (shown, next) = page(call, keyed, |(key, _)| key.as_str(), LIMIT)?;
    let mut answer = json!({"items": [], "prefixes": []});
    for (_, line) in shown {
        match line {
            Line::Object(version) => push(&mut answer["items"], shown_version(version)),
            Line::Prefix(prefix) => push(&mut answer["prefixes"], json!(prefix)),
        }
    }
    let reply = Reply::json(answer);
    Ok(echo(
        call,
        match next {
            Some(token) => reply.header("opc-next-page", token),
            None => reply,
        },
    ))
}

fn shown_version(version: &Resource) -> Value {
    let mut body = version.body.clone();
    body.entry("isDeleteMarker").or_insert(json!(false));
    // Before versioning was switched on, objects had none.
    let id = version.text("versionId").unwrap_or("null").to_owned();
    body.insert("versionId".to_owned(), json!(id));
    Value::Object(body)
}
