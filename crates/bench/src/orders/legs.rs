//! The two that are compared. Both send the same orders to the same double, over the same client,
//! on the same runtime.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use steadfast::{Client, Options, Outcome, Request};
use steadfast_ledger::{
    Initial, Ledger, NewDelivery, News, OnUnknown, Run, Runner, RunnerOptions, State, Terms, Which,
    Wish,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::double::Double;
use crate::error::BenchError;
use crate::figures::own_cpu;
use crate::input;

const RESOURCE: &str = "purchase-order";
const PATH: &str = "/purchase-order";
/// How long a call may take, as `deliver` says it by default.
const ALLOWANCE: Duration = Duration::from_secs(600);
/// How many deliveries are accepted at a time.
const BATCH: u64 = 1_000;

/// One of those that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Leg {
    /// The client alone.
    Client,
    /// The runner, over a ledger on disk.
    Ledger,
}

/// What one round of a leg took.
#[derive(Debug)]
pub(super) struct Measured {
    elapsed: Duration,
    pub(super) cpu: Duration,
    pub(super) double_cpu: Duration,
    /// How many transactions of the ledger there were.
    pub(super) commits: u64,
}

impl Measured {
    pub(super) fn rate(&self, orders: u64) -> f64 {
        orders as f64 / self.elapsed.as_secs_f64()
    }

    /// The processor time of both processes, in seconds.
    pub(super) fn cpu_in_all(&self) -> f64 {
        (self.cpu + self.double_cpu).as_secs_f64()
    }
}

impl Leg {
    pub(super) fn title(self) -> &'static str {
        match self {
            Leg::Client => "a: the client alone",
            Leg::Ledger => "b: with the ledger on disk",
        }
    }

    /// Sends so many orders to a double whose world is fresh. Only the sending is measured.
    pub(super) async fn run(
        self,
        double: &Double,
        orders: u64,
        concurrency: usize,
        dir: &Path,
    ) -> Result<Measured, BenchError> {
        let client = double.client().await?;
        match self {
            Leg::Client => alone(double, client, orders, concurrency).await,
            Leg::Ledger => recorded(double, client, orders, concurrency, dir).await,
        }
    }
}

/// So many tasks take orders from one list and call.
async fn alone(
    double: &Double,
    client: Client,
    orders: u64,
    concurrency: usize,
) -> Result<Measured, BenchError> {
    let list: Arc<Vec<_>> =
        Arc::new((0..orders).map(|n| (input::key(n), input::order(n))).collect());
    let (next, applied) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let clock = Watch::start(double);
    let mut tasks = JoinSet::new();
    for _ in 0..concurrency {
        let (client, list) = (client.clone(), Arc::clone(&list));
        let (next, applied) = (Arc::clone(&next), Arc::clone(&applied));
        tasks.spawn(async move {
            while let Some((key, body)) = list.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                let request = Request::new(http::Method::POST, PATH).json(body.clone());
                let options = Options {
                    deadline: Some(ALLOWANCE),
                    resource: Some(RESOURCE.to_owned()),
                    natural_key: Some(key.clone()),
                    known_absent: true,
                    ..Options::default()
                };
                if let Ok(Outcome::Applied(_)) = client.call(request, options).await {
                    applied.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let measured = clock.stop(double, 0);
    all_applied(orders, applied.load(Ordering::Relaxed))?;
    Ok(measured)
}

/// Accepts and releases the orders, and then lets the runner send them.
async fn recorded(
    double: &Double,
    client: Client,
    orders: u64,
    concurrency: usize,
    dir: &Path,
) -> Result<Measured, BenchError> {
    let folder = tempfile::tempdir_in(dir).map_err(BenchError::file(dir))?;
    let ledger = Ledger::open(&folder.path().join("ledger.db"))?;
    let run = ledger.begin_run(Run { command: "bench".to_owned(), ..Run::default() }).await?;
    for first in (0..orders).step_by(BATCH as usize) {
        let batch = (first..orders.min(first + BATCH)).map(|number| NewDelivery {
            run,
            account: "bench".to_owned(),
            resource: RESOURCE.to_owned(),
            natural_key: Some(input::key(number)),
            key_of_user: None,
            lane: None,
            method: "POST".to_owned(),
            path: PATH.to_owned(),
            body: input::order(number),
            headers: Vec::new(),
            idempotency_key: None,
            lines: "2-4".to_owned(),
            initial: Initial::Staged,
        });
        ledger.accept(batch.collect()).await?;
    }
    let terms = Terms {
        known_absent: true,
        allowance_ms: i64::try_from(ALLOWANCE.as_millis()).ok(),
        ..Terms::default()
    };
    ledger.release(run, Which::All, terms).await?;
    let options = RunnerOptions {
        concurrency,
        on_unknown: OnUnknown::Hold,
        confirm_for: None,
        allowance: ALLOWANCE,
    };
    let heard = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&heard);
    let observer = move |news: News<'_>| {
        if let News::Settled { .. } = news {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    let runner = Runner::new(ledger.clone(), client, "bench", options, Arc::new(observer));
    let (_wish, wishes) = watch::channel(Wish::GoOn);
    let before = ledger.commits();
    let clock = Watch::start(double);
    // As `deliver` does: on the threads where the calls run.
    let ended = tokio::spawn(async move { runner.run(run, wishes).await });
    ended.await.map_err(|error| BenchError::Wrong(format!("the runner broke off: {error}")))??;
    let measured = clock.stop(double, ledger.commits() - before);
    all_applied(orders, heard.load(Ordering::Relaxed))?;
    all_applied(orders, ledger.counts(run)?.of(State::Applied))?;
    Ok(measured)
}

fn all_applied(orders: u64, applied: u64) -> Result<(), BenchError> {
    match applied == orders {
        true => Ok(()),
        false => Err(BenchError::Wrong(format!("of {orders} orders {applied} were applied"))),
    }
}

struct Watch {
    started: Instant,
    cpu: Duration,
    double_cpu: Duration,
}

impl Watch {
    fn start(double: &Double) -> Self {
        Self { double_cpu: double.cpu(), cpu: own_cpu(), started: Instant::now() }
    }

    fn stop(&self, double: &Double, commits: u64) -> Measured {
        Measured {
            elapsed: self.started.elapsed(),
            cpu: own_cpu().saturating_sub(self.cpu),
            double_cpu: double.cpu().saturating_sub(self.double_cpu),
            commits,
        }
    }
}
