//! Arguments, and the environment variables that stand for them.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use oci_mock::serve::ServeOptions;

use crate::view::ColorChoice;

/// A highly available Moodle on Oracle Cloud Infrastructure.
#[derive(Debug, Parser)]
#[command(
    name = "oci-moodle",
    version,
    arg_required_else_help = true,
    after_help = "Without a tenancy:\n  oci-moodle apply --mock --auto-approve -c examples/moodle-full.toml\n\
        With one:\n  oci-moodle init && oci-moodle preflight && oci-moodle apply\n\n\
        Exit status: 0 done, 1 failed, 2 there are changes (plan --detailed-exitcode, drift), 64 wrong usage or input,\n\
        75 not possible now, try again later, 130 interrupted (run again to go on)."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// The stack file.
    #[arg(
        short = 'c',
        long = "config",
        global = true,
        value_name = "FILE",
        env = "OCI_MOODLE_CONFIG",
        default_value = "moodle.toml"
    )]
    pub(crate) stack: PathBuf,
    /// Use the embedded mock cloud, kept in `.oci-moodle/mock-cloud.json` between runs.
    #[arg(long, global = true, env = "OCI_MOODLE_MOCK", conflicts_with = "endpoint")]
    pub(crate) mock: bool,
    /// Send every service's requests to this base URL.
    #[arg(long, global = true, value_name = "URL", env = "OCI_MOODLE_ENDPOINT")]
    pub(crate) endpoint: Option<String>,
    /// The profile of the OCI config file.
    #[arg(long, global = true, value_name = "NAME", env = "OCI_MOODLE_PROFILE")]
    pub(crate) profile: Option<String>,
    /// The OCI config file.
    #[arg(long, global = true, value_name = "FILE", env = "OCI_MOODLE_CONFIG_FILE")]
    pub(crate) config_file: Option<PathBuf>,
    /// The state; `.oci-moodle/state.json` beside the stack file when left out.
    #[arg(long, global = true, value_name = "PATH", env = "OCI_MOODLE_STATE")]
    pub(crate) state: Option<PathBuf>,
    /// Mock only: virtual seconds for one real second.
    #[arg(long, global = true, value_name = "N", env = "OCI_MOODLE_TIME_SCALE", value_parser = time_scale)]
    pub(crate) time_scale: Option<f64>,
    /// Mock only: everything random follows from it.
    #[arg(long, global = true, value_name = "N", env = "OCI_MOODLE_SEED")]
    pub(crate) seed: Option<u64>,
    /// How much to log, on stderr.
    #[arg(long, global = true, value_name = "LEVEL", env = "OCI_MOODLE_LOG", default_value = "warn")]
    pub(crate) log: LogLevel,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", env = "OCI_MOODLE_COLOR", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Progress as lines, also on a terminal.
    #[arg(short, long, global = true, env = "OCI_MOODLE_QUIET")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a commented `moodle.toml`, asking only for what cannot be known.
    Init(Init),
    /// Check the stack file, and everything that needs no cloud.
    #[command(after_help = "Example:\n  oci-moodle validate -c examples/moodle-full.toml")]
    Validate(Json),
    /// Look, with reads only, whether the cloud has what the stack needs.
    Preflight(Json),
    /// Show what would change, and why.
    #[command(
        after_help = "Examples:\n  oci-moodle plan --out tonight.plan\n  oci-moodle plan --detailed-exitcode --json"
    )]
    Plan(Plan),
    /// Make it so; done when the site answers.
    #[command(
        after_help = "Examples:\n  oci-moodle apply\n  oci-moodle apply tonight.plan\n  oci-moodle apply --mock --auto-approve -c examples/moodle-full.toml"
    )]
    Apply(Apply),
    /// Remove everything, dependents first.
    Destroy(Destroy),
    /// Show each tier of the running site as it is now. Exits with 1 when something is wrong.
    Status(Json),
    /// Check the running site from end to end. Exits with 1 when something is wrong or could not be checked.
    #[command(after_help = "Example:\n  oci-moodle verify --json")]
    Verify(Json),
    /// Show what changed behind our back.
    Drift(Json),
    /// Take over something that exists.
    #[command(after_help = "Example:\n  oci-moodle import oci_core_vcn.site ocid1.vcn.oc1…")]
    Import {
        /// What it is called in the stack.
        address: String,
        /// Its OCID, or what the type is known by.
        id: String,
    },
    /// Look at the state, and repair it.
    #[command(subcommand)]
    State(State),
    /// Show what the stack says about itself, such as the address of the site.
    Output {
        /// One of them only, without quotes.
        name: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Draw the stack.
    #[command(after_help = "Example:\n  oci-moodle graph > stack.svg")]
    Graph {
        /// How.
        #[arg(long, env = "OCI_MOODLE_FORMAT", value_name = "FORMAT", default_value = "svg")]
        format: GraphFormat,
    },
    /// Write the schema of `moodle.toml`, or of a resource type, to stdout.
    Schema {
        /// A resource type, such as `oci_core_vcn`.
        resource_type: Option<String>,
    },
    /// A mock of Oracle Cloud Infrastructure.
    #[command(subcommand)]
    Mock(Mock),
    /// Write a completion script for a shell to stdout.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

impl Verb {
    /// Whether what goes wrong is to be said in JSON too.
    pub(crate) fn speaks_json(&self) -> bool {
        match self {
            Self::Validate(json)
            | Self::Preflight(json)
            | Self::Status(json)
            | Self::Verify(json)
            | Self::Drift(json)
            | Self::Output { json, .. } => json.json,
            Self::Plan(plan) => plan.json.json,
            Self::Apply(apply) => apply.json.json,
            Self::Destroy(destroy) => destroy.json.json,
            Self::State(State::List(json) | State::Show { json, .. }) => json.json,
            Self::Init(_)
            | Self::Import { .. }
            | Self::State(_)
            | Self::Graph { .. }
            | Self::Schema { .. }
            | Self::Mock(_)
            | Self::Completions { .. } => false,
        }
    }
}

/// How the stack is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A picture.
    Svg,
    /// For Graphviz.
    Dot,
    /// For Mermaid, which many places that show Markdown draw.
    Mermaid,
    /// For programs.
    Json,
}

/// Output for machines.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Json {
    /// JSON on stdout, for programs.
    #[arg(long, env = "OCI_MOODLE_JSON")]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// The site's short name, which names everything: 1 to 12 small letters and digits.
    #[arg(long, env = "OCI_MOODLE_NAME", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The administrator's mail address.
    #[arg(long, env = "OCI_MOODLE_ADMIN_EMAIL", value_name = "ADDRESS")]
    pub(crate) admin_email: Option<String>,
    /// What the site runs.
    #[arg(long, env = "OCI_MOODLE_APPLICATION", value_name = "NAME", default_value = "moodle")]
    pub(crate) application: Application,
    /// How many visitors it is meant for.
    #[arg(long, env = "OCI_MOODLE_SIZE", value_name = "SIZE", default_value = "small")]
    pub(crate) size: Size,
    /// The name that visitors use.
    #[arg(long, env = "OCI_MOODLE_HOSTNAME", value_name = "HOST")]
    pub(crate) hostname: Option<String>,
    /// The region.
    #[arg(long, env = "OCI_MOODLE_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The compartment.
    #[arg(long, env = "OCI_MOODLE_COMPARTMENT_ID", value_name = "OCID")]
    pub(crate) compartment_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Application {
    Moodle,
    Wordpress,
    Drupal,
    Joomla,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    Small,
    Medium,
    Large,
}

/// What a plan is about.
#[derive(Args, Clone, Debug)]
pub(crate) struct Selection {
    /// Look at what exists first. Without it, the plan is made from the state alone.
    #[arg(long, env = "OCI_MOODLE_REFRESH", value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub(crate) refresh: bool,
    /// Only these addresses and what they need; `*` stands for anything.
    #[arg(long, env = "OCI_MOODLE_ONLY", value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Not these addresses, nor what needs them.
    #[arg(long, env = "OCI_MOODLE_EXCLUDE", value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) exclude: Vec<String>,
    /// Replace this although nothing about it differs.
    #[arg(long, env = "OCI_MOODLE_REPLACE", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) replace: Vec<String>,
    /// This may be replaced or deleted although it holds data or is protected.
    #[arg(long, env = "OCI_MOODLE_CONSENT", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) consent: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Keep the plan in this file, for `apply`.
    #[arg(long, env = "OCI_MOODLE_OUT", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 2 when there are changes.
    #[arg(long, env = "OCI_MOODLE_DETAILED_EXITCODE")]
    pub(crate) detailed_exitcode: bool,
    /// Plan the removal of everything.
    #[arg(long, env = "OCI_MOODLE_DESTROY")]
    pub(crate) destroy: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// A plan that `plan --out` kept.
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Do it without asking.
    #[arg(long, env = "OCI_MOODLE_AUTO_APPROVE")]
    pub(crate) auto_approve: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Args, Debug)]
pub(crate) struct Destroy {
    /// Do it without asking.
    #[arg(long, env = "OCI_MOODLE_AUTO_APPROVE")]
    pub(crate) auto_approve: bool,
    /// Keep the file system, and a last backup of the database, and say where they are.
    #[arg(long, env = "OCI_MOODLE_KEEP_DATA")]
    pub(crate) keep_data: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum State {
    /// List what the state knows.
    List(Json),
    /// Show one resource, secrets hidden.
    Show {
        /// Its address.
        address: String,
        #[command(flatten)]
        json: Json,
    },
    /// Give a resource another address.
    Mv {
        /// As it is called now.
        from: String,
        /// As it is to be called.
        to: String,
    },
    /// Forget resources; they go on to exist.
    Rm {
        /// Their addresses.
        #[arg(required = true)]
        addresses: Vec<String>,
    },
    /// Rebuild a lost state from the tags of what exists.
    Recover {
        /// The lineage of the lost state, as it stands in the tags and in every plan.
        lineage: String,
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
    /// Faults to produce; the format is schemas/mock-faults.json.
    #[arg(long, value_name = "FILE", env = "OCI_MOODLE_FAULTS")]
    faults: Option<PathBuf>,
    /// Write the base URL into this file when the server answers.
    #[arg(long, value_name = "FILE", env = "OCI_MOODLE_READY_FILE")]
    ready_file: Option<PathBuf>,
}

/// The pace of a mock that is served, when nothing is said: one can watch it.
const SERVED_TIME_SCALE: f64 = 60.0;

impl Serve {
    pub(crate) fn options(self, global: &Global) -> ServeOptions {
        let Self { listen, credentials, data, faults, ready_file } = self;
        let (time_scale, seed) = (global.time_scale.unwrap_or(SERVED_TIME_SCALE), global.seed.unwrap_or(1));
        ServeOptions {
            listen,
            credentials,
            data,
            time_scale,
            seed,
            faults,
            ready_file,
            data_path: true,
            ..ServeOptions::default()
        }
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn each_option(command: &clap::Command, visit: &mut impl FnMut(&clap::Command, &clap::Arg)) {
        command
            .get_arguments()
            .filter(|argument| argument.get_long().is_some())
            .for_each(|argument| visit(command, argument));
        command.get_subcommands().for_each(|command| each_option(command, visit));
    }

    #[test]
    fn every_option_has_an_environment_variable_of_its_name() {
        Arguments::command().debug_assert();
        let mut count = 0;
        each_option(&Arguments::command(), &mut |command, option| {
            let long = option.get_long().unwrap();
            if ["help", "version"].contains(&long) {
                return;
            }
            let expected = format!("OCI_MOODLE_{}", long.replace('-', "_").to_uppercase());
            let found = option.get_env().and_then(std::ffi::OsStr::to_str);
            assert_eq!(found, Some(expected.as_str()), "--{long} of {}", command.get_name());
            count += 1;
        });
        assert!(count > 20, "{count}");
    }
}
