//! A delivery from its acceptance to its end.

use steadfast_ledger::{Accepted, AttemptRow, Counts, Query, Settlement, State, Terms, Which};

use crate::fixture::{Fixture, START_MS, applied, order, reason};

#[tokio::test]
async fn a_delivery_goes_from_accepted_to_applied() {
    let f = Fixture::new();
    assert!(f.ledger.is_empty().unwrap());
    let run = f.run().await;
    let Accepted::New(id) = f.accept(order(run, "PO-1", "{}")).await else { panic!("it is new") };
    assert_eq!(f.get(id).state, State::Staged);
    assert!(f.claim(run, 10).await.is_empty(), "nothing is sent before its release");

    let terms = Terms { known_absent: true, allowance_ms: Some(600_000), ..Terms::default() };
    assert_eq!(f.ledger.release(run, Which::All, terms).await.unwrap(), 1);
    let claimed = f.claim(run, 10).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0], f.get(id), "what a claim returns is what is on disk");
    assert_eq!(claimed[0].state, State::Sending);
    assert_eq!(claimed[0].body, b"{}");
    assert!(claimed[0].known_absent);
    assert_eq!(
        claimed[0].deadline_at_ms,
        Some(START_MS + 600_000),
        "the allowance runs from the claim"
    );

    f.settle(id, applied()).await;
    let done = f.get(id);
    assert_eq!(
        (done.state, done.status, done.resource_id.as_deref()),
        (State::Applied, Some(201), Some("42"))
    );
    assert_eq!(counts(&f.ledger.counts(run).unwrap()), [(State::Applied, 1)]);
    assert_eq!(f.ledger.latest_applied("acme", "purchase-order", 5).unwrap()[0].id, id);
    assert!(!f.ledger.is_empty().unwrap());
}

#[tokio::test]
async fn a_delivery_that_was_put_back_is_not_claimed_before_its_time() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(order(run, "PO-1", "{}")).await;
    let busy = AttemptRow {
        started_at_ms: START_MS,
        elapsed_ms: 12,
        class: "rate_limited".into(),
        status: Some(429),
        effect: "none".into(),
        wait_ms: Some(2_000),
        ..AttemptRow::default()
    };
    let later =
        Settlement::Waiting { due_at_ms: START_MS + 2_000, reason: Some(reason("asked to wait")) };
    f.ledger.settle(id, later, vec![busy.clone()]).await.unwrap();
    assert_eq!(f.ledger.next_due_ms(run).unwrap(), Some(START_MS + 2_000));
    assert!(f.ledger.claim(run, START_MS + 1_999, 10).await.unwrap().is_empty());
    assert_eq!(f.ledger.claim(run, START_MS + 2_000, 10).await.unwrap().len(), 1);
    assert_eq!(f.ledger.next_due_ms(run).unwrap(), None);

    let done = AttemptRow { started_at_ms: START_MS + 2_000, status: Some(201), ..busy };
    f.ledger.settle(id, applied(), vec![done]).await.unwrap();
    let delivery = f.get(id);
    assert_eq!(delivery.attempts, 2);
    assert_eq!(
        (delivery.first_sent_at_ms, delivery.last_sent_at_ms),
        (Some(START_MS), Some(START_MS + 2_000))
    );
    let numbers: Vec<u32> =
        f.ledger.attempts(id).unwrap().iter().map(|attempt| attempt.n).collect();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test]
async fn a_clean_first_try_is_told_like_any_other() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(order(run, "PO-1", "{}")).await;
    let clean = AttemptRow {
        n: 1,
        started_at_ms: START_MS + 3,
        elapsed_ms: 12,
        class: "ok".into(),
        status: Some(201),
        effect: "applied".into(),
        ..AttemptRow::default()
    };
    f.ledger.settle(id, applied(), vec![clean.clone()]).await.unwrap();
    assert_eq!(f.ledger.attempts(id).unwrap(), [clean]);
}

#[tokio::test]
async fn a_claim_without_an_attempt_leaves_no_trace_of_sending() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(order(run, "PO-1", "{}")).await;
    assert_eq!(f.get(id).first_sent_at_ms, Some(START_MS));
    f.settle(id, Settlement::Waiting { due_at_ms: START_MS, reason: None }).await;
    assert_eq!(f.get(id).first_sent_at_ms, None);
}

#[tokio::test]
async fn listings_are_read_page_by_page() {
    let f = Fixture::new();
    let run = f.run().await;
    let other = f.run().await;
    for n in 0..25 {
        f.accept(order(run, &format!("PO-{n}"), "{}")).await;
    }
    f.accept(order(other, "PO-x", "{}")).await;
    f.release(run).await;
    for delivery in f.claim(run, 10).await {
        f.settle(delivery.id, Settlement::Rejected(reason("no such item"))).await;
    }
    let mut seen = Vec::new();
    let mut query = Query { run: Some(run), limit: 10, ..Query::default() };
    loop {
        let page = f.ledger.list(&query).unwrap();
        let Some(last) = page.last() else { break };
        query.after_id = Some(last.id);
        assert!(page.iter().all(|delivery| delivery.body.is_empty()));
        seen.extend(page.into_iter().map(|delivery| delivery.id));
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted());
    let of = |run, states: &[State]| {
        let query = Query { run, states: states.to_vec(), with_body: true, ..Query::default() };
        f.ledger.list(&query).unwrap().len()
    };
    assert_eq!(of(Some(run), &[State::Rejected]), 10);
    assert_eq!(of(Some(run), &[State::Rejected, State::Waiting]), 25);
    assert_eq!(of(None, &[State::Staged]), 1);
    assert_eq!(of(None, &[]), 26);
    assert_eq!(f.ledger.backlog().unwrap().open(), 16);
}

#[tokio::test]
async fn refused_credentials_hold_everything_of_an_account_and_nothing_else() {
    let f = Fixture::new();
    let run = f.run().await;
    for n in 0..3 {
        f.accept(order(run, &format!("PO-{n}"), "{}")).await;
    }
    let mut other = order(run, "PO-0", "{}");
    other.account = "other".into();
    f.accept(other).await;
    f.release(run).await;
    let sent = f.claim(run, 1).await.remove(0);
    assert_eq!(f.ledger.hold_all("acme", reason("the login was refused")).await.unwrap(), 2);
    assert_eq!(f.get(sent.id).state, State::Sending);
    let counted = counts(&f.ledger.counts(run).unwrap());
    assert_eq!(counted, [(State::Waiting, 1), (State::Sending, 1), (State::Held, 2)]);
    let held = f.ledger.list(&Query { states: vec![State::Held], ..Query::default() }).unwrap();
    assert!(held.iter().all(|delivery| delivery.reason == Some(reason("the login was refused"))));
}

fn counts(counts: &Counts) -> Vec<(State, u64)> {
    counts.iter().filter(|(_, n)| *n > 0).collect()
}
