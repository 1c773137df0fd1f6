//! Identity.

use oci_resources::identity::dynamic_group::{self, DynamicGroup};
use oci_resources::identity::policy::{self, Policy};
use rand::{RngExt as _, rngs::ChaCha8Rng};
use reconcile::value::Value;
use serde_json::json;

use crate::kit::{Case, PLAIN, asked, change, value};

/// More white space, or none, around signs, and more of it between words. No text here has a sign or a space inside quotes.
fn respell(path: &str, value: &Value, random: &mut ChaCha8Rng) -> Option<Value> {
    if !["matching_rule", "statements"].contains(&path) {
        return None;
    }
    let mut text = String::new();
    for c in value.as_str()?.chars() {
        let spare = ["", " ", "\n", "\t  "][random.random_range(0..4)];
        match c {
            ' ' => text.extend([" ", spare]),
            '{' | '}' | ',' | '=' => text.extend([spare, c.encode_utf8(&mut [0; 4]), spare]),
            other => text.push(other),
        }
    }
    Some(Value::string(text))
}

pub(crate) const DYNAMIC_GROUP: Case = Case {
    resource_type: dynamic_group::TYPE,
    asked: |place| {
        let group = DynamicGroup {
            compartment_id: place.tenancy.as_str().into(),
            name: "moodle-servers".into(),
            description: "The servers of the site".into(),
            matching_rule: "Any {instance.id = 'ocid1.instance.oc1..a', instance.id='ocid1.instance.oc1..b'}"
                .into(),
            ..DynamicGroup::default()
        };
        asked(group.inputs())
    },
    changes: |_| {
        vec![
            change("description", "Servers"),
            change("matching_rule", "instance.id = 'ocid1.instance.oc1..c'"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("name", "moodle-others"),
        ]
    },
    unchanged: &[("compartment_id", "it lies in the tenancy, of which there is one")],
    respell,
    ..PLAIN
};

pub(crate) const POLICY: Case = Case {
    resource_type: policy::TYPE,
    asked: |place| {
        let statements = [
            "allow group admins to read buckets in tenancy",
            "Allow group admins to manage objects in tenancy where all {target.bucket.name = 'moodle', target.object.name=/reports*/}",
        ];
        let policy = Policy {
            compartment_id: place.tenancy.as_str().into(),
            name: "moodle-servers".into(),
            description: "What the servers may do".into(),
            statements: statements.map(str::to_owned).to_vec().into(),
            version_date: "2026-01-31".into(),
            ..Policy::default()
        };
        asked(policy.inputs())
    },
    changes: |place| {
        vec![
            change("description", "Less"),
            change("statements", value(&json!(["allow group admins to read buckets in tenancy"]))),
            change(
                "statements",
                value(&json!([
                    "allow group admins to use buckets in tenancy",
                    "allow group admins to read buckets in tenancy"
                ])),
            ),
            // Their order is one of them: `define` must come first.
            change(
                "statements",
                value(&json!([
                    "allow group admins to read buckets in tenancy",
                    "allow group admins to use buckets in tenancy"
                ])),
            ),
            change("version_date", "2026-02-28"),
            change("freeform_tags", value(&json!({"team": "other"}))),
            change("name", "moodle-others"),
            change("compartment_id", place.compartments[0].as_str()),
        ]
    },
    respell,
    ..PLAIN
};
