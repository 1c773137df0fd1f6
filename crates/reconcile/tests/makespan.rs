//! How long the schedule takes on simulated time, against what no schedule can beat.
//!
//! No schedule is shorter than the longest path, nor than the work divided by the number of workers. How near to that
//! one can come depends on the graph: with ten workers and eleven equal tasks nobody needs less than two rounds, and a
//! tree that starts from one task keeps most workers waiting at first. So the graphs of the first test are those of real
//! stacks in size, shape and concurrency: 300 to 1,500 tasks that are independent, in layers, sparsely connected or in
//! parallel chains, with durations of up to 2, 30 or 1,000 seconds and 2 to 10 workers. The second test takes everything,
//! trees and exactly balanced cases included, and asks for what is proven of every schedule that never idles (Graham). The
//! third compares trees with a closer bound.
//! `RECONCILE_MAKESPAN_SEEDS` sets the number of graphs (1,000).
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests; the number of seeds is in the environment"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use reconcile::schedule::{Limits, Outcome, Schedule, Task};

const FAMILIES: [&str; 5] = ["wide", "layered", "sparse", "chains", "tree"];

fn graph(family: &str, random: &mut ChaCha8Rng) -> Vec<Task> {
    let count: u32 = random.random_range(300..=1500);
    let width = random.random_range(30..=count / 4);
    let longest = [2, 30, 1000][random.random_range(0..3_usize)];
    let mut tasks = Vec::new();
    for at in 0..count {
        let mut after: Vec<u32> = match family {
            "wide" => Vec::new(),
            "layered" if at >= width => {
                let layer = (at / width - 1) * width;
                (0..random.random_range(1..=3)).map(|_| layer + random.random_range(0..width)).collect()
            }
            "sparse" if at > 0 => {
                (0..random.random_range(0..=2)).map(|_| random.random_range(0..at)).collect()
            }
            "chains" if at >= width => vec![at - width],
            "tree" if at > 0 => vec![random.random_range(at.saturating_sub(width)..at)],
            _ => Vec::new(),
        };
        after.sort_unstable();
        after.dedup();
        let expected = Duration::from_secs(random.random_range(1..=longest));
        tasks.push(Task { after, expected, ..Task::default() });
    }
    tasks
}

/// The longest path, and the time until everything is done with `workers`, each task taking as long as is expected.
fn makespan(tasks: &[Task], workers: usize) -> (Duration, Duration) {
    let mut schedule = Schedule::new(tasks, &Limits::default()).unwrap();
    let path = schedule.critical_path();
    let mut running = BinaryHeap::new();
    let mut now = Duration::ZERO;
    while !schedule.is_done() {
        for task in schedule.take_ready(workers) {
            running.push(Reverse((now + tasks[task as usize].expected, task)));
        }
        let Reverse((end, task)) = running.pop().unwrap();
        now = end;
        schedule.finish(task, Outcome::Done);
    }
    (path, now)
}

struct Measured {
    path: Duration,
    work_per_worker: Duration,
    makespan: Duration,
}

fn measure(tasks: &[Task], workers: u32) -> Measured {
    let work: Duration = tasks.iter().map(|task| task.expected).sum();
    let (path, makespan) = makespan(tasks, workers as usize);
    Measured { path, work_per_worker: work / workers, makespan }
}

fn seeds() -> impl Iterator<Item = u64> {
    0..std::env::var("RECONCILE_MAKESPAN_SEEDS").map_or(1000, |text| text.parse().unwrap())
}

#[test]
fn the_schedule_is_at_most_two_percent_longer_than_path_or_work() {
    let families = &FAMILIES[..4];
    let mut worst = [0.0_f64; 4];
    let mut over = Vec::new();
    for seed in seeds() {
        let family = usize::try_from(seed).unwrap() % families.len();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let tasks = graph(families[family], &mut random);
        let workers = random.random_range(2..=10);
        let measured = measure(&tasks, workers);
        let bound = measured.path.max(measured.work_per_worker);
        let ratio = measured.makespan.as_secs_f64() / bound.as_secs_f64();
        worst[family] = worst[family].max(ratio);
        if ratio > 1.02 {
            over.push(format!("seed {seed}: {} with {workers} workers: {ratio:.3}", families[family]));
        }
    }
    let table: Vec<String> =
        families.iter().zip(worst).map(|(name, worst)| format!("{name} {worst:.4}")).collect();
    println!("worst ratio: {}", table.join(", "));
    assert!(over.is_empty(), "{} take longer: {over:#?}", over.len());
}

#[test]
fn no_worker_idles_while_something_is_ready() {
    for seed in seeds().step_by(5) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let tasks = graph(FAMILIES[random.random_range(0..FAMILIES.len())], &mut random);
        let workers = workers(&tasks, &mut random);
        let measured = measure(&tasks, workers);
        let limit = measured.work_per_worker + measured.path;
        assert!(measured.makespan <= limit, "seed {seed}: {:?} with {workers} workers", measured.makespan);
    }
}

/// A closer bound than path and work. What cannot start before `head`, because of the paths that lead to it, and is followed by
/// paths of at least `tail` has to share the time in between; whatever `head` and `tail` are, no schedule is shorter than
/// both and that. It counts the workers that have nothing to do at the beginning and at the end.
fn bound(tasks: &[Task], workers: u32) -> Duration {
    let schedule = Schedule::new(tasks, &Limits::default()).unwrap();
    let mut heads: Vec<Duration> = Vec::new();
    for task in tasks {
        let ends = task.after.iter().map(|before| heads[*before as usize] + tasks[*before as usize].expected);
        heads.push(ends.max().unwrap_or_default());
    }
    let tails: Vec<Duration> =
        (0..).zip(tasks).map(|(at, task)| schedule.remaining(at) - task.expected).collect();
    let some = |times: &[Duration]| {
        let mut times = times.to_vec();
        times.sort_unstable();
        times.dedup();
        times.iter().step_by(times.len().div_ceil(25)).copied().collect::<Vec<_>>()
    };
    let mut best = schedule.critical_path();
    for head in some(&heads) {
        for tail in some(&tails) {
            let between = tasks.iter().zip(heads.iter().zip(&tails));
            let between = between.filter(|(_, (first, last))| **first >= head && **last >= tail);
            let work: Duration = between.map(|(task, _)| task.expected).sum();
            if work > Duration::ZERO {
                best = best.max(head + work / workers + tail);
            }
        }
    }
    best
}

#[test]
fn what_keeps_the_workers_of_a_tree_waiting_is_the_tree() {
    let mut worst = 0.0_f64;
    for seed in seeds().step_by(5) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let tasks = graph("tree", &mut random);
        let workers = workers(&tasks, &mut random);
        let ratio = measure(&tasks, workers).makespan.as_secs_f64() / bound(&tasks, workers).as_secs_f64();
        worst = worst.max(ratio);
        assert!(ratio <= 1.05, "seed {seed}: {ratio:.3} with {workers} workers");
    }
    println!("worst ratio to the closer bound: {worst:.4}");
}

/// As many workers as make path and work equally long, the hardest case, or any number.
fn workers(tasks: &[Task], random: &mut ChaCha8Rng) -> u32 {
    let one = measure(tasks, 1);
    let balanced = u32::try_from(one.work_per_worker.as_secs() / one.path.as_secs()).unwrap().clamp(2, 64);
    if random.random_bool(0.5) { balanced } else { random.random_range(1..=64) }
}
