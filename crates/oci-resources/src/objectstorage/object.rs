//! Object: bytes under a name in a bucket.
//!
//! What is in it is compared by what was asked for, and kept in no state if it is marked as secret. It is
//! replaced as a whole, in place. It carries no tags.
//! API: Object Storage, `PutObject`, `HeadObject`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::services::object_storage::operations::{DeleteObject, HeadObject};
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::schema;
use crate::tags::StackTags;

use super::parts::{self, ObjectId};

/// Terraform's name of the type.
pub const TYPE: &str = "oci_objectstorage_object";

/// Bytes under a name in a bucket.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Object {
    /// The tenancy's namespace; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub namespace: Attr<String>,
    /// The bucket; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub bucket: Attr<String>,
    /// Its name; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true), length(min = 1, max = 1024))]
    pub object: Attr<String>,
    /// What is in it, as text.
    #[schemars(extend("x-write-only" = true))]
    pub content: Attr<String>,
    /// The media type; `application/octet-stream` when left out.
    pub content_type: Attr<String>,
    /// The language.
    pub content_language: Attr<String>,
    /// The encoding.
    pub content_encoding: Attr<String>,
    /// How browsers save it.
    pub content_disposition: Attr<String>,
    /// How long it may be kept by others.
    pub cache_control: Attr<String>,
    /// Metadata.
    pub metadata: Attr<BTreeMap<String, String>>,
    /// What this schema does not know: headers, by their names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Object {
    namespace,
    bucket,
    object,
    content,
    content_type,
    content_language,
    content_encoding,
    content_disposition,
    cache_control,
    metadata,
    raw,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// `n/{namespace}/b/{bucket}/o/{object}`.
    id: String,
    /// How many bytes it has.
    #[schemars(extend("x-volatile" = true))]
    content_length: String,
    /// The MD5 digest of its bytes, in base64.
    #[schemars(extend("x-volatile" = true))]
    content_md5: String,
    /// Its version.
    #[schemars(extend("x-volatile" = true))]
    etag: String,
    /// Its version, where the bucket keeps older ones.
    #[schemars(extend("x-volatile" = true))]
    version_id: String,
    /// When it was last written.
    #[schemars(extend("x-volatile" = true))]
    last_modified: String,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Object, Told>);

/// It has no states.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &[],
    failed: &[],
    gone: &[],
    expect: Duration::from_secs(1),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_objectstorage_object`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        LIFECYCLE.resource_type(TYPE, &SCHEMA)
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "object_storage",
            create: None,
            update: None,
            renames: &[],
            left_out: &[],
            elsewhere: &[
                ("namespace", "the path of the request"),
                ("bucket", "the path of the request"),
                ("object", "the path of the request"),
                ("content", "the body of the request"),
                ("content_type", "a header of the request"),
                ("content_language", "a header of the request"),
                ("content_encoding", "a header of the request"),
                ("content_disposition", "a header of the request"),
                ("cache_control", "a header of the request"),
                ("metadata", "headers `opc-meta-…` of the request"),
            ],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        parts::check_raw(inputs, &mut problems);
        problems
    }

    /// Writing it is the same whether it is there or not.
    fn create(&self, inputs: &ValueMap, _tags: &StackTags) -> Result<Call, Failure> {
        parts::put(inputs)
    }

    fn read(&self, id: &str) -> Look<Seen> {
        let id = ObjectId::parse(id);
        let head = HeadObject::new(&*id.namespace, &*id.bucket, &*id.object);
        Look::one(Call::new(head), move |answer| parts::seen_object(&SCHEMA, &id, &answer))
    }

    /// A list tells neither media type nor metadata, so each is read by itself.
    fn list(&self, _: &Scope) -> Option<Look<Vec<Seen>>> {
        None
    }

    fn update(&self, _: &str, change: &Change<'_>, _tags: &StackTags) -> Result<Vec<Call>, Failure> {
        Ok(vec![parts::put(change.inputs)?])
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        let id = ObjectId::parse(id);
        vec![Call::new(DeleteObject::new(&*id.namespace, &*id.bucket, &*id.object))]
    }

    fn key(&self, inputs: &ValueMap) -> Option<String> {
        Some(parts::object_id(inputs)?.to_string())
    }

    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let id = parts::object_id(inputs)?;
        let head = HeadObject::new(&*id.namespace, &*id.bucket, &*id.object);
        Some(Look::one(Call::new(head).or_missing(), move |answer| {
            (!answer.is_missing).then(|| parts::seen_object(&SCHEMA, &id, &answer)).into_iter().collect()
        }))
    }
}
