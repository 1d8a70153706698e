//! Whether millions of finished deliveries slow down what comes after them.
//!
//! The full ledger is filled behind the ledger's back: one delivery lives its life, and its rows are
//! copied by SQL under other ids and keys, whatever columns they have.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use rusqlite::Connection;

use super::accepts::{self, accept_for};
use super::lives::{self, live_for};
use super::store::Store;
use super::{Args, key, turns};
use crate::error::BenchError;
use crate::figures::Series;

/// Rows of one transaction while filling.
const CHUNK: i64 = 500_000;
/// How many move together, by one sender.
const SHAPE: (usize, usize) = (256, 1);
const CALLERS: usize = 64;
const LEGS: [&str; 2] = ["empty at first", "full"];

pub(super) async fn compare(args: &Args) -> Result<(), BenchError> {
    let folder = tempfile::tempdir_in(&args.dir).map_err(BenchError::file(&args.dir))?;
    let path = folder.path().join("full.db");
    let started = Instant::now();
    let template = Store::ledger(&path).await?;
    template.lives(vec![key(0, false)], &args.body()).await?;
    drop(template);
    fill(&path, i64::try_from(args.finished).unwrap_or(i64::MAX))?;
    // Otherwise the first commits that are measured wait until all that was filled in is written.
    let file = File::open(&path).map_err(BenchError::file(&path))?;
    file.sync_all().map_err(BenchError::file(&path))?;
    println!(
        "{} finished deliveries with bodies of {} bytes, {:.1} GB, filled in {:.0} s",
        args.finished,
        args.body,
        std::fs::metadata(&path).map_err(BenchError::file(&path))?.len() as f64 / 1e9,
        started.elapsed().as_secs_f64()
    );
    let opened = Instant::now();
    let full = Store::ledger(&path).await?;
    println!("it opens in {:.1} ms", opened.elapsed().as_secs_f64() * 1e3);
    for scattered in [false, true] {
        compare_with(args, &full, scattered).await?;
    }
    Ok(())
}

/// One leg is the full ledger, the other a new one; keys come in order, or in none.
async fn compare_with(args: &Args, full: &Store, scattered: bool) -> Result<(), BenchError> {
    let mut accepted = [accepts::Column::default(), accepts::Column::default()];
    let mut lived = [lives::Column::default(), lives::Column::default()];
    let (mut accept_share, mut life_share) = (Series::default(), Series::default());
    // Numbers that the history does not have.
    let next = Arc::new(AtomicU64::new(args.finished + 1));
    for round in 0..=args.rounds {
        let mut rates = [(0.0, 0.0); 2];
        for (leg, _) in turns(&LEGS, round) {
            let folder = tempfile::tempdir_in(&args.dir).map_err(BenchError::file(&args.dir))?;
            let store = match leg {
                0 => Store::ledger(&folder.path().join("ledger.db")).await?,
                _ => full.clone(),
            };
            let living = live_for(args, &store, SHAPE, &next, scattered).await?;
            let accepting = accept_for(args, &store, CALLERS, &next, scattered).await?;
            rates[leg] = (accepting.load.rate, living.rate());
            if round > 0 {
                lived[leg].push(&living);
                accepted[leg].push(&accepting);
            }
        }
        if round > 0 {
            accept_share.push(rates[1].0 / rates[0].0 * 100.0);
            life_share.push(rates[1].1 / rates[0].1 * 100.0);
        }
    }
    println!("keys {}", if scattered { "in no order" } else { "in order" });
    for (leg, title) in LEGS.iter().enumerate() {
        println!("  {title}, {} lives at a time", SHAPE.0);
        lived[leg].print();
        println!("  {title}, {CALLERS} callers that accept");
        accepted[leg].print();
    }
    println!("  full beside empty, lives, %    {life_share:.1}");
    println!("  full beside empty, accepts, %  {accept_share:.1}");
    Ok(())
}

/// Copies the one delivery that is there until there are so many.
fn fill(path: &Path, finished: i64) -> Result<(), BenchError> {
    let db = Connection::open(path)?;
    // A figure needs no durability of what is filled in.
    db.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -524288; PRAGMA foreign_keys = OFF;",
    )?;
    let keyed = ["identity", "natural_key", "lane"];
    let delivery = copy(&db, "delivery", &[])?;
    let content = copy(&db, "content", &keyed)?;
    for first in (1..finished).step_by(usize::try_from(CHUNK).unwrap_or(usize::MAX)) {
        let last = (first + CHUNK).min(finished);
        db.execute_batch("BEGIN")?;
        for statement in [&delivery, &content] {
            db.execute(statement, (first, last))?;
        }
        db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")?;
    }
    db.execute("UPDATE tally SET n = n + ?1 WHERE n > 0", [finished - 1])?;
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(())
}

/// The statement that copies the first row of a table, with other ids, and other keys in these columns.
fn copy(db: &Connection, table: &str, keyed: &[&str]) -> Result<String, BenchError> {
    let mut columns = Vec::new();
    let mut names = db.prepare("SELECT name FROM pragma_table_info(?1)")?;
    for name in names.query_map([table], |row| row.get::<_, String>(0))? {
        columns.push(name?);
    }
    let values: Vec<String> = columns
        .iter()
        .map(|name| match name.as_str() {
            "id" => "t.id + n.i".to_owned(),
            // As `key` writes them, so that they lie in the order of their numbers.
            name if keyed.contains(&name) => {
                format!("CASE WHEN t.{name} IS NULL THEN NULL ELSE printf('PO-%020d', n.i) END")
            }
            name => format!("t.{name}"),
        })
        .collect();
    Ok(format!(
        "WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
         INSERT INTO {table} ({}) SELECT {} FROM n, (SELECT * FROM {table} ORDER BY id LIMIT 1) t",
        columns.join(", "),
        values.join(", ")
    ))
}
