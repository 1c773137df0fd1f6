//! Small lives in which the program stops at every boundary, one after another.

use crate::life::live;
use crate::scenario::{Faults, Scenario};
use crate::{number, report};

/// Without `RECONCILE_SIM_EXHAUSTIVE`: how many small lives are taken.
const LIVES: u64 = 6;

#[test]
fn a_small_life_survives_a_crash_at_every_boundary() {
    let mut points = 0;
    let lives = number("RECONCILE_SIM_EXHAUSTIVE", LIVES);
    for seed in 0..lives {
        let calm = calm(seed);
        let told = live(&calm, false).unwrap_or_else(|broken| panic!("{}", report(calm.clone(), &broken)));
        let count = calm.chapters.len();
        // The boundaries of each chapter, and of the destruction, in the life without a crash.
        for chapter in (0..count).chain([3]) {
            for at in 1..=told.boundaries[chapter] {
                points += 1;
                let mut scenario = calm.clone();
                // What a crash leaves follows from the seed as well.
                scenario.seed = seed ^ (at << 32);
                match chapter {
                    3 => scenario.destroy_crashes = vec![at],
                    _ => scenario.chapters[chapter].crashes = vec![at],
                }
                if let Err(broken) = live(&scenario, false) {
                    panic!("{}", report(scenario, &broken));
                }
            }
        }
    }
    println!("{points} crash points");
    assert!(points > 50 * lives, "only {points} crash points");
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
