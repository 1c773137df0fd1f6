//! Facts and secrets of a cloud that does not exist, and examples as texts.

use std::collections::BTreeMap;

use moodle_stack::config::Config;
use moodle_stack::config::secret::derive;
use moodle_stack::server::SECRET_KEYS;
use moodle_stack::stack::{Facts, Secrets, graph};
use reconcile::graph::{Graph, Node};

/// The least that a file must say.
pub(crate) const LEAST: &str = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n";

pub(crate) fn facts() -> Facts {
    Facts {
        compartment_id: "ocid1.compartment.oc1..a".to_owned(),
        tenancy_id: Some("ocid1.tenancy.oc1..a".to_owned()),
        region: Some("eu-frankfurt-1".to_owned()),
        availability_domains: [1, 2, 3].map(|n| format!("abcd:EU-FRANKFURT-1-AD-{n}")).into(),
        namespace: "axexample".to_owned(),
        services_id: "ocid1.service.oc1.eu-frankfurt-1.a".to_owned(),
        services_label: "all-fra-services-in-oracle-services-network".to_owned(),
        image_id: Some("ocid1.image.oc1.eu-frankfurt-1.a".to_owned()),
        dns_labels: BTreeMap::new(),
    }
}

pub(crate) fn secrets() -> Secrets {
    SECRET_KEYS.iter().map(|key| (*key, derive(&[7; 32], key, 0))).collect()
}

/// The graph of a file that adds `more` to the least.
pub(crate) fn of(more: &str) -> Graph {
    let config = Config::parse(&format!("{LEAST}{more}")).expect("the file is right");
    graph(&config, &facts(), &secrets()).expect("the stack can be described")
}

/// What is different between two graphs, by address.
pub(crate) fn changed(before: &Graph, after: &Graph) -> Vec<String> {
    let differs = |node: &&Node| before.node(&node.address) != Some(*node);
    let new = after.nodes().iter().filter(differs).map(|node| node.address.to_string());
    let gone = before.nodes().iter().filter(|node| after.node(&node.address).is_none());
    let mut all: Vec<String> = new.chain(gone.map(|node| format!("-{}", node.address))).collect();
    all.sort();
    all
}
