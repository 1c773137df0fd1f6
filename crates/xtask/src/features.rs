//! Each service of `oci-client` is behind a feature of its own: here each is compiled alone.

use serde_json::Value;

use crate::process;

/// Checks `oci-client` with no service, and with each service alone; warnings count as errors.
pub(crate) fn check(_: &[String]) -> Result<(), String> {
    let metadata =
        process::output(process::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let services = services(&metadata)?;
    println!("oci-client alone, and with each of {} services alone", services.len());
    for service in std::iter::once("").chain(services.iter().map(String::as_str)) {
        println!("  {}", if service.is_empty() { "no service" } else { service });
        let mut cargo = process::cargo();
        cargo.args([
            "clippy",
            "--quiet",
            "--package",
            "oci-client",
            "--no-default-features",
            "--features",
            service,
        ]);
        process::run(cargo.args(["--", "--deny", "warnings"]))?;
    }
    Ok(())
}

/// What the feature `all-services` switches on.
fn services(metadata: &str) -> Result<Vec<String>, String> {
    let metadata: Value =
        serde_json::from_str(metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata tells no packages")?;
    let client =
        packages.iter().find(|package| package["name"] == "oci-client").ok_or("there is no oci-client")?;
    let services = client["features"]["all-services"].as_array().ok_or("there is no feature all-services")?;
    if services.is_empty() {
        return Err("the feature all-services is empty".to_owned());
    }
    Ok(services.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_what_all_services_switches_on() {
        let metadata = r#"{"packages":[{"name":"other"},{"name":"oci-client","features":{"all-services":["a","b"],"http":[]}}]}"#;
        assert_eq!(services(metadata).unwrap(), ["a", "b"]);
        assert!(services(r#"{"packages":[{"name":"oci-client","features":{"all-services":[]}}]}"#).is_err());
    }

    #[test]
    fn every_table_has_a_feature() {
        let root = test_support::workspace_root();
        let mut tables: Vec<String> = std::fs::read_dir(root.join("schemas/oci-api"))
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
            .collect();
        tables.sort();
        let metadata =
            process::output(process::cargo().args(["metadata", "--no-deps", "--format-version", "1"]));
        assert_eq!(services(&metadata.unwrap()).unwrap(), tables);
    }
}
