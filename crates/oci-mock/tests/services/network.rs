//! A network for the services to lie in.

use std::time::Duration;

use oci_mock::Config;
use serde_json::{Value, json};

use crate::support::Caller;

/// A cloud with a VCN and a subnet, both available.
pub(crate) struct Site {
    pub(crate) cloud: Caller,
    pub(crate) vcn: String,
    pub(crate) subnet: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let cloud = Caller::with(config);
        let vcn = cloud.create_vcn("net");
        cloud.mock.advance(Duration::from_secs(5));
        let mut site = Self { cloud, vcn, subnet: String::new() };
        site.subnet = site.subnet("10.0.1.0/24", "data");
        site
    }

    /// Another subnet.
    pub(crate) fn subnet(&self, block: &str, label: &str) -> String {
        let body = json!({
            "compartmentId": self.cloud.tenancy(), "vcnId": self.vcn, "cidrBlock": block, "dnsLabel": label,
        });
        let id = self.created("/20160918/subnets", &body, 200);
        self.cloud.mock.advance(Duration::from_secs(10));
        id
    }

    /// Creates something and returns its id.
    pub(crate) fn created(&self, path: &str, body: &Value, status: u16) -> String {
        let answer = self.cloud.post(path, body);
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
        answer.json().unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = self.cloud.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json().unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.cloud.mock.advance(Duration::from_secs(seconds));
    }

    /// The name of this availability domain, counted from 1.
    pub(crate) fn domain(&self, number: usize) -> String {
        self.cloud.mock.config().place.availability_domains()[number - 1].clone()
    }
}
