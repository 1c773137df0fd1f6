//! What is in the graph, and what a change of the file changes in it.

use std::collections::BTreeSet;

use moodle_stack::config::Config;
use moodle_stack::stack::{StackError, graph};
use reconcile::value::Expr;

use crate::support::{LEAST, changed, facts, of, secrets};

#[test]
fn a_site_that_says_nothing_has_two_servers_behind_a_load_balancer_with_a_database_and_files() {
    let graph = of("");
    let addresses: Vec<&str> = graph.nodes().iter().map(|node| node.address.as_str()).collect();
    insta::assert_snapshot!(addresses.join("\n"));
}

#[test]
fn a_server_more_or_less_touches_no_other() {
    let (three, four) = (of("[servers]\ncount = 3\n"), of("[servers]\ncount = 4\n"));
    let fourth = [
        "oci_core_instance.web[3]",
        "oci_identity_dynamic_group.web[3]",
        "oci_identity_policy.web[3]",
        "oci_network_load_balancer_backend.http[3]",
    ];
    assert_eq!(changed(&three, &four), fourth);
    assert_eq!(changed(&four, &three), fourth.map(|address| format!("-{address}")));
}

#[test]
fn the_database_grows_without_touching_a_server() {
    let small = of("[database]\nshape = \"MySQL.4\"\nstorage_in_gbs = 100\n");
    let large = of("[database]\nshape = \"MySQL.8\"\nstorage_in_gbs = 200\n");
    assert_eq!(changed(&small, &large), ["oci_mysql_mysql_db_system.site"]);
}

#[test]
fn replicas_come_and_go_without_touching_a_server() {
    let (none, three) = (
        of("[database]\nreplicas = 0\nshape = \"MySQL.8\"\n"),
        of("[database]\nreplicas = 3\nshape = \"MySQL.8\"\n"),
    );
    let touched = changed(&none, &three);
    assert!(
        touched.iter().any(|address| address == "oci_objectstorage_object.secrets"),
        "servers learn of it: {touched:?}"
    );
    assert!(touched.iter().all(|address| !address.contains("instance")), "{touched:?}");
}

#[test]
fn a_new_password_is_a_change_of_the_database_and_of_the_secrets_only() {
    let config = Config::parse(LEAST).expect("it is right");
    let mut other = secrets();
    other.insert("database_admin_password", moodle_stack::config::secret::derive(&[8; 32], "x", 1));
    let before = graph(&config, &facts(), &secrets()).expect("a graph");
    let after = graph(&config, &facts(), &other).expect("a graph");
    assert_eq!(
        changed(&before, &after),
        ["oci_mysql_mysql_db_system.site", "oci_objectstorage_object.secrets"]
    );
}

#[test]
fn no_secret_is_in_clear_outside_of_what_is_marked_as_secret() {
    let text = format!("{:?}", of("").nodes());
    for (name, secret) in secrets() {
        assert!(!text.contains(secret.expose().as_str()), "{name}");
    }
}

#[test]
fn tls_adds_a_listener_its_backends_and_rules() {
    let added = changed(
        &of("hostname = \"moodle.example.org\"\n"),
        &of("hostname = \"moodle.example.org\"\n[tls]\nmode = \"acme\"\n"),
    );
    for address in ["oci_network_load_balancer_listener.https", "oci_network_load_balancer_backend.https[1]"]
    {
        assert!(added.iter().any(|changed| changed == address), "{address} of {added:?}");
    }
}

#[test]
fn servers_find_database_and_files_by_the_labels_of_a_network_that_exists() {
    let network = "[network]\ncidr = \"10.0.0.0/16\"\ndatabase_cidr = \"10.0.3.0/24\"\n\
        vcn_id = \"ocid1.vcn.oc1.eu-frankfurt-1.a\"\ndatabase_subnet_id = \"ocid1.subnet.oc1.eu-frankfurt-1.a\"\n";
    let config = Config::parse(&format!("{LEAST}{network}")).expect("it is right");
    let mut facts = facts();
    let refused = graph(&config, &facts, &secrets());
    assert!(
        matches!(refused, Err(StackError::NoLabel { key: "network.database_subnet_id", .. })),
        "{refused:?}"
    );
    facts.dns_labels.insert("ocid1.vcn.oc1.eu-frankfurt-1.a".to_owned(), "school".to_owned());
    facts.dns_labels.insert("ocid1.subnet.oc1.eu-frankfurt-1.a".to_owned(), "rows".to_owned());
    let graph = graph(&config, &facts, &secrets()).expect("a graph");
    let host = graph.outputs().get("database_host").map(|host| format!("{host:?}"));
    assert_eq!(host.as_deref(), Some("\"db.rows.school.oraclevcn.com\""));
}

#[test]
fn what_exists_is_not_made_again() {
    let network = "[network]\ncidr = \"10.0.0.0/16\"\nbalancer_cidr = \"10.0.1.0/24\"\n\
        vcn_id = \"ocid1.vcn.oc1.eu-frankfurt-1.a\"\n\
        internet_gateway_id = \"ocid1.internetgateway.oc1.eu-frankfurt-1.a\"\n\
        balancer_subnet_id = \"ocid1.subnet.oc1.eu-frankfurt-1.a\"\n";
    let config = Config::parse(&format!("{LEAST}{network}")).expect("it is right");
    let mut facts = facts();
    facts.dns_labels.insert("ocid1.vcn.oc1.eu-frankfurt-1.a".to_owned(), "school".to_owned());
    let graph = graph(&config, &facts, &secrets()).expect("a graph");
    let types: BTreeSet<&str> = graph.nodes().iter().map(|node| node.address.resource_type()).collect();
    assert!(!types.contains("oci_core_vcn"), "{types:?}");
    assert!(!types.contains("oci_core_internet_gateway"), "{types:?}");
    assert!(graph.nodes().iter().all(|node| node.address.as_str() != "oci_core_subnet.balancer"));
}

#[test]
fn data_and_the_address_are_protected_unless_the_file_says_otherwise() {
    let protected = |more: &str| -> Vec<String> {
        let graph = of(more);
        let nodes = graph.nodes().iter().filter(|node| node.lifecycle.protect == Some(true));
        nodes.map(|node| node.address.to_string()).collect()
    };
    let data =
        ["oci_core_public_ip.site", "oci_file_storage_file_system.site", "oci_mysql_mysql_db_system.site"];
    assert_eq!(protected(""), data);
    assert_eq!(
        protected(
            "[database]\nprotect = false\n[storage]\nprotect = false\n[load_balancer]\nprotect_address = false\n"
        ),
        Vec::<String>::new()
    );
}

#[test]
fn a_domain_that_the_region_does_not_have_is_refused_with_the_key() {
    let mut facts = facts();
    facts.availability_domains.truncate(1);
    let config = Config::parse(&format!("{LEAST}[storage]\navailability_domain = 2\n")).expect("it is right");
    let refused = graph(&config, &facts, &secrets());
    assert!(
        matches!(
            refused,
            Err(StackError::NoSuchDomain { key: "storage.availability_domain", number: 2, there: 1 })
        ),
        "{refused:?}"
    );
}

/// The rules of the File Storage documentation, line by line: TCP 111 and 2048-2050 and UDP 111 and 2048 in, TCP 111 and 2048-2050
/// and UDP 111 out, by source port.
/// Keys of people have their place in the metadata; where they leave none for a server's files, those lie in the bucket.
#[test]
fn a_server_whose_keys_leave_no_room_for_its_files_fetches_them() {
    let keys = |count: usize| {
        let key =
            |number| format!("\"ssh-rsa AAAAB3NzaC1yc2EA{} somebody-{number}@example.org\"", "A".repeat(700));
        let keys: Vec<String> = (0..count).map(key).collect();
        format!("[servers]\nssh_authorized_keys = [{}]\n", keys.join(", "))
    };
    let few = of(&keys(1));
    assert!(few.nodes().iter().all(|node| !node.address.as_str().contains("object.boot")));

    let many = of(&keys(30));
    for index in 0..2 {
        let at = format!("oci_objectstorage_object.boot[{index}]");
        let find = |address: &str| {
            let node = many.nodes().iter().find(|node| node.address.as_str() == address);
            node.unwrap_or_else(|| panic!("there is no {address}"))
        };
        let (object, server) = (find(&at), find(&format!("oci_core_instance.web[{index}]")));
        let text = format!("{:?}", object.inputs.get("object"));
        assert!(text.contains("boot/"), "{text}");
        assert!(server.depends_on.contains(&object.address), "the files are there before the server is");
        assert!(object.depends_on.iter().any(|other| other.as_str() == "oci_objectstorage_bucket.site"));
    }

    // Even the command that fetches them needs some room.
    let config = Config::parse(&format!("{LEAST}{}", keys(42))).expect("it is right");
    let refused = graph(&config, &facts(), &secrets());
    assert!(matches!(refused, Err(StackError::TooLarge(_))), "{refused:?}");
}

#[test]
fn the_rules_of_the_mount_target_are_those_of_the_documentation() {
    let graph = of("");
    let list = graph.nodes().iter().find(|node| node.address.as_str() == "oci_core_security_list.storage");
    let list = list.expect("it is there");
    let text = |name: &str| match list.inputs.get(name) {
        Some(Expr::List(rules)) => {
            rules.iter().map(|rule| format!("{rule:?}")).collect::<Vec<_>>().join("\n")
        }
        other => panic!("{other:?}"),
    };
    insta::assert_snapshot!(format!(
        "in\n{}\n\nout\n{}",
        text("ingress_security_rules"),
        text("egress_security_rules")
    ));
}
