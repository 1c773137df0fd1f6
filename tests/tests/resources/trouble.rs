//! Faults in the middle of things, and what others do meanwhile.

use cross_tests::bench::Bench;
use oci_client::secret::Secret;
use oci_client::services::core::models;
use oci_client::services::core::operations::{ChangeSubnetCompartment, DeleteSubnet};
use oci_client::services::network_load_balancer::operations::CreateBackend;
use oci_resources::core::{subnet, vcn};
use oci_resources::file_storage::mount_target::{self, MountTarget};
use oci_resources::mysql::heat_wave_cluster::{self, HeatWaveCluster};
use oci_resources::mysql::mysql_backup::{self, MysqlBackup};
use oci_resources::mysql::mysql_db_system::{self, MysqlDbSystem};
use oci_resources::mysql::replica::{self, Replica};
use oci_resources::network_load_balancer::network_load_balancer as balancer;
use oci_resources::network_load_balancer::{backend, backend_set};
use reconcile::graph::{Graph, GraphBuilder};
use reconcile::journal::Ledger as _;
use reconcile::plan::{Action, Mode, PlanOptions};
use reconcile::provider::{CreateRequest, PollRequest, Provider as _, Reply};
use reconcile::record::{Operation, Pending};
use reconcile::value::{Value, ValueMap};
use serde_json::{Value as Json, json};

use crate::balancers::{self, BACKENDS, Backends, SETS};
use crate::{add_network, at};

fn fault(when: &Json, effect: &Json) -> Json {
    json!({"faults": [{"when": when, "do": effect}]})
}

/// Runs, each as a new process, until one succeeds.
async fn until_done(bench: &mut Bench, graph: &Graph, told: &str) -> usize {
    let mut last = None;
    for runs in 1..=3 {
        let (plan, summary) = bench.go(graph, Mode::Apply).await;
        if summary.is_success() && plan.deferred().is_empty() {
            return runs;
        }
        last = Some(summary);
        bench.restart();
        bench.world.sleep(std::time::Duration::from_secs(60)).await;
    }
    panic!("{told}: three runs did not suffice: {last:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_in_the_middle_that_fails_leaves_no_set_with_a_backend_too_many_or_too_few() {
    let effects = [
        json!({"loseReply": {}}),
        json!({"respond": {"status": 500, "code": "InternalServerError"}}),
        json!({"respond": {"status": 409, "code": "Conflict", "message": "busy"}}),
        json!({"respond": {"status": 412, "code": "NoEtagMatch"}}),
        json!({"throttle": {}}),
        json!({"failWorkRequest": {"code": "InternalError", "message": "no luck"}}),
    ];
    for effect in effects {
        for skip in 0..SETS {
            let told = format!("{effect} at {skip}");
            let mut bench = Bench::new(71).await;
            bench.options.concurrency = 200;
            let tenancy = bench.cloud.tenancy();
            // The sets are made with their backends, and changed once for all of them.
            for (number, operation) in ["CreateBackendSet", "UpdateBackendSet"].into_iter().enumerate() {
                let told = format!("{told}, {operation}");
                let graph = balancers::graph(&tenancy, Backends::Separate, if number == 0 { 1 } else { 2 });
                let when = json!({"operations": [operation], "skip": skip, "times": 1});
                bench.faults(&fault(&when, &effect));
                until_done(&mut bench, &graph, &told).await;
                assert!(bench.cloud.mock.faults()[number]["fired"].as_u64() > Some(0), "{told}");
                bench.expect_quiet(&graph).await;
                assert_eq!(bench.live(backend::TYPE).len(), SETS * BACKENDS, "{told}");
            }
        }
    }
}

/// What the service refuses may be one of the backends. The set does not suffer for that: it is made without them.
#[tokio::test(start_paused = true)]
async fn a_set_that_is_refused_with_its_backends_is_made_without_them_and_they_follow_in_the_same_run() {
    let mut bench = Bench::new(77).await;
    bench.options.concurrency = 200;
    let graph = balancers::graph(&bench.cloud.tenancy(), Backends::Separate, 1);
    let when = json!({"operations": ["CreateBackendSet"], "skip": 1, "times": 1});
    bench.faults(&fault(&when, &json!({"respond": {"status": 400, "code": "InvalidParameter"}})));
    bench.reach(&graph).await;
    let sent = |operation: &str| bench.mutations().into_iter().filter(|sent| *sent == operation).count();
    assert_eq!((sent("CreateBackendSet"), sent("UpdateBackendSet")), (SETS + 1, 1));
    assert_eq!(bench.live(backend::TYPE).len(), SETS * BACKENDS);
}

/// The program is killed between the request that makes a set with its backends and the answer, before the request, and later.
#[tokio::test(start_paused = true)]
async fn a_kill_around_the_request_for_a_set_and_its_backends_makes_nothing_twice_and_forgets_nothing() {
    let kills = (0..SETS).flat_map(|number| [0, 2, 20, 70].map(|seconds| (number, seconds)));
    for (number, seconds) in kills {
        let told = format!("killed {seconds} s after request {number}");
        let mut bench = Bench::new(78).await;
        bench.options.concurrency = 200;
        let graph = balancers::graph(&bench.cloud.tenancy(), Backends::Separate, 1);
        let when = json!({"operations": ["CreateBackendSet"], "skip": number, "times": 1});
        bench.faults(&fault(&when, &json!({"delay": {"seconds": 10}})));
        let (mock, world) = (bench.cloud.mock.clone(), bench.world.clone());
        let asked = async {
            let is_creation = |operation: Option<&str>| operation == Some("CreateBackendSet");
            let count = || mock.requests().iter().filter(|entry| is_creation(entry.operation)).count();
            while count() <= number {
                world.sleep(std::time::Duration::from_millis(500)).await;
            }
            world.sleep(std::time::Duration::from_secs(seconds)).await;
        };
        tokio::select! {
            _ = bench.go(&graph, Mode::Apply) => {}
            () = asked => {}
        }
        bench.restart();
        until_done(&mut bench, &graph, &told).await;
        bench.expect_quiet(&graph).await;
        assert_eq!(bench.live(backend_set::TYPE).len(), SETS, "{told}");
        assert_eq!(bench.live(backend::TYPE).len(), SETS * BACKENDS, "{told}");
        let requests = bench.cloud.mock.requests();
        let spent = requests.iter().filter(|entry| entry.code.as_deref() == Some("InvalidatedRetryToken"));
        assert_eq!(spent.count(), 0, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_puts_into_a_set_meanwhile_stays_there() {
    let mut bench = Bench::new(72).await;
    let tenancy = bench.cloud.tenancy();
    bench.reach(&balancers::graph(&tenancy, Backends::Separate, 1)).await;
    let id = bench.live(balancer::TYPE).remove(0);
    let others = CreateBackend::new(
        &*id,
        "set1",
        oci_client::services::network_load_balancer::models::CreateBackendDetails {
            name: Some("others".to_owned()),
            ip_address: Some("10.0.0.200".to_owned()),
            port: Some(9000),
            ..Default::default()
        },
    );
    bench.cloud.client.call(&others).await.unwrap();
    bench.world.sleep(std::time::Duration::from_secs(300)).await;
    // A change of each backend, and one of each set itself.
    bench.reach(&balancers::graph(&tenancy, Backends::Separate, 2)).await;
    let mut changed = balancers::graph_with(&tenancy, Backends::Separate, 2, "TWO_TUPLE");
    bench.reach(&changed).await;
    assert_eq!(bench.live(backend::TYPE).len(), SETS * BACKENDS + 1);
    // A set that somebody changes between our look and our request is looked at again.
    changed = balancers::graph_with(&tenancy, Backends::Separate, 2, "FIVE_TUPLE");
    let when = json!({"operations": ["UpdateBackendSet"], "times": 1});
    bench.faults(&fault(&when, &json!({"respond": {"status": 412, "code": "NoEtagMatch"}})));
    bench.reach(&changed).await;
    assert_eq!(bench.live(backend::TYPE).len(), SETS * BACKENDS + 1);
}

fn database(tenancy: &str, shape: &str, nodes: i64, description: &str) -> Graph {
    let mut builder = GraphBuilder::default();
    add_network(tenancy, &mut builder);
    let main = at(mysql_db_system::TYPE, "main");
    let system = MysqlDbSystem {
        compartment_id: tenancy.into(),
        shape_name: shape.into(),
        subnet_id: subnet::id(&at(subnet::TYPE, "web")).into(),
        admin_username: "moodle".into(),
        admin_password: Secret::new("Passw0rd!".to_owned()).into(),
        ..MysqlDbSystem::default()
    };
    builder.add(system.inputs().at(main.clone()));
    for number in 0..3 {
        let reader = Replica {
            db_system_id: mysql_db_system::id(&main).into(),
            description: description.into(),
            ..Replica::default()
        };
        builder.add(reader.inputs().at(at(replica::TYPE, &format!("n{number}"))));
    }
    let cluster = HeatWaveCluster {
        db_system_id: mysql_db_system::id(&main).into(),
        shape_name: "HeatWave.512GB".into(),
        cluster_size: nodes.into(),
        ..HeatWaveCluster::default()
    };
    builder.add(cluster.inputs().at(at(heat_wave_cluster::TYPE, "fast")));
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_db_system_with_all_its_parts_is_changed_one_thing_at_a_time() {
    let mut bench = Bench::new(73).await;
    bench.options.concurrency = 200;
    bench.control("PUT", "/_mock/limits", Some(&json!({})));
    let tenancy = bench.cloud.tenancy();
    bench.reach(&database(&tenancy, "MySQL.8", 1, "readers")).await;
    bench.reach(&database(&tenancy, "MySQL.16", 2, "other readers")).await;
    let (_, summary) = bench.go(&Graph::empty(), Mode::Destroy).await;
    assert!(summary.is_success(), "{summary:#?}");
    let requests = bench.cloud.mock.requests();
    let refused: Vec<_> =
        requests.iter().filter(|entry| entry.service == Some("mysql") && entry.status == 409).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert_eq!(bench.live(mysql_db_system::TYPE).len() + bench.live(replica::TYPE).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_work_request_that_fails_late_is_told_and_the_next_run_makes_it_good() {
    for (operation, words) in [("CreateDbSystem", "CREATE_DBSYSTEM"), ("CreateReplica", "CREATE_REPLICA")] {
        let mut bench = Bench::new(74).await;
        bench.control("PUT", "/_mock/limits", Some(&json!({})));
        let graph = database(&bench.cloud.tenancy(), "MySQL.8", 1, "readers");
        let when = json!({"operations": [operation], "times": 1});
        let late =
            json!({"failWorkRequest": {"code": "QuotaExceeded", "message": "not so many", "afterSecs": 400}});
        bench.faults(&fault(&when, &late));
        let (_, summary) = bench.go(&graph, Mode::Apply).await;
        assert!(!summary.is_success(), "{operation}");
        let told = format!("{summary:?}");
        assert!(told.contains("QuotaExceeded") && told.contains("not so many"), "{operation}: {told}");
        assert!(told.to_uppercase().contains(words.split('_').next().unwrap()), "{operation}: {told}");
        until_done(&mut bench, &graph, operation).await;
        bench.expect_quiet(&graph).await;
        assert_eq!(
            (bench.live(mysql_db_system::TYPE).len(), bench.live(replica::TYPE).len()),
            (1, 3),
            "{operation}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_moves_or_deletes_is_moved_back_or_made_again() {
    let mut bench = Bench::new(75).await;
    let tenancy = bench.cloud.tenancy();
    let mut builder = GraphBuilder::default();
    add_network(&tenancy, &mut builder);
    let graph = builder.build().unwrap();
    bench.reach(&graph).await;
    let web = at(subnet::TYPE, "web");
    let id = bench.identifier(&web).unwrap();

    let elsewhere = cross_tests::COMPARTMENTS[0].0.to_owned();
    let details = models::ChangeSubnetCompartmentDetails { compartment_id: Some(elsewhere) };
    bench.cloud.client.call(&ChangeSubnetCompartment::new(&*id, details)).await.unwrap();
    bench.world.sleep(std::time::Duration::from_secs(60)).await;
    let plan = bench.plan(&graph, &PlanOptions::default()).await;
    let steps: Vec<_> = plan.steps().iter().map(|step| (step.address.clone(), step.action.clone())).collect();
    assert_eq!(steps, [(web.clone(), Action::Update)]);
    bench.reach(&graph).await;
    assert_eq!(bench.identifier(&web), Some(id.clone()));

    bench.cloud.client.call(&DeleteSubnet::new(&*id)).await.unwrap();
    // Longer than the service may hide what is new.
    bench.world.sleep(std::time::Duration::from_secs(600)).await;
    let plan = bench.plan(&graph, &PlanOptions::default()).await;
    let steps: Vec<_> = plan.steps().iter().map(|step| (step.address.clone(), step.action.clone())).collect();
    assert_eq!(steps, [(web.clone(), Action::Create)]);
    bench.reach(&graph).await;
    assert_eq!(bench.live(subnet::TYPE).len(), 1);
    assert_eq!(bench.live(vcn::TYPE).len(), 1);
}

/// Objects of which a creation cannot say everything: the type, what says the rest, and whether that takes a retry token.
const WITH_REST: [(&str, &str, bool); 2] = [
    (mount_target::TYPE, "UpgradeShapeMountTarget", false),
    (mysql_backup::TYPE, "ChangeBackupCompartment", true),
];

/// A network, a DB system, and the one of [`WITH_REST`] if it is wanted.
fn with_rest(bench: &Bench, wanted: Option<&str>) -> Graph {
    let tenancy = bench.cloud.tenancy();
    let mut builder = GraphBuilder::default();
    add_network(&tenancy, &mut builder);
    let web = at(subnet::TYPE, "web");
    let main = at(mysql_db_system::TYPE, "main");
    let system = MysqlDbSystem {
        compartment_id: tenancy.as_str().into(),
        shape_name: "MySQL.8".into(),
        subnet_id: subnet::id(&web).into(),
        admin_username: "moodle".into(),
        admin_password: Secret::new("Passw0rd!".to_owned()).into(),
        ..MysqlDbSystem::default()
    };
    builder.add(system.inputs().at(main.clone()));
    let domains = bench.cloud.mock.config().place.availability_domains();
    let storage = MountTarget {
        compartment_id: tenancy.as_str().into(),
        availability_domain: domains[0].as_str().into(),
        subnet_id: subnet::id(&web).into(),
        requested_throughput: 40.into(),
        ..MountTarget::default()
    };
    let backup = MysqlBackup {
        db_system_id: mysql_db_system::id(&main).into(),
        compartment_id: cross_tests::COMPARTMENTS[0].0.into(),
        ..MysqlBackup::default()
    };
    match wanted {
        Some(mount_target::TYPE) => {
            builder.add(storage.inputs().at(at(mount_target::TYPE, "it")));
        }
        Some(_) => {
            builder.add(backup.inputs().at(at(mysql_backup::TYPE, "it")));
        }
        None => {}
    }
    builder.build().unwrap()
}

/// What a creation cannot say is said by an update that belongs to it. Wherever the program is killed, it is said once, or again with
/// the token that stands in the journal.
#[tokio::test(start_paused = true)]
async fn what_a_creation_could_not_say_is_said_under_one_token_wherever_the_program_is_killed() {
    for (resource_type, operation, takes_token) in WITH_REST {
        let mut is_killed = true;
        let mut number = 0;
        while is_killed {
            number += 1;
            // Each answer comes a second late, so that each request and each answer is a moment at which the program can be killed.
            for moment in [1, 1001] {
                let told = format!("{resource_type}, killed {moment} ms after request {number}");
                let mut bench = Bench::new(79).await;
                bench.control("PUT", "/_mock/limits", Some(&json!({})));
                bench.reach(&with_rest(&bench, None)).await;
                let graph = with_rest(&bench, Some(resource_type));
                let first = bench.cloud.mock.requests().len();
                bench.faults(&fault(&json!({}), &json!({"delay": {"seconds": 1}})));
                let (mock, world) = (bench.cloud.mock.clone(), bench.world.clone());
                let killed = async {
                    while mock.requests().len() < first + number {
                        world.sleep(std::time::Duration::from_millis(400)).await;
                    }
                    world.sleep(std::time::Duration::from_millis(moment)).await;
                };
                is_killed = tokio::select! {
                    biased;
                    () = killed => true,
                    (_, summary) = bench.go(&graph, Mode::Apply) => {
                        assert!(summary.is_success(), "{summary:#?}");
                        false
                    }
                };
                bench.restart();
                until_done(&mut bench, &graph, &told).await;
                bench.expect_quiet(&graph).await;
                assert_eq!(bench.live(resource_type).len(), 1, "{told}");
                let requests = bench.cloud.mock.requests();
                let said = requests.iter().filter(|entry| entry.operation == Some(operation));
                let tokens: Vec<Option<String>> = said.map(|entry| entry.retry_token.clone()).collect();
                assert!(!tokens.is_empty() && tokens.len() <= 2, "{told}: {tokens:?}");
                assert!(tokens.iter().all(|token| *token == tokens[0]), "{told}: {tokens:?}");
                assert_eq!(tokens[0].is_some(), takes_token, "{told}");
            }
        }
        assert!(number > 8, "{number} requests are hardly all of them");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_creation_could_not_say_is_sent_again_under_its_token_by_the_next_run() {
    let (resource_type, operation) = (mysql_backup::TYPE, "ChangeBackupCompartment");
    let mut bench = Bench::new(80).await;
    bench.control("PUT", "/_mock/limits", Some(&json!({})));
    bench.reach(&with_rest(&bench, None)).await;
    let graph = with_rest(&bench, Some(resource_type));
    let broken = json!({"respond": {"status": 500, "code": "InternalServerError"}});
    bench.faults(&fault(&json!({"operations": [operation]}), &broken));
    let (mock, world) = (bench.cloud.mock.clone(), bench.world.clone());
    let tokens = || -> Vec<Option<String>> {
        let all = mock.requests();
        let said = all.iter().filter(|entry| entry.operation == Some(operation));
        said.map(|entry| entry.retry_token.clone()).collect()
    };
    let killed = async {
        while tokens().is_empty() {
            world.sleep(std::time::Duration::from_millis(400)).await;
        }
    };
    tokio::select! {
        biased;
        () = killed => {}
        (_, summary) = bench.go(&graph, Mode::Apply) => panic!("it was not killed: {summary:#?}"),
    }
    // The next one is not heard either, and gives up for this time; then the service works again.
    bench.restart();
    bench.plan(&graph, &PlanOptions::default()).await;
    let before = tokens().len();
    bench.control("DELETE", "/_mock/faults", None);
    bench.restart();
    until_done(&mut bench, &graph, operation).await;
    bench.expect_quiet(&graph).await;
    let all = tokens();
    assert!(before > 1 && all.len() == before + 1, "{before} before, and then {all:?}");
    assert!(all[0].is_some() && all.iter().all(|token| *token == all[0]), "{all:?}");
    assert_eq!(bench.live(resource_type).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stops_does_not_say_what_a_creation_could_not_say_and_leaves_it_to_the_next() {
    let mut bench = Bench::new(81).await;
    bench.control("PUT", "/_mock/limits", Some(&json!({})));
    bench.reach(&with_rest(&bench, Some(mount_target::TYPE))).await;
    let address = at(mount_target::TYPE, "it");
    let id = bench.identifier(&address).unwrap();
    let mut entry = (**bench.journal.state().entry(&address).unwrap()).clone();
    entry.inputs.insert("requested_throughput", Value::from(80));
    let pending = json!({"id": id, "since": 0, "rest": {"token": "t-rest", "is_said": false}});
    let request = PollRequest {
        address,
        operation: Operation::Create,
        identifier: Some(id.as_str().into()),
        pending: Pending(pending.to_string().into()),
        entry: entry.into(),
    };
    let said = |bench: &Bench| {
        bench.mutations().into_iter().filter(|operation| *operation == "UpgradeShapeMountTarget").count()
    };
    let before = said(&bench);
    bench.driver.stop(true);
    let withheld = bench.driver.poll(request.clone()).await.unwrap_err();
    assert!(
        withheld.again_after.is_some_and(|pause| pause < std::time::Duration::from_secs(1)),
        "{withheld:?}"
    );
    assert_eq!(said(&bench), before);
    bench.driver.stop(false);
    let reply = bench.driver.poll(request).await.unwrap();
    assert!(
        matches!(&reply, Reply::Running(running) if running.pending.as_ref().unwrap().0.contains("t-rest"))
    );
    assert_eq!(said(&bench), before + 1);
}

/// The token of the journal is the one that is sent, so that the same step sent again, by another process too, makes one object.
#[tokio::test(start_paused = true)]
async fn the_same_creation_sent_twice_makes_one_object() {
    let mut bench = Bench::new(76).await;
    let request = || CreateRequest {
        address: at(vcn::TYPE, "main"),
        retry_token: "of-the-journal".into(),
        inputs: ValueMap::from_iter([
            ("compartment_id".into(), Value::string(bench.cloud.tenancy())),
            ("cidr_blocks".into(), Value::list([Value::from("10.0.0.0/16")])),
        ]),
    };
    let (first, second) = (request(), request());
    bench.driver.create(first).await.unwrap();
    bench.restart();
    bench.driver.create(second).await.unwrap();
    let requests = bench.cloud.mock.requests();
    let made = requests.iter().filter(|entry| entry.operation == Some("CreateVcn"));
    let tokens: Vec<Option<&str>> = made.map(|entry| entry.retry_token.as_deref()).collect();
    assert_eq!(tokens, [Some("of-the-journal"); 2]);
    assert_eq!(bench.live(vcn::TYPE).len(), 1);
}
