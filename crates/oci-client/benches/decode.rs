//! How fast a page of 1,000 instances is decoded: `cargo bench -p oci-client --bench decode`.
//!
//! Prints megabytes of JSON a second, the best and the median of the rounds, and what the bare JSON parser
//! makes of the same bytes in the same run: the distance is what our models cost.
//! `OCI_CLIENT_DECODE_MB_S=150` makes it fail when the best round is below that: other work on the machine
//! slows the median, and not the code.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its own settings")]
#![expect(clippy::print_stdout, reason = "a benchmark reports on the terminal")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use oci_client::model::decode_list;
use oci_client::services::core::models::Instance;
use serde::de::IgnoredAny;

const INSTANCES: usize = 1000;
const ROUNDS: usize = 60;

fn main() -> ExitCode {
    let sample: serde_json::Value =
        serde_json::from_str(include_str!("instance.json")).expect("the sample is JSON");
    let compact = sample.to_string();
    let items: Vec<String> =
        (0..INSTANCES).map(|number| compact.replace("NUMBER", &format!("{number:04}"))).collect();
    let page = format!("[{}]", items.join(",")).into_bytes();

    let decoded: Vec<Instance> = decode_list(&page, "list of Instance").expect("the page is valid");
    assert_eq!(decoded.len(), INSTANCES);
    assert_eq!(decoded[999].display_name.as_deref(), Some("moodle-web-0999"));

    println!("a page of {INSTANCES} instances, {} bytes", page.len());
    let ours = measure("decode", &page, |page| {
        let decoded: Vec<Instance> = decode_list(page, "list of Instance").expect("the page is valid");
        decoded.len()
    });
    measure("serde_json, checked only", &page, |page| {
        serde_json::from_slice::<IgnoredAny>(page).map(|_| 1).expect("the page is valid")
    });
    measure("serde_json, into a tree", &page, |page| {
        let tree: Vec<serde_json::Value> = serde_json::from_slice(page).expect("the page is valid");
        tree.len()
    });

    let wanted: f64 =
        std::env::var("OCI_CLIENT_DECODE_MB_S").map_or(0.0, |text| text.parse().expect("a number"));
    if ours < wanted {
        println!("slower than the {wanted} MB/s asked for");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Megabytes a second in the best of the rounds.
fn measure(what: &str, page: &[u8], mut decode: impl FnMut(&[u8]) -> usize) -> f64 {
    let mut speeds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(decode(black_box(page)));
            page.len() as f64 / 1e6 / start.elapsed().as_secs_f64()
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    let (median, best) = (speeds[ROUNDS / 2], speeds[ROUNDS - 1]);
    println!("{what:26} {median:6.0} MB/s (best {best:.0})");
    best
}
