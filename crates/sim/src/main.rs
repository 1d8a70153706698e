//! `steadfast-sim`: a campaign of seeds, one seed, or one plan, with what happened in it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Parser;
use steadfast_sim::{Flaw, Leg, Plan, campaign, run, shrink};

/// How often a campaign says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Whole worlds from a seed: the client against a lying network, judged by what is true.
#[derive(Debug, Parser)]
#[command(name = "steadfast-sim")]
struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// On how many threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Run this one and print what happens
    #[arg(long, conflicts_with = "plan")]
    seed: Option<u64>,
    /// Run the plan in this file (as a failure prints it) and print what happens
    #[arg(long)]
    plan: Option<PathBuf>,
    /// Run the engine behind a plain driver instead of the client
    #[arg(long)]
    plain: bool,
    /// Give the plain driver this flaw, such as `resends-unknown`
    #[arg(long, value_parser = flaw)]
    flaw: Option<Flaw>,
    /// Stop at this many failures
    #[arg(long, default_value_t = 10)]
    failures_max: usize,
}

fn flaw(name: &str) -> Result<Flaw, String> {
    Flaw::ALL
        .into_iter()
        .find(|flaw| flaw.name() == name)
        .ok_or_else(|| format!("there are {}", Flaw::ALL.map(Flaw::name).join(", ")))
}

fn main() -> ExitCode {
    let args = Args::parse();
    let leg = match (args.plain, args.flaw) {
        (false, None) => Leg::Client,
        (_, flaw) => Leg::Plain(flaw),
    };
    let result = match (&args.seed, &args.plan) {
        (Some(seed), _) => replay(&Plan::draw(*seed), leg),
        (None, Some(path)) => read(path).and_then(|plan| replay(&plan, leg)),
        (None, None) => Ok(many(&args, leg)),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("steadfast-sim: {text}");
            ExitCode::from(2)
        }
    }
}

fn read(path: &Path) -> Result<Plan, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{} is no plan: {e}", path.display()))
}

/// True if it keeps every invariant.
fn replay(plan: &Plan, leg: Leg) -> Result<bool, String> {
    let report = run(plan, leg, true)?;
    let again = run(plan, leg, false)?;
    for line in &report.log {
        println!("{line}");
    }
    println!("hash {:016x}", report.hash);
    if again.hash != report.hash {
        println!("I8: it ran another way the second time");
        return Ok(false);
    }
    match &report.violation {
        None => println!("every invariant holds"),
        Some(found) => println!("{}: {}", found.invariant, found.text),
    }
    Ok(report.violation.is_none())
}

fn many(args: &Args, leg: Leg) -> bool {
    let began = Instant::now();
    let said = Mutex::new(began);
    let tally = campaign(args.from, args.seeds, args.threads, leg, |tally| {
        let mut said = said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if said.elapsed() >= PROGRESS_EVERY {
            *said = Instant::now();
            let per_s = tally.calls as f64 / began.elapsed().as_secs_f64();
            println!(
                "{} of {} worlds, {per_s:.0} calls/s, {} failures",
                tally.worlds,
                args.seeds,
                tally.failures.len()
            );
        }
        tally.failures.len() < args.failures_max
    });
    for (seed, found) in &tally.failures {
        println!("seed {seed} breaks {}: {}", found.invariant, found.text);
    }
    if let Some((seed, _)) = tally.failures.first() {
        let short = shrink(&Plan::draw(*seed), leg);
        let text = serde_json::to_string(&short).unwrap_or_default();
        println!("the shortest plan found for seed {seed}; save it and give it to --plan:\n{text}");
    }
    let took = began.elapsed().as_secs_f64();
    println!(
        "{} worlds from seed {}, {} calls, {} exchanges in {took:.1} s on {} threads: {:.0} worlds/s, \
         {:.0} calls/s, {:.0} exchanges/s; {} failures",
        tally.worlds,
        args.from,
        tally.calls,
        tally.exchanges,
        args.threads,
        tally.worlds as f64 / took,
        tally.calls as f64 / took,
        tally.exchanges as f64 / took,
        tally.failures.len()
    );
    tally.failures.is_empty()
}
