//! What holds for any graph, any value and any plan.

use std::time::Duration;

use crate::toy::{Bench, address};
use proptest::prelude::*;
use reconcile::graph::{Graph, GraphBuilder, GraphError, Node};
use reconcile::plan::{PlanOptions, SavedPlan};
use reconcile::schedule::{Limits, Outcome, Schedule, Task, UnitId};
use reconcile::value::{AttributePath, Digest, Number, Reference, Segment, Value};
use reconcile::{Address, InstanceKey};

/// For each node those of the earlier ones that it needs.
fn acyclic(nodes_max: usize) -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..nodes_max).prop_map(
        |picks| {
            picks
                .into_iter()
                .enumerate()
                .map(|(at, picks)| {
                    let mut needs: Vec<usize> =
                        if at == 0 { Vec::new() } else { picks.iter().map(|pick| pick.index(at)).collect() };
                    needs.sort_unstable();
                    needs.dedup();
                    needs
                })
                .collect()
        },
    )
}

fn node(at: usize, needs: &[usize]) -> Node {
    let start = Node::new(address(&format!("net.n{at}"))).input("cidr", "c");
    needs.iter().fold(start, |node, other| node.after(address(&format!("net.n{other}"))))
}

fn build(needs: &[Vec<usize>]) -> Result<Graph, Vec<GraphError>> {
    let mut builder = GraphBuilder::default();
    needs.iter().enumerate().for_each(|(at, needs)| builder.add(node(at, needs)));
    builder.build()
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(|number| Value::Number(number.into())),
        any::<f64>().prop_filter_map("finite", |number| Number::from_f64(number).map(Value::Number)),
        ".*".prop_map(Value::from),
        any::<[u8; 32]>().prop_map(|bytes| Value::Redacted(Digest(bytes).into())),
        paths().prop_map(|path| Value::unknown(address("t.a[\"x\"]"), path)),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[$a-c]{0,3}", inner), 0..5).prop_map(Value::map),
        ]
    })
}

fn paths() -> impl Strategy<Value = AttributePath> {
    let segment = prop_oneof![
        ".*".prop_map(|name| Segment::Name(name.into())),
        any::<usize>().prop_map(Segment::Index)
    ];
    prop::collection::vec(segment, 0..5).prop_map(AttributePath::from)
}

proptest! {
    #[test]
    fn an_acyclic_graph_is_ordered_and_schedules_completely(
        needs in acyclic(60),
        workers in 1_usize..9,
        lanes in prop::collection::vec(prop::option::of(0..3_u8), 60),
        kinds in prop::collection::vec(0..3_u8, 60),
        failing in prop::collection::vec(prop::bool::weighted(0.1), 60),
    ) {
        let graph = build(&needs).unwrap();
        let order: Vec<&Address> = graph.ordered().map(|node| &node.address).collect();
        for (place, found) in order.iter().enumerate() {
            for needed in graph.dependencies(found) {
                prop_assert!(order[..place].contains(&needed));
            }
        }
        let task = |(at, needs): (usize, &Vec<usize>)| Task {
            after: needs.iter().map(|needed| u32::try_from(*needed).unwrap()).collect(),
            expected: Duration::from_secs(1 + u64::try_from(at % 7).unwrap()),
            kind: Some(format!("k{}", kinds[at]).into()),
            batch: None,
            with: None,
            lane: lanes[at].map(|lane| format!("l{lane}").into()),
            unit: None,
        };
        let tasks: Vec<Task> = needs.iter().enumerate().map(task).collect();
        let limits = Limits { kinds: [("k0".into(), 2)].into(), ..Limits::default() };
        let mut schedule = Schedule::new(&tasks, &limits).unwrap();
        let (mut running, mut ended, mut skipped): (Vec<u32>, Vec<u32>, Vec<u32>) = Default::default();
        while !schedule.is_done() {
            running.extend(schedule.take_ready(workers));
            prop_assert!(!running.is_empty() && running.len() <= workers);
            let lane = |task: &u32| tasks[*task as usize].lane.clone();
            let mut taken: Vec<_> = running.iter().filter_map(lane).collect();
            taken.sort();
            prop_assert!(taken.windows(2).all(|pair| pair[0] != pair[1]), "lanes overlap");
            let limited = running.iter().filter(|task| tasks[**task as usize].kind.as_deref() == Some("k0")).count();
            prop_assert!(limited <= 2);
            for task in &running {
                prop_assert!(tasks[*task as usize].after.iter().all(|before| ended.contains(before)));
            }
            let task = running.remove(0);
            if failing[task as usize] {
                skipped.extend(schedule.finish(task, Outcome::Failed).iter().map(|skipped| skipped.task));
                skipped.push(task);
            } else {
                prop_assert!(schedule.finish(task, Outcome::Done).is_empty());
                ended.push(task);
            }
        }
        prop_assert_eq!(ended.len() + skipped.len(), tasks.len());
    }

    #[test]
    fn rolling_units_never_overlap_beyond_their_limit_and_all_come_back(
        units in 1_u32..8,
        steps in 1_u32..4,
        out_max in 1_usize..4,
        workers in 1_usize..9,
    ) {
        let task = |at: u32| Task {
            after: if at.is_multiple_of(steps) { Vec::new() } else { vec![at - 1] },
            unit: Some(UnitId { group: 0, unit: at / steps }),
            ..Task::default()
        };
        let tasks: Vec<Task> = (0..units * steps).map(task).collect();
        let limits = Limits { groups: vec![out_max], ..Limits::default() };
        let mut schedule = Schedule::new(&tasks, &limits).unwrap();
        let (mut running, mut begun, mut done): (Vec<u32>, Vec<u32>, Vec<u32>) = Default::default();
        while !schedule.is_done() {
            let ready = schedule.take_ready(workers);
            begun.extend(ready.iter().map(|task| task / steps));
            running.extend(ready);
            begun.sort_unstable();
            begun.dedup();
            let back = |unit: &&u32| done.iter().filter(|task| **task / steps == **unit).count() as u32 == steps;
            prop_assert!(begun.len() - begun.iter().filter(back).count() <= out_max);
            let task = running.remove(0);
            schedule.finish(task, Outcome::Done);
            done.push(task);
        }
        prop_assert_eq!(done.len(), tasks.len());
    }

    #[test]
    fn a_cyclic_graph_names_a_whole_cycle(needs in acyclic(40), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        // An edge from an earlier to a later node closes a cycle if the later one needs the earlier one, or both are one.
        let mut needs = needs;
        let (from, to) = (from.index(needs.len()), to.index(needs.len()));
        let (early, late) = (from.min(to), from.max(to));
        if early != late && !needs[late].contains(&early) {
            needs[late].push(early);
        }
        needs[early].push(late);
        let errors = build(&needs).unwrap_err();
        prop_assert!(!errors.is_empty());
        for error in errors {
            let GraphError::Cycle(cycle) = error else { panic!("{error}") };
            for (place, found) in cycle.iter().enumerate() {
                let next = &cycle[(place + 1) % cycle.len()];
                let at = |address: &Address| address.name()[1..].parse::<usize>().unwrap();
                prop_assert!(needs[at(found)].contains(&at(next)), "{found} does not need {next}");
            }
        }
    }

    #[test]
    fn addresses_print_and_parse(name in ".*", index in any::<u64>()) {
        let group = address("t.n");
        for key in [InstanceKey::Name(name), InstanceKey::Index(index)] {
            let written = group.instance(&key);
            let read: Address = written.as_str().parse().unwrap();
            prop_assert_eq!(read.key(), Some(key));
            prop_assert_eq!(read, written);
        }
    }

    #[test]
    fn any_text_is_an_address_that_prints_as_it_was_or_none(text in "[a-c\\[\\]\".\\\\0-9]{0,12}") {
        if let Ok(read) = text.parse::<Address>() {
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn paths_print_and_parse(path in paths()) {
        prop_assert_eq!(path.to_string().parse::<AttributePath>().unwrap(), path);
    }

    #[test]
    fn values_survive_json(value in values()) {
        let text = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_secret_in_clear_is_never_written(value in values()) {
        prop_assert!(serde_json::to_string(&Value::list([Value::sensitive(value)])).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn saved_plans_survive_json_and_two_partial_runs_are_a_full_one(
        needs in acyclic(12),
        changed in prop::collection::vec(0..4_u8, 12),
        chosen in any::<prop::sample::Index>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let before = build(&needs).unwrap();
            // Some nodes change in place, some are replaced, some go (unless something needs them).
            let mut builder = GraphBuilder::default();
            for (at, needed) in needs.iter().enumerate() {
                let is_needed = needs.iter().any(|other| other.contains(&at));
                match changed[at] {
                    1 => builder.add(node(at, needed).input("label", "new")),
                    2 => builder.add(node(at, needed).input("cidr", "new").input(
                        "label",
                        needed.first().map_or_else(|| "x".into(), |other| {
                            reconcile::value::Expr::from(Reference::new(address(&format!("net.n{other}")), "id"))
                        }),
                    )),
                    3 if !is_needed => {}
                    _ => builder.add(node(at, needed)),
                }
            }
            let wanted = builder.build().unwrap();
            let mut full = Bench::new();
            full.apply_all(&before).await;
            let plan = full.plan(&wanted, &PlanOptions::default()).await;
            let saved = SavedPlan::new(plan.clone(), full.state(), full.key());
            assert_eq!(SavedPlan::from_json(&saved.to_json()).unwrap(), saved);
            full.apply_all(&wanted).await;

            let mut parts = Bench::new();
            parts.apply_all(&before).await;
            let name = format!("net.n{}", chosen.index(needs.len()));
            let only = PlanOptions { only: vec![name.parse().unwrap()], ..PlanOptions::default() };
            parts.apply_with(&wanted, &only).await;
            parts.apply_all(&wanted).await;
            assert!(parts.plan(&wanted, &PlanOptions::default()).await.is_empty());
            assert_eq!(parts.world().names(), full.world().names());
            let mut excluded = Bench::new();
            excluded.apply_all(&before).await;
            let exclude = PlanOptions { exclude: vec![name.parse().unwrap()], ..PlanOptions::default() };
            excluded.apply_with(&wanted, &exclude).await;
            excluded.apply_all(&wanted).await;
            assert!(excluded.plan(&wanted, &PlanOptions::default()).await.is_empty());
            assert_eq!(excluded.world().names(), full.world().names());
        });
    }
}
