//! Every region times every service, compared with the facts in `schemas/` and with what Oracle's Python SDK
//! computes.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]
#![expect(clippy::disallowed_methods, reason = "the SDK wants a home folder on disk")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::DateTime;
use oci_client::endpoint::{Endpoints, SERVICES};
use oci_client::region::Regions;
use serde_json::json;
use support::{python_lines, read_text};
use world::TestWorld;

#[test]
fn every_client_of_the_schemas_has_its_template() {
    let folder = test_support::workspace_root().join("schemas/oci-api");
    let mut from_schemas = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let facts: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for (client, facts_of_client) in facts["clients"].as_object().unwrap() {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            from_schemas.insert((
                text(&facts["service"]),
                client.clone(),
                text(&facts_of_client["endpoint_template"]),
            ));
        }
    }
    let ours: BTreeSet<_> = SERVICES
        .iter()
        .map(|known| (known.service.to_owned(), known.client.to_owned(), known.template.to_owned()))
        .collect();
    assert_eq!(ours, from_schemas);
    assert_eq!(ours.len(), SERVICES.len(), "no client stands twice");
}

/// A setting of the environment, and the regions asked for under it.
struct Scenario {
    env: BTreeMap<&'static str, &'static str>,
    regions_file: Option<&'static str>,
    regions: Vec<String>,
}

const DESCRIBED: &str = r#"{"realmKey": "OC77", "realmDomainComponent": "Described.Example", "regionKey": "XYZ",
    "regionIdentifier": "XX-Described-1"}"#;
const DESCRIBED_IN_FILE: &str = r#"[{"realmKey": "oc78", "realmDomainComponent": "file.example", "regionKey": "xyz",
    "regionIdentifier": "xx-file-1"}, {"realmKey": "OC1", "realmDomainComponent": "wrong.example", "regionKey": "fra",
    "regionIdentifier": "eu-frankfurt-1"}, {"realmKey": "oc79"}]"#;

fn scenarios() -> Vec<Scenario> {
    let built_in = Regions::built_in();
    let known: Vec<String> = built_in.iter().map(|region| region.name().to_owned()).collect();
    assert_eq!(known.len(), 85);
    let keys: Vec<String> = built_in.iter().map(|region| region.key().unwrap().to_owned()).collect();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let odd =
        names(&["xx-nowhere-1", "FRA", "EU-Frankfurt-1", "us-langley-1", "example.com", "sub.Example.com"]);
    let described = names(&["xx-described-1", "xyz", "XYZ", "xx-file-1", "fra", "xx-nowhere-1"]);
    let case = |env: &[(&'static str, &'static str)], regions_file, regions: &[String]| Scenario {
        env: env.iter().copied().collect(),
        regions_file,
        regions: regions.to_vec(),
    };
    const DUAL_STACK: (&str, &str) = ("OCI_DUAL_STACK_ENDPOINT_ENABLED", "true");
    const OF_REALM: (&str, &str) = ("OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED", "true");
    vec![
        case(&[], None, &known),
        case(&[], None, &keys),
        case(&[DUAL_STACK], None, &known),
        case(&[OF_REALM], None, &known),
        case(&[OF_REALM, DUAL_STACK], None, &known),
        case(&[("OCI_DUAL_STACK_ENDPOINT_ENABLED", "1"), (OF_REALM.0, "no")], None, &known[..3]),
        case(&[], None, &odd),
        case(&[("OCI_DEFAULT_REALM", "oraclecloud99.com")], None, &odd),
        case(&[("OCI_REGION_METADATA", DESCRIBED)], None, &described),
        case(&[("OCI_REGION_METADATA", DESCRIBED)], Some(DESCRIBED_IN_FILE), &described),
        case(&[], Some(DESCRIBED_IN_FILE), &described),
        case(&[("OCI_REGION_METADATA", "not json")], Some("not json"), &described),
        case(&[("OCI_REGION_METADATA", r#"{"realmKey": "oc1"}"#)], Some("[]"), &described),
    ]
}

/// What is computed under a scenario, with and without an API version at the end as the SDK has it.
fn ours(scenario: &Scenario, clients: &[(&str, &str)]) -> Vec<(String, String, String, String)> {
    let mut world = TestWorld::new(DateTime::UNIX_EPOCH, 1).with_env("HOME", "/home/test");
    for (name, value) in &scenario.env {
        world = world.with_env(name, value);
    }
    if let Some(file) = scenario.regions_file {
        world = world.with_file("/home/test/.oci/regions-config.json", file);
    }
    let regions = Regions::load(&world);
    let endpoints = Endpoints::from_environment(&world, None).unwrap();
    let mut answers = Vec::new();
    for (service, client) in clients {
        for region in &scenario.regions {
            let endpoints = endpoints.in_region(regions.resolve(region));
            let origin = endpoints.origin(service, client, &[]).unwrap();
            answers.push(((*service).to_owned(), (*client).to_owned(), region.clone(), origin));
        }
    }
    answers
}

#[tokio::test]
async fn every_region_and_service_has_the_endpoint_that_oracles_sdk_computes() {
    let clients: Vec<(&str, &str)> =
        SERVICES.iter().filter(|known| known.regional).map(|known| (known.service, known.client)).collect();
    let home = tempfile::tempdir().unwrap();
    let scenarios = scenarios();
    let lines: Vec<String> = scenarios
        .iter()
        .enumerate()
        .map(|(number, scenario)| {
            let home = home.path().join(number.to_string());
            write_regions_file(&home, scenario.regions_file);
            json!({"env": scenario.env, "home": home, "regions": scenario.regions, "clients": clients,
                "key": read_text("keys/api-2048/key.pem")})
            .to_string()
        })
        .collect();
    let answers = python_lines("endpoints.py", &lines);
    let mut compared = 0;
    for (scenario, answer) in scenarios.iter().zip(answers) {
        let theirs: Vec<(String, String, String, String)> = serde_json::from_str(&answer).unwrap();
        let ours = ours(scenario, &clients);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "under {:?} and {:?}", scenario.env, scenario.regions_file);
            compared += 1;
        }
    }
    assert!(compared > 85 * 19 * 5, "only {compared} endpoints were compared");
}

fn write_regions_file(home: &Path, content: Option<&str>) {
    fs::create_dir_all(home.join(".oci")).unwrap();
    if let Some(content) = content {
        fs::write(home.join(".oci/regions-config.json"), content).unwrap();
    }
}
