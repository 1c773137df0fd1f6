//! A network, and what tests do in it.

use std::time::Duration;

use oci_mock::WireRequest;
use serde_json::{Value, json};

use crate::support::Caller;

/// A VCN with what a test needs in it.
pub(crate) struct Net {
    pub(crate) cloud: Caller,
    pub(crate) vcn: String,
}

pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {value}"))
}

impl Net {
    pub(crate) fn new() -> Self {
        let cloud = Caller::new();
        let vcn = cloud.create_vcn("net");
        cloud.mock.advance(Duration::from_secs(2));
        Self { cloud, vcn }
    }

    pub(crate) fn create(&self, path: &str, mut body: Value) -> Value {
        body["compartmentId"] = json!(self.cloud.tenancy());
        body["vcnId"] = json!(self.vcn);
        let answer = self.cloud.post(&format!("/20160918/{path}"), &body);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        self.cloud.mock.advance(Duration::from_secs(4));
        answer.json().unwrap()
    }

    pub(crate) fn get(&self, path: &str, id: &str) -> Value {
        let answer = self.cloud.get(&format!("/20160918/{path}/{id}"));
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json().unwrap()
    }

    pub(crate) fn put(&self, path: &str, id: &str, body: &Value) -> Value {
        let answer = self.cloud.put(&format!("/20160918/{path}/{id}"), body);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json().unwrap()
    }

    /// Status and code of a delete.
    pub(crate) fn delete(&self, path: &str, id: &str) -> String {
        let answer = self.cloud.delete(&format!("/20160918/{path}/{id}"));
        let code = answer.json().unwrap()["code"].as_str().unwrap_or("-").to_owned();
        format!("{} {code}", answer.status.as_u16())
    }

    pub(crate) fn subnet(&self, cidr: &str, label: &str) -> Value {
        self.create("subnets", json!({"cidrBlock": cidr, "dnsLabel": label}))
    }

    /// Posts to a path and returns status and answer.
    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.cloud.post(&format!("/20160918/{path}"), body);
        (answer.status.as_u16(), answer.json().unwrap())
    }

    /// Posts without a body and returns the status.
    pub(crate) fn act(&self, path: &str) -> u16 {
        let request = WireRequest::new(http::Method::POST, format!("/20160918/{path}"));
        self.cloud.send(&request).status.as_u16()
    }

    /// Lets virtual seconds pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.cloud.mock.advance(Duration::from_secs(seconds));
    }

    /// The names of the availability domains.
    pub(crate) fn domains(&self) -> Vec<String> {
        self.cloud.mock.config().place.availability_domains()
    }

    /// The newest image for a shape.
    pub(crate) fn image(&self, shape: &str) -> String {
        let list = format!(
            "/20160918/images?compartmentId={}&shape={shape}&operatingSystem=Oracle%20Linux&operatingSystemVersion=9",
            self.cloud.tenancy()
        );
        text(&self.cloud.get(&list).json().unwrap()[0], "id").to_owned()
    }

    /// The body of a launch of a small A1 instance in a subnet.
    pub(crate) fn launch_body(&self, subnet: &str) -> Value {
        json!({
            "compartmentId": self.cloud.tenancy(),
            "availabilityDomain": self.domains()[0],
            "shape": "VM.Standard.A1.Flex",
            "shapeConfig": {"ocpus": 2.0, "memoryInGBs": 12.0},
            "sourceDetails": {"sourceType": "image", "imageId": self.image("VM.Standard.A1.Flex")},
            "createVnicDetails": {"subnetId": subnet},
            "displayName": "web",
        })
    }

    /// Launches it, changed as the test wants it, and waits until it runs.
    pub(crate) fn launch(&self, subnet: &str, change: impl FnOnce(&mut Value)) -> Value {
        let mut body = self.launch_body(subnet);
        change(&mut body);
        let (status, instance) = self.post("instances", &body);
        assert_eq!(status, 200, "{instance}");
        self.pass(150);
        self.get("instances", text(&instance, "id"))
    }
}
