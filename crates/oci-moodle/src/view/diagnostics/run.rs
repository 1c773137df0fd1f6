//! The failures of a run, each as a report.

use moodle_stack::codes::Code;
use moodle_stack::config::SourceFile;
use moodle_stack::diagnostic::Places;
use reconcile::plan::Action;
use reconcile::run::{StepEnd, Summary};

use super::Report;
use crate::view::text::counted;

/// A report for each step that failed or is not over. What was skipped because of them is counted, not listed.
pub(crate) fn of_run(summary: &Summary, file: Option<(&SourceFile, &Places)>) -> Vec<Report> {
    let skipped = match summary.skipped.len() {
        0 => String::new(),
        count => format!(
            "; {} skipped",
            counted(count, "step that needs what failed was", "steps that need what failed were")
        ),
    };
    let failed = summary.failed.iter().map(|end| {
        let effect = format!("what was done before is recorded{skipped}");
        step(end, "could not", file).or_code(Code::StepFailed).effect(effect)
    });
    let open = summary.open.iter().map(|end| {
        let effect = format!("it may go on without us; the next run finds out and goes on with it{skipped}");
        step(end, "did not see the end of an attempt to", file).or_code(Code::StepOpen).effect(effect)
    });
    failed.chain(open).collect()
}

fn step(end: &StepEnd, how: &str, file: Option<(&SourceFile, &Places)>) -> Report {
    let verb = match end.action {
        Action::Create => "create",
        Action::Update => "change",
        Action::Delete => "delete",
        Action::Read => "read",
        Action::Check => "get a healthy",
    };
    let mut report = Report::new(format!("{how} {verb} `{}`", end.address)).cause(end.message.clone());
    report.hints.extend(end.hint.clone());
    match (file, table_of(end.address.resource_type())) {
        (Some((file, places)), Some(table)) => report.at(file, places, table),
        (Some(_) | None, _) => report,
    }
}

/// The table of the stack file that a resource follows from, if it is one.
fn table_of(resource_type: &str) -> Option<&'static str> {
    let tables = [
        ("oci_mysql_", "database"),
        ("oci_file_storage_", "storage"),
        ("oci_network_load_balancer_", "load_balancer"),
        ("oci_core_instance", "servers"),
        ("oci_core_public_ip", "load_balancer"),
        ("oci_core_", "network"),
    ];
    tables.into_iter().find(|(start, _)| resource_type.starts_with(start)).map(|(_, table)| table)
}
