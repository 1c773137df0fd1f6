//! Every rule of Oracle's documentation about a field is looked at before any request, all problems at once, each with its
//! place. For each type: inputs that are right, and changes of them that are not, with the attribute that is named.
#![expect(clippy::unwrap_used, reason = "a test")]

mod rules_of {
    pub(crate) mod compute;
    pub(crate) mod mysql;
    pub(crate) mod network;
    pub(crate) mod others;
}

use oci_resources::module::{self, ResourceModule};
use reconcile::value::{Value, ValueMap};
use serde_json::{Value as Json, json};

/// A type: its name, inputs that are right, and what is wrong with them after a change. A change is merged into the inputs
/// (`null` takes away); the paths are those that are told, in their order.
struct Rules {
    resource_type: &'static str,
    right: Json,
    wrong: Vec<(Json, &'static [&'static str])>,
}

fn all() -> Vec<Rules> {
    let parts = [
        rules_of::network::rules(),
        rules_of::compute::rules(),
        rules_of::mysql::rules(),
        rules_of::others::rules(),
    ];
    parts.into_iter().flatten().collect()
}

fn module_of(resource_type: &str) -> &'static dyn ResourceModule {
    let mut modules = oci_resources::modules();
    modules.find(|module| *module.resource_type().name == *resource_type).unwrap()
}

/// What the engine says before any request: what the schema finds, and what the module finds.
fn problems(resource_type: &str, inputs: &Json) -> Vec<String> {
    let inputs: Value = serde_json::from_value(inputs.clone()).unwrap();
    let module = module_of(resource_type);
    let schema = module.resource_type().schema;
    let inputs: ValueMap = schema.with_defaults(inputs.as_map().unwrap());
    let found = schema.validate(&inputs).into_iter().chain(module::problems(module, &inputs));
    let mut told: Vec<String> =
        found.map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
    told.sort();
    told
}

fn merge(into: &mut Json, change: &Json) {
    match (into, change) {
        (Json::Object(into), Json::Object(change)) => {
            for (name, value) in change {
                if value.is_null() {
                    into.remove(name);
                } else {
                    merge(into.entry(name).or_insert(Json::Null), value);
                }
            }
        }
        (into, change) => *into = change.clone(),
    }
}

#[test]
fn every_type_is_asked_for_what_is_right() {
    let asked: std::collections::BTreeSet<&str> = all().iter().map(|rules| rules.resource_type).collect();
    let missing: Vec<String> = oci_resources::modules()
        .map(|module| module.resource_type().name.to_string())
        .filter(|name| !asked.contains(&**name))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
    for rules in all() {
        assert_eq!(
            problems(rules.resource_type, &rules.right),
            Vec::<String>::new(),
            "{}",
            rules.resource_type
        );
    }
}

#[test]
fn every_rule_is_looked_at_and_its_attribute_named() {
    let mut wrong = Vec::new();
    for rules in all() {
        for (change, expected) in &rules.wrong {
            let mut inputs = rules.right.clone();
            merge(&mut inputs, change);
            let told = problems(rules.resource_type, &inputs);
            let mut expected: Vec<String> = expected.iter().map(|path| format!("{path}: ")).collect();
            expected.sort();
            let fits = told.len() == expected.len()
                && told.iter().zip(&expected).all(|(told, expected)| told.starts_with(expected));
            if !fits {
                wrong.push(format!("{} {change}: {told:?}", rules.resource_type));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with tags is wrong on every type that has them.
#[test]
fn tags_are_looked_at_on_every_type_that_has_them() {
    let long = "x".repeat(257);
    let key = "k".repeat(101);
    let many: Json =
        (0..8).map(|at| (format!("t{at}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let wrong = [
        ("freeform_tags", many, "freeform_tags: "),
        ("freeform_tags", json!({"a b": "v"}), "freeform_tags["),
        ("freeform_tags", json!({"a.b": "v"}), "freeform_tags["),
        ("freeform_tags", json!({"": "v"}), "freeform_tags["),
        ("freeform_tags", json!({key: "v"}), "freeform_tags["),
        ("freeform_tags", json!({"ü": "v"}), "freeform_tags["),
        ("freeform_tags", json!({"a": long}), "freeform_tags["),
        ("freeform_tags", json!({"oci-moodle-token": "v"}), "freeform_tags["),
        ("defined_tags", json!({"CostCenter": "v"}), "defined_tags["),
        ("defined_tags", json!({"Oracle-Tags.CreatedBy": "me"}), "defined_tags["),
        ("defined_tags", json!({"Ops.CostCenter": "x".repeat(257)}), "defined_tags["),
        ("security_attributes", json!({"Space.Attribute": "v"}), "security_attributes["),
    ];
    let mut looked_at = 0;
    for rules in all() {
        let schema = module_of(rules.resource_type).resource_type().schema;
        for (name, value, expected) in wrong.iter().filter(|(name, ..)| schema.attribute(name).is_some()) {
            let mut inputs = rules.right.clone();
            inputs[*name] = value.clone();
            let told = problems(rules.resource_type, &inputs);
            let fits = told.len() == 1 && told[0].replacen('.', "[", 1).starts_with(expected);
            assert!(fits, "{} {name} {value}: {told:?}", rules.resource_type);
            looked_at += 1;
        }
        if schema.attribute("freeform_tags").is_some() {
            let mut inputs = rules.right.clone();
            inputs["freeform_tags"] = json!({"Team": "a", "team": "b"});
            assert_eq!(problems(rules.resource_type, &inputs).len(), 2, "{}", rules.resource_type);
        }
    }
    assert!(looked_at > 200, "only {looked_at}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let rules = all().into_iter().find(|rules| rules.resource_type == "oci_mysql_mysql_db_system").unwrap();
    let mut inputs = rules.right;
    merge(
        &mut inputs,
        &json!({
            "port": 80, "port_x": 70000, "hostname_label": "-db", "admin_password": "short", "nonsense": 1,
            "nsg_ids": ["a", "b", "c", "d", "e", "f"], "shape_name": null,
            "maintenance": {"window_start_time": "noon"},
        }),
    );
    let told = problems("oci_mysql_mysql_db_system", &inputs);
    let paths: Vec<&str> = told.iter().filter_map(|problem| problem.split(": ").next()).collect();
    assert_eq!(
        paths,
        [
            "admin_password",
            "hostname_label",
            "maintenance.window_start_time",
            "nonsense",
            "nsg_ids",
            "port",
            "port_x",
            "shape_name",
        ]
    );
    assert!(told.iter().all(|problem| !problem.contains("short")), "a password was told: {told:?}");
}
