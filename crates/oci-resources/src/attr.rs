//! What a user may write for an attribute: nothing, a value, or an output of another resource.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use oci_client::secret::Secret;
use reconcile::Address;
use reconcile::graph::Node;
use reconcile::value::{Expr, Reference, Value};

/// An attribute as the user states it.
///
/// Three things, not two: left out (the service, or what is there already, decides), known, or still to come.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Attr<T> {
    /// Left out.
    #[default]
    Absent,
    /// A value.
    Known(T),
    /// An output of another resource, which has the type `T`.
    Output(Output<T>),
}

/// An attribute of another resource, known to be a `T` by the compiler.
#[derive(Debug)]
pub struct Output<T> {
    reference: Reference,
    of: PhantomData<fn() -> T>,
}

impl<T> Output<T> {
    /// The top-level `attribute` of the resource at `address`. Resource modules make these; see `Vcn::id`.
    #[must_use]
    pub fn new(address: Address, attribute: &str) -> Self {
        Self { reference: Reference::new(address, attribute), of: PhantomData }
    }

    /// What the engine follows.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }
}

// Not derived: a derive would ask the same of `T`, of which there is none inside.
impl<T> Clone for Output<T> {
    fn clone(&self) -> Self {
        Self { reference: self.reference.clone(), of: PhantomData }
    }
}

impl<T> PartialEq for Output<T> {
    fn eq(&self, other: &Self) -> bool {
        self.reference == other.reference
    }
}

impl<T> Eq for Output<T> {}

impl<T> From<T> for Attr<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl From<&str> for Attr<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

impl<T> From<Output<T>> for Attr<T> {
    fn from(output: Output<T>) -> Self {
        Self::Output(output)
    }
}

impl<T> From<&Output<T>> for Attr<T> {
    fn from(output: &Output<T>) -> Self {
        Self::Output(output.clone())
    }
}

/// What can stand in a configuration: it tells the engine its value, or how to get it.
pub trait ToExpr {
    /// The expression; `None` where nothing was stated.
    fn to_expr(&self) -> Option<Expr>;
}

impl<T: ToExpr> ToExpr for Attr<T> {
    fn to_expr(&self) -> Option<Expr> {
        match self {
            Self::Absent => None,
            Self::Known(value) => value.to_expr(),
            Self::Output(output) => Some(output.reference.clone().into()),
        }
    }
}

impl ToExpr for bool {
    fn to_expr(&self) -> Option<Expr> {
        Some((*self).into())
    }
}

impl ToExpr for i64 {
    fn to_expr(&self) -> Option<Expr> {
        Some((*self).into())
    }
}

impl ToExpr for String {
    fn to_expr(&self) -> Option<Expr> {
        Some(self.as_str().into())
    }
}

impl ToExpr for Secret<String> {
    fn to_expr(&self) -> Option<Expr> {
        Some(Expr::Sensitive(Box::new(Value::string(self.expose().as_str()).into())))
    }
}

impl<T: ToExpr> ToExpr for Vec<T> {
    fn to_expr(&self) -> Option<Expr> {
        Some(Expr::List(self.iter().filter_map(ToExpr::to_expr).collect()))
    }
}

impl<T: ToExpr> ToExpr for BTreeMap<String, T> {
    fn to_expr(&self) -> Option<Expr> {
        let entries =
            self.iter().filter_map(|(name, item)| Some((Arc::from(name.as_str()), item.to_expr()?)));
        Some(Expr::Map(entries.collect()))
    }
}

/// The attributes of a resource as the engine wants them: those that were stated, by name.
#[derive(Clone, Debug, Default)]
pub struct Inputs(Vec<(Arc<str>, Expr)>);

impl Inputs {
    /// With one attribute more, if it was stated.
    #[must_use]
    pub fn with(mut self, name: &str, attribute: &impl ToExpr) -> Self {
        self.0.extend(attribute.to_expr().map(|expr| (Arc::from(name), expr)));
        self
    }

    /// The resource at `address` with these attributes, for a graph.
    #[must_use]
    pub fn at(self, address: Address) -> Node {
        self.0.into_iter().fold(Node::new(address), |node, (name, expr)| node.input(name, expr))
    }

    /// The attributes.
    #[must_use]
    pub fn into_entries(self) -> Vec<(Arc<str>, Expr)> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_known_and_still_to_come_are_three_things() {
        let vcn = Address::new("oci_core_vcn", "main").unwrap();
        let output: Output<String> = Output::new(vcn.clone(), "id");
        let inputs = Inputs::default()
            .with("display_name", &Attr::<String>::from("web"))
            .with("vcn_id", &Attr::<String>::from(&output))
            .with("dns_label", &Attr::<String>::Absent)
            .with("cidr_blocks", &Attr::from(vec![String::from("10.0.0.0/16")]))
            .into_entries();
        let names: Vec<&str> = inputs.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["display_name", "vcn_id", "cidr_blocks"]);
        assert_eq!(inputs[1].1, Expr::Reference(Reference::new(vcn, "id")));
    }

    #[test]
    fn a_secret_stays_one() {
        let password = Attr::from(Secret::new(String::from("canary-77aa")));
        let inputs = Inputs::default().with("admin_password", &password);
        assert!(!format!("{inputs:?} {password:?}").contains("canary"));
    }
}
