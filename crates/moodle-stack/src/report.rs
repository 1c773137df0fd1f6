//! What was found, by [`crate::preflight`] or [`crate::verify`]: a list, a table for people, a document for programs.

use std::fmt;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::codes::Code;

/// What a finding is about, in the order in which a report has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// Who calls, and whether the service believes it.
    Credentials,
    /// Whether this computer's clock agrees with the service's.
    Clock,
    /// Whether the region exists and is the tenancy's.
    Region,
    /// Whether the compartment is there.
    Compartment,
    /// Whether the availability domains are there that the file names.
    Domains,
    /// Whether the services let themselves be looked at.
    Permissions,
    /// What may still be made.
    Limits,
    /// Shapes of the servers.
    Shapes,
    /// The servers' image.
    Image,
    /// Hosts with room for the servers.
    Capacity,
    /// Keys that may log in to the servers.
    SshKeys,
    /// Shapes and versions of the database.
    Database,
    /// The network that exists already.
    Network,
    /// Names that others have.
    Names,
    /// The reserved public address that exists already.
    PublicAddress,
    /// The buckets' names.
    Bucket,
    /// Namespaces and keys of defined tags.
    Tags,
    /// The load balancer of the running site.
    Balancer,
    /// The servers of the running site.
    Servers,
    /// How the first boot of the servers went.
    Boot,
    /// What the load balancer thinks of the servers.
    Health,
    /// The read replicas of the running site.
    Replicas,
    /// File system and mount target of the running site.
    Storage,
    /// Backups and snapshots.
    Backups,
    /// What a visitor of the running site gets.
    Site,
    /// Security rules of the running site.
    Rules,
    /// The certificate of the running site.
    Certificate,
    /// What a plan would change.
    Changes,
}

impl Check {
    /// As it is shown: one or two words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Clock => "clock",
            Self::Region => "region",
            Self::Compartment => "compartment",
            Self::Domains => "domains",
            Self::Permissions => "permissions",
            Self::Limits => "limits",
            Self::Shapes => "shapes",
            Self::Image => "image",
            Self::Capacity => "capacity",
            Self::SshKeys => "ssh keys",
            Self::Database => "database",
            Self::Network => "network",
            Self::Names => "names",
            Self::PublicAddress => "public address",
            Self::Bucket => "bucket",
            Self::Tags => "tags",
            Self::Balancer => "load balancer",
            Self::Servers => "servers",
            Self::Boot => "first boot",
            Self::Health => "health",
            Self::Replicas => "replicas",
            Self::Storage => "storage",
            Self::Backups => "backups",
            Self::Site => "site",
            Self::Rules => "rules",
            Self::Certificate => "certificate",
            Self::Changes => "changes",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How good or bad it is; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It is as it must be.
    Ok,
    /// The service does not tell. Unknown is neither good nor bad.
    Unknown,
    /// It can work, and somebody should know.
    Warning,
    /// It cannot work.
    Fault,
}

impl Level {
    /// As it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// One thing that was looked at.
///
/// There is no secret in one: neither keys nor tokens, and of an answer of the service only its code and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub check: Check,
    /// How good or bad it is.
    pub level: Level,
    /// Its stable code; none for what is as it must be.
    pub code: Option<Code>,
    /// The one thing of its check that was looked at: the name of a limit, a shape, an OCID.
    pub subject: String,
    /// What is needed.
    pub needed: String,
    /// What is there.
    pub found: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// The key of `moodle.toml` that asks for it, with dots between.
    pub key: Option<&'static str>,
}

impl Finding {
    /// What is as it must be.
    pub(crate) fn ok(
        check: Check,
        subject: impl Into<String>,
        needed: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let (subject, needed, found) = (subject.into(), needed.into(), found.into());
        Self { check, level: Level::Ok, code: None, subject, needed, found, advice: None, key: None }
    }

    /// Turns it into one of `level`, with its code.
    pub(crate) fn but(self, level: Level, code: Code) -> Self {
        Self { level, code: Some(code), ..self }
    }

    /// It cannot work.
    pub(crate) fn fault(self, code: Code) -> Self {
        self.but(Level::Fault, code)
    }

    /// It can work, and somebody should know.
    pub(crate) fn warning(self, code: Code) -> Self {
        self.but(Level::Warning, code)
    }

    /// With what to do about it.
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// With the key of the file that asks for it.
    pub(crate) fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }
}

/// A check that could not be made, because another one failed that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The check.
    pub check: Check,
    /// The one that failed.
    pub because: Check,
}

/// How many findings there are of each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// As they must be.
    pub ok: usize,
    /// Not told.
    pub unknown: usize,
    /// To be known.
    pub warning: usize,
    /// In the way.
    pub fault: usize,
}

/// Everything that was found in one go, in the order of the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
    skipped: Vec<Skipped>,
}

impl Report {
    /// The format of [`Report::to_json`]; it grows when a program that reads it would have to change.
    pub const FORMAT: u32 = 1;

    pub(crate) fn add(&mut self, more: impl IntoIterator<Item = Finding>) {
        self.findings.extend(more);
        // Stable, so that what a check found stays in its own order.
        self.findings.sort_by_key(|finding| finding.check);
    }

    pub(crate) fn skip(&mut self, checks: &[Check], because: Check) {
        self.skipped.extend(checks.iter().map(|&check| Skipped { check, because }));
    }

    /// All findings.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The checks that could not be made.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The worst level of all; [`Level::Ok`] when nothing was looked at.
    #[must_use]
    pub fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }

    /// Whether something is in the way.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        self.worst() == Level::Fault
    }

    /// How many findings there are of each level.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for finding in &self.findings {
            match finding.level {
                Level::Ok => counts.ok += 1,
                Level::Unknown => counts.unknown += 1,
                Level::Warning => counts.warning += 1,
                Level::Fault => counts.fault += 1,
            }
        }
        counts
    }

    /// For programs: one document, whose format has the number [`Report::FORMAT`].
    #[must_use]
    pub fn to_json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            json!({
                "check": finding.check.as_str(), "level": finding.level.as_str(),
                "code": finding.code.map(Code::as_str), "subject": finding.subject, "key": finding.key,
                "needed": finding.needed, "found": finding.found, "advice": finding.advice,
            })
        });
        let skipped = self.skipped.iter();
        let skipped =
            skipped.map(|one| json!({"check": one.check.as_str(), "because": one.because.as_str()}));
        let Counts { ok, unknown, warning, fault } = self.counts();
        json!({
            "format": Self::FORMAT,
            "possible": !self.has_faults(),
            "counts": {"ok": ok, "unknown": unknown, "warning": warning, "fault": fault},
            "findings": findings.collect::<Vec<_>>(),
            "skipped": skipped.collect::<Vec<_>>(),
        })
    }

    /// For people: a line for each finding whose level is `from` or worse, the advice below it, and a line that counts all.
    #[must_use]
    pub fn to_table(&self, from: Level) -> String {
        let shown: Vec<&Finding> = self.findings.iter().filter(|finding| finding.level >= from).collect();
        let mut text = String::new();
        if !shown.is_empty() {
            let mut rows = vec![["level", "code", "check", "what", "needed", "there"].map(str::to_owned)];
            rows.extend(shown.iter().map(|finding| row(finding)));
            let widths = widths(&rows);
            let advice = shown.iter().map(|finding| finding.advice.as_deref());
            for (row, advice) in rows.iter().zip(std::iter::once(None).chain(advice)) {
                let _ = writeln!(text, "{}", line(row, &widths));
                if let Some(advice) = advice {
                    let _ = writeln!(text, "{:indent$}to do: {advice}", "", indent = widths[0] + 2);
                }
            }
            text.push('\n');
        }
        for one in &self.skipped {
            let _ = writeln!(text, "not looked at: {}, because of {}", one.check, one.because);
        }
        let Counts { ok, unknown, warning, fault } = self.counts();
        let _ = writeln!(
            text,
            "{}, {}, {ok} as needed, {unknown} not told",
            counted(fault, "fault"),
            counted(warning, "warning"),
        );
        text
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn row(finding: &Finding) -> [String; 6] {
    [
        finding.level.as_str().to_owned(),
        finding.code.map_or_else(String::new, |code| code.to_string()),
        finding.check.to_string(),
        finding.subject.clone(),
        finding.needed.clone(),
        finding.found.clone(),
    ]
}

/// The width of each column: of its longest text, in characters.
fn widths(rows: &[[String; 6]]) -> [usize; 6] {
    let mut widths = [0; 6];
    for row in rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = text.chars().count().max(*width);
        }
    }
    widths
}

fn line(row: &[String; 6], widths: &[usize; 6]) -> String {
    let padded = row.iter().zip(widths).map(|(text, &width)| format!("{text:width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        report.add([
            Finding::ok(Check::Names, "campus", "free", "nobody has it"),
            Finding::ok(Check::Limits, "vcn-count", "1", "0 left of 50")
                .fault(Code::LimitTooLow)
                .advice("ask for more"),
        ]);
        report.skip(&[Check::Tags], Check::Region);
        report
    }

    #[test]
    fn findings_come_in_the_order_of_the_checks_and_the_worst_counts() {
        let report = report();
        let checks: Vec<Check> = report.findings().iter().map(|finding| finding.check).collect();
        assert_eq!(checks, [Check::Limits, Check::Names]);
        assert!(report.has_faults());
        assert_eq!(report.counts(), Counts { ok: 1, fault: 1, ..Counts::default() });
    }

    #[test]
    fn the_table_has_what_is_needed_what_is_there_and_what_to_do() {
        let expected = "\
level  code   check   what       needed  there
fault  E0312  limits  vcn-count  1       0 left of 50
       to do: ask for more

not looked at: tags, because of region
1 fault, 0 warnings, 1 as needed, 0 not told
";
        assert_eq!(report().to_table(Level::Warning), expected);
        assert!(report().to_table(Level::Ok).contains("nobody has it"));
    }

    #[test]
    fn the_document_has_the_same() {
        let document = report().to_json();
        assert_eq!(document["format"], 1);
        assert_eq!(document["possible"], false);
        assert_eq!(document["findings"][0]["code"], "E0312");
        assert_eq!(document["findings"][1]["code"], Value::Null);
        assert_eq!(document["skipped"][0]["because"], "region");
    }
}
