//! Runs the engine on a graph of resources that do nothing, so that it can be measured against other engines:
//!
//! `cargo run --release -p reconcile --example null_graph -- GRAPH.json --state FILE <plan|apply|noop|destroy>`
//!
//! The graph is `{"nodes":[{"id":"n1","deps":["n0"]}]}`. The state is a real one, synced at every step; its key is
//! beside it. `noop` is a plan that must find nothing to do.
#![expect(clippy::print_stdout, reason = "a program that reports what it measured")]

mod engine;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use engine::{Engine, Error, graph, milliseconds};
use reconcile::graph::Graph;
use reconcile::plan::Mode;
use serde::Deserialize;

/// A graph as it stands in its file; names that have no escapes in them are not copied out of it.
#[derive(Deserialize)]
struct GraphFile<'a> {
    #[serde(borrow)]
    nodes: Vec<NodeOfFile<'a>>,
}

#[derive(Deserialize)]
struct NodeOfFile<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow, default)]
    deps: Vec<Id<'a>>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Id<'a>(#[serde(borrow)] Cow<'a, str>);

struct Arguments {
    graph: PathBuf,
    state: PathBuf,
    verb: String,
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        println!("usage: null_graph GRAPH.json --state FILE <plan|apply|noop|destroy>");
        return ExitCode::from(64);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let done = runtime.map_err(Error::from).and_then(|runtime| runtime.block_on(run(&arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Option<Arguments> {
    let (mut state, mut rest) = (None, Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--state" {
            state = words.next();
        } else {
            rest.push(word);
        }
    }
    let [graph, verb] = rest.try_into().ok()?;
    let known = ["plan", "apply", "noop", "destroy"].contains(&verb.as_str());
    known.then_some(Arguments { graph: graph.into(), state: state?.into(), verb })
}

#[expect(clippy::disallowed_methods, reason = "the shell of an example")]
fn read(path: &Path) -> Result<Graph, Error> {
    let bytes = std::fs::read(path)?;
    let file: GraphFile<'_> = serde_json::from_slice(&bytes)?;
    graph(file.nodes.iter().map(|node| (&*node.id.0, node.deps.iter().map(|id| &*id.0).collect())))
}

async fn run(arguments: &Arguments) -> Result<(), Error> {
    let start = engine::clock();
    let graph = if arguments.verb == "destroy" { Graph::empty() } else { read(&arguments.graph)? };
    let mut engine = Engine::open(&arguments.state).await?;
    println!("read: {:.1} ms", milliseconds(start.elapsed()));

    let mode = if arguments.verb == "destroy" { Mode::Destroy } else { Mode::Apply };
    let (plan, took) = engine.plan(&graph, mode, true).await?;
    let time = milliseconds(took.time);
    println!("plan: {} steps, {} unchanged, {time:.1} ms", took.steps, plan.unchanged());
    if arguments.verb == "noop" && !plan.is_empty() {
        return Err("there is something to do".into());
    }
    if arguments.verb == "apply" || arguments.verb == "destroy" {
        let took = engine.apply(&graph, &plan).await?;
        let time = milliseconds(took.time);
        println!("{}: {} steps, {} syncs, {time:.1} ms", arguments.verb, took.steps, took.commits);
    }
    engine.close().await?;
    // The process ends here, and its memory with it: giving it back piece by piece would only take time.
    std::mem::forget((plan, graph));
    println!("whole run: {:.1} ms", milliseconds(start.elapsed()));
    Ok(())
}
