//! What is known of a model: its name, and its fields by JSON name.

use serde_json::Map as JsonMap;

use super::value::Value;

/// Facts of one field, from Oracle's tables.
#[derive(Clone, Copy, Debug)]
pub struct FieldFacts {
    /// Its name in JSON.
    pub name: &'static str,
    /// Whether its value must not be seen in logs.
    pub sensitive: bool,
}

/// Facts of one model, from Oracle's tables.
#[derive(Debug)]
pub struct ModelFacts {
    /// Its name in Oracle's API.
    pub name: &'static str,
    /// Its fields, sorted by name, so that a name is found by halving.
    pub fields: &'static [FieldFacts],
    /// For a kind of a tagged union: the field that tells the kind, and its value. It is written, and is not among
    /// the fields.
    pub tag: Option<(&'static str, &'static str)>,
}

/// A model: an object of Oracle's API with known fields.
///
/// Implemented by generated code.
pub trait Model: Send + Sync {
    /// What is known of it.
    fn facts(&self) -> &'static ModelFacts;

    /// The field at `index` of [`ModelFacts::fields`].
    ///
    /// # Panics
    /// When there is no such field.
    fn field(&self, index: usize) -> &dyn Slot;

    /// The field at `index` of [`ModelFacts::fields`], to be filled.
    ///
    /// # Panics
    /// When there is no such field.
    fn field_mut(&mut self, index: usize) -> &mut dyn Slot;

    /// Fields that the tables do not know; kept only by the unknown kind of a tagged union.
    fn rest(&self) -> Option<&JsonMap<String, serde_json::Value>> {
        None
    }

    /// As [`Model::rest`], to be filled.
    fn rest_mut(&mut self) -> Option<&mut JsonMap<String, serde_json::Value>> {
        None
    }
}

/// Facts of a tagged union, from Oracle's tables.
#[derive(Debug)]
pub struct UnionFacts {
    /// Its name in Oracle's API.
    pub name: &'static str,
    /// The field that tells the kind.
    pub tag: &'static str,
    /// The values of that field that the tables know.
    pub kinds: &'static [&'static str],
}

/// A tagged union: an object whose kind one of its fields tells.
///
/// Implemented by generated code.
pub trait Union: Send + Sync {
    /// What is known of it.
    fn facts(&self) -> &'static UnionFacts;

    /// The object, of whatever kind it is.
    fn active(&self) -> &dyn Model;

    /// As [`Union::active`], to be filled.
    fn active_mut(&mut self) -> &mut dyn Model;

    /// Makes it an empty object of the kind that `tag` names; of no known kind when `tag` is none of
    /// [`UnionFacts::kinds`].
    fn select(&mut self, tag: &str);
}

/// A field: a value, or nothing.
pub trait Slot {
    /// The value, if there is one.
    fn get(&self) -> Option<&dyn Value>;
    /// The value, if there is one, to be changed.
    fn get_mut(&mut self) -> Option<&mut dyn Value>;
    /// Puts a blank value in and returns it to be filled.
    fn fill(&mut self) -> &mut dyn Value;
    /// Takes the value out.
    fn clear(&mut self);
}

impl<T: Value> Slot for Option<T> {
    fn get(&self) -> Option<&dyn Value> {
        self.as_ref().map(|value| value as &dyn Value)
    }
    fn get_mut(&mut self) -> Option<&mut dyn Value> {
        self.as_mut().map(|value| value as &mut dyn Value)
    }
    fn fill(&mut self) -> &mut dyn Value {
        self.insert(T::blank())
    }
    fn clear(&mut self) {
        *self = None;
    }
}

/// Writes down the table of a generated model.
#[allow(unused_macros, reason = "which services use it depends on the features")]
macro_rules! model {
    (
        $model:ident $name:literal $(, tag $tag:literal $kind:literal)? $(, rest $rest:ident)?;
        $($index:literal $field:ident $json:literal $($sensitive:ident)?,)*
    ) => {
        impl $crate::model::Model for $model {
            fn facts(&self) -> &'static $crate::model::ModelFacts {
                static FACTS: $crate::model::ModelFacts = $crate::model::ModelFacts {
                    name: $name,
                    fields: &[$($crate::model::FieldFacts {
                        name: $json,
                        sensitive: $crate::model::model!(@sensitive $($sensitive)?),
                    },)*],
                    tag: $crate::model::model!(@tag $($tag $kind)?),
                };
                &FACTS
            }
            fn field(&self, index: usize) -> &dyn $crate::model::Slot {
                match index {
                    $($index => &self.$field,)*
                    _ => panic!(concat!($name, " has no such field")),
                }
            }
            fn field_mut(&mut self, index: usize) -> &mut dyn $crate::model::Slot {
                match index {
                    $($index => &mut self.$field,)*
                    _ => panic!(concat!($name, " has no such field")),
                }
            }
            $(
                fn rest(&self) -> Option<&serde_json::Map<String, serde_json::Value>> {
                    Some(&self.$rest)
                }
                fn rest_mut(&mut self) -> Option<&mut serde_json::Map<String, serde_json::Value>> {
                    Some(&mut self.$rest)
                }
            )?
        }

        impl $crate::model::Value for $model {
            fn blank() -> Self {
                Self::default()
            }
            fn view(&self) -> $crate::model::View<'_> {
                $crate::model::View::Model(self)
            }
            fn view_mut(&mut self) -> $crate::model::ViewMut<'_> {
                $crate::model::ViewMut::Model(self)
            }
        }

        impl std::fmt::Debug for $model {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::model::show(self, f)
            }
        }

        impl PartialEq for $model {
            fn eq(&self, other: &Self) -> bool {
                $crate::model::same(self, other)
            }
        }
    };
    (@sensitive) => { false };
    (@sensitive sensitive) => { true };
    (@tag) => { None };
    (@tag $tag:literal $kind:literal) => { Some(($tag, $kind)) };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use model;

/// Writes down the table of a generated tagged union.
#[allow(unused_macros, reason = "which services use it depends on the features")]
macro_rules! union {
    ($union:ident $name:literal $tag:literal; $($variant:ident($model:ident) $kind:literal,)*) => {
        impl $crate::model::Union for $union {
            fn facts(&self) -> &'static $crate::model::UnionFacts {
                static FACTS: $crate::model::UnionFacts =
                    $crate::model::UnionFacts { name: $name, tag: $tag, kinds: &[$($kind),*] };
                &FACTS
            }
            fn active(&self) -> &dyn $crate::model::Model {
                match self {
                    $(Self::$variant(active) => active,)*
                    Self::Other(active) => active,
                }
            }
            fn active_mut(&mut self) -> &mut dyn $crate::model::Model {
                match self {
                    $(Self::$variant(active) => active,)*
                    Self::Other(active) => active,
                }
            }
            fn select(&mut self, tag: &str) {
                *self = match tag {
                    $($kind => Self::$variant(Default::default()),)*
                    _ => Self::Other(Default::default()),
                };
            }
        }

        impl $crate::model::Value for $union {
            fn blank() -> Self {
                Self::Other(Default::default())
            }
            fn view(&self) -> $crate::model::View<'_> {
                $crate::model::View::Union(self)
            }
            fn view_mut(&mut self) -> $crate::model::ViewMut<'_> {
                $crate::model::ViewMut::Union(self)
            }
        }

        impl std::fmt::Debug for $union {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::model::show($crate::model::Union::active(self), f)
            }
        }

        impl PartialEq for $union {
            fn eq(&self, other: &Self) -> bool {
                std::mem::discriminant(self) == std::mem::discriminant(other)
                    && $crate::model::same(
                        $crate::model::Union::active(self),
                        $crate::model::Union::active(other),
                    )
            }
        }

        $(
            impl From<$model> for $union {
                fn from(kind: $model) -> Self {
                    Self::$variant(kind)
                }
            }
        )*
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use union;
