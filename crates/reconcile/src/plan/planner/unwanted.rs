//! What is decided about objects that are no longer wanted.

use super::Planner;
use crate::Address;
use crate::plan::known::type_of;
use crate::plan::order::Draft;
use crate::plan::{DeferReason, Deferred, Mode, Reason};
use crate::record::{Record, Slot, StateEntry};

impl<'a> Planner<'a> {
    /// Objects whose node is gone, deposed objects, and everything when everything is to go.
    pub(super) fn decide_unwanted(&mut self) {
        let state = self.input.state;
        let destroy = self.options.mode == Mode::Destroy;
        let reason = if destroy { Reason::Destroy } else { Reason::NotWanted };
        for (address, there) in std::mem::take(&mut self.others) {
            if let Some(entry) = self.refresh_other(address, there) {
                self.delete(address, Slot::Current, &entry, &reason);
            }
        }
        let deposed = std::mem::take(&mut self.deposed);
        for ((address, intent, _), entry) in state.deposed().zip(deposed) {
            if let Some(entry) = entry {
                self.delete(address, Slot::Deposed(intent), &entry, &Reason::Deposed);
            }
        }
        for address in state.protected() {
            let wanted = !destroy && self.input.graph.position(address).is_some();
            if !wanted && state.entry(address).is_none() && !self.blocked.contains_key(address) {
                let (address, slot) = (address.clone(), Slot::Current);
                self.plan.bookkeeping.push(Record::Forget { address, slot, protect: false });
            }
        }
        // Something may be there of which only an intent tells.
        for (address, why) in self.blocked.clone() {
            let known = self.input.graph.position(&address).is_some() && !destroy;
            if known || state.entry(&address).is_some() {
                continue;
            }
            let begun = state.open_intents().find(|(_, open)| open.begin.address == address);
            let draft = begun.and_then(|(_, open)| open.begin.draft.as_deref());
            match (type_of(self.input.provider, &address), draft) {
                (Some(resource_type), Some(draft)) => {
                    let reason = Reason::NotWanted;
                    let step = self.delete_step(&address, Slot::Current, resource_type, draft, reason);
                    let old_dependencies = self.all_dependencies(&address);
                    self.drafts.delete(Draft { blocked: Some(why), old_dependencies, ..Draft::new(step) });
                }
                _ => self.plan.deferred.push(Deferred { address, action: None, why }),
            }
        }
    }

    fn delete(&mut self, address: &Address, slot: Slot, entry: &StateEntry, reason: &Reason) {
        let Some(resource_type) = type_of(self.input.provider, address) else { return };
        let blocked = self.blocked.get(address).cloned();
        let protected = entry.protect && slot == Slot::Current;
        let mut why = blocked;
        if why.is_none() && self.needs_consent(address, resource_type, protected) {
            if self.options.keep_protected {
                why = Some(DeferReason::Protected);
            } else {
                self.consent_problem(address, resource_type, "deleted");
            }
        }
        let step = self.delete_step(address, slot, resource_type, entry, reason.clone());
        let dependencies = entry.dependencies.clone();
        let draft = Draft { old_dependencies: dependencies, blocked: why, ..Draft::new(step) };
        self.drafts.delete(draft);
    }

    /// What the objects of an address refer to, those that only an intent tells of included.
    pub(super) fn all_dependencies(&self, address: &Address) -> Vec<Address> {
        let state = self.input.state;
        let entry = state.entry(address).into_iter().flat_map(|entry| &entry.dependencies);
        let open = state.open_intents().filter(|(_, open)| open.begin.address == *address);
        let drafts =
            open.filter_map(|(_, open)| open.begin.draft.as_ref()).flat_map(|draft| &draft.dependencies);
        let mut all: Vec<Address> = entry.chain(drafts).cloned().collect();
        all.sort();
        all.dedup();
        all
    }
}
