//! Object Storage.

use oci_resources::attr::Output;
use oci_resources::objectstorage::bucket::{self, Bucket};
use oci_resources::objectstorage::object::{self, Object};
use reconcile::Address;
use reconcile::graph::GraphBuilder;
use reconcile::value::{Expr, Value};
use serde_json::json;

use crate::kit::{CANARY, Case, PLAIN, Place, asked, change, value};

fn add_buckets(place: &Place, builder: &mut GraphBuilder) {
    for name in ["around", "other"] {
        let bucket = Bucket {
            compartment_id: place.tenancy.as_str().into(),
            namespace: place.namespace.as_str().into(),
            name: name.into(),
            ..Bucket::default()
        };
        builder.add(bucket.inputs().at(Address::new(bucket::TYPE, name).unwrap()));
    }
}

fn name_of(bucket: &str) -> Output<String> {
    Output::new(Address::new(bucket::TYPE, bucket).unwrap(), "name")
}

pub(crate) const BUCKET: Case = Case {
    resource_type: bucket::TYPE,
    asked: |place| {
        let bucket = Bucket {
            compartment_id: place.tenancy.as_str().into(),
            namespace: place.namespace.as_str().into(),
            name: "moodle-reports".into(),
            access_type: "NoPublicAccess".into(),
            versioning: "Disabled".into(),
            ..Bucket::default()
        };
        asked(bucket.inputs())
    },
    changes: |place| {
        vec![
            change("kms_key_id", "ocid1.key.oc1..a"),
            change("is_bucket_key_enabled", true),
            change("bucket_scope", "REGION"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("metadata", value(&json!({"a": "b"}))),
            change("access_type", "ObjectRead"),
            change("object_events_enabled", true),
            change("versioning", "Enabled"),
            change("versioning", "Suspended"),
            change("auto_tiering", "InfrequentAccess"),
            change("compartment_id", place.compartments[0].as_str()),
            change("versioning", "Enabled"),
            change("name", "moodle-others"),
            change("storage_tier", "Archive"),
        ]
    },
    unchanged: &[("namespace", "a tenancy has one")],
    one_way: &["versioning"],
    ..PLAIN
};

fn secret(text: &str) -> Expr {
    Expr::Sensitive(Box::new(Value::string(text).into()))
}

pub(crate) const OBJECT: Case = Case {
    resource_type: object::TYPE,
    around: add_buckets,
    asked: |place| {
        let object = Object {
            namespace: place.namespace.as_str().into(),
            bucket: name_of("around").into(),
            object: "secrets/db.txt".into(),
            content: oci_resources::attr::Attr::Expr(secret(CANARY)),
            content_type: "text/plain".into(),
            ..Object::default()
        };
        asked(object.inputs())
    },
    changes: |_| {
        vec![
            change("content", secret(&format!("{CANARY}-2"))),
            change("content_type", "application/json"),
            change("content_language", "en"),
            change("content_encoding", "identity"),
            change("content_disposition", "inline"),
            change("cache_control", "no-store"),
            change("metadata", value(&json!({"a": "b"}))),
            change("object", "secrets/other.txt"),
            change("bucket", name_of("other").reference().clone()),
        ]
    },
    unchanged: &[("namespace", "a tenancy has one")],
    untold: &["content"],
    ..PLAIN
};
