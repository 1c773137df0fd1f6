use std::sync::Arc;

use chrono::DateTime;
use moodle_stack::config::load;
use oci_client::services::core::operations::GetVcn;
use reconcile::journal::{LedgerError, OpenError};
use reconcile::plan::Action;
use reconcile::run::{ApplyError, StepEnd, Summary};
use reconcile::store::StoreError;

use super::*;
use crate::view::fixture::address;
use world::{TestWorld, World};

const FILE: &str = "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n\n[servers]\ncuont = 3\n\n[database]\nreplicas = 1\n";

fn source() -> SourceFile {
    SourceFile::new("moodle.toml", FILE)
}

#[test]
fn what_is_wrong_with_a_file_is_shown_in_its_line() {
    let file = source();
    let (_, diagnostics) = load(&file);
    let text = findings(&diagnostics, &file, Style::PLAIN);
    let expected = "error[E0103]: `servers.cuont` is not a key of the file
  --> moodle.toml:6:1, `servers.cuont`
   |
 6 | cuont = 3
   | ^^^^^
  hint: did you mean `count`?
";
    assert!(text.starts_with(expected), "{text}");
    let colored = findings(&diagnostics, &file, Style::COLORED);
    assert!(colored.contains("\x1b[31merror[E0103]\x1b[0m: "), "{colored:?}");
    assert!(colored.contains("\x1b[31m^^^^^\x1b[0m"), "{colored:?}");
    assert!(colored.contains("\n 6 | cuont = 3\n"), "the line itself is as it is: {colored:?}");
    let list = findings_json(&diagnostics, &file);
    assert_eq!((list[0]["line"].as_u64(), list[0]["column"].as_u64()), (Some(6), Some(1)));
    assert_eq!(list[0]["code"], "E0103");
}

#[test]
fn a_line_of_a_file_cannot_pretend_to_be_a_message_or_move_the_cursor() {
    let file = SourceFile::new("moodle.toml", "error[E0999] = \"\x1b[2J\"\n");
    let (_, diagnostics) = load(&file);
    let text = findings(&diagnostics, &file, Style::COLORED);
    assert!(!text.contains("\x1b[2J"), "{text:?}");
    assert!(!text.contains("\x1b[31merror[E0999]"), "{text:?}");
}

fn locked() -> StoreError {
    StoreError::Busy { location: ".oci-moodle/state.json".to_owned() }
}

#[test]
fn an_error_is_told_from_near_to_far_with_what_is_known_of_its_kind() {
    let error = ApplyError::Ledger(LedgerError::LockLost(Box::new(locked())));
    let text = Report::of("could not apply the plan", &error).effect("some").render(Style::PLAIN);
    assert_eq!(
        text,
        "error[E0407]: could not apply the plan
  caused by: the run has stopped because the journal could not be written
  caused by: the lock on the state was lost
  caused by: the lock of the state in .oci-moodle/state.json is being changed by another program

  effect:  some

  hint: run again: what was sent is on record
  hint: wait until the other run is over; a lock whose holder has died frees itself
"
    );
}

#[test]
fn a_transparent_layer_is_not_told_twice_and_its_kind_is_known() {
    let report = Report::of("could not open the state", &OpenError::Store(locked()));
    assert_eq!((report.causes.len(), report.code), (1, Some(Code::StateLocked)));
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_says_that_nothing_was_changed_and_its_id() {
    let world: Arc<dyn World> = Arc::new(TestWorld::new(DateTime::UNIX_EPOCH, 1));
    let cloud = cross_tests::Cloud::new(1, &world);
    let id = "ocid1.vcn.oc1.eu-frankfurt-1.aaaaaaaanone";
    let error = cloud.client.call(&GetVcn::new(id)).await.unwrap_err();
    let report = Report::of("could not look at `oci_core_vcn.main`", &error);
    let text = report.render(Style::PLAIN);
    let id = error.request_id().unwrap();
    assert_eq!(
        text,
        format!(
            "error[E0404]: could not look at `oci_core_vcn.main`
  caused by: the Core service refused `get_vcn`: 404 NotAuthorizedOrNotFound
  caused by: \"{}\"

  effect:  nothing was changed by this request
  request: {id} (Oracle support will ask for this)

  hint: the service does not say whether it is gone or not permitted: check the OCID, the region and the policies
",
            error.message().unwrap()
        )
    );
}

#[test]
fn failures_of_a_run_say_where_they_come_from_and_what_was_skipped() {
    let end = |name: &str| StepEnd {
        address: address(name),
        action: Action::Create,
        message: "the MySQL service refused `create_db_system`: 400 LimitExceeded: \"no more\" (request A/B)"
            .to_owned(),
        hint: Some("choose another shape, or ask for a higher limit in this region".to_owned()),
        is_for_want_of_room: false,
    };
    let summary = Summary {
        failed: vec![end("oci_mysql_mysql_db_system.moodle")],
        open: vec![end("oci_core_instance.web[\"1\"]")],
        skipped: vec![address("t.a"), address("t.b")],
        ..Summary::default()
    };
    let file = source();
    let (_, diagnostics) = load(&file);
    let reports = of_run(&summary, Some((&file, diagnostics.places())));
    assert_eq!(
        reports[0].render(Style::PLAIN),
        "error[E0412]: could not create `oci_mysql_mysql_db_system.moodle`
  caused by: the MySQL service refused `create_db_system`: 400 LimitExceeded: \"no more\" (request A/B)

  where:   moodle.toml:8, `database`
  effect:  what was done before is recorded; 2 steps that need what failed were skipped

  hint: choose another shape, or ask for a higher limit in this region
"
    );
    assert_eq!(reports[1].code, Some(Code::StepOpen));
    assert_eq!(reports[1].json()["where"], "moodle.toml:5, `servers`");
    assert!(reports[1].render(Style::PLAIN).contains("the next run finds out and goes on with it"));
}

#[test]
fn words_of_a_service_reach_the_terminal_as_letters_only() {
    let report =
        Report::new("could not \x1b[2J").cause("a\x1b]0;title\x07\nb").hint("c\rd").effect("e\u{9b}2J");
    let text = report.render(Style::PLAIN);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(text.contains("\n    b\n"), "further lines are indented: {text:?}");
}
