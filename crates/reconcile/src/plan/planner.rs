//! From graph, state and what was seen to the decision about each resource. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::known::{type_of, with_ignored};
use super::order::{Draft, Drafts};
use super::{
    Action, DeferReason, Deferred, Knowledge, Known, Mode, Plan, PlanOptions, Problem, ProblemKind, Reason,
    ResourceDrift, Step,
};
use crate::Address;
use crate::diff::{self, Change, Judge, Sides};
use crate::graph::{Graph, Node};
use crate::provider::{Failure, Lane, Object, Provider, ResourceType};
use crate::record::{Begin, Identifier, Operation, Record, Slot, StateEntry, Status};
use crate::secret::DigestKey;
use crate::state::State;
use crate::value::{AttributePath, Value, ValueMap};

/// What was seen of the world.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The objects that were read. What is not here is taken to be as the state says.
    pub objects: HashMap<(Address, Slot), Seen>,
    /// The data sources that were read, with the inputs that they were read with.
    pub data: BTreeMap<Address, (ValueMap, Result<ValueMap, Failure>)>,
}

/// What was seen of one object.
#[derive(Clone, Debug)]
pub enum Seen {
    /// It is there.
    Found(Object),
    /// It has certainly gone.
    Gone,
    /// The service does not show it.
    Hidden(String),
    /// It could not be read.
    Failed(Failure),
}

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// Knows the types.
    pub provider: &'a dyn Provider,
    /// Recognises secrets.
    pub key: &'a DigestKey,
    /// What is wanted.
    pub graph: &'a Graph,
    /// What is known.
    pub state: &'a State,
    /// What was seen.
    pub observed: &'a Observed,
}

/// Makes a plan. Whatever stands in its way is in [`Plan::problems`], all of it.
#[must_use]
pub fn plan(input: PlanInput<'_>, options: &PlanOptions) -> Plan {
    let mut planner = Planner::new(input, options);
    planner.refresh_entries();
    if options.mode != Mode::RefreshOnly {
        planner.decide_nodes();
        planner.decide_unwanted();
        planner.check_replacements();
    }
    planner.finish()
}

/// What shall be done about the object of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Keep,
    Create,
    Update,
    Replace,
}

struct Planner<'a> {
    input: PlanInput<'a>,
    options: &'a PlanOptions,
    /// The entries as they are after what was seen, where they differ from the state; `None` if gone.
    entries: HashMap<(Address, Slot), Option<Arc<StateEntry>>>,
    /// The attributes that were seen, with secrets still in clear.
    clear: HashMap<Address, ValueMap>,
    blocked: BTreeMap<Address, DeferReason>,
    knowledge: Knowledge<'a>,
    /// Nodes with a step, and what it changes.
    touched: Vec<Option<Vec<AttributePath>>>,
    drafts: Drafts,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn new(input: PlanInput<'a>, options: &'a PlanOptions) -> Self {
        let blocked = input.state.open_intents();
        let blocked = blocked.map(|(_, open)| (open.begin.address.clone(), DeferReason::Open)).collect();
        Self {
            input,
            options,
            entries: HashMap::new(),
            clear: HashMap::new(),
            blocked,
            knowledge: Knowledge::new(input.graph, input.provider),
            touched: vec![None; input.graph.nodes().len()],
            drafts: Drafts::default(),
            plan: Plan {
                lineage: input.state.lineage().into(),
                serial: input.state.serial(),
                mode: options.mode,
                steps: Vec::new(),
                deferred: Vec::new(),
                drift: Vec::new(),
                problems: Vec::new(),
                protections: Vec::new(),
                adopted: Vec::new(),
                outputs: ValueMap::new(),
                outputs_changed: false,
                unchanged: 0,
                bookkeeping: Vec::new(),
                groups: input.graph.rolling_groups().to_vec(),
            },
        }
    }

    fn judge(&self, resource_type: &'a ResourceType) -> Judge<'a> {
        Judge { provider: self.input.provider, key: self.input.key, resource_type }
    }

    /// Brings every entry up to date with what was seen.
    fn refresh_entries(&mut self) {
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

    fn put(&mut self, (address, slot): (Address, Slot), entry: Arc<StateEntry>) {
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

    fn entry(&self, address: &Address, slot: Slot) -> Option<Arc<StateEntry>> {
        // Most states are looked at without anything having been seen.
        if !self.entries.is_empty()
            && let Some(entry) = self.entries.get(&(address.clone(), slot))
        {
            return entry.clone();
        }
        self.input.state.object(address, slot).cloned()
    }

    fn decide_nodes(&mut self) {
        let graph = self.input.graph;
        for position in graph.order() {
            let node = &graph.nodes()[*position as usize];
            if self.options.mode == Mode::Destroy {
                continue;
            }
            if node.address.is_data() {
                self.decide_data(*position, node);
            } else {
                self.decide_node(*position, node);
            }
        }
    }

    fn decide_node(&mut self, position: u32, node: &'a Node) {
        let Some(resource_type) = type_of(self.input.provider, &node.address) else {
            return self.no_such_type(node);
        };
        let desired = self.desired(position, node, resource_type);
        if let Some(why) = self.blocked.get(&node.address).cloned() {
            return self.decide_blocked(position, node, &desired, why);
        }
        if let (Some(identifier), None) = (&node.adopt, self.input.state.entry(&node.address))
            && self.options.selects(&node.address)
            && let Some(why) = self.adopt(node, resource_type, identifier)
        {
            return self.decide_blocked(position, node, &desired, why);
        }
        let Some(entry) = self.entry(&node.address, Slot::Current) else {
            return self.decide_absent(position, node, resource_type, desired);
        };
        let observed = self.clear.get(&node.address).unwrap_or(&entry.attributes).clone();
        let seen =
            self.input.state.entry(&node.address).map_or_else(ValueMap::new, |seen| seen.attributes.clone());
        let sides = Sides { desired: &desired, asked: &entry.inputs, seen: &seen, observed: &observed };
        let changes = diff::diff(self.judge(resource_type), sides, &node.lifecycle);
        let (decision, reason) = self.decide(node, &entry, &changes);
        self.check_secrets(node, &desired, decision, &changes);
        let adopted = self.input.state.entry(&node.address).is_none();
        let protected = adopted || node.lifecycle.protect.unwrap_or(entry.protect);
        if decision == Decision::Replace && self.needs_consent(&node.address, resource_type, protected) {
            self.consent_problem(&node.address, resource_type, "replaced");
        }
        // A new object is made as the configuration says; only one that stays keeps what is ignored.
        let desired =
            if decision == Decision::Replace { desired } else { with_ignored(node, desired, &observed) };
        self.touched[position as usize] =
            (decision != Decision::Keep).then(|| changes.iter().map(|change| change.path.clone()).collect());
        self.knowledge.nodes[position as usize] = Some(match decision {
            Decision::Keep => Known::All { desired: desired.clone(), attributes: observed },
            Decision::Update => Known::Updated { desired: desired.clone(), attributes: observed },
            Decision::Create | Decision::Replace => Known::Created { desired: desired.clone() },
        });
        match decision {
            Decision::Keep => self.keep(node, &entry, &desired),
            Decision::Update => {
                let step = self.step(node, resource_type, Action::Update, reason, &desired, changes);
                let dependencies = entry.dependencies.clone();
                self.drafts.apply(position, Draft { old_dependencies: dependencies, ..Draft::new(step) });
            }
            Decision::Create | Decision::Replace => {
                let delete =
                    self.delete_step(&node.address, Slot::Current, resource_type, &entry, reason.clone());
                let create = self.step(node, resource_type, Action::Create, reason, &desired, changes);
                let (first, dependencies) = (node.lifecycle.create_first, entry.dependencies.clone());
                self.drafts
                    .apply(position, Draft { old_dependencies: dependencies.clone(), ..Draft::new(create) });
                self.drafts.delete(Draft {
                    old_dependencies: dependencies,
                    node: Some(position),
                    ..Draft::new(delete)
                });
                self.drafts.replaced.insert(position, first);
            }
        }
    }

    fn decide(&self, node: &Node, entry: &StateEntry, changes: &[Change]) -> (Decision, Reason) {
        if entry.status == Status::Tainted {
            return (Decision::Replace, Reason::Tainted);
        }
        if self.options.replace.contains(&node.address) {
            return (Decision::Replace, Reason::Requested);
        }
        if let Some(by) = self.trigger(node) {
            return (Decision::Replace, Reason::Triggered { by });
        }
        if let Some(forced) = changes.iter().find(|change| change.forces_new) {
            return (Decision::Replace, Reason::Forced { attribute: forced.path.clone() });
        }
        let decision = if changes.is_empty() { Decision::Keep } else { Decision::Update };
        (decision, Reason::Changed)
    }

    /// The first of the node's triggers that changes in this plan.
    fn trigger(&self, node: &Node) -> Option<String> {
        let changes = |reference: &&crate::value::Reference| {
            let Some(at) = self.input.graph.position(&reference.address) else { return false };
            let Some(changed) = &self.touched[at as usize] else { return false };
            let created =
                matches!(self.knowledge.nodes[at as usize], Some(Known::Created { .. } | Known::Unread));
            reference.attribute.is_empty()
                || created
                || changed.iter().any(|path| {
                    path.starts_with(&reference.attribute) || reference.attribute.starts_with(path)
                })
        };
        node.lifecycle.replace_when.iter().find(changes).map(ToString::to_string)
    }

    fn decide_absent(
        &mut self,
        position: u32,
        node: &'a Node,
        resource_type: &'a ResourceType,
        desired: ValueMap,
    ) {
        self.touched[position as usize] = Some(Vec::new());
        let gone = matches!(self.entries.get(&(node.address.clone(), Slot::Current)), Some(None));
        let reason = if gone { Reason::Gone } else { Reason::New };
        self.check_secrets(node, &desired, Decision::Create, &[]);
        let changes = creation_changes(&desired);
        let step = self.step(node, resource_type, Action::Create, reason, &desired, changes);
        self.knowledge.nodes[position as usize] = Some(Known::Created { desired });
        self.drafts.apply(position, Draft::new(step));
    }

    /// Takes an object over: from here on it is an entry like any other, of which nothing was asked yet.
    fn adopt(
        &mut self,
        node: &Node,
        resource_type: &'a ResourceType,
        identifier: &Identifier,
    ) -> Option<DeferReason> {
        let seen = self.input.observed.objects.get(&(node.address.clone(), Slot::Current));
        let object = match seen {
            Some(Seen::Found(object)) => object,
            Some(Seen::Hidden(message)) => return Some(DeferReason::Hidden { message: message.clone() }),
            Some(Seen::Failed(failure)) => {
                return Some(DeferReason::Unreadable { message: failure.message.clone() });
            }
            Some(Seen::Gone) | None => {
                let message = format!("cannot be taken over: there is no `{identifier}`");
                self.problem(Some(&node.address), None, ProblemKind::Invalid, message.clone());
                return Some(DeferReason::Unreadable { message });
            }
        };
        let clear = resource_type.schema.mark_sensitive(&object.attributes);
        let blank = StateEntry {
            identifier: None,
            inputs: ValueMap::new(),
            attributes: ValueMap::new(),
            dependencies: self.input.graph.dependencies(&node.address).cloned().collect(),
            protect: node
                .lifecycle
                .protect
                .unwrap_or_else(|| self.input.state.stays_protected(&node.address)),
            status: Status::Ready,
            private: Value::Null,
            schema_version: resource_type.schema_version,
        };
        let entry = refreshed_entry(self.input.key, &node.address, &blank, object, &clear);
        self.clear.insert(node.address.clone(), clear);
        self.put((node.address.clone(), Slot::Current), Arc::new(entry));
        self.plan.adopted.push((node.address.clone(), identifier.clone()));
        None
    }

    fn decide_data(&mut self, position: u32, node: &'a Node) {
        let Some(resource_type) = type_of(self.input.provider, &node.address) else {
            return self.no_such_type(node);
        };
        let desired = self.desired(position, node, resource_type);
        let waits =
            self.input.graph.edges().of(position).iter().any(|at| self.touched[*at as usize].is_some());
        let unknown = desired.values().any(|value| value.first_unknown().is_some());
        if let Some((inputs, result)) = self.input.observed.data.get(&node.address)
            && !waits
            && *inputs == desired
        {
            match result {
                Ok(attributes) => {
                    let attributes = resource_type.schema.mark_sensitive(attributes);
                    self.knowledge.nodes[position as usize] = Some(Known::All { desired, attributes });
                }
                Err(failure) => {
                    let message = format!("could not be read: {}", failure.message);
                    self.problem(Some(&node.address), None, ProblemKind::Invalid, message);
                    self.knowledge.nodes[position as usize] = Some(Known::Nothing);
                }
            }
            return;
        }
        if unknown || waits || !self.input.observed.data.contains_key(&node.address) {
            self.touched[position as usize] = Some(Vec::new());
        }
        let step = self.step(node, resource_type, Action::Read, Reason::AfterChange, &desired, Vec::new());
        self.knowledge.nodes[position as usize] = Some(Known::Unread);
        self.drafts.apply(position, Draft::new(step));
    }

    /// It is left alone; what is known of it may still be referred to by what is left alone as well.
    fn decide_blocked(&mut self, position: u32, node: &'a Node, desired: &ValueMap, why: DeferReason) {
        let known = match self.entry(&node.address, Slot::Current) {
            Some(entry) if entry.status != Status::Pending => {
                Known::All { desired: ValueMap::new(), attributes: entry.attributes.clone() }
            }
            Some(_) | None => Known::Nothing,
        };
        self.knowledge.nodes[position as usize] = Some(known);
        let Some(resource_type) = type_of(self.input.provider, &node.address) else { return };
        let step = self.step(node, resource_type, Action::Update, Reason::Changed, desired, Vec::new());
        let old_dependencies = self.all_dependencies(&node.address);
        self.drafts.apply(position, Draft { blocked: Some(why), old_dependencies, ..Draft::new(step) });
    }

    /// What the objects of an address refer to, those that only an intent tells of included.
    fn all_dependencies(&self, address: &Address) -> Vec<Address> {
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

    /// Objects whose node is gone, deposed objects, and everything when everything is to go.
    fn decide_unwanted(&mut self) {
        let state = self.input.state;
        let destroy = self.options.mode == Mode::Destroy;
        for (address, _) in state.entries() {
            if !destroy && self.input.graph.position(address).is_some() {
                continue;
            }
            let reason = if destroy { Reason::Destroy } else { Reason::NotWanted };
            self.delete(address, Slot::Current, &reason);
        }
        for (address, intent, _) in state.deposed() {
            self.delete(address, Slot::Deposed(intent), &Reason::Deposed);
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

    fn delete(&mut self, address: &Address, slot: Slot, reason: &Reason) {
        let Some(entry) = self.entry(address, slot) else { return };
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
        let step = self.delete_step(address, slot, resource_type, &entry, reason.clone());
        let dependencies = entry.dependencies.clone();
        let draft = Draft { old_dependencies: dependencies, blocked: why, ..Draft::new(step) };
        self.drafts.delete(draft);
    }

    /// Nothing is sent. What is remembered may change all the same: what is asked for, referred to and protected.
    fn keep(&mut self, node: &Node, entry: &Arc<StateEntry>, desired: &ValueMap) {
        self.plan.unchanged += 1;
        let protect = node.lifecycle.protect.unwrap_or(entry.protect);
        if protect != entry.protect {
            self.plan.protections.push((node.address.clone(), protect));
        }
        let inputs = self.kept_inputs(node, entry, desired);
        let same_dependencies = self.input.graph.dependencies(&node.address).eq(&entry.dependencies);
        if protect == entry.protect && same_dependencies && inputs == entry.inputs {
            return;
        }
        let dependencies = self.input.graph.dependencies(&node.address).cloned().collect();
        let kept = StateEntry { inputs, protect, dependencies, ..(**entry).clone() };
        self.put((node.address.clone(), Slot::Current), Arc::new(kept));
    }

    fn kept_inputs(&self, node: &Node, entry: &StateEntry, desired: &ValueMap) -> ValueMap {
        if *desired == entry.inputs {
            return entry.inputs.clone();
        }
        let redacted = self.input.key.redact_map(node.address.as_str(), desired);
        // A digest from elsewhere, or an ignored value, says less than what is there already.
        let vague = |value: &Value| value.first_unknown().is_some() || value.has_redacted();
        let keep = |(name, value): (&Arc<str>, &Value)| match entry.inputs.get(name) {
            Some(before) if vague(value) && desired.get(name).is_some_and(vague) => {
                (name.clone(), before.clone())
            }
            _ => (name.clone(), value.clone()),
        };
        redacted.iter().filter(|(_, value)| !value.is_null()).map(keep).collect()
    }

    /// The inputs of a node with defaults, secrets marked; what is wrong with them becomes problems.
    fn desired(&mut self, position: u32, node: &Node, resource_type: &ResourceType) -> ValueMap {
        let mut failed = Vec::new();
        let inputs = self.knowledge.resolve_inputs(position, &mut failed);
        for failure in &failed {
            self.problem(Some(&node.address), None, ProblemKind::Invalid, failure.to_string());
        }
        let problems = resource_type.schema.validate(&inputs);
        if problems.is_empty() && failed.is_empty() {
            for invalid in self.input.provider.validate(&resource_type.name, &inputs) {
                self.problem(Some(&node.address), Some(invalid.path), ProblemKind::Invalid, invalid.message);
            }
        }
        for invalid in problems {
            self.problem(Some(&node.address), Some(invalid.path), ProblemKind::Invalid, invalid.message);
        }
        resource_type.schema.mark_sensitive(&resource_type.schema.with_defaults(&inputs))
    }

    fn needs_consent(&self, address: &Address, resource_type: &ResourceType, protected: bool) -> bool {
        (protected || resource_type.holds_data) && !self.options.consent.contains(address)
    }

    fn consent_problem(&mut self, address: &Address, resource_type: &ResourceType, what: &str) {
        let why = if resource_type.holds_data { "it holds data" } else { "it is protected" };
        let message = format!("would be {what}, but {why}: that needs consent that names it");
        self.problem(Some(address), None, ProblemKind::ConsentNeeded, message);
    }

    /// A secret that only its digest is known of cannot be sent.
    fn check_secrets(&mut self, node: &Node, desired: &ValueMap, decision: Decision, changes: &[Change]) {
        let sent = |name: &str| match decision {
            Decision::Keep => false,
            Decision::Update => changes.iter().any(|change| change.path.first_name() == Some(name)),
            Decision::Create | Decision::Replace => true,
        };
        for (name, value) in desired.iter() {
            if value.has_redacted() && sent(name) {
                let path = AttributePath::attribute(name.clone());
                let message = "needs a secret of which only the digest is known".to_owned();
                self.problem(Some(&node.address), Some(path), ProblemKind::SecretUnknown, message);
            }
        }
    }

    fn step(
        &self,
        node: &Node,
        resource_type: &ResourceType,
        action: Action,
        reason: Reason,
        desired: &ValueMap,
        changes: Vec<Change>,
    ) -> Step {
        let key = self.input.key;
        let hide = |path: &AttributePath, value: &Value| {
            // What was secret on one side is secret on the other.
            key.redact(&format!("{}.{path}", node.address), value)
        };
        let changes = changes
            .into_iter()
            .map(|change| Change {
                before: hide(&change.path, &change.before),
                after: hide(&change.path, &change.after),
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
            kind: resource_type.kind.clone(),
            expected,
            unit: None,
        }
    }

    fn delete_step(
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
            kind: resource_type.kind.clone(),
            expected: resource_type.expected.delete,
            unit: None,
        }
    }

    fn no_such_type(&mut self, node: &Node) {
        let types = if node.address.is_data() {
            self.input.provider.data_types()
        } else {
            self.input.provider.resource_types()
        };
        let meant =
            crate::graph::suggest(node.address.resource_type(), types.iter().map(|found| &*found.name));
        let hint = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        let message = format!("there is no such type{hint}");
        self.problem(Some(&node.address), None, ProblemKind::Invalid, message);
    }

    fn problem(
        &mut self,
        address: Option<&Address>,
        attribute: Option<AttributePath>,
        kind: ProblemKind,
        message: String,
    ) {
        self.plan.problems.push(Problem { address: address.cloned(), attribute, kind, message });
    }

    /// A replacement of something that is neither wanted nor there is a slip of the pen. Consent to what has gone already
    /// is not: a run that is repeated after a crash gives the same consent again.
    fn check_replacements(&mut self) {
        for address in &self.options.replace {
            if self.input.state.entry(address).is_none() && self.input.graph.position(address).is_none() {
                let message = "is to be replaced, but is neither wanted nor there".to_owned();
                self.problem(Some(address), None, ProblemKind::Invalid, message);
            }
        }
    }

    fn finish(mut self) -> Plan {
        self.plan_outputs();
        let mut drafts = std::mem::take(&mut self.drafts);
        drafts.leave_lanes(&self.occupied_lanes());
        let ordered = super::order::order(drafts, self.input.graph, self.input.provider, self.options);
        self.plan.steps = ordered.steps;
        self.plan.deferred.extend(ordered.deferred);
        self.plan.deferred.sort_by(|a, b| a.address.cmp(&b.address));
        if let Some(message) = ordered.cyclic {
            self.problem(None, None, ProblemKind::Cyclic, message);
        }
        self.plan.problems.sort();
        self.plan.problems.dedup();
        self.plan.drift.sort_by(|a, b| a.address.cmp(&b.address));
        self.plan
    }

    /// The lanes of operations that have not come to a known end: the world may still be at them.
    fn occupied_lanes(&self) -> BTreeSet<Arc<str>> {
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

    fn plan_outputs(&mut self) {
        if self.options.mode != Mode::Apply {
            self.plan.outputs = self.input.state.outputs().clone();
            return;
        }
        let mut failed = Vec::new();
        let outputs: ValueMap = self
            .input
            .graph
            .outputs()
            .iter()
            .map(|(name, expr)| (name.clone(), self.knowledge.resolve(expr, &mut failed)))
            .collect();
        for failure in failed {
            self.problem(None, None, ProblemKind::Invalid, format!("in an output: {failure}"));
        }
        let stored = self.input.state.outputs();
        let key = self.input.key;
        let same = |name: &str, value: &Value| match (stored.get(name), value) {
            (Some(Value::Redacted(digest)), Value::Sensitive(secret)) => {
                key.recognises(digest, secret.expose())
            }
            (Some(before), now) => before == now,
            (None, now) => now.is_null(),
        };
        let known = |value: &Value| value.first_unknown().is_none();
        // An output that waits for a step is that step's doing; it is no change of its own.
        self.plan.outputs_changed = outputs.iter().any(|(name, value)| known(value) && !same(name, value))
            || stored.keys().any(|name| outputs.get(name).is_none());
        self.plan.outputs = key.redact_map("output", &outputs);
    }
}

/// What a new object is asked for, as changes from nothing.
fn creation_changes(desired: &ValueMap) -> Vec<Change> {
    desired
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| Change {
            path: AttributePath::attribute(name.clone()),
            before: Value::Null,
            after: value.clone(),
            forces_new: false,
            cause: diff::Cause::ChangeOfMind,
        })
        .collect()
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

/// A lane as the two fields of a step.
fn split(lane: Option<Lane>) -> (Option<Arc<str>>, Option<Arc<str>>) {
    lane.map_or((None, None), |lane| (Some(lane.name), lane.batch))
}
