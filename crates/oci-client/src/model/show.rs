//! Prints models for people, without their secrets.

use std::fmt;

use super::table::Model;
use super::value::{Value, View};

const SECRET: &str = "<secret>";

pub(super) fn model(model: &dyn Model, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let facts = model.facts();
    let mut shown = f.debug_struct(facts.name);
    for (index, field) in facts.fields.iter().enumerate() {
        match model.field(index).get() {
            None => {}
            Some(_) if field.sensitive => {
                shown.field(field.name, &format_args!("{SECRET}"));
            }
            Some(value) => {
                shown.field(field.name, &Shown(value));
            }
        }
    }
    // What an unknown kind of a union holds may be secret: nobody has said that it is not.
    for name in model.rest().into_iter().flat_map(serde_json::Map::keys) {
        shown.field(name, &format_args!("<unknown field>"));
    }
    shown.finish()
}

struct Shown<'a>(&'a dyn Value);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.view() {
            View::Text(text) => fmt::Debug::fmt(text, f),
            View::Secret(_) => f.write_str(SECRET),
            View::Flag(flag) => fmt::Debug::fmt(&flag, f),
            View::Int(number) => fmt::Debug::fmt(&number, f),
            View::Float(number) => fmt::Debug::fmt(&number, f),
            View::Time(time) => fmt::Display::fmt(time, f),
            View::Json(json) => fmt::Display::fmt(json, f),
            View::Enum(word) => f.write_str(word.as_str()),
            View::Model(inner) => model(inner, f),
            View::Union(inner) => model(inner.active(), f),
            View::List(list) => f
                .debug_list()
                .entries((0..list.count()).filter_map(|index| list.at(index)).map(Shown))
                .finish(),
            View::Map(map) => {
                f.debug_map().entries(map.entries().map(|(name, value)| (name, Shown(value)))).finish()
            }
        }
    }
}
