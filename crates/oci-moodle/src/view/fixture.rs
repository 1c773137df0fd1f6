//! A small world for the tests of what is shown: plans made by the real planner, without a cloud.

use std::time::Duration;

use reconcile::Address;
use reconcile::graph::{Graph, GraphBuilder, Node};
use reconcile::plan::{Observed, Plan, PlanInput, PlanOptions, Seen, plan};
use reconcile::provider::{
    CreateRequest, DeleteRequest, Failure, FindRequest, Listed, Object, PerOperation, PollRequest, Provider,
    ReadAnswer, ReadRequest, Reply, ResourceType, UpdateRequest,
};
use reconcile::record::{Record, Slot, StateEntry, Status};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::secret::DigestKey;
use reconcile::state::State;
use reconcile::value::{Expr, Reference, Value, ValueMap};
use world::BoxFuture;

/// Knows a network, a packet filter, a server and a database. It is only ever asked what they look like.
#[derive(Debug)]
struct Small(Vec<ResourceType>);

fn text() -> Attribute {
    Attribute::new(Kind::String)
}

impl Small {
    fn new() -> Self {
        let resource_type = |name: &str, seconds, schema: Schema| ResourceType {
            expected: PerOperation::all(Duration::from_secs(seconds)),
            ..ResourceType::new(name, schema.with("id", text().read_only()))
        };
        let rules = Attribute::new(Kind::List(Box::new(Attribute::new(Kind::Any)))).unordered();
        let server = Schema::default()
            .with("network", text().force_new())
            .with("shape", text().force_new())
            .with("display_name", text())
            .with("password", text().sensitive());
        let database = Schema::default().with("network", text()).with("password", text().sensitive());
        Self(vec![
            resource_type("oci_core_instance", 90, server),
            resource_type("oci_core_security_list", 3, Schema::default().with("rules", rules)),
            resource_type(
                "oci_core_vcn",
                5,
                Schema::default().with("cidr", text().force_new()).with("display_name", text()),
            ),
            ResourceType { holds_data: true, ..resource_type("oci_mysql_mysql_db_system", 1500, database) },
        ])
    }
}

fn never<T: Send + 'static>() -> BoxFuture<'static, Result<T, Failure>> {
    Box::pin(std::future::ready(Err(Failure::refused("plans ask nothing of the world"))))
}

impl Provider for Small {
    fn resource_types(&self) -> &[ResourceType] {
        &self.0
    }
    fn read<'a>(&'a self, _: &'a str, requests: Vec<ReadRequest>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(std::future::ready(requests.iter().map(|_| ReadAnswer::Gone).collect()))
    }
    fn create(&self, _: CreateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        never()
    }
    fn update(&self, _: UpdateRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        never()
    }
    fn delete(&self, _: DeleteRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        never()
    }
    fn poll(&self, _: PollRequest) -> BoxFuture<'_, Result<Reply, Failure>> {
        never()
    }
    fn find(&self, _: FindRequest) -> BoxFuture<'_, Result<Vec<Object>, Failure>> {
        never()
    }
    fn list<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<Listed>, Failure>> {
        never()
    }
}

/// An address.
pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A resource that is wanted.
pub(crate) fn node(name: &str, inputs: &[(&str, Expr)]) -> Node {
    inputs.iter().fold(Node::new(address(name)), |node, (name, value)| node.input(*name, value.clone()))
}

/// Another resource's `id`.
pub(crate) fn id_of(name: &str) -> Expr {
    Reference::new(address(name), "id").into()
}

/// What is there, what is wanted and what was seen, of which a plan is made.
#[derive(Default)]
pub(crate) struct Case {
    /// Wanted.
    pub(crate) nodes: Vec<Node>,
    /// There: by address, with attributes. The id is the address.
    pub(crate) there: Vec<(&'static str, Vec<(&'static str, Value)>)>,
    /// Changed behind our back: by address, an attribute and what it is now; `None` if all of it has gone.
    pub(crate) drifted: Vec<(&'static str, Option<(&'static str, Value)>)>,
    /// What else is to be known about the plan.
    pub(crate) options: PlanOptions,
}

impl Case {
    /// The plan.
    pub(crate) fn plan(self) -> Plan {
        let (provider, key) = (Small::new(), DigestKey::from_bytes([7; 32]));
        let mut builder = GraphBuilder::default();
        self.nodes.into_iter().for_each(|node| builder.add(node));
        let graph: Graph = builder.build().unwrap();
        let mut state = State::new("lineage");
        let mut observed = Observed::default();
        for (name, attributes) in self.there {
            let inputs: ValueMap = attributes.into_iter().map(|(name, value)| (name.into(), value)).collect();
            let mut attributes = inputs.clone();
            attributes.insert("id", name.into());
            let dependencies = graph.dependencies(&address(name)).cloned().collect();
            let entry = StateEntry {
                identifier: Some(name.into()),
                inputs: key.redact_map(name, &inputs),
                attributes: key.redact_map(name, &attributes),
                dependencies,
                protect: false,
                status: Status::Ready,
                private: Value::Null,
                schema_version: 0,
            };
            let record = Record::Put { address: address(name), slot: Slot::Current, entry: Box::new(entry) };
            state.fold(record).unwrap();
            let seen = match self.drifted.iter().find(|(drifted, _)| *drifted == name) {
                None => continue,
                Some((_, None)) => Seen::Gone,
                Some((_, Some((attribute, value)))) => {
                    attributes.insert(*attribute, value.clone());
                    Seen::Found(Object::new(name, attributes))
                }
            };
            observed.objects.insert((address(name), Slot::Current), seen);
        }
        let input =
            PlanInput { provider: &provider, key: &key, graph: &graph, state: &state, observed: &observed };
        plan(input, &self.options)
    }
}
