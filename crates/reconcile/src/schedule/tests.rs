use super::*;

fn task(after: &[u32], seconds: u64) -> Task {
    Task { after: after.to_vec(), expected: Duration::from_secs(seconds), ..Task::default() }
}

fn schedule(tasks: &[Task]) -> Schedule {
    Schedule::new(tasks, &Limits::default()).unwrap()
}

#[test]
fn the_longest_remaining_path_goes_first() {
    let mut schedule = schedule(&[task(&[], 5), task(&[], 1), task(&[1], 9), task(&[], 7)]);
    assert_eq!(schedule.take_ready(2), [1, 3]);
    assert!(schedule.take_ready(2).is_empty());
    schedule.finish(1, Outcome::Done);
    assert_eq!(schedule.take_ready(2), [2]);
    assert_eq!(schedule.critical_path(), Duration::from_secs(10));
}

#[test]
fn a_failure_skips_what_needs_it_and_nothing_else() {
    let mut schedule = schedule(&[task(&[], 1), task(&[0], 1), task(&[1], 1), task(&[], 1)]);
    assert_eq!(schedule.take_ready(9), [0, 3]);
    let skipped = schedule.finish(0, Outcome::Failed);
    assert_eq!(skipped, [Skipped { task: 1, because: 0 }, Skipped { task: 2, because: 0 }]);
    assert!(!schedule.is_done());
    schedule.finish(3, Outcome::Done);
    assert!(schedule.is_done());
}

#[test]
fn a_lane_lets_one_through_at_a_time_and_a_kind_its_limit() {
    let lane = |at: &str| Task { lane: Some(at.into()), ..task(&[], 1) };
    let mut lanes = schedule(&[lane("a"), lane("a"), lane("b")]);
    assert_eq!(lanes.take_ready(9), [0, 2]);
    lanes.finish(0, Outcome::Failed);
    assert_eq!(lanes.take_ready(9), [1]);

    let kinds = vec![Task { kind: Some("k".into()), ..task(&[], 1) }; 5];
    let limits = Limits { kinds: [("k".into(), 2)].into(), ..Limits::default() };
    let mut schedule = Schedule::new(&kinds, &limits).unwrap();
    assert_eq!(schedule.take_ready(9), [0, 1]);
    schedule.finish(1, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [2]);
}

#[test]
fn those_of_a_batch_begin_together_and_whoever_comes_later_waits() {
    let lane = |batch: Option<&str>, after: &[u32]| Task {
        lane: Some("a".into()),
        batch: batch.map(Into::into),
        ..task(after, 1)
    };
    let (x, y) = (Some("x"), Some("y"));
    let other = task(&[], 1);
    let mut schedule =
        schedule(&[lane(None, &[]), lane(x, &[]), lane(y, &[]), lane(x, &[]), lane(x, &[5]), other]);
    assert_eq!(schedule.take_ready(9), [5, 0]);
    assert!(schedule.take_ready(9).is_empty());
    schedule.finish(0, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [1, 3]);
    schedule.finish(5, Outcome::Done);
    assert!(schedule.take_ready(9).is_empty(), "4 is of the batch, and begins too late");
    schedule.finish(3, Outcome::Done);
    assert!(schedule.take_ready(9).is_empty());
    schedule.finish(1, Outcome::Failed);
    assert_eq!(schedule.take_ready(9), [2]);
    schedule.finish(2, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [4]);
    schedule.finish(4, Outcome::Done);
    assert!(schedule.is_done());
}

/// A task of lane `a` and batch `x` that may begin with the first of those it waits for.
fn joining(after: &[u32]) -> Task {
    let with = after.first().copied();
    Task { lane: Some("a".into()), batch: Some("x".into()), with, ..task(after, 1) }
}

#[test]
fn what_waits_for_one_of_its_batch_only_begins_with_it() {
    let tasks = [joining(&[]), joining(&[0]), joining(&[0, 4]), joining(&[0]), task(&[], 9), task(&[1], 1)];
    let mut schedule = schedule(&tasks);
    assert_eq!(schedule.take_ready(9), [4, 0, 1, 3], "2 waits for something else as well");
    schedule.finish(4, Outcome::Done);
    schedule.finish(1, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [5], "2 comes too late");
    schedule.finish(0, Outcome::Done);
    assert!(schedule.take_ready(9).is_empty());
    schedule.finish(3, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [2]);
    schedule.finish(5, Outcome::Done);
    schedule.finish(2, Outcome::Done);
    assert!(schedule.is_done());
}

#[test]
fn who_finds_no_place_beside_what_it_waits_for_begins_after_it_or_not_at_all() {
    for outcome in [Outcome::Done, Outcome::Failed] {
        let mut schedule = schedule(&[joining(&[]), joining(&[0]), joining(&[0])]);
        assert_eq!(schedule.take_ready(2), [0, 1]);
        schedule.finish(1, Outcome::Done);
        assert!(schedule.take_ready(2).is_empty(), "the moment is over");
        let skipped = schedule.finish(0, outcome);
        if outcome == Outcome::Done {
            assert_eq!(schedule.take_ready(2), [2]);
            schedule.finish(2, Outcome::Done);
        } else {
            assert_eq!(skipped, [Skipped { task: 2, because: 0 }]);
        }
        assert!(schedule.is_done());
    }
}

#[test]
fn only_what_is_of_one_lane_and_batch_begins_with_what_it_waits_for() {
    let strangers = [
        Task { lane: Some("b".into()), ..joining(&[0]) },
        Task { batch: Some("y".into()), ..joining(&[0]) },
        Task { batch: None, ..joining(&[0]) },
        Task { with: None, ..joining(&[0]) },
        Task { unit: Some(UnitId { group: 0, unit: 0 }), ..joining(&[0]) },
    ];
    for stranger in strangers {
        let mut schedule = schedule(&[joining(&[]), stranger.clone()]);
        assert_eq!(schedule.take_ready(9), [0], "{stranger:?}");
        schedule.finish(0, Outcome::Done);
        assert_eq!(schedule.take_ready(9), [1], "{stranger:?}");
    }
}

/// Whatever ends when: a lane holds one task, or tasks of one batch that were taken at one moment; and all run in the end.
#[test]
fn lanes_with_batches_never_overlap_and_nothing_is_forgotten() {
    use rand::{RngExt, SeedableRng};
    let mut begun_together = 0;
    for seed in 0..2000_u64 {
        let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(seed);
        let count = random.random_range(1..30_u32);
        let tasks: Vec<Task> = (0..count)
            .map(|at| {
                let after = (0..at).filter(|_| random.random_bool(0.05)).collect::<Vec<_>>();
                Task {
                    lane: random.random_bool(0.8).then(|| random.random_range(0..3_u32).to_string().into()),
                    batch: random.random_bool(0.6).then(|| random.random_range(0..2_u32).to_string().into()),
                    kind: random.random_bool(0.3).then(|| "k".into()),
                    with: after.first().copied().filter(|_| random.random_bool(0.7)),
                    ..task(&after, 1)
                }
            })
            .collect();
        let limits = Limits { kinds: [("k".into(), 2)].into(), ..Limits::default() };
        let mut schedule = Schedule::new(&tasks, &limits).unwrap();
        let (mut running, mut moment, mut ended) = (Vec::<(u32, u32)>::new(), 0, Vec::new());
        let limit = random.random_range(1..8_usize);
        while !schedule.is_done() {
            moment += 1;
            running.extend(schedule.take_ready(limit).into_iter().map(|task| (task, moment)));
            assert!(running.len() <= limit && !running.is_empty(), "seed {seed}");
            for (a, at_a) in &running {
                for (b, at_b) in running.iter().filter(|(b, _)| a < b) {
                    let (a, b) = (&tasks[*a as usize], &tasks[*b as usize]);
                    let together = a.batch.is_some() && a.batch == b.batch && at_a == at_b;
                    assert!(a.lane.is_none() || a.lane != b.lane || together, "seed {seed}");
                }
            }
            for (at, began) in &running {
                let task = &tasks[*at as usize];
                let begins_with = |before: &u32| {
                    task.with == Some(*before) && (moment > *began || running.contains(&(*before, *began)))
                };
                let is_done = |before: &u32| ended.contains(before) || begins_with(before);
                assert!(task.after.iter().all(is_done), "seed {seed}");
                begun_together +=
                    u32::from(moment == *began && !task.after.iter().all(|at| ended.contains(at)));
            }
            let (task, _) = running.swap_remove(random.random_range(0..running.len()));
            schedule.finish(task, Outcome::Done);
            ended.push(task);
        }
        assert_eq!(ended.len(), count as usize, "seed {seed}");
    }
    assert!(begun_together > 50, "{begun_together}");
}

/// Each unit: remove (0), make (1), check (2).
fn rolling(units: u32, out_max: usize) -> Schedule {
    let mut tasks = Vec::new();
    for unit in 0..units {
        let first = unit * 3;
        for (seconds, after) in [(1, vec![]), (2, vec![first]), (3, vec![first + 1])] {
            tasks.push(Task { unit: Some(UnitId { group: 0, unit }), ..task(&after, seconds) });
        }
    }
    Schedule::new(&tasks, &Limits { groups: vec![out_max], ..Limits::default() }).unwrap()
}

#[test]
fn the_next_member_goes_out_when_the_last_one_is_back() {
    let mut schedule = rolling(3, 1);
    let mut taken: Vec<u32> = Vec::new();
    while !schedule.is_done() {
        let ready = schedule.take_ready(9);
        assert_eq!(ready.len(), 1, "one member is out at a time");
        taken.extend(&ready);
        schedule.finish(ready[0], Outcome::Done);
    }
    assert_eq!(taken, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn the_first_member_that_does_not_come_back_stops_the_group() {
    let mut schedule = rolling(4, 2);
    assert_eq!(schedule.take_ready(9), [0, 3]);
    schedule.finish(0, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [1]);
    let skipped: Vec<u32> = schedule.finish(1, Outcome::Failed).iter().map(|skipped| skipped.task).collect();
    assert_eq!(skipped, [6, 7, 8, 9, 10, 11, 2], "members that are in stay in; the one that is out goes on");
    schedule.finish(3, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [4]);
    schedule.finish(4, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [5]);
    schedule.finish(5, Outcome::Done);
    assert!(schedule.is_done());
}

#[test]
fn a_member_goes_out_only_when_all_it_needs_is_there() {
    let unit = Some(UnitId { group: 0, unit: 0 });
    let tasks = [Task { unit, ..task(&[], 1) }, Task { unit, ..task(&[0, 2], 1) }, task(&[], 9)];
    let mut schedule = schedule(&tasks);
    assert_eq!(schedule.take_ready(9), [2]);
    schedule.finish(2, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [0]);
}

#[test]
fn members_that_need_each_other_are_refused() {
    let unit = |unit| Some(UnitId { group: 0, unit });
    let tasks = [
        Task { unit: unit(0), ..task(&[], 1) },
        Task { unit: unit(1), ..task(&[0], 1) },
        Task { unit: unit(0), ..task(&[1], 1) },
    ];
    assert!(Schedule::new(&tasks, &Limits::default()).is_err());
    assert_eq!(Schedule::new(&[task(&[1], 1), task(&[0], 1)], &Limits::default()).unwrap_err().0, [0, 1]);
}

#[test]
fn a_stopped_schedule_hands_out_nothing_and_is_done_when_the_last_one_is() {
    let mut schedule = schedule(&[task(&[], 1), task(&[], 1)]);
    assert_eq!(schedule.take_ready(1), [0]);
    schedule.stop();
    assert!(schedule.take_ready(9).is_empty());
    assert!(!schedule.is_done());
    schedule.finish(0, Outcome::Done);
    assert!(schedule.is_done());
    assert_eq!(schedule.never_started(), [1]);
}

#[test]
fn a_place_at_a_gate_is_not_left_empty_by_a_task_that_waits_at_another() {
    let both = |lane: &str| Task { kind: Some("k".into()), lane: Some(lane.into()), ..task(&[], 1) };
    let tasks = [both("a"), both("a"), both("a"), both("b"), both("c")];
    let limits = Limits { kinds: [("k".into(), 2)].into(), ..Limits::default() };
    let mut schedule = Schedule::new(&tasks, &limits).unwrap();
    assert_eq!(schedule.take_ready(9), [0, 3]);
    schedule.finish(3, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [4], "1 and 2 wait in lane a");
    schedule.finish(0, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [1]);
    schedule.finish(4, Outcome::Done);
    schedule.finish(1, Outcome::Done);
    assert_eq!(schedule.take_ready(9), [2]);
}

#[test]
fn a_forecast_knows_what_waits_for_what_for_its_lane_and_for_a_free_place() {
    let lane = |after: &[u32], seconds| Task { lane: Some("a".into()), ..task(after, seconds) };
    let tasks = [task(&[], 10), lane(&[0], 5), lane(&[0], 5), task(&[1], 1)];
    let seconds = |at_once| {
        let forecast = forecast(&tasks, &Limits::default(), at_once).unwrap();
        let spans: Vec<(u64, u64)> =
            forecast.spans.iter().map(|(from, to)| (from.as_secs(), to.as_secs())).collect();
        (spans, forecast.end.as_secs())
    };
    assert_eq!(seconds(9), (vec![(0, 10), (10, 15), (15, 20), (15, 16)], 20));
    let path = |at_once| forecast(&tasks, &Limits::default(), at_once).unwrap().critical_path(&tasks);
    assert_eq!(path(9), [0, 1, 2], "the lane makes it so long");
    assert_eq!(path(1), [0, 1, 2, 3]);
    assert_eq!(seconds(1), (vec![(0, 10), (10, 15), (15, 20), (20, 21)], 21), "the longer path first");
    assert_eq!(forecast(&[], &Limits::default(), 1).unwrap(), Forecast::default());
    assert!(forecast(&[task(&[1], 1), task(&[0], 1)], &Limits::default(), 1).is_err());
}
