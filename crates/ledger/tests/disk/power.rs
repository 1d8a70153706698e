//! The power fails at any instant.

use std::path::Path;

use rusqlite::Connection;
use steadfast_disk::{Disk, Survives};

use crate::story::{Telling, Told, tell};

const TELLING: Telling =
    Telling { seed: 0, steps: 40, without_sync_at_commit: false, go_on: false };

/// Tells a story until the power fails, and checks what every kind of failure leaves of it.
async fn fail_power(telling: Telling, at: u64) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::under(dir.path());
    disk.fail_power_at(at);
    let told = tell(&dir.path().join("a.db"), telling).await.told;
    let drawn = (0..4).map(|draw| Survives::Drawn(telling.seed * 1_000_003 + at * 17 + draw));
    for survives in [Survives::Synced, Survives::Everything].into_iter().chain(drawn) {
        let after = tempfile::tempdir().unwrap();
        disk.leave(after.path(), survives).unwrap();
        check(&told, &after.path().join("a.db")).map_err(|what| {
            format!("seed {}, power off at operation {at}, {survives:?}: {what}", telling.seed)
        })?;
    }
    Ok(())
}

fn check(told: &Told, path: &Path) -> Result<(), String> {
    if path.exists() {
        let db = Connection::open(path).map_err(|error| error.to_string())?;
        let answer: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .map_err(|error| error.to_string())?;
        if answer != "ok" {
            return Err(answer);
        }
    }
    told.check(path)
}

async fn operations(telling: Telling) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::under(dir.path());
    let ended = tell(&dir.path().join("a.db"), telling).await;
    assert!(ended.errors.is_empty() && ended.told.sure.len() > 3, "{:?}", ended.errors);
    disk.operations()
}

/// The first story in which something that was told is lost.
async fn first_loss(seeds: std::ops::Range<u64>, every: u64, without_sync: bool) -> Option<String> {
    for seed in seeds {
        let telling = Telling { seed, without_sync_at_commit: without_sync, ..TELLING };
        let all = operations(telling).await;
        for at in (seed % every..=all).step_by(every as usize) {
            if let Err(loss) = fail_power(telling, at).await {
                return Some(loss);
            }
        }
    }
    None
}

#[tokio::test]
async fn nothing_that_was_told_is_lost_with_the_power() {
    assert_eq!(first_loss(0..4, 29, false).await, None);
}

#[tokio::test]
async fn every_instant_of_one_short_story() {
    let telling = Telling { seed: 77, steps: 12, ..TELLING };
    for at in 0..=operations(telling).await {
        assert_eq!(fail_power(telling, at).await, Ok(()));
    }
}

/// The test above can fail: without a sync at each commit, it does.
#[tokio::test]
async fn normal_in_place_of_full_is_caught() {
    let loss = first_loss(0..4, 29, true).await.expect("NORMAL loses what was told");
    assert!(loss.contains("was told to be"), "{loss}");
}

/// For long runs: `POWER_SEEDS=1000 cargo test --release -p steadfast-ledger --test disk long -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a campaign, of minutes"]
async fn long_campaign() {
    let seeds = std::env::var("POWER_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let mut failures = 0;
    for seed in 1_000..1_000 + seeds {
        let telling = Telling { seed, ..TELLING };
        let all = operations(telling).await;
        for at in 0..=all {
            assert_eq!(fail_power(telling, at).await, Ok(()));
            failures += 1;
        }
    }
    println!("{seeds} stories, power off {failures} times, {} states of the disk", failures * 6);
}
