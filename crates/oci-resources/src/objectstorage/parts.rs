//! What the Object Storage types share: ids, names, and how an object is written and seen.

use std::fmt;

use oci_client::request::Body;
use oci_client::services::object_storage::operations::PutObject;
use reconcile::provider::{Failure, Invalid};
use reconcile::schema::Schema;
use reconcile::value::{AttributePath, Value, ValueMap};
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::call::{Answer, Call, headers_of};
use crate::module::Seen;
use crate::rules::invalid;
use crate::values::text;
use crate::wire;

/// The id of a bucket, as in Oracle's Terraform provider: `n/{namespace}/b/{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BucketId {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl BucketId {
    /// What is no id of a bucket names nothing.
    pub(super) fn parse(id: &str) -> Self {
        let parts: Vec<&str> = id.splitn(4, '/').collect();
        match parts.as_slice() {
            ["n", namespace, "b", name] => {
                Self { namespace: (*namespace).to_owned(), name: (*name).to_owned() }
            }
            _ => Self { namespace: "-".to_owned(), name: id.to_owned() },
        }
    }
}

impl fmt::Display for BucketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n/{}/b/{}", self.namespace, self.name)
    }
}

/// The id of an object: `n/{namespace}/b/{bucket}/o/{object}`. Its name may hold slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ObjectId {
    pub(super) namespace: String,
    pub(super) bucket: String,
    pub(super) object: String,
}

impl ObjectId {
    /// What is no id of an object names nothing.
    pub(super) fn parse(id: &str) -> Self {
        let parts: Vec<&str> = id.splitn(6, '/').collect();
        let own = |text: &str| text.to_owned();
        match parts.as_slice() {
            ["n", namespace, "b", bucket, "o", object] => {
                Self { namespace: own(namespace), bucket: own(bucket), object: own(object) }
            }
            _ => Self { namespace: own("-"), bucket: own("-"), object: own(id) },
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n/{}/b/{}/o/{}", self.namespace, self.bucket, self.object)
    }
}

/// The id that the inputs of an object mean.
pub(super) fn object_id(inputs: &ValueMap) -> Option<ObjectId> {
    Some(ObjectId {
        namespace: text(inputs, "namespace")?,
        bucket: text(inputs, "bucket")?,
        object: text(inputs, "object")?,
    })
}

/// # Source
/// Object Storage, `CreateBucketDetails.name`.
pub(super) fn check_bucket_name(inputs: &ValueMap, problems: &mut Vec<Invalid>) {
    let Some(name) = inputs.get("name").and_then(Value::as_str) else { return };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 256 || !name.chars().all(fits) {
        let message = format!("`{name}` is not 1 to 256 letters, digits, dashes, underscores and dots");
        problems.push(invalid("name", message));
    }
}

/// Writes an object, whether it is there or not.
pub(super) fn put(inputs: &ValueMap) -> Result<Call, Failure> {
    let id = object_id(inputs).ok_or_else(|| Failure::refused("it has no name"))?;
    let content = text(inputs, "content").unwrap_or_default();
    let body = if content.is_empty() { Body::Empty } else { Body::Bytes(content.into_bytes().into()) };
    let mut put = PutObject::new(id.namespace, id.bucket, id.object, body);
    put.content_type = text(inputs, "content_type");
    put.content_language = text(inputs, "content_language");
    put.content_encoding = text(inputs, "content_encoding");
    put.content_disposition = text(inputs, "content_disposition");
    put.cache_control = text(inputs, "cache_control");
    let metadata = inputs.get("metadata").and_then(Value::as_map).into_iter().flat_map(ValueMap::iter);
    put.opc_meta =
        metadata.filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned()))).collect();
    let headers = headers_of(&wire::raw(inputs))
        .map_err(|name| Failure::refused(format!("`{name}` is no header with its value")))?;
    Ok(Call::with_headers(put, headers))
}

/// What is given raw of an object are headers.
pub(super) fn check_raw(inputs: &ValueMap, problems: &mut Vec<Invalid>) {
    if let Err(name) = headers_of(&wire::raw(inputs)) {
        let path = AttributePath::attribute("raw").name(name);
        problems.push(Invalid { path, message: "is no header with its value".to_owned() });
    }
}

/// An object as the headers of a HEAD show it.
pub(super) fn seen_object(schema: &Schema, id: &ObjectId, answer: &Answer) -> Seen {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let mut body = json!({
        "id": id.to_string(), "namespace": id.namespace, "bucket": id.bucket, "object": id.object,
    });
    for (field, name) in [
        ("contentType", "content-type"),
        ("contentLanguage", "content-language"),
        ("contentEncoding", "content-encoding"),
        ("contentDisposition", "content-disposition"),
        ("cacheControl", "cache-control"),
        ("contentLength", "content-length"),
        ("contentMd5", "content-md5"),
        ("etag", "etag"),
        ("versionId", "version-id"),
        ("lastModified", "last-modified"),
    ] {
        body[field] = json!(header(name));
    }
    let metadata = answer.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().strip_prefix("opc-meta-")?.to_owned(), json!(value.to_str().ok()?)))
    });
    // Under its own name too: who gave a header raw looks for it there.
    for (name, value) in &answer.headers {
        if let (None, Ok(value)) = (body.get(name.as_str()), value.to_str()) {
            body[name.as_str()] = json!(value);
        }
    }
    body["metadata"] = Json::Object(metadata.collect::<JsonMap<String, Json>>());
    Seen::new(schema, body, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_built_and_read_whatever_the_names() {
        let bucket = BucketId { namespace: "axabc".to_owned(), name: "a.b_c-d".to_owned() };
        assert_eq!(BucketId::parse(&bucket.to_string()), bucket);
        let object = ObjectId {
            namespace: "axabc".to_owned(),
            bucket: "b".to_owned(),
            object: "a/b c/o/d.txt".to_owned(),
        };
        assert_eq!(ObjectId::parse(&object.to_string()), object);
    }
}
