//! Keeping and claiming.

use futures_util::future::join_all;
use steadfast_ledger::{Initial, LedgerError, NewDelivery, State, Store, Terms};

use super::{START_MS, Subject, World, applied, later, order, rejected};

pub(crate) async fn what_was_told_outlives_the_process<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let new = NewDelivery {
        headers: vec![("If-Match".to_owned(), "1".to_owned())],
        idempotency_key: Some("k1".to_owned()),
        ..order(run, "PO-1", "{}")
    };
    let staged = w.accept(new).await.id();
    let done = w.sending(order(run, "PO-2", "{}")).await;
    w.settle(done, applied()).await;
    let before = w.all().await;
    let w = w.after_the_process();
    assert_eq!(w.all().await, before);
    assert_eq!((before[0].id, before[1].id), (staged, done));
    let next = w.accept(order(w.run().await, "PO-3", "{}")).await.id();
    assert!(next > done, "ids grow");
}

pub(crate) async fn a_command_is_done_as_a_whole_or_not_at_all<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let secret = NewDelivery {
        headers: vec![("Authorization".to_owned(), "Bearer x".to_owned())],
        ..order(run, "PO-2", "{}")
    };
    let refused = w.store.accept(vec![order(run, "PO-1", "{}"), secret]).await;
    assert!(matches!(refused, Err(LedgerError::HeaderNotKept { .. })), "{refused:?}");
    assert_eq!(w.all().await, []);
    assert_eq!(w.store.counts(run).await.unwrap().total(), 0);
}

pub(crate) async fn many_who_claim_at_once_share_what_there_is<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let new = (0..25).map(|n| order(run, &format!("PO-{n}"), "{}")).collect();
    w.store.accept(new).await.unwrap();
    assert_eq!(w.release(run).await, 25);
    let batches = join_all((0..6).map(|_| w.store.claim(run, w.now_ms(), 5))).await;
    let mut claimed: Vec<_> =
        batches.into_iter().flat_map(|batch| batch.unwrap()).map(|delivery| delivery.id).collect();
    assert_eq!(claimed.len(), 25);
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 25, "each has one sender");
    assert_eq!(w.claim(run).await, []);
}

pub(crate) async fn the_longest_due_are_claimed_first<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let mut ids = Vec::new();
    for (n, due_at_ms) in [START_MS, START_MS - 5, START_MS, START_MS - 9].into_iter().enumerate() {
        let terms = Terms { due_at_ms: Some(due_at_ms), ..Terms::default() };
        let initial = Initial::Waiting(terms);
        ids.push(w.accept(NewDelivery { initial, ..order(run, &n.to_string(), "{}") }).await.id());
    }
    let first = w.store.claim(run, w.now_ms(), 3).await.unwrap();
    assert_eq!(first.iter().map(|d| d.id).collect::<Vec<_>>(), [ids[3], ids[1], ids[0]]);
    assert!(
        first.iter().all(|delivery| delivery.body == b"{}" && delivery.state == State::Sending)
    );
    assert_eq!(w.claim(run).await, [ids[2]]);
}

pub(crate) async fn a_due_time_holds_to_the_instant_and_over_a_restart<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let id = w.sending(order(run, "PO-1", "{}")).await;
    // What a server asked for: to the millisecond.
    w.settle(id, later(START_MS + 61_003)).await;
    let w = w.after_the_process();
    assert_eq!(w.store.next_due_ms(run).await.unwrap(), Some(START_MS + 61_003));
    w.tick(61_002);
    assert_eq!(w.claim(run).await, []);
    w.tick(1);
    assert_eq!(w.claim(run).await, [id]);
    assert_eq!(w.store.next_due_ms(run).await.unwrap(), None);
}

pub(crate) async fn what_a_process_left_behind_is_in_doubt_and_claimed_by_nobody<S: Subject>(
    w: World<S>,
) {
    let run = w.run().await;
    let id = w.sending(order(run, "PO-1", "{}")).await;
    assert_eq!(w.store.in_doubt().await.unwrap(), [], "its own process knows");
    let w = w.after_the_process();
    let in_doubt = w.store.in_doubt().await.unwrap();
    assert_eq!((in_doubt.len(), in_doubt[0].id, in_doubt[0].state), (1, id, State::Sending));
    assert_eq!(in_doubt[0].body, b"{}");
    assert_eq!(w.claim(run).await, []);
    assert_eq!(w.store.next_due_ms(run).await.unwrap(), None);
    w.settle(id, rejected()).await;
    assert_eq!(w.store.in_doubt().await.unwrap(), []);
}

pub(crate) async fn a_deadline_begins_with_the_first_claim_and_stays<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let terms = Terms { allowance_ms: Some(600), known_absent: true, ..Terms::default() };
    let new = NewDelivery { initial: Initial::Waiting(terms), ..order(run, "PO-1", "{}") };
    let id = w.accept(new).await.id();
    assert_eq!(w.get(id).await.deadline_at_ms, None);
    w.tick(50);
    w.claim(run).await;
    assert_eq!(w.get(id).await.deadline_at_ms, Some(START_MS + 650));
    w.settle(id, later(START_MS + 90)).await;
    let w = w.after_the_process();
    w.tick(100);
    w.claim(run).await;
    let claimed = w.get(id).await;
    assert_eq!((claimed.deadline_at_ms, claimed.known_absent), (Some(START_MS + 650), true));
}
