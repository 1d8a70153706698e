//! What is the same delivery, and with which key.

use steadfast_ledger::{Accepted, Initial, NewDelivery, Reason, Settlement, State, Store, Terms};

use super::{START_MS, Subject, World, applied, keyless, later, order, rejected};

pub(crate) async fn the_same_input_again_finds_its_deliveries<S: Subject>(w: World<S>) {
    let first = w.run().await;
    let id = w.accept(order(first, "PO-1", "{}")).await.id();
    let again = w.run().await;
    let state = State::Staged;
    assert_eq!(w.accept(order(again, "PO-1", "{}")).await, Accepted::Again { id, state });
    assert_eq!(w.get(id).await.run, again);
    w.release(again).await;
    w.claim(again).await;
    w.settle(id, applied()).await;
    let state = State::Applied;
    assert_eq!(w.accept(order(again, "PO-1", "{}")).await, Accepted::Again { id, state });
    // The same key at another account, or of another kind, is another thing.
    let there = NewDelivery { account: "other".to_owned(), ..order(again, "PO-1", "{}") };
    assert!(matches!(w.accept(there).await, Accepted::New(_)));
    let kind = NewDelivery { resource: "item".to_owned(), ..order(again, "PO-1", "{}") };
    assert!(matches!(w.accept(kind).await, Accepted::New(_)));
}

pub(crate) async fn other_content_is_sent_only_if_none_was<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let id = w.sending(order(run, "PO-1", "{1}")).await;
    w.settle(id, rejected()).await;
    assert_eq!(w.accept(order(run, "PO-1", "{2}")).await, Accepted::Reopened(id));
    assert_eq!((w.state(id).await, w.get(id).await.body), (State::Staged, b"{2}".to_vec()));
    w.release(run).await;
    w.claim(run).await;
    w.settle(id, applied()).await;
    let changed = w.accept(order(w.run().await, "PO-1", "{3}")).await;
    let Accepted::Changed { id: row, before, state } = changed else { panic!("{changed:?}") };
    assert_eq!((before, state), (b"{2}".to_vec(), State::Applied));
    assert_eq!(w.get(id).await.body, b"{2}");
    let row = w.get(row).await;
    let code = row.reason.unwrap().code;
    assert_eq!(
        (row.state, code.as_deref()),
        (State::Rejected, Some("ledger.changed_after_sending"))
    );
}

pub(crate) async fn without_a_key_equal_ones_are_told_apart_by_their_number<S: Subject>(
    w: World<S>,
) {
    let first = w.run().await;
    let one = w.accept(keyless(first, "{}")).await;
    let two = w.accept(keyless(first, "{}")).await;
    assert!(matches!((&one, &two), (Accepted::New(_), Accepted::New(_))));
    let again = w.run().await;
    for before in [one, two] {
        assert_eq!(w.accept(keyless(again, "{}")).await.id(), before.id());
    }
    assert!(matches!(w.accept(keyless(again, "{}")).await, Accepted::New(_)));
}

fn keyed(new: NewDelivery, key: &str) -> NewDelivery {
    NewDelivery { idempotency_key: Some(key.to_owned()), ..new }
}

pub(crate) async fn a_key_stays_while_its_content_does<S: Subject>(w: World<S>) {
    let run = w.run().await;
    w.tick(5);
    let initial = Initial::Waiting(Terms::default());
    let new = NewDelivery { initial, ..keyed(order(run, "PO-1", "{}"), "k1") };
    let id = w.accept(new).await.id();
    let drawn = w.get(id).await.idempotency_key.unwrap();
    assert_eq!((drawn.born_at_ms, drawn.sent_at_ms), (START_MS + 5, None));
    w.tick(5);
    // Claimed, and nothing was sent.
    w.claim(run).await;
    w.settle(id, later(START_MS)).await;
    assert_eq!(w.get(id).await.idempotency_key, Some(drawn.clone()));
    w.tick(5);
    w.claim(run).await;
    let w = w.after_the_process();
    let in_doubt = w.store.in_doubt().await.unwrap().remove(0).idempotency_key.unwrap();
    assert_eq!(in_doubt.sent_at_ms, Some(START_MS + 15));
    w.settle(id, Settlement::Held(Reason::new("given up"))).await;
    w.accept(keyed(order(w.run().await, "PO-1", "{}"), "k2")).await;
    assert_eq!(w.get(id).await.idempotency_key.unwrap().value, "k1");
}

pub(crate) async fn a_refusal_ends_the_operation_of_a_key<S: Subject>(w: World<S>) {
    let run = w.run().await;
    for (body, key) in [("{1}", "k1"), ("{1}", "k2"), ("{2}", "k3")] {
        let id = w.accept(keyed(order(run, "PO-1", body), key)).await.id();
        w.release(run).await;
        w.claim(run).await;
        let sent = w.get(id).await.idempotency_key.unwrap();
        assert_eq!((sent.value.as_str(), sent.sent_at_ms), (key, Some(w.now_ms())));
        w.settle(id, rejected()).await;
        w.tick(1_000);
    }
}
