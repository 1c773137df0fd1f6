//! Bucket: a place for objects, unique by its name in the tenancy's namespace.
//!
//! It has no lifecycle, and cannot be deleted before it is empty. It holds data. A list shows little of a
//! bucket, so each is read by itself.
//! API: Object Storage, `Bucket`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::object_storage::models;
use oci_client::services::object_storage::operations::{CreateBucket, DeleteBucket, GetBucket, UpdateBucket};
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
use crate::names::Renames;
use crate::schema;
use crate::tags::StackTags;
use crate::values::text;
use crate::wire;

use super::parts::BucketId;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_objectstorage_bucket";

/// A place for objects, unique by its name in the tenancy's namespace.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Bucket {
    /// The compartment. Moving to another one happens in place.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// The tenancy's namespace; see the data source `oci_objectstorage_namespace`.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub namespace: Attr<String>,
    /// Its name: letters, digits, dashes, underscores and dots; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub name: Attr<String>,
    /// Who may read without signing; nobody when left out.
    #[schemars(extend("enum" = ["NoPublicAccess", "ObjectRead", "ObjectReadWithoutList"]))]
    pub access_type: Attr<String>,
    /// The tier; a change makes a new one.
    #[schemars(extend("x-force-new" = true, "enum" = ["Standard", "Archive"]))]
    pub storage_tier: Attr<String>,
    /// Whether older versions are kept.
    #[schemars(extend("enum" = ["Enabled", "Disabled", "Suspended"]))]
    pub versioning: Attr<String>,
    /// Whether changes are told as events.
    pub object_events_enabled: Attr<bool>,
    /// Whether what is rarely read moves to a cheaper tier.
    #[schemars(extend("enum" = ["Disabled", "InfrequentAccess"]))]
    pub auto_tiering: Attr<String>,
    /// How far its name is unique.
    #[schemars(extend("x-force-new" = true, "enum" = ["NAMESPACE", "REGION"]))]
    pub bucket_scope: Attr<String>,
    /// The key that objects are encrypted with.
    pub kms_key_id: Attr<String>,
    /// Whether a key of the bucket stands between.
    pub is_bucket_key_enabled: Attr<bool>,
    /// Metadata.
    pub metadata: Attr<BTreeMap<String, String>>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(Bucket {
    compartment_id,
    namespace,
    name,
    access_type,
    storage_tier,
    versioning,
    object_events_enabled,
    auto_tiering,
    bucket_scope,
    kms_key_id,
    is_bucket_key_enabled,
    metadata,
    freeform_tags,
    defined_tags,
    raw,
});

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// `n/{namespace}/b/{name}`.
    id: String,
    /// The OCID.
    bucket_id: String,
    /// Who made it.
    created_by: String,
    /// Its version.
    #[schemars(extend("x-volatile" = true))]
    etag: String,
    /// Whether it is the target of a replication.
    #[schemars(extend("x-volatile" = true))]
    is_read_only: bool,
    /// Whether it is replicated.
    #[schemars(extend("x-volatile" = true))]
    replication_enabled: bool,
    /// About how many objects it has.
    #[schemars(extend("x-volatile" = true))]
    approximate_count: String,
    /// About how many bytes they have.
    #[schemars(extend("x-volatile" = true))]
    approximate_size: String,
    /// When it was made.
    time_created: String,
}

/// The id of the bucket `name` in `namespace`, for who has no address of it.
#[must_use]
pub fn id_of_name(namespace: &str, name: &str) -> String {
    BucketId { namespace: namespace.to_owned(), name: name.to_owned() }.to_string()
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<Bucket, Told>);

/// Terraform's names that Oracle spells otherwise.
const RENAMES: Renames = &[("access_type", "publicAccessType"), ("bucket_id", "ocid")];

/// It has no states.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &[],
    failed: &[],
    gone: &[],
    expect: Duration::from_secs(1),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_objectstorage_bucket`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        ResourceType { holds_data: true, ..LIFECYCLE.resource_type(TYPE, &SCHEMA) }
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "object_storage",
            create: Some(models::CreateBucketDetails::default().facts()),
            update: Some(models::UpdateBucketDetails::default().facts()),
            renames: RENAMES,
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        super::parts::check_bucket_name(inputs, &mut problems);
        problems
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        let namespace = text(inputs, "namespace").unwrap_or_default();
        let create = CreateBucket::new(namespace, wire::creation(inputs, tags, RENAMES)?);
        Ok(Call::with_raw(create, wire::raw(inputs)))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        let id = BucketId::parse(id);
        Look::one(Call::new(GetBucket::new(&*id.namespace, &*id.name)), |answer| seen(answer.body))
    }

    fn list(&self, _: &Scope) -> Option<Look<Vec<Seen>>> {
        None
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        let id = BucketId::parse(id);
        let details = wire::update(change, tags, &[], RENAMES)?;
        // It states what shall be, although its method is POST.
        let call = |details| {
            let update = UpdateBucket::new(&*id.namespace, &*id.name, details);
            Call::with_raw(update, wire::changed_raw(change)).safe_to_repeat()
        };
        Ok(details.map(call).into_iter().collect())
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        let id = BucketId::parse(id);
        vec![Call::new(DeleteBucket::new(&*id.namespace, &*id.name))]
    }

    fn key(&self, inputs: &ValueMap) -> Option<String> {
        Some(id_of(inputs)?.to_string())
    }

    fn find(&self, inputs: &ValueMap) -> Option<Look<Vec<Seen>>> {
        let id = id_of(inputs)?;
        let get = GetBucket::new(&*id.namespace, &*id.name);
        Some(Look::one(Call::new(get).or_missing(), |answer| {
            (!answer.is_missing).then(|| seen(answer.body)).into_iter().collect()
        }))
    }
}

fn id_of(inputs: &ValueMap) -> Option<BucketId> {
    Some(BucketId { namespace: text(inputs, "namespace")?, name: text(inputs, "name")? })
}

fn seen(body: Json) -> Seen {
    let mut body = body;
    let part = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let id = BucketId { namespace: part("namespace"), name: part("name") };
    body["ocid"] = body["id"].clone();
    body["id"] = Json::String(id.to_string());
    Seen::new(&SCHEMA, body, RENAMES)
}
