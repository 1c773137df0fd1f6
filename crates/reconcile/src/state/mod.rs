//! The state: what is known of the world, as the fold of all records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub mod commands;
pub(crate) mod snapshot;
#[cfg(test)]
mod tests;

use crate::Address;
use crate::record::{
    Begin, EndOutcome, Identifier, IntentId, Learned, Operation, Pending, Record, RunMark, Slot, StateEntry,
};
use crate::value::ValueMap;

/// What is known of the world.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct State {
    lineage: Arc<str>,
    serial: u64,
    next_intent: u64,
    current: BTreeMap<Address, Arc<StateEntry>>,
    deposed: BTreeMap<(Address, IntentId), Arc<StateEntry>>,
    /// Addresses whose protected object has gone, and whose next object is not whole yet.
    protected: BTreeSet<Address>,
    open: BTreeMap<IntentId, OpenIntent>,
    /// What `open` is about, for looking up.
    busy: BTreeMap<(Address, Slot), IntentId>,
    outputs: ValueMap,
    run: Option<RunState>,
}

/// An operation that was begun and whose end is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIntent {
    /// As it was begun.
    pub begin: Begin,
    /// What the provider called the object since.
    pub identifier: Option<Identifier>,
    /// How to go on waiting, if the provider has said so.
    pub pending: Option<Pending>,
}

/// A run that can be rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RunState {
    /// Whether it is being rolled back.
    pub rolling_back: bool,
    /// What each address that has changed was before the run; `None` where there was nothing.
    pub before: BTreeMap<Address, Option<Arc<StateEntry>>>,
}

/// Why a record cannot follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// A record names an operation that is not open.
    #[error("operation {} is not open", .0.0)]
    NotOpen(IntentId),
    /// An intent's number is not above all earlier ones.
    #[error("operation {} was begun before", .0.0)]
    UsedIntent(IntentId),
    /// A record names an object that the state does not have.
    #[error("there is no such object at `{0}`")]
    NoObject(Address),
    /// Something is there already.
    #[error("there is an object at `{0}` already")]
    Occupied(Address),
    /// A record touches an object whose last operation has not ended.
    #[error("operation {} on `{address}` has not ended", intent.0)]
    StillOpen {
        /// The object's address.
        address: Address,
        /// The operation.
        intent: IntentId,
    },
    /// A created object was given another identifier than before.
    #[error("operation {} was told two identifiers", .0.0)]
    OtherIdentifier(IntentId),
    /// A create names a slot other than the current one.
    #[error("operation {} creates a deposed object", .0.0)]
    CreatesDeposed(IntentId),
}

impl State {
    /// An empty state of a new lineage.
    #[must_use]
    pub fn new(lineage: impl Into<Arc<str>>) -> Self {
        Self { lineage: lineage.into(), ..Self::default() }
    }

    /// Which history this state belongs to; two stacks never share one.
    #[must_use]
    pub fn lineage(&self) -> &str {
        &self.lineage
    }

    /// How many records were folded in.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// The number for the next intent.
    #[must_use]
    pub fn next_intent(&self) -> IntentId {
        IntentId(self.next_intent)
    }

    /// The current object of an address.
    #[must_use]
    pub fn entry(&self, address: &Address) -> Option<&Arc<StateEntry>> {
        self.current.get(address)
    }

    /// An object by address and slot.
    #[must_use]
    pub fn object(&self, address: &Address, slot: Slot) -> Option<&Arc<StateEntry>> {
        match slot {
            Slot::Current => self.current.get(address),
            Slot::Deposed(intent) => self.deposed.get(&(address.clone(), intent)),
        }
    }

    /// All current objects, by address.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Address, &Arc<StateEntry>)> {
        self.current.iter()
    }

    /// The current objects of sorted addresses.
    pub(crate) fn entries_of<'a>(
        &self,
        addresses: impl ExactSizeIterator<Item = &'a Address>,
    ) -> Vec<Option<&Arc<StateEntry>>> {
        // Looking each of a few up is faster than walking along all.
        if addresses.len() < self.current.len() / 16 {
            return addresses.map(|address| self.current.get(address)).collect();
        }
        let mut entries = self.current.iter().peekable();
        addresses
            .map(|address| {
                while entries.next_if(|(other, _)| *other < address).is_some() {}
                entries.peek().filter(|(other, _)| *other == address).map(|(_, entry)| *entry)
            })
            .collect()
    }

    /// All deposed objects, by address.
    pub fn deposed(&self) -> impl ExactSizeIterator<Item = (&Address, IntentId, &Arc<StateEntry>)> {
        self.deposed.iter().map(|((address, intent), entry)| (address, *intent, entry))
    }

    /// All operations whose end is not known, oldest first.
    pub fn open_intents(&self) -> impl ExactSizeIterator<Item = (IntentId, &OpenIntent)> {
        self.open.iter().map(|(intent, open)| (*intent, open))
    }

    /// Whether what is made next at an address is protected, because the object that it replaces was. Once a whole object is
    /// there, its entry says it.
    #[must_use]
    pub fn stays_protected(&self, address: &Address) -> bool {
        self.protected.contains(address)
    }

    /// All addresses for which [`State::stays_protected`] holds.
    pub fn protected(&self) -> impl ExactSizeIterator<Item = &Address> {
        self.protected.iter()
    }

    /// The outputs of the stack as of the last apply.
    #[must_use]
    pub fn outputs(&self) -> &ValueMap {
        &self.outputs
    }

    /// The run that can be rolled back, if one has begun and not ended.
    #[must_use]
    pub fn run(&self) -> Option<&RunState> {
        self.run.as_ref()
    }

    /// Folds one record in. On an error nothing has changed.
    ///
    /// # Errors
    /// If the record cannot follow the ones before it: the file is damaged, or a writer has a bug.
    pub fn fold(&mut self, record: Record) -> Result<(), FoldError> {
        match record {
            Record::Begin(begin) => self.fold_begin(begin)?,
            Record::Learned(learned) => self.fold_learned(learned)?,
            Record::End(end) => {
                let open = self.open.remove(&end.intent).ok_or(FoldError::NotOpen(end.intent))?;
                self.busy.remove(&(open.begin.address.clone(), open.begin.slot));
                self.fold_end(end.intent, &open, end.outcome);
            }
            Record::Put { address, slot, entry } => {
                self.remember(&address);
                match slot {
                    Slot::Current => {
                        self.protect(&address, false);
                        self.current.insert(address, entry.into())
                    }
                    Slot::Deposed(intent) => self.deposed.insert((address, intent), entry.into()),
                };
            }
            Record::Forget { address, slot, protect } => {
                let is_protected = slot == Slot::Current && self.stays_protected(&address);
                if self.object(&address, slot).is_none() && !is_protected {
                    return Err(FoldError::NoObject(address));
                }
                self.check_idle(&address, Some(slot))?;
                self.take(&address, slot);
                if slot == Slot::Current {
                    self.protect(&address, protect);
                }
            }
            Record::Move { from, to } => self.fold_move(&from, &to)?,
            Record::Outputs { values } => self.outputs = values,
            Record::Run(RunMark::Began) => self.run = Some(RunState::default()),
            Record::Run(RunMark::RollingBack) => self.run.get_or_insert_default().rolling_back = true,
            Record::Run(RunMark::Ended) => self.run = None,
        }
        self.serial += 1;
        Ok(())
    }

    fn fold_begin(&mut self, begin: Begin) -> Result<(), FoldError> {
        if begin.intent.0 < self.next_intent {
            return Err(FoldError::UsedIntent(begin.intent));
        }
        if begin.operation != Operation::Create && self.object(&begin.address, begin.slot).is_none() {
            return Err(FoldError::NoObject(begin.address));
        }
        if begin.operation == Operation::Create && begin.slot != Slot::Current {
            return Err(FoldError::CreatesDeposed(begin.intent));
        }
        self.check_idle(&begin.address, Some(begin.slot))?;
        self.next_intent = begin.intent.0 + 1;
        if begin.operation == Operation::Create && begin.draft.as_ref().is_some_and(|draft| !draft.protect) {
            self.protect(&begin.address, false);
        }
        self.insert_open(OpenIntent { begin, identifier: None, pending: None });
        Ok(())
    }

    fn fold_learned(&mut self, learned: Learned) -> Result<(), FoldError> {
        let open = self.open.get_mut(&learned.intent).ok_or(FoldError::NotOpen(learned.intent))?;
        if let Some(identifier) = learned.identifier {
            if open.identifier.as_ref().is_some_and(|known| *known != identifier) {
                return Err(FoldError::OtherIdentifier(learned.intent));
            }
            open.identifier = Some(identifier);
        }
        if learned.pending.is_some() {
            open.pending = learned.pending;
        }
        let open = open.clone();
        if open.begin.operation == Operation::Create && open.identifier.is_some() {
            self.place_pending(learned.intent, &open);
        }
        Ok(())
    }

    /// Refuses what touches an object of `address` (in any slot for `None`) whose last operation has not ended.
    fn check_idle(&self, address: &Address, slot: Option<Slot>) -> Result<(), FoldError> {
        let busy = match slot {
            Some(slot) => self.busy.get(&(address.clone(), slot)),
            None => self
                .busy
                .range((address.clone(), Slot::Current)..)
                .next()
                .and_then(|((busy, _), intent)| (busy == address).then_some(intent)),
        };
        busy.map_or(Ok(()), |intent| Err(FoldError::StillOpen { address: address.clone(), intent: *intent }))
    }

    fn insert_open(&mut self, open: OpenIntent) -> Option<OpenIntent> {
        self.busy.insert((open.begin.address.clone(), open.begin.slot), open.begin.intent);
        self.open.insert(open.begin.intent, open)
    }

    /// The object that is being created has a name now: from here on it is the current one.
    fn place_pending(&mut self, intent: IntentId, open: &OpenIntent) {
        let Some(draft) = &open.begin.draft else { return };
        let mut entry = (**draft).clone();
        entry.identifier.clone_from(&open.identifier);
        self.place(&open.begin.address, intent, entry.into());
    }

    fn fold_end(&mut self, intent: IntentId, open: &OpenIntent, outcome: EndOutcome) {
        let address = &open.begin.address;
        match (open.begin.operation, outcome) {
            (Operation::Create, EndOutcome::Kept(entry)) => {
                self.protect(address, false);
                self.place(address, intent, entry.into());
            }
            (Operation::Update | Operation::Delete, EndOutcome::Kept(entry)) => {
                self.remember(address);
                match open.begin.slot {
                    Slot::Current => self.current.insert(address.clone(), entry.into()),
                    Slot::Deposed(deposed) => self.deposed.insert((address.clone(), deposed), entry.into()),
                };
            }
            (Operation::Create, EndOutcome::Gone | EndOutcome::NoEffect) => self.unplace(address, open),
            (Operation::Update | Operation::Delete, EndOutcome::Gone) => {
                self.take(address, open.begin.slot);
                if open.begin.slot == Slot::Current {
                    let drafted = open.begin.draft.as_ref().is_some_and(|draft| draft.protect);
                    self.protect(address, open.begin.protect || drafted);
                }
            }
            (Operation::Update | Operation::Delete, EndOutcome::NoEffect) => {}
        }
    }

    /// Makes `entry` the current object; a different one that was there becomes deposed.
    fn place(&mut self, address: &Address, intent: IntentId, entry: Arc<StateEntry>) {
        self.remember(address);
        let identifier = entry.identifier.clone();
        let before = self.current.insert(address.clone(), entry);
        if let Some(before) = before.filter(|before| before.identifier != identifier) {
            self.deposed.insert((address.clone(), intent), before);
        }
    }

    /// A create came to nothing: what it had placed goes, and what it had deposed comes back.
    fn unplace(&mut self, address: &Address, open: &OpenIntent) {
        let placed = self
            .current
            .get(address)
            .is_some_and(|entry| open.identifier.is_some() && entry.identifier == open.identifier);
        if !placed {
            return;
        }
        self.take(address, Slot::Current);
        if let Some(before) = self.deposed.remove(&(address.clone(), open.begin.intent)) {
            self.current.insert(address.clone(), before);
        }
    }

    fn fold_move(&mut self, from: &Address, to: &Address) -> Result<(), FoldError> {
        if self.current.contains_key(to) || self.deposed.keys().any(|(address, _)| address == to) {
            return Err(FoldError::Occupied(to.clone()));
        }
        if !self.current.contains_key(from) {
            return Err(FoldError::NoObject(from.clone()));
        }
        self.check_idle(from, None)?;
        self.check_idle(to, None)?;
        self.remember(from);
        self.remember(to);
        self.protect(from, false);
        self.protect(to, false);
        if let Some(entry) = self.current.remove(from) {
            self.current.insert(to.clone(), entry);
        }
        let moved: Vec<_> = self.deposed.keys().filter(|(address, _)| address == from).cloned().collect();
        for key in moved {
            if let Some(entry) = self.deposed.remove(&key) {
                self.deposed.insert((to.clone(), key.1), entry);
            }
        }
        for entry in self.current.values_mut().chain(self.deposed.values_mut()) {
            if entry.dependencies.contains(from) {
                let entry = Arc::make_mut(entry);
                entry.dependencies.retain(|address| address != from);
                entry.dependencies.push(to.clone());
                entry.dependencies.sort();
            }
        }
        Ok(())
    }

    fn take(&mut self, address: &Address, slot: Slot) {
        self.remember(address);
        match slot {
            Slot::Current => self.current.remove(address),
            Slot::Deposed(intent) => self.deposed.remove(&(address.clone(), intent)),
        };
    }

    /// Says whether the next object of an address is to be protected.
    fn protect(&mut self, address: &Address, protect: bool) {
        if protect {
            self.protected.insert(address.clone());
        } else if !self.protected.is_empty() {
            self.protected.remove(address);
        }
    }

    /// In a run that can be rolled back, keeps what an address was before its first change.
    fn remember(&mut self, address: &Address) {
        let Some(run) = self.run.as_mut().filter(|run| !run.rolling_back) else { return };
        if !run.before.contains_key(address) {
            run.before.insert(address.clone(), self.current.get(address).cloned());
        }
    }
}
