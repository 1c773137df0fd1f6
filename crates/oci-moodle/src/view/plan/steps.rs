//! The steps of a plan, each with its attributes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use reconcile::diff::{Cause, Change};
use reconcile::plan::{Action, Plan, Step};
use reconcile::value::Value;

use super::{Show, because, named};
use crate::view::style::Role;
use crate::view::text::{counted, width};
use crate::view::value::{long, short};

/// Where attributes begin, and how far their signs are before them.
const INDENT: usize = 8;

/// What a reader takes for one thing: a step, or the two halves of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Update,
    Delete,
    Read,
    /// The old object goes first.
    ReplaceDeleteFirst,
    /// The new one comes first.
    ReplaceCreateFirst,
}

impl Kind {
    /// What the step at `at` is; `None` if it says nothing by itself: the other half of a replacement, a check of health.
    pub(super) fn of(plan: &Plan, at: u32) -> Option<Self> {
        let step = &plan.steps()[at as usize];
        match (&step.action, plan.is_replacement(at)) {
            (Action::Create, false) => Some(Self::Create),
            (Action::Create, true) => {
                let comes_before = |other: &Step| {
                    other.address == step.address
                        && other.action == Action::Delete
                        && other.after.contains(&at)
                };
                let first = plan.steps().iter().any(comes_before);
                Some(if first { Self::ReplaceCreateFirst } else { Self::ReplaceDeleteFirst })
            }
            (Action::Update, _) => Some(Self::Update),
            (Action::Delete, false) => Some(Self::Delete),
            (Action::Read, _) => Some(Self::Read),
            (Action::Delete, true) | (Action::Check, _) => None,
        }
    }

    /// Its sign, in three columns, as Terraform has them.
    fn sign(self) -> (&'static str, Role) {
        match self {
            Self::Create => ("  +", Role::Good),
            Self::Update => ("  ~", Role::Care),
            Self::Delete => ("  -", Role::Bad),
            Self::Read => (" <=", Role::Info),
            Self::ReplaceDeleteFirst => ("-/+", Role::Bad),
            Self::ReplaceCreateFirst => ("+/-", Role::Care),
        }
    }

    fn will(self) -> &'static str {
        match self {
            Self::Create => "will be created",
            Self::Update => "will be changed in place",
            Self::Delete => "will be deleted",
            Self::Read => "will be read",
            Self::ReplaceDeleteFirst => "must be replaced, the old one goes first",
            Self::ReplaceCreateFirst => "must be replaced, the new one comes first",
        }
    }
}

/// All steps, what is taken over, and what becomes protected.
pub(super) fn render(plan: &Plan, show: Show) -> String {
    let mut text = String::new();
    for (step, at) in plan.steps().iter().zip(0..) {
        if let Some(kind) = Kind::of(plan, at) {
            block(&mut text, step, kind, show);
        }
    }
    for (address, identifier) in plan.adopted() {
        let sign = show.style.paint(Role::Info, "=");
        let _ = writeln!(text, "  {sign} {address} exists and will be taken over: {identifier}\n");
    }
    for (address, protect) in plan.protections() {
        let what = if *protect { "will be protected" } else { "will no longer be protected" };
        let sign = show.style.paint(Role::Care, "!");
        let _ = writeln!(text, "  {sign} {address} {what}\n");
    }
    for line in rolling(plan) {
        let _ = writeln!(text, "{line}\n");
    }
    // One empty line between sections is enough.
    text.truncate(text.trim_end().len());
    if text.is_empty() { text } else { text + "\n" }
}

/// The rolling groups that change, and how carefully.
fn rolling(plan: &Plan) -> Vec<String> {
    let groups: BTreeSet<u32> = plan.steps().iter().filter_map(|step| Some(step.unit?.group)).collect();
    let line = |at: u32| {
        let group = plan.rolling_groups().get(at as usize)?;
        let members: BTreeSet<u32> = plan
            .steps()
            .iter()
            .filter_map(|step| step.unit)
            .filter(|unit| unit.group == at)
            .map(|unit| unit.unit)
            .collect();
        (members.len() > 1).then(|| {
            format!(
                "  The {} of `{}` go out at most {} at a time; the next one goes when the last is healthy again.",
                counted(members.len(), "member", "members"),
                group.name,
                group.out_max
            )
        })
    };
    groups.into_iter().filter_map(line).collect()
}

fn block(text: &mut String, step: &Step, kind: Kind, show: Show) {
    let name = named(&step.address, step.slot);
    let reason = because(&step.reason).map_or_else(String::new, |reason| format!(": {reason}"));
    let title = format!("  # {name} {}{reason}", kind.will());
    let (sign, role) = kind.sign();
    let _ = writeln!(text, "{}", show.style.paint(Role::Faint, &title));
    let _ = writeln!(text, "{} {}", show.style.paint(role, sign), show.style.paint(Role::Strong, &name));
    match kind {
        Kind::Create | Kind::Read => attributes(text, step, show),
        Kind::Update | Kind::ReplaceDeleteFirst | Kind::ReplaceCreateFirst => changes(text, step, show),
        Kind::Delete => {}
    }
    text.push('\n');
}

/// Everything that is asked for.
fn attributes(text: &mut String, step: &Step, show: Show) {
    let set: Vec<_> = step.planned.iter().filter(|(_, value)| !value.is_null()).collect();
    let widest = set.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let sign = show.style.paint(Role::Good, "+");
    for (name, value) in set {
        let value = long(value, INDENT + widest + 3, INDENT, show.columns);
        let _ = writeln!(text, "      {sign} {name:widest$} = {value}");
    }
}

/// What changes, and how much does not.
fn changes(text: &mut String, step: &Step, show: Show) {
    let paths: Vec<String> = step.changes.iter().map(|change| change.path.to_string()).collect();
    let widest = paths.iter().map(|path| width(path)).max().unwrap_or(0);
    for (change, path) in step.changes.iter().zip(&paths) {
        let (sign, role) = match (change.before.is_null(), change.after.is_null()) {
            (true, _) => ("+", Role::Good),
            (false, true) => ("-", Role::Bad),
            (false, false) => ("~", Role::Care),
        };
        let sign = show.style.paint(role, sign);
        let from = INDENT + widest + 3;
        let _ = writeln!(text, "      {sign} {path:widest$} = {}", change_text(change, from, show));
    }
    let changed: BTreeSet<&str> = step.changes.iter().filter_map(|change| change.path.first_name()).collect();
    let set = step.planned.iter().filter(|(_, value)| !value.is_null());
    let same = set.filter(|(name, _)| !changed.contains(&***name)).count();
    if same > 0 {
        let hidden = format!(
            "        # {} not shown",
            counted(same, "attribute stays and is", "attributes stay and are")
        );
        let _ = writeln!(text, "{}", show.style.paint(Role::Faint, &hidden));
    }
}

fn change_text(change: &Change, from: usize, show: Show) -> String {
    let mut notes = Vec::new();
    if change.forces_new {
        notes.push(show.style.paint(Role::Bad, "# forces a new one"));
    }
    if change.cause == Cause::Drift {
        notes.push(show.style.paint(Role::Faint, "# somebody else changed it"));
    }
    let notes: String = notes.iter().map(|note| format!("  {note}")).collect();
    match (&change.before, &change.after) {
        (Value::Sensitive(_) | Value::Redacted(_), Value::Sensitive(_) | Value::Redacted(_)) => {
            format!("(sensitive), another one{notes}")
        }
        (Value::List(before), Value::List(after)) => items(before, after, from, show)
            .map_or_else(|| two(change, from, show) + &notes, |items| notes.trim_start().to_owned() + &items),
        (Value::Null, after) => long(after, from, INDENT, show.columns) + &notes,
        _ => two(change, from, show) + &notes,
    }
}

fn two(change: &Change, from: usize, show: Show) -> String {
    let before = long(&change.before, from, INDENT, show.columns);
    let from = if before.contains('\n') { INDENT + 5 } else { from + width(&before) + 4 };
    format!("{before} -> {}", long(&change.after, from, INDENT, show.columns))
}

/// The items of a list that come and go, a line each; `None` where the two lists fit into one line, or differ in order only.
fn items(before: &[Value], after: &[Value], from: usize, show: Show) -> Option<String> {
    let fits = |values: &[Value]| short(&Value::List(values.into()));
    if from + width(&fits(before)) + 4 + width(&fits(after)) <= show.columns {
        return None;
    }
    let gone = without(before, after);
    let new = without(after, before);
    if gone.is_empty() && new.is_empty() {
        return None;
    }
    let indent = INDENT + 4;
    let line = |sign: &str, role: Role, value: &Value| {
        let value = long(value, indent + 2, indent + 2, show.columns);
        format!("\n{}{} {value}", " ".repeat(indent), show.style.paint(role, sign))
    };
    let mut text = "[".to_owned();
    text.extend(gone.iter().map(|value| line("-", Role::Bad, value)));
    text.extend(new.iter().map(|value| line("+", Role::Good, value)));
    let same = after.len() - new.len();
    if same > 0 {
        let hidden = format!("  # {}", counted(same, "item stays", "items stay"));
        let _ = write!(text, "\n{}{}", " ".repeat(indent), show.style.paint(Role::Faint, &hidden));
    }
    let _ = write!(text, "\n{}]", " ".repeat(INDENT));
    Some(text)
}

/// The values that are not in `others`, each as often as it is there too often.
fn without<'a>(values: &'a [Value], others: &[Value]) -> Vec<&'a Value> {
    let mut others: Vec<&Value> = others.iter().collect();
    let mut left = Vec::new();
    for value in values {
        match others.iter().position(|other| *other == value) {
            Some(at) => drop(others.swap_remove(at)),
            None => left.push(value),
        }
    }
    left
}
