//! Measures the engine on graphs of resources that do nothing, and prints the tables of the book's page "Engine benchmarks":
//!
//! `cargo run --release -p reconcile --example bench_engine [-- FOLDER [SIZE…]]`
//!
//! Each graph runs several times, each time in a process of its own, so that its peak memory is its own; the least of each column
//! counts. The cost of a sync is measured in the same folder and the same process: as many appends as the run made commits,
//! each as large as the run's average, each synced.
#![expect(clippy::print_stdout, reason = "a program that reports what it measured")]

#[path = "null_graph/engine.rs"]
mod engine;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use engine::{Engine, Error, clock, graph, milliseconds};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use reconcile::graph::Graph;
use reconcile::plan::Mode;

/// How often each graph runs.
const RUNS: usize = 5;

/// What is timed.
const TIMES: [&str; 8] = [
    "read",
    "plan, new",
    "apply",
    "syncs alone",
    "plan, nothing to do",
    "without refresh",
    "one change",
    "destroy",
];

/// What is counted.
const COUNTS: [&str; 3] = ["syncs", "bytes of one change", "peak memory (MB)"];

/// One run, or the least of several.
struct Measured {
    milliseconds: Vec<f64>,
    counts: Vec<f64>,
}

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
    println!("| graph | {} | {} |", TIMES.join(" | "), COUNTS.join(" | "));
    println!("|---|{}", "---|".repeat(TIMES.len() + COUNTS.len()));
    let mut growth = Vec::new();
    for shape in ["wide", "layered", "chain"] {
        let mut smallest: Option<(f64, Measured)> = None;
        for size in &sizes {
            let least = least(shape, size, &folder)?;
            println!("| {shape} {size} | {} |", cells(&least).join(" | "));
            let count: f64 = size.parse()?;
            let Some((from, small)) = &smallest else {
                smallest = Some((count, least));
                continue;
            };
            let times = |(large, small): (&f64, &f64)| format!("{:.2}", large / small / (count / from));
            let row: Vec<String> = least.milliseconds.iter().zip(&small.milliseconds).map(times).collect();
            growth.push(format!("| {shape} {from} to {size} | {} |", row.join(" | ")));
        }
    }
    println!("\nAs a multiple of linear growth:\n");
    println!("| graph | {} |\n|---|{}", TIMES.join(" | "), "---|".repeat(TIMES.len()));
    growth.iter().for_each(|row| println!("{row}"));
    Ok(())
}

fn least(shape: &str, size: &str, folder: &Path) -> Result<Measured, Error> {
    let mut least: Option<Vec<f64>> = None;
    for _ in 0..RUNS {
        let program = std::env::current_exe()?;
        let output = std::process::Command::new(program).args(["one", shape, size]).arg(folder).output()?;
        if !output.status.success() {
            return Err(format!("{shape} {size}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let text = String::from_utf8(output.stdout)?;
        let run = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        least = Some(match least {
            Some(least) => least.iter().zip(run).map(|(before, now)| before.min(now)).collect(),
            None => run,
        });
    }
    let mut milliseconds = least.unwrap_or_default();
    let counts = milliseconds.split_off(TIMES.len());
    Ok(Measured { milliseconds, counts })
}

fn cells(measured: &Measured) -> Vec<String> {
    let time = |milliseconds: &f64| {
        if *milliseconds < 100.0 { format!("{milliseconds:.1} ms") } else { format!("{milliseconds:.0} ms") }
    };
    let counts = measured.counts.iter().map(|count| format!("{count:.0}"));
    measured.milliseconds.iter().map(time).chain(counts).collect()
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

/// Prints what one run took, in the order of the table.
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
    let (change, bytes) = one_change(&mut engine, &graph).await?;
    let (plan, _) = engine.plan(&Graph::empty(), Mode::Destroy, false).await?;
    let destroyed = engine.apply(&Graph::empty(), &plan).await?;
    engine.close().await?;

    let times =
        [read, planned.time, applied.time, synced, noop.time, unrefreshed.time, change, destroyed.time];
    for time in times {
        println!("{}", milliseconds(time));
    }
    println!("{} {bytes} {}", applied.commits, peak_megabytes()?);
    Ok(())
}

/// One resource is replaced because somebody asks for it: what carrying that out costs, three syncs included.
async fn one_change(engine: &mut Engine, graph: &Graph) -> Result<(Duration, u64), Error> {
    let last = graph.ordered().last().ok_or("a graph without nodes")?;
    let before = engine.written()?;
    let took = engine.replace(graph, &last.address).await?;
    Ok((took, engine.written()? - before))
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
