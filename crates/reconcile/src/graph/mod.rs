//! The graph of what somebody wants: resources and data sources with their references, and outputs of the stack.
//!
//! A [`GraphBuilder`] takes anything; [`GraphBuilder::build`] finds everything that is wrong with it at once. A
//! [`Graph`] has no cycle, no unknown reference and no address twice, and everything about it comes in one order.

mod cycle;
mod index;
mod inputs;
mod suggest;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use crate::record::Identifier;
use crate::value::{AttributePath, Expr, Reference, Shared};
use crate::{Address, InstanceKey};

use index::Kinds;

pub(crate) use index::Edges;

pub use inputs::Inputs;
pub use suggest::suggest;

/// One resource or data source, as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is called.
    pub address: Address,
    /// What is asked for.
    pub inputs: Inputs,
    /// What it needs without referring to it; the address of a group means all its instances.
    pub depends_on: Vec<Address>,
    /// Rules of its life.
    pub lifecycle: Lifecycle,
    /// The rolling group that it is a member of.
    pub rolling: Option<RollingMember>,
    /// An object that exists already and shall be taken over.
    pub adopt: Option<Identifier>,
}

/// Rules of a resource's life.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Lifecycle {
    /// Whether it may not be replaced or deleted without consent. `None` leaves the state as it is: removing the
    /// rule does not unprotect, only `Some(false)` does.
    pub protect: Option<bool>,
    /// A replacement is created before the old object goes.
    pub create_first: bool,
    /// Attributes whose changes are not looked at once the object exists.
    pub ignore_changes: Vec<AttributePath>,
    /// It is replaced when one of these changes; an empty attribute means any change of that resource.
    pub replace_when: Vec<Reference>,
}

/// Which part a resource plays in a rolling group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollingMember {
    /// The group, declared with [`GraphBuilder::rolling_group`].
    pub group: Arc<str>,
    /// The member: resources that go out together (a server and its backend) have the same name here.
    pub unit: Arc<str>,
}

/// A group whose members change one after another.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RollingGroup {
    /// Its name.
    pub name: Arc<str>,
    /// At most so many members are out at once; at least one.
    pub out_max: usize,
}

impl Node {
    /// A node without inputs.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            inputs: Inputs::default(),
            depends_on: Vec::new(),
            lifecycle: Lifecycle::default(),
            rolling: None,
            adopt: None,
        }
    }

    /// This node with one input more.
    #[must_use]
    pub fn input(mut self, name: impl Into<Arc<str>>, value: impl Into<Expr>) -> Self {
        self.inputs.insert(name.into(), value.into());
        self
    }

    /// This node, after another one that it does not refer to.
    #[must_use]
    pub fn after(mut self, address: Address) -> Self {
        self.depends_on.push(address);
        self
    }

    /// This node, as a member of a rolling group.
    #[must_use]
    pub fn rolling(mut self, group: impl Into<Arc<str>>, unit: impl Into<Arc<str>>) -> Self {
        self.rolling = Some(RollingMember { group: group.into(), unit: unit.into() });
        self
    }
}

/// Collects nodes and outputs.
#[derive(Clone, Debug, Default)]
pub struct GraphBuilder {
    nodes: Vec<Node>,
    outputs: Vec<(Arc<str>, Expr)>,
    groups: BTreeMap<Arc<str>, usize>,
}

/// What is wrong with a graph. The order of several is that of the addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two nodes have one address.
    #[error("`{0}` is there twice")]
    Duplicate(Address),
    /// Two outputs have one name.
    #[error("the output `{0}` is there twice")]
    DuplicateOutput(Arc<str>),
    /// A reference to a node that is not there.
    #[error("{from} refers to `{to}`, which does not exist{}", did_you_mean(suggestion.as_ref()))]
    UnknownReference {
        /// Where the reference stands.
        from: Place,
        /// What it means.
        to: Address,
        /// What may have been meant.
        suggestion: Option<Address>,
    },
    /// A member of a rolling group that was not declared.
    #[error("`{address}` is a member of the rolling group `{group}`, which does not exist")]
    UnknownGroup {
        /// The member.
        address: Address,
        /// The group.
        group: Arc<str>,
    },
    /// Nodes that need each other.
    #[error("these need each other: {}", cycle_text(.0))]
    Cycle(Vec<Address>),
    /// There are more cycles than are listed.
    #[error("there are more cycles among these; at most {listed} are listed")]
    MoreCycles {
        /// How many are listed.
        listed: usize,
    },
}

/// Where a reference stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In an input of a node.
    Input(Address, Arc<str>),
    /// In a rule of a node's life, or its explicit edges.
    Rule(Address),
    /// In an output of the stack.
    Output(Arc<str>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(address, name) => write!(f, "`{address}`, input `{name}`,"),
            Self::Rule(address) => write!(f, "`{address}`"),
            Self::Output(name) => write!(f, "the output `{name}`"),
        }
    }
}

fn did_you_mean(suggestion: Option<&Address>) -> String {
    suggestion.map_or_else(String::new, |address| format!("; did you mean `{address}`?"))
}

fn cycle_text(addresses: &[Address]) -> String {
    let mut names: Vec<String> = addresses.iter().map(|address| format!("`{address}`")).collect();
    names.extend(names.first().cloned());
    names.join(" → ")
}

impl GraphBuilder {
    /// Adds a node.
    pub fn add(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Adds the instances of a group: `make` is called with the address of each.
    pub fn add_instances(
        &mut self,
        group: &Address,
        keys: impl IntoIterator<Item = InstanceKey>,
        mut make: impl FnMut(&InstanceKey, Address) -> Node,
    ) {
        for key in keys {
            let address = group.instance(&key);
            self.nodes.push(make(&key, address));
        }
    }

    /// Adds an output of the stack.
    pub fn output(&mut self, name: impl Into<Arc<str>>, value: impl Into<Expr>) {
        self.outputs.push((name.into(), value.into()));
    }

    /// Declares a rolling group: at most `out_max` members (at least one) are out at once.
    pub fn rolling_group(&mut self, name: impl Into<Arc<str>>, out_max: usize) {
        self.groups.insert(name.into(), out_max.max(1));
    }

    /// The graph.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn build(mut self) -> Result<Graph, Vec<GraphError>> {
        let mut errors = Vec::new();
        self.nodes.sort_by_cached_key(|node| node.address.clone());
        let duplicates = self.nodes.windows(2).filter(|pair| pair[0].address == pair[1].address);
        let mut twice: Vec<Address> = duplicates.map(|pair| pair[0].address.clone()).collect();
        twice.dedup();
        errors.extend(twice.into_iter().map(GraphError::Duplicate));
        self.nodes.dedup_by(|a, b| a.address == b.address);

        let addresses: Vec<Address> = self.nodes.iter().map(|node| node.address.clone()).collect();
        let index: HashMap<Address, u32> = addresses.iter().cloned().zip(0..).collect();
        let instances = instances_by_group(&addresses);
        let known = Addresses { all: &addresses, index: &index, instances: &instances };
        let mut edges = Edges::default();
        let mut missing = Vec::new();
        let mut shared = Shared::default();
        for node in &mut self.nodes {
            edges.push(edges_of(node, known, &mut shared, &mut missing));
            if let Some(member) = &node.rolling
                && !self.groups.contains_key(&member.group)
            {
                let (address, group) = (node.address.clone(), member.group.clone());
                errors.push(GraphError::UnknownGroup { address, group });
            }
        }
        let outputs = self.check_outputs(&index, &mut missing, &mut errors);
        errors.extend(missing.into_iter().map(|(from, to)| {
            let suggestion = suggest(to.as_str(), self.nodes.iter().map(|node| node.address.as_str()));
            GraphError::UnknownReference {
                from,
                suggestion: suggestion.and_then(|text| text.parse().ok()),
                to,
            }
        }));
        let order = cycle::order(&edges).unwrap_or_else(|cycles| {
            let address = |at: u32| self.nodes[at as usize].address.clone();
            let (listed, truncated) = (cycles.cycles.len(), cycles.truncated);
            errors.extend(
                cycles
                    .cycles
                    .into_iter()
                    .map(|cycle| GraphError::Cycle(cycle.into_iter().map(address).collect())),
            );
            if truncated {
                errors.push(GraphError::MoreCycles { listed });
            }
            Vec::new()
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        let groups = self.groups.into_iter().map(|(name, out_max)| RollingGroup { name, out_max }).collect();
        let kinds = Kinds::of(&addresses);
        Ok(Graph { nodes: self.nodes, addresses, kinds, index, edges, order, outputs, groups })
    }

    fn check_outputs(
        &mut self,
        index: &HashMap<Address, u32>,
        missing: &mut Vec<(Place, Address)>,
        errors: &mut Vec<GraphError>,
    ) -> BTreeMap<Arc<str>, Expr> {
        let mut outputs = BTreeMap::new();
        for (name, expr) in std::mem::take(&mut self.outputs) {
            expr.references(&mut |reference| {
                if !index.contains_key(&reference.address) {
                    missing.push((Place::Output(name.clone()), reference.address.clone()));
                }
            });
            if outputs.insert(name.clone(), expr).is_some() {
                errors.push(GraphError::DuplicateOutput(name));
            }
        }
        outputs
    }
}

fn instances_by_group(addresses: &[Address]) -> HashMap<&str, Vec<u32>> {
    let mut instances: HashMap<&str, Vec<u32>> = HashMap::new();
    for (address, at) in addresses.iter().zip(0..) {
        let group = address.group();
        if group.len() < address.as_str().len() {
            instances.entry(group).or_default().push(at);
        }
    }
    instances
}

/// All addresses of a graph, and where they are.
#[derive(Clone, Copy)]
struct Addresses<'a> {
    all: &'a [Address],
    index: &'a HashMap<Address, u32>,
    instances: &'a HashMap<&'a str, Vec<u32>>,
}

/// What a node needs. What its references say is stored once for all of them on the way.
fn edges_of(
    node: &mut Node,
    known: Addresses<'_>,
    shared: &mut Shared,
    missing: &mut Vec<(Place, Address)>,
) -> Vec<u32> {
    let Addresses { all, index, instances } = known;
    let mut found = Vec::new();
    for (name, expr) in node.inputs.iter_mut() {
        *name = shared.name(name);
        expr.references_mut(&mut |reference| match index.get(&reference.address) {
            Some(at) => {
                let stored = &all[*at as usize];
                if !reference.address.same_storage(stored) {
                    reference.address = stored.clone();
                }
                shared.path(&mut reference.attribute);
                found.push(*at);
            }
            None => {
                missing.push((Place::Input(node.address.clone(), name.clone()), reference.address.clone()))
            }
        });
    }
    let triggers = node.lifecycle.replace_when.iter().map(|reference| &reference.address);
    for address in node.depends_on.iter().chain(triggers) {
        match (index.get(address), instances.get(address.as_str())) {
            (Some(at), _) => found.push(*at),
            (None, Some(members)) => found.extend(members),
            (None, None) => missing.push((Place::Rule(node.address.clone()), address.clone())),
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A graph without faults.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    /// The addresses of the nodes, side by side: what a reference means is found without going to the nodes.
    addresses: Vec<Address>,
    kinds: Kinds,
    index: HashMap<Address, u32>,
    edges: Edges,
    order: Vec<u32>,
    outputs: BTreeMap<Arc<str>, Expr>,
    groups: Vec<RollingGroup>,
}

impl Graph {
    /// A graph with nothing in it: what is wanted when everything shall go.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            nodes: Vec::new(),
            addresses: Vec::new(),
            kinds: Kinds::default(),
            index: HashMap::new(),
            edges: Edges::default(),
            order: Vec::new(),
            outputs: BTreeMap::new(),
            groups: Vec::new(),
        }
    }

    /// The nodes, by address.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    #[must_use]
    pub fn node(&self, address: &Address) -> Option<&Node> {
        self.position(address).map(|at| &self.nodes[at as usize])
    }

    /// The addresses that a node refers to or names as needed, directly; sorted.
    pub fn dependencies<'a>(&'a self, address: &Address) -> impl Iterator<Item = &'a Address> {
        let needed = self.position(address).map_or(&[][..], |at| self.edges().of(at));
        needed.iter().map(|at| &self.addresses[*at as usize])
    }

    /// As [`Graph::dependencies`], of the node at a position.
    pub(crate) fn dependencies_of(&self, node: u32) -> impl Iterator<Item = &Address> {
        self.edges().of(node).iter().map(|at| &self.addresses[*at as usize])
    }

    /// The nodes so that each comes after all that it needs; the same order for the same graph.
    pub fn ordered(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.order().iter().map(|at| &self.nodes[*at as usize])
    }

    /// The outputs of the stack.
    #[must_use]
    pub fn outputs(&self) -> &BTreeMap<Arc<str>, Expr> {
        &self.outputs
    }

    /// The rolling groups, by name.
    #[must_use]
    pub fn rolling_groups(&self) -> &[RollingGroup] {
        &self.groups
    }

    pub(crate) fn position(&self, address: &Address) -> Option<u32> {
        self.index.get(address).copied()
    }

    /// The addresses of the nodes, by position; sorted.
    pub(crate) fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// One address of each type that there is.
    pub(crate) fn kinds(&self) -> &[Address] {
        &self.kinds.examples
    }

    /// Which of the types a node has.
    pub(crate) fn kind(&self, node: u32) -> u32 {
        self.kinds.of[node as usize]
    }

    /// Whether a node is a data source.
    pub(crate) fn is_data(&self, node: u32) -> bool {
        self.kinds.examples[self.kind(node) as usize].is_data()
    }

    /// The position of what a reference in `node` means. The builder has made that an edge, and stored its address once.
    pub(crate) fn target(&self, node: u32, address: &Address) -> Option<u32> {
        let edges = self.edges().of(node);
        if edges.len() < 10 {
            let is_meant = |at: &&u32| self.addresses[**at as usize].same_storage(address);
            return edges.iter().find(is_meant).copied().or_else(|| self.position(address));
        }
        let found = edges.binary_search_by(|at| self.addresses[*at as usize].cmp(address));
        found.ok().map(|at| edges[at]).or_else(|| self.position(address))
    }

    /// The positions of sorted addresses.
    pub(crate) fn positions<'a>(
        &self,
        addresses: impl ExactSizeIterator<Item = &'a Address>,
    ) -> Vec<Option<u32>> {
        // Looking each of a few up is faster than walking along all.
        if addresses.len() < self.addresses.len() / 16 {
            return addresses.map(|address| self.position(address)).collect();
        }
        let mut at = 0;
        addresses
            .map(|address| {
                while self.addresses.get(at).is_some_and(|other| other < address) {
                    at += 1;
                }
                let found = self.addresses.get(at).is_some_and(|other| other == address);
                found.then(|| u32::try_from(at).expect("a graph has fewer than 2³² nodes"))
            })
            .collect()
    }

    pub(crate) fn edges(&self) -> &Edges {
        &self.edges
    }

    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn node(text: &str, refers_to: &[&str]) -> Node {
        refers_to.iter().enumerate().fold(Node::new(address(text)), |node, (at, to)| {
            node.input(format!("in{at}"), Reference::new(address(to), "id"))
        })
    }

    fn build(nodes: impl IntoIterator<Item = Node>) -> Result<Graph, Vec<GraphError>> {
        let mut builder = GraphBuilder::default();
        nodes.into_iter().for_each(|node| builder.add(node));
        builder.build()
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let errors = build([
            node("t.a", &["t.b"]),
            node("t.b", &["t.c"]),
            node("t.c", &["t.a"]),
            node("t.d", &["t.d"]),
            node("t.e", &["t.aa", "u.nothing_like_it_at_all"]),
            node("t.f", &[]),
            node("t.f", &[]),
        ])
        .unwrap_err();
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "`t.f` is there twice",
                "`t.e`, input `in0`, refers to `t.aa`, which does not exist; did you mean `t.a`?",
                "`t.e`, input `in1`, refers to `u.nothing_like_it_at_all`, which does not exist",
                "these need each other: `t.a` → `t.b` → `t.c` → `t.a`",
                "these need each other: `t.d` → `t.d`",
            ]
        );
    }

    #[test]
    fn references_inside_lists_maps_and_texts_are_edges() {
        let deep = Expr::List(vec![Expr::Map(vec![(
            "x".into(),
            Expr::Template(vec![
                crate::value::TemplatePart::Text("a".into()),
                crate::value::TemplatePart::Reference(Reference::new(address("t.b"), "id")),
            ]),
        )])]);
        let graph =
            build([Node::new(address("t.a")).input("deep", Expr::Sensitive(deep.into())), node("t.b", &[])])
                .unwrap();
        assert_eq!(graph.dependencies(&address("t.a")).collect::<Vec<_>>(), [&address("t.b")]);
        let order: Vec<_> = graph.ordered().map(|node| node.address.as_str()).collect();
        assert_eq!(order, ["t.b", "t.a"]);
    }

    #[test]
    fn an_edge_to_a_group_is_an_edge_to_all_its_instances() {
        let mut builder = GraphBuilder::default();
        let keys = ["1", "2"].map(|key| InstanceKey::Name(key.into()));
        builder.add_instances(&address("t.web"), keys, |_, address| Node::new(address));
        builder.add(Node::new(address("t.after")).after(address("t.web")));
        let graph = builder.build().unwrap();
        let needed: Vec<_> = graph.dependencies(&address("t.after")).map(Address::as_str).collect();
        assert_eq!(needed, ["t.web[\"1\"]", "t.web[\"2\"]"]);
    }

    #[test]
    fn what_a_reference_means_is_found_among_few_edges_and_among_many() {
        let name = |at: usize| format!("t.n{at}");
        let names: Vec<String> = (0..40).map(name).collect();
        let few: Vec<&str> = names[..3].iter().map(String::as_str).collect();
        let many: Vec<&str> = names.iter().map(String::as_str).collect();
        let leaves = names.iter().map(|name| node(name, &[]));
        let graph = build(leaves.chain([node("t.few", &few), node("t.many", &many)])).unwrap();
        for (from, to) in [("t.few", &few), ("t.many", &many)] {
            let from = graph.position(&address(from)).unwrap();
            for to in to {
                let expected = graph.position(&address(to));
                assert!(expected.is_some());
                // Also by an address in storage of its own, as one in a plan is.
                assert_eq!(graph.target(from, &address(to)), expected);
            }
            graph.nodes()[from as usize].inputs["in0"].references(&mut |reference| {
                assert_eq!(graph.target(from, &reference.address), graph.position(&reference.address));
            });
            assert_eq!(graph.target(from, &address("t.nobody")), None);
        }
    }

    #[test]
    fn many_positions_are_those_that_each_address_has() {
        let names: Vec<String> = (0..100).map(|at| format!("t.n{at}")).collect();
        let graph = build(names.iter().map(|name| node(name, &[]))).unwrap();
        let mut asked: Vec<Address> = names.iter().map(|name| address(name)).collect();
        asked.extend(["a.first", "t.n5x", "t.n50", "z.last"].map(address));
        asked.sort();
        for some in [&asked[..], &asked[10..90], &asked[20..24], &asked[100..], &[]] {
            let each: Vec<_> = some.iter().map(|address| graph.position(address)).collect();
            assert_eq!(graph.positions(some.iter()), each);
        }
    }

    #[test]
    fn a_chain_of_100_000_and_a_ring_of_100_000_need_no_deep_stack() {
        let name = |at: usize| address(&format!("t.n{at}"));
        let chain = |at: usize| Node::new(name(at)).input("in", Reference::new(name(at - 1), "id"));
        let nodes = (1..100_000).map(chain);
        assert!(build(nodes.clone().chain([Node::new(name(0))])).is_ok());
        let closing = Node::new(name(0)).input("in", Reference::new(name(99_999), "id"));
        let errors = build(nodes.chain([closing])).unwrap_err();
        assert!(matches!(&errors[..], [GraphError::Cycle(cycle)] if cycle.len() == 100_000));
    }
}
