//! Looking through inputs for what is wrong, with the place of each problem.

use reconcile::provider::Invalid;
use reconcile::value::{AttributePath, Value, ValueMap};

/// One object of the inputs, or all of them, and the list that its problems go to. What is not known yet is taken for right.
pub(crate) struct Check<'a> {
    values: &'a ValueMap,
    path: AttributePath,
    problems: &'a mut Vec<Invalid>,
}

impl<'a> Check<'a> {
    /// All inputs of a resource.
    pub(crate) fn of(inputs: &'a ValueMap, problems: &'a mut Vec<Invalid>) -> Self {
        Self { values: inputs, path: AttributePath::default(), problems }
    }

    /// Whether `name` is set, or will be.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text, where it is known.
    pub(crate) fn word(&self, name: &str) -> Option<&'a str> {
        self.values.get(name)?.as_str()
    }

    /// A whole number, where it is known.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.values.get(name)?.as_i64()
    }

    /// True or false, where it is known.
    pub(crate) fn truth(&self, name: &str) -> Option<bool> {
        self.values.get(name)?.as_bool()
    }

    /// The items of a list, where it is known.
    pub(crate) fn items(&self, name: &str) -> &'a [Value] {
        self.values.get(name).and_then(Value::as_list).unwrap_or_default()
    }

    /// The entries of a map, where it is known.
    pub(crate) fn entries(&self, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let map = self.values.get(name).and_then(Value::as_map);
        map.into_iter().flat_map(ValueMap::iter).map(|(name, value)| (&**name, value))
    }

    /// Says what is wrong with `name`.
    pub(crate) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Invalid { path: self.path.name(name), message: message.into() });
    }

    /// A text follows a rule.
    pub(crate) fn text(&mut self, name: &str, rule: impl Fn(&str) -> Result<(), String>) {
        if let Some(Err(message)) = self.word(name).map(rule) {
            self.refuse(name, message);
        }
    }

    /// Each text of a list follows a rule.
    pub(crate) fn texts(&mut self, name: &str, rule: impl Fn(&str) -> Result<(), String>) {
        for (index, item) in self.items(name).iter().enumerate() {
            if let Some(Err(message)) = item.as_str().map(&rule) {
                self.problems.push(Invalid { path: self.path.name(name).index(index), message });
            }
        }
    }

    /// Each entry of a map follows a rule, which is given key and value.
    pub(crate) fn each_entry(&mut self, name: &str, rule: impl Fn(&str, &Value) -> Result<(), String>) {
        for (key, value) in self.entries(name) {
            if let Err(message) = rule(key, value) {
                self.problems.push(Invalid { path: self.path.name(name).name(key), message });
            }
        }
    }

    /// Looks into an object.
    pub(crate) fn inside(&mut self, name: &str, look: impl FnOnce(&mut Check<'_>)) {
        if let Some(values) = self.values.get(name).and_then(Value::as_map) {
            look(&mut Check { values, path: self.path.name(name), problems: self.problems });
        }
    }

    /// Looks into each object of a list.
    pub(crate) fn each(&mut self, name: &str, mut look: impl FnMut(&mut Check<'_>)) {
        for (index, item) in self.items(name).iter().enumerate() {
            if let Some(values) = item.as_map() {
                let path = self.path.name(name).index(index);
                look(&mut Check { values, path, problems: self.problems });
            }
        }
    }

    /// `name` must be set, because of something else.
    pub(crate) fn needs(&mut self, name: &str, why: &str) {
        if !self.is_set(name) {
            self.refuse(name, format!("must be set {why}"));
        }
    }

    /// `name` must be left out, because of something else.
    pub(crate) fn excludes(&mut self, name: &str, why: &str) {
        if self.is_set(name) {
            self.refuse(name, why);
        }
    }

    /// One of these is set.
    pub(crate) fn one_of(&mut self, names: &[&str]) {
        if let (Some(first), true) = (names.first(), names.iter().all(|name| !self.is_set(name))) {
            self.refuse(first, format!("one of `{}` must be set", names.join("`, `")));
        }
    }

    /// At most one of the two is set.
    pub(crate) fn not_both(&mut self, one: &str, other: &str) {
        if self.is_set(one) {
            self.excludes(other, &format!("cannot be set together with `{one}`"));
        }
    }
}
