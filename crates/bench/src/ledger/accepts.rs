//! Durable accepts a second, one delivery to a call.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::load::{Round, drive};
use super::store::Store;
use super::{Args, key, turns};
use crate::error::BenchError;
use crate::figures::{Series, own_cpu};

const LEGS: [&str; 2] = ["raw SQLite", "the ledger"];

/// What was measured of one leg, over all rounds.
#[derive(Default)]
pub(super) struct Column {
    pub(super) rate: Series,
    p50_ms: Series,
    p99_ms: Series,
    per_commit: Series,
    cpu_us: Series,
}

impl Column {
    pub(super) fn push(&mut self, round: &Measured) {
        self.rate.push(round.load.rate);
        self.p50_ms.push(round.load.p50_ms);
        self.p99_ms.push(round.load.p99_ms);
        self.per_commit.push(round.load.calls as f64 / round.commits.max(1) as f64);
        self.cpu_us.push(round.cpu.as_secs_f64() * 1e6 / round.load.calls.max(1) as f64);
    }

    pub(super) fn print(&self) {
        println!("    accepts/s         {:.0}", self.rate);
        println!("    p50, ms           {:.2}", self.p50_ms);
        println!("    p99, ms           {:.2}", self.p99_ms);
        println!("    accepts a commit  {:.1}", self.per_commit);
        println!("    CPU µs an accept  {:.1}", self.cpu_us);
    }
}

/// A round of a leg.
pub(super) struct Measured {
    pub(super) load: Round,
    commits: u64,
    cpu: Duration,
}

/// So many callers accept one delivery after the other, with numbers from `next` on.
pub(super) async fn accept_for(
    args: &Args,
    store: &Store,
    callers: usize,
    next: &Arc<AtomicU64>,
    scattered: bool,
) -> Result<Measured, BenchError> {
    let body: Arc<[u8]> = args.body().into();
    let (commits, cpu) = (store.commits(), own_cpu());
    let accepting = store.clone();
    let load = drive(callers, args.time(), next, move |number| {
        let (store, body) = (accepting.clone(), Arc::clone(&body));
        async move { store.accept(vec![key(number, scattered)], &body).await.map(drop) }
    })
    .await?;
    let cpu = own_cpu().saturating_sub(cpu);
    Ok(Measured { load, commits: store.commits() - commits, cpu })
}

pub(super) async fn compare(args: &Args) -> Result<(), BenchError> {
    println!(
        "durable accepts, bodies of {} bytes, {} rounds of {} s in turns: median (lowest–highest)",
        args.body, args.rounds, args.seconds
    );
    for callers in &args.callers {
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
                let measured = accept_for(args, &store, *callers, &next, false).await?;
                rates[leg] = measured.load.rate;
                if round > 0 {
                    columns[leg].push(&measured);
                }
            }
            if round > 0 {
                share.push(rates[1] / rates[0] * 100.0);
            }
        }
        println!("{callers} callers");
        for (title, column) in LEGS.iter().zip(&columns) {
            println!("  {title}");
            column.print();
        }
        println!("  the ledger beside raw SQLite, %  {share:.1}");
    }
    Ok(())
}
