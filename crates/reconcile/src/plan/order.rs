//! From decisions to steps: which comes after which, what is left out, and who goes out together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::company::keep_company;
use super::known::type_of;
use super::{Action, DeferReason, Deferred, PlanOptions, Reason, Step};
use crate::Address;
use crate::graph::{Edges, Graph};
use crate::provider::Provider;
use crate::record::Slot;
use crate::schedule::UnitId;

/// A step before it has its place.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) step: Step,
    /// Why it is certainly left out.
    pub(super) blocked: Option<DeferReason>,
    /// What the object referred to until now.
    pub(super) old_dependencies: Vec<Address>,
    /// The node that it belongs to, if there is one.
    pub(super) node: Option<u32>,
}

impl Draft {
    pub(super) fn new(step: Step) -> Self {
        Self { step, blocked: None, old_dependencies: Vec::new(), node: None }
    }
}

/// All steps before they have their places.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    drafts: Vec<Draft>,
    /// Nodes that are replaced, and whether the new object is to come first.
    pub(super) replaced: BTreeMap<u32, bool>,
}

impl Drafts {
    /// None yet, with room for so many: making it by and by copies what is there over and over.
    pub(super) fn with_room_for(drafts: usize) -> Self {
        Self { drafts: Vec::with_capacity(drafts), ..Self::default() }
    }

    pub(super) fn apply(&mut self, node: u32, draft: Draft) {
        self.drafts.push(Draft { node: Some(node), ..draft });
    }

    pub(super) fn delete(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// Leaves out what would run in a lane that an earlier operation still occupies.
    pub(super) fn leave_lanes(&mut self, occupied: &BTreeSet<Arc<str>>) {
        for draft in &mut self.drafts {
            if draft.blocked.is_none() && draft.step.lane.as_ref().is_some_and(|lane| occupied.contains(lane))
            {
                draft.blocked = Some(DeferReason::Busy);
            }
        }
    }
}

/// Steps in their places.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    pub(super) steps: Vec<Step>,
    pub(super) deferred: Vec<Deferred>,
    pub(super) cyclic: Option<String>,
}

const NONE: u32 = u32::MAX;

/// Puts the drafts in order.
pub(super) fn order(
    drafts: Drafts,
    graph: &Graph,
    provider: &dyn Provider,
    options: &PlanOptions,
) -> Ordered {
    let Drafts { mut drafts, mut replaced } = drafts;
    if drafts.is_empty() {
        return Ordered::default();
    }
    let units = assign_units(&mut drafts, graph, provider);
    sort(&mut drafts, graph);
    let places = Places::new(&drafts, graph);
    create_first_upwards(&drafts, &places, graph, &mut replaced);
    let mut edges = firm_edges(&drafts, &places, graph, &replaced);
    edges.extend(check_edges(&drafts, &units));
    let state_edges = state_edges(&drafts, &places, &replaced);
    let edges = join_edges(drafts.len(), &edges, &state_edges);
    let deferred = defer(&drafts, &edges, &state_edges, options);
    let mut ordered = place(drafts, &edges, &deferred, graph);
    keep_company(&mut ordered.steps, provider);
    ordered
}

/// By address, and then by what is done. Nodes stand in the order of their addresses, so for most steps two numbers tell.
fn sort(drafts: &mut [Draft], graph: &Graph) {
    let nodes = graph.addresses();
    drafts.sort_by_cached_key(|draft| {
        let address = &draft.step.address;
        let before = draft
            .node
            .map_or_else(|| nodes.partition_point(|node| node < address), |position| position as usize);
        // Before each node there is room for what is in no graph.
        let is_node = draft.node.is_some() || nodes.get(before) == Some(address);
        (before, is_node, (!is_node).then(|| address.clone()), rank(&draft.step))
    });
}

fn rank(step: &Step) -> (u8, Slot) {
    let phase = match step.action {
        Action::Delete => 0,
        Action::Create | Action::Update | Action::Read => 1,
        Action::Check => 2,
    };
    (phase, step.slot)
}

/// Where the steps of a node or address are.
struct Places {
    /// By node: the step that makes, changes or reads it.
    apply: Vec<u32>,
    /// By address: the steps that delete an object of it.
    deletes: HashMap<Address, Vec<u32>>,
}

impl Places {
    fn new(drafts: &[Draft], graph: &Graph) -> Self {
        let mut places = Self { apply: vec![NONE; graph.nodes().len()], deletes: HashMap::new() };
        for (draft, at) in drafts.iter().zip(0..) {
            match (&draft.step.action, draft.node) {
                (Action::Delete, _) => places.deletes.entry(draft.step.address.clone()).or_default().push(at),
                (Action::Check, _) | (_, None) => {}
                (_, Some(node)) => places.apply[node as usize] = at,
            }
        }
        places
    }

    fn deletes(&self, address: &Address) -> &[u32] {
        self.deletes.get(address).map_or(&[], Vec::as_slice)
    }
}

/// Members that are changed or replaced go out as a unit, and a check of their health belongs to it.
fn assign_units(
    drafts: &mut Vec<Draft>,
    graph: &Graph,
    provider: &dyn Provider,
) -> BTreeMap<UnitId, Vec<u32>> {
    if graph.rolling_groups().is_empty() {
        return BTreeMap::new();
    }
    let mut names: BTreeMap<(u32, &str), (u32, bool)> = BTreeMap::new();
    let member = |node: u32| {
        let rolling = graph.nodes()[node as usize].rolling.as_ref()?;
        let group = graph.rolling_groups().iter().position(|group| group.name == rolling.group)?;
        Some((u32::try_from(group).ok()?, &*rolling.unit))
    };
    for draft in drafts.iter() {
        let Some(id) = draft.node.and_then(member) else { continue };
        let next = u32::try_from(names.len()).unwrap_or(NONE);
        let goes_out =
            matches!(draft.step.action, Action::Update | Action::Delete) && draft.blocked.is_none();
        names.entry(id).or_insert((next, false)).1 |= goes_out;
    }
    let mut checks = Vec::new();
    let mut units: BTreeMap<UnitId, Vec<u32>> = BTreeMap::new();
    for draft in drafts.iter_mut() {
        let Some(node) = draft.node else { continue };
        let Some(id) = member(node) else { continue };
        let (unit, goes_out) = names[&id];
        let unit = UnitId { group: id.0, unit };
        draft.step.unit = goes_out.then_some(unit);
        let changes = matches!(draft.step.action, Action::Create | Action::Update) && draft.blocked.is_none();
        let has_health = type_of(provider, &draft.step.address).is_some_and(|found| found.has_health);
        if changes && has_health {
            let step = Step {
                action: Action::Check,
                reason: Reason::Rolling,
                changes: Vec::new(),
                planned: crate::value::ValueMap::new(),
                lane: None,
                batch: None,
                with: None,
                expected: std::time::Duration::ZERO,
                ..draft.step.clone()
            };
            checks.push(Draft { node: Some(node), ..Draft::new(step) });
        }
        units.entry(unit).or_default().push(node);
    }
    if names.values().any(|(_, goes_out)| *goes_out) {
        // A member that stays as it is tells how the unit feels whose other members are changed.
        let changed: BTreeSet<u32> = drafts.iter().filter_map(|draft| draft.node).collect();
        let quiet = (0..).zip(graph.nodes()).filter(|(node, _)| !changed.contains(node));
        for (node, quiet) in quiet {
            let Some(id) = member(node) else { continue };
            let (Some((unit, true)), Some(resource_type)) =
                (names.get(&id), type_of(provider, &quiet.address).filter(|found| found.has_health))
            else {
                continue;
            };
            let unit = UnitId { group: id.0, unit: *unit };
            let step = Step {
                address: quiet.address.clone(),
                slot: Slot::Current,
                action: Action::Check,
                after: Vec::new(),
                reason: Reason::Rolling,
                changes: Vec::new(),
                planned: crate::value::ValueMap::new(),
                lane: None,
                batch: None,
                with: None,
                kind: resource_type.kind.clone(),
                expected: std::time::Duration::ZERO,
                unit: Some(unit),
            };
            checks.push(Draft { node: Some(node), ..Draft::new(step) });
            units.entry(unit).or_default().push(node);
        }
    }
    drafts.append(&mut checks);
    units
}

/// A health check comes after everything that is done to its unit.
fn check_edges(drafts: &[Draft], units: &BTreeMap<UnitId, Vec<u32>>) -> Vec<(u32, u32)> {
    if units.is_empty() {
        return Vec::new();
    }
    let mut unit_of: HashMap<u32, UnitId> = HashMap::new();
    for (unit, nodes) in units {
        unit_of.extend(nodes.iter().map(|node| (*node, *unit)));
    }
    let mut parts: BTreeMap<UnitId, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
    for (draft, at) in drafts.iter().zip(0..) {
        let Some(unit) = draft.node.and_then(|node| unit_of.get(&node)) else { continue };
        let (work, checks) = parts.entry(*unit).or_default();
        if draft.step.action == Action::Check { checks.push(at) } else { work.push(at) }
    }
    let pairs = |(work, checks): (Vec<u32>, Vec<u32>)| {
        work.into_iter().flat_map(move |before| checks.clone().into_iter().map(move |check| (before, check)))
    };
    parts.into_values().flat_map(pairs).collect()
}

/// What something that is replaced create-first needs, directly or not, cannot be replaced destroy-first: its old
/// object would have to go while the old dependent is still there.
fn create_first_upwards(
    drafts: &[Draft],
    places: &Places,
    graph: &Graph,
    replaced: &mut BTreeMap<u32, bool>,
) {
    let mut stack: Vec<u32> = replaced.iter().filter(|(_, first)| **first).map(|(node, _)| *node).collect();
    if stack.is_empty() {
        return;
    }
    let mut visited = vec![false; graph.nodes().len()];
    while let Some(node) = stack.pop() {
        if std::mem::replace(&mut visited[node as usize], true) {
            continue;
        }
        if let Some(first) = replaced.get_mut(&node) {
            *first = true;
        }
        stack.extend(graph.edges().of(node));
        if let Some(draft) = drafts.get(places.apply[node as usize] as usize) {
            stack.extend(draft.old_dependencies.iter().filter_map(|address| graph.position(address)));
        }
    }
}

/// Edges that follow from the graph, and between the halves of a replacement. They have no cycle.
fn firm_edges(
    drafts: &[Draft],
    places: &Places,
    graph: &Graph,
    replaced: &BTreeMap<u32, bool>,
) -> Vec<(u32, u32)> {
    let mut edges = Vec::new();
    for (draft, at) in drafts.iter().zip(0..) {
        let Some(node) = draft.node.filter(|node| places.apply[*node as usize] == at) else { continue };
        let needed = graph.edges().of(node).iter().map(|before| places.apply[*before as usize]);
        edges.extend(needed.filter(|before| *before != NONE).map(|before| (before, at)));
        if let Some(create_first) = replaced.get(&node) {
            let current = |delete: &&u32| drafts[**delete as usize].step.slot == Slot::Current;
            for delete in places.deletes(&draft.step.address).iter().filter(current) {
                edges.push(if *create_first { (at, *delete) } else { (*delete, at) });
            }
        }
    }
    edges
}

/// Edges that follow from what objects referred to until now: a dependent goes first; what is no longer referred to
/// goes after the change that gives it up.
fn state_edges(drafts: &[Draft], places: &Places, replaced: &BTreeMap<u32, bool>) -> Vec<(u32, u32)> {
    let mut edges = Vec::new();
    for (draft, at) in drafts.iter().zip(0..) {
        let is_delete = draft.step.action == Action::Delete;
        if !is_delete && draft.step.action != Action::Update {
            continue;
        }
        for delete in draft.old_dependencies.iter().flat_map(|address| places.deletes(address)) {
            let target = &drafts[*delete as usize];
            let makes_room = target.node.is_some_and(|node| replaced.get(&node) == Some(&false));
            if *delete != at && (is_delete || !makes_room) {
                edges.push((at, *delete));
            }
        }
    }
    // Where not all of them fit, those between two objects that go count more: what stays may refer for a while to what has
    // gone, as it must when that is replaced destroy-first.
    edges.sort_by_key(|(from, _)| drafts[*from as usize].step.action != Action::Delete);
    edges
}

/// For each step the steps after it, and before it.
struct StepEdges {
    after: Edges,
    before: Edges,
}

fn join_edges(count: usize, firm: &[(u32, u32)], state: &[(u32, u32)]) -> StepEdges {
    let mut after = Edges::from_pairs(count, firm.iter().chain(state).copied());
    let stuck = on_cycles(&after);
    if stuck.contains(&true) {
        let state = fitting(count, firm, state, &stuck);
        after = Edges::from_pairs(count, firm.iter().chain(&state).copied());
    }
    StepEdges { before: after.reversed(), after }
}

/// What was and what is wanted contradict each other. What is wanted wins; of what was, as much as fits.
fn fitting(count: usize, firm: &[(u32, u32)], state: &[(u32, u32)], stuck: &[bool]) -> Vec<(u32, u32)> {
    let mut joined: Vec<Vec<u32>> = vec![Vec::new(); count];
    for (from, to) in firm {
        joined[*from as usize].push(*to);
    }
    let mut fits = |(from, to): &(u32, u32)| {
        let suspicious = stuck[*from as usize] && stuck[*to as usize];
        let fits = !suspicious || !reaches(&joined, *to, *from);
        if fits {
            joined[*from as usize].push(*to);
        }
        fits
    };
    state.iter().copied().filter(&mut fits).collect()
}

/// Marks what cannot be put in order.
fn on_cycles(after: &Edges) -> Vec<bool> {
    let steps = || (0..).take(after.len());
    let mut waiting = vec![0_u32; after.len()];
    steps().flat_map(|at| after.of(at)).for_each(|to| waiting[*to as usize] += 1);
    let mut queue: Vec<u32> = steps().filter(|at| waiting[*at as usize] == 0).collect();
    while let Some(done) = queue.pop() {
        for to in after.of(done) {
            waiting[*to as usize] -= 1;
            if waiting[*to as usize] == 0 {
                queue.push(*to);
            }
        }
    }
    waiting.into_iter().map(|count| count > 0).collect()
}

fn reaches(after: &[Vec<u32>], from: u32, to: u32) -> bool {
    let mut visited = vec![false; after.len()];
    let mut stack = vec![from];
    while let Some(at) = stack.pop() {
        if at == to {
            return true;
        }
        if !std::mem::replace(&mut visited[at as usize], true) {
            stack.extend(&after[at as usize]);
        }
    }
    false
}

/// Why each step is left out, if it is.
///
/// All of the `state` edges count, also those that did not fit into the order: what stays because it is left out goes on
/// referring to what it referred to.
fn defer(
    drafts: &[Draft],
    edges: &StepEdges,
    state: &[(u32, u32)],
    options: &PlanOptions,
) -> Vec<Option<DeferReason>> {
    let mut why: Vec<Option<DeferReason>> = drafts.iter().map(|draft| draft.blocked.clone()).collect();
    if !options.only.is_empty() {
        let selected = selection(drafts, edges, options);
        for (why, selected) in why.iter_mut().zip(selected) {
            if !selected {
                why.get_or_insert(DeferReason::NotSelected);
            }
        }
    }
    for (why, draft) in why.iter_mut().zip(drafts) {
        if options.exclude.iter().any(|pattern| pattern.matches(&draft.step.address)) {
            why.get_or_insert(DeferReason::Excluded);
        }
    }
    let mut stack: Vec<u32> = (0..).zip(&why).filter(|(_, why)| why.is_some()).map(|(at, _)| at).collect();
    let mut given_up: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    if !stack.is_empty() {
        state.iter().for_each(|(from, to)| given_up.entry(*from).or_default().push(*to));
    }
    while let Some(at) = stack.pop() {
        let address = &drafts[at as usize].step.address;
        let after = edges.after.of(at).iter().chain(given_up.get(&at).into_iter().flatten());
        for next in after.copied().chain(siblings(drafts, at)) {
            if why[next as usize].is_none() {
                why[next as usize] = Some(DeferReason::DependsOn { address: address.clone() });
                stack.push(next);
            }
        }
    }
    why
}

/// What was asked for, with all that has to come before it.
fn selection(drafts: &[Draft], edges: &StepEdges, options: &PlanOptions) -> Vec<bool> {
    let wanted = |draft: &Draft| options.only.iter().any(|pattern| pattern.matches(&draft.step.address));
    let mut selected: Vec<bool> = drafts.iter().map(wanted).collect();
    let mut stack: Vec<u32> =
        (0..).zip(&selected).filter(|(_, selected)| **selected).map(|(at, _)| at).collect();
    while let Some(at) = stack.pop() {
        for next in edges.before.of(at).iter().copied().chain(siblings(drafts, at)) {
            if !std::mem::replace(&mut selected[next as usize], true) {
                stack.push(next);
            }
        }
    }
    selected
}

/// The other steps of the same address: a replacement is done as a whole or not at all.
fn siblings(drafts: &[Draft], at: u32) -> impl Iterator<Item = u32> {
    let address = &drafts[at as usize].step.address;
    let same =
        move |near: &u32| drafts.get(*near as usize).is_some_and(|draft| draft.step.address == *address);
    let down = (0..at).rev().take_while(same);
    down.chain((at + 1..NONE).take_while(move |near| {
        drafts.get(*near as usize).is_some_and(|draft| draft.step.address == *address)
    }))
}

fn place(drafts: Vec<Draft>, edges: &StepEdges, deferred: &[Option<DeferReason>], graph: &Graph) -> Ordered {
    let mut position = vec![NONE; drafts.len()];
    let mut next = 0;
    for (position, why) in position.iter_mut().zip(deferred) {
        if why.is_none() {
            *position = next;
            next += 1;
        }
    }
    let mut ordered = Ordered { steps: Vec::with_capacity(next as usize), ..Ordered::default() };
    for ((draft, at), why) in drafts.into_iter().zip(0..).zip(deferred) {
        let Some(why) = why else {
            let after = edges.before.of(at).iter().map(|at| position[*at as usize]).collect();
            ordered.steps.push(Step { after, ..draft.step });
            continue;
        };
        let action = draft.blocked.is_none().then_some(draft.step.action);
        if action != Some(Action::Check) {
            ordered.deferred.push(Deferred { address: draft.step.address, action, why: why.clone() });
        }
    }
    ordered.cyclic = cyclic(&ordered.steps, graph);
    ordered
}

/// Members of a rolling group that need each other cannot go out one after another.
fn cyclic(steps: &[Step], graph: &Graph) -> Option<String> {
    let gated: Vec<_> = steps.iter().filter(|step| step.unit.is_some()).collect();
    if gated.is_empty() {
        return None;
    }
    let tasks: Vec<_> = steps
        .iter()
        .map(|step| crate::schedule::Task {
            after: step.after.clone(),
            unit: step.unit,
            ..Default::default()
        })
        .collect();
    let cyclic = crate::schedule::Schedule::new(&tasks, &crate::schedule::Limits::default()).err()?;
    let members: Vec<String> = cyclic
        .0
        .iter()
        .map(|at| &steps[*at as usize])
        .filter(|step| step.unit.is_some() && graph.position(&step.address).is_some())
        .map(|step| format!("`{}`", step.address))
        .collect();
    let mut members = members;
    members.dedup();
    Some(format!(
        "members of a rolling group need each other, so that none can go out alone: {}",
        members.join(", ")
    ))
}
