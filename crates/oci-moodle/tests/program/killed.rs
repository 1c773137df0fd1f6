//! `kill -9` at any moment: one more run each time brings everything to its end, with each thing there once.

use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::{Chance, Ended, Names, Served, Site};

/// How often apply is killed, and as often destroy, unless `OCI_MOODLE_TEST_KILLS` says otherwise.
const KILLS: u32 = 24;

/// Each fifth site is the whole architecture; the others are the smallest one, which is over sooner.
const FULL_EVERY: u32 = 5;

/// Sites that are made side by side: for the most part they wait for their clouds.
const SIDE_BY_SIDE: u64 = 3;

/// How often the program is killed together with the mock in it: apply, and as often destroy.
const EMBEDDED_KILLS: u64 = 4;

/// The events that moments are counted in: those of which every run has about as many.
const COUNTED: [&str; 4] = ["planned", "settling", "started", "finished"];

fn kills() -> u32 {
    let kills = std::env::var("OCI_MOODLE_TEST_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    println!("OCI_MOODLE_TEST_KILLS={kills}");
    kills
}

/// A moment of a run: after so many events, and then so much later.
#[derive(Clone, Copy, Debug)]
struct Moment {
    events: u64,
    later: Duration,
}

impl Moment {
    /// One of a run that has `events` events. Half of them are close after an event, when requests are under way; the
    /// others may be anywhere in what is waited for. The very first are before anything was sent.
    fn random(chance: &mut Chance, events: u64) -> Self {
        let span = if chance.below(2) == 0 { 20_000 } else { 400_000 };
        Self { events: chance.below(events), later: Duration::from_micros(chance.below(span)) }
    }
}

/// Starts a verb and kills it at a moment. Whether it was still at work then.
fn kill(site: &Site, verb: &str, moment: Moment) -> (bool, Ended) {
    let mut run = site.start(&[verb, "--auto-approve", "--json"]);
    for _ in 0..moment.events {
        if run.next_event(&COUNTED).is_none() {
            break;
        }
    }
    run.go_on(moment.later);
    run.kill()
}

/// A kind of site, and what a whole run of it is like.
struct Kind {
    make: fn(&[String]) -> Site,
    /// Virtual seconds in a real one: so few that a busy machine is no reason for a service to seem silent.
    time_scale: u32,
    apply_events: u64,
    destroy_events: u64,
    inventory: Names,
}

fn events(ended: &Ended) -> u64 {
    let is_counted = |line: &&str| COUNTED.iter().any(|kind| line.contains(&format!("\"type\":\"{kind}\"")));
    ended.stdout.lines().filter(is_counted).count() as u64
}

impl Kind {
    /// Looks at a run that nobody kills.
    fn new(make: fn(&[String]) -> Site, time_scale: u32) -> Self {
        let (served, cloud) = Served::cloud(time_scale, 1);
        let site = make(&cloud);
        let apply_events = events(&site.apply());
        let inventory = served.inventory();
        let destroy_events = events(&site.destroy());
        assert_eq!(served.inventory(), Names::new());
        assert!(apply_events > 50 && destroy_events > 50, "{apply_events}, {destroy_events}");
        Self { make, time_scale, apply_events, destroy_events, inventory }
    }

    /// One site is made and removed, and both are killed once. How many kills hit a run that was at work.
    fn cycle(&self, (served, cloud): &(Served, Vec<String>), seed: u64) -> u32 {
        let mut chance = Chance::new(seed);
        let site = (self.make)(cloud);
        let mut story = format!("seed {seed}\n");
        let mut hits = 0;
        let verbs =
            [("apply", self.apply_events, &self.inventory), ("destroy", self.destroy_events, &Names::new())];
        for (verb, events, wanted) in verbs {
            let moment = Moment::random(&mut chance, events);
            let (hit, killed) = kill(&site, verb, moment);
            hits += u32::from(hit);
            let Ended { stdout, stderr, .. } = killed;
            let _ = writeln!(story, "{verb}, killed at {moment:?} (hit: {hit}):\n{stdout}\n{stderr}");
            let again = site.run(&[verb, "--auto-approve", "--json"]);
            let _ = writeln!(story, "again:\n{}\n{}", again.stdout, again.stderr);
            assert_eq!(again.status.code(), Some(0), "one more run does not bring it to its end: {story}");
            assert_eq!(&served.inventory(), wanted, "{story}");
        }
        hits
    }
}

/// What the workers share.
struct Work {
    seed: u64,
    kills: u32,
    lean: Kind,
    full: Kind,
    next: AtomicU32,
    hits: AtomicU32,
    failures: Mutex<Vec<u64>>,
}

impl Work {
    /// Kills until there were enough, or something went wrong.
    fn go_on(&self, worker: u64) {
        let clouds = [&self.lean, &self.full].map(|kind| Served::cloud(kind.time_scale, worker));
        loop {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            if number >= self.kills || !self.failures.lock().unwrap().is_empty() {
                return;
            }
            let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(number));
            let (kind, cloud) = if number.is_multiple_of(FULL_EVERY) {
                (&self.full, &clouds[1])
            } else {
                (&self.lean, &clouds[0])
            };
            let cycled = std::panic::catch_unwind(AssertUnwindSafe(|| kind.cycle(cloud, seed)));
            match cycled {
                Ok(hits) => drop(self.hits.fetch_add(hits, Ordering::SeqCst)),
                Err(_) => return self.failures.lock().unwrap().push(seed),
            }
        }
    }
}

#[test]
fn one_more_run_after_any_kill_converges_and_nothing_is_there_twice() {
    let (seed, kills) = (Chance::seed(), kills());
    let (lean, full) = std::thread::scope(|scope| {
        let full = scope.spawn(|| Kind::new(Site::full, 150));
        (Kind::new(Site::lean, 250), full.join().unwrap())
    });
    let (next, hits, failures) = (AtomicU32::new(0), AtomicU32::new(0), Mutex::new(Vec::new()));
    let work = Work { seed, kills, lean, full, next, hits, failures };
    std::thread::scope(|scope| {
        for worker in 0..SIDE_BY_SIDE {
            let work = &work;
            scope.spawn(move || work.go_on(worker));
        }
    });
    let (hits, failures) = (work.hits.into_inner(), work.failures.into_inner().unwrap());
    println!("{hits} of {} kills met a run that was at work", 2 * kills);
    assert!(failures.is_empty(), "what has the seeds {failures:?} did not converge; the story is above");
    assert!(hits * 10 >= 2 * kills * 8, "too many runs were over before they were killed: {hits}");
}

#[test]
fn an_embedded_mock_that_dies_with_the_program_has_kept_what_it_confirmed() {
    let seed = Chance::seed();
    let lean = Kind::new(Site::lean, 250);
    for number in 0..EMBEDDED_KILLS {
        let mut chance = Chance::new(seed.wrapping_mul(7_000_003).wrapping_add(number));
        let site = (lean.make)(&Site::embedded(lean.time_scale));
        let verbs =
            [("apply", lean.apply_events, &lean.inventory), ("destroy", lean.destroy_events, &Names::new())];
        for (verb, events, wanted) in verbs {
            let moment = Moment::random(&mut chance, events);
            println!("{verb}, killed at {moment:?}");
            kill(&site, verb, moment);
            let what = format!("{verb} after a kill at {moment:?}");
            site.run(&[verb, "--auto-approve", "--json"]).expect(0, &what);
            assert_eq!(&site.left().inventory(), wanted, "{what}");
        }
    }
}

#[test]
fn a_deletion_whose_answer_nobody_heard_is_finished_and_so_is_what_comes_after_it() {
    let (served, cloud) = Served::cloud(250, 1);
    let site = Site::lean(&cloud);
    site.apply();
    // Of an object in a bucket the service tells later neither that it has gone nor that it is hidden.
    let when = serde_json::json!({"operations": ["DeleteObject"], "times": 1});
    let slow = serde_json::json!({"faults": [{"when": when, "do": {"delay": {"seconds": 3_000}}}]});
    assert_eq!(served.ask("POST", "/_mock/faults", &slow.to_string()).0, "HTTP/1.1 200 OK");
    let mut run = site.start(&["destroy", "--auto-approve", "--json"]);
    let is_sent = || served.requests().iter().any(|request| request["operation"] == "DeleteObject");
    for _ in 0..1_000 {
        if is_sent() {
            break;
        }
        run.go_on(Duration::from_millis(20));
    }
    assert!(is_sent());
    assert!(run.kill().0, "it was over before it was killed");
    site.destroy();
    assert_eq!(served.inventory(), Names::new());
}
