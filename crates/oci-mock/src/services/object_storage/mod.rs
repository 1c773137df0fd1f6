//! Object Storage: paths begin with `/n`. It words its refusals in codes of its own, checks conditional
//! requests atomically, and knows no retry tokens.
//!
//! The bytes of objects are kept with the cloud, base64 in a hidden attribute, so that they are in its file too.

pub mod bucket;
pub mod listing;
pub mod object;

use serde_json::json;

use crate::cloud::{Cloud, Kind, Resource};
use crate::error::ApiError;
use crate::ocid::{self, Style};
use crate::services::{Call, Reply};

/// Where the content of an object is, hidden and in base64.
pub(crate) const CONTENT: &str = "content";

/// Oracle's client.
pub(crate) const OBJECT_STORAGE: &str = "ObjectStorageClient";

const fn kind(name: &'static str, model: &'static str, terraform: Option<&'static str>) -> Kind {
    Kind {
        name,
        service: "object_storage",
        model,
        terraform,
        style: Style::Regional,
        gone: &[],
        linger_secs: 0,
    }
}

/// Buckets. Their id in the store is `n/<namespace>/b/<name>`, as Terraform has it.
pub static BUCKET: Kind = kind("bucket", "Bucket", Some("oci_objectstorage_bucket"));
/// Objects, the newest version of each: `n/<namespace>/b/<bucket>/o/<name>`.
pub static OBJECT: Kind = kind("object", "ObjectSummary", Some("oci_objectstorage_object"));
/// Older versions, and the marks that deletes leave in buckets with versions.
pub static OBJECT_VERSION: Kind = kind("objectversion", "ObjectVersionSummary", None);

/// The namespace of the tenancy.
#[must_use]
pub fn namespace(cloud: &Cloud) -> String {
    format!("ax{}", ocid::hex(cloud.place().seed, "object storage namespace", 10))
}

fn get_namespace(cloud: &Cloud, _: &Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(json!(namespace(cloud))))
}

fn refuse(status: u16, code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(status, code, message)
}

/// The bucket that the path names: `/n/{namespaceName}/b/{bucketName}…`.
fn find_bucket<'c>(cloud: &'c Cloud, call: &Call) -> Result<&'c Resource, ApiError> {
    require_namespace(cloud, call)?;
    let name = call.param(1);
    cloud.get(&bucket_id(call.param(0), name)).ok_or_else(|| {
        refuse(
            404,
            "BucketNotFound",
            format!("Either the bucket named '{name}' does not exist in the namespace '{}' or you are not authorized to access it", call.param(0)),
        )
    })
}

fn require_namespace(cloud: &Cloud, call: &Call) -> Result<(), ApiError> {
    if call.param(0) == namespace(cloud) {
        return Ok(());
    }
    Err(refuse(
        404,
        "NamespaceNotFound",
        format!("The namespace '{}' does not exist or you are not authorized to access it", call.param(0)),
    ))
}

fn bucket_id(namespace: &str, name: &str) -> String {
    format!("n/{namespace}/b/{name}")
}

/// A fresh etag, or version id, in the form that the service uses.
fn new_tag(cloud: &mut Cloud, what: &str) -> String {
    let number = cloud.next_number(&format!("object_storage.{what}"));
    let hex = ocid::hex(cloud.place().seed, &format!("object storage {what} {number}"), 32);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// What a request demands of the version that is there now.
enum Condition {
    /// Nothing.
    Any,
    /// That there is none.
    Absent,
    /// That it has this etag, or with `*` that there is one.
    Is(String),
}

impl Condition {
    /// What the headers of a write demand.
    fn of_write(call: &Call) -> Result<Self, ApiError> {
        match (call.header("if-match"), call.header("if-none-match")) {
            (Some(_), Some(_)) => {
                Err(refuse(400, "InvalidConditionalHeaders", "Give if-match or if-none-match, not both"))
            }
            (Some(etag), None) => Ok(Self::Is(etag.to_owned())),
            (None, Some("*")) => Ok(Self::Absent),
            (None, Some(_)) => {
                Err(refuse(400, "IfNoneMatchDisallowed", "A write takes if-none-match with the value * only"))
            }
            (None, None) => Ok(Self::Any),
        }
    }

    /// Whether `etag`, that of what is there, will do.
    fn check(&self, etag: Option<&str>) -> Result<(), ApiError> {
        match (self, etag) {
            (Self::Absent, Some(_)) => Err(refuse(
                412,
                "IfNoneMatchFailed",
                "The object exists, and if-none-match asks that it does not",
            )),
            (Self::Is(wanted), etag) if !etag.is_some_and(|etag| wanted == "*" || wanted == etag) => {
                Err(refuse(
                    412,
                    "IfMatchFailed",
                    "The if-match header does not match the current ETag of the object",
                ))
            }
            (Self::Any | Self::Absent | Self::Is(_), _) => Ok(()),
        }
    }
}

/// What a conditional read comes to: an answer without a body, a refusal, or nothing special.
fn read_condition(call: &Call, etag: &str) -> Result<Option<Reply>, ApiError> {
    if call.header("if-match").is_some_and(|wanted| wanted != "*" && wanted != etag) {
        return Err(refuse(412, "IfMatchFailed", "The if-match header does not match the current ETag"));
    }
    match call.header("if-none-match") {
        Some("*") => {
            Err(refuse(400, "IfNoneMatchDisallowed", "A read takes if-none-match with an etag only"))
        }
        Some(known) if known == etag => Ok(Some(Reply::empty().status(304).header("etag", etag))),
        _ => Ok(None),
    }
}

/// With the caller's own id for the request, which this service sends back.
fn echo(call: &Call, reply: Reply) -> Reply {
    match call.header("opc-client-request-id") {
        Some(id) => reply.header("opc-client-request-id", id),
        None => reply,
    }
}
