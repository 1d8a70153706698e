//! Side-by-side measurements of speed and memory, for `docs/performance.md`.
//!
//! Whatever is compared runs in one go, in turns (A B A B …), so that a noisy machine is noisy for
//! both. The double runs in a process of its own. Printed are medians, with the lowest and the
//! highest beside them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod double;
mod error;
mod figures;
mod input;
mod memory;
mod orders;
mod program;
mod startup;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "steadfast-bench", about = "Side-by-side measurements of speed and memory")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Orders a second: the client alone, and with the ledger
    Orders(orders::Args),
    /// How long `steadfast --help` takes, beside `/bin/true`
    Startup(startup::Args),
    /// How much memory `steadfast deliver` takes
    Memory(memory::Args),
    /// Run a calm double until standard input ends
    #[command(hide = true)]
    Double,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Orders(args) => orders::run(&args),
        Command::Startup(args) => startup::run(&args),
        Command::Memory(args) => memory::run(&args),
        Command::Double => double::serve(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("steadfast-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
