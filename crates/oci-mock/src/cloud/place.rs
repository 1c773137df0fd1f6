//! Where a cloud is and whose it is: region, availability domains, tenancy, user.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ocid::{self, Style};

/// The regions of Oracle, for their short keys.
const REGIONS: &str = include_str!("../../../../schemas/oci-regions.json");

/// Regions with three availability domains; the others have one. (Oracle's documentation, 2026-11.)
const THREE_DOMAINS: [&str; 4] = ["us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1", "uk-london-1"];

/// The tag namespace of the rules that every tenancy has.
const DEFAULT_NAMESPACE: &str = "Oracle-Tags";

/// The fixed facts of one cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Everything random follows from this.
    pub seed: u64,
    /// The region's id: `eu-frankfurt-1` …
    pub region: String,
    /// The region in which the tenancy was made, and where alone identity can be changed.
    pub home_region: String,
    /// The tenancy's OCID, which is also its root compartment's.
    pub tenancy_id: String,
    /// The user whose key is generated with the credentials.
    pub user_id: String,
    /// How that user is named in `Oracle-Tags.CreatedBy`.
    pub user_name: String,
    /// Four letters in front of the availability domains, different in each tenancy.
    pub domain_prefix: String,
    /// Whether the tenancy's tag rules add `Oracle-Tags` to everything.
    pub default_tags: bool,
    /// Compartments that exist from the beginning besides the tenancy: name by OCID.
    pub compartments: BTreeMap<String, String>,
}

impl Place {
    /// A tenancy in `region`, its names and OCIDs made from the seed.
    #[must_use]
    pub fn new(seed: u64, region: &str) -> Self {
        let letters = ocid::hex(seed, "domain prefix", 4);
        let domain_prefix = letters.bytes().map(|byte| char::from(b'a' + byte % 26)).collect();
        Self {
            seed,
            region: region.to_owned(),
            home_region: region.to_owned(),
            tenancy_id: ocid::ocid(Style::Global, "tenancy", region, seed, 1),
            user_id: ocid::ocid(Style::Global, "user", region, seed, 1),
            user_name: "admin@example.com".to_owned(),
            domain_prefix,
            default_tags: true,
            compartments: BTreeMap::new(),
        }
    }

    /// Names of the availability domains: `unja:EU-FRANKFURT-1-AD-1` …
    #[must_use]
    pub fn availability_domains(&self) -> Vec<String> {
        let count = if THREE_DOMAINS.contains(&self.region.as_str()) { 3 } else { 1 };
        // Phoenix and Ashburn write their short keys.
        let region = match self.region.as_str() {
            "us-phoenix-1" => "PHX".to_owned(),
            "us-ashburn-1" => "US-ASHBURN".to_owned(),
            region => region.to_uppercase(),
        };
        (1..=count).map(|number| format!("{}:{region}-AD-{number}", self.domain_prefix)).collect()
    }

    /// The fault domains of each availability domain.
    pub const FAULT_DOMAINS: [&'static str; 3] = ["FAULT-DOMAIN-1", "FAULT-DOMAIN-2", "FAULT-DOMAIN-3"];

    /// The region's short key in lower case, `fra`; the id itself for a region that is not in Oracle's list.
    #[must_use]
    pub fn region_key(&self) -> String {
        #[derive(Deserialize)]
        struct Region {
            key: String,
            id: String,
        }
        let file: serde_json::Value = serde_json::from_str(REGIONS).expect("the embedded list is valid");
        let regions =
            file.as_array().or_else(|| file.get("regions")?.as_array()).cloned().unwrap_or_default();
        let mut known = regions.into_iter().filter_map(|value| serde_json::from_value::<Region>(value).ok());
        known
            .find(|region| region.id == self.region)
            .map_or_else(|| self.region.clone(), |r| r.key.to_lowercase())
    }

    /// Adds the tags that the tenancy's tag rules give to everything, to each resource of an answer: an object,
    /// a list, or a collection. They follow from the resource and are not kept with it: in 10,000 resources
    /// they would be a quarter of the memory.
    pub(crate) fn add_default_tags(&self, answer: &mut Value) {
        if !self.default_tags {
            return;
        }
        match answer {
            Value::Array(items) => items.iter_mut().for_each(|item| self.tag(item)),
            Value::Object(fields) if fields.contains_key("items") => {
                let items = fields.get_mut("items").and_then(Value::as_array_mut);
                items.into_iter().flatten().for_each(|item| self.tag(item));
            }
            single => self.tag(single),
        }
    }

    fn tag(&self, resource: &mut Value) {
        let Some(created_on) = resource.get("timeCreated").cloned() else { return };
        if let Some(Value::Object(tags)) = resource.get_mut("definedTags") {
            let own = json!({"CreatedBy": self.user_name, "CreatedOn": created_on});
            tags.insert(DEFAULT_NAMESPACE.to_owned(), own);
        }
    }

    /// Takes them out again, where a caller sends back what it read.
    pub(crate) fn remove_default_tags(&self, body: &mut Map<String, Value>) {
        if let Some(Value::Object(tags)) = body.get_mut("definedTags").filter(|_| self.default_tags) {
            tags.remove(DEFAULT_NAMESPACE);
        }
    }

    /// The region as `Instance.region` has it: short for the two oldest regions.
    #[must_use]
    pub fn region_segment(&self) -> &str {
        match self.region.as_str() {
            "us-phoenix-1" => "phx",
            "us-ashburn-1" => "iad",
            region => region,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frankfurt_has_three_domains_with_the_tenancys_prefix() {
        let place = Place::new(7, "eu-frankfurt-1");
        let domains = place.availability_domains();
        assert_eq!(domains.len(), 3);
        assert_eq!(domains[0], format!("{}:EU-FRANKFURT-1-AD-1", place.domain_prefix));
        assert_eq!(place.region_key(), "fra");
        assert_eq!(Place::new(7, "eu-zurich-1").availability_domains().len(), 1);
    }
}
