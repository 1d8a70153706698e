//! What people do: say what became of a delivery, let it try again, withdraw it.

use steadfast_ledger::{
    Accepted, Act, DeliveryId, Hand, Initial, LedgerError, Ordering, Run, Settlement, State, Terms,
};

use crate::fixture::{Fixture, applied, order, reason};
use crate::states::reach;

fn ada() -> Hand {
    Hand { by: Some("ada".to_owned()), note: Some("seen in the browser".to_owned()) }
}

#[tokio::test]
async fn what_a_person_found_out_is_kept_with_the_name() {
    let f = Fixture::new();
    let run = f.run().await;
    for (key, applied, state) in [("PO-1", true, State::Applied), ("PO-2", false, State::Held)] {
        let id = reach(&f, run, key, State::Unknown).await;
        let settled = f.ledger.resolve(id, applied, ada()).await.unwrap();
        assert_eq!((settled.from, settled.to), (State::Unknown, state));
        assert_eq!(f.get(id).state, state);
        let acts = f.ledger.acts(id).unwrap();
        assert_eq!(acts.len(), 1);
        assert_eq!((&acts[0].hand, acts[0].at_ms), (&ada(), f.now_ms()));
        let act = if applied { Act::Applied } else { Act::NotApplied };
        assert_eq!((acts[0].act, acts[0].was), (act, State::Unknown));
        assert_eq!(acts[0].reason, Some(reason("no answer")), "what the person had before them");
        assert_eq!(f.ledger.counts(run).unwrap().of(State::Unknown), 0);
    }
}

#[tokio::test]
async fn only_what_is_unknown_can_be_resolved() {
    let f = Fixture::new();
    let run = f.run().await;
    for (n, state) in State::ALL.into_iter().enumerate() {
        if state == State::Unknown {
            continue;
        }
        let id = reach(&f, run, &format!("PO-{n}"), state).await;
        for applied in [true, false] {
            let error = f.ledger.resolve(id, applied, ada()).await.unwrap_err();
            assert!(
                matches!(error, LedgerError::IllegalMove { from, .. } if from == state),
                "{error}"
            );
        }
        assert_eq!(f.get(id).state, state);
        assert_eq!(f.ledger.acts(id).unwrap(), []);
    }
    let error = f.ledger.resolve(DeliveryId(999), true, ada()).await.unwrap_err();
    assert!(matches!(error, LedgerError::NoSuchDelivery { .. }), "{error}");
}

#[tokio::test]
async fn what_is_not_in_effect_is_sent_when_the_input_comes_again() {
    let f = Fixture::new();
    let first = f.run().await;
    let id = reach(&f, first, "PO-1", State::Unknown).await;
    f.ledger.resolve(id, false, ada()).await.unwrap();
    assert_eq!(f.get(id).reason.unwrap().code.unwrap(), "ledger.resolved_not_applied");
    let second = f.run().await;
    assert_eq!(f.accept(order(second, "PO-1", "{}")).await, Accepted::Reopened(id));
    f.release(second).await;
    assert_eq!(f.claim(second, 9).await.len(), 1);
}

#[tokio::test]
async fn what_is_told_to_try_again_waits_and_is_checked_anew_with_its_input() {
    for state in [State::Held, State::Rejected, State::Cancelled, State::Unknown] {
        let f = Fixture::new();
        let first = f.run().await;
        let mut new = order(first, "PO-1", "{}");
        new.initial = Initial::Waiting(Terms { known_absent: true, ..Terms::default() });
        let id = f.accept(new).await.id();
        match state {
            State::Cancelled => f.settle(id, Settlement::Cancelled).await,
            _ => {
                f.claim(first, 9).await;
                let settlement = match state {
                    State::Held => Settlement::Held(reason("later")),
                    State::Rejected => Settlement::Rejected(reason("no")),
                    _ => Settlement::Unknown(reason("no answer")),
                };
                f.settle(id, settlement).await;
            }
        }
        let retried = f.ledger.retry(vec![id], ada()).await.unwrap().pop().unwrap().unwrap();
        assert_eq!((retried.from, retried.to), (state, State::Waiting));
        assert!(!f.get(id).known_absent, "it was absent then, and may be there today");
        assert_eq!(f.ledger.acts(id).unwrap()[0].act, Act::Retry);
        let once_more = f.ledger.retry(vec![id], ada()).await.unwrap().pop().unwrap().unwrap();
        assert_eq!((once_more.from, once_more.to), (State::Waiting, State::Waiting));
        assert_eq!(f.ledger.acts(id).unwrap().len(), 1);

        let second = f.run().await;
        assert_eq!(f.accept(order(second, "PO-1", "{}")).await, Accepted::Reopened(id));
        assert_eq!(
            f.get(id).state,
            State::Staged,
            "{state}: the input checks it before it is sent"
        );
        f.release(second).await;
        assert_eq!(f.claim(second, 9).await.len(), 1, "{state}");
    }
}

#[tokio::test]
async fn what_waits_for_its_time_goes_on_waiting() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(order(run, "PO-1", "{}")).await;
    let due_at_ms = f.now_ms() + 60_000;
    f.settle(id, Settlement::Waiting { due_at_ms, reason: None }).await;
    f.ledger.retry(vec![id], ada()).await.unwrap().pop().unwrap().unwrap();
    let again = f.run().await;
    f.accept(order(again, "PO-1", "{}")).await;
    assert_eq!(f.get(id).due_at_ms, Some(due_at_ms), "the server's hint still holds");
}

#[tokio::test]
async fn content_that_must_not_be_sent_is_not_tried_again() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(order(run, "PO-1", "{}")).await;
    f.settle(id, applied()).await;
    let refused = [
        f.accept(order(run, "PO-1", "{1}")).await.id(),
        {
            f.accept(order(run, "PO-2", "{}")).await;
            f.accept(order(run, "PO-2", "{1}")).await.id()
        },
        {
            // Held for another reason, and still not to be sent.
            let initial = Initial::Held(reason("a row next to it cannot be read"));
            f.accept(steadfast_ledger::NewDelivery { initial, ..order(run, "PO-1", "{2}") })
                .await
                .id()
        },
    ];
    let codes = [
        "ledger.changed_after_sending",
        "ledger.same_identity_twice",
        "ledger.changed_after_sending",
    ];
    let retried = f.ledger.retry(refused.to_vec(), ada()).await.unwrap();
    for ((id, retried), expected) in refused.iter().zip(retried).zip(codes) {
        match retried.unwrap_err() {
            LedgerError::NotToBeSent { id: of, code } => {
                assert_eq!((of, code.as_str()), (*id, expected))
            }
            error => panic!("{error}"),
        }
        assert!(matches!(f.get(*id).state, State::Rejected | State::Held));
    }
}

#[tokio::test]
async fn what_may_be_in_effect_is_not_withdrawn() {
    let f = Fixture::new();
    let run = f.run().await;
    for (n, state) in State::ALL.into_iter().enumerate() {
        let id = reach(&f, run, &format!("PO-{n}"), state).await;
        let cancelled = f.ledger.cancel(vec![id], ada()).await.unwrap().pop().unwrap();
        let may = matches!(state, State::Staged | State::Waiting | State::Held | State::Rejected);
        assert_eq!(cancelled.is_ok(), may, "{state}");
        assert_eq!(f.get(id).state, if may { State::Cancelled } else { state });
    }
}

#[tokio::test]
async fn a_lane_goes_on_in_order_when_all_of_it_is_told_to() {
    let f = Fixture::new();
    let park = Run { ordering: Ordering::Park, ..Run::default() };
    let run = f.ledger.begin_run(park).await.unwrap();
    let mut ids = Vec::new();
    for key in ["A", "B", "C"] {
        let mut new = order(run, key, "{}");
        new.lane = Some("lane".to_owned());
        ids.push(f.accept(new).await.id());
    }
    f.release(run).await;
    assert_eq!(f.claim(run, 9).await.len(), 1);
    f.settle(ids[0], Settlement::Held(reason("login refused"))).await;
    // Alone, those behind the head cannot go.
    let retried = f.ledger.retry(ids[1..].to_vec(), ada()).await.unwrap();
    assert!(retried.iter().all(|one| one.as_ref().unwrap().to == State::Held));
    assert_eq!(f.get(ids[1]).reason.unwrap().code.unwrap(), "ledger.parked");
    let retried = f.ledger.retry(ids.clone(), ada()).await.unwrap();
    assert!(retried.iter().all(|one| one.as_ref().unwrap().to == State::Waiting));
    for id in ids {
        let claimed = f.claim(run, 9).await;
        assert_eq!(claimed.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [id]);
        f.settle(id, applied()).await;
    }
}
