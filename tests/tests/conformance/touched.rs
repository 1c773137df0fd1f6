//! Which attributes a change touches, those inside others included; and which ones no change touches.

use std::collections::BTreeMap;

use reconcile::schema::{Kind, Schema};
use reconcile::value::{Expr, Value};

use crate::kit::{Asked, Case, Variation};

/// The innermost values, by their paths without indices.
type Leaves = BTreeMap<String, Vec<Expr>>;

fn gather(path: &str, expr: &Expr, found: &mut Leaves) {
    match expr {
        Expr::Map(entries) => {
            entries.iter().for_each(|(name, inner)| gather(&format!("{path}.{name}"), inner, found));
        }
        Expr::Value(Value::Map(map)) => {
            map.iter().for_each(|(name, inner)| {
                gather(&format!("{path}.{name}"), &Expr::Value(inner.clone()), found);
            });
        }
        Expr::List(items) => items.iter().for_each(|inner| gather(path, inner, found)),
        Expr::Value(Value::List(items)) => {
            items.iter().for_each(|inner| gather(path, &Expr::Value(inner.clone()), found));
        }
        leaf => found.entry(path.to_owned()).or_default().push(leaf.clone()),
    }
}

/// The paths of the values that a change brings. What it takes away has none: a value that is no longer asked for stays.
pub(crate) fn touched(asked: &Asked, change: &Variation) -> Vec<String> {
    let top = change.top();
    let (mut old, mut new) = (Leaves::new(), Leaves::new());
    if let Some(expr) = asked.get(top) {
        gather(top, expr, &mut old);
    }
    gather(top, &change.value, &mut new);
    new.retain(|path, values| old.get(path) != Some(values));
    // An empty list has nothing in it that could be different.
    if new.is_empty() { vec![change.path.to_owned()] } else { new.into_keys().collect() }
}

/// The paths of what can be asked for; of what holds others, of those inside.
fn settable(schema: &Schema, above: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, attribute) in schema.attributes() {
        if attribute.read_only || above.is_empty() && &**name == "raw" {
            continue;
        }
        let path = if above.is_empty() { name.to_string() } else { format!("{above}.{name}") };
        let mut kind = &attribute.kind;
        while let Kind::List(item) = kind {
            kind = &item.kind;
        }
        match kind {
            Kind::Object(schema) => paths.extend(settable(schema, &path)),
            _ => paths.push(path),
        }
    }
    paths
}

fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Every attribute is changed or excused, and those inside others too; and what is changed needs no excuse.
pub(crate) fn expect_all_tried(case: &Case, schema: &Schema, tried: &[String]) {
    let paths = settable(schema, "");
    for (excused, _) in case.unchanged {
        assert!(paths.iter().any(|path| is_within(path, excused)), "there is no attribute `{excused}`");
        assert!(!tried.iter().any(|path| is_within(path, excused)), "`{excused}` needs no excuse");
    }
    let is_excused = |path: &str| case.unchanged.iter().any(|(excused, _)| is_within(path, excused));
    let is_tried = |path: &str| tried.iter().any(|tried| is_within(tried, path));
    let forgotten: Vec<&String> = paths.iter().filter(|path| !is_tried(path) && !is_excused(path)).collect();
    assert!(forgotten.is_empty(), "no change is tried on {forgotten:?}");
}
