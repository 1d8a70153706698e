//! Idempotency keys and headers as the ledger keeps them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use steadfast_ledger::{
    DeliveryKey, Hand, Initial, LedgerError, NewDelivery, RunId, Settlement, State,
};

use crate::fixture::{Fixture, START_MS, applied, order, reason};

fn keyed(run: RunId, body: &str, key: &str) -> NewDelivery {
    NewDelivery { idempotency_key: Some(key.to_owned()), ..order(run, "PO-1", body) }
}

fn waiting(due_at_ms: i64) -> Settlement {
    Settlement::Waiting { due_at_ms, reason: None }
}

#[tokio::test]
async fn a_key_is_on_disk_when_accepted_and_dated_when_first_claimed() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.accept(keyed(run, "{}", "k1")).await.id();
    let born = DeliveryKey { value: "k1".into(), born_at_ms: START_MS, sent_at_ms: None };
    let f = f.reopen();
    assert_eq!(f.get(id).idempotency_key, Some(born.clone()));
    f.clock.fetch_add(5_000, Ordering::Relaxed);
    f.release(run).await;
    let claimed = f.claim(run, 1).await.remove(0).idempotency_key.unwrap();
    let sent = DeliveryKey { sent_at_ms: Some(START_MS + 5_000), ..born };
    assert_eq!(claimed, sent);
    assert_eq!(claimed.age_at(START_MS + 65_000), Duration::from_secs(60));
    assert_eq!(claimed.age_at(START_MS), Duration::ZERO, "a clock that was set back");
    let f = f.reopen();
    assert_eq!(f.ledger.in_doubt().unwrap()[0].idempotency_key, Some(sent));
}

#[tokio::test]
async fn it_is_the_same_over_attempts_and_when_the_input_comes_again() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(keyed(run, "{}", "k1")).await;
    let attempt = steadfast_ledger::AttemptRow {
        started_at_ms: START_MS + 10,
        ..steadfast_ledger::AttemptRow::default()
    };
    f.ledger.settle(id, waiting(START_MS), vec![attempt]).await.unwrap();
    f.clock.fetch_add(9_000, Ordering::Relaxed);
    let again = f.run().await;
    f.accept(keyed(again, "{}", "k2")).await;
    let claimed = f.claim(again, 1).await.remove(0).idempotency_key.unwrap();
    assert_eq!((claimed.value.as_str(), claimed.sent_at_ms), ("k1", Some(START_MS)));
    f.settle(id, Settlement::Held(reason("given up"))).await;
    f.accept(keyed(again, "{}", "k3")).await;
    let key = f.get(id).idempotency_key.unwrap();
    assert_eq!((key.value.as_str(), key.sent_at_ms), ("k1", Some(START_MS)));
}

#[tokio::test]
async fn a_key_that_was_claimed_and_not_sent_stays_new() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(keyed(run, "{}", "k1")).await;
    f.settle(id, waiting(START_MS)).await;
    assert_eq!(f.get(id).idempotency_key.unwrap().sent_at_ms, None);
    // A claim whose caller has gone away is put back as it was.
    drop(f.ledger.claim(run, START_MS, 1));
    assert_eq!(f.get(id).idempotency_key.unwrap().sent_at_ms, None);
}

#[tokio::test]
async fn what_was_refused_and_comes_again_is_another_operation() {
    let f = Fixture::new();
    let run = f.run().await;
    for (body, key) in [("{1}", "k1"), ("{1}", "k2"), ("{2}", "k3")] {
        f.clock.fetch_add(1_000, Ordering::Relaxed);
        let id = f.accept(keyed(run, body, key)).await.id();
        f.release(run).await;
        let sent = f.claim(run, 1).await.remove(0).idempotency_key.unwrap();
        let now_ms = f.now_ms();
        let key = DeliveryKey { value: key.into(), born_at_ms: now_ms, sent_at_ms: Some(now_ms) };
        assert_eq!(sent, key);
        f.settle(id, Settlement::Rejected(reason("refused"))).await;
    }
}

#[tokio::test]
async fn new_content_of_what_was_not_sent_gets_a_new_key() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.accept(keyed(run, "{1}", "k1")).await.id();
    f.clock.fetch_add(1_000, Ordering::Relaxed);
    let next = f.run().await;
    f.accept(keyed(next, "{2}", "k2")).await;
    let key = f.get(id).idempotency_key.unwrap();
    assert_eq!((key.value.as_str(), key.born_at_ms), ("k2", START_MS + 1_000));
}

#[tokio::test]
async fn a_person_who_retries_a_refusal_makes_it_another_operation() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(keyed(run, "{}", "k1")).await;
    f.settle(id, Settlement::Rejected(reason("refused"))).await;
    f.ledger.retry(vec![id], Hand::default()).await.unwrap().remove(0).unwrap();
    assert_eq!(f.get(id).idempotency_key, None);
    f.accept(keyed(f.run().await, "{}", "k2")).await;
    assert_eq!(f.get(id).idempotency_key.unwrap().value, "k2");
    // Of what is not known to be refused, the API may know the key.
    let other = f.send(NewDelivery { natural_key: Some("PO-2".into()), ..keyed(run, "{}", "k5") });
    let other = other.await;
    f.settle(other, Settlement::Unknown(reason("no answer"))).await;
    f.ledger.retry(vec![other], Hand::default()).await.unwrap().remove(0).unwrap();
    assert_eq!(f.get(other).idempotency_key.unwrap().value, "k5");
}

#[tokio::test]
async fn content_that_is_not_sent_takes_no_key_and_leaves_the_one_that_is_there() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(keyed(run, "{1}", "k1")).await;
    f.settle(id, applied()).await;
    let changed = f.accept(keyed(f.run().await, "{2}", "k2")).await.id();
    assert_ne!(changed, id);
    assert_eq!(f.get(changed).idempotency_key, None);
    assert_eq!(f.get(id).idempotency_key.unwrap().value, "k1");
}

#[tokio::test]
async fn headers_are_kept_and_are_part_of_the_content() {
    let f = Fixture::new();
    let run = f.run().await;
    let with = |value: &str| NewDelivery {
        headers: vec![("If-Match".to_owned(), value.to_owned())],
        ..order(run, "PO-1", "{}")
    };
    let id = f.accept(with("\"1\"")).await.id();
    assert_eq!(f.get(id).headers, with("\"1\"").headers);
    f.release(run).await;
    assert_eq!(f.claim(run, 1).await[0].headers, with("\"1\"").headers);
    f.settle(id, Settlement::Rejected(reason("refused"))).await;
    f.accept(with("\"2\"")).await;
    assert_eq!((f.get(id).state, f.get(id).headers), (State::Staged, with("\"2\"").headers));
    f.accept(order(f.run().await, "PO-1", "{}")).await;
    assert_eq!(f.get(id).headers, []);
}

#[tokio::test]
async fn credentials_and_what_no_header_can_be_are_not_accepted() {
    let f = Fixture::new();
    let run = f.run().await;
    for (name, value, says) in [
        ("Authorization", "Bearer abc", "holds credentials"),
        ("cookie", "a=b", "holds credentials"),
        ("X-Api-Key", "abc", "holds credentials"),
        ("If Match", "1", "other characters"),
        ("If-Match", "1\n2", "no header can hold"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let new = NewDelivery { headers, ..order(run, "PO-1", "{}") };
        let error = f.ledger.accept(vec![order(run, "PO-0", "{}"), new]).await.unwrap_err();
        assert!(matches!(error, LedgerError::HeaderNotKept { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(says) && text.contains(name) && !text.contains("abc"), "{text}");
    }
    assert!(f.ledger.is_empty().unwrap(), "all in one transaction");
}

#[tokio::test]
async fn a_delivery_that_is_pruned_leaves_no_key_behind() {
    let f = Fixture::new();
    let run = f.run().await;
    let new = NewDelivery { initial: Initial::Rejected(reason("bad")), ..keyed(run, "{}", "k1") };
    f.accept(new).await;
    f.clock.fetch_add(10, Ordering::Relaxed);
    f.ledger.prune(f.now_ms()).await.unwrap();
    let path = f.path();
    let Fixture { ledger, dir, .. } = f;
    drop(ledger);
    let db = rusqlite::Connection::open(&path).unwrap();
    let left: i64 = db.query_row("SELECT count(*) FROM carried", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    drop(dir);
}
