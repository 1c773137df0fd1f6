//! What went wrong: what was tried, why it failed, where, whether anything changed, and what to do next.
//!
//! Errors of a file come with the line they are about ([`findings`]); everything else is a [`Report`].

mod known;
mod run;

use std::error::Error;
use std::fmt::Write as _;

use moodle_stack::codes::Code;
use moodle_stack::config::SourceFile;
use moodle_stack::diagnostic::{Diagnostics, Places, Severity};
use serde_json::{Value as Json, json};

use super::style::{Role, Style};
use super::text::clean;

pub(crate) use run::of_run;

/// Everything that is wrong with a file, each with its line. Ends with a line end, unless there is nothing.
pub(crate) fn findings(diagnostics: &Diagnostics, file: &SourceFile, style: Style) -> String {
    let text = clean(&diagnostics.render(file));
    text.lines().map(|line| finding_line(line, style) + "\n").collect()
}

/// A line of a finding, coloured by what it is. The shown line of the file stands behind a number and a bar, so that nothing in
/// it can be taken for one of the others.
fn finding_line(line: &str, style: Style) -> String {
    for (start, role) in [("error[", Role::Bad), ("warning[", Role::Care)] {
        if line.starts_with(start)
            && let Some((head, message)) = line.split_once(": ")
        {
            return format!("{}: {}", style.paint(role, head), style.paint(Role::Strong, message));
        }
    }
    let inner = line.trim_start();
    if let Some(hint) = line.strip_prefix("  hint: ") {
        return format!("  {} {hint}", style.paint(Role::Good, "hint:"));
    }
    if inner.starts_with("--> ") {
        return style.paint(Role::Faint, line);
    }
    if let Some((bar, marks)) = line.split_once("| ")
        && bar.trim().is_empty()
        && marks.trim_start().starts_with('^')
    {
        return format!("{}| {}", style.paint(Role::Faint, bar), style.paint(Role::Bad, marks));
    }
    line.to_owned()
}

/// The same for programs: a list of objects.
pub(crate) fn findings_json(diagnostics: &Diagnostics, file: &SourceFile) -> Json {
    let one = |finding: &moodle_stack::diagnostic::Diagnostic| {
        let position = finding.span.as_ref().map(|span| file.position(span.start));
        json!({
            "severity": severity(finding.severity),
            "code": finding.code.as_str(),
            "message": finding.message,
            "hint": finding.hint,
            "file": file.path(),
            "key": finding.key,
            "line": position.map(|(line, _)| line),
            "column": position.map(|(_, column)| column),
        })
    };
    diagnostics.as_slice().iter().map(one).collect()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Something that could not be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    code: Option<Code>,
    attempted: String,
    causes: Vec<String>,
    place: Option<String>,
    effect: Option<String>,
    request: Option<String>,
    hints: Vec<String>,
}

impl Report {
    /// `attempted` could not be done: "could not read the state".
    pub(crate) fn new(attempted: impl Into<String>) -> Self {
        Self { attempted: attempted.into(), ..Self::default() }
    }

    /// The same because of `error` and what lies beneath it. What is known about errors of that kind is added: a code, what
    /// may have changed, the id of the request, advice.
    pub(crate) fn of(attempted: impl Into<String>, error: &(dyn Error + 'static)) -> Self {
        let mut report = Self { causes: causes(error), ..Self::new(attempted) };
        chain(error).for_each(|error| known::add(&mut report, error));
        report
    }

    /// With a code, unless the error has one of its own.
    pub(crate) fn or_code(mut self, code: Code) -> Self {
        self.code = self.code.or(Some(code));
        self
    }

    /// With one more cause.
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// With the place in the file where it comes from.
    pub(crate) fn at(mut self, file: &SourceFile, places: &Places, key: &str) -> Self {
        self.place = Some(match places.value(key) {
            Some(span) => format!("{}:{}, `{key}`", file.path(), file.position(span.start).0),
            None => format!("{}, `{key}`", file.path()),
        });
        self
    }

    /// With what has changed, or may have.
    pub(crate) fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = Some(effect.into());
        self
    }

    /// With advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// As people read it. Ends with a line end.
    pub(crate) fn render(&self, style: Style) -> String {
        let code = self.code.map_or_else(String::new, |code| format!("[{code}]"));
        let head = style.paint(Role::Bad, &format!("error{code}"));
        let mut text = format!("{head}: {}\n", style.paint(Role::Strong, &indented(&self.attempted, "  ")));
        for cause in &self.causes {
            let label = style.paint(Role::Faint, "caused by:");
            let _ = writeln!(text, "  {label} {}", indented(cause, "    "));
        }
        let request = self.request.as_ref().map(|id| format!("{id} (Oracle support will ask for this)"));
        let facts = [("where:", &self.place), ("effect:", &self.effect), ("request:", &request)];
        let facts: Vec<_> =
            facts.into_iter().filter_map(|(label, fact)| Some((label, fact.as_ref()?))).collect();
        if !facts.is_empty() {
            text.push('\n');
        }
        for (label, fact) in facts {
            let label = style.paint(Role::Faint, &format!("{label:8}"));
            let _ = writeln!(text, "  {label} {}", indented(fact, "           "));
        }
        if !self.hints.is_empty() {
            text.push('\n');
        }
        for hint in &self.hints {
            let _ = writeln!(text, "  {} {}", style.paint(Role::Good, "hint:"), indented(hint, "        "));
        }
        text
    }

    /// For programs.
    pub(crate) fn json(&self) -> Json {
        json!({
            "severity": "error",
            "code": self.code.map(Code::as_str),
            "message": self.attempted,
            "causes": self.causes,
            "where": self.place,
            "effect": self.effect,
            "request_id": self.request,
            "hints": self.hints,
        })
    }
}

/// An error and what lies beneath it, near to far.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The words of an error and of what lies beneath it, near to far.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = chain(error).map(ToString::to_string).collect();
    // A transparent layer repeats what the one below says.
    causes.dedup();
    causes
}

/// Words that may be a service's, further lines indented.
fn indented(words: &str, by: &str) -> String {
    clean(words).trim_end().replace('\n', &format!("\n{by}"))
}

#[cfg(test)]
mod tests;
