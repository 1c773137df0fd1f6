//! Whether what is wanted is what is there.

use std::sync::Arc;

use super::Judge;
use crate::schema::{Attribute, Kind, Schema, join};
use crate::value::{Value, ValueMap};

/// How values are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparison<'a> {
    pub(crate) judge: Judge<'a>,
    /// Whether the left side is a wish: what it does not say is not compared.
    pub(crate) now: bool,
}

/// Beyond this many items two unordered lists are matched by their sorted order only.
const MATCHING_MAX: usize = 512;

impl Comparison<'_> {
    /// Whether `desired` is what `observed` says, at the attribute whose path without indices is `name`.
    pub(crate) fn same(&self, attribute: &Attribute, name: &str, desired: &Value, observed: &Value) -> bool {
        if desired == observed {
            return desired.first_unknown().is_none();
        }
        let inside = match (&attribute.kind, desired, observed) {
            // A secret that is known by its digest only could not be sent, so it is no wish to change.
            (_, Value::Redacted(_), Value::Redacted(_)) => return true,
            (_, Value::Sensitive(secret), Value::Redacted(digest)) => {
                return secret.expose().first_unknown().is_none()
                    && self.judge.key.recognises(digest, secret.expose());
            }
            (_, Value::Redacted(digest), Value::Sensitive(secret)) => {
                return self.judge.key.recognises(digest, secret.expose());
            }
            (_, Value::Redacted(digest), plain) | (_, plain, Value::Redacted(digest)) => {
                return !plain.is_null()
                    && plain.first_unknown().is_none()
                    && self.judge.key.recognises(digest, plain);
            }
            (_, Value::Sensitive(a), b) => return self.same(attribute, name, a.expose(), b.exposed()),
            (_, a, Value::Sensitive(b)) => return self.same(attribute, name, a, b.expose()),
            (_, Value::Unknown(_), _) | (_, _, Value::Unknown(_)) => return false,
            (Kind::Object(_) | Kind::Any, Value::Map(a), Value::Map(b)) => {
                self.same_object(attribute, name, a, b)
            }
            (Kind::Map(item), Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| {
                        b.get(key).is_some_and(|other| self.same(item, name, value, other))
                    })
            }
            (Kind::List(item), Value::List(a), Value::List(b)) => {
                self.same_list(item, name, attribute.unordered, a, b)
            }
            (_, Value::List(a), Value::List(b)) => {
                self.same_list(&Attribute::new(Kind::Any), name, attribute.unordered, a, b)
            }
            _ => false,
        };
        inside
            || (desired.first_unknown().is_none()
                && self.judge.provider.equivalent(&self.judge.resource_type.name, name, desired, observed))
    }

    fn same_object(
        &self,
        attribute: &Attribute,
        name: &str,
        desired: &ValueMap,
        observed: &ValueMap,
    ) -> bool {
        let Kind::Object(schema) = &attribute.kind else {
            let loose = Attribute::new(Kind::Any);
            return desired.len() == observed.len()
                && desired.iter().all(|(key, value)| {
                    observed.get(key).is_some_and(|other| self.same(&loose, &join(name, key), value, other))
                });
        };
        let loose = Attribute::new(Kind::Any);
        let said = desired.iter().filter(|(_, value)| !value.is_null());
        let mut differing = said.filter(|(key, value)| {
            let inner = schema.attribute(key).unwrap_or(&loose);
            // What the service never tells cannot be compared inside an object that it does tell; null says that it is
            // known not to have been asked for.
            if inner.write_only && observed.get(key).is_none() {
                return false;
            }
            !observed.get(key).is_some_and(|other| self.same(inner, &join(name, key), value, other))
        });
        if differing.next().is_some() || beyond_the_wish(schema, desired, observed).next().is_some() {
            return false;
        }
        self.now
            || observed
                .iter()
                .all(|(key, value)| value.is_null() || desired.get(key).is_some_and(|other| !other.is_null()))
    }

    fn same_list(&self, item: &Attribute, name: &str, unordered: bool, a: &[Value], b: &[Value]) -> bool {
        if a.len() != b.len() {
            return false;
        }
        if a.iter().zip(b).all(|(x, y)| self.same(item, name, x, y)) {
            return true;
        }
        unordered && self.same_set(item, name, a, b)
    }

    /// Whether the items can be paired. An item may fit several others (what it does not say is not compared), so
    /// this is a matching: each item in turn takes a partner, and may send another one to look for a new partner.
    fn same_set(&self, item: &Attribute, name: &str, a: &[Value], b: &[Value]) -> bool {
        let mut left: Vec<&Value> = a.iter().collect();
        let mut right: Vec<&Value> = b.iter().collect();
        left.sort();
        right.sort();
        if left == right {
            return left.iter().all(|value| value.first_unknown().is_none());
        }
        if left.len() > MATCHING_MAX {
            return left.iter().zip(&right).all(|(x, y)| self.same(item, name, x, y));
        }
        let fits: Vec<Vec<usize>> = left
            .iter()
            .map(|x| (0..right.len()).filter(|at| self.same(item, name, x, right[*at])).collect())
            .collect();
        let mut partner: Vec<Option<usize>> = vec![None; right.len()];
        (0..left.len()).all(|from| find_partner(from, &fits, &mut partner, &mut vec![false; right.len()]))
    }
}

/// What is there although the wish leaves it out, where leaving out means absent.
pub(super) fn beyond_the_wish<'a>(
    schema: &'a Schema,
    desired: &'a ValueMap,
    observed: &'a ValueMap,
) -> impl Iterator<Item = (&'a Arc<str>, &'a Attribute, &'a Value)> {
    let set = |values: &'a ValueMap, name: &str| values.get(name).filter(|value| !value.is_null());
    let exact = schema.attributes().filter(|(_, attribute)| attribute.exact);
    exact
        .filter(move |(name, _)| set(desired, name).is_none())
        .filter_map(move |(name, attribute)| Some((name, attribute, set(observed, name)?)))
}

fn find_partner(from: usize, fits: &[Vec<usize>], partner: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for &to in &fits[from] {
        if std::mem::replace(&mut tried[to], true) {
            continue;
        }
        if partner[to].is_none_or(|taken| find_partner(taken, fits, partner, tried)) {
            partner[to] = Some(from);
            return true;
        }
    }
    false
}
