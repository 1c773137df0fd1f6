//! Health of backends, and real requests through a bound listener.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use oci_mock::WireRequest;
use oci_mock::datapath::{Bound, bind};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::network::Site;
use crate::network_load_balancer::{PATH, balancer, checker, details};

/// Lets HTTP into the subnet, from anywhere.
fn open_http(site: &Site) {
    let vcn = site.read(&format!("/20160918/vcns/{}", site.vcn));
    let list = format!("/20160918/securityLists/{}", vcn["defaultSecurityListId"].as_str().unwrap());
    let rule = json!({
        "protocol": "6", "source": "0.0.0.0/0", "tcpOptions": {"destinationPortRange": {"min": 80, "max": 80}},
    });
    let answer = site.cloud.put(&list, &json!({"ingressSecurityRules": [rule]}));
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn close_http(site: &Site) {
    let vcn = site.read(&format!("/20160918/vcns/{}", site.vcn));
    let list = format!("/20160918/securityLists/{}", vcn["defaultSecurityListId"].as_str().unwrap());
    assert_eq!(site.cloud.put(&list, &json!({"ingressSecurityRules": []})).status, 200);
}

/// Launches a server that answers as Moodle does, and needs nothing.
fn moodle_server(site: &Site, name: &str, address: &str) -> String {
    let images =
        format!("/20160918/images?compartmentId={}&shape=VM.Standard.A1.Flex&limit=1", site.cloud.tenancy());
    let image = site.read(&images)[0]["id"].clone();
    let body = json!({
        "compartmentId": site.cloud.tenancy(), "availabilityDomain": site.domain(1), "displayName": name,
        "shape": "VM.Standard.A1.Flex", "shapeConfig": {"ocpus": 1.0, "memoryInGBs": 6.0},
        "sourceDetails": {"sourceType": "image", "imageId": image},
        "createVnicDetails": {"subnetId": site.subnet, "privateIp": address},
        "metadata": {"user_data": STANDARD.encode("#!/bin/sh\n# oci-mock: serves=moodle:80\n")},
    });
    site.created("/20160918/instances", &body, 200)
}

/// A site of two servers behind a load balancer whose health check expects this status.
fn two_servers(return_code: u16) -> (Site, String, [String; 2]) {
    let site = Site::new();
    open_http(&site);
    let servers =
        [("one", "10.0.1.31"), ("two", "10.0.1.32")].map(|(name, at)| moodle_server(&site, name, at));
    let mut body = details(&site);
    body["backendSets"]["web"]["healthChecker"] = checker(return_code);
    body["backendSets"]["web"]["backends"] = json!([
        {"name": "one", "ipAddress": "10.0.1.31", "port": 80}, {"name": "two", "targetId": servers[1], "port": 80},
    ]);
    let id = balancer(&site, &body);
    (site, id, servers)
}

fn health(site: &Site, id: &str, backend: &str) -> (String, String) {
    let health = site.read(&format!("{PATH}/{id}/backendSets/web/backends/{backend}/health"));
    let result = health["healthCheckResults"][0]["healthCheckStatus"].as_str().unwrap_or_default();
    (health["status"].as_str().unwrap().to_owned(), result.to_owned())
}

fn pair(status: &str, result: &str) -> (String, String) {
    (status.to_owned(), result.to_owned())
}

#[test]
fn a_backend_is_healthy_once_its_checks_have_succeeded_long_enough() {
    let (site, id, servers) = two_servers(303);
    assert_ne!(health(&site, &id, "one").0, "OK", "the server is still starting");
    // RUNNING after about 140 s, services a minute later; a minute has passed already.
    site.pass(200);
    assert_eq!(health(&site, &id, "one"), pair("OK", "OK"));
    let whole = site.read(&format!("{PATH}/{id}/health"));
    assert_eq!((&whole["status"], &whole["totalBackendSetCount"]), (&json!("OK"), &json!(1)));
    let status = site.read(&format!("{PATH}/{id}/backendSets/web/backends/one/operationalStatus"));
    assert_eq!(status["status"], "ACTIVE");

    let kill = WireRequest::new(Method::POST, format!("/_mock/instances/{}/kill", servers[0]));
    assert_eq!(site.cloud.send(&kill).status, 200);
    assert_eq!(health(&site, &id, "one").0, "OK", "one check is not enough to go down");
    site.pass(20);
    assert_eq!(health(&site, &id, "one").0, "OK");
    site.pass(10);
    assert_eq!(health(&site, &id, "one"), pair("CRITICAL", "TIMED_OUT"));
    let set = site.read(&format!("{PATH}/{id}/backendSets/web/health"));
    assert_eq!((&set["status"], &set["criticalStateBackendNames"]), (&json!("WARNING"), &json!(["one"])));
    let balancers = site.read(&format!("{PATH}/health?compartmentId={}", site.cloud.tenancy()));
    assert_eq!(balancers["items"][0]["networkLoadBalancerId"], json!(id));
}

#[test]
fn a_check_that_expects_200_finds_moodles_303_wrong() {
    let (site, id, _) = two_servers(200);
    site.pass(300);
    assert_eq!(health(&site, &id, "one"), pair("CRITICAL", "INVALID_STATUS_CODE"));
    assert_eq!(site.read(&format!("{PATH}/{id}/health"))["status"], "CRITICAL");
    let changed =
        site.cloud.put(&format!("{PATH}/{id}/backendSets/web/healthChecker"), &json!({"returnCode": 303}));
    assert_eq!(changed.status, 202);
    site.pass(25 + 29);
    assert_eq!(health(&site, &id, "one").0, "CRITICAL");
    site.pass(1);
    assert_eq!(health(&site, &id, "one"), pair("OK", "OK"));
}

#[test]
fn a_missing_rule_shows_in_the_health_and_the_control_interface_names_it() {
    let (site, id, _) = two_servers(303);
    site.pass(300);
    assert_eq!(health(&site, &id, "one").0, "OK");
    close_http(&site);
    site.pass(30);
    assert_eq!(health(&site, &id, "one"), pair("CRITICAL", "TIMED_OUT"));
    let lines = site.read(&format!("/_mock/network-load-balancers/{id}/health"));
    let why = lines[0]["why"].as_str().unwrap();
    assert!(why.to_lowercase().contains("ingress"), "{why}");
    open_http(&site);
    site.pass(30);
    assert_eq!(health(&site, &id, "one").0, "OK");
}

struct Browser {
    runtime: Runtime,
    bound: Bound,
}

impl Browser {
    fn new(site: &Site, id: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let bound = runtime.block_on(bind(&site.cloud.mock, id, "http")).unwrap();
        Self { runtime, bound }
    }

    fn send(&self, request: &str) -> String {
        raw(self.bound.address(), request.as_bytes())
    }

    /// The status, and the name of the server that answered; nothing when the connection is closed.
    fn visit(&self, path: &str) -> Option<(u16, String, String)> {
        let answer =
            self.send(&format!("GET {path} HTTP/1.1\r\nHost: moodle.test\r\nConnection: close\r\n\r\n"));
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let header = |name: &str| {
            let line = answer.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        Some((status, header("x-served-by:"), header("location:")))
    }

    fn visited(&self, times: usize) -> BTreeSet<String> {
        (0..times).filter_map(|_| self.visit("/")).map(|(_, server, _)| server).collect()
    }
}

fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // The other side may close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn requests_reach_the_servers_and_follow_their_health() {
    let (site, id, servers) = two_servers(303);
    let browser = Browser::new(&site, &id);
    assert_eq!(browser.visit("/"), None, "nobody is healthy yet");
    site.pass(300);
    let (status, _, location) = browser.visit("/").unwrap();
    assert_eq!((status, location.as_str()), (303, "http://moodle.test/login/index.php"));
    assert_eq!(browser.visit("/login/index.php").unwrap().0, 200);
    let both = BTreeSet::from(["one".to_owned(), "two".to_owned()]);
    assert_eq!(browser.visited(40), both);

    let kill = WireRequest::new(Method::POST, format!("/_mock/instances/{}/kill", servers[0]));
    assert_eq!(site.cloud.send(&kill).status, 200);
    site.pass(30);
    assert_eq!(browser.visited(20), BTreeSet::from(["two".to_owned()]), "the traffic moves");
    let drain =
        site.cloud.put(&format!("{PATH}/{id}/backendSets/web/backends/two"), &json!({"isDrain": true}));
    assert_eq!(drain.status, 202);
    site.pass(35);
    assert_eq!(browser.visit("/"), None, "the last one is drained");
    assert_eq!(site.cloud.delete(&format!("{PATH}/{id}")).status, 202);
    site.pass(60);
    assert_eq!(browser.visit("/"), None, "and now the load balancer is gone");
    let Browser { runtime, bound } = browser;
    let address = bound.address();
    runtime.block_on(bound.stop());
    assert!(TcpStream::connect(address).is_err(), "the port is closed");
}

#[test]
fn hostile_requests_get_an_error_or_nothing_and_others_go_on() {
    let (site, id, _) = two_servers(303);
    site.pass(300);
    let browser = Browser::new(&site, &id);
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let flood = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "x: y\r\n".repeat(5000));
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n",
        "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\0\u{1}\u{2}\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        &long,
        &flood,
    ] {
        let answer = browser.send(&request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
        let status = answer.split(' ').nth(1).unwrap_or("4");
        assert!(status.starts_with('4'), "{:?}: {answer:?}", &request[..request.len().min(40)]);
        assert!(!answer.contains("<script>"));
    }
    let idle: Vec<TcpStream> =
        (0..50).map(|_| TcpStream::connect(browser.bound.address()).unwrap()).collect();
    assert_eq!(browser.visit("/").unwrap().0, 303);
    drop(idle);
}

#[test]
fn weights_backups_and_failing_open_decide_who_gets_connections() {
    let (site, id, _) = two_servers(303);
    site.pass(300);
    let browser = Browser::new(&site, &id);
    let change = |path: &str, body: Value| {
        let answer = site.cloud.put(&format!("{PATH}/{id}/backendSets/web{path}"), &body);
        assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
        // Done, and counted by the health checks.
        site.pass(70);
    };
    change("/backends/one", json!({"weight": 100}));
    let ones = (0..60).filter(|_| browser.visit("/").unwrap().1 == "one").count();
    assert!(ones >= 50, "{ones} of 60, of which about 59 are due");
    change("/backends/one", json!({"isBackup": true}));
    assert_eq!(browser.visited(10), BTreeSet::from(["two".to_owned()]));
    change("/backends/two", json!({"isOffline": true}));
    assert_eq!(browser.visited(10), BTreeSet::from(["one".to_owned()]), "the backup takes over");
    change("/healthChecker", json!({"returnCode": 200}));
    assert_eq!(browser.visit("/"), None, "nobody is healthy");
    change("", json!({"isFailOpen": true}));
    assert_eq!(browser.visited(10), BTreeSet::from(["one".to_owned()]), "better than nobody");
}
