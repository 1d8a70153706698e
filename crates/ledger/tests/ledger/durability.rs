//! What is on disk, and when.

use std::sync::Arc;

use steadfast_ledger::{Ledger, LedgerError, Settlement, State};

use crate::fixture::{Fixture, START_MS, applied, order};

#[tokio::test]
async fn sqlite_promises_what_the_ledger_promises() {
    let f = Fixture::new();
    assert_eq!(f.ledger.settings().journal_mode, "wal");
    assert_eq!(f.ledger.settings().synchronous, 2, "FULL");
}

/// A copy of the files at this instant is what a process that is killed now leaves behind.
fn killed(f: &Fixture) -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.db", "a.db-wal"] {
        std::fs::copy(f.dir.path().join(name), dir.path().join(name)).unwrap();
    }
    let ledger = Ledger::open(&dir.path().join("a.db")).unwrap();
    (dir, ledger)
}

#[tokio::test]
async fn what_was_told_is_there_after_a_kill() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.accept(order(run, "PO-1", "{}")).await.id();
    assert_eq!(killed(&f).1.get(id).unwrap().unwrap().state, State::Staged);

    f.release(run).await;
    let claimed = f.claim(run, 1).await;
    let (_dir, after) = killed(&f);
    let doubtful = after.in_doubt().unwrap();
    assert_eq!(doubtful, claimed, "the intent is on disk before anything is sent");
    assert_eq!(doubtful[0].last_sent_at_ms, Some(START_MS));
    // It is settled like any other that is being sent, and is in doubt no more.
    after.settle(id, applied(), Vec::new()).await.unwrap();
    assert_eq!(after.in_doubt().unwrap(), []);
    assert!(after.claim(run, i64::MAX, 10).await.unwrap().is_empty());

    f.settle(id, applied()).await;
    assert_eq!(killed(&f).1.get(id).unwrap(), f.ledger.get(id).unwrap());
}

#[tokio::test]
async fn nobody_doubts_what_this_process_is_sending() {
    let f = Fixture::new();
    let run = f.run().await;
    f.send(order(run, "PO-1", "{}")).await;
    assert_eq!(f.ledger.in_doubt().unwrap(), []);
    let reader = Ledger::open_read_only(&f.path()).unwrap();
    assert_eq!(reader.in_doubt().unwrap().len(), 1, "a reader cannot tell");
    let f = f.reopen();
    assert_eq!(f.ledger.in_doubt().unwrap().len(), 1);
    let f = f.reopen();
    assert_eq!(f.ledger.in_doubt().unwrap().len(), 1, "as long as it takes");
}

#[tokio::test]
async fn due_times_and_counts_survive_a_restart() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(order(run, "PO-1", "{}")).await;
    f.settle(id, Settlement::Waiting { due_at_ms: START_MS + 900_000, reason: None }).await;
    f.accept(order(run, "PO-2", "{}")).await;
    let counts = f.ledger.counts(run).unwrap();
    let f = f.reopen();
    assert_eq!(f.ledger.next_due_ms(run).unwrap(), Some(START_MS + 900_000));
    assert_eq!(f.ledger.counts(run).unwrap(), counts);
    assert_eq!(f.ledger.run(run).unwrap(), Some(steadfast_ledger::Run::default()));
}

#[tokio::test]
async fn commands_still_queued_when_the_ledger_is_dropped_are_written() {
    let f = Fixture::new();
    let run = f.run().await;
    let ledger = f.ledger.clone();
    let accepting =
        tokio::spawn(async move { ledger.accept(vec![order(run, "PO-1", "{}")]).await });
    let id = accepting.await.unwrap().unwrap()[0].id();
    let f = f.reopen();
    assert_eq!(f.get(id).state, State::Staged);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_accepted() {
    let options = steadfast_ledger::Options { max_size_bytes: Some(300_000), ..Default::default() };
    let f = Fixture::with(options);
    let run = f.run().await;
    let mut accepted = 0;
    let error = loop {
        let new =
            (0..10).map(|n| order(run, &format!("PO-{accepted}-{n}"), &"x".repeat(500))).collect();
        match f.ledger.accept(new).await {
            Ok(_) => accepted += 10,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LedgerError::Full { .. }), "{error}");
    assert!(error.to_string().contains("Make room"), "{error}");
    assert!(accepted > 0);
    assert_eq!(f.ledger.counts(run).unwrap().total(), accepted, "all of a command or nothing");
    let f = f.reopen();
    assert_eq!(f.ledger.counts(run).unwrap().total(), accepted);
    f.accept(order(run, "PO-after", "{}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_at_the_same_time_share_commits() {
    const CALLERS: usize = 64;
    let f = Arc::new(Fixture::new());
    let run = f.run().await;
    let before = f.ledger.commits();
    let tasks: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let f = Arc::clone(&f);
            tokio::spawn(async move {
                for n in 0..10 {
                    f.accept(order(run, &format!("PO-{caller}-{n}"), "{}")).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let commits = f.ledger.commits() - before;
    assert_eq!(f.ledger.counts(run).unwrap().total(), 640);
    assert!(commits < 320, "640 calls took {commits} commits");
}
