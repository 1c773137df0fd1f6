//! What is known of each node's attributes, before and while a plan is carried out.

use crate::graph::{Graph, Node};
use crate::provider::{Provider, ResourceType};
use crate::schema::Attribute;
use crate::secret::DigestKey;
use crate::value::{Expr, Reference, ResolveError, Value, ValueMap};

/// What is known of the attributes of one node.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// Nothing that could be referred to: it is left alone and was never created.
    Nothing,
    /// Everything: `desired` in the user's spelling first, then `attributes`.
    All { desired: ValueMap, attributes: ValueMap },
    /// It will be created: what is asked for; the service will tell the rest.
    Created { desired: ValueMap },
    /// It will be updated: as [`Known::All`], except for what may change with any update.
    Updated { desired: ValueMap, attributes: ValueMap },
    /// A data source that will be read.
    Unread,
}

/// What is known of all nodes, by position in the graph.
#[derive(Debug)]
pub(crate) struct Knowledge<'a> {
    pub(crate) graph: &'a Graph,
    /// The resource types, as the graph counts them.
    types: Vec<Option<&'a ResourceType>>,
    pub(crate) nodes: Vec<Option<Known>>,
}

impl<'a> Knowledge<'a> {
    pub(crate) fn new(graph: &'a Graph, provider: &'a dyn Provider) -> Self {
        let types = graph.kinds().iter().map(|example| type_of(provider, example)).collect();
        Self { graph, types, nodes: vec![None; graph.nodes().len()] }
    }

    /// The type of a node, resource or data source; `None` if the provider has no such type.
    pub(crate) fn type_of(&self, node: u32) -> Option<&'a ResourceType> {
        self.types[self.graph.kind(node) as usize]
    }

    /// The inputs of a node, as far as they are known. Nodes that it refers to must have been set before.
    pub(crate) fn resolve_inputs(&self, node: u32, failed: &mut Vec<ResolveError>) -> ValueMap {
        let inputs = &self.graph.nodes()[node as usize].inputs;
        let mut look_up =
            |reference: &Reference| self.look_up(self.graph.target(node, &reference.address)?, reference);
        inputs.iter().map(|(name, expr)| (name.clone(), expr.resolve(&mut look_up, failed))).collect()
    }

    pub(crate) fn resolve(&self, expr: &Expr, failed: &mut Vec<ResolveError>) -> Value {
        expr.resolve(
            &mut |reference| self.look_up(self.graph.position(&reference.address)?, reference),
            failed,
        )
    }

    /// What a reference to the node at a position stands for.
    fn look_up(&self, at: u32, reference: &Reference) -> Option<Value> {
        let unknown = || Some(Value::unknown(reference.address.clone(), reference.attribute.clone()));
        let Some(known) = &self.nodes[at as usize] else { return unknown() };
        let resource_type = self.type_of(at);
        let Some(name) = reference.attribute.first_name() else {
            return Some(known.whole().unwrap_or(unknown()?));
        };
        let attribute = resource_type.and_then(|resource_type| resource_type.schema.attribute(name));
        let inside = |values: &ValueMap| {
            values
                .get(name)
                .and_then(|value| value.at(&reference.attribute[1..]))
                .filter(|value| !value.is_null())
        };
        let exists =
            attribute.is_some() || resource_type.is_none_or(|resource_type| resource_type.schema.open);
        let absent = || exists.then_some(Value::Null);
        // What only the service sets is in no wish. Most references are to such a thing, an id.
        let wished = |desired: &ValueMap| {
            if attribute.is_none_or(Attribute::is_settable) { inside(desired) } else { None }
        };
        match known {
            Known::Nothing | Known::Unread => unknown(),
            Known::All { desired, attributes } => {
                wished(desired).or_else(|| inside(attributes)).or_else(absent)
            }
            Known::Created { desired } => wished(desired).or_else(|| match attribute {
                Some(attribute) if attribute.computed || reference.attribute.len() > 1 => unknown(),
                Some(_) => Some(Value::Null),
                None if exists => unknown(),
                None => None,
            }),
            Known::Updated { desired, attributes } => wished(desired).or_else(|| match attribute {
                Some(attribute) if attribute.volatile => unknown(),
                _ => inside(attributes).or_else(absent),
            }),
        }
    }
}

impl Known {
    fn whole(&self) -> Option<Value> {
        match self {
            Self::Nothing | Self::Unread | Self::Created { .. } | Self::Updated { .. } => None,
            Self::All { desired, attributes } => {
                let said = desired.iter().filter(|(_, value)| !value.is_null());
                let all = attributes.iter().chain(said).map(|(name, value)| (name.clone(), value.clone()));
                Some(Value::Map(all.collect()))
            }
        }
    }
}

/// The type of an address, resource or data source.
pub(crate) fn type_of<'a>(provider: &'a dyn Provider, address: &crate::Address) -> Option<&'a ResourceType> {
    let types = if address.is_data() { provider.data_types() } else { provider.resource_types() };
    let name = address.resource_type();
    types.binary_search_by(|found| (*found.name).cmp(name)).ok().map(|at| &types[at])
}

/// What is ignored stays as it is, also in what is sent.
pub(crate) fn with_ignored(node: &Node, mut desired: ValueMap, observed: &ValueMap) -> ValueMap {
    for path in &node.lifecycle.ignore_changes {
        if let (Some(name), 1) = (path.first_name(), path.len()) {
            match observed.get(name) {
                Some(value) => desired.insert(name, value.clone()),
                None => desired.remove(name),
            };
        }
    }
    desired
}

/// Whether what is asked for now is what was planned: what was known must be the same, what was not may be anything.
pub(crate) fn agrees(key: &DigestKey, planned: &Value, now: &Value) -> bool {
    match (planned, now) {
        (Value::Unknown(_), _) => true,
        (Value::Redacted(digest), now @ Value::Sensitive(_)) => key.recognises(digest, now),
        (Value::Redacted(_), Value::Redacted(_)) => true,
        (Value::List(planned), Value::List(now)) => {
            planned.len() == now.len()
                && planned.iter().zip(now.iter()).all(|(planned, now)| agrees(key, planned, now))
        }
        (Value::Map(planned), Value::Map(now)) => agree(key, planned, now),
        (planned, Value::Sensitive(now)) => agrees(key, planned, now.expose()),
        (planned, now) => planned == now,
    }
}

/// As [`agrees`], for all attributes.
pub(crate) fn agree(key: &DigestKey, planned: &ValueMap, now: &ValueMap) -> bool {
    let null = Value::Null;
    let names = planned.keys().chain(now.keys());
    names
        .into_iter()
        .all(|name| agrees(key, planned.get(name).unwrap_or(&null), now.get(name).unwrap_or(&null)))
}
