//! What gets through: tables of rules and routes, and the servers that depend on them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oci_mock::network::{
    self, Asker, Protocol, Reachability, ServerAnswer, VnicRequest, attach_vnic, reachability, readiness,
    server_answer,
};
use serde_json::{Value, json};

use crate::net::{Net, text};

/// Two subnets with a VNIC each, a group on each VNIC, and a security list of their own for each subnet.
struct Pair {
    net: Net,
    web: Side,
    data: Side,
}

struct Side {
    subnet: String,
    list: String,
    group: String,
    vnic: String,
    table: String,
}

impl Pair {
    fn new() -> Self {
        let net = Net::new();
        let web = Self::side(&net, "10.0.1.0/24", "web", "10.0.1.10");
        let data = Self::side(&net, "10.0.2.0/24", "data", "10.0.2.10");
        Self { net, web, data }
    }

    fn side(net: &Net, cidr: &str, label: &str, address: &str) -> Side {
        let id = |value: Value| text(&value, "id").to_owned();
        let list = id(net.create(
            "securityLists",
            json!({"displayName": label, "ingressSecurityRules": [], "egressSecurityRules": []}),
        ));
        let table = id(net.create("routeTables", json!({"routeRules": []})));
        let group = id(net.create("networkSecurityGroups", json!({"displayName": label})));
        let subnet = id(net.create(
            "subnets",
            json!({"cidrBlock": cidr, "dnsLabel": label, "securityListIds": [list], "routeTableId": table}),
        ));
        let tenancy = net.cloud.tenancy();
        let vnic = net.cloud.mock.with_cloud_mut(|cloud| {
            let groups = [group.clone()];
            let request = VnicRequest {
                private_ip: Some(address),
                hostname_label: Some("host"),
                nsg_ids: &groups,
                ..VnicRequest::new(&subnet, &tenancy, "ocid1.instance.oc1.eu-frankfurt-1.nobody")
            };
            attach_vnic(cloud, &request).unwrap().vnic_id
        });
        Side { subnet, list, group, vnic, table }
    }

    fn rules(&self, side: &Side, ingress: &Value, egress: &Value) {
        let body = json!({"ingressSecurityRules": ingress, "egressSecurityRules": egress});
        self.net.put("securityLists", &side.list, &body);
    }

    fn add_group_rule(&self, side: &Side, rule: &Value) {
        let path = format!("networkSecurityGroups/{}/actions/addSecurityRules", side.group);
        let (status, answer) = self.net.post(&path, &json!({"securityRules": [rule]}));
        assert_eq!(status, 200, "{answer}");
    }

    fn ask(&self, from: &str, to: &str, protocol: Protocol, port: Option<u16>) -> Reachability {
        self.net.cloud.mock.with_cloud(|cloud| reachability(cloud, from, to, protocol, port))
    }

    /// From the web VNIC to the data VNIC.
    fn web_to_data(&self, protocol: Protocol, port: u16) -> Reachability {
        self.ask(&self.web.vnic, &self.data.vnic, protocol, Some(port))
    }
}

fn tcp(source: &str, min: u16, max: u16) -> Value {
    json!({"protocol": "6", "source": source, "tcpOptions": {"destinationPortRange": {"min": min, "max": max}}})
}

fn all_out() -> Value {
    json!([{"protocol": "all", "destination": "0.0.0.0/0"}])
}

#[test]
fn ingress_rules_of_a_list_let_in_what_they_name_and_nothing_else() {
    let pair = Pair::new();
    let udp = json!({"protocol": "17", "source": "10.0.1.0/24", "udpOptions": {"destinationPortRange": {"min": 111, "max": 111}}});
    let from_port = json!({"protocol": "6", "source": "10.0.1.0/24", "tcpOptions": {"sourcePortRange": {"min": 1, "max": 100}}});
    let wide_source = json!({"protocol": "6", "source": "10.0.1.0/24", "tcpOptions": {"sourcePortRange": {"min": 1024, "max": 65535}}});
    let ping = json!({"protocol": "1", "source": "10.0.1.0/24", "icmpOptions": {"type": 8}});
    let unreachable =
        json!({"protocol": "1", "source": "10.0.1.0/24", "icmpOptions": {"type": 3, "code": 4}});
    let two = json!([tcp("10.0.9.0/24", 3306, 3306), tcp("10.0.1.10/32", 3306, 3306)]);
    let any = json!({"protocol": "all", "source": "10.0.0.0/16"});
    let every_tcp = json!({"protocol": "6", "source": "10.0.0.0/16"});
    for (ingress, protocol, port, expected) in [
        (json!([]), Protocol::Tcp, 3306, false),
        (json!([tcp("10.0.1.0/24", 3306, 3306)]), Protocol::Tcp, 3306, true),
        (json!([tcp("10.0.1.0/24", 3306, 3306)]), Protocol::Tcp, 33060, false),
        (json!([tcp("10.0.1.0/24", 3306, 3306)]), Protocol::Udp, 3306, false),
        (json!([tcp("10.0.3.0/24", 3306, 3306)]), Protocol::Tcp, 3306, false),
        (json!([tcp("0.0.0.0/0", 3306, 3306)]), Protocol::Tcp, 3306, true),
        (json!([tcp("10.0.1.0/24", 2048, 2050)]), Protocol::Tcp, 2048, true),
        (json!([tcp("10.0.1.0/24", 2048, 2050)]), Protocol::Tcp, 2050, true),
        (json!([tcp("10.0.1.0/24", 2048, 2050)]), Protocol::Tcp, 2051, false),
        (json!([tcp("10.0.1.0/24", 2048, 2050)]), Protocol::Tcp, 2047, false),
        (two, Protocol::Tcp, 3306, true),
        (json!([udp]), Protocol::Udp, 111, true),
        (json!([udp]), Protocol::Tcp, 111, false),
        (json!([from_port]), Protocol::Tcp, 3306, false),
        (json!([wide_source]), Protocol::Tcp, 3306, true),
        (json!([ping]), Protocol::Icmp, 8, true),
        (json!([ping]), Protocol::Icmp, 3, false),
        (json!([unreachable]), Protocol::Icmp, 8, false),
        (json!([any]), Protocol::Other(50), 0, true),
        (json!([every_tcp]), Protocol::Tcp, 65535, true),
        (json!([every_tcp]), Protocol::Other(50), 0, false),
    ] {
        pair.rules(&pair.web, &json!([]), &all_out());
        pair.rules(&pair.data, &ingress, &json!([]));
        let found = pair.web_to_data(protocol, port);
        assert_eq!(found.allowed, expected, "{protocol} {port} by {ingress}: {}", found.why);
    }
}

#[test]
fn egress_counts_at_the_source_and_a_refusal_names_the_missing_rule() {
    let pair = Pair::new();
    pair.rules(&pair.data, &json!([tcp("10.0.1.0/24", 3306, 3306)]), &json!([]));
    let egress = |destination: &str, port: u16| json!([{"protocol": "6", "destination": destination, "tcpOptions": {"destinationPortRange": {"min": port, "max": port}}}]);
    for (egress, expected) in [
        (json!([]), false),
        (egress("10.0.2.0/24", 3306), true),
        (egress("10.0.2.0/24", 3307), false),
        (egress("10.0.3.0/24", 3306), false),
        (all_out(), true),
    ] {
        pair.rules(&pair.web, &json!([]), &egress);
        let found = pair.web_to_data(Protocol::Tcp, 3306);
        assert_eq!(found.allowed, expected, "{egress}: {}", found.why);
    }
    pair.rules(&pair.web, &json!([]), &json!([]));
    let why = pair.web_to_data(Protocol::Tcp, 3306).why;
    for word in [
        "blocked at the source",
        "no egress rule",
        "10.0.2.0/24",
        "destination port 3306",
        &pair.web.list,
        &pair.web.group,
    ] {
        assert!(why.contains(word), "{why:?} does not say {word:?}");
    }
    pair.rules(&pair.web, &json!([]), &all_out());
    let why = pair.web_to_data(Protocol::Tcp, 3306).why;
    for word in
        ["egress rule 0", "\"web\"", "ingress rule 0", "\"data\"", "TCP to port 3306", &pair.data.list]
    {
        assert!(why.contains(word), "{why:?} does not say {word:?}");
    }
}

#[test]
fn a_stateless_rule_needs_another_one_for_the_answer() {
    let pair = Pair::new();
    let ingress = |stateless: bool| {
        let mut rule = tcp("10.0.1.0/24", 3306, 3306);
        rule["isStateless"] = json!(stateless);
        rule
    };
    let answer_out = json!({"protocol": "6", "destination": "10.0.1.0/24", "isStateless": true,
                            "tcpOptions": {"sourcePortRange": {"min": 3306, "max": 3306}}});
    let narrow_out = json!({"protocol": "6", "destination": "10.0.1.0/24",
                            "tcpOptions": {"destinationPortRange": {"min": 3306, "max": 3306}}});
    pair.rules(&pair.web, &json!([]), &all_out());
    for (what, ingress, egress, expected) in [
        ("stateful alone", json!([ingress(false)]), json!([]), true),
        ("stateless alone", json!([ingress(true)]), json!([]), false),
        ("stateless with the way back", json!([ingress(true)]), json!([answer_out]), true),
        ("stateless with a rule for other ports", json!([ingress(true)]), json!([narrow_out]), false),
        ("stateless takes precedence", json!([ingress(false), ingress(true)]), json!([]), false),
        ("stateless, everything out", json!([ingress(true)]), all_out(), true),
    ] {
        pair.rules(&pair.data, &ingress, &egress);
        let found = pair.web_to_data(Protocol::Tcp, 3306);
        assert_eq!(found.allowed, expected, "{what}: {}", found.why);
    }
    // The same at the client's end.
    pair.rules(&pair.data, &json!([tcp("10.0.1.0/24", 3306, 3306)]), &json!([]));
    let out = json!([{"protocol": "6", "destination": "10.0.2.0/24", "isStateless": true,
                      "tcpOptions": {"destinationPortRange": {"min": 3306, "max": 3306}}}]);
    pair.rules(&pair.web, &json!([]), &out);
    let found = pair.web_to_data(Protocol::Tcp, 3306);
    assert!(!found.allowed && found.why.contains("stateless"), "{}", found.why);
    let back = json!([{"protocol": "6", "source": "10.0.2.0/24", "isStateless": true,
                       "tcpOptions": {"sourcePortRange": {"min": 3306, "max": 3306}}}]);
    pair.rules(&pair.web, &back, &out);
    assert!(pair.web_to_data(Protocol::Tcp, 3306).allowed);
}

#[test]
fn groups_add_to_the_lists_and_may_name_each_other() {
    let pair = Pair::new();
    assert!(!pair.web_to_data(Protocol::Tcp, 3306).allowed);
    let options = json!({"destinationPortRange": {"min": 3306, "max": 3306}});
    pair.add_group_rule(
        &pair.web,
        &json!({
            "direction": "EGRESS", "protocol": "6", "destination": pair.data.group,
            "destinationType": "NETWORK_SECURITY_GROUP", "tcpOptions": options,
        }),
    );
    let half = pair.web_to_data(Protocol::Tcp, 3306);
    assert!(!half.allowed && half.why.contains("destination"), "{}", half.why);
    pair.add_group_rule(
        &pair.data,
        &json!({
            "direction": "INGRESS", "protocol": "6", "source": pair.web.group,
            "sourceType": "NETWORK_SECURITY_GROUP", "tcpOptions": options,
        }),
    );
    let whole = pair.web_to_data(Protocol::Tcp, 3306);
    assert!(whole.allowed && whole.why.contains("network security group"), "{}", whole.why);
    assert!(!pair.web_to_data(Protocol::Tcp, 3307).allowed);
    pair.net.put("vnics", &pair.web.vnic, &json!({"nsgIds": []}));
    assert!(!pair.web_to_data(Protocol::Tcp, 3306).allowed, "a VNIC outside of the group is nobody");
}

#[test]
fn ends_are_found_by_address_and_by_name() {
    let pair = Pair::new();
    pair.rules(&pair.web, &json!([]), &all_out());
    pair.rules(&pair.data, &json!([tcp("10.0.1.0/24", 3306, 3306)]), &json!([]));
    for (from, to, expected) in [
        (pair.web.vnic.as_str(), "10.0.2.10", true),
        ("10.0.1.10", "10.0.2.10", true),
        (pair.web.vnic.as_str(), "host.data.net.oraclevcn.com", true),
        (pair.web.vnic.as_str(), "other.data.net.oraclevcn.com", false),
        (pair.web.vnic.as_str(), "10.0.2.11", false),
        (pair.web.vnic.as_str(), "ocid1.instance.oc1.eu-frankfurt-1.missing", false),
        ("internet", "internet", false),
    ] {
        let found = pair.ask(from, to, Protocol::Tcp, Some(3306));
        assert_eq!(found.allowed, expected, "{from} to {to}: {}", found.why);
    }
    let control = format!("/_mock/reachability?from={}&to=10.0.2.10&protocol=tcp&port=3306", pair.web.vnic);
    assert_eq!(pair.net.cloud.get(&control).json().unwrap()["allowed"], true);
}

#[test]
fn the_way_out_needs_a_route_and_a_gateway_that_takes_it() {
    let pair = Pair::new();
    let net = &pair.net;
    pair.rules(&pair.web, &json!([]), &all_out());
    let out = || pair.ask(&pair.web.vnic, "internet", Protocol::Tcp, Some(443));
    let route = |target: &Value, kind: &str, destination: &str| {
        let rule =
            json!({"destination": destination, "destinationType": kind, "networkEntityId": target["id"]});
        net.put("routeTables", &pair.web.table, &json!({"routeRules": [rule]}));
    };
    assert!(out().why.contains("has no rule for the internet"), "{}", out().why);
    let igw = net.create("internetGateways", json!({"isEnabled": true}));
    route(&igw, "CIDR_BLOCK", "0.0.0.0/0");
    assert!(!out().allowed && out().why.contains("no public IP"), "{}", out().why);
    let nat = net.create("natGateways", json!({}));
    route(&nat, "CIDR_BLOCK", "0.0.0.0/0");
    assert!(out().allowed && out().why.contains("NAT gateway"), "{}", out().why);
    net.put("natGateways", text(&nat, "id"), &json!({"blockTraffic": true}));
    assert!(!out().allowed && out().why.contains("blocks traffic"), "{}", out().why);

    let services = net.cloud.get("/20160918/services").json().unwrap();
    let sgw = net.create("serviceGateways", json!({"services": [{"serviceId": services[0]["id"]}]}));
    let label = text(&services[0], "cidrBlock");
    route(&sgw, "SERVICE_CIDR_BLOCK", label);
    let to_services = || pair.ask(&pair.web.vnic, "oracle-services", Protocol::Tcp, Some(443));
    assert!(to_services().allowed, "{}", to_services().why);
    assert!(pair.ask(&pair.web.vnic, "oci-fra-objectstorage", Protocol::Tcp, Some(443)).allowed);
    assert!(!out().allowed, "a service gateway leads to services only");
    let to_label = json!([{"protocol": "6", "destination": label, "destinationType": "SERVICE_CIDR_BLOCK"}]);
    pair.rules(&pair.web, &json!([]), &to_label);
    assert!(to_services().allowed, "{}", to_services().why);
    net.put("serviceGateways", text(&sgw, "id"), &json!({"blockTraffic": true}));
    assert!(!to_services().allowed);
}

#[test]
fn the_way_in_needs_an_address_a_gateway_a_route_back_and_a_rule_for_anyone() {
    let pair = Pair::new();
    let net = &pair.net;
    let into = || pair.ask("internet", &pair.web.vnic, Protocol::Tcp, Some(443));
    pair.rules(&pair.web, &json!([tcp("0.0.0.0/0", 443, 443)]), &json!([]));
    assert!(into().why.contains("no public IP"), "{}", into().why);
    let ips = net.cloud.get(&format!("/20160918/privateIps?vnicId={}", pair.web.vnic)).json().unwrap();
    let tenancy = net.cloud.tenancy();
    let (status, public) = net.post(
        "publicIps",
        &json!({"compartmentId": tenancy, "lifetime": "EPHEMERAL", "privateIpId": ips[0]["id"]}),
    );
    assert_eq!(status, 200, "{public}");
    assert!(into().why.contains("no internet gateway"), "{}", into().why);
    let igw = net.create("internetGateways", json!({"isEnabled": true}));
    assert!(into().why.contains("has no rule for the answers"), "{}", into().why);
    let rule = json!([{"destination": "0.0.0.0/0", "networkEntityId": igw["id"]}]);
    net.put("routeTables", &pair.web.table, &json!({"routeRules": rule}));
    assert!(into().allowed, "{}", into().why);
    for (source, expected) in [("198.51.100.0/24", false), ("0.0.0.0/1", false), ("0.0.0.0/0", true)] {
        pair.rules(&pair.web, &json!([tcp(source, 443, 443)]), &json!([]));
        assert_eq!(into().allowed, expected, "{source}: {}", into().why);
    }
    let halves = json!([tcp("0.0.0.0/1", 443, 443), tcp("128.0.0.0/1", 443, 443)]);
    pair.rules(&pair.web, &halves, &json!([]));
    assert!(into().allowed, "two halves are everyone: {}", into().why);
    pair.rules(&pair.web, &json!([tcp("198.51.100.0/24", 443, 443)]), &json!([]));
    assert!(pair.ask("198.51.100.7", text(&public, "ipAddress"), Protocol::Tcp, Some(443)).allowed);
    net.put("internetGateways", text(&igw, "id"), &json!({"isEnabled": false}));
    assert!(into().why.contains("not enabled"), "{}", into().why);
}

#[test]
fn a_server_is_ready_when_files_database_and_packages_can_be_reached_and_says_what_is_missing() {
    let pair = Pair::new();
    let net = &pair.net;
    let user_data = "#cloud-config\npackages: [httpd]\nmounts:\n - [\"10.0.2.10:/moodle\", /data, nfs]\n\
        write_files:\n - content: |\n     $CFG->dbhost = 'host.data.net.oraclevcn.com'; // moodle\n";
    let instance = net.launch(&pair.web.subnet, |body| {
        body["metadata"] = json!({"user_data": STANDARD.encode(user_data)});
        body["createVnicDetails"]["assignPublicIp"] = json!(false);
    });
    let id = text(&instance, "id");
    let now = || net.cloud.mock.clock().now();
    let waits =
        || net.cloud.mock.with_cloud(|cloud| readiness(cloud, cloud.get(id).unwrap(), now()).waits_for);
    let ask = |path: &str| {
        let from = pair.data.vnic.as_str();
        net.cloud.mock.with_cloud(|cloud| server_answer(cloud, Asker::From(from), id, 80, path, now()))
    };
    net.pass(1);
    assert!(matches!(ask("/"), ServerAnswer::TimedOut(_)), "the data subnet may not send");
    pair.rules(&pair.data, &json!([]), &all_out());
    pair.rules(&pair.web, &json!([tcp("10.0.2.0/24", 80, 80)]), &all_out());
    assert!(matches!(ask("/"), ServerAnswer::Refused(why) if why.contains("starting")));
    net.pass(60);
    let missing = waits();
    assert_eq!(missing.len(), 3, "{missing:?}");
    assert!(missing[0].contains("NFS") && missing[1].contains("database") && missing[2].contains("packages"));

    let nat = net.create("natGateways", json!({}));
    let rule = json!([{"destination": "0.0.0.0/0", "networkEntityId": nat["id"]}]);
    net.put("routeTables", &pair.web.table, &json!({"routeRules": rule}));
    let mysql = tcp("10.0.1.0/24", 3306, 3306);
    let udp = |port: u16| json!({"protocol": "17", "source": "10.0.1.0/24", "udpOptions": {"destinationPortRange": {"min": port, "max": port}}});
    let nfs = [tcp("10.0.1.0/24", 111, 111), tcp("10.0.1.0/24", 2048, 2050), udp(111), udp(2048)];
    // Each of the rules is needed: without any one of them the server waits.
    for left_out in 0..nfs.len() {
        let mut rules: Vec<&Value> = nfs.iter().collect();
        rules.remove(left_out);
        rules.push(&mysql);
        pair.rules(&pair.data, &json!(rules), &all_out());
        let missing = waits();
        assert!(missing.len() == 1 && missing[0].contains("NFS"), "without rule {left_out}: {missing:?}");
    }
    pair.rules(&pair.data, &json!(nfs), &all_out());
    assert!(waits().len() == 1 && waits()[0].contains("database"), "{:?}", waits());
    let mut rules = nfs.to_vec();
    rules.push(mysql);
    pair.rules(&pair.data, &json!(rules), &all_out());
    assert_eq!(waits(), Vec::<String>::new());

    for (path, status) in
        [("/", 303), ("/login/index.php", 200), ("/login/index.php?x=1", 200), ("/missing.html", 404)]
    {
        let ServerAnswer::Page(page) = ask(path) else { panic!("{path}: {:?}", ask(path)) };
        assert_eq!((page.status, page.server.as_str()), (status, "web"), "{path}");
    }
    let ready = net.cloud.get(&format!("/_mock/instances/{id}/readiness")).json().unwrap();
    assert_eq!(ready, json!({"ready": true, "waits_for": []}));
    assert!(
        !net.cloud
            .mock
            .with_cloud(|cloud| network::console_lines(cloud, cloud.get(id).unwrap(), now()))
            .contains("waiting")
    );
    pair.rules(&pair.web, &json!([]), &all_out());
    assert!(matches!(ask("/"), ServerAnswer::TimedOut(why) if why.contains("no ingress rule")));
}

#[test]
fn forwarded_clients_meet_the_servers_own_filters_only() {
    let pair = Pair::new();
    let user_data = STANDARD.encode("# oci-mock: needs serves=plain:8080\n");
    let instance =
        pair.net.launch(&pair.web.subnet, |body| body["metadata"] = json!({"user_data": user_data}));
    pair.net.cloud.mock.advance(Duration::from_secs(61));
    let id = text(&instance, "id");
    let now = || pair.net.cloud.mock.clock().now();
    let ask = || {
        pair.net.cloud.mock.with_cloud(|cloud| server_answer(cloud, Asker::Forwarded, id, 8080, "/", now()))
    };
    pair.rules(&pair.web, &json!([tcp("10.0.0.0/16", 8080, 8080)]), &json!([]));
    assert!(matches!(ask(), ServerAnswer::TimedOut(_)), "clients come from everywhere");
    pair.rules(&pair.web, &json!([tcp("0.0.0.0/0", 8080, 8080)]), &json!([]));
    assert!(matches!(ask(), ServerAnswer::Page(page) if page.status == 200));
}
