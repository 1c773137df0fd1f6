//! Wrong files, one fault each, with the code, line and column that the fault must have.

use std::collections::BTreeSet;

use moodle_stack::codes::Code;

use super::{SHORTEST, findings, read};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me";

/// What follows the shortest file (three lines), and what must be found.
const AFTER: &[(&str, &str)] = &[
    // The file.
    ("name = \"twice\"", "E0102 4:1 "),
    ("hostname = ", "E0102 4:11 "),
    ("hostname = \"open", "E0102 4:17 "),
    ("[servers\ncount = 2", "E0102 4:9 "),
    ("[site]", "E0102 4:2 "),
    ("what is this", "E0102 4:6 "),
    ("[servers]\ncount = 2 3", "E0102 5:9 "),
    ("[servers]\ncount = 02", "E0102 5:9 "),
    // Keys.
    ("hostnam = \"a.b\"", "E0103 4:1 site.hostnam"),
    ("wwwroot = \"http://a.b\"", "E0103 4:1 site.wwwroot"),
    ("reverse_proxy = true", "E0103 4:1 site.reverse_proxy"),
    ("[servers]\ncuont = 2", "E0103 5:1 servers.cuont"),
    ("[servers]\nreplicas = 2", "E0103 5:1 servers.replicas"),
    ("[srevers]\ncount = 2", "E0103 4:2 srevers"),
    ("[database]\npassword = \"canary\"", "E0103 5:1 database.password"),
    ("[database.read]\nreplicas = 2", "E0103 4:11 database.read"),
    ("[secrets]\nadmin_pasword = { env = \"X\" }", "E0103 5:1 secrets.admin_pasword"),
    // Types.
    ("[servers]\ncount = \"2\"", "E0104 5:9 servers.count"),
    ("[servers]\ncount = 2.5", "E0104 5:9 servers.count"),
    ("[servers]\ncount = true", "E0104 5:9 servers.count"),
    ("[servers]\nshape = 1", "E0104 5:9 servers.shape"),
    ("[servers]\nfallback_shapes = \"VM.Standard.A2.Flex\"", "E0104 5:19 servers.fallback_shapes"),
    ("[servers]\nfallback_shapes = [1]", "E0104 5:20 servers.fallback_shapes[0]"),
    ("[database]\nprotect = \"true\"", "E0104 5:11 database.protect"),
    ("[database]\nprotect = 1", "E0104 5:11 database.protect"),
    ("[database]\nhigh_availability = \"yes\"", "E0104 5:21 database.high_availability"),
    ("php = 8.3", "E0104 4:7 site.php"),
    ("version = 5.3", "E0104 4:11 site.version"),
    ("full_name = [\"a\"]", "E0104 4:13 site.full_name"),
    ("[tags]\nlevel = 5", "E0104 5:9 tags.level"),
    ("[database]\nversion = 2026-01-01", "E0104 5:11 database.version"),
    ("[[servers]]\ncount = 2", "E0104 4:1 servers"),
    // Choices.
    ("application = \"moodel\"", "E0105 4:15 site.application"),
    ("application = \"Moodle\"", "E0105 4:15 site.application"),
    ("php = \"7.4\"", "E0105 4:7 site.php"),
    ("size = \"huge\"", "E0105 4:8 site.size"),
    // Numbers.
    ("[servers]\ncount = 0", "E0106 5:9 servers.count"),
    ("[servers]\ncount = -1", "E0106 5:9 servers.count"),
    ("[servers]\ncount = 101", "E0106 5:9 servers.count"),
    ("[servers]\ncount = 99999999999999999999", "E0106 5:9 servers.count"),
    ("[servers]\nocpus = 0.5", "E0106 5:9 servers.ocpus"),
    ("[servers]\nocpus = nan", "E0106 5:9 servers.ocpus"),
    ("[servers]\nmemory_in_gbs = inf", "E0106 5:17 servers.memory_in_gbs"),
    ("[database]\nreplicas = 19", "E0106 5:12 database.replicas"),
    ("[database]\nstorage_in_gbs = 49", "E0106 5:18 database.storage_in_gbs"),
    ("[database]\nstorage_in_gbs = 200_000", "E0106 5:18 database.storage_in_gbs"),
    ("[database]\nbackup_retention_in_days = 0", "E0106 5:28 database.backup_retention_in_days"),
    ("[database]\nbackup_retention_in_days = 36", "E0106 5:28 database.backup_retention_in_days"),
    ("[storage]\nsnapshot_retention_in_days = 0", "E0106 5:30 storage.snapshot_retention_in_days"),
    // Texts.
    ("hostname = \"https://moodle.example.org\"", "E0107 4:12 site.hostname"),
    ("hostname = \"10.0.0.1\"", "E0107 4:12 site.hostname"),
    ("hostname = \"moodle\"", "E0107 4:12 site.hostname"),
    ("language = \"English\"", "E0107 4:12 site.language"),
    ("admin_user = \"\"", "E0107 4:14 site.admin_user"),
    ("full_name = \"a\\nb\"", "E0107 4:13 site.full_name"),
    ("sha256 = \"abc\"", "E0107 4:10 site.sha256"),
    ("version = \"latest\"", "E0107 4:11 site.version"),
    ("[cloud]\nregion = \"eu-frankfort-1\"", "E0107 5:10 cloud.region"),
    ("[cloud]\ncompartment_id = \"mine\"", "E0107 5:18 cloud.compartment_id"),
    ("[cloud]\ncompartment_id = \"ocid1.vcn.oc1..aaaa\"", "E0107 5:18 cloud.compartment_id"),
    ("[network]\ncidr = \"10.0.0.0\"", "E0107 5:8 network.cidr"),
    ("[network]\nweb_cidr = \"10.0.2.1/24\"", "E0107 5:12 network.web_cidr"),
    ("[network]\nweb_cidr = \"10.0.2.0/33\"", "E0107 5:12 network.web_cidr"),
    ("[network]\nweb_cidr = \"fd00::/64\"", "E0107 5:12 network.web_cidr"),
    ("[servers]\nimage_id = \"Oracle Linux 9\"", "E0107 5:12 servers.image_id"),
    ("[servers]\nssh_authorized_keys = [\"ssh-rsa AAAA\"]", "E0107 5:24 servers.ssh_authorized_keys[0]"),
    ("[servers]\nssh_from = [\n  \"10.0.0.0/16\",\n  \"home\",\n]", "E0107 7:3 servers.ssh_from[1]"),
    ("[database]\nshape = \"big\"", "E0107 5:9 database.shape"),
    ("[database]\nversion = \"new\"", "E0107 5:11 database.version"),
    // Secrets.
    ("[secrets]\nadmin_password = \"canary\"", "E0109 5:18 secrets.admin_password"),
    ("[secrets]\nadmin_password = 12345678", "E0104 5:18 secrets.admin_password"),
    ("[secrets]\nadmin_password = {}", "E0110 5:18 secrets.admin_password"),
    ("[secrets]\nadmin_password = { value = \"canary\" }", "E0110 5:18 secrets.admin_password"),
    ("[secrets]\nadmin_password = { env = \"A\", file = \"b\" }", "E0110 5:18 secrets.admin_password"),
    ("[secrets]\nadmin_password = { generate = false }", "E0110 5:31 secrets.admin_password.generate"),
    ("[secrets]\nadmin_password = { generate = 1 }", "E0104 5:31 secrets.admin_password.generate"),
    (
        "[secrets]\nadmin_password = { env = \"A\", rotation = 1 }",
        "E0103 5:31 secrets.admin_password.rotation",
    ),
    (
        "[secrets]\nadmin_password = { generate = true, rotation = -1 }",
        "E0106 5:48 secrets.admin_password.rotation",
    ),
    ("[secrets]\nadmin_password = { env = \"\" }", "E0107 5:26 secrets.admin_password.env"),
    ("[secrets]\nadmin_password = { command = [] }", "E0107 5:30 secrets.admin_password.command"),
    ("[secrets]\nadmin_password = { command = \"pass\" }", "E0104 5:30 secrets.admin_password.command"),
    (
        "[servers]\nssh_authorized_keys = [\"-----BEGIN OPENSSH PRIVATE KEY-----\"]",
        "E0219 5:24 servers.ssh_authorized_keys[0]",
    ),
    // What does not go together.
    ("version = \"4.2\"", "E0201 4:11 site.version"),
    ("version = \"5.2.2\"", "E0201 4:11 site.version"),
    ("php = \"8.1\"", "E0201 4:7 site.php"),
    ("[database]\nversion = \"8.0.40\"", "E0201 5:11 database.version"),
    ("application = \"drupal\"\nphp = \"8.2\"", "E0201 5:7 site.php"),
    ("application = \"joomla\"\nversion = \"3.10\"", "E0201 5:11 site.version"),
    ("application = \"wordpress\"\nversion = \"5.9\"", "E0201 5:11 site.version"),
    ("[network]\ncidr = \"10.0.0.0/8\"", "E0202 5:8 network.cidr"),
    ("[network]\nweb_cidr = \"192.168.0.0/24\"", "E0203 5:12 network.web_cidr"),
    ("[network]\nstorage_cidr = \"10.1.0.0/28\"", "E0203 5:16 network.storage_cidr"),
    ("[network]\nweb_cidr = \"10.0.1.0/25\"", "E0204 5:12 network.web_cidr"),
    ("[network]\nstorage_cidr = \"10.0.4.0/30\"", "E0205 5:16 network.storage_cidr"),
    ("[network]\nweb_cidr = \"10.0.2.0/29\"\n[servers]\ncount = 6", "E0205 5:12 network.web_cidr"),
    (
        "[network]\ndatabase_cidr = \"10.0.3.0/29\"\n[database]\nshape = \"MySQL.8\"\nreplicas = 1",
        "E0205 5:17 network.database_cidr",
    ),
    ("[servers]\nfallback_shapes = [\"VM.Standard.E5.Flex\"]", "E0208 5:20 servers.fallback_shapes[0]"),
    ("[servers]\nmemory_in_gbs = 200", "E0209 5:17 servers.memory_in_gbs"),
    ("[servers]\nocpus = 13", "E0209 5:9 servers.memory_in_gbs"),
    ("[servers]\nocpus = 81\nmemory_in_gbs = 500", "E0209 5:9 servers.ocpus"),
    ("[servers]\nocpus = 40\nmemory_in_gbs = 600", "E0209 6:17 servers.memory_in_gbs"),
    (
        "[servers]\nocpus = 80\nmemory_in_gbs = 400\nfallback_shapes = [\"VM.Standard.A2.Flex\"]",
        "E0209 7:20 servers.fallback_shapes[0]",
    ),
    ("[servers]\nshape = \"VM.Standard.A1.Felx\"", "E0210 5:9 servers.shape"),
    ("[database]\nshape = \"VM.Standard.A1.Flex\"", "E0210 5:9 database.shape"),
    ("[servers]\nfallback_shapes = [\"VM.Standard.A1.Flex\"]", "E0211 5:20 servers.fallback_shapes[0]"),
    ("[database]\nreplicas = 1", "E0212 5:12 database.shape"),
    ("[database]\nshape = \"MySQL.VM.Standard.E3.2.32GB\"\nreplicas = 1", "E0212 5:9 database.shape"),
    ("[database]\nshape = \"MySQL.Free\"", "E0213 5:9 database.shape"),
    ("application = \"wordpress\"\n[database]\nversion = \"8.0.23\"", "E0213 6:11 database.version"),
    (
        "application = \"joomla\"\n[database]\nshape = \"MySQL.8\"\nreplicas = 1",
        "E0214 7:12 database.replicas",
    ),
    ("[servers]\nssh_from = [\"10.0.0.0/16\"]", "E0215 5:12 servers.ssh_from"),
    ("[tags]\n\"a b\" = \"x\"", "E0218 5:9 tags.a b"),
    ("[tags]\nowner = \"x\"\nOwner = \"y\"", "E0218 5:9 tags.owner"),
    ("[tags]\noci-moodle-lineage = \"x\"", "E0218 5:22 tags.oci-moodle-lineage"),
    ("[tags]\na = \"1\"\nb = \"1\"\nc = \"1\"\nd = \"1\"\ne = \"1\"\nf = \"1\"\ng = \"1\"", "E0218 4:2 tags"),
    ("[servers]\ncount = 1", "E0220 5:9 servers.count"),
    ("[defined_tags]\nowner = \"x\"", "E0218 5:9 defined_tags.owner"),
    ("[network]\nvcn_id = \"ocid1.vcn.oc1.fra.a\"", "E0108 5:10 network.cidr"),
    ("[network]\ncidr = \"10.0.0.0/16\"\nvcn_id = \"ocid1.subnet.oc1.fra.a\"", "E0107 6:10 network.vcn_id"),
    ("[network]\nnat_gateway_id = \"ocid1.natgateway.oc1.fra.a\"", "E0221 5:18 network.nat_gateway_id"),
    (
        "[network]\nweb_cidr = \"10.0.2.0/24\"\nweb_subnet_id = \"ocid1.subnet.oc1.fra.a\"",
        "E0221 6:17 network.web_subnet_id",
    ),
    (
        "[cloud]\nregion = \"eu-zurich-1\"\n[storage]\navailability_domain = 2",
        "E0222 7:23 storage.availability_domain",
    ),
    ("[servers]\navailability_domains = [1, 4]", "E0106 5:28 servers.availability_domains[1]"),
    ("[database]\nuser = \"ociadmin\"", "E0223 5:8 database.user"),
    ("[database]\nadmin_user = \"Administrator\"", "E0223 5:14 database.admin_user"),
    ("[database]\nuser = \"dbadmin\"", "E0223 5:8 database.user"),
    ("[database]\nschema = \"my site\"", "E0107 5:10 database.schema"),
    ("[database]\nmaintenance = \"Sunday 3:00\"", "E0107 5:15 database.maintenance"),
    ("[database]\nstorage_in_gbs = 200\nstorage_max_in_gbs = 100", "E0224 6:22 database.storage_max_in_gbs"),
    ("[database]\nstorage_max_in_gbs = 40_000", "E0224 5:22 database.storage_max_in_gbs"),
    ("[database]\nheatwave_nodes = 1\nheatwave_shape = \"MySQL.4\"", "E0225 6:18 database.heatwave_shape"),
    (
        "[database]\nheatwave_nodes = 1\nheatwave_shape = \"HeatWave.Free\"",
        "E0225 6:18 database.heatwave_shape",
    ),
    ("[database]\nheatwave_nodes = 1\nshape = \"MySQL.VM.Standard.E3.4.64GB\"", "E0225 6:9 database.shape"),
    ("[load_balancer]\nhealth_status = 200", "E0226 5:17 load_balancer.health_status"),
    (
        "application = \"wordpress\"\n[load_balancer]\nhealth_status = 303",
        "E0226 6:17 load_balancer.health_status",
    ),
    ("[load_balancer]\nhealth_path = \"login\"", "E0107 5:15 load_balancer.health_path"),
    ("[load_balancer]\nhealth_interval_in_seconds = 3", "E0227 5:30 load_balancer.health_timeout_in_seconds"),
    (
        "[load_balancer]\npublic = false\npublic_ip_id = \"ocid1.publicip.oc1.fra.a\"",
        "E0228 6:16 load_balancer.public_ip_id",
    ),
    ("[tls]\nkey = { file = \"key.pem\" }", "E0229 5:1 tls.key"),
    (
        "[tls]\nmode = \"files\"\ncertificate = { file = \"a\" }\nkey = { generate = true }",
        "E0229 7:1 tls.key",
    ),
    ("[tls]\nmode = \"on\"", "E0105 5:8 tls.mode"),
    ("[tls]\nmode = \"acme\"", "E0230 5:8 site.hostname"),
    (
        "hostname = \"a.b\"\n[tls]\nmode = \"acme\"\n[load_balancer]\npublic = false",
        "E0230 8:10 load_balancer.public",
    ),
    (
        "hostname = \"a.b\"\n[tls]\nmode = \"acme\"\n[network]\nvisitors_from = [\"10.0.0.0/8\"]",
        "E0230 8:17 network.visitors_from",
    ),
    ("[tls]\nhsts = true", "E0231 5:8 tls.hsts"),
    ("[tls]\ndirectory = \"http://a.b\"", "E0107 5:13 tls.directory"),
];

/// Whole files.
const WHOLE: &[(&str, &[&str])] = &[
    ("", &["E0108 1:1 site.admin_email", "E0108 1:1 site.name"]),
    ("# nothing\n", &["E0108 1:1 site.admin_email", "E0108 1:1 site.name"]),
    ("[servers]\ncount = 3\n[site]\nname = \"campus\"\n", &["E0108 3:2 site.admin_email"]),
    ("site = 3\n", &["E0104 1:8 site"]),
    (
        "[site]\nname = \"My Campus\"\nadmin_email = \"it\"\n",
        &["E0107 2:8 site.name", "E0107 3:15 site.admin_email"],
    ),
    ("[site]\nname = 3\nadmin_email = \"it@example.org\"\n", &["E0104 2:8 site.name"]),
];

#[test]
fn each_fault_is_found_at_its_place_and_nothing_else_is() {
    let mut missed = Vec::new();
    for (more, expected) in AFTER {
        let found = findings(&format!("{SHORTEST}{more}\n"));
        if found != [*expected] {
            missed.push(format!("{more:?}: {found:?}, not {expected}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    for (text, expected) in WHOLE {
        assert_eq!(findings(text), *expected, "{text}");
    }
    assert!(AFTER.len() + WHOLE.len() >= 60, "{}", AFTER.len());
}

#[test]
fn faults_that_come_in_pairs_are_found_together() {
    let after = |more: &str| findings(&format!("{SHORTEST}{more}\n"));
    let keys = format!("[servers]\nssh_authorized_keys = [\"{KEY}\"]");
    assert_eq!(after(&keys), ["E0215 5:23 servers.ssh_authorized_keys"]);
    let internet = format!("{keys}\nssh_from = [\"0.0.0.0/0\"]");
    assert_eq!(after(&internet), ["E0216 6:13 servers.ssh_from[0]"]);
    let moved = |vcn: &str, net: &str| {
        let subnet = |name: &str, third: u8| format!("{name}_cidr = \"{net}.{third}.0/24\"\n");
        let subnets: String = [("balancer", 1), ("web", 2), ("database", 3), ("storage", 4)]
            .map(|(name, third)| subnet(name, third))
            .concat();
        after(&format!("[network]\ncidr = \"{vcn}\"\n{subnets}"))
    };
    assert_eq!(moved("169.254.0.0/16", "169.254"), ["E0206 5:8 network.cidr"]);
    assert_eq!(moved("8.8.0.0/16", "8.8"), ["E0207 5:8 network.cidr"]);
    assert_eq!(moved("172.20.0.0/16", "172.20"), [""; 0]);
}

#[test]
fn a_file_that_uses_every_key_can_be_right() {
    let text = r#"
[site]
name = "campus"
admin_email = "it@example.org"
hostname = "moodle.example.org"
short_name = "Campus"

[network]
cidr = "10.8.0.0/16"
vcn_id = "ocid1.vcn.oc1.fra.a"
internet_gateway_id = "ocid1.internetgateway.oc1.fra.a"
nat_gateway_id = "ocid1.natgateway.oc1.fra.a"
service_gateway_id = "ocid1.servicegateway.oc1.fra.a"
balancer_cidr = "10.8.1.0/24"
balancer_subnet_id = "ocid1.subnet.oc1.fra.a"
web_cidr = "10.8.2.0/24"
web_subnet_id = "ocid1.subnet.oc1.fra.b"
database_cidr = "10.8.3.0/24"
database_subnet_id = "ocid1.subnet.oc1.fra.c"
storage_cidr = "10.8.4.0/28"
storage_subnet_id = "ocid1.subnet.oc1.fra.d"
visitors_from = ["198.51.100.0/24"]

[tls]
mode = "files"
certificate = { file = "cert.pem" }
key = { env = "TLS_KEY" }
hsts = true

[load_balancer]
public_ip_id = "ocid1.publicip.oc1.fra.a"
health_path = "/login/index.php"
health_status = 303

[database]
shape = "MySQL.8"
heatwave_nodes = 2
storage_max_in_gbs = 1000

[defined_tags]
"Operations.CostCenter" = "4711"
"#;
    let (file, config, diagnostics) = read(text);
    assert!(diagnostics.as_slice().is_empty(), "{}", diagnostics.render(&file));
    let sources: Vec<&str> = config.secret_sources().into_keys().collect();
    assert_eq!(sources.len(), 6, "{sources:?}");
    assert!(sources.iter().all(|name| moodle_stack::server::SECRET_KEYS.contains(name)), "{sources:?}");
}

#[test]
fn everything_is_found_in_one_go_and_in_the_order_of_the_file() {
    let text = "[database]\nreplicas = 1\nshap = \"MySQL.2\"\n\n[site]\nname = \"campus\"\nphp = \"8.1\"\n\n\
                [network]\nweb_cidr = \"10.9.0.0/24\"\n\n[servers]\ncount = \"three\"\n";
    let expected = [
        "E0212 2:12 database.shape",
        "E0103 3:1 database.shap",
        "E0108 5:2 site.admin_email",
        "E0201 7:7 site.php",
        "E0203 10:12 network.web_cidr",
        "E0104 13:9 servers.count",
    ];
    assert_eq!(findings(text), expected);
}

#[test]
fn nothing_is_concluded_from_a_value_that_cannot_be_read() {
    // Whether one subnet has room cannot be said without the count; whether the other lies in the VCN can.
    let text = format!("{SHORTEST}[network]\ncidr = \"10.0.0.0/33\"\nweb_cidr = \"172.16.0.0/24\"\n");
    assert_eq!(findings(&text), ["E0107 5:8 network.cidr"]);
}

#[test]
fn every_code_of_the_file_has_a_case_here() {
    let mut tried: BTreeSet<&str> = AFTER.iter().map(|(_, expected)| &expected[..5]).collect();
    tried.extend(WHOLE.iter().flat_map(|(_, expected)| expected.iter().map(|text| &text[..5])));
    // In tests of their own: bytes that are no text, passwords that are known only later, and those above.
    tried.extend(["E0101", "E0206", "E0207", "E0216", "E0217"]);
    let ours = Code::ALL.iter().map(|code| code.as_str()).filter(|code| *code < "E03");
    let missing: Vec<&str> = ours.filter(|code| !tried.contains(code)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn no_secret_is_shown_with_what_is_wrong_about_it() {
    for (more, _) in AFTER.iter().filter(|(more, _)| more.contains("canary") || more.contains("PRIVATE")) {
        let (file, config, diagnostics) = read(&format!("{SHORTEST}{more}\n"));
        let shown = format!("{}{diagnostics:?}{config:?}", diagnostics.render(&file));
        assert!(!shown.contains("canary") && !shown.contains("OPENSSH"), "{shown}");
    }
    // A mistake of syntax on the line of a secret, and one that swallows what follows.
    for more in [
        "[secrets]\nadmin_password = canary",
        "[secrets]\nadmin_password = \"canary",
        "[database]\npassword = \"canary",
    ] {
        let (file, _, diagnostics) = read(&format!("{SHORTEST}{more}\n"));
        let shown = format!("{}{diagnostics:?}", diagnostics.render(&file));
        assert!(diagnostics.has_errors() && !shown.contains("canary"), "{shown}");
    }
}

#[test]
fn a_finding_reads_like_this() {
    let text = format!(
        "{SHORTEST}[servers]\ncuont = 3\n[secrets]\nadmin_password = \"canary\"\n[database]\nreplicas = 2\n"
    );
    let (file, _, diagnostics) = read(&text);
    insta::assert_snapshot!(diagnostics.render(&file), @r#"
    error[E0103]: `servers.cuont` is not a key of the file
      --> moodle.toml:5:1, `servers.cuont`
       |
     5 | cuont = 3
       | ^^^^^
      hint: did you mean `count`?

    error[E0109]: `secrets.admin_password` stands in clear in the file
      --> moodle.toml:7:18, `secrets.admin_password`
       |
     7 | admin_password = <secret>
       |                  ^^^^^^^^
      hint: say where it comes from: { env = "NAME" }, { file = "PATH" }, { command = ["PROGRAM"] } or { generate = true }

    error[E0212]: `MySQL.4` is too small for read replicas: they need 8 ECPUs or 4 OCPUs
      --> moodle.toml:9:12, `database.shape`
       |
     9 | replicas = 2
       |            ^
      hint: take `MySQL.8`, or `replicas = 0`
    "#);
}

#[test]
fn hints_say_what_was_meant() {
    let cases = [
        ("[servers]\nreplicas = 2", "did you mean `database.replicas`?"),
        ("[srevers]", "did you mean `servers`?"),
        ("[servers]\ncount = \"2\"", "write it without quotes: 2"),
        ("php = 8.3", "write it with quotes: \"8.3\""),
        ("application = \"Moodle\"", "did you mean \"moodle\"?"),
        ("[network]\nweb_cidr = \"10.0.2.1/24\"", "did you mean `10.0.2.0/24`?"),
        ("[servers]\nshape = \"VM.Standard.A1.Felx\"", "did you mean `VM.Standard.A1.Flex`?"),
        ("[network]\nstorage_cidr = \"10.0.4.0/30\"", "a /29 is large enough"),
        ("[database]\nprotect = 1", "write true"),
    ];
    for (more, hint) in cases {
        let (_, _, diagnostics) = read(&format!("{SHORTEST}{more}\n"));
        assert_eq!(diagnostics.as_slice()[0].hint.as_deref(), Some(hint), "{more}");
    }
}
