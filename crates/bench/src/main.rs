//! Side-by-side measurements of speed and memory, for `docs/performance.md`.
//!
//! Whatever is compared runs in one go, in turns (A B A B …), so that a noisy machine is noisy for
//! both. The double runs in a process of its own. Printed are medians, with the lowest and the
//! highest beside them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod decision;
mod double;
mod error;
mod figures;
mod goodput;
mod input;
mod ledger;
mod memory;
mod orders;
mod outage;
mod program;
mod server;
mod startup;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Counts what is allocated.
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

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
    /// What the engine's decisions cost, beside a stack of the same parts
    Decision(decision::Args),
    /// What a request costs over loopback, beside other clients
    Wire(wire::Args),
    /// How long writes take at a server with a limit, beside another client
    Goodput(goodput::Args),
    /// What many callers load on an API that is gone, in virtual time
    Outage(outage::Args),
    /// The ledger alone, beside raw SQLite
    Ledger(ledger::Args),
    /// Run a small server until standard input ends
    #[command(hide = true)]
    Server(server::Args),
    /// Run a calm double until standard input ends
    #[command(hide = true)]
    Double,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Orders(args) => orders::run(&args),
        Command::Startup(args) => startup::run(&args),
        Command::Memory(args) => memory::run(&args),
        Command::Decision(args) => decision::run(&args),
        Command::Wire(args) => wire::run(&args),
        Command::Goodput(args) => goodput::run(&args),
        Command::Outage(args) => outage::run(&args),
        Command::Ledger(args) => ledger::run(&args),
        Command::Server(args) => server::serve(args),
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
