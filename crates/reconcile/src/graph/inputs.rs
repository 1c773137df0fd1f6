//! What is asked for of one resource, by name.
//!
//! A `BTreeMap` takes some 600 bytes from its first entry on, and most resources of a large graph have few.

use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use crate::value::Expr;

/// Expressions by name, sorted by name.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Inputs(Vec<(Arc<str>, Expr)>);

impl Inputs {
    /// The expression of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Expr> {
        self.place(name).ok().map(|at| &self.0[at].1)
    }

    /// Puts `expr` under `name`, and returns what was there.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, expr: Expr) -> Option<Expr> {
        let name = name.into();
        match self.place(&name) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, expr)),
            Err(at) => {
                // They stay as they are once they are all in: room to grow would never be used.
                self.0.reserve_exact(1);
                self.0.insert(at, (name, expr));
                None
            }
        }
    }

    /// The names and expressions, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Expr)> {
        self.0.iter().map(|(name, expr)| (name, expr))
    }

    /// As [`Inputs::iter`], for changing how they are stored: a name must stay equal to what it was.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&mut Arc<str>, &mut Expr)> {
        self.0.iter_mut().map(|(name, expr)| (name, expr))
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name))
    }
}

impl Index<&str> for Inputs {
    type Output = Expr;

    fn index(&self, name: &str) -> &Expr {
        self.get(name).expect("no input has this name")
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_sorted_and_the_last_word_counts() {
        let mut inputs = Inputs::default();
        for (name, value) in [("b", 1), ("c", 2), ("a", 3), ("b", 4)] {
            inputs.insert(name, Expr::from(value));
        }
        let all: Vec<_> = inputs.iter().map(|(name, expr)| (&**name, expr.clone())).collect();
        assert_eq!(all, [("a", Expr::from(3)), ("b", Expr::from(4)), ("c", Expr::from(2))]);
        assert_eq!(inputs.get("b"), Some(&inputs["b"]));
        assert_eq!(inputs.get("d"), None);
    }
}
