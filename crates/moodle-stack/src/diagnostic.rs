//! What is wrong, where, and what to do about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use crate::codes::Code;
use crate::config::SourceFile;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing goes on before it is mended.
    Error,
    /// It works, and is probably not what is meant.
    Warning,
}

/// One thing that is wrong.
///
/// No secret is ever in one: neither in its message nor, by [`SourceFile::shown_line`], in the line that is shown with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The key that it is about, with dots between: `database.shape`. Empty for the whole file.
    pub key: String,
    /// The other keys that take part in it.
    pub related: Vec<&'static str>,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where that is in the file: a range of bytes. `None` where the file does not say it, but a default does.
    pub span: Option<Range<usize>>,
}

impl Diagnostic {
    /// An error about `key`.
    #[must_use]
    pub fn error(code: Code, key: impl Into<String>, message: impl Into<String>) -> Self {
        let (key, message) = (key.into(), message.into());
        Self { code, severity: Severity::Error, key, related: Vec::new(), message, hint: None, span: None }
    }

    /// A warning about `key`.
    #[must_use]
    pub fn warning(code: Code, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, key, message) }
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the other keys that take part in it: while one of those cannot be read, nothing can be said about this one.
    #[must_use]
    pub fn with(mut self, related: &[&'static str]) -> Self {
        self.related = related.to_vec();
        self
    }

    /// With its place, a range of bytes of the file.
    #[must_use]
    pub fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }
}

/// Where the keys of a file stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// By key with dots between: where the key is, and where its value.
    known: BTreeMap<String, (Range<usize>, Range<usize>)>,
    /// Keys whose values cannot be read, so that a default stands in for them.
    broken: BTreeSet<String>,
}

impl Places {
    /// Notes where `key` and its value stand.
    pub(crate) fn note(&mut self, key: String, key_span: Range<usize>, value_span: Range<usize>) {
        self.known.insert(key, (key_span, value_span));
    }

    /// Notes that the value of `key` cannot be read.
    pub(crate) fn note_broken(&mut self, key: String) {
        self.broken.insert(key);
    }

    /// Whether the file says anything about `key`.
    #[must_use]
    pub fn is_given(&self, key: &str) -> bool {
        self.known.contains_key(key)
    }

    /// Where the value of `key` stands; of the nearest table around it, where the file does not mention it.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<Range<usize>> {
        let around = std::iter::successors(Some(key), |key| key.rsplit_once('.').map(|(table, _)| table));
        around.filter_map(|key| self.known.get(key)).map(|(key, value)| near(key, value)).next()
    }

    /// Whether the value of `key` itself cannot be read.
    pub(crate) fn is_broken_itself(&self, key: &str) -> bool {
        self.broken.contains(key)
    }

    /// Whether `key`, a table around it or something inside it cannot be read.
    fn is_broken(&self, key: &str) -> bool {
        let inside = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.broken.iter().any(|broken| inside(broken, key) || inside(key, broken))
    }
}

/// The value's place; the key's, where the value is a whole table.
fn near(key: &Range<usize>, value: &Range<usize>) -> Range<usize> {
    if value.is_empty() { key.clone() } else { value.clone() }
}

/// Everything that is wrong, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    places: Places,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None yet, about a file whose keys stand at `places`.
    #[must_use]
    pub fn new(places: Places) -> Self {
        Self { places, list: Vec::new() }
    }

    /// Where the keys of the file stand.
    #[must_use]
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Adds one, at the place of its key if it has none, unless something that it is about cannot be read: that has been
    /// said already.
    pub fn add(&mut self, mut diagnostic: Diagnostic) {
        let is_unclear = diagnostic.span.is_none()
            && std::iter::once(diagnostic.key.as_str())
                .chain(diagnostic.related.iter().copied())
                .any(|key| self.places.is_broken(key));
        if is_unclear {
            return;
        }
        let (places, related) = (&self.places, &diagnostic.related);
        let given = || related.iter().find(|key| places.is_given(key)).and_then(|key| places.value(key));
        let own = || places.value(&diagnostic.key);
        let found = if places.is_given(&diagnostic.key) { own() } else { given().or_else(own) };
        diagnostic.span = diagnostic.span.or(found);
        let at = self.list.partition_point(|other| order(other) <= order(&diagnostic));
        self.list.insert(at, diagnostic);
    }

    /// All of them, in the order of the file.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Whether there is an error among them.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All of them as plain text, with the lines of `file` that they are about.
    #[must_use]
    pub fn render(&self, file: &SourceFile) -> String {
        self.list.iter().map(|diagnostic| render(diagnostic, file)).collect::<Vec<_>>().join("\n")
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        more.into_iter().for_each(|diagnostic| self.add(diagnostic));
    }
}

fn order(diagnostic: &Diagnostic) -> usize {
    diagnostic.span.as_ref().map_or(0, |span| span.start)
}

fn render(diagnostic: &Diagnostic, file: &SourceFile) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("{severity}[{}]: {}\n", diagnostic.code, diagnostic.message);
    let key = if diagnostic.key.is_empty() { String::new() } else { format!(", `{}`", diagnostic.key) };
    if let Some(span) = &diagnostic.span {
        let (line, column) = file.position(span.start);
        let shown = file.shown_line(line);
        let margin = " ".repeat(line.to_string().len());
        let _ = writeln!(text, " {margin}--> {}:{line}:{column}{key}", file.path());
        let _ = writeln!(text, " {margin} |\n {line} | {shown}");
        let width = file.text()[span.clone()].lines().next().map_or(1, |first| first.chars().count());
        let room = shown.chars().count().saturating_sub(column - 1);
        let marks = "^".repeat(width.min(room).max(1));
        let _ = writeln!(text, " {margin} | {}{marks}", " ".repeat(column - 1));
    } else {
        let _ = writeln!(text, "  --> {}{key}", file.path());
    }
    if let Some(hint) = &diagnostic.hint {
        let _ = writeln!(text, "  hint: {hint}");
    }
    text
}
