//! The simulator: from a seed a graph, a world with faults, and a program that stops anywhere; and everything that must be
//! true all the same. The book's page "Simulation" says what is checked and how to use it.
//!
//! `RECONCILE_SIM_SEEDS` is the number of seeds, `RECONCILE_SIM_FIRST` the first of them;
//! `RECONCILE_SIM_SHRINK=0` leaves a broken life as it is.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that reads its size from the environment and measures real time"
)]

mod boundary;
mod cloud;
mod exhaustive;
mod life;
mod scenario;
mod seeds;
mod shrink;

use life::{Broken, live};
use scenario::Scenario;

/// The seed, and the smallest life that still breaks the same rule.
fn report(scenario: Scenario, broken: &Broken) -> String {
    let seed = scenario.seed;
    if number("RECONCILE_SIM_SHRINK", 1) == 0 {
        return format!("seed {seed}: {broken}");
    }
    let rule = broken.rule;
    let fails = |smaller: &Scenario| live(smaller, false).err().is_some_and(|again| again.rule == rule);
    let smallest = shrink::shrink(scenario, fails);
    let shown = live(&smallest, true).err().map_or_else(|| broken.to_string(), |broken| broken.to_string());
    format!("seed {seed}: {broken}\nThe smallest life that breaks it:\n{}\n{shown}", smallest.describe())
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}
