//! What is decided about each resource that is wanted, in the order of the graph.

use std::sync::Arc;

use super::refresh::{Now, refreshed_entry};
use super::{Planner, Seen};
use crate::diff::{self, Change, Sides};
use crate::graph::Node;
use crate::plan::known::with_ignored;
use crate::plan::order::Draft;
use crate::plan::{Action, DeferReason, Known, Mode, ProblemKind, Reason};
use crate::provider::ResourceType;
use crate::record::{Identifier, Slot, StateEntry, Status};
use crate::value::{AttributePath, Shared, Value, ValueMap};

/// What shall be done about the object of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Keep,
    Create,
    Update,
    Replace,
}

impl<'a> Planner<'a> {
    pub(super) fn decide_nodes(&mut self) {
        let graph = self.input.graph;
        if self.options.mode == Mode::Destroy {
            return;
        }
        for position in graph.order() {
            let node = &graph.nodes()[*position as usize];
            if graph.is_data(*position) {
                self.decide_data(*position, node);
            } else {
                self.decide_node(*position, node);
            }
        }
    }

    fn decide_node(&mut self, position: u32, node: &'a Node) {
        let resource_type = self.knowledge.type_of(position);
        let there = self.there[position as usize];
        let mut now =
            there.map(|there| self.refresh_entry((&node.address, Slot::Current), resource_type, there));
        let Some(resource_type) = resource_type else {
            return self.no_such_type(node);
        };
        let desired = self.desired(position, node, resource_type);
        if let Some(why) = self.blocked.get(&node.address).cloned() {
            let entry = now.and_then(|now| now.entry);
            return self.decide_blocked(position, node, (entry.as_ref(), &desired), why);
        }
        if let (Some(identifier), None) = (&node.adopt, there)
            && self.options.selects(&node.address)
        {
            let seen = self.strange.get(&node.address).copied();
            match self.adopt(node, resource_type, identifier, seen) {
                Ok(adopted) => now = Some(adopted),
                Err(why) => return self.decide_blocked(position, node, (None, &desired), why),
            }
        }
        let Some((entry, clear)) = now.and_then(|now| Some((now.entry?, now.clear))) else {
            let reason = if there.is_some() { Reason::Gone } else { Reason::New };
            return self.decide_absent(position, node, resource_type, (desired, reason));
        };
        // What is wanted is mostly what was asked for, and then one of them is enough.
        let desired = if desired == entry.inputs { entry.inputs.clone() } else { desired };
        let observed = clear.unwrap_or_else(|| entry.attributes.clone());
        let seen = there.map_or_else(ValueMap::new, |there| there.entry.attributes.clone());
        let sides = Sides { desired: &desired, asked: &entry.inputs, seen: &seen, observed: &observed };
        let changes = diff::diff(self.judge(resource_type), sides, &node.lifecycle);
        let (decision, reason) = self.decide(node, &entry, &changes);
        self.check_secrets(node, &desired, decision, &changes);
        let protected = there.is_none() || node.lifecycle.protect.unwrap_or(entry.protect);
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
            Decision::Keep => self.keep(position, node, &entry, &desired),
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
        (desired, reason): (ValueMap, Reason),
    ) {
        self.touched[position as usize] = Some(Vec::new());
        self.check_secrets(node, &desired, Decision::Create, &[]);
        let changes = creation_changes(&desired, &mut self.shared);
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
        seen: Option<&Seen>,
    ) -> Result<Now, DeferReason> {
        let object = match seen {
            Some(Seen::Found(object)) => object,
            Some(Seen::Hidden(message)) => return Err(DeferReason::Hidden { message: message.clone() }),
            Some(Seen::Failed(failure)) => {
                return Err(DeferReason::Unreadable { message: failure.message.clone() });
            }
            Some(Seen::Gone) | None => {
                let message = format!("cannot be taken over: there is no `{identifier}`");
                self.problem(Some(&node.address), None, ProblemKind::Invalid, message.clone());
                return Err(DeferReason::Unreadable { message });
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
        let entry = Arc::new(refreshed_entry(self.input.key, &node.address, &blank, object, &clear));
        self.put(&node.address, Slot::Current, &entry);
        self.plan.adopted.push((node.address.clone(), identifier.clone()));
        Ok(Now { entry: Some(entry), clear: Some(clear) })
    }

    fn decide_data(&mut self, position: u32, node: &'a Node) {
        let Some(resource_type) = self.knowledge.type_of(position) else {
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
    fn decide_blocked(
        &mut self,
        position: u32,
        node: &'a Node,
        (entry, desired): (Option<&Arc<StateEntry>>, &ValueMap),
        why: DeferReason,
    ) {
        let known = match entry {
            Some(entry) if entry.status != Status::Pending => {
                Known::All { desired: ValueMap::new(), attributes: entry.attributes.clone() }
            }
            Some(_) | None => Known::Nothing,
        };
        self.knowledge.nodes[position as usize] = Some(known);
        let Some(resource_type) = self.knowledge.type_of(position) else { return };
        let step = self.step(node, resource_type, Action::Update, Reason::Changed, desired, Vec::new());
        let old_dependencies = self.all_dependencies(&node.address);
        self.drafts.apply(position, Draft { blocked: Some(why), old_dependencies, ..Draft::new(step) });
    }

    /// Nothing is sent. What is remembered may change all the same: what is asked for, referred to and protected.
    fn keep(&mut self, position: u32, node: &Node, entry: &Arc<StateEntry>, desired: &ValueMap) {
        self.plan.unchanged += 1;
        let protect = node.lifecycle.protect.unwrap_or(entry.protect);
        if protect != entry.protect {
            self.plan.protections.push((node.address.clone(), protect));
        }
        let inputs = self.kept_inputs(node, entry, desired);
        let same_dependencies = self.input.graph.dependencies_of(position).eq(&entry.dependencies);
        if protect == entry.protect && same_dependencies && inputs == entry.inputs {
            return;
        }
        let dependencies = self.input.graph.dependencies_of(position).cloned().collect();
        let kept = StateEntry { inputs, protect, dependencies, ..(**entry).clone() };
        self.put(&node.address, Slot::Current, &Arc::new(kept));
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
}

/// What a new object is asked for, as changes from nothing.
fn creation_changes(desired: &ValueMap, shared: &mut Shared) -> Vec<Change> {
    desired
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| Change {
            path: shared.attribute(name),
            before: Value::Null,
            after: value.clone(),
            forces_new: false,
            cause: diff::Cause::ChangeOfMind,
        })
        .collect()
}
