//! How fast the ledger is, beside raw SQLite doing the same commits.
//!
//! `cargo run --release -p steadfast-ledger --example speed [DIRECTORY] [SECONDS] [accepts|lives]`; the
//! directory has to be on the disk in question.

// A program that prints figures, and that may fail loudly.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use steadfast_ledger::{AttemptRow, Initial, Ledger, NewDelivery, Run, RunId, Settlement, Terms};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let place = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let time = Duration::from_secs(args.next().map_or(3, |seconds| seconds.parse().unwrap()));
    let part = args.next();
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let dir = place.join(format!("steadfast-ledger-speed-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    if wanted("accepts") {
        compare_accepts(&dir, time).await;
    }
    if wanted("lives") {
        whole_lives(&dir, time).await;
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

async fn compare_accepts(dir: &Path, time: Duration) {
    println!("accepts, one delivery (256-byte body) to a call, in {}", dir.display());
    for callers in [1, 64, 256] {
        let raw = raw(&dir.join(format!("raw-{callers}.db")), callers, time).await;
        let ours = accepts(&dir.join(format!("accepts-{callers}.db")), callers, time).await;
        println!(
            "{callers:>4} callers: raw SQLite {}; ledger {}; {:.0} %",
            raw.words(),
            ours.words(),
            100.0 * ours.rate / raw.rate
        );
    }
}

async fn whole_lives(dir: &Path, time: Duration) {
    println!("whole lives (accept, claim, settle)");
    for callers in [64, 256] {
        let rate = lives(&dir.join(format!("lives-{callers}.db")), callers, time).await;
        println!("{callers:>4} callers, one at a time each: {rate:.0} a second");
    }
    let rate = batched_lives(&dir.join("batched.db"), time).await;
    println!("one caller, batches of 256: {rate:.0} a second");
}

struct Figures {
    rate: f64,
    p99: Duration,
}

impl Figures {
    fn of(mut waits: Vec<Duration>, elapsed: Duration) -> Figures {
        waits.sort_unstable();
        let p99 = waits[waits.len() * 99 / 100];
        Figures { rate: waits.len() as f64 / elapsed.as_secs_f64(), p99 }
    }

    fn words(&self) -> String {
        format!("{:.0}/s (p99 {:.1} ms)", self.rate, self.p99.as_secs_f64() * 1e3)
    }
}

/// Calls `one` from many tasks until the time is over.
async fn drive<F, O>(callers: usize, time: Duration, one: F) -> Figures
where
    F: Fn(u64) -> O + Clone + Send + Sync + 'static,
    O: Future<Output = ()> + Send,
{
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (one, next) = (one.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while start.elapsed() < time {
                    let began = Instant::now();
                    one(next.fetch_add(1, Ordering::Relaxed)).await;
                    waits.push(began.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    Figures::of(waits, start.elapsed())
}

/// Raw SQLite with group commit: one row with the same columns' worth of bytes for each call.
async fn raw(path: &Path, callers: usize, time: Duration) -> Figures {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;
         CREATE TABLE t (id INTEGER PRIMARY KEY, key TEXT NOT NULL, body BLOB NOT NULL)",
    )
    .unwrap();
    let (jobs, queue) = mpsc::channel::<(String, Vec<u8>, oneshot::Sender<()>)>();
    let writer = std::thread::spawn(move || {
        while let Ok(first) = queue.recv() {
            let mut batch = vec![first];
            batch.extend(queue.try_iter());
            db.execute_batch("BEGIN IMMEDIATE").unwrap();
            for (key, body, _) in &batch {
                db.prepare_cached("INSERT INTO t (key, body) VALUES (?1, ?2)")
                    .unwrap()
                    .execute((key, body))
                    .unwrap();
            }
            db.execute_batch("COMMIT").unwrap();
            for (_, _, told) in batch {
                let _ = told.send(());
            }
        }
    });
    let figures = drive(callers, time, move |n| {
        let jobs = jobs.clone();
        async move {
            let (tell, told) = oneshot::channel();
            jobs.send((format!("PO-{n:08}"), vec![b'x'; 256], tell)).unwrap();
            told.await.unwrap();
        }
    })
    .await;
    writer.join().unwrap();
    figures
}

async fn accepts(path: &Path, callers: usize, time: Duration) -> Figures {
    let ledger = Ledger::open(path).unwrap();
    let run = ledger.begin_run(Run::default()).await.unwrap();
    drive(callers, time, move |n| {
        let ledger = ledger.clone();
        async move { drop(ledger.accept(vec![order(run, n)]).await.unwrap()) }
    })
    .await
}

async fn lives(path: &Path, callers: usize, time: Duration) -> f64 {
    let ledger = Ledger::open(path).unwrap();
    let run = ledger.begin_run(Run::default()).await.unwrap();
    let ended = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&ended);
    let calls = drive(callers, time, move |n| {
        let (ledger, ended) = (ledger.clone(), Arc::clone(&counter));
        async move {
            ledger.accept(vec![order(run, n)]).await.unwrap();
            for delivery in ledger.claim(run, i64::MAX, 1).await.unwrap() {
                let (settlement, attempts) = applied(n);
                ledger.settle(delivery.id, settlement, attempts).await.unwrap();
                ended.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await;
    calls.rate.min(ended.load(Ordering::Relaxed) as f64 / time.as_secs_f64())
}

async fn batched_lives(path: &Path, time: Duration) -> f64 {
    let ledger = Ledger::open(path).unwrap();
    let run = ledger.begin_run(Run::default()).await.unwrap();
    let start = Instant::now();
    let mut n = 0;
    let mut ended = 0;
    while start.elapsed() < time {
        ledger.accept((n..n + 256).map(|n| order(run, n)).collect()).await.unwrap();
        n += 256;
        let claimed = ledger.claim(run, i64::MAX, 256).await.unwrap();
        ended += claimed.len();
        let settled = claimed
            .into_iter()
            .map(|delivery| {
                let (settlement, attempts) = applied(n);
                (delivery.id, settlement, attempts)
            })
            .collect();
        ledger.settle_many(settled).await.unwrap();
    }
    ended as f64 / start.elapsed().as_secs_f64()
}

fn order(run: RunId, n: u64) -> NewDelivery {
    NewDelivery {
        run,
        account: "acme".into(),
        resource: "purchase-order".into(),
        natural_key: Some(format!("PO-{n:08}")),
        key_of_user: None,
        lane: None,
        method: "POST".into(),
        path: "/purchase-order".into(),
        body: vec![b'x'; 256],
        headers: Vec::new(),
        idempotency_key: None,
        lines: "2-4".into(),
        initial: Initial::Waiting(Terms::default()),
    }
}

fn applied(n: u64) -> (Settlement, Vec<AttemptRow>) {
    let attempt = AttemptRow {
        n: 1,
        started_at_ms: 1_700_000_000_000,
        elapsed_ms: 12,
        class: "ok".into(),
        status: Some(201),
        effect: "applied".into(),
        ..AttemptRow::default()
    };
    (Settlement::Applied { status: Some(201), resource_id: Some(n.to_string()) }, vec![attempt])
}
