//! A delivery has one sender at a time.

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use steadfast_ledger::{Initial, Settlement, State, Terms};

use crate::fixture::{Fixture, START_MS, applied, order};

async fn filled(count: usize) -> (Arc<Fixture>, steadfast_ledger::RunId) {
    let f = Fixture::new();
    let run = f.run().await;
    let new = (0..count).map(|n| order(run, &format!("PO-{n}"), "{}")).collect();
    f.ledger.accept(new).await.unwrap();
    f.release(run).await;
    (Arc::new(f), run)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_handed_out_twice() {
    let (f, run) = filled(2_000).await;
    let tasks: Vec<_> = (0..16)
        .map(|worker| {
            let f = Arc::clone(&f);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = f.claim(run, 1 + worker % 7).await;
                    if claimed.is_empty() {
                        return mine;
                    }
                    for delivery in claimed {
                        if worker % 3 == 0 {
                            f.settle(delivery.id, applied()).await;
                        }
                        mine.push(delivery.id);
                    }
                }
            })
        })
        .collect();
    let mut seen = HashSet::new();
    for task in tasks {
        for id in task.await.unwrap() {
            assert!(seen.insert(id), "delivery {id} was handed out twice");
        }
    }
    assert_eq!(seen.len(), 2_000);
}

#[tokio::test]
async fn a_claim_takes_the_longest_due_first_and_no_more_than_asked() {
    let f = Fixture::new();
    let run = f.run().await;
    for (key, due_at_ms) in [("late", 30), ("never", i64::MAX), ("early", 10), ("middle", 20)] {
        let mut new = order(run, key, "{}");
        new.initial = Initial::Waiting(Terms { due_at_ms: Some(due_at_ms), ..Terms::default() });
        f.accept(new).await;
    }
    let keys = |limit| {
        let f = &f;
        async move {
            let claimed = f.claim(run, limit).await;
            claimed.into_iter().filter_map(|delivery| delivery.natural_key).collect::<Vec<_>>()
        }
    };
    assert_eq!(keys(0).await, Vec::<String>::new());
    assert_eq!(keys(2).await, ["early", "middle"]);
    assert_eq!(keys(9).await, ["late"]);
}

#[tokio::test]
async fn a_claim_that_nobody_waits_for_is_put_back() {
    let (f, run) = filled(3).await;
    let before = f.ledger.list(&Default::default()).unwrap();
    {
        let mut claim = pin!(f.ledger.claim(run, START_MS, 2));
        // One look sends the command; then the caller goes away.
        assert!(claim.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    // Commands are done in order: when this one is, the claim is; the put-back may follow it.
    f.run().await;
    while f.ledger.counts(run).unwrap().of(State::Waiting) < 3 {
        f.run().await;
    }
    let after = f.ledger.list(&Default::default()).unwrap();
    assert_eq!(after, before, "as if nobody had asked");
    assert_eq!(f.claim(run, 10).await.len(), 3);
}

#[tokio::test]
async fn runs_claim_their_own() {
    let f = Fixture::new();
    let (one, other) = (f.run().await, f.run().await);
    f.accept(order(one, "PO-1", "{}")).await;
    f.release(one).await;
    assert!(f.claim(other, 10).await.is_empty());
    assert_eq!(f.ledger.next_due_ms(other).unwrap(), None);
    // Once the same input has come again, it is the new run's.
    f.accept(order(other, "PO-1", "{}")).await;
    assert!(f.claim(one, 10).await.is_empty());
    assert_eq!(f.claim(other, 10).await.len(), 1);
}

#[tokio::test]
async fn the_deadline_runs_from_the_first_claim() {
    let f = Fixture::new();
    let run = f.run().await;
    let mut new = order(run, "PO-1", "{}");
    new.initial = Initial::Waiting(Terms { allowance_ms: Some(1_000), ..Terms::default() });
    let id = f.accept(new).await.id();
    assert_eq!(f.get(id).deadline_at_ms, None);
    f.claim(run, 1).await;
    f.settle(id, Settlement::Waiting { due_at_ms: START_MS + 500, reason: None }).await;
    let again = f.ledger.claim(run, START_MS + 500, 1).await.unwrap();
    assert_eq!(again[0].deadline_at_ms, Some(START_MS + 1_000), "waits are included");
    f.settle(id, Settlement::Held(crate::fixture::reason("out of time"))).await;
    f.settle(id, Settlement::Waiting { due_at_ms: START_MS + 9_000, reason: None }).await;
    let retried = f.ledger.claim(run, START_MS + 9_000, 1).await.unwrap();
    assert_eq!(retried[0].deadline_at_ms, Some(START_MS + 10_000), "a person gives it new time");
}
