use reconcile::plan::PlanOptions;
use reconcile::value::{Expr, Value};

use super::*;
use crate::view::fixture::{Case, address, id_of, node};

const WEB: &str = "oci_core_instance.web";
const FILTER: &str = "oci_core_security_list.web";
const NETWORK: &str = "oci_core_vcn.main";
const DATABASE: &str = "oci_mysql_mysql_db_system.moodle";

fn shown(plan: &Plan) -> String {
    render(plan, &ApplyOptions::default(), Show { style: Style::PLAIN, columns: 100 })
}

fn secret(text: &str) -> Expr {
    Expr::Sensitive(Box::new(Value::from(text).into()))
}

fn network() -> reconcile::graph::Node {
    node(NETWORK, &[("cidr", "10.0.0.0/16".into()), ("display_name", "moodle".into())])
}

fn new_site() -> Case {
    let database = node(DATABASE, &[("network", id_of(NETWORK)), ("password", secret("hunter2"))]);
    let web =
        node(WEB, &[("network", id_of(NETWORK)), ("shape", "A1".into()), ("password", secret("hunter2"))]);
    Case { nodes: vec![network(), database, web], ..Case::default() }
}

#[test]
fn a_new_site_is_all_plus_signs_with_what_is_not_known_and_what_is_secret() {
    assert_eq!(
        shown(&new_site().plan()),
        "  # oci_core_instance.web will be created
  + oci_core_instance.web
      + network  = (known after apply: oci_core_vcn.main.id)
      + password = (sensitive)
      + shape    = \"A1\"

  # oci_core_vcn.main will be created
  + oci_core_vcn.main
      + cidr         = \"10.0.0.0/16\"
      + display_name = \"moodle\"

  # oci_mysql_mysql_db_system.moodle will be created
  + oci_mysql_mysql_db_system.moodle
      + network  = (known after apply: oci_core_vcn.main.id)
      + password = (sensitive)

Plan: 3 to create, 0 to change, 0 to replace, 0 to delete.
It usually takes about 26 min: oci_mysql_mysql_db_system.moodle (25 min).
"
    );
}

fn changed_site() -> Case {
    let web =
        node(WEB, &[("network", id_of(NETWORK)), ("shape", "A2".into()), ("display_name", "web".into())]);
    Case {
        nodes: vec![node(NETWORK, &[("cidr", "10.0.0.0/16".into()), ("display_name", "new".into())]), web],
        there: vec![
            (NETWORK, vec![("cidr", "10.0.0.0/16".into()), ("display_name", "old".into())]),
            (
                WEB,
                vec![
                    ("network", NETWORK.into()),
                    ("shape", "A1".into()),
                    ("display_name", "web".into()),
                    ("password", Value::sensitive("hunter2")),
                ],
            ),
            (FILTER, vec![]),
        ],
        ..Case::default()
    }
}

#[test]
fn a_replacement_says_which_attribute_forces_it_and_hides_what_stays() {
    let plan = changed_site().plan();
    assert_eq!(
        shown(&plan),
        "  # oci_core_instance.web must be replaced, the old one goes first: `shape` cannot be changed in place
-/+ oci_core_instance.web
      - password = (sensitive) -> null
      ~ shape    = \"A1\" -> \"A2\"  # forces a new one
        # 2 attributes stay and are not shown

  # oci_core_security_list.web will be deleted: not wanted any more
  - oci_core_security_list.web

  # oci_core_vcn.main will be changed in place
  ~ oci_core_vcn.main
      ~ display_name = \"old\" -> \"new\"
        # 1 attribute stays and is not shown

Plan: 0 to create, 1 to change, 1 to replace, 1 to delete.
It usually takes about 3 min: deleting oci_core_instance.web (1 min 30 s), then oci_core_instance.web (1 min 30 s).
"
    );
}

#[test]
fn the_new_one_first_has_the_sign_the_other_way_round() {
    let mut case = changed_site();
    case.nodes[1].lifecycle.create_first = true;
    let text = shown(&case.plan());
    assert!(text.contains("\n+/- oci_core_instance.web\n") || text.starts_with("+/-"), "{text}");
    assert!(text.contains("the new one comes first"), "{text}");
}

#[test]
fn drift_is_listed_apart_and_named_as_the_cause() {
    let case = Case {
        nodes: vec![network()],
        there: vec![(NETWORK, vec![("cidr", "10.0.0.0/16".into()), ("display_name", "moodle".into())])],
        drifted: vec![(NETWORK, Some(("display_name", "mine".into())))],
        ..Case::default()
    };
    assert_eq!(
        shown(&case.plan()),
        "Changed by somebody else since the last run:

  ~ oci_core_vcn.main
      ~ display_name = \"moodle\" -> \"mine\"

  # oci_core_vcn.main will be changed in place
  ~ oci_core_vcn.main
      ~ display_name = \"mine\" -> \"moodle\"  # somebody else changed it
        # 1 attribute stays and is not shown

Plan: 0 to create, 1 to change, 0 to replace, 0 to delete.
It usually takes about 5 s: oci_core_vcn.main (5 s).
"
    );
    let gone = Case {
        nodes: vec![network()],
        there: vec![(NETWORK, vec![("cidr", "10.0.0.0/16".into())])],
        drifted: vec![(NETWORK, None)],
        ..Case::default()
    };
    let text = shown(&gone.plan());
    assert!(text.contains("  - oci_core_vcn.main has gone\n"), "{text}");
    assert!(text.contains("will be created: has gone behind our back"), "{text}");
}

fn rule(port: i64) -> Value {
    Value::map([("protocol", "6".into()), ("source", "10.0.0.0/24".into()), ("port", port.into())])
}

#[test]
fn of_a_long_list_only_the_items_that_come_and_go_are_shown() {
    let rules = |ports: &[i64]| Value::list(ports.iter().map(|port| rule(*port)));
    let case = Case {
        nodes: vec![node(FILTER, &[("rules", rules(&[22, 80, 443, 3306]).into())])],
        there: vec![(FILTER, vec![("rules", rules(&[21, 80, 443]))])],
        ..Case::default()
    };
    let text = shown(&case.plan());
    let expected = "      ~ rules = [
            - { port = 21, protocol = \"6\", source = \"10.0.0.0/24\" }
            + { port = 22, protocol = \"6\", source = \"10.0.0.0/24\" }
            + { port = 3306, protocol = \"6\", source = \"10.0.0.0/24\" }
              # 2 items stay
        ]
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_new_secret_is_a_change_and_stays_hidden() {
    let case = Case {
        nodes: vec![node(DATABASE, &[("password", secret("hunter3"))])],
        there: vec![(DATABASE, vec![("password", Value::sensitive("hunter2"))])],
        ..Case::default()
    };
    let plan = case.plan();
    let text = shown(&plan);
    assert!(text.contains("      ~ password = (sensitive), another one\n"), "{text}");
    let document = json(&plan, &ApplyOptions::default()).to_string();
    for shown in [text, document] {
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

#[test]
fn what_holds_data_is_not_deleted_without_consent_and_the_plan_says_so() {
    let there = || vec![(DATABASE, vec![("network", Value::from("n"))])];
    let text = shown(&Case { there: there(), ..Case::default() }.plan());
    assert!(
        text.contains("This plan cannot be applied:\n\n  ! oci_mysql_mysql_db_system.moodle: "),
        "{text}"
    );
    let options = PlanOptions { consent: [address(DATABASE)].into(), ..PlanOptions::default() };
    let text = shown(&Case { there: there(), options, ..Case::default() }.plan());
    assert!(!text.contains("cannot be applied"), "{text}");
    assert!(text.contains("0 to replace, 1 to delete"), "{text}");
}

#[test]
fn no_changes_are_one_line() {
    let case = Case {
        nodes: vec![network()],
        there: vec![(NETWORK, vec![("cidr", "10.0.0.0/16".into()), ("display_name", "moodle".into())])],
        ..Case::default()
    };
    assert_eq!(shown(&case.plan()), "No changes. 1 resource is as it should be.\n");
}

#[test]
fn the_document_says_the_same_as_the_text() {
    let plan = changed_site().plan();
    let document = json(&plan, &ApplyOptions::default());
    assert_eq!(
        document["counts"].to_string(),
        r#"{"adopt":0,"create":0,"delete":1,"replace":1,"unchanged":0,"update":1}"#
    );
    assert_eq!(document["critical_path"].to_string(), r#"["oci_core_instance.web","oci_core_instance.web"]"#);
    let steps = document["steps"].as_array().unwrap();
    let change = steps
        .iter()
        .flat_map(|step| step["changes"].as_array().unwrap())
        .find(|change| change["path"] == "shape");
    assert_eq!(
        change.unwrap().to_string(),
        r#"{"after":"A2","before":"A1","drift":false,"forces_new":true,"path":"shape"}"#
    );
    assert_eq!(document["has_changes"], true);
    let new = json(&new_site().plan(), &ApplyOptions::default());
    assert_eq!(new["steps"][0]["planned"]["network"], "(known after apply: oci_core_vcn.main.id)");
    assert_eq!(new["expected_seconds"], 1505.0);
}

#[test]
fn progress_forecasts_what_the_plan_says() {
    let plan = new_site().plan();
    let progress = crate::view::progress::Progress::of(&plan, &ApplyOptions::default());
    let left = progress.left(std::time::Duration::ZERO);
    assert_eq!(left, Some(std::time::Duration::from_secs(1505)));
}

#[test]
fn colours_are_only_added() {
    let plan = changed_site().plan();
    let show = Show { style: Style::COLORED, columns: 100 };
    let colored = render(&plan, &ApplyOptions::default(), show);
    let plain: String = colored
        .split("\x1b[")
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { part.split_once('m').unwrap().1 })
        .collect();
    assert_eq!(plain, shown(&plan));
}

#[test]
fn the_book_documents_every_field_of_the_document() {
    let page = include_str!("../../../../../docs/src/program.md");
    let document = json(&changed_site().plan(), &ApplyOptions::default());
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for field in document.as_object().unwrap().keys() {
        let named = |row: &&&str| row.split('|').nth(1).unwrap().contains(&format!("`{field}`"));
        assert!(rows.iter().any(|row| named(&row)), "no row for `{field}`");
    }
    let steps = rows.iter().find(|row| row.starts_with("| `steps`")).unwrap();
    for field in document["steps"][0].as_object().unwrap().keys() {
        assert!(steps.contains(&format!("`{field}`")), "the row of `steps` does not mention `{field}`");
    }
}
