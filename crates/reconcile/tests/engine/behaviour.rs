//! The engine from graph to world, with a small world in memory: what is planned, in which order, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use crate::toy::{Bench, address};
use reconcile::graph::{Graph, GraphBuilder, Lifecycle, Node};
use reconcile::plan::{Mode, PlanOptions};
use reconcile::provider::{ANEW_MAX, Failure, Health};
use reconcile::record::Record;
use reconcile::run::{Event, Summary};
use reconcile::value::{Expr, Reference, TemplatePart, Value};

fn graph(nodes: impl IntoIterator<Item = Node>) -> Graph {
    let mut builder = GraphBuilder::default();
    nodes.into_iter().for_each(|node| builder.add(node));
    builder.build().unwrap()
}

fn net(name: &str) -> Node {
    Node::new(address(&format!("net.{name}"))).input("cidr", "10.0.0.0/16").input("label", "a")
}

fn server(name: &str, net: &str) -> Node {
    Node::new(address(&format!("server.{name}")))
        .input("net_id", Reference::new(address(&format!("net.{net}")), "id"))
        .input("label", "a")
}

#[tokio::test(start_paused = true)]
async fn what_is_applied_is_there_and_a_second_plan_is_empty() {
    let mut bench = Bench::new();
    let wanted = graph([net("a"), server("x", "a"), server("y", "a")]);
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    assert_eq!(
        plan.to_string(),
        "0 + net.a: wanted and not there\n1 + server.x after 0: wanted and not there\n\
         2 + server.y after 0: wanted and not there\n"
    );
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().names(), ["net.a", "server.x", "server.y"]);
    assert!(bench.plan(&wanted, &PlanOptions::default()).await.is_empty());
    let destroy = PlanOptions { mode: Mode::Destroy, ..PlanOptions::default() };
    bench.apply_with(&Graph::empty(), &destroy).await;
    assert!(bench.world().names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_thousands_have_in_common_is_stored_once() {
    let mut bench = Bench::new();
    bench.apply_all(&graph([net("a"), net("b")])).await;
    let names = |name: &str| {
        let entry = bench.state().entry(&address(name)).unwrap();
        entry.attributes.keys().cloned().collect::<Vec<_>>()
    };
    let (first, second) = (names("net.a"), names("net.b"));
    assert!(!first.is_empty() && first.len() == second.len());
    assert!(first.iter().zip(&second).all(|(a, b)| Arc::ptr_eq(a, b)), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replacement_takes_its_dependents_with_it_in_the_right_order() {
    let mut bench = Bench::new();
    bench.apply_all(&graph([net("a"), server("x", "a")])).await;
    let wanted = graph([net("a").input("cidr", "10.1.0.0/16"), server("x", "a")]);
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    assert_eq!(
        plan.to_string(),
        "0 -/+ net.a after 2: `cidr` cannot be changed in place\n\
         1 +/- net.a after 0: `cidr` cannot be changed in place\n    \
         cidr: \"10.0.0.0/16\" -> \"10.1.0.0/16\" (forces a new one)\n\
         2 -/+ server.x: `net_id` cannot be changed in place\n\
         3 +/- server.x after 1,2: `net_id` cannot be changed in place\n    \
         net_id: \"id-1\" -> (known after apply: net.a.id) (forces a new one)\n"
    );
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().names(), ["net.a", "server.x"]);
    assert!(bench.plan(&wanted, &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn create_first_holds_for_everything_that_the_replaced_one_needs() {
    let mut bench = Bench::new();
    let first =
        |node: Node| Node { lifecycle: Lifecycle { create_first: true, ..Lifecycle::default() }, ..node };
    bench.apply_all(&graph([net("a"), first(server("x", "a"))])).await;
    let wanted = graph([net("a").input("cidr", "10.1.0.0/16"), first(server("x", "a"))]);
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    let order: Vec<_> = plan
        .steps()
        .iter()
        .map(|step| (format!("{:?} {}", step.action, step.address), step.after.clone()))
        .collect();
    assert_eq!(
        order,
        [
            ("Delete net.a".to_owned(), vec![1, 2]),
            ("Create net.a".to_owned(), vec![]),
            ("Delete server.x".to_owned(), vec![3]),
            ("Create server.x".to_owned(), vec![1]),
        ]
    );
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().names(), ["net.a", "server.x"]);
    assert_eq!(bench.state().deposed().len(), 0);
    assert!(bench.plan(&wanted, &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_update_that_gives_something_up_comes_before_its_deletion() {
    let mut bench = Bench::new();
    let two = |net: &str| {
        Node::new(address("disk.d")).input("label", Reference::new(address(&format!("net.{net}")), "id"))
    };
    bench.apply_all(&graph([net("a"), net("b"), two("a")])).await;
    let plan = bench.plan(&graph([net("b"), two("b")]), &PlanOptions::default()).await;
    assert_eq!(
        plan.to_string(),
        "0 ~ disk.d: changed\n    label: \"id-1\" -> \"id-2\"\n1 - net.a after 0: not wanted any more\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_skips_what_needs_it_and_the_next_run_goes_on() {
    let mut bench = Bench::new();
    let wanted = graph([net("a"), net("b"), server("x", "a"), server("y", "b")]);
    bench.world().fail_next("create net.a", Failure::refused("no room"));
    let summary = bench.apply(&wanted, &PlanOptions::default()).await;
    assert_eq!(summary.failed[0].message, "no room");
    assert_eq!(summary.skipped, [address("server.x")]);
    assert_eq!(bench.world().names(), ["net.b", "server.y"]);
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().names(), ["net.a", "net.b", "server.x", "server.y"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_makes_no_second_object() {
    let mut bench = Bench::new();
    let wanted = graph([net("a"), server("x", "a")]);
    bench.world().lose_next_reply("create net.a");
    bench.world().lose_next_reply("create server.x");
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().names(), ["net.a", "server.x"]);
    assert_eq!(bench.world().count("create net.a"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_leaves_the_operation_open_and_the_next_run_goes_on_waiting() {
    let mut bench = Bench::new();
    let wanted = graph([net("a"), server("x", "a")]);
    bench.world().takes("net", Duration::from_secs(5000));
    let summary = bench.apply(&wanted, &PlanOptions::default()).await;
    assert_eq!(summary.open.len(), 1);
    assert_eq!(summary.skipped, [address("server.x")]);
    assert_eq!(bench.state().open_intents().len(), 1);
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().names(), ["net.a", "server.x"]);
    assert_eq!(bench.world().count("create net.a"), 1, "it was waited for, not created again");
    assert!(bench.plan(&wanted, &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_failed_half_way_is_remembered_and_replaced() {
    let mut bench = Bench::new();
    let wanted = graph([net("a")]);
    bench.world().break_next("net.a");
    let summary = bench.apply(&wanted, &PlanOptions::default()).await;
    assert_eq!(summary.failed.len(), 1);
    assert_eq!(bench.world().names(), ["net.a"], "it is there, and not forgotten");
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    assert_eq!(plan.counts().replace, 1);
    bench.apply_all(&wanted).await;
    assert!(bench.plan(&wanted, &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_came_to_nothing_is_begun_anew_with_another_token_in_the_same_run() {
    let mut bench = Bench::new();
    let wanted = graph([net("a"), server("x", "a")]);
    bench.world().takes("server", Duration::from_secs(60));
    bench.world().comes_to_nothing("server.x", 3);
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().names(), ["net.a", "server.x"]);
    assert_eq!(bench.world().count("create server.x"), 4);
    let tokens: std::collections::BTreeSet<_> = bench.world().tokens().iter().cloned().collect();
    assert_eq!(tokens.len(), 5, "a token of one creation is never used for another one");
    let begun = bench.records().iter().filter(|record| matches!(record, Record::Begin(_))).count();
    assert_eq!(begun, 5, "each has its intent on disk");
    assert!(bench.plan(&wanted, &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_comes_to_nothing_again_and_again_fails_with_the_reason() {
    let mut bench = Bench::new();
    let wanted = graph([net("a"), server("x", "a")]);
    bench.world().comes_to_nothing("server.x", u32::MAX);
    let summary = bench.apply(&wanted, &PlanOptions::default()).await;
    assert_eq!(summary.failed[0].message, "no room here");
    assert_eq!(bench.world().count("create server.x"), 1 + usize::try_from(ANEW_MAX).unwrap());
    assert_eq!(bench.state().open_intents().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_is_waited_for_until_the_time_limit() {
    let mut bench = Bench::new();
    let wanted = graph([net("a")]);
    bench.apply_all(&wanted).await;
    let lingers = || Failure::busy("a VNIC lingers", Duration::from_secs(15));
    bench.world().refuse("delete net.a", 80, lingers());
    bench.apply_all(&graph([])).await;
    assert_eq!(bench.world().names(), Vec::<String>::new());
    assert!(bench.events().iter().any(|event| {
        matches!(event, Event::Waiting { waiting_on: Some(words), .. } if words == "a VNIC lingers")
    }));

    bench.apply_all(&wanted).await;
    bench.world().refuse("delete net.a", u32::MAX, lingers());
    let summary = bench.apply(&graph([]), &PlanOptions::default()).await;
    assert_eq!(summary.failed[0].message, "a VNIC lingers");
    assert_eq!(bench.world().names(), ["net.a"]);
}

#[tokio::test(start_paused = true)]
async fn protection_lives_in_the_state_and_goes_only_when_told() {
    let mut bench = Bench::new();
    let with = |protect| Node { lifecycle: Lifecycle { protect, ..Lifecycle::default() }, ..net("a") };
    bench.apply_all(&graph([with(Some(true))])).await;
    assert!(bench.plan(&graph([with(None)]), &PlanOptions::default()).await.is_empty());
    let plan = bench.plan(&graph([]), &PlanOptions::default()).await;
    assert_eq!(
        plan.problems()[0].message,
        "would be deleted, but it is protected: that needs consent that names it"
    );
    let plan = bench.plan(&graph([with(Some(false))]), &PlanOptions::default()).await;
    assert_eq!(plan.protections(), [(address("net.a"), false)]);
    bench.apply_all(&graph([with(Some(false))])).await;
    bench.apply_all(&graph([])).await;
    assert!(bench.world().names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn protection_outlives_a_replacement_that_was_left_half_way() {
    let protected = |protect, cidr: &str| Node {
        lifecycle: Lifecycle { protect, ..Lifecycle::default() },
        ..net("a").input("cidr", cidr)
    };
    let consent = PlanOptions { consent: [address("net.a")].into(), ..PlanOptions::default() };
    let half_way = async || {
        let mut bench = Bench::new();
        bench.apply_all(&graph([protected(Some(true), "10.0.0.0/16")])).await;
        bench.world().fail_next("create net.a", Failure::refused("no room"));
        let wanted = graph([protected(None, "10.1.0.0/16")]);
        assert!(!bench.apply(&wanted, &consent).await.is_success());
        assert_eq!(
            bench.world().names(),
            Vec::<String>::new(),
            "the old one has gone, and there is no new one"
        );
        (bench, wanted)
    };
    let is_protected = |bench: &Bench| bench.state().entry(&address("net.a")).unwrap().protect;

    let (mut bench, wanted) = half_way().await;
    bench.world().fail_next("create net.a", Failure::refused("no room"));
    assert!(!bench.apply(&wanted, &consent).await.is_success());
    bench.apply_all(&wanted).await;
    assert!(is_protected(&bench), "however many runs it takes");
    assert_eq!(bench.plan(&graph([]), &PlanOptions::default()).await.problems().len(), 1);

    let (mut bench, _) = half_way().await;
    bench.apply_all(&graph([protected(Some(false), "10.1.0.0/16")])).await;
    assert!(!is_protected(&bench), "unless the configuration says that it shall not");

    let (mut bench, wanted) = half_way().await;
    bench.apply_all(&graph([])).await;
    bench.apply_all(&wanted).await;
    assert!(!is_protected(&bench), "what is no longer wanted is no longer protected");
}

#[tokio::test(start_paused = true)]
async fn protection_outlives_an_object_that_has_gone_behind_our_back() {
    let mut bench = Bench::new();
    let with = |protect| Node { lifecycle: Lifecycle { protect, ..Lifecycle::default() }, ..net("a") };
    bench.apply_all(&graph([with(Some(true))])).await;
    bench.world().remove("net.a");
    bench.world().fail_next("create net.a", Failure::refused("no room"));
    assert!(!bench.apply(&graph([with(None)]), &PlanOptions::default()).await.is_success());
    bench.apply_all(&graph([with(None)])).await;
    assert!(bench.state().entry(&address("net.a")).unwrap().protect);
}

#[tokio::test(start_paused = true)]
async fn what_holds_data_needs_consent_or_stays() {
    let mut bench = Bench::new();
    let database = Node::new(address("database.d")).input("net_id", Reference::new(address("net.a"), "id"));
    bench.apply_all(&graph([net("a"), net("b"), database])).await;
    let destroy = PlanOptions { mode: Mode::Destroy, ..PlanOptions::default() };
    assert_eq!(bench.plan(&Graph::empty(), &destroy).await.problems().len(), 1);
    let keep = PlanOptions { keep_protected: true, ..destroy.clone() };
    bench.apply_with(&Graph::empty(), &keep).await;
    assert_eq!(bench.world().names(), ["database.d", "net.a"], "it stays, and what it needs stays with it");
    let consent = PlanOptions { consent: [address("database.d")].into(), ..destroy };
    bench.apply_with(&Graph::empty(), &consent).await;
    assert!(bench.world().names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn drift_is_shown_and_changed_back() {
    let mut bench = Bench::new();
    let wanted = graph([net("a")]);
    bench.apply_all(&wanted).await;
    bench.world().set("net.a", "label", "somebody else's".into());
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    assert_eq!(plan.drift()[0].attributes[0].path.to_string(), "label");
    assert_eq!(plan.steps()[0].changes[0].cause, reconcile::diff::Cause::Drift);
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().get("net.a", "label"), Value::from("a"));
}

#[tokio::test(start_paused = true)]
async fn gone_is_made_again_and_hidden_is_left_alone() {
    let mut bench = Bench::new();
    let wanted = graph([net("a"), net("b")]);
    bench.apply_all(&wanted).await;
    bench.world().remove("net.a");
    bench.world().hide("net.b");
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    assert_eq!(
        plan.to_string(),
        "0 + net.a: has gone behind our back\n\
         … net.b: the service does not show it, it has gone or is forbidden: 404\n"
    );
}

/// A disk that is whole, with a label, and one that is a part of it.
fn whole_and_part(label: impl Into<Expr>) -> [Node; 2] {
    let whole = Node::new(address("disk.whole")).input("label", label);
    let part = Node::new(address("disk.a-part")).input("label", "part").after(address("disk.whole"));
    [whole, part]
}

#[tokio::test(start_paused = true)]
async fn a_part_begins_with_its_whole_and_comes_after_one_that_is_there() {
    let mut bench = Bench::new();
    bench.world().takes("disk", Duration::from_secs(60));
    bench.apply_all(&graph(whole_and_part("whole"))).await;
    let order: Vec<String> = bench
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Started { address, .. } => Some(format!("started {address}")),
            Event::Finished { address, .. } => Some(format!("finished {address}")),
            _ => None,
        })
        .collect();
    assert_eq!(order[..2], ["started disk.whole", "started disk.a-part"], "{order:?}");
    let begins = |record: &&Record| matches!(record, Record::Begin(_));
    assert_eq!(
        bench.records().iter().take_while(begins).count(),
        2,
        "both are on disk before either is sent"
    );

    bench.forget("disk.a-part");
    bench.world().remove("disk.a-part");
    bench.apply_all(&graph(whole_and_part("whole"))).await;
    assert_eq!(bench.world().get("disk.a-part", "label"), Value::from("part"));
}

#[tokio::test(start_paused = true)]
async fn a_part_whose_whole_cannot_even_begin_is_not_made_alone() {
    let mut bench = Bench::new();
    let about = Expr::Template(vec![
        TemplatePart::Reference(Reference::new(address("net.a"), "id")),
        TemplatePart::Text(" is refused".into()),
    ]);
    let [whole, part] = whole_and_part(Reference::new(address("data.facts.f"), "fact"));
    let wanted = graph([net("a"), Node::new(address("data.facts.f")).input("about", about), whole, part]);
    let summary = bench.apply(&wanted, &PlanOptions::default()).await;
    let failed: Vec<&str> = summary.failed.iter().map(|end| end.address.as_str()).collect();
    assert_eq!(failed, ["disk.whole", "disk.a-part"], "{summary:?}");
    assert_eq!(bench.world().count("create disk"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_service_does_not_show_has_gone_if_its_whole_has() {
    let net_id = |name: &str| Expr::Reference(Reference::new(address(&format!("net.{name}")), "id"));
    let label = Expr::Reference(Reference::new(address("net.told"), "label"));
    let wanted = graph([
        net("a"),
        net("b"),
        Node::new(address("net.told")).input("cidr", "10.1.0.0/16").input("label", "a place"),
        Node::new(address("server.a")).input("net_id", net_id("a")),
        Node::new(address("server.b")).input("net_id", net_id("b")),
        Node::new(address("disk.a")).input("label", label),
        Node::new(address("disk.b")).input("label", "a place"),
    ]);
    let mut bench = Bench::new();
    bench.apply_all(&wanted).await;
    for hidden in ["server.a", "server.b", "disk.a", "disk.b"] {
        bench.world().hide(hidden);
    }
    let gone = |plan: &reconcile::plan::Plan| -> Vec<String> {
        plan.drift().iter().filter(|drift| drift.gone).map(|drift| drift.address.to_string()).collect()
    };
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    assert!(plan.is_empty() && gone(&plan).is_empty() && plan.deferred().len() == 4, "{plan}");
    bench.world().remove("net.a");
    bench.world().remove("net.told");
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    // `disk.b` names the same place, and does not refer to what told it.
    assert_eq!(gone(&plan), ["disk.a", "net.a", "net.told", "server.a"]);
    let left: Vec<String> = plan.deferred().iter().map(|left| left.address.to_string()).collect();
    assert_eq!(left, ["disk.b", "server.b"]);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_in_no_record_and_its_change_is_seen() {
    let mut bench = Bench::new();
    let with =
        |password: &str| Node::new(address("account.a")).input("password", password).input("label", "x");
    bench.apply_all(&graph([with("canary-1")])).await;
    assert!(bench.plan(&graph([with("canary-1")]), &PlanOptions::default()).await.is_empty());
    let plan = bench.plan(&graph([with("canary-2")]), &PlanOptions::default()).await;
    assert_eq!(plan.to_string(), "0 ~ account.a: changed\n    password: <secret> -> <secret>\n");
    bench.apply_all(&graph([with("canary-2")])).await;
    assert_eq!(bench.world().get("account.a", "password"), Value::from("canary-2"));
    let saved = reconcile::plan::SavedPlan::new(plan, bench.state(), bench.key());
    let written = format!("{:?}{}", bench.records(), saved.to_json());
    assert!(!written.contains("canary"), "{written}");
}

/// Looking does not tell whether it was carried out.
#[tokio::test(start_paused = true)]
async fn what_is_never_told_inside_an_object_is_asked_for_again_when_its_request_was_lost() {
    let mut bench = Bench::new();
    let with = |hint: &str| {
        let profile = Value::map([("name", Value::from("n")), ("hint", Value::from(hint))]);
        graph([Node::new(address("account.a")).input("password", "p").input("profile", profile)])
    };
    bench.apply_all(&with("one")).await;
    bench.world().refuse("update account.a", 50, Failure::unclear("the line was cut"));
    let summary = bench.apply(&with("two"), &PlanOptions::default()).await;
    assert!(!summary.is_success(), "{summary:?}");
    bench.world().refuse("update account.a", 0, Failure::unclear("the line was cut"));
    bench.apply_all(&with("two")).await;
    let profile = bench.world().get("account.a", "profile");
    assert_eq!(profile.as_map().unwrap().get("hint"), Some(&Value::from("two")));
    assert!(bench.plan(&with("two"), &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rolling_group_goes_one_at_a_time_and_stops_at_the_first_that_stays_ill() {
    let members = |label: &str| {
        let mut builder = GraphBuilder::default();
        builder.rolling_group("web", 1);
        for unit in ["1", "2", "3"] {
            let node = Node::new(address(&format!("server.w{unit}"))).input("label", label);
            builder.add(node.rolling("web", unit));
        }
        builder.build().unwrap()
    };
    let mut bench = Bench::new();
    bench.apply_all(&members("a")).await;
    bench.apply_all(&members("b")).await;
    let of_servers = |event: &Event| match event {
        Event::Started { address, .. } => Some(format!("start {address}")),
        Event::Finished { address, .. } => Some(format!("end {address}")),
        _ => None,
    };
    let order: Vec<String> = bench.events().iter().filter_map(of_servers).collect();
    let last: Vec<&str> = order.iter().rev().take(12).rev().map(String::as_str).collect();
    let one = |name: &'static str| {
        [format!("start {name}"), format!("end {name}"), format!("start {name}"), format!("end {name}")]
    };
    let expected: Vec<String> = ["server.w1", "server.w2", "server.w3"].into_iter().flat_map(one).collect();
    assert_eq!(last, expected);

    bench.world().feels("server.w1", Health::Unhealthy("does not answer".into()));
    let summary = bench.apply(&members("c"), &PlanOptions::default()).await;
    assert_eq!(summary.failed[0].message, "is not healthy: does not answer");
    assert_eq!(bench.world().get("server.w2", "label"), Value::from("b"), "the others stay in");
}

#[tokio::test(start_paused = true)]
async fn a_unit_is_seen_healthy_also_when_the_member_that_tells_it_stays_as_it_is() {
    let units = |label: &str| {
        let mut builder = GraphBuilder::default();
        builder.rolling_group("web", 1);
        for unit in ["1", "2"] {
            builder
                .add(Node::new(address(&format!("server.w{unit}"))).input("label", "a").rolling("web", unit));
            let disk = Node::new(address(&format!("disk.w{unit}"))).input("label", label);
            builder.add(disk.rolling("web", unit));
        }
        builder.build().unwrap()
    };
    let mut bench = Bench::new();
    bench.apply_all(&units("a")).await;
    let plan = bench.plan(&units("b"), &PlanOptions::default()).await;
    let steps: Vec<String> =
        plan.steps().iter().map(|step| format!("{:?} {}", step.action, step.address)).collect();
    assert_eq!(steps, ["Update disk.w1", "Update disk.w2", "Check server.w1", "Check server.w2"]);

    bench.world().feels("server.w1", Health::Unhealthy("does not answer".into()));
    let summary = bench.apply(&units("b"), &PlanOptions::default()).await;
    assert_eq!(summary.failed[0].message, "is not healthy: does not answer");
    assert_eq!(bench.world().get("disk.w1", "label"), Value::from("b"));
    assert_eq!(bench.world().get("disk.w2", "label"), Value::from("a"), "the other one stays in");
    bench.world().feels("server.w1", Health::Healthy);
    bench.apply_all(&units("b")).await;
    assert!(bench.plan(&units("b"), &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn two_partial_runs_are_one_full_run() {
    let wanted = graph([net("a"), net("b"), server("x", "a"), server("y", "b")]);
    let mut bench = Bench::new();
    let only = PlanOptions { only: vec!["server.x".parse().unwrap()], ..PlanOptions::default() };
    let plan = bench.plan(&wanted, &only).await;
    assert_eq!(
        plan.to_string(),
        "0 + net.a: wanted and not there\n1 + server.x after 0: wanted and not there\n\
         … net.b: not selected\n… server.y: not selected\n"
    );
    bench.apply_with(&wanted, &only).await;
    assert_eq!(bench.world().names(), ["net.a", "server.x"]);
    let rest = PlanOptions { exclude: vec!["server.x".parse().unwrap()], ..PlanOptions::default() };
    bench.apply_with(&wanted, &rest).await;
    assert!(bench.plan(&wanted, &PlanOptions::default()).await.is_empty());
    let without = PlanOptions { exclude: vec!["net.*".parse().unwrap()], ..PlanOptions::default() };
    let plan = Bench::new().plan(&wanted, &without).await;
    assert_eq!(plan.steps().len(), 0);
    assert_eq!(plan.deferred()[2].why.to_string(), "comes after `net.a`, which is left out");
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_can_be_changed_back() {
    let mut bench = Bench::new();
    let before = graph([net("a"), server("x", "a"), server("y", "a")]);
    bench.apply_all(&before).await;
    let names = bench.world().names();
    let wanted = graph([net("a").input("label", "new"), net("b"), server("x", "b"), server("z", "b")]);
    bench.world().fail_next("create server.z", Failure::refused("no room"));
    bench.undoable();
    assert!(!bench.apply(&wanted, &PlanOptions::default()).await.is_success());
    assert_ne!(bench.world().names(), names);
    bench.rollback(&wanted).await;
    assert_eq!(bench.world().names(), names);
    assert_eq!(bench.world().get("net.a", "label"), Value::from("a"));
    assert!(bench.plan(&before, &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_first_cancel_lets_running_steps_end_and_the_second_leaves_at_once() {
    let wanted = graph([net("a"), server("x", "a")]);
    let mut bench = Bench::new();
    bench.world().takes("net", Duration::from_secs(60));
    bench.cancel_after(Duration::from_secs(10), 1);
    let summary = bench.apply(&wanted, &PlanOptions::default()).await;
    assert!(summary.cancelled && summary.done == 1);
    assert_eq!(summary.never_started, [address("server.x")]);
    assert_eq!(bench.state().open_intents().len(), 0);

    let mut bench = Bench::new();
    bench.world().takes("net", Duration::from_secs(60));
    bench.cancel_after(Duration::from_secs(10), 2);
    let summary = bench.apply(&wanted, &PlanOptions::default()).await;
    assert!(summary.cancelled && summary.done == 0);
    assert_eq!(bench.state().open_intents().len(), 1, "the journal tells what is under way");
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().count("create net.a"), 1);
}

/// The net `a` is made, after `seconds` the run is cancelled, and another run goes on. How the cancelled one ended.
async fn cancelled_and_gone_on(bench: &mut Bench, wanted: &Graph, seconds: u64) -> Summary {
    bench.cancel_after(Duration::from_secs(seconds), 1);
    let summary = bench.apply(wanted, &PlanOptions::default()).await;
    assert!(summary.cancelled && !summary.is_success(), "{summary:?}");
    let told = bench.events().iter().filter(|event| matches!(event, Event::Withheld { .. })).count();
    assert_eq!(told, summary.withheld.len());
    let left_open = bench.state().open_intents().len();
    assert_eq!(left_open, summary.open.len(), "the journal tells what may have been done: {summary:?}");
    bench.apply_with(wanted, &PlanOptions::default()).await;
    summary
}

#[tokio::test(start_paused = true)]
async fn after_a_cancel_a_deletion_that_is_refused_for_now_is_not_asked_for_again() {
    let mut bench = Bench::new();
    bench.apply_all(&graph([net("a"), server("x", "a")])).await;
    let lingers = || Failure::busy("a VNIC lingers", Duration::from_secs(15));
    bench.world().refuse("delete net.a", 3, lingers());
    let summary = cancelled_and_gone_on(&mut bench, &graph([]), 40).await;
    let [withheld] = &summary.withheld[..] else { panic!("{summary:?}") };
    assert_eq!(withheld.message, "the run stops, so it is not asked for again: a VNIC lingers");
    assert_eq!(bench.world().count("delete net.a"), 3 + 1, "three until the cancel, one by the next run");
    assert_eq!(bench.world().names(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn after_a_cancel_a_creation_is_not_asked_for_again_whatever_became_of_it() {
    let wanted = graph([net("a"), server("x", "a")]);
    let net_is_withheld = |summary: &Summary| {
        assert_eq!(summary.withheld.len(), 1, "{summary:?}");
        assert_eq!(summary.never_started, [address("server.x")]);
    };

    let mut bench = Bench::new();
    bench.world().refuse("create net.a", 2, Failure::busy("later", Duration::from_secs(15)));
    net_is_withheld(&cancelled_and_gone_on(&mut bench, &wanted, 20).await);
    assert_eq!(bench.world().count("create net.a"), 2 + 1);

    // Nothing is known of it, so it is left open.
    let mut bench = Bench::new();
    bench.world().lose_next_reply("create net.a");
    let summary = cancelled_and_gone_on(&mut bench, &wanted, 1).await;
    assert_eq!((summary.withheld.len(), summary.open.len()), (0, 1), "{summary:?}");
    assert_eq!(bench.world().names(), ["net.a", "server.x"]);

    // It came to nothing, and would be begun anew.
    let mut bench = Bench::new();
    bench.world().takes("net", Duration::from_secs(60));
    bench.world().comes_to_nothing("net.a", 1);
    net_is_withheld(&cancelled_and_gone_on(&mut bench, &wanted, 64).await);
    assert_eq!(bench.world().count("create net.a"), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_cancel_a_change_that_is_refused_for_now_may_be_half_done_and_is_looked_at_by_the_next_run() {
    let mut bench = Bench::new();
    bench.apply_all(&graph([net("a")])).await;
    bench.world().refuse("update net.a", 2, Failure::busy("later", Duration::from_secs(15)));
    let changed = graph([net("a").input("label", "b")]);
    let summary = cancelled_and_gone_on(&mut bench, &changed, 20).await;
    assert_eq!((summary.withheld.len(), summary.open.len()), (0, 1), "{summary:?}");
    assert_eq!(bench.world().count("update net.a"), 2 + 1);
    assert_eq!(bench.world().get("net.a", "label"), Value::from("b"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_cancelled_before_it_began_settles_by_looking_only() {
    let mut bench = Bench::new();
    let wanted = graph([net("a")]);
    bench.world().fail_next("create net.a", Failure::unclear("the line was cut"));
    bench.cancel_after(Duration::from_millis(500), 1);
    assert_eq!(bench.apply(&wanted, &PlanOptions::default()).await.open.len(), 1);
    // The first run would send it again; a cancelled one may not.
    let settled = bench.settle_cancelled(&wanted).await;
    assert_eq!((settled.open.len(), bench.world().count("create net.a")), (1, 1), "{settled:?}");
    bench.apply_with(&wanted, &PlanOptions::default()).await;
    assert_eq!(bench.world().names(), ["net.a"]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_out_as_planned_is_an_error_and_not_a_silent_plan() {
    let mut bench = Bench::new();
    bench.world().ignore_input("net.a", "label");
    let summary = bench.apply(&graph([net("a")]), &PlanOptions::default()).await;
    assert_eq!(
        summary.failed[0].message,
        "did not come out as planned: `label` (planned \"a\", came out as null)"
    );
    let plan = bench.plan(&graph([net("a")]), &PlanOptions::default()).await;
    assert_eq!(plan.counts().update, 1, "it is asked for again");
}

#[tokio::test(start_paused = true)]
async fn data_sources_are_read_when_their_inputs_are_known() {
    let wanted = |label: &str| {
        let text = Expr::Template(vec![
            TemplatePart::Text("of ".into()),
            TemplatePart::Reference(Reference::new(address("net.a"), "id")),
        ]);
        graph([
            net("a").input("label", label),
            Node::new(address("data.facts.f")).input("about", text),
            Node::new(address("disk.d")).input("label", Reference::new(address("data.facts.f"), "fact")),
        ])
    };
    let mut bench = Bench::new();
    let plan = bench.plan(&wanted("a"), &PlanOptions::default()).await;
    assert_eq!(plan.steps()[0].action, reconcile::plan::Action::Read);
    bench.apply_all(&wanted("a")).await;
    assert_eq!(bench.world().get("disk.d", "label"), Value::from("fact of id-1"));
    assert!(bench.plan(&wanted("a"), &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_existing_object_is_taken_over_and_brought_into_line() {
    let mut bench = Bench::new();
    bench.apply_all(&graph([net("a")])).await;
    let id = bench.world().get("net.a", "id");
    bench.forget("net.a");
    let adopting = Node { adopt: Some(id.as_str().unwrap().into()), ..net("b").input("label", "mine") };
    let wanted = graph([adopting]);
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    assert_eq!(
        plan.to_string(),
        "0 ~ net.b: changed\n    label: \"a\" -> \"mine\"\n= net.b: taken over as id-1\n"
    );
    bench.apply_all(&wanted).await;
    assert_eq!(bench.world().get("net.a", "label"), Value::from("mine"));
    assert!(bench.plan(&wanted, &PlanOptions::default()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_saved_plan_is_refused_when_the_state_has_moved_and_says_what() {
    let mut bench = Bench::new();
    bench.apply_all(&graph([net("a"), net("b")])).await;
    let wanted = graph([net("a").input("label", "new"), net("b")]);
    let plan = bench.plan(&wanted, &PlanOptions::default()).await;
    let saved = reconcile::plan::SavedPlan::new(plan.clone(), bench.state(), bench.key());
    let read = reconcile::plan::SavedPlan::from_json(&saved.to_json()).unwrap();
    assert_eq!(read, saved);
    assert_eq!(read.clone().for_state(bench.state(), bench.key()).unwrap(), plan);
    bench.apply_all(&graph([net("a").input("label", "other"), net("b")])).await;
    let stale = read.for_state(bench.state(), bench.key()).unwrap_err();
    assert!(stale.to_string().ends_with("changed: `net.a`"), "{stale}");
}

#[tokio::test(start_paused = true)]
async fn what_is_ignored_stays_until_the_object_is_made_anew() {
    let mut bench = Bench::new();
    let ignoring = |label: &str| {
        let ignore_changes = vec!["label".parse().unwrap()];
        Node {
            lifecycle: Lifecycle { ignore_changes, ..Lifecycle::default() },
            ..net("a").input("label", label)
        }
    };
    bench.apply_all(&graph([ignoring("old")])).await;
    assert!(bench.plan(&graph([ignoring("new")]), &PlanOptions::default()).await.is_empty());
    bench.apply_all(&graph([ignoring("new").input("cidr", "10.1.0.0/16")])).await;
    assert_eq!(bench.world().get("net.a", "label"), Value::from("new"));
}

#[tokio::test(start_paused = true)]
async fn a_rule_replaces_a_resource_when_another_changes() {
    let mut bench = Bench::new();
    let follower = || Node {
        lifecycle: Lifecycle {
            replace_when: vec![Reference::new(address("net.a"), "label")],
            ..Lifecycle::default()
        },
        ..net("b")
    };
    bench.apply_all(&graph([net("a"), follower()])).await;
    let plan =
        bench.plan(&graph([net("a").input("label", "new"), follower()]), &PlanOptions::default()).await;
    assert_eq!(plan.steps()[1].reason.to_string(), "replaced because `net.a.label` changes");
    assert_eq!((plan.counts().update, plan.counts().replace), (1, 1));
}
