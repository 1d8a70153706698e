//! The disk is full, or broken, at any write.

use steadfast_disk::{Disk, Fault};
use steadfast_ledger::{Ledger, LedgerError};

use crate::story::{Telling, tell};

const TELLING: Telling = Telling { seed: 3, steps: 40, without_sync_at_commit: false, go_on: true };

async fn operations() -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::under(dir.path());
    assert!(tell(&dir.path().join("a.db"), TELLING).await.errors.is_empty());
    disk.operations()
}

/// Fails `count` operations from each one on. Says how many stories met an error.
async fn fail_each(fault: Fault, count: u64, fits: fn(&LedgerError) -> bool) -> u64 {
    let mut met = 0;
    for at in (0..operations().await).step_by(7) {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::under(dir.path());
        let path = dir.path().join("a.db");
        disk.fail(at, count, fault);
        let ended = tell(&path, TELLING).await;
        for error in &ended.errors {
            assert!(fits(error), "{fault:?} at {at}: {error:?}");
            assert!(error.to_string().contains("a.db"), "it says where: {error}");
        }
        met += u64::from(!ended.errors.is_empty());
        // When there is room again, everything that was told is there.
        disk.fail(u64::MAX, 0, fault);
        assert_eq!(ended.told.check(&path), Ok(()), "{fault:?} at {at}: {:?}", ended.errors);
    }
    met
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_lost() {
    let met = fail_each(Fault::NoSpace, 3, |error| matches!(error, LedgerError::Full { .. })).await;
    assert!(met > 20, "{met} stories met it");
}

#[tokio::test]
async fn a_broken_disk_is_said_and_nothing_is_lost() {
    let met = fail_each(Fault::Broken, 2, |error| {
        !matches!(error, LedgerError::IllegalMove { .. } | LedgerError::NoSuchDelivery { .. })
    })
    .await;
    assert!(met > 20, "{met} stories met it");
}

#[tokio::test]
async fn a_disk_that_stays_full_can_be_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::under(dir.path());
    let path = dir.path().join("a.db");
    let half = operations().await / 2;
    disk.fail(half, u64::MAX, Fault::NoSpace);
    let ended = tell(&path, TELLING).await;
    assert!(!ended.errors.is_empty());
    let reader = Ledger::open_read_only(&path).unwrap();
    for run in reader.runs(10).unwrap() {
        reader.counts(run.id).unwrap();
    }
}
