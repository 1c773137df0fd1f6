//! Arguments, and the environment variables that stand for them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use oci_mock::serve::ServeOptions;

/// A highly available Moodle on Oracle Cloud Infrastructure.
#[derive(Debug, Parser)]
#[command(name = "oci-moodle", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// How much to log, on stderr.
    #[arg(long, global = true, value_name = "LEVEL", env = "OCI_MOODLE_LOG", default_value = "warn")]
    pub(crate) log: LogLevel,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// A mock of Oracle Cloud Infrastructure.
    #[command(subcommand)]
    Mock(Mock),
    /// Write a completion script for a shell to stdout.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mock {
    /// Serve the mock to any client, until interrupted.
    ///
    /// The base URL is the first line of stdout. All services answer there, by their paths.
    #[command(after_help = "Example:\n  oci-moodle mock serve --credentials /tmp/mock --time-scale 600\n  \
        oci --config-file /tmp/mock/config --endpoint URL iam region list")]
    Serve(Serve),
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", env = "OCI_MOODLE_LISTEN", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Write an OCI config file and a fresh key into this folder, and verify every signature.
    #[arg(long, value_name = "DIR", env = "OCI_MOODLE_CREDENTIALS")]
    credentials: Option<PathBuf>,
    /// Keep the cloud in this file, also between runs.
    #[arg(long, value_name = "FILE", env = "OCI_MOODLE_DATA")]
    data: Option<PathBuf>,
    /// Virtual seconds for one real second; 0 stops the clock at a fixed moment.
    #[arg(long, value_name = "N", env = "OCI_MOODLE_TIME_SCALE", default_value = "60", value_parser = time_scale)]
    time_scale: f64,
    /// Everything random follows from it.
    #[arg(long, value_name = "N", env = "OCI_MOODLE_SEED", default_value = "1")]
    seed: u64,
    /// Faults to produce; the format is schemas/mock-faults.json.
    #[arg(long, value_name = "FILE", env = "OCI_MOODLE_FAULTS")]
    faults: Option<PathBuf>,
    /// Write the base URL into this file when the server answers.
    #[arg(long, value_name = "FILE", env = "OCI_MOODLE_READY_FILE")]
    ready_file: Option<PathBuf>,
    /// Open a loopback port for each listener of a load balancer; `GET /_mock/data-path` lists them.
    #[arg(long, env = "OCI_MOODLE_DATA_PATH")]
    data_path: bool,
}

impl From<Serve> for ServeOptions {
    fn from(serve: Serve) -> Self {
        let Serve { listen, credentials, data, time_scale, seed, faults, ready_file, data_path } = serve;
        Self { listen, credentials, data, time_scale, seed, faults, ready_file, data_path, ..Self::default() }
    }
}

/// A year in half a minute is enough for anybody; more would only overflow clocks.
const TIME_SCALE_MAX: f64 = 1_000_000.0;

fn time_scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if (0.0..=TIME_SCALE_MAX).contains(&scale) => Ok(scale),
        _ => Err(format!("a time scale is a number from 0 to {TIME_SCALE_MAX}")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}
