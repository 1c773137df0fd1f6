//! The diff: what is wanted against what was asked for last, what was seen last and what is there now.
//!
//! Pure. Four things per attribute tell a change of mind (wanted ≠ asked) from drift (there now ≠ seen last), and both
//! from a service that merely spells our value in its own way (there now = seen last, wanted = asked).

mod same;
mod untold;

use std::sync::Arc;

use crate::graph::Lifecycle;
use crate::provider::{Object, Provider, ResourceType};
use crate::record::StateEntry;
use crate::schema::{Attribute, Kind, join};
use crate::secret::DigestKey;
use crate::value::{AttributePath, Value, ValueMap};

pub(crate) use same::Comparison;
pub(crate) use untold::{said_of, untold_differs, with_untold};

/// One attribute that will change.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// Which.
    pub path: AttributePath,
    /// What it is.
    pub before: Value,
    /// What it will be.
    pub after: Value,
    /// Whether this makes a new object necessary.
    pub forces_new: bool,
    /// Why it changes.
    pub cause: Cause,
}

/// Why an attribute changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The configuration says something else than before.
    ChangeOfMind,
    /// The configuration says the same as before, but the world has changed.
    Drift,
}

/// What is compared for one resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides<'a> {
    /// What is wanted now, with defaults; secrets in clear.
    pub(crate) desired: &'a ValueMap,
    /// What was asked for last.
    pub(crate) asked: &'a ValueMap,
    /// What was seen last.
    pub(crate) seen: &'a ValueMap,
    /// What is there now; the same as `seen` without a refresh.
    pub(crate) observed: &'a ValueMap,
}

/// Who is asked whether two values mean the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) provider: &'a dyn Provider,
    pub(crate) key: &'a DigestKey,
    pub(crate) resource_type: &'a ResourceType,
}

/// What has to change so that what is there becomes what is wanted.
pub(crate) fn diff(judge: Judge<'_>, sides: Sides<'_>, lifecycle: &Lifecycle) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, attribute) in judge.resource_type.schema.attributes() {
        if attribute.is_settable() {
            diff_attribute(judge, sides, name, attribute, &mut changes);
        }
    }
    // Attributes that the schema lets through without naming them.
    for (name, desired) in sides.desired.iter() {
        if judge.resource_type.schema.attribute(name).is_none() {
            let loose = Attribute::new(Kind::Any);
            if !desired.is_null() {
                diff_attribute(judge, sides, name, &loose, &mut changes);
            }
        }
    }
    changes.retain(|change| !lifecycle.ignore_changes.iter().any(|path| change.path.starts_with(path)));
    changes
}

fn diff_attribute(
    judge: Judge<'_>,
    sides: Sides<'_>,
    name: &Arc<str>,
    attribute: &Attribute,
    changes: &mut Vec<Change>,
) {
    fn set<'v>(values: &'v ValueMap, name: &str) -> Option<&'v Value> {
        values.get(name).filter(|value| !value.is_null())
    }
    let set = |values| set(values, name);
    let (desired, asked) = (set(sides.desired), set(sides.asked));
    let (seen, observed) = (set(sides.seen), set(sides.observed));
    let comparison = Comparison { judge, now: true };
    let path = || AttributePath::attribute(name.clone());
    let Some(desired) = desired else {
        // Null: it was asked for, and did not come true.
        let was_asked = sides.asked.get(name).is_some();
        if let (true, false, Some(before)) = (was_asked, attribute.computed, observed.or(asked)) {
            let before = before.clone();
            changes.push(change(path(), before, Value::Null, attribute.force_new, Cause::ChangeOfMind));
        }
        return;
    };
    // What the service does not tell is compared with what it was asked for.
    let said = said_of(name, desired, sides.asked);
    let whole = |value| with_untold(attribute, value, &said);
    let observed = observed.map(whole);
    let observed = observed.as_deref();
    let there = if attribute.write_only { asked } else { observed };
    if there.is_some_and(|there| comparison.same(attribute, name, desired, there)) {
        return;
    }
    let same_wish = asked.is_some_and(|asked| comparison.same(attribute, name, desired, &whole(asked)));
    let as_before = match (seen.map(whole), observed) {
        (Some(seen), Some(observed)) => {
            Comparison { judge, now: false }.same(attribute, name, &seen, observed)
        }
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if same_wish && (attribute.write_only || as_before) {
        return;
    }
    let cause = if same_wish { Cause::Drift } else { Cause::ChangeOfMind };
    let null = Value::Null;
    let before = observed.or(asked).unwrap_or(&null);
    details(
        &comparison,
        &Details { attribute, name, cause, forced: false },
        path(),
        (before, desired),
        changes,
    );
}

struct Details<'a> {
    attribute: &'a Attribute,
    name: &'a str,
    cause: Cause,
    forced: bool,
}

/// Goes into objects, so that the attribute that really differs is named and its own rule about new objects counts.
fn details(
    comparison: &Comparison<'_>,
    at: &Details<'_>,
    path: AttributePath,
    (before, after): (&Value, &Value),
    changes: &mut Vec<Change>,
) {
    let forced = at.forced || at.attribute.force_new;
    let (Kind::Object(schema), Value::Map(old), Value::Map(new)) = (&at.attribute.kind, before, after) else {
        let forced = forced || inner_forces(comparison, at, (before, after));
        changes.push(change(path, before.clone(), after.clone(), forced, at.cause));
        return;
    };
    for (name, value) in new.iter().filter(|(_, value)| !value.is_null()) {
        let loose = Attribute::new(Kind::Any);
        let attribute = schema.attribute(name).unwrap_or(&loose);
        let inner = join(at.name, name);
        let there = old.get(name).filter(|there| !there.is_null());
        if there.is_some_and(|there| comparison.same(attribute, &inner, value, there)) {
            continue;
        }
        let there = there.cloned().unwrap_or_default();
        let at = Details { attribute, name: &inner, cause: at.cause, forced };
        details(comparison, &at, path.name(name.clone()), (&there, value), changes);
    }
    for (name, attribute, there) in same::beyond_the_wish(schema, new, old) {
        let forced = forced || attribute.force_new;
        changes.push(change(path.name(name.clone()), there.clone(), Value::Null, forced, at.cause));
    }
}

/// Whether an attribute inside forces a new object: of an object that comes where there was none, or of the items of a list,
/// of which some differ.
fn inner_forces(comparison: &Comparison<'_>, at: &Details<'_>, (before, after): (&Value, &Value)) -> bool {
    if let (Kind::Object(schema), Value::Null, Value::Map(new)) = (&at.attribute.kind, before, after) {
        return new.iter().filter(|(_, value)| !value.is_null()).any(|(name, value)| {
            schema.attribute(name).is_some_and(|attribute| {
                let at = Details { attribute, name: &join(at.name, name), cause: at.cause, forced: false };
                attribute.force_new || inner_forces(comparison, &at, (&Value::Null, value))
            })
        });
    }
    let Kind::List(item) = &at.attribute.kind else { return false };
    let Kind::Object(schema) = &item.kind else { return false };
    if let (Value::Null, Some(new)) = (before, after.as_list()) {
        let at = Details { attribute: item, ..*at };
        return new.iter().any(|value| inner_forces(comparison, &at, (&Value::Null, value)));
    }
    let (Some(old), Some(new)) = (before.as_list(), after.as_list()) else { return false };
    schema.attributes().filter(|(_, attribute)| attribute.force_new).any(|(name, attribute)| {
        let column = |values: &[Value]| -> Vec<Value> {
            values
                .iter()
                .map(|value| value.as_map().and_then(|map| map.get(name)).cloned().unwrap_or_default())
                .collect()
        };
        let list = Attribute {
            unordered: at.attribute.unordered,
            ..Attribute::new(Kind::List(attribute.clone().into()))
        };
        let inner = join(at.name, name);
        !comparison.same(&list, &inner, &Value::List(column(new).into()), &Value::List(column(old).into()))
    })
}

fn change(path: AttributePath, before: Value, after: Value, forces_new: bool, cause: Cause) -> Change {
    Change { path, before, after, forces_new, cause }
}

/// An attribute that changed behind our back.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Drifted {
    /// Which.
    pub path: AttributePath,
    /// As it was last seen.
    pub before: Value,
    /// As it is now.
    pub after: Value,
    /// Whether it was asked for; else the service chose it.
    pub managed: bool,
}

/// What changed in the world since it was last seen. Volatile attributes do not count.
pub(crate) fn drift(judge: Judge<'_>, entry: &StateEntry, observed: &ValueMap) -> Vec<Drifted> {
    if entry.attributes.same_storage(observed) {
        return Vec::new();
    }
    let mut drifted = Vec::new();
    let comparison = Comparison { judge, now: false };
    let names =
        entry.attributes.keys().chain(observed.keys().filter(|name| entry.attributes.get(name).is_none()));
    for name in names {
        let loose = Attribute::new(Kind::Any);
        let attribute = judge.resource_type.schema.attribute(name).unwrap_or(&loose);
        let (before, after) = (entry.attributes.get(name), observed.get(name));
        let (before, after) = (before.cloned().unwrap_or_default(), after.cloned().unwrap_or_default());
        if attribute.volatile || attribute.write_only || before == after {
            continue;
        }
        if comparison.same(attribute, name, &after, &before)
            && comparison.same(attribute, name, &before, &after)
        {
            continue;
        }
        let managed = entry.inputs.get(name).is_some_and(|value| !value.is_null());
        drifted.push(Drifted { path: AttributePath::attribute(name.clone()), before, after, managed });
    }
    drifted
}

/// The planned attributes that did not come out of an apply as planned.
pub(crate) fn broken_promises(judge: Judge<'_>, planned: &ValueMap, object: &Object) -> Vec<Change> {
    let comparison = Comparison { judge, now: true };
    let mut broken = Vec::new();
    for (name, value) in planned.iter() {
        let loose = Attribute::new(Kind::Any);
        let attribute = judge.resource_type.schema.attribute(name).unwrap_or(&loose);
        let told = object.attributes.get(name).filter(|told| !told.is_null());
        if value.is_null() || attribute.write_only || (told.is_none() && attribute.sensitive) {
            continue;
        }
        if told.is_some_and(|told| comparison.same(attribute, name, value, told)) {
            continue;
        }
        let path = AttributePath::attribute(name.clone());
        broken.push(change(path, value.clone(), told.cloned().unwrap_or_default(), false, Cause::Drift));
    }
    broken
}

#[cfg(test)]
mod tests;
