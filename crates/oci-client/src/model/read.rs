//! Reads models from JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::Value as Json;

use super::table::{FieldFacts, Model, Slot, Union};
use super::timestamp::Timestamp;
use super::value::{List, Map, Value, ViewMut};
use crate::operation::DecodeError;
use crate::secret::Secret;

/// Reads a value from the bytes of an answer.
///
/// # Errors
/// [`DecodeError::Empty`] when there is nothing; [`DecodeError::Json`] when the bytes are not JSON, or a field
/// holds another type than the tables say, with the path to it.
pub fn decode<T: Value>(json: &[u8], expected: &'static str) -> Result<T, DecodeError> {
    let mut value = T::blank();
    decode_into(&mut value, json, expected)?;
    Ok(value)
}

/// As [`decode`], for a list. No body and `null` are an empty list: services answer both.
///
/// # Errors
/// As [`decode`].
pub fn decode_list<T: Value>(json: &[u8], expected: &'static str) -> Result<Vec<T>, DecodeError> {
    if matches!(json.trim_ascii(), b"" | b"null") {
        return Ok(Vec::new());
    }
    decode(json, expected)
}

/// As [`decode`], into a value that is there and whose type need not be known; what a model held before stays
/// where the JSON says nothing about it.
///
/// # Errors
/// As [`decode`].
pub fn decode_into(value: &mut dyn Value, json: &[u8], expected: &'static str) -> Result<(), DecodeError> {
    if json.trim_ascii().is_empty() {
        return Err(DecodeError::Empty { expected });
    }
    let mut trail = Trail::default();
    let mut reader = serde_json::Deserializer::from_slice(json);
    ValueSeed { value, trail: &mut trail }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|source| DecodeError::Json { expected, at: trail.to_string(), source })
}

/// The way to where reading failed. It is written on the way back out, so that it costs nothing when all is well.
#[derive(Default)]
struct Trail {
    /// Innermost first.
    steps: Vec<Step>,
}

enum Step {
    Field(&'static str),
    Key(String),
    Index(usize),
}

impl Trail {
    fn add(&mut self, step: Step) {
        self.steps.push(step);
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in self.steps.iter().rev() {
            match step {
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Key(name) => write!(f, "[{name:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Fills a value.
struct ValueSeed<'a> {
    value: &'a mut dyn Value,
    trail: &'a mut Trail,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        let trail = self.trail;
        match self.value.view_mut() {
            ViewMut::Text(text) => reader.deserialize_any(TextVisitor(text)),
            ViewMut::Secret(secret) => {
                let mut text = String::new();
                reader.deserialize_any(TextVisitor(&mut text))?;
                *secret = Secret::new(text);
                Ok(())
            }
            ViewMut::Flag(flag) => reader.deserialize_any(FlagVisitor(flag)),
            ViewMut::Int(number) => reader.deserialize_any(IntVisitor(number)),
            ViewMut::Float(number) => reader.deserialize_any(FloatVisitor(number)),
            ViewMut::Time(time) => reader.deserialize_any(WordVisitor {
                expecting: "a time as in RFC 3339",
                take: |word: &str| word.parse::<Timestamp>().map(|parsed| *time = parsed).is_ok(),
            }),
            ViewMut::Json(json) => {
                *json = serde::Deserialize::deserialize(reader)?;
                Ok(())
            }
            ViewMut::Enum(word) => reader.deserialize_any(WordVisitor {
                expecting: "a string",
                take: |text: &str| {
                    word.set(text);
                    true
                },
            }),
            ViewMut::Model(model) => reader.deserialize_any(ModelVisitor { model, trail }),
            ViewMut::Union(union) => reader.deserialize_any(UnionVisitor { union, trail }),
            ViewMut::List(list) => reader.deserialize_any(ListVisitor { list, trail }),
            ViewMut::Map(map) => reader.deserialize_any(MapVisitor { map, trail }),
        }
    }
}

/// Fills a field, or empties it at `null`.
struct SlotSeed<'a> {
    slot: &'a mut dyn Slot,
    trail: &'a mut Trail,
}

impl<'de> DeserializeSeed<'de> for SlotSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for SlotSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.slot.clear();
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        ValueSeed { value: self.slot.fill(), trail: self.trail }.deserialize(reader)
    }
}

/// Refuses a string without quoting it, as serde's own messages would: it may be a secret in a wrong place.
macro_rules! no_text {
    () => {
        fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
            Err(E::invalid_type(Unexpected::Other("a string"), &self))
        }
    };
}

struct TextVisitor<'a>(&'a mut String);

impl Visitor<'_> for TextVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        text.clone_into(self.0);
        Ok(())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<(), E> {
        *self.0 = text;
        Ok(())
    }
}

/// A string that is understood at once.
struct WordVisitor<F> {
    expecting: &'static str,
    take: F,
}

impl<F: FnMut(&str) -> bool> Visitor<'_> for WordVisitor<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(mut self, word: &str) -> Result<(), E> {
        if (self.take)(word) {
            Ok(())
        } else {
            Err(E::invalid_value(Unexpected::Other("another string"), &self))
        }
    }
}

struct FlagVisitor<'a>(&'a mut bool);

impl Visitor<'_> for FlagVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    no_text!();

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        *self.0 = flag;
        Ok(())
    }
}

/// A whole number; also as a string, and with a fraction of zero, since Oracle's own SDK reads both.
struct IntVisitor<'a>(&'a mut i64);

impl Visitor<'_> for IntVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of at most 64 bits")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        *self.0 = number;
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        *self.0 = i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))?;
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        // Whole numbers beyond 2^53 are not exact in a float, so that they would not be what was meant.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() != 0.0 || number.abs() > EXACT {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        *self.0 = number as i64;
        Ok(())
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<(), E> {
        *self.0 = digits.parse().map_err(|_| E::invalid_value(Unexpected::Other("a string"), &self))?;
        Ok(())
    }
}

/// Any number; also as a string, since Oracle's own SDK reads that.
struct FloatVisitor<'a>(&'a mut f64);

impl Visitor<'_> for FloatVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        *self.0 = number as f64;
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        *self.0 = number as f64;
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        *self.0 = number;
        Ok(())
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<(), E> {
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => *self.0 = number,
            _ => return Err(E::invalid_value(Unexpected::Other("a string"), &self)),
        }
        Ok(())
    }
}

struct ListVisitor<'a> {
    list: &'a mut dyn List,
    trail: &'a mut Trail,
}

impl<'de> Visitor<'de> for ListVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    no_text!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { list, trail } = self;
        loop {
            match seq.next_element_seed(ElementSeed { list: &mut *list, trail: &mut *trail }) {
                Ok(Some(())) => {}
                Ok(None) => return Ok(()),
                Err(error) => {
                    trail.add(Step::Index(list.count().saturating_sub(1)));
                    return Err(error);
                }
            }
        }
    }
}

/// Adds one element to a list, when there is one to read.
struct ElementSeed<'a> {
    list: &'a mut dyn List,
    trail: &'a mut Trail,
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        ValueSeed { value: self.list.push_blank(), trail: self.trail }.deserialize(reader)
    }
}

struct MapVisitor<'a> {
    map: &'a mut dyn Map,
    trail: &'a mut Trail,
}

impl<'de> Visitor<'de> for MapVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    no_text!();

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(name) = entries.next_key::<String>()? {
            let value = self.map.insert_blank(name.clone());
            if let Err(error) = entries.next_value_seed(ValueSeed { value, trail: self.trail }) {
                self.trail.add(Step::Key(name));
                return Err(error);
            }
        }
        Ok(())
    }
}

struct ModelVisitor<'a> {
    model: &'a mut dyn Model,
    trail: &'a mut Trail,
}

impl<'de> Visitor<'de> for ModelVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object, `{}`", self.model.facts().name)
    }

    no_text!();

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        read_fields(self.model, None, &mut entries, self.trail)
    }
}

/// Reads what is left of `entries` into the fields of `model`, all but the one called `skip`.
fn read_fields<'de, A: MapAccess<'de>>(
    model: &mut dyn Model,
    skip: Option<&'static str>,
    entries: &mut A,
    trail: &mut Trail,
) -> Result<(), A::Error> {
    let fields = model.facts().fields;
    let keep = model.rest().is_some();
    let mut next = 0;
    while let Some(name) = entries.next_key_seed(NameSeed { fields, next, skip, keep })? {
        match name {
            Name::Field(index) => {
                next = index + 1;
                let slot = model.field_mut(index);
                if let Err(error) = entries.next_value_seed(SlotSeed { slot, trail: &mut *trail }) {
                    trail.add(Step::Field(fields[index].name));
                    return Err(error);
                }
            }
            Name::Skipped => {
                entries.next_value::<IgnoredAny>()?;
            }
            Name::Kept(name) => {
                let value = entries.next_value::<Json>()?;
                if let Some(rest) = model.rest_mut() {
                    rest.insert(name, value);
                }
            }
        }
    }
    Ok(())
}

/// A name in an object, looked up in the table.
enum Name {
    Field(usize),
    Skipped,
    Kept(String),
}

struct NameSeed {
    fields: &'static [FieldFacts],
    /// Where the name is likely to be: most services write fields in the order of their names.
    next: usize,
    skip: Option<&'static str>,
    keep: bool,
}

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Name, D::Error> {
        reader.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
        if self.skip == Some(name) {
            return Ok(Name::Skipped);
        }
        if self.fields.get(self.next).is_some_and(|field| field.name == name) {
            return Ok(Name::Field(self.next));
        }
        Ok(match find(self.fields, name) {
            Some(index) => Name::Field(index),
            None if self.keep => Name::Kept(name.to_owned()),
            None => Name::Skipped,
        })
    }
}

fn find(fields: &[FieldFacts], name: &str) -> Option<usize> {
    fields.binary_search_by(|field| field.name.cmp(name)).ok()
}

struct UnionVisitor<'a> {
    union: &'a mut dyn Union,
    trail: &'a mut Trail,
}

impl<'de> Visitor<'de> for UnionVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object, a kind of `{}`", self.union.facts().name)
    }

    no_text!();

    /// Reads straight into the right kind as soon as the tag has been seen. What stands before the tag is kept
    /// aside until then: nothing, where a service writes the tag first.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { union, trail } = self;
        let tag = union.facts().tag;
        let mut before: Vec<(String, Json)> = Vec::new();
        while let Some(name) = entries.next_key::<Word<'de>>()? {
            if name.0 != tag {
                let name = name.0.into_owned();
                before.push((name, entries.next_value()?));
                continue;
            }
            let kind = match entries.next_value::<Option<Word<'de>>>() {
                Ok(kind) => kind,
                Err(error) => {
                    trail.add(Step::Field(tag));
                    return Err(error);
                }
            };
            if let Some(kind) = kind {
                select(union, &kind.0);
                read_fields(union.active_mut(), Some(tag), &mut entries, trail)?;
                break;
            }
        }
        let model = union.active_mut();
        for (name, value) in before {
            read_entry(model, name, value, trail).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Makes `union` the kind that `kind` names. One of no known kind remembers the name itself.
fn select(union: &mut dyn Union, kind: &str) {
    union.select(kind);
    let tag = union.facts().tag;
    let model = union.active_mut();
    if let Some(index) = find(model.facts().fields, tag)
        && let ViewMut::Text(text) = model.field_mut(index).fill().view_mut()
    {
        kind.clone_into(text);
    }
}

/// Reads a field that was kept aside.
fn read_entry(
    model: &mut dyn Model,
    name: String,
    value: Json,
    trail: &mut Trail,
) -> Result<(), serde_json::Error> {
    let fields = model.facts().fields;
    if let Some(index) = find(fields, &name) {
        let read = SlotSeed { slot: model.field_mut(index), trail: &mut *trail }.deserialize(value);
        return read.inspect_err(|_| trail.add(Step::Field(fields[index].name)));
    }
    if let Some(rest) = model.rest_mut() {
        rest.insert(name, value);
    }
    Ok(())
}

/// A string, borrowed where it can be.
struct Word<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Word<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct WordVisitor;
        impl<'de> Visitor<'de> for WordVisitor {
            type Value = Word<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, word: &'de str) -> Result<Word<'de>, E> {
                Ok(Word(Cow::Borrowed(word)))
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Word<'de>, E> {
                Ok(Word(Cow::Owned(word.to_owned())))
            }
        }
        reader.deserialize_any(WordVisitor)
    }
}
