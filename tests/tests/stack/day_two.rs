//! What an administrator does on the second day: an edit of the file, and an `apply`.

use reconcile::plan::Action;
use reconcile::run::Event;

use crate::site::{Site, removes, steps};

const DB: &str = "oci_mysql_mysql_db_system.site";

fn file(more: &str) -> String {
    format!("[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n\n{more}")
}

/// The least that is highly available and may have replicas.
fn with(servers: u16, database: &str) -> String {
    file(&format!("[servers]\ncount = {servers}\n\n[database]\nshape = \"MySQL.8\"\n{database}\n"))
}

fn touches_a_server(plan: &reconcile::plan::Plan) -> Vec<String> {
    steps(plan).into_iter().filter(|step| step.contains("oci_core_instance")).collect()
}

#[tokio::test(start_paused = true)]
async fn servers_come_and_a_leaving_one_is_drained_first() {
    let mut site = Site::new(21);
    site.reach(&with(2, "")).await;
    let more = site.reach(&with(3, "")).await;
    assert_eq!(touches_a_server(&more), ["create oci_core_instance.web[2]"]);

    let before = site.cloud.mock.requests().len();
    let fewer = site.reach(&with(1, "")).await;
    assert_eq!(
        touches_a_server(&fewer),
        ["delete oci_core_instance.web[1]", "delete oci_core_instance.web[2]"]
    );
    let operations: Vec<String> =
        site.changes_since(before).into_iter().map(|(operation, _)| operation).collect();
    // Drained, taken out, then terminated.
    let first = |wanted: &str| operations.iter().position(|operation| operation == wanted);
    let updates = operations.iter().filter(|operation| *operation == "UpdateBackendSet").count();
    assert!(first("UpdateBackendSet") < first("TerminateInstance"), "{operations:?}");
    assert_eq!(updates, 2, "one to drain both, one to take both out: {operations:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_uploads_for_an_hour_is_drained_for_an_hour() {
    let with = |count: u16| file(&format!("[servers]\ncount = {count}\ndrain_in_seconds = 3600\n"));
    let mut site = Site::new(25);
    site.reach(&with(2)).await;
    let begun = site.bystander().world.monotonic();
    site.reach(&with(1)).await;
    assert!((site.bystander().world.monotonic() - begun).as_secs() >= 3600);
}

#[tokio::test(start_paused = true)]
async fn servers_of_another_size_restart_one_after_another_each_when_the_one_before_is_healthy() {
    let with = |ocpus: u16| file(&format!("[servers]\ncount = 3\nocpus = {ocpus}\nmemory_in_gbs = 16\n"));
    let mut site = Site::new(26);
    site.reach(&with(2)).await;
    site.events.clear();
    let plan = site.reach(&with(4)).await;
    assert_eq!(
        touches_a_server(&plan),
        [0, 1, 2].map(|index| format!("update oci_core_instance.web[{index}]"))
    );
    let ends: Vec<String> = site
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Started { address, action: Action::Update, .. } => Some(format!("restarts {address}")),
            Event::Finished { address, action: Action::Check, .. } => Some(format!("healthy {address}")),
            _ => None,
        })
        .collect();
    let one = |index: u16| {
        [
            format!("restarts oci_core_instance.web[{index}]"),
            format!("healthy oci_network_load_balancer_backend.http[{index}]"),
        ]
    };
    assert_eq!(ends, [0, 1, 2].map(one).concat());
}

#[tokio::test(start_paused = true)]
async fn replicas_come_and_go_without_a_server_being_touched() {
    let mut site = Site::new(22);
    site.reach(&with(1, "")).await;
    let three = site.reach(&with(1, "replicas = 3")).await;
    assert_eq!(touches_a_server(&three), Vec::<String>::new());
    assert_eq!(site.live("oci_mysql_replica").len(), 3);
    let none = site.reach(&with(1, "")).await;
    assert_eq!(touches_a_server(&none), Vec::<String>::new());
    assert_eq!(site.live("oci_mysql_replica").len(), 0);
    assert!(!removes(&three, DB) && !removes(&none, DB));
}

#[tokio::test(start_paused = true)]
async fn the_database_grows_in_place_and_becomes_highly_available() {
    let mut site = Site::new(23);
    site.reach(&with(1, "high_availability = false\nstorage_in_gbs = 100")).await;
    let id = site.live("oci_mysql_mysql_db_system");
    let larger = file(
        "[servers]\ncount = 1\n\n[database]\nshape = \"MySQL.16\"\nhigh_availability = true\nstorage_in_gbs = 300\n",
    );
    let plan = site.reach(&larger).await;
    assert_eq!(steps(&plan), [format!("update {DB}")]);
    assert_eq!(site.live("oci_mysql_mysql_db_system"), id);
}

#[tokio::test(start_paused = true)]
async fn servers_grow_in_place() {
    let mut site = Site::new(26);
    let of = |ocpus: u16| file(&format!("[servers]\ncount = 2\nocpus = {ocpus}\nmemory_in_gbs = 12\n"));
    site.reach(&of(2)).await;
    let before = site.live("oci_core_instance");
    let plan = site.reach(&of(4)).await;
    assert_eq!(
        touches_a_server(&plan),
        ["update oci_core_instance.web[0]", "update oci_core_instance.web[1]"]
    );
    assert_eq!(site.live("oci_core_instance"), before);
}

#[tokio::test(start_paused = true)]
async fn a_new_password_is_a_change_in_place() {
    let mut site = Site::new(24);
    let secret = |rotation: u32| {
        with(
            1,
            &format!("\n[secrets]\ndatabase_admin_password = {{ generate = true, rotation = {rotation} }}"),
        )
    };
    site.reach(&secret(0)).await;
    let plan = site.reach(&secret(1)).await;
    assert_eq!(steps(&plan), [format!("update {DB}"), "update oci_objectstorage_object.secrets".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn protected_data_is_not_touched_by_an_edit_that_would_replace_it() {
    let mut site = Site::new(25);
    let here = with(1, "");
    site.reach(&here).await;
    let elsewhere = format!("{here}\n[storage]\navailability_domain = 2\n");
    let config = moodle_stack::config::Config::parse(&elsewhere).unwrap();
    let plan = site.plan(&config).await;
    assert!(!plan.problems().is_empty(), "the file system would be replaced: {plan}");
    assert!(
        plan.problems().iter().any(|problem| problem.message.contains("needs consent")),
        "{:?}",
        plan.problems()
    );
}
