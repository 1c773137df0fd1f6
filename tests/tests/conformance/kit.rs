//! The checks. Each makes a bench of its own, so that none depends on another.

use std::collections::BTreeMap;
use std::sync::Arc;

use cross_tests::bench::Bench;
use oci_client::page::PageLimits;
use oci_resources::driver::Driver;
use rand::rngs::ChaCha8Rng;
use reconcile::Address;
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::journal::Ledger;
use reconcile::plan::{Action, Mode};
use reconcile::provider::{DeleteRequest, PollRequest, Provider, Reply, UpdateRequest};
use reconcile::record::Operation;
use reconcile::schema::{Kind, Schema};
use reconcile::state::commands;
use reconcile::value::{Expr, Value};
use serde_json::{Value as Json, json};
use world::BoxFuture;

use crate::touched::{expect_all_tried, touched};

/// Planted in every secret; no byte of it may come out anywhere.
pub(crate) const CANARY: &str = "Canary-1f7b";

/// The cloud in which a case is set up.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The tenancy, which is also the root compartment.
    pub(crate) tenancy: String,
    /// Two further compartments.
    pub(crate) compartments: [String; 2],
    /// The availability domains' names.
    pub(crate) domains: Vec<String>,
    /// The OCIDs of Oracle's services that a gateway may lead to.
    pub(crate) services: Vec<String>,
    /// Images for Ampere shapes, the newest first.
    pub(crate) images: Vec<String>,
    /// Images for the other shapes, the newest first.
    pub(crate) x86_images: Vec<String>,
    /// The namespace of Object Storage.
    pub(crate) namespace: String,
    /// The OCIDs of what [`Case::made`] made.
    pub(crate) made: Vec<String>,
}

/// Inputs by name.
pub(crate) type Asked = BTreeMap<Arc<str>, Expr>;

/// What is to be known of a type to try it.
pub(crate) struct Case {
    /// Terraform's name.
    pub(crate) resource_type: &'static str,
    /// Makes, without the engine, what must exist before it and no resource type makes.
    pub(crate) made: for<'a> fn(&'a Bench, &'a Place) -> BoxFuture<'a, Vec<String>>,
    /// Adds what must exist before it.
    pub(crate) around: fn(&Place, &mut GraphBuilder),
    /// What is asked of it: as many attributes as go together.
    pub(crate) asked: fn(&Place) -> Asked,
    /// Changes, one after another; each leaves the earlier ones in place.
    pub(crate) changes: fn(&Place) -> Vec<Variation>,
    /// Other points to start from, for attributes that do not go with what `asked` asks.
    pub(crate) also: &'static [Start],
    /// Attributes that no change is tried on, and why; with those inside.
    pub(crate) unchanged: &'static [(&'static str, &'static str)],
    /// Attributes that an import cannot find out, because the service does not tell them: who imports lets them be ignored.
    pub(crate) untold: &'static [&'static str],
    /// Attributes that a list does not show, so that a change by somebody else is not noticed before the object is read by itself. The
    /// table in `docs/src/resource-modules.md` is made of these.
    pub(crate) unlisted: &'static [&'static str],
    /// Attributes that cannot go back to what they were: storage only grows.
    pub(crate) one_way: &'static [&'static str],
    /// Another spelling of the same value, by the path of the attribute without indices.
    pub(crate) respell: fn(&str, &Value, &mut ChaCha8Rng) -> Option<Value>,
    /// Objects of the type that are there before: defaults that come with something else.
    pub(crate) there_before: usize,
}

/// Another point to start from.
pub(crate) struct Start {
    /// As [`Case::around`], and in place of it.
    pub(crate) around: fn(&Place, &mut GraphBuilder),
    /// As [`Case::asked`].
    pub(crate) asked: fn(&Place) -> Asked,
    /// As [`Case::changes`].
    pub(crate) changes: fn(&Place) -> Vec<Variation>,
}

/// One attribute, changed.
pub(crate) struct Variation {
    /// Its path: `shape_config.ocpus`. What the schema says of it is expected, and of whatever else is changed with it.
    pub(crate) path: &'static str,
    /// The new value of the top-level attribute.
    pub(crate) value: Expr,
    /// Other attributes that have to change with it, or go.
    pub(crate) with: Vec<(&'static str, Option<Expr>)>,
}

impl Variation {
    /// Together with another attribute, which does not count as tried. What the schema says of that is expected too.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Expr>) -> Self {
        self.with.push((name, Some(value.into())));
        self
    }

    /// And without another attribute, which does not count as tried.
    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.with.push((name, None));
        self
    }

    pub(crate) fn top(&self) -> &'static str {
        self.path.split('.').next().unwrap()
    }

    /// All that changes, by the names of the top level.
    fn parts(&self) -> impl Iterator<Item = (&'static str, Option<&Expr>)> {
        let others = self.with.iter().map(|(name, value)| (*name, value.as_ref()));
        std::iter::once((self.top(), Some(&self.value))).chain(others)
    }

    /// What is asked for after the change.
    fn made_to(&self, asked: &Asked) -> Asked {
        let mut asked = asked.clone();
        for (name, value) in self.parts() {
            match value {
                Some(value) => drop(asked.insert(name.into(), value.clone())),
                None => drop(asked.remove(name)),
            }
        }
        asked
    }

    /// Whether it makes a new object necessary.
    fn forces_new(&self, schema: &Schema) -> bool {
        forces_new(schema, self.path) || self.with.iter().any(|(name, _)| forces_new(schema, name))
    }
}

/// A case with nothing special; to be completed with `..PLAIN`.
pub(crate) const PLAIN: Case = Case {
    resource_type: "",
    made: |_, _| Box::pin(std::future::ready(Vec::new())),
    around: |_, _| {},
    asked: |_| Asked::new(),
    changes: |_| Vec::new(),
    also: &[],
    unchanged: &[],
    untold: &[],
    unlisted: &[],
    one_way: &[],
    respell: |_, _, _| None,
    there_before: 0,
};

/// Inputs of a typed resource.
pub(crate) fn asked(inputs: oci_resources::attr::Inputs) -> Asked {
    inputs.into_entries().into_iter().collect()
}

/// A change of one top-level attribute, or of one inside it.
pub(crate) fn change(path: &'static str, value: impl Into<Expr>) -> Variation {
    Variation { path, value: value.into(), with: Vec::new() }
}

/// A value written as JSON.
pub(crate) fn value(json: &Json) -> Expr {
    use oci_resources::attr::ToExpr;
    json.to_expr().unwrap()
}

/// A point to start from in a cloud.
pub(crate) struct Begun {
    /// As [`Start::around`].
    pub(crate) around: fn(&Place, &mut GraphBuilder),
    /// What is asked for there.
    pub(crate) asked: Asked,
    changes: Vec<Variation>,
}

impl Case {
    pub(crate) fn subject(&self) -> Address {
        Address::new(self.resource_type, "subject").unwrap()
    }

    fn graph(&self, place: &Place, asked: Option<&Asked>) -> Graph {
        self.graph_in(self.around, place, asked, &[])
    }

    pub(crate) fn graph_in(
        &self,
        around: fn(&Place, &mut GraphBuilder),
        place: &Place,
        asked: Option<&Asked>,
        ignored: &[&str],
    ) -> Graph {
        let mut builder = GraphBuilder::default();
        around(place, &mut builder);
        if let Some(asked) = asked {
            let mut node = reconcile::graph::Node::new(self.subject());
            node.lifecycle.ignore_changes =
                ignored.iter().map(|name| reconcile::value::AttributePath::attribute(*name)).collect();
            builder.add(asked.iter().fold(node, |node, (name, expr)| node.input(name.clone(), expr.clone())));
        }
        builder.build().unwrap()
    }

    /// What is asked of it, with what every type is asked that has it.
    fn all_asked(&self, place: &Place) -> Asked {
        self.with_tags((self.asked)(place))
    }

    fn with_tags(&self, asked: Asked) -> Asked {
        let mut asked = asked;
        if self.schema().attribute("defined_tags").is_some() {
            asked.insert("defined_tags".into(), value(&json!({"Ops.CostCenter": "42"})));
        }
        asked
    }

    /// The changes, with those of what every type has; these come first, since a replacement may come last.
    fn all_changes(&self, place: &Place) -> Vec<Variation> {
        let everywhere = [
            change("defined_tags", value(&json!({"Ops.CostCenter": "43", "Ops.Owner": "library"}))),
            change("security_attributes", value(&json!({"oracle-zpr.tier.value": "web"}))),
        ];
        let schema = self.schema();
        let there = everywhere.into_iter().filter(|change| schema.attribute(change.path).is_some());
        there.chain((self.changes)(place)).collect()
    }

    /// The points to start from: their surroundings, what is asked, and the changes from there.
    pub(crate) fn starts(&self, place: &Place) -> Vec<Begun> {
        let first =
            Begun { around: self.around, asked: self.all_asked(place), changes: self.all_changes(place) };
        let others = self.also.iter().map(|start| Begun {
            around: start.around,
            asked: self.with_tags((start.asked)(place)),
            changes: (start.changes)(place),
        });
        std::iter::once(first).chain(others).collect()
    }

    pub(crate) fn schema(&self) -> Schema {
        let mut modules = oci_resources::modules().map(|module| module.resource_type());
        modules.find(|known| *known.name == *self.resource_type).unwrap().schema
    }
}

/// The images that run on a shape, the newest first.
async fn images(bench: &Bench, shape: &str) -> Vec<String> {
    let mut list = oci_client::services::core::operations::ListImages::new(bench.cloud.tenancy());
    list.shape = Some(shape.to_owned());
    let images = bench.cloud.client.list(list, PageLimits::default()).await.unwrap();
    images.into_iter().filter_map(|image| image.id).collect()
}

/// The cloud, with what a case has made in it.
pub(crate) async fn place(case: &Case, bench: &Bench) -> Place {
    use oci_client::services::core::operations::ListServices;
    use oci_client::services::object_storage::operations::GetNamespace;
    let services = bench.cloud.client.list(ListServices::new(), PageLimits::default()).await.unwrap();
    let namespace = bench.cloud.client.call(&GetNamespace::new()).await.unwrap().value;
    let tenancy = &bench.cloud.mock.config().place;
    let mut place = Place {
        tenancy: tenancy.tenancy_id.clone(),
        compartments: cross_tests::COMPARTMENTS.map(|(id, _)| id.to_owned()),
        domains: tenancy.availability_domains(),
        images: images(bench, "VM.Standard.A1.Flex").await,
        x86_images: images(bench, "VM.Standard.E5.Flex").await,
        namespace,
        services: services.into_iter().filter_map(|service| service.id).collect(),
        made: Vec::new(),
    };
    place.made = (case.made)(bench, &place).await;
    place
}

/// The live objects of a type. Rules of groups are not in the mock's inventory, and are counted in their groups.
async fn live(bench: &Bench, resource_type: &str) -> Vec<String> {
    use oci_client::services::core::operations::{
        ListNetworkSecurityGroupSecurityRules, ListNetworkSecurityGroups,
    };
    if resource_type != "oci_core_network_security_group_security_rule" {
        return bench.live(resource_type);
    }
    let client = &bench.cloud.client;
    let mut groups = ListNetworkSecurityGroups::new();
    groups.compartment_id = Some(bench.cloud.tenancy());
    let mut rules = Vec::new();
    for group in client.list(groups, PageLimits::default()).await.unwrap() {
        let list = ListNetworkSecurityGroupSecurityRules::new(group.id.unwrap());
        // A group that is on its way out is listed, and has no rules to show.
        let listed = client.list(list, PageLimits::default()).await.unwrap_or_default();
        rules.extend(listed.into_iter().filter_map(|rule| rule.id));
    }
    rules
}

/// Nothing secret is in anything that is printed, kept or told.
fn expect_no_secret(bench: &Bench, what: &str) {
    let shown = format!("{what} {:?} {:?} {:?}", bench.events, bench.journal.state(), bench.driver);
    assert!(!shown.contains(CANARY), "a secret came out");
}

pub(crate) async fn create_read_and_destroy(case: &Case) {
    for start in 0..=case.also.len() {
        create_read_and_destroy_from(case, start).await;
    }
}

async fn create_read_and_destroy_from(case: &Case, start: usize) {
    let mut bench = Bench::new(1).await;
    let place = place(case, &bench).await;
    let begun = case.starts(&place).swap_remove(start);
    let around = case.graph_in(begun.around, &place, None, &[]);
    let before = match around.nodes() {
        [] => 0,
        _ => {
            bench.reach(&around).await;
            live(&bench, case.resource_type).await.len()
        }
    };
    let plan = bench.reach(&case.graph_in(begun.around, &place, Some(&begun.asked), &[])).await;
    expect_no_secret(&bench, &format!("{plan:?}"));
    if case.there_before == 0 {
        assert_eq!(live(&bench, case.resource_type).await.len(), before + 1);
    }
    let (_, summary) = bench.go(&Graph::empty(), Mode::Destroy).await;
    assert!(summary.is_success(), "{summary:#?}");
    assert_eq!(live(&bench, case.resource_type).await.len(), 0);
    assert_eq!(bench.cloud.mock.violations(), Vec::<String>::new());
    expect_tokens(&bench);
}

/// Oracle's tables of the services that have resource types.
const TABLES: [&str; 5] = [
    include_str!("../../../schemas/oci-api/core.json"),
    include_str!("../../../schemas/oci-api/file_storage.json"),
    include_str!("../../../schemas/oci-api/identity.json"),
    include_str!("../../../schemas/oci-api/mysql.json"),
    include_str!("../../../schemas/oci-api/network_load_balancer.json"),
];

/// The operations that take a retry token, by Oracle's own tables.
fn taking_tokens() -> std::collections::BTreeSet<String> {
    let mut taking = std::collections::BTreeSet::new();
    for table in TABLES {
        let table: Json = serde_json::from_str(table).unwrap();
        for client in table["clients"].as_object().unwrap().values() {
            for (name, operation) in client["operations"].as_object().unwrap() {
                let headers = operation["header_params"].as_array().into_iter().flatten();
                if headers.into_iter().any(|header| header == "opc-retry-token") {
                    taking.insert(name.clone());
                }
            }
        }
    }
    taking
}

/// Every request that can carry a retry token carries one.
fn expect_tokens(bench: &Bench) {
    let taking = taking_tokens();
    assert!(taking.contains("LaunchInstance") && taking.contains("CreateDbSystem"));
    for entry in bench.cloud.mock.requests() {
        let takes_one = entry.operation.is_some_and(|name| taking.contains(name));
        assert!(!takes_one || entry.retry_token.is_some(), "{entry:?} has no token");
    }
}

/// What the schema says of a path: whether a change makes a new object necessary.
fn forces_new(schema: &Schema, path: &str) -> bool {
    let mut schema = schema;
    for name in path.split('.') {
        let Some(attribute) = schema.attribute(name) else {
            assert!(schema.is_open(), "there is no attribute `{path}`");
            return false;
        };
        if attribute.force_new {
            return true;
        }
        let mut kind = &attribute.kind;
        while let Kind::List(item) | Kind::Map(item) = kind {
            kind = &item.kind;
        }
        match kind {
            Kind::Object(inner) => schema = inner,
            _ => break,
        }
    }
    false
}

pub(crate) async fn each_attribute(case: &Case) {
    let mut tried = Vec::new();
    for start in 0..=case.also.len() {
        tried.extend(each_attribute_from(case, start).await);
    }
    expect_all_tried(case, &case.schema(), &tried);
}

/// The paths of what was changed.
async fn each_attribute_from(case: &Case, start: usize) -> Vec<String> {
    let mut bench = Bench::new(2).await;
    let place = place(case, &bench).await;
    let schema = case.schema();
    let Begun { around, mut asked, changes } = case.starts(&place).swap_remove(start);
    let mut tried = Vec::new();
    bench.reach(&case.graph_in(around, &place, Some(&asked), &[])).await;
    for change in changes {
        let touched = touched(&asked, &change);
        let expected = touched.iter().any(|path| forces_new(&schema, path));
        assert_eq!(expected, forces_new(&schema, change.path), "{}: {touched:?}", change.path);
        let expected = change.forces_new(&schema);
        asked = change.made_to(&asked);
        let graph = case.graph_in(around, &place, Some(&asked), &[]);
        let plan = bench.reach(&graph).await;
        let steps: Vec<_> = plan.steps().iter().filter(|step| step.address == case.subject()).collect();
        let replaced = steps.iter().any(|step| step.action == Action::Create);
        let updated = steps.iter().any(|step| step.action == Action::Update);
        assert_eq!((replaced, updated), (expected, !expected), "{}: {steps:#?}", change.path);
        expect_no_secret(&bench, &format!("{plan:?}"));
        tried.extend(touched);
    }
    tried
}

/// The value of an expression, with what the state knows of other resources.
fn resolved(bench: &Bench, expr: &Expr) -> Value {
    match expr {
        Expr::Value(value) => value.clone(),
        Expr::Sensitive(inner) => Value::sensitive(resolved(bench, inner)),
        Expr::List(items) => Value::list(items.iter().map(|item| resolved(bench, item))),
        Expr::Map(entries) => {
            Value::map(entries.iter().map(|(name, item)| (name.clone(), resolved(bench, item))))
        }
        Expr::Reference(reference) => {
            let entry = bench.journal.state().entry(&reference.address).unwrap();
            entry.attributes.get(reference.attribute.first_name().unwrap()).unwrap().clone()
        }
        Expr::Template(_) => panic!("no case has a template: {expr:?}"),
    }
}

/// Whether something is asked at a path.
fn is_asked(bench: &Bench, asked: &Asked, path: &str) -> bool {
    let mut names = path.split('.');
    let top = names.next().and_then(|name| asked.get(name));
    let Some(mut value) = top.map(|expr| resolved(bench, expr)) else { return false };
    names.all(|name| {
        let inner = value.as_map().and_then(|map| map.get(name)).cloned();
        inner.map(|inner| value = inner).is_some()
    })
}

/// Changes an attribute behind the back of the bench's program: with another one that has no state.
async fn changed_by_somebody_else(case: &Case, bench: &Bench, changed: &BTreeMap<&str, Option<&Expr>>) {
    let entry = Arc::new(bench.journal.state().entry(&case.subject()).unwrap().clone());
    let identifier = entry.identifier.clone().unwrap();
    let mut inputs = entry.inputs.clone();
    for (name, value) in changed {
        inputs.insert(*name, value.map_or(Value::Null, |value| resolved(bench, value)));
    }
    let other = Driver::new(bench.cloud.client.clone(), "others", vec![bench.cloud.tenancy()]);
    let request = UpdateRequest {
        address: case.subject(),
        retry_token: format!("others-{:016x}", bench.world.random_u64()).into(),
        identifier: identifier.clone(),
        prior: Arc::clone(&entry),
        inputs,
        changed: changed.keys().map(|name| (*name).into()).collect(),
    };
    let mut reply = other.update(request).await.unwrap();
    for _ in 0..1000 {
        let pending = match reply {
            Reply::Running(running) => running.pending.unwrap(),
            Reply::Settled(object) if object.pending.is_none() => return,
            other => panic!("{changed:?}: {other:?}"),
        };
        bench.world.sleep(std::time::Duration::from_secs(5)).await;
        let poll = PollRequest {
            address: case.subject(),
            operation: Operation::Update,
            identifier: Some(identifier.clone()),
            pending,
            entry: Arc::clone(&entry),
        };
        reply = other.poll(poll).await.unwrap();
    }
    panic!("{changed:?}: it never settled");
}

/// What somebody else changes is noticed, and put back; but for what the service never tells, and what a list does not show.
pub(crate) async fn changes_by_others(case: &Case) {
    for start in 0..=case.also.len() {
        changes_by_others_from(case, start).await;
    }
}

async fn changes_by_others_from(case: &Case, start: usize) {
    let schema = case.schema();
    let mut bench = Bench::new(8).await;
    let place = place(case, &bench).await;
    let Begun { around, asked, mut changes } = case.starts(&place).swap_remove(start);
    let graph = case.graph_in(around, &place, Some(&asked), &[]);
    bench.reach(&graph).await;
    let is_one_way = |change: &Variation| case.one_way.contains(&change.path);
    changes.sort_by_key(is_one_way);
    for change in changes {
        let top = change.top();
        let attribute = schema.attribute(top).unwrap();
        // What was not asked for is nobody's business; and nobody can change what makes a new object.
        if change.forces_new(&schema) || attribute.write_only || !is_asked(&bench, &asked, change.path) {
            continue;
        }
        if resolved(&bench, &change.value) == resolved(&bench, &asked[top]) {
            continue;
        }
        changed_by_somebody_else(case, &bench, &change.parts().collect()).await;
        let plan = bench.plan(&graph, &reconcile::plan::PlanOptions::default()).await;
        let mut steps = plan.steps().iter().filter(|step| step.address == case.subject());
        let noticed =
            steps.any(|step| step.changes.iter().any(|change| change.path.first_name() == Some(top)));
        assert_eq!(noticed, !case.unlisted.contains(&top), "{}: {plan:#?}", change.path);
        if is_one_way(&change) {
            break;
        } else if noticed {
            // An address that was given up is not free at once.
            bench.world.sleep(std::time::Duration::from_secs(600)).await;
            bench.reach(&graph).await;
        } else {
            let before = change.parts().map(|(name, _)| (name, asked.get(name))).collect();
            changed_by_somebody_else(case, &bench, &before).await;
        }
    }
}

pub(crate) async fn delete_twice(case: &Case) {
    let mut bench = Bench::new(4).await;
    let place = place(case, &bench).await;
    let asked = case.all_asked(&place);
    bench.reach(&case.graph(&place, Some(&asked))).await;
    let entry = bench.journal.state().entry(&case.subject()).unwrap().clone();
    let identifier = entry.identifier.clone().unwrap();
    bench.reach(&case.graph(&place, None)).await;
    let request =
        DeleteRequest { address: case.subject(), retry_token: "deleted-again".into(), identifier, entry };
    let reply = bench.driver.delete(request).await;
    assert!(matches!(reply, Ok(Reply::Gone)), "{reply:?}");
}

pub(crate) async fn import(case: &Case) {
    for start in 0..=case.also.len() {
        import_from(case, start).await;
    }
}

async fn import_from(case: &Case, start: usize) {
    let mut bench = Bench::new(5).await;
    let place = place(case, &bench).await;
    let Begun { around, asked, .. } = case.starts(&place).swap_remove(start);
    bench.reach(&case.graph_in(around, &place, Some(&asked), &[])).await;
    let subject = case.subject();
    let identifier = bench.journal.state().entry(&subject).unwrap().identifier.clone().unwrap();
    commands::remove(&mut bench.journal, std::slice::from_ref(&subject)).await.unwrap();
    commands::import(&mut bench.journal, &bench.driver, &subject, &identifier).await.unwrap();
    bench.expect_quiet(&case.graph_in(around, &place, Some(&asked), case.untold)).await;
}

/// What may go wrong with one call.
const FAULTS: &[(&str, &str)] = &[
    ("the answer is lost", r#"{"loseReply": {}}"#),
    (
        "something else goes on",
        r#"{"respond": {"status": 409, "code": "IncorrectState", "message": "busy"}}"#,
    ),
    (
        "somebody else was first",
        r#"{"respond": {"status": 412, "code": "NoEtagMatch", "message": "changed"}}"#,
    ),
    (
        "the service breaks",
        r#"{"respond": {"status": 500, "code": "InternalServerError", "message": "oops"}}"#,
    ),
    ("asked too often", r#"{"throttle": {"retryAfterSecs": 1}}"#),
    ("the object is hidden at first", r#"{"hideNew": {"seconds": 20}}"#),
];

/// Faults at reads beyond these repeat what was tried: they are polls.
const READS_MAX: usize = 4;

pub(crate) async fn faults(case: &Case) {
    let mut tried = 0;
    for method in ["POST", "PUT", "DELETE", "GET"] {
        let mut at = 0;
        while at < if method == "GET" { READS_MAX } else { usize::MAX } {
            let mut fired = false;
            for (name, effect) in FAULTS {
                fired |= one_fault(case, method, at, name, &serde_json::from_str(effect).unwrap()).await;
            }
            if !fired {
                break;
            }
            at += 1;
        }
        tried += at;
    }
    // One call makes it, one removes it, and somebody looks.
    assert!(tried >= 3, "only {tried} calls were tried");
}

/// Whether the fault came to pass.
async fn one_fault(case: &Case, method: &str, at: usize, name: &str, effect: &Json) -> bool {
    let told = format!("{method} {at}, {name}");
    let mut bench = Bench::new(6).await;
    let place = place(case, &bench).await;
    let asked = case.all_asked(&place);
    let around = case.graph(&place, None);
    if !around.nodes().is_empty() {
        bench.reach(&around).await;
    }
    let before = live(&bench, case.resource_type).await.len();
    bench.faults(&json!({"faults": [{"when": {"method": method, "skip": at, "times": 1}, "do": effect}]}));
    let graph = case.graph(&place, Some(&asked));
    until_done(&mut bench, &graph, Mode::Apply, &told).await;
    bench.expect_quiet(&graph).await;
    let now = live(&bench, case.resource_type).await.len();
    assert_eq!(now, if case.there_before > 0 { before } else { before + 1 }, "{told}");
    until_done(&mut bench, &Graph::empty(), Mode::Destroy, &told).await;
    assert_eq!(live(&bench, case.resource_type).await, Vec::<String>::new(), "{told}");
    let faults = bench.cloud.mock.faults();
    faults[0]["fired"].as_u64().unwrap() > 0
}

/// One run, and at most two more, each as a new process.
async fn until_done(bench: &mut Bench, graph: &Graph, mode: Mode, told: &str) {
    let mut last = None;
    for _ in 0..3 {
        bench.restart();
        let (plan, summary) = bench.go(graph, mode).await;
        if summary.is_success() && plan.deferred().is_empty() {
            return;
        }
        last = Some(summary);
        // What is hidden now will show by then.
        bench.world.sleep(std::time::Duration::from_secs(60)).await;
    }
    panic!("{told}: three runs did not suffice: {last:#?}");
}
