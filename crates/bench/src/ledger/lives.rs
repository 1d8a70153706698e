//! Whole lives a second: accept, claim, settle, each of the three on disk before the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::store::Store;
use super::{Args, key, turns};
use crate::error::BenchError;
use crate::figures::{Series, memory_kib, own_cpu};

const LEGS: [&str; 2] = ["raw SQLite", "the ledger"];
/// How many move together, and by how many senders: a runner at work settles one to two hundred at a time.
const SHAPES: [(usize, usize); 3] = [(256, 1), (256, 2), (16, 16)];

#[derive(Default)]
pub(super) struct Column {
    pub(super) rate: Series,
    cpu_us: Series,
}

impl Column {
    pub(super) fn push(&mut self, measured: &Measured) {
        self.rate.push(measured.rate());
        self.cpu_us.push(measured.cpu.as_secs_f64() * 1e6 / measured.lives.max(1) as f64);
    }

    pub(super) fn print(&self) {
        println!("    lives/s        {:.0}", self.rate);
        println!("    CPU µs a life  {:.1}", self.cpu_us);
    }
}

pub(super) struct Measured {
    lives: u64,
    elapsed: Duration,
    cpu: Duration,
}

impl Measured {
    pub(super) fn rate(&self) -> f64 {
        self.lives as f64 / self.elapsed.as_secs_f64()
    }
}

/// So many senders, each of which takes batches through their lives, one after the other.
pub(super) async fn live_for(
    args: &Args,
    store: &Store,
    (batch, senders): (usize, usize),
    next: &Arc<AtomicU64>,
    scattered: bool,
) -> Result<Measured, BenchError> {
    let body: Arc<[u8]> = args.body().into();
    let (started, cpu, time) = (Instant::now(), own_cpu(), args.time());
    let tasks: Vec<_> = (0..senders)
        .map(|_| {
            let (store, body, next) = (store.clone(), Arc::clone(&body), Arc::clone(next));
            tokio::spawn(async move {
                let mut lives = 0;
                while started.elapsed() < time {
                    let first = next.fetch_add(batch as u64, Ordering::Relaxed);
                    let keys = (first..first + batch as u64).map(|number| key(number, scattered));
                    lives += store.lives(keys.collect(), &body).await?;
                }
                Ok::<_, BenchError>(lives)
            })
        })
        .collect();
    let mut lives = 0;
    for task in tasks {
        lives += task.await.map_err(|error| BenchError::Wrong(error.to_string()))??;
    }
    Ok(Measured { lives, elapsed: started.elapsed(), cpu: own_cpu().saturating_sub(cpu) })
}

pub(super) async fn compare(args: &Args) -> Result<(), BenchError> {
    println!(
        "whole lives, bodies of {} bytes, {} rounds of {} s in turns: median (lowest–highest)",
        args.body, args.rounds, args.seconds
    );
    for shape in SHAPES {
        let mut columns = [Column::default(), Column::default()];
        let mut share = Series::default();
        for round in 0..=args.rounds {
            let mut rates = [0.0; 2];
            for (leg, _) in turns(&LEGS, round) {
                let folder =
                    tempfile::tempdir_in(&args.dir).map_err(BenchError::file(&args.dir))?;
                let path = folder.path().join("ledger.db");
                let store = match leg {
                    0 => Store::raw(&path)?,
                    _ => Store::ledger(&path).await?,
                };
                let next = Arc::new(AtomicU64::new(0));
                let measured = live_for(args, &store, shape, &next, false).await?;
                rates[leg] = measured.rate();
                if round > 0 {
                    columns[leg].push(&measured);
                }
            }
            if round > 0 {
                share.push(rates[1] / rates[0] * 100.0);
            }
        }
        println!("{} senders, {} at a time each", shape.1, shape.0);
        for (title, column) in LEGS.iter().zip(&columns) {
            println!("  {title}");
            column.print();
        }
        println!("  the ledger beside raw SQLite, %  {share:.1}");
    }
    memory(args).await
}

/// What the process holds while one ledger takes one life after the other.
async fn memory(args: &Args) -> Result<(), BenchError> {
    let folder = tempfile::tempdir_in(&args.dir).map_err(BenchError::file(&args.dir))?;
    let store = Store::ledger(&folder.path().join("ledger.db")).await?;
    let next = Arc::new(AtomicU64::new(0));
    println!("memory of the process while one ledger goes on");
    for _ in 0..=args.rounds {
        live_for(args, &store, SHAPES[0], &next, false).await?;
        let mib = memory_kib(std::process::id()).unwrap_or(0) as f64 / 1_024.0;
        println!("    after {} lives  {mib:.1} MiB", next.load(Ordering::Relaxed));
    }
    Ok(())
}
