//! What a packet rule does not say means its default, not whatever is there: a rule that stays stateless behind the user's
//! back lets in what nobody asked for.

use cross_tests::bench::Bench;
use oci_resources::attr::Attr;
use oci_resources::core::network_security_group::{self as group, NetworkSecurityGroup};
use oci_resources::core::network_security_group_security_rule::{
    self as group_rule, NetworkSecurityGroupSecurityRule,
};
use oci_resources::core::security_list::{self, IngressSecurityRule, SecurityList};
use oci_resources::core::vcn;
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::plan::{Action, PlanOptions};
use serde_json::json;

use crate::{add_network, at};

/// What a rule says besides protocol and source.
#[derive(Clone, Copy, Default)]
struct Says {
    stateless: Option<bool>,
    source_type: Option<&'static str>,
    description: Option<&'static str>,
}

const DEFAULTS: Says = Says { stateless: Some(false), source_type: Some("CIDR_BLOCK"), description: None };
const OTHERWISE: Says = Says { stateless: Some(true), source_type: None, description: Some("web") };

fn attr<T, U: Into<Attr<T>>>(value: Option<U>) -> Attr<T> {
    value.map(Into::into).unwrap_or_default()
}

fn with_list(tenancy: &str, says: Says) -> Graph {
    let mut builder = GraphBuilder::default();
    add_network(tenancy, &mut builder);
    let rule = IngressSecurityRule {
        protocol: "6".into(),
        source: "10.0.0.0/16".into(),
        source_type: attr(says.source_type),
        stateless: attr(says.stateless),
        description: attr(says.description),
        ..IngressSecurityRule::default()
    };
    let list = SecurityList {
        compartment_id: tenancy.into(),
        vcn_id: vcn::id(&at(vcn::TYPE, "main")).into(),
        ingress_security_rules: vec![rule].into(),
        ..SecurityList::default()
    };
    builder.add(list.inputs().at(at(security_list::TYPE, "web")));
    builder.build().unwrap()
}

fn with_group(tenancy: &str, says: Says) -> Graph {
    let mut builder = GraphBuilder::default();
    add_network(tenancy, &mut builder);
    let group = NetworkSecurityGroup {
        compartment_id: tenancy.into(),
        vcn_id: vcn::id(&at(vcn::TYPE, "main")).into(),
        ..NetworkSecurityGroup::default()
    };
    builder.add(group.inputs().at(at(group::TYPE, "web")));
    let rule = NetworkSecurityGroupSecurityRule {
        network_security_group_id: group::id(&at(group::TYPE, "web")).into(),
        direction: "INGRESS".into(),
        protocol: "6".into(),
        source: "10.0.0.0/16".into(),
        stateless: attr(says.stateless),
        description: attr(says.description),
        ..NetworkSecurityGroupSecurityRule::default()
    };
    builder.add(rule.inputs().at(at(group_rule::TYPE, "web")));
    builder.build().unwrap()
}

async fn life(graph: fn(&str, Says) -> Graph, seed: u64) -> Bench {
    let mut bench = Bench::new(seed).await;
    let tenancy = bench.cloud.tenancy();
    let silent = graph(&tenancy, Says::default());
    bench.reach(&silent).await;
    bench.expect_quiet(&graph(&tenancy, DEFAULTS)).await;
    bench.reach(&graph(&tenancy, OTHERWISE)).await;
    let plan = bench.plan(&silent, &PlanOptions::default()).await;
    assert_eq!(plan.steps().len(), 1, "{plan}");
    bench.reach(&silent).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn what_a_rule_of_a_list_says_no_longer_goes_back_to_its_default() {
    let mut bench = life(with_list, 41).await;
    let tenancy = bench.cloud.tenancy();
    let id = bench.identifier(&at(security_list::TYPE, "web")).unwrap();
    let rule = |bench: &Bench| {
        let id = id.clone();
        bench.cloud.mock.with_cloud(|cloud| cloud.get(&id).unwrap().body["ingressSecurityRules"][0].clone())
    };
    let there = rule(&bench);
    assert_eq!((&there["isStateless"], there.get("description")), (&json!(false), None), "{there}");

    // Somebody else makes it stateless.
    bench.cloud.mock.with_cloud_mut(|cloud| {
        cloud.update(&id, |list| list.body["ingressSecurityRules"][0]["isStateless"] = json!(true));
    });
    let plan = bench.plan(&with_list(&tenancy, Says::default()), &PlanOptions::default()).await;
    assert!(matches!(plan.steps(), [step] if step.action == Action::Update), "{plan}");
    bench.reach(&with_list(&tenancy, Says::default())).await;
    assert_eq!(rule(&bench)["isStateless"], json!(false));
}

#[tokio::test(start_paused = true)]
async fn what_a_rule_of_a_group_says_no_longer_goes_back_to_its_default() {
    life(with_group, 42).await;
}
