//! The `steadfast` program: thin over the libraries. It owns stdout, the environment and the
//! settings file, and decides nothing about calls.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod args;
mod call;
mod deliver;
mod dialect;
mod drill;
mod explain;
mod failure;
mod faults;
mod layout;
mod ledger;
mod logging;
mod sandbox;
mod screen;
mod settings;
mod shell;
mod signals;
mod stdout;
mod subject;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(&cli.global);
    let result = match cli.command {
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { folder } => shell::man(&folder),
        Command::Call(args) => in_runtime(call::run(&cli.global, *args)),
        Command::Dialect(command) => dialect::run(&cli.global, &command),
        Command::Explain(args) => explain::run(&cli.global, &args),
        Command::Deliver(args) => in_runtime(deliver::run(&cli.global, *args)),
        Command::Ledger(args) => in_runtime(ledger::run(&cli.global, args)),
        Command::Drill(args) => in_runtime(drill::run(&cli.global, args)),
        Command::Subject { policy } => in_runtime(subject::run(policy)),
        Command::Sandbox(args) => in_runtime(sandbox::run(args)),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            eprintln!("steadfast: {}", failure.text);
            ExitCode::from(failure.status)
        }
    }
}

fn in_runtime(command: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
            Failure::new(1, format!("the program cannot start its threads: {error}"))
        })?;
    let result = runtime.block_on(command);
    // What still runs in the background has nothing more to say.
    runtime.shutdown_background();
    result
}
