//! A caller of an in-process mock, for tests.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "test support, of which each test binary uses a part"
)]

use http::Method;
use oci_mock::{Config, Mock, WireRequest, WireResponse};
use serde_json::Value;

/// A mock with signatures off and a clock that the test moves.
pub struct Caller {
    pub mock: Mock,
}

impl Caller {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        Self { mock: Mock::new(config) }
    }

    /// The tenancy's OCID, which is the root compartment's.
    pub fn tenancy(&self) -> String {
        self.mock.config().place.tenancy_id.clone()
    }

    pub fn send(&self, request: &WireRequest) -> WireResponse {
        self.mock.handle(request)
    }

    pub fn get(&self, target: &str) -> WireResponse {
        self.send(&WireRequest::new(Method::GET, target))
    }

    pub fn delete(&self, target: &str) -> WireResponse {
        self.send(&WireRequest::new(Method::DELETE, target))
    }

    pub fn post(&self, target: &str, body: &Value) -> WireResponse {
        self.send(&WireRequest::new(Method::POST, target).json(body))
    }

    pub fn put(&self, target: &str, body: &Value) -> WireResponse {
        self.send(&WireRequest::new(Method::PUT, target).json(body))
    }

    /// Creates a VCN with this display name and returns its OCID.
    pub fn create_vcn(&self, name: &str) -> String {
        let body = serde_json::json!({
            "compartmentId": self.tenancy(), "cidrBlocks": ["10.0.0.0/16"], "displayName": name, "dnsLabel": "net"
        });
        let answer = self.post("/20160918/vcns", &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json().unwrap()["id"].as_str().unwrap().to_owned()
    }
}
