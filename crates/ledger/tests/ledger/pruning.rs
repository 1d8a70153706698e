//! Forgetting what is finished and old.

use std::sync::atomic::Ordering;

use steadfast_ledger::{Accepted, AttemptRow, Hand, Query, Run, RunId, State};

use crate::fixture::{Fixture, START_MS, applied, order};
use crate::states::reach;

const DAY_MS: i64 = 86_400_000;

fn later(f: &Fixture, days: i64) {
    f.clock.fetch_add(days * DAY_MS, Ordering::Relaxed);
}

async fn run_now(f: &Fixture) -> RunId {
    f.ledger.begin_run(Run { started_at_ms: f.now_ms(), ..Run::default() }).await.unwrap()
}

fn all(f: &Fixture) -> Vec<(i64, State)> {
    let rows = f.ledger.list(&Query::default()).unwrap();
    rows.iter().map(|row| (row.id.0, row.state)).collect()
}

#[tokio::test]
async fn what_is_finished_and_old_goes_and_the_rest_stays() {
    let f = Fixture::new();
    let run = run_now(&f).await;
    for (n, state) in State::ALL.into_iter().enumerate() {
        reach(&f, run, &format!("PO-{n}"), state).await;
    }
    later(&f, 30);
    let new = run_now(&f).await;
    reach(&f, new, "PO-new", State::Applied).await;
    let before = all(&f);
    let cut = START_MS + DAY_MS;
    let foreseen = f.ledger.prunable(cut).unwrap();
    assert_eq!(all(&f), before, "a look removes nothing");
    let pruned = f.ledger.prune(cut).await.unwrap();
    assert_eq!(pruned, foreseen);
    let gone =
        [State::Applied, State::Confirmed, State::Existing, State::Rejected, State::Cancelled];
    for (state, count) in pruned.iter() {
        assert_eq!(count, u64::from(gone.contains(&state)), "{state}");
    }
    let left: Vec<_> =
        before.into_iter().filter(|(id, state)| *id == 12 || !gone.contains(state)).collect();
    assert_eq!(all(&f), left);
    for (state, count) in f.ledger.backlog().unwrap().iter() {
        let here = left.iter().filter(|(_, there)| *there == state).count();
        assert_eq!(count, here as u64, "{state}: the tally is kept in step");
    }
    assert_eq!(f.ledger.prune(cut).await.unwrap().total(), 0);
}

#[tokio::test]
async fn what_came_again_lately_is_not_forgotten() {
    let f = Fixture::new();
    let run = run_now(&f).await;
    let id = reach(&f, run, "PO-1", State::Applied).await;
    later(&f, 30);
    let again = run_now(&f).await;
    assert!(matches!(f.accept(order(again, "PO-1", "{}")).await, Accepted::Again { .. }));
    assert_eq!(f.ledger.prune(f.now_ms() - DAY_MS).await.unwrap().total(), 0);
    later(&f, 30);
    assert_eq!(f.ledger.prune(f.now_ms() - DAY_MS).await.unwrap().total(), 1);
    assert_eq!(f.ledger.get(id).unwrap(), None);
    assert!(f.ledger.runs(9).unwrap().is_empty(), "runs without deliveries go, too");
    assert!(f.ledger.is_empty().unwrap());
}

#[tokio::test]
async fn nothing_of_it_is_left_and_its_number_is_not_used_again() {
    let f = Fixture::new();
    let run = run_now(&f).await;
    let id = f.send(order(run, "PO-1", "{}")).await;
    let busy =
        AttemptRow { class: "rate_limited".into(), effect: "none".into(), ..AttemptRow::default() };
    f.ledger.settle(id, applied(), vec![busy.clone(), busy]).await.unwrap();
    let held = reach(&f, run, "PO-2", State::Held).await;
    f.ledger.cancel(vec![held], Hand::default()).await.unwrap();
    later(&f, 30);
    assert_eq!(f.ledger.prune(f.now_ms()).await.unwrap().total(), 2);
    assert_eq!(f.ledger.attempts(id).unwrap(), []);
    assert_eq!(f.ledger.acts(held).unwrap(), []);
    assert_eq!(f.ledger.with_key("PO-1").unwrap(), []);
    // Also when another process opens it.
    let f = f.reopen();
    let run = run_now(&f).await;
    let Accepted::New(new) = f.accept(order(run, "PO-1", "{}")).await else { panic!("it is new") };
    assert!(new > held, "{new}");
    let path = f.path();
    drop(f.ledger);
    let db = rusqlite::Connection::open(path).unwrap();
    for table in ["attempt", "act"] {
        let rows: i64 =
            db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn more_than_one_transaction_holds_are_removed() {
    let f = Fixture::new();
    let run = run_now(&f).await;
    let new = (0..4_500).map(|n| order(run, &format!("PO-{n}"), "{}")).collect();
    let ids = f.ledger.accept(new).await.unwrap();
    let ids = ids.iter().map(Accepted::id).collect();
    f.ledger.cancel(ids, Hand::default()).await.unwrap();
    later(&f, 30);
    assert_eq!(f.ledger.prune(f.now_ms()).await.unwrap().of(State::Cancelled), 4_500);
    assert!(f.ledger.is_empty().unwrap());
    assert_eq!(f.ledger.backlog().unwrap().total(), 0);
}

#[tokio::test]
async fn a_lane_outlives_its_first_delivery() {
    let f = Fixture::new();
    let run = run_now(&f).await;
    let in_lane = |key: &str, run| {
        let mut new = order(run, key, "{}");
        new.lane = Some("lane".to_owned());
        new
    };
    let first = f.send(in_lane("A", run)).await;
    f.settle(first, applied()).await;
    later(&f, 30);
    assert_eq!(f.ledger.prune(f.now_ms()).await.unwrap().total(), 1);
    let run = run_now(&f).await;
    for key in ["B", "C"] {
        f.accept(in_lane(key, run)).await;
    }
    f.release(run).await;
    assert_eq!(f.claim(run, 9).await.len(), 1, "one at a time, as before");
}
