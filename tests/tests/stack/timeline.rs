//! How long the full example takes to be born, and why not less.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use moodle_stack::picture::{Bar, timeline};
use moodle_stack::session::Session;
use oci_client::client::Client;
use reconcile::plan::{Action, Plan};
use reconcile::run::Event;
use reconcile::schedule::{Limits, forecast};

use crate::site::Site;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PICTURE: &str = "docs/src/timeline.svg";

#[expect(clippy::disallowed_methods, reason = "the test reads the workspace's files")]
fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_default()
}

fn now(client: &Client) -> Duration {
    client.world().monotonic()
}

/// How long each creation really took, by address.
fn took(events: &[Event]) -> BTreeMap<&str, Duration> {
    let mut all = BTreeMap::new();
    for event in events {
        if let Event::Finished { address, action: Action::Create, took } = event {
            all.insert(address.as_str(), *took);
        }
    }
    all
}

/// The plan as expected: when what begins and ends.
fn bars(plan: &Plan) -> Vec<Bar> {
    let options = Session::apply_options(plan);
    let forecast = plan.forecast(options.kinds.clone(), options.concurrency).unwrap();
    let path = forecast.critical_path(&plan.tasks());
    let steps = plan.steps().iter().zip(&forecast.spans).zip(0..);
    let made = steps.filter(|((step, _), _)| step.action == Action::Create);
    made.map(|((step, (begin, end)), at)| Bar {
        name: step.address.to_string(),
        begin: *begin,
        end: *end,
        is_critical: path.contains(&at),
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn the_full_example_takes_as_long_as_its_longest_path_and_the_book_shows_it() {
    let (mut site, example) = (Site::new(12), file("examples/moodle-full.toml"));
    let client = site.cloud.client.clone();
    let begin = now(&client);
    let (plan, summary) = site.apply(&example).await;
    assert!(summary.is_success(), "{:#?}", summary.failed);
    let whole = now(&client) - begin;

    // Network and subnet, the database in it, and the replicas, which the service makes one after another.
    let took = took(&site.events);
    let path = [
        "oci_core_vcn.site",
        "oci_core_security_list.database",
        "oci_core_subnet.database",
        "oci_mysql_mysql_db_system.site",
        "oci_mysql_replica.read[0]",
        "oci_mysql_replica.read[1]",
    ];
    let path: Duration = path.iter().map(|address| took[address]).sum();
    println!("{whole:?}, of which {path:?} are the longest path");
    assert!(whole.as_secs_f64() <= path.as_secs_f64() * 1.05, "{whole:?} for a path of {path:?}");

    // The same with what each step really took, by the engine's own arithmetic, lanes included.
    let mut tasks = plan.tasks();
    for (task, step) in tasks.iter_mut().zip(plan.steps()) {
        task.expected = took.get(step.address.as_str()).copied().unwrap_or_default();
    }
    let best = forecast(&tasks, &Limits::default(), usize::MAX).unwrap().end;
    assert!(whole.as_secs_f64() <= best.as_secs_f64() * 1.05, "{whole:?}, where {best:?} would do");

    let picture = timeline("examples/moodle-full.toml, as expected", &bars(&plan));
    #[expect(clippy::disallowed_methods, reason = "on request the test writes the book's picture")]
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(Path::new(ROOT).join(PICTURE), &picture).unwrap();
    }
    assert!(file(PICTURE) == picture, "{PICTURE} is stale; run this test with UPDATE_DOCS=1 and land it");
}
