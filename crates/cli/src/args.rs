//! The command line, as it is typed.

pub(crate) mod call;
pub(crate) mod dialect;
pub(crate) mod drill;
pub(crate) mod explain;
pub(crate) mod ledger;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use steadfast::dialect::PolicyName;
use steadfast_sandbox::{Api, Fixtures, Preset, Profile, Quirk};

/// Calls to other companies' HTTP APIs that end well.
#[derive(Debug, Parser)]
#[command(name = "steadfast", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Machine-readable output on stdout, and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress and no remarks
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Decisions in words on stderr; twice for every attempt
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Log lines as JSON on stderr, with the fields that the API's guide asks for
    #[arg(long, global = true, env = "STEADFAST_LOG_JSON")]
    pub(crate) log_json: bool,
    /// The settings; else ./steadfast.toml, then the user's configuration directory
    #[arg(long, global = true, value_name = "PATH", env = "STEADFAST_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Deliver a file of writes to an API and account for every one
    Deliver(Box<DeliverArgs>),
    /// Make one call with everything that is known of the API
    Call(Box<call::CallArgs>),
    /// Say what a reply means and what to do about it, with the rule that says so
    Explain(Box<explain::ExplainArgs>),
    /// Look at deliveries, and act on them by hand
    Ledger(ledger::LedgerArgs),
    /// Run a stateful double of an API, with faults on demand
    Sandbox(SandboxArgs),
    /// Grade any client of an API by what a double sees of it on bad days
    Drill(drill::DrillArgs),
    /// Our own client as the subject of a drill
    #[command(hide = true)]
    Subject {
        /// Which policy of the dialect to follow: recommended, documented
        #[arg(long, value_name = "POLICY")]
        policy: Option<PolicyName>,
    },
    /// Look at the APIs' contracts, and check one of your own
    #[command(subcommand)]
    Dialect(dialect::DialectCommand),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder
        folder: PathBuf,
    },
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Exit status: 0 every write is applied, confirmed or existing; 1 some are rejected, unknown, held, or \
queued and never seen; 2 usage, input or settings; 3 nothing could be sent; 130 interrupted, and the \
same command goes on.")]
pub(crate) struct DeliverArgs {
    /// CSV, NDJSON or a JSON array; - for standard input
    pub(crate) file: PathBuf,
    /// The API, as the settings name it
    #[arg(long, value_name = "API", env = "STEADFAST_TO")]
    pub(crate) to: Option<String>,
    /// What the file holds, if its columns do not tell
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// The column that tells the writes apart, if it is not the API's own key
    #[arg(long, value_name = "COLUMN")]
    pub(crate) key: Option<String>,
    /// What stands in the path of every write, such as business_id=4f1c…, unless a column says it;
    /// may be given more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Deliver to a fresh double of the API with these faults: calm, rough-day, storm, outage
    #[arg(long, value_name = "PRESET")]
    pub(crate) sandbox: Option<Preset>,
    /// Seed of the double's faults
    #[arg(long, value_name = "N", default_value_t = 1, requires = "sandbox")]
    pub(crate) seed: u64,
    /// Which of the API's documents the double follows: guide, reference, both
    #[arg(long, value_name = "P", default_value_t = Profile::Guide, requires = "sandbox")]
    pub(crate) profile: Profile,
    /// A deviation of the double; may be given more than once
    #[arg(long, value_name = "QUIRK", requires = "sandbox")]
    pub(crate) quirk: Vec<Quirk>,
    /// The ledger [default: steadfast/<api>.db in the user's state directory]
    #[arg(long, value_name = "PATH", env = "STEADFAST_LEDGER")]
    pub(crate) ledger: Option<PathBuf>,
    /// Write a self-contained HTML report there
    #[arg(long, value_name = "PATH")]
    pub(crate) report: Option<PathBuf>,
    /// Write the refused input there, with the reason beside it, ready to be corrected
    #[arg(long, value_name = "PATH")]
    pub(crate) rejects: Option<PathBuf>,
    /// Read, group and check, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Leave all checks to the API
    #[arg(long)]
    pub(crate) no_preflight: bool,
    /// How many writes are sending at the same time [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), env = "STEADFAST_CONCURRENCY")]
    pub(crate) concurrency: Option<u16>,
    /// The most sends a second
    #[arg(long, value_name = "N", value_parser = positive, env = "STEADFAST_RATE")]
    pub(crate) rate: Option<f64>,
    /// How long each write may take, waits included, such as 90s or 10m
    #[arg(long, value_name = "D", default_value = "10m", value_parser = duration)]
    pub(crate) deadline: Duration,
    /// What a failed write does to those behind it about the same thing
    #[arg(long, value_enum, default_value_t = OrderingArg::Park)]
    pub(crate) ordering: OrderingArg,
    /// What to do with a write whose effect cannot be proven: a person decides, or send it again
    #[arg(long, value_enum, default_value_t = OnUnknownArg::Hold)]
    pub(crate) on_unknown: OnUnknownArg,
    /// How long queued writes are looked for at the end
    #[arg(long, value_name = "D", default_value = "10m", value_parser = duration)]
    pub(crate) confirm_for: Duration,
    /// Do not look for queued writes
    #[arg(long, conflicts_with = "confirm_for")]
    pub(crate) no_confirm: bool,
    /// Which policy of the dialect to follow: recommended, documented
    #[arg(long, value_name = "POLICY", env = "STEADFAST_POLICY")]
    pub(crate) policy: Option<PolicyName>,
    /// Numbers in the file are written with a decimal comma
    #[arg(long)]
    pub(crate) decimal_comma: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct SandboxArgs {
    /// The APIs to double: knosc, thredfi, operations1, kneo
    #[arg(required = true)]
    pub(crate) api: Vec<Api>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
    /// Which of the API's documents to follow: guide, reference, both
    #[arg(long, value_name = "P", default_value_t = Profile::Guide)]
    pub(crate) profile: Profile,
    /// A deviation; may be given more than once
    #[arg(long, value_name = "QUIRK")]
    pub(crate) quirk: Vec<Quirk>,
    /// A preset (calm, rough-day, storm, outage) or a file with a fault plan
    #[arg(long, value_name = "PRESET|FILE")]
    pub(crate) faults: Option<String>,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// What the world holds at the start: default, vectors, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "default")]
    pub(crate) fixtures: Fixtures,
    /// How long Thredfi's tokens last [default: 3600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) token_ttl: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderingArg {
    /// They wait for a person
    Park,
    /// They go on
    Skip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnUnknownArg {
    /// A person decides
    Hold,
    /// Send it again, at the risk of doing it twice
    Resend,
}

/// Reads `90s`, `10m`, `1h 30m`; a bare number is refused, since nobody could say of what.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no duration; write it like 90s, 10m or 1h30m");
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err(format!("\"{text}\" is no number of sends a second; write one above zero")),
    }
}

/// `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.trim().is_empty() => {
            Ok((name.to_owned(), value.trim().to_owned()))
        }
        _ => Err("write a name and its value, such as business_id=4f1c2d7e".to_owned()),
    }
}
