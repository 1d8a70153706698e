//! Orders a second: the client alone, and with the ledger on.

mod legs;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::double::Double;
use crate::error::BenchError;
use crate::figures::Series;

use legs::{Leg, Measured};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many orders each round sends
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    orders: u64,
    /// How many are sending at the same time; may be given more than once
    #[arg(long, default_values_t = [16, 64])]
    concurrency: Vec<usize>,
    /// How many rounds are measured, after one that is not
    #[arg(long, default_value_t = 7)]
    rounds: u32,
    /// Where the ledger is, on a real disk
    #[arg(long, value_name = "PATH", default_value = "target/bench")]
    dir: PathBuf,
    /// Only one of the two, to look at it closely
    #[arg(long, value_enum)]
    only: Option<Leg>,
}

/// What was measured of one leg, over all rounds.
#[derive(Default)]
struct Column {
    rate: Series,
    cpu_us: Series,
    double_cpu_us: Series,
    moves_per_commit: Series,
}

impl Column {
    fn push(&mut self, orders: u64, measured: &Measured) {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / orders as f64;
        self.rate.push(measured.rate(orders));
        self.cpu_us.push(each(measured.cpu));
        self.double_cpu_us.push(each(measured.double_cpu));
        if measured.commits > 0 {
            // An order moves twice: it is claimed, and it is settled.
            self.moves_per_commit.push(2.0 * orders as f64 / measured.commits as f64);
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    std::fs::create_dir_all(&args.dir).map_err(BenchError::file(&args.dir))?;
    let double = Double::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(BenchError::io("start threads"))?;
    for concurrency in &args.concurrency {
        runtime.block_on(compare(args, &double, *concurrency))?;
    }
    Ok(())
}

async fn compare(args: &Args, double: &Double, concurrency: usize) -> Result<(), BenchError> {
    let legs: Vec<Leg> = match args.only {
        Some(leg) => vec![leg],
        None => Leg::value_variants().to_vec(),
    };
    let mut columns: Vec<Column> = legs.iter().map(|_| Column::default()).collect();
    let (mut speed, mut share, mut cost) =
        (Series::default(), Series::default(), Series::default());
    for round in 0..=args.rounds {
        let mut measured = Vec::new();
        // A B, then B A: neither has the other always before it.
        let turns: Vec<Leg> = match round % 2 {
            0 => legs.clone(),
            _ => legs.iter().rev().copied().collect(),
        };
        for leg in turns {
            double.reset().await?;
            measured.push(leg.run(double, args.orders, concurrency, &args.dir).await?);
        }
        if round % 2 == 1 {
            measured.reverse();
        }
        if round == 0 {
            continue;
        }
        for (column, measured) in columns.iter_mut().zip(&measured) {
            column.push(args.orders, measured);
        }
        if let [client, ledger] = measured.as_slice() {
            speed.push(ledger.rate(args.orders) / client.rate(args.orders) * 100.0);
            share.push(client.cpu_in_all() / ledger.cpu_in_all() * 100.0);
            cost.push(ledger.cpu.as_secs_f64() / client.cpu.as_secs_f64());
        }
    }
    println!(
        "concurrency {concurrency}, {} orders a round, {} rounds in turns: median (lowest–highest)",
        args.orders, args.rounds
    );
    for (leg, column) in legs.iter().zip(&columns) {
        println!("  {}", leg.title());
        println!("    orders/s                {}", column.rate);
        println!("    CPU µs/order, ours      {:.1}", column.cpu_us);
        println!("    CPU µs/order, double    {:.1}", column.double_cpu_us);
        if !column.moves_per_commit.median().is_nan() {
            println!("    moves per commit        {:.1}", column.moves_per_commit);
        }
    }
    if legs.len() == 2 {
        println!("  with the ledger, beside the client alone");
        println!("    orders/s, %             {speed:.1}");
        // What it would be if both kept every core busy: the figure to trust on a busy machine.
        println!("    by CPU of both, %       {share:.1}");
        println!("    CPU of ours, times      {cost:.2}");
    }
    Ok(())
}
