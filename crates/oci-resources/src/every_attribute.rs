//! Every attribute of every type goes into a request, wherever it stands: into that of a creation, and, where the schema says
//! that it changes in place, into that of an update. So does what is given raw.
//!
//! Inputs are made from the schema, with a value of its own at every leaf, and looked for in what would be sent.

use std::collections::BTreeMap;

use oci_client::request::Body;
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::value::{Value, ValueMap};
use serde_json::{Value as Json, json};

use crate::call::Call;
use crate::module::{Change, Part, ResourceModule, Seen, Whole};
use crate::names;
use crate::tags::StackTags;
use crate::wire;

/// Enums are tried word by word, since the word may decide what else goes with it; none of ours has more words.
const WORDS_MAX: usize = 14;

/// What goes into no creation, and why.
const NOT_CREATED: &[(&str, &[&str], &str)] = &[
    (
        "oci_core_instance",
        &[
            "source_details.is_preserve_boot_volume_enabled",
            "time_maintenance_reboot_due",
            "update_operation_constraint",
        ],
        "about updates",
    ),
    ("oci_core_instance", &["preserve_data_volumes_created_at_launch"], "of the deletion"),
    ("oci_core_instance", &["placement"], "stands for other attributes"),
    ("oci_network_load_balancer_backend", &["drain_seconds"], "of the deletion"),
    (
        "oci_network_load_balancer_network_load_balancer",
        &["reserved_ipv6id"],
        "Oracle takes it in updates only",
    ),
    ("oci_core_service_gateway", &["block_traffic"], "said by an update once it is there"),
    ("oci_mysql_mysql_backup", &["compartment_id"], "moved by an update once it is there"),
    (
        "oci_file_storage_mount_target",
        &["requested_throughput"],
        "other than 1: said by an update once it is there",
    ),
    ("oci_file_storage_export_set", &["mount_target_id"], "where it is looked for"),
    ("oci_core_default_dhcp_options", &["compartment_id"], "it is there already, and moved by an update"),
    ("oci_core_default_route_table", &["compartment_id"], "it is there already, and moved by an update"),
    ("oci_core_default_security_list", &["compartment_id"], "it is there already, and moved by an update"),
];

/// What the schema lets change in place, although no request says it, and why.
const NOT_UPDATED: &[(&str, &[&str], &str)] = &[
    (
        "oci_core_instance",
        &["preserve_boot_volume", "preserve_data_volumes_created_at_launch", "update_operation_constraint"],
        "how a later request is made",
    ),
    ("oci_core_instance", &["placement"], "stands for other attributes"),
    (
        "oci_core_instance",
        &["source_details.is_preserve_boot_volume_enabled"],
        "a change of the source makes a new one",
    ),
    ("oci_network_load_balancer_backend", &["drain_seconds"], "how it is deleted"),
];

/// One way to fill a schema in: the word that enums have, and what texts must be instead of a text of their own.
#[derive(Default)]
struct Sample {
    word: usize,
    forms: BTreeMap<String, Form>,
    /// Each leaf by its path, without indices.
    leaves: BTreeMap<String, Json>,
}

#[derive(Clone, Copy)]
enum Form {
    Number,
    Time,
    Flag,
    Map,
}

impl Sample {
    fn object(&mut self, schema: &Schema, path: &str) -> ValueMap {
        let settable = schema
            .attributes()
            .filter(|(name, attribute)| !(attribute.read_only || path.is_empty() && &***name == wire::RAW));
        settable
            .map(|(name, attribute)| (name.clone(), self.value(attribute, &names::join(path, name))))
            .collect()
    }

    fn value(&mut self, attribute: &Attribute, path: &str) -> Value {
        let last = path.rsplit('.').next().unwrap_or_default();
        match &attribute.kind {
            Kind::Object(schema) => Value::Map(self.object(schema, path)),
            Kind::List(item) => Value::list([self.value(item, path)]),
            Kind::Map(item) => {
                let key = match last {
                    "variables" => "max_connections",
                    "security_attributes" => "Space.Attribute.value",
                    "defined_tags" => "Space.Key",
                    _ => "key",
                };
                Value::map([(key, self.value(item, path))])
            }
            kind => {
                let leaf = self.leaf(kind, attribute.bounds.one_of.as_deref(), path);
                self.leaves.insert(path.to_owned(), leaf.clone());
                let value = match self.forms.get(path) {
                    Some(Form::Map) => Value::map([("inner", wire::from_json(&leaf))]),
                    _ => wire::from_json(&leaf),
                };
                if attribute.sensitive { Value::sensitive(value) } else { value }
            }
        }
    }

    fn leaf(&self, kind: &Kind, words: Option<&[Value]>, path: &str) -> Json {
        if let Some(words) = words {
            return wire::to_json(&words[self.word % words.len()]);
        }
        let number = 1_000_000 + path.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 899_999);
        match (kind, self.forms.get(path)) {
            (Kind::Bool, _) => json!(true),
            (Kind::Integer, _) => json!(number),
            (Kind::Number, _) => json!(number as f64 + 0.5),
            (_, Some(Form::Number)) => json!(number.to_string()),
            (_, Some(Form::Time)) => {
                json!(format!("2031-01-31T03:{:02}:{:02}Z", number % 60, number / 60 % 60))
            }
            (_, Some(Form::Flag)) => json!("true"),
            _ => json!(format!("x-{path}")),
        }
    }
}

/// Makes calls, with texts in the form that the wire asks for: that is told, field by field, by what it refuses.
fn calls(
    sample: &mut Sample,
    schema: &Schema,
    make: impl Fn(&ValueMap) -> Result<Vec<Call>, reconcile::provider::Failure>,
) -> Vec<Call> {
    for _ in 0..100 {
        sample.leaves.clear();
        let mut inputs = sample.object(schema, "");
        // Of a type that takes something over, this is what was found there.
        inputs.insert("id", "taken-over".into());
        match make(&inputs) {
            Ok(calls) => return calls,
            Err(failure) => {
                let path = failure.message.split('`').nth(1).unwrap_or_else(|| panic!("{failure:?}"));
                let path = path
                    .strip_suffix(".key")
                    .or_else(|| path.strip_suffix(".max_connections"))
                    .unwrap_or(path);
                let form = match &failure.message {
                    message if message.contains("number") => Form::Number,
                    message if message.contains("a time") => Form::Time,
                    message if message.contains("a map") => Form::Map,
                    _ => Form::Flag,
                };
                let before = sample.forms.insert(path.to_owned(), form);
                assert!(before.is_none(), "{failure:?}");
            }
        }
    }
    panic!("the inputs never fit")
}

/// What the calls would send, as text, and each leaf of their bodies with its name.
fn sent(calls: &[Call]) -> (String, Vec<(String, Json)>) {
    let (mut text, mut leaves) = (String::new(), Vec::new());
    for request in calls.iter().filter_map(Call::request) {
        text.push_str(&format!("{} {:?}\n", request.target, request.headers));
        if let Body::Bytes(bytes) = &request.body {
            text.push_str(&String::from_utf8_lossy(bytes));
            collect("", &serde_json::from_slice(bytes).unwrap_or_default(), &mut leaves);
        }
    }
    (text, leaves)
}

fn collect(name: &str, json: &Json, leaves: &mut Vec<(String, Json)>) {
    match json {
        Json::Object(map) => map.iter().for_each(|(name, value)| collect(name, value, leaves)),
        Json::Array(items) => items.iter().for_each(|item| collect(name, item, leaves)),
        leaf => leaves.push((name.to_ascii_lowercase(), leaf.clone())),
    }
}

/// Whether a leaf of the inputs is in what is sent. A word or a flag is not one of a kind, so its name counts too.
fn is_in(path: &str, leaf: &Json, (text, leaves): &(String, Vec<(String, Json)>)) -> bool {
    let name = path.rsplit('.').next().unwrap_or_default().replace('_', "");
    let printed = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
    let is_one_of_a_kind =
        printed.starts_with("x-") || printed.starts_with("2031-") || printed.parse::<f64>().is_ok();
    let is_same = |found: &Json| {
        found == leaf
            || found.as_f64().is_some_and(|found| Some(found) == printed.parse().ok())
            || found.as_bool().is_some_and(|found| printed == if found { "true" } else { "false" })
    };
    if is_one_of_a_kind {
        return text.contains(&printed) || leaves.iter().any(|(_, found)| is_same(found));
    }
    leaves.iter().any(|(found_name, found)| {
        let is_name = found_name.ends_with(&name) || (name == "attachmenttype" && found_name == "type");
        is_name && is_same(found)
    })
}

fn tags() -> StackTags {
    StackTags::new("lineage", &reconcile::Address::new("oci_core_vcn", "main").unwrap(), "token")
}

fn excused(table: &[(&str, &'static [&'static str], &str)], resource_type: &str) -> Vec<String> {
    let rows = table.iter().filter(|(name, ..)| *name == resource_type);
    let mut paths: Vec<String> =
        rows.flat_map(|(_, paths, _)| paths.iter().map(|path| (*path).to_owned())).collect();
    paths.sort();
    paths
}

/// The first names of paths that are inside something excused as a whole.
fn outermost(paths: Vec<String>, excused: &[String]) -> Vec<String> {
    let mut outermost: Vec<String> = paths
        .into_iter()
        .map(|path| {
            let inside = excused.iter().find(|whole| path.starts_with(&format!("{whole}.")));
            inside.cloned().unwrap_or(path)
        })
        .collect();
    outermost.sort();
    outermost.dedup();
    outermost
}

#[test]
fn every_attribute_goes_into_the_request_of_a_creation() {
    let mut wrong = Vec::new();
    for module in crate::modules() {
        let resource_type = module.resource_type();
        let (mut missing, mut found) = (BTreeMap::new(), Vec::new());
        let mut sample = Sample::default();
        for word in 0..WORDS_MAX {
            sample.word = word;
            let all =
                calls(&mut sample, &resource_type.schema, |inputs| Ok(vec![module.create(inputs, &tags())?]));
            let sent = sent(&all);
            for (path, leaf) in &sample.leaves {
                if is_in(path, leaf, &sent) {
                    found.push(path.clone())
                } else {
                    missing.insert(path.clone(), leaf.clone());
                }
            }
        }
        missing.retain(|path, _| !found.contains(path));
        let excused = excused(NOT_CREATED, &resource_type.name);
        let missing = outermost(missing.into_keys().collect(), &excused);
        if missing != excused {
            wrong.push(format!("{}: {missing:?}", resource_type.name));
        }
    }
    assert!(wrong.is_empty(), "in no request: {}", wrong.join("\n"));
}

fn current() -> Seen {
    Seen {
        body: json!({"vnic": {"id": "ocid1.vnic"}}),
        attributes: ValueMap::from([("boot_volume_id", Value::from("ocid1.bootvolume"))]),
        ..Seen::default()
    }
}

/// Whether a change of the leaf makes a new object.
fn forces_new(schema: &Schema, path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(attribute) = schema.attribute(first) else { return false };
    let mut kind = &attribute.kind;
    while let Kind::List(item) | Kind::Map(item) = kind {
        kind = &item.kind;
    }
    attribute.force_new
        || match (kind, rest) {
            (Kind::Object(inner), Some(rest)) => forces_new(inner, rest),
            _ => false,
        }
}

fn missing_in_update(module: &dyn ResourceModule, schema: &Schema) -> Vec<String> {
    let (mut missing, mut found) = (Vec::new(), Vec::new());
    let mut sample = Sample::default();
    for word in 0..WORDS_MAX {
        sample.word = word;
        let changeable = schema.attributes().filter(|(name, attribute)| {
            !attribute.read_only && !attribute.force_new && &***name != wire::RAW
        });
        for (name, _) in changeable {
            let current = current();
            let attributes = [name.clone()];
            let all = calls(&mut sample, schema, |inputs| {
                module.update(
                    "ocid1.it",
                    &Change { current: &current, inputs, attributes: &attributes },
                    &tags(),
                )
            });
            let sent = sent(&all);
            let inside = |path: &str| path == &**name || path.starts_with(&format!("{name}."));
            for (path, leaf) in
                sample.leaves.iter().filter(|(path, _)| inside(path) && !forces_new(schema, path))
            {
                if is_in(path, leaf, &sent) { found.push(path.clone()) } else { missing.push(path.clone()) }
            }
        }
    }
    missing.retain(|path| !found.contains(path));
    missing
}

#[test]
fn every_attribute_that_changes_in_place_goes_into_the_request_of_an_update() {
    let mut wrong = Vec::new();
    for module in crate::modules() {
        let resource_type = module.resource_type();
        let excused = excused(NOT_UPDATED, &resource_type.name);
        let missing = outermost(missing_in_update(module, &resource_type.schema), &excused);
        if missing != excused {
            wrong.push(format!("{}: {missing:?}", resource_type.name));
        }
    }
    assert!(wrong.is_empty(), "in no request: {}", wrong.join("\n"));
}

#[test]
fn what_is_given_raw_goes_into_the_requests_of_every_type() {
    for module in crate::modules() {
        let resource_type = module.resource_type();
        let name = resource_type.name.clone();
        let raw = |inputs: &ValueMap| {
            let mut inputs = inputs.clone();
            inputs.insert(wire::RAW, Value::map([("x-new", Value::from("x-raw"))]));
            inputs
        };
        let mut sample = Sample::default();
        let made = calls(&mut sample, &resource_type.schema, |inputs| {
            Ok(vec![module.create(&raw(inputs), &tags())?])
        });
        assert!(sent(&made).0.contains("x-raw"), "{name} is created without it");
        // Of an attachment nothing changes in place.
        if &*name == "oci_core_volume_attachment" {
            continue;
        }
        let (current, attributes) = (current(), [std::sync::Arc::from(wire::RAW)]);
        let changed = calls(&mut sample, &resource_type.schema, |inputs| {
            let inputs = raw(inputs);
            module.update(
                "ocid1.it",
                &Change { current: &current, inputs: &inputs, attributes: &attributes },
                &tags(),
            )
        });
        assert!(sent(&changed).0.contains("x-raw"), "{name} is updated without it");
        if let (Some(together), Some(id)) =
            (module.together(), module.key(&sample.object(&resource_type.schema, "")))
        {
            let inputs = raw(&sample.object(&resource_type.schema, ""));
            let part = Part {
                operation: reconcile::record::Operation::Create,
                id: id.clone(),
                inputs,
                retry_token: "t".into(),
            };
            let turn = together.next(&together.whole(&id), &Whole::default(), &[part]).unwrap().unwrap();
            assert!(sent(&[turn.call]).0.contains("x-raw"), "{name} goes together without it");
        }
    }
}
