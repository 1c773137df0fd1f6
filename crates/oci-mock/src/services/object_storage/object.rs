//! Objects: put, read whole or in part, deleted and renamed, all of it conditionally where asked.
//!
//! API: Object Storage, `PutObject`, `GetObject`, `HeadObject`, `DeleteObject`, `RenameObject`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::{
    CONTENT, Condition, OBJECT, OBJECT_STORAGE, OBJECT_VERSION, echo, find_bucket, new_tag, read_condition,
    refuse,
};
use crate::cloud::{Cloud, New, Resource};
use crate::error::ApiError;
use crate::services::{Call, Module, Reply, read, write};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        write(OBJECT_STORAGE, "PutObject", put),
        read(OBJECT_STORAGE, "GetObject", get),
        read(OBJECT_STORAGE, "HeadObject", head),
        write(OBJECT_STORAGE, "DeleteObject", delete),
        write(OBJECT_STORAGE, "RenameObject", rename),
    ],
    kinds: &[],
    events: &[],
    seed: None,
};

/// What all objects together may hold: the mock keeps them in memory.
const STORED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What the `opc-meta-` headers of an object may hold (Oracle's documentation: 4000 bytes).
const METADATA_BYTES_MAX: usize = 4000;

/// Headers that are kept with an object and come back when it is read.
const KEPT_HEADERS: [&str; 5] =
    ["content-type", "content-language", "content-encoding", "content-disposition", "cache-control"];

/// Where the number of stored bytes is noted.
const STORED_BYTES: &str = "object_storage.stored_bytes";

fn object_id(bucket: &str, name: &str) -> String {
    format!("{bucket}/o/{name}")
}

fn etag(object: &Resource) -> &str {
    object.text("etag").unwrap_or_default()
}

fn put(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    let (bucket_id, versioning) = (bucket.id.to_string(), versioning(bucket));
    let name = call.param(2);
    require_name(name)?;
    require_length(call)?;
    let metadata = metadata(call)?;
    let md5 = STANDARD.encode(Md5::digest(call.body));
    require_md5(call, &md5)?;
    let id = object_id(&bucket_id, name);
    Condition::of_write(call)?.check(cloud.get(&id).map(etag))?;
    let added = call.body.len() as u64;
    let replaced = if versioning == Versioning::Enabled { 0 } else { size(cloud.get(&id)) };
    count_bytes(cloud, added, replaced)?;

    retire(cloud, &id, versioning);
    let now = cloud.now();
    let tag = new_tag(cloud, "etag");
    let version = (versioning != Versioning::Disabled).then(|| new_tag(cloud, "version"));
    let tier = call.header("storage-tier").unwrap_or("Standard");
    let body = json!({
        "name": name, "size": call.body.len(), "md5": md5, "etag": tag, "storageTier": tier,
        "timeCreated": now.rfc3339(), "timeModified": now.rfc3339(),
    });
    let kept = KEPT_HEADERS.into_iter().filter_map(|name| Some((name.to_owned(), json!(call.header(name)?))));
    let mut hidden = Map::from_iter([
        ("bucket".to_owned(), json!(bucket_id)),
        (CONTENT.to_owned(), json!(STANDARD.encode(call.body))),
        ("headers".to_owned(), Value::Object(kept.chain(metadata).collect())),
    ]);
    if let Some(version) = &version {
        hidden.insert("versionId".to_owned(), json!(version));
    }
    let Value::Object(body) = body else { unreachable!("an object literal") };
    cloud.insert(New { kind: &OBJECT, id: Some(id), state: None, body, hidden });
    let mut reply = Reply::empty()
        .header("etag", tag)
        .header("opc-content-md5", md5)
        .header("last-modified", now.http_date());
    if let Some(version) = version {
        reply = reply.header("version-id", version);
    }
    Ok(echo(call, reply))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Versioning {
    Disabled,
    Enabled,
    Suspended,
}

fn versioning(bucket: &Resource) -> Versioning {
    match bucket.text("versioning") {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        _ => Versioning::Disabled,
    }
}

/// Takes the present version away: for good, or into the bucket's older versions.
fn retire(cloud: &mut Cloud, id: &str, versioning: Versioning) {
    let Some(object) = cloud.remove(id) else { return };
    let had_version = object.text("versionId").is_some();
    if versioning == Versioning::Disabled || (versioning == Versioning::Suspended && !had_version) {
        return;
    }
    let version = match object.text("versionId") {
        Some(version) => version.to_owned(),
        None => new_tag(cloud, "version"),
    };
    keep_version(cloud, object.body, object.hidden, &version, false);
}

fn keep_version(
    cloud: &mut Cloud,
    mut body: Map<String, Value>,
    mut hidden: Map<String, Value>,
    version: &str,
    is_delete_marker: bool,
) {
    body.insert("versionId".to_owned(), json!(version));
    body.insert("isDeleteMarker".to_owned(), json!(is_delete_marker));
    hidden.remove("versionId");
    let bucket = hidden.get("bucket").and_then(Value::as_str).unwrap_or_default();
    let id = format!("{bucket}/versions/{version}");
    cloud.insert(New { kind: &OBJECT_VERSION, id: Some(id), state: None, body, hidden });
}

/// Oracle's documentation, "Naming Rules": 1 to 1024 bytes without line feed, carriage return and NUL.
fn require_name(name: &str) -> Result<(), ApiError> {
    if name.len() <= 1024 && !name.contains(['\n', '\r', '\0']) {
        return Ok(());
    }
    Err(refuse(400, "InvalidObjectName", "An object's name has 1 to 1024 bytes without CR, LF and NUL"))
}

fn require_length(call: &Call) -> Result<(), ApiError> {
    match call.header("content-length") {
        Some(length) if length.parse() == Ok(call.body.len()) => Ok(()),
        Some(_) => Err(refuse(400, "InvalidContentLength", "The content-length is not that of the body")),
        None if call.header("transfer-encoding").is_some() => {
            Err(refuse(411, "ContentLengthRequired", "The content-length header is required"))
        }
        // A call without a socket has no framing at all.
        None => Ok(()),
    }
}

fn require_md5(call: &Call, md5: &str) -> Result<(), ApiError> {
    let Some(given) = call.header("content-md5") else { return Ok(()) };
    if STANDARD.decode(given).map(|digest| digest.len()) != Ok(16) {
        return Err(refuse(
            400,
            "InvalidContentMD5",
            "The content-md5 header is not the base64 of an MD5 digest",
        ));
    }
    if given != md5 {
        return Err(refuse(
            400,
            "UnmatchedContentMD5",
            format!("The body's MD5 is {md5}, the header says {given}"),
        ));
    }
    Ok(())
}

fn metadata(call: &Call) -> Result<Vec<(String, Value)>, ApiError> {
    let mut metadata = Vec::new();
    let mut bytes = 0;
    for (name, value) in call.headers {
        let Some(key) = name.as_str().strip_prefix("opc-meta-") else { continue };
        let value =
            value.to_str().map_err(|_| ApiError::invalid(name.as_str(), "it is not printable ASCII"))?;
        bytes += key.len() + value.len();
        metadata.push((name.as_str().to_owned(), json!(value)));
    }
    if bytes > METADATA_BYTES_MAX {
        return Err(refuse(
            400,
            "MetadataTooLarge",
            format!("{bytes} bytes of metadata, at most {METADATA_BYTES_MAX}"),
        ));
    }
    Ok(metadata)
}

fn size(object: Option<&Resource>) -> u64 {
    object.and_then(|object| object.body.get("size")?.as_u64()).unwrap_or(0)
}

fn count_bytes(cloud: &mut Cloud, added: u64, removed: u64) -> Result<(), ApiError> {
    let stored = cloud.note(STORED_BYTES).as_u64().unwrap_or(0);
    let stored = (stored + added).saturating_sub(removed);
    if added > 0 && stored > STORED_BYTES_MAX {
        return Err(refuse(
            400,
            "StorageLimitExceeded",
            format!("The tenancy's storage is limited to {STORED_BYTES_MAX} bytes"),
        ));
    }
    *cloud.note_mut(STORED_BYTES) = json!(stored);
    Ok(())
}

/// The version that a read is about.
fn find<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    let name = call.param(2);
    let current = cloud.get(&object_id(&bucket.id, name));
    let found = match call.query("versionId") {
        None => current,
        Some(version) => current.filter(|object| object.text("versionId") == Some(version)).or_else(|| {
            let older = cloud.get(&format!("{}/versions/{version}", bucket.id))?;
            (older.text("name") == Some(name) && older.body["isDeleteMarker"] == json!(false))
                .then_some(older)
        }),
    };
    found.ok_or_else(|| {
        refuse(
            404,
            "ObjectNotFound",
            format!("The object '{name}' was not found in the bucket '{}'", call.param(1)),
        )
    })
}

/// The headers of an object, as GET and HEAD have them.
fn described(object: &Resource, mut reply: Reply) -> Reply {
    let headers = object.hidden.get("headers").and_then(Value::as_object);
    for (name, value) in headers.into_iter().flatten() {
        reply = reply.header_named(name, value.as_str().unwrap_or_default());
    }
    if !headers.is_some_and(|headers| headers.contains_key("content-type")) {
        reply = reply.header("content-type", "application/octet-stream");
    }
    if let Some(version) = object.text("versionId") {
        reply = reply.header("version-id", version);
    }
    let modified =
        object.text("timeModified").and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
    let modified = modified.map(|time| crate::clock::Time::from(time.to_utc()).http_date());
    reply
        .header("etag", etag(object))
        .header("last-modified", modified.unwrap_or_default())
        .header("storage-tier", object.text("storageTier").unwrap_or("Standard"))
        .header("accept-ranges", "bytes")
}

fn get(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let object = find(cloud, call)?;
    if let Some(reply) = read_condition(call, etag(object))? {
        return Ok(echo(call, reply));
    }
    let content = object.text(CONTENT).and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let content = Bytes::from(content);
    let total = content.len();
    let reply = match call.header("range").map(|range| byte_range(range, total)).transpose()? {
        None => {
            let md5 = object.text("md5").unwrap_or_default().to_owned();
            described(object, Reply::bytes(content)).header("content-md5", md5)
        }
        Some((start, end)) => described(object, Reply::bytes(content.slice(start..end)))
            .status(206)
            .header("content-range", format!("bytes {start}-{}/{total}", end - 1)),
    };
    Ok(echo(call, overridden(call, reply)))
}

/// A caller may choose some of the headers that it gets.
fn overridden(call: &Call, mut reply: Reply) -> Reply {
    for (parameter, header) in [
        ("httpResponseContentType", "content-type"),
        ("httpResponseContentDisposition", "content-disposition"),
        ("httpResponseCacheControl", "cache-control"),
        ("httpResponseContentLanguage", "content-language"),
        ("httpResponseContentEncoding", "content-encoding"),
        ("httpResponseExpires", "expires"),
    ] {
        if let Some(value) = call.query(parameter) {
            reply = reply.header(header, value);
        }
    }
    reply
}

/// The part that a `range` header asks for, as start and end (exclusive).
fn byte_range(range: &str, total: usize) -> Result<(usize, usize), ApiError> {
    let parse = || {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let (start, end) = match (first.trim(), last.trim()) {
            ("", count) => (total.saturating_sub(count.parse().ok()?), total),
            (start, "") => (start.parse().ok()?, total),
            (start, end) => (start.parse().ok()?, end.parse::<usize>().ok()?.checked_add(1)?.min(total)),
        };
        (start < end).then_some((start, end))
    };
    parse().ok_or_else(|| {
        refuse(416, "InvalidRange", format!("The range {range:?} is not in the {total} bytes"))
    })
}

fn head(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let object = find(cloud, call)?;
    if let Some(reply) = read_condition(call, etag(object))? {
        return Ok(echo(call, reply));
    }
    let reply = described(object, Reply::empty())
        .header("content-md5", object.text("md5").unwrap_or_default())
        .header("content-length", size(Some(object)).to_string());
    Ok(echo(call, reply))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    let (bucket_id, versioning) = (bucket.id.to_string(), versioning(bucket));
    let name = call.param(2).to_owned();
    let condition = Condition::of_write(call)?;
    let not_found = || {
        refuse(
            404,
            "ObjectNotFound",
            format!("The object '{name}' was not found in the bucket '{}'", call.param(1)),
        )
    };
    let now = cloud.now();
    let reply = Reply::no_content().header("last-modified", now.http_date());
    let id = object_id(&bucket_id, &name);
    if let Some(version) = call.query("versionId") {
        let older = format!("{bucket_id}/versions/{version}");
        let current = cloud.get(&id).is_some_and(|object| object.text("versionId") == Some(version));
        let id = if current { id } else { older };
        let object =
            cloud.get(&id).filter(|object| object.text("name") == Some(&name)).ok_or_else(not_found)?;
        condition.check(Some(etag(object)))?;
        let freed = size(Some(object));
        count_bytes(cloud, 0, freed)?;
        cloud.remove(&id);
        return Ok(echo(call, reply.header("version-id", version)));
    }
    let Some(object) = cloud.get(&id) else {
        condition.check(None)?;
        return Err(not_found());
    };
    condition.check(Some(etag(object)))?;
    if versioning == Versioning::Disabled {
        let freed = size(Some(object));
        count_bytes(cloud, 0, freed)?;
        cloud.remove(&id);
        return Ok(echo(call, reply));
    }
    retire(cloud, &id, versioning);
    let version = new_tag(cloud, "version");
    let body =
        json!({"name": name, "timeCreated": now.rfc3339(), "timeModified": now.rfc3339(), "etag": version});
    let Value::Object(body) = body else { unreachable!("an object literal") };
    let hidden = Map::from_iter([("bucket".to_owned(), json!(bucket_id))]);
    keep_version(cloud, body, hidden, &version, true);
    Ok(echo(call, reply.header("version-id", version).header("is-delete-marker", "true")))
}

fn rename(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?.id.to_string();
    let (source, target) = (call.required_text("sourceName")?, call.required_text("newName")?);
    require_name(target)?;
    let (from, to) = (object_id(&bucket, source), object_id(&bucket, target));
    let object = cloud.get(&from).ok_or_else(|| {
        refuse(
            404,
            "ObjectNotFound",
            format!("The object '{source}' was not found in the bucket '{}'", call.param(1)),
        )
    })?;
    let demand = |field: &str| call.text(field).map_or(Condition::Any, |etag| Condition::Is(etag.to_owned()));
    demand("srcObjIfMatchETag").check(Some(etag(object)))?;
    demand("newObjIfMatchETag").check(cloud.get(&to).map(etag))?;
    if call.text("newObjIfNoneMatchETag") == Some("*") {
        Condition::Absent.check(cloud.get(&to).map(etag))?;
    }
    if from == to {
        return Err(ApiError::invalid("newName", "it is the name that the object has"));
    }
    if let Some(replaced) = cloud.remove(&to) {
        count_bytes(cloud, 0, size(Some(&replaced)))?;
    }
    let now = cloud.now();
    let tag = new_tag(cloud, "etag");
    let mut object = cloud.remove(&from).ok_or_else(|| ApiError::not_found(source))?;
    object.set("name", target);
    object.set("etag", tag.as_str());
    object.set("timeModified", now.rfc3339());
    cloud.insert(New { kind: &OBJECT, id: Some(to), state: None, body: object.body, hidden: object.hidden });
    Ok(echo(call, Reply::empty().header("etag", tag).header("last-modified", now.http_date())))
}
