//! From decisions to steps, and the lanes in which they go.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Planner;
use crate::Address;
use crate::diff::Change;
use crate::graph::Node;
use crate::plan::known::type_of;
use crate::plan::{Action, Reason, Step};
use crate::provider::{Lane, ResourceType};
use crate::record::{Begin, Operation, Slot, StateEntry};
use crate::value::{AttributePath, Value, ValueMap};

impl<'a> Planner<'a> {
    pub(super) fn step(
        &self,
        node: &Node,
        resource_type: &ResourceType,
        action: Action,
        reason: Reason,
        desired: &ValueMap,
        changes: Vec<Change>,
    ) -> Step {
        let key = self.input.key;
        let hide = |path: &AttributePath, value: Value| {
            if !value.has_sensitive() {
                return value;
            }
            // What was secret on one side is secret on the other.
            key.redact(&format!("{}.{path}", node.address), &value)
        };
        let changes = changes
            .into_iter()
            .map(|change| Change {
                before: hide(&change.path, change.before),
                after: hide(&change.path, change.after),
                ..change
            })
            .collect();
        let operation = if action == Action::Create { Operation::Create } else { Operation::Update };
        let expected = if action == Action::Read {
            resource_type.expected.create
        } else {
            resource_type.expected.of(operation)
        };
        let there = self.input.state.entry(&node.address).filter(|_| operation == Operation::Update);
        let identifier = there.and_then(|entry| entry.identifier.as_ref());
        let lane = self.input.provider.lane(&resource_type.name, identifier, desired);
        let (lane, batch) = split(lane);
        Step {
            address: node.address.clone(),
            slot: Slot::Current,
            action,
            after: Vec::new(),
            reason,
            changes,
            planned: key.redact_map(node.address.as_str(), desired),
            lane,
            batch,
            with: None,
            kind: resource_type.kind.clone(),
            expected,
            unit: None,
        }
    }

    pub(super) fn delete_step(
        &self,
        address: &Address,
        slot: Slot,
        resource_type: &ResourceType,
        entry: &StateEntry,
        reason: Reason,
    ) -> Step {
        let identifier = entry.identifier.as_ref();
        let lane = self.input.provider.lane(&resource_type.name, identifier, &entry.inputs);
        let (lane, batch) = split(lane);
        Step {
            address: address.clone(),
            slot,
            action: Action::Delete,
            after: Vec::new(),
            reason,
            changes: Vec::new(),
            planned: ValueMap::new(),
            lane,
            batch,
            with: None,
            kind: resource_type.kind.clone(),
            expected: resource_type.expected.delete,
            unit: None,
        }
    }

    /// The lanes of operations that have not come to a known end: the world may still be at them.
    pub(super) fn occupied_lanes(&self) -> BTreeSet<Arc<str>> {
        let state = self.input.state;
        let lane = |begin: &Begin| {
            let resource_type = type_of(self.input.provider, &begin.address)?;
            let entry = state.object(&begin.address, begin.slot);
            let inputs = begin.draft.as_ref().map(|draft| &draft.inputs);
            let inputs = inputs.or(entry.map(|entry| &entry.inputs))?;
            let identifier = entry.and_then(|entry| entry.identifier.as_ref());
            Some(self.input.provider.lane(&resource_type.name, identifier, inputs)?.name)
        };
        state.open_intents().filter_map(|(_, open)| lane(&open.begin)).collect()
    }
}

/// A lane as the two fields of a step.
fn split(lane: Option<Lane>) -> (Option<Arc<str>>, Option<Arc<str>>) {
    lane.map_or((None, None), |lane| (Some(lane.name), lane.batch))
}
