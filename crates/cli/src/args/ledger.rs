//! The `ledger` commands, as they are typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use steadfast_ledger::State;

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Deliveries are named by their number or their key; id:12 and key:12 say which of the two is meant. \
Looking works while a delivery is running; retry, cancel, resolve and prune need the ledger to \
themselves, and say when another program has it.

Exit status: 0 done; 1 something that was asked for was not done; 2 usage, or the ledger cannot be used.")]
pub(crate) struct LedgerArgs {
    /// The ledger [default: that of --to, or the only one in the user's state directory]
    #[arg(long, global = true, value_name = "PATH", env = "STEADFAST_LEDGER")]
    pub(crate) ledger: Option<PathBuf>,
    /// The API whose ledger it is, as the settings name it
    #[arg(long, global = true, value_name = "API", env = "STEADFAST_TO")]
    pub(crate) to: Option<String>,
    #[command(subcommand)]
    pub(crate) command: LedgerCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum LedgerCommand {
    /// List deliveries
    List(ListArgs),
    /// Show one delivery: what, from where, its state and why, what to do, and what happened
    Show(ShowArgs),
    /// How many deliveries stand where, what is due, and the latest runs
    Status,
    /// Let deliveries that did not go through try again with the next `deliver` of their file
    Retry(RetryArgs),
    /// Withdraw deliveries that are not in effect
    Cancel(CancelArgs),
    /// Say what became of an unknown delivery, after looking at the API
    Resolve(ResolveArgs),
    /// Write deliveries to stdout, for another program
    Export(ExportArgs),
    /// Forget deliveries that are finished and old
    Prune(PruneArgs),
    /// Write a copy of the ledger, also while a delivery is running
    Backup {
        /// The copy, a new file
        path: PathBuf,
    },
}

/// Which deliveries.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Selection {
    /// In this state; may be given more than once
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = states())]
    pub(crate) state: Vec<State>,
    /// Of this run
    #[arg(long, value_name = "N")]
    pub(crate) run: Option<i64>,
    /// With a code like this; * stands for anything
    #[arg(long, value_name = "GLOB")]
    pub(crate) code: Option<String>,
    /// With a key like this; * stands for anything
    #[arg(long, value_name = "GLOB")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) which: Selection,
    /// At most so many [default: 100 in a table, all with --json]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    /// Its number or its key
    #[arg(value_name = "ID|KEY")]
    pub(crate) name: String,
    /// With the body that was or would be sent, secrets taken out
    #[arg(long)]
    pub(crate) body: bool,
}

#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["name", "state", "code", "key", "run", "all_held"]))]
pub(crate) struct RetryArgs {
    /// Their numbers or keys
    #[arg(value_name = "ID|KEY")]
    pub(crate) name: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Selection,
    /// All that are held
    #[arg(long, conflicts_with_all = ["name", "state"])]
    pub(crate) all_held: bool,
    #[command(flatten)]
    pub(crate) hand: HandArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CancelArgs {
    /// Their numbers or keys
    #[arg(value_name = "ID|KEY", required = true)]
    pub(crate) name: Vec<String>,
    #[command(flatten)]
    pub(crate) hand: HandArgs,
}

#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("answer").required(true).args(["applied", "not_applied"]))]
pub(crate) struct ResolveArgs {
    /// Their numbers or keys
    #[arg(value_name = "ID|KEY", required = true)]
    pub(crate) name: Vec<String>,
    /// It is in effect
    #[arg(long)]
    pub(crate) applied: bool,
    /// It is not in effect, and cannot come to be: the next `deliver` of its file sends it
    #[arg(long)]
    pub(crate) not_applied: bool,
    #[command(flatten)]
    pub(crate) hand: HandArgs,
}

/// Who does it. The ledger keeps it.
#[derive(Debug, Clone, Args)]
pub(crate) struct HandArgs {
    /// Who does it [default: the user's name, $USER]
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) which: Selection,
    /// How to write them
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub(crate) format: Format,
    /// With the bodies that were or would be sent, secrets taken out
    #[arg(long)]
    pub(crate) body: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line
    Ndjson,
    /// Comma-separated, with a header
    Csv,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PruneArgs {
    /// Finished so long ago, and in no file delivered since; such as 90d, 12w or 36h
    #[arg(long, value_name = "D", value_parser = age)]
    pub(crate) older_than: Duration,
    /// Say what would go, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

fn states() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::as_str)).try_map(|word| word.parse::<State>())
}

/// Reads `90d`, `12w`, `36h`. Months and years are refused, since they are not all as long.
fn age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no such time; write it like 90d, 12w or 36h");
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    let duration = span.to_duration(days).map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}
