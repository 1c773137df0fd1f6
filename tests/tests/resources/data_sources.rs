//! Every data source is read, and tells what it should.

use cross_tests::bench::Bench;
use reconcile::provider::Provider;
use reconcile::value::{Value, ValueMap};
use serde_json::json;

fn values(json: &serde_json::Value) -> ValueMap {
    use oci_resources::attr::ToExpr;
    match json.to_expr() {
        Some(reconcile::value::Expr::Value(value)) => value.as_map().cloned().unwrap(),
        _ => unreachable!("JSON is a value"),
    }
}

async fn read(bench: &Bench, resource_type: &str, inputs: &serde_json::Value) -> ValueMap {
    let inputs = values(inputs);
    let types = bench.driver.data_types();
    let known = types.iter().find(|known| &*known.name == resource_type).unwrap();
    assert_eq!(known.schema.validate(&inputs), [], "{resource_type}");
    bench.driver.read_data(resource_type, inputs).await.unwrap()
}

fn list<'a>(told: &'a ValueMap, name: &str) -> &'a [Value] {
    told.get(name).and_then(Value::as_list).unwrap()
}

fn text(value: &Value, name: &str) -> String {
    value.as_map().unwrap().get(name).and_then(Value::as_str).unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn places_come_sorted() {
    let bench = Bench::new(41).await;
    let tenancy = bench.cloud.tenancy();
    let told = read(&bench, "oci_identity_availability_domains", &json!({"compartment_id": tenancy})).await;
    let domains: Vec<String> =
        list(&told, "availability_domains").iter().map(|domain| text(domain, "name")).collect();
    assert_eq!(domains, bench.cloud.mock.config().place.availability_domains());
    let asked = json!({"compartment_id": tenancy, "availability_domain": domains[0]});
    let told = read(&bench, "oci_identity_fault_domains", &asked).await;
    assert_eq!(list(&told, "fault_domains").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn images_come_newest_first_and_only_those_that_fit() {
    let bench = Bench::new(42).await;
    let tenancy = bench.cloud.tenancy();
    let asked = json!({"compartment_id": tenancy, "operating_system": "Oracle Linux", "shape": "VM.Standard.A1.Flex"});
    let told = read(&bench, "oci_core_images", &asked).await;
    let images = list(&told, "images");
    assert!(images.len() > 1);
    let times: Vec<String> = images.iter().map(|image| text(image, "time_created")).collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "{times:?}");
    assert!(images.iter().all(|image| text(image, "display_name").contains("aarch64")));

    let filtered =
        json!({"compartment_id": tenancy, "filter": [{"name": "id", "values": [text(&images[1], "id")]}]});
    let told = read(&bench, "oci_core_images", &filtered).await;
    assert_eq!(list(&told, "images").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn shapes_versions_and_services_are_told() {
    let bench = Bench::new(43).await;
    let tenancy = bench.cloud.tenancy();
    let told =
        read(&bench, "oci_core_shapes", &json!({"compartment_id": tenancy, "shape": "VM.Standard.A1.Flex"}))
            .await;
    let shapes = list(&told, "shapes");
    assert_eq!(shapes.len(), 3, "one for each availability domain");
    assert_eq!(text(&shapes[0], "name"), "VM.Standard.A1.Flex");
    assert_eq!(shapes[0].as_map().unwrap().get("is_flexible"), Some(&Value::Bool(true)));

    let told = read(&bench, "oci_core_services", &json!({})).await;
    assert_eq!(list(&told, "services").len(), 2);

    let told = read(&bench, "oci_mysql_shapes", &json!({"compartment_id": tenancy, "name": "MySQL.8"})).await;
    assert_eq!(list(&told, "shapes").len(), 1);
    let told = read(&bench, "oci_mysql_mysql_versions", &json!({"compartment_id": tenancy})).await;
    let families = list(&told, "versions");
    assert!(families.iter().any(|family| text(family, "version_family").starts_with("8.4")), "{families:?}");
    let asked = json!({"compartment_id": tenancy, "shape_name": "MySQL.8", "type": ["DEFAULT"]});
    let told = read(&bench, "oci_mysql_mysql_configurations", &asked).await;
    assert!(list(&told, "configurations").iter().all(|one| text(one, "shape_name") == "MySQL.8"));
    assert!(!list(&told, "configurations").is_empty());

    let told = read(&bench, "oci_objectstorage_namespace", &json!({})).await;
    assert!(!told.get("namespace").and_then(Value::as_str).unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_there_already_is_told_by_its_id() {
    let bench = Bench::new(44).await;
    let missing = values(&json!({"vnic_id": "ocid1.vnic.oc1.eu-frankfurt-1.aaaa"}));
    let failure = bench.driver.read_data("oci_core_vnic", missing).await.unwrap_err();
    assert!(failure.message.contains("404"), "{failure:?}");
    let missing = values(&json!({"db_system_id": "ocid1.mysqldbsystem.oc1.eu-frankfurt-1.aaaa"}));
    let failure = bench.driver.read_data("oci_mysql_mysql_db_system", missing).await.unwrap_err();
    assert!(failure.message.contains("404"), "{failure:?}");
}
