//! A program that embeds the stack: a `moodle.toml` in, a site's address out, on the embedded mock cloud.
//!
//!     cargo run --release -p examples --bin embed_stack
//!
//! On Oracle Cloud Infrastructure the client is `Client::from_environment(…)` and both clocks are a `RealWorld`; all else stays as
//! it is. `moodle_stack::site` then tells whether the site answers.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use cross_tests::Cloud;
use moodle_stack::config::Config;
use moodle_stack::session::{Place, Session};
use reconcile::plan::PlanOptions;
use reconcile::run::{Cancel, Silent};
use world::{RealWorld, TestWorld, World};

/// What is wanted. Everything that is not said has a default.
const FILE: &str = r#"
[site]
name = "campus"
admin_email = "it@example.org"

[servers]
count = 2

[database]
high_availability = false
"#;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::parse(FILE)?;
    // The mock's time is tokio's, which is paused here: half an hour of creation passes at once.
    let time: Arc<dyn World> = Arc::new(TestWorld::new(RealWorld::new().now(), 1));
    let cloud = Cloud::new(1, &time);
    let folder = tempfile::tempdir()?;
    let place = Place {
        client: cloud.client.clone(),
        cloud_time: Arc::clone(&time),
        machine: Arc::clone(&time),
        state: folder.path().join("state.json"),
    };
    let no_programs = |_: &[String]| Err(std::io::Error::other("this file has no secret from a program"));
    let mut session = Session::open(place, (&config, Path::new("."), &no_programs), None, "example").await?;

    let cancel = Cancel::new();
    session.settle(&mut Silent, &cancel).await?;
    let observed = session.refresh(true).await;
    let plan = session.plan(&observed, &PlanOptions::default());
    println!("{} steps", plan.steps().len());
    let summary = session.apply(&plan, &Session::apply_options(&plan), &mut Silent, &cancel).await?;
    println!("{} done, {} failed", summary.done, summary.failed.len());
    for (name, value) in summary.outputs.iter() {
        println!("{name} = {value}");
    }
    Ok(session.close().await?)
}
