//! The ledger alone, beside raw SQLite that makes the same commits.

mod accepts;
mod history;
mod lives;
mod load;
mod raw;
mod store;

use std::path::PathBuf;
use std::time::Duration;

use crate::error::BenchError;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to measure
    #[arg(value_enum)]
    part: Part,
    /// How many callers accept at the same time; may be given more than once
    #[arg(long, default_values_t = [1, 64, 256])]
    callers: Vec<usize>,
    /// How long each round of each leg takes, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many rounds are measured, after one that is not
    #[arg(long, default_value_t = 7)]
    rounds: u32,
    /// How long the body of a delivery is, in bytes
    #[arg(long, default_value_t = 256)]
    body: usize,
    /// How many finished deliveries the full ledger holds
    #[arg(long, default_value_t = 10_000_000)]
    finished: u64,
    /// Where the ledgers are, on a real disk
    #[arg(long, value_name = "PATH", default_value = "target/bench")]
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Durable accepts a second
    Accepts,
    /// Whole lives a second: accept, claim, settle
    Lives,
    /// The same with millions of finished deliveries in the ledger, beside an empty one
    History,
}

impl Args {
    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Something that looks like JSON, of the length asked for.
    fn body(&self) -> Vec<u8> {
        let text = br#"{"PO List Number":"PO-2026-0000001","Supplier Number":"SUP-1"} "#;
        text.iter().copied().cycle().take(self.body).collect()
    }
}

pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    std::fs::create_dir_all(&args.dir).map_err(BenchError::file(&args.dir))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(BenchError::io("start threads"))?;
    runtime.block_on(async {
        match args.part {
            Part::Accepts => accepts::compare(args).await,
            Part::Lives => lives::compare(args).await,
            Part::History => history::compare(args).await,
        }
    })
}

/// In each round the other one is first: A B, then B A.
fn turns<T: Copy>(legs: &[T], round: u32) -> Vec<(usize, T)> {
    let mut turns: Vec<(usize, T)> = legs.iter().copied().enumerate().collect();
    if round % 2 == 1 {
        turns.reverse();
    }
    turns
}

/// The key of a delivery, by its number. Scattered: in no order, as keys that are drawn.
fn key(number: u64, scattered: bool) -> String {
    // An odd factor maps the numbers onto themselves, so none comes twice.
    let number = if scattered { number.wrapping_mul(0x9E37_79B9_7F4A_7C15) } else { number };
    format!("PO-{number:020}")
}
