//! What is known is brought up to date with what was seen.

use std::sync::Arc;

use super::{Planner, Seen};
use crate::Address;
use crate::diff;
use crate::plan::known::type_of;
use crate::plan::{DeferReason, Mode, ProblemKind, ResourceDrift};
use crate::provider::{Object, ResourceType};
use crate::record::{Record, Slot, StateEntry, Status};
use crate::secret::DigestKey;
use crate::value::ValueMap;

impl<'a> Planner<'a> {
    /// Brings every entry up to date with what was seen.
    pub(super) fn refresh_entries(&mut self) {
        let state = self.input.state;
        let current = state.entries().map(|(address, entry)| (address, Slot::Current, entry));
        let deposed = state.deposed().map(|(address, intent, entry)| (address, Slot::Deposed(intent), entry));
        for (address, slot, entry) in current.chain(deposed) {
            self.refresh_entry(address, slot, entry);
        }
    }

    fn refresh_entry(&mut self, address: &Address, slot: Slot, entry: &Arc<StateEntry>) {
        let Some(resource_type) = type_of(self.input.provider, address) else {
            let message = format!("the provider has no resource type `{}`", address.resource_type());
            return self.problem(Some(address), None, ProblemKind::Schema, message);
        };
        let upgraded = match self.upgrade(address, resource_type, entry) {
            Ok(upgraded) => upgraded,
            Err(message) => return self.problem(Some(address), None, ProblemKind::Schema, message),
        };
        let base = upgraded.as_ref().unwrap_or(entry);
        let key = (address.clone(), slot);
        let object = match self.input.observed.objects.get(&key) {
            None => {
                if let Some(upgraded) = upgraded {
                    self.put(key, upgraded);
                }
                return;
            }
            Some(Seen::Hidden(message)) => {
                self.blocked
                    .entry(address.clone())
                    .or_insert(DeferReason::Hidden { message: message.clone() });
                return;
            }
            Some(Seen::Failed(failure)) => {
                let reason = DeferReason::Unreadable { message: failure.message.clone() };
                self.blocked.entry(address.clone()).or_insert(reason);
                return;
            }
            Some(Seen::Gone) => {
                // With an operation open, what happened is not for us to conclude.
                if self.blocked.contains_key(address) {
                    return;
                }
                let protect = slot == Slot::Current && self.keeps_protection(address, entry.protect);
                self.plan.bookkeeping.push(Record::Forget { address: address.clone(), slot, protect });
                if slot == Slot::Current {
                    let drift =
                        ResourceDrift { address: address.clone(), gone: true, attributes: Vec::new() };
                    self.plan.drift.push(drift);
                }
                self.entries.insert(key, None);
                return;
            }
            Some(Seen::Found(object)) => object,
        };
        if object.pending.is_some() {
            self.blocked.entry(address.clone()).or_insert(DeferReason::Busy);
        }
        let clear = resource_type.schema.mark_sensitive(&object.attributes);
        let refreshed = refreshed_entry(self.input.key, address, base, object, &clear);
        if slot == Slot::Current {
            let mut attributes = diff::drift(self.judge(resource_type), base, &clear);
            for drifted in &mut attributes {
                let place = format!("{address}.{}", drifted.path);
                drifted.before = self.input.key.redact(&place, &drifted.before);
                drifted.after = self.input.key.redact(&place, &drifted.after);
            }
            if !attributes.is_empty() {
                self.plan.drift.push(ResourceDrift { address: address.clone(), gone: false, attributes });
            }
            if !clear.same_storage(&refreshed.attributes) {
                self.clear.insert(address.clone(), clear);
            }
        }
        if refreshed != **entry {
            self.put(key, Arc::new(refreshed));
        }
    }

    /// Whether what comes in the place of an object that has gone is protected as that was: as long as it is wanted, and the
    /// configuration does not say otherwise.
    fn keeps_protection(&self, address: &Address, was_protected: bool) -> bool {
        let wanted = self.input.graph.node(address).filter(|_| self.options.mode != Mode::Destroy);
        wanted.is_some_and(|node| node.lifecycle.protect.unwrap_or(was_protected))
    }

    pub(super) fn put(&mut self, (address, slot): (Address, Slot), entry: Arc<StateEntry>) {
        let record = Record::Put { address: address.clone(), slot, entry: Box::new((*entry).clone()) };
        self.plan.bookkeeping.push(record);
        self.entries.insert((address, slot), Some(entry));
    }

    fn upgrade(
        &self,
        address: &Address,
        resource_type: &ResourceType,
        entry: &Arc<StateEntry>,
    ) -> Result<Option<Arc<StateEntry>>, String> {
        let (stored, ours) = (entry.schema_version, resource_type.schema_version);
        if stored > ours {
            return Err(format!(
                "was written with version {stored} of its schema, and this program knows {ours}"
            ));
        }
        if stored == ours {
            return Ok(None);
        }
        let mut upgraded = self.input.provider.upgrade(address.resource_type(), (**entry).clone())?;
        upgraded.schema_version = ours;
        Ok(Some(Arc::new(upgraded)))
    }
}

/// An entry as it is after its object was seen.
pub(crate) fn refreshed_entry(
    key: &DigestKey,
    address: &Address,
    entry: &StateEntry,
    object: &Object,
    clear: &ValueMap,
) -> StateEntry {
    let attributes = if *clear == entry.attributes {
        entry.attributes.clone()
    } else {
        key.redact_map(address.as_str(), clear)
    };
    let status = match (object.broken.is_some(), entry.status) {
        (true, _) => Status::Tainted,
        (false, Status::Tainted) => Status::Tainted,
        (false, status) => status,
    };
    StateEntry {
        identifier: Some(object.identifier.clone()),
        inputs: entry.inputs.clone(),
        attributes,
        dependencies: entry.dependencies.clone(),
        protect: entry.protect,
        status,
        private: object.private.clone(),
        schema_version: entry.schema_version,
    }
}
