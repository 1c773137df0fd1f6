//! A site that is looked at: well, and with a server that died.

use serde_json::Value as Json;

use crate::support::{Ended, Served, Site};

fn document(ended: &Ended) -> Json {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn status_and_verify_find_a_site_well_and_name_the_server_that_died() {
    let (served, cloud) = Served::cloud(2000, 1);
    let site = Site::lean(&cloud);
    site.run(&["status"]).expect(64, "status of what is not there");
    site.apply();
    let changes = served.changes().len();

    let well = document(&site.run(&["status", "--json"]).expect(0, "status"));
    assert_eq!((&well["format"], &well["well"]), (&1.into(), &true.into()));
    assert_eq!(well["servers"][0]["machine"]["seen"]["state"], "RUNNING");
    assert!(site.run(&["status"]).expect(0, "status").stdout.ends_with("All is well.\n"));
    let verified = document(&site.run(&["verify", "--json"]).expect(0, "verify"));
    assert!(verified["findings"].as_array().unwrap().len() > 15, "{verified}");
    assert_eq!(served.changes().len(), changes, "looking has changed something");

    let inventory: Json = serde_json::from_str(&served.get("/_mock/inventory").1).unwrap();
    let id = inventory["oci_core_instance"][0]["id"].as_str().unwrap();
    served.ask("POST", &format!("/_mock/instances/{id}/kill"), "");
    served.ask("POST", "/_mock/clock/advance", "{\"seconds\": 300}");
    let died = document(&site.run(&["status", "--json"]).expect(1, "status"));
    assert_eq!((&died["well"], &died["faults"][0]["layer"]), (&false.into(), &"server".into()), "{died}");
    let text = site.run(&["status"]).expect(1, "status").stdout;
    assert!(text.contains("\n  server: web1: "), "{text}");
    let verified = document(&site.run(&["verify", "--json"]).expect(1, "verify"));
    let codes: Vec<&str> = verified["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert!(codes.contains(&"E0505") && codes.contains(&"E0517"), "{codes:?}");
}
