//! Copies of a ledger that others work on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use steadfast_ledger::{Ledger, LedgerError, State};

use crate::fixture::{Fixture, order};
use crate::states::reach;

#[tokio::test]
async fn a_backup_is_a_ledger_of_its_own() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = reach(&f, run, "PO-1", State::Applied).await;
    let to = f.dir.path().join("backup.db");
    let backed_up = f.ledger.backup(&to).unwrap();
    assert_eq!(backed_up.deliveries, 1);
    assert_eq!(backed_up.size_bytes, to.metadata().unwrap().len());
    reach(&f, run, "PO-2", State::Applied).await;

    let copy = Ledger::open_read_only(&to).unwrap();
    assert_eq!(copy.get(id).unwrap(), f.ledger.get(id).unwrap());
    assert_eq!(copy.backlog().unwrap().total(), 1, "what came later is not in it");
    drop(copy);
    // It is written on like any other.
    let copy = Ledger::open(&to).unwrap();
    let run = copy.begin_run(Default::default()).await.unwrap();
    let new = copy.accept(vec![order(run, "PO-3", "{}")]).await.unwrap();
    assert_eq!(new[0].id().0, 2, "numbers go on");
    assert_eq!(copy.settings().journal_mode, "wal");
    let left: Vec<_> = f
        .dir
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let f = Fixture::new();
    let to = f.dir.path().join("backup.db");
    f.ledger.backup(&to).unwrap();
    assert_eq!(to.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn nothing_is_written_over() {
    let f = Fixture::new();
    let to = f.dir.path().join("backup.db");
    std::fs::write(&to, "something else").unwrap();
    let error = f.ledger.backup(&to).unwrap_err();
    assert!(matches!(error, LedgerError::BackupExists { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "something else");
    let error = f.ledger.backup(&f.dir.path().join("nowhere").join("b.db")).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert!(matches!(f.ledger.backup(&f.path()), Err(LedgerError::BackupExists { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_whole_while_another_works() {
    let f = Fixture::new();
    let run = f.run().await;
    let (ledger, stop) = (f.ledger.clone(), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let working = tokio::spawn(async move {
        let mut n = 0;
        while !stopped.load(Ordering::Relaxed) {
            // Ten at a time: a copy never holds a part of them.
            let new = (0..10).map(|i| order(run, &format!("PO-{n}-{i}"), "{}")).collect();
            ledger.accept(new).await.unwrap();
            n += 1;
        }
        n * 10
    });
    let mut last = 0;
    for n in 0..5 {
        while f.ledger.counts(run).unwrap().total() < last + 20 {
            tokio::task::yield_now().await;
        }
        // Another process would look at it like this.
        let reader = Ledger::open_read_only(&f.path()).unwrap();
        let to = f.dir.path().join(format!("backup-{n}.db"));
        let backed_up = reader.backup(&to).unwrap();
        let copy = Ledger::open_read_only(&to).unwrap();
        assert_eq!(copy.backlog().unwrap().total(), backed_up.deliveries);
        assert_eq!(backed_up.deliveries % 10, 0);
        assert!(backed_up.deliveries >= last + 20);
        last = backed_up.deliveries;
    }
    stop.store(true, Ordering::Relaxed);
    assert_eq!(working.await.unwrap(), f.ledger.counts(run).unwrap().total());
}

#[tokio::test]
async fn damage_is_found_when_the_copy_is_made() {
    let f = Fixture::new();
    let run = f.run().await;
    let new = (0..500).map(|n| order(run, &format!("PO-{n}"), &"x".repeat(200))).collect();
    f.ledger.accept(new).await.unwrap();
    let path = f.path();
    drop(f.ledger);
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xA5);
    std::fs::write(&path, &bytes).unwrap();
    let to = f.dir.path().join("backup.db");
    let error = Ledger::open_read_only(&path).and_then(|ledger| ledger.backup(&to)).unwrap_err();
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
    assert!(!to.exists());
}
