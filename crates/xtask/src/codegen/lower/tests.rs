//! Tables that are small, and tables that are hostile.

use serde_json::{Value, json};

use super::super::schema::parse_service;
use super::super::{format, models, modules, operations};
use super::*;

/// A table of `models` and `operations`.
fn table(service: &str, models: &Value, operations: &Value) -> Service {
    let json = json!({
        "source": "a test",
        "service": service,
        "clients": {"TestClient": {"api_version": "1", "endpoint_template": "https://test", "operations": operations}},
        "models": models,
    });
    parse_service(&format!("schemas/oci-api/{service}.json"), &json.to_string()).unwrap()
}

fn plan(models: &Value, operations: &Value) -> Plan {
    let plans = lower(&[table("test", models, operations)], &Parameters::default());
    plans.unwrap_or_else(|problems| panic!("{problems:?}")).remove(0)
}

fn problems(models: &Value, operations: &Value) -> Vec<String> {
    let result = lower(&[table("test", models, operations)], &Parameters::default());
    result.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// The generated text as rustfmt accepts it: what is no Rust fails here.
fn formatted(text: &str) -> String {
    format(&test_support::workspace_root(), text).unwrap()
}

#[test]
fn a_model_becomes_a_struct_and_a_sorted_table() {
    let plan = plan(
        &json!({"Thing": {"fields": {
            "sizeInGBs": {"type": "int", "required": true},
            "tags": {"type": "dict(str, dict(str, object))"},
            "parts": {"type": "list[Part]"},
            "made": {"type": "datetime"},
        }}, "Part": {"fields": {"weight": {"type": "float"}, "isNew": {"type": "bool"}}}}),
        &json!({}),
    );
    let text = formatted(&models::write(&plan));
    for line in [
        "pub struct Thing {",
        "    /// `sizeInGBs`, required.\n    pub size_in_gbs: Option<i64>,",
        "Option<std::collections::BTreeMap<String, std::collections::BTreeMap<String, serde_json::Value>>>,",
        "    pub parts: Option<Vec<Part>>,",
        "    pub made: Option<crate::model::Timestamp>,",
        "    pub weight: Option<f64>,",
        "    pub is_new: Option<bool>,",
        "    0 made \"made\",\n    1 parts \"parts\",\n    2 size_in_gbs \"sizeInGBs\",\n    3 tags \"tags\",",
    ] {
        assert!(text.contains(line), "lacks {line:?}:\n{text}");
    }
}

#[test]
fn keywords_and_names_that_fall_together_are_still_rust() {
    let plan = plan(
        &json!({"String": {"fields": {
            "type": {"type": "str"},
            "self": {"type": "str"},
            "fooBar": {"type": "str"},
            "foo-bar": {"type": "str"},
            "rest": {"type": "str"},
            "match": {"type": "str", "enum": ["Self", "self", "OTHER", "1", "", "a\"b", "A_B"]},
        }}, "StringMatch": {"fields": {}}}),
        &json!({"GetString": {
            "method": "GET", "path": "/{type}/x", "path_params": ["type"], "query_params": ["match", "type"],
            "response": "String",
        }}),
    );
    let text = formatted(&models::write(&plan));
    for line in [
        "pub struct StringModel {",
        "pub r#type: Option<String>,",
        "pub self_: Option<String>,",
        "pub foo_bar: Option<String>,",
        "pub foo_bar2: Option<String>,",
        "StringModelMatch {",
        "SelfValue = \"Self\",",
        "SelfValue2 = \"self\",",
        "OtherValue = \"OTHER\",",
        "V1 = \"1\",",
        "Empty = \"\",",
        "AB = \"a\\\"b\",",
        "AB2 = \"A_B\",",
    ] {
        assert!(text.contains(line), "lacks {line:?}:\n{text}");
    }
    let text = formatted(&operations::write(&plan));
    for line in ["pub r#type: String,", "pub r#type2: Option<String>,", "type Output = models::StringModel;"]
    {
        assert!(text.contains(line), "lacks {line:?}:\n{text}");
    }
}

#[test]
fn two_services_may_have_a_model_of_the_same_name() {
    let one = || json!({"WorkRequest": {"fields": {"id": {"type": "str"}}}});
    let tables = [table("one", &one(), &json!({})), table("two", &one(), &json!({}))];
    let plans = lower(&tables, &Parameters::default()).unwrap();
    assert!(plans.iter().all(|plan| plan.models[0].rust == "WorkRequest"));
    let catalog = formatted(&modules::catalog(&plans));
    assert!(
        catalog.contains("super::one::models::WorkRequest")
            && catalog.contains("super::two::models::WorkRequest")
    );
}

#[test]
fn a_union_has_its_kinds_its_shared_fields_and_room_for_others() {
    let plan = plan(
        &json!({
            "Source": {
                "fields": {"kind": {"type": "str"}, "size": {"type": "int"}},
                "discriminator": {"field": "kind", "subtypes": {"OTHER": "OtherKind", "bootVolume": "FromVolume"}},
            },
            "OtherKind": {"extends": "Source", "fields": {"kind": {"type": "str"}, "size": {"type": "int"}}},
            "FromVolume": {"extends": "Source", "fields": {
                "kind": {"type": "str"}, "size": {"type": "int"}, "volumeId": {"type": "str"}}},
        }),
        &json!({}),
    );
    let text = formatted(&models::write(&plan));
    for line in [
        "pub enum Source {",
        "OtherValue(OtherKind),",
        "BootVolume(FromVolume),",
        "Other(OtherSource),",
        "pub fn size(&self) -> Option<&i64> {",
        "FromVolume \"FromVolume\", tag \"kind\" \"bootVolume\";",
        "pub rest: serde_json::Map<String, serde_json::Value>,",
    ] {
        assert!(text.contains(line), "lacks {line:?}:\n{text}");
    }
}

#[test]
fn an_operation_asks_for_what_it_needs_and_pages_over_its_items() {
    let plan = plan(
        &json!({"Item": {"fields": {"state": {"type": "str", "enum": ["UP", "DOWN"]}}},
            "ItemCollection": {"fields": {"items": {"type": "list[Item]"}}}}),
        &json!({"ListItems": {
            "method": "GET", "path": "/items/{boxId}", "path_params": ["boxId"],
            "query_params": ["state", "sortOrder", "page", "limit", "compartmentId"],
            "required_query": ["compartmentId"],
            "param_enums": {"state": ["DOWN", "UP"], "sort_order": ["ASC", "DESC"]},
            "header_params": ["If-Match", "opc-retry-token"],
            "response": "ItemCollection",
        }}),
    );
    let text = formatted(&operations::write(&plan));
    for line in [
        "pub fn new(box_id: impl Into<String>, compartment_id: impl Into<String>) -> Self {",
        "pub state: Option<models::ItemState>,",
        "pub sort_order: Option<crate::model::SortOrder>,",
        "type Item = models::Item;",
        "output.items.unwrap_or_default()",
        "path: \"/1/items/{boxId}\",",
        "takes_retry_token: true,",
        ".header(\"if-match\", &self.if_match)",
    ] {
        assert!(text.contains(line), "lacks {line:?}:\n{text}");
    }
}

#[test]
fn every_mistake_in_a_table_is_told_with_its_file_and_path_in_one_run() {
    let found = problems(
        &json!({
            "A": {"fields": {
                "x": {"type": "text"},
                "y": {"type": "list[Missing]"},
                "z": {"type": "int", "enum": ["1"]},
                "w": {"type": "dict(int, str)"},
            }},
            "Loop": {"fields": {"again": {"type": "Loop"}}},
            "FarLoop": {"fields": {"far": {"type": "FarLoop2"}}},
            "FarLoop2": {"fields": {"near": {"type": "FarLoop"}}},
            "Fine": {"fields": {"more": {"type": "list[Fine]"}}},
            "two words": {"fields": {}},
            "Spaced": {"fields": {"a b": {"type": "str"}, "": {"type": "str"}}},
            "Orphan": {"extends": "A", "fields": {}},
            "Union": {"fields": {}, "discriminator": {"field": "kind", "subtypes": {"a": "Nobody", "b": "Fine"}}},
        }),
        &json!({
            "Get": {"method": "FETCH", "path": "/{id}", "path_params": ["other"], "response": "list[Nothing]",
                "param_enums": {"no_such": ["A"]}, "required_query": ["nor_this"]},
            "ListThings": {"method": "GET", "path": "/things", "query_params": ["page"], "response": "A"},
            "Post": {"method": "POST", "path": "/", "body": "Nothing", "response": "dict(str, str)"},
            "Option": {"method": "GET", "path": "/"},
            "lower": {"method": "GET", "path": "/"},
        }),
    );
    for (path, words) in [
        ("models.A.fields.x.type", "unknown type `text`; known are str, int"),
        ("models.A.fields.y.type", "there is no model `Missing`"),
        ("models.A.fields.z.enum", "an enum of type `int`"),
        ("models.A.fields.w.type", "unknown type `dict(int, str)`"),
        ("models.Loop", "holds itself"),
        ("models.FarLoop", "holds itself"),
        ("models.two words", "cannot name a Rust type"),
        ("models.Spaced.fields.a b", "cannot name a field"),
        ("models.Spaced.fields.", "cannot name a field"),
        ("clients.TestClient.operations.lower", "cannot name a Rust type"),
        ("models.Orphan.extends", "`A` is no model with a discriminator"),
        ("models.Union.discriminator.field", "`kind` is no string among its fields"),
        ("models.Union.discriminator.subtypes.a", "there is no model `Nobody`"),
        ("models.Union.discriminator.subtypes.b", "`Fine` does not extend `Union`"),
        ("clients.TestClient.operations.Get.method", "unknown method `FETCH`"),
        ("clients.TestClient.operations.Get.path", "do not fit"),
        ("clients.TestClient.operations.Get.response", "cannot answer `list[Nothing]`"),
        ("clients.TestClient.operations.Get.param_enums.no_such", "no such query parameter"),
        ("clients.TestClient.operations.Get.required_query", "`nor_this` is no query parameter"),
        ("clients.TestClient.operations.ListThings.response", "no list `items` to page over"),
        ("clients.TestClient.operations.Post.body", "there is no model `Nothing`"),
        ("clients.TestClient.operations.Post.response", "cannot answer `dict(str, str)`"),
        ("clients.TestClient.operations.Option", "needs this name for itself"),
    ] {
        let start = format!("schemas/oci-api/test.json: {path}: ");
        assert!(
            found.iter().any(|line| line.starts_with(&start) && line.contains(words)),
            "nothing says {path}: {words}\n{found:#?}"
        );
    }
    assert!(!found.iter().any(|line| line.contains("models.Fine")), "{found:#?}");
}

#[test]
fn a_table_with_a_key_that_nobody_expects_is_refused_with_its_place() {
    let json = r#"{"source":"s","service":"test","clients":{},"models":{"A":{"fields":{"x":{"type":"str","typo":1}}}}}"#;
    let problem = parse_service("schemas/oci-api/test.json", json).unwrap_err().to_string();
    assert!(
        problem.contains("schemas/oci-api/test.json") && problem.contains("unknown field `typo`"),
        "{problem}"
    );
    let broken = parse_service("schemas/oci-api/test.json", "{").unwrap_err().to_string();
    assert!(broken.contains("line 1 column 1"), "{broken}");
}

#[test]
fn parameters_of_operations_that_do_not_exist_are_reported() {
    let parameters = serde_json::from_value(json!({"parameters": {
        "test": {"Get": {"nope": {"type": "int"}}, "Gone": {}}, "elsewhere": {"Get": {}}}}))
    .unwrap();
    let tables = [table("test", &json!({}), &json!({"Get": {"method": "GET", "path": "/"}}))];
    let found: Vec<String> =
        lower(&tables, &parameters).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found.iter().all(|line| line.starts_with("schemas/oci-parameters.json: parameters.")),
        "{found:#?}"
    );
}
