//! What makes two deliveries the same one, and what its coming again means.

use steadfast_ledger::{Accepted, Initial, Query, RunId, State, Terms, identity};

use crate::fixture::{Fixture, keyless, order, reason};
use crate::states::reach;

#[tokio::test]
async fn account_resource_and_key_tell_deliveries_apart() {
    let f = Fixture::new();
    let run = f.run().await;
    let one = order(run, "PO-1", "{}");
    let mut account = one.clone();
    account.account = "other".into();
    let mut resource = one.clone();
    resource.resource = "invoice".into();
    let mut users_key = one.clone();
    users_key.key_of_user = Some("row-1".into());
    for new in [one, account, resource, users_key] {
        assert!(matches!(f.accept(new).await, Accepted::New(_)));
    }
    let found =
        |identity: &str| f.ledger.find("acme", "purchase-order", identity).unwrap().unwrap().id;
    assert_eq!(found(&identity::of_natural_key("PO-1")).0, 1);
    assert_eq!(found(&identity::of_users_key("row-1")).0, 4);
    assert_eq!(f.ledger.find("acme", "purchase-order", "PO-2").unwrap(), None);
    assert_eq!(f.ledger.find("nobody", "purchase-order", "PO-1").unwrap(), None);
}

#[tokio::test]
async fn the_same_again_is_nothing_new_and_counts_to_the_new_run() {
    for state in [
        State::Staged,
        State::Waiting,
        State::Sending,
        State::Applied,
        State::Queued,
        State::Confirmed,
        State::Existing,
        State::Unknown,
    ] {
        let f = Fixture::new();
        let run = f.run().await;
        let id = reach(&f, run, "PO-1", state).await;
        let before = f.get(id);
        let again = f.run().await;
        let mut new = order(again, "PO-1", "{}");
        new.lines = "7-9".into();
        assert_eq!(f.accept(new).await, Accepted::Again { id, state });
        let mut expected = before;
        (expected.run, expected.lines) = (again, "7-9".into());
        assert_eq!(f.get(id), expected, "only the run and the lines are new");
        assert_eq!(f.ledger.counts(run).unwrap().total(), 0);
        assert_eq!(f.ledger.counts(again).unwrap().of(state), 1);
        let listed = f.ledger.list(&Query { run: Some(again), ..Query::default() }).unwrap();
        assert_eq!(listed.len(), 1);
    }
}

#[tokio::test]
async fn what_failed_unsent_begins_anew_with_the_new_content() {
    for state in [State::Rejected, State::Held, State::Cancelled] {
        for body in ["{}", r#"{"corrected":1}"#] {
            let f = Fixture::new();
            let run = f.run().await;
            let id = reach(&f, run, "PO-1", state).await;
            let again = f.run().await;
            assert_eq!(f.accept(order(again, "PO-1", body)).await, Accepted::Reopened(id));
            let now = f.get(id);
            assert_eq!((now.state, now.run, now.reason.clone()), (State::Staged, again, None));
            assert_eq!(
                (now.body.as_slice(), now.status, now.deadline_at_ms),
                (body.as_bytes(), None, None)
            );
            assert!(!now.known_absent);
            f.release(again).await;
            assert_eq!(f.claim(again, 10).await[0].body, body.as_bytes());
        }
    }
}

#[tokio::test]
async fn what_was_not_sent_yet_takes_the_new_content() {
    for state in [State::Staged, State::Waiting] {
        let f = Fixture::new();
        let run = f.run().await;
        let id = reach(&f, run, "PO-1", state).await;
        let again = f.run().await;
        assert_eq!(f.accept(order(again, "PO-1", "[]")).await, Accepted::Reopened(id));
        assert_eq!((f.get(id).state, f.get(id).body), (State::Staged, b"[]".to_vec()));
    }
}

#[tokio::test]
async fn what_was_sent_keeps_its_content_and_the_change_is_shown() {
    for state in [
        State::Sending,
        State::Applied,
        State::Queued,
        State::Confirmed,
        State::Existing,
        State::Unknown,
    ] {
        let f = Fixture::new();
        let run = f.run().await;
        let id = reach(&f, run, "PO-1", state).await;
        let before = f.get(id);
        let mut rows = Vec::new();
        for _ in 0..3 {
            let again = f.run().await;
            let accepted = f.accept(order(again, "PO-1", r#"{"changed":1}"#)).await;
            let Accepted::Changed { id: row, before: body, state: earlier } = accepted else {
                panic!("{accepted:?}");
            };
            assert_eq!((body, earlier), (before.body.clone(), state));
            let shown = f.get(row);
            assert_eq!(
                (shown.state, shown.run, shown.body.as_slice()),
                (State::Rejected, again, &br#"{"changed":1}"#[..])
            );
            assert_eq!(shown.reason.unwrap().code.as_deref(), Some("ledger.changed_after_sending"));
            assert!(shown.identity.starts_with("PO-1~"), "{}", shown.identity);
            assert_eq!(f.ledger.counts(again).unwrap().of(State::Rejected), 1);
            assert_eq!(f.release(again).await, 0);
            rows.push(row);
        }
        assert!(rows.iter().all(|row| *row == rows[0]), "the same change is the same row");
        assert_eq!(f.get(id), before);
    }
}

#[tokio::test]
async fn a_refusal_by_the_reader_stands_unless_it_was_sent() {
    let no = || Initial::Rejected(reason("two suppliers"));
    let wait = || Initial::Held(reason("a row beside it has no key"));
    for state in [State::Staged, State::Waiting, State::Rejected, State::Held, State::Cancelled] {
        for (initial, to) in [(no(), State::Rejected), (wait(), State::Held)] {
            for body in ["{}", "other"] {
                let f = Fixture::new();
                let run = f.run().await;
                let id = reach(&f, run, "PO-1", state).await;
                let again = f.run().await;
                let mut new = order(again, "PO-1", body);
                new.initial = initial.clone();
                assert_eq!(f.accept(new).await, Accepted::Reopened(id));
                assert_eq!((f.get(id).state, f.get(id).body.as_slice()), (to, body.as_bytes()));
                assert!(f.get(id).reason.is_some());
            }
        }
    }
    let f = Fixture::new();
    let run = f.run().await;
    let id = reach(&f, run, "PO-1", State::Applied).await;
    let mut new = order(run, "PO-1", "{}");
    new.initial = no();
    assert_eq!(f.accept(new.clone()).await, Accepted::Again { id, state: State::Applied });
    new.body = b"broken".to_vec();
    let Accepted::Changed { id: row, .. } = f.accept(new).await else {
        panic!("it was sent otherwise")
    };
    assert_eq!(f.get(row).reason, Some(reason("two suppliers")), "the reader's reason says more");
}

#[tokio::test]
async fn one_input_cannot_replace_its_own_content() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.accept(order(run, "PO-1", "first")).await.id();
    let Accepted::Changed { id: row, before, state } = f.accept(order(run, "PO-1", "second")).await
    else {
        panic!("the first would be lost");
    };
    assert_eq!((before.as_slice(), state), (&b"first"[..], State::Staged));
    assert_eq!(f.get(row).reason.unwrap().code.as_deref(), Some("ledger.same_identity_twice"));
    assert_eq!(f.get(id).body, b"first");
    assert_eq!(f.ledger.counts(run).unwrap().total(), 2);
}

#[tokio::test]
async fn without_a_key_equals_are_told_apart_by_their_number_in_the_run() {
    let f = Fixture::new();
    let input = |run: RunId| -> Vec<_> {
        ["a", "b", "a", "a", "c", "b"].iter().map(|body| keyless(run, body)).collect()
    };
    let run = f.run().await;
    let first = f.ledger.accept(input(run)).await.unwrap();
    assert!(first.iter().all(|accepted| matches!(accepted, Accepted::New(_))));
    let again = f.run().await;
    let second = f.ledger.accept(input(again)).await.unwrap();
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(*second, Accepted::Again { id: first.id(), state: State::Staged });
    }
    // One more of the same, and one that is new.
    let more = f.ledger.accept(vec![keyless(again, "a"), keyless(again, "d")]).await.unwrap();
    assert!(more.iter().all(|accepted| matches!(accepted, Accepted::New(_))));
    assert_eq!(f.ledger.counts(again).unwrap().total(), 8);
}

#[tokio::test]
async fn many_equals_stay_cheap() {
    let f = Fixture::new();
    for _ in 0..2 {
        let run = f.run().await;
        for _ in 0..5 {
            f.ledger.accept(vec![keyless(run, "same"); 1_000]).await.unwrap();
        }
        assert_eq!(f.ledger.counts(run).unwrap().total(), 5_000);
    }
    assert_eq!(f.ledger.backlog().unwrap().total(), 5_000);
}

#[tokio::test]
async fn a_delivery_may_begin_waiting() {
    let f = Fixture::new();
    let run = f.run().await;
    let mut new = order(run, "PO-1", "{}");
    new.initial = Initial::Waiting(Terms { due_at_ms: Some(5), ..Terms::default() });
    let id = f.accept(new.clone()).await.id();
    assert_eq!((f.get(id).state, f.get(id).due_at_ms), (State::Waiting, Some(5)));
    assert_eq!(f.accept(new).await, Accepted::Again { id, state: State::Waiting });
}

#[tokio::test]
async fn a_change_of_path_or_method_is_a_change_of_content() {
    let f = Fixture::new();
    let run = f.run().await;
    reach(&f, run, "PO-1", State::Applied).await;
    let mut put = order(run, "PO-1", "{}");
    put.method = "PUT".into();
    let mut elsewhere = order(run, "PO-1", "{}");
    elsewhere.path = "/purchase-order/import".into();
    for new in [put, elsewhere] {
        assert!(matches!(f.accept(new).await, Accepted::Changed { .. }));
    }
}
