//! Measures the engine on graphs of resources that do nothing, and prints the table of the book's page "Engine benchmarks":
//!
//! `cargo run --release -p reconcile --example bench_engine [-- FOLDER [SIZE…]]`
//!
//! Each graph runs in a process of its own, so that its peak memory is its own. The cost of a sync is measured in the same
//! folder and the same process: as many appends as the run made commits, each as large as the run's average, each synced.
#![expect(clippy::print_stdout, reason = "a program that reports what it measured")]

#[path = "null_graph/engine.rs"]
mod engine;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use engine::{Engine, Error, clock, graph};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use reconcile::graph::Graph;
use reconcile::plan::Mode;

fn main() -> Result<(), Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [one, shape, size, folder] = &words[..]
        && one == "one"
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        return runtime.block_on(measure(shape, size.parse()?, Path::new(folder)));
    }
    let temporary = tempfile::tempdir()?;
    let folder = words.first().map_or_else(|| temporary.path().to_owned(), Into::into);
    let sizes: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let sizes = if sizes.is_empty() { vec!["1000", "10000", "100000"] } else { sizes };
    println!(
        "| graph | read | plan, new | apply | syncs | syncs alone | plan, nothing to do | without refresh | one change | destroy | peak memory |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for shape in ["wide", "layered", "chain"] {
        for size in &sizes {
            let status = std::process::Command::new(std::env::current_exe()?)
                .args(["one", shape, size])
                .arg(&folder)
                .status()?;
            if !status.success() {
                return Err(format!("{shape} {size} failed").into());
            }
        }
    }
    Ok(())
}

fn shaped(shape: &str, size: usize) -> Result<Graph, Error> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let width = (size / 10).max(1);
    let deps = |at: usize, random: &mut ChaCha8Rng| -> Vec<usize> {
        match shape {
            "chain" => at.checked_sub(1).into_iter().collect(),
            "layered" if at >= width => {
                let count = random.random_range(2..=3);
                let layer = (at / width - 1) * width;
                let mut deps: Vec<usize> =
                    (0..count).map(|_| layer + random.random_range(0..width)).collect();
                deps.sort_unstable();
                deps.dedup();
                deps
            }
            _ => Vec::new(),
        }
    };
    let ids: Vec<String> = (0..size).map(|at| format!("n{at}")).collect();
    let nodes = (0..size).map(|at| {
        let deps = deps(at, &mut random).into_iter().map(|dep| ids[dep].as_str()).collect();
        (ids[at].as_str(), deps)
    });
    graph(nodes)
}

async fn measure(shape: &str, size: usize, folder: &Path) -> Result<(), Error> {
    let folder = tempfile::tempdir_in(folder)?;
    let file = folder.path().join("state.json");
    let graph = shaped(shape, size)?;

    let mut engine = Engine::open(&file).await?;
    let (plan, planned) = engine.plan(&graph, Mode::Apply, true).await?;
    let applied = engine.apply(&graph, &plan).await?;
    let written = bytes_in(folder.path())?;
    engine.close().await?;
    let synced = syncs(folder.path(), applied.commits, written / applied.commits.max(1))?;

    let start = clock();
    let mut engine = Engine::open(&file).await?;
    let read = start.elapsed();
    let (nothing, noop) = engine.plan(&graph, Mode::Apply, true).await?;
    let (_, unrefreshed) = engine.plan(&graph, Mode::Apply, false).await?;
    if !nothing.is_empty() {
        return Err("a second plan found something to do".into());
    }
    let change = one_change(&mut engine, &graph).await?;
    let (plan, _) = engine.plan(&Graph::empty(), Mode::Destroy, false).await?;
    let destroyed = engine.apply(&Graph::empty(), &plan).await?;
    engine.close().await?;
    println!(
        "| {shape} {size} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} MB |",
        text(read),
        text(planned.time),
        text(applied.time),
        applied.commits,
        text(synced),
        text(noop.time),
        text(unrefreshed.time),
        change,
        text(destroyed.time),
        peak_megabytes()?,
    );
    Ok(())
}

/// One resource is replaced because somebody asks for it: what carrying that out costs, three syncs included.
async fn one_change(engine: &mut Engine, graph: &Graph) -> Result<String, Error> {
    let Some(last) = graph.ordered().last() else { return Ok(String::new()) };
    let before = engine.written()?;
    let took = engine.replace(graph, &last.address).await?;
    let bytes = engine.written()? - before;
    Ok(format!("{}, {bytes} B", text(took)))
}

fn text(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    if milliseconds < 100.0 { format!("{milliseconds:.1} ms") } else { format!("{milliseconds:.0} ms") }
}

#[expect(clippy::disallowed_methods, reason = "the cost of the disk is what is measured")]
fn syncs(folder: &Path, count: usize, bytes: usize) -> Result<Duration, Error> {
    let mut file = std::fs::File::create(folder.join("syncs"))?;
    let block = vec![b'x'; bytes];
    let start = clock();
    for _ in 0..count {
        file.write_all(&block)?;
        file.sync_data()?;
    }
    Ok(start.elapsed())
}

fn bytes_in(folder: &Path) -> Result<usize, Error> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += usize::try_from(entry?.metadata()?.len())?;
    }
    Ok(bytes)
}

/// The most memory that this process has had resident (Linux tells).
#[expect(clippy::disallowed_methods, reason = "what the system says about this process")]
fn peak_megabytes() -> Result<u64, Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system does not tell")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024)
}
