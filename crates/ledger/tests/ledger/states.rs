//! The state table, every pair of it, by itself and as the store enforces it.

use steadfast_ledger::state::{MOVES, legal};
use steadfast_ledger::{DeliveryId, Initial, LedgerError, RunId, Settlement, State, Terms};

use crate::fixture::{Fixture, applied, order, reason};

/// What each state may become, written down a second time by hand.
fn expected(from: State) -> &'static [State] {
    use State::{
        Applied, Cancelled, Confirmed, Existing, Held, Queued, Rejected, Sending, Staged, Unknown,
        Waiting,
    };
    match from {
        Staged => &[Staged, Waiting, Existing, Rejected, Held, Cancelled],
        Waiting => &[Staged, Waiting, Sending, Existing, Rejected, Held, Cancelled],
        Sending => &[Waiting, Applied, Queued, Existing, Rejected, Unknown, Held],
        Queued => &[Queued, Confirmed],
        Unknown => &[Waiting, Applied, Existing, Held],
        Rejected | Held | Cancelled if from != Cancelled => {
            &[Staged, Waiting, Rejected, Held, Cancelled]
        }
        Cancelled => &[Staged, Waiting, Rejected, Held],
        Applied | Confirmed | Existing => &[],
        Rejected | Held => unreachable!("named above"),
    }
}

#[test]
fn every_pair_is_legal_or_refused_as_written() {
    for from in State::ALL {
        for to in State::ALL {
            assert_eq!(legal(from, to).is_some(), expected(from).contains(&to), "{from} to {to}");
        }
    }
    for (n, row) in MOVES.iter().enumerate() {
        assert!(!row.by.is_empty() && !row.when.is_empty());
        assert!(
            !MOVES[..n].iter().any(|other| (other.from, other.to) == (row.from, row.to)),
            "named twice"
        );
    }
}

#[test]
fn only_what_was_not_sent_can_be_given_other_content() {
    for row in MOVES.iter().filter(|row| row.to == State::Staged) {
        assert!(!row.from.was_sent(), "{} to staged would replace what was sent", row.from);
    }
}

#[test]
fn states_have_words() {
    for state in State::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
        assert_eq!(format!("{state:>9}").len(), 9);
    }
    let error = "done".parse::<State>().unwrap_err().to_string();
    assert!(error.contains("`done`") && error.contains("cancelled"), "{error}");
}

#[tokio::test]
async fn the_store_refuses_what_the_table_does_not_have() {
    let f = Fixture::new();
    for from in State::ALL {
        for (n, settlement) in settlements().into_iter().enumerate() {
            let run = f.run().await;
            let to = settlement.state();
            let id = reach(&f, run, &format!("{from}-{n}"), from).await;
            let before = f.get(id);
            assert_eq!(before.state, from);
            match f.ledger.settle(id, settlement, Vec::new()).await {
                Ok(settled) => {
                    assert!(expected(from).contains(&to), "{from} became {to}");
                    assert_eq!((settled.from, settled.to), (from, to));
                    assert_eq!(f.get(id).state, to);
                }
                Err(LedgerError::IllegalMove { id: refused, from: was, to: wanted }) => {
                    assert!(!expected(from).contains(&to), "{from} could not become {to}");
                    assert_eq!((refused, was, wanted), (id, from, to));
                    assert_eq!(f.get(id), before, "a refused move changes nothing");
                }
                Err(error) => panic!("{error}"),
            }
            let counts = f.ledger.counts(run).unwrap();
            assert_eq!((counts.total(), counts.of(f.get(id).state)), (1, 1));
        }
    }
}

#[tokio::test]
async fn a_refused_settlement_does_not_spoil_the_others() {
    let f = Fixture::new();
    let run = f.run().await;
    let good = reach(&f, run, "good", State::Sending).await;
    let bad = reach(&f, run, "bad", State::Staged).await;
    let many = vec![
        (bad, applied(), vec![]),
        (DeliveryId(999), applied(), vec![]),
        (good, applied(), vec![]),
    ];
    let results = f.ledger.settle_many(many).await.unwrap();
    assert!(matches!(results[0], Err(LedgerError::IllegalMove { .. })));
    assert!(matches!(results[1], Err(LedgerError::NoSuchDelivery { id: DeliveryId(999) })));
    assert!(results[2].is_ok());
    assert_eq!((f.get(bad).state, f.get(good).state), (State::Staged, State::Applied));
}

/// One settlement for every state that a settlement can lead to.
fn settlements() -> Vec<Settlement> {
    vec![
        applied(),
        Settlement::Queued { status: Some(202), reason: None },
        Settlement::Existing { status: None, resource_id: None, reason: None },
        Settlement::Confirmed { resource_id: None },
        Settlement::Rejected(reason("refused")),
        Settlement::Unknown(reason("no answer")),
        Settlement::Held(reason("login refused")),
        Settlement::Waiting { due_at_ms: 0, reason: None },
        Settlement::Cancelled,
    ]
}

/// Brings a new delivery into a state by legal moves.
pub(crate) async fn reach(f: &Fixture, run: RunId, key: &str, state: State) -> DeliveryId {
    let mut new = order(run, key, "{}");
    if state != State::Staged {
        new.initial = Initial::Waiting(Terms::default());
    }
    let id = f.accept(new).await.id();
    let last = match state {
        State::Staged | State::Waiting => return id,
        State::Cancelled => Settlement::Cancelled,
        _ => {
            assert!(f.claim(run, 100).await.iter().any(|delivery| delivery.id == id));
            match state {
                State::Confirmed => {
                    f.settle(id, Settlement::Queued { status: Some(202), reason: None }).await;
                    Settlement::Confirmed { resource_id: None }
                }
                State::Sending => return id,
                _ => settlements()
                    .into_iter()
                    .find(|settlement| settlement.state() == state)
                    .unwrap(),
            }
        }
    };
    f.settle(id, last).await;
    id
}
