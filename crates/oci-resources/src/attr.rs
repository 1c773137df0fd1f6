//! What a user may write for an attribute: nothing, a value, or an output of another resource.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use oci_client::secret::Secret;
use reconcile::Address;
use reconcile::graph::Node;
use reconcile::value::{Expr, Number, Reference, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value as Json;

use crate::wire;

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
    /// Something that is put together from outputs, such as a text with an address in it. Its type is not checked before
    /// the plan.
    Expr(Expr),
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
            Self::Expr(expr) => Some(expr.clone()),
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

impl ToExpr for f64 {
    /// A number that is not finite has no JSON, and counts as not stated.
    fn to_expr(&self) -> Option<Expr> {
        Number::from_f64(*self).map(|number| Expr::Value(Value::Number(number)))
    }
}

impl ToExpr for Json {
    fn to_expr(&self) -> Option<Expr> {
        Some(Expr::Value(wire::from_json(self)))
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
        let name = name.trim_start_matches("r#");
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

/// A type that an attribute can hold, with its JSON Schema.
///
/// Not `JsonSchema` itself, which the types of other crates cannot be given.
pub trait Described {
    /// The schema.
    fn describe(generator: &mut SchemaGenerator) -> Schema;
}

macro_rules! described {
    ($($type:ty),*) => { $(
        impl Described for $type {
            fn describe(generator: &mut SchemaGenerator) -> Schema {
                <$type as JsonSchema>::json_schema(generator)
            }
        }
    )* };
}

described!(bool, i64, f64, String, Json);

impl Described for Secret<String> {
    fn describe(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "x-sensitive": true, "writeOnly": true})
    }
}

impl<T: Described> Described for Attr<T> {
    fn describe(generator: &mut SchemaGenerator) -> Schema {
        T::describe(generator)
    }
}

impl<T: Described> Described for Vec<T> {
    fn describe(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": T::describe(generator)})
    }
}

impl<T: Described> Described for BTreeMap<String, T> {
    fn describe(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": T::describe(generator)})
    }
}

/// An attribute has the schema of what it holds: where a value may stand, an output may.
impl<T: Described> JsonSchema for Attr<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Attr".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::describe(generator)
    }
}

/// Makes a struct of [`Attr`]s into the attributes of a resource, or of an object inside one. Every field must be named:
/// one that is forgotten does not compile.
macro_rules! attributes {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl $type {
            /// The attributes that were stated, for the engine.
            #[must_use]
            pub fn inputs(&self) -> $crate::attr::Inputs {
                let Self { $($field),* } = self;
                $crate::attr::Inputs::default()$(.with(stringify!($field), $field))*
            }
        }

        impl $crate::attr::ToExpr for $type {
            fn to_expr(&self) -> Option<reconcile::value::Expr> {
                Some(reconcile::value::Expr::Map(self.inputs().into_entries()))
            }
        }

        impl $crate::attr::Described for $type {
            fn describe(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <$type as schemars::JsonSchema>::json_schema(generator)
            }
        }
    };
}
pub(crate) use attributes;

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
