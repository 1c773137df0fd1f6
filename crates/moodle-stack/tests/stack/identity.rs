//! Who the servers are to Oracle's services, and what they may do.

use moodle_stack::config::Config;
use moodle_stack::stack::identity::{Reports, rule_of_compartment, statements};
use moodle_stack::stack::{StackError, graph, names};
use reconcile::graph::Graph;
use reconcile::value::{Expr, Value};

use crate::support::{LEAST, changed, facts, of, secrets};

/// The addresses of what is of Identity.
fn identity(graph: &Graph) -> Vec<&str> {
    let all = graph.nodes().iter().map(|node| node.address.as_str());
    all.filter(|address| address.starts_with("oci_identity_")).collect()
}

/// An input as a text: what refers to another resource stands as `<address.attribute>`.
fn texts(graph: &Graph, address: &str, input: &str) -> Vec<String> {
    let node = graph.nodes().iter().find(|node| node.address.as_str() == address);
    let node = node.unwrap_or_else(|| panic!("there is no {address}"));
    let each = |expr: &Expr| {
        let mut failed = Vec::new();
        let mut named =
            |reference: &reconcile::value::Reference| Some(Value::string(format!("<{reference}>")));
        let value = expr.resolve(&mut named, &mut failed);
        assert_eq!(failed, []);
        value.as_str().expect("a text").to_owned()
    };
    match node.inputs.get(input) {
        Some(Expr::List(items)) => items.iter().map(each).collect(),
        Some(one) => vec![each(one)],
        None => Vec::new(),
    }
}

#[test]
fn each_server_is_a_group_of_its_own_that_reads_the_secrets_and_writes_its_own_report_only() {
    let graph = of("");
    let (group, policy) = ("oci_identity_dynamic_group.web[1]", "oci_identity_policy.web[1]");
    assert_eq!(texts(&graph, group, "compartment_id"), ["ocid1.tenancy.oc1..a"]);
    assert_eq!(texts(&graph, group, "name"), ["campus-web2"]);
    assert_eq!(texts(&graph, group, "matching_rule"), ["instance.id = '<oci_core_instance.web[1].id>'"]);
    assert_eq!(texts(&graph, policy, "compartment_id"), ["ocid1.compartment.oc1..a"]);
    assert_eq!(
        texts(&graph, policy, "statements"),
        [
            "allow dynamic-group id <oci_identity_dynamic_group.web[1].id> to read objects in compartment id \
             ocid1.compartment.oc1..a where all {target.bucket.name = 'campus-site', any {target.object.name = \
             'secrets.json', target.object.name = /boot*/}}",
            "allow dynamic-group id <oci_identity_dynamic_group.web[1].id> to manage objects in compartment id \
             ocid1.compartment.oc1..a where all {target.bucket.name = 'campus-site', target.object.name = \
             'reports/web2.json', any {request.permission = 'OBJECT_CREATE', request.permission = 'OBJECT_OVERWRITE'}}",
        ]
    );
}

/// A server that waited for its own policy could not boot before it is known to whom the policy is given.
#[test]
fn no_server_waits_for_its_identity_nor_for_that_of_another() {
    let graph = of("[servers]\ncount = 3\n");
    for node in graph.nodes() {
        let text = format!("{:?} {:?}", node.inputs, node.depends_on);
        let is_identity = node.address.as_str().starts_with("oci_identity_");
        assert!(is_identity || !text.contains("oci_identity_"), "{}", node.address);
        if is_identity {
            let own = node.address.as_str().rsplit('.').next().expect("a name");
            let others = ["web[0]", "web[1]", "web[2]"].into_iter().filter(|name| *name != own);
            assert!(others.into_iter().all(|other| !text.contains(other)), "{}: {text}", node.address);
        }
    }
}

#[test]
fn in_a_compartment_of_its_own_one_group_is_enough_and_a_server_more_changes_nothing_of_it() {
    let more = |count: u16| format!("[cloud]\nidentity = \"compartment\"\n[servers]\ncount = {count}\n");
    let three = of(&more(3));
    assert_eq!(identity(&three), ["oci_identity_dynamic_group.servers", "oci_identity_policy.servers"]);
    assert_eq!(
        texts(&three, "oci_identity_dynamic_group.servers", "matching_rule"),
        [rule_of_compartment("ocid1.compartment.oc1..a")]
    );
    let allowed = texts(&three, "oci_identity_policy.servers", "statements");
    assert!(allowed[1].contains("target.object.name = /reports*/,"), "{allowed:?}");
    let fourth = ["oci_core_instance.web[3]", "oci_network_load_balancer_backend.http[3]"];
    assert_eq!(changed(&three, &of(&more(4))), fourth);
}

/// Preflight asks whether these names are free, so they must be those that are made.
#[test]
fn the_names_that_are_looked_for_beforehand_are_those_that_are_made() {
    for identity_of in ["server", "compartment", "none"] {
        let more = format!("[cloud]\nidentity = \"{identity_of}\"\n[servers]\ncount = 3\n");
        let config = Config::parse(&format!("{LEAST}{more}")).expect("it is right");
        let (mut groups, mut policies) = (Vec::new(), Vec::new());
        let graph = of(&more);
        for address in identity(&graph) {
            let names = if address.contains("dynamic_group") { &mut groups } else { &mut policies };
            names.extend(texts(&graph, address, "name"));
        }
        assert_eq!(groups, names::identities(&config), "{identity_of}");
        assert_eq!(policies, names::identities(&config), "{identity_of}");
    }
}

#[test]
fn without_identity_nothing_of_it_is_made_and_no_tenancy_is_needed() {
    let config = Config::parse(&format!("{LEAST}[cloud]\nidentity = \"none\"\n")).expect("it is right");
    let facts = moodle_stack::stack::Facts { tenancy_id: None, ..facts() };
    let graph = graph(&config, &facts, &secrets()).expect("a graph");
    assert_eq!(identity(&graph), Vec::<&str>::new());
}

#[test]
fn without_a_tenancy_the_groups_have_no_place() {
    let config = Config::parse(LEAST).expect("it is right");
    let facts = moodle_stack::stack::Facts { tenancy_id: None, ..facts() };
    let refused = graph(&config, &facts, &secrets());
    assert!(matches!(refused, Err(StackError::NoTenancy)), "{refused:?}");
}

/// There is no `compartment id` of the tenancy in the language of policies.
#[test]
fn a_site_in_the_root_compartment_has_its_statements_in_the_tenancy() {
    let config = Config::parse(LEAST).expect("it is right");
    let [read, write] = statements(&config, "any-user", "ocid1.tenancy.oc1..a", Reports::All);
    assert!(read.starts_with("allow any-user to read objects in tenancy where all {"), "{read}");
    assert!(write.starts_with("allow any-user to manage objects in tenancy where all {"), "{write}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads a file of the workspace")]
fn the_book_has_the_statements_that_an_administrator_must_make() {
    let book = test_support::workspace_root().join("docs/src/server-identity.md");
    let book = std::fs::read_to_string(book).expect("the page is there");
    let config = Config::parse(LEAST).expect("it is right");
    let compartment = "ocid1.compartment.oc1..aaaa";
    let all = statements(&config, "dynamic-group campus-servers", compartment, Reports::All);
    for line in all.iter().chain([&rule_of_compartment(compartment)]) {
        assert!(book.lines().any(|found| found.trim() == line), "the page lacks: {line}");
    }
}
