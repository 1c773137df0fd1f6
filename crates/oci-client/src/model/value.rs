//! The values that a field can hold, seen without knowing the model: for reading, writing, printing and comparing.

use std::collections::BTreeMap;

use super::open_enum::OpenEnum;
use super::table::{Model, Union};
use super::timestamp::Timestamp;

use crate::secret::Secret;

/// A value that can stand in a field, a list or a map of a model.
pub trait Value: Send + Sync {
    /// A value to be filled by a reader.
    fn blank() -> Self
    where
        Self: Sized;

    /// Looks at the value.
    fn view(&self) -> View<'_>;

    /// Opens the value to be filled.
    fn view_mut(&mut self) -> ViewMut<'_>;
}

/// A value, by what it is in JSON.
pub enum View<'a> {
    /// A string.
    Text(&'a str),
    /// A string that must not be seen.
    Secret(&'a Secret<String>),
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Int(i64),
    /// Any number.
    Float(f64),
    /// A point in time, a string in JSON.
    Time(&'a Timestamp),
    /// JSON whose shape Oracle does not say.
    Json(&'a serde_json::Value),
    /// One of some words that are known, or another.
    Enum(&'a dyn OpenEnum),
    /// An object.
    Model(&'a dyn Model),
    /// An object whose kind a field of it tells.
    Union(&'a dyn Union),
    /// Values in order.
    List(&'a dyn List),
    /// Values by name.
    Map(&'a dyn Map),
}

/// As [`View`], to be filled.
pub enum ViewMut<'a> {
    /// See [`View::Text`].
    Text(&'a mut String),
    /// See [`View::Secret`].
    Secret(&'a mut Secret<String>),
    /// See [`View::Flag`].
    Flag(&'a mut bool),
    /// See [`View::Int`].
    Int(&'a mut i64),
    /// See [`View::Float`].
    Float(&'a mut f64),
    /// See [`View::Time`].
    Time(&'a mut Timestamp),
    /// See [`View::Json`].
    Json(&'a mut serde_json::Value),
    /// See [`View::Enum`].
    Enum(&'a mut dyn OpenEnum),
    /// See [`View::Model`].
    Model(&'a mut dyn Model),
    /// See [`View::Union`].
    Union(&'a mut dyn Union),
    /// See [`View::List`].
    List(&'a mut dyn List),
    /// See [`View::Map`].
    Map(&'a mut dyn Map),
}

/// Values in order, whatever their type.
pub trait List {
    /// How many there are.
    fn count(&self) -> usize;
    /// The value at `index`, counted from 0.
    fn at(&self, index: usize) -> Option<&dyn Value>;
    /// As [`List::at`], to be changed.
    fn at_mut(&mut self, index: usize) -> Option<&mut dyn Value>;
    /// Adds a blank value at the end and returns it to be filled.
    fn push_blank(&mut self) -> &mut dyn Value;
}

/// Values by name, whatever their type, in the order of their names.
pub trait Map {
    /// The entries, in the order of their names.
    fn entries(&self) -> Box<dyn Iterator<Item = (&str, &dyn Value)> + '_>;
    /// As [`Map::entries`], to be changed.
    fn entries_mut(&mut self) -> Box<dyn Iterator<Item = (&str, &mut dyn Value)> + '_>;
    /// Puts a blank value under `name`, in place of one that may be there, and returns it to be filled.
    fn insert_blank(&mut self, name: String) -> &mut dyn Value;
}

macro_rules! scalar {
    ($type:ty, $blank:expr, $this:ident => $view:expr, $kind:ident) => {
        impl Value for $type {
            fn blank() -> Self {
                $blank
            }
            fn view(&self) -> View<'_> {
                let $this = self;
                $view
            }
            fn view_mut(&mut self) -> ViewMut<'_> {
                ViewMut::$kind(self)
            }
        }
    };
}

scalar!(String, String::new(), this => View::Text(this), Text);
scalar!(Secret<String>, Secret::new(String::new()), this => View::Secret(this), Secret);
scalar!(bool, false, this => View::Flag(*this), Flag);
scalar!(i64, 0, this => View::Int(*this), Int);
scalar!(f64, 0.0, this => View::Float(*this), Float);
scalar!(Timestamp, Timestamp::from_unix_seconds(0), this => View::Time(this), Time);
scalar!(serde_json::Value, Self::Null, this => View::Json(this), Json);

impl<T: Value> Value for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }
    fn view(&self) -> View<'_> {
        View::List(self)
    }
    fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut::List(self)
    }
}

impl<T: Value> List for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }
    fn at(&self, index: usize) -> Option<&dyn Value> {
        self.get(index).map(|value| value as &dyn Value)
    }
    fn at_mut(&mut self, index: usize) -> Option<&mut dyn Value> {
        self.get_mut(index).map(|value| value as &mut dyn Value)
    }
    fn push_blank(&mut self) -> &mut dyn Value {
        self.push(T::blank());
        self.last_mut().expect("an element was pushed just now")
    }
}

impl<T: Value> Value for BTreeMap<String, T> {
    fn blank() -> Self {
        Self::new()
    }
    fn view(&self) -> View<'_> {
        View::Map(self)
    }
    fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut::Map(self)
    }
}

impl<T: Value> Map for BTreeMap<String, T> {
    fn entries(&self) -> Box<dyn Iterator<Item = (&str, &dyn Value)> + '_> {
        Box::new(self.iter().map(|(name, value)| (name.as_str(), value as &dyn Value)))
    }
    fn entries_mut(&mut self) -> Box<dyn Iterator<Item = (&str, &mut dyn Value)> + '_> {
        Box::new(self.iter_mut().map(|(name, value)| (name.as_str(), value as &mut dyn Value)))
    }
    fn insert_blank(&mut self, name: String) -> &mut dyn Value {
        match self.entry(name) {
            std::collections::btree_map::Entry::Occupied(entry) => {
                let value = entry.into_mut();
                *value = T::blank();
                value
            }
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(T::blank()),
        }
    }
}
