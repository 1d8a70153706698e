//! Moving by the table, attempts, and holding.

use steadfast_ledger::state::legal;
use steadfast_ledger::{
    Act, AttemptRow, DeliveryId, Hand, Initial, LedgerError, NewDelivery, Reason, Settlement,
    State, Store, Terms,
};

use super::{START_MS, Subject, World, applied, later, order, rejected, unknown};

fn settlements() -> [Settlement; 9] {
    [
        applied(),
        Settlement::Queued { status: Some(202), reason: None },
        Settlement::Existing { status: Some(200), resource_id: None, reason: None },
        Settlement::Confirmed { resource_id: None },
        rejected(),
        unknown(),
        Settlement::Held(Reason::new("later")),
        later(START_MS),
        Settlement::Cancelled,
    ]
}

/// Brings a new delivery into a state.
async fn brought_to<S: Subject>(w: &World<S>, key: &str, state: State) -> DeliveryId {
    let run = w.run().await;
    let queued = Settlement::Queued { status: Some(202), reason: None };
    let waiting = Initial::Waiting(Terms::default());
    let id = match state {
        State::Staged => w.accept(order(run, key, "{}")).await.id(),
        State::Waiting => {
            w.accept(NewDelivery { initial: waiting, ..order(run, key, "{}") }).await.id()
        }
        _ => w.sending(order(run, key, "{}")).await,
    };
    match state {
        State::Staged | State::Waiting | State::Sending => {}
        State::Applied => drop(w.settle(id, applied()).await),
        State::Queued => drop(w.settle(id, queued).await),
        State::Confirmed => {
            w.settle(id, queued).await;
            w.settle(id, Settlement::Confirmed { resource_id: None }).await;
        }
        State::Existing => {
            let there = Settlement::Existing { status: None, resource_id: None, reason: None };
            w.settle(id, there).await;
        }
        State::Rejected => drop(w.settle(id, rejected()).await),
        State::Unknown => drop(w.settle(id, unknown()).await),
        State::Held => drop(w.settle(id, Settlement::Held(Reason::new("later"))).await),
        State::Cancelled => {
            w.settle(id, rejected()).await;
            w.store.act(vec![id], Act::Cancel, Hand::default()).await.unwrap().remove(0).unwrap();
        }
    }
    assert_eq!(w.state(id).await, state);
    id
}

pub(crate) async fn every_move_that_the_table_lacks_is_refused_and_changes_nothing<S: Subject>(
    w: World<S>,
) {
    let mut refusals = 0;
    for from in State::ALL {
        for (n, settlement) in settlements().into_iter().enumerate() {
            let id = brought_to(&w, &format!("{from}-{n}"), from).await;
            let (before, to) = (w.get(id).await, settlement.state());
            let each = w.store.settle_many(vec![(id, settlement, Vec::new())]).await.unwrap();
            match (&each[0], legal(from, to)) {
                (Ok(settled), Some(_)) => {
                    assert_eq!((settled.from, settled.to), (from, to));
                    assert_eq!(w.state(id).await, to);
                }
                (Err(LedgerError::IllegalMove { id: refused, from: was, to: wanted }), None) => {
                    assert_eq!((*refused, *was, *wanted), (id, from, to));
                    assert_eq!(w.get(id).await, before);
                    refusals += 1;
                }
                (told, row) => panic!("{from} to {to}: {told:?}, and the table has {row:?}"),
            }
        }
    }
    assert!(refusals > 40, "{refusals}");
}

pub(crate) async fn a_command_for_many_refuses_one_and_does_the_others<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let (one, two) =
        (w.sending(order(run, "1", "{}")).await, w.sending(order(run, "2", "{}")).await);
    w.settle(one, applied()).await;
    let nobody = DeliveryId(9_999);
    let many = [one, nobody, two].map(|id| (id, rejected(), Vec::new())).to_vec();
    let each = w.store.settle_many(many).await.unwrap();
    assert!(matches!(each[0], Err(LedgerError::IllegalMove { .. })), "{each:?}");
    assert!(matches!(each[1], Err(LedgerError::NoSuchDelivery { id }) if id == nobody), "{each:?}");
    assert_eq!(each[2].as_ref().unwrap().to, State::Rejected);
    assert_eq!(w.states().await, [State::Applied, State::Rejected]);
}

pub(crate) async fn attempts_are_numbered_over_all_claims<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let id = w.sending(order(run, "PO-1", "{}")).await;
    let attempt = |started_at_ms, class: &str, effect: &str| AttemptRow {
        n: 1,
        started_at_ms,
        elapsed_ms: 7,
        class: class.to_owned(),
        effect: effect.to_owned(),
        ..AttemptRow::default()
    };
    let first = vec![attempt(START_MS + 1, "unavailable", "none")];
    w.store.settle_many(vec![(id, later(START_MS), first)]).await.unwrap();
    w.claim(run).await;
    let last = AttemptRow { status: Some(201), ..attempt(START_MS + 9, "ok", "applied") };
    w.store.settle_many(vec![(id, applied(), vec![last])]).await.unwrap();
    let attempts = w.store.attempts(id).await.unwrap();
    let told: Vec<_> = attempts.iter().map(|a| (a.n, a.started_at_ms, a.class.as_str())).collect();
    assert_eq!(told, [(1, START_MS + 1, "unavailable"), (2, START_MS + 9, "ok")]);
    let delivery = w.get(id).await;
    assert_eq!(delivery.attempts, 2);
    let sent = (delivery.first_sent_at_ms, delivery.last_sent_at_ms);
    assert_eq!(sent, (Some(START_MS + 1), Some(START_MS + 9)));
}

pub(crate) async fn holding_takes_what_waits_and_nothing_else<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let waiting = |key: &str| NewDelivery {
        initial: Initial::Waiting(Terms::default()),
        ..order(run, key, "{}")
    };
    let sending = w.sending(order(run, "1", "{}")).await;
    let staged = w.accept(order(run, "2", "{}")).await.id();
    let (three, four) = (w.accept(waiting("3")).await.id(), w.accept(waiting("4")).await.id());
    let elsewhere = NewDelivery { account: "other".to_owned(), ..waiting("5") };
    let elsewhere = w.accept(elsewhere).await.id();
    let reason = Reason::new("the token of one business was refused").with_code("c");
    let ids = vec![sending, staged, three, elsewhere];
    let before = w.get(four).await;
    assert_eq!(w.store.hold(ids, reason.clone()).await.unwrap(), 2);
    assert_eq!(w.get(four).await, before);
    assert_eq!(w.get(three).await.reason, Some(reason.clone()));
    assert_eq!(w.store.hold_all("acme", reason.clone()).await.unwrap(), 1);
    let states = [State::Sending, State::Staged, State::Held, State::Held, State::Held];
    assert_eq!(w.states().await, states);
    assert_eq!((w.get(four).await.reason, w.get(four).await.due_at_ms), (Some(reason), None));
    assert_eq!(w.claim(run).await, []);
}
