use super::json::{Moment, described, ended, stamped};
use super::lines::Lines;
use super::reporter::in_short;
use super::screen::{Size, draw};
use super::*;
use crate::view::Style;
use crate::view::text::width;
use chrono::DateTime;
use reconcile::run::{Observer as _, StepEnd, Summary};
use reconcile::value::Value;

const WIDE: Size = Size { columns: 110, rows: 24 };

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn started(text: &str, action: Action, expected: u64) -> Event {
    Event::Started { address: address(text), action, expected: at(expected) }
}

fn finished(text: &str, action: Action, took: u64) -> Event {
    Event::Finished { address: address(text), action, took: at(took) }
}

fn failed(text: &str) -> Event {
    let message = "the MySQL service refused the request: 400 LimitExceeded\nask for more".to_owned();
    let hint = Some("choose another shape".to_owned());
    Event::Failed { address: address(text), action: Action::Create, message, hint }
}

fn waiting(text: &str, on: &str, left: u64) -> Event {
    let waiting_on = Some(on.to_owned());
    Event::Waiting { address: address(text), waiting_on, percent: None, expected_left: at(left) }
}

fn step(text: &str, expected: u64, after: &[u32]) -> Step {
    let task = Task { after: after.to_vec(), expected: at(expected), ..Task::default() };
    Step { address: address(text), action: Action::Create, task, status: Status::Waiting }
}

/// A network, a database of 25 minutes in it, a server of 90 seconds, and a backend for the server.
fn site() -> Progress {
    let steps = vec![
        step("oci_core_vcn.main", 5, &[]),
        step("oci_mysql_mysql_db_system.moodle", 1500, &[0]),
        step("oci_core_instance.web[\"1\"]", 90, &[0]),
        step("oci_network_load_balancer_backend.web[\"1\"]", 20, &[2]),
    ];
    Progress { steps, at_once: 16, ..Progress::default() }
}

fn after(events: &[(u64, Event)]) -> Progress {
    let mut progress = site();
    for (seconds, event) in events {
        progress.note(at(*seconds), event);
    }
    progress
}

fn under_way() -> Progress {
    after(&[
        (0, started("oci_core_vcn.main", Action::Create, 5)),
        (4, finished("oci_core_vcn.main", Action::Create, 4)),
        (4, started("oci_mysql_mysql_db_system.moodle", Action::Create, 1500)),
        (4, started("oci_core_instance.web[\"1\"]", Action::Create, 90)),
        (6, waiting("oci_mysql_mysql_db_system.moodle", "`CREATING`", 1498)),
    ])
}

#[test]
fn a_terminal_shows_what_is_under_way_and_the_whole() {
    let lines = draw(&under_way(), at(49), WIDE, Style::PLAIN);
    assert_eq!(
        lines,
        [
            "  + oci_mysql_mysql_db_system.moodle            ░░░░░░░░░░░░   0:45 of ~25:00  `CREATING`",
            "  + oci_core_instance.web[\"1\"]                  ██████░░░░░░   0:45 of ~1:30 ",
            "  ███████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░░  1 done · 2 running · 1 waiting   0:49, about 25 min left",
        ]
    );
}

#[test]
fn the_expected_end_follows_the_longest_path_that_is_left() {
    let progress = under_way();
    assert_eq!(site().left(at(0)), Some(at(1505)), "network, then database");
    assert_eq!(progress.left(at(49)), Some(at(1455)));
    let mut without_database = progress.clone();
    without_database.note(at(50), &failed("oci_mysql_mysql_db_system.moodle"));
    assert_eq!(without_database.left(at(54)), Some(at(40 + 20)), "the rest of the server, then the backend");
    without_database.note(at(54), &Event::Stopping);
    assert_eq!(without_database.left(at(54)), Some(at(40)), "nothing new begins any more");
}

#[test]
fn what_shares_a_lane_with_a_running_step_is_expected_after_it() {
    let mut progress = Progress { at_once: 16, ..Progress::default() };
    for name in ["t.a", "t.b"] {
        let mut step = step(name, 30, &[]);
        step.task.lane = Some("balancer".into());
        progress.steps.push(step);
    }
    progress.note(at(0), &started("t.b", Action::Create, 30));
    assert_eq!(progress.left(at(10)), Some(at(20 + 30)));
}

#[test]
fn what_is_late_says_so_and_never_looks_finished() {
    let lines = draw(&under_way(), at(4 + 200), WIDE, Style::PLAIN);
    let server = lines.iter().find(|line| line.contains("web")).unwrap();
    assert!(server.contains("███████████░   3:20 of ~1:30   longer than usual"), "{server}");
}

#[test]
fn no_line_is_wider_than_the_terminal_and_no_picture_higher() {
    let mut progress = under_way();
    for number in 0..30 {
        progress.note(at(7), &started(&format!("oci_core_instance.more[{number}]"), Action::Create, 90));
    }
    for columns in [1, 10, 20, 40, 60, 72, 80, 100, 200] {
        for rows in [1, 5, 24, 60] {
            let lines = draw(&progress, at(500), Size { columns, rows }, Style::PLAIN);
            assert!(lines.len() <= rows.max(2), "{rows} rows: {lines:#?}");
            for line in &lines {
                assert!(width(line) <= columns, "{columns} columns: {line}");
            }
        }
    }
    let lines = draw(&progress, at(500), Size { columns: 80, rows: 8 }, Style::PLAIN);
    assert_eq!(lines[4], "    … and 28 more");
}

#[test]
fn colours_change_nothing_but_colours() {
    let progress = under_way();
    for seconds in [5, 49, 3000] {
        let colored = draw(&progress, at(seconds), WIDE, Style::COLORED).join("\n");
        let mut plain = String::new();
        let mut in_escape = false;
        for c in colored.chars() {
            match (in_escape, c) {
                (false, '\x1b') => in_escape = true,
                (true, 'm') => in_escape = false,
                (true, _) => {}
                (false, c) => plain.push(c),
            }
        }
        assert_ne!(plain, colored);
        assert_eq!(plain, draw(&progress, at(seconds), WIDE, Style::PLAIN).join("\n"));
    }
}

#[test]
fn failures_and_what_they_skip_are_counted_apart() {
    let backend = "oci_network_load_balancer_backend.web[\"1\"]";
    let mut progress = under_way();
    progress.note(at(60), &failed("oci_core_instance.web[\"1\"]"));
    let because = address("oci_core_instance.web[\"1\"]");
    progress.note(at(60), &Event::Skipped { address: address(backend), action: Action::Create, because });
    let lines = draw(&progress, at(60), WIDE, Style::PLAIN);
    assert_eq!(
        lines.last().unwrap(),
        "  ██████▒▒▒▒▒▒▒×××××××××××××  1 done · 1 running · 0 waiting · 1 failed · 1 skipped   1:00, about 25 min left"
    );
}

#[test]
fn a_run_without_a_plan_shows_its_steps_as_they_begin() {
    let mut progress = under_way();
    progress.note(at(70), &Event::RollingBack);
    assert!(draw(&progress, at(70), WIDE, Style::PLAIN).is_empty());
    progress.note(at(71), &started("oci_core_vcn.main", Action::Delete, 5));
    let lines = draw(&progress, at(72), WIDE, Style::PLAIN);
    assert_eq!(lines[0], "  - oci_core_vcn.main  ██░░░░░░░░░░   0:01 of ~0:05 ");
    assert!(lines[1].ends_with("changing back, 1:12, about 4 s left"), "{}", lines[1]);
}

#[test]
fn what_an_earlier_run_left_open_is_shown_until_the_first_step() {
    let mut progress = Progress::default();
    progress.note(at(0), &Event::Settling { address: address("t.a") });
    let lines = draw(&progress, at(3), WIDE, Style::PLAIN);
    assert_eq!(lines, ["  ? t.a  finding out how an earlier run ended  0:03"]);
    progress.note(at(4), &started("t.b", Action::Update, 9));
    assert_eq!(draw(&progress, at(4), WIDE, Style::PLAIN).len(), 2);
}

#[test]
fn without_a_terminal_each_thing_that_happens_is_a_line() {
    let mut lines = Lines::default();
    let because = address("t.db");
    let events = [
        (0, Event::Settling { address: address("t.old") }),
        (1, started("t.db", Action::Create, 1500)),
        (1, started("t.name", Action::Update, 1)),
        (2, finished("t.name", Action::Update, 1)),
        (3, waiting("t.db", "`CREATING`", 1498)),
        (90, waiting("t.db", "`CREATING`", 1411)),
        (304, waiting("t.db", "`CREATING`", 1197)),
        (310, waiting("t.db", "`UPDATING`", 0)),
        (1900, waiting("t.db", "`UPDATING`", 0)),
        (1934, failed("t.db")),
        (1934, Event::Skipped { address: address("t.web"), action: Action::Create, because }),
        (1935, Event::RollingBack),
    ];
    let text: Vec<String> =
        events.iter().filter_map(|(seconds, event)| lines.text(at(*seconds), event, Style::PLAIN)).collect();
    assert_eq!(
        text.join("\n"),
        "\
[ 0:00] t.old: an earlier run left an operation open; finding out how it ended
[ 0:01] t.db: creating, usually takes 25 min
[ 0:01] t.name: changing
[ 0:02] t.name: changed after 1 s
[ 0:03] t.db: waits on `CREATING`, about 25 min left
[ 5:04] t.db: waits on `CREATING`, about 20 min left
[ 5:10] t.db: waits on `UPDATING`
[31:40] t.db: waits on `UPDATING`, longer than usual
[32:14] t.db: could not create: the MySQL service refused the request: 400 LimitExceeded
        ask for more
        hint: choose another shape
[32:14] t.web: skipped because of t.db
[32:15] changing back what this run has changed"
    );
}

/// One event of each kind that this program knows.
fn one_of_each() -> Vec<Event> {
    let (address, action) = (address("t.a"), Action::Create);
    vec![
        Event::Settling { address: address.clone() },
        started("t.a", Action::Create, 5),
        waiting("t.a", "`CREATING`", 3),
        finished("t.a", Action::Delete, 7),
        failed("t.a"),
        Event::LeftOpen { address: address.clone(), action: action.clone(), message: "cut".to_owned() },
        Event::Skipped { address: address.clone(), action, because: address },
        Event::Stopping,
        Event::RollingBack,
    ]
}

#[test]
fn programs_get_an_object_for_each_event() {
    let moment = Moment { elapsed: Duration::from_micros(61_234_567), wall: DateTime::UNIX_EPOCH };
    let lines: Vec<String> = one_of_each()
        .iter()
        .filter_map(described)
        .map(|fields| stamped(moment, fields).to_string())
        .collect();
    assert_eq!(lines.len(), one_of_each().len());
    assert_eq!(
        lines[1],
        r#"{"action":"create","address":"t.a","at":"1970-01-01T00:00:00.000Z","elapsed_seconds":61.235,"expected_seconds":5.0,"type":"started"}"#
    );
    assert!(lines.iter().all(|line| !line.contains('\n')));
}

#[test]
fn the_book_documents_every_field_that_programs_get() {
    let page = include_str!("../../../../../docs/src/program.md");
    let mut fields = vec![ended(&Summary::default())];
    fields.extend(one_of_each().iter().filter_map(described));
    for line in fields {
        let kind = line["type"].as_str().unwrap().to_owned();
        let row = page.lines().find(|row| row.starts_with(&format!("| `{kind}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for `{kind}`"));
        for field in line.keys().filter(|field| *field != "type") {
            assert!(
                row.contains(&format!("`{field}`")),
                "`{kind}` has `{field}`, which its row does not mention"
            );
        }
    }
}

#[test]
fn the_book_documents_every_type_that_a_verb_tells() {
    let page = include_str!("../../../../../docs/src/program.md");
    let sources =
        [include_str!("../../change.rs"), include_str!("../../report.rs"), include_str!("reporter.rs")];
    let mut seen = 0;
    for told in sources.iter().flat_map(|source| source.split("\"type\": \"").skip(1)) {
        let kind = told.split('"').next().unwrap();
        assert!(page.contains(&format!("\n| `{kind}` | ")), "no row for `{kind}`");
        seen += 1;
    }
    assert!(seen >= 5, "{seen}: they are told in another way now");
}

#[test]
fn a_summary_never_shows_a_secret() {
    let mut summary = Summary { done: 3, ..Summary::default() };
    summary.outputs.insert("password", Value::sensitive("hunter2"));
    summary.outputs.insert("nested", Value::list([Value::map([("key", Value::sensitive("hunter2"))])]));
    summary.outputs.insert("url", Value::string("http://192.0.2.1/"));
    let line = serde_json::Value::Object(ended(&summary)).to_string();
    assert!(!line.contains("hunter2"), "{line}");
    assert!(
        line.contains(r#""outputs":{"nested":[{"key":"(sensitive)"}],"password":"(sensitive)","url":"http"#)
    );
}

#[test]
fn a_run_ends_in_one_sentence() {
    let text = |summary: &Summary| in_short(summary, at(1620), Style::PLAIN);
    assert_eq!(text(&Summary { done: 1, ..Summary::default() }), "done: 1 step in 27 min");
    let end = StepEnd {
        address: address("t.a"),
        action: Action::Create,
        message: String::new(),
        hint: None,
        is_for_want_of_room: false,
    };
    let failed =
        Summary { done: 4, failed: vec![end], skipped: vec![address("t.b"); 2], ..Summary::default() };
    assert_eq!(
        text(&failed),
        "not done: 4 steps done, 1 failed, 2 skipped after 27 min; what is done is recorded, run again to go on"
    );
    let interrupted = Summary { cancelled: true, never_started: vec![address("t.b")], ..Summary::default() };
    assert!(text(&interrupted).starts_with("interrupted: 0 steps done, 1 not begun after"));
    let withheld = Summary { cancelled: true, withheld: failed.failed, ..Summary::default() };
    assert!(text(&withheld).starts_with("interrupted: 0 steps done, 1 withheld after"));
    assert_eq!(ended(&withheld)["withheld"][0]["address"], "t.a");
}

/// What a reporter writes, kept.
#[derive(Clone, Default)]
struct Kept(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn reported(mode: Mode) -> String {
    let kept = Kept::default();
    let world = std::sync::Arc::new(world::RealWorld::new());
    let mut reporter = Reporter::start(mode, Style::PLAIN, world, Box::new(kept.clone()));
    for event in [started("t.a", Action::Create, 60), finished("t.a", Action::Create, 60)] {
        reporter.event(&event);
    }
    reporter.tell("the site answers", serde_json::json!({"type": "answers"}));
    reporter.finish();
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_reporter_has_written_everything_when_it_is_finished() {
    assert_eq!(
        reported(Mode::Lines),
        "[ 0:00] t.a: creating, usually takes 1 min\n[ 0:00] t.a: created after 1 min\nthe site answers\n"
    );
    let screen = reported(Mode::Screen);
    let lasting = "[ 0:00] t.a: created after 1 min\n";
    assert!(screen.contains(lasting) && screen.contains("the site answers\n"), "{screen:?}");
    assert!(screen.ends_with("\x1b[J") || screen.ends_with("answers\n"), "the picture is gone: {screen:?}");
    let json = reported(Mode::Json);
    let kinds: Vec<String> = json
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kinds, ["started", "finished", "answers"]);
}

#[test]
fn a_closed_pipe_does_not_stop_a_run() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let world = std::sync::Arc::new(world::RealWorld::new());
    let mut reporter = Reporter::start(Mode::Json, Style::PLAIN, world, Box::new(Closed));
    one_of_each().iter().for_each(|event| reporter.event(event));
    reporter.finish();
}

#[test]
fn json_comes_before_quiet_and_quiet_before_the_terminal() {
    assert_eq!(Mode::choose(true, true, true), Mode::Json);
    assert_eq!(Mode::choose(false, true, true), Mode::Lines);
    assert_eq!(Mode::choose(false, false, false), Mode::Lines);
    assert_eq!(Mode::choose(false, false, true), Mode::Screen);
}
