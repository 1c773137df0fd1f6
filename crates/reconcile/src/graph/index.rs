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

    /// The same edges the other way round.
    pub(crate) fn reversed(&self) -> Self {
        let mut counts = vec![0_u32; self.len() + 1];
        for target in &self.targets {
            counts[*target as usize + 1] += 1;
        }
        for at in 1..counts.len() {
            counts[at] += counts[at - 1];
        }
        let ends = counts[1..].to_vec();
        let mut targets = vec![0; self.targets.len()];
        for (node, _) in (0..).zip(&self.ends) {
            for target in self.of(node) {
                let slot = &mut counts[*target as usize];
                targets[*slot as usize] = node;
                *slot += 1;
            }
        }
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
        for address in addresses {
            let same = |last: &Address| {
                last.resource_type() == address.resource_type() && last.is_data() == address.is_data()
            };
            if !kinds.examples.last().is_some_and(same) {
                kinds.examples.push(address.clone());
            }
            kinds.of.push(u32::try_from(kinds.examples.len() - 1).expect("a graph has fewer than 2³² nodes"));
        }
        kinds
    }
}
