//! Small lives in which the program stops at every boundary, one after another.

use crate::life::live;
use crate::scenario::{Chapter, Faults, RULE, Scenario, Wanted};
use crate::{number, report};

/// Without `RECONCILE_SIM_EXHAUSTIVE`: how many small lives are taken.
const LIVES: u64 = 6;

#[test]
fn a_small_life_survives_a_crash_at_every_boundary() {
    let lives = number("RECONCILE_SIM_EXHAUSTIVE", LIVES);
    let points: u64 = (0..lives).map(|seed| stop_everywhere(&calm(seed))).sum();
    println!("{points} crash points");
    assert!(points > 50 * lives, "only {points} crash points");
}

/// What is made together with its whole, in one request, is neither made twice nor forgotten, wherever the program stops.
#[test]
fn parts_that_travel_with_their_whole_survive_a_crash_at_every_boundary() {
    let lost = Faults { lost_reply: 25, limit: 12, ..Faults::default() };
    let refused = Faults { before_effect: 20, throttled: 20, limit: 12, ..Faults::default() };
    let uncertain =
        Faults { no_identifier: 50, late_visibility: 30, nothing: 15, limit: 12, ..Faults::default() };
    for (seed, faults) in (1000..).zip([Faults::default(), lost, refused, uncertain]) {
        let scenario = with_parts(seed, faults);
        let told = live(&scenario, false);
        let told = told.unwrap_or_else(|broken| panic!("{}", report(scenario.clone(), &broken)));
        assert!(told.beside.parts > 0, "nothing travelled with its whole: {told:?}");
        let points = stop_everywhere(&scenario);
        println!("{points} crash points with {faults:?}");
        assert!(points > 100, "only {points} crash points");
    }
}

/// Lives a life as often as it has boundaries, and stops at another one each time; says how many that were.
fn stop_everywhere(calm: &Scenario) -> u64 {
    let mut points = 0;
    let told = live(calm, false).unwrap_or_else(|broken| panic!("{}", report(calm.clone(), &broken)));
    let count = calm.chapters.len();
    // The boundaries of each chapter, and of the destruction, in the life without a crash.
    for chapter in (0..count).chain([3]) {
        for at in 1..=told.boundaries[chapter] {
            points += 1;
            let mut scenario = calm.clone();
            // What a crash leaves follows from the seed as well.
            scenario.seed = calm.seed ^ (at << 32);
            match chapter {
                3 => scenario.destroy_crashes = vec![at],
                _ => scenario.chapters[chapter].crashes = vec![at],
            }
            if let Err(broken) = live(&scenario, false) {
                panic!("{}", report(scenario, &broken));
            }
        }
    }
    points
}

/// A whole and parts of it; then another whole in its place, a part less, one changed and a new one. One part holds the id of the
/// whole, so that it has to wait for it.
fn with_parts(seed: u64, faults: Faults) -> Scenario {
    let one = |name: usize, kind: usize, refs: &[usize]| Wanted {
        name,
        kind,
        refs: refs.to_vec(),
        parent: None,
        after: Vec::new(),
        value: 1,
        fixed: 1,
        secret: None,
        lane: None,
        batch: None,
        whole: None,
        protect: false,
        create_first: false,
        unit: None,
    };
    let (net, whole) = (one(0, 0, &[]), one(1, RULE, &[0]));
    let parts = [one(2, RULE, &[0]), one(3, RULE, &[]), one(4, RULE, &[1]), one(5, RULE, &[])];
    let chapter = |wanted: Vec<Wanted>| Chapter {
        wanted,
        crashes: Vec::new(),
        drifted: 0,
        vanished: 0,
        long_pause: false,
        given_up: false,
    };
    let first = [&[net.clone(), whole.clone()], &parts[..3]].concat();
    let mut second = [&[net, whole], &parts[1..]].concat();
    second[1].fixed += 1;
    second[2].value += 1;
    let mut scenario = Scenario {
        seed,
        chapters: vec![chapter(first), chapter(second)],
        destroy_crashes: Vec::new(),
        faults,
        power: true,
        concurrency: 8,
        out_max: 1,
    };
    parts.iter().for_each(|part| scenario.make_part(part.name, 1));
    scenario
}

/// A life of at most eight resources without crashes, and with few faults or none.
fn calm(seed: u64) -> Scenario {
    let mut scenario = Scenario::from_seed(seed);
    for chapter in &mut scenario.chapters {
        let gone = chapter.wanted.iter().map(|one| one.name).filter(|name| *name >= 6).collect();
        crate::scenario::forget(&mut chapter.wanted, &gone);
        chapter.crashes.clear();
    }
    scenario.destroy_crashes.clear();
    if seed.is_multiple_of(2) {
        scenario.faults = Faults::default();
    }
    scenario
}
