//! What is known of the nodes by their positions: what they need, and of which types they are.

use crate::Address;

/// For each node the nodes that it needs, one after another in one vector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    ends: Vec<u32>,
    targets: Vec<u32>,
}

impl Edges {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a graph of four billion edges does not fit in memory"
    )]
    pub(crate) fn push(&mut self, targets: impl IntoIterator<Item = u32>) {
        self.targets.extend(targets);
        self.ends.push(self.targets.len() as u32);
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn of(&self, node: u32) -> &[u32] {
        let end = self.ends[node as usize] as usize;
        let start = node.checked_sub(1).map_or(0, |before| self.ends[before as usize] as usize);
        &self.targets[start..end]
    }

    /// The edges among `count` nodes from pairs of source and target in any order: each once, those of a node sorted.
    pub(crate) fn from_pairs(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        // Turning them round walks along the sources in order, so turning them round twice sorts.
        let sorted = Self::grouped(count, pairs.map(|(from, to)| (to, from))).reversed();
        let mut once = Self::default();
        for node in (0..).take(count) {
            let mut last = None;
            once.push(
                sorted.of(node).iter().copied().filter(|target| last.replace(*target) != Some(*target)),
            );
        }
        once
    }

    /// The same edges the other way round; those of a node sorted.
    pub(crate) fn reversed(&self) -> Self {
        let nodes = (0..).take(self.len());
        Self::grouped(self.len(), nodes.flat_map(|node| self.of(node).iter().map(move |to| (*to, node))))
    }

    /// Pairs by their sources, otherwise in the order in which they come.
    pub(crate) fn grouped(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut ends = vec![0_u32; count + 1];
        for (from, _) in pairs.clone() {
            ends[from as usize + 1] += 1;
        }
        for at in 1..ends.len() {
            ends[at] += ends[at - 1];
        }
        // Each starts where the one before it ends, and has its end when all its targets are in.
        let mut targets = vec![0; ends[count] as usize];
        for (from, to) in pairs {
            let next = &mut ends[from as usize];
            targets[*next as usize] = to;
            *next += 1;
        }
        ends.pop();
        Self { ends, targets }
    }
}

/// The types of the nodes, by number: asking a provider about a type for each node and each reference takes a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    /// One address of each type.
    pub(super) examples: Vec<Address>,
    /// The type of each node.
    pub(super) of: Vec<u32>,
}

impl Kinds {
    /// `addresses` are sorted, so those of one type stand together.
    pub(super) fn of(addresses: &[Address]) -> Self {
        let mut kinds = Self::default();
        let mut last = None;
        for address in addresses {
            let this = (address.is_data(), address.resource_type());
            if last.replace(this) != Some(this) {
                kinds.examples.push(address.clone());
            }
            kinds.of.push(u32::try_from(kinds.examples.len() - 1).expect("a graph has fewer than 2³² nodes"));
        }
        kinds
    }
}
