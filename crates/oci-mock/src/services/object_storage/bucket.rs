//! Buckets: created, read, renamed, deleted when empty.
//!
//! API: Object Storage, `Bucket`.

use serde_json::{Map, Value, json};

use super::{
    BUCKET, Condition, OBJECT, OBJECT_STORAGE, OBJECT_VERSION, bucket_id, echo, find_bucket, get_namespace,
    new_tag, read_condition, refuse, require_namespace,
};
use crate::cloud::{Cloud, New, Resource};
use crate::error::ApiError;
use crate::facts::facts;
use crate::services::{Call, Module, Reply, answer, page, read, write};

/// The operations of this file.
pub static MODULE: Module = Module {
    operations: &[
        read(OBJECT_STORAGE, "GetNamespace", get_namespace),
        write(OBJECT_STORAGE, "CreateBucket", create),
        read(OBJECT_STORAGE, "GetBucket", get),
        read(OBJECT_STORAGE, "HeadBucket", head),
        read(OBJECT_STORAGE, "ListBuckets", list),
        write(OBJECT_STORAGE, "UpdateBucket", update),
        write(OBJECT_STORAGE, "DeleteBucket", delete),
    ],
    kinds: &[&BUCKET, &OBJECT, &OBJECT_VERSION],
    events: &[],
    seed: None,
};

fn create(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_namespace(cloud, call)?;
    let name = call.required_text("name")?;
    require_name(name)?;
    let id = bucket_id(call.param(0), name);
    if cloud.get(&id).is_some() {
        return Err(refuse(
            409,
            "BucketAlreadyExists",
            format!("Either the bucket '{name}' already exists or you are not authorized to create it"),
        ));
    }
    let mut body = facts().project("object_storage", "Bucket", &call.json);
    let fixed = json!({
        "id": cloud.new_ocid(&BUCKET), "namespace": call.param(0), "createdBy": cloud.place().user_id,
        "isReadOnly": false, "replicationEnabled": false,
    });
    body.extend(object(fixed));
    let defaults = json!({
        "metadata": {}, "publicAccessType": "NoPublicAccess", "storageTier": "Standard",
        "objectEventsEnabled": false, "versioning": "Disabled", "autoTiering": "Disabled", "bucketScope": "NAMESPACE",
    });
    for (field, value) in object(defaults) {
        body.entry(field).or_insert(value);
    }
    body.insert("etag".to_owned(), json!(new_tag(cloud, "etag")));
    let new = New { kind: &BUCKET, id: Some(id.clone()), state: None, body, hidden: Map::new() };
    cloud.insert(new);
    let bucket = cloud.find(&BUCKET, &id)?;
    let location = format!("/{id}");
    Ok(echo(call, shown(bucket).header("location", location)))
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else { unreachable!("an object literal") };
    fields
}

/// Oracle's documentation, "Naming Rules": 1 to 256 letters, digits, hyphens, underscores and periods.
fn require_name(name: &str) -> Result<(), ApiError> {
    let legal = (1..=256).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if legal {
        return Ok(());
    }
    Err(refuse(
        400,
        "InvalidBucketName",
        format!("Invalid name: {name:?} is not 1 to 256 letters, digits, hyphens, underscores and periods"),
    ))
}

fn etag(bucket: &Resource) -> &str {
    bucket.text("etag").unwrap_or_default()
}

fn shown(bucket: &Resource) -> Reply {
    Reply::json(Value::Object(bucket.body.clone())).header("etag", etag(bucket))
}

fn get(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    if let Some(reply) = read_condition(call, etag(bucket))? {
        return Ok(echo(call, reply));
    }
    let mut body = bucket.body.clone();
    let fields: Vec<&str> = call.query("fields").unwrap_or_default().split(',').collect();
    if fields.iter().any(|field| field.starts_with("approximate")) {
        let sizes = contents(cloud, &bucket.id).map(|object| object.body.get("size").and_then(Value::as_u64));
        let sizes: Vec<u64> = sizes.flatten().collect();
        body.insert("approximateCount".to_owned(), json!(sizes.len()));
        body.insert("approximateSize".to_owned(), json!(sizes.iter().sum::<u64>()));
    }
    Ok(echo(call, Reply::json(Value::Object(body)).header("etag", etag(bucket))))
}

/// The objects of a bucket, older versions left out.
pub(super) fn contents<'c>(cloud: &'c Cloud, bucket: &'c str) -> impl Iterator<Item = &'c Resource> {
    cloud.of_kind(&OBJECT).filter(move |object| object.text("bucket") == Some(bucket))
}

fn head(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    let reply = read_condition(call, etag(bucket))?;
    Ok(echo(call, reply.unwrap_or_else(|| Reply::empty().header("etag", etag(bucket)))))
}

fn list(cloud: &Cloud, call: &Call) -> Result<Reply, ApiError> {
    require_namespace(cloud, call)?;
    let compartment = call.required_query("compartmentId")?;
    let mut buckets: Vec<&Resource> = cloud.in_compartment(&BUCKET, compartment).collect();
    buckets.sort_by_key(|bucket| bucket.text("name"));
    let (shown, next) = page(call, buckets, |bucket| &bucket.id, 100)?;
    let with_tags = call.query("fields").is_some_and(|fields| fields.contains("tags"));
    let summaries = shown.into_iter().map(|bucket| {
        let mut summary = facts().project("object_storage", "BucketSummary", &bucket.body);
        if !with_tags {
            summary.remove("freeformTags");
            summary.remove("definedTags");
        }
        Value::Object(summary)
    });
    Ok(echo(call, answer(call, summaries.collect(), next)))
}

fn update(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    Condition::of_write(call)?.check(Some(etag(bucket)))?;
    if call.text("namespace").is_some_and(|namespace| namespace != call.param(0)) {
        return Err(ApiError::invalid("namespace", "a bucket stays in its namespace"));
    }
    if call.text("name").is_some_and(|name| name != call.param(1)) {
        return Err(ApiError::invalid("name", "the mock does not rename buckets"));
    }
    let id = bucket.id.to_string();
    let tag = new_tag(cloud, "etag");
    cloud.update(&id, |bucket| {
        bucket.merge(&call.json);
        bucket.set("etag", tag);
    });
    Ok(echo(call, shown(cloud.find(&BUCKET, &id)?)))
}

fn delete(cloud: &mut Cloud, call: &Call) -> Result<Reply, ApiError> {
    let bucket = find_bucket(cloud, call)?;
    Condition::of_write(call)?.check(Some(etag(bucket)))?;
    let id = bucket.id.to_string();
    let mut versions = cloud.of_kind(&OBJECT_VERSION).filter(|version| version.text("bucket") == Some(&*id));
    if contents(cloud, &id).next().is_some() || versions.next().is_some() {
        return Err(refuse(
            409,
            "BucketNotEmpty",
            format!(
                "Bucket named '{}' is not empty. Delete all objects and their versions first.",
                call.param(1)
            ),
        ));
    }
    drop(versions);
    cloud.remove(&id);
    Ok(echo(call, Reply::no_content()))
}
