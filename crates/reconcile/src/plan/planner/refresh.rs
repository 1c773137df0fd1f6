//! What is known is brought up to date with what was seen.

use std::sync::Arc;

use super::{Planner, Seen, There};
use crate::Address;
use crate::diff;
use crate::plan::known::type_of;
use crate::plan::{DeferReason, Mode, ProblemKind, ResourceDrift};
use crate::provider::{Object, ResourceType};
use crate::record::{Record, Slot, StateEntry, Status};
use crate::secret::DigestKey;
use crate::value::ValueMap;

/// An object as it is after what was seen of it.
#[derive(Debug)]
pub(super) struct Now {
    /// What is known of it; `None` if it has gone.
    pub(super) entry: Option<Arc<StateEntry>>,
    /// The attributes that were seen, with secrets still in clear, where they differ from those of the entry.
    pub(super) clear: Option<ValueMap>,
}

impl<'a> Planner<'a> {
    /// Brings the entries of deposed objects up to date. It comes first: if one of them is hidden, its address is left alone.
    pub(super) fn refresh_deposed(&mut self) {
        for (address, intent, entry) in self.input.state.deposed() {
            let slot = Slot::Deposed(intent);
            let seen = self.input.observed.objects.get(&(address.clone(), slot));
            let resource_type = type_of(self.input.provider, address);
            let now = self.refresh_entry((address, slot), resource_type, There { entry, seen });
            self.deposed.push(now.entry);
        }
    }

    /// Brings the entries up to date about which nothing is to be decided.
    pub(super) fn refresh_others(&mut self) {
        for (address, there) in std::mem::take(&mut self.others) {
            self.refresh_other(address, there);
        }
    }

    /// An entry that no node is about, as it is after what was seen.
    pub(super) fn refresh_other(&mut self, address: &Address, there: There<'_>) -> Option<Arc<StateEntry>> {
        let resource_type = type_of(self.input.provider, address);
        self.refresh_entry((address, Slot::Current), resource_type, there).entry
    }

    /// An entry as it is after what was seen of its object.
    pub(super) fn refresh_entry(
        &mut self,
        (address, slot): (&Address, Slot),
        resource_type: Option<&'a ResourceType>,
        There { entry, seen }: There<'_>,
    ) -> Now {
        let as_it_was = || Now { entry: Some(entry.clone()), clear: None };
        let Some(resource_type) = resource_type else {
            let message = format!("the provider has no resource type `{}`", address.resource_type());
            self.problem(Some(address), None, ProblemKind::Schema, message);
            return as_it_was();
        };
        let upgraded = match self.upgrade(address, resource_type, entry) {
            Ok(upgraded) => upgraded,
            Err(message) => {
                self.problem(Some(address), None, ProblemKind::Schema, message);
                return as_it_was();
            }
        };
        let base = upgraded.as_ref().unwrap_or(entry);
        let object = match seen {
            None => {
                let Some(upgraded) = upgraded else { return as_it_was() };
                self.put(address, slot, &upgraded);
                return Now { entry: Some(upgraded), clear: None };
            }
            Some(Seen::Hidden(message)) => {
                self.blocked
                    .entry(address.clone())
                    .or_insert(DeferReason::Hidden { message: message.clone() });
                return as_it_was();
            }
            Some(Seen::Failed(failure)) => {
                let reason = DeferReason::Unreadable { message: failure.message.clone() };
                self.blocked.entry(address.clone()).or_insert(reason);
                return as_it_was();
            }
            Some(Seen::Gone) => {
                // With an operation open, what happened is not for us to conclude.
                if self.blocked.contains_key(address) {
                    return as_it_was();
                }
                let protect = slot == Slot::Current && self.keeps_protection(address, entry.protect);
                self.plan.bookkeeping.push(Record::Forget { address: address.clone(), slot, protect });
                if slot == Slot::Current {
                    let drift =
                        ResourceDrift { address: address.clone(), gone: true, attributes: Vec::new() };
                    self.plan.drift.push(drift);
                }
                return Now { entry: None, clear: None };
            }
            Some(Seen::Found(object)) => object,
        };
        if object.pending.is_some() {
            self.blocked.entry(address.clone()).or_insert(DeferReason::Busy);
        }
        let clear = resource_type.schema.mark_sensitive(&object.attributes);
        if upgraded.is_none() && is_as_known(entry, object, &clear) {
            return as_it_was();
        }
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
        }
        let clear = (!clear.same_storage(&refreshed.attributes)).then_some(clear);
        if refreshed == **entry {
            return Now { entry: Some(entry.clone()), clear };
        }
        let refreshed = Arc::new(refreshed);
        self.put(address, slot, &refreshed);
        Now { entry: Some(refreshed), clear }
    }

    /// Whether what comes in the place of an object that has gone is protected as that was: as long as it is wanted, and the
    /// configuration does not say otherwise.
    fn keeps_protection(&self, address: &Address, was_protected: bool) -> bool {
        let wanted = self.input.graph.node(address).filter(|_| self.options.mode != Mode::Destroy);
        wanted.is_some_and(|node| node.lifecycle.protect.unwrap_or(was_protected))
    }

    pub(super) fn put(&mut self, address: &Address, slot: Slot, entry: &Arc<StateEntry>) {
        let record = Record::Put { address: address.clone(), slot, entry: Box::new((**entry).clone()) };
        self.plan.bookkeeping.push(record);
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

/// Whether nothing was seen that the entry does not say. Of most objects that is so.
fn is_as_known(entry: &StateEntry, object: &Object, clear: &ValueMap) -> bool {
    *clear == entry.attributes
        && entry.identifier.as_ref() == Some(&object.identifier)
        && object.private == entry.private
        && (object.broken.is_none() || entry.status == Status::Tainted)
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
