//! Fills any model with random values, by its table.

use rand::seq::IndexedRandom as _;
use rand::{Rng, RngExt as _};
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::model::{Model, Timestamp, Union, Value, ViewMut};
use crate::secret::Secret;

/// A word that no table knows.
pub(super) const STRANGE_WORD: &str = "A_WORD_FROM_THE_FUTURE";
/// What stands in every sensitive field.
pub(super) const CANARY: &str = "canary-5bd1e995";

/// What values are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Every field is set, with what the tables know.
    Full,
    /// Some fields are set, with what the tables know.
    Known,
    /// Some fields are set; unknown words, unknown kinds and times finer than a microsecond among them.
    Wild,
}

pub(super) struct Filler<'a, R> {
    pub(super) rng: &'a mut R,
    pub(super) style: Style,
}

/// How deep models lie inside each other before their fields are left empty.
const DEPTH_MAX: usize = 6;

impl<R: Rng> Filler<'_, R> {
    pub(super) fn value(&mut self, value: &mut dyn Value, depth: usize, sensitive: bool) {
        match value.view_mut() {
            ViewMut::Text(text) => *text = self.text(sensitive),
            ViewMut::Secret(secret) => *secret = Secret::new(CANARY.to_owned()),
            ViewMut::Flag(flag) => *flag = self.rng.random(),
            ViewMut::Int(number) => *number = self.int(),
            ViewMut::Float(number) => *number = self.float(),
            ViewMut::Time(time) => *time = self.time(),
            ViewMut::Json(json) => *json = if sensitive { json!(CANARY) } else { self.json(2) },
            ViewMut::Enum(word) => {
                let known = word.known().choose(self.rng).copied().unwrap_or(STRANGE_WORD);
                word.set(if self.wild(0.3) { STRANGE_WORD } else { known });
            }
            ViewMut::Model(model) => self.model(model, depth),
            ViewMut::Union(union) => self.union(union, depth),
            ViewMut::List(list) => {
                for _ in 0..self.count() {
                    self.value(list.push_blank(), depth + 1, sensitive);
                }
            }
            ViewMut::Map(map) => {
                for _ in 0..self.count() {
                    let name = self.text(false);
                    self.value(map.insert_blank(name), depth + 1, sensitive);
                }
            }
        }
    }

    pub(super) fn model(&mut self, model: &mut dyn Model, depth: usize) {
        let fields = model.facts().fields;
        let chance = if depth > DEPTH_MAX { 0.0 } else { 0.6 };
        for (index, field) in fields.iter().enumerate() {
            if (self.style == Style::Full && depth <= DEPTH_MAX) || self.rng.random_bool(chance) {
                self.value(model.field_mut(index).fill(), depth + 1, field.sensitive);
            }
        }
    }

    fn union(&mut self, union: &mut dyn Union, depth: usize) {
        let facts = union.facts();
        if !self.wild(0.4) {
            union.select(facts.kinds.choose(self.rng).expect("every union has a kind"));
            self.model(union.active_mut(), depth);
            return;
        }
        union.select(STRANGE_WORD);
        let active = union.active_mut();
        self.model(active, depth);
        let tag = active.facts().fields.iter().position(|field| field.name == facts.tag);
        let tag = active.field_mut(tag.expect("an unknown kind has its tag as a field")).fill();
        if let ViewMut::Text(text) = tag.view_mut() {
            STRANGE_WORD.clone_into(text);
        }
        let rest = active.rest_mut().expect("an unknown kind keeps the rest");
        rest.insert("aFieldFromTheFuture".to_owned(), self.json(2));
    }

    fn wild(&mut self, chance: f64) -> bool {
        self.style == Style::Wild && self.rng.random_bool(chance)
    }

    fn count(&mut self) -> usize {
        if self.style == Style::Full { 1 } else { self.rng.random_range(0..4) }
    }

    fn text(&mut self, sensitive: bool) -> String {
        const LETTERS: &[&str] = &[
            "a",
            "Z",
            "0",
            " ",
            "-",
            "_",
            "/",
            "\\",
            "\"",
            "'",
            "\n",
            "\t",
            "\u{0}",
            "\u{1f}",
            "\u{7f}",
            "ß",
            "é",
            "漢",
            "\u{2028}",
            "\u{feff}",
            "🦀",
            "\u{10ffff}",
            "<",
            "&",
            "%",
            "{",
            "}",
        ];
        if sensitive {
            return CANARY.to_owned();
        }
        let length = self.rng.random_range(0..9);
        (0..length).map(|_| *LETTERS.choose(self.rng).expect("there are letters")).collect()
    }

    fn int(&mut self) -> i64 {
        let edges = [0, 1, -1, i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1];
        if self.rng.random_bool(0.3) {
            *edges.choose(self.rng).expect("there are edges")
        } else {
            self.rng.random()
        }
    }

    fn float(&mut self) -> f64 {
        let edges =
            [0.0, -0.0, 0.1, 1.0, 1e300, -1e-300, f64::MAX, f64::MIN_POSITIVE, 2.0_f64.powi(53) + 2.0];
        if self.rng.random_bool(0.3) {
            return *edges.choose(self.rng).expect("there are edges");
        }
        // Any bits at all, so that every digit matters on the way.
        let number = f64::from_bits(self.rng.random());
        if number.is_finite() { number } else { 0.5 }
    }

    /// Leap seconds are left out: Python's times have none.
    fn time(&mut self) -> Timestamp {
        let rng = &mut *self.rng;
        let mut text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            rng.random_range(1970..2100),
            rng.random_range(1..13),
            rng.random_range(1..29),
            rng.random_range(0..24),
            rng.random_range(0..60),
            rng.random_range(0..60)
        );
        let digits = if self.style == Style::Wild { 9 } else { 6 };
        let digits = rng.random_range(0..=digits);
        if digits > 0 {
            text.push('.');
            text.extend((0..digits).map(|_| char::from(rng.random_range(b'0'..=b'9'))));
        }
        if rng.random() {
            text.push('Z');
        } else {
            let sign = if rng.random() { '+' } else { '-' };
            text.push_str(&format!("{sign}{:02}:{:02}", rng.random_range(0..14), rng.random_range(0..60)));
        }
        text.parse().expect("a time was put together")
    }

    fn json(&mut self, depth: usize) -> Json {
        match self.rng.random_range(0..if depth == 0 { 5 } else { 7 }) {
            0 => Json::Null,
            1 => json!(self.rng.random::<bool>()),
            2 => json!(self.int()),
            3 => json!(self.float()),
            4 => json!(self.text(false)),
            5 => (0..self.count()).map(|_| self.json(depth - 1)).collect(),
            _ => {
                let mut object = JsonMap::new();
                for _ in 0..self.count() {
                    object.insert(self.text(false), self.json(depth - 1));
                }
                Json::Object(object)
            }
        }
    }
}
