//! Makes a failing life smaller, as long as it still fails.

use std::collections::BTreeSet;

use crate::scenario::{Faults, Scenario, forget};

/// How many smaller lives are tried at most. Each takes about a millisecond.
const ATTEMPTS_MAX: usize = 3000;

/// The smallest life found that `fails`.
pub(crate) fn shrink(scenario: Scenario, fails: impl Fn(&Scenario) -> bool) -> Scenario {
    let mut smallest = scenario;
    let mut attempts = 0;
    'again: loop {
        for candidate in smaller(&smallest) {
            attempts += 1;
            if attempts > ATTEMPTS_MAX {
                return smallest;
            }
            if candidate != smallest && fails(&candidate) {
                smallest = candidate;
                continue 'again;
            }
        }
        return smallest;
    }
}

/// Lives that are one step smaller, the greatest steps first.
fn smaller(scenario: &Scenario) -> Vec<Scenario> {
    let mut candidates = Vec::new();
    let mut push = |change: &dyn Fn(&mut Scenario)| {
        let mut candidate = scenario.clone();
        change(&mut candidate);
        candidates.push(candidate);
    };
    if scenario.chapters.len() > 1 {
        for at in 0..scenario.chapters.len() {
            push(&|life| {
                life.chapters.remove(at);
            });
        }
    }
    push(&|life| life.faults = Faults { limit: life.faults.limit, ..Faults::default() });
    let names: BTreeSet<usize> =
        scenario.chapters.iter().flat_map(|chapter| chapter.wanted.iter().map(|one| one.name)).collect();
    let all: Vec<usize> = names.into_iter().collect();
    // Halves, quarters, … and single resources.
    let mut size = all.len() / 2;
    while size > 0 {
        for part in all.chunks(size) {
            let gone: BTreeSet<usize> = part.iter().copied().collect();
            push(&|life| life.chapters.iter_mut().for_each(|chapter| forget(&mut chapter.wanted, &gone)));
        }
        size /= 2;
    }
    push(&|life| life.destroy_crashes.clear());
    for at in 0..scenario.destroy_crashes.len() {
        push(&|life| {
            life.destroy_crashes.remove(at);
        });
    }
    for (chapter, content) in scenario.chapters.iter().enumerate() {
        for at in 0..content.crashes.len() {
            push(&|life| {
                life.chapters[chapter].crashes.remove(at);
            });
        }
        push(&|life| life.chapters[chapter].drifted = 0);
        push(&|life| life.chapters[chapter].vanished = 0);
        push(&|life| life.chapters[chapter].long_pause = false);
        push(&|life| life.chapters[chapter].given_up = false);
    }
    let faults: [fn(&mut Faults) -> &mut u32; 10] = [
        |faults| &mut faults.throttled,
        |faults| &mut faults.before_effect,
        |faults| &mut faults.half_way,
        |faults| &mut faults.lost_reply,
        |faults| &mut faults.late_visibility,
        |faults| &mut faults.hidden,
        |faults| &mut faults.no_identifier,
        |faults| &mut faults.slow,
        |faults| &mut faults.nothing,
        |faults| &mut faults.limit,
    ];
    for fault in faults {
        push(&|life| *fault(&mut life.faults) = 0);
        push(&|life| *fault(&mut life.faults) /= 2);
    }
    push(&|life| life.power = false);
    push(&|life| life.concurrency = 1);
    for (chapter, content) in scenario.chapters.iter().enumerate() {
        for at in 0..content.wanted.len() {
            push(&|life| life.chapters[chapter].wanted[at].refs.clear());
            push(&|life| life.chapters[chapter].wanted[at].after.clear());
            push(&|life| life.chapters[chapter].wanted[at].parent = None);
            push(&|life| life.chapters[chapter].wanted[at].secret = None);
            push(&|life| life.chapters[chapter].wanted[at].lane = None);
            push(&|life| life.chapters[chapter].wanted[at].batch = None);
            push(&|life| life.chapters[chapter].wanted[at].whole = None);
            push(&|life| life.chapters[chapter].wanted[at].unit = None);
            push(&|life| life.chapters[chapter].wanted[at].protect = false);
            push(&|life| life.chapters[chapter].wanted[at].create_first = false);
        }
        for at in 0..content.crashes.len() {
            push(&|life| life.chapters[chapter].crashes[at] /= 2);
            push(&|life| {
                life.chapters[chapter].crashes[at] = life.chapters[chapter].crashes[at].saturating_sub(1)
            });
        }
    }
    candidates
}
